//! A part with its transfer encoding undone (RFC 3516), in bounded memory: measured in a first pass, since a literal's
//! length stands before it, and read in a second.

use super::sources::chunk_within;
use bytes::Bytes;
use message::TransferEncoding;
use message::encoding::Decoder;
use std::ops::Range;
use store::types::Stored;
use store::{Store, StoreError};

/// A part that is decoded while it is read.
pub(super) struct Decoding {
    stored: Stored,
    /// Where its octets stand, encoded.
    encoded: Range<u64>,
    encoding: TransferEncoding,
    /// `None` once everything was decoded.
    decoder: Option<Decoder>,
    /// What is decoded next.
    next: u64,
    /// Decoded octets at hand, and where in the whole they begin.
    piece: Bytes,
    from: u64,
}

impl Decoding {
    pub fn new(stored: Stored, encoded: Range<u64>, encoding: TransferEncoding) -> Decoding {
        let next = encoded.start;
        let decoder = Some(Decoder::of(encoding));
        Decoding { stored, encoded, encoding, decoder, next, piece: Bytes::new(), from: 0 }
    }

    /// How many octets there are, decoded. Begins anew.
    pub async fn measure(&mut self, store: &Store) -> Result<u64, StoreError> {
        if matches!(self.decoder, Some(Decoder::Identity)) {
            return Ok(self.encoded.end - self.encoded.start);
        }
        self.rewind();
        while self.advance(store).await? {}
        let octets = self.from + self.piece.len() as u64;
        self.rewind();
        Ok(octets)
    }

    /// Decoded octets from `offset` on, as many as are at hand; empty at the end.
    pub async fn read(&mut self, store: &Store, offset: u64) -> Result<Bytes, StoreError> {
        if offset < self.from {
            self.rewind();
        }
        while offset >= self.from + self.piece.len() as u64 {
            if !self.advance(store).await? {
                return Ok(Bytes::new());
            }
        }
        let start = usize::try_from(offset - self.from).unwrap_or(usize::MAX);
        Ok(self.piece.slice(start.min(self.piece.len())..))
    }

    /// Decodes the next piece in place of the last; `false` when there is none.
    async fn advance(&mut self, store: &Store) -> Result<bool, StoreError> {
        let Some(mut decoder) = self.decoder.take() else { return Ok(false) };
        let mut decoded = Vec::new();
        if self.next < self.encoded.end {
            let chunk = chunk_within(store, &self.stored, self.next..self.encoded.end).await?;
            self.next += chunk.len() as u64;
            decoder.push(&chunk, &mut decoded);
            self.decoder = Some(decoder);
        } else {
            decoder.finish(&mut decoded);
        }
        self.from += self.piece.len() as u64;
        self.piece = decoded.into();
        Ok(true)
    }

    fn rewind(&mut self) {
        (self.next, self.from, self.piece) = (self.encoded.start, 0, Bytes::new());
        self.decoder = Some(Decoder::of(self.encoding));
    }
}
