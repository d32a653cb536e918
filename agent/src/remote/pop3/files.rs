//! Fetched mail into files: an mbox or a Maildir, with a memory of what was fetched beside the user's other data.
//!
//! A machine that stops in the midst leaves neither half a message nor one twice. In a Maildir the name of a message follows
//! from its UIDL. To an mbox a batch is written down beside first (`NAME.batch`), then added, then remembered; what was
//! written down and not remembered is added to its end when the memory is opened again.

use super::Basket;
use crate::mailfile::{Head, maildir, mbox};
use crate::trouble::{Kind, Trouble};
use crate::{disk, mailfile};
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use message::Time;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The largest memory, in octets: a million names.
const MEMORY_MAX: u64 = 256 * 1024 * 1024;

/// The largest batch that is written down: a batch is 8 MiB, or one message.
const WRITTEN_DOWN_MAX: u64 = 2 * mailfile::MESSAGE_MAX as u64;

/// Octets of a hash that stand in a name: nobody finds two of the same.
const HASH: usize = 16;

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One file.
    Mbox(PathBuf),
    /// A folder.
    Maildir(PathBuf),
}

impl Target {
    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Target::Mbox(path) | Target::Maildir(path) => path,
        }
    }
}

enum Open {
    Mbox(mbox::Writer),
    Maildir(maildir::Writer),
}

/// What was fetched from a maildrop for one target, by UIDL, and when.
pub struct Memory {
    path: PathBuf,
    known: HashMap<String, Time>,
}

/// A line of the memory.
#[derive(Serialize, Deserialize)]
struct Remembered {
    uid: String,
    at: Time,
}

impl Memory {
    /// Opens the memory of a maildrop (`user@host`) for a target, in a folder of such memories.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(folder: &Path, maildrop: &str, target: &Target) -> Result<Memory, Trouble> {
        let name = short_hash(&[maildrop.as_bytes(), b"\n", target.path().as_os_str().as_encoded_bytes()].concat());
        disk::make_folder(folder).map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", folder.display())))?;
        let path = folder.join(name);
        let text = match disk::read(&path, MEMORY_MAX) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            text => text.map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", path.display())))?,
        };
        // Of a line cut short the message is asked for in the target; see `FileBasket::open`.
        let lines = text.split(|octet| *octet == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        let known = lines.map(|line: Remembered| (line.uid, line.at)).collect();
        Ok(Memory { path, known })
    }

    /// Writes all of it anew.
    fn save(&self) -> Result<(), Trouble> {
        write(&self.path, &lines(&self.known)?)
    }

    /// Remembers these, too.
    fn add(&mut self, uids: Vec<(String, Time)>) -> Result<(), Trouble> {
        let new: HashMap<String, Time> = uids.into_iter().collect();
        // What a machine that stopped left of a line ends here.
        let text = [b"\n".to_vec(), lines(&new)?].concat();
        let path = &self.path;
        mailfile::disk::append(path, &text)
            .map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", path.display())))?;
        self.known.extend(new);
        Ok(())
    }

    pub(super) fn batch(&self) -> PathBuf {
        self.path.with_extension("batch")
    }
}

fn lines(known: &HashMap<String, Time>) -> Result<Vec<u8>, Trouble> {
    let mut text = Vec::new();
    for (uid, at) in known {
        let line = Remembered { uid: uid.clone(), at: *at };
        serde_json::to_writer(&mut text, &line).map_err(|error| Trouble::new(Kind::Software, error))?;
        text.push(b'\n');
    }
    Ok(text)
}

fn write(path: &Path, octets: &[u8]) -> Result<(), Trouble> {
    disk::write(path, octets).map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", path.display())))
}

fn short_hash(octets: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, octets);
    URL_SAFE_NO_PAD.encode(hash.as_ref().get(..HASH).unwrap_or_default())
}

/// What was about to be added to an mbox: this line, then the messages in the form of the file.
#[derive(Serialize, Deserialize)]
struct WrittenDown {
    /// Where in the file.
    at: u64,
    uids: Vec<(String, Time)>,
}

/// An mbox or a Maildir that fetched mail goes to.
pub struct FileBasket {
    open: Open,
    memory: Memory,
    /// Taken, not settled.
    taken: Vec<(String, Time)>,
    /// The same in the form of an mbox.
    text: Vec<u8>,
}

impl FileBasket {
    /// Opens the target. What a machine that stopped left half done is done.
    ///
    /// # Errors
    /// When it cannot be opened, or another program has it.
    pub fn open(target: &Target, memory: Memory) -> Result<FileBasket, Trouble> {
        let open = match target {
            Target::Mbox(path) => Open::Mbox(mbox::Writer::open(path)?),
            Target::Maildir(path) => Open::Maildir(maildir::Writer::open(path, "pop")?),
        };
        let mut basket = FileBasket { open, memory, taken: Vec::new(), text: Vec::new() };
        basket.make_up()?;
        Ok(basket)
    }

    /// Adds what was written down and perhaps not added.
    fn make_up(&mut self) -> Result<(), Trouble> {
        let (path, Open::Mbox(writer)) = (self.memory.batch(), &mut self.open) else { return Ok(()) };
        let octets = match disk::read(&path, WRITTEN_DOWN_MAX) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            octets => octets.map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", path.display())))?,
        };
        let end = octets.iter().position(|octet| *octet == b'\n').unwrap_or(octets.len());
        let (line, text) = octets.split_at(end);
        let written: WrittenDown = serde_json::from_slice(line)
            .map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", path.display())))?;
        let text = text.get(1..).unwrap_or_default();
        // Where somebody wrote to the file since, the batch is added whole: rather twice than not at all.
        writer.make_up(written.at, text)?;
        writer.settle()?;
        self.remember(written.uids)
    }

    /// What was added is remembered, so that what was written down is of no use any more.
    fn remember(&mut self, uids: Vec<(String, Time)>) -> Result<(), Trouble> {
        self.memory.add(uids)?;
        let path = self.memory.batch();
        disk::remove(&path).map(drop).map_err(|error| Trouble::new(Kind::Io, format!("{}: {error}", path.display())))
    }
}

impl Basket for FileBasket {
    fn since(&mut self, uid: &str) -> Result<Option<Time>, Trouble> {
        Ok(self.memory.known.get(uid).copied())
    }

    fn take(&mut self, uid: &str, content: &[u8], now: Time) -> Result<bool, Trouble> {
        if self.memory.known.contains_key(uid) || self.taken.iter().any(|(taken, _)| taken == uid) {
            return Ok(false);
        }
        let new = match &mut self.open {
            Open::Mbox(_) => {
                let head = Head { received: Some(now), uid: Some(uid.to_owned()), ..Head::default() };
                mbox::write(&head, content, now, &mut self.text);
                true
            }
            Open::Maildir(writer) => writer.deliver(&format!("pop-{}", short_hash(uid.as_bytes())), content)?,
        };
        self.taken.push((uid.to_owned(), now));
        Ok(new)
    }

    fn settle(&mut self) -> Result<(), Trouble> {
        let uids = std::mem::take(&mut self.taken);
        match &mut self.open {
            Open::Mbox(writer) => {
                let down = WrittenDown { at: writer.end(), uids: uids.clone() };
                let mut batch = serde_json::to_vec(&down).map_err(|error| Trouble::new(Kind::Software, error))?;
                batch.push(b'\n');
                batch.append(&mut self.text);
                write(&self.memory.batch(), &batch)?;
                let line = batch.iter().position(|octet| *octet == b'\n').unwrap_or_default();
                writer.add_written(batch.get(line + 1..).unwrap_or_default())?;
                writer.settle()?;
            }
            Open::Maildir(writer) => writer.settle()?,
        }
        self.remember(uids)
    }

    fn forget_all_but(&mut self, there: &HashSet<String>) -> Result<(), Trouble> {
        let before = self.memory.known.len();
        self.memory.known.retain(|uid, _| there.contains(uid));
        if self.memory.known.len() < before { self.memory.save() } else { Ok(()) }
    }
}
