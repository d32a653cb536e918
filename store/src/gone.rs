//! What is kept of things that are no more: which kinds of rows there are in `gone`, and how one row tells of many things
//! in a few octets each. Does not own when they are written (`engine`) or forgotten (`upkeep`).

use crate::StoreError;
use crate::columns::Sql;
use crate::object::ObjectKind;

/// UIDs of a mailbox, as a range.
pub(crate) const GONE_UID: i64 = 0;
/// E-mails.
pub(crate) const GONE_EMAIL: i64 = 1;
/// A mailbox.
pub(crate) const GONE_MAILBOX: i64 = 2;
/// E-mails that left a mailbox and are still in another: they changed.
pub(crate) const GONE_PLACE: i64 = 3;
/// Objects: this and the number of their kind.
const GONE_OBJECT: i64 = 16;

/// Things one row tells of: some ten KiB, read at once.
pub(crate) const GONE_ROW_MAX: usize = 4_096;

/// The kind of row for objects of a kind.
pub(crate) fn gone_object(kind: ObjectKind) -> i64 {
    GONE_OBJECT + kind.number()
}

/// Whether a kind of row is one that is told to those who keep mailboxes open.
pub(crate) fn is_of_mailboxes(kind: i64) -> bool {
    matches!(kind, GONE_UID | GONE_EMAIL | GONE_MAILBOX)
}

/// Something that was there: its id, the modseq with which it came, and its conversation (its own id, where it has none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lived {
    pub(crate) id: i64,
    pub(crate) born: i64,
    pub(crate) thread: i64,
}

impl Lived {
    /// One without a conversation.
    pub(crate) fn alone(id: i64, born: i64) -> Lived {
        Lived { id, born, thread: id }
    }
}

/// Things, ascending by id, as three numbers each that are small where neighbours went together: how far the id is from
/// the one before, how far the birth is, how far back the conversation began.
pub(crate) fn detail_out(all: &[Lived]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(all.len() * 4);
    let mut before = Lived::alone(0, 0);
    for lived in all {
        put(&mut octets, zigzag(lived.id.wrapping_sub(before.id)));
        put(&mut octets, zigzag(lived.born.wrapping_sub(before.born)));
        put(&mut octets, zigzag(lived.id.wrapping_sub(lived.thread)));
        before = *lived;
    }
    octets
}

/// Back again.
pub(crate) fn detail_in(octets: &[u8]) -> Sql<Vec<Lived>> {
    let mut rest = octets.iter();
    let mut all = Vec::new();
    let mut before = Lived::alone(0, 0);
    while !rest.as_slice().is_empty() {
        let id = before.id.wrapping_add(take(&mut rest)?);
        let born = before.born.wrapping_add(take(&mut rest)?);
        before = Lived { id, born, thread: id.wrapping_sub(take(&mut rest)?) };
        all.push(before);
    }
    Ok(all)
}

/// What a row of `gone` tells of; those of an earlier release only name a range.
pub(crate) fn lived_of(first: i64, last: i64, detail: Option<&[u8]>) -> Sql<Vec<Lived>> {
    match detail {
        Some(detail) => detail_in(detail),
        None => Ok((first..=last).map(|id| Lived::alone(id, 0)).collect()),
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// Seven bits an octet, the lowest first.
fn put(octets: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        octets.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return;
        }
    }
}

fn take(rest: &mut std::slice::Iter<'_, u8>) -> Sql<i64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let octet = rest.next().ok_or_else(|| StoreError::damaged("what went is cut short"))?;
        number |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
    Err(StoreError::damaged("what went has a number that does not end"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn details_read_as_they_were_written(all in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>()), 0..50)) {
            let all: Vec<_> = all.into_iter().map(|(id, born, thread)| Lived { id, born, thread }).collect();
            prop_assert_eq!(detail_in(&detail_out(&all)).unwrap(), all);
        }

        #[test]
        fn octets_of_any_kind_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(all) = detail_in(&octets) {
                prop_assert!(all.len() <= octets.len() / 3);
            }
        }
    }

    #[test]
    fn neighbours_take_few_octets() {
        let all: Vec<_> = (1_000_000..1_001_000).map(|id| Lived::alone(id, id + 5)).collect();
        assert!(detail_out(&all).len() < 3_020);
        assert!(detail_in(&[0x80; 11]).is_err() && detail_in(&[0, 0]).is_err());
    }
}
