//! What was seen of the files of an account, and what became of it since. Owns the ids of messages: a message keeps its own
//! while it lies in its folder, whatever becomes of its flags and its place in the file, and when it is moved whole.

use super::boxes::{Boxes, Place, Raw};
use crate::disk;
use crate::mailfile::Fault;
use crate::mirror::Flags;
use aws_lc_rs::digest;
use message::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// The largest memory of what was seen, in octets: some million messages.
const MEMORY_MAX: u64 = 1024 * 1024 * 1024;
/// A folder that changed less than this before it was looked at may have changed again within the same tick of the disk's
/// clock, which some file systems count in seconds.
const TICK: Duration = Duration::from_secs(2);

/// The stamp of a folder that has to be looked at.
const UNSEEN: &str = "unseen";

/// A message as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// By what it is called.
    pub id: String,
    /// What makes it this message and no other: in a Maildir its name, in an mbox its content.
    pub key: String,
    /// Its file, in a Maildir; empty where it was put there and nobody has looked yet.
    #[serde(default)]
    pub file: String,
    /// The octet it begins at, in an mbox.
    #[serde(default)]
    pub at: u64,
    /// Its flags.
    pub flags: Flags,
    /// When it came.
    pub received: Time,
    /// Octets.
    pub size: u64,
}

/// A folder as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    /// What its files were like.
    pub stamp: String,
    /// When it was looked at.
    at: Time,
    /// When its files were changed last.
    changed: Time,
    /// Its messages, in the order of the file.
    pub marks: Vec<Mark>,
}

/// All of it at one time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Another one whenever something is different.
    pub name: String,
    /// By the folder's name on disk.
    pub shelves: BTreeMap<String, Shelf>,
    #[serde(skip)]
    places: HashMap<String, (String, usize)>,
}

impl Seen {
    /// A message and its folder.
    pub fn find(&self, id: &str) -> Option<(&str, &Mark)> {
        let (folder, index) = self.places.get(id)?;
        Some((folder, self.shelves.get(folder)?.marks.get(*index)?))
    }

    /// The message of this key that came to a folder last.
    pub fn newest_of(&self, folder: &str, key: &str) -> Option<String> {
        let shelf = self.shelves.get(folder)?;
        shelf.marks.iter().rfind(|mark| mark.key == key).map(|mark| mark.id.clone())
    }

    /// All ids, by the time the messages came.
    pub fn newest_first(&self) -> Vec<String> {
        let mut all: Vec<&Mark> = self.shelves.values().flat_map(|shelf| &shelf.marks).collect();
        all.sort_by_key(|mark| std::cmp::Reverse(mark.received));
        all.into_iter().map(|mark| mark.id.clone()).collect()
    }

    fn index(&mut self) {
        let marks = |(folder, shelf): (&String, &Shelf)| -> Vec<(String, (String, usize))> {
            let each = shelf.marks.iter().enumerate();
            each.map(|(index, mark)| (mark.id.clone(), (folder.clone(), index))).collect()
        };
        self.places = self.shelves.iter().flat_map(marks).collect();
    }

    fn name_it(&mut self) {
        let mut hash = digest::Context::new(&digest::SHA256);
        for (folder, shelf) in &self.shelves {
            hash.update(folder.as_bytes());
            hash.update(b"\n");
            for mark in &shelf.marks {
                hash.update(mark.id.as_bytes());
                hash.update(&mark.flags.bits.to_le_bytes());
                mark.flags.keywords.iter().for_each(|word| {
                    hash.update(word.as_bytes());
                    hash.update(b" ");
                });
                hash.update(b"\n");
            }
        }
        self.name = hex(hash.finish().as_ref());
    }
}

/// What is seen now, and what was seen before: kept in a file, so that the next program need not look at everything again.
pub struct Wardrobe {
    path: PathBuf,
    /// The folders there were when it was looked last.
    places: Vec<Place>,
    now: Seen,
    before: Option<Seen>,
    /// What was seen last, where messages were put into folders since and nobody has looked yet.
    looked: Option<Seen>,
}

impl Wardrobe {
    /// With what was kept; where it cannot be read, nothing was seen yet.
    pub fn open(path: PathBuf) -> Wardrobe {
        let kept = disk::read(&path, MEMORY_MAX).unwrap_or_default();
        let kept: Vec<Seen> = serde_json::from_slice(&kept).unwrap_or_default();
        let mut kept = kept.into_iter().map(|mut seen| {
            seen.index();
            seen
        });
        let now = kept.next().unwrap_or_default();
        Wardrobe { path, places: Vec::new(), now, before: kept.next(), looked: None }
    }

    /// What is seen now.
    pub fn now(&self) -> &Seen {
        &self.now
    }

    /// Notes a message that was just put into a folder, so that many can be without a look at all the others for each; what
    /// it is called. What is told of it here is true once somebody looks.
    pub fn put(&mut self, folder: &str, mark: Mark) -> String {
        if self.looked.is_none() {
            self.looked = Some(self.now.clone());
        }
        let id = unused(&mark.key, |id| self.now.places.contains_key(id));
        let shelf = self.now.shelves.entry(folder.to_owned()).or_default();
        // No file is like that: the folder is looked at the next time.
        UNSEEN.clone_into(&mut shelf.stamp);
        self.now.places.insert(id.clone(), (folder.to_owned(), shelf.marks.len()));
        shelf.marks.push(Mark { id: id.clone(), ..mark });
        id
    }

    /// Whether messages were put into folders that nobody has looked at since.
    pub fn is_ahead(&self) -> bool {
        self.looked.is_some()
    }

    /// A folder that was there when it was looked last.
    pub fn place(&self, folder: &str) -> Option<Place> {
        self.places.iter().find(|place| place.folder == folder).cloned()
    }

    /// What is another since it was called so, and what is gone; `None`: that was forgotten.
    pub fn since(&self, name: &str) -> Option<(Vec<String>, Vec<String>)> {
        if self.now.name == name {
            return Some(Default::default());
        }
        let before = self.before.as_ref().filter(|before| before.name == name)?;
        let differs = |(id, place): (&String, &(String, usize))| {
            let then = before.find(id);
            let now = self.now.shelves.get(&place.0).and_then(|shelf| shelf.marks.get(place.1));
            let same = then.zip(now).is_some_and(|((folder, then), now)| *folder == place.0 && then.flags == now.flags);
            (!same).then(|| id.clone())
        };
        let changed = self.now.places.iter().filter_map(differs).collect();
        let gone = before.places.keys().filter(|id| !self.now.places.contains_key(*id)).cloned().collect();
        Some((changed, gone))
    }

    /// Looks at the files.
    pub fn take(&mut self, boxes: &Boxes, now: Time) -> Result<(), Fault> {
        let mut raw: BTreeMap<String, Fresh> = BTreeMap::new();
        let mut kept = Vec::new();
        let places = boxes.places()?;
        for place in &places {
            let (stamp, changed) = boxes.stamp(place)?;
            let before = self.now.shelves.get(&place.folder);
            let settled = |shelf: &&Shelf| shelf.stamp == stamp && shelf.at.since(shelf.changed) > TICK;
            if before.filter(settled).is_some() {
                kept.push(place.folder.clone());
                continue;
            }
            let known = before.map(|shelf| shelf.marks.as_slice()).unwrap_or_default();
            let messages = boxes.messages(place, known)?;
            // What changed while it was looked at is looked at again the next time: by the stamp from before.
            raw.insert(place.folder.clone(), Fresh { stamp, changed, at: now, messages });
        }
        self.places = places;
        let same = raw.is_empty() && kept.len() == self.now.shelves.len() && !self.now.name.is_empty();
        if same {
            return Ok(());
        }
        let seen = assign(&self.now, raw, &kept);
        self.become_seen(seen);
        Ok(())
    }

    fn become_seen(&mut self, mut seen: Seen) {
        seen.name_it();
        seen.index();
        let is_news = seen.name != self.now.name;
        let old = std::mem::replace(&mut self.now, seen);
        let old = self.looked.take().unwrap_or(old);
        if !is_news {
            return;
        }
        self.before = Some(old);
        let both: Vec<&Seen> = std::iter::once(&self.now).chain(&self.before).collect();
        // Without it the next program looks at everything: slower, and as true.
        let _ = serde_json::to_vec(&both).map(|text| disk::write(&self.path, &text));
    }
}

/// A folder that was looked at.
struct Fresh {
    stamp: String,
    changed: Time,
    at: Time,
    messages: Vec<Raw>,
}

/// Gives messages the ids they had: first those that lie where they lay, then those that lie elsewhere now; new ones are
/// called by their keys, with a number where the same is there twice.
fn assign(old: &Seen, fresh: BTreeMap<String, Fresh>, kept: &[String]) -> Seen {
    let mut shelves: BTreeMap<String, Shelf> = BTreeMap::new();
    let mut used: HashSet<String> = HashSet::new();
    for folder in kept {
        if let Some(shelf) = old.shelves.get(folder) {
            used.extend(shelf.marks.iter().map(|mark| mark.id.clone()));
            shelves.insert(folder.clone(), shelf.clone());
        }
    }
    for (folder, Fresh { stamp, changed, at, messages }) in fresh {
        let mut here: HashMap<&str, Vec<&str>> = HashMap::new();
        let marks = old.shelves.get(&folder).map(|shelf| shelf.marks.as_slice()).unwrap_or_default();
        marks.iter().rev().for_each(|mark| here.entry(&mark.key).or_default().push(&mark.id));
        let each = |raw: Raw| {
            let id = here.get_mut(raw.key.as_str()).and_then(Vec::pop).unwrap_or_default().to_owned();
            Mark {
                id,
                key: raw.key,
                file: raw.file,
                at: raw.at,
                flags: raw.flags,
                received: raw.received,
                size: raw.size,
            }
        };
        let marks: Vec<Mark> = messages.into_iter().map(each).collect();
        used.extend(marks.iter().map(|mark| mark.id.clone()).filter(|id| !id.is_empty()));
        shelves.insert(folder, Shelf { stamp, at, changed, marks });
    }
    let mut free: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for mark in old.shelves.values().flat_map(|shelf| &shelf.marks).filter(|mark| !used.contains(&mark.id)) {
        free.entry(&mark.key).or_default().insert(&mark.id);
    }
    for mark in shelves.values_mut().flat_map(|shelf| &mut shelf.marks).filter(|mark| mark.id.is_empty()) {
        let moved = free.get_mut(mark.key.as_str()).and_then(BTreeSet::pop_first).map(str::to_owned);
        mark.id = moved.unwrap_or_else(|| unused(&mark.key, |id| used.contains(id)));
        used.insert(mark.id.clone());
    }
    Seen { shelves, ..Seen::default() }
}

fn unused(key: &str, is_used: impl Fn(&str) -> bool) -> String {
    if !is_used(key) {
        return key.to_owned();
    }
    (2_u64..).map(|count| format!("{key}-{count}")).find(|id| !is_used(id)).unwrap_or_default()
}

/// Content in a few letters.
pub fn hash(content: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, content).as_ref())
}

/// Sixteen octets of a hash: nobody finds two contents that share them by accident.
fn hex(octets: &[u8]) -> String {
    octets.iter().take(16).fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
