//! The limits of one SMTP or LMTP connection, each with its reason. Limits over many connections (per address, per
//! second) are the doors' (`server`); limits per user are the desk's.

use std::time::Duration;

/// A command line with its CRLF, in octets. RFC 5321 §4.5.3.1.4 asks for 512; SIZE, BODY, AUTH, RET, ENVID (§4.4 of
/// RFC 3461: 100 more), ORCPT (500 more) and SMTPUTF8 lengthen MAIL and RCPT to about 1,500.
pub const COMMAND_LINE: usize = 4096;

/// An AUTH command or response line with its CRLF, in octets (RFC 4954 §4).
pub const AUTH_LINE: usize = 12_288;

/// An address between its angle brackets, in octets: a path is at most 256 (RFC 5321 §4.5.3.1.3).
pub const PATH: usize = 254;

/// The name after HELO, EHLO or LHLO, in octets (RFC 5321 §4.5.3.1.2).
pub const CLIENT_NAME: usize = 255;

/// ENVID= as written, in octets (RFC 3461 §4.4).
pub const ENVID: usize = 100;

/// ORCPT= as written, in octets (RFC 3461 §4.2).
pub const ORCPT: usize = 500;

/// A reply line with its CRLF, in octets (RFC 5321 §4.5.3.1.5).
pub const REPLY_LINE: usize = 512;

/// What one connection may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Content of one message, in octets; announced by SIZE (RFC 1870).
    pub message_size: u64,
    /// Accepted recipients of one message; more get 452 (RFC 5321 §4.5.3.1.10). RFC 5321 §4.5.3.1.8 asks for 100 at
    /// least; 1,000 spares list servers a second transaction. As many may be refused, counted apart.
    pub recipients: usize,
    /// Transactions of one connection; more get 421. So many that only a runaway client meets it.
    pub transactions: usize,
    /// Commands refused as unknown, malformed or out of order; one more gets 421. A person who mistypes stays well
    /// below; a program that speaks another protocol does not.
    pub bad_commands: usize,
    /// Refused logins; one more gets 421. Guessing then costs a connection each time; the desk counts across them.
    pub login_failures: usize,
    /// Octets of refused input (content, chunks, endless lines) one connection may send before it is closed. They are
    /// read so that the refusal is heard, five messages' worth, and not for ever.
    pub discarded: u64,
    /// How long a command may take to come (RFC 5321 §4.5.3.2.7).
    pub command_timeout: Duration,
    /// The same for LMTP, whose clients are programs next door: a connection that says nothing holds a slot.
    pub idle_timeout: Duration,
    /// From the connection to the login on a submission port, whatever is said meanwhile: who is known by then has the
    /// command timeout, and a stranger cannot hold a slot by talking. People log in by a program, in a second.
    pub login_timeout: Duration,
    /// How long the next octets of content may take to come. RFC 5321 §4.5.3.2.5 gives the sender 3 minutes a block;
    /// §4.5.3.2.7 has the server wait 5.
    pub content_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_size: 50 * 1024 * 1024,
            recipients: 1000,
            transactions: 1000,
            bad_commands: 20,
            login_failures: 5,
            discarded: 250 * 1024 * 1024,
            command_timeout: Duration::from_secs(300),
            idle_timeout: Duration::from_secs(60),
            login_timeout: Duration::from_secs(60),
            content_timeout: Duration::from_secs(300),
        }
    }
}
