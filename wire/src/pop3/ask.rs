//! What a POP3 session asks its desk, and what it is answered.
//!
//! After a login was accepted the session asks `Open` and works on the snapshot it gets; nothing is locked: another
//! session may remove a message meanwhile (RETR then answers -ERR), and messages that arrive later are seen by the
//! next session. Content goes from the desk to the wire by `Step::Relay`, with the entry's `source`.

use crate::sasl;
use std::sync::Arc;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Who is it? USER and PASS come as `sasl::Ask::Password`. Answer: `Sasl`.
    Login(sasl::Ask),
    /// APOP (RFC 1939 §7). Answer: `Sasl`.
    Apop {
        /// The mailbox name.
        name: String,
        /// MD5 of greeting timestamp and shared secret.
        digest: [u8; 16],
    },
    /// Take the snapshot of the maildrop. Answer: `Maildrop` or `Refused`.
    Open,
    /// Is this message still there? Asked before RETR and TOP. Answer: `Done` or `Refused`.
    Fetch {
        /// The entry's source.
        source: u64,
    },
    /// UPDATE state: remove these messages, by their `source`. Asked only after QUIT. Answer: `Done` or `Refused`
    /// (then some may be gone and others not, RFC 1939 §6).
    Update {
        /// What was marked by DELE.
        deleted: Vec<u64>,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What the login came to.
    Sasl(sasl::Answer),
    /// The snapshot.
    Maildrop(Arc<Maildrop>),
    /// Heard, or done.
    Done,
    /// Not done.
    Refused(Refusal),
}

/// Why something was not done (RFC 3206, RFC 2449 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message was removed by another session.
    Gone,
    /// Try again later: `[SYS/TEMP]`.
    Temporary,
    /// Tell the administrator: `[SYS/PERM]`.
    Permanent,
}

/// The messages of one maildrop at one moment, oldest first. Message number n is entry n-1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maildrop {
    /// The mailbox's UIDVALIDITY; with an entry's `uid` it makes the unique-id, stable for ever.
    pub uid_validity: u32,
    /// The messages.
    pub entries: Vec<Entry>,
}

/// One message of a maildrop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The desk's name for it, used in `Relay`, `Fetch` and `Update`.
    pub source: u64,
    /// Its size in octets as RETR sends it, before dot-stuffing.
    pub octets: u64,
    /// Its UID in the mailbox.
    pub uid: u32,
    /// Its header holds UTF-8 (RFC 6532): only for clients that said UTF8 (RFC 6856 §2).
    pub utf8_header: bool,
}
