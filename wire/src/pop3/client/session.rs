//! The client's end of a connection: what is awaited, what is asked, and how it ends. How it becomes ready is `greet`'s and
//! `login`'s, what a task says is `task`'s.

use super::ask::{Answer, Ask, Facts, Outcome, Refusal, Said, Stage};
use super::limits::{CHALLENGE_LINE, GARBAGE_KEPT, REPLY_LINE};
use super::login::LoggingIn;
use super::profile::Profile;
use super::reply::{self, Reply};
use super::task::Running;
use crate::line::{self, Line};
use crate::session::{Event, Session, Standing, Step};
use crate::smtp::client::Random;
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;
use std::ops::Range;

/// One connection's session.
pub struct Client {
    pub(super) profile: Profile,
    pub(super) random: Random,
    pub(super) state: State,
    pub(super) facts: Facts,
    /// What APOP signs.
    pub(super) timestamp: Option<String>,
    /// This side is to stop: what was said is heard to its end, then QUIT is said.
    pub(super) draining: bool,
    peer_gone: bool,
    question: Option<Question>,
    out: VecDeque<Out>,
    deadline: Time,
}

/// What is awaited.
pub(super) enum State {
    Greeting,
    /// The answer to CAPA, and then its lines.
    Capability {
        begun: bool,
    },
    StartTls,
    Handshake,
    /// The answer to UTF8 (RFC 6856 §2).
    Utf8,
    Login(Box<LoggingIn>),
    /// CAPA once more, since a login may change what it says (RFC 2449 §5).
    CapabilityAgain {
        begun: bool,
    },
    Ready,
    Task(Box<Running>),
    Quit,
    Closed,
}

/// The open question.
enum Question {
    Told,
    Next,
}

/// A step not yet taken.
enum Out {
    Send(Bytes),
    Ask(Ask, Question),
    Content(Range<usize>),
    StartTls,
    Close,
}

impl State {
    fn stage(&self) -> Stage {
        match self {
            State::Greeting => Stage::Greeting,
            State::Capability { .. } | State::CapabilityAgain { .. } => Stage::Capability,
            State::StartTls => Stage::StartTls,
            State::Handshake => Stage::Handshake,
            State::Utf8 | State::Login(_) => Stage::Login,
            State::Ready => Stage::Ready,
            State::Task(_) => Stage::Task,
            State::Quit | State::Closed => Stage::Quit,
        }
    }
}

impl Client {
    /// Waits for the server's greeting. On a port with implicit TLS the driver tells [`Event::TlsStarted`] before the
    /// first step. `random` is drawn anew for every session.
    #[must_use]
    pub fn new(now: Time, profile: Profile, random: Random) -> Client {
        let mut client = Client {
            profile,
            random,
            state: State::Greeting,
            facts: Facts::default(),
            timestamp: None,
            draining: false,
            peer_gone: false,
            question: None,
            out: VecDeque::new(),
            deadline: now,
        };
        client.arm(now);
        client
    }

    // What goes out.

    pub(super) fn send(&mut self, line: &str) {
        self.out.push_back(Out::Send(format!("{line}\r\n").into()));
    }

    pub(super) fn tell(&mut self, ask: Ask) {
        self.out.push_back(Out::Ask(ask, Question::Told));
    }

    pub(super) fn pass(&mut self, octets: usize) {
        self.out.push_back(Out::Content(0..octets));
    }

    pub(super) fn start_tls(&mut self) {
        self.state = State::Handshake;
        self.out.push_back(Out::StartTls);
    }

    /// Asks the desk what is to be done.
    pub(super) fn next(&mut self) {
        if self.draining {
            return self.quit();
        }
        self.state = State::Ready;
        self.out.push_back(Out::Ask(Ask::Next(Box::new(self.facts.clone())), Question::Next));
    }

    // The end.

    fn quit(&mut self) {
        self.send("QUIT");
        self.state = State::Quit;
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.out.push_back(Out::Close);
    }

    /// Nothing more can be said: the desk hears why, and the connection closes.
    pub(super) fn lose(&mut self, said: Said) {
        if matches!(self.state, State::Closed) {
            return;
        }
        // What was not yet said is not said any more; what the desk is to be told, it is told.
        self.out.retain(|out| matches!(out, Out::Ask(_, Question::Told) | Out::Content(_)));
        let stage = self.state.stage();
        self.tell(Ask::Lost(Outcome { stage, said }));
        self.close();
    }

    /// There is no use in going on. Nothing is marked yet, so nothing depends on the answer to a goodbye.
    pub(super) fn leave(&mut self, said: Said) {
        let stage = self.state.stage();
        self.tell(Ask::Lost(Outcome { stage, said }));
        self.send("QUIT");
        self.close();
    }

    pub(super) fn garbage(&mut self, what: &[u8]) {
        self.lose(Said::Garbage(reply::plain(what).chars().take(GARBAGE_KEPT).collect()));
    }

    // What comes in.

    /// A line that is no part of a message.
    fn heard(&mut self, text: &[u8]) {
        match &self.state {
            State::Capability { begun: true } | State::CapabilityAgain { begun: true } => self.capability_line(text),
            State::Task(running) if running.lists() => self.list_line(text),
            _ => match reply::read(text) {
                Some(reply::Line::Reply(reply)) => self.replied(reply, text),
                Some(reply::Line::Challenge(challenge)) => self.challenged(challenge),
                None => self.garbage(text),
            },
        }
    }

    fn replied(&mut self, reply: Reply, text: &[u8]) {
        match &self.state {
            State::Greeting => self.greeted(reply),
            State::Capability { .. } | State::CapabilityAgain { .. } => self.capability_answered(reply.ok),
            State::StartTls => self.tls_answered(reply),
            State::Utf8 => self.utf8_answered(reply.ok),
            State::Login(_) => self.login_answered(reply),
            State::Task(_) => self.task_answered(reply),
            State::Quit => {
                self.tell(Ask::Goodbye(reply));
                self.close();
            }
            State::Ready | State::Handshake | State::Closed => self.garbage(text),
        }
    }

    /// Whether input is taken now.
    fn hears(&self) -> bool {
        let deaf = matches!(self.state, State::Handshake | State::Closed) || self.asks_next();
        self.question.is_none() && self.out.is_empty() && !deaf
    }

    fn asks_next(&self) -> bool {
        matches!(self.question, Some(Question::Next))
    }

    /// Sets the deadline for what is awaited from now on.
    fn arm(&mut self, now: Time) {
        let timeouts = &self.profile.timeouts;
        self.deadline = now.after(match &self.state {
            State::Task(_) | State::Ready => timeouts.task,
            State::Quit | State::Closed => timeouts.quit,
            _ => timeouts.greeting,
        });
    }

    fn line_max(&self) -> usize {
        if matches!(self.state, State::Login(_)) { CHALLENGE_LINE } else { REPLY_LINE }
    }

    fn receive_line(&mut self, bytes: &[u8]) -> usize {
        match line::read(bytes, self.line_max()) {
            Line::Unfinished => 0,
            Line::Whole(text) => {
                self.heard(text);
                text.len() + 2
            }
            Line::TooLong(octets) => {
                self.garbage(bytes.get(..octets).unwrap_or_default());
                octets
            }
            Line::Bare => {
                self.garbage(bytes);
                bytes.len()
            }
        }
    }

    fn answered(&mut self, question: Question, answer: Answer) {
        match (question, answer) {
            (Question::Told, _) => {}
            (Question::Next, _) if self.peer_gone => self.lose(Said::Closed),
            (Question::Next, Answer::Tasks(tasks)) if !self.draining && !tasks.is_empty() => self.begin(tasks),
            (Question::Next, _) => self.quit(),
        }
    }

    fn drain(&mut self) {
        self.draining = true;
        match &mut self.state {
            State::Task(running) => running.cut_short(),
            State::Ready | State::Quit | State::Closed => {}
            _ => self.lose(Said::Refused(Refusal::Stopping)),
        }
    }
}

impl Session for Client {
    type Ask = Ask;
    type Answer = Answer;

    fn receive(&mut self, now: Time, bytes: &[u8]) -> usize {
        if !self.hears() || bytes.is_empty() {
            return 0;
        }
        let in_content = matches!(&self.state, State::Task(running) if running.in_content());
        let taken = if in_content { self.receive_content(bytes) } else { self.receive_line(bytes) };
        if taken > 0 {
            self.arm(now);
        }
        taken
    }

    fn answer(&mut self, now: Time, answer: Answer) {
        let Some(question) = self.question.take() else { return };
        self.answered(question, answer);
        self.arm(now);
    }

    fn event(&mut self, now: Time, event: Event) {
        match event {
            Event::TlsStarted(facts) => self.tls_started(facts),
            Event::Draining => self.drain(),
            Event::Dismissed | Event::Revoked | Event::PeerClosed => {
                self.peer_gone = true;
                if !self.asks_next() {
                    self.lose(Said::Closed);
                }
            }
            Event::News => {}
        }
        self.arm(now);
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
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.lose(Said::TimedOut);
        }
    }
}
