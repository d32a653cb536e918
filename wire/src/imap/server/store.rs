//! STORE and EXPUNGE (RFC 9051 §6.4.3, §6.4.6, §6.4.9; RFC 4315; RFC 7162 §3.1.3): what is asked of the desk, and what
//! the client is told of its own changes.

use super::out::Out;
use super::reply::{Reply, misfit};
use super::rows::{Column, Rows};
use super::sync::Expunges;
use super::{Server, text};
use crate::imap::ask::{FlagChange, FlagNames, Uids};
use crate::imap::command::{By, Flag, HowFlags, Messages, Store};
use crate::imap::listing::{Listing, bits};
use crate::imap::numbers::{self, contains, minus};
use crate::imap::{Answer, Ask};
use std::sync::Arc;

/// What a command's messages come to.
pub(super) struct Meant {
    pub uids: Uids,
    /// Some of the numbers are of messages that are gone (RFC 2180 §4.1).
    pub gone: bool,
}

impl Server {
    /// The UIDs a command means. Numbers that are not the client's are an error (RFC 9051 §6.4); UIDs never are.
    pub(super) fn meant(&mut self, by: By, messages: &Messages) -> Result<Meant, Reply> {
        let Some(open) = self.open() else { return Err(Reply::bad("select a mailbox first")) };
        match (messages, by) {
            (Messages::Saved, _) => Ok(Meant { uids: open.saved.clone(), gone: false }),
            (Messages::Set(set), By::Uid) => Ok(Meant { uids: set.ranges(open.numbers.last_uid()), gone: false }),
            (Messages::Set(set), By::Number) => {
                let meant = open.numbers.uids(set).map(|(uids, gone)| Meant { uids, gone });
                meant.ok_or_else(|| Reply::bad("there is no message of that number"))
            }
        }
    }

    /// Commands with UIDs see what came meanwhile; those with numbers see what the client was told.
    pub(super) fn see_first(&mut self, by: By, then: impl FnOnce(&mut Server) + Send + 'static) {
        match by {
            By::Uid => self.sync_then(Expunges::Told, then),
            By::Number => then(self),
        }
    }

    pub(super) fn store(&mut self, tag: String, store: Store) {
        self.see_first(store.by, move |server| server.store_seen(tag, store));
    }

    fn store_seen(&mut self, tag: String, store: Store) {
        self.wants_modseqs(store.unchanged_since.is_some());
        let meant = match self.meant(store.by, &store.messages) {
            Ok(meant) => meant,
            Err(reply) => return self.refuse(&tag, &reply),
        };
        if self.open().is_some_and(|open| open.read_only) {
            return self.finish(tag, read_only(), self.expunges(store.by));
        }
        let flags = flag_names(&store.flags);
        let change = match store.how {
            HowFlags::Replace => FlagChange::Replace(flags),
            HowFlags::Add => FlagChange::Add(flags),
            HowFlags::Remove => FlagChange::Remove(flags),
        };
        let ask =
            Ask::Store { uids: meant.uids.clone(), change: change.clone(), unchanged_since: store.unchanged_since };
        self.ask(ask, move |server, answer| match answer {
            Answer::Stored { modified, listing } => {
                server.stored((tag, store), (meant, change), (modified, listing));
            }
            Answer::Refused(refusal) => {
                let expunges = server.expunges(store.by);
                server.finish(tag, refusal.into(), expunges);
            }
            _ => server.reply(&tag, &misfit()),
        });
    }

    /// Tells the flags as they are now. With `.SILENT` only what the client cannot know: modseqs (RFC 7162 §3.1.3), and
    /// flags that others changed (RFC 9051 §6.4.6).
    fn stored(
        &mut self,
        (tag, store): (String, Store),
        (meant, change): (Meant, FlagChange),
        (modified, listing): (Uids, Arc<Listing>),
    ) {
        let Some(open) = self.open() else { return };
        let before = open.listing().clone();
        let (already, told) = (std::mem::take(&mut open.untold), open.before_untold);
        self.take_in(listing);
        let Some(open) = self.open() else { return };
        let changed = std::mem::take(&mut open.untold);
        if !already.is_empty() {
            open.before_untold = told;
        }
        // RFC 7162 §3.1.3: those that failed are named in the reply, and are told only what others changed.
        let done = minus(&meant.uids, &modified);
        let own = if store.silent {
            // Changed otherwise than was asked for; a bit may mean another keyword than before.
            let given_away = before.head().keywords.given_away(&open.listing().head().keywords);
            let expected = |uid: u32, now: u64| {
                let was = before.row(uid).map_or(0, |row| row.flags);
                let same = is_flags(now) == is_flags(changed_flags(was, &change, open.listing()));
                same && (was | now) & given_away == 0
            };
            let ours = open.numbers.rows(&changed, 0);
            let strange = ours.filter(|(_, row)| !contains(&done, row.uid) || !expected(row.uid, row.flags));
            let mut strange_uids = Uids::new();
            strange.for_each(|(_, row)| numbers::push(&mut strange_uids, row.uid..=row.uid));
            open.untold = numbers::joined(already, &strange_uids);
            minus(&done, &strange_uids)
        } else {
            open.untold = minus(&numbers::joined(already, &changed), &done);
            done
        };
        self.tell_stored(own, store.by, store.silent);
        let expunges = self.expunges(store.by);
        self.tell(expunges);
        let reply = self.store_reply(&store, &meant, &modified);
        self.finish(tag, reply, expunges);
    }

    fn tell_stored(&mut self, uids: Uids, by: By, silent: bool) {
        if silent && !self.enabled.condstore {
            return;
        }
        let mut columns = self.news_columns();
        if by == By::Uid && !self.enabled.uid_only && !columns.contains(&Column::Uid) {
            columns.insert(0, Column::Uid);
        }
        if silent {
            columns.retain(|column| *column != Column::Flags);
        }
        self.out.push_back(Out::Rows(Rows::new(uids, columns)));
    }

    /// RFC 7162 §3.1.3: MODIFIED names those that had changed, as the command named them.
    fn store_reply(&mut self, store: &Store, meant: &Meant, modified: &Uids) -> Reply {
        let Some(open) = self.open() else { return misfit() };
        let named: Uids = match store.by {
            By::Uid => modified.clone(),
            By::Number => {
                let mut named = Uids::new();
                open.numbers.rows(modified, 0).for_each(|(number, _)| numbers::push(&mut named, number..=number));
                named
            }
        };
        if !named.is_empty() {
            let mut code = b"MODIFIED ".to_vec();
            text::set(&mut code, &named);
            return Reply::ok("some had changed").code(String::from_utf8(code).unwrap_or_default());
        }
        // What had changed may be gone by now; it has no number to be named by.
        match meant.gone || !modified.is_empty() {
            false => Reply::ok("stored"),
            // RFC 2180 §4.2.1: who does not ask for the flags is told OK.
            true if store.silent => Reply::ok("stored, but in those that are gone").code("EXPUNGEISSUED"),
            true => super::fetch::some_are_gone(),
        }
    }

    /// RFC 9051 §6.4.3, §6.4.9.
    pub(super) fn expunge(&mut self, tag: String, among: Option<Messages>) {
        self.sync_then(Expunges::Told, move |server| server.expunge_seen(tag, among));
    }

    fn expunge_seen(&mut self, tag: String, among: Option<Messages>) {
        if self.open().is_some_and(|open| open.read_only) {
            return self.finish(tag, read_only(), Expunges::Told);
        }
        let among = match among.map(|messages| self.meant(By::Uid, &messages)).transpose() {
            Ok(meant) => meant.map(|meant| meant.uids),
            Err(reply) => return self.refuse(&tag, &reply),
        };
        self.ask(Ask::Expunge { among, close: false }, move |server, answer| match answer {
            Answer::Expunged { listing } => {
                let highest = listing.head().highest_modseq;
                server.take_in(listing);
                server.tell(Expunges::Told);
                // RFC 7162 §3.2: no further than all was told.
                let told = server.open().and_then(|open| open.told_of_changes());
                let modseq = told.unwrap_or(highest);
                let reply = Reply::ok("what was marked is gone");
                // RFC 7162 §3.2.7.
                let condstore = server.enabled.condstore;
                let reply = if condstore { reply.code(format!("HIGHESTMODSEQ {modseq}")) } else { reply };
                server.reply(&tag, &reply);
            }
            Answer::Refused(refusal) => server.finish(tag, refusal.into(), Expunges::Told),
            _ => server.reply(&tag, &misfit()),
        });
    }
}

pub(super) fn read_only() -> Reply {
    Reply::no("the mailbox is read-only").code("NOPERM")
}

/// Flags by name. `\Recent` cannot be set, and the parser sees to it.
pub(super) fn flag_names(flags: &[Flag]) -> FlagNames {
    let mut names = FlagNames::default();
    for flag in flags {
        match flag {
            Flag::System(system) => names.system |= system.bit(),
            Flag::Keyword(keyword) => names.keywords.push(keyword.clone()),
            Flag::Any | Flag::Extension(_) => {}
        }
    }
    names
}

/// What is a flag of a row's bits.
fn is_flags(flags: u64) -> u64 {
    flags & (bits::SYSTEM | u64::MAX << bits::FIRST_KEYWORD)
}

/// Flags after a change.
fn changed_flags(was: u64, change: &FlagChange, listing: &Listing) -> u64 {
    let bits_of = |names: &FlagNames| {
        let keywords = names.keywords.iter().filter_map(|name| listing.head().keywords.bit(name));
        keywords.fold(names.system, |all, bit| all | bit)
    };
    match change {
        FlagChange::Add(names) => was | bits_of(names),
        FlagChange::Remove(names) => was & !bits_of(names),
        FlagChange::Replace(names) => bits_of(names),
    }
}
