//! What a client session asks its desk, and what it is answered.
//!
//! The order: `Next` when the peer is ready; for every transaction answered to it one `Concluded`, whatever happens;
//! then `Next` again, until the desk says `Quit` or the connection ends. An end that neither `Quit` nor
//! [`Conclusion::ends`] told of is told by `Lost`.

use super::extensions::Extensions;
use crate::TlsFacts;
use crate::smtp::{Body, Enhanced, Recipient, Reply, Return, ReversePath};
use std::fmt;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The peer is ready: what is to be sent now? Answer: `Transaction` or `Quit`. The desk may take its time, so that
    /// a connection is kept for the next message; what the peer says meanwhile is heard after the answer.
    Next(Box<Facts>),
    /// What came of the transaction. Answer: `Done`.
    Concluded(Conclusion),
    /// The session ended outside a transaction. Answer: `Done`.
    Lost(Outcome),
}

/// An answer. One that does not fit the question is taken for `Quit` or `Done`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send this.
    Transaction(Box<Transaction>),
    /// There is nothing more to send.
    Quit,
    /// Heard.
    Done,
}

/// What is known of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The name it gave itself in its reply to the greeting; printable ASCII, may be empty.
    pub name: String,
    /// What it offers now; nothing of what it said before TLS.
    pub extensions: Extensions,
    /// The TLS of the connection.
    pub tls: Option<TlsFacts>,
    /// Whether we logged in.
    pub logged_in: bool,
    /// Transactions begun on this connection before.
    pub transactions: u64,
}

/// One message for one peer. The desk has seen the [`Facts`] and chose the form of the content by them: the session
/// says what it is told, and refuses what the peer cannot take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Who it is from, on the envelope.
    pub reverse_path: ReversePath,
    /// Who it is for.
    pub recipients: Vec<Recipient>,
    /// What the content holds.
    pub body: Body,
    /// The message needs SMTPUTF8 (RFC 6531): addresses or header fields beyond ASCII.
    pub smtputf8: bool,
    /// RET=, told to peers that offer DSN (RFC 3461 §4.3).
    pub ret: Option<Return>,
    /// ENVID=, told to peers that offer DSN (RFC 3461 §4.4).
    pub envid: Option<String>,
    /// The length of the content in octets, dot-stuffing not counted. Exact: it is the size of the chunk where the
    /// content goes by BDAT, and content of another length would be taken for commands or make the peer wait.
    pub size: u64,
    /// The desk's name for the content, for [`crate::Relay`]. Of a content other than BINARYMIME the desk warrants that
    /// CR and LF stand in it only as CR LF, which is how all content came in. Should it fail in that, no dot ends the
    /// content early: [`crate::dot::Stuffer`] doubles dots after a CR or LF alone too.
    pub source: u64,
}

/// What came of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// One for every recipient, in the order of the transaction.
    pub outcomes: Vec<Outcome>,
    /// The connection ends with it: neither `Next` nor `Lost` follows.
    pub ends: bool,
}

/// What was said, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it was said to.
    pub stage: Stage,
    /// What it was.
    pub said: Said,
}

/// How far a session or a transaction was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before the peer's greeting.
    Banner,
    /// EHLO, HELO or LHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// AUTH.
    Auth,
    /// Between transactions.
    Idle,
    /// MAIL. Where this goes with 421, `Closed` or a reply nobody waited for, on a connection that carried a transaction
    /// before, the peer most likely gave it up while it was idle: a new connection is worth a try at once.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The content was on its way, its end not: nothing can have been delivered.
    Content,
    /// The end of the content was sent: the final dot, or the last octet of the last chunk. Where this goes with
    /// anything but a reply the message may have been delivered all the same (RFC 5321 §6.1, RFC 1047).
    Dot,
    /// RSET.
    Reset,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A reply; its text is free of control characters and at most [`super::limits::REPLY_KEPT`] octets long.
    Reply(Reply),
    /// The connection closed or broke.
    Closed,
    /// Nothing came within the time for the stage.
    TimedOut,
    /// Something that is no reply, or not one to this; its beginning, free of control characters.
    Garbage(String),
    /// It was never said: this side would not.
    Refused(Refusal),
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The message needs SMTPUTF8, which the peer does not offer.
    #[error("the other server does not offer SMTPUTF8")]
    SmtpUtf8,
    /// The content needs 8BITMIME, or BINARYMIME with CHUNKING, which the peer does not offer.
    #[error("the other server does not take content of this form")]
    Body,
    /// The message is larger than the peer's SIZE.
    #[error("the message is larger than the other server takes")]
    TooLarge,
    /// An address cannot be written in a command: it is too long, or holds a control character.
    #[error("the address cannot be sent")]
    Address,
    /// TLS is required, and the peer does not offer it.
    #[error("the other server does not offer TLS")]
    NoTls,
    /// The peer offers no way to log in that may be used here.
    #[error("the other server offers no login that may be used")]
    NoLogin,
    /// The peer did not prove that it knows the password too (RFC 5802 §5).
    #[error("the other server did not prove its identity in the login")]
    Unproven,
    /// This server is stopping.
    #[error("this server is stopping")]
    Stopping,
}

impl Refusal {
    /// The enhanced status code (RFC 3463, RFC 5248) that says so.
    #[must_use]
    pub fn enhanced(self) -> Enhanced {
        match self {
            // RFC 6531 §3.5.
            Refusal::SmtpUtf8 => Enhanced(5, 6, 7),
            Refusal::Body => Enhanced(5, 6, 3),
            Refusal::TooLarge => Enhanced(5, 3, 4),
            Refusal::Address => Enhanced(5, 1, 3),
            Refusal::NoTls => Enhanced(4, 7, 4),
            Refusal::NoLogin | Refusal::Unproven => Enhanced(4, 7, 0),
            Refusal::Stopping => Enhanced(4, 3, 2),
        }
    }
}

impl Outcome {
    /// Whether the peer took the message for this recipient.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!((self.stage, &self.said), (Stage::Dot, Said::Reply(reply)) if reply.code / 100 == 2)
    }
}

impl Stage {
    /// One word for logs and journeys.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::Banner => "banner",
            Stage::Hello => "hello",
            Stage::StartTls => "starttls",
            Stage::Handshake => "handshake",
            Stage::Auth => "auth",
            Stage::Idle => "idle",
            Stage::Mail => "mail",
            Stage::Rcpt => "rcpt",
            Stage::Data => "data",
            Stage::Content => "content",
            Stage::Dot => "dot",
            Stage::Reset => "reset",
        }
    }
}

impl fmt::Display for Said {
    /// On one line, for logs and journeys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Reply(reply) => reply.fmt(f),
            Said::Closed => f.write_str("closed"),
            Said::TimedOut => f.write_str("timed out"),
            Said::Garbage(text) => write!(f, "garbage {text}"),
            Said::Refused(refusal) => write!(f, "refused {} {refusal}", refusal.enhanced()),
        }
    }
}
