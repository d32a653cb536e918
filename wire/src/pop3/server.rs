//! The server's end of a POP3 connection: what is read, what is asked, and the three states of RFC 1939 §3. Owns no
//! policy and no mail: who may in, and what is in the maildrop, is the desk's to say.

use super::listing::Listing;
use super::transaction::Session as Visit;
use super::{Answer, Ask, Command, Limits, limits};
use crate::line::{self, Line, Rest};
use crate::sasl::{Exchange, Mechanism};
use crate::session::{Event, Relay, Session, Step, TlsFacts};
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;

/// How one connection's session is to behave.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Our name.
    pub hostname: String,
    /// The words of the greeting after the name.
    pub greeting: String,
    /// STLS can be done.
    pub tls_available: bool,
    /// This client may log in without TLS.
    pub plaintext_login: bool,
    /// SASL mechanisms on offer, the best first.
    pub mechanisms: Vec<Mechanism>,
    /// `<...@...>` for the greeting (RFC 1939 §7); `None`: no APOP.
    pub apop_timestamp: Option<String>,
    /// For IMPLEMENTATION in CAPA (RFC 2449 §6.9); `None`: not told.
    pub implementation: Option<String>,
    /// Limits.
    pub limits: Limits,
}

/// One connection's session.
pub struct Server {
    pub(super) profile: Profile,
    pub(super) state: State,
    pub(super) reading: Reading,
    question: Option<Question>,
    out: VecDeque<Out>,
    pub(super) tls: Option<TlsFacts>,
    pub(super) utf8: bool,
    bad_commands: usize,
    pub(super) login_failures: usize,
    draining: bool,
    peer_gone: bool,
    deadline: Time,
}

/// RFC 1939 §3. UPDATE is the question asked after QUIT.
pub(super) enum State {
    /// Nobody is logged in; the name of a USER command that waits for its PASS.
    Authorization { user: Option<String> },
    /// A maildrop is open.
    Transaction(Visit),
}

/// What the next input is.
pub(super) enum Reading {
    Command,
    /// A line of an AUTH exchange; `None`: the empty line after the server's last data.
    Login(Option<Box<Exchange>>),
    /// What is left of a line over the limit.
    LongLine,
    /// Nothing: the TLS handshake is due.
    Handshake,
    Closed,
}

/// The open question, with what its answer decides.
pub(super) enum Question {
    /// USER and PASS, or APOP.
    Login,
    /// A step of this exchange.
    Exchange(Box<Exchange>),
    /// The maildrop.
    Open,
    /// A message, then sent so.
    Fetch { text: String, relay: Relay },
    /// The end, after QUIT.
    Update,
}

/// A step not yet taken.
pub(super) enum Out {
    Send(Bytes),
    Ask(Ask, Question),
    Relay(Relay),
    List(Listing),
    StartTls,
    Close,
}

impl Server {
    /// Starts with the greeting. On a port with implicit TLS the driver tells [`Event::TlsStarted`] before the first
    /// step.
    #[must_use]
    pub fn new(now: Time, profile: Profile) -> Server {
        let mut server = Server {
            profile,
            state: State::Authorization { user: None },
            reading: Reading::Command,
            question: None,
            out: VecDeque::new(),
            tls: None,
            utf8: false,
            bad_commands: 0,
            login_failures: 0,
            draining: false,
            peer_gone: false,
            deadline: now,
        };
        let timestamp = server.profile.apop_timestamp.as_ref().map_or(String::new(), |text| format!(" {text}"));
        let greeting = format!("{} {}{timestamp}", server.profile.hostname, server.profile.greeting);
        server.ok(&greeting);
        server.settle(now);
        server
    }

    // What goes out.

    pub(super) fn send(&mut self, line: &str) {
        if !matches!(self.reading, Reading::Closed) {
            self.out.push_back(Out::Send(Bytes::from(format!("{line}\r\n"))));
        }
    }

    pub(super) fn ok(&mut self, text: &str) {
        self.send(&format!("+OK {text}"));
    }

    /// A refusal that is nobody's fault.
    pub(super) fn err(&mut self, text: &str) {
        self.send(&format!("-ERR {text}"));
    }

    /// Refuses a command that should not have come, and counts it.
    pub(super) fn refuse(&mut self, text: &str) {
        self.bad_commands += 1;
        if self.bad_commands > self.profile.limits.bad_commands {
            return self.close(Some("too many bad commands"));
        }
        self.err(text);
    }

    pub(super) fn ask(&mut self, ask: Ask, question: Question) {
        self.out.push_back(Out::Ask(ask, question));
    }

    pub(super) fn push(&mut self, out: Out) {
        self.out.push_back(out);
    }

    /// Ends the connection; what was marked by DELE stays (RFC 1939 §6).
    pub(super) fn close(&mut self, farewell: Option<&str>) {
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        if let Some(text) = farewell {
            self.err(text);
        }
        self.out.push_back(Out::Close);
        self.reading = Reading::Closed;
    }

    /// QUIT, all done.
    pub(super) fn farewell(&mut self) {
        self.ok("goodbye");
        self.close(None);
    }

    // What comes in.

    fn receive_line(&mut self, bytes: &[u8]) -> usize {
        let auth = bytes.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        let in_exchange = matches!(self.reading, Reading::Login(_));
        let limit = if auth || in_exchange { limits::AUTH_LINE } else { limits::COMMAND_LINE };
        match line::read(bytes, limit) {
            Line::Unfinished => 0,
            Line::Bare => self.bare_line_end(bytes),
            Line::TooLong(taken) => {
                self.reading = Reading::LongLine;
                taken
            }
            Line::Whole(text) => {
                match std::mem::replace(&mut self.reading, Reading::Command) {
                    Reading::Login(exchange) => self.login_line(exchange, text),
                    _ => self.command_line(text),
                }
                text.len() + 2
            }
        }
    }

    /// A client that ends lines otherwise may mean otherwise by what follows: nothing more is read.
    fn bare_line_end(&mut self, bytes: &[u8]) -> usize {
        self.close(Some("lines end with CR LF"));
        bytes.len()
    }

    fn receive_long_line(&mut self, bytes: &[u8]) -> usize {
        match line::skip(bytes) {
            Rest::Bare => self.bare_line_end(bytes),
            Rest::More(taken) => taken,
            Rest::End(taken) => {
                self.reading = Reading::Command;
                self.refuse("line too long");
                taken
            }
        }
    }

    fn command_line(&mut self, text: &[u8]) {
        match Command::parse(text) {
            Ok(command) => self.execute(command),
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Capa => self.capabilities(),
            Command::Lang(tag) => self.language(tag.as_deref()),
            Command::Quit => self.quit(),
            command => match self.state {
                State::Authorization { .. } => self.authorize(command),
                State::Transaction(_) => self.transact(command),
            },
        }
    }

    fn answered(&mut self, question: Question, answer: Answer) {
        match (question, answer) {
            (Question::Login, Answer::Sasl(answer)) => self.login_answer(answer),
            (Question::Exchange(exchange), Answer::Sasl(answer)) => self.exchange_answer(exchange, answer),
            (Question::Open, Answer::Maildrop(maildrop)) => self.opened(maildrop),
            (Question::Open, Answer::Refused(refusal)) => self.not_opened(refusal),
            (Question::Fetch { text, relay }, Answer::Done) => {
                self.ok(&text);
                self.push(Out::Relay(relay));
            }
            (Question::Fetch { .. }, Answer::Refused(refusal)) => self.not_fetched(refusal),
            (Question::Update, Answer::Done) => self.farewell(),
            (Question::Update, Answer::Refused(refusal)) => self.not_updated(refusal),
            // A desk that answers another question is a defect of ours.
            _ => self.close(Some("[SYS/PERM] internal error")),
        }
    }

    // Time, and the end of the connection.

    fn settle(&mut self, now: Time) {
        if matches!(self.reading, Reading::Closed) {
            return;
        }
        let idle = self.question.is_none() && !self.out.iter().any(|out| matches!(out, Out::Ask(..)));
        if self.peer_gone {
            self.out.clear();
            self.close(None);
        } else if self.draining && idle && !matches!(self.reading, Reading::Handshake) {
            self.close(Some("[SYS/TEMP] this server is stopping, come back later"));
        }
        let limits = &self.profile.limits;
        self.deadline = now.after(match self.state {
            State::Authorization { .. } => limits.login_timeout,
            State::Transaction(_) => limits.idle_timeout,
        });
    }

    fn hears(&self) -> bool {
        self.question.is_none() && self.out.is_empty()
    }

    fn tls_started(&mut self, facts: TlsFacts) {
        self.tls = Some(facts);
        if matches!(self.reading, Reading::Handshake) {
            // RFC 2595 §4: what was learnt in the clear is forgotten.
            self.reading = Reading::Command;
            self.state = State::Authorization { user: None };
            self.utf8 = false;
        }
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
            Event::PeerClosed => self.peer_gone = true,
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
            Some(Out::Relay(relay)) => Step::Relay(relay),
            Some(Out::StartTls) => Step::StartTls,
            Some(Out::Close) => Step::Close,
            Some(Out::List(listing)) => Step::Send(self.page(listing)),
            Some(Out::Ask(ask, question)) => {
                self.question = Some(question);
                Step::Ask(ask)
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        let waits = self.hears() && !matches!(self.reading, Reading::Closed);
        waits.then_some(self.deadline)
    }

    /// RFC 1939 §3: the session ends without UPDATE and without a word.
    fn tick(&mut self, now: Time) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.close(None);
        }
    }
}

impl Server {
    /// One page of a listing; the rest goes back in front of what waits.
    fn page(&mut self, mut listing: Listing) -> Bytes {
        let State::Transaction(visit) = &self.state else { return Bytes::new() };
        let page = listing.page(visit);
        if !listing.is_over() {
            self.out.push_front(Out::List(listing));
        }
        page
    }
}
