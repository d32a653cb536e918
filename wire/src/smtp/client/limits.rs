//! The limits on what a peer may say to a client session and on what the session sends, each with its reason.

/// A reply line with its end, in octets. RFC 5321 §4.5.3.1.5 allows 512; real servers write longer ones, and a limit
/// that is met costs a message. A longer line is no reply.
pub const REPLY_LINE: usize = 4096;

/// Lines of one reply. EHLO lists some twenty, HELP some fifty; more is a flood.
pub const REPLY_LINES: usize = 128;

/// The text of one reply in octets, all lines together: more than any server says, and all a hostile one can make a
/// connection hold.
pub const REPLY_OCTETS: usize = 64 * 1024;

/// What is kept of a reply's text for the desk, in octets. A thousand recipients may each have a reply of their own,
/// and people read the first lines.
pub const REPLY_KEPT: usize = 2048;

/// What is kept of what was no reply, in octets: enough to tell HTTP from SSH.
pub const GARBAGE_KEPT: usize = 200;

/// A command line with its CR LF, in octets (RFC 5321 §4.5.3.1.4).
pub const COMMAND_LINE: usize = 512;

/// What the parameters of MAIL add: SIZE 26 (RFC 1870 §3), BODY 17 (RFC 6152 §2), SMTPUTF8 10 (RFC 6531 §3.1), RET 9,
/// and ENVID with its name (RFC 3461 §4.4).
pub const MAIL_PARAMETERS: usize = 26 + 17 + 10 + 9 + " ENVID=".len() + crate::smtp::limits::ENVID;

/// What the parameters of RCPT add: NOTIFY with all its words, and ORCPT with its name (RFC 3461 §4.1, §4.2).
pub const RCPT_PARAMETERS: usize = " NOTIFY=SUCCESS,FAILURE,DELAY".len() + " ORCPT=".len() + crate::smtp::limits::ORCPT;

/// Octets of commands sent without hearing the replies (RFC 2920 §3.1: a group fits a TCP window, which is never less
/// than this): writing them never waits for a peer that itself waits for us to read.
pub const GROUP: usize = 4096;

/// Octets of randomness for the nonce of a login.
pub const RANDOM: usize = 24;
