//! Telling the client what others did, when it may be told: EXISTS, FETCH, EXPUNGE or VANISHED (RFC 9051 §5.2, §7.5.1;
//! RFC 7162 §3.2.10). Owns the end of a command, where most is told.

use super::out::Out;
use super::reply::{Reply, misfit};
use super::rows::{Column, Rows};
use super::{Server, State, text};
use crate::imap::ask::{Synced, Uids};
use crate::imap::listing::Listing;
use crate::imap::numbers;
use crate::imap::{Answer, Ask};
use std::sync::Arc;

/// Octets of one line of news, about: longer ones are parted.
pub(super) const NEWS_LINE: usize = 8 * 1024;

/// What of expunges may be told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expunges {
    /// RFC 9051 §7.5.1: not while a FETCH, STORE or SEARCH is answered, whose numbers would shift.
    Held,
    /// The client expects them.
    Told,
}

impl Server {
    /// Tells what is new, then how the command ended.
    pub(super) fn finish(&mut self, tag: String, reply: Reply, expunges: Expunges) {
        self.sync_then(expunges, move |server| {
            server.tell_held();
            server.reply(&tag, &reply);
        });
    }

    /// RFC 7162 §3.2, §6: where expunges or changed flags wait, the modseqs told with others may be higher than theirs, and
    /// a client that came back with one of those would never hear of them.
    pub(super) fn tell_held(&mut self) {
        let qresync = self.enabled.qresync;
        let Some(modseq) = self.open().filter(|_| qresync).and_then(|open| open.told_of_all()) else { return };
        self.reply("*", &Reply::ok("not all was told").code(format!("HIGHESTMODSEQ {}", modseq.max(1))));
    }

    /// The same, of a command with message numbers where `by_number`.
    pub(super) fn expunges(&self, by: crate::imap::command::By) -> Expunges {
        let by_number = by == crate::imap::command::By::Number && !self.enabled.uid_only;
        if by_number { Expunges::Held } else { Expunges::Told }
    }

    /// Asks what is new and tells it, then goes on.
    pub(super) fn sync_then(&mut self, expunges: Expunges, then: impl FnOnce(&mut Server) + Send + 'static) {
        let watches = self.enabled.notified.is_on();
        if !watches && !matches!(self.state, State::Open(_)) {
            return self.later(then);
        }
        self.ask(Ask::Sync, move |server, answer| {
            match answer {
                Answer::Synced(synced) => server.synced(synced, expunges),
                // Not now; the client hears of it the next time.
                Answer::Refused(_) => {}
                _ => server.reply("*", &misfit()),
            }
            server.later(then);
        });
    }

    pub(super) fn synced(&mut self, synced: Synced, expunges: Expunges) {
        if let State::Open(open) = &mut self.state {
            let Some(listing) = synced.listing else {
                // RFC 2180 §3.3: the mailbox was deleted, and numbers mean nothing any more.
                return self.bye("the selected mailbox was deleted");
            };
            open.recent = numbers::joined(std::mem::take(&mut open.recent), &synced.recent);
            if !self.enabled.notified.tells_messages() {
                // RFC 5465 §3.1: the client wants to hear nothing of it but what its own commands led to, and its numbers
                // stay as they are.
                self.tell(expunges);
                return self.tell_news(synced.news);
            }
            let exists_told = self.take_in(listing);
            if !exists_told && !synced.recent.is_empty() {
                // Messages the client knows by an answer of its own, as of COPY.
                self.send_recent();
            }
            self.tell(expunges);
        }
        self.tell_news(synced.news);
    }

    /// Takes in a newer listing. New messages have numbers from then on, so EXISTS is told at once; whether it was.
    pub(super) fn take_in(&mut self, listing: Arc<Listing>) -> bool {
        let Some(open) = self.open() else { return false };
        let before = open.listing().head().highest_modseq;
        let news = open.numbers.advance(listing);
        self.announce(news, before)
    }

    /// The same for a client that moved messages and waits to see them go: they do first, and EXISTS counts what is left.
    pub(super) fn take_in_moved(&mut self, listing: Arc<Listing>) {
        let Some(open) = self.open() else { return };
        let before = open.listing().head().highest_modseq;
        let news = open.numbers.advance(listing);
        self.tell_expunges();
        self.announce(news, before);
    }

    fn announce(&mut self, news: numbers::News, before: u64) -> bool {
        let Some(open) = self.open() else { return false };
        open.put_off(&news.changed, before);
        let keywords = open.listing().head().keywords.clone();
        let more_keywords = !Arc::ptr_eq(&open.keywords, &keywords) && *open.keywords != *keywords;
        open.keywords = keywords;
        let followed = open.contexts.note(&news);
        if more_keywords {
            self.send_flags();
        }
        let came = !news.added.is_empty();
        if came {
            self.send_exists();
            self.fetch_news(news.added);
        }
        if followed {
            self.follow_contexts();
        }
        came
    }

    /// RFC 9051 §7.4.1, and RECENT of RFC 3501 §7.3.2. No numbers, no EXISTS of use; RFC 9586 §3 keeps it.
    pub(super) fn send_exists(&mut self) {
        let Some(open) = self.open() else { return };
        let exists = open.numbers.count();
        self.send(format!("* {exists} EXISTS\r\n"));
        self.send_recent();
    }

    fn send_recent(&mut self) {
        let rev2 = self.enabled.rev2;
        if let Some(open) = self.open().filter(|_| !rev2) {
            let recent = open.recent_count();
            self.send(format!("* {recent} RECENT\r\n"));
        }
    }

    /// Tells what was taken in: expunges where they may be told, and changed flags.
    pub(super) fn tell(&mut self, expunges: Expunges) {
        if expunges == Expunges::Told {
            // When its turn comes: what goes out before counts as before.
            self.later(Server::tell_expunges);
        }
        if !self.enabled.notified.tells_flags() {
            // They wait, for another NOTIFY may ask for them.
            return;
        }
        let columns = self.news_columns();
        let Some(open) = self.open() else { return };
        let untold = std::mem::take(&mut open.untold);
        if !untold.is_empty() {
            self.out.push_back(Out::Rows(Rows::new(untold, columns)));
        }
    }

    /// RFC 9051 §7.5.1; RFC 7162 §3.2.10: with QRESYNC, VANISHED takes its place. RFC 9586 §3 likewise.
    fn tell_expunges(&mut self) {
        let by_uid = self.enabled.qresync || self.enabled.uid_only;
        let Some(open) = self.open() else { return };
        let expunges = open.numbers.release();
        if expunges.is_empty() {
            return;
        }
        self.expunged_from_contexts(&expunges);
        if by_uid {
            let mut gone = Uids::new();
            expunges.iter().rev().for_each(|expunge| numbers::push(&mut gone, expunge.uid..=expunge.uid));
            self.send_vanished(&gone, "");
        } else {
            self.out.push_back(Out::Expunges(expunges.into_iter()));
        }
    }

    /// RFC 7162 §3.2.10. `earlier` is empty, or `(EARLIER) `.
    pub(super) fn send_vanished(&mut self, gone: &[std::ops::RangeInclusive<u32>], earlier: &str) {
        let mut ranges = gone;
        while !ranges.is_empty() {
            // A range takes 21 octets and its comma at most.
            let (now, later) = ranges.split_at(ranges.len().min(NEWS_LINE / 22));
            let mut line = format!("* VANISHED {earlier}").into_bytes();
            text::set(&mut line, now);
            line.extend_from_slice(b"\r\n");
            self.send(line);
            ranges = later;
        }
    }

    /// RFC 7162 §3.1: the first command that asks for modseqs is told the mailbox's.
    pub(super) fn wants_modseqs(&mut self, wants: bool) {
        if !wants || std::mem::replace(&mut self.enabled.condstore, true) {
            return;
        }
        if let Some(open) = self.open() {
            let highest = open.listing().head().highest_modseq;
            let modseq = open.told_of_all().unwrap_or(highest).max(1);
            self.reply("*", &Reply::ok("modseqs are told").code(format!("HIGHESTMODSEQ {modseq}")));
        }
    }

    /// What is told of a message whose flags changed. RFC 7162 §3.2.4: with its UID once modseqs are told.
    pub(super) fn news_columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::Flags];
        // RFC 5465 §5.1: likewise for one that is told at any time.
        let by_uid = self.enabled.condstore || self.enabled.notified.is_on();
        if by_uid && !self.enabled.uid_only {
            columns.insert(0, Column::Uid);
        }
        if self.enabled.condstore {
            columns.push(Column::ModSeq);
        }
        columns
    }
}

impl super::state::Open {
    /// How many messages have `\Recent`.
    pub fn recent_count(&self) -> u32 {
        let count = self.numbers.rows(&self.recent, 0).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}
