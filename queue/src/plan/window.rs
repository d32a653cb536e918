//! The rows held: in slots, found by name, by the time they are due, and when they are ready by destination and sender.
//! Owns memory: a row costs one slot and two or three entries, no strings.

use super::{Row, Ticket};
use message::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) outbox: u64,
    pub(super) size: u64,
    created: Time,
    due: Time,
    /// Of the sender's name: two that share it share their turns, which does no harm.
    pub(super) sender: u64,
    recipient: u32,
    destination: u32,
    attempts: u32,
    priority: u8,
}

/// A row that is ready. The order is that of turns: senders of a destination in a ring, messages of a sender by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ready {
    destination: u32,
    sender: u64,
    outbox: u64,
    recipient: u32,
    slot: u32,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Window {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_name: BTreeMap<(u64, u32), u32>,
    by_due: BTreeSet<(Time, u32)>,
    ready: BTreeSet<Ready>,
}

impl Slot {
    pub(super) fn of(row: &Row, destination: u32) -> Slot {
        let mut hasher = DefaultHasher::new();
        row.sender.hash(&mut hasher);
        Slot {
            outbox: row.outbox,
            size: row.size,
            created: row.created,
            due: row.due,
            sender: hasher.finish(),
            recipient: row.recipient,
            destination,
            attempts: row.attempts,
            priority: row.priority,
        }
    }

    pub(super) fn ticket(&self) -> Ticket {
        Ticket { recipient: self.recipient, attempts: self.attempts, created: self.created, priority: self.priority }
    }

    fn ready_as(&self, slot: u32) -> Ready {
        let Slot { destination, sender, outbox, recipient, .. } = *self;
        Ready { destination, sender, outbox, recipient, slot }
    }
}

impl Window {
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn holds(&self, outbox: u64, recipient: u32) -> bool {
        self.by_name.contains_key(&(outbox, recipient))
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(slot).ok()?)
    }

    /// Takes a row in. True when it is ready now.
    pub(super) fn insert(&mut self, row: Slot, now: Time) -> bool {
        let index = self.free.pop().unwrap_or(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        match self.slots.get_mut(usize::try_from(index).unwrap_or(usize::MAX)) {
            Some(slot) => *slot = row,
            None => {
                // By a quarter, not by doubling: a full window wastes little.
                if self.slots.len() == self.slots.capacity() {
                    self.slots.reserve_exact(self.slots.len() / 4 + 64);
                }
                self.slots.push(row);
            }
        }
        self.by_name.insert((row.outbox, row.recipient), index);
        if row.due > now {
            self.by_due.insert((row.due, index));
            return false;
        }
        self.ready.insert(row.ready_as(index))
    }

    /// Makes ready what is due; returns how many of each destination.
    pub(super) fn wake(&mut self, now: Time) -> BTreeMap<u32, usize> {
        let mut woken = BTreeMap::new();
        while let Some(&(due, index)) = self.by_due.first().filter(|(due, _)| *due <= now) {
            self.by_due.remove(&(due, index));
            if let Some(slot) = self.get(index) {
                *woken.entry(slot.destination).or_default() += 1;
                let ready = slot.ready_as(index);
                self.ready.insert(ready);
            }
        }
        woken
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        self.by_due.first().map(|(due, _)| *due)
    }

    /// The next message of a destination, of the sender after this one in the ring: as many of its rows as are wanted.
    pub(super) fn take(&mut self, destination: u32, after_sender: u64, rows_max: usize) -> Vec<u32> {
        let from = |sender| Ready { destination, sender, outbox: 0, recipient: 0, slot: 0 };
        let ring = after_sender.checked_add(1).and_then(|sender| self.ready.range(from(sender)..).next());
        let ring = ring.filter(|ready| ready.destination == destination);
        let first = ring.or_else(|| self.ready.range(from(0)..).next());
        let Some(first) = first.copied().filter(|ready| ready.destination == destination) else { return Vec::new() };
        let same = |ready: &&Ready| {
            (ready.destination, ready.sender, ready.outbox) == (destination, first.sender, first.outbox)
        };
        let taken: Vec<Ready> = self.ready.range(first..).take_while(same).take(rows_max).copied().collect();
        for ready in &taken {
            self.ready.remove(ready);
        }
        taken.into_iter().map(|ready| ready.slot).collect()
    }

    /// All that is ready of a destination leaves the window: outbox and recipient of each.
    pub(super) fn take_all(&mut self, destination: u32) -> Vec<(u64, u32)> {
        let from = Ready { destination, sender: 0, outbox: 0, recipient: 0, slot: 0 };
        let same = |ready: &&Ready| ready.destination == destination;
        let taken: Vec<Ready> = self.ready.range(from..).take_while(same).copied().collect();
        for ready in &taken {
            self.ready.remove(ready);
            self.remove(ready.slot);
        }
        taken.into_iter().map(|ready| (ready.outbox, ready.recipient)).collect()
    }

    /// Frees the slot of a row that is neither ready nor waiting for its time.
    pub(super) fn remove(&mut self, index: u32) {
        if let Some(slot) = self.get(index).copied()
            && self.by_name.remove(&(slot.outbox, slot.recipient)).is_some()
        {
            self.free.push(index);
        }
    }
}
