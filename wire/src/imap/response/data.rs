//! Untagged data (RFC 9051 §7.2 to §7.5).

use super::{FetchData, StatusText, Value};
use crate::imap::command::{Flag, StatusItem};
use crate::imap::mailbox::MailboxName;
use message::search::Set;

/// Untagged data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A status; BYE is one.
    Status(StatusText),
    /// CAPABILITY, in capitals.
    Capability(Vec<String>),
    /// ENABLED (RFC 5161), in capitals.
    Enabled(Vec<String>),
    /// FLAGS.
    Flags(Vec<Flag>),
    /// LIST.
    List(Listed),
    /// LSUB (RFC 3501).
    Lsub(Listed),
    /// STATUS: the figures of a mailbox.
    Figures(MailboxName, Vec<(StatusItem, StatusValue)>),
    /// SEARCH (RFC 3501), with the modseq of RFC 7162.
    Search(Vec<u32>, Option<u64>),
    /// SORT (RFC 5256), likewise.
    Sort(Vec<u32>, Option<u64>),
    /// ESEARCH: the tag of the command, whether UIDs are told, and what.
    Esearch(Option<String>, bool, Vec<EsearchItem>),
    /// THREAD (RFC 5256): threads as lists of numbers and lists.
    Thread(Vec<Value>),
    /// EXISTS.
    Exists(u32),
    /// RECENT (RFC 3501).
    Recent(u32),
    /// EXPUNGE: a message number.
    Expunge(u32),
    /// VANISHED (RFC 7162): with EARLIER or without, and the UIDs.
    Vanished(bool, Set),
    /// FETCH: a message number, and what was told.
    Fetch(u32, Vec<FetchData>),
    /// UIDFETCH (RFC 9586): a UID.
    UidFetch(u32, Vec<FetchData>),
    /// NAMESPACE (RFC 2342): personal, of other users, shared.
    Namespace([Vec<Namespace>; 3]),
    /// ID (RFC 2971).
    Id(Vec<(String, Option<String>)>),
    /// QUOTA (RFC 9208): the name of the root and its resources.
    Quota(String, Vec<Quota>),
    /// QUOTAROOT: a mailbox and its roots.
    QuotaRoot(MailboxName, Vec<String>),
    /// What is known by its name only, in capitals, with what follows it as it stands.
    Other(String, Vec<u8>),
}

/// A mailbox that was listed (RFC 9051 §7.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `\Noselect` and its kin, as they stand.
    pub attributes: Vec<String>,
    /// What stands between the parts of its name; `None`: nothing does.
    pub delimiter: Option<char>,
    /// Its name. Where the server writes it in no charset we know, as it stands.
    pub name: MailboxName,
    /// CHILDINFO, OLDNAME and what else is told: names in capitals.
    pub extended: Vec<(String, Value)>,
}

/// What STATUS tells of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusValue {
    /// A number.
    Number(u64),
    /// `NIL`, of APPENDLIMIT.
    Nil,
    /// An object id.
    Id(String),
}

/// What ESEARCH tells (RFC 4731, RFC 7162, RFC 9394).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EsearchItem {
    /// `MIN`.
    Min(u32),
    /// `MAX`.
    Max(u32),
    /// `ALL`.
    All(Set),
    /// `COUNT`.
    Count(u64),
    /// `MODSEQ`.
    ModSeq(u64),
    /// Any other, its name in capitals.
    Other(String, Value),
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// What names in it begin with.
    pub prefix: String,
    /// What stands between the parts of a name.
    pub delimiter: Option<char>,
}

/// A resource of a quota root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name in capitals.
    pub resource: String,
    /// How much is used.
    pub usage: u64,
    /// How much there may be.
    pub limit: u64,
}
