//! What was found, and giving it in pages.

use message::thread::Threaded;
use std::collections::VecDeque;
use wire::imap::ask::{FoundRows, Uids};
use wire::imap::listing::Listing;

/// Messages or ranges in one page: some hundred thousand octets on their way to the client.
pub(crate) const GIVEN_MAX: usize = 10_000;

/// Positions of a listing, a bit each.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions {
    words: Vec<u64>,
}

impl Positions {
    /// None of so many.
    pub fn new(count: u32) -> Positions {
        Positions { words: vec![0; (count as usize).div_ceil(64)] }
    }

    pub fn add(&mut self, position: u32) {
        self.words.get_mut((position / 64) as usize).into_iter().for_each(|word| *word |= 1 << (position % 64));
    }

    /// In rising order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.checked_sub(1)?;
                Some(index * 64 + bit)
            })
        })
    }
}

/// What is left to give.
pub(super) enum Giving {
    Ranges(VecDeque<std::ops::RangeInclusive<u32>>),
    Sorted(VecDeque<u32>),
    Threads(VecDeque<Threaded>),
}

impl Giving {
    /// In the order of UIDs.
    pub fn ranges(found: &Positions, listing: &Listing) -> Giving {
        let mut ranges = Uids::new();
        for uid in found.iter().filter_map(|position| listing.uid(position)) {
            match ranges.last_mut() {
                Some(last) if last.end().checked_add(1) == Some(uid) => *last = *last.start()..=uid,
                _ => ranges.push(uid..=uid),
            }
        }
        Giving::Ranges(ranges.into())
    }

    /// The next page, and whether there is more after it.
    pub fn page(&mut self) -> (FoundRows, bool) {
        match self {
            Giving::Ranges(left) => (FoundRows::Ranges(take(left, GIVEN_MAX)), !left.is_empty()),
            Giving::Sorted(left) => (FoundRows::Sorted(take(left, GIVEN_MAX)), !left.is_empty()),
            Giving::Threads(left) => {
                // Whole threads: up to the next root.
                let next_root = left.iter().skip(GIVEN_MAX).position(|line| line.depth == 0);
                let count = next_root.map_or(left.len(), |after| GIVEN_MAX + after);
                let lines = take(left, count);
                let rows = lines.iter().map(|line| (line.depth, line.uid.unwrap_or(0))).collect();
                (FoundRows::Threads(rows), !left.is_empty())
            }
        }
    }
}

fn take<T>(left: &mut VecDeque<T>, count: usize) -> Vec<T> {
    left.drain(..count.min(left.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_in_order() {
        let mut positions = Positions::new(200);
        [199, 0, 63, 64, 65].into_iter().for_each(|position| positions.add(position));
        assert_eq!(positions.iter().collect::<Vec<_>>(), [0, 63, 64, 65, 199]);
        positions.add(256);
        assert_eq!(positions.iter().count(), 5, "there is no such position");
    }

    #[test]
    fn pages_end_at_their_limit() {
        let mut sorted = Giving::Sorted((1..=GIVEN_MAX as u32 + 1).collect());
        assert!(matches!(sorted.page(), (FoundRows::Sorted(rows), true) if rows.len() == GIVEN_MAX));
        assert!(matches!(sorted.page(), (FoundRows::Sorted(rows), false) if rows == [GIVEN_MAX as u32 + 1]));
        assert!(matches!(sorted.page(), (FoundRows::Sorted(rows), false) if rows.is_empty()));
    }

    #[test]
    fn threads_stay_whole() {
        let line = |depth| Threaded { uid: None, depth, children: 0 };
        let long = std::iter::once(line(0)).chain((0..GIVEN_MAX).map(|_| line(1)));
        let mut threads = Giving::Threads(long.chain([line(0)]).collect());
        assert!(matches!(threads.page(), (FoundRows::Threads(rows), true) if rows.len() == GIVEN_MAX + 1));
        assert!(matches!(threads.page(), (FoundRows::Threads(rows), false) if rows == [(0, 0)]));
    }
}
