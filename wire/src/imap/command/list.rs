//! LIST with its options (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590), and what STATUS tells.

/// LIST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Which mailboxes.
    pub select: ListSelect,
    /// What names begin with, as UTF-8.
    pub reference: String,
    /// With `*` and `%`, as UTF-8; never empty. One that is empty itself asks for the delimiter, unless the command is
    /// `extended`.
    pub patterns: Vec<String>,
    /// What is told of them.
    pub returns: ListReturn,
    /// Some option was there, or patterns in parentheses: then RFC 5258 rules, not RFC 3501.
    pub extended: bool,
}

/// Which mailboxes are listed (RFC 5258 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListSelect {
    /// `SUBSCRIBED`.
    pub subscribed: bool,
    /// `REMOTE`.
    pub remote: bool,
    /// `RECURSIVEMATCH`.
    pub recursive_match: bool,
    /// `SPECIAL-USE` (RFC 6154 §5.2).
    pub special_use: bool,
}

/// What is told of listed mailboxes (RFC 5258 §3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReturn {
    /// `SUBSCRIBED`.
    pub subscribed: bool,
    /// `CHILDREN`.
    pub children: bool,
    /// `SPECIAL-USE`.
    pub special_use: bool,
    /// `MYRIGHTS` (RFC 8440).
    pub my_rights: bool,
    /// `STATUS` (RFC 5819).
    pub status: Vec<StatusItem>,
    /// `METADATA` (RFC 9590): entries in lower case.
    pub metadata: Vec<String>,
}

/// What STATUS tells of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusItem {
    /// `MESSAGES`.
    Messages,
    /// `RECENT` (RFC 3501).
    Recent,
    /// `UIDNEXT`.
    UidNext,
    /// `UIDVALIDITY`.
    UidValidity,
    /// `UNSEEN`.
    Unseen,
    /// `DELETED`.
    Deleted,
    /// `DELETED-STORAGE` (RFC 9208).
    DeletedStorage,
    /// `SIZE` (RFC 8438).
    Size,
    /// `HIGHESTMODSEQ` (RFC 7162).
    HighestModSeq,
    /// `APPENDLIMIT` (RFC 7889).
    AppendLimit,
    /// `MAILBOXID` (RFC 8474).
    MailboxId,
}

impl StatusItem {
    /// Every item.
    pub const ALL: [StatusItem; 11] = [
        StatusItem::Messages,
        StatusItem::Recent,
        StatusItem::UidNext,
        StatusItem::UidValidity,
        StatusItem::Unseen,
        StatusItem::Deleted,
        StatusItem::DeletedStorage,
        StatusItem::Size,
        StatusItem::HighestModSeq,
        StatusItem::AppendLimit,
        StatusItem::MailboxId,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StatusItem::Messages => "MESSAGES",
            StatusItem::Recent => "RECENT",
            StatusItem::UidNext => "UIDNEXT",
            StatusItem::UidValidity => "UIDVALIDITY",
            StatusItem::Unseen => "UNSEEN",
            StatusItem::Deleted => "DELETED",
            StatusItem::DeletedStorage => "DELETED-STORAGE",
            StatusItem::Size => "SIZE",
            StatusItem::HighestModSeq => "HIGHESTMODSEQ",
            StatusItem::AppendLimit => "APPENDLIMIT",
            StatusItem::MailboxId => "MAILBOXID",
        }
    }

    /// By its name in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<StatusItem> {
        StatusItem::ALL.into_iter().find(|item| item.name().eq_ignore_ascii_case(name))
    }
}
