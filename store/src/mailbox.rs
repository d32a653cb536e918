//! What is wanted of mailboxes, many at once, and why one wish is not met. Owns the data only; what is possible is decided
//! in `engine::arrange`.

use crate::op::Note;
use crate::types::{MailboxId, Role};
use serde::{Deserialize, Serialize};

/// A mailbox that is there, or the one made by a change of the same list (its place in the list, from 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailboxRef {
    /// It is there.
    Known(MailboxId),
    /// It is made along with this.
    New(usize),
}

/// What a mailbox shall be; `None`: as it is, or as a new one is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MailboxWish {
    /// Its own name. A new one has to have one.
    pub name: Option<String>,
    /// Where it lies; `Some(None)`: at the top.
    pub parent: Option<Option<MailboxRef>>,
    /// Its role; `Some(None)`: none.
    pub role: Option<Option<Role>>,
    /// Whether its owner is subscribed to it.
    pub subscribed: Option<bool>,
    /// An annotation for all its readers.
    pub note: Option<Note>,
}

/// One of several changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MailboxChange {
    /// A new one. A name left above others that could not be opened becomes it.
    Create(MailboxWish),
    /// Each mailbox once in a list, and none that the list makes.
    Update(MailboxId, MailboxWish),
    /// It goes, with the messages in it: those without `\Deleted` only `with_emails`.
    #[allow(missing_docs, reason = "told above")]
    Destroy { mailbox: MailboxId, with_emails: bool },
}

/// Why a change was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailboxRefusal {
    /// There is no such mailbox.
    Gone,
    /// What shall be above it is not there, or was not made.
    NoParent,
    /// No name, or one that a path cannot hold.
    BadName,
    /// Another has the name, in the same place.
    NameTaken(MailboxRef),
    /// Another has the role, or nobody but INBOX may have it.
    RoleTaken,
    /// INBOX keeps name, place and role, and stays.
    Inbox,
    /// It would lie in itself.
    Loop,
    /// Others lie in it.
    HasChild,
    /// Messages are in it.
    HasEmail,
    /// A limit of the store.
    Limit,
}
