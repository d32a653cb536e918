//! Ids of blobs (RFC 8620 §6): they name what they lead to, and are checked against the account on every use. A whole
//! message is its e-mail's id; an upload has a number; a part of either is a number behind it, and a part of a message
//! within that, another.

use super::ids;
use std::fmt::Write;
use store::types::{AccountId, EmailId};

/// Parts within parts at most: no program nests messages deeper.
pub const PATH_MAX: usize = 16;

/// What a blob id leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobId {
    /// The whole.
    pub whole: Whole,
    /// From part to part: each is one of the message that is the part before it, decoded, and counts from 1 in the order
    /// of [`message::Summary::parts`].
    pub path: Vec<u32>,
}

/// What a blob is cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// An e-mail.
    Email(EmailId),
    /// An upload, by its number in the account.
    Upload(i64),
}

impl BlobId {
    /// A whole e-mail.
    #[must_use]
    pub fn email(email: EmailId) -> BlobId {
        BlobId { whole: Whole::Email(email), path: Vec::new() }
    }

    /// A whole upload.
    #[must_use]
    pub fn upload(upload: i64) -> BlobId {
        BlobId { whole: Whole::Upload(upload), path: Vec::new() }
    }

    /// A part of it, by its index in [`message::Summary::parts`].
    #[must_use]
    pub fn part(&self, index: usize) -> BlobId {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let path = self.path.iter().copied().chain([number]).collect();
        BlobId { whole: self.whole, path }
    }

    /// As clients see it.
    #[must_use]
    pub fn write(&self, account: AccountId) -> String {
        let mut id = match self.whole {
            Whole::Email(email) => ids::of_email(account, email),
            Whole::Upload(upload) => format!("U{}-{upload}", account.0),
        };
        for part in &self.path {
            let _ = write!(id, "_{part}");
        }
        id
    }

    /// Reads one that was written here for this account.
    #[must_use]
    pub fn read(account: AccountId, text: &str) -> Option<BlobId> {
        let mut pieces = text.split('_');
        let first = pieces.next()?;
        let whole = match first.strip_prefix('U').and_then(|rest| rest.split_once('-')) {
            Some((_, number)) => Whole::Upload(number.parse().ok()?),
            None => Whole::Email(ids::email(account, first)?),
        };
        let path = pieces.map(|piece| piece.parse().ok()).collect::<Option<Vec<u32>>>()?;
        let blob = BlobId { whole, path };
        (blob.path.len() <= PATH_MAX && blob.write(account) == text).then_some(blob)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blob_ids_read_as_they_were_written() {
        let account = AccountId(3);
        for blob in [BlobId::email(EmailId(7)), BlobId::upload(9).part(0).part(4), BlobId::email(EmailId(1)).part(2)] {
            assert_eq!(BlobId::read(account, &blob.write(account)), Some(blob.clone()));
            assert_eq!(BlobId::read(AccountId(4), &blob.write(account)), None, "another account's");
            assert!(ids::is_id(&blob.write(account)));
        }
        for wrong in ["", "U", "U3-", "U3-01", "E", "U3-1_", "U3-1_+1", "U3-1_01", "x_1"] {
            assert_eq!(BlobId::read(account, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn paths_have_a_limit() {
        let deep = |depth: usize| (0..depth).fold(BlobId::upload(1), |blob, _| blob.part(1)).write(AccountId(1));
        assert!(BlobId::read(AccountId(1), &deep(PATH_MAX)).is_some());
        assert!(BlobId::read(AccountId(1), &deep(PATH_MAX + 1)).is_none(), "one past it");
    }
}
