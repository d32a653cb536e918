//! What was claimed and is under way or waits for its turn: by destination, so that none holds up another.

use super::Next;
use super::work::{Destination, Work};
use crate::policy::OutboundPolicy;
use message::Time;
use std::collections::{BTreeMap, VecDeque};
use store::op::Claimed;

/// Recipients in the window at most, some hundred octets each: enough to keep every connection busy between two claims.
const ROWS_MAX: usize = 20_000;

/// Recipients of one transaction (RFC 5321 §4.5.3.1.8: every server takes a hundred).
const RECIPIENTS_MAX: usize = 100;

/// What is under way and what waits.
#[derive(Debug)]
pub(super) struct Window {
    waiting: BTreeMap<Destination, Lane>,
    /// Destinations in the order of their turns.
    turns: VecDeque<Destination>,
    waiting_rows: usize,
    /// Recipients under way.
    active_rows: usize,
    /// Attempts under way.
    active: usize,
    last_number: u64,
    limits: OutboundPolicy,
}

/// What waits for one destination.
#[derive(Debug, Default)]
struct Lane {
    /// By sender, each in order; the first sender's turn is next.
    senders: VecDeque<(String, VecDeque<Claimed>)>,
    active: usize,
}

impl Lane {
    fn push(&mut self, row: Claimed) {
        match self.senders.iter_mut().find(|(sender, _)| *sender == row.reverse_path) {
            Some((_, rows)) => rows.push_back(row),
            None => self.senders.push_back((row.reverse_path.clone(), VecDeque::from([row]))),
        }
    }

    /// The next message's recipients.
    fn pop(&mut self) -> Vec<Claimed> {
        let Some((sender, mut rows)) = self.senders.pop_front() else { return Vec::new() };
        let Some(first) = rows.pop_front() else { return Vec::new() };
        let mut all = vec![first];
        while all.len() < RECIPIENTS_MAX
            && let Some(row) = rows.pop_front_if(|row| all.first().is_some_and(|first| first.outbox == row.outbox))
        {
            all.push(row);
        }
        if !rows.is_empty() {
            self.senders.push_back((sender, rows));
        }
        all
    }
}

impl Window {
    pub fn new(policy: &OutboundPolicy) -> Window {
        Window {
            waiting: BTreeMap::new(),
            turns: VecDeque::new(),
            waiting_rows: 0,
            active_rows: 0,
            active: 0,
            last_number: 0,
            limits: policy.clone(),
        }
    }

    /// How many more recipients may be claimed.
    pub fn room(&self) -> usize {
        ROWS_MAX.saturating_sub(self.waiting_rows + self.active_rows)
    }

    pub fn offer(&mut self, rows: Vec<Claimed>) {
        self.waiting_rows += rows.len();
        for row in rows {
            let destination = Destination::of(&row);
            let lane = self.waiting.entry(destination.clone()).or_default();
            if lane.senders.is_empty() && lane.active == 0 || !self.turns.contains(&destination) {
                self.turns.push_back(destination);
            }
            lane.push(row);
        }
    }

    pub fn next(&mut self, _now: Time) -> Next {
        if self.active >= self.limits.connections {
            return Next::Wait(None);
        }
        for _ in 0..self.turns.len() {
            let Some(destination) = self.turns.pop_front() else { break };
            let Some(lane) = self.waiting.get_mut(&destination) else { continue };
            if lane.senders.is_empty() {
                continue;
            }
            self.turns.push_back(destination.clone());
            if lane.active < self.limits.connections_per_destination {
                return Next::Work(Box::new(self.begin(destination)));
            }
        }
        Next::Wait(None)
    }

    /// The next message for a destination to which there is a connection.
    pub fn next_for(&mut self, destination: &Destination) -> Option<Work> {
        let waits = self.waiting.get(destination).is_some_and(|lane| !lane.senders.is_empty());
        waits.then(|| self.begin(destination.clone()))
    }

    fn begin(&mut self, destination: Destination) -> Work {
        let lane = self.waiting.entry(destination.clone()).or_default();
        let rows = lane.pop();
        lane.active += 1;
        self.active += 1;
        self.waiting_rows -= rows.len();
        self.active_rows += rows.len();
        self.last_number += 1;
        Work::new(self.last_number, destination, rows)
    }

    /// A message is done with, or given back: its places are free.
    pub fn done(&mut self, destination: &Destination, rows: usize) {
        self.active = self.active.saturating_sub(1);
        self.active_rows = self.active_rows.saturating_sub(rows);
        if let Some(lane) = self.waiting.get_mut(destination) {
            lane.active = lane.active.saturating_sub(1);
            if lane.active == 0 && lane.senders.is_empty() {
                self.waiting.remove(destination);
            }
        }
    }

    /// Attempts under way, and recipients that wait.
    pub fn busy(&self) -> (usize, usize) {
        (self.active, self.waiting_rows)
    }

    /// Everything that waits.
    pub fn take_waiting(&mut self) -> Vec<Claimed> {
        let lanes = std::mem::take(&mut self.waiting);
        self.turns.clear();
        self.waiting_rows = 0;
        lanes.into_values().flat_map(|lane| lane.senders).flat_map(|(_, rows)| rows).collect()
    }
}
