//! What was fetched by POP3: the UIDL of every message that is here (RFC 1939 §7), so that none is fetched twice, and the
//! account's messages, which stay when the server has them no more: after a download the truth is here.

use super::journal;
use super::types::{Arrival, FolderId, MessageId};
use super::{Mirror, Result};
use message::Time;
use rusqlite::{OptionalExtension, params};

/// Actions that are settled in one transaction: others may wait for so long.
const SETTLED: usize = 500;

impl Mirror {
    /// Whether the message of a UIDL was fetched, and when.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn popped(&self, uidl: &str) -> Result<Option<Time>> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT at FROM popped WHERE uidl = ?1")?;
            let at: Option<i64> = ask.query_row([uidl], |row| row.get(0)).optional()?;
            Ok(at.map(|at| Time(at.try_into().unwrap_or_default())))
        })
    }

    /// Takes in a message that was fetched: its content and the memory of its UIDL in one transaction, on disk when this
    /// returns. Told twice, it is taken once.
    ///
    /// # Errors
    /// When it is too large, or the file cannot be written.
    pub fn take_popped(&self, folder: FolderId, uidl: &str, content: &[u8], now: Time) -> Result<Option<MessageId>> {
        self.write(|tx| {
            let known: Option<i64> =
                tx.query_row("SELECT at FROM popped WHERE uidl = ?1", [uidl], |row| row.get(0)).optional()?;
            if known.is_some() {
                return Ok(None);
            }
            let arrival = Arrival { received: now, ..Arrival::default() };
            let id = Mirror::make(tx, content, &arrival)?;
            tx.execute(
                "INSERT INTO popped (uidl, at, message) VALUES (?1, ?2, ?3)",
                params![uidl, i64::try_from(now.0).unwrap_or(i64::MAX), id.0],
            )?;
            journal::arrive(tx, folder, id, 0)?;
            super::replay::each(tx, [id])?;
            Ok(Some(id))
        })
    }

    /// The server has these UIDLs and no others: what is remembered of others is of no use any more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_popped_but(&self, there: &std::collections::HashSet<String>) -> Result<()> {
        self.write(|tx| {
            let mut ask = tx.prepare("SELECT uidl FROM popped")?;
            let known: Vec<String> = ask.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            for uidl in known.iter().filter(|uidl| !there.contains(*uidl)) {
                tx.execute("DELETE FROM popped WHERE uidl = ?1", [uidl])?;
            }
            Ok(())
        })
    }

    /// Where no server keeps folders and flags, as with POP3, what the user did is the truth at once.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn settle_here(&self) -> Result<()> {
        let ids: Vec<super::ActionId> = self.pending()?.into_iter().map(|pending| pending.id).collect();
        ids.chunks(SETTLED).try_for_each(|ids| self.told_all(ids))
    }
}
