//! The listing against a plain vector of rows.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

/// What may happen to a mailbox in one step.
#[derive(Clone, Debug)]
enum Deed {
    /// So many messages come.
    Come(usize),
    /// Every n-th from a place on, so many, gets other flags.
    Flag { from: usize, every: usize, count: usize },
    /// Every n-th from a place on, so many, goes.
    Go { from: usize, every: usize, count: usize },
}

/// A mailbox as a vector.
#[derive(Clone, Debug, Default)]
struct Plain {
    rows: Vec<Row>,
    uid_next: u32,
    modseq: u64,
}

impl Plain {
    fn head(&self) -> Head {
        Head { uid_next: self.uid_next, highest_modseq: self.modseq, ..Head::default() }
    }

    /// Does it, and says which rows are newer and which are gone.
    fn act(&mut self, deed: &Deed) -> (Vec<Row>, Vec<u32>) {
        self.modseq += 1;
        let modseq = self.modseq;
        let chosen = |from: &usize, every: &usize, count: &usize, len: usize| -> Vec<usize> {
            (*from % len.max(1)..len).step_by((*every).max(1)).take(*count).collect()
        };
        match deed {
            Deed::Come(count) => {
                let first = self.uid_next.max(1);
                self.uid_next = first + 3 * u32::try_from(*count).unwrap();
                let uids = (first..self.uid_next).step_by(3);
                let new: Vec<Row> = uids.map(|uid| made(uid, modseq)).collect();
                self.rows.extend(&new);
                (new, vec![])
            }
            Deed::Flag { from, every, count } => {
                let mut changed = vec![];
                for at in chosen(from, every, count, self.rows.len()) {
                    let row = &mut self.rows[at];
                    (row.flags, row.modseq) = (row.flags.rotate_left(3) ^ modseq, modseq);
                    changed.push(*row);
                }
                (changed, vec![])
            }
            Deed::Go { from, every, count } => {
                let at = chosen(from, every, count, self.rows.len());
                let gone: Vec<u32> = at.iter().map(|at| self.rows[*at].uid).collect();
                self.rows.retain(|row| gone.binary_search(&row.uid).is_err());
                (vec![], gone)
            }
        }
    }

    /// What it takes to get from an earlier state to this one.
    fn changes_from(&self, old: &Plain) -> Vec<Change> {
        let mut changes = vec![];
        for (position, row) in (0..).zip(&old.rows) {
            if self.rows.iter().all(|other| other.uid != row.uid) {
                changes.push((row.uid, Change::Vanished { uid: row.uid, position }));
            }
        }
        for (position, row) in (0..).zip(&self.rows) {
            match old.rows.iter().find(|other| other.uid == row.uid) {
                None => changes.push((row.uid, Change::Added { position, row: *row })),
                Some(other) if other.modseq != row.modseq => {
                    changes.push((row.uid, Change::Changed { position, row: *row, before: other.flags }));
                }
                Some(_) => {}
            }
        }
        changes.sort_by_key(|(uid, _)| *uid);
        changes.into_iter().map(|(_, change)| change).collect()
    }
}

fn made(uid: u32, modseq: u64) -> Row {
    let number = u64::from(uid);
    Row {
        uid,
        flags: number % 7,
        modseq,
        email: number * 2,
        // Now and then a number that does not lie near the others.
        size: if uid.is_multiple_of(501) { u64::from(u32::MAX) * 3 } else { number * 10 },
        received: Time(1_600_000_000_000 + number * 1000),
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let some = (0..2000_usize, 1..40_usize, 0..300_usize);
    prop_oneof![
        (0..3_usize).prop_map(Deed::Come),
        (0..600_usize).prop_map(Deed::Come),
        some.clone().prop_map(|(from, every, count)| Deed::Flag { from, every, count }),
        some.prop_map(|(from, every, count)| Deed::Go { from, every, count }),
        Just(Deed::Go { from: 0, every: 1, count: usize::MAX }),
    ]
}

fn agree(listing: &Listing, plain: &Plain) {
    let len = count(plain.rows.len());
    assert_eq!((listing.len(), listing.is_empty()), (len, len == 0));
    assert_eq!(listing.rows(0..len).collect::<Vec<_>>(), plain.rows);
    let mut totals = Totals::default();
    plain.rows.iter().for_each(|row| totals.count(row));
    assert_eq!(listing.totals(), totals);
    let unseen = plain.rows.iter().position(|row| row.flags & bits::SEEN == 0).map(count);
    assert_eq!(listing.first_unseen(), unseen);
    for (position, row) in (0..).zip(&plain.rows) {
        assert_eq!((listing.get(position), listing.position(row.uid)), (Some(*row), Some(position)));
        assert_eq!((listing.uid(position), listing.row(row.uid)), (Some(row.uid), Some(*row)));
        assert_eq!((listing.position(row.uid + 1), listing.lower_bound(row.uid + 1)), (None, position + 1));
    }
    assert_eq!((listing.get(len), listing.lower_bound(0), listing.lower_bound(u32::MAX)), (None, 0, len));
    for link in &listing.spine {
        assert!((1..=CHUNK_ROWS).contains(&link.chunk.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_listing_is_a_vector_of_rows(deeds in proptest::collection::vec(deed(), 1..12)) {
        let mut plain = Plain::default();
        let mut listing = Arc::new(Listing::new(plain.head(), []));
        let mut states = vec![];
        for deed in &deeds {
            let (newer, gone) = plain.act(deed);
            listing = Arc::new(listing.after(plain.head(), &newer, &gone));
            agree(&listing, &plain);
            let again = Listing::new(plain.head(), plain.rows.iter().copied());
            assert_eq!(Listing::changes(&listing, &again).count(), 0);
            states.push((plain.clone(), listing.clone()));
        }
        for (old, before) in &states {
            let last = states.last().unwrap();
            let found: Vec<Change> = Listing::changes(before, &last.1).collect();
            assert_eq!(found, last.0.changes_from(old));
            let back: Vec<Change> = Listing::changes(&last.1, before).collect();
            assert_eq!(back, old.changes_from(&last.0));
        }
    }

    #[test]
    fn a_range_of_rows_is_a_slice(count in 0..1500_usize, from in 0..1600_u32, length in 0..700_u32) {
        let mut plain = Plain::default();
        let (rows, _) = plain.act(&Deed::Come(count));
        let listing = Listing::new(plain.head(), rows.iter().copied());
        let slice: Vec<Row> = rows.iter().skip(from as usize).take(length as usize).copied().collect();
        assert_eq!(listing.rows(from..from + length).collect::<Vec<_>>(), slice);
    }
}

fn large() -> (Plain, Listing) {
    let mut plain = Plain::default();
    let (rows, _) = plain.act(&Deed::Come(100_000));
    let rows: Vec<Row> = rows.into_iter().map(|row| Row { size: 5000, ..row }).collect();
    let listing = Listing::new(plain.head(), rows);
    (plain, listing)
}

#[test]
fn a_hundred_thousand_messages_take_32_octets_each() {
    let (_, listing) = large();
    assert_eq!(listing.len(), 100_000);
    assert!(listing.weight() <= 32 * 100_000, "{}", listing.weight());
}

#[test]
fn a_change_copies_one_chunk_and_the_spine() {
    let (plain, listing) = large();
    let row = listing.get(50_000).unwrap();
    let flagged = Row { flags: row.flags | bits::FLAGGED, modseq: 9, ..row };
    for next in [listing.after(plain.head(), &[flagged], &[]), listing.after(plain.head(), &[], &[row.uid])] {
        let shared = listing.spine.iter().zip(&next.spine).filter(|(old, new)| Arc::ptr_eq(&old.chunk, &new.chunk));
        assert_eq!((next.spine.len(), shared.count()), (listing.spine.len(), listing.spine.len() - 1));
    }
}

#[test]
fn deliveries_fill_the_last_chunk_before_they_begin_another() {
    let mut plain = Plain::default();
    let mut listing = Listing::new(plain.head(), []);
    for _ in 0..CHUNK_ROWS {
        let (newer, _) = plain.act(&Deed::Come(1));
        listing = listing.after(plain.head(), &newer, &[]);
    }
    assert_eq!(listing.spine.len(), 1);
    let (newer, _) = plain.act(&Deed::Come(1));
    assert_eq!(listing.after(plain.head(), &newer, &[]).spine.len(), 2);
}

#[test]
fn a_mailbox_that_loses_most_of_its_messages_does_not_keep_its_chunks() {
    let (mut plain, listing) = large();
    let gone: Vec<u32> = plain.rows.iter().map(|row| row.uid).filter(|uid| uid % 64 != 1).collect();
    plain.modseq += 1;
    let rest = listing.after(plain.head(), &[], &gone);
    assert!(rest.spine.len() <= 2 * (rest.len() as usize).div_ceil(CHUNK_ROWS), "{}", rest.spine.len());
}
