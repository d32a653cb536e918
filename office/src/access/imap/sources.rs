//! Content that is about to be relayed to the client: stored messages as they are, and parts whose transfer encoding is
//! undone on the way. Lives from the answer that names it to the next question.

use super::decoded::Decoding;
use bytes::Bytes;
use std::ops::Range;
use store::types::{Stored, StoredPlace};
use store::{Store, StoreError};

/// What may be read, by number.
#[derive(Default)]
pub(super) struct Sources {
    all: Vec<Source>,
}

pub(super) enum Source {
    Stored(Stored),
    Decoded(Box<Decoding>),
}

impl Sources {
    pub fn clear(&mut self) {
        // With its room: a connection that waits keeps none.
        self.all = Vec::new();
    }

    /// Keeps a source; gives its number.
    pub fn add(&mut self, source: Source) -> u64 {
        self.all.push(source);
        self.all.len() as u64 - 1
    }

    /// Some octets from `offset` on; `None` when they cannot be read.
    pub async fn read(&mut self, store: &Store, source: u64, offset: u64) -> Option<Bytes> {
        let read = match self.all.get_mut(usize::try_from(source).ok()?)? {
            Source::Stored(stored) => store.chunk(stored, offset).await,
            Source::Decoded(decoding) => decoding.read(store, offset).await,
        };
        read.inspect_err(|error| tracing::error!(%error, "a message cannot be read")).ok()
    }
}

/// The octets of a range that lie in memory already.
pub(super) fn at_hand(stored: &Stored, range: &Range<u64>) -> Option<Bytes> {
    let prefix = stored.prefix.len() as u64;
    let slice = |bytes: &Bytes, from: u64, to: u64| {
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
    };
    if range.end <= prefix {
        return slice(&stored.prefix, range.start, range.end);
    }
    let StoredPlace::Here(content) = &stored.place else { return None };
    if range.start >= prefix {
        return slice(content, range.start - prefix, range.end - prefix);
    }
    let (before, after) = (slice(&stored.prefix, range.start, prefix)?, slice(content, 0, range.end - prefix)?);
    Some([before, after].concat().into())
}

/// All octets of a range.
pub(super) async fn gather(store: &Store, stored: &Stored, range: &Range<u64>) -> Result<Bytes, StoreError> {
    if let Some(octets) = at_hand(stored, range) {
        return Ok(octets);
    }
    let mut octets = Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or(0));
    let mut at = range.start;
    while at < range.end {
        let chunk = chunk_within(store, stored, at..range.end).await?;
        at += chunk.len() as u64;
        octets.extend_from_slice(&chunk);
    }
    Ok(octets.into())
}

/// Some octets from the start of a range, not beyond its end; at least one.
pub(super) async fn chunk_within(store: &Store, stored: &Stored, range: Range<u64>) -> Result<Bytes, StoreError> {
    let mut chunk = store.chunk(stored, range.start).await?;
    if chunk.is_empty() {
        return Err(StoreError::Damaged { what: "a message ends early".to_owned() });
    }
    chunk.truncate(usize::try_from(range.end - range.start).unwrap_or(usize::MAX));
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::types::BlobId;

    #[test]
    fn what_is_in_memory_is_cut_without_reading() {
        let here = |place| Stored { prefix: Bytes::from_static(b"abc"), blob: BlobId(1), size: 8, place };
        let stored = here(StoredPlace::Here(Bytes::from_static(b"defgh")));
        for (range, octets) in [(0..8, "abcdefgh"), (1..2, "b"), (3..5, "de"), (2..4, "cd"), (8..8, ""), (3..3, "")] {
            assert_eq!(at_hand(&stored, &range).as_deref(), Some(octets.as_bytes()), "{range:?}");
        }
        assert_eq!(at_hand(&stored, &(0..9)), None);
        let framed = here(StoredPlace::Frames([].into()));
        assert_eq!(at_hand(&framed, &(0..3)).as_deref(), Some(&b"abc"[..]));
        assert_eq!(at_hand(&framed, &(0..4)), None);
    }
}
