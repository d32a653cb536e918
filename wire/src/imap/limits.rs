//! What one command may hold, each limit with its reason.

use crate::session::INPUT_MIN;

/// A tag in octets. Clients make five or so; it stands in every tagged answer and in ESEARCH.
pub const TAG: usize = 128;

/// A command line in octets before login, its literals not counted: the longest ID fits, of [`ID_PAIRS`] pairs (RFC 2971
/// §3.3), and a login with the longest SASL response (RFC 4954 §4 names 12,288 octets for SMTP).
pub const LINE_BEFORE_LOGIN: usize = 33 * 1024;

/// A line that is no command, CR LF counted: the client's part of a login, or the end of IDLE. As long as for the other
/// protocols (RFC 4954 §4 names 12,288 octets), and nothing of it is taken before it is whole.
pub const RESPONSE_LINE: usize = 12_288;
const _: () = assert!(RESPONSE_LINE < INPUT_MIN, "an unfinished line must fit");

/// A command line in octets after login, its literals not counted. RFC 7162 §4 asks servers for at least 8,192; clients
/// that have not heard of it send sets of many thousand UIDs.
pub const LINE: usize = 256 * 1024;

/// A literal in octets before login: a name or a password, 255 octets each, and more than enough of it.
pub const LITERAL_BEFORE_LOGIN: u64 = 1024;

/// A literal in octets after login that is not a message: a search text, a value of METADATA. Search texts longer than a
/// page find nothing; METADATA of this length is more than clients keep (RFC 5464 §4.4 lets servers name a limit).
pub const LITERAL: u64 = 64 * 1024;

/// Octets of a command in all that are gathered, literals included: a line and some literals at their limit.
pub const GATHERED: usize = 512 * 1024;

/// A non-synchronizing literal in octets where the server offers LITERAL- (RFC 7888 §5).
pub const LITERAL_MINUS: u64 = 4096;

/// Octets of a non-synchronizing literal that are read only to be thrown away, so that the client hears why. For more,
/// closing the connection is cheaper for both.
pub const DRAINED: u64 = 64 * 1024 * 1024;

/// Ranges of one sequence set. A client that names every second of 100,000 messages needs half of them, and no line holds
/// more than [`LINE`] / 2.
pub const RANGES: usize = 128 * 1024;

/// Numbers in a section, `BODY[1.2.3]`. As deep as parts of a message may lie, and messages within them.
pub const PART_DEPTH: usize = 256;

/// Flags of one message in APPEND, or of one STORE: more than a mailbox has keywords.
pub const FLAGS: usize = 256;

/// Things asked for in one FETCH, and names in one HEADER.FIELDS: each may cost a pass over the message.
pub const ITEMS: usize = 256;

/// Search keys in one command. Clients look for some hundred ids at a time with `OR`.
pub const SEARCH_KEYS: usize = 4096;

/// Mailboxes in one NOTIFY or ESEARCH, patterns in one LIST, entries in one METADATA command.
pub const NAMES: usize = 1024;

/// Pairs in ID (RFC 2971 §3.3).
pub const ID_PAIRS: usize = 30;
/// A field name in ID, in octets (RFC 2971 §3.3).
pub const ID_FIELD: usize = 30;
/// A value in ID, in octets (RFC 2971 §3.3).
pub const ID_VALUE: usize = 1024;

/// The name of a mailbox in octets of UTF-8, all its parts together. Long enough for 16 parts of 255 characters of
/// ASCII, and short enough to list a hundred thousand of them.
pub const MAILBOX_NAME: usize = 4096;
/// One part of the name of a mailbox in octets of UTF-8: as long as a file name elsewhere, so that mailboxes can be taken
/// there.
pub const MAILBOX_PART: usize = 255;
/// Parts of the name of a mailbox: trees of mailboxes that people make have five or six.
pub const MAILBOX_DEPTH: usize = 32;

/// Octets of an object id (RFC 8474 §7).
pub const OBJECT_ID: usize = 255;

/// Numbers of 63 bits: modseqs, sizes (RFC 9051 §9, RFC 7162 §7).
pub const NUMBER_63: u64 = i64::MAX as u64;
