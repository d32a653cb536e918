//! How numbers of the store and numbers a session knows stand for each other. Owns no rule.

use std::ops::RangeInclusive;
use store::UidSet;
use store::types::{AccountId, Uid};
use wire::imap::ask::Uids;
use wire::imap::listing::object_number;

/// UIDs as the store takes them.
pub(super) fn uid_set(uids: &[RangeInclusive<u32>]) -> UidSet {
    UidSet::of_ranges(uids.iter().map(|range| (Uid(*range.start()), Uid(*range.end()))))
}

/// UIDs as a session takes them.
pub(super) fn uids(set: &UidSet) -> Uids {
    set.ranges().iter().map(|(first, last)| first.0..=last.0).collect()
}

/// Rising UIDs as ranges.
pub(super) fn ranges(rising: impl IntoIterator<Item = u32>) -> Uids {
    let mut ranges: Uids = Vec::new();
    for uid in rising {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(uid) => *last = *last.start()..=uid,
            _ => ranges.push(uid..=uid),
        }
    }
    ranges
}

/// A number of an account as all the house knows it (RFC 8474).
pub(super) fn object(account: AccountId, number: i64) -> u64 {
    object_number(account.0.unsigned_abs(), number.unsigned_abs())
}
