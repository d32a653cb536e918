//! GETMETADATA (RFC 5464 §4.2).

use crate::imap::mailbox::MailboxName;

/// GETMETADATA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetMetadata {
    /// `None`: the server.
    pub mailbox: Option<MailboxName>,
    /// `MAXSIZE`: longer values are not sent.
    pub size_max: Option<u64>,
    /// `DEPTH`.
    pub depth: Depth,
    /// Entries in lower case, each beginning with `/private/` or `/shared/` where the client is right.
    pub entries: Vec<String>,
}

/// How far below an entry others are told (RFC 5464 §4.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// `0`: none.
    #[default]
    Zero,
    /// `1`: those right below.
    One,
    /// `infinity`.
    Infinity,
}
