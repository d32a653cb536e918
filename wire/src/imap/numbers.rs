//! Message numbers as one client counts them (RFC 9051 §2.3.1.2): positions in what it was told, from 1. Owns the
//! listing the client knows and the expunges it may not be told yet (RFC 9051 §7.5.1, RFC 2180 §4.1): those messages
//! keep their numbers. Knows neither commands nor what a message holds.

use super::ask::Uids;
use super::listing::{Change, Listing, Row};
use message::search::Set;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What one client counts.
#[derive(Clone, Debug)]
pub struct Numbers {
    listing: Arc<Listing>,
    /// UIDs that are gone from the listing and still have a number, in rising order.
    held: Vec<u32>,
    /// The modseq up to which the client was told of all before the first of those went.
    told_modseq: u64,
}

/// What came with a newer listing, for the client to be told; expunges are held until [`Numbers::release`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Messages whose flags or modseq changed.
    pub changed: Uids,
    /// Messages that came.
    pub added: Uids,
}

/// An expunge, as it is to be told: numbers count what is left after those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expunge {
    /// The number it had.
    pub number: u32,
    /// Its UID.
    pub uid: u32,
}

impl Numbers {
    /// A client that is told all of a listing.
    #[must_use]
    pub fn new(listing: Arc<Listing>) -> Numbers {
        Numbers { listing, held: Vec::new(), told_modseq: 0 }
    }

    /// The newest listing taken in.
    #[must_use]
    pub fn listing(&self) -> &Arc<Listing> {
        &self.listing
    }

    /// How many messages the client counts.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.listing.len().saturating_add(count(self.held.len()))
    }

    /// Whether expunges wait to be told.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Where expunges wait to be told: the modseq that a client may go back to without missing them (RFC 7162 §3.2).
    #[must_use]
    pub fn told_modseq(&self) -> Option<u64> {
        self.is_holding().then_some(self.told_modseq)
    }

    /// The number of a message that is there.
    #[must_use]
    pub fn number(&self, uid: u32) -> Option<u32> {
        let position = self.listing.position(uid)?;
        Some(position.saturating_add(self.held_below(uid)).saturating_add(1))
    }

    /// The UID of a number, of a message that is there or one that is held.
    #[must_use]
    pub fn uid(&self, number: u32) -> Option<u32> {
        let place = number.checked_sub(1)?;
        // How many held messages stand at this place or before it: their own places rise with them.
        let held = self.held.partition_point(|uid| self.place_of_held(*uid) < place);
        match self.held.get(held) {
            Some(uid) if self.place_of_held(*uid) == place => Some(*uid),
            _ => self.listing.uid(place.checked_sub(count(held))?),
        }
    }

    /// The UID of the last message counted; 0 where there is none.
    #[must_use]
    pub fn last_uid(&self) -> u32 {
        self.listing.last_uid().max(self.held.last().copied().unwrap_or(0))
    }

    /// The UIDs that numbers stand for, and whether one of them is held. `None`: some number is not the client's.
    #[must_use]
    pub fn uids(&self, numbers: &Set) -> Option<(Uids, bool)> {
        let mut uids = Uids::new();
        let mut held = false;
        for range in numbers.ranges(self.count()) {
            let (first, last) = (self.uid(*range.start())?, self.uid(*range.end())?);
            let next = self.held.partition_point(|uid| *uid < first);
            held |= self.held.get(next).is_some_and(|uid| *uid <= last);
            push(&mut uids, first..=last);
        }
        Some((uids, held))
    }

    /// The messages that are there among some UIDs, from one UID on, each with its number.
    pub fn rows<'a>(&'a self, uids: &'a [RangeInclusive<u32>], from: u32) -> impl Iterator<Item = (u32, Row)> + 'a {
        let behind = uids.partition_point(|range| *range.end() < from);
        uids.get(behind..).unwrap_or_default().iter().flat_map(move |range| {
            let first = self.listing.lower_bound((*range.start()).max(from));
            let end = self.listing.lower_bound(*range.end()).saturating_add(1);
            let places = (first..end).zip(self.listing.rows(first..end));
            let in_range = places.filter(move |(_, row)| row.uid <= *range.end());
            in_range.map(|(place, row)| (place.saturating_add(self.held_below(row.uid)).saturating_add(1), row))
        })
    }

    /// Takes in a newer listing. Its messages can be named from now on, so what came must be told at once.
    pub fn advance(&mut self, new: Arc<Listing>) -> News {
        let mut news = News::default();
        let old = std::mem::replace(&mut self.listing, new);
        if Arc::ptr_eq(&old, &self.listing) {
            return news;
        }
        if self.held.is_empty() {
            self.told_modseq = old.head().highest_modseq;
        }
        let mut gone = Vec::new();
        for change in Listing::changes(&old, &self.listing) {
            match change {
                Change::Vanished { uid, .. } => gone.push(uid),
                Change::Changed { row, .. } => push(&mut news.changed, row.uid..=row.uid),
                Change::Added { row, .. } => push(&mut news.added, row.uid..=row.uid),
            }
        }
        if !gone.is_empty() {
            self.held.append(&mut gone);
            self.held.sort_unstable();
        }
        news
    }

    /// Lets the client be told of what is gone: in falling order of numbers, so that none changes another's.
    pub fn release(&mut self) -> Vec<Expunge> {
        let held = std::mem::take(&mut self.held);
        let before = |at: usize, uid: u32| self.listing.lower_bound(uid).saturating_add(count(at)).saturating_add(1);
        held.iter().enumerate().rev().map(|(at, uid)| Expunge { number: before(at, *uid), uid: *uid }).collect()
    }

    fn held_below(&self, uid: u32) -> u32 {
        count(self.held.partition_point(|held| *held < uid))
    }

    fn place_of_held(&self, uid: u32) -> u32 {
        self.listing.lower_bound(uid).saturating_add(self.held_below(uid))
    }
}

/// Adds a range behind others, joined to the last where it touches it.
pub fn push(uids: &mut Uids, range: RangeInclusive<u32>) {
    match uids.last_mut() {
        Some(last) if *range.start() <= last.end().saturating_add(1) => {
            *last = *last.start()..=(*last.end()).max(*range.end());
        }
        _ => uids.push(range),
    }
}

/// Those of either.
#[must_use]
pub fn joined(some: Uids, more: &[RangeInclusive<u32>]) -> Uids {
    if more.is_empty() {
        return some;
    }
    let mut all = some;
    all.extend_from_slice(more);
    all.sort_unstable_by_key(|range| *range.start());
    let mut joined = Uids::with_capacity(all.len());
    all.into_iter().for_each(|range| push(&mut joined, range));
    joined
}

/// Those of `all` that are not among `less`.
#[must_use]
pub fn minus(all: &[RangeInclusive<u32>], less: &[RangeInclusive<u32>]) -> Uids {
    let mut left = Uids::new();
    let mut less = less.iter().peekable();
    for range in all {
        let mut from = *range.start();
        while less.next_if(|other| *other.end() < from).is_some() {}
        let mut rest = less.clone();
        while let Some(other) = rest.next_if(|other| *other.start() <= *range.end()) {
            if *other.start() > from {
                left.push(from..=other.start() - 1);
            }
            match other.end().checked_add(1) {
                Some(behind) => from = behind,
                None => return left,
            }
        }
        if from <= *range.end() {
            left.push(from..=*range.end());
        }
    }
    left
}

/// Whether a UID is among some.
#[must_use]
pub fn contains(uids: &[RangeInclusive<u32>], uid: u32) -> bool {
    let at = uids.partition_point(|range| *range.end() < uid);
    uids.get(at).is_some_and(|range| *range.start() <= uid)
}

fn count(some: usize) -> u32 {
    u32::try_from(some).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::imap::listing::Head;
    use message::search::Bound;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn listing(rows: &[(u32, u64)]) -> Arc<Listing> {
        let row = |(uid, modseq): &(u32, u64)| Row { uid: *uid, modseq: *modseq, ..Row::default() };
        Arc::new(Listing::new(Head::default(), rows.iter().map(row)))
    }

    fn singles(uids: &Uids) -> Vec<u32> {
        uids.iter().cloned().flatten().collect()
    }

    /// A client as simple as can be: UIDs in a row, those that are gone among them.
    #[derive(Default)]
    struct Naive {
        counted: Vec<u32>,
    }

    impl Naive {
        fn agrees(&self, numbers: &Numbers, there: &[(u32, u64)]) {
            assert_eq!(numbers.count() as usize, self.counted.len());
            for (at, uid) in self.counted.iter().enumerate() {
                let number = u32::try_from(at + 1).unwrap();
                assert_eq!(numbers.uid(number), Some(*uid));
                let is_there = there.iter().any(|(other, _)| other == uid);
                assert_eq!(numbers.number(*uid), is_there.then_some(number), "uid {uid}");
            }
            assert_eq!(numbers.uid(0), None);
            assert_eq!(numbers.uid(numbers.count() + 1), None);
            assert_eq!(numbers.last_uid(), self.counted.last().copied().unwrap_or(0));
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Deliver(u8),
        Expunge(u8),
        Change(u8),
        Sync,
        Release,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (1_u8..40).prop_map(Act::Deliver),
            any::<u8>().prop_map(Act::Expunge),
            any::<u8>().prop_map(Act::Change),
            Just(Act::Sync),
            Just(Act::Release),
        ]
    }

    /// A mailbox, the client it is told to, and the client it is compared with.
    struct World {
        there: Vec<(u32, u64)>,
        next: u32,
        modseq: u64,
        numbers: Numbers,
        naive: Naive,
        synced: Vec<(u32, u64)>,
    }

    impl World {
        fn act(&mut self, act: &Act) {
            self.modseq += 1;
            match act {
                Act::Deliver(some) => {
                    for _ in 0..*some {
                        self.there.push((self.next, self.modseq));
                        self.next += 1;
                    }
                }
                Act::Expunge(at) if !self.there.is_empty() => {
                    self.there.remove(usize::from(*at) % self.there.len());
                }
                Act::Change(at) if !self.there.is_empty() => {
                    let at = usize::from(*at) % self.there.len();
                    self.there[at].1 = self.modseq;
                }
                Act::Expunge(_) | Act::Change(_) => {}
                Act::Sync => self.sync(),
                Act::Release => self.release(),
            }
        }

        fn sync(&mut self) {
            let news = self.numbers.advance(listing(&self.there));
            let known = |uid: &u32| self.synced.iter().find(|(other, _)| other == uid);
            let added: Vec<u32> = self.there.iter().map(|row| row.0).filter(|uid| known(uid).is_none()).collect();
            let other = |row: &&(u32, u64)| known(&row.0).is_some_and(|before| before.1 != row.1);
            let changed: Vec<u32> = self.there.iter().filter(other).map(|row| row.0).collect();
            assert_eq!((singles(&news.added), singles(&news.changed)), (added.clone(), changed));
            self.naive.counted.extend(added);
            self.synced = self.there.clone();
        }

        fn release(&mut self) {
            for expunge in self.numbers.release() {
                let uid = self.naive.counted.remove(expunge.number as usize - 1);
                assert_eq!(uid, expunge.uid);
            }
            let left: Vec<u32> = self.synced.iter().map(|row| row.0).collect();
            assert_eq!(self.naive.counted, left);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_client_counts_as_a_naive_one_does(acts in proptest::collection::vec(act(), 1..40)) {
            let numbers = Numbers::new(listing(&[]));
            let (there, synced, naive) = (Vec::new(), Vec::new(), Naive::default());
            let mut world = World { there, next: 1, modseq: 1, numbers, naive, synced };
            for act in acts {
                world.act(&act);
                world.naive.agrees(&world.numbers, &world.synced);
            }
        }

        #[test]
        fn ranges_of_numbers_are_ranges_of_uids(
            gone in proptest::collection::btree_set(1_u32..60, 0..30),
            low in 1_u32..60, high in 1_u32..60,
        ) {
            let all: Vec<(u32, u64)> = (1..60).map(|uid| (uid, 1)).collect();
            let left: Vec<(u32, u64)> = all.iter().copied().filter(|(uid, _)| !gone.contains(uid)).collect();
            let mut numbers = Numbers::new(listing(&all));
            numbers.advance(listing(&left));
            let set = Set(vec![(Bound::Number(low), Bound::Number(high))]);
            let (uids, held) = numbers.uids(&set).unwrap();
            let range = low.min(high)..=low.max(high);
            prop_assert_eq!(held, gone.iter().any(|uid| range.contains(uid)));
            let found: Vec<u32> = numbers.rows(&uids, 0).map(|(number, row)| { assert_eq!(number, row.uid); number }).collect();
            let expected: Vec<u32> = range.filter(|uid| !gone.contains(uid)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_number_beyond_the_last_is_nobodys() {
        let numbers = Numbers::new(listing(&[(5, 1), (9, 1)]));
        let set = |low, high| Set(vec![(low, high)]);
        assert_eq!(numbers.uids(&set(Bound::Number(1), Bound::Last)), Some((vec![5..=9], false)));
        assert_eq!(numbers.uids(&set(Bound::Number(2), Bound::Number(3))), None);
        assert_eq!(numbers.uids(&set(Bound::Last, Bound::Last)), Some((vec![9..=9], false)));
        assert_eq!(Numbers::new(listing(&[])).uids(&set(Bound::Number(1), Bound::Last)), None);
    }

    #[test]
    fn rows_go_on_from_a_uid() {
        let numbers = Numbers::new(listing(&[(5, 1), (9, 1), (12, 1), (20, 1)]));
        let from = |uid| numbers.rows(&[1..=9, 12..=30], uid).map(|(number, _)| number).collect::<Vec<_>>();
        assert_eq!(
            (from(0), from(6), from(10), from(20), from(21)),
            (vec![1, 2, 3, 4], vec![2, 3, 4], vec![3, 4], vec![4], vec![])
        );
        assert!(contains(&[1..=9, 12..=30], 12) && !contains(&[1..=9, 12..=30], 10) && !contains(&[1..=9], 10));
    }

    fn ranges_of(some: &BTreeSet<u32>) -> Uids {
        let mut uids = Uids::new();
        some.iter().for_each(|uid| push(&mut uids, *uid..=*uid));
        uids
    }

    proptest! {
        #[test]
        fn less_is_less(
            all in proptest::collection::btree_set(1_u32..50, 0..30),
            less in proptest::collection::btree_set(1_u32..50, 0..30),
        ) {
            let left: BTreeSet<u32> = all.difference(&less).copied().collect();
            let found: BTreeSet<u32> = minus(&ranges_of(&all), &ranges_of(&less)).into_iter().flatten().collect();
            prop_assert_eq!(found, left);
        }
    }
}
