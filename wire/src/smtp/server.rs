//! The server's end of an SMTP or LMTP connection: what is being read, what is being asked, and the order of
//! commands (RFC 5321 §4.1.4). Owns no policy: whether a sender or recipient is welcome is the desk's to say.

use super::bdat::Chunk;
use super::data::Reader;
use super::login::Login;
use super::transaction::{Phase, Transaction};
use super::{Answer, Ask, Enhanced, Profile, Reply, Role, Verb};
use crate::sasl::Exchange;
use crate::session::{Event, Session, Standing, Step, TlsFacts};
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;
use std::ops::Range;

/// One connection's session.
pub struct Server {
    pub(super) profile: Profile,
    pub(super) reading: Reading,
    question: Option<Question>,
    pub(super) out: VecDeque<Out>,
    pub(super) greeted: Option<Verb>,
    pub(super) transaction: Option<Transaction>,
    pub(super) tls: Option<TlsFacts>,
    pub(super) logged_in: bool,
    /// A message was accepted.
    pub(super) accepted: bool,
    pub(super) counts: Counts,
    draining: bool,
    peer_gone: bool,
    started: Time,
    deadline: Time,
}

/// What the next input is.
pub(super) enum Reading {
    /// A command.
    Command,
    /// A line of an AUTH exchange.
    Login(Login),
    /// What is left of a line over the limit; then this reply.
    LongLine(Reply),
    /// Content after DATA.
    Data(Reader),
    /// Content after BDAT.
    Chunk(Chunk, Fate),
    /// Nothing: the TLS handshake is due.
    Handshake,
    /// Nothing ever.
    Closed,
}

/// What becomes of a chunk.
pub(super) enum Fate {
    /// It is content.
    Keep,
    /// It is passed over, and refused at its end.
    Refuse(Reply),
}

/// The open question, with what its answer decides.
pub(super) enum Question {
    /// Nothing to decide; the steps behind it wait.
    Done,
    /// Opens this transaction.
    Sender(Transaction),
    /// Counts a recipient in.
    Recipient,
    /// Lets content come: by DATA, or this first chunk.
    Content(Option<Chunk>),
    /// Ends the transaction of so many recipients.
    Commit(usize),
    /// VRFY, EXPN, HELP STATUS; whether the client can read UTF-8.
    Lookup(bool),
    /// A step of this exchange.
    Login(Box<Exchange>),
    /// Turns the connection round.
    Turn,
}

/// A step not yet taken.
pub(super) enum Out {
    Send(Bytes),
    Content(Range<usize>),
    Ask(Ask, Question),
    StartTls,
    Close,
    Turn,
}

/// What the limits on one connection count.
#[derive(Default)]
pub(super) struct Counts {
    bad_commands: usize,
    pub(super) transactions: usize,
    discarded: u64,
    pub(super) login_failures: usize,
}

/// 503 (RFC 5321 §4.1.4).
pub(super) fn out_of_order(text: &'static str) -> Reply {
    Reply::new(503, Enhanced(5, 5, 1), text)
}

impl Server {
    /// Starts with the greeting. On a port with implicit TLS the driver tells [`Event::TlsStarted`] before the first
    /// step.
    #[must_use]
    pub fn new(now: Time, profile: Profile) -> Server {
        let mut server = Server {
            profile,
            reading: Reading::Command,
            question: None,
            out: VecDeque::new(),
            greeted: None,
            transaction: None,
            tls: None,
            logged_in: false,
            accepted: false,
            counts: Counts::default(),
            draining: false,
            peer_gone: false,
            started: now,
            deadline: now,
        };
        let greeting = server.greeting();
        server.send(&greeting);
        server.settle(now);
        server
    }

    /// RFC 5321 §4.3.1.
    fn greeting(&self) -> Reply {
        let text = match (self.profile.greeting.as_str(), self.profile.role) {
            ("", Role::Lmtp) => "LMTP ready",
            ("", _) => "ESMTP ready",
            (text, _) => text,
        };
        Reply::plain(220, format!("{} {text}", self.profile.hostname))
    }

    // What goes out.

    pub(super) fn send(&mut self, reply: &Reply) {
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        self.out.push_back(Out::Send(reply.encode()));
    }

    pub(super) fn ask(&mut self, ask: Ask, question: Question) {
        self.out.push_back(Out::Ask(ask, question));
    }

    /// Sends what the desk said; 421 means that the connection ends (RFC 5321 §3.8). UTF-8 only to those who can
    /// read it (RFC 6531 §3.7.4).
    pub(super) fn send_from_desk(&mut self, mut reply: Reply, utf8: bool) {
        if !utf8 {
            for line in &mut reply.lines {
                if !line.is_ascii() {
                    *line = in_ascii(line).into();
                }
            }
        }
        if reply.code == 421 { self.close(Some(reply)) } else { self.send(&reply) }
    }

    /// Refuses a command that should not have come, and counts it.
    pub(super) fn refuse(&mut self, reply: Reply) {
        self.counts.bad_commands += 1;
        if self.counts.bad_commands > self.profile.limits.bad_commands {
            return self.close(Some(Reply::new(421, Enhanced(4, 7, 0), "too many bad commands")));
        }
        self.send(&reply);
    }

    /// Refused input is read to its end so that the refusal is heard, but not for ever. Whether there is more to read.
    pub(super) fn discard(&mut self, octets: usize, refusal: &Reply) -> bool {
        self.counts.discarded = self.counts.discarded.saturating_add(octets as u64);
        let more = self.counts.discarded <= self.profile.limits.discarded;
        if !more {
            self.close(Some(refusal.clone()));
        }
        more
    }

    /// Ends the connection, and a transaction with it.
    pub(super) fn close(&mut self, farewell: Option<Reply>) {
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        if let Some(reply) = farewell {
            self.send(&reply);
        }
        self.drop_transaction();
        self.out.push_back(Out::Close);
        self.reading = Reading::Closed;
    }

    /// The one place where a transaction ends without a commit. The desk hears of it unless it forgot already.
    pub(super) fn drop_transaction(&mut self) {
        if self.transaction.take().is_some_and(|transaction| !transaction.failed()) {
            self.ask(Ask::Reset, Question::Done);
        }
    }

    /// The content is refused: the desk forgets it now, the client hears of it when all of it has come.
    pub(super) fn fail_transaction(&mut self) {
        if let Some(transaction) = self.transaction.as_mut().filter(|transaction| !transaction.failed()) {
            transaction.phase = Phase::Failed;
            self.ask(Ask::Reset, Question::Done);
        }
    }

    // Time, and the end of the connection.

    /// After anything happened: leaves if it is time to, else sets the deadline.
    fn settle(&mut self, now: Time) {
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        if self.peer_gone {
            self.leave_silently();
        } else if self.draining && self.between_messages() {
            self.close(Some(Reply::new(421, Enhanced(4, 3, 2), "this server is stopping; try again later")));
        }
        let limits = &self.profile.limits;
        let known = self.profile.trusted || self.logged_in;
        self.deadline = match (&self.reading, self.profile.role) {
            (_, Role::Submission) if !known => self.started.after(limits.login_timeout),
            (Reading::Data(_) | Reading::Chunk(..), _) => now.after(limits.content_timeout),
            (_, Role::Lmtp) if !known => now.after(limits.idle_timeout),
            _ => now.after(limits.command_timeout),
        };
    }

    /// No question is open or about to be, and no content is on its way.
    fn between_messages(&self) -> bool {
        let asking = |out: &Out| matches!(out, Out::Ask(_, question) if !matches!(question, Question::Done));
        let chunks = |transaction: &Transaction| matches!(transaction.phase, Phase::Chunks { .. });
        matches!(self.reading, Reading::Command | Reading::Login(_) | Reading::LongLine(_))
            && self.question.is_none()
            && !self.out.iter().any(asking)
            && !self.transaction.as_ref().is_some_and(chunks)
    }

    /// Nobody listens any more: only questions already put, and what the desk must forget, remain.
    fn leave_silently(&mut self) {
        self.out.retain(|out| matches!(out, Out::Ask(_, Question::Done)));
        if self.question.is_none() {
            self.close(None);
        }
    }

    /// Whether input is taken now.
    fn hears(&self) -> bool {
        self.question.is_none() && self.out.is_empty()
    }
}

/// For clients that can read ASCII only.
pub(super) fn in_ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

impl Session for Server {
    type Ask = Ask;
    type Answer = Answer;

    fn receive(&mut self, now: Time, bytes: &[u8]) -> usize {
        if !self.hears() || bytes.is_empty() {
            return 0;
        }
        let taken = match self.reading {
            Reading::Command | Reading::Login(_) => self.receive_line(bytes),
            Reading::LongLine(_) => self.receive_long_line(bytes),
            Reading::Data(_) => self.receive_data(bytes),
            Reading::Chunk(..) => self.receive_chunk(bytes),
            Reading::Handshake | Reading::Closed => 0,
        };
        if taken > 0 {
            self.settle(now);
        }
        taken
    }

    fn answer(&mut self, now: Time, answer: Answer) {
        if let Some(question) = self.question.take() {
            self.answered(question, answer);
            self.settle(now);
        }
    }

    fn event(&mut self, now: Time, event: Event) {
        match event {
            Event::TlsStarted(facts) => self.tls_started(facts),
            Event::Draining => self.draining = true,
            // RFC 5321 §3.8: 421 may come at any time.
            Event::Dismissed => {
                self.close(Some(Reply::new(
                    421,
                    Enhanced(4, 3, 2),
                    "too little came of this connection; try again later",
                )));
            }
            Event::Revoked => {
                self.close(Some(Reply::new(421, Enhanced(4, 7, 0), "this login is no longer good; log in again")));
            }
            Event::PeerClosed => self.peer_gone = true,
            Event::News => {}
        }
        self.settle(now);
    }

    fn step(&mut self) -> Step<Ask> {
        if self.question.is_some() {
            return Step::Read;
        }
        match self.out.pop_front() {
            None => Step::Read,
            Some(Out::Send(octets)) => Step::Send(octets),
            Some(Out::Content(range)) => Step::Content(range),
            Some(Out::StartTls) => Step::StartTls,
            Some(Out::Close) => Step::Close,
            Some(Out::Turn) => Step::Turn,
            Some(Out::Ask(ask, question)) => {
                self.question = Some(question);
                Step::Ask(ask)
            }
        }
    }

    fn leads_on(ask: &Ask) -> bool {
        !matches!(ask, Ask::Greeted(..) | Ask::Reset | Ask::Verify(_) | Ask::Expand(_) | Ask::Status)
    }

    fn is_refusal(answer: &Answer) -> bool {
        match answer {
            Answer::Reply(reply) => reply.code >= 400,
            Answer::Replies(replies) => replies.iter().all(|reply| reply.code >= 400),
            Answer::Sasl(answer) => matches!(answer, crate::sasl::Answer::Refused(_)),
            Answer::Done => false,
        }
    }

    fn standing(&self) -> Standing {
        let known = self.profile.trusted || self.logged_in || self.accepted;
        if known { Standing::Known } else { Standing::Stranger }
    }

    fn deadline(&self) -> Option<Time> {
        let waits = self.hears() && !matches!(self.reading, Reading::Closed);
        waits.then_some(self.deadline)
    }

    fn tick(&mut self, now: Time) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.close(Some(Reply::new(421, Enhanced(4, 4, 2), "waited too long; closing the connection")));
        }
    }
}
