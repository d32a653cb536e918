//! A client that alone writes to its account, and knows at any moment what must lie there: what was acknowledged, and what
//! was under way, done whole or not at all. Owns the comparison after the server was killed.

use super::{Answer, Imap, Items};
use crate::Ports;
use crate::seed::Seed;
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use wire::dialogue::Port;

/// The mailboxes it keeps.
const ROOMS: [&str; 2] = ["INBOX", "Kept"];

/// What everybody's password is.
pub const PASSWORD: &str = "hungry";

/// The flags it plays with.
const FLAGS: [&str; 5] = ["\\Seen", "\\Flagged", "\\Answered", "$Forwarded", "kept"];

/// At most so many messages in a mailbox: then it removes some.
const ROOM_MAX: usize = 60;

/// How long some acknowledgements may take before the server counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest message. What is shorter than some KiB lies in the store elsewhere than what is longer.
const OCTETS_MAX: u64 = 40_000;

/// A message as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    number: u64,
    octets: u64,
    flags: BTreeSet<String>,
}

#[derive(Clone, Debug, Default)]
struct Room {
    notes: BTreeMap<u32, Note>,
    /// The highest UID ever seen.
    highest: u32,
    uid_validity: u32,
}

/// What a command does.
#[derive(Clone, Debug)]
enum Change {
    Append { to: usize, notes: Vec<Note> },
    Flags { of: usize, uids: Vec<u32>, flag: &'static str, set: bool },
    Copy { from: usize, uids: Vec<u32> },
    Move { from: usize, uids: Vec<u32> },
    Expunge { of: usize, uids: Vec<u32> },
}

/// How many commands of all keepers were acknowledged.
#[derive(Default)]
pub struct Tally {
    count: Mutex<u64>,
    news: Condvar,
}

impl Tally {
    fn add(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.news.notify_all();
    }

    /// Waits until so many more are acknowledged; whether that came to be.
    pub fn wait_for(&self, more: u64) -> bool {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let due = *count + more;
        let waited = self.news.wait_timeout_while(count, PATIENCE, |count| *count < due);
        *waited.unwrap_or_else(PoisonError::into_inner).0 >= due
    }
}

/// The client.
pub struct Keeper {
    account: String,
    seed: Seed,
    rooms: [Room; 2],
    pending: Option<Change>,
    number: u64,
    tally: Arc<Tally>,
}

impl Keeper {
    /// A client of this account, which is empty.
    #[must_use]
    pub fn new(account: &str, seed: Seed, tally: Arc<Tally>) -> Keeper {
        let account = account.to_owned();
        Keeper { account, seed, rooms: Default::default(), pending: None, number: 0, tally }
    }

    fn connect(&self, ports: &Ports) -> Result<Imap> {
        Imap::login(*ports.get(&Port::Imap).context("the port is open")?, &self.account, PASSWORD)
    }

    /// Changes one thing after the other until the connection breaks.
    ///
    /// # Errors
    /// Always: how it broke, or what was refused.
    pub fn run(&mut self, ports: &Ports) -> Result<()> {
        let mut imap = self.connect(ports)?;
        let mut selected = None;
        loop {
            let change = self.choose();
            let of = change.room();
            if of.is_some() && of != selected {
                imap.done(&format!("SELECT {}", ROOMS[of.unwrap_or(0)]))?;
                selected = of;
            }
            if let Change::Expunge { of, uids } = &change {
                let marking = Change::Flags { of: *of, uids: uids.clone(), flag: "\\Deleted", set: true };
                self.carry_out(&mut imap, marking)?;
            }
            self.carry_out(&mut imap, change)?;
        }
    }

    fn carry_out(&mut self, imap: &mut Imap, change: Change) -> Result<()> {
        self.pending = Some(change.clone());
        let answer = change.send(imap)?;
        ensure!(answer.status == "OK", "{change:?}: {} {}", answer.status, answer.text);
        let uids = change.new_uids(&answer)?;
        self.pending = None;
        self.tally.add();
        let (to, notes) = change.apply(&mut self.rooms);
        ensure!(uids.len() == notes.len(), "{change:?}: {uids:?} for {} messages", notes.len());
        let Some(room) = to.and_then(|to| self.rooms.get_mut(to)) else { return Ok(()) };
        for (uid, note) in uids.into_iter().zip(notes) {
            ensure!(uid > room.highest, "UID {uid} after {}", room.highest);
            room.highest = uid;
            room.notes.insert(uid, note);
        }
        Ok(())
    }

    fn choose(&mut self) -> Change {
        let from = self.seed.within(0..2) as usize;
        let uids = self.some_of(from);
        if uids.is_empty() {
            return self.letters(from);
        }
        if self.rooms[from].notes.len() >= ROOM_MAX {
            return Change::Expunge { of: from, uids };
        }
        match self.seed.within(0..10) {
            0..3 => self.letters(from),
            3..6 => {
                let flag = FLAGS[self.seed.within(0..FLAGS.len() as u64) as usize];
                Change::Flags { of: from, uids, flag, set: self.seed.within(0..3) > 0 }
            }
            6 => Change::Copy { from, uids },
            7 | 8 => Change::Move { from, uids },
            _ => Change::Expunge { of: from, uids },
        }
    }

    /// One to three messages to put somewhere.
    fn letters(&mut self, to: usize) -> Change {
        let count = self.seed.within(1..4);
        let notes = (0..count).map(|_| {
            self.number += 1;
            let octets = self.seed.within(0..OCTETS_MAX / count);
            let flags = self.seed.within(0..2) * self.seed.within(1..3);
            let flags = FLAGS.iter().take(flags as usize).map(|flag| (*flag).to_owned()).collect();
            Note { number: self.number, octets, flags }
        });
        Change::Append { to, notes: notes.collect() }
    }

    /// Some messages of a mailbox, one to eight.
    fn some_of(&mut self, room: usize) -> Vec<u32> {
        let all: Vec<u32> = self.rooms[room].notes.keys().copied().collect();
        if all.is_empty() {
            return all;
        }
        let count = self.seed.within(1..9);
        let chosen: BTreeSet<u32> = (0..count).map(|_| all[self.seed.within(0..all.len() as u64) as usize]).collect();
        chosen.into_iter().collect()
    }

    /// Reads everything: what is acknowledged must be there, what was under way whole or not at all. Everything that
    /// must not be, in words. What is there is what is expected from then on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn check(&mut self, ports: &Ports) -> Result<Vec<String>> {
        let mut imap = self.connect(ports)?;
        let created = imap.command(&format!("CREATE {}", ROOMS[1]))?;
        ensure!(created.status == "OK" || created.text.contains("ALREADYEXISTS"), "{created:?}");
        let mut there: [Room; 2] = Default::default();
        for (name, room) in ROOMS.iter().zip(&mut there) {
            *room = read(&mut imap, name)?;
        }
        let mut wrong = Vec::new();
        let before = differences(&self.rooms, &there, (None, vec![]));
        if !before.is_empty() {
            let after = self.pending.as_ref().map(|change| {
                let mut rooms = self.rooms.clone();
                let new = change.apply(&mut rooms);
                differences(&rooms, &there, new)
            });
            if after.as_ref().is_none_or(|after| !after.is_empty()) {
                let (account, pending) = (&self.account, &self.pending);
                wrong.push(format!("{account}: {before:?}; with what was under way, {pending:?}: {after:?}"));
            }
        }
        for (room, found) in self.rooms.iter_mut().zip(there) {
            let highest = room.highest.max(found.highest);
            *room = Room { highest, ..found };
        }
        self.pending = None;
        Ok(wrong)
    }

    /// How many messages there are.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.rooms.iter().map(|room| room.notes.len()).sum()
    }
}

impl Change {
    /// The mailbox that must be selected.
    fn room(&self) -> Option<usize> {
        match self {
            Change::Append { .. } => None,
            Change::Flags { of, .. } | Change::Expunge { of, .. } => Some(*of),
            Change::Copy { from, .. } | Change::Move { from, .. } => Some(*from),
        }
    }

    fn send(&self, imap: &mut Imap) -> Result<Answer> {
        match self {
            Change::Append { to, notes } => {
                let mut command = format!("APPEND {}", ROOMS[*to]).into_bytes();
                for note in notes {
                    let flags: Vec<&str> = note.flags.iter().map(String::as_str).collect();
                    let octets = note.content();
                    let literal = format!(" ({}) {{{}+}}\r\n", flags.join(" "), octets.len());
                    command.extend_from_slice(literal.as_bytes());
                    command.extend_from_slice(&octets);
                }
                let tag = imap.send_octets(&command)?;
                imap.answer(&tag)
            }
            Change::Flags { uids, flag, set, .. } => {
                let sign = if *set { '+' } else { '-' };
                imap.command(&format!("UID STORE {} {sign}FLAGS.SILENT ({flag})", set_of(uids)))
            }
            Change::Copy { from, uids } => imap.command(&format!("UID COPY {} {}", set_of(uids), ROOMS[1 - from])),
            Change::Move { from, uids } => imap.command(&format!("UID MOVE {} {}", set_of(uids), ROOMS[1 - from])),
            Change::Expunge { uids, .. } => imap.command(&format!("UID EXPUNGE {}", set_of(uids))),
        }
    }

    /// The UIDs of the messages it made, as the server tells them.
    fn new_uids(&self, answer: &Answer) -> Result<Vec<u32>> {
        let (name, at) = match self {
            Change::Append { .. } => ("APPENDUID", 1),
            Change::Copy { .. } | Change::Move { .. } => ("COPYUID", 2),
            _ => return Ok(Vec::new()),
        };
        let code = answer.code(name).with_context(|| format!("no {name}: {answer:?}"))?;
        members(code.get(at).context("a set")?)
    }

    /// Changes what is expected; what is new where, in order, since its UIDs may not be known.
    fn apply(&self, rooms: &mut [Room; 2]) -> (Option<usize>, Vec<Note>) {
        match self {
            Change::Append { to, notes } => (Some(*to), notes.clone()),
            Change::Flags { of, uids, flag, set } => {
                for (_, note) in rooms[*of].notes.iter_mut().filter(|(uid, _)| uids.contains(uid)) {
                    if *set {
                        note.flags.insert((*flag).to_owned());
                    } else {
                        note.flags.remove(*flag);
                    }
                }
                (None, Vec::new())
            }
            Change::Copy { from, uids } => {
                (Some(1 - from), uids.iter().filter_map(|uid| rooms[*from].notes.get(uid).cloned()).collect())
            }
            Change::Move { from, uids } => {
                (Some(1 - from), uids.iter().filter_map(|uid| rooms[*from].notes.remove(uid)).collect())
            }
            Change::Expunge { of, uids } => {
                rooms[*of].notes.retain(|uid, _| !uids.contains(uid));
                (None, Vec::new())
            }
        }
    }
}

impl Note {
    fn content(&self) -> Vec<u8> {
        let head = format!("From: alice@crepes.fr\r\nSubject: Note {} of {}\r\n\r\n", self.number, self.octets);
        let mut octets = head.into_bytes();
        let mut seed = Seed(self.number);
        while (octets.len() as u64) < self.octets {
            octets.extend_from_slice(format!("{:016x} is what it says\r\n", seed.number()).as_bytes());
        }
        octets
    }

    /// A message as it was read.
    fn read(items: &Items) -> Result<Note> {
        let Some(super::Value::Octets(octets)) = items.get("BODY[]") else { bail!("no content: {items:?}") };
        let head = String::from_utf8_lossy(octets.get(..octets.len().min(200)).unwrap_or_default()).into_owned();
        let line = head.lines().find_map(|line| line.strip_prefix("Subject: Note ")).context("a subject")?;
        let (number, length) = line.split_once(" of ").context("both numbers")?;
        let mut flags: BTreeSet<String> = items.get("FLAGS").context("flags")?.words().into_iter().collect();
        flags.remove("\\Recent");
        let note = Note { number: number.parse()?, octets: length.parse()?, flags };
        ensure!(*octets == note.content(), "note {} has other octets than were sent", note.number);
        Ok(note)
    }
}

fn read(imap: &mut Imap, name: &str) -> Result<Room> {
    let selected = imap.done(&format!("SELECT {name}"))?;
    let number = |code: &str| -> Result<u32> { Ok(selected.code(code).context("a code")?[0].parse()?) };
    let (uid_validity, uid_next) = (number("UIDVALIDITY")?, number("UIDNEXT")?);
    let mut notes = BTreeMap::new();
    if selected.number("EXISTS").context("EXISTS")? > 0 {
        for (uid, items) in imap.fetch("UID FETCH 1:* (FLAGS BODY.PEEK[])")? {
            notes.insert(uid, Note::read(&items)?);
        }
    }
    ensure!(selected.number("EXISTS") == Some(notes.len() as u32), "{} of {selected:?}", notes.len());
    ensure!(notes.last_key_value().is_none_or(|(uid, _)| *uid < uid_next), "UIDNEXT {uid_next}");
    Ok(Room { notes, highest: uid_next - 1, uid_validity })
}

/// What differs between what must be there, with new messages in one mailbox, and what is there.
fn differences(expected: &[Room; 2], there: &[Room; 2], new: (Option<usize>, Vec<Note>)) -> Vec<String> {
    let mut differences = Vec::new();
    for (at, (room, found)) in expected.iter().zip(there).enumerate() {
        let new = if new.0 == Some(at) { new.1.as_slice() } else { &[] };
        let mut say = |what: String| differences.push(format!("{}: {what}", ROOMS[at]));
        if room.uid_validity != 0 && room.uid_validity != found.uid_validity {
            say(format!("UIDVALIDITY {} became {}", room.uid_validity, found.uid_validity));
        }
        if found.highest < room.highest {
            say(format!("UIDNEXT fell below {}", room.highest));
        }
        for (uid, note) in &room.notes {
            match found.notes.get(uid) {
                Some(there) if there == note => {}
                other => say(format!("{uid} must be {note:?} and is {other:?}")),
            }
        }
        let more: Vec<_> = found.notes.iter().filter(|(uid, _)| !room.notes.contains_key(uid)).collect();
        if more.iter().any(|(uid, _)| **uid <= room.highest) || !more.iter().map(|(_, note)| *note).eq(new) {
            say(format!("more than there must be: {more:?}, expected {new:?}"));
        }
    }
    differences
}

fn set_of(uids: &[u32]) -> String {
    uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// The members of a set, in its order.
fn members(set: &str) -> Result<Vec<u32>> {
    let mut members = Vec::new();
    for part in set.split(',') {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse()?, last.parse()?);
        ensure!(last.abs_diff(first) < 10_000, "a set of {set}");
        if first <= last { members.extend(first..=last) } else { members.extend((last..=first).rev()) }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn note(number: u64) -> Note {
        Note { number, octets: 100, flags: BTreeSet::new() }
    }

    fn room(notes: &[(u32, u64)], highest: u32) -> Room {
        Room { notes: notes.iter().map(|(uid, number)| (*uid, note(*number))).collect(), highest, uid_validity: 1 }
    }

    #[test]
    fn what_is_lost_back_or_hurt_is_seen() {
        let expected = [room(&[(1, 1), (3, 3)], 4), room(&[], 0)];
        let same = |there: Room| differences(&expected, &[there, room(&[], 0)], (None, vec![])).is_empty();
        assert!(same(room(&[(1, 1), (3, 3)], 4)));
        assert!(!same(room(&[(1, 1)], 4)), "lost");
        assert!(!same(room(&[(1, 1), (2, 2), (3, 3)], 4)), "back");
        assert!(!same(room(&[(1, 1), (3, 1)], 4)), "another");
        assert!(!same(room(&[(1, 1), (3, 3)], 3)), "UIDs will be used again");
        assert!(!same(Room { uid_validity: 2, ..room(&[(1, 1), (3, 3)], 4) }));
        let mut flagged = room(&[(1, 1), (3, 3)], 4);
        flagged.notes.get_mut(&3).unwrap().flags.insert("\\Seen".to_owned());
        assert!(!same(flagged), "a flag nobody set");
    }

    #[test]
    fn what_was_under_way_is_there_whole_or_not_at_all() {
        let before = [room(&[(1, 1), (2, 2)], 2), room(&[], 0)];
        let mut after = before.clone();
        let new = Change::Move { from: 0, uids: vec![1, 2] }.apply(&mut after);
        let moved = |there: &[Room; 2]| {
            differences(&before, there, (None, vec![])).is_empty() || differences(&after, there, new.clone()).is_empty()
        };
        assert!(moved(&before) && moved(&[room(&[], 2), room(&[(1, 1), (2, 2)], 2)]));
        assert!(!moved(&[room(&[(2, 2)], 2), room(&[(1, 1)], 1)]), "half");
        assert!(!moved(&[room(&[], 2), room(&[(1, 2), (2, 1)], 2)]), "in another order");
        assert!(!moved(&[room(&[], 2), room(&[], 2)]), "lost");
    }

    #[test]
    fn sets_are_read_in_their_order() {
        assert_eq!(members("4,1:3,9:8").unwrap(), [4, 1, 2, 3, 9, 8]);
    }
}
