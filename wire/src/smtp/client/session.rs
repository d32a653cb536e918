//! The client's end of a connection: what is awaited, what is asked, and how it ends. What is said in which state is
//! `greet`'s and `transfer`'s.

use super::ask::{Answer, Ask, Conclusion, Facts, Outcome, Refusal, Said, Stage};
use super::extensions::Extensions;
use super::profile::{Profile, Random, Tls};
use super::reply::{Read, Reader, cleaned, kept};
use super::running::Running;
use crate::sasl;
use crate::session::{Event, Relay, Session, Standing, Step};
use crate::smtp::{Reply, Verb};
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// The least time between two deadlines that only start a clock: a driver does not tick the same deadline twice.
const APART: Duration = Duration::from_millis(1);

/// One connection's session.
pub struct Client {
    pub(super) profile: Profile,
    pub(super) random: Random,
    pub(super) state: State,
    pub(super) facts: Facts,
    /// The server is to stop: the transaction under way is the last.
    pub(super) draining: bool,
    peer_gone: bool,
    reader: Reader,
    question: Option<Question>,
    out: VecDeque<Out>,
    /// The driver streams content.
    relaying: bool,
    deadline: Time,
    /// The deadline only starts the clock.
    unstarted: bool,
    last_start: Time,
}

/// Whose reply is awaited.
pub(super) enum State {
    Banner,
    Hello(Verb),
    StartTls,
    /// Nobody's: the TLS handshake is due.
    Handshake,
    Auth(Box<Auth>),
    /// Nobody's: the desk is asked what is next.
    Idle,
    Transaction(Box<Running>),
    Reset,
    Quit,
    Closed,
}

/// A login under way.
pub(super) struct Auth {
    pub exchange: sasl::client::Client,
    /// What is to be said to the empty challenge, where it did not fit in the command.
    pub initial: Option<Vec<u8>>,
}

/// The open question.
enum Question {
    /// Its answer decides nothing.
    Told,
    Next,
}

/// A step not yet taken.
enum Out {
    Send(Bytes),
    Ask(Ask, Question),
    Relay(Relay),
    StartTls,
    Close,
}

impl State {
    fn stage(&self) -> Stage {
        match self {
            State::Banner => Stage::Banner,
            State::Hello(_) => Stage::Hello,
            State::StartTls => Stage::StartTls,
            State::Handshake => Stage::Handshake,
            State::Auth(_) => Stage::Auth,
            State::Transaction(running) => running.stage(),
            State::Reset => Stage::Reset,
            State::Idle | State::Quit | State::Closed => Stage::Idle,
        }
    }
}

impl Client {
    /// Waits for the peer's greeting. On a port with implicit TLS the driver tells [`Event::TlsStarted`] before the
    /// first step. `random` is drawn anew for every session.
    #[must_use]
    pub fn new(now: Time, profile: Profile, random: Random) -> Client {
        let facts = Facts {
            name: String::new(),
            extensions: Extensions::default(),
            tls: None,
            logged_in: false,
            transactions: 0,
        };
        let mut client = Client {
            profile,
            random,
            state: State::Banner,
            facts,
            draining: false,
            peer_gone: false,
            reader: Reader::default(),
            question: None,
            out: VecDeque::new(),
            relaying: false,
            deadline: now,
            unstarted: false,
            last_start: Time::default(),
        };
        client.arm(now);
        client
    }

    // What goes out.

    pub(super) fn send(&mut self, line: impl Into<Bytes>) {
        self.out.push_back(Out::Send(line.into()));
    }

    pub(super) fn relay(&mut self, relay: Relay) {
        self.out.push_back(Out::Relay(relay));
    }

    pub(super) fn start_tls(&mut self) {
        self.state = State::Handshake;
        self.out.push_back(Out::StartTls);
    }

    /// Tells the desk what came of a transaction.
    pub(super) fn tell(&mut self, conclusion: Conclusion) {
        self.out.push_back(Out::Ask(Ask::Concluded(conclusion), Question::Told));
    }

    /// Asks the desk for the next transaction.
    pub(super) fn next(&mut self) {
        self.state = State::Idle;
        self.out.push_back(Out::Ask(Ask::Next(Box::new(self.facts.clone())), Question::Next));
    }

    // The end.

    /// Says goodbye (RFC 5321 §4.1.1.10).
    pub(super) fn quit(&mut self) {
        self.send("QUIT\r\n");
        self.state = State::Quit;
    }

    /// Closes without another word.
    pub(super) fn close(&mut self) {
        self.state = State::Closed;
        self.out.push_back(Out::Close);
    }

    /// Nothing more can be said: the desk hears why, and the connection closes.
    pub(super) fn lose(&mut self, said: Said) {
        if matches!(self.state, State::Closed) {
            return;
        }
        // What was not yet said or asked is not said any more; what the desk is to be told, it is told.
        self.out.retain(|out| matches!(out, Out::Ask(_, Question::Told)));
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed | State::Quit => {}
            State::Transaction(running) => {
                let outcomes = running.lost(said, self.profile.role);
                self.tell(Conclusion { outcomes, ends: true });
            }
            // In TLS 1.3 we are done with the handshake before the peer has looked at our last part of it. What it
            // has against that shows only now.
            State::Hello(_) if said == Said::Closed && self.facts.tls.is_some() && self.profile.tls != Tls::Never => {
                self.tell_lost(Stage::Handshake, said);
            }
            state => self.tell_lost(state.stage(), said),
        }
        self.close();
    }

    /// There is no use in going on: the desk hears why, and the peer a goodbye.
    pub(super) fn leave(&mut self, stage: Stage, said: Said) {
        self.tell_lost(stage, said);
        self.quit();
    }

    fn tell_lost(&mut self, stage: Stage, said: Said) {
        self.out.push_back(Out::Ask(Ask::Lost(Outcome { stage, said }), Question::Told));
    }

    // What comes in.

    fn heard(&mut self, reply: Reply) {
        // RFC 5321 §3.8: 421 may come at any time, and the peer closes.
        if reply.code == 421 {
            return self.lose(kept(reply));
        }
        match &self.state {
            State::Banner => self.banner(reply),
            State::Hello(verb) => self.hello_answered(*verb, reply),
            State::StartTls => self.tls_answered(reply),
            State::Auth(_) => self.auth_answered(reply),
            State::Transaction(_) => self.transaction_answered(reply),
            State::Reset => self.reset_answered(reply),
            State::Quit => self.close(),
            State::Handshake | State::Idle | State::Closed => {}
        }
    }

    /// A reply of a class that does not go with what was said.
    pub(super) fn misfit(&mut self, reply: &Reply) {
        self.lose(Said::Garbage(cleaned(reply.to_string().as_bytes())));
    }

    /// How many replies are due.
    fn due(&self) -> usize {
        match &self.state {
            State::Transaction(running) => running.due(),
            _ => 1,
        }
    }

    /// More came than was asked for.
    fn unsolicited(&mut self, rest: &[u8]) {
        if matches!(self.state, State::Handshake | State::Quit | State::Closed) {
            return;
        }
        let said = match Reader::default().read(rest) {
            Read::Whole(_, reply) if reply.code == 421 => kept(reply),
            _ => {
                let line = rest.split(|octet| *octet == b'\n').next().unwrap_or_default();
                Said::Garbage(cleaned(line.strip_suffix(b"\r").unwrap_or(line)))
            }
        };
        self.lose(said);
    }

    /// Whether input is taken now.
    fn hears(&self) -> bool {
        let deaf = matches!(self.state, State::Handshake | State::Idle | State::Closed);
        self.question.is_none() && self.out.is_empty() && !self.relaying && !deaf
    }

    /// Sets the deadline for what is awaited from now on.
    fn arm(&mut self, now: Time) {
        let timeouts = &self.profile.timeouts;
        let limit = match &self.state {
            State::Banner => timeouts.banner,
            State::Quit => timeouts.quit,
            State::Transaction(running) => running.limit(timeouts),
            _ => timeouts.hello,
        };
        self.unstarted = matches!(&self.state, State::Transaction(running) if running.sending);
        if self.unstarted {
            self.last_start = now.max(self.last_start.after(APART));
            self.deadline = self.last_start;
        } else {
            self.deadline = now.after(limit);
        }
    }

    fn answered_next(&mut self, answer: Answer) {
        match answer {
            Answer::Transaction(transaction) => self.begin(*transaction),
            Answer::Quit | Answer::Done if self.peer_gone => self.close(),
            Answer::Quit | Answer::Done => self.quit(),
        }
    }

    /// The connection is no more.
    fn peer_closed(&mut self) {
        self.peer_gone = true;
        // What the desk is about to answer is concluded first.
        if !matches!(self.question, Some(Question::Next)) {
            self.lose(Said::Closed);
        }
    }

    fn drain(&mut self) {
        self.draining = true;
        let under_way = matches!(self.state, State::Transaction(_) | State::Quit);
        if !under_way && !matches!(self.question, Some(Question::Next)) {
            self.lose(Said::Refused(Refusal::Stopping));
        }
    }

    /// Why no transaction can be begun on this connection any more.
    pub(super) fn ending(&self) -> Option<Said> {
        if self.peer_gone { Some(Said::Closed) } else { self.draining.then_some(Said::Refused(Refusal::Stopping)) }
    }

    /// Says goodbye if anybody listens.
    pub(super) fn part(&mut self) {
        if self.peer_gone { self.close() } else { self.quit() }
    }
}

impl Session for Client {
    type Ask = Ask;
    type Answer = Answer;

    fn receive(&mut self, now: Time, bytes: &[u8]) -> usize {
        if !self.hears() || bytes.is_empty() {
            return 0;
        }
        match self.reader.read(bytes) {
            Read::More(taken) => taken,
            Read::Whole(taken, reply) => {
                let last = self.due() <= 1;
                self.heard(reply);
                let rest = bytes.get(taken..).unwrap_or_default();
                if last && !rest.is_empty() {
                    self.unsolicited(rest);
                }
                self.arm(now);
                taken
            }
            Read::Garbage(text) => {
                self.lose(Said::Garbage(text));
                bytes.len()
            }
        }
    }

    fn answer(&mut self, now: Time, answer: Answer) {
        match self.question.take() {
            None => return,
            Some(Question::Told) => {}
            Some(Question::Next) => self.answered_next(answer),
        }
        self.arm(now);
    }

    fn event(&mut self, now: Time, event: Event) {
        match event {
            Event::TlsStarted(facts) => self.tls_started(facts),
            Event::Draining => self.drain(),
            Event::Dismissed | Event::Revoked | Event::PeerClosed => self.peer_closed(),
            Event::News => {}
        }
        self.arm(now);
    }

    fn step(&mut self) -> Step<Ask> {
        if self.question.is_some() {
            return Step::Read;
        }
        if std::mem::take(&mut self.relaying)
            && let State::Transaction(running) = &mut self.state
        {
            running.sending = false;
        }
        match self.out.pop_front() {
            None => Step::Read,
            Some(Out::Send(octets)) => Step::Send(octets),
            Some(Out::StartTls) => Step::StartTls,
            Some(Out::Close) => Step::Close,
            Some(Out::Relay(relay)) => {
                self.relaying = true;
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

    fn is_refusal(_: &Answer) -> bool {
        false
    }

    fn standing(&self) -> Standing {
        // We called; how long that may take is ours to say.
        Standing::Entitled
    }

    fn deadline(&self) -> Option<Time> {
        let waits = self.hears() || (matches!(self.state, State::Handshake) && self.out.is_empty());
        waits.then_some(self.deadline)
    }

    fn tick(&mut self, now: Time) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if std::mem::take(&mut self.unstarted) {
            self.deadline = now.after(self.profile.timeouts.dot);
        } else {
            self.lose(Said::TimedOut);
        }
    }
}
