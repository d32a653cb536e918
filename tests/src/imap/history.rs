//! What many clients of one mailbox saw and did, by whatever protocol, and what must hold of it whoever was first: UIDs name
//! one message for ever, modification sequences rise, no flag is lost, nothing comes back, and what was delivered is seen.
//! Does not talk to servers: `visitors` do, and write here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a delivery may take to be seen by all, from its acknowledgement on: later, news was lost and something else
/// made up for it. A busy machine takes some tenths of a second.
pub const NOTICE_MAX: Duration = Duration::from_secs(10);

/// How long everybody may take before the server counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message as a client saw it.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// Its number, where the client read it.
    pub letter: Option<u64>,
    /// Its flags, where the client read them.
    pub flags: Option<BTreeSet<String>>,
    /// Its modification sequence, where the client read it.
    pub modseq: Option<u64>,
}

/// What was known when somebody began to look: at least that must be seen.
#[derive(Clone, Debug, Default)]
pub struct Known {
    removed: BTreeSet<u32>,
    flags: BTreeMap<u32, BTreeSet<String>>,
    modseqs: BTreeMap<u32, u64>,
    highest_modseq: u64,
}

/// The history; shared by all clients.
pub struct History {
    book: Mutex<Book>,
    news: Condvar,
    watchers: usize,
}

#[derive(Default)]
struct Book {
    letters: BTreeMap<u32, u64>,
    known: Known,
    /// Removed, or about to be.
    going: BTreeSet<u32>,
    /// When the delivery of a letter was acknowledged.
    delivered: BTreeMap<u64, Instant>,
    /// When which watcher was told of a letter.
    seen: BTreeMap<(usize, u64), Instant>,
    notices: Vec<Duration>,
    wrong: Vec<String>,
}

impl History {
    /// Nothing happened yet; so many will watch.
    #[must_use]
    pub fn new(watchers: usize) -> History {
        History { book: Mutex::default(), news: Condvar::new(), watchers }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that must not be.
    pub fn wrong(&self, what: String) {
        self.book().wrong.push(what);
        self.news.notify_all();
    }

    /// Somebody is about to look.
    #[must_use]
    pub fn known(&self) -> Known {
        self.book().known.clone()
    }

    /// The delivery of a letter was acknowledged.
    pub fn delivered(&self, letter: u64) {
        self.book().delivered.insert(letter, Instant::now());
        self.news.notify_all();
    }

    /// Somebody wants to remove these: those that may go, which are those that every watcher has seen.
    #[must_use]
    pub fn may_go(&self, uids: &[u32]) -> Vec<u32> {
        let mut book = self.book();
        let seen = |uid: &u32| {
            let letter = book.letters.get(uid).copied();
            letter.is_some_and(|letter| (0..self.watchers).all(|watcher| book.seen.contains_key(&(watcher, letter))))
        };
        let going: Vec<u32> = uids.iter().copied().filter(seen).collect();
        book.going.extend(&going);
        going
    }

    /// They are gone, as the server says.
    pub fn removed(&self, uids: &[u32]) {
        self.book().known.removed.extend(uids);
    }

    /// A flag that nobody ever clears was set, as the server says.
    pub fn flagged(&self, uids: &[u32], flag: &str) {
        let mut book = self.book();
        for uid in uids {
            book.known.flags.entry(*uid).or_default().insert(flag.to_owned());
        }
    }

    /// Somebody looked, who knew that much before, and saw these.
    pub fn looked(&self, who: &str, known: &Known, sights: &BTreeMap<u32, Sight>) {
        let mut book = self.book();
        for (uid, sight) in sights {
            book.saw(who, known, *uid, sight);
        }
        self.news.notify_all();
    }

    /// Somebody was told the highest modification sequence.
    pub fn highest_modseq(&self, who: &str, known: &Known, modseq: u64) {
        let mut book = self.book();
        if modseq < known.highest_modseq {
            book.wrong.push(format!("{who}: HIGHESTMODSEQ {modseq} after {}", known.highest_modseq));
        }
        book.known.highest_modseq = book.known.highest_modseq.max(modseq);
    }

    /// A watcher was told that there is something new, at that moment, and found these letters.
    pub fn noticed(&self, watcher: usize, at: Instant, letters: impl IntoIterator<Item = u64>) {
        let mut book = self.book();
        for letter in letters {
            book.seen.entry((watcher, letter)).or_insert(at);
        }
        self.news.notify_all();
    }

    /// Waits until so many letters were delivered, and every watcher saw each; whether that came to be.
    pub fn wait_for(&self, letters: usize) -> bool {
        let done = |book: &Book| book.delivered.len() >= letters && book.unseen(self.watchers).is_none();
        let book = self.book();
        let waited = self.news.wait_timeout_while(book, PATIENCE, |book| !done(book) && book.wrong.is_empty());
        done(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Everything that must not be, with what lies in the mailbox at last; and how long notices took, sorted.
    #[must_use]
    pub fn judge(&self, there: &BTreeMap<u32, Sight>) -> (Vec<String>, Vec<Duration>) {
        let mut book = self.book();
        book.judge(self.watchers, there);
        let mut notices = std::mem::take(&mut book.notices);
        notices.sort_unstable();
        (book.wrong.clone(), notices)
    }

    /// How many messages were removed, and how many flags set.
    #[must_use]
    pub fn figures(&self) -> (usize, usize) {
        let book = self.book();
        (book.known.removed.len(), book.known.flags.values().map(BTreeSet::len).sum())
    }
}

impl Book {
    fn saw(&mut self, who: &str, known: &Known, uid: u32, sight: &Sight) {
        let mut wrong = |what: String| self.wrong.push(format!("{who}: {uid} {what}"));
        if known.removed.contains(&uid) {
            wrong("came back".to_owned());
        }
        if let Some(letter) = sight.letter {
            let before = *self.letters.entry(uid).or_insert(letter);
            if before != letter {
                wrong(format!("is letter {letter} and was {before}"));
            }
        }
        if let (Some(flags), Some(set)) = (&sight.flags, known.flags.get(&uid)) {
            let lost: Vec<&String> = set.difference(flags).collect();
            if !lost.is_empty() {
                wrong(format!("lost {lost:?}"));
            }
        }
        if let Some(modseq) = sight.modseq {
            let before = known.modseqs.get(&uid).copied().unwrap_or(0);
            if modseq < before {
                wrong(format!("has MODSEQ {modseq} after {before}"));
            }
            let newest = self.known.modseqs.entry(uid).or_default();
            *newest = modseq.max(*newest);
        }
    }

    /// The first letter that a watcher has not seen.
    fn unseen(&self, watchers: usize) -> Option<(usize, u64)> {
        let pairs = self.delivered.keys().flat_map(|letter| (0..watchers).map(|watcher| (watcher, *letter)));
        pairs.into_iter().find(|pair| !self.seen.contains_key(pair))
    }

    fn judge(&mut self, watchers: usize, there: &BTreeMap<u32, Sight>) {
        let uids: BTreeMap<u64, u32> = self.letters.iter().map(|(uid, letter)| (*letter, *uid)).collect();
        if uids.len() < self.letters.len() {
            self.wrong.push("a letter has two UIDs".to_owned());
        }
        for (letter, delivered) in &self.delivered {
            let uid = uids.get(letter);
            let kept = uid.is_some_and(|uid| there.contains_key(uid) || self.going.contains(uid));
            if !kept {
                self.wrong.push(format!("letter {letter}, UID {uid:?}, was delivered and is lost"));
            }
            for watcher in 0..watchers {
                match self.seen.get(&(watcher, *letter)) {
                    Some(seen) => self.notices.push(seen.saturating_duration_since(*delivered)),
                    None => self.wrong.push(format!("watcher {watcher} never saw letter {letter}")),
                }
            }
        }
        if let Some(slow) = self.notices.iter().max().filter(|slow| **slow > NOTICE_MAX) {
            self.wrong.push(format!("a delivery was seen after {slow:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(letter: u64, flags: &[&str], modseq: u64) -> BTreeMap<u32, Sight> {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        BTreeMap::from([(7, Sight { letter: Some(letter), flags: Some(flags), modseq: Some(modseq) })])
    }

    fn wrong(history: &History) -> usize {
        history.book().wrong.len()
    }

    #[test]
    fn what_was_known_before_the_look_binds_and_what_came_during_it_does_not() {
        let history = History::new(1);
        let early = history.known();
        history.looked("a", &early, &sight(1, &[], 5));
        history.flagged(&[7], "k");
        history.looked("b", &early, &sight(1, &[], 4));
        assert_eq!(wrong(&history), 0, "b began before anything was known");
        let late = history.known();
        history.looked("b", &late, &sight(1, &[], 5));
        assert_eq!(wrong(&history), 1, "the flag is lost");
        history.looked("b", &late, &sight(1, &["k"], 4));
        assert_eq!(wrong(&history), 2, "MODSEQ fell");
        history.looked("b", &late, &sight(2, &["k"], 5));
        assert_eq!(wrong(&history), 3, "the UID names another");
        history.removed(&[7]);
        history.looked("b", &late, &sight(1, &["k"], 5));
        assert_eq!(wrong(&history), 3);
        history.looked("b", &history.known(), &sight(1, &["k"], 5));
        assert_eq!(wrong(&history), 4, "it came back");
        history.highest_modseq("a", &late, 9);
        history.highest_modseq("b", &history.known(), 8);
        assert_eq!(wrong(&history), 5);
    }

    #[test]
    fn what_was_delivered_is_there_or_was_removed_and_was_seen() {
        let judge = |history: &History, there: &BTreeMap<u32, Sight>| history.judge(there).0.len();
        let history = History::new(1);
        history.delivered(1);
        assert_eq!(judge(&history, &BTreeMap::new()), 2, "lost, and never seen");
        let history = History::new(1);
        history.delivered(1);
        history.looked("a", &history.known(), &sight(1, &[], 1));
        history.noticed(0, Instant::now(), [1]);
        assert_eq!(judge(&history, &sight(1, &[], 1)), 0);
        assert_eq!(judge(&history, &BTreeMap::new()), 1, "lost");
        let history = History::new(1);
        history.delivered(1);
        history.looked("a", &history.known(), &sight(1, &[], 1));
        assert!(history.may_go(&[7]).is_empty(), "who waits would never see it");
        history.noticed(0, Instant::now() + NOTICE_MAX * 2, [1]);
        assert_eq!(history.may_go(&[7]), [7]);
        assert_eq!(judge(&history, &BTreeMap::new()), 1, "late");
    }
}
