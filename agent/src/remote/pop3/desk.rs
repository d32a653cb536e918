//! One visit: what there is, what is new, fetching it a batch at a time, removing what may go.

use super::{Basket, Leave, MAILDROP_MAX, Visited};
use crate::progress::Watcher;
use crate::trouble::{Kind, Trouble};
use aws_lc_rs::digest;
use bytes::Bytes;
use message::Time;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write as _;
use wire::Desk;
use wire::pop3::client::limits::TASKS;
use wire::pop3::client::{Answer, Ask, Client, Finish, Listed, Outcome, Task};

/// Messages of one batch, and the octets of it: what is fetched again when the machine stops in the midst.
const BATCH: usize = 100;
const BATCH_OCTETS: u64 = 8 * 1024 * 1024;

/// One message of the maildrop.
#[derive(Clone, Debug, Default)]
struct Entry {
    number: u32,
    octets: u64,
    /// Its lasting name; empty where the server has none and its header was not seen yet.
    uid: String,
}

/// What is done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing yet.
    Begin,
    /// UIDL and LIST were asked.
    Listing,
    /// The server has no UIDL: names are made of headers.
    Headers,
    /// Messages are fetched and removed.
    Fetching,
    Removing,
}

/// A visit under way.
pub(super) struct Visit<'a, B> {
    basket: &'a mut B,
    leave: Leave,
    message_max: u64,
    watcher: &'a Watcher,
    stage: Stage,
    entries: HashMap<u32, Entry>,
    has_uids: bool,
    /// How often a name was seen: some servers give one to several messages.
    seen: HashMap<String, u32>,
    to_fetch: VecDeque<Entry>,
    to_remove: VecDeque<u32>,
    /// Of which message content comes, and what came of it.
    current: Vec<u8>,
    headers_asked: VecDeque<u32>,
    batch: HashMap<u32, String>,
    /// Fetched in this batch, and not settled.
    unsettled: Vec<(u32, String)>,
    marked: u64,
    total: u64,
    visited: Visited,
    pub lost: Option<Outcome>,
}

impl<'a, B: Basket> Visit<'a, B> {
    pub fn new(basket: &'a mut B, leave: Leave, message_max: u64, watcher: &'a Watcher) -> Visit<'a, B> {
        Visit {
            basket,
            leave,
            message_max,
            watcher,
            stage: Stage::Begin,
            entries: HashMap::new(),
            has_uids: false,
            seen: HashMap::new(),
            to_fetch: VecDeque::new(),
            to_remove: VecDeque::new(),
            current: Vec::new(),
            headers_asked: VecDeque::new(),
            batch: HashMap::new(),
            unsettled: Vec::new(),
            marked: 0,
            total: 0,
            visited: Visited::default(),
            lost: None,
        }
    }

    /// What came of it. What was fetched before a cut is kept.
    pub fn end(&mut self) -> Visited {
        if self.visited.trouble.is_none()
            && let Err(trouble) = self.settle()
        {
            self.visited.trouble.get_or_insert(trouble);
        }
        std::mem::take(&mut self.visited)
    }

    fn answer(&mut self, now: Time, ask: Ask) -> Result<Answer, Trouble> {
        match ask {
            Ask::Next(_) => return self.next(now),
            Ask::Listed(page) => self.listed(page)?,
            Ask::Begun(_) => self.current.clear(),
            Ask::Finished(finish) => self.finished(now, &finish)?,
            Ask::Goodbye(reply) if reply.ok => self.visited.deleted = self.marked,
            Ask::Goodbye(reply) if self.marked > 0 => {
                let words = format!("the server did not remove all that it was told to: {}", reply.text);
                return Err(Trouble::new(Kind::TryAgain, words));
            }
            Ask::Goodbye(_) => {}
            Ask::Lost(outcome) => self.lost = Some(outcome),
        }
        Ok(Answer::Done)
    }

    /// What is to be done next. Who says stop is heard between batches; what is marked is removed then.
    fn next(&mut self, now: Time) -> Result<Answer, Trouble> {
        if self.stage == Stage::Begin {
            self.stage = Stage::Listing;
            return Ok(Answer::Tasks(vec![Task::Uidl, Task::List]));
        }
        if self.stage == Stage::Listing && !self.has_uids && !self.entries.is_empty() {
            self.stage = Stage::Headers;
            self.headers_asked = self.entries.keys().copied().collect();
            self.headers_asked.make_contiguous().sort_unstable();
        }
        if let Some(tasks) = self.headers() {
            return Ok(Answer::Tasks(tasks));
        }
        if matches!(self.stage, Stage::Listing | Stage::Headers) {
            self.compare(now)?;
            self.stage = Stage::Fetching;
        }
        self.settle()?;
        if self.stage == Stage::Fetching && !self.to_remove.is_empty() {
            self.stage = Stage::Removing;
        }
        if self.stage == Stage::Removing {
            let count = self.to_remove.len().min(TASKS);
            let tasks: Vec<Task> = self.to_remove.drain(..count).map(Task::Dele).collect();
            if !tasks.is_empty() {
                return Ok(Answer::Tasks(tasks));
            }
            self.stage = Stage::Fetching;
        }
        self.watcher.go_on()?;
        let tasks = self.batch();
        Ok(if tasks.is_empty() { Answer::Quit } else { Answer::Tasks(tasks) })
    }

    fn headers(&mut self) -> Option<Vec<Task>> {
        let count = self.headers_asked.len().min(TASKS);
        let tasks = self.headers_asked.drain(..count).map(|number| Task::Top { number, lines: 0 });
        Some(tasks.collect::<Vec<_>>()).filter(|tasks| !tasks.is_empty())
    }

    fn batch(&mut self) -> Vec<Task> {
        let (mut tasks, mut octets) = (Vec::new(), 0_u64);
        while let Some(entry) = self.to_fetch.front()
            && (tasks.is_empty() || (tasks.len() < BATCH && octets.saturating_add(entry.octets) <= BATCH_OCTETS))
        {
            octets = octets.saturating_add(entry.octets);
            tasks.push(Task::Retr(entry.number));
            if let Some(entry) = self.to_fetch.pop_front() {
                self.batch.insert(entry.number, entry.uid);
            }
        }
        tasks
    }

    fn listed(&mut self, page: Vec<Listed>) -> Result<(), Trouble> {
        // A list that was too long is heard to its end, and kept no further.
        if self.visited.trouble.is_some() {
            return Ok(());
        }
        for listed in page {
            let (number, uid, octets) = match listed {
                Listed::Uid { number, uid } => (number, Some(uid), 0),
                Listed::Size { number, octets } => (number, None, octets),
            };
            let entry = self.entries.entry(number).or_default();
            entry.number = number;
            match uid {
                Some(uid) => entry.uid = uid,
                None => entry.octets = octets,
            }
        }
        if self.entries.len() > MAILDROP_MAX {
            let words =
                format!("the maildrop has more than {MAILDROP_MAX} messages: another program has to thin it out");
            return Err(Trouble::new(Kind::Unavailable, words));
        }
        Ok(())
    }

    fn finished(&mut self, now: Time, finish: &Finish) -> Result<(), Trouble> {
        let ok = finish.reply.ok;
        match finish.task {
            Task::Uidl => self.has_uids = ok,
            Task::List if !ok => {
                return Err(Trouble::new(
                    Kind::Unavailable,
                    format!("the server lists nothing: {}", finish.reply.text),
                ));
            }
            Task::Top { number, .. } if ok => {
                let uid = format!("top:{}", hash(&self.current));
                if let Some(entry) = self.entries.get_mut(&number) {
                    entry.uid = uid;
                }
            }
            Task::Top { .. } => self.headers_asked.clear(),
            Task::Retr(number) => self.fetched(now, number, finish)?,
            Task::Dele(_) => self.marked += u64::from(ok),
            _ => {}
        }
        Ok(())
    }

    fn fetched(&mut self, now: Time, number: u32, finish: &Finish) -> Result<(), Trouble> {
        let Some(mut uid) = self.batch.remove(&number) else { return Ok(()) };
        if !finish.reply.ok {
            self.visited.left.push(format!("message {number}: the server says: {}", finish.reply.text));
            return Ok(());
        }
        if uid.is_empty() {
            uid = self.once(&format!("all:{}", hash(&self.current)));
        }
        let new = self.basket.take(&uid, &self.current, now)?;
        self.visited.fetched += u64::from(new);
        self.visited.known += u64::from(!new);
        self.unsettled.push((number, uid));
        let done = self.visited.fetched + self.visited.known;
        self.watcher.tell("fetching mail", done, Some(self.total));
        Ok(())
    }

    /// A name that no other message of this visit has: the second of a name is another message.
    fn once(&mut self, uid: &str) -> String {
        let count = self.seen.entry(uid.to_owned()).or_default();
        *count += 1;
        if *count == 1 { uid.to_owned() } else { format!("{uid}#{count}") }
    }

    /// What is here is on disk; what may go from there is marked next.
    fn settle(&mut self) -> Result<(), Trouble> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        self.basket.settle()?;
        let settled = std::mem::take(&mut self.unsettled);
        if self.leave == Leave::Delete {
            self.to_remove.extend(settled.into_iter().map(|(number, _)| number));
        }
        Ok(())
    }

    /// Parts what is new from what is known, the oldest first.
    fn compare(&mut self, now: Time) -> Result<(), Trouble> {
        let mut entries: Vec<Entry> = std::mem::take(&mut self.entries).into_values().collect();
        entries.sort_unstable_by_key(|entry| entry.number);
        let nameless = entries.iter().any(|entry| entry.uid.is_empty());
        if nameless && self.leave != Leave::Delete {
            let words = "the server gives messages no lasting names (neither UIDL nor TOP), so that mail left there would be \
                         fetched again each time: only deleting is possible here";
            return Err(Trouble::new(Kind::Unavailable, words));
        }
        let mut there = HashSet::new();
        for mut entry in entries {
            if !entry.uid.is_empty() {
                entry.uid = self.once(&entry.uid);
                there.insert(entry.uid.clone());
            }
            self.sort_out(now, entry)?;
        }
        if !nameless {
            self.basket.forget_all_but(&there)?;
        }
        self.seen.clear();
        self.total = self.visited.known + self.to_fetch.len() as u64;
        Ok(())
    }

    fn sort_out(&mut self, now: Time, entry: Entry) -> Result<(), Trouble> {
        let since = if entry.uid.is_empty() { None } else { self.basket.since(&entry.uid)? };
        match since {
            Some(since) => {
                self.visited.known += 1;
                let due = match self.leave {
                    Leave::Keep => false,
                    Leave::Delete => true,
                    Leave::DeleteAfter(span) => now.since(since) >= span,
                };
                if due {
                    self.to_remove.push_back(entry.number);
                }
            }
            None if entry.octets > self.message_max => {
                let words = format!("message {}: {} octets are more than is fetched", entry.number, entry.octets);
                self.visited.left.push(words);
            }
            None => self.to_fetch.push_back(entry),
        }
        Ok(())
    }
}

/// What stands for content: nobody can make another message with the same.
fn hash(content: &[u8]) -> String {
    digest::digest(&digest::SHA256, content).as_ref().iter().fold(String::new(), |mut hex, octet| {
        let _ = write!(hex, "{octet:02x}");
        hex
    })
}

/// The desk of a visit.
pub(super) struct VisitDesk<'a, 'b, B>(pub &'a mut Visit<'b, B>);

impl<B: Basket> Desk for VisitDesk<'_, '_, B> {
    type Session = Client;

    async fn answer(&mut self, now: Time, ask: Ask) -> Answer {
        let next = matches!(ask, Ask::Next(_));
        if next && self.0.visited.trouble.is_some() {
            return Answer::Quit;
        }
        match self.0.answer(now, ask) {
            Ok(answer) => answer,
            Err(trouble) => {
                self.0.visited.trouble.get_or_insert(trouble);
                self.0.to_fetch.clear();
                if next { Answer::Quit } else { Answer::Done }
            }
        }
    }

    async fn content(&mut self, bytes: &[u8]) {
        // The session keeps to the limit on a message.
        self.0.current.extend_from_slice(bytes);
    }

    async fn read(&mut self, _: u64, _: u64) -> Option<Bytes> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{FileBasket, Memory, Target};
    use super::*;

    #[tokio::test]
    async fn a_maildrop_has_a_limit_and_no_more_is_kept_of_it() {
        let scratch = tempfile::tempdir().unwrap();
        let target = Target::Mbox(scratch.path().join("box"));
        let memory = Memory::open(&scratch.path().join("pop"), "bob@hamburger.edu", &target).unwrap();
        let mut basket = FileBasket::open(&target, memory).unwrap();
        let watcher = Watcher::nobody();
        let mut visit = Visit::new(&mut basket, Leave::Keep, 1000, &watcher);
        let page = |from: usize, count: usize| {
            let line = |number| Listed::Size { number: u32::try_from(number).unwrap(), octets: 1 };
            Ask::Listed((from..from + count).map(line).collect())
        };
        let mut desk = VisitDesk(&mut visit);
        desk.answer(Time(0), page(1, MAILDROP_MAX)).await;
        assert_eq!(desk.0.visited.trouble, None);
        desk.answer(Time(0), page(MAILDROP_MAX + 1, 1)).await;
        assert_eq!(desk.0.visited.trouble.as_ref().unwrap().kind, Kind::Unavailable);
        desk.answer(Time(0), page(MAILDROP_MAX + 2, 1000)).await;
        assert_eq!(desk.0.entries.len(), MAILDROP_MAX + 1);
        assert_eq!(desk.answer(Time(0), Ask::Next(Box::default())).await, Answer::Quit);
    }
}
