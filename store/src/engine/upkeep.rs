//! Between two groups: rows that are too old go, frames that moved are written down. Owns the statements of upkeep;
//! when and what is the business of `upkeep` outside the engine.

use super::{Engine, Work};
use crate::columns::{Sql, frames_out, num};
use crate::gone::is_of_mailboxes;
use crate::op::Frame;
use crate::segment::footprint;
use crate::types::AccountId;
use rusqlite::{Connection, params};

/// Rows taken away between two groups, so that a delivery never waits long.
const BATCH: i64 = 5_000;

/// Content whose frames were written again elsewhere.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) blob: i64,
    pub(crate) from: Vec<Frame>,
    pub(crate) to: Vec<Frame>,
}

impl Engine {
    /// Takes away journeys of messages named before `first`; whether there are more.
    pub(crate) fn prune_trace(&mut self, first: i64) -> Sql<(u64, bool)> {
        self.upkeep(|sql| {
            let lines = sql
                .prepare_cached(
                    "DELETE FROM trace WHERE (queue_id, n) IN \
                     (SELECT queue_id, n FROM trace WHERE queue_id < ?1 LIMIT ?2)",
                )?
                .execute([first, BATCH])?;
            let addresses = sql
                .prepare_cached(
                    "DELETE FROM trace_address WHERE (address, queue_id) IN \
                     (SELECT address, queue_id FROM trace_address WHERE queue_id < ?1 LIMIT ?2)",
                )?
                .execute([first, BATCH])?;
            Ok((lines as u64, lines.max(addresses) as u64 >= BATCH.unsigned_abs()))
        })
    }

    /// Forgets what went before `before`; who asks for changes since then is told that it cannot be said.
    pub(crate) fn prune_gone(&mut self, before: u64) -> Sql<(u64, bool)> {
        self.upkeep(|sql| {
            let rows: Vec<(i64, i64, i64)> = {
                let mut statement = sql.prepare_cached(
                    "DELETE FROM gone WHERE (account, modseq, kind, mailbox, id) IN \
                     (SELECT account, modseq, kind, mailbox, id FROM gone WHERE at < ?1 ORDER BY at LIMIT ?2) \
                     RETURNING account, modseq, kind",
                )?;
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
                let rows = statement.query_map([num(before), BATCH], row)?;
                rows.collect::<Result<_, _>>()?
            };
            let mut raise =
                sql.prepare_cached("UPDATE account SET modseq_floor = max(modseq_floor, ?2) WHERE id = ?1")?;
            // What readers of mailboxes never ask about is no reason to tell them less.
            let mut raise_told =
                sql.prepare_cached("UPDATE account SET told_from = max(told_from, ?2) WHERE id = ?1")?;
            for (account, modseq, kind) in &rows {
                let raise = if is_of_mailboxes(*kind) { &mut raise } else { &mut raise_told };
                raise.execute([account, modseq])?;
            }
            Ok((rows.len() as u64, rows.len() as u64 >= BATCH.unsigned_abs()))
        })
    }

    /// Takes away uploads that came before `before`.
    pub(crate) fn prune_uploads(&mut self, before: u64) -> Sql<(u64, bool)> {
        let segments = self.segments().clone();
        self.upkeep(|sql| {
            let old: Vec<(i64, i64)> = {
                let find = "SELECT account, id FROM upload WHERE added < ?1 ORDER BY added LIMIT ?2";
                let mut statement = sql.prepare_cached(find)?;
                let rows = statement.query_map([num(before), BATCH], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect::<Result<_, _>>()?
            };
            let mut work = Work::new(sql, &segments);
            for (account, id) in &old {
                work.upload_remove(AccountId(*account), *id)?;
            }
            Ok((old.len() as u64, old.len() as u64 >= BATCH.unsigned_abs()))
        })
    }

    /// Writes down where content is now. Content that went or moved meanwhile is passed over.
    pub(crate) fn move_frames(&mut self, moved: &[Moved]) -> Sql<()> {
        self.segments().clone().sync().inspect_err(|error| self.give_up(error))?;
        self.upkeep(|sql| {
            let mut write = sql.prepare_cached("UPDATE blob SET frames = ?3 WHERE id = ?1 AND frames = ?2")?;
            for Moved { blob, from, to } in moved {
                if write.execute(params![blob, frames_out(from), frames_out(to)])? == 1 {
                    count(sql, from, -1)?;
                    count(sql, to, 1)?;
                }
            }
            Ok(())
        })
    }

    /// Takes away segments that no row leads to; how many octets that were.
    pub(crate) fn remove_dead(&mut self, closed: &[(u32, u64)]) -> Sql<Vec<(u32, u64)>> {
        let mut removed = Vec::new();
        for (number, octets) in closed {
            let dead = self.upkeep(|sql| {
                let find = "SELECT 1 FROM segment WHERE number = ?1 AND live > 0";
                let dead = !sql.prepare_cached(find)?.exists([number])?;
                if dead {
                    sql.execute("DELETE FROM segment WHERE number = ?1", [number])?;
                }
                Ok(dead)
            })?;
            if dead {
                self.segments().remove(*number)?;
                removed.push((*number, *octets));
            }
        }
        Ok(removed)
    }

    fn upkeep<T>(&mut self, work: impl FnOnce(&Connection) -> Sql<T>) -> Sql<T> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = work(&self.connection).and_then(|done| self.commit().map(|()| done));
        done.inspect_err(|error| self.give_up(error))
    }
}

fn count(sql: &Connection, frames: &[Frame], sign: i64) -> Sql<()> {
    for frame in frames {
        sql.prepare_cached(
            "INSERT INTO segment (number, live) VALUES (?1, ?2) \
             ON CONFLICT (number) DO UPDATE SET live = live + excluded.live",
        )?
        .execute(params![frame.segment, sign * num(footprint(frame))])?;
    }
    Ok(())
}
