//! The octets of a message, by range: what was added here first, then the content as it came.

use bytes::Bytes;
use std::ops::Range;
use store::types::Stored;
use store::{Store, StoreError};

/// A message that can be read.
#[derive(Clone, Debug)]
pub struct Content {
    store: Store,
    stored: Stored,
}

impl Content {
    /// Of a message where it is stored.
    #[must_use]
    pub fn new(store: Store, stored: Stored) -> Content {
        Content { store, stored }
    }

    /// Octets in all.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.stored.size
    }

    /// Octets that were added here, before the content: offsets of a summary count from their end.
    #[must_use]
    pub fn prefix_octets(&self) -> u64 {
        self.stored.prefix.len() as u64
    }

    /// Where it is stored.
    #[must_use]
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// A range of the whole, at most `most` octets of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(&self, range: Range<u64>, most: u64) -> Result<Vec<u8>, StoreError> {
        let end = range.end.min(self.stored.size).min(range.start.saturating_add(most));
        let mut all = Vec::new();
        let mut at = range.start;
        while at < end {
            let chunk = self.chunk(at).await?;
            if chunk.is_empty() {
                break;
            }
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(chunk.len());
            all.extend_from_slice(chunk.get(..wanted).unwrap_or(&[]));
            at += wanted as u64;
        }
        Ok(all)
    }

    /// Some octets from an offset of the whole on; empty at the end.
    ///
    /// # Errors
    /// The store's.
    pub async fn chunk(&self, offset: u64) -> Result<Bytes, StoreError> {
        if offset >= self.stored.size {
            return Ok(Bytes::new());
        }
        self.store.chunk(&self.stored, offset).await
    }
}
