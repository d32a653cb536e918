//! Content on its way in and out: [`Upload`] packs octets as they come, [`read_piece`] gives them back a frame at a
//! time. Owns the rule what goes into the row and what into a segment. Does not own references to content.

use crate::StoreError;
use crate::codec;
use crate::op::{Content, Frame, Place};
use crate::segment::{FRAME_OCTETS, Segments};
use bytes::Bytes;
use std::sync::Arc;

/// Packed octets that still go into the row: one sync less for a lone small message, and large content stays out of
/// the write-ahead log.
pub const INLINE_MAX: usize = 8 * 1024;
/// Octets packed on the spot; more are packed where blocking is allowed.
const ON_THE_SPOT: usize = 32 * 1024;

/// Content that is arriving. Dropped before `finish`, it leaves nothing but dead frames.
#[derive(Debug)]
pub struct Upload {
    /// `None` after an error or a write that was cut off.
    state: Option<Box<Arriving>>,
    hands: Hands,
}

/// Whose hands do what waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hands {
    /// Threads that may block.
    Pool,
    /// The caller's: the store belongs to one thread.
    Own,
}

/// The synchronous half of an upload.
#[derive(Debug)]
pub struct Arriving {
    segments: Arc<Segments>,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    frames: Vec<Frame>,
    octets: u64,
}

impl Upload {
    pub(crate) fn new(segments: Arc<Segments>, hands: Hands) -> Upload {
        Upload { state: Some(Box::new(Arriving::new(segments))), hands }
    }

    /// Takes some octets. After an error the upload is dead.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            let state = self.state.as_mut().ok_or(StoreError::Closed)?;
            bytes = state.take(bytes);
            if state.is_full() {
                let mut state = self.state.take().ok_or(StoreError::Closed)?;
                self.state = Some(self.hands.run(move || state.flush().map(|()| state)).await?);
            }
        }
        Ok(())
    }

    /// The content, for an `Op` to refer to.
    pub async fn finish(mut self) -> Result<Content, StoreError> {
        let state = self.state.take().ok_or(StoreError::Closed)?;
        if state.frames.is_empty() && state.buffer.len() <= ON_THE_SPOT {
            return state.finish();
        }
        self.hands.run(move || state.finish()).await
    }
}

impl Arriving {
    pub(crate) fn new(segments: Arc<Segments>) -> Arriving {
        Arriving { segments, hasher: blake3::Hasher::new(), buffer: Vec::new(), frames: Vec::new(), octets: 0 }
    }

    /// Takes what fits into the frame being filled; gives back the rest.
    pub fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = FRAME_OCTETS - self.buffer.len();
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        self.buffer.extend_from_slice(now);
        later
    }

    /// Whether the frame being filled has to be flushed before more is taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= FRAME_OCTETS
    }

    /// Appends the frame being filled to the segment.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.hasher.update(&self.buffer);
        self.octets += self.buffer.len() as u64;
        self.frames.push(self.segments.append(&self.buffer)?);
        self.buffer.clear();
        Ok(())
    }

    /// The content: in the row when it is small enough.
    pub fn finish(mut self) -> Result<Content, StoreError> {
        if self.frames.is_empty() {
            return self.finish_small();
        }
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        let hash = *self.hasher.finalize().as_bytes();
        Ok(Content { octets: self.octets, hash, place: Place::Frames(self.frames) })
    }

    fn finish_small(mut self) -> Result<Content, StoreError> {
        let octets = self.buffer.len() as u64;
        let hash = *self.hasher.update(&self.buffer).finalize().as_bytes();
        let (codec, packed) = codec::pack(&self.buffer);
        let place = if packed.len() <= INLINE_MAX {
            Place::Inline { codec, bytes: packed }
        } else {
            Place::Frames(vec![self.segments.append_packed(codec, &packed, self.buffer.len())?])
        };
        Ok(Content { octets, hash, place })
    }
}

/// The octets of content from `offset` to the end of the frame they lie in; empty at and after the end. Decodes that
/// frame and no other. Octets in a row are checked whole against `hash`.
pub(crate) fn read_piece(
    segments: &Segments,
    place: &Place,
    hash: &[u8; 32],
    octets: u64,
    offset: u64,
) -> Result<Bytes, StoreError> {
    if offset >= octets {
        return Ok(Bytes::new());
    }
    match place {
        Place::Inline { codec, bytes } => {
            let whole = Bytes::from(read_inline(*codec, bytes, hash, octets)?);
            Ok(whole.slice(usize::try_from(offset).unwrap_or(usize::MAX).min(whole.len())..))
        }
        Place::Frames(frames) => read_frame(segments, frames, offset),
    }
}

/// The octets from `offset` to the end of the frame they lie in.
pub(crate) fn read_frame(segments: &Segments, frames: &[Frame], offset: u64) -> Result<Bytes, StoreError> {
    let mut start = 0;
    let found = frames.iter().find(|frame| {
        let here = offset < start + u64::from(frame.octets);
        start += if here { 0 } else { u64::from(frame.octets) };
        here
    });
    let frame = found.ok_or_else(|| StoreError::damaged("content has fewer frames than octets"))?;
    let whole = Bytes::from(segments.read(frame)?);
    Ok(whole.slice(usize::try_from(offset - start).unwrap_or(usize::MAX).min(whole.len())..))
}

/// What lies in a row, unpacked and checked.
pub(crate) fn read_inline(codec: u8, bytes: &[u8], hash: &[u8; 32], octets: u64) -> Result<Vec<u8>, StoreError> {
    let octets = usize::try_from(octets).ok().filter(|octets| *octets <= FRAME_OCTETS);
    let octets = octets.ok_or_else(|| StoreError::damaged("content in a row is longer than a frame"))?;
    let whole = codec::unpack(codec, bytes, octets)?;
    if blake3::hash(&whole).as_bytes() != hash {
        return Err(StoreError::damaged("content in a row does not match its hash"));
    }
    Ok(whole)
}

impl Hands {
    /// Runs work that waits for the disk where that is allowed.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Hands::Pool => tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed)),
            Hands::Own => work(),
        }
    }
}
