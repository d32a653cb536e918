//! Small things of an account that are not mail: identities, contacts, sessions, waiting submissions. Owns their words
//! and limits. What a value says, and what is done when one is due, is not the store's business.

use crate::types::{AccountId, ModSeq};
use message::Time;
use serde::{Deserialize, Serialize};

/// Octets of one value: a contact with a small picture; a list of them is read at once.
pub const OBJECT_OCTETS_MAX: usize = 256 * 1024;
/// Octets of a key: a hash or an address.
pub const OBJECT_KEY_OCTETS_MAX: usize = 320;
/// Objects of one kind in an account: as mailboxes, since all are listed at once.
pub const OBJECTS_MAX: u64 = 10_000;
/// Octets of all values of one kind in an account, so that objects are no way around the quota.
pub const OBJECTS_OCTETS_MAX: u64 = 64 * 1024 * 1024;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal),* $(,)?) => {
        /// What an object is. The numbers are kept on disk.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ObjectKind { $($(#[$doc])* $name),* }

        impl ObjectKind {
            /// Every kind.
            pub const ALL: &'static [ObjectKind] = &[$(ObjectKind::$name),*];

            /// As it stands in a row.
            pub(crate) fn number(self) -> i64 {
                match self { $(ObjectKind::$name => $number),* }
            }

            pub(crate) fn of(number: i64) -> Option<ObjectKind> {
                match number { $($number => Some(ObjectKind::$name),)* _ => None }
            }
        }
    };
}
kinds! {
    /// Whom somebody writes as (RFC 8621 §6).
    Identity = 1,
    /// A message that is to be sent (RFC 8621 §7).
    Submission = 2,
    /// The answer while somebody is away (RFC 8621 §8).
    Vacation = 3,
    /// A list of contacts.
    AddressBook = 4,
    /// Somebody's card.
    Contact = 5,
    /// What somebody wishes of the webmail.
    Settings = 6,
    /// An e-mail that comes back later.
    Snooze = 7,
    /// Where news are to be sent (RFC 8620 §7.2).
    PushSubscription = 8,
    /// Somebody who is logged in.
    WebSession = 9,
    /// A password for one program.
    AppPassword = 10,
    /// A key that logs in.
    Passkey = 11,
    /// A second factor at login.
    SecondFactor = 12,
    /// A sender whose pictures may be fetched.
    RemoteSender = 13,
    /// Somebody who wrote to who is away, and is or was answered.
    Answered = 20,
}

/// A change to one object: it comes (`id` is `None`), is replaced, or goes (`value` is `None`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChange {
    /// What it is.
    pub kind: ObjectKind,
    /// Which; `None`: a new one.
    pub id: Option<i64>,
    /// What it can be found by, no two of a kind the same, in all accounts. It replaces the old one, as `None` does.
    pub key: Option<Vec<u8>>,
    /// JSON, by agreement; `None`: it goes.
    pub value: Option<Vec<u8>>,
    /// When somebody has to look at it. It replaces the old one, as `None` does.
    pub due: Option<Time>,
    /// Only when it did not change after this: `Conflict` otherwise.
    pub unchanged_since: Option<ModSeq>,
}

impl ObjectChange {
    /// A new object.
    #[must_use]
    pub fn add(kind: ObjectKind, value: Vec<u8>) -> ObjectChange {
        ObjectChange { kind, id: None, key: None, value: Some(value), due: None, unchanged_since: None }
    }

    /// Another value for an object; it has neither key nor due time unless they are set again.
    #[must_use]
    pub fn set(kind: ObjectKind, id: i64, value: Vec<u8>) -> ObjectChange {
        ObjectChange { id: Some(id), ..ObjectChange::add(kind, value) }
    }

    /// An object goes.
    #[must_use]
    pub fn remove(kind: ObjectKind, id: i64) -> ObjectChange {
        ObjectChange { kind, id: Some(id), key: None, value: None, due: None, unchanged_since: None }
    }
}

/// An object as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Whose.
    pub account: AccountId,
    /// What it is.
    pub kind: ObjectKind,
    /// Never used again in the account, for no kind.
    pub id: i64,
    /// What it can be found by.
    pub key: Option<Vec<u8>>,
    /// What it says.
    pub value: Vec<u8>,
    /// When somebody has to look at it.
    pub due: Option<Time>,
    /// When it last changed.
    pub modseq: ModSeq,
    /// When it came.
    pub added: ModSeq,
}
