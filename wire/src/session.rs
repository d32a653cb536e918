//! The contract between a protocol session, the driver that feeds it and the desk that answers it.
//!
//! The laws: no I/O, clock, randomness or logging inside a session; while a question is open no input is taken
//! (pipelining is safe by construction); what was buffered at STARTTLS is dropped by the driver in both directions;
//! every buffer has a limit; closing may come while a question is open.
//!
//! How a driver runs a session. It holds the input not yet taken in one buffer and repeats: call [`Session::step`]
//! and do what it says, until it says [`Step::Read`]; then drop the bytes the last [`Session::receive`] took; if
//! that call took any and input is left, call `receive` with what is left; otherwise read more from the peer (or
//! call [`Session::tick`] once [`Session::deadline`] has passed) and call `receive` with all of it. A session never
//! needs a buffer of its own for an unfinished line: it leaves those bytes untaken, and takes (and later refuses)
//! a line longer than its limit. The driver's buffer holds at least [`INPUT_MIN`] octets.

use bytes::Bytes;
use message::Time;
use std::future::Future;
use std::ops::Range;

/// The least a driver can hold of untaken input, in octets. Longer than any line a session accepts (the longest is
/// an AUTH response, RFC 4954 §4: 12,288 octets), so that an unfinished line never blocks a session.
pub const INPUT_MIN: usize = 16 * 1024;

/// What a session wants done next.
#[derive(Debug)]
pub enum Step<Ask> {
    /// Write these octets to the peer. The driver may gather several before it flushes; it flushes before it waits.
    Send(Bytes),
    /// This range of the slice last given to `receive` is message content: hand it to [`Desk::content`].
    Content(Range<usize>),
    /// Put this to the desk and give the answer to [`Session::answer`].
    Ask(Ask),
    /// Stream stored content from [`Desk::read`] to the peer, framed; then call `step` again.
    Relay(Relay),
    /// Flush, drop all input not yet taken, do the TLS handshake, then report [`Event::TlsStarted`].
    StartTls,
    /// Flush what was sent, then speak compressed both ways (RFC 4978 §3). Input not yet taken was said after the
    /// command that led here, so it is compressed already. Said once, and no [`Step::StartTls`] after it.
    Compress,
    /// Nothing to do until input, an event or the deadline comes.
    Read,
    /// Flush what was sent and close the connection.
    Close,
    /// Flush what was sent, drop all input not yet taken, and hand connection and desk to whoever started the driver:
    /// from here on the roles are turned round, and another session goes on. A driver that cannot, closes.
    Turn,
}

/// Stored content on its way to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay {
    /// The desk's own name for the content, from one of its answers.
    pub source: u64,
    /// How the octets are written.
    pub framing: Framing,
}

/// How relayed content is written to the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As stored.
    Raw,
    /// As stored, this range of it and neither more nor less: a literal, whose length the peer was told before. Where
    /// the content ends before the range does, the driver drops the connection.
    Range {
        /// Octets of the content before the range.
        offset: u64,
        /// Octets of the range.
        octets: u64,
    },
    /// Dot-stuffed and closed by CRLF.CRLF (RFC 1939 §3); with `lines`, the header, the empty line and at most that
    /// many lines of the body (RFC 1939 §7, TOP).
    DotStuffed {
        /// `None`: the whole message.
        lines: Option<u64>,
    },
}

impl Framing {
    /// From where on content is told, and how many octets of it at most.
    #[must_use]
    pub fn extent(self) -> (u64, u64) {
        match self {
            Framing::Raw | Framing::DotStuffed { .. } => (0, u64::MAX),
            Framing::Range { offset, octets } => (offset, octets),
        }
    }

    /// Whether the end of the content ends it, too.
    #[must_use]
    pub fn is_whole(self) -> bool {
        !matches!(self, Framing::Range { .. })
    }
}

/// What happened to the connection, told to the session by the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// TLS is up: by STARTTLS, or from the start on a port with implicit TLS (then before the first `step`).
    TlsStarted(TlsFacts),
    /// The server is about to stop: finish what is being done, then say goodbye (SMTP: 421).
    Draining,
    /// The connection must end now, for others need its place or too little came for too long: say goodbye, drop what
    /// was begun.
    Dismissed,
    /// What let the peer in lets it in no more, as when its password was removed: say goodbye, drop what was begun.
    Revoked,
    /// Something changed that the peer may want to hear of: the session asks its desk what. Told only to a session that
    /// waits and says that it [awaits news](Session::awaits_news).
    News,
    /// The peer closed its side, or the connection broke. Only `Ask` and `Close` steps make sense after it.
    PeerClosed,
}

/// What a peer has shown so far. A server that runs short of connections parts with strangers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing: nobody is logged in, no message was accepted.
    Stranger,
    /// Somebody is logged in, the client is trusted, or a message was accepted.
    Known,
    /// The protocol itself says how long it may stay, whatever the server is short of (RFC 1939 §3).
    Entitled,
}

/// What is known of a TLS connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// As in `TLS1.3`, for the Received field and the log.
    pub version: String,
    /// As in `TLS_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// Channel binding of type `tls-exporter` (RFC 9266): 32 octets. `None` below TLS 1.3 (without extended master
    /// secret it is not unique).
    pub exporter: Option<[u8; 32]>,
}

/// One protocol session with one peer.
pub trait Session {
    /// What the session asks its desk.
    type Ask: Send;
    /// What the desk answers.
    type Answer: Send;

    /// Offers input; returns how many octets from the start of `bytes` were taken. Takes at most one command or one
    /// run of content a call, nothing while a question is open or content is being relayed, and nothing when the
    /// input is not yet enough to decide.
    fn receive(&mut self, now: Time, bytes: &[u8]) -> usize;
    /// Gives the answer to the open question. An answer that does not fit the question ends the session with an
    /// error reply, never with a panic.
    fn answer(&mut self, now: Time, answer: Self::Answer);
    /// Tells what happened to the connection.
    fn event(&mut self, now: Time, event: Event);
    /// What to do next; [`Step::Read`] when there is nothing.
    fn step(&mut self) -> Step<Self::Ask>;
    /// Whether a question leads on, as that for a sender or a login does; a greeting can be repeated for ever.
    fn leads_on(ask: &Self::Ask) -> bool;
    /// Whether an answer says no: then its question led nowhere, and it too can be asked for ever.
    fn is_refusal(answer: &Self::Answer) -> bool;
    /// What the peer has shown so far.
    fn standing(&self) -> Standing;
    /// Whether the session, while it waits for input, is to be told of [`Event::News`] at once, as in IDLE. Upon the event
    /// it asks its desk what is new; until then the desk would wake it again and again.
    fn awaits_news(&self) -> bool {
        false
    }
    /// The connection is at rest: gives back memory that only those need that are talking.
    fn rest(&mut self) {}
    /// When `tick` is to be called if nothing else happens.
    fn deadline(&self) -> Option<Time>;
    /// The deadline has passed (a call before it changes nothing).
    fn tick(&mut self, now: Time);
}

/// Who answers a session's questions: the post office's side of one connection. One desk serves one session.
pub trait Desk: Send {
    /// The session it serves.
    type Session: Session;

    /// Answers one question.
    fn answer(
        &mut self,
        now: Time,
        ask: <Self::Session as Session>::Ask,
    ) -> impl Future<Output = <Self::Session as Session>::Answer> + Send;

    /// Takes a run of message content. A failure is remembered and told in the answer that ends the content; what
    /// comes after it is thrown away.
    fn content(&mut self, bytes: &[u8]) -> impl Future<Output = ()> + Send;

    /// Reads stored content: some octets from `offset` on, at most 256 KiB, empty at the end; `None` when it cannot
    /// be read any more, upon which the driver drops the connection (a torn message must not look whole).
    fn read(&mut self, source: u64, offset: u64) -> impl Future<Output = Option<Bytes>> + Send;

    /// Ends when something has changed that the session was not told of in an answer; at once, when it has changed
    /// already. Dropped and called again at will, so nothing is lost with it. Never ends where nothing changes.
    fn news(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// The connection is at rest: gives back memory that only those need that are talking.
    fn rest(&mut self) {}
}
