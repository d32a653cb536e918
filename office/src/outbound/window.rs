//! What was claimed and is under way or waits for its turn: the rows of [`queue::Queue`], which knows whose turn it is.
//! Owns the claimed recipients themselves, and how the queue's counting maps onto them.

use super::work::{Destination, Work};
use crate::policy::{OutboundPolicy, Terms};
use message::Time;
use queue::plan::{Attempt, Limits, Next as Turn, Offered, Outcome, Pace, Queue, Row};
use std::collections::HashMap;
use std::time::Duration;
use store::op::Claimed;

/// What is under way and what waits.
#[derive(Debug)]
pub(super) struct Window {
    queue: Queue,
    rows: HashMap<(i64, u32), Claimed>,
    destinations: HashMap<String, Destination>,
    /// What is being tried, by the number of the attempt.
    underway: HashMap<u64, Vec<(i64, u32)>>,
}

/// What is to be done now.
#[derive(Debug)]
pub(super) enum Step {
    /// This is to be tried.
    Work(Box<Work>),
    /// These are not to be tried before that time: their destination cannot be reached.
    PutOff(Vec<Claimed>, Time),
    /// So many are to be claimed, none at these hosts.
    Load(usize, Vec<String>),
    /// Nothing before that time.
    Wait(Option<Time>),
}

/// Rows that did not find room.
#[derive(Debug, Default)]
pub(super) struct Rejected {
    /// For now.
    pub crowded: Vec<Claimed>,
    /// Their destination cannot be reached until then.
    pub down: Vec<(Claimed, Time)>,
}

/// As the queue knows it.
fn pace(terms: &Terms) -> Pace {
    let most = u32::try_from(terms.connections).unwrap_or(u32::MAX);
    let usual = Pace::default();
    Pace {
        connections_max: most,
        connections_first: usual.connections_first.min(most),
        rate_per_minute: terms.rate_per_minute,
        ..usual
    }
}

impl Window {
    pub fn new(policy: &OutboundPolicy) -> Window {
        let pace = pace(&policy.usual_terms());
        let terms = policy.route_terms.iter().map(|(_, terms)| terms.schedule.retry_first);
        let shortest = terms.fold(policy.schedule.retry_first, Duration::min);
        // Below the shortest wait, so that no message loses a turn.
        let down_for = Limits::default().down_for.min(shortest / 2);
        let mut queue = Queue::new(Limits { connections: policy.connections, down_for, pace, ..Limits::default() });
        for (domain, terms) in &policy.route_terms {
            queue.set_pace(&Destination::domain(domain).to_string(), self::pace(terms));
        }
        Window { queue, rows: HashMap::new(), destinations: HashMap::new(), underway: HashMap::new() }
    }

    /// Takes in claimed rows; what has no room goes back.
    pub fn offer(&mut self, now: Time, rows: Vec<Claimed>) -> Rejected {
        let mut rejected = Rejected::default();
        for row in rows {
            let destination = Destination::of(&row);
            match self.queue.offer(now, &counted(&row, &destination)) {
                Offered::Taken => {
                    self.destinations.entry(destination.to_string()).or_insert(destination);
                    self.rows.insert((row.outbox, row.recipient), row);
                }
                // It was claimed again, since its lease had ended: what is under way goes on.
                Offered::Known => {}
                Offered::Full | Offered::Crowded => rejected.crowded.push(row),
                Offered::Down(until) => rejected.down.push((row, until)),
            }
        }
        rejected
    }

    /// The claim is over; when the next that was not claimed is due.
    pub fn loaded(&mut self, now: Time, due: Option<Time>) {
        self.queue.loaded(now, due);
    }

    /// Somebody waits in the outbox who is due then.
    pub fn announce(&mut self, due: Time) {
        self.queue.announce(due);
    }

    /// The destination may be back.
    pub fn revive(&mut self, destination: &Destination) {
        self.queue.revive(&destination.to_string());
    }

    pub fn step(&mut self, now: Time) -> Step {
        match self.queue.next(now) {
            Turn::Attempt(attempt) => {
                self.begin(&attempt).map_or(Step::Wait(Some(now)), |work| Step::Work(Box::new(work)))
            }
            Turn::Defer(deferral) => {
                let rows = deferral.rows.iter().filter_map(|row| self.take(*row)).collect();
                self.forget(&deferral.destination);
                Step::PutOff(rows, deferral.until)
            }
            Turn::Load(count) => Step::Load(count, self.queue.closed(now).map(str::to_owned).collect()),
            Turn::SleepUntil(until) => Step::Wait(Some(until)),
            Turn::Idle => Step::Wait(None),
        }
    }

    /// The next message for a destination to which there is a connection.
    pub fn next_for(&mut self, destination: &Destination, now: Time) -> Option<Work> {
        let attempt = self.queue.next_for(&destination.to_string(), now)?;
        self.begin(&attempt)
    }

    fn begin(&mut self, attempt: &Attempt) -> Option<Work> {
        let destination = self.destinations.get(&*attempt.destination)?.clone();
        let outbox = attempt.outbox.cast_signed();
        let rows: Vec<Claimed> =
            attempt.rows.iter().filter_map(|ticket| self.take((attempt.outbox, ticket.recipient))).collect();
        self.underway.insert(attempt.id, rows.iter().map(|row| (row.outbox, row.recipient)).collect());
        tracing::debug!(outbox, %destination, "an attempt begins");
        Some(Work::new(attempt.id, destination, rows))
    }

    fn take(&mut self, (outbox, recipient): (u64, u32)) -> Option<Claimed> {
        self.rows.remove(&(outbox.cast_signed(), recipient))
    }

    /// A message is done with, or given back: its places are free.
    pub fn done(&mut self, work: &Work, now: Time, outcome: Outcome) {
        self.underway.remove(&work.number);
        self.queue.done(work.number, now, outcome);
        self.forget(&work.destination.to_string());
    }

    /// Names of destinations are kept as long as somebody is on the way there.
    fn forget(&mut self, name: &str) {
        if self.rows.is_empty() && self.underway.is_empty() {
            self.destinations.clear();
        } else if self.destinations.len() > 2 * self.rows.len() + 1000 {
            let waited_for: std::collections::HashSet<String> =
                self.rows.values().map(|row| Destination::of(row).to_string()).collect();
            self.destinations.retain(|known, _| known == name || waited_for.contains(known));
        }
    }

    /// Attempts under way, and recipients that wait.
    pub fn busy(&self) -> (usize, usize) {
        (self.underway.len(), self.rows.len())
    }

    /// Everything that is ours, tried or waiting.
    pub fn claimed(&self) -> Vec<(i64, u32)> {
        self.underway.values().flatten().chain(self.rows.keys()).copied().collect()
    }

    /// Everything that waits.
    pub fn take_waiting(&mut self) -> Vec<Claimed> {
        std::mem::take(&mut self.rows).into_values().collect()
    }
}

fn counted(row: &Claimed, destination: &Destination) -> Row {
    Row {
        outbox: row.outbox.cast_unsigned(),
        recipient: row.recipient,
        destination: destination.to_string(),
        sender: row.reverse_path.clone(),
        size: row.size,
        created: row.created,
        attempts: row.attempts,
        due: Time(0),
        priority: 0,
    }
}
