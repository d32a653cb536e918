//! What may be searched for, as plain data: the keys of RFC 9051 §6.4.4 and RFC 3501 §6.4.4 with those of RFC 5032,
//! RFC 6203, RFC 7162, RFC 8474 and RFC 8514, the orders of RFC 5256 and RFC 5957. Owns the tree and walking it. Does
//! not read it from a command, and does not know what matches.

use crate::flags::SystemFlag;
use std::ops::RangeInclusive;

/// How deep keys may lie in each other. Who builds a tree keeps to it, so that walking it may call itself: clients make
/// some ten levels at most, and every level costs stack.
pub const NESTING_MAX: usize = 64;

/// What messages must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Every one of these holds; `ALL` is none of them.
    And(Vec<Key>),
    /// One of these holds. A chain `OR a OR b OR c d` is one of four, so that it does not count as depth.
    Or(Vec<Key>),
    /// It does not hold.
    Not(Box<Key>),
    /// It holds, or nearly does, as the searcher sees fit (RFC 6203).
    Fuzzy(Box<Key>),
    /// Client message numbers. Only the session knows them: it puts [`Key::Uids`] in their place.
    Numbers(Set),
    /// `UID`.
    Uids(Set),
    /// `$`, what an earlier search kept (RFC 5182). The session puts [`Key::Uids`] in its place.
    Saved,
    /// A system flag is set. `UNSEEN` is its [`Key::Not`], `OLD` that of `Recent`, `NEW` is `Recent` and not `Seen`. Only
    /// the session knows what is `Recent`: it puts [`Key::Uids`] in its place.
    Flag(SystemFlag),
    /// `KEYWORD`, in any case of letters.
    Keyword(String),
    /// `LARGER`: more octets than this.
    Larger(u64),
    /// `SMALLER`: fewer octets than this.
    Smaller(u64),
    /// `BEFORE`, `ON`, `SINCE` and their kin.
    Date(DateOf, Relation, Day),
    /// `OLDER`: INTERNALDATE lies at least as many seconds back (RFC 5032).
    Older(u32),
    /// `YOUNGER`: INTERNALDATE lies at most as many seconds back (RFC 5032).
    Younger(u32),
    /// `MODSEQ`: changed at this modseq or later (RFC 7162 §3.1.5). One modseq covers all of a message, so which entry
    /// was asked about makes no difference.
    ModSeq(u64),
    /// `EMAILID`, as the client wrote it (RFC 8474).
    EmailId(String),
    /// `THREADID`, as the client wrote it (RFC 8474).
    ThreadId(String),
    /// `SAVEDATESUPPORTED` (RFC 8514).
    SaveDateSupported,
    /// `FROM`, `TO`, `CC`, `BCC`: the addresses and names of that field hold the text.
    Address(AddressField, String),
    /// `SUBJECT`.
    Subject(String),
    /// `HEADER`: some field of this name holds the text; with an empty text, there is such a field.
    Header {
        /// Its name.
        name: String,
        /// What it holds.
        text: String,
    },
    /// `BODY`: the body, the headers of its parts excepted, holds the text.
    Body(String),
    /// `TEXT`: header or body hold the text.
    Text(String),
    /// Something that whoever searches answers, by its own number for it.
    Other(u32),
}

/// Fields of addresses that have a key of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressField {
    /// `From`.
    From,
    /// `To`.
    To,
    /// `Cc`.
    Cc,
    /// `Bcc`.
    Bcc,
}

/// A day counted from 1970-01-01, as [`date::day`](crate::date::day) makes it. Zones are disregarded: a date is the
/// day that its own zone writes (RFC 9051 §6.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

/// Which date of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateOf {
    /// INTERNALDATE: `BEFORE`, `ON`, `SINCE`.
    Arrival,
    /// The `Date` field: `SENTBEFORE`, `SENTON`, `SENTSINCE`.
    Sent,
    /// When it came into this mailbox: `SAVEDBEFORE`, `SAVEDON`, `SAVEDSINCE` (RFC 8514).
    Saved,
}

/// How a date lies to the day asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Earlier than that day.
    Before,
    /// Within it.
    On,
    /// Within it or later.
    Since,
}

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// A number, not 0.
    Number(u32),
    /// `*`: the highest there is.
    Last,
}

/// A sequence set (RFC 9051 §9) as it was written: ranges, never each number. Either end of a range may be the higher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(pub Vec<(Bound, Bound)>);

/// What to look for, and in what order the messages found are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What to look for.
    pub key: Key,
    /// How they are given.
    pub order: Order,
}

/// In what order found messages are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By UID.
    #[default]
    Uid,
    /// `SORT`.
    Sort(Vec<Criterion>),
    /// `THREAD`.
    Thread(Algorithm),
}

/// One thing to sort by (RFC 5256 §3, RFC 5957 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Criterion {
    /// What is compared.
    pub by: SortBy,
    /// `REVERSE`.
    pub reverse: bool,
}

/// What messages are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// `ARRIVAL`: INTERNALDATE with its time.
    Arrival,
    /// `CC`: the local part of the first address.
    Cc,
    /// `DATE`: the moment it was sent.
    Date,
    /// `FROM`: the local part of the first address.
    From,
    /// `SIZE`.
    Size,
    /// `SUBJECT`: the base subject.
    Subject,
    /// `TO`: the local part of the first address.
    To,
    /// `DISPLAYFROM`: the name, else the address.
    DisplayFrom,
    /// `DISPLAYTO`.
    DisplayTo,
}

/// How messages are put into threads (RFC 5256 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `ORDEREDSUBJECT`.
    OrderedSubject,
    /// `REFERENCES`.
    References,
}

impl Key {
    /// Every message.
    #[must_use]
    pub fn all() -> Key {
        Key::And(Vec::new())
    }

    /// Puts what `known` gives in the place of keys that stand by themselves, wherever they lie.
    pub fn replace(&mut self, known: &mut impl FnMut(&Key) -> Option<Key>) {
        match self {
            Key::And(keys) | Key::Or(keys) => keys.iter_mut().for_each(|key| key.replace(known)),
            Key::Not(key) | Key::Fuzzy(key) => key.replace(known),
            leaf => {
                if let Some(other) = known(leaf) {
                    *leaf = other;
                }
            }
        }
    }

    /// Whether `test` holds for some key that stands by itself.
    pub fn any(&self, test: &mut impl FnMut(&Key) -> bool) -> bool {
        match self {
            Key::And(keys) | Key::Or(keys) => keys.iter().any(|key| key.any(test)),
            Key::Not(key) | Key::Fuzzy(key) => key.any(test),
            leaf => test(leaf),
        }
    }
}

impl Set {
    /// Of ranges already in numbers.
    #[must_use]
    pub fn of(ranges: impl IntoIterator<Item = RangeInclusive<u32>>) -> Set {
        Set(ranges.into_iter().map(|range| (Bound::Number(*range.start()), Bound::Number(*range.end()))).collect())
    }

    /// As ranges in rising order that neither touch nor overlap, where `last` is the highest number there is. `*` is
    /// `last`; of an empty mailbox (`last` 0) it names nothing.
    #[must_use]
    pub fn ranges(&self, last: u32) -> Vec<RangeInclusive<u32>> {
        let number = |bound: Bound| match bound {
            Bound::Number(number) => number,
            Bound::Last => last,
        };
        let mut ends: Vec<(u32, u32)> = self.0.iter().map(|(a, b)| (number(*a), number(*b))).collect();
        ends.iter_mut().for_each(|(a, b)| (*a, *b) = (*a.min(b), *a.max(b)));
        ends.retain(|(_, high)| *high > 0);
        ends.sort_unstable();
        let mut ranges: Vec<RangeInclusive<u32>> = Vec::with_capacity(ends.len());
        for (low, high) in ends {
            match ranges.last_mut() {
                Some(before) if low <= before.end().saturating_add(1) => {
                    *before = *before.start()..=high.max(*before.end());
                }
                _ => ranges.push(low.max(1)..=high),
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_ordered_and_joined() {
        let number = Bound::Number;
        for (set, last, ranges) in [
            (vec![(number(4), number(2)), (number(7), number(7)), (number(1), number(1))], 9, vec![1..=4, 7..=7]),
            (vec![(number(12), Bound::Last)], 9, vec![9..=12]),
            (vec![(Bound::Last, Bound::Last), (number(1), number(8))], 9, vec![1..=9]),
            (vec![(Bound::Last, Bound::Last)], 0, vec![]),
            (vec![(number(3), Bound::Last)], 0, vec![1..=3]),
            (vec![(number(u32::MAX), Bound::Last), (number(1), number(u32::MAX))], 5, vec![1..=u32::MAX]),
        ] {
            assert_eq!(Set(set.clone()).ranges(last), ranges, "{set:?}");
        }
        assert_eq!(Set::of([3..=4]).ranges(1), [3..=4]);
    }

    #[test]
    fn keys_are_replaced_where_they_lie() {
        let deep = Key::Not(Box::new(Key::Or(vec![Key::Saved, Key::Fuzzy(Box::new(Key::Saved)), Key::Older(1)])));
        let mut key = Key::And(vec![deep, Key::Saved]);
        assert!(key.any(&mut |key| *key == Key::Saved));
        key.replace(&mut |key| (*key == Key::Saved).then(|| Key::Uids(Set::of([1..=1]))));
        assert!(!key.any(&mut |key| *key == Key::Saved));
        assert!(key.any(&mut |key| matches!(key, Key::Uids(_))));
        assert!(!Key::all().any(&mut |_| true));
    }
}
