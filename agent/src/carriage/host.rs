//! An account of the post office on this host as the place mail goes to, and comes from: by plain questions
//! ([`wire::host`]), whether a server runs or not.
//!
//! What was put there is remembered in a file of the user's (`NAME`), a batch at a time. Before a batch goes out its keys
//! are written down (`NAME.batch`): of those the post office is asked first, should the machine stop before they are
//! remembered.

use super::{Origin, Parcel, Shelf, role_of};
use crate::disk;
use crate::mailfile::{self, Head, Item, MESSAGE_MAX};
use crate::mirror::{Flags, ImportKey, Role};
use crate::trouble::{Kind, Trouble};
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use message::{Time, header};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use wire::host::{self, Answer, Carrier, EMAILS_MAX, Octets, PIECE_MAX, Refusal, Request};

/// Octets of a key.
const KEY: usize = size_of::<ImportKey>();

/// The largest memory of what was put, in octets: sixteen million messages.
const MEMORY_MAX: u64 = 256 * 1024 * 1024;

/// Octets of a hash that stand in a file's name.
const NAME: usize = 16;

/// What the post office refuses, for people.
#[must_use]
pub fn refused(refusal: Refusal) -> Trouble {
    Trouble::new(Kind::of_code(refusal.code).unwrap_or(Kind::Unavailable), refusal.text)
}

fn unexpected() -> Trouble {
    Trouble::new(Kind::Protocol, "the post office of this host answers something else: is it of another version?")
}

fn on_disk(path: &Path) -> impl FnOnce(std::io::Error) -> Trouble {
    let path = path.display().to_string();
    move |error| Trouble::new(Kind::Io, format!("{path}: {error}"))
}

async fn folders(carrier: &mut dyn Carrier) -> Result<Vec<host::Folder>, Trouble> {
    match carrier.ask(Request::Folders).await.map_err(refused)? {
        Answer::Folders { folders } => Ok(folders),
        _ => Err(unexpected()),
    }
}

/// Every e-mail, the newest first: eight octets each.
async fn all_ids(carrier: &mut dyn Carrier) -> Result<Vec<i64>, Trouble> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let Answer::Page { ids, next } = carrier.ask(Request::List { after }).await.map_err(refused)? else {
            return Err(unexpected());
        };
        all.extend(ids);
        if next.is_none() {
            return Ok(all);
        }
        after = next;
    }
}

/// What was put into an account.
struct Memory {
    path: PathBuf,
    known: HashSet<ImportKey>,
    /// Perhaps put, perhaps not.
    unsure: HashSet<ImportKey>,
}

impl Memory {
    fn open(folder: &Path, account: &str) -> Result<Memory, Trouble> {
        disk::make_folder(folder).map_err(on_disk(folder))?;
        let hash = digest::digest(&digest::SHA256, account.as_bytes());
        let path = folder.join(URL_SAFE_NO_PAD.encode(hash.as_ref().get(..NAME).unwrap_or_default()));
        let known = keys(&path)?;
        let unsure = keys(&path.with_extension("batch"))?;
        Ok(Memory { path, known, unsure })
    }

    /// These are about to be put.
    fn write_down(&self, keys: &[ImportKey]) -> Result<(), Trouble> {
        let all: Vec<u8> = keys.iter().chain(&self.unsure).flatten().copied().collect();
        let path = self.path.with_extension("batch");
        disk::write(&path, &all).map_err(on_disk(&path))
    }

    /// These are there.
    fn remember(&mut self, keys: &[ImportKey]) -> Result<(), Trouble> {
        mailfile::disk::append(&self.path, &keys.concat()).map_err(on_disk(&self.path))?;
        self.known.extend(keys);
        self.unsure.retain(|key| !keys.contains(key));
        let path = self.path.with_extension("batch");
        if self.unsure.is_empty() {
            return disk::remove(&path).map(drop).map_err(on_disk(&path));
        }
        self.write_down(&[])
    }
}

/// Keys in a file; of one that was cut short, none.
fn keys(path: &Path) -> Result<HashSet<ImportKey>, Trouble> {
    let octets = match disk::read(path, MEMORY_MAX) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        octets => octets.map_err(on_disk(path))?,
    };
    let (whole, rest) = octets.as_chunks::<KEY>();
    if !rest.is_empty() {
        // The machine stopped while it was added: what follows would be read askew.
        disk::write(path, whole.as_flattened()).map_err(on_disk(path))?;
    }
    Ok(whole.iter().copied().collect())
}

/// Puts mail into an account of this host.
pub struct ToHost {
    carrier: Box<dyn Carrier>,
    now: Time,
    memory: Memory,
    folders: HashMap<String, i64>,
}

impl ToHost {
    /// Into the account that the carrier has open, with the memory of it in this folder.
    ///
    /// # Errors
    /// When the memory cannot be read.
    pub fn new(carrier: Box<dyn Carrier>, account: &str, memories: &Path, now: Time) -> Result<ToHost, Trouble> {
        let memory = Memory::open(memories, account)?;
        Ok(ToHost { carrier, now, memory, folders: HashMap::new() })
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.carrier.close().await;
    }

    async fn folder(&mut self, name: &str) -> Result<i64, Trouble> {
        if let Some(known) = self.folders.get(name) {
            return Ok(*known);
        }
        let role = role_of(name);
        let all = folders(self.carrier.as_mut()).await?;
        let all: Vec<&host::Folder> = all.iter().filter(|folder| folder.selectable).collect();
        let is_role = |folder: &&&host::Folder| role != Role::None && folder.role.as_deref() == Some(role.word());
        let found = all.iter().find(|folder| folder.path == name).or_else(|| all.iter().find(is_role));
        let id = match found {
            Some(folder) => folder.id,
            None => {
                let role = (role != Role::None).then(|| role.word().to_owned());
                let create = Request::CreateFolder { path: name.to_owned(), role };
                match self.carrier.ask(create).await.map_err(refused)? {
                    Answer::Folder { id } => id,
                    _ => return Err(unexpected()),
                }
            }
        };
        self.folders.insert(name.to_owned(), id);
        Ok(id)
    }

    async fn done(&mut self, request: Request) -> Result<(), Trouble> {
        match self.carrier.ask(request).await.map_err(refused)? {
            Answer::Done => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// Puts one message; `false`: it was there.
    async fn put_one(&mut self, parcel: &Parcel) -> Result<bool, Trouble> {
        let folder = self.folder(&parcel.folder).await?;
        let (head, content) = (&parcel.item.head, &parcel.item.content);
        if self.memory.unsure.contains(&parcel.key) && self.is_there(folder, content).await? {
            return Ok(false);
        }
        self.done(Request::Begin { octets: content.len() as u64 }).await?;
        for piece in content.chunks(PIECE_MAX) {
            self.done(Request::Piece { octets: Octets(piece.to_vec()) }).await?;
        }
        let flags = host::Flags { bits: head.flags.bits, keywords: head.flags.keywords.iter().cloned().collect() };
        let append = Request::Append { folder, flags, received: head.received.unwrap_or(self.now) };
        match self.carrier.ask(append).await.map_err(refused)? {
            Answer::Found { .. } => Ok(true),
            _ => Err(unexpected()),
        }
    }

    async fn is_there(&mut self, folder: i64, content: &[u8]) -> Result<bool, Trouble> {
        let field = header::fields(content).find(|field| field.is("Message-ID"));
        let Some(message_id) = field.and_then(|field| header::message_ids(field.value).into_iter().next()) else {
            return Ok(false);
        };
        let find = Request::Find { folder, message_id, size: content.len() as u64 };
        match self.carrier.ask(find).await.map_err(refused)? {
            Answer::Found { id } => Ok(id.is_some()),
            _ => Err(unexpected()),
        }
    }
}

impl Shelf for ToHost {
    async fn has(&mut self, key: &ImportKey) -> Result<bool, Trouble> {
        Ok(self.memory.known.contains(key))
    }

    async fn put(&mut self, parcels: &[Parcel]) -> Result<u64, Trouble> {
        let keys: Vec<ImportKey> = parcels.iter().map(|parcel| parcel.key).collect();
        self.memory.write_down(&keys)?;
        let mut new = 0;
        for (at, parcel) in parcels.iter().enumerate() {
            match self.put_one(parcel).await {
                Ok(put) => new += u64::from(put),
                Err(trouble) => {
                    // What went before is there; of this one nobody knows.
                    self.memory.unsure.extend(keys.get(at));
                    self.memory.remember(keys.get(..at).unwrap_or_default())?;
                    return Err(trouble);
                }
            }
        }
        self.memory.remember(&keys)?;
        Ok(new)
    }
}

/// Reads the mail of an account of this host, the oldest first; what lies in several folders comes once for each.
pub struct FromHost {
    carrier: Box<dyn Carrier>,
    folders: HashMap<i64, String>,
    /// What is left to be read, the oldest last.
    ids: Vec<i64>,
    whole: u64,
    waiting: VecDeque<host::Email>,
    /// The rest of the folders of the e-mail that was read last.
    copies: Option<(Vec<i64>, Item)>,
    /// E-mails since the last that was given.
    part: u64,
    one: Option<i64>,
}

impl FromHost {
    /// All of it, or one folder by its path or the word of its role.
    ///
    /// # Errors
    /// There is no such folder, or the post office does not answer.
    pub async fn new(mut carrier: Box<dyn Carrier>, folder: Option<&str>) -> Result<FromHost, Trouble> {
        let all = folders(carrier.as_mut()).await?;
        let one = match folder {
            None => None,
            Some(name) => {
                let is_it = |known: &&host::Folder| known.path.eq_ignore_ascii_case(name);
                let has_role = |known: &&host::Folder| known.role.as_deref() == Some(role_of(name).word());
                let found = all.iter().find(is_it).or_else(|| all.iter().find(has_role));
                let missing = || Trouble::new(Kind::NotFound, format!("there is no folder {name}"));
                Some(found.ok_or_else(missing)?.id)
            }
        };
        let folders = all.into_iter().map(|folder| (folder.id, folder.path)).collect();
        let ids = all_ids(carrier.as_mut()).await?;
        let (whole, waiting) = (ids.len() as u64, VecDeque::new());
        Ok(FromHost { carrier, folders, ids, whole, waiting, copies: None, part: 0, one })
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.carrier.close().await;
    }

    async fn page(&mut self) -> Result<(), Trouble> {
        let from = self.ids.len().saturating_sub(EMAILS_MAX);
        let ids: Vec<i64> = self.ids.drain(from..).rev().collect();
        let look = Request::Look { ids, headers: false };
        let Answer::Emails { emails, .. } = self.carrier.ask(look).await.map_err(refused)? else {
            return Err(unexpected());
        };
        self.waiting.extend(emails);
        Ok(())
    }

    async fn content(&mut self, id: i64) -> Result<Option<Vec<u8>>, Trouble> {
        let mut content = Vec::new();
        loop {
            let read = Request::Read { id, from: content.len() as u64 };
            let Answer::Content { octets, size } = self.carrier.ask(read).await.map_err(refused)? else {
                return Err(unexpected());
            };
            if size > MESSAGE_MAX as u64 || (octets.0.is_empty() && (content.len() as u64) < size) {
                return Ok(None);
            }
            content.extend_from_slice(&octets.0);
            if content.len() as u64 >= size {
                return Ok(Some(content));
            }
        }
    }

    fn copy(&mut self) -> Option<(String, Item, u64)> {
        let (folders, item) = self.copies.as_mut()?;
        let folder = folders.pop()?;
        let name = self.folders.get(&folder).cloned().unwrap_or_default();
        Some((name, item.clone(), std::mem::take(&mut self.part)))
    }
}

impl Origin for FromHost {
    async fn next_parcel(&mut self) -> Result<Option<(String, Item, u64)>, Trouble> {
        loop {
            if let Some(copy) = self.copy() {
                return Ok(Some(copy));
            }
            let Some(email) = self.waiting.pop_front() else {
                if self.ids.is_empty() {
                    return Ok(None);
                }
                self.page().await?;
                continue;
            };
            self.part += 1;
            let folders: Vec<i64> =
                email.folders.iter().copied().filter(|folder| self.one.is_none_or(|one| one == *folder)).collect();
            if folders.is_empty() {
                continue;
            }
            let mut flags = Flags::of(email.flags.bits);
            email.flags.keywords.iter().for_each(|word| flags.add(&Flags::keyword(word)));
            let head = Head { flags, received: Some(email.received), ..Head::default() };
            let content = self.content(email.id).await?;
            let long = content.is_none();
            self.copies = Some((folders, Item { head, content: content.unwrap_or_default(), long }));
        }
    }

    fn whole(&self) -> Option<u64> {
        Some(self.whole)
    }
}
