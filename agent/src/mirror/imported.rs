//! Messages brought in from files or other accounts: many at a time, each with its flags and its date, and the memory of
//! which were, so that an import that was cut goes on where it was, and one that is made again doubles nothing.

use super::types::{Arrival, Flags, FolderId, MessageId};
use super::{Action, Mirror, Result, journal};
use message::Time;
use rusqlite::{OptionalExtension, params};

/// What an imported message is known by, whoever made it up; the same for the same message.
pub type ImportKey = [u8; 16];

/// A message that is brought in.
#[derive(Clone, Debug)]
pub struct Imported<'a> {
    /// What it is known by.
    pub key: ImportKey,
    /// Where it goes.
    pub folder: FolderId,
    /// Its flags.
    pub flags: Flags,
    /// When it came.
    pub received: Time,
    /// All of it.
    pub content: &'a [u8],
}

impl Mirror {
    /// Whether a message was brought in before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn was_imported(&self, key: &ImportKey) -> Result<bool> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT 1 FROM imported WHERE key = ?1")?;
            Ok(ask.query_row([key], |_| Ok(())).optional()?.is_some())
        })
    }

    /// Brings in messages, all of them or none, here at once, over there when the server is reached. Those that were brought
    /// in before are passed over; how many were not.
    ///
    /// # Errors
    /// When one is too large, a folder is gone, or the file cannot be written.
    pub fn import(&self, messages: &[Imported<'_>]) -> Result<u64> {
        self.write(|tx| {
            let mut count = 0;
            for message in messages {
                let known =
                    tx.prepare_cached("INSERT OR IGNORE INTO imported (key) VALUES (?1)")?.execute([message.key])?;
                if known == 0 {
                    continue;
                }
                let (flags, received) = (message.flags.clone(), message.received);
                let arrival = Arrival { flags, received, ..Arrival::default() };
                let id = Mirror::make(tx, message.content, &arrival)?;
                journal::act(tx, &Action::Append { message: id, to: message.folder })?;
                count += 1;
            }
            Ok(count)
        })
    }

    /// Messages of a folder after this one, in the order they came to the mirror: a page of them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn after_in(&self, folder: FolderId, after: MessageId, count: u64) -> Result<Vec<MessageId>> {
        self.read(|db| {
            let sql = "SELECT message FROM placed WHERE folder = ?1 AND message > ?2 ORDER BY message LIMIT ?3";
            let mut ask = db.prepare_cached(sql)?;
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            ask.query_map(params![folder.0, after.0, count], |row| row.get(0).map(MessageId))?.collect()
        })
    }
}
