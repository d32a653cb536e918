//! The server's end of a POP3 connection: what is being read, what is being asked, and which state it is in (RFC 1939
//! §3). Owns no policy: who may log in, and what a maildrop holds, is the desk's to say.

use super::listing::Listing;
use super::login::Login;
use super::reply::{Code, Reply};
use super::transaction::Transaction;
use super::{Answer, Ask, Profile};
use crate::sasl::Exchange;
use crate::session::{Event, Relay, Session, Standing, Step, TlsFacts};
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;

/// One connection's session.
pub struct Server {
    pub(super) profile: Profile,
    pub(super) reading: Reading,
    pub(super) state: State,
    question: Option<Question>,
    out: VecDeque<Out>,
    pub(super) tls: Option<TlsFacts>,
    pub(super) counts: Counts,
    draining: bool,
    peer_gone: bool,
    started: Time,
    deadline: Time,
    /// Content or a long listing was sent since the deadline was set, for who knows how long.
    sent_long: bool,
}

/// What the next input is.
pub(super) enum Reading {
    /// A command.
    Command,
    /// A line of an AUTH exchange.
    Login(Login),
    /// What is left of a line over the limit.
    LongLine,
    /// Nothing: the TLS handshake is due.
    Handshake,
    /// Nothing ever.
    Closed,
}

/// RFC 1939 §3. The UPDATE state is a question: `Question::Update`.
pub(super) enum State {
    /// Nobody is logged in.
    Authorization {
        /// What USER said.
        username: Option<String>,
        /// UTF8 was said.
        utf8: bool,
    },
    /// A maildrop is open.
    Transaction(Transaction),
}

/// The open question, with what its answer decides.
pub(super) enum Question {
    /// Whether USER and PASS, or APOP, were right.
    Password,
    /// A step of this exchange.
    Login(Box<Exchange>),
    /// Which maildrop it is.
    Open,
    /// Whether the message can be sent; then this reply and the message.
    Fetch(Reply, Relay),
    /// Whether what was marked is gone.
    Update,
}

/// A step not yet taken.
pub(super) enum Out {
    Send(Bytes),
    Listing(Listing),
    Ask(Ask, Question),
    Relay(Relay),
    StartTls,
    Close,
}

/// What the limits on one connection count.
#[derive(Default)]
pub(super) struct Counts {
    bad_commands: usize,
    discarded: u64,
    pub(super) login_failures: usize,
}

impl Server {
    /// Starts with the greeting. On a port with implicit TLS the driver tells [`Event::TlsStarted`] before the first
    /// step.
    #[must_use]
    pub fn new(now: Time, profile: Profile) -> Server {
        let mut server = Server {
            profile,
            reading: Reading::Command,
            state: State::Authorization { username: None, utf8: false },
            question: None,
            out: VecDeque::new(),
            tls: None,
            counts: Counts::default(),
            draining: false,
            peer_gone: false,
            started: now,
            deadline: now,
            sent_long: false,
        };
        let greeting = server.greeting();
        server.send(&greeting);
        server.settle(now);
        server
    }

    /// RFC 1939 §4. The timestamp comes first, so that no text of the operator's is taken for it.
    fn greeting(&self) -> Reply {
        let Profile { hostname, greeting, apop_timestamp, .. } = &self.profile;
        let text = if greeting.is_empty() { "POP3 ready" } else { greeting };
        match apop_timestamp {
            None => Reply::ok(format!("{hostname} {text}")),
            Some(timestamp) => Reply::ok(format!("{timestamp} {hostname} {text}")),
        }
    }

    // What goes out.

    pub(super) fn put(&mut self, out: Out) {
        self.out.push_back(out);
    }

    pub(super) fn send(&mut self, reply: &Reply) {
        if !matches!(self.reading, Reading::Closed) {
            self.put(Out::Send(reply.encode()));
        }
    }

    /// A response of several lines, none of which begins with a dot.
    pub(super) fn send_lines(&mut self, reply: &Reply, lines: &[String]) {
        self.send(reply);
        let mut text: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
        text.push_str(".\r\n");
        self.put(Out::Send(text.into()));
    }

    pub(super) fn ask(&mut self, ask: Ask, question: Question) {
        self.put(Out::Ask(ask, question));
    }

    /// Refuses a command that should not have come, and counts it.
    pub(super) fn refuse(&mut self, reply: Reply) {
        self.counts.bad_commands += 1;
        if self.counts.bad_commands > self.profile.limits.bad_commands {
            return self.close(Some(Reply::err("too many bad commands")));
        }
        self.send(&reply);
    }

    /// An over-long line is read to its end, but not for ever. Whether there is more to read.
    pub(super) fn discard(&mut self, octets: usize) -> bool {
        self.counts.discarded = self.counts.discarded.saturating_add(octets as u64);
        let more = self.counts.discarded <= self.profile.limits.discarded;
        if !more {
            self.close(Some(Reply::err("line too long")));
        }
        more
    }

    /// Ends the connection. What was marked stays, unless QUIT was answered before (RFC 1939 §6).
    pub(super) fn close(&mut self, farewell: Option<Reply>) {
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        if let Some(reply) = farewell.filter(|_| !self.peer_gone) {
            self.send(&reply);
        }
        self.put(Out::Close);
        self.reading = Reading::Closed;
    }

    // Time, and the end of the connection.

    /// After anything happened: leaves if it is time to, else sets the deadline.
    fn settle(&mut self, now: Time) {
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        if self.peer_gone {
            self.leave_silently();
        } else if self.draining && self.between_commands() {
            self.close(Some(Reply::coded(Code::SysTemp, "this server is stopping; try again later")));
        }
        self.set_deadline(now);
    }

    fn set_deadline(&mut self, now: Time) {
        let limits = &self.profile.limits;
        self.sent_long = false;
        self.deadline = match self.state {
            State::Authorization { .. } => self.started.after(limits.login_timeout),
            State::Transaction(_) => now.after(limits.inactivity_timeout),
        };
    }

    /// No question is open or about to be.
    fn between_commands(&self) -> bool {
        !matches!(self.reading, Reading::Handshake)
            && self.question.is_none()
            && !self.out.iter().any(|out| matches!(out, Out::Ask(..)))
    }

    /// Nobody listens any more: only the update that QUIT asked for remains.
    fn leave_silently(&mut self) {
        self.out.retain(|out| matches!(out, Out::Ask(Ask::Update { .. }, _)));
        if self.question.is_none() && self.out.is_empty() {
            self.close(None);
        }
    }

    /// Whether input is taken now.
    fn hears(&self) -> bool {
        self.question.is_none() && self.out.is_empty()
    }

    /// The listing that is next to go out, a page of it.
    fn page(&mut self) -> Option<Bytes> {
        let (Some(Out::Listing(listing)), State::Transaction(transaction)) = (self.out.front_mut(), &self.state) else {
            return None;
        };
        let (page, last) = listing.page(transaction);
        if last {
            self.out.pop_front();
        } else {
            self.sent_long = true;
        }
        Some(page)
    }
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
            Reading::LongLine => self.receive_long_line(bytes),
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
            Event::Dismissed => {
                self.close(Some(Reply::coded(Code::SysTemp, "too little came of this connection; try again later")));
            }
            // RFC 3206 §5: it is the login. Nothing that was marked is deleted.
            Event::Revoked => self.close(Some(Reply::coded(Code::Auth, "this login is no longer good; log in again"))),
            Event::PeerClosed => self.peer_gone = true,
            Event::News => {}
        }
        self.settle(now);
    }

    fn step(&mut self) -> Step<Ask> {
        if self.question.is_some() {
            return Step::Read;
        }
        if let Some(page) = self.page() {
            return Step::Send(page);
        }
        match self.out.pop_front() {
            // A listing is always of an open maildrop, so `page` took it.
            None | Some(Out::Listing(_)) => Step::Read,
            Some(Out::Send(octets)) => Step::Send(octets),
            Some(Out::StartTls) => Step::StartTls,
            Some(Out::Close) => Step::Close,
            Some(Out::Relay(relay)) => {
                self.sent_long = true;
                Step::Relay(relay)
            }
            Some(Out::Ask(ask, question)) => {
                self.question = Some(question);
                Step::Ask(ask)
            }
        }
    }

    fn leads_on(_: &Ask) -> bool {
        true
    }

    fn is_refusal(answer: &Answer) -> bool {
        matches!(answer, Answer::Refused(_) | Answer::Sasl(crate::sasl::Answer::Refused(_)))
    }

    /// RFC 1939 §3: with a maildrop open, ten minutes at least.
    fn standing(&self) -> Standing {
        match self.state {
            State::Authorization { .. } => Standing::Stranger,
            State::Transaction(_) => Standing::Entitled,
        }
    }

    fn deadline(&self) -> Option<Time> {
        let waits = self.hears() && !matches!(self.reading, Reading::Closed);
        waits.then_some(self.deadline)
    }

    /// RFC 1939 §3: closes without a word, and without an update. The time that a message or a listing took to be sent is not the
    /// client's silence, so a deadline set before it is set once more.
    fn tick(&mut self, now: Time) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if self.sent_long { self.set_deadline(now) } else { self.close(None) }
    }
}
