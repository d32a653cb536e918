//! What is known of each destination: how many connections it bears, whether it is down, whose turn it was. Owns the
//! names, each kept once. Destinations without rows are remembered, up to a bound, for what was learnt of them.

use super::{Limits, Outcome, Pace};
use message::Time;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Destinations remembered beyond those that may have rows in the window; more than that many at once and those without
/// rows are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// One destination.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) name: Arc<str>,
    pub(super) pace: Pace,
    /// Rows in the window.
    pub(super) held: usize,
    /// Of them, those that could go.
    pub(super) ready: usize,
    /// Attempts that run.
    pub(super) active: u32,
    /// As many may run, as far as it has shown.
    connections: u32,
    /// Attempts that reached it since `connections` grew.
    reached: u32,
    /// Connects that failed since one succeeded.
    failures: u32,
    down_until: Option<Time>,
    /// Its rate allows no attempt before.
    pub(super) next_start: Time,
    pub(super) last_sender: u64,
    /// It stands in the row of turns, or waits for its rate to stand there.
    pub(super) has_turn: bool,
    /// It had its share, so the store may hold rows for it that were not read.
    pub(super) was_crowded: bool,
}

impl Destination {
    fn new(name: Arc<str>, pace: Pace) -> Destination {
        Destination {
            name,
            pace,
            held: 0,
            ready: 0,
            active: 0,
            connections: pace.connections_first,
            reached: 0,
            failures: 0,
            down_until: None,
            next_start: Time(0),
            last_sender: 0,
            has_turn: false,
            was_crowded: false,
        }
    }

    /// How many attempts may run at once; never none.
    pub(super) fn connections(&self) -> u32 {
        self.connections.min(self.pace.connections_max).max(1)
    }

    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.connections = pace.connections_first;
        self.pace = pace;
    }

    pub(super) fn down_until(&self, now: Time) -> Option<Time> {
        self.down_until.filter(|until| *until > now)
    }

    pub(super) fn is_down(&self, now: Time) -> bool {
        self.down_until(now).is_some()
    }

    /// Up until attempts show otherwise.
    pub(super) fn revive(&mut self) {
        self.down_until = None;
        self.failures = 0;
    }

    /// An attempt begins, with so many rows of a sender.
    pub(super) fn start(&mut self, sender: u64, rows: usize, now: Time) {
        self.last_sender = sender;
        self.ready = self.ready.saturating_sub(rows);
        self.active += 1;
        if let Some(rate) = self.pace.rate_per_minute {
            self.next_start = now.after(Duration::from_secs(60) / rate.max(1));
        }
    }

    /// Draws the lesson of an attempt; true when it goes down by it.
    pub(super) fn learn(&mut self, outcome: Outcome, now: Time, limits: &Limits) -> bool {
        match outcome {
            Outcome::Unknown => false,
            Outcome::Reached => {
                self.revive();
                self.reached += 1;
                if self.reached >= self.connections() {
                    self.reached = 0;
                    self.connections = self.connections().saturating_add(1).min(self.pace.connections_max);
                }
                false
            }
            Outcome::Unreachable => {
                self.reached = 0;
                self.connections = self.connections() / 2;
                self.failures = self.failures.saturating_add(1);
                if self.failures < limits.failures_until_down {
                    return false;
                }
                // When the time is over one attempt tells; a failure more, and it is down again.
                self.connections = 1;
                self.down_until = Some(now.after(limits.down_for));
                true
            }
        }
    }
}

/// All of them, by index and by name.
#[derive(Debug)]
pub(super) struct Destinations {
    slots: Vec<Option<Destination>>,
    free: Vec<u32>,
    by_name: HashMap<Arc<str>, u32>,
    known_max: usize,
}

impl Destinations {
    pub(super) fn new(window: usize) -> Destinations {
        let known_max = window.saturating_add(REMEMBERED_MAX);
        Destinations { slots: Vec::new(), free: Vec::new(), by_name: HashMap::new(), known_max }
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Destination> {
        self.slots.get_mut(usize::try_from(index).ok()?)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Destination> {
        self.slots.iter().flatten()
    }

    /// The destination of this name, made if it is new.
    pub(super) fn enter(&mut self, name: &str, pace: Pace, now: Time) -> u32 {
        if let Some(index) = self.find(name) {
            return index;
        }
        if self.by_name.len() >= self.known_max {
            self.forget(|one| !one.is_down(now));
        }
        if self.by_name.len() >= self.known_max {
            self.forget(|_| true);
        }
        let name: Arc<str> = name.into();
        let destination = Destination::new(Arc::clone(&name), pace);
        let index = self.free.pop().unwrap_or(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        match self.slots.get_mut(usize::try_from(index).unwrap_or(usize::MAX)) {
            Some(slot) => *slot = Some(destination),
            None => {
                if self.slots.len() == self.slots.capacity() {
                    self.slots.reserve_exact(self.slots.len() / 4 + 64);
                }
                self.slots.push(Some(destination));
            }
        }
        self.by_name.insert(name, index);
        index
    }

    /// Forgets destinations without rows, of those that `which` says.
    fn forget(&mut self, which: impl Fn(&Destination) -> bool) {
        for (index, slot) in (0..).zip(&mut self.slots) {
            let idle = slot.take_if(|one| one.held == 0 && one.active == 0 && !one.has_turn && which(one));
            if let Some(destination) = idle {
                self.by_name.remove(&destination.name);
                self.free.push(index);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }
}
