//! The limits of one IMAP connection, each with its reason. What one command may hold is `crate::imap::limits`; limits
//! over many connections are the doors' (`server`); limits per user are the desk's.

use std::time::Duration;

/// The most of a response that is made at once, in octets: large enough to fill packets, small enough that a mailbox of
/// any length costs a connection no more.
pub const PAGE: usize = 16 * 1024;

/// Searches whose results one connection may have kept up to date (RFC 5267 §4.3): each costs a search at every change.
pub const CONTEXTS: usize = 8;

/// Messages of one APPEND (RFC 3502): more than a client gathers, each holds an upload open until the last, and
/// others wait while all of them are written in one transaction. The desk holds to it too.
pub const APPENDED: usize = 1024;

/// What one connection may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Commands refused with BAD since the last that succeeded; one more closes the connection. A person who mistypes stays
    /// well below; a program that speaks another protocol does not.
    pub bad_commands: usize,
    /// Refused logins; one more closes the connection. Guessing then costs a connection each time; the desk counts
    /// across them.
    pub login_failures: usize,
    /// From the connection to the login, whatever is said meanwhile: a stranger cannot hold a slot by silence, nor by
    /// talking. People log in by a program, in a second.
    pub login_timeout: Duration,
    /// How long a command, or the end of IDLE, may take to come after login. RFC 9051 §5.4 asks for 30 minutes at least.
    pub inactivity_timeout: Duration,
    /// Octets of a message in APPEND.
    pub message_size: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bad_commands: 20,
            login_failures: 5,
            login_timeout: Duration::from_secs(60),
            inactivity_timeout: Duration::from_secs(31 * 60),
            message_size: 50 * 1024 * 1024,
        }
    }
}
