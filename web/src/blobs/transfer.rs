//! Blobs as bodies of HTTP: out in pieces, as fast as the client takes them and no faster.

use super::{Blob, Reader};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use std::ops::Range;
use store::StoreError;

/// The octets of a blob in this range, decoded, as a body.
pub(super) fn body(blob: &Blob, range: Option<Range<u64>>) -> Body {
    let (skip, left) = match range {
        Some(range) => (range.start, range.end - range.start),
        None => (0, u64::MAX),
    };
    let state = Sending { reader: blob.reader(), skip, left };
    Body::from_stream(stream::try_unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Ok::<_, StoreError>(piece.map(|piece| (piece, state)))
    }))
}

struct Sending {
    reader: Reader,
    skip: u64,
    left: u64,
}

impl Sending {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        while self.left > 0 {
            let Some(mut piece) = self.reader.next().await? else { return Ok(None) };
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
            self.skip -= skipped as u64;
            piece = piece.slice(skipped..);
            let kept = usize::try_from(self.left).unwrap_or(usize::MAX).min(piece.len());
            self.left -= kept as u64;
            if kept > 0 {
                return Ok(Some(piece.slice(..kept)));
            }
        }
        Ok(None)
    }
}
