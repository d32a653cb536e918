//! Sessions driven without a socket, against a desk that knows bob and three messages.
#![allow(clippy::unwrap_used)]

mod commands;
mod hostile;
mod limits;
mod login;
mod maildrop;
mod states;

use super::*;
use crate::sasl;
use crate::session::{Event, Relay, Session, Standing, Step, TlsFacts};
use message::Time;
use std::time::Duration;

/// Drivers move sessions between threads.
const _: fn() = || {
    fn moves<T: Send>() {}
    moves::<Server>();
};

/// A session, its desk, and what passed between them.
pub struct Drive {
    pub server: Server,
    now: Time,
    input: Vec<u8>,
    /// How many octets are offered at once.
    slice: usize,
    /// What was sent and not looked at yet; a relayed message as one line.
    sent: Vec<u8>,
    /// The longest single send.
    longest: usize,
    asks: Vec<Ask>,
    closed: bool,
    /// What the desk answers next, where it is not to answer as it would.
    answers: Vec<Answer>,
    maildrop: Maildrop,
}

pub fn profile() -> Profile {
    Profile {
        hostname: "hamburger.edu".into(),
        greeting: String::new(),
        tls_available: true,
        plaintext_login: true,
        mechanisms: vec![sasl::Mechanism::ScramSha256Plus, sasl::Mechanism::ScramSha256, sasl::Mechanism::Plain],
        apop_timestamp: None,
        implementation: None,
        limits: Limits::default(),
    }
}

pub fn facts() -> TlsFacts {
    TlsFacts { version: "TLS1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into(), exporter: Some([7; 32]) }
}

/// Three messages of 100, 200 and 300 octets; the last has UTF-8 in its header.
fn three() -> Maildrop {
    let entry = |n: u32| Entry { source: n.into(), octets: u64::from(n) * 100, uid: n + 10, utf8_header: n == 3 };
    Maildrop { uid_validity: 0xabc, entries: (1..=3).map(entry).collect() }
}

impl Drive {
    pub fn new(profile: Profile) -> Drive {
        let now = Time(1_000_000);
        Drive {
            server: Server::new(now, profile),
            now,
            input: Vec::new(),
            slice: usize::MAX,
            sent: Vec::new(),
            longest: 0,
            asks: Vec::new(),
            closed: false,
            answers: Vec::new(),
            maildrop: three(),
        }
    }

    /// The greeting heard.
    pub fn greeted(profile: Profile) -> Drive {
        let mut drive = Drive::new(profile);
        drive.feed(b"");
        drive
    }

    /// bob logged in.
    pub fn logged_in() -> Drive {
        let mut drive = Drive::greeted(profile());
        drive.log_in();
        drive
    }

    pub fn log_in(&mut self) {
        self.say("USER bob");
        assert!(self.say("PASS hungry").starts_with("+OK"));
        self.asks.clear();
    }

    /// One line from the client; what came back.
    pub fn say(&mut self, line: &str) -> String {
        self.feed(format!("{line}\r\n").as_bytes())
    }

    /// Octets from the client; what came back.
    pub fn feed(&mut self, bytes: &[u8]) -> String {
        self.steps();
        self.input.extend_from_slice(bytes);
        let mut offered = self.input.len().min(self.slice);
        while !self.closed {
            let taken = self.server.receive(self.now, &self.input[..offered]);
            assert!(taken <= offered);
            self.steps();
            if self.input.is_empty() {
                break; // the driver dropped it, at STLS
            }
            self.input.drain(..taken);
            offered -= taken;
            if taken == 0 || offered == 0 {
                if offered == self.input.len() {
                    break;
                }
                offered = self.input.len().min(offered.saturating_add(self.slice));
            }
        }
        String::from_utf8(std::mem::take(&mut self.sent)).unwrap()
    }

    /// Does what the session says until it waits.
    fn steps(&mut self) {
        while !self.closed {
            match self.server.step() {
                Step::Read => break,
                Step::Compress => unreachable!("POP3 compresses nothing"),
                Step::Close | Step::Turn => self.closed = true,
                Step::Send(octets) => {
                    self.longest = self.longest.max(octets.len());
                    self.sent.extend_from_slice(&octets);
                }
                Step::Relay(relay) => self.relay(relay),
                Step::Content(_) => unreachable!("POP3 takes no content"),
                Step::Ask(ask) => {
                    assert_eq!(self.server.receive(self.now, b"NOOP\r\n"), 0, "input waits while a question is open");
                    self.asks.push(ask.clone());
                    let answer = self.answers.pop().unwrap_or_else(|| self.desk(ask));
                    self.server.answer(self.now, answer);
                }
                Step::StartTls => {
                    self.input.clear();
                    self.server.event(self.now, Event::TlsStarted(facts()));
                    return;
                }
            }
        }
    }

    fn relay(&mut self, relay: Relay) {
        let crate::Framing::DotStuffed { lines } = relay.framing else { panic!("POP3 stuffs dots") };
        let lines = lines.map_or("all".to_owned(), |lines| lines.to_string());
        self.sent.extend_from_slice(format!("<{} {lines}>\r\n", relay.source).as_bytes());
    }

    pub fn event(&mut self, event: Event) -> String {
        self.server.event(self.now, event);
        self.feed(b"")
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) -> String {
        self.now = self.now.after(time);
        self.server.tick(self.now);
        self.feed(b"")
    }

    fn desk(&self, ask: Ask) -> Answer {
        match ask {
            Ask::Login(ask) => Answer::Sasl(login_answer(&ask)),
            Ask::Apop { name, digest } => {
                let right = name == "bob" && digest == [0x0f; 16];
                Answer::Sasl(if right { accepted() } else { refused(sasl::Refusal::Credentials) })
            }
            Ask::Open => Answer::Maildrop(self.maildrop.clone().into()),
            Ask::Fetch { .. } | Ask::Update { .. } => Answer::Done,
        }
    }
}

fn accepted() -> sasl::Answer {
    sasl::Answer::Accepted { server_signature: None }
}

fn refused(refusal: sasl::Refusal) -> sasl::Answer {
    sasl::Answer::Refused(refusal)
}

fn login_answer(ask: &sasl::Ask) -> sasl::Answer {
    match ask {
        sasl::Ask::Password { username, password, .. } => match (username.as_str(), password.0.as_slice()) {
            ("bob", b"hungry" | b" two  words ") => accepted(),
            ("busy", _) => refused(sasl::Refusal::TooMany { wait_s: 60 }),
            ("other", _) => refused(sasl::Refusal::Authorization),
            ("broken", _) => refused(sasl::Refusal::Temporary),
            _ => refused(sasl::Refusal::Credentials),
        },
        sasl::Ask::ScramStart { .. } => {
            sasl::Answer::Scram { nonce: "n0nce".into(), salt: b"salt".to_vec(), iterations: 4096 }
        }
        sasl::Ask::ScramProof { .. } => sasl::Answer::Accepted { server_signature: Some([1; 32]) },
    }
}
