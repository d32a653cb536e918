//! APPEND (RFC 9051 §6.3.12) with MULTIAPPEND (RFC 3502), CATENATE (RFC 4469) and UTF8 (RFC 6855), and REPLACE (RFC
//! 8508): commands that carry messages.
//!
//! Such a command comes in pieces. The first is [`Upload`], up to the first literal that holds content; every further
//! one is a list of [`UploadItem`]s. Between two pieces the octets of one literal are streamed. The last piece is
//! without literal. So `APPEND box (\Seen) {5}` is `[Message]`, five octets, then `[End]`; and `APPEND box CATENATE (URL
//! "/a" TEXT {5}` is `[Message, Url]`, five octets, then `[End]` for the `)`.

use super::{By, Flag};
use crate::imap::mailbox::MailboxName;
use message::date::Date;
use message::search::Bound;

/// The first piece of APPEND or REPLACE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Where the messages go.
    pub target: Target,
    /// What stands before the first literal; of a command without one, everything.
    pub items: Vec<UploadItem>,
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// APPEND.
    Append(MailboxName),
    /// REPLACE: one message, in the place of another.
    Replace {
        /// How the other is named.
        by: By,
        /// Which it is.
        message: Bound,
        /// Where the new one goes.
        mailbox: MailboxName,
    },
}

/// What stands between literals with content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadItem {
    /// A message begins.
    Message {
        /// Its flags, as in [`super::Store`].
        flags: Vec<Flag>,
        /// Its INTERNALDATE.
        internal_date: Option<Date>,
        /// How its content comes.
        form: Form,
    },
    /// A part of a CATENATE by URL, as typed.
    Url(String),
    /// The message is whole.
    End,
}

/// How the content of a message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As one literal.
    Plain,
    /// As one literal in `UTF8 (...)` (RFC 6855 §4).
    Utf8,
    /// As parts in `CATENATE (...)`.
    Catenate,
}

/// A literal that is announced: its octets come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    /// How many octets.
    pub octets: u64,
    /// The client waits for a continuation before it sends them.
    pub synchronizing: bool,
    /// `~{...}`: NUL may be among them (RFC 3516).
    pub binary: bool,
}
