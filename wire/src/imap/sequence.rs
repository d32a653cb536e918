//! Sequence sets (RFC 9051 §9): reading and writing [`Set`], which is ranges and never each number. A set names numbers
//! of 32 bits, zero not among them; `$` is a [`Messages`] of its own.

use super::command::Messages;
use super::limits::RANGES;
use message::search::{Bound, Set};
use std::fmt::Write;
use std::ops::RangeInclusive;

/// Reads a set or `$`, all of `text`.
#[must_use]
pub fn read(text: &[u8]) -> Option<Messages> {
    if text == b"$" { Some(Messages::Saved) } else { read_set(text).map(Messages::Set) }
}

/// Reads a set, all of `text`; `None` too for one of more than [`RANGES`] ranges.
#[must_use]
pub fn read_set(text: &[u8]) -> Option<Set> {
    let mut ranges = Vec::new();
    for range in text.split(|octet| *octet == b',') {
        if ranges.len() == RANGES {
            return None;
        }
        let mut ends = range.splitn(2, |octet| *octet == b':');
        let first = read_bound(ends.next()?)?;
        let last = ends.next().map_or(Some(first), read_bound)?;
        ranges.push((first, last));
    }
    ranges.shrink_to_fit();
    Some(Set(ranges))
}

/// Reads a number or `*`.
#[must_use]
pub fn read_bound(text: &[u8]) -> Option<Bound> {
    if text == b"*" { Some(Bound::Last) } else { read_number(text).map(Bound::Number) }
}

/// A number of 32 bits that is not zero and does not begin with one (RFC 9051 §9, `nz-number`).
#[must_use]
pub fn read_number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 10 || text.first() == Some(&b'0') {
        return None;
    }
    let mut number = 0_u64;
    for octet in text {
        number = number * 10 + u64::from(octet.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    u32::try_from(number).ok()
}

/// Writes a set, as it was read.
#[must_use]
pub fn write(set: &Set) -> String {
    let mut out = String::new();
    for (first, last) in &set.0 {
        if !out.is_empty() {
            out.push(',');
        }
        write_bound(*first, &mut out);
        if first != last {
            out.push(':');
            write_bound(*last, &mut out);
        }
    }
    out
}

fn write_bound(bound: Bound, out: &mut String) {
    match bound {
        // Writing to a string cannot fail.
        Bound::Number(number) => write!(out, "{number}").unwrap_or(()),
        Bound::Last => out.push('*'),
    }
}

/// Whether a set has `*` in it, which some arguments may not (RFC 7162 §7, `known-uids`).
#[must_use]
pub fn has_last(set: &Set) -> bool {
    set.0.iter().any(|(first, last)| *first == Bound::Last || *last == Bound::Last)
}

/// A set of single numbers, taken one after the other, as ranges: numbers that follow each other become one. The order
/// is kept, as COPYUID asks (RFC 4315 §3).
#[must_use]
pub fn compact(numbers: impl IntoIterator<Item = u32>) -> Set {
    let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(range) if range.end().checked_add(1) == Some(number) => *range = *range.start()..=number,
            _ => ranges.push(number..=number),
        }
    }
    Set::of(ranges)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sets_are_read_as_they_stand() {
        let number = Bound::Number;
        for (text, ranges) in [
            ("1", vec![(number(1), number(1))]),
            ("4:2", vec![(number(4), number(2))]),
            ("*", vec![(Bound::Last, Bound::Last)]),
            (
                "2,4:7,9,12:*",
                vec![(number(2), number(2)), (number(4), number(7)), (number(9), number(9)), (number(12), Bound::Last)],
            ),
            ("*:4", vec![(Bound::Last, number(4))]),
            ("4294967295", vec![(number(u32::MAX), number(u32::MAX))]),
        ] {
            assert_eq!(read_set(text.as_bytes()), Some(Set(ranges)), "{text}");
        }
        assert_eq!(read(b"$"), Some(Messages::Saved));
        assert_eq!(read_set(b"$"), None);
    }

    #[test]
    fn numbers_are_checked() {
        for wrong in [
            "",
            "0",
            "01",
            "1,",
            ",1",
            "1,,2",
            "1:",
            ":1",
            "1:2:3",
            "4294967296",
            "99999999999",
            "-1",
            "+1",
            "1 ",
            "a",
            "**",
            "$,1",
            "0:5",
        ] {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn ranges_are_limited() {
        let set = |count: usize| vec!["1"; count].join(",");
        assert_eq!(read_set(set(RANGES).as_bytes()).unwrap().0.len(), RANGES);
        assert_eq!(read_set(set(RANGES + 1).as_bytes()), None);
    }

    #[test]
    fn numbers_in_a_row_become_a_range() {
        assert_eq!(write(&compact([1, 2, 3, 7, 9, 8, u32::MAX])), "1:3,7,9,8,4294967295");
        assert_eq!(compact([]), Set::default());
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(ranges in proptest::collection::vec((0..5_u32, 1..=u32::MAX, 1..9_u32), 1..20)) {
            let bound = |star: bool, number: u32| if star { Bound::Last } else { Bound::Number(number) };
            let set = Set(ranges.iter().map(|(star, a, b)| (bound(*star == 0, *a), bound(*star == 1, *b))).collect());
            prop_assert_eq!(read_set(write(&set).as_bytes()).unwrap(), set);
        }

        #[test]
        fn reading_is_total(text in proptest::collection::vec(any::<u8>(), 0..20), digits in "[0-9:,*$]{0,20}") {
            let _ = read(&text);
            if let Some(set) = read_set(digits.as_bytes()) {
                let again = write(&set);
                prop_assert_eq!(read_set(again.as_bytes()).unwrap(), set);
            }
        }
    }
}
