//! The client's end of a connection: what is awaited, what is asked, and how it ends. How it becomes ready is `greet`'s,
//! what a task says is `task`'s.

use super::ask::{Answer, Ask, Facts, Finish, Outcome, Refusal, Said, Stage};
use super::profile::Profile;
use super::task::Running;
use crate::imap::command::{Command, Tagged};
use crate::imap::encode::{self, Literals, Style};
use crate::imap::response::{Code, Data, Incoming, Response, Status, StatusText, Stream};
use crate::sasl;
use crate::session::{Event, Relay, Session, Standing, Step};
use crate::smtp::client::Random;
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

/// The least time between two deadlines that only start a clock: a driver does not tick the same deadline twice.
const APART: Duration = Duration::from_millis(1);

/// What is kept of what was no response, in characters: enough to tell HTTP from SSH.
const GARBAGE_KEPT: usize = 200;

/// One connection's session.
pub struct Client {
    pub(super) profile: Profile,
    pub(super) random: Random,
    pub(super) state: State,
    pub(super) facts: Facts,
    stream: Stream,
    tags: u64,
    /// This side is to stop: the task under way is the last.
    draining: bool,
    peer_gone: bool,
    question: Option<Question>,
    out: VecDeque<Out>,
    relaying: bool,
    deadline: Time,
    /// The deadline only starts the clock.
    pub(super) unstarted: bool,
    last_start: Time,
}

/// What is awaited.
pub(super) enum State {
    Greeting,
    /// The answer to CAPABILITY; before login it leads to one.
    Capability(String),
    StartTls(String),
    Handshake,
    Login(Box<LoggingIn>),
    Ready,
    Task(Box<Running>),
    Logout,
    Closed,
}

/// A login under way.
pub(super) struct LoggingIn {
    pub tag: String,
    /// `None`: by LOGIN.
    pub exchange: Option<sasl::client::Client>,
    /// What is to be said to the empty challenge.
    pub initial: Option<Vec<u8>>,
    /// What is left of LOGIN.
    pub pieces: VecDeque<Bytes>,
}

/// The open question.
enum Question {
    Told,
    /// Its answer may end an IDLE.
    Heard,
    Next,
}

/// A step not yet taken.
enum Out {
    Send(Bytes),
    Ask(Ask, Question),
    Content(Range<usize>),
    Relay(Relay),
    StartTls,
    Close,
}

impl State {
    fn stage(&self) -> Stage {
        match self {
            State::Greeting => Stage::Greeting,
            State::Capability(_) => Stage::Capability,
            State::StartTls(_) => Stage::StartTls,
            State::Handshake => Stage::Handshake,
            State::Login(_) => Stage::Login,
            State::Task(_) => Stage::Task,
            State::Ready | State::Logout | State::Closed => Stage::Ready,
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
            stream: Stream::new(),
            tags: 0,
            draining: false,
            peer_gone: false,
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

    pub(super) fn send(&mut self, octets: impl Into<Bytes>) {
        self.out.push_back(Out::Send(octets.into()));
    }

    pub(super) fn relay(&mut self, relay: Relay) {
        self.out.push_back(Out::Relay(relay));
    }

    pub(super) fn start_tls(&mut self) {
        self.state = State::Handshake;
        self.out.push_back(Out::StartTls);
    }

    /// A tag that no command had before.
    pub(super) fn tag(&mut self) -> String {
        self.tags += 1;
        format!("p{}", self.tags)
    }

    /// How we write to this server (RFC 7888 §5; RFC 9051 §4.3 has LITERAL- in it).
    pub(super) fn style(&self) -> Style {
        let literals = if self.facts.can("LITERAL+") {
            Literals::Plus
        } else if self.facts.can("LITERAL-") || self.facts.can("IMAP4REV2") {
            Literals::Minus
        } else {
            Literals::Synchronizing
        };
        Style { charset: self.facts.charset, literals }
    }

    /// The pieces of a command, and its tag; the first is sent.
    pub(super) fn say(&mut self, command: Command) -> (String, VecDeque<Bytes>) {
        let tagged = Tagged { tag: self.tag(), command };
        let mut pieces: VecDeque<Bytes> = encode::command(&tagged, self.style()).into();
        if let Some(first) = pieces.pop_front() {
            self.send(first);
        }
        (tagged.tag, pieces)
    }

    /// Asks the desk what is to be done.
    pub(super) fn next(&mut self) {
        if self.draining {
            return self.log_out();
        }
        self.state = State::Ready;
        self.out.push_back(Out::Ask(Ask::Next(Box::new(self.facts.clone())), Question::Next));
    }

    /// Tells the desk what came of the task, and asks for another.
    pub(super) fn finish(&mut self, finish: Finish) {
        self.out.push_back(Out::Ask(Ask::Finished(finish), Question::Told));
        self.next();
    }

    // The end.

    fn log_out(&mut self) {
        let tag = self.tag();
        self.send(format!("{tag} LOGOUT\r\n"));
        self.state = State::Logout;
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
        self.out.retain(|out| matches!(out, Out::Ask(_, Question::Told | Question::Heard) | Out::Content(_)));
        if !matches!(self.state, State::Logout) {
            self.tell_lost(said);
        }
        self.close();
    }

    /// There is no use in going on: the desk hears why, and the server a goodbye.
    pub(super) fn leave(&mut self, said: Said) {
        self.tell_lost(said);
        self.log_out();
    }

    fn tell_lost(&mut self, said: Said) {
        let stage = self.state.stage();
        self.out.push_back(Out::Ask(Ask::Lost(Outcome { stage, said }), Question::Told));
    }

    pub(super) fn garbage(&mut self, what: &str) {
        let clean: String = what.chars().filter(|c| !c.is_control()).take(GARBAGE_KEPT).collect();
        self.lose(Said::Garbage(clean));
    }

    // What comes in.

    fn heard(&mut self, response: Response) {
        match response {
            Response::Continue(text) => self.continued(&text),
            Response::Tagged(tag, status) => self.tagged(&tag, status),
            Response::Untagged(data) => self.untagged(data),
        }
    }

    fn tagged(&mut self, tag: &str, status: StatusText) {
        self.learn(status.code.as_ref());
        match &self.state {
            State::Capability(awaited) if awaited == tag => self.capability_told(status),
            State::StartTls(awaited) if awaited == tag => self.tls_answered(status),
            State::Login(login) if login.tag == tag => self.logged_in(status),
            State::Task(running) if running.tag == tag => self.finish(Finish::Said(status)),
            State::Logout => self.close(),
            _ => self.garbage(&format!("{tag} {}", status.text)),
        }
    }

    fn untagged(&mut self, data: Data) {
        match &data {
            Data::Status(status) if matches!(self.state, State::Greeting) => return self.greeted(status.clone()),
            // RFC 9051 §7.1.5.
            Data::Status(status) if status.status == Status::Bye => return self.goodbye(status.clone()),
            Data::Status(status) => self.learn(status.code.as_ref()),
            Data::Capability(capabilities) => self.facts.capabilities.clone_from(capabilities),
            Data::Enabled(enabled) => self.enabled(enabled),
            _ => {}
        }
        match self.state {
            State::Greeting => self.garbage("data before the greeting"),
            State::Task(_) => self.out.push_back(Out::Ask(Ask::Heard(Box::new(data)), Question::Heard)),
            _ => {}
        }
    }

    fn goodbye(&mut self, status: StatusText) {
        // The answer to LOGOUT follows it.
        if !matches!(self.state, State::Logout) {
            self.lose(Said::Status(status));
        }
    }

    fn learn(&mut self, code: Option<&Code>) {
        if let Some(Code::Capability(capabilities)) = code {
            self.facts.capabilities.clone_from(capabilities);
        }
    }

    /// RFC 9051 §6.3.1, RFC 6855 §3.
    fn enabled(&mut self, capabilities: &[String]) {
        if capabilities.iter().any(|enabled| matches!(enabled.as_str(), "IMAP4REV2" | "UTF8=ACCEPT")) {
            self.facts.charset = crate::imap::Charset::Utf8;
            self.stream.set_charset(self.facts.charset);
        }
    }

    /// Whether input is taken now.
    fn hears(&self) -> bool {
        let deaf = matches!(self.state, State::Handshake | State::Closed) || self.asks_next();
        self.question.is_none() && self.out.is_empty() && !self.relaying && !deaf
    }

    fn asks_next(&self) -> bool {
        matches!(self.question, Some(Question::Next))
    }

    /// Sets the deadline for what is awaited from now on.
    pub(super) fn arm(&mut self, now: Time) {
        let timeouts = &self.profile.timeouts;
        let limit = match &self.state {
            State::Greeting => timeouts.greeting,
            State::Logout => timeouts.logout,
            State::Task(_) | State::Ready => timeouts.task,
            _ => timeouts.login,
        };
        if self.unstarted {
            self.last_start = now.max(self.last_start.after(APART));
            self.deadline = self.last_start;
        } else {
            self.deadline = now.after(limit);
        }
        if let State::Task(running) = &self.state
            && let Some(until) = running.idles_until()
        {
            self.deadline = until;
        }
    }

    fn answered(&mut self, now: Time, question: Question, answer: Answer) {
        match (question, answer) {
            (Question::Next, _) if self.peer_gone => self.lose(Said::Closed),
            (Question::Next, Answer::Task(task)) if !self.draining => self.begin(now, task),
            (Question::Next, _) => self.log_out(),
            (Question::Heard, Answer::Stop) => {
                self.stop_idling();
            }
            (Question::Heard | Question::Told, _) => {}
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
        let (taken, incoming) = self.stream.read(bytes);
        match incoming {
            Incoming::More => {}
            Incoming::Response(response) => self.heard(response),
            Incoming::Body(head) if matches!(self.state, State::Task(_)) => {
                self.out.push_back(Out::Ask(Ask::Body(head), Question::Told));
            }
            Incoming::Content(octets) if matches!(self.state, State::Task(_)) => {
                self.out.push_back(Out::Content(0..octets));
            }
            Incoming::Body(_) | Incoming::Content(_) => {}
            Incoming::Broken(broken) => self.garbage(&broken.to_string()),
        }
        if taken > 0 {
            self.arm(now);
        }
        taken
    }

    fn answer(&mut self, now: Time, answer: Answer) {
        let Some(question) = self.question.take() else { return };
        self.answered(now, question, answer);
        self.arm(now);
    }

    fn event(&mut self, now: Time, event: Event) {
        match event {
            Event::TlsStarted(facts) => self.tls_started(facts),
            Event::Draining => {
                self.draining = true;
                self.stop_idling();
                if !matches!(self.state, State::Task(_) | State::Logout) && !self.asks_next() {
                    self.lose(Said::Refused(Refusal::Stopping));
                }
            }
            Event::Dismissed | Event::Revoked | Event::PeerClosed => {
                self.peer_gone = true;
                if !self.asks_next() {
                    self.lose(Said::Closed);
                }
            }
            // The desk has something else to do.
            Event::News => {
                self.stop_idling();
            }
        }
        self.arm(now);
    }

    fn step(&mut self) -> Step<Ask> {
        if self.question.is_some() {
            return Step::Read;
        }
        self.relaying = false;
        match self.out.pop_front() {
            None => Step::Read,
            Some(Out::Send(octets)) => Step::Send(octets),
            Some(Out::Content(range)) => Step::Content(range),
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

    fn awaits_news(&self) -> bool {
        matches!(&self.state, State::Task(running) if running.idles_until().is_some())
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
        if std::mem::take(&mut self.unstarted) || self.stop_idling() {
            self.arm(now);
        } else {
            self.lose(Said::TimedOut);
        }
    }
}
