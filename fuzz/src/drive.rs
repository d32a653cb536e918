//! Drives a session without a socket, as `wire::session` says, and checks its laws on the way.

use message::Time;
use wire::session::INPUT_MIN;
use wire::{Event, Session, Step};

/// A desk that answers anything at once.
pub trait Answers<S: Session> {
    /// The answer to one question.
    fn answer(&mut self, ask: S::Ask) -> S::Answer;
    /// Takes content.
    fn content(&mut self, octets: &[u8]);
}

/// What was seen of a session from outside.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What it sent; a relayed message as one mark.
    pub output: Vec<u8>,
    /// It closed the connection.
    pub closed: bool,
    /// It asked for TLS, which ends a run.
    pub tls: bool,
}

/// The time of every run.
const NOW: Time = Time(1_081_298_274_000);

/// Runs a session over the input, cut into pieces of so many octets, and lets the peer go at the end.
///
/// # Panics
/// When a law is broken.
pub fn run<S: Session, D: Answers<S>>(session: S, desk: D, input: &[u8], piece: usize) -> (Seen, D) {
    run_pieces(session, desk, input.chunks(piece.max(1)))
}

/// The same with input that is cut already.
///
/// # Panics
/// When a law is broken.
pub fn run_pieces<'a, S: Session, D: Answers<S>>(
    session: S,
    desk: D,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Seen, D) {
    let mut run = Run { session, desk, seen: Seen::default(), buffer: Vec::new() };
    run.pump(0);
    for piece in pieces {
        run.feed(piece);
        if run.over() {
            return (run.seen, run.desk);
        }
    }
    run.session.event(NOW, Event::PeerClosed);
    run.buffer.clear();
    run.pump(0);
    (run.seen, run.desk)
}

struct Run<S, D> {
    session: S,
    desk: D,
    seen: Seen,
    buffer: Vec<u8>,
}

impl<S: Session, D: Answers<S>> Run<S, D> {
    fn over(&self) -> bool {
        self.seen.closed || self.seen.tls
    }

    fn feed(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() && !self.over() {
            let room = INPUT_MIN.saturating_sub(self.buffer.len());
            assert!(room > 0, "the session takes nothing of {INPUT_MIN} octets");
            let (now, later) = octets.split_at(room.min(octets.len()));
            self.buffer.extend_from_slice(now);
            octets = later;
            let taken = self.session.receive(NOW, &self.buffer);
            self.pump(taken);
        }
    }

    fn pump(&mut self, mut taken: usize) {
        // Every octet can lead to a handful of steps; a session that goes round in circles makes more.
        let steps_max = 1000 + 64 * self.buffer.len();
        for _ in 0..steps_max {
            assert!(taken <= self.buffer.len(), "took {taken} octets of {}", self.buffer.len());
            match self.session.step() {
                Step::Send(octets) => self.seen.output.extend_from_slice(&octets),
                Step::Content(range) => {
                    assert!(range.end <= taken, "content {range:?} was not taken");
                    self.desk.content(self.buffer.get(range).unwrap_or_default());
                }
                Step::Ask(ask) => {
                    assert_eq!(self.session.receive(NOW, b"NOOP\r\n"), 0, "input was taken while a question was open");
                    let answer = self.desk.answer(ask);
                    self.session.answer(NOW, answer);
                }
                Step::Relay(relay) => self.seen.output.extend_from_slice(format!("<{relay:?}>\r\n").as_bytes()),
                Step::StartTls => self.seen.tls = true,
                // What comes from here on is taken for what it is inflated to.
                Step::Compress => {}
                Step::Close | Step::Turn => self.seen.closed = true,
                Step::Read => {
                    self.buffer.drain(..taken);
                    if taken == 0 || self.buffer.is_empty() {
                        return;
                    }
                    taken = self.session.receive(NOW, &self.buffer);
                }
            }
            if self.over() {
                return;
            }
        }
        panic!("the session goes round in circles");
    }
}
