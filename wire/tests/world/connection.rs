//! One connection of a pure run: the driver of `wire/src/session.rs` without a socket, and a check of its laws.

use message::Time;
use std::collections::VecDeque;
use std::ops::Range;
use wire::dialogue::play::{dot_stuffed, top};
use wire::dialogue::{Captures, Question, show};
use wire::session::INPUT_MIN;
use wire::{Event, Framing, Relay, Session, Step, TlsFacts};

/// More steps than any burst of a dialogue asks for: a session that goes round in circles is found out.
const STEPS_MAX: usize = 2_000_000;

/// Wakings that one act of others may lead to.
const WAKINGS_MAX: usize = 10;

/// The desk of one connection in memory, and the words for its questions and answers.
pub trait TestDesk<S: Session> {
    fn answer(&mut self, ask: S::Ask) -> S::Answer;
    fn content(&mut self, octets: &[u8]);
    fn read(&mut self, source: u64) -> Option<Vec<u8>>;
    fn ask_text(ask: &S::Ask) -> String;
    fn read_answer(text: &str) -> Result<S::Answer, String>;
    /// Whether something is new that the session was not told of.
    fn has_news(&self) -> bool {
        false
    }
    /// A prepared answer was given in the desk's place.
    fn accepted(&mut self, ask: &S::Ask, answer: &S::Answer);
}

/// What the stage does with a connection, whatever its protocol.
pub trait Connection {
    fn feed(&mut self, now: Time, octets: &[u8]) -> Result<(), String>;
    fn tls(&mut self, now: Time) -> Result<(), String>;
    fn peer_closed(&mut self, now: Time) -> Result<(), String>;
    fn tick(&mut self, now: Time) -> Result<(), String>;
    /// Others did something: the session is woken where it waits for news.
    fn wake(&mut self, now: Time) -> Result<(), String>;
    fn state(&mut self) -> &mut State;
}

/// What is seen of a connection from outside.
#[derive(Default)]
pub struct State {
    /// Octets sent and not yet heard.
    pub output: Vec<u8>,
    /// All octets sent.
    pub said: Vec<u8>,
    pub closed: bool,
    pub questions: VecDeque<Question>,
    pub notes: Vec<String>,
}

pub struct Driver<S, D> {
    session: S,
    desk: D,
    state: State,
    /// Input not yet taken.
    input: Vec<u8>,
    awaiting_tls: bool,
}

impl<S: Session, D: TestDesk<S>> Driver<S, D> {
    /// With TLS from the start where the port has it.
    pub fn start(now: Time, session: S, desk: D, tls: bool) -> Result<Driver<S, D>, String> {
        let mut driver = Driver { session, desk, state: State::default(), input: Vec::new(), awaiting_tls: false };
        if tls {
            driver.session.event(now, Event::TlsStarted(facts()));
        }
        driver.pump(now, 0)?;
        Ok(driver)
    }

    /// Offers what is there and does what the session says until it wants more.
    fn offer(&mut self, now: Time) -> Result<(), String> {
        self.session.tick(now);
        let taken = self.session.receive(now, &self.input);
        self.pump(now, taken)
    }

    fn pump(&mut self, now: Time, mut taken: usize) -> Result<(), String> {
        for _ in 0..STEPS_MAX {
            if taken > self.input.len() {
                return Err(format!("the session took {taken} octets of {}", self.input.len()));
            }
            match self.session.step() {
                Step::Send(octets) => self.say(&octets),
                Step::Content(range) => self.content(range, taken)?,
                Step::Ask(ask) => self.ask(now, ask)?,
                Step::Relay(relay) => self.relay(relay)?,
                // What both sides say from here on is shown as it is inflated.
                Step::Compress => {}
                Step::StartTls => {
                    self.input.clear();
                    self.awaiting_tls = true;
                    return Ok(());
                }
                Step::Close | Step::Turn => {
                    self.state.closed = true;
                    return Ok(());
                }
                Step::Read => {
                    self.input.drain(..taken);
                    if taken == 0 || self.input.is_empty() {
                        return Ok(());
                    }
                    taken = self.session.receive(now, &self.input);
                }
            }
        }
        Err("the session goes round in circles".to_owned())
    }

    fn say(&mut self, octets: &[u8]) {
        self.state.output.extend_from_slice(octets);
        self.state.said.extend_from_slice(octets);
    }

    fn content(&mut self, range: Range<usize>, taken: usize) -> Result<(), String> {
        if range.end > taken {
            return Err(format!("content {range:?} was not taken ({taken} octets were)"));
        }
        let octets = self.input.get(range.clone()).ok_or_else(|| format!("content {range:?} is not there"))?;
        self.desk.content(octets);
        Ok(())
    }

    fn ask(&mut self, now: Time, ask: S::Ask) -> Result<(), String> {
        let text = D::ask_text(&ask);
        if self.session.receive(now, b"NOOP\r\nNOOP\r\n") != 0 {
            return Err(format!("input was taken while `{text}` was open"));
        }
        self.state.notes.push(format!("  ? {text}"));
        let prepared = self.state.questions.front();
        let answer = match prepared.filter(|question| question.ask.matches(text.as_bytes(), &mut Captures::new())) {
            None => self.desk.answer(ask),
            Some(_) => match self.state.questions.pop_front().and_then(|question| question.answer) {
                None => self.desk.answer(ask),
                Some(words) => {
                    let answer = D::read_answer(&words)?;
                    self.desk.accepted(&ask, &answer);
                    answer
                }
            },
        };
        self.session.answer(now, answer);
        Ok(())
    }

    fn relay(&mut self, relay: Relay) -> Result<(), String> {
        let octets = self.desk.read(relay.source).ok_or_else(|| format!("no content {}", relay.source))?;
        let shown = match relay.framing {
            Framing::Raw => {
                self.say(&octets);
                return Ok(());
            }
            Framing::Range { offset, octets: length } => {
                let end = usize::try_from(offset.saturating_add(length)).ok();
                let range = usize::try_from(offset).ok().zip(end).and_then(|(start, end)| octets.get(start..end));
                let range = range.ok_or_else(|| format!("{length} octets from {offset} on are not there"))?;
                self.say(range);
                return Ok(());
            }
            Framing::DotStuffed { lines: None } => octets.len(),
            Framing::DotStuffed { lines: Some(lines) } => top(&octets, usize::try_from(lines).unwrap_or(usize::MAX)),
        };
        let mut wire = dot_stuffed(&octets[..shown]);
        let end: &[u8] = if wire.ends_with(b"\r\n") || wire.is_empty() { b".\r\n" } else { b"\r\n.\r\n" };
        wire.extend_from_slice(end);
        self.say(&wire);
        Ok(())
    }
}

fn facts() -> TlsFacts {
    TlsFacts { version: "TLS1.3".to_owned(), cipher: "TLS_AES_256_GCM_SHA384".to_owned(), exporter: Some([7; 32]) }
}

impl<S: Session, D: TestDesk<S>> Connection for Driver<S, D> {
    fn feed(&mut self, now: Time, octets: &[u8]) -> Result<(), String> {
        let mut left = octets;
        while !left.is_empty() && !self.state.closed && !self.awaiting_tls {
            let room = INPUT_MIN.saturating_sub(self.input.len());
            if room == 0 {
                return Err(format!("the session takes nothing of {INPUT_MIN} octets: {}", show(&self.input[..80])));
            }
            let (now_sent, later) = left.split_at(room.min(left.len()));
            self.input.extend_from_slice(now_sent);
            left = later;
            self.offer(now)?;
        }
        Ok(())
    }

    fn tls(&mut self, now: Time) -> Result<(), String> {
        if !std::mem::take(&mut self.awaiting_tls) {
            return Err("the server did not ask for TLS".to_owned());
        }
        self.session.event(now, Event::TlsStarted(facts()));
        self.pump(now, 0)
    }

    fn peer_closed(&mut self, now: Time) -> Result<(), String> {
        self.input.clear();
        self.session.event(now, Event::PeerClosed);
        self.pump(now, 0)
    }

    fn tick(&mut self, now: Time) -> Result<(), String> {
        self.session.tick(now);
        self.pump(now, 0)
    }

    fn wake(&mut self, now: Time) -> Result<(), String> {
        for _ in 0..WAKINGS_MAX {
            if self.state.closed || !self.session.awaits_news() || !self.desk.has_news() {
                return Ok(());
            }
            self.session.event(now, Event::News);
            self.pump(now, 0)?;
        }
        Err("the session is woken again and again".to_owned())
    }

    fn state(&mut self) -> &mut State {
        &mut self.state
    }
}
