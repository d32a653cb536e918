//! Content as rows know it: how often it is referred to, and how much of each segment is alive.

use super::{Work, first};
use crate::StoreError;
use crate::columns::{self, Sql, num};
use crate::op::{Content, Frame, Place};
use crate::segment::footprint;
use rusqlite::params;

impl Work<'_> {
    /// Makes a row for content that `refs` rows are about to lead to.
    pub(super) fn insert_blob(&mut self, content: &Content, refs: usize) -> Sql<i64> {
        let (codec, frames) = match &content.place {
            Place::Inline { codec, .. } => (*codec, None),
            Place::Frames(frames) => (0, Some(columns::frames_out(frames))),
        };
        self.run(
            "INSERT INTO blob (octets, hash, refs, codec, frames) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![num(content.octets), content.hash, num(refs as u64), codec, frames],
        )?;
        let blob = self.sql.last_insert_rowid();
        match &content.place {
            Place::Inline { bytes, .. } => {
                self.run("INSERT INTO blob_inline (blob, bytes) VALUES (?1, ?2)", params![blob, bytes])?;
            }
            Place::Frames(frames) => self.enliven(frames)?,
        }
        Ok(blob)
    }

    fn enliven(&mut self, frames: &[Frame]) -> Sql<()> {
        for frame in frames {
            if !self.segments.holds(frame) {
                return Err(StoreError::damaged(format!("content names segment {}, which is gone", frame.segment)));
            }
            self.run(
                "INSERT INTO segment (number, live) VALUES (?1, ?2) \
                 ON CONFLICT (number) DO UPDATE SET live = live + excluded.live",
                params![frame.segment, num(footprint(frame))],
            )?;
        }
        Ok(())
    }

    /// One row less leads to a blob; without any, it goes.
    pub(super) fn release_blob(&mut self, blob: i64) -> Sql<()> {
        let mut statement = self.sql.prepare_cached("DELETE FROM blob WHERE id = ?1 AND refs <= 1 RETURNING frames")?;
        let removed = first(statement.query_row([blob], |row| row.get::<_, Option<Vec<u8>>>(0)))?;
        match removed {
            None => {
                self.run("UPDATE blob SET refs = refs - 1 WHERE id = ?1", [blob])?;
            }
            Some(None) => {
                self.run("DELETE FROM blob_inline WHERE blob = ?1", [blob])?;
            }
            Some(Some(frames)) => {
                // Damaged content goes too; then nobody knows what it held, and its segments stay.
                for frame in columns::frames_in(&frames).unwrap_or_default() {
                    self.run(
                        "UPDATE segment SET live = live - ?2 WHERE number = ?1",
                        params![frame.segment, num(footprint(&frame))],
                    )?;
                }
            }
        }
        Ok(())
    }
}
