//! The driver of `wire/src/session.rs` for a client session, without a socket, and a check of its laws.

use message::Time;
use std::collections::HashMap;
use std::time::Duration;
use wire::dialogue::play::dot_stuffed;
use wire::session::INPUT_MIN;
use wire::smtp::client::{Answer, Ask, Client, Profile};
use wire::{Event, Framing, Session, Step, TlsFacts};

/// More steps than anything here asks for: a session that goes round in circles is found out.
const STEPS_MAX: usize = 100_000;

/// How long the peer takes for a content, longer than for any reply: it must not count against the reply.
const RELAYING: Duration = Duration::from_secs(20 * 60);

/// A session, what it said and what it waits for.
pub struct Driver {
    pub client: Client,
    pub now: Time,
    /// What was sent and not looked at yet.
    pub output: Vec<u8>,
    /// The open question.
    pub asked: Option<Ask>,
    /// The TLS handshake is due.
    pub handshake: bool,
    pub closed: bool,
    /// Content by its source.
    pub contents: HashMap<u64, Vec<u8>>,
    /// The connection breaks when content is to be sent.
    pub breaks_in_content: bool,
    /// Input not yet taken, and how much of it the last `receive` took.
    input: Vec<u8>,
    taken: usize,
}

pub fn facts() -> TlsFacts {
    TlsFacts { version: "TLS1.3".to_owned(), cipher: "TLS_AES_256_GCM_SHA384".to_owned(), exporter: Some([7; 32]) }
}

impl Driver {
    /// With TLS from the start where there is some.
    pub fn start(profile: Profile, implicit_tls: bool) -> Driver {
        let now = Time(1_081_298_274_000);
        let mut driver = Driver {
            client: Client::new(now, profile, *b"a random value of 24 oct"),
            now,
            output: Vec::new(),
            asked: None,
            handshake: false,
            closed: false,
            contents: HashMap::new(),
            breaks_in_content: false,
            input: Vec::new(),
            taken: 0,
        };
        if implicit_tls {
            driver.client.event(now, Event::TlsStarted(facts()));
        }
        driver.pump();
        driver
    }

    fn waits(&self) -> bool {
        self.asked.is_none() && !self.handshake && !self.closed
    }

    /// The peer says so much. During a handshake it would be taken for part of that, and comes to nothing.
    pub fn feed(&mut self, octets: &[u8]) {
        if self.handshake {
            return;
        }
        self.input.extend_from_slice(octets);
        assert!(self.input.len() <= INPUT_MIN || !self.waits(), "the session takes nothing of {INPUT_MIN} octets");
        if self.waits() {
            self.taken = self.client.receive(self.now, &self.input);
            self.pump();
        }
    }

    pub fn answer(&mut self, answer: Answer) {
        assert!(self.asked.take().is_some(), "nothing was asked");
        self.client.answer(self.now, answer);
        self.pump();
    }

    pub fn tls_started(&mut self) {
        assert!(std::mem::take(&mut self.handshake), "no handshake is due");
        self.event(Event::TlsStarted(facts()));
    }

    /// The connection breaks.
    pub fn drop_connection(&mut self) {
        self.input.clear();
        self.handshake = false;
        self.event(Event::PeerClosed);
    }

    pub fn event(&mut self, event: Event) {
        self.taken = 0;
        self.client.event(self.now, event);
        self.pump();
    }

    /// Time passes, from one deadline to the next.
    pub fn pass(&mut self, span: Duration) {
        let until = self.now.after(span);
        while let Some(deadline) = self.client.deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            self.client.tick(self.now);
            assert_ne!(self.client.deadline(), Some(deadline), "a deadline that was ticked stays");
            self.pump();
        }
        self.now = until;
    }

    /// Does what the session says until it waits for something.
    fn pump(&mut self) {
        for _ in 0..STEPS_MAX {
            assert!(self.taken <= self.input.len(), "the session took {} octets of {}", self.taken, self.input.len());
            match self.client.step() {
                Step::Send(octets) => self.output.extend_from_slice(&octets),
                Step::Content(_) | Step::Compress => panic!("a client is given no content and compresses nothing"),
                Step::Ask(ask) => {
                    assert_eq!(self.client.receive(self.now, b"250 ok\r\n"), 0, "input was taken during {ask:?}");
                    self.asked = Some(ask);
                    return;
                }
                Step::Relay(_) if self.breaks_in_content => {
                    self.input.clear();
                    self.taken = 0;
                    self.client.event(self.now, Event::PeerClosed);
                }
                Step::Relay(relay) => {
                    assert_eq!(self.client.receive(self.now, b"250 ok\r\n"), 0, "input was taken while relaying");
                    self.relay(relay.source, relay.framing);
                }
                Step::StartTls => {
                    self.input.clear();
                    self.taken = 0;
                    self.handshake = true;
                    return;
                }
                Step::Close | Step::Turn => {
                    self.closed = true;
                    return;
                }
                Step::Read => {
                    self.input.drain(..std::mem::take(&mut self.taken));
                    // What lies in the past is ticked before anything is read.
                    if let Some(deadline) = self.client.deadline().filter(|deadline| *deadline <= self.now) {
                        self.client.tick(self.now);
                        assert_ne!(self.client.deadline(), Some(deadline), "a deadline that was ticked stays");
                        continue;
                    }
                    if !self.input.is_empty() {
                        self.taken = self.client.receive(self.now, &self.input);
                    }
                    if self.taken == 0 {
                        return;
                    }
                }
            }
        }
        panic!("the session goes round in circles");
    }

    fn relay(&mut self, source: u64, framing: Framing) {
        self.now = self.now.after(RELAYING);
        let content = self.contents.get(&source).unwrap_or_else(|| panic!("no content {source}"));
        match framing {
            Framing::Raw => self.output.extend_from_slice(content),
            Framing::Range { .. } => panic!("SMTP sends no ranges"),
            Framing::DotStuffed { lines } => {
                assert_eq!(lines, None);
                let wire = dot_stuffed(content);
                let whole = wire.is_empty() || wire.ends_with(b"\r\n");
                self.output.extend_from_slice(&wire);
                self.output.extend_from_slice(if whole { b".\r\n" } else { b"\r\n.\r\n" });
            }
        }
    }

    /// The next line that was sent, without its CR LF.
    pub fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.output.windows(2).position(|two| two == b"\r\n")?;
        let line = self.output.drain(..end + 2).take(end).collect();
        Some(line)
    }
}
