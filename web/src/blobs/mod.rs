//! Blobs (RFC 8620 §6): octets that a client sends ahead, and those of messages and their parts. Owns what an id leads to, and
//! reading it in pieces; memory stays flat but for a message within a message, which is decoded to be looked into.

mod range;
mod routes;
mod transfer;

pub use routes::routes;

use crate::jmap::blob::{BlobId, Whole};
use bytes::Bytes;
use message::encoding::Decoder;
use message::summary::SummaryPart;
use message::{Kind, Summary, TransferEncoding};
use office::Office;
use office::jmap::Content;
use std::ops::Range;
use store::StoreError;
use store::query::{EmailsById, UploadById};
use store::types::AccountId;

/// Octets of a message within a message that are decoded into memory to be looked into.
const WITHIN_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// A blob that was found.
#[derive(Clone, Debug)]
pub struct Blob {
    source: Source,
    range: Range<u64>,
    encoding: TransferEncoding,
    /// Its media type, as far as it is known.
    pub media_type: String,
}

#[derive(Clone, Debug)]
enum Source {
    Stored(Content),
    Memory(Bytes),
}

impl Blob {
    /// The blob of an id; `None` where there is none.
    ///
    /// # Errors
    /// The store's.
    pub async fn find(office: &Office, account: AccountId, id: &BlobId) -> Result<Option<Blob>, StoreError> {
        let Some(whole) = Blob::whole(office, account, id.whole).await? else { return Ok(None) };
        let mut parts = id.path.iter();
        let Some(first) = parts.next() else { return Ok(Some(whole)) };
        let mut found = match whole.summary(office, account, id.whole).await? {
            Some(summary) => whole.part(&summary, *first),
            None => None,
        };
        for part in parts {
            let Some(message) = found else { return Ok(None) };
            found = message.within(*part).await?;
        }
        Ok(found)
    }

    async fn whole(office: &Office, account: AccountId, whole: Whole) -> Result<Option<Blob>, StoreError> {
        let (content, media_type) = match whole {
            Whole::Email(email) => match office.email_content(account, email).await? {
                Some(content) => (content, "message/rfc822".to_owned()),
                None => return Ok(None),
            },
            Whole::Upload(upload) => match office.store().read(UploadById { account, upload }).await? {
                Some((uploaded, stored)) => (Content::new(office.store().clone(), stored), uploaded.kind),
                None => return Ok(None),
            },
        };
        let range = 0..content.octets();
        Ok(Some(Blob { source: Source::Stored(content), range, encoding: TransferEncoding::Binary, media_type }))
    }

    /// Of an e-mail as it was made at delivery; of an upload as it is read now.
    async fn summary(&self, office: &Office, account: AccountId, whole: Whole) -> Result<Option<Summary>, StoreError> {
        let Whole::Email(email) = whole else { return self.read_summary().await.map(Some) };
        let row = office.store().read(EmailsById { account, ids: vec![email] }).await?.into_iter().next();
        let Some(row) = row else { return Ok(None) };
        Ok(Summary::decode(&row.summary?).ok())
    }

    /// Reads it as a message.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_summary(&self) -> Result<Summary, StoreError> {
        let mut scanner = message::Scanner::new();
        let mut reader = self.reader();
        while let Some(octets) = reader.next().await? {
            scanner.push(&octets);
        }
        Ok(Summary::of(&scanner.finish()))
    }

    fn part(&self, summary: &Summary, part: u32) -> Option<Blob> {
        // Ids count parts from 1.
        let part = usize::try_from(part.checked_sub(1)?).ok().and_then(|part| summary.parts.get(part))?;
        // Offsets of a summary count from the content on, after what was added before it.
        let before = match &self.source {
            Source::Stored(content) => content.prefix_octets(),
            Source::Memory(_) => 0,
        };
        Some(self.cut(part, before))
    }

    fn cut(&self, part: &SummaryPart, before: u64) -> Blob {
        let encoding = match part.kind {
            Kind::Leaf => TransferEncoding::from_name(part.encoding.as_bytes()),
            Kind::Multipart | Kind::Message => TransferEncoding::Binary,
        };
        Blob {
            source: self.source.clone(),
            range: part.body.start + before..part.body.end + before,
            encoding,
            media_type: format!("{}/{}", part.media_type, part.subtype),
        }
    }

    /// A part of the message that this one is.
    async fn within(self, part: u32) -> Result<Option<Blob>, StoreError> {
        if self.range.end - self.range.start > WITHIN_OCTETS_MAX {
            return Ok(None);
        }
        let octets = Bytes::from(self.read_all().await?);
        let summary = Summary::of(&message::parse(&octets));
        let whole = 0..octets.len() as u64;
        let message = Blob { source: Source::Memory(octets), range: whole, ..self };
        Ok(message.part(&summary, part))
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_all(&self) -> Result<Vec<u8>, StoreError> {
        let mut all = Vec::new();
        let mut reader = self.reader();
        while let Some(octets) = reader.next().await? {
            all.extend_from_slice(&octets);
        }
        Ok(all)
    }

    /// Octets it has, decoded. Where it is encoded it has to be read for that.
    ///
    /// # Errors
    /// The store's.
    pub async fn octets(&self) -> Result<u64, StoreError> {
        if let Some(octets) = self.known_octets() {
            return Ok(octets);
        }
        let mut octets = 0;
        let mut reader = self.reader();
        while let Some(some) = reader.next().await? {
            octets += some.len() as u64;
        }
        Ok(octets)
    }

    /// The same, where it is known at once.
    #[must_use]
    pub fn known_octets(&self) -> Option<u64> {
        let is_plain = self.encoding.is_identity() || self.encoding == TransferEncoding::Other;
        is_plain.then(|| self.range.end.saturating_sub(self.range.start))
    }

    /// At its beginning.
    #[must_use]
    pub fn reader(&self) -> Reader {
        let decoder = Some(Decoder::of(self.encoding));
        Reader { source: self.source.clone(), range: self.range.clone(), decoder }
    }
}

/// Reads a blob piece by piece.
#[derive(Debug)]
pub struct Reader {
    source: Source,
    range: Range<u64>,
    decoder: Option<Decoder>,
}

impl Reader {
    /// The next octets, never none of them; `None` at the end.
    ///
    /// # Errors
    /// The store's; also where a stored message is shorter than it should be.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        while !self.range.is_empty() {
            let raw = self.raw().await?;
            let Some(decoder) = &mut self.decoder else { break };
            if let Decoder::Identity = decoder {
                return Ok(Some(raw));
            }
            let mut decoded = Vec::with_capacity(raw.len());
            decoder.push(&raw, &mut decoded);
            if !decoded.is_empty() {
                return Ok(Some(Bytes::from(decoded)));
            }
        }
        let mut rest = Vec::new();
        if let Some(decoder) = self.decoder.take() {
            decoder.finish(&mut rest);
        }
        Ok((!rest.is_empty()).then(|| Bytes::from(rest)))
    }

    async fn raw(&mut self) -> Result<Bytes, StoreError> {
        let chunk = match &self.source {
            Source::Stored(content) => content.chunk(self.range.start).await?,
            Source::Memory(octets) => {
                octets.slice(usize::try_from(self.range.start).unwrap_or(usize::MAX).min(octets.len())..)
            }
        };
        let wanted = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX).min(chunk.len());
        if wanted == 0 {
            return Err(StoreError::Damaged { what: "a message ends early".to_owned() });
        }
        self.range.start += wanted as u64;
        Ok(chunk.slice(..wanted))
    }
}
