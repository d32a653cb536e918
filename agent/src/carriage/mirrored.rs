//! A mirror as the place mail goes to, and comes from.

use super::{Origin, Parcel, Shelf, role_of};
use crate::mailfile::{Head, Item};
use crate::mirror::{FolderId, Held, ImportKey, Imported, MessageId, Mirror, Role};
use crate::trouble::Trouble;
use message::Time;
use std::collections::{HashMap, VecDeque};

/// Messages that are asked for at once.
const PAGE: u64 = 500;

/// Puts mail into a mirror; its server gets it when it is reached.
pub struct ToMirror {
    mirror: Mirror,
    /// When: for what tells no date.
    now: Time,
    folders: HashMap<String, FolderId>,
}

impl ToMirror {
    /// Into this mirror.
    #[must_use]
    pub fn new(mirror: Mirror, now: Time) -> ToMirror {
        ToMirror { mirror, now, folders: HashMap::new() }
    }

    /// The folder of that name, or what serves for it; made where there is none.
    fn folder(&mut self, name: &str) -> Result<FolderId, Trouble> {
        if let Some(known) = self.folders.get(name) {
            return Ok(*known);
        }
        let id = match (self.mirror.folder_named(name)?, role_of(name)) {
            (Some(folder), _) => folder.id,
            (None, Role::None) => self.mirror.create_folder(name)?.0,
            (None, role) => self.mirror.folder_for(role)?,
        };
        self.folders.insert(name.to_owned(), id);
        Ok(id)
    }
}

impl Shelf for ToMirror {
    async fn has(&mut self, key: &ImportKey) -> Result<bool, Trouble> {
        Ok(self.mirror.was_imported(key)?)
    }

    async fn put(&mut self, parcels: &[Parcel]) -> Result<u64, Trouble> {
        let mut messages = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let head = &parcel.item.head;
            messages.push(Imported {
                key: parcel.key,
                folder: self.folder(&parcel.folder)?,
                flags: head.flags.clone(),
                received: head.received.unwrap_or(self.now),
                content: &parcel.item.content,
            });
        }
        Ok(self.mirror.import(&messages)?)
    }
}

/// Reads the mail of a mirror, folder after folder. Messages of which only the header is here are counted, not given.
pub struct FromMirror {
    mirror: Mirror,
    folders: VecDeque<(FolderId, String)>,
    page: VecDeque<MessageId>,
    last: MessageId,
    whole: u64,
    /// Messages that are not wholly here.
    pub headers_only: u64,
}

impl FromMirror {
    /// All of it, or one folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(mirror: Mirror, folder: Option<FolderId>) -> Result<FromMirror, Trouble> {
        let folders = mirror.folders()?.into_iter().filter(|known| folder.is_none_or(|wanted| wanted == known.id));
        let folders: Vec<_> = folders.filter(|known| known.selectable && known.total > 0).collect();
        let whole = folders.iter().map(|folder| folder.total).sum();
        let folders = folders.into_iter().map(|folder| (folder.id, folder.name)).collect();
        Ok(FromMirror { mirror, folders, page: VecDeque::new(), last: MessageId(0), whole, headers_only: 0 })
    }

    /// The next message that is whole, with its folder.
    fn next_message(&mut self) -> Result<Option<(String, Item, u64)>, Trouble> {
        let mut part = 0;
        while let Some((folder, name)) = self.folders.front() {
            let Some(message) = self.page.pop_front() else {
                self.page = self.mirror.after_in(*folder, self.last, PAGE)?.into();
                if self.page.is_empty() {
                    self.folders.pop_front();
                    self.last = MessageId(0);
                }
                continue;
            };
            self.last = message;
            part += 1;
            let Some(row) = self.mirror.row(message)? else { continue };
            if row.held == Held::Header {
                self.headers_only += 1;
                continue;
            }
            let content = self.mirror.content(message)?.unwrap_or_default();
            let head = Head { flags: row.flags, received: Some(row.received), ..Head::default() };
            return Ok(Some((name.clone(), Item { head, content, long: false }, part)));
        }
        Ok(None)
    }
}

impl Origin for FromMirror {
    async fn next_parcel(&mut self) -> Result<Option<(String, Item, u64)>, Trouble> {
        self.next_message()
    }

    fn whole(&self) -> Option<u64> {
        Some(self.whole)
    }
}
