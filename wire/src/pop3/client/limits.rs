//! The limits on what a server may say to a client session, each with its reason.

use std::time::Duration;

/// A line of the server with its CR LF, in octets, but for those of a message. RFC 2449 §4 allows 512, and 70 octets for
/// a name of UIDL; a limit that is met costs the connection, so it is generous, as for SMTP.
pub const REPLY_LINE: usize = 4096;

/// A challenge of AUTH with its CR LF: RFC 5034 §4 sets no limit, this is what RFC 4954 §4 has for the same exchanges.
pub const CHALLENGE_LINE: usize = 12_288;

/// Lines of CAPA. Servers tell some fifteen; more than this is a flood.
pub const CAPABILITIES: usize = 128;

/// Lines of LIST or UIDL: more messages than any maildrop holds, and an end to a list that has none.
pub const LIST_LINES: u64 = 10_000_000;

/// Lines of a list that are told at once: a list of any length costs the session no more.
pub const LIST_PAGE: usize = 1000;

/// A name by UIDL, in octets. RFC 1939 §7 has at most 70; some servers name files.
pub const UID: usize = 255;

/// The most tasks in one answer; what is more is not done.
pub const TASKS: usize = 1000;

/// Octets of commands sent without hearing their answers: writing them never waits for a server that itself waits for us
/// to read (RFC 2449 §6.6).
pub const GROUP: usize = 4096;

/// The AUTH command with an initial response, with its CR LF, in octets (RFC 5034 §4).
pub const AUTH_COMMAND: usize = 255;

/// What is kept of what was no answer, in characters: enough to tell HTTP from SSH.
pub const GARBAGE_KEPT: usize = 200;

/// A message, in octets, where the desk says nothing else: twenty times what servers accept. A server that never ends one
/// would fill the disk.
pub const MESSAGE: u64 = 1 << 30;

/// To greet, and to answer what leads to the login.
pub const GREETING: Duration = Duration::from_secs(60);

/// To say the next thing: servers that keep one large file read all of it before they answer.
pub const ANSWER: Duration = Duration::from_secs(5 * 60);

/// To answer QUIT: what was marked is removed then, one message after the other (RFC 1939 §6).
pub const UPDATE: Duration = Duration::from_secs(10 * 60);
