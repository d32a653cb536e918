//! OK, NO, BAD, PREAUTH and BYE with their response codes (RFC 9051 §7.1, RFC 5530).

use crate::imap::command::Flag;
use message::search::Set;

/// How a command ended, or how the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was done.
    Ok,
    /// It was not.
    No,
    /// It was not understood.
    Bad,
    /// The greeting of a connection that needs no login.
    PreAuth,
    /// The connection ends.
    Bye,
}

/// A status, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusText {
    /// The status.
    pub status: Status,
    /// The response code.
    pub code: Option<Code>,
    /// For people.
    pub text: String,
}

/// A response code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// `CAPABILITY`, in capitals.
    Capability(Vec<String>),
    /// `PERMANENTFLAGS`.
    PermanentFlags(Vec<Flag>),
    /// `READ-ONLY`.
    ReadOnly,
    /// `READ-WRITE`.
    ReadWrite,
    /// `TRYCREATE`.
    TryCreate,
    /// `UIDNEXT`.
    UidNext(u32),
    /// `UIDVALIDITY`.
    UidValidity(u32),
    /// `HIGHESTMODSEQ` (RFC 7162).
    HighestModSeq(u64),
    /// `NOMODSEQ` (RFC 7162).
    NoModSeq,
    /// `MODIFIED` (RFC 7162).
    Modified(Set),
    /// `APPENDUID` (RFC 4315): UIDVALIDITY and UIDs.
    AppendUid(u32, Set),
    /// `COPYUID` (RFC 4315): UIDVALIDITY, UIDs there and here.
    CopyUid(u32, Set, Set),
    /// `MAILBOXID` (RFC 8474).
    MailboxId(String),
    /// Any other: its name in capitals, and what follows it as it stands.
    Other(String, String),
}
