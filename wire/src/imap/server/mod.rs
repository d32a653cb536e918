//! The server's end of an IMAP connection: what is being read, what is being asked, and which state it is in (RFC 9051
//! §3). Owns the order of things and time; the commands are in the modules beside this one, one subject each. Owns no
//! policy: who may log in, and what is in a mailbox, is the desk's to say.
//!
//! How a command runs. [`Server::execute`] looks at the state and calls its function. That one says what goes out, and
//! asks the desk; the continuation of a question is a closure that is given the answer. At the end of most commands
//! the desk is asked what is new ([`Server::finish`]), so that the client hears of it before the tagged reply.

mod access;
mod append;
mod capability;
mod context;
mod copy;
mod dispatch;
mod fetch;
mod folders;
mod idle;
mod input;
pub mod limits;
mod list;
mod login;
mod metadata;
mod notify;
mod out;
mod pieces;
pub mod profile;
mod quota;
mod reply;
mod rows;
mod search;
mod select;
mod state;
mod store;
mod sync;
#[cfg(test)]
mod tests;
mod text;

pub use limits::Limits;
pub use profile::Profile;

use super::mailbox::Charset;
use super::{Answer, Ask, Bounds, Reader};
use crate::session::{Event, Session, Standing, Step, TlsFacts};
use input::Reading;
use message::Time;
use out::{Out, Then};
use reply::Reply;
use state::{Enabled, State};
use std::collections::VecDeque;

/// One connection's session.
pub struct Server {
    profile: Profile,
    reader: Reader,
    reading: Reading,
    state: State,
    enabled: Enabled,
    question: Option<Then>,
    out: VecDeque<Out>,
    tls: Option<TlsFacts>,
    compressed: bool,
    counts: Counts,
    draining: bool,
    peer_gone: bool,
    started: Time,
    now: Time,
    deadline: Time,
    /// Content or a long listing was sent since the deadline was set, for who knows how long.
    sent_long: bool,
}

/// What the limits on one connection count.
#[derive(Default)]
struct Counts {
    bad_commands: usize,
    login_failures: usize,
}

impl Server {
    /// Starts with the greeting. On a port with implicit TLS the driver tells [`Event::TlsStarted`] before the first
    /// step.
    #[must_use]
    pub fn new(now: Time, profile: Profile) -> Server {
        let mut server = Server {
            profile,
            reader: Reader::new(Bounds::STRANGER),
            reading: Reading::Command,
            state: State::Stranger,
            enabled: Enabled::default(),
            question: None,
            out: VecDeque::from([Out::Greeting]),
            tls: None,
            compressed: false,
            counts: Counts::default(),
            draining: false,
            peer_gone: false,
            started: now,
            now,
            deadline: now,
            sent_long: false,
        };
        server.settle(now);
        server
    }

    /// How names and texts are written to this client.
    fn charset(&self) -> Charset {
        if self.enabled.utf8 { Charset::Utf8 } else { Charset::Ascii }
    }

    /// Refuses a command that should not have come, and counts it.
    fn refuse(&mut self, tag: &str, reply: &Reply) {
        self.counts.bad_commands += 1;
        self.reply(tag, reply);
        if self.counts.bad_commands > self.profile.limits.bad_commands {
            self.bye("too many bad commands");
        }
    }

    /// Ends the connection.
    fn bye(&mut self, text: &str) {
        if !self.peer_gone {
            self.send(format!("* BYE {text}\r\n"));
        }
        self.close();
    }

    fn close(&mut self) {
        if !matches!(self.reading, Reading::Closed) {
            self.reading = Reading::Closed;
            self.state = State::Logout;
            self.out.push_back(Out::Close);
        }
    }

    /// After anything happened: leaves if it is time to, else sets the deadline.
    fn settle(&mut self, now: Time) {
        self.now = now;
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        if self.peer_gone {
            self.out.clear();
            if self.question.is_none() {
                self.close();
            }
        } else if self.draining && self.hears_soon() {
            self.bye("[UNAVAILABLE] this server is stopping; try again later");
        }
        self.set_deadline(now);
    }

    fn set_deadline(&mut self, now: Time) {
        let limits = &self.profile.limits;
        self.sent_long = false;
        self.deadline = match self.state {
            State::Stranger => self.started.after(limits.login_timeout),
            _ => now.after(limits.inactivity_timeout),
        };
    }

    /// Nothing is begun that the goodbye would cut off.
    fn hears_soon(&self) -> bool {
        let between = matches!(self.reading, Reading::Command | Reading::Idle(_) | Reading::Login(..));
        between && self.question.is_none() && !self.out.iter().any(Out::leads_on)
    }

    /// Whether input is taken now.
    fn hears(&self) -> bool {
        self.question.is_none() && self.out.is_empty()
    }
}

impl Session for Server {
    type Ask = Ask;
    type Answer = Answer;

    fn receive(&mut self, now: Time, bytes: &[u8]) -> usize {
        if !self.hears() || bytes.is_empty() {
            return 0;
        }
        self.now = now;
        let taken = self.read(bytes);
        if taken > 0 {
            self.settle(now);
        }
        taken
    }

    fn answer(&mut self, now: Time, answer: Answer) {
        if let Some(then) = self.question.take() {
            self.now = now;
            let behind = std::mem::take(&mut self.out);
            then(self, answer);
            // What the answer leads to comes before what waited behind the question.
            self.out.extend(behind);
            self.settle(now);
        }
    }

    fn event(&mut self, now: Time, event: Event) {
        match event {
            Event::TlsStarted(facts) => self.tls_started(facts),
            Event::Draining => self.draining = true,
            Event::Dismissed => self.bye("[UNAVAILABLE] too little came of this connection; try again later"),
            // RFC 9051 §7.1.5: BYE may come at any time.
            Event::Revoked => self.bye("this login is no longer good; log in again"),
            Event::News => return self.news(),
            Event::PeerClosed => self.peer_gone = true,
        }
        self.settle(now);
    }

    fn step(&mut self) -> Step<Ask> {
        if self.question.is_some() {
            return Step::Read;
        }
        self.next_step()
    }

    fn leads_on(ask: &Ask) -> bool {
        matches!(ask, Ask::Login(_) | Ask::Select { .. } | Ask::Append(_))
    }

    fn is_refusal(answer: &Answer) -> bool {
        matches!(answer, Answer::Refused(_) | Answer::Sasl(crate::sasl::Answer::Refused(_)))
    }

    /// RFC 9051 §5.4: after login, thirty minutes at least.
    fn standing(&self) -> Standing {
        match self.state {
            State::Stranger | State::Logout => Standing::Stranger,
            State::Home | State::Open(_) => Standing::Entitled,
        }
    }

    fn awaits_news(&self) -> bool {
        self.hears() && self.may_tell_now()
    }

    fn rest(&mut self) {
        // A kibibyte of room after a SELECT.
        self.out.shrink_to_fit();
    }

    fn deadline(&self) -> Option<Time> {
        let waits = self.hears() && !matches!(self.reading, Reading::Closed);
        waits.then_some(self.deadline)
    }

    /// RFC 9051 §5.4. The time that a message or a listing took to be sent is not the client's silence, so a deadline set
    /// before it is set once more.
    fn tick(&mut self, now: Time) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if self.sent_long { self.set_deadline(now) } else { self.bye("autologout; idle for too long") }
    }
}
