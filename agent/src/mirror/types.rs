//! What the mirror is asked and what it answers with. Plain data; nothing here knows SQLite or a protocol.

use message::Time;
use message::flags::flag_bits;
use std::collections::BTreeSet;

/// A folder of one account, as long as the mirror is kept. Renaming keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct FolderId(pub i64);

/// A message of one account, as long as the mirror is kept. Moving keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct MessageId(pub i64);

/// A conversation. Two may become one when the message between them comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ThreadId(pub i64);

/// What a folder is for (RFC 6154 §2, RFC 8621 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Role {
    Inbox,
    Drafts,
    Sent,
    Archive,
    Junk,
    Trash,
    /// Every message of the account is in it, as in Gmail's.
    All,
    Flagged,
    #[default]
    None,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name in the mirror.
    pub id: FolderId,
    /// Its path, levels parted by `/` whatever the server parts them with.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// What the server calls it: a mailbox name, or an id. `None`: it is not there yet.
    pub remote: Option<String>,
    /// Whether it can hold messages.
    pub selectable: bool,
    /// Whether the user wants to see it.
    pub subscribed: bool,
    /// Messages in it.
    pub total: u64,
    /// Those not read.
    pub unread: u64,
}

/// Flags of a message: system flags as the bits of [`flag_bits`], keywords by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Flags {
    /// Of [`flag_bits::SYSTEM`].
    pub bits: u64,
    /// `$Forwarded`, `$muted` and what else there is, as first written. Compared without regard to case.
    pub keywords: BTreeSet<String>,
}

impl Flags {
    /// System flags alone.
    #[must_use]
    pub fn of(bits: u64) -> Flags {
        Flags { bits: bits & flag_bits::SYSTEM, keywords: BTreeSet::new() }
    }

    /// One keyword alone.
    #[must_use]
    pub fn keyword(name: &str) -> Flags {
        Flags { bits: 0, keywords: BTreeSet::from([name.to_owned()]) }
    }

    /// Whether it has all of these system flags.
    #[must_use]
    pub fn has(&self, bits: u64) -> bool {
        self.bits & bits == bits
    }

    /// Whether it has a keyword.
    #[must_use]
    pub fn has_keyword(&self, name: &str) -> bool {
        self.keywords.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Adds what `other` has.
    pub fn add(&mut self, other: &Flags) {
        self.bits |= other.bits & flag_bits::SYSTEM;
        for keyword in &other.keywords {
            if !self.has_keyword(keyword) {
                self.keywords.insert(keyword.clone());
            }
        }
    }

    /// Takes away what `other` has.
    pub fn remove(&mut self, other: &Flags) {
        self.bits &= !other.bits;
        self.keywords.retain(|keyword| !other.has_keyword(keyword));
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits == 0 && self.keywords.is_empty()
    }
}

/// How much of a message is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Its header.
    #[default]
    Header,
    /// All of it.
    Whole,
}

/// A line of a list: a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub id: MessageId,
    /// Its conversation.
    pub thread: ThreadId,
    /// Its flags as the user has set them, whether the server knows or not.
    pub flags: Flags,
    /// When it came to the account.
    pub received: Time,
    /// Its Date field; that of arrival where there is none.
    pub sent: Time,
    /// Octets of the whole.
    pub size: u64,
    /// The first From: display name, else address. Decoded, not made harmless for a terminal.
    pub from: String,
    /// The first From: address.
    pub address: String,
    /// Whom it is to, as `from`, with commas.
    pub to: String,
    /// Decoded.
    pub subject: String,
    /// The beginning of its text; empty until the whole is here.
    pub preview: String,
    /// Whether it has files.
    pub attachments: bool,
    /// How much of it is here.
    pub held: Held,
    /// Message-ID, without brackets; empty where there is none.
    pub message_id: String,
}

/// A line of a list of conversations: the newest message of one that is in the view, and what there is of it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The newest message.
    pub newest: Row,
    /// Messages of it in the view.
    pub messages: u64,
    /// Those not read.
    pub unread: u64,
}

/// What a list shows.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The folder; `None`: all of the account but trash and junk (these too where `everywhere` is typed: `in:anywhere`).
    pub folder: Option<FolderId>,
    /// Only what this is true of.
    pub query: Option<message::search::query::Query>,
    /// Sorted by.
    pub order: Order,
    /// The other way round than usual: dates from old to new, texts from Z to A.
    pub reversed: bool,
}

/// What a list is sorted by. Within it, the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// When it came, the newest first.
    #[default]
    Received,
    /// The Date field, the newest first.
    Sent,
    /// The sender, from A to Z.
    From,
    /// The subject without Re: and the like, from A to Z.
    Subject,
    /// The size, the largest first.
    Size,
    /// Unread first.
    Unread,
    /// Flagged first.
    Flagged,
}

/// What a remote tells of a message it has.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// The server's id of the message where it has one for all folders (JMAP's id, POP3's UIDL); `None` in IMAP.
    pub remote: Option<String>,
    /// Its UID in the folder (IMAP); 0 elsewhere.
    pub uid: u32,
    /// Its flags over there.
    pub flags: Flags,
    /// When it came.
    pub received: Time,
    /// Octets of the whole.
    pub size: u64,
    /// Its header section as it stands.
    pub header: Vec<u8>,
    /// Whether it has files, where the remote says (BODYSTRUCTURE, hasAttachment).
    pub attachments: Option<bool>,
}

/// Where a message is over there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder.
    pub folder: FolderId,
    /// Its UID there; 0: not known, or none.
    pub uid: u32,
}
