//! Sets of UIDs as ranges, so that ten thousand messages in a row are one pair of numbers. Owns their normal form:
//! ascending, disjoint, not touching. Knows nothing of how a client writes them.

use crate::types::Uid;
use serde::{Deserialize, Serialize};

/// A set of UIDs. Its ranges ascend, and between two of them at least one UID is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Uid, Uid)>", into = "Vec<(Uid, Uid)>")]
pub struct UidSet(Vec<(Uid, Uid)>);

impl UidSet {
    /// Every UID there can be.
    #[must_use]
    pub fn all() -> UidSet {
        UidSet(vec![(Uid(1), Uid(u32::MAX))])
    }

    /// First and last of each range; the two may come in either order, the ranges in any.
    #[must_use]
    pub fn of_ranges(ranges: impl IntoIterator<Item = (Uid, Uid)>) -> UidSet {
        let mut ranges: Vec<_> = ranges.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
        ranges.sort_unstable();
        let mut set = UidSet::default();
        for (first, last) in ranges {
            set.push(first, last);
        }
        set
    }

    /// Adds a range that begins nowhere before the last one.
    fn push(&mut self, first: Uid, last: Uid) {
        match self.0.last_mut() {
            Some((_, end)) if first.0 <= end.0.saturating_add(1) => *end = last.max(*end),
            _ => self.0.push((first, last)),
        }
    }

    /// Its ranges, first and last of each.
    #[must_use]
    pub fn ranges(&self) -> &[(Uid, Uid)] {
        &self.0
    }

    /// Whether it names no UID.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many UIDs it names, whether there are messages or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last.0 - first.0) + 1).sum()
    }

    /// Whether it names this UID.
    #[must_use]
    pub fn contains(&self, uid: Uid) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < uid);
        self.0.get(at).is_some_and(|(first, _)| *first <= uid)
    }

    /// What of it lies between two UIDs, both included.
    #[must_use]
    pub fn within(&self, from: Uid, to: Uid) -> UidSet {
        let cut = |(first, last): &(Uid, Uid)| (*first.max(&from), *last.min(&to));
        UidSet(self.0.iter().map(cut).filter(|(first, last)| first <= last).collect())
    }

    /// Every UID of it. Who asks for them has seen to it that there are not too many.
    pub fn iter(&self) -> impl Iterator<Item = Uid> + '_ {
        self.0.iter().flat_map(|(first, last)| (first.0..=last.0).map(Uid))
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> UidSet {
        let mut set = UidSet::default();
        let mut rest = Vec::new();
        for uid in uids {
            // In order, as they mostly come, they need no sorting.
            match set.0.last_mut() {
                Some((first, last)) if uid >= *first && uid.0 <= last.0.saturating_add(1) => *last = uid.max(*last),
                Some((_, last)) if uid < *last => rest.push((uid, uid)),
                _ => set.0.push((uid, uid)),
            }
        }
        if rest.is_empty() { set } else { UidSet::of_ranges(set.0.into_iter().chain(rest)) }
    }
}

impl From<Vec<Uid>> for UidSet {
    fn from(uids: Vec<Uid>) -> UidSet {
        uids.into_iter().collect()
    }
}

impl From<Uid> for UidSet {
    fn from(uid: Uid) -> UidSet {
        UidSet(vec![(uid, uid)])
    }
}

impl From<Vec<(Uid, Uid)>> for UidSet {
    fn from(ranges: Vec<(Uid, Uid)>) -> UidSet {
        UidSet::of_ranges(ranges)
    }
}

impl From<UidSet> for Vec<(Uid, Uid)> {
    fn from(set: UidSet) -> Vec<(Uid, Uid)> {
        set.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn plain(set: &UidSet) -> Vec<(u32, u32)> {
        set.ranges().iter().map(|(first, last)| (first.0, last.0)).collect()
    }

    #[test]
    fn neighbours_become_one_range() {
        let set: UidSet = [3, 1, 2, 9, 7, 2].map(Uid).into_iter().collect();
        assert_eq!(plain(&set), [(1, 3), (7, 7), (9, 9)]);
        let set = UidSet::of_ranges([(Uid(9), Uid(5)), (Uid(1), Uid(4)), (Uid(20), Uid(20))]);
        assert_eq!((plain(&set), set.count()), (vec![(1, 9), (20, 20)], 10));
        assert_eq!(plain(&UidSet::of_ranges([(Uid(5), Uid(u32::MAX)), (Uid(7), Uid(9))])), [(5, u32::MAX)]);
    }

    #[test]
    fn the_largest_uid_is_one_as_the_others() {
        let set = UidSet::all();
        assert!(set.contains(Uid(u32::MAX)) && set.contains(Uid(1)) && !set.contains(Uid(0)));
        assert_eq!(set.count(), u64::from(u32::MAX));
        assert_eq!(plain(&set.within(Uid(4), Uid(9))), [(4, 9)]);
        let top: UidSet = [u32::MAX, u32::MAX - 1, u32::MAX].map(Uid).into_iter().collect();
        assert_eq!(plain(&top), [(u32::MAX - 1, u32::MAX)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_holds_what_a_plain_set_holds(uids in prop::collection::vec(1_u32..40, 0..30), from in 1_u32..40, to in 1_u32..40) {
            let naive: BTreeSet<Uid> = uids.iter().copied().map(Uid).collect();
            let set: UidSet = uids.iter().copied().map(Uid).collect();
            prop_assert_eq!(&set, &UidSet::of_ranges(uids.iter().map(|uid| (Uid(*uid), Uid(*uid)))));
            prop_assert!(set.iter().eq(naive.iter().copied()));
            prop_assert!((0..42).all(|uid| set.contains(Uid(uid)) == naive.contains(&Uid(uid))));
            let gaps = set.ranges().windows(2).all(|pair| pair[0].1.0 + 1 < pair[1].0.0);
            prop_assert!(gaps);
            let cut: Vec<Uid> = naive.into_iter().filter(|uid| uid.0 >= from && uid.0 <= to).collect();
            prop_assert!(set.within(Uid(from), Uid(to)).iter().eq(cut));
        }
    }
}
