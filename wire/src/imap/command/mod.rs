//! What a client can say, as plain data: one [`Command`] for every command of RFC 9051, RFC 3501 and the extensions.
//! Owns the tree only. `parse` makes it from octets, `encode` writes it; what is allowed when is the session's.
//!
//! How a session gets one. It offers its input to [`Reader::read`](super::Reader::read), which takes what belongs to
//! one command, literals included, and gives a [`Tagged`] command when it is whole. Only the messages of APPEND and
//! REPLACE are never gathered: such a command comes as [`Upload`], in pieces between which the octets of the messages
//! are streamed.
//!
//! Conventions. Messages are named by a [`Messages`] and a [`By`]: numbers or UIDs. Names of mailboxes are UTF-8 already,
//! INBOX in capitals, whatever the wire wrote. A search is a [`message::search::Key`]; its strings are UTF-8 already,
//! whatever CHARSET said. `ALL`, `FAST` and `FULL` are written out. Numbers are checked against the grammar's limits: 32
//! bits and not zero for numbers and UIDs, 63 bits for sizes and modseqs.

mod acl;
mod fetch;
mod list;
mod metadata;
mod notify;
mod search;
mod store;
mod upload;

pub use acl::{HowRights, RightsChange};
pub use fetch::{Fetch, FetchItem, Part, Partial, Preview, Section, SectionText};
pub use list::{List, ListReturn, ListSelect, StatusItem};
pub use metadata::{Depth, GetMetadata};
pub use notify::{EventGroup, MultiSearch, Notify, NotifyEvent, Scope};
pub use search::{PartialRange, Returns, Search, Sort, Thread};
pub(crate) use store::SYSTEM_FLAGS;
pub use store::{Flag, HowFlags, Store};
pub use upload::{Form, Literal, Target, Upload, UploadItem};

use super::mailbox::MailboxName;
use crate::sasl::Secret;
use message::search::Set;

/// A command and the tag that its answer carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// At most [`TAG`](super::limits::TAG) octets of ASCII that may stand in an atom.
    pub tag: String,
    /// The command.
    pub command: Command,
}

/// Whether messages are named by number or by UID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By message sequence number.
    #[default]
    Number,
    /// By UID: the command had `UID` before it.
    Uid,
}

/// Which messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Messages {
    /// These numbers or UIDs.
    Set(Set),
    /// `$`: what an earlier search kept (RFC 5182).
    Saved,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// CAPABILITY.
    Capability,
    /// NOOP.
    Noop,
    /// LOGOUT.
    Logout,
    /// ID (RFC 2971); `NIL` is no pairs.
    Id(Vec<(String, Option<String>)>),

    /// STARTTLS.
    StartTls,
    /// AUTHENTICATE (RFC 4959 for the initial response).
    Authenticate {
        /// As typed.
        mechanism: String,
        /// Decoded; `=` is the empty response.
        initial: Option<Vec<u8>>,
    },
    /// LOGIN.
    Login {
        /// The name of the user.
        user: String,
        /// The password.
        password: Secret,
    },

    /// ENABLE (RFC 5161): the capabilities in capitals.
    Enable(Vec<String>),
    /// SELECT and EXAMINE.
    Select(Select),
    /// CREATE, with the uses asked for (RFC 6154 §3): `\Sent` and its kin, as typed.
    Create {
        /// What is made.
        mailbox: MailboxName,
        /// The name ended with the delimiter: names below it will follow (RFC 3501 §6.3.3).
        parent: bool,
        /// Special uses.
        uses: Vec<String>,
    },
    /// DELETE.
    Delete(MailboxName),
    /// RENAME.
    Rename {
        /// The old name.
        from: MailboxName,
        /// The new name.
        to: MailboxName,
    },
    /// SUBSCRIBE.
    Subscribe(MailboxName),
    /// UNSUBSCRIBE.
    Unsubscribe(MailboxName),
    /// LIST.
    List(List),
    /// LSUB (RFC 3501 §6.3.9).
    Lsub {
        /// What names begin with.
        reference: String,
        /// With `*` and `%`.
        pattern: String,
    },
    /// NAMESPACE (RFC 2342).
    Namespace,
    /// STATUS.
    Status {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// What is asked for, in the order of the command.
        items: Vec<StatusItem>,
    },
    /// APPEND and REPLACE.
    Upload(Upload),
    /// IDLE (RFC 2177); the `DONE` is not a command.
    Idle,
    /// GETQUOTA (RFC 9208): the name of the root.
    GetQuota(String),
    /// GETQUOTAROOT.
    GetQuotaRoot(MailboxName),
    /// SETQUOTA.
    SetQuota {
        /// The name of the root.
        root: String,
        /// Resources in capitals, each with its limit.
        limits: Vec<(String, u64)>,
    },
    /// GETACL (RFC 4314).
    GetAcl(MailboxName),
    /// SETACL.
    SetAcl {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// For whom.
        identifier: String,
        /// What they may do.
        change: RightsChange,
    },
    /// DELETEACL.
    DeleteAcl {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// For whom.
        identifier: String,
    },
    /// LISTRIGHTS.
    ListRights {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// For whom.
        identifier: String,
    },
    /// MYRIGHTS.
    MyRights(MailboxName),
    /// GETMETADATA (RFC 5464).
    GetMetadata(GetMetadata),
    /// SETMETADATA.
    SetMetadata {
        /// `None`: the server.
        mailbox: Option<MailboxName>,
        /// Entries in lower case with their values; `None` takes an entry away.
        entries: Vec<(String, Option<Vec<u8>>)>,
    },
    /// NOTIFY (RFC 5465).
    Notify(Notify),
    /// COMPRESS (RFC 4978): the mechanism in capitals.
    Compress(String),
    /// UNAUTHENTICATE (RFC 8437).
    Unauthenticate,
    /// GETJMAPACCESS (RFC 9698).
    GetJmapAccess,
    /// ESEARCH (RFC 7377).
    MultiSearch(MultiSearch),

    /// CHECK (RFC 3501 §6.4.1).
    Check,
    /// CLOSE.
    Close,
    /// UNSELECT.
    Unselect,
    /// EXPUNGE; with UIDs: UID EXPUNGE (RFC 4315).
    Expunge(Option<Messages>),
    /// SEARCH.
    Search(Search),
    /// SORT (RFC 5256, RFC 5267).
    Sort(Sort),
    /// THREAD (RFC 5256).
    Thread(Thread),
    /// FETCH.
    Fetch(Fetch),
    /// STORE.
    Store(Store),
    /// COPY.
    Copy {
        /// How the messages are named.
        by: By,
        /// Which.
        messages: Messages,
        /// Where to.
        mailbox: MailboxName,
    },
    /// MOVE (RFC 6851).
    Move {
        /// How the messages are named.
        by: By,
        /// Which.
        messages: Messages,
        /// Where to.
        mailbox: MailboxName,
    },
    /// CANCELUPDATE (RFC 5267 §4.3.4): tags of searches.
    CancelUpdate(Vec<String>),
}

/// SELECT or EXAMINE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// Which mailbox.
    pub mailbox: MailboxName,
    /// It was EXAMINE.
    pub read_only: bool,
    /// `(CONDSTORE)`.
    pub condstore: bool,
    /// `(QRESYNC (...))`.
    pub qresync: Option<Qresync>,
}

/// What a client knows of a mailbox it comes back to (RFC 7162 §3.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qresync {
    /// The UIDVALIDITY it knows.
    pub uid_validity: u32,
    /// The modseq up to which it knows everything; not zero.
    pub mod_seq: u64,
    /// The UIDs it knows; without `*`.
    pub known_uids: Option<Set>,
    /// Some numbers and their UIDs, each in rising order and without `*`.
    pub known_pairs: Option<(Set, Set)>,
}
