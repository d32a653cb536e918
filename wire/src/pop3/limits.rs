//! The limits of a POP3 session, each with its reason.

use std::time::Duration;

/// Octets of a command line, CRLF counted (RFC 2449 §4: 255; more for long passwords and UTF-8 names).
pub const COMMAND_LINE: usize = 1024;

/// Octets of a line of an AUTH exchange (RFC 5034 §4 names no limit; the one of RFC 4954 §4 serves).
pub const AUTH_LINE: usize = 12_288;

/// Octets of a listing written at a time, so that a maildrop of any size needs no memory of its own.
pub const PAGE: usize = 16 * 1024;

/// What may differ from one listener to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Commands refused before the connection ends: a person mistypes some, a program in a loop does not stop.
    pub bad_commands: usize,
    /// Logins refused before the connection ends.
    pub login_failures: usize,
    /// Silence allowed before login: a client logs in at once.
    pub login_timeout: Duration,
    /// Silence allowed after login (RFC 1939 §3: at least ten minutes).
    pub idle_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bad_commands: 20,
            login_failures: 5,
            login_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(600),
        }
    }
}
