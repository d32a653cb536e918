//! The maildrop of one session: the snapshot and what was marked as deleted (RFC 1939 §5). Message numbers live here
//! and nowhere else.

use super::{Entry, Maildrop};
use std::sync::Arc;

/// Bits of one word of the deleted set.
const BITS: usize = u64::BITS as usize;

/// A maildrop that is being read.
pub(super) struct Transaction {
    maildrop: Arc<Maildrop>,
    /// One bit for each entry, made when the first is marked.
    deleted: Vec<u64>,
    /// Messages that are not marked.
    pub messages: usize,
    /// Their octets.
    pub octets: u64,
    /// The client's say of UTF8, from before login.
    pub utf8: bool,
}

/// Why a number names no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoMessage {
    /// It never did.
    Unknown,
    /// It is marked as deleted.
    Deleted,
}

impl Transaction {
    pub fn new(maildrop: Arc<Maildrop>, utf8: bool) -> Transaction {
        let mut transaction = Transaction { maildrop, deleted: Vec::new(), messages: 0, octets: 0, utf8 };
        transaction.reset();
        transaction
    }

    /// Unmarks everything (RSET).
    pub fn reset(&mut self) {
        self.deleted.clear();
        self.messages = self.maildrop.entries.len();
        self.octets = self.maildrop.entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.octets));
    }

    /// The message of this number, if it is not marked.
    pub fn message(&self, number: u32) -> Result<Entry, NoMessage> {
        let index = index(number).ok_or(NoMessage::Unknown)?;
        let entry = self.maildrop.entries.get(index).ok_or(NoMessage::Unknown)?;
        if self.is_deleted(index) { Err(NoMessage::Deleted) } else { Ok(*entry) }
    }

    /// Marks a message (DELE).
    pub fn delete(&mut self, number: u32) -> Result<(), NoMessage> {
        let entry = self.message(number)?;
        let index = index(number).ok_or(NoMessage::Unknown)?;
        if self.deleted.is_empty() {
            self.deleted = vec![0; self.maildrop.entries.len().div_ceil(BITS)];
        }
        if let Some(word) = self.deleted.get_mut(index / BITS) {
            *word |= 1 << (index % BITS);
            self.messages -= 1;
            self.octets = self.octets.saturating_sub(entry.octets);
        }
        Ok(())
    }

    fn is_deleted(&self, index: usize) -> bool {
        self.deleted.get(index / BITS).is_some_and(|word| word >> (index % BITS) & 1 == 1)
    }

    /// What was marked, by source.
    pub fn deleted(&self) -> Vec<u64> {
        let entries = self.maildrop.entries.iter().enumerate();
        entries.filter(|(index, _)| self.is_deleted(*index)).map(|(_, entry)| entry.source).collect()
    }

    /// The first message at or behind this index that is not marked, with its index.
    pub fn next(&self, from: usize) -> Option<(usize, Entry)> {
        let entries = self.maildrop.entries.iter().enumerate().skip(from);
        entries.map(|(index, entry)| (index, *entry)).find(|(index, _)| !self.is_deleted(*index))
    }

    /// A message's unique-id (RFC 1939 §7): of the mailbox's UIDVALIDITY and the message's UID, which never change
    /// and are never given twice.
    pub fn unique_id(&self, entry: &Entry) -> String {
        format!("{:08x}{:08x}", self.maildrop.uid_validity, entry.uid)
    }
}

fn index(number: u32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn transaction(count: u32) -> Transaction {
        let entry = |n: u32| Entry { source: u64::from(n) + 100, octets: u64::from(n), uid: n, utf8_header: false };
        let entries = (1..=count).map(entry).collect();
        Transaction::new(Arc::new(Maildrop { uid_validity: 0x1234, entries }), false)
    }

    #[test]
    fn numbers_begin_with_one() {
        let transaction = transaction(3);
        assert_eq!(transaction.message(0), Err(NoMessage::Unknown));
        assert_eq!(transaction.message(1).unwrap().source, 101);
        assert_eq!(transaction.message(3).unwrap().source, 103);
        assert_eq!(transaction.message(4), Err(NoMessage::Unknown));
        assert_eq!(transaction.message(u32::MAX), Err(NoMessage::Unknown));
    }

    #[test]
    fn marks_stand_apart_across_words() {
        let mut transaction = transaction(130);
        for number in [1, 64, 65, 128, 130] {
            transaction.delete(number).unwrap();
            assert_eq!(transaction.delete(number), Err(NoMessage::Deleted));
        }
        assert_eq!(transaction.deleted(), [101, 164, 165, 228, 230]);
        assert_eq!((transaction.messages, transaction.octets), (125, 130 * 131 / 2 - 1 - 64 - 65 - 128 - 130));
        assert_eq!(transaction.next(63).unwrap().0, 65);
        assert_eq!(transaction.next(129), None);
        transaction.reset();
        assert_eq!((transaction.messages, transaction.octets), (130, 130 * 131 / 2));
        assert!(transaction.deleted().is_empty());
    }

    #[test]
    fn a_unique_id_is_of_both_numbers() {
        let transaction = transaction(1);
        assert_eq!(transaction.unique_id(&transaction.message(1).unwrap()), "0000123400000001");
    }
}
