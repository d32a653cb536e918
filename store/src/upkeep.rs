//! Upkeep while the store is in use: old journeys and old changes are forgotten, segments that are mostly dead are
//! written again. Owns the limits and the order; never in the way of a delivery for longer than a small commit.

use crate::StoreError;
use crate::columns::{frames_in, num, queue_key};
use crate::engine::{Engine, Moved};
use crate::rows::Snapshot;
use crate::segment::Segments;
use crate::shell::Store;
use crate::types::QueueId;
use message::Time;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the journey of a message can be asked for.
pub const TRACE_KEPT: Duration = Duration::from_secs(30 * DAY.as_secs());
/// How long a client may stay away and still be told what went meanwhile.
pub const GONE_KEPT: Duration = Duration::from_secs(60 * DAY.as_secs());
/// How long an upload waits for something that refers to it (RFC 8620 §6: an hour at least).
pub const UPLOAD_KEPT: Duration = DAY;
/// How long a segment rests after it was closed: longer than any upload that may have begun in it.
pub const SEGMENT_REST: Duration = DAY;
/// Contents written down as moved in one commit.
const MOVES: usize = 256;

/// What upkeep came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct UpkeepReport {
    /// Lines of journeys forgotten.
    pub trace_lines: u64,
    /// Changes forgotten.
    pub changes: u64,
    /// Uploads that nothing came to refer to in time, or that were of no more use.
    pub uploads: u64,
    /// Segments taken away.
    pub segments: u64,
    /// Octets given back to the disk.
    pub octets: u64,
}

impl Store {
    /// Does what is due at `now`; to be called every hour or so.
    pub async fn maintain(&self, now: Time) -> Result<UpkeepReport, StoreError> {
        let _alone = self.upkeep().await;
        let mut report = UpkeepReport::default();
        let first = queue_key(QueueId::new(Time(now.0.saturating_sub(millis(TRACE_KEPT))), 0));
        loop {
            let (lines, more) = self.on_writer(move |engine| engine.prune_trace(first)).await?;
            report.trace_lines += lines;
            if !more {
                break;
            }
        }
        let before = now.0.saturating_sub(millis(GONE_KEPT));
        loop {
            let (changes, more) = self.on_writer(move |engine| engine.prune_gone(before)).await?;
            report.changes += changes;
            if !more {
                break;
            }
        }
        let before = now.0.saturating_sub(millis(UPLOAD_KEPT));
        loop {
            let (uploads, more) = self.on_writer(move |engine| engine.prune_uploads(before)).await?;
            report.uploads += uploads;
            if !more {
                break;
            }
        }
        self.compact(now, &mut report).await?;
        Ok(report)
    }

    /// Moves what lives in mostly dead segments, then takes the dead ones away.
    async fn compact(&self, now: Time, report: &mut UpkeepReport) -> Result<(), StoreError> {
        let closed = self.segments().closed(now, SEGMENT_REST);
        let asked = closed.clone();
        let (mostly_dead, living) = self.on_reader(move |snapshot| to_move(snapshot, &asked)).await?;
        for batch in living.chunks(MOVES).map(<[_]>::to_vec) {
            let (segments, numbers) = (self.segments().clone(), mostly_dead.clone());
            let moved = self.hands().run(move || rewrite(&segments, &numbers, batch)).await?;
            self.on_writer(move |engine| engine.move_frames(&moved)).await?;
        }
        let removed = self.on_writer(move |engine| engine.remove_dead(&closed)).await?;
        report.segments += removed.len() as u64;
        report.octets += removed.iter().map(|(_, octets)| octets).sum::<u64>();
        Ok(())
    }
}

impl Engine {
    /// The same on one thread, for an engine that has no others: compaction only. How many segments went.
    pub fn compact(&mut self, now: Time) -> Result<usize, StoreError> {
        let segments = self.segments().clone();
        let closed = segments.closed(now, SEGMENT_REST);
        let (mostly_dead, living) = self.ask(|snapshot| to_move(snapshot, &closed))?;
        for batch in living.chunks(MOVES).map(<[_]>::to_vec) {
            let moved = rewrite(&segments, &mostly_dead, batch)?;
            self.move_frames(&moved)?;
        }
        Ok(self.remove_dead(&closed)?.len())
    }
}

/// Of these segments, those with something alive in less than half of their octets, and every content with frames there.
fn to_move(snapshot: &Snapshot<'_>, closed: &[(u32, u64)]) -> Result<(BTreeSet<u32>, Vec<Living>), StoreError> {
    let mut numbers = BTreeSet::new();
    for (number, octets) in closed {
        let live =
            snapshot.one("SELECT live FROM segment WHERE number = ?1", [number], |row| Ok(row.get::<_, i64>(0)?))?;
        if live.is_some_and(|live| live > 0 && live < num(*octets) / 2) {
            numbers.insert(*number);
        }
    }
    if numbers.is_empty() {
        return Ok((numbers, Vec::new()));
    }
    let all = snapshot.all("SELECT id, frames FROM blob WHERE frames IS NOT NULL", [], |row| {
        let frames = frames_in(&row.get::<_, Vec<u8>>(1)?).unwrap_or_default();
        let here = frames.iter().any(|frame| numbers.contains(&frame.segment));
        Ok(if here { Some((row.get(0)?, frames)) } else { None })
    })?;
    Ok((numbers, all.into_iter().flatten().collect()))
}

type Living = (i64, Vec<crate::op::Frame>);

/// Writes frames again. A damaged one stays where it is, and its segment with it, for `verify` to name.
fn rewrite(segments: &Arc<Segments>, from: &BTreeSet<u32>, batch: Vec<Living>) -> Result<Vec<Moved>, StoreError> {
    let mut moved = Vec::with_capacity(batch.len());
    for (blob, old) in batch {
        let new: Result<Vec<_>, _> = old
            .iter()
            .map(|frame| if from.contains(&frame.segment) { segments.rewrite(frame) } else { Ok(frame.clone()) })
            .collect();
        match new {
            Ok(to) => moved.push(Moved { blob, from: old, to }),
            Err(error @ StoreError::Damaged { .. }) => tracing::error!(%error, "content cannot be moved"),
            Err(error) => return Err(error),
        }
    }
    Ok(moved)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
