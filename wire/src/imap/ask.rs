//! What an IMAP session asks its desk, and what it is answered. Owns the questions as plain data; knows no syntax and no
//! store.
//!
//! After a login was accepted the desk acts for that user until [`Ask::Forget`]. It has at most one mailbox selected
//! ([`Ask::Select`]), upon which [`Ask::Sync`], [`Ask::Summaries`], [`Ask::Pieces`], [`Ask::Store`], [`Ask::Expunge`],
//! [`Ask::Copy`] and [`Ask::Search`] work. Messages are always named by UID; message numbers live in the session only.
//! A message that is gone is passed over, never an error.
//!
//! Names that cannot be ([`MailboxName::defect`]) are not asked for where something would be made. UID ranges are in
//! rising order and disjoint.
//!
//! Answers are bounded: what can be long comes by pages. Any question may be answered by [`Answer::Refused`]; then
//! nothing was changed.

use super::command::{Part, Partial, Section};
use super::listing::Listing;
use super::mailbox::MailboxName;
pub use super::rights::Rights;
use crate::sasl;
use bytes::Bytes;
use message::Time;
use message::search::Program;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// UIDs as ranges in rising order, neither touching nor overlapping.
pub type Uids = Vec<RangeInclusive<u32>>;

/// The most messages of one [`Ask::Summaries`] or [`Ask::Pieces`]: large enough that a question costs little for each,
/// small enough that the answer (some KiB a message) stays below a MiB or so.
pub const PAGE_MESSAGES: usize = 256;

/// The most names of one [`Ask::Status`].
pub const PAGE_NAMES: usize = 256;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Who is it? LOGIN comes as `sasl::Ask::Password`. Answer: `Sasl`.
    Login(sasl::Ask),
    /// UNAUTHENTICATE (RFC 8437): nobody any more; what was selected or watched is forgotten. Answer: `Done`.
    Forget,

    /// Every mailbox the user may know of (right `l`), and names subscribed to that have none. Answer: `Folders`.
    Folders,
    /// Figures of mailboxes. Answer: `Statuses`, one for each name, in order.
    Status {
        /// At most [`PAGE_NAMES`].
        names: Vec<MailboxName>,
        /// Those also that cost a look at every message: [`Status::deleted_octets`]. Else it is told as nothing.
        costly: bool,
    },
    /// A new mailbox and the levels above it that are missing. Answer: `Created`.
    Create {
        /// Its name.
        name: MailboxName,
        /// What it is for (RFC 6154 §3).
        special_use: Vec<SpecialUse>,
    },
    /// The mailbox and its messages go; one with mailboxes below stays as a name (`\NoSelect`), or is refused with
    /// `HasChildren`. Answer: `Done`.
    Delete(MailboxName),
    /// The mailbox and those below it get another name; of INBOX, its messages move (RFC 9051 §6.3.6). Answer: `Done`.
    Rename {
        /// What it is called.
        from: MailboxName,
        /// What it shall be called.
        to: MailboxName,
    },
    /// Whether a name is among those LSUB tells; there need be no such mailbox. Answer: `Done`.
    Subscribe {
        /// The name.
        name: MailboxName,
        /// Or not any more.
        subscribed: bool,
    },

    /// Makes a mailbox the selected one, in place of any other. Answer: `Selected`; when it is refused none is selected.
    Select {
        /// Its name.
        name: MailboxName,
        /// EXAMINE: nothing is changed through it, `\Recent` stays for others.
        read_only: bool,
    },
    /// No mailbox is selected any more. Answer: `Done`.
    Unselect,
    /// UIDs that went after a modseq (RFC 7162 §3.2.5.2), of the selected mailbox. Where it is not remembered so far back:
    /// all that are not there. Answer: `Vanished`.
    Vanished {
        /// The modseq the client has.
        since: u64,
        /// Only of these.
        among: Uids,
    },
    /// What is new? Answer: `Synced`. Nothing need be selected.
    Sync,

    /// Prepared descriptions of messages, at most [`PAGE_MESSAGES`]. Answer: `Summaries`, one for each, in order; `None`:
    /// it is gone.
    Summaries {
        /// Which.
        uids: Vec<u32>,
        /// What of them.
        items: SummaryItems,
    },
    /// Pieces of messages: for each message in order each piece wanted, in order. Answer: `Pieces` with as many of them,
    /// from the first, as are good to have at once (one at least); the session asks again for the rest.
    Pieces {
        /// Which messages, at most [`PAGE_MESSAGES`].
        uids: Vec<u32>,
        /// What of each.
        wants: Arc<[Want]>,
        /// How many pieces were answered before, counted over all.
        from: usize,
    },

    /// Changes flags. What the user's rights do not allow is left out in silence, unless nothing is left
    /// (RFC 4314 §4: `NoPermission`). Answer: `Stored`.
    Store {
        /// Of these messages.
        uids: Uids,
        /// How.
        change: FlagChange,
        /// Only where nothing changed after this modseq (RFC 7162 §3.1.3).
        unchanged_since: Option<u64>,
    },
    /// Removes messages with `\Deleted` for good. Answer: `Expunged`.
    Expunge {
        /// Of these only (UID EXPUNGE).
        among: Option<Uids>,
        /// Also tell nothing: CLOSE. The desk then unselects too.
        close: bool,
    },
    /// COPY or MOVE into a mailbox: copies all or none, moves each message whole. Answer: `Copied`.
    Copy {
        /// Which.
        uids: Uids,
        /// Where to.
        to: MailboxName,
        /// MOVE (RFC 6851): they leave the selected mailbox.
        moving: bool,
    },

    /// A step of APPEND or REPLACE. Answer: as the step says.
    Append(AppendStep),

    /// SEARCH, SORT or THREAD. Neither numbers nor `$` nor `\Recent` are in the program any more. Answer: `Found`.
    Search {
        /// What to look for.
        program: Program,
        /// Where: `None`, the selected mailbox; else another, by name (RFC 7377).
        mailbox: Option<MailboxName>,
    },
    /// The next page of the last search. Answer: `Found`.
    SearchMore,

    /// Quota roots of a mailbox, or one by its name (RFC 9208). Answer: `Quotas`.
    Quota(QuotaOf),
    /// SETQUOTA. Answer: `Quotas`.
    SetQuota {
        /// The root.
        root: String,
        /// The new limits.
        limits: Vec<(QuotaResource, u64)>,
    },

    /// GETACL (RFC 4314). Answer: `Acl`.
    Acl(MailboxName),
    /// SETACL and DELETEACL. Answer: `Done`.
    SetAcl {
        /// Of this mailbox.
        mailbox: MailboxName,
        /// Who.
        identifier: String,
        /// How.
        change: AclChange,
    },
    /// LISTRIGHTS. Answer: `RightsOf`.
    ListRights {
        /// Of this mailbox.
        mailbox: MailboxName,
        /// Who.
        identifier: String,
    },
    /// MYRIGHTS, at most [`PAGE_NAMES`] mailboxes. Answer: `MyRights`, one for each.
    MyRights(Vec<MailboxName>),

    /// GETMETADATA (RFC 5464). Answer: `Metadata`.
    Metadata {
        /// Of this mailbox; `None`: of the server.
        mailbox: Option<MailboxName>,
        /// Entries, in lower case.
        entries: Vec<String>,
        /// How many levels below each too; `None`: all.
        depth: Option<u32>,
    },
    /// SETMETADATA: all or none. Answer: `Done`.
    SetMetadata {
        /// Of this mailbox; `None`: of the server.
        mailbox: Option<MailboxName>,
        /// Entries with their new values; `None` removes.
        entries: Vec<(String, Option<Bytes>)>,
    },

    /// NOTIFY SET and NONE (RFC 5465): from now on [`Ask::Sync`] tells of these. Answer: `Done`.
    Watch(Vec<Watch>),
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What the login came to.
    Sasl(sasl::Answer),
    /// Done.
    Done,
    /// Not done, and nothing was changed.
    Refused(Refusal),
    /// Every mailbox, in the order of their names; a parent stands before its children.
    Folders(Arc<[Folder]>),
    /// Figures; `Err` for one that cannot be told.
    Statuses(Vec<Result<Status, Refusal>>),
    /// The MAILBOXID of the new mailbox (RFC 8474).
    Created(u64),
    /// The mailbox that is selected now.
    Selected(Selected),
    /// UIDs that went.
    Vanished(Uids),
    /// What is new.
    Synced(Synced),
    /// Descriptions, in the order asked.
    Summaries(Vec<Option<Summary>>),
    /// Pieces, in the order asked.
    Pieces(Vec<Piece>),
    /// Flags are changed.
    Stored {
        /// But not of these: they had changed since.
        modified: Uids,
        /// The listing with the changes.
        listing: Arc<Listing>,
    },
    /// What was to go is gone.
    Expunged {
        /// The listing without them.
        listing: Arc<Listing>,
    },
    /// Copied or moved.
    Copied {
        /// Of the destination.
        uid_validity: u32,
        /// Which were, in rising order.
        from: Uids,
        /// Their new UIDs, pair by pair in the same order.
        to: Uids,
        /// The selected mailbox now.
        listing: Arc<Listing>,
        /// Why the rest of what was to be moved was not.
        failed: Option<Refusal>,
    },
    /// Appended.
    Appended {
        /// Of the mailbox.
        uid_validity: u32,
        /// The new UIDs, in the order of the messages.
        uids: Uids,
    },
    /// A page of what was found.
    Found(Found),
    /// Quota roots.
    Quotas(Vec<QuotaRoot>),
    /// Who may do what.
    Acl(Vec<(String, Rights)>),
    /// What an identifier always has, and the groups of rights it may be given, each together (RFC 4314 §3.7).
    RightsOf {
        /// Always.
        required: Rights,
        /// May be given.
        optional: Vec<Rights>,
    },
    /// The user's own rights.
    MyRights(Vec<Result<Rights, Refusal>>),
    /// Entries with their values; `None`: there is none.
    Metadata(Vec<(String, Option<Bytes>)>),
}

/// Why something was not done: the codes of RFC 5530 and others, for the session to put into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Try again later: `[UNAVAILABLE]`.
    Temporary,
    /// Tell the administrator: `[CONTACTADMIN]`.
    Permanent,
    /// The user may not: `[NOPERM]`.
    NoPermission,
    /// No such mailbox: `[NONEXISTENT]`, or `[TRYCREATE]` where it could be made.
    NonExistent,
    /// It is there already: `[ALREADYEXISTS]`.
    AlreadyExists,
    /// No such name can be: `[CANNOT]`.
    Cannot,
    /// There are mailboxes below: `[HASCHILDREN]`.
    HasChildren,
    /// It holds no messages, only a name: `[CANNOT]`.
    NoSelect,
    /// `[OVERQUOTA]`.
    OverQuota,
    /// Too many of something: `[LIMIT]`.
    Limit,
    /// The message or annotation is too long; the most there may be.
    TooBig(u64),
    /// More annotations than may be (RFC 5464 §4.3).
    TooMany,
    /// Private annotations are not kept (RFC 5464 §4.3).
    NoPrivate,
    /// No mailbox for that use can be made: `[USEATTR]`.
    UseAttribute,
    /// The part's transfer encoding is unknown: `[UNKNOWN-CTE]`.
    UnknownCte,
    /// The URL cannot be resolved (RFC 4469 §4): `[BADURL]`.
    BadUrl(String),
    /// The message to be replaced is gone.
    Gone,
    /// What is stored is damaged: `[CORRUPTION]`.
    Corrupted,
    /// Somebody else uses it: `[INUSE]`.
    InUse,
}

/// What a mailbox is for (RFC 6154 §2, RFC 8457).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// `\All`.
    All,
    /// `\Archive`.
    Archive,
    /// `\Drafts`.
    Drafts,
    /// `\Flagged`.
    Flagged,
    /// `\Important`.
    Important,
    /// `\Junk`.
    Junk,
    /// `\Sent`.
    Sent,
    /// `\Trash`.
    Trash,
}

/// A mailbox, or a name without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// All of its name.
    pub name: MailboxName,
    /// It can be selected; otherwise it is a level only (`\NoSelect`).
    pub selectable: bool,
    /// There is such a mailbox or level; otherwise only a subscription (`\NonExistent`).
    pub exists: bool,
    /// The user subscribed to it.
    pub subscribed: bool,
    /// Mailboxes can be made below it.
    pub inferiors: bool,
    /// What it is for.
    pub special_use: Vec<SpecialUse>,
}

/// Figures of a mailbox (RFC 9051 §6.3.11 and extensions), always all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// MESSAGES.
    pub messages: u32,
    /// UIDNEXT.
    pub uid_next: u32,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UNSEEN.
    pub unseen: u32,
    /// RECENT.
    pub recent: u32,
    /// DELETED.
    pub deleted: u32,
    /// Octets of those, DELETED-STORAGE (RFC 9208 §5.3).
    pub deleted_octets: u64,
    /// SIZE.
    pub octets: u64,
    /// HIGHESTMODSEQ.
    pub highest_modseq: u64,
    /// MAILBOXID.
    pub mailbox_id: u64,
    /// APPENDLIMIT of this mailbox; `None`: no limit of its own.
    pub append_limit: Option<u64>,
}

/// A mailbox that was selected.
#[derive(Clone, Debug)]
pub struct Selected {
    /// What is in it.
    pub listing: Arc<Listing>,
    /// Nothing can be changed: asked for, or for want of rights.
    pub read_only: bool,
    /// What the user may do.
    pub rights: Rights,
    /// New keywords can be made (`\*`).
    pub new_keywords: bool,
    /// Messages this session is the first to be told of: `\Recent`.
    pub recent: Uids,
}

/// What is new since the last answer that told.
#[derive(Clone, Debug, Default)]
pub struct Synced {
    /// The selected mailbox now; `None`: none is selected, or it was deleted.
    pub listing: Option<Arc<Listing>>,
    /// More messages this session is the first to be told of.
    pub recent: Uids,
    /// Of what is watched beside it (NOTIFY).
    pub news: Vec<News>,
}

/// News of what is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Figures changed.
    Status(MailboxName, Status),
    /// A mailbox is new, or its subscription or place changed.
    Folder {
        /// As it is now; where it is gone, with `exists` false.
        folder: Folder,
        /// What it was called before.
        old_name: Option<MailboxName>,
    },
    /// Annotations changed: mailbox (`None`: the server) and entries.
    Metadata(Option<MailboxName>, Vec<String>),
    /// More happened than can be told: `[NOTIFICATIONOVERFLOW]`; nothing is watched any more.
    Overflow,
}

/// What of a message's description is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a set of items")]
pub struct SummaryItems {
    /// ENVELOPE.
    pub envelope: bool,
    /// BODY, without extension data.
    pub body: bool,
    /// BODYSTRUCTURE.
    pub body_structure: bool,
    /// PREVIEW (RFC 8970).
    pub preview: bool,
    /// THREADID (RFC 8474).
    pub thread_id: bool,
    /// SAVEDATE (RFC 8514).
    pub save_date: bool,
    /// The client understands UTF-8 in quoted strings (RFC 9051 §4.3, RFC 6855 §3).
    pub utf8: bool,
}

/// What was wanted of a message's description; the octets are as they go to the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// What stands after `ENVELOPE `.
    pub envelope: Option<Bytes>,
    /// What stands after `BODY `.
    pub body: Option<Bytes>,
    /// What stands after `BODYSTRUCTURE `.
    pub body_structure: Option<Bytes>,
    /// The text, undecorated, at most 256 characters.
    pub preview: Option<String>,
    /// Its name; `None` is NIL.
    pub thread_id: Option<u64>,
    /// When it came into this mailbox.
    pub save_date: Option<Time>,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// `BODY[...]<...>`.
    Section(Section, Option<Partial>),
    /// `BINARY[...]<...>`: transfer encoding undone (RFC 3516); the range counts what is decoded.
    Binary(Part, Option<Partial>),
    /// `BINARY.SIZE[...]`.
    BinarySize(Part),
}

/// What became of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Here it is: short.
    Here(Bytes),
    /// So many octets, to be relayed.
    Stored {
        /// The desk's name for the content, until the next question.
        source: u64,
        /// Where in it the piece begins.
        offset: u64,
        /// How many octets.
        octets: u64,
    },
    /// BINARY.SIZE.
    Size(u64),
    /// There is no such part: NIL.
    Absent,
    /// The part's transfer encoding is unknown (RFC 3516 §4.3).
    UnknownCte,
    /// The message is gone.
    Gone,
    /// It cannot be read.
    Damaged,
}

/// Flags by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagNames {
    /// System flags, as the bits a listing has for them.
    pub system: u64,
    /// Keywords, as the client wrote them.
    pub keywords: Vec<String>,
}

/// How flags change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// These are set, others stay.
    Add(FlagNames),
    /// These are cleared, others stay.
    Remove(FlagNames),
    /// These and no others.
    Replace(FlagNames),
}

/// A step of APPEND (RFC 9051 §6.3.12, RFC 3502, RFC 4469) or REPLACE (RFC 8508). In order: `Begin`, then for each
/// message `Message`, its content (by `Step::Content`, and `Url`), `End`; then `Commit`. `Abort` at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendStep {
    /// May there be messages put into this mailbox? Answer: `Done`.
    Begin {
        /// Its name.
        mailbox: MailboxName,
        /// The message that goes when the new one is there (REPLACE), of the selected mailbox.
        replaces: Option<u32>,
    },
    /// A message begins. Answer: `Done`; `Refused` where so many octets cannot be taken.
    Message {
        /// Its flags.
        flags: FlagNames,
        /// INTERNALDATE; `None`: now.
        date: Option<Time>,
        /// Octets the client announced, as far as they are known by now.
        octets: u64,
    },
    /// Content that is here already (CATENATE). Answer: `Done` or `Refused`.
    Url(String),
    /// The message is whole. Answer: `Done`, or what failed meanwhile.
    End,
    /// All of them, in one transaction. Answer: `Appended`.
    Commit,
    /// Nothing of it. Answer: `Done`.
    Abort,
}

/// A page of what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// This page.
    pub rows: FoundRows,
    /// There may be more: ask `SearchMore`. A page may be empty and have more after it.
    pub more: bool,
    /// How far the search is, while it goes on (RFC 9585).
    pub progress: Option<Progress>,
    /// Of a search in another mailbox, by name: its UIDVALIDITY.
    pub uid_validity: u32,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So much is done, of so much in all.
    Of(u32, u32),
    /// It goes on, nobody knows how long.
    Unknown,
}

/// What a page holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundRows {
    /// In order of UID.
    Ranges(Uids),
    /// In the order asked for.
    Sorted(Vec<u32>),
    /// Threads, whole ones, parents before children: how deep each message lies (0: a root) and its UID, 0 for a message
    /// that is not there.
    Threads(Vec<(u32, u32)>),
}

/// Whose quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaOf {
    /// The roots of a mailbox.
    Mailbox(MailboxName),
    /// A root by its name.
    Root(String),
}

/// A quota root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRoot {
    /// Its name.
    pub name: String,
    /// Resource, usage, limit.
    pub resources: Vec<(QuotaResource, u64, u64)>,
}

/// What is counted (RFC 9208 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuotaResource {
    /// In units of 1,024 octets.
    Storage,
    /// Messages.
    Message,
    /// Mailboxes.
    Mailbox,
    /// Annotations, in units of 1,024 octets.
    AnnotationStorage,
}

/// How an identifier's rights change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclChange {
    /// These and no others.
    Replace(Rights),
    /// These too.
    Add(Rights),
    /// Not these.
    Remove(Rights),
    /// No entry any more (DELETEACL).
    Delete,
}

/// What is to be told of some mailboxes (RFC 5465 §5, §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Which.
    pub of: WatchOf,
    /// Which events; none: `NONE`.
    pub events: Events,
    /// STATUS of each is told at once.
    pub status: bool,
}

/// Events of a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a set of events")]
pub struct Events {
    /// MessageNew and MessageExpunge.
    pub messages: bool,
    /// FlagChange.
    pub flags: bool,
    /// MailboxName.
    pub names: bool,
    /// SubscriptionChange.
    pub subscriptions: bool,
    /// MailboxMetadataChange, or ServerMetadataChange of [`WatchOf::Server`].
    pub metadata: bool,
}

impl Events {
    /// RFC 5465 §6: what is told of a mailbox, given all watches that fit it in the order of the command: the events of all
    /// of them. `NONE` (§8) takes it away from those behind.
    pub fn of_all<'a>(fitting: impl Iterator<Item = &'a Watch>) -> Events {
        let wanted = fitting.map(|watch| watch.events).take_while(|events| *events != Events::default());
        wanted.fold(Events::default(), |all, more| Events {
            messages: all.messages | more.messages,
            flags: all.flags | more.flags,
            names: all.names | more.names,
            subscriptions: all.subscriptions | more.subscriptions,
            metadata: all.metadata | more.metadata,
        })
    }
}

/// Which mailboxes are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchOf {
    /// Where mail arrives.
    Inboxes,
    /// All of the user's own.
    Personal,
    /// All subscribed to.
    Subscribed,
    /// These and all below.
    Subtree(Vec<MailboxName>),
    /// These.
    Mailboxes(Vec<MailboxName>),
    /// The server itself.
    Server,
}

impl SpecialUse {
    /// Every one, with its attribute.
    pub const ALL: [(SpecialUse, &'static str); 8] = [
        (SpecialUse::All, "\\All"),
        (SpecialUse::Archive, "\\Archive"),
        (SpecialUse::Drafts, "\\Drafts"),
        (SpecialUse::Flagged, "\\Flagged"),
        (SpecialUse::Important, "\\Important"),
        (SpecialUse::Junk, "\\Junk"),
        (SpecialUse::Sent, "\\Sent"),
        (SpecialUse::Trash, "\\Trash"),
    ];

    /// Its attribute, as in `\Sent`.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        SpecialUse::ALL.iter().find(|(other, _)| *other == self).map_or("", |(_, attribute)| attribute)
    }
}

/// An object id as clients see it (RFC 8474 §7): a letter for what it names, so that ids of different things differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectId {
    /// MAILBOXID.
    Mailbox(u64),
    /// EMAILID.
    Email(u64),
    /// THREADID.
    Thread(u64),
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ObjectId::Mailbox(id) => write!(f, "F{id}"),
            ObjectId::Email(id) => write!(f, "E{id}"),
            ObjectId::Thread(id) => write!(f, "T{id}"),
        }
    }
}

impl ObjectId {
    /// Reads one; `None` for any that was not written here.
    #[must_use]
    pub fn parse(text: &str) -> Option<ObjectId> {
        let number = text.get(1..)?.parse().ok()?;
        let id = match text.as_bytes().first()? {
            b'F' => ObjectId::Mailbox(number),
            b'E' => ObjectId::Email(number),
            b'T' => ObjectId::Thread(number),
            _ => return None,
        };
        (id.to_string() == text).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_ids_read_back() {
        for id in [ObjectId::Mailbox(1), ObjectId::Email(u64::MAX), ObjectId::Thread(0)] {
            assert_eq!(ObjectId::parse(&id.to_string()), Some(id));
        }
        for wrong in ["", "E", "X1", "E01", "E+1", "e1", "E-1", "\u{e9}1"] {
            assert_eq!(ObjectId::parse(wrong), None, "{wrong}");
        }
    }
}
