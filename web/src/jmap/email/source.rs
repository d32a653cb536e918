//! A message that is told as an e-mail object: what is known of it, and its octets where they are, in the store or in
//! memory.

use crate::jmap::blob::BlobId;
use crate::jmap::error::MethodError;
use bytes::Bytes;
use message::encoding::Decoder;
use message::{Summary, TransferEncoding};
use office::jmap::Content;
use std::ops::Range;
use store::types::AccountId;

/// Octets of a header that are read. Mail that comes by SMTP has at most a quarter of it.
pub const HEADER_READ_MAX: u64 = 4 * 1024 * 1024;
/// Encoded octets of a part that are decoded to tell its size; beyond it is reckoned from its lines.
pub const SIZE_DECODED_MAX: u64 = 1024 * 1024;

/// A message.
pub struct Source {
    /// Whose.
    pub account: AccountId,
    /// What ids of its parts are made from.
    pub blob: BlobId,
    /// What is known of it.
    pub summary: Summary,
    /// Its octets.
    pub octets: Octets,
}

/// Where the octets of a message are.
pub enum Octets {
    /// In the store, with what was added before the content.
    Stored(Content),
    /// Here.
    Here(Bytes),
}

impl Source {
    /// Octets in all.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.octets {
            Octets::Stored(content) => content.octets(),
            Octets::Here(bytes) => bytes.len() as u64,
        }
    }

    fn prefix(&self) -> u64 {
        match &self.octets {
            Octets::Stored(content) => content.prefix_octets(),
            Octets::Here(_) => 0,
        }
    }

    /// The header section of a part, as far as it is read; that of the message itself with what was added before it.
    ///
    /// # Errors
    /// `serverFail`, `serverUnavailable`.
    pub async fn header(&self, index: usize) -> Result<Vec<u8>, MethodError> {
        let Some(part) = self.summary.parts.get(index) else { return Ok(Vec::new()) };
        if index == 0 {
            return self.read(0..self.prefix() + part.header.end, HEADER_READ_MAX).await;
        }
        self.content(part.header.clone(), HEADER_READ_MAX).await
    }

    /// The beginning of a part's body, encoded as it stands.
    ///
    /// # Errors
    /// `serverFail`, `serverUnavailable`.
    pub async fn body(&self, index: usize, most: u64) -> Result<Vec<u8>, MethodError> {
        match self.summary.parts.get(index) {
            Some(part) => self.content(part.body.clone(), most).await,
            None => Ok(Vec::new()),
        }
    }

    /// Octets of a part once its transfer encoding is undone.
    ///
    /// # Errors
    /// `serverFail`, `serverUnavailable`.
    pub async fn decoded_size(&self, index: usize) -> Result<u64, MethodError> {
        let Some(part) = self.summary.parts.get(index) else { return Ok(0) };
        let (encoded, encoding) = (part.body.clone(), TransferEncoding::from_name(part.encoding.as_bytes()));
        let octets = encoded.end.saturating_sub(encoded.start);
        if !matches!(encoding, TransferEncoding::Base64 | TransferEncoding::QuotedPrintable) {
            return Ok(octets);
        }
        if octets > SIZE_DECODED_MAX && encoding == TransferEncoding::Base64 {
            return self.reckoned(encoded, part.lines).await;
        }
        let mut decoder = Decoder::of(encoding);
        let (mut size, mut at) = (0, encoded.start);
        while at < encoded.end {
            let piece = self.content(at..encoded.end, SIZE_DECODED_MAX).await?;
            if piece.is_empty() {
                break;
            }
            at += piece.len() as u64;
            let mut decoded = Vec::new();
            decoder.push(&piece, &mut decoded);
            size += decoded.len() as u64;
        }
        let mut decoded = Vec::new();
        decoder.finish(&mut decoded);
        Ok(size + decoded.len() as u64)
    }

    /// Of base64 (RFC 2045 §6.8): three octets for four characters, without line ends and padding.
    async fn reckoned(&self, encoded: Range<u64>, lines: u64) -> Result<u64, MethodError> {
        let tail = self.content(encoded.end.saturating_sub(8).max(encoded.start)..encoded.end, 8).await?;
        let first = self.content(encoded.clone(), 1024).await?;
        let line_end = if first.windows(2).any(|two| two == b"\r\n") { 2 } else { 1 };
        let ends = if tail.ends_with(b"\n") { lines } else { lines.saturating_sub(1) };
        let padding = tail.iter().filter(|octet| **octet == b'=').count() as u64;
        let characters = (encoded.end - encoded.start).saturating_sub(ends * line_end);
        Ok((characters / 4 * 3).saturating_sub(padding))
    }

    async fn content(&self, range: Range<u64>, most: u64) -> Result<Vec<u8>, MethodError> {
        let prefix = self.prefix();
        self.read(range.start + prefix..range.end + prefix, most).await
    }

    async fn read(&self, range: Range<u64>, most: u64) -> Result<Vec<u8>, MethodError> {
        match &self.octets {
            Octets::Stored(content) => Ok(content.read(range, most).await?),
            Octets::Here(bytes) => {
                let end = range.end.min(range.start.saturating_add(most)).min(bytes.len() as u64);
                let (start, end) = (usize::try_from(range.start), usize::try_from(end));
                let range = start.unwrap_or(usize::MAX)..end.unwrap_or(usize::MAX);
                Ok(bytes.get(range).unwrap_or(&[]).to_vec())
            }
        }
    }
}
