//! A connection that is none: octets from one end arrive at the other a while later. Owns its delays and what goes wrong
//! on it; knows nothing of what is said over it.

use super::timeline::{Life, Timeline};
use message::Time;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What goes wrong on a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing.
    #[default]
    None,
    /// It breaks when so many octets have passed, both ways together.
    Break(u64),
    /// From then on nothing arrives, and nobody is told.
    Silence(u64),
    /// It breaks when the server has committed a message: its reply to the final dot is never heard.
    BreakAfterDot,
    /// Every run of octets takes so long.
    Slow(Duration),
}

/// How long octets take usually: across a continent.
const DELAY: Duration = Duration::from_millis(20);

struct State {
    /// On their way, to the first end and to the second.
    ways: [Way; 2],
    mishap: Mishap,
    passed: u64,
    broken: bool,
    /// A server has committed a message for these, and has not said so yet.
    committed: Vec<String>,
    unheard: Ledger,
}

/// Recipients of messages that were committed although the client was never told.
pub(super) type Ledger = Arc<Mutex<Vec<String>>>;

#[derive(Default)]
struct Way {
    /// When they arrive.
    octets: VecDeque<(Time, Run)>,
    closed: Option<Time>,
    news: Arc<Notify>,
}

/// What was said at one time, by somebody who lived then.
struct Run {
    said: Time,
    by: Life,
    octets: Vec<u8>,
}

/// One end. Dropping it closes the line.
pub(super) struct End {
    timeline: Timeline,
    state: Arc<Mutex<State>>,
    /// Its own way is this one.
    side: usize,
    life: Life,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    Octets,
    /// The other end is closed, or the line broke.
    Closed,
    /// Nothing, by the time that was given.
    Nothing,
}

/// A line between two lives, and its two ends.
pub(super) fn line(timeline: &Timeline, mishap: Mishap, lives: [Life; 2], unheard: &Ledger) -> (End, End) {
    let (passed, broken, committed, unheard) = (0, false, Vec::new(), unheard.clone());
    let state = State { ways: Default::default(), mishap, passed, broken, committed, unheard };
    let state = Arc::new(Mutex::new(state));
    let [first, second] = lives;
    let end = |side, life| End { timeline: timeline.clone(), state: state.clone(), side, life };
    (end(0, first), end(1, second))
}

impl End {
    /// Sends octets to the other end.
    pub fn send(&self, octets: &[u8]) {
        let now = self.timeline.now();
        let mut state = self.state.lock();
        let (passing, delay) = state.passing(octets.len());
        if passing < octets.len() {
            state.not_heard();
        }
        state.committed.clear();
        if let Some(octets) = octets.get(..passing).filter(|octets| !octets.is_empty()) {
            let run = Run { said: now, by: self.life.clone(), octets: octets.to_vec() };
            let other = state.other(self.side);
            other.octets.push_back((now.after(delay), run));
            other.news.notify_one();
        }
        if passing < octets.len() && matches!(state.mishap, Mishap::Break(_)) {
            state.part(now);
        }
    }

    /// The server behind this end has committed a message for these.
    pub fn committed(&self, recipients: Vec<String>) {
        let mut state = self.state.lock();
        state.committed = recipients;
        if state.mishap == Mishap::BreakAfterDot {
            state.part(self.timeline.now());
        }
        if state.broken {
            state.not_heard();
        }
    }

    /// Waits for octets; those that came are added.
    pub async fn receive(&self, into: &mut Vec<u8>, deadline: Option<Time>) -> Came {
        loop {
            let (next, news) = match self.look(into) {
                Ok(came) => return came,
                Err(wait) => wait,
            };
            if deadline.is_some_and(|deadline| deadline <= self.timeline.now()) {
                return Came::Nothing;
            }
            let until = next.into_iter().chain(deadline).min();
            tokio::select! {
                biased;
                () = news.notified() => {}
                () = self.timeline.sleep_until(until.unwrap_or_default()), if until.is_some() => {}
            }
        }
    }

    /// What has come by now; or when something will, as far as is known.
    fn look(&self, into: &mut Vec<u8>) -> Result<Came, (Option<Time>, Arc<Notify>)> {
        let now = self.timeline.now();
        let mut state = self.state.lock();
        let Some(way) = state.ways.get_mut(self.side) else { return Ok(Came::Closed) };
        let mut came = false;
        while let Some((_, run)) = way.octets.pop_front_if(|(time, _)| *time <= now) {
            if run.by.said(run.said) {
                into.extend_from_slice(&run.octets);
                came = true;
            }
        }
        if came {
            return Ok(Came::Octets);
        }
        match (way.octets.front(), way.closed) {
            // What was said before the end is heard before it, however slow it is.
            (Some((first, _)), _) => Err((Some(*first), way.news.clone())),
            (None, Some(closed)) if closed <= now => Ok(Came::Closed),
            (None, closed) => Err((closed, way.news.clone())),
        }
    }
}

impl State {
    fn other(&mut self, side: usize) -> &mut Way {
        let [first, second] = &mut self.ways;
        if side == 0 { second } else { first }
    }

    /// How many of so many octets get through, and how long they take.
    fn passing(&mut self, octets: usize) -> (usize, Duration) {
        if self.broken {
            return (0, DELAY);
        }
        let before = self.passed;
        self.passed += octets as u64;
        let until = |mark: u64| usize::try_from(mark.saturating_sub(before)).unwrap_or(usize::MAX).min(octets);
        match self.mishap {
            Mishap::Break(mark) | Mishap::Silence(mark) => (until(mark), DELAY),
            Mishap::Slow(delay) => (octets, delay),
            Mishap::None | Mishap::BreakAfterDot => (octets, DELAY),
        }
    }

    /// The reply to what was committed is lost.
    fn not_heard(&mut self) {
        let committed = std::mem::take(&mut self.committed);
        self.unheard.lock().extend(committed);
    }

    /// Both ends learn that it is broken; what is on its way is lost.
    fn part(&mut self, now: Time) {
        self.broken = true;
        for way in &mut self.ways {
            way.closed = way.closed.or(Some(now.after(DELAY)));
            way.news.notify_one();
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let now = self.timeline.now();
        let mut state = self.state.lock();
        // Who goes while the line is silent is not heard to go.
        let silent = matches!(state.mishap, Mishap::Silence(mark) if state.passed > mark);
        if !silent {
            let other = state.other(self.side);
            other.closed = other.closed.or(Some(now.after(DELAY)));
            other.news.notify_one();
        }
    }
}
