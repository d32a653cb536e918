//! Segments: append-only files of frames, for content too large for a row. Owns the frame format, the segment being
//! written, and which segments there are. Does not own which frames are alive: the rows say that.
//!
//! A frame is a header of 32 octets and the packed octets:
//! `"PBX1"`, codec (1), zeros (3), stored octets (4), content octets (4), the first 16 octets of BLAKE3 over header
//! fields and packed octets; numbers are little-endian. A process never writes into a segment of an earlier one, so a
//! torn end can only hold frames that no row leads to.

use crate::StoreError;
use crate::codec;
use crate::disk::{self, Disk, DiskFile};
use crate::op::Frame;
use message::Time;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Octets of content in one frame: large enough to pack well, small enough to decode for a few lines of TOP.
pub const FRAME_OCTETS: usize = 256 * 1024;
/// Where a segment is closed and the next begun: small enough to rewrite when it is mostly dead.
pub const SEGMENT_OCTETS: u64 = 256 * 1024 * 1024;
/// Octets of a frame's header.
pub const HEADER_OCTETS: u64 = 32;

const MAGIC: &[u8; 4] = b"PBX1";
const CHECKED: usize = 16;

/// The segments of one store.
#[derive(Debug)]
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    octets_max: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: BTreeMap<u32, Segment>,
    /// The one being written, made in this process life.
    current: Option<u32>,
    /// The next one to be made; never one that was there before.
    next: u32,
}

#[derive(Clone, Debug)]
struct Segment {
    file: Arc<dyn DiskFile>,
    /// Octets written or about to be.
    octets: u64,
    /// A write came to its end that no sync has begun after.
    dirty: bool,
    /// When it was first seen closed; `Time(0)` for those of an earlier process.
    closed: Option<Time>,
}

impl Segments {
    /// Finds what is there. `used`: the highest number a row knows of.
    pub(crate) fn open(disk: Arc<dyn Disk>, folder: &Path, octets_max: u64, used: u32) -> Result<Segments, StoreError> {
        disk.make_folder(folder)?;
        let mut state = State { next: used.saturating_add(1), ..State::default() };
        for path in disk.files(folder)? {
            let Some(number) = number_of(&path) else { continue };
            let failed = |error| StoreError::io(format!("open segment {number}"), &error);
            let file = disk.open(&path).map_err(failed)?;
            let octets = file.octets().map_err(failed)?;
            state.known.insert(number, Segment { file, octets, dirty: false, closed: Some(Time(0)) });
            state.next = state.next.max(number.saturating_add(1));
        }
        Ok(Segments { disk, folder: folder.to_owned(), octets_max, state: Mutex::new(state) })
    }

    /// Packs octets and appends them as a frame. On disk for sure only after [`Segments::sync`].
    pub(crate) fn append(&self, content: &[u8]) -> Result<Frame, StoreError> {
        let (codec, packed) = codec::pack(content);
        self.append_packed(codec, &packed, content.len())
    }

    pub(crate) fn append_packed(&self, codec: u8, packed: &[u8], octets: usize) -> Result<Frame, StoreError> {
        let too_long = |_| StoreError::damaged("a frame is too long");
        let stored = u32::try_from(packed.len()).map_err(too_long)?;
        let octets = u32::try_from(octets).map_err(too_long)?;
        let record = record(codec, packed, octets);
        let (segment, offset, file) = self.reserve(record.len() as u64)?;
        disk::write_all(file.as_ref(), &record, offset)
            .map_err(|error| StoreError::io(format!("write segment {segment}"), &error))?;
        // Only now: a sync that runs meanwhile must not count for octets that were not there yet.
        if let Some(known) = self.state.lock().known.get_mut(&segment) {
            known.dirty = true;
        }
        Ok(Frame { segment, offset, stored, octets })
    }

    /// Takes room at the end of the current segment; a failed write leaves a hole there that no row leads to.
    fn reserve(&self, octets: u64) -> Result<(u32, u64, Arc<dyn DiskFile>), StoreError> {
        let mut state = self.state.lock();
        if let Some(number) = state.current
            && let Some(segment) = state.known.get_mut(&number)
            && segment.octets + octets <= self.octets_max
        {
            let offset = segment.octets;
            segment.octets += octets;
            return Ok((number, offset, segment.file.clone()));
        }
        let number = state.next;
        state.next = number.checked_add(1).ok_or(StoreError::Exhausted { what: "segment numbers" })?;
        let failed = |error| StoreError::io(format!("make segment {number}"), &error);
        let file = self.disk.create(&self.path(number)).map_err(failed)?;
        self.disk.sync_dir(&self.folder).map_err(failed)?;
        state.known.insert(number, Segment { file: file.clone(), octets, dirty: false, closed: None });
        state.current = Some(number);
        Ok((number, 0, file))
    }

    /// Brings every frame appended so far to disk. An error is final.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let mut dirty = Vec::new();
        for (number, segment) in &mut self.state.lock().known {
            if std::mem::take(&mut segment.dirty) {
                dirty.push((*number, segment.file.clone()));
            }
        }
        for (number, file) in dirty {
            let failed = |error| StoreError::SyncFailed { reason: format!("segment {number}: {error}") };
            file.sync().map_err(failed)?;
        }
        Ok(())
    }

    /// The content of a frame, checked.
    pub(crate) fn read(&self, frame: &Frame) -> Result<Vec<u8>, StoreError> {
        let record = self.record(frame)?;
        let (codec, packed) = checked(frame, &record)?;
        codec::unpack(codec, packed, frame.octets as usize)
    }

    /// Whether a frame can be read, by its checksum.
    pub(crate) fn examine(&self, frame: &Frame) -> Result<(), StoreError> {
        checked(frame, &self.record(frame)?).map(|_| ())
    }

    /// Puts a frame into the current segment as it is: for compaction.
    pub(crate) fn rewrite(&self, frame: &Frame) -> Result<Frame, StoreError> {
        let record = self.record(frame)?;
        let (codec, packed) = checked(frame, &record)?;
        self.append_packed(codec, packed, frame.octets as usize)
    }

    fn record(&self, frame: &Frame) -> Result<Vec<u8>, StoreError> {
        if frame.octets as usize > FRAME_OCTETS || frame.stored > frame.octets {
            return Err(StoreError::damaged(format!("{frame:?} is longer than a frame can be")));
        }
        let file = self.state.lock().known.get(&frame.segment).map(|segment| segment.file.clone());
        let file = file.ok_or_else(|| missing(frame.segment))?;
        let mut record = vec![0; HEADER_OCTETS as usize + frame.stored as usize];
        disk::read_exact(file.as_ref(), &mut record, frame.offset).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => StoreError::damaged(format!("segment {} is cut short", frame.segment)),
            _ => StoreError::io(format!("read segment {}", frame.segment), &error),
        })?;
        Ok(record)
    }

    /// Whether a frame lies in a segment there is.
    pub(crate) fn holds(&self, frame: &Frame) -> bool {
        let end = frame.offset.saturating_add(footprint(frame));
        self.state.lock().known.get(&frame.segment).is_some_and(|segment| end <= segment.octets)
    }

    /// Every segment with its octets, and whether it is still written to.
    pub(crate) fn list(&self) -> Vec<(u32, u64, bool)> {
        let state = self.state.lock();
        state.known.iter().map(|(number, s)| (*number, s.octets, state.current == Some(*number))).collect()
    }

    /// The segments closed for `grace` at least, with their octets: no upload still counts on frames there. What is
    /// seen closed for the first time begins to wait now.
    pub(crate) fn closed(&self, now: Time, grace: Duration) -> Vec<(u32, u64)> {
        let mut state = self.state.lock();
        let current = state.current;
        let mut waited = Vec::new();
        for (number, segment) in state.known.iter_mut().filter(|(number, _)| Some(**number) != current) {
            let since = *segment.closed.get_or_insert(now);
            if now.since(since) >= grace {
                waited.push((*number, segment.octets));
            }
        }
        waited
    }

    /// Takes a segment away that no row leads to any more. Readers that have it open finish.
    pub(crate) fn remove(&self, number: u32) -> Result<(), StoreError> {
        let failed = |error| StoreError::io(format!("remove segment {number}"), &error);
        self.state.lock().known.remove(&number);
        self.disk.remove(&self.path(number)).map_err(failed)?;
        self.disk.sync_dir(&self.folder).map_err(failed)
    }

    /// Where a segment is.
    pub(crate) fn path(&self, number: u32) -> PathBuf {
        self.folder.join(name_of(number))
    }
}

/// The file name of a segment.
pub(crate) fn name_of(number: u32) -> String {
    format!("{number:08}.seg")
}

fn number_of(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_suffix(".seg")?.parse().ok()
}

/// Octets a frame takes in its segment.
pub(crate) fn footprint(frame: &Frame) -> u64 {
    HEADER_OCTETS + u64::from(frame.stored)
}

fn missing(segment: u32) -> StoreError {
    StoreError::damaged(format!("segment {segment} is missing"))
}

fn record(codec: u8, packed: &[u8], octets: u32) -> Vec<u8> {
    let mut record = Vec::with_capacity(HEADER_OCTETS as usize + packed.len());
    record.extend_from_slice(MAGIC);
    record.extend_from_slice(&[codec, 0, 0, 0]);
    record.extend_from_slice(&u32::try_from(packed.len()).unwrap_or(u32::MAX).to_le_bytes());
    record.extend_from_slice(&octets.to_le_bytes());
    let sum = checksum(&record, packed);
    record.extend_from_slice(&sum);
    record.extend_from_slice(packed);
    record
}

fn checksum(fields: &[u8], packed: &[u8]) -> [u8; CHECKED] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(fields).update(packed);
    let mut sum = [0; CHECKED];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

fn checked<'a>(frame: &Frame, record: &'a [u8]) -> Result<(u8, &'a [u8]), StoreError> {
    let damaged = || StoreError::damaged(format!("segment {} at octet {}", frame.segment, frame.offset));
    let (fields, rest) = record.split_at_checked(CHECKED).ok_or_else(damaged)?;
    let (sum, packed) = rest.split_at_checked(CHECKED).ok_or_else(damaged)?;
    let lengths = [frame.stored.to_le_bytes(), frame.octets.to_le_bytes()].concat();
    if !fields.starts_with(MAGIC) || fields.get(8..) != Some(&lengths) || sum != checksum(fields, packed) {
        return Err(damaged());
    }
    Ok((fields.get(4).copied().unwrap_or(u8::MAX), packed))
}
