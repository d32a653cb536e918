//! The ledger of a run under load: what was sent, what the server answered, what was found and what was removed. Owns
//! the verdict what is lost, hurt or there twice. Does not send or read: `senders` and `collector` do, and write here.

use crate::letter::Letter;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long some acknowledgements may take before the server counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The ledger; shared by all clients of a run.
#[derive(Default)]
pub struct Ledger {
    book: Mutex<Book>,
    news: Condvar,
}

#[derive(Default)]
struct Book {
    letters: BTreeMap<u64, Entry>,
    /// Acknowledged transactions.
    acknowledged: u64,
    /// Which letter lies under which unique-id of which account, as it was read.
    copies: BTreeMap<Copy, u64>,
    /// Deleted by a QUIT that was answered.
    removed: BTreeSet<Copy>,
    /// Deleted by a QUIT that was not answered: there, or not.
    open: BTreeSet<Copy>,
    refusals: BTreeMap<String, u64>,
    wrong: Vec<String>,
}

/// An account and a unique-id.
type Copy = (String, String);

struct Entry {
    lines: usize,
    /// By recipient: how often 250 was heard.
    acknowledged: BTreeMap<String, u64>,
    /// How often it was sent and no reply came.
    unanswered: u64,
}

/// What a run came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Messages the server answered with 250.
    pub acknowledged: u64,
    /// Messages for one recipient that were acknowledged and are neither there nor removed.
    pub lost: u64,
    /// Messages that somebody has twice: sent again because no answer came.
    pub duplicates: u64,
    /// Messages for one recipient that were read and removed.
    pub removed: u64,
    /// Copies found and compared, octet for octet.
    pub compared: u64,
    /// Everything that must not be, in words.
    pub wrong: Vec<String>,
}

impl Verdict {
    /// Duplicates in a thousand acknowledged messages.
    #[must_use]
    pub fn duplicates_per_mille(&self) -> f64 {
        1000.0 * self.duplicates as f64 / self.acknowledged.max(1) as f64
    }
}

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last octet of a letter is about to be sent; until a reply is written down it is unanswered.
    pub fn sent(&self, id: u64, lines: usize) {
        let mut book = self.book();
        let fresh = || Entry { lines, acknowledged: BTreeMap::new(), unanswered: 0 };
        book.letters.entry(id).or_insert_with(fresh).unanswered += 1;
    }

    /// The replies to a letter that was sent, one a recipient.
    pub fn answered(&self, id: u64, replies: &[(&str, u16, String)]) {
        let mut book = self.book();
        let mut taken = false;
        for (recipient, code, line) in replies {
            if *code == 250 {
                taken = true;
                if let Some(entry) = book.letters.get_mut(&id) {
                    *entry.acknowledged.entry((*recipient).to_owned()).or_default() += 1;
                }
            } else {
                book.refused(*code, line);
            }
        }
        if let Some(entry) = book.letters.get_mut(&id) {
            entry.unanswered -= 1;
        }
        book.acknowledged += u64::from(taken);
        self.news.notify_all();
    }

    /// A command before the content was refused.
    pub fn refused(&self, code: u16, line: &str) {
        self.book().refused(code, line);
        self.news.notify_all();
    }

    /// Something that must not be.
    pub fn wrong(&self, what: String) {
        self.book().wrong.push(what);
        self.news.notify_all();
    }

    /// How many messages were acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.book().acknowledged
    }

    /// Refusals so far, by their words.
    #[must_use]
    pub fn refusals(&self) -> BTreeMap<String, u64> {
        self.book().refusals.clone()
    }

    /// Waits until so many messages more are acknowledged; whether that came to be.
    pub fn wait_for_acknowledgements(&self, more: u64) -> bool {
        let due = self.acknowledged() + more;
        self.wait_until(|book| book.acknowledged >= due)
    }

    /// Waits until so many refusals more were heard; whether that came to be.
    pub fn wait_for_refusals(&self, more: u64) -> bool {
        let count = |book: &Book| book.refusals.values().sum::<u64>();
        let due = count(&self.book()) + more;
        self.wait_until(|book| count(book) >= due)
    }

    fn wait_until(&self, done: impl Fn(&Book) -> bool) -> bool {
        let book = self.book();
        let waited = self.news.wait_timeout_while(book, PATIENCE, |book| !done(book) && book.wrong.is_empty());
        done(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// A message was read from a maildrop: it must be a letter, whole, and not removed before.
    pub fn found(&self, account: &str, unique_id: &str, octets: &[u8]) {
        let letter = id_of(octets);
        let lines = letter.and_then(|id| self.book().letters.get(&id).map(|entry| entry.lines));
        // Compared outside the lock: everybody waits for that.
        let compared = match (letter, lines) {
            (Some(id), Some(lines)) => compare(id, lines, octets).map(|()| id),
            _ => Err(format!("{} octets that nobody sent", octets.len())),
        };
        let mut book = self.book();
        let copy = (account.to_owned(), unique_id.to_owned());
        match compared {
            Ok(id) if *book.copies.entry(copy.clone()).or_insert(id) == id => {}
            Ok(id) => book.wrong.push(format!("{copy:?} was another letter before it was {id}")),
            Err(why) => book.wrong.push(format!("{copy:?}: {why}")),
        }
    }

    /// A maildrop was listed: what was removed must not be there, what hung in the air and is there was not removed.
    pub fn listed(&self, account: &str, unique_ids: &[String]) {
        let mut book = self.book();
        for id in unique_ids {
            let copy = (account.to_owned(), id.clone());
            book.open.remove(&copy);
            if book.removed.contains(&copy) {
                book.wrong.push(format!("{copy:?} came back"));
            }
        }
    }

    /// QUIT is about to be sent for these.
    pub fn removing(&self, account: &str, unique_ids: &[String]) {
        let copies = unique_ids.iter().map(|id| (account.to_owned(), id.clone()));
        self.book().open.extend(copies);
    }

    /// QUIT was answered: done, or nothing was done.
    pub fn removed(&self, account: &str, unique_ids: &[String], done: bool) {
        let mut book = self.book();
        for id in unique_ids {
            let copy = (account.to_owned(), id.clone());
            book.open.remove(&copy);
            if done {
                book.removed.insert(copy);
            }
        }
    }

    /// The verdict, with everything that lies in the maildrops now.
    #[must_use]
    pub fn judge(&self, there: &BTreeMap<String, Vec<String>>) -> Verdict {
        self.book().judge(there)
    }
}

impl Book {
    fn refused(&mut self, code: u16, line: &str) {
        *self.refusals.entry(line.to_owned()).or_default() += 1;
        if !(400..500).contains(&code) {
            self.wrong.push(format!("not a refusal for now: {line}"));
        }
    }

    fn judge(&self, there: &BTreeMap<String, Vec<String>>) -> Verdict {
        let mut verdict = Verdict { acknowledged: self.acknowledged, wrong: self.wrong.clone(), ..Verdict::default() };
        let mut copies: BTreeMap<(u64, &str), Vec<&Copy>> = BTreeMap::new();
        for (copy, id) in &self.copies {
            copies.entry((*id, copy.0.as_str())).or_default().push(copy);
        }
        let accounted = |copy: &&&Copy| {
            let lies_there = there.get(&copy.0).is_some_and(|ids| ids.contains(&copy.1));
            lies_there || self.removed.contains(**copy) || self.open.contains(**copy)
        };
        let mut twice = BTreeSet::new();
        for (id, entry) in &self.letters {
            for (recipient, times) in &entry.acknowledged {
                let found =
                    copies.get(&(*id, recipient.as_str())).map_or(0, |all| all.iter().filter(accounted).count());
                if found == 0 {
                    verdict.lost += 1;
                    verdict
                        .wrong
                        .push(format!("letter {id} was acknowledged {times} times for {recipient} and is lost"));
                }
            }
        }
        for ((id, account), all) in &copies {
            let entry = self.letters.get(id);
            let times = entry.and_then(|entry| entry.acknowledged.get(*account)).copied().unwrap_or(0);
            let unanswered = entry.map_or(0, |entry| entry.unanswered);
            if all.len() as u64 > times + unanswered {
                verdict.wrong.push(format!("{account} has letter {id} {} times: {times} x 250", all.len()));
            }
            if all.len() > 1 {
                twice.insert(*id);
            }
        }
        verdict.duplicates = twice.len() as u64;
        verdict.removed = self.removed.len() as u64;
        verdict.compared = self.copies.len() as u64;
        verdict
    }
}

fn id_of(octets: &[u8]) -> Option<u64> {
    let head = String::from_utf8_lossy(octets.get(..octets.len().min(4096))?);
    head.lines().find_map(|line| line.strip_prefix("Subject: Letter "))?.parse().ok()
}

fn compare(id: u64, lines: usize, octets: &[u8]) -> Result<(), String> {
    let letter = Letter::new(id, lines);
    if !octets.ends_with(&letter.octets) {
        return Err(format!("letter {id} has other octets than were sent"));
    }
    let prefix = octets.len() - letter.octets.len();
    let whole = octets.starts_with(b"Return-Path: <alice@crepes.fr>\r\n") && prefix < 2048;
    whole.then_some(()).ok_or_else(|| format!("letter {id} has a wrong prefix"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TAKEN: (&str, u16, String) = ("bob", 250, String::new());

    fn acknowledged() -> Ledger {
        let ledger = Ledger::default();
        ledger.sent(1, 20);
        ledger.answered(1, &[TAKEN]);
        ledger
    }

    fn read(ledger: &Ledger, unique_id: &str) {
        let octets = [b"Return-Path: <alice@crepes.fr>\r\n", Letter::new(1, 20).octets.as_slice()].concat();
        ledger.found("bob", unique_id, &octets);
    }

    fn there(unique_ids: &[&str]) -> BTreeMap<String, Vec<String>> {
        BTreeMap::from([("bob".to_owned(), unique_ids.iter().map(|id| (*id).to_owned()).collect())])
    }

    #[test]
    fn what_is_there_or_removed_is_not_lost_and_anything_else_is() {
        let ledger = acknowledged();
        assert_eq!(ledger.judge(&there(&[])).lost, 1);
        read(&ledger, "a");
        assert_eq!(ledger.judge(&there(&["a"])).wrong, Vec::<String>::new());
        assert_eq!(ledger.judge(&there(&[])).lost, 1, "it was there once");
        ledger.removed("bob", &["a".to_owned()], true);
        assert_eq!(ledger.judge(&there(&[])).wrong, Vec::<String>::new());
        ledger.listed("bob", &["a".to_owned()]);
        assert_eq!(ledger.judge(&there(&[])).wrong.len(), 1, "it came back");
    }

    #[test]
    fn a_second_copy_is_forgiven_where_no_answer_came() {
        let ledger = acknowledged();
        read(&ledger, "a");
        read(&ledger, "b");
        let verdict = ledger.judge(&there(&["a", "b"]));
        assert_eq!((verdict.duplicates, verdict.wrong.len()), (1, 1));
        ledger.sent(1, 20);
        let verdict = ledger.judge(&there(&["a", "b"]));
        assert_eq!((verdict.duplicates, verdict.wrong.len()), (1, 0));
    }

    #[test]
    fn what_was_refused_must_not_be_there() {
        let ledger = Ledger::default();
        ledger.sent(1, 20);
        ledger.answered(1, &[("bob", 452, "452 no room".to_owned())]);
        read(&ledger, "a");
        assert_eq!(ledger.judge(&there(&["a"])).wrong.len(), 1);
        ledger.refused(552, "552 never");
        assert_eq!(ledger.judge(&there(&["a"])).wrong.len(), 2);
    }

    #[test]
    fn octets_are_compared() {
        let ledger = acknowledged();
        let mut octets = [b"Return-Path: <alice@crepes.fr>\r\n", Letter::new(1, 20).octets.as_slice()].concat();
        let middle = octets.len() / 2;
        *octets.get_mut(middle).unwrap() ^= 1;
        ledger.found("bob", "a", &octets);
        assert_eq!(ledger.judge(&there(&["a"])).wrong.len(), 2, "hurt, and so not there");
        assert!(Letter::new(1, 200).wire().windows(4).any(|four| four == b"\r\n.."), "dots are met");
    }
}
