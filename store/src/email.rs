//! E-mails as JMAP sees them: one message of an account in one or more mailboxes. Owns the words for rows, changes and
//! news of them, and for states between two changes (RFC 8620 §5.2). Knows no JSON.

use crate::op::Content;
use crate::types::{AccountId, EmailId, Flags, MailboxId, ModSeq, Uid};
use bytes::Bytes;
use message::Time;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Mailboxes one e-mail can be in: each is a row that every change of a keyword touches.
pub const PLACES_MAX: usize = 1_000;

/// A place of an e-mail: narrow, nothing in it is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceRow {
    /// The e-mail.
    pub email: EmailId,
    /// A mailbox that shows it.
    pub mailbox: MailboxId,
    /// Under this UID.
    pub uid: Uid,
    /// As in [`message::flag_bits`]; keywords by slot.
    pub flags: u64,
    /// The last change of this row.
    pub modseq: ModSeq,
    /// Octets, prefix included.
    pub size: u64,
    /// When it came in (`receivedAt`, INTERNALDATE).
    pub received: Time,
}

/// Every e-mail of an account, in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountListing {
    /// That state.
    pub modseq: ModSeq,
    /// Slot and name of each keyword. A slot no message uses may become another keyword's later.
    pub keywords: Vec<(u32, String)>,
    /// Every place, ascending by e-mail, then mailbox and UID.
    pub places: Vec<PlaceRow>,
    /// E-mail and conversation, ascending, of those that did not begin their own; the others' is their own number.
    pub threads: Vec<(EmailId, EmailId)>,
}

/// What became of the e-mails of an account after a modseq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    /// The state it leads to.
    pub modseq: ModSeq,
    /// Keywords as they are now.
    pub keywords: Vec<(u32, String)>,
    /// All places, as they are now, of each e-mail that came, changed, or was put into a mailbox or taken out of one;
    /// ascending by e-mail, then mailbox and UID.
    pub places: Vec<PlaceRow>,
    /// As in [`AccountListing`], of those in `places`.
    pub threads: Vec<(EmailId, EmailId)>,
    /// E-mails that are no more, ascending; some may have come and gone since.
    pub gone: Vec<EmailId>,
}

/// What is known of an e-mail beside its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailRow {
    /// Which.
    pub id: EmailId,
    /// Its conversation: the e-mail that began it.
    pub thread: EmailId,
    /// Octets, prefix included.
    pub size: u64,
    /// When it came in.
    pub received: Time,
    /// Octets of the prefix.
    pub prefix_octets: u32,
    /// `message::Summary`, encoded; an error where it is damaged.
    pub summary: Result<Bytes, crate::StoreError>,
    /// The change with which it came; 0 in stores of an earlier release.
    pub added: ModSeq,
    /// Under which name it was accepted, where it came by mail.
    pub queue_id: Option<crate::types::QueueId>,
    /// Mailbox, UID, flags as in [`message::flag_bits`], and last change of each place, ascending.
    pub places: Vec<(MailboxId, Uid, u64, ModSeq)>,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRow {
    /// Its number: the e-mail that began it, which may be gone.
    pub id: EmailId,
    /// Its e-mails, by arrival, oldest first (RFC 8621 §3).
    pub emails: Vec<EmailId>,
}

/// How an e-mail changes, in all mailboxes that show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailChange {
    /// Which.
    pub email: EmailId,
    /// Its keywords.
    pub keywords: Option<KeywordsChange>,
    /// Its mailboxes.
    pub mailboxes: Option<MailboxesChange>,
}

/// How keywords change. `\Deleted` is none of them: it stays as it is, in each mailbox (RFC 8621 §4.1.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum KeywordsChange {
    /// These are set, those are taken away, others stay.
    Patch { add: Flags, remove: Flags },
    /// These and no others.
    Replace(Flags),
}

/// How the mailboxes that show an e-mail change. One that stays keeps its UID.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum MailboxesChange {
    /// It comes into these, leaves those, others stay.
    Patch { add: Vec<MailboxId>, remove: Vec<MailboxId> },
    /// These and no others.
    Replace(Vec<MailboxId>),
}

/// What came of one e-mail of an operation on several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailOutcome {
    /// It is as asked for.
    Done,
    /// It is not there. Nothing was changed of it, as in all below.
    Gone,
    /// It would be in no mailbox (RFC 8621 §4.1.1).
    Homeless,
    /// This mailbox is not there, or cannot be opened.
    NoMailbox(MailboxId),
    /// More keywords than an account can have, a keyword too long, or more than [`PLACES_MAX`] mailboxes.
    Limit,
}

/// The state of an account before and after an operation (`oldState`, `newState` of RFC 8620 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Span {
    pub before: ModSeq,
    pub after: ModSeq,
}

/// E-mails from their owner, each in one or more mailboxes: all of them or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailsAdd {
    /// Whose.
    pub account: AccountId,
    /// What.
    pub emails: Vec<EmailAdded>,
    /// Only when no e-mail of the account came, changed or went after this: `Conflict` otherwise.
    pub unchanged_since: Option<ModSeq>,
    /// When.
    pub now: Time,
}

/// An e-mail from its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailAdded {
    /// Its octets.
    pub source: EmailSource,
    /// `message::Summary`, encoded.
    pub summary: Vec<u8>,
    /// The header holds octets above 127.
    pub utf8_header: bool,
    /// Message-ID without brackets.
    pub message_id: Option<String>,
    /// In-Reply-To and References, without brackets.
    pub references: Vec<String>,
    /// Its flags.
    pub flags: Flags,
    /// `receivedAt`.
    pub received: Time,
    /// Where; at least one.
    pub mailboxes: Vec<MailboxId>,
}

/// Where the octets of a new e-mail are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EmailSource {
    /// In new content.
    Content(Content),
    /// In an upload of the account, which stays.
    Upload(i64),
}

impl EmailSource {
    /// The new content, where there is some.
    pub(crate) fn content(&self) -> Option<&Content> {
        match self {
            EmailSource::Content(content) => Some(content),
            EmailSource::Upload(_) => None,
        }
    }
}

/// Something a client sent ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its number in the account.
    pub id: i64,
    /// Its octets.
    pub octets: u64,
    /// The media type the client gave.
    pub kind: String,
    /// When it came.
    pub added: Time,
}

/// A moment between two changes: all up to a modseq happened, and of what happened with the next one, that to ids up to a
/// number. So changes can be told in pages of any length, though one operation may change ten thousand e-mails at once
/// (RFC 8620 §5.2: intermediate states). As a text, `17` or `18.4711`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    modseq: u64,
    id: i64,
}

impl Mark {
    /// All with this modseq happened, and nothing after it.
    #[must_use]
    pub fn after(modseq: ModSeq) -> Mark {
        Mark { modseq: modseq.0, id: i64::MAX }
    }

    /// Of what happened with this modseq, that to ids up to this one.
    pub(crate) fn within(modseq: i64, id: i64) -> Mark {
        Mark { modseq: crate::columns::count(modseq), id }
    }

    pub(crate) fn id(self) -> i64 {
        self.id
    }

    /// The modseq, of which all happened, or some.
    #[must_use]
    pub fn modseq(self) -> ModSeq {
        ModSeq(self.modseq)
    }

    /// The modseq up to which everything happened.
    #[must_use]
    pub fn whole(self) -> ModSeq {
        ModSeq(if self.id == i64::MAX { self.modseq } else { self.modseq.saturating_sub(1) })
    }
}

impl From<ModSeq> for Mark {
    fn from(modseq: ModSeq) -> Mark {
        Mark::after(modseq)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            i64::MAX => write!(f, "{}", self.modseq),
            id => write!(f, "{}.{id}", self.modseq),
        }
    }
}

/// A text that is no mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a state is a number, or two with a point between them")]
pub struct NotAMark;

impl FromStr for Mark {
    type Err = NotAMark;

    /// Exactly what `Display` writes.
    fn from_str(text: &str) -> Result<Mark, NotAMark> {
        let mark = match text.split_once('.') {
            None => Mark { modseq: text.parse().map_err(|_| NotAMark)?, id: i64::MAX },
            Some((modseq, id)) => {
                Mark { modseq: modseq.parse().map_err(|_| NotAMark)?, id: id.parse().map_err(|_| NotAMark)? }
            }
        };
        let is_told = mark.modseq <= i64::MAX.unsigned_abs() && mark.id >= 0 && mark.to_string() == text;
        if is_told { Ok(mark) } else { Err(NotAMark) }
    }
}

/// What came, changed and went after a mark (RFC 8620 §5.2). What came and went meanwhile is not among it; what came and
/// changed is created. An id that was created, or updated, may be gone by now: a later page says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<T> {
    /// New ones.
    pub created: Vec<T>,
    /// Others that changed.
    pub updated: Vec<T>,
    /// Those that are no more.
    pub destroyed: Vec<T>,
    /// The state that the client has with this.
    pub until: Mark,
    /// There is more after `until`.
    pub more: bool,
}

impl<T> Changes<T> {
    pub(crate) fn map<U>(self, make: impl Fn(T) -> U) -> Changes<U> {
        let all = |ids: Vec<T>| ids.into_iter().map(&make).collect();
        Changes {
            created: all(self.created),
            updated: all(self.updated),
            destroyed: all(self.destroyed),
            until: self.until,
            more: self.more,
        }
    }
}

/// What became of the mailboxes of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxChanges {
    /// Which.
    pub changes: Changes<MailboxId>,
    /// Of the updated ones, only what is counted in them changed (`updatedProperties` of RFC 8621 §2.2). How many
    /// conversations are unread may also change in mailboxes that are not named here: that hangs on e-mails elsewhere.
    pub only_counts: bool,
}

/// The newest change of each kind of thing in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// Of anything.
    pub account: ModSeq,
    /// Of e-mails, and so of conversations.
    pub emails: ModSeq,
    /// Of mailboxes, and what is counted in them.
    pub mailboxes: ModSeq,
    /// Of objects, by kind; for a kind of which there never was one see `object`.
    pub objects: Vec<(crate::object::ObjectKind, ModSeq)>,
    /// The oldest state from which changes can be told; no state is older.
    pub oldest: ModSeq,
}

impl StateRow {
    /// The newest change of objects of a kind.
    #[must_use]
    pub fn object(&self, kind: crate::object::ObjectKind) -> ModSeq {
        self.objects.iter().find(|(known, _)| *known == kind).map_or(self.oldest, |(_, modseq)| *modseq)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mark_reads_as_it_was_written_and_nothing_else_does() {
        for mark in [Mark::after(ModSeq(0)), Mark::after(ModSeq(17)), Mark::within(18, 4711), Mark::within(18, 0)] {
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        let strange = [
            "",
            "x",
            "-1",
            "+1",
            "01",
            "1.",
            ".1",
            "1.-1",
            "1.+1",
            "1.01",
            "1.2.3",
            " 1",
            "1 ",
            "9223372036854775808",
            "18446744073709551616",
            "1.9223372036854775807",
            "1.9223372036854775808",
        ];
        for text in strange {
            assert_eq!(text.parse::<Mark>(), Err(NotAMark), "{text:?}");
        }
    }

    #[test]
    fn marks_come_one_after_the_other() {
        let marks = [Mark::after(ModSeq(17)), Mark::within(18, 1), Mark::within(18, 2), Mark::after(ModSeq(18))];
        assert!(marks.is_sorted());
        assert_eq!(marks.map(|mark| mark.whole().0), [17, 17, 17, 18]);
    }
}
