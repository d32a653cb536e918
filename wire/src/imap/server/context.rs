//! Searches kept up to date (RFC 5267 §4.3): what came to the result, and what left it, is told as ADDTO and REMOVEFROM.
//! Owns the results; what changed is asked of the desk again.

use super::reply::Reply;
use super::sync::Expunges;
use super::{Server, limits, text};
use crate::imap::ask::{FoundRows, Uids};
use crate::imap::command::By;
use crate::imap::numbers::{self, Expunge, News, contains};
use crate::imap::{Answer, Ask};
use message::search::{Key, Order, Program, Set};

/// Searches kept up to date.
#[derive(Default)]
pub(super) struct Contexts {
    kept: Vec<Context>,
    /// Changed since they were looked at.
    changed: Uids,
}

/// One of them.
pub(super) struct Context {
    pub tag: String,
    pub by: By,
    pub key: Key,
    pub found: Uids,
}

impl Contexts {
    /// Whether there was room.
    pub fn keep(&mut self, context: Context) -> bool {
        self.kept.retain(|other| other.tag != context.tag);
        let room = self.kept.len() < limits::CONTEXTS;
        if room {
            self.kept.push(context);
        }
        room
    }

    /// Notes what is to be looked at again. Whether anything is.
    pub fn note(&mut self, news: &News) -> bool {
        if self.kept.is_empty() {
            return false;
        }
        let changed = numbers::joined(std::mem::take(&mut self.changed), &news.changed);
        self.changed = numbers::joined(changed, &news.added);
        !self.changed.is_empty()
    }

    /// Takes what is expunged out of the results; what each loses, in rising order. Expunges come in falling order, so
    /// their numbers are those from before all of them.
    fn expunged(&mut self, expunges: &[Expunge]) -> Vec<(String, By, Vec<u32>)> {
        let mut lost = Vec::with_capacity(self.kept.len());
        for context in &mut self.kept {
            let (mut names, mut gone) = (Vec::new(), Uids::new());
            for expunge in expunges.iter().rev().filter(|expunge| contains(&context.found, expunge.uid)) {
                names.push(if context.by == By::Uid { expunge.uid } else { expunge.number });
                numbers::push(&mut gone, expunge.uid..=expunge.uid);
            }
            context.found = numbers::minus(&context.found, &gone);
            lost.push((context.tag.clone(), context.by, names));
        }
        lost
    }
}

impl Server {
    /// Looks at what changed with each of the searches, one after the other.
    pub(super) fn follow_contexts(&mut self) {
        self.later(|server| {
            let Some(open) = server.open() else { return };
            let changed = std::mem::take(&mut open.contexts.changed);
            if !changed.is_empty() {
                server.follow_context(0, changed);
            }
        });
    }

    fn follow_context(&mut self, at: usize, changed: Uids) {
        let Some(context) = self.open().and_then(|open| open.contexts.kept.get(at)) else { return };
        let among = Key::Uids(Set::of(changed.iter().cloned()));
        let key = Key::And(vec![among, context.key.clone()]);
        let program = Program { key, order: Order::Uid };
        self.ask(Ask::Search { program, mailbox: None }, move |server, answer| {
            server.context_came(at, changed, (Uids::new(), answer));
        });
    }

    fn context_came(&mut self, at: usize, changed: Uids, (mut found, answer): (Uids, Answer)) {
        if let Answer::Found(page) = answer {
            if let FoundRows::Ranges(ranges) = page.rows {
                ranges.into_iter().for_each(|range| numbers::push(&mut found, range));
            }
            if page.more {
                return self.ask(Ask::SearchMore, move |server, answer| {
                    server.context_came(at, changed, (found, answer));
                });
            }
            self.context_changed(at, &changed, &found);
        }
        self.follow_context(at + 1, changed);
    }

    fn context_changed(&mut self, at: usize, changed: &Uids, found: &Uids) {
        let Some(open) = self.open() else { return };
        let Some(context) = open.contexts.kept.get(at) else { return };
        let (mut added, mut removed, mut kept) = (Vec::new(), Vec::new(), context.found.clone());
        for (number, row) in open.numbers.rows(changed, 0) {
            let name = if context.by == By::Uid { row.uid } else { number };
            match (contains(&context.found, row.uid), contains(found, row.uid)) {
                (false, true) => {
                    added.push(name);
                    kept = numbers::joined(kept, &[row.uid..=row.uid]);
                }
                (true, false) => {
                    removed.push(name);
                    let gone = vec![row.uid..=row.uid];
                    kept = numbers::minus(&kept, &gone);
                }
                _ => {}
            }
        }
        let (tag, by) = (context.tag.clone(), context.by);
        if let Some(context) = open.contexts.kept.get_mut(at) {
            context.found = kept;
        }
        self.send_context((&tag, by), "REMOVEFROM", &removed);
        self.send_context((&tag, by), "ADDTO", &added);
    }

    /// RFC 5267 §4.3.4: told before the expunges, while their numbers are good.
    pub(super) fn expunged_from_contexts(&mut self, expunges: &[Expunge]) {
        let Some(open) = self.open() else { return };
        for (tag, by, names) in open.contexts.expunged(expunges) {
            self.send_context((&tag, by), "REMOVEFROM", &names);
        }
    }

    /// RFC 5267 §4.3.2: position 0, for the order of a search is known.
    fn send_context(&mut self, (tag, by): (&str, By), word: &str, names: &[u32]) {
        if names.is_empty() {
            return;
        }
        let mut line = b"* ESEARCH (TAG ".to_vec();
        text::string(&mut line, tag.as_bytes(), self.charset());
        line.extend_from_slice(if by == By::Uid { b") UID " } else { b") " });
        line.extend_from_slice(format!("{word} (0 ").as_bytes());
        let mut ranges = Uids::new();
        names.iter().for_each(|name| numbers::push(&mut ranges, *name..=*name));
        text::set(&mut line, &ranges);
        line.extend_from_slice(b")\r\n");
        self.send(line);
    }

    /// RFC 5267 §4.3.5.
    pub(super) fn cancel_update(&mut self, tag: String, tags: &[String]) {
        if let Some(open) = self.open() {
            open.contexts.kept.retain(|context| !tags.contains(&context.tag));
        }
        self.finish(tag, Reply::ok("no longer kept up to date"), Expunges::Told);
    }
}
