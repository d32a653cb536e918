//! The TRANSACTION state (RFC 1939 §5) and the way to UPDATE (§6): a snapshot of the maildrop and what was marked in it.

use super::listing::{Column, Listing};
use super::server::{Out, Question, Server, State};
use super::{Ask, Command, Entry, Maildrop, Refusal};
use crate::session::{Framing, Relay};
use std::sync::Arc;

/// A visit to a maildrop: the snapshot, and the marks of DELE, one bit a message.
pub(super) struct Session {
    maildrop: Arc<Maildrop>,
    deleted: Vec<u64>,
    marked: usize,
    marked_octets: u64,
    octets: u64,
}

impl Session {
    pub fn new(maildrop: Arc<Maildrop>) -> Session {
        let octets = maildrop.entries.iter().map(|entry| entry.octets).fold(0, u64::saturating_add);
        let deleted = vec![0; maildrop.entries.len().div_ceil(64)];
        Session { maildrop, deleted, marked: 0, marked_octets: 0, octets }
    }

    /// Messages in the snapshot, marked ones too.
    pub fn len(&self) -> usize {
        self.maildrop.entries.len()
    }

    /// Messages not marked.
    pub fn count(&self) -> usize {
        self.len() - self.marked
    }

    /// Octets not marked.
    pub fn octets(&self) -> u64 {
        self.octets.saturating_sub(self.marked_octets)
    }

    pub fn entry(&self, index: usize) -> Option<&Entry> {
        self.maildrop.entries.get(index)
    }

    pub fn is_deleted(&self, index: usize) -> bool {
        self.deleted.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// RFC 1939 §7: unique in the maildrop, for ever. UIDs are never given twice while UIDVALIDITY stays.
    pub fn unique_id(&self, index: usize) -> Option<String> {
        self.entry(index).map(|entry| format!("{:08x}{:08x}", self.maildrop.uid_validity, entry.uid))
    }

    /// The message of a number, if it is there and not marked.
    fn message(&self, number: u64) -> Option<(usize, Entry)> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let entry = *self.entry(index)?;
        (!self.is_deleted(index)).then_some((index, entry))
    }

    fn mark(&mut self, index: usize, entry: &Entry) {
        if let Some(word) = self.deleted.get_mut(index / 64) {
            *word |= 1 << (index % 64);
            self.marked += 1;
            self.marked_octets += entry.octets;
        }
    }

    fn unmark_all(&mut self) {
        self.deleted.fill(0);
        (self.marked, self.marked_octets) = (0, 0);
    }

    fn marked_sources(&self) -> Vec<u64> {
        let marked = (0..self.len()).filter(|index| self.is_deleted(*index));
        marked.filter_map(|index| self.entry(index)).map(|entry| entry.source).collect()
    }
}

const NO_SUCH_MESSAGE: &str = "no such message";

impl Server {
    pub(super) fn transact(&mut self, command: Command) {
        let State::Transaction(visit) = &mut self.state else { return };
        match command {
            Command::Noop => self.ok("still here"),
            Command::Stat => {
                let line = format!("{} {}", visit.count(), visit.octets());
                self.ok(&line);
            }
            Command::Rset => {
                visit.unmark_all();
                let line = format!("{} messages, {} octets", visit.count(), visit.octets());
                self.ok(&line);
            }
            Command::List(None) => self.list(Column::Octets),
            Command::Uidl(None) => self.list(Column::UniqueId),
            Command::List(Some(number)) => self.list_one(number, Column::Octets),
            Command::Uidl(Some(number)) => self.list_one(number, Column::UniqueId),
            Command::Dele(number) => self.delete(number),
            Command::Retr(number) => self.retrieve(number, None),
            Command::Top { message, lines } => self.retrieve(message, Some(lines)),
            _ => self.refuse("only before login"),
        }
    }

    fn list(&mut self, column: Column) {
        let State::Transaction(visit) = &self.state else { return };
        let line = format!("{} messages, {} octets", visit.count(), visit.octets());
        self.ok(&line);
        self.push(Out::List(Listing::new(column)));
    }

    fn list_one(&mut self, number: u64, column: Column) {
        let State::Transaction(visit) = &self.state else { return };
        let Some((index, entry)) = visit.message(number) else { return self.refuse(NO_SUCH_MESSAGE) };
        let value = match column {
            Column::Octets => entry.octets.to_string(),
            Column::UniqueId => visit.unique_id(index).unwrap_or_default(),
        };
        self.ok(&format!("{number} {value}"));
    }

    fn delete(&mut self, number: u64) {
        let State::Transaction(visit) = &mut self.state else { return };
        let Some((index, entry)) = visit.message(number) else { return self.refuse(NO_SUCH_MESSAGE) };
        visit.mark(index, &entry);
        self.ok("marked; it goes when you say QUIT");
    }

    /// RETR, or TOP with `lines`.
    fn retrieve(&mut self, number: u64, lines: Option<u64>) {
        let State::Transaction(visit) = &self.state else { return };
        let Some((_, entry)) = visit.message(number) else { return self.refuse(NO_SUCH_MESSAGE) };
        // RFC 6856 §2.1, §5: not as it is to a client that did not ask for UTF-8.
        if entry.utf8_header && !self.utf8 {
            return self.err("[UTF8] this message is for clients that say UTF8 before they log in");
        }
        let text = match lines {
            None => format!("{} octets", entry.octets),
            Some(_) => "the top of it".to_owned(),
        };
        let relay = Relay { source: entry.source, framing: Framing::DotStuffed { lines } };
        self.ask(Ask::Fetch { source: entry.source }, Question::Fetch { text, relay });
    }

    pub(super) fn not_fetched(&mut self, refusal: Refusal) {
        self.err(match refusal {
            Refusal::Gone => "the message was removed meanwhile",
            Refusal::Temporary => "[SYS/TEMP] the message cannot be read now",
            Refusal::Permanent => "[SYS/PERM] the message cannot be read; tell the postmaster",
        });
    }

    /// QUIT: from here, and only from here, marked messages go (RFC 1939 §6).
    pub(super) fn quit(&mut self) {
        let deleted = match &self.state {
            State::Authorization { .. } => Vec::new(),
            State::Transaction(visit) => visit.marked_sources(),
        };
        if deleted.is_empty() {
            return self.farewell();
        }
        self.ask(Ask::Update { deleted }, Question::Update);
    }

    pub(super) fn not_updated(&mut self, refusal: Refusal) {
        let text = match refusal {
            Refusal::Permanent => "[SYS/PERM] some deleted messages not removed",
            Refusal::Temporary | Refusal::Gone => "[SYS/TEMP] some deleted messages not removed",
        };
        self.close(Some(text));
    }
}
