//! What a disk was told to do, and what of it is safe at each moment. Owns the rules of loss.
//!
//! A sync of a file makes its content safe, not its name; a sync of the folder makes names safe. What was not synced may
//! be there or not, each change for itself, and a write may be torn between any two sectors. Octets that a write did not
//! touch stay as they are. After a sync that failed it is as on Linux: what was on its way is taken for written, no later
//! sync looks after it, and it may never arrive.

use crate::{Dice, Image, Octets};
use std::collections::BTreeMap;

/// What a disk writes at once.
const SECTOR: usize = 512;

/// A file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// One thing a disk was told.
#[derive(Clone, Debug)]
pub enum Event {
    /// A name for a file.
    Link(String, FileId),
    /// A name taken away.
    Unlink(String),
    /// Octets at a place.
    Write(FileId, usize, Vec<u8>),
    /// A new length.
    Resize(FileId, usize),
    /// The content is to be safe.
    Sync(FileId),
    /// It was to be made safe, and the disk said that it could not.
    SyncFailed(FileId),
    /// Names in a folder are to be safe.
    SyncFolder(String),
    /// Nothing for the disk: the process told somebody that so much is done.
    Told(usize),
}

/// What lies on the disk after some of the events: what is safe, and what is on its way.
#[derive(Clone, Debug, Default)]
pub struct Platter {
    names: BTreeMap<String, FileId>,
    renaming: Vec<(String, Option<FileId>)>,
    files: BTreeMap<FileId, Content>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    safe: Octets,
    coming: Vec<Change>,
    /// So many of them no sync makes safe any more.
    given_up: usize,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Resize(usize),
}

impl Platter {
    /// A disk that holds this, all of it safe.
    #[must_use]
    pub fn of(image: &Image) -> Platter {
        let mut platter = Platter::default();
        for (id, (name, octets)) in (0..).map(FileId).zip(image) {
            platter.names.insert(name.clone(), id);
            platter.files.insert(id, Content { safe: octets.clone(), ..Content::default() });
        }
        platter
    }

    /// The next event reaches the disk.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Link(name, id) => self.renaming.push((name.clone(), Some(*id))),
            Event::Unlink(name) => self.renaming.push((name.clone(), None)),
            Event::Write(id, offset, bytes) => self.coming(*id).push(Change::Write(*offset, bytes.clone())),
            Event::Resize(id, len) => self.coming(*id).push(Change::Resize(*len)),
            Event::Sync(id) => self.files.entry(*id).or_default().sync(),
            Event::SyncFailed(id) => {
                let content = self.files.entry(*id).or_default();
                content.given_up = content.coming.len();
            }
            Event::SyncFolder(folder) => {
                let here = |name: &str| name.rsplit_once('/').is_some_and(|(above, _)| above == folder);
                for (name, id) in self.renaming.extract_if(.., |(name, _)| here(name)) {
                    rename(&mut self.names, name, id);
                }
            }
            Event::Told(_) => {}
        }
    }

    fn coming(&mut self, id: FileId) -> &mut Vec<Change> {
        &mut self.files.entry(id).or_default().coming
    }

    /// The power goes; what is there when it comes back.
    #[must_use]
    pub fn crash(&self, dice: &mut Dice) -> Image {
        let mut names = self.names.clone();
        let luck = Luck::draw(dice);
        for (name, id) in &self.renaming {
            if luck.keeps(dice) {
                rename(&mut names, name.clone(), *id);
            }
        }
        let lost = Content::default();
        let survive = |(name, id): (String, FileId)| {
            (name, self.files.get(&id).unwrap_or(&lost).survivors(Luck::draw(dice), dice))
        };
        names.into_iter().map(survive).collect()
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, name: String, id: Option<FileId>) {
    match id {
        Some(id) => names.insert(name, id),
        None => names.remove(&name),
    };
}

/// How lucky a file is, or the names.
#[derive(Clone, Copy)]
enum Luck {
    /// Nothing that was on its way arrives.
    None,
    /// All of it does.
    All,
    /// Some of it, and some of that in part.
    Some,
}

impl Luck {
    fn draw(dice: &mut Dice) -> Luck {
        match dice.below(4) {
            0 => Luck::None,
            1 => Luck::All,
            _ => Luck::Some,
        }
    }

    fn keeps(self, dice: &mut Dice) -> bool {
        match self {
            Luck::None => false,
            Luck::All => true,
            Luck::Some => dice.below(2) == 0,
        }
    }
}

impl Content {
    /// What is not given up is safe now, and so is what it wrote over.
    fn sync(&mut self) {
        for change in self.coming.split_off(self.given_up) {
            change.apply(&mut self.safe);
            self.coming.iter_mut().for_each(|lost| lost.yield_to(&change));
        }
    }

    fn survivors(&self, luck: Luck, dice: &mut Dice) -> Octets {
        let mut octets = self.safe.clone();
        for change in &self.coming {
            match (luck, dice.below(3)) {
                (Luck::None, _) | (Luck::Some, 0) => {}
                (Luck::All, _) | (Luck::Some, 1) => change.apply(&mut octets),
                (Luck::Some, _) => change.tear(&mut octets, dice),
            }
        }
        octets
    }
}

impl Change {
    fn apply(&self, octets: &mut Octets) {
        match self {
            Change::Write(offset, bytes) => octets.write(*offset, bytes),
            Change::Resize(len) => octets.resize(*len),
        }
    }

    /// Takes over what a later change wrote in the same place, so that arriving late it brings nothing old back.
    fn yield_to(&mut self, later: &Change) {
        let (Change::Write(offset, bytes), Change::Write(at, new)) = (self, later) else { return };
        for (octet, place) in bytes.iter_mut().zip(*offset..) {
            if let Some(newer) = place.checked_sub(*at).and_then(|index| new.get(index)) {
                *octet = *newer;
            }
        }
    }

    /// Some sectors of it arrive.
    fn tear(&self, octets: &mut Octets, dice: &mut Dice) {
        let Change::Write(offset, bytes) = self else { return };
        let (mut at, mut rest) = (*offset, bytes.as_slice());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            if dice.below(2) == 0 {
                octets.write(at, now);
            }
            at += now.len();
            rest = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    /// What may be found under a name after the events, over many seeds.
    fn outcomes(events: &[Event]) -> Vec<Option<Vec<u8>>> {
        let mut platter = Platter::default();
        events.iter().for_each(|event| platter.take(event));
        let mut found: Vec<_> =
            (0..200).map(|seed| platter.crash(&mut Dice::new(seed)).get("/d/a").map(whole)).collect();
        found.sort();
        found.dedup();
        found
    }

    fn whole(octets: &Octets) -> Vec<u8> {
        let mut all = vec![0; octets.len()];
        octets.read(0, &mut all);
        all
    }

    fn link() -> Event {
        Event::Link("/d/a".into(), FILE)
    }

    #[test]
    fn what_was_synced_with_its_name_is_there() {
        let events = [link(), Event::Write(FILE, 0, b"safe".into()), Event::Sync(FILE), Event::SyncFolder("/d".into())];
        assert_eq!(outcomes(&events), [Some(b"safe".to_vec())]);
    }

    #[test]
    fn a_name_is_not_safe_by_its_file() {
        let events = [link(), Event::Write(FILE, 0, b"safe".into()), Event::Sync(FILE)];
        assert_eq!(outcomes(&events), [None, Some(b"safe".to_vec())]);
        let elsewhere = [&events[..], &[Event::SyncFolder("/".into())]].concat();
        assert!(outcomes(&elsewhere).contains(&None));
    }

    #[test]
    fn no_later_sync_saves_what_a_failed_one_gave_up_unless_it_is_written_again() {
        let begun = [link(), Event::SyncFolder("/d".into()), Event::Write(FILE, 0, b"old".into())];
        let failed = [&begun[..], &[Event::SyncFailed(FILE), Event::Sync(FILE)]].concat();
        assert_eq!(outcomes(&failed), [Some(Vec::new()), Some(b"old".to_vec())]);
        let again = [&failed[..], &[Event::Write(FILE, 0, b"new".into()), Event::Sync(FILE)]].concat();
        assert_eq!(outcomes(&again), [Some(b"new".to_vec())]);
    }

    #[test]
    fn what_was_not_synced_is_lost_kept_reordered_or_torn() {
        let two = vec![b'b'; 2 * SECTOR];
        let events = [
            link(),
            Event::SyncFolder("/d".into()),
            Event::Write(FILE, 0, b"a".into()),
            Event::Sync(FILE),
            Event::Write(FILE, 0, two.clone()),
            Event::Write(FILE, 2 * SECTOR, b"c".into()),
        ];
        let found: Vec<_> = outcomes(&events).into_iter().map(Option::unwrap_or_default).collect();
        assert!(found.contains(&b"a".to_vec()), "lost");
        assert!(found.contains(&[&two[..], b"c"].concat()), "kept");
        let late = |octets: &Vec<u8>| octets.len() > 2 * SECTOR && octets[0] == b'a' && octets[SECTOR] == 0;
        assert!(found.iter().any(late), "the later write without the earlier");
        let torn = |octets: &Vec<u8>| octets.len() >= SECTOR && octets[0] == b'b' && octets.get(SECTOR) != Some(&b'b');
        assert!(found.iter().any(torn), "torn");
        assert!(found.iter().all(|octets| octets[0] != 0), "what was safe is never lost");
    }
}
