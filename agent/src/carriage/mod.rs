//! Mail carried from one place to another: files, mirrors, and what a caller adds (the store of a server). Owns the order of
//! it, one message in memory at a time and a batch on its way, and by what a message is known when the same is carried
//! again: an import that was cut goes on where it was, and doubles nothing.

mod bundle;
mod host;
mod mirrored;
#[cfg(test)]
mod tests;

pub use bundle::{Bundle, Form};
pub use host::{FromHost, ToHost, refused};
pub use mirrored::{FromMirror, ToMirror};

use crate::mailfile::{Item, Parts, Source};
use crate::mirror::{ImportKey, Role};
use crate::progress::Watcher;
use crate::trouble::{Kind, Trouble};
use aws_lc_rs::digest;
use std::collections::HashMap;
use std::future::Future;

/// Messages of one batch, and the octets of it: what is in memory, and what is done again when the machine stops.
const BATCH: usize = 200;
const BATCH_OCTETS: usize = 8 * 1024 * 1024;

/// Messages between two pauses.
const PAUSE_EACH: u64 = 50;

/// Messages left behind that are told of one by one.
const LEFT_TOLD: usize = 100;

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// By what it is known again.
    pub key: ImportKey,
    /// Where it goes, levels parted by `/`.
    pub folder: String,
    /// The message.
    pub item: Item,
}

/// Where mail comes from.
pub trait Origin: Send {
    /// The next message: its folder, empty for none; how much of the whole that was. `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read.
    fn next_parcel(&mut self) -> impl Future<Output = Result<Option<(String, Item, u64)>, Trouble>> + Send;

    /// How much there is, in the measure of [`Origin::next_parcel`]; `None`: not known beforehand.
    fn whole(&self) -> Option<u64>;
}

impl Origin for Source {
    async fn next_parcel(&mut self) -> Result<Option<(String, Item, u64)>, Trouble> {
        let whole = self.octets > 0;
        Ok(self.next_message()?.map(|found| (found.folder, found.item, if whole { found.octets } else { 1 })))
    }

    fn whole(&self) -> Option<u64> {
        (self.octets > 0).then_some(self.octets)
    }
}

/// Where mail goes.
pub trait Shelf: Send {
    /// Whether a message was put here before.
    fn has(&mut self, key: &ImportKey) -> impl Future<Output = Result<bool, Trouble>> + Send;

    /// Puts messages here; they are on disk, and remembered, when it returns. How many were not here before.
    fn put(&mut self, parcels: &[Parcel]) -> impl Future<Output = Result<u64, Trouble>> + Send;
}

/// What is wanted of an import.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// All goes into this folder.
    pub folder: Option<String>,
    /// Where goes what has no folder.
    pub otherwise: String,
    /// Nothing is put anywhere: what would be is counted.
    pub dry_run: bool,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Messages that are new there.
    pub new: u64,
    /// Messages that were there before.
    pub known: u64,
    /// Messages that could not be carried, and why; the first of them.
    pub left: Vec<String>,
    /// How many there are of them.
    pub left_count: u64,
    /// How many went, or would go, into each folder.
    pub folders: HashMap<String, u64>,
    /// What ended it before its time.
    pub trouble: Option<Trouble>,
}

/// Carries all of it, or as much as can be until somebody says stop. What was carried stays.
pub async fn carry(origin: &mut impl Origin, shelf: &mut impl Shelf, wanted: &Wanted, watcher: &Watcher) -> Carried {
    let mut carrier =
        Carrier { wanted, counts: HashMap::new(), batch: Vec::new(), octets: 0, read: 0, carried: Carried::default() };
    let mut done = carrier.carry(origin, shelf, watcher).await;
    if done.is_ok() || matches!(&done, Err(trouble) if trouble.kind == Kind::Cancelled) {
        // What was read is put there, too: it would be read again otherwise.
        done = carrier.put(shelf).await.and(done);
    }
    carrier.carried.trouble = done.err();
    carrier.carried
}

/// Lets others have their turn now and then, who may want to say stop.
async fn pause(count: u64) {
    if count.is_multiple_of(PAUSE_EACH) {
        tokio::task::yield_now().await;
    }
}

/// Writes out all of it; how many messages, and how many were too long. What is half written when somebody says stop is left, and told as an error.
///
/// # Errors
/// What cannot be read or written, and being stopped.
pub async fn write_out(origin: &mut impl Origin, mut bundle: Bundle, watcher: &Watcher) -> Result<(u64, u64), Trouble> {
    let whole = origin.whole();
    let (mut count, mut long, mut done) = (0, 0, 0);
    while let Some((folder, item, part)) = origin.next_parcel().await? {
        done += part;
        if item.long {
            long += 1;
            continue;
        }
        bundle.add(&folder, &item)?;
        count += 1;
        pause(count).await;
        watcher.tell("exporting", done, whole);
        watcher.go_on()?;
    }
    bundle.finish()?;
    Ok((count, long))
}

struct Carrier<'a> {
    wanted: &'a Wanted,
    /// How often the same message was met for the same folder: the second is another.
    counts: HashMap<u64, u32>,
    batch: Vec<Parcel>,
    octets: usize,
    /// Messages that were read.
    read: u64,
    carried: Carried,
}

impl Carrier<'_> {
    async fn carry(
        &mut self,
        origin: &mut impl Origin,
        shelf: &mut impl Shelf,
        watcher: &Watcher,
    ) -> Result<(), Trouble> {
        let whole = origin.whole();
        let mut done = 0;
        while let Some((folder, item, part)) = origin.next_parcel().await? {
            done += part;
            let folder = self.folder(&folder);
            if item.long {
                self.leave(format!("{folder}: a message is longer than {} octets", crate::mailfile::MESSAGE_MAX));
                continue;
            }
            let key = self.key(&folder, &item.content);
            if shelf.has(&key).await? {
                self.carried.known += 1;
            } else {
                self.octets += item.content.len();
                self.batch.push(Parcel { key, folder, item });
            }
            if self.batch.len() >= BATCH || self.octets >= BATCH_OCTETS {
                self.put(shelf).await?;
            }
            self.read += 1;
            pause(self.read).await;
            watcher.tell("importing", done, whole);
            watcher.go_on()?;
        }
        Ok(())
    }

    fn leave(&mut self, words: String) {
        self.carried.left_count += 1;
        if self.carried.left.len() < LEFT_TOLD {
            self.carried.left.push(words);
        }
    }

    async fn put(&mut self, shelf: &mut impl Shelf) -> Result<(), Trouble> {
        let batch = std::mem::take(&mut self.batch);
        self.octets = 0;
        for parcel in &batch {
            *self.carried.folders.entry(parcel.folder.clone()).or_default() += 1;
        }
        let count = batch.len() as u64;
        let new = if self.wanted.dry_run || batch.is_empty() { count } else { shelf.put(&batch).await? };
        self.carried.new += new;
        self.carried.known += count - new.min(count);
        Ok(())
    }

    fn folder(&self, found: &str) -> String {
        let folder = match &self.wanted.folder {
            Some(folder) => folder,
            None if found.is_empty() => &self.wanted.otherwise,
            None => found,
        };
        let folder = Parts::of(folder).0.join("/");
        // RFC 9051 §5.1: the one name that has no case.
        if folder.is_empty() || folder.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { folder }
    }

    /// The same message for the same folder has the same key, wherever it stands in whichever file; where it comes twice in
    /// one run, both are kept.
    fn key(&mut self, folder: &str, content: &[u8]) -> ImportKey {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(folder.as_bytes());
        hash.update(b"\n");
        hash.update(content);
        let first = short(hash.clone().finish().as_ref());
        let (head, _) = first.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let count = self.counts.entry(u64::from_le_bytes(*head)).or_default();
        *count += 1;
        if *count == 1 {
            return first;
        }
        hash.update(&count.to_le_bytes());
        short(hash.finish().as_ref())
    }
}

fn short(hash: &[u8]) -> ImportKey {
    hash.first_chunk().copied().unwrap_or_default()
}

/// What a folder of this name is for, by the names that programs give.
#[must_use]
pub fn role_of(folder: &str) -> Role {
    match folder.to_lowercase().as_str() {
        "inbox" => Role::Inbox,
        "sent" | "sent items" | "sent messages" | "sent mail" => Role::Sent,
        "drafts" | "draft" => Role::Drafts,
        "trash" | "deleted items" | "deleted messages" | "bin" => Role::Trash,
        "junk" | "spam" | "junk mail" | "junk e-mail" | "bulk mail" => Role::Junk,
        "archive" | "archives" => Role::Archive,
        _ => Role::None,
    }
}
