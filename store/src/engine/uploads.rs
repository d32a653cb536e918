//! Content a client sends ahead of what will refer to it (RFC 8620 §6). Owns how much of it an account may keep, and that
//! the oldest goes first.

use super::{Work, first};
use crate::columns::{Sql, count, num};
use crate::op::{Content, Outcome};
use crate::types::AccountId;
use message::Time;
use rusqlite::params;

/// Uploads of an account at one time: more than any client composes with.
pub const UPLOADS_MAX: u64 = 1_000;
/// Octets of all uploads of an account: several of the largest messages (RFC 8620 §6: a quota of its own, at least what one
/// message can hold).
pub const UPLOADS_OCTETS_MAX: u64 = 256 * 1024 * 1024;
/// Octets of a media type as a client gives it.
pub const UPLOAD_KIND_OCTETS_MAX: usize = 255;

impl Work<'_> {
    pub(super) fn upload_add(&mut self, account: AccountId, content: &Content, kind: &str, now: Time) -> Sql<Outcome> {
        if self.modseq_of(account)?.is_none() {
            return Ok(Outcome::Gone);
        }
        if content.octets > UPLOADS_OCTETS_MAX || kind.len() > UPLOAD_KIND_OCTETS_MAX {
            return Ok(Outcome::Limit);
        }
        self.make_room(account, content.octets)?;
        let blob = self.insert_blob(content, 1)?;
        let id = self.next_object(account)?;
        self.run(
            "INSERT INTO upload (account, id, blob, octets, kind, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![account.0, id, blob, num(content.octets), kind.as_bytes(), num(now.0)],
        )?;
        Ok(Outcome::Upload(id))
    }

    /// RFC 8620 §6: what has no room makes older ones go, the oldest first.
    fn make_room(&mut self, account: AccountId, octets: u64) -> Sql<()> {
        let (mut uploads, mut used): (i64, i64) = self
            .sql
            .prepare_cached("SELECT count(*), ifnull(sum(octets), 0) FROM upload WHERE account = ?1")?
            .query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        while uploads > 0 && (count(uploads) >= UPLOADS_MAX || count(used) + octets > UPLOADS_OCTETS_MAX) {
            let oldest = "SELECT id FROM upload WHERE account = ?1 ORDER BY added, id LIMIT 1";
            let Some(id) = self.number(oldest, [account.0])? else { break };
            used -= self.upload_remove(account, id)?;
            uploads -= 1;
        }
        Ok(())
    }

    /// Takes an upload away; its octets.
    pub(super) fn upload_remove(&mut self, account: AccountId, id: i64) -> Sql<i64> {
        let removed = {
            let delete = "DELETE FROM upload WHERE account = ?1 AND id = ?2 RETURNING blob, octets";
            let mut statement = self.sql.prepare_cached(delete)?;
            first(statement.query_row([account.0, id], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))))?
        };
        let Some((blob, octets)) = removed else { return Ok(0) };
        self.release_blob(blob)?;
        Ok(octets)
    }

    /// Takes away all uploads of an account.
    pub(super) fn uploads_remove(&mut self, account: AccountId) -> Sql<()> {
        let all: Vec<i64> = {
            let mut statement = self.sql.prepare_cached("SELECT id FROM upload WHERE account = ?1")?;
            let rows = statement.query_map([account.0], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        for id in all {
            self.upload_remove(account, id)?;
        }
        Ok(())
    }

    /// The content of an upload, to which one row more leads from now on.
    pub(super) fn share_upload(&mut self, account: AccountId, id: i64) -> Sql<i64> {
        let find = "SELECT blob FROM upload WHERE account = ?1 AND id = ?2";
        let blob = self.number(find, [account.0, id])?.unwrap_or(0);
        self.run("UPDATE blob SET refs = refs + 1 WHERE id = ?1", [blob])?;
        Ok(blob)
    }
}
