//! The limits of one POP3 connection, each with its reason. Limits over many connections (per address, per second) are
//! the doors' (`server`); limits per user are the desk's.

use std::time::Duration;

/// A command line with its CRLF, in octets. RFC 2449 §4 has clients keep to 255; a name of 255 octets, or a password
/// as long in an alphabet of more octets a letter, needs more.
pub const COMMAND_LINE: usize = 512;

/// An AUTH command or response line with its CRLF, in octets: RFC 5034 §4 sets none, this is what RFC 4954 §4 has for
/// the same exchanges.
pub const AUTH_LINE: usize = 12_288;

/// The first line of a response with its CRLF, in octets (RFC 2449 §4).
pub const REPLY_LINE: usize = 512;

/// The most of a listing that is made at once, in octets: large enough to fill packets, small enough that a maildrop
/// of any length costs a connection no more.
pub const PAGE: usize = 16 * 1024;

/// What one connection may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Commands refused as unknown, malformed or out of order; one more closes the connection. A person who mistypes
    /// stays well below; a program that speaks another protocol does not.
    pub bad_commands: usize,
    /// Refused logins; one more closes the connection. Guessing then costs a connection each time; the desk counts
    /// across them.
    pub login_failures: usize,
    /// Octets of over-long lines one connection may send before it is closed. They are read so that the refusal is
    /// heard, and not for ever.
    pub discarded: u64,
    /// From the connection to the login, whatever is said meanwhile: a stranger cannot hold a slot by silence, nor by
    /// talking. People log in by a program, in a second.
    pub login_timeout: Duration,
    /// How long a command may take to come after login. RFC 1939 §3 asks for 10 minutes at least.
    pub inactivity_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bad_commands: 20,
            login_failures: 5,
            discarded: 1024 * 1024,
            login_timeout: Duration::from_secs(60),
            inactivity_timeout: Duration::from_secs(600),
        }
    }
}
