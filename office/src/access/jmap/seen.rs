//! What became of what a user sees of another's account. The store tells of whole accounts; here two moments of the cut are
//! compared, so that nothing is told of what is hidden, and what was taken out of sight is told as gone.

use super::catalogue::Catalogue;
use super::counts::Count;
use super::rows::Row;
use crate::access::imap::rights::Granted;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use store::types::{EmailId, Mailbox, MailboxId, ModSeq};
use wire::imap::ask::Rights;

/// Changes that are remembered: a client that missed more asks for everything.
const LOG_MAX: usize = 8192;

/// What became of things of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Became<T> {
    pub created: Vec<T>,
    pub updated: Vec<T>,
    pub destroyed: Vec<T>,
}

/// What happened to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Came,
    Changed,
    Went,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Email(EmailId),
    Thread(EmailId),
    Mailbox(MailboxId),
}

/// What happened since it was looked at first.
#[derive(Clone, Debug)]
pub(super) struct Log {
    /// What happened up to this is not known.
    from: ModSeq,
    newest: ModSeq,
    entries: VecDeque<(ModSeq, Thing, Fate)>,
}

/// Some e-mails and conversations, and all mailboxes, as they are seen at one moment.
pub(super) struct Picture {
    emails: HashMap<EmailId, Row>,
    threads: HashSet<EmailId>,
    mailboxes: BTreeMap<MailboxId, (Mailbox, Count, Rights)>,
}

impl Picture {
    pub fn of(
        catalogue: &Catalogue,
        rights: &Granted,
        (emails, threads): (&BTreeSet<EmailId>, &BTreeSet<EmailId>),
    ) -> Picture {
        let rows = emails.iter().filter_map(|email| Some((*email, catalogue.email(*email)?.clone())));
        let is_there = |thread: &&EmailId| !catalogue.thread(**thread).is_empty();
        let mailbox = |mailbox: &Mailbox| {
            let rights = rights.get(&mailbox.id).copied().unwrap_or_default();
            (mailbox.id, (mailbox.clone(), catalogue.counts().get(mailbox.id), rights))
        };
        Picture {
            emails: rows.collect(),
            threads: threads.iter().filter(is_there).copied().collect(),
            mailboxes: catalogue.mailboxes().iter().map(mailbox).collect(),
        }
    }
}

impl Log {
    pub fn new(from: ModSeq) -> Log {
        Log { from, newest: from, entries: VecDeque::new() }
    }

    /// The last change of what is seen.
    pub fn state(&self) -> ModSeq {
        self.newest
    }

    /// Compares what was with what is.
    pub fn note(&mut self, at: ModSeq, old: &Picture, new: &Picture) {
        let mut moved: BTreeSet<EmailId> = BTreeSet::new();
        let all: BTreeSet<EmailId> = old.emails.keys().chain(new.emails.keys()).copied().collect();
        for email in all {
            let (before, after) = (old.emails.get(&email), new.emails.get(&email));
            if before.map(|row| row.thread) != after.map(|row| row.thread) {
                moved.extend(before.into_iter().chain(after).map(|row| row.thread));
            }
            self.compare(at, Thing::Email(email), (before, after));
        }
        for thread in moved {
            let fate = match (old.threads.contains(&thread), new.threads.contains(&thread)) {
                (false, true) => Fate::Came,
                (true, false) => Fate::Went,
                _ => Fate::Changed,
            };
            self.push(at, Thing::Thread(thread), fate);
        }
        let all: BTreeSet<MailboxId> = old.mailboxes.keys().chain(new.mailboxes.keys()).copied().collect();
        for mailbox in all {
            let both = (old.mailboxes.get(&mailbox), new.mailboxes.get(&mailbox));
            self.compare(at, Thing::Mailbox(mailbox), both);
        }
    }

    fn compare<T: PartialEq>(&mut self, at: ModSeq, thing: Thing, both: (Option<T>, Option<T>)) {
        match both {
            (None, Some(_)) => self.push(at, thing, Fate::Came),
            (Some(_), None) => self.push(at, thing, Fate::Went),
            (Some(old), Some(new)) if old != new => self.push(at, thing, Fate::Changed),
            _ => {}
        }
    }

    fn push(&mut self, at: ModSeq, thing: Thing, fate: Fate) {
        if self.entries.len() >= LOG_MAX
            && let Some((modseq, ..)) = self.entries.pop_front()
        {
            self.from = modseq;
        }
        self.entries.push_back((at, thing, fate));
        self.newest = at;
    }

    pub fn emails(&self, since: ModSeq) -> Option<Became<EmailId>> {
        self.told(since, |thing| match thing {
            Thing::Email(email) => Some(email),
            _ => None,
        })
    }

    pub fn threads(&self, since: ModSeq) -> Option<Became<EmailId>> {
        self.told(since, |thing| match thing {
            Thing::Thread(thread) => Some(thread),
            _ => None,
        })
    }

    pub fn mailboxes(&self, since: ModSeq) -> Option<Became<MailboxId>> {
        self.told(since, |thing| match thing {
            Thing::Mailbox(mailbox) => Some(mailbox),
            _ => None,
        })
    }

    /// `None` where a part of it is not remembered.
    fn told<T: Copy + Ord + Hash>(&self, since: ModSeq, of: impl Fn(Thing) -> Option<T>) -> Option<Became<T>> {
        if since < self.from {
            return None;
        }
        let mut fates: BTreeMap<T, (Fate, Fate)> = BTreeMap::new();
        for (_, thing, fate) in self.entries.iter().filter(|(at, ..)| *at > since) {
            if let Some(id) = of(*thing) {
                fates.entry(id).and_modify(|(_, last)| *last = *fate).or_insert((*fate, *fate));
            }
        }
        let mut became = Became { created: Vec::new(), updated: Vec::new(), destroyed: Vec::new() };
        for (id, (first, last)) in fates {
            match (first, last) {
                // One that came and went is told as gone too: who put it there itself knows of it.
                (_, Fate::Went) => became.destroyed.push(id),
                (Fate::Came, _) => became.created.push(id),
                _ => became.updated.push(id),
            }
        }
        Some(became)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn log(entries: &[(u64, i64, Fate)]) -> Log {
        let mut log = Log::new(ModSeq(1));
        entries.iter().for_each(|(at, id, fate)| log.push(ModSeq(*at), Thing::Email(EmailId(*id)), *fate));
        log
    }

    #[test]
    fn changes_add_up() {
        let log = log(&[
            (2, 7, Fate::Changed),
            (3, 8, Fate::Came),
            (4, 8, Fate::Changed),
            (5, 9, Fate::Went),
            (6, 9, Fate::Came),
            (7, 7, Fate::Went),
        ]);
        let of = |ids: &[i64]| ids.iter().map(|id| EmailId(*id)).collect::<Vec<_>>();
        let whole = log.emails(ModSeq(1)).unwrap();
        assert_eq!((whole.created, whole.updated, whole.destroyed), (of(&[8]), of(&[9]), of(&[7])));
        let later = log.emails(ModSeq(5)).unwrap();
        assert_eq!((later.created, later.updated, later.destroyed), (of(&[9]), of(&[]), of(&[7])));
        assert_eq!(log.emails(ModSeq(0)), None, "nobody looked then");
        assert_eq!(log.mailboxes(ModSeq(1)).unwrap().updated, []);
        assert_eq!(log.state(), ModSeq(7));
    }

    #[test]
    fn so_many_changes_are_remembered_and_no_more() {
        let entries: Vec<_> = (0..LOG_MAX as u64).map(|n| (n + 2, 1, Fate::Changed)).collect();
        let mut log = log(&entries);
        assert!(log.emails(ModSeq(1)).is_some());
        log.push(ModSeq(LOG_MAX as u64 + 2), Thing::Email(EmailId(1)), Fate::Changed);
        assert!(log.emails(ModSeq(1)).is_none() && log.emails(ModSeq(2)).is_some(), "one past it");
    }
}
