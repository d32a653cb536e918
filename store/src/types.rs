//! The store's own words: ids, rows, and what they mean.

pub use crate::email::*;
pub use crate::mailbox::*;
pub use crate::object::*;
use crate::op::Frame;
use crate::uids::UidSet;
use bytes::Bytes;
pub use message::flag_bits;
use message::{Address, Domain, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);
    };
}
id!(/// An account, never reused.
    AccountId(i64));
id!(/// A mailbox of an account, never reused within it.
    MailboxId(i64));
id!(/// A message as JMAP knows it: one per delivery and account, in one or more mailboxes.
    EmailId(i64));
id!(/// Stored content.
    BlobId(i64));
id!(/// RFC 9051 §2.3.1.1.
    Uid(u32));
id!(/// One counter an account, serves CONDSTORE and JMAP states.
    ModSeq(u64));

/// Names a message from its first byte on: in the `Received` field, the 250, the log and the trace. 13 characters of
/// upper-case Crockford base 32 (48 bits of milliseconds, 16 of randomness), so that ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueId(pub u64);

/// A user of this house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Never reused.
    pub id: AccountId,
    /// The name to log in with and the first address.
    pub address: Address,
    /// How logins are checked.
    pub credentials: Credentials,
    /// Octets the account may hold; `None`: as many as fit.
    pub quota: Option<u64>,
    /// Octets it holds, prefixes included.
    pub used: u64,
    /// Messages it holds.
    pub messages: u64,
    /// What POP3's DELE comes to.
    pub pop_delete: PopDelete,
    /// When it was made.
    pub created: Time,
}

/// What is kept to check a login. Secrets never leave the store but to `office::login`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// argon2id, PHC string. `None`: no password was set, nobody can log in.
    pub password: Option<String>,
    /// RFC 5802 §3.
    pub scram: Option<ScramVerifier>,
    /// The shared secret of APOP, only where the administrator stored one.
    pub apop_secret: Option<String>,
}

/// StoredKey and ServerKey of RFC 5802 §3 for SCRAM-SHA-256.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScramVerifier {
    /// Random octets.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// H(ClientKey).
    pub stored_key: [u8; 32],
    /// HMAC(SaltedPassword, "Server Key").
    pub server_key: [u8; 32],
}

/// What becomes of a message deleted over POP3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PopDelete {
    /// It is gone.
    #[default]
    Remove,
    /// It moves to the mailbox with role Archive.
    Archive,
}

/// RFC 6154, and INBOX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Where mail arrives.
    Inbox,
    /// `\Archive`.
    Archive,
    /// `\Drafts`.
    Drafts,
    /// `\Sent`.
    Sent,
    /// `\Junk`.
    Junk,
    /// `\Trash`.
    Trash,
}

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Never reused in the account.
    pub id: MailboxId,
    /// The mailbox it lies in.
    pub parent: Option<MailboxId>,
    /// Its own name, without its parents'.
    pub name: String,
    /// Its special use.
    pub role: Option<Role>,
    /// Never changes while the mailbox lives; survives backup and restore.
    pub uid_validity: u32,
    /// The next UID.
    pub uid_next: Uid,
    /// The last change to it or to a message in it.
    pub modseq: ModSeq,
    /// Messages in it.
    pub total: u32,
    /// Messages in it without `\Seen`.
    pub unseen: u32,
    /// Messages in it with `\Deleted`.
    pub deleted: u32,
    /// Messages in it that no session was told of as `\Recent`.
    pub recent: u32,
    /// Octets in it.
    pub octets: u64,
    /// Whether clients list it (RFC 9051 §6.3.7).
    pub subscribed: bool,
    /// Whether it can be opened; otherwise it is a name that was left above others.
    pub selectable: bool,
}

/// System flags as bits, keywords beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// `\Seen`.
    pub seen: bool,
    /// `\Answered`.
    pub answered: bool,
    /// `\Flagged`.
    pub flagged: bool,
    /// `\Deleted`.
    pub deleted: bool,
    /// `\Draft`.
    pub draft: bool,
    /// RFC 9051 §2.3.2, sorted, as they were first given in the account; upper and lower case of ASCII are the same.
    pub keywords: Vec<String>,
}

/// A message as an open mailbox lists it: nothing in it is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingRow {
    /// Its UID.
    pub uid: Uid,
    /// As in [`flag_bits`].
    pub flags: u64,
    /// Its last change.
    pub modseq: ModSeq,
    /// Its e-mail.
    pub email: EmailId,
    /// Octets, prefix included.
    pub size: u64,
    /// When it came in (INTERNALDATE).
    pub received: Time,
}

/// A whole mailbox, in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeListing {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Slot and name of each keyword of the account. A slot no message uses may become another keyword's later.
    pub keywords: Vec<(u32, String)>,
    /// Its messages, ascending by UID.
    pub rows: Vec<ListingRow>,
}

/// What became of a mailbox after a modseq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListingNews {
    /// The mailbox is not there any more.
    Gone,
    /// It was too long ago to tell what vanished: the whole has to be read.
    Forgotten,
    /// This.
    Known {
        /// The mailbox as it is now.
        mailbox: Box<Mailbox>,
        /// Keywords as they are now.
        keywords: Vec<(u32, String)>,
        /// Messages that came or changed, as they are now, ascending by UID.
        changed: Vec<ListingRow>,
        /// UIDs that are no more; some may have come and gone since.
        vanished: UidSet,
    },
}

/// What is known of a message beside its listing row and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// Its UID.
    pub uid: Uid,
    /// Its e-mail (EMAILID of RFC 8474 with the account; stays through copies and moves within it).
    pub email: EmailId,
    /// Its conversation (THREADID of RFC 8474): the e-mail that began it.
    pub thread: EmailId,
    /// When it came into this mailbox (RFC 8514).
    pub saved: Time,
    /// When it came in (INTERNALDATE).
    pub received: Time,
    /// Octets, prefix included.
    pub size: u64,
    /// Octets of the prefix.
    pub prefix_octets: u32,
    /// `message::Summary`, encoded; an error where it is damaged.
    pub summary: Result<Bytes, crate::StoreError>,
}

/// RFC 4314 §2.1: one bit a letter, `a` is the lowest. Which letters mean something is not the store's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rights(pub u32);

impl Rights {
    /// The rights of these letters; `None` when one is no small letter of ASCII.
    #[must_use]
    pub fn of(letters: &str) -> Option<Rights> {
        letters.bytes().try_fold(Rights(0), |all, letter| {
            letter.is_ascii_lowercase().then(|| Rights(all.0 | 1 << (letter - b'a')))
        })
    }

    /// Its letters, in order.
    #[must_use]
    pub fn letters(self) -> String {
        (b'a'..=b'z').filter(|letter| self.0 & 1 << (letter - b'a') != 0).map(char::from).collect()
    }
}

/// What an annotation is of, and whose it is (RFC 5464).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotated {
    /// The mailbox; `None`: the server.
    pub mailbox: Option<(AccountId, MailboxId)>,
    /// Whose private annotation; `None`: one that all share.
    pub reader: Option<AccountId>,
}

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The address that is no account; a local part of `*` catches all of the domain.
    pub address: Address,
    /// What becomes of mail for it.
    pub target: AliasTarget,
}

/// What becomes of mail for an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AliasTarget {
    /// It goes to these.
    Members(Vec<Address>),
    /// It is refused: 551, try this address (RFC 5321 §3.4).
    Moved(Address),
}

/// A domain whose mail we keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRow {
    /// Its name.
    pub domain: Domain,
    /// When it was added.
    pub created: Time,
}

/// One narrow row of a mailbox listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its UID.
    pub uid: Uid,
    /// Its e-mail.
    pub email: EmailId,
    /// Its last change.
    pub modseq: ModSeq,
    /// Its flags.
    pub flags: Flags,
    /// Octets, prefix included.
    pub size: u64,
    /// When it came in (INTERNALDATE).
    pub received: Time,
    /// Its header (prefix aside) holds octets above 127.
    pub utf8_header: bool,
}

/// A stored message: the prefix of trace fields, then the content as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The trace fields added here, this recipient's own.
    pub prefix: Bytes,
    /// The content.
    pub blob: BlobId,
    /// Prefix and content together, in octets.
    pub size: u64,
    /// Where the content was when this was asked; it stays readable when it moves.
    pub place: StoredPlace,
}

/// Where stored content is to be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredPlace {
    /// It lay in the row: here it is, whole and checked.
    Here(Bytes),
    /// Frames in segments, in order.
    Frames(Arc<[Frame]>),
}

/// A message of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingStored {
    /// Its octets.
    pub stored: Stored,
    /// Its name.
    pub queue_id: QueueId,
    /// Whom it leaves as; empty for `<>`.
    pub reverse_path: String,
    /// `7bit`, `8bitmime`.
    pub body: String,
    /// SMTPUTF8 is needed.
    pub smtputf8: bool,
    /// RET of RFC 3461: `FULL`, `HDRS`.
    pub ret: Option<String>,
    /// ENVID of RFC 3461.
    pub envid: Option<String>,
    /// When it was accepted.
    pub created: Time,
}

/// A line of a message's journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEntry {
    /// The message.
    pub queue_id: QueueId,
    /// When.
    pub at: Time,
    /// What happened, one word: `accepted`, `delivered`, `held`, `retrieved`, `removed`, ...
    pub event: String,
    /// Whom it concerns, where it is one recipient.
    pub address: Option<String>,
    /// In words.
    pub detail: String,
}

impl From<QueueId> for String {
    fn from(id: QueueId) -> String {
        id.to_string()
    }
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a [`QueueId`].
pub const QUEUE_ID_LENGTH: usize = 13;

impl QueueId {
    /// A new id: the time and 16 random bits.
    #[must_use]
    pub fn new(now: Time, random: u16) -> QueueId {
        QueueId((now.0 << 16) | u64::from(random))
    }
}

impl std::fmt::Display for QueueId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write;
        (0..QUEUE_ID_LENGTH).rev().try_for_each(|place| {
            let digit = (self.0 >> (place * 5)) & 31;
            f.write_char(char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)]))
        })
    }
}

impl std::str::FromStr for QueueId {
    type Err = NotAQueueId;
    fn from_str(text: &str) -> Result<QueueId, NotAQueueId> {
        if text.len() != QUEUE_ID_LENGTH {
            return Err(NotAQueueId);
        }
        let digit = |c: u8| ALPHABET.iter().position(|a| *a == c.to_ascii_uppercase());
        text.bytes()
            .try_fold(0_u64, |id, c| id.checked_mul(32)?.checked_add(digit(c)? as u64))
            .map(QueueId)
            .ok_or(NotAQueueId)
    }
}

/// A text that is no queue id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a queue id has 13 characters, digits and capital letters")]
pub struct NotAQueueId;

impl TryFrom<String> for QueueId {
    type Error = NotAQueueId;
    fn try_from(text: String) -> Result<QueueId, NotAQueueId> {
        text.parse()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials(password: {}, apop: {})", self.password.is_some(), self.apop_secret.is_some())
    }
}

impl std::fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScramVerifier(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_queue_id_reads_as_it_was_written() {
        for id in [QueueId(0), QueueId(31), QueueId::new(Time(1_795_000_000_000), 0xBEEF), QueueId(u64::MAX)] {
            let text = id.to_string();
            assert_eq!(text.len(), QUEUE_ID_LENGTH);
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(text.to_lowercase().parse(), Ok(id), "typed by hand");
            assert_eq!(QueueId::try_from(String::from(id)), Ok(id));
        }
        assert!(QueueId::new(Time(1), 65_535) < QueueId::new(Time(2), 0), "in order of time");
    }

    #[test]
    fn what_is_no_queue_id_is_refused() {
        for text in ["", "0", "06G2V0J9QTXX", "06G2V0J9QTXXAA", "06G2V0J9QTXXU", "ZZZZZZZZZZZZZ", "06G2V0J9QTXX\u{e9}"]
        {
            assert_eq!(text.parse::<QueueId>(), Err(NotAQueueId), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let verifier =
            ScramVerifier { salt: b"grain".to_vec(), iterations: 4096, stored_key: [0; 32], server_key: [0; 32] };
        let credentials = Credentials { apop_secret: Some("tanstaaf".into()), ..Credentials::default() };
        assert_eq!(format!("{verifier:?}"), "ScramVerifier(***)");
        assert_eq!(format!("{credentials:?}"), "Credentials(password: false, apop: true)");
    }
}
