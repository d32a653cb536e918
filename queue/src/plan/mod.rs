//! What goes out next: a bounded window over a set without bounds that the store keeps. Owns the order of attempts:
//! round robin between destinations, and within one between senders, so that neither a newsletter nor a dead host holds
//! up others; connections in all and for each destination; its rate; and which destinations are down. Does not know
//! hosts, times of retry (`schedule`) or verdicts (`judge`).
//!
//! The caller asks [`Queue::next`] until it says that there is nothing to do, and comes again when the time it named has
//! come, an attempt is over ([`Queue::done`]), the store was read ([`Queue::loaded`]) or has news ([`Queue::announce`]).
//! A row that was taken leaves the window once: by the `done` of its attempt, or by a [`Deferral`].

mod destination;
mod window;

use destination::{Destination, Destinations};
use message::Time;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use window::{Slot, Window};

/// When a load brought nothing although rows are due, the next one waits so long: all of them were for destinations that
/// take no more.
const LOAD_PAUSE: Duration = Duration::from_secs(1);

/// The bounds of the whole queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows held at once. A row takes 200 octets at most, and a destination 250 more with a short name.
    pub window: usize,
    /// Rows of one destination among them: the others keep their room when one is slow.
    pub share: usize,
    /// Attempts that run at once.
    pub connections: usize,
    /// Connects that fail one after the other until a destination is down.
    pub failures_until_down: u32,
    /// For how long it is down; then one attempt shows whether it is back. Below the shortest wait between attempts, so
    /// that it costs no message a turn.
    pub down_for: Duration,
    /// What holds for a destination without a [`Pace`] of its own.
    pub pace: Pace,
}

/// The bounds of one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Attempts that run at once, at most.
    pub connections_max: u32,
    /// At the beginning; success brings more, failing connects fewer.
    pub connections_first: u32,
    /// Recipients of one transaction; every host takes 100 (RFC 5321 §4.5.3.1.8).
    pub recipients_max: usize,
    /// Transactions in a minute, evenly; `None`: as many as there are.
    pub rate_per_minute: Option<u32>,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { connections_max: 20, connections_first: 5, recipients_max: 100, rate_per_minute: None }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            window: 20_000,
            share: 5_000,
            connections: 500,
            failures_until_down: 5,
            down_for: Duration::from_secs(5 * 60),
            pace: Pace::default(),
        }
    }
}

/// One recipient of one message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The message in the outbox; smaller ones are older.
    pub outbox: u64,
    /// The recipient within it.
    pub recipient: u32,
    /// Where it goes: a domain, or the name of a route. What has the same name shares connections.
    pub destination: String,
    /// Who sends it, as far as fairness goes: the account, or the reverse-path.
    pub sender: String,
    /// Octets of the message.
    pub size: u64,
    /// When the message came in.
    pub created: Time,
    /// Attempts made so far.
    pub attempts: u32,
    /// Not to be tried before.
    pub due: Time,
    /// Carried along for RFC 6710; changes nothing yet.
    pub priority: u8,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is in the window.
    Taken,
    /// It was already.
    Known,
    /// The window is full.
    Full,
    /// The destination has its share; the row stays in the store as it is. [`Queue::closed`] names such destinations.
    Crowded,
    /// The destination is down until then: an attempt that failed without being made. Judge it as a connect that was
    /// refused, schedule it as ever, but not before that time; so it still expires.
    Down(Time),
}

/// One recipient of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// [`Row::recipient`].
    pub recipient: u32,
    /// [`Row::attempts`].
    pub attempts: u32,
    /// [`Row::created`].
    pub created: Time,
    /// [`Row::priority`].
    pub priority: u8,
}

/// One message to one destination in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// For [`Queue::done`].
    pub id: u64,
    /// [`Row::destination`].
    pub destination: Arc<str>,
    /// [`Row::outbox`].
    pub outbox: u64,
    /// [`Row::size`].
    pub size: u64,
    /// At least one, at most [`Pace::recipients_max`].
    pub rows: Vec<Ticket>,
}

/// Rows that left the window because their destination is down: see [`Offered::Down`] for what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// [`Row::destination`].
    pub destination: Arc<str>,
    /// Outbox and recipient of each.
    pub rows: Vec<(u64, u32)>,
    /// When it is tried again.
    pub until: Time,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Make this attempt.
    Attempt(Attempt),
    /// Put these off.
    Defer(Deferral),
    /// Read so many rows at most from the store, the longest due first and none of the [`Queue::closed`] destinations;
    /// offer them, then say [`Queue::loaded`].
    Load(usize),
    /// Nothing before that time.
    SleepUntil(Time),
    /// Nothing until something is told.
    Idle,
}

/// What an attempt showed of its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A host answered, whatever it said.
    Reached,
    /// No host could be connected to, or none greeted.
    Unreachable,
    /// Neither: it was not tried, or names could not be looked up.
    Unknown,
}

/// An attempt that runs.
#[derive(Debug)]
struct Running {
    destination: u32,
    slots: Vec<u32>,
}

/// The window, and who is next. See the module.
#[derive(Debug)]
pub struct Queue {
    limits: Limits,
    paces: HashMap<String, Pace>,
    destinations: Destinations,
    window: Window,
    /// Destinations that can have an attempt, in the order of their turns.
    turns: VecDeque<u32>,
    /// Those that could but for their rate, and when.
    paced: BTreeSet<(Time, u32)>,
    /// When those that are down may be up again: the store may hold rows for them that were not read.
    down: BTreeSet<Time>,
    running: HashMap<u64, Running>,
    deferrals: VecDeque<Deferral>,
    last_id: u64,
    store: Supply,
}

/// What is known of the rows that are not in the window.
#[derive(Debug, Default)]
struct Supply {
    /// When the first of them is due; `None`: there is none. While a load runs: of those it may not have seen.
    due: Option<Time>,
    loading: bool,
    /// Rows taken since the load began.
    taken: usize,
}

impl Queue {
    /// An empty window; what the store holds is not known yet, so the first thing it wants is a load.
    #[must_use]
    pub fn new(limits: Limits) -> Queue {
        Queue {
            limits,
            paces: HashMap::new(),
            destinations: Destinations::new(limits.window),
            window: Window::default(),
            turns: VecDeque::new(),
            paced: BTreeSet::new(),
            down: BTreeSet::new(),
            running: HashMap::new(),
            deferrals: VecDeque::new(),
            last_id: 0,
            store: Supply { due: Some(Time(0)), ..Supply::default() },
        }
    }

    /// Gives a destination bounds of its own, from its next attempt on. As many as there are routes; never forgotten.
    pub fn set_pace(&mut self, destination: &str, pace: Pace) {
        self.paces.insert(destination.to_owned(), pace);
        if let Some(known) = self.destinations.find(destination).and_then(|index| self.destinations.get_mut(index)) {
            known.set_pace(pace);
        }
    }

    /// How many more rows the window can take.
    #[must_use]
    pub fn wants(&self) -> usize {
        self.limits.window.saturating_sub(self.window.len())
    }

    /// Destinations of which no row is taken now: those that have their share, and those that are down.
    pub fn closed(&self, now: Time) -> impl Iterator<Item = &str> {
        let closed = move |one: &&Destination| one.held >= self.limits.share || one.is_down(now);
        self.destinations.iter().filter(closed).map(|one| &*one.name)
    }

    /// Offers a row that is due, or will be.
    pub fn offer(&mut self, now: Time, row: &Row) -> Offered {
        if self.window.holds(row.outbox, row.recipient) {
            return Offered::Known;
        }
        if self.wants() == 0 {
            return Offered::Full;
        }
        let pace = self.paces.get(&row.destination).copied().unwrap_or(self.limits.pace);
        let index = self.destinations.enter(&row.destination, pace, now);
        let Some(destination) = self.destinations.get_mut(index) else { return Offered::Full };
        if let Some(until) = destination.down_until(now) {
            return Offered::Down(until);
        }
        if destination.held >= self.limits.share {
            return Offered::Crowded;
        }
        destination.held += 1;
        destination.was_crowded |= destination.held >= self.limits.share;
        self.store.taken += 1;
        if self.window.insert(Slot::of(row, index), now) {
            self.ready(index, 1, now);
        }
        Offered::Taken
    }

    /// The load is over. `due`: when the first row that was not read is due, as far as it is of a destination that is not
    /// closed.
    pub fn loaded(&mut self, now: Time, due: Option<Time>) {
        let fruitless = std::mem::take(&mut self.store.taken) == 0;
        self.store.loading = false;
        if let Some(due) = due {
            self.announce(if fruitless { due.max(now.after(LOAD_PAUSE)) } else { due });
        }
    }

    /// The store has a new row, due then, that was not offered.
    pub fn announce(&mut self, due: Time) {
        self.store.due = Some(self.store.due.map_or(due, |before| before.min(due)));
    }

    /// The destination may be back: mail came from it, or an administrator says so (RFC 5321 §4.5.4.1). It is up until
    /// attempts show otherwise.
    pub fn revive(&mut self, destination: &str) {
        if let Some(known) = self.destinations.find(destination).and_then(|index| self.destinations.get_mut(index)) {
            known.revive();
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Time) -> Next {
        self.wake(now);
        if let Some(deferral) = self.deferrals.pop_front() {
            return Next::Defer(deferral);
        }
        if self.running.len() < self.limits.connections
            && let Some(attempt) = self.next_attempt(now)
        {
            return Next::Attempt(attempt);
        }
        if self.wants_load(now) {
            self.store = Supply { due: None, loading: true, taken: 0 };
            return Next::Load(self.wants());
        }
        self.next_event(now).map_or(Next::Idle, Next::SleepUntil)
    }

    /// An attempt is over; whatever became of its rows, they are out of the window.
    pub fn done(&mut self, id: u64, now: Time, outcome: Outcome) {
        let Some(running) = self.running.remove(&id) else { return };
        for slot in &running.slots {
            self.window.remove(*slot);
        }
        let index = running.destination;
        let Some(destination) = self.destinations.get_mut(index) else { return };
        destination.active = destination.active.saturating_sub(1);
        destination.held = destination.held.saturating_sub(running.slots.len());
        let goes_down = destination.learn(outcome, now, &self.limits);
        self.reopen(index, now);
        if goes_down {
            self.put_off(index, now);
        }
        self.take_turn(index, now);
    }

    /// Rows whose time has come, and destinations whose rate allows another attempt.
    fn wake(&mut self, now: Time) {
        for (index, rows) in self.window.wake(now) {
            self.ready(index, rows, now);
        }
        while let Some(&(at, index)) = self.paced.first().filter(|(at, _)| *at <= now) {
            self.paced.remove(&(at, index));
            self.turns.push_back(index);
        }
        while let Some(at) = self.down.first().copied().filter(|at| *at <= now) {
            self.down.remove(&at);
            self.announce(at);
        }
    }

    /// So many rows of a destination are ready to go.
    fn ready(&mut self, index: u32, rows: usize, now: Time) {
        let Some(destination) = self.destinations.get_mut(index) else { return };
        destination.ready += rows;
        if destination.is_down(now) { self.put_off(index, now) } else { self.take_turn(index, now) }
    }

    /// Puts a destination in the row of turns if it can have one.
    fn take_turn(&mut self, index: u32, now: Time) {
        let Some(destination) = self.destinations.get_mut(index) else { return };
        let able = destination.ready > 0 && destination.active < destination.connections() && !destination.is_down(now);
        if destination.has_turn || !able {
            return;
        }
        destination.has_turn = true;
        if destination.next_start > now {
            self.paced.insert((destination.next_start, index));
        } else {
            self.turns.push_back(index);
        }
    }

    /// Another attempt for a destination to which a connection is open: out of turn, but within all bounds.
    pub fn next_for(&mut self, destination: &str, now: Time) -> Option<Attempt> {
        self.wake(now);
        let index = self.destinations.find(destination)?;
        let known = self.destinations.get_mut(index)?;
        let may_start = known.next_start <= now && self.running.len() < self.limits.connections;
        if may_start { self.start(index, now) } else { None }
    }

    fn next_attempt(&mut self, now: Time) -> Option<Attempt> {
        loop {
            let index = self.turns.pop_front()?;
            self.destinations.get_mut(index)?.has_turn = false;
            if let Some(attempt) = self.start(index, now) {
                return Some(attempt);
            }
        }
    }

    /// An attempt for this destination, if it can have one: what it could when it got its turn it may not any more,
    /// since another attempt failed meanwhile.
    fn start(&mut self, index: u32, now: Time) -> Option<Attempt> {
        let destination = self.destinations.get_mut(index)?;
        if destination.active >= destination.connections() || destination.is_down(now) {
            return None;
        }
        let slots = self.window.take(index, destination.last_sender, destination.pace.recipients_max.max(1));
        let first = slots.first().and_then(|slot| self.window.get(*slot))?;
        destination.start(first.sender, slots.len(), now);
        self.last_id += 1;
        let attempt = Attempt {
            id: self.last_id,
            destination: Arc::clone(&destination.name),
            outbox: first.outbox,
            size: first.size,
            rows: slots.iter().filter_map(|slot| self.window.get(*slot)).map(Slot::ticket).collect(),
        };
        self.running.insert(attempt.id, Running { destination: index, slots });
        self.take_turn(index, now);
        Some(attempt)
    }

    /// All rows of a destination that are ready leave the window.
    fn put_off(&mut self, index: u32, now: Time) {
        let Some(destination) = self.destinations.get_mut(index) else { return };
        let Some(until) = destination.down_until(now) else { return };
        self.down.insert(until);
        let rows = self.window.take_all(index);
        destination.ready = 0;
        destination.held = destination.held.saturating_sub(rows.len());
        if !rows.is_empty() {
            self.deferrals.push_back(Deferral { destination: Arc::clone(&destination.name), rows, until });
        }
        self.reopen(index, now);
    }

    /// A destination that was crowded has room again: what the store holds for it may be read.
    fn reopen(&mut self, index: u32, now: Time) {
        let Some(destination) = self.destinations.get_mut(index) else { return };
        if destination.was_crowded && destination.held <= self.limits.share / 2 {
            destination.was_crowded = false;
            self.announce(now);
        }
    }

    /// Not for every row that leaves, but while there is work there is no hurry.
    fn wants_load(&self, now: Time) -> bool {
        let room = self.wants();
        let enough = room > self.limits.window / 4 || (room > 0 && self.turns.is_empty());
        !self.store.loading && enough && self.store.due.is_some_and(|due| due <= now)
    }

    fn next_event(&self, now: Time) -> Option<Time> {
        let supply = self.store.due.filter(|due| !self.store.loading && self.wants() > 0 && *due > now);
        let paced = self.paced.first().map(|(at, _)| *at);
        let up = self.down.first().copied();
        [supply, paced, up, self.window.next_due()].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
