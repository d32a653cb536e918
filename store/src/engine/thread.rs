//! Which conversation an e-mail belongs to: the one of any message it names. Owns the keys and their life.

use super::Work;
use crate::columns::Sql;
use crate::types::AccountId;
use rusqlite::params;

/// Message ids of one message that are looked at: the newest. A longer chain holds together by its neighbours.
pub const REFERENCES_MAX: usize = 32;

impl Work<'_> {
    /// The thread of a new e-mail, which holds on to its keys from now on.
    pub(super) fn thread_for(&mut self, account: AccountId, email: i64, keys: &[i64]) -> Sql<i64> {
        let mut known = Vec::with_capacity(keys.len());
        for key in keys {
            let find = "SELECT thread FROM thread_ref WHERE account = ?1 AND hash = ?2";
            known.push(self.number(find, [account.0, *key])?);
        }
        let thread = known.iter().flatten().copied().min().unwrap_or(email).min(email);
        for (key, known) in keys.iter().zip(known) {
            // Not in one statement, which would note what it overwrites (as in `messages`).
            if known.is_some() {
                let hold = "UPDATE thread_ref SET email = ?3 WHERE account = ?1 AND hash = ?2";
                self.run(hold, params![account.0, key, email])?;
            } else {
                let insert = "INSERT INTO thread_ref (account, hash, thread, email) VALUES (?1, ?2, ?3, ?4)";
                self.run(insert, params![account.0, key, thread, email])?;
            }
        }
        Ok(thread)
    }

    /// Lets go of the keys of an e-mail that is no more.
    pub(super) fn forget_thread(&mut self, account: AccountId, email: i64, refs: &[u8]) -> Sql<()> {
        for key in keys_in(refs) {
            self.run(
                "DELETE FROM thread_ref WHERE account = ?1 AND hash = ?2 AND email = ?3",
                params![account.0, key, email],
            )?;
        }
        Ok(())
    }
}

/// The keys by which a message is known to belong to others: its own id and those it names.
pub(super) fn keys(message_id: Option<&str>, references: &[String]) -> Vec<i64> {
    let newest = references.iter().rev().map(String::as_str);
    let mut keys: Vec<i64> = message_id.into_iter().chain(newest).take(REFERENCES_MAX).map(hash).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Keys as an e-mail's row keeps them.
pub(super) fn keys_in(refs: &[u8]) -> Vec<i64> {
    refs.as_chunks::<8>().0.iter().map(|key| i64::from_le_bytes(*key)).collect()
}

fn hash(message_id: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(message_id.as_bytes()).as_bytes();
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}
