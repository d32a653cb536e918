//! What is wrong with a command.

use std::fmt;

/// What was expected, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// How many octets of the command, from its tag on, were understood.
    pub at: usize,
    /// What should have followed them.
    pub expected: &'static str,
    /// Of which kind the error is.
    pub cause: Cause,
}

/// The kinds of errors, by how they are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `BAD`.
    Syntax,
    /// `BAD`: no such command.
    Unknown,
    /// `NO [CANNOT]`: the name of a mailbox is not modified UTF-7, so there is no such mailbox and cannot be.
    Name,
    /// `NO [BADCHARSET (UTF-8 US-ASCII)]`: strings are not in the charset of the search, or it is an unknown one.
    Charset,
    /// The same of a search whose result was to be saved: what was saved before is gone (RFC 5182 §2.1).
    SavedCharset,
    /// `BAD [TOOMANY]`, `NO [LIMIT]`: a limit, told by `expected`.
    Limit,
}

impl SyntaxError {
    pub(in super::super) fn expected(at: usize, expected: &'static str) -> SyntaxError {
        SyntaxError { at, expected, cause: Cause::Syntax }
    }
}

impl std::error::Error for SyntaxError {}

impl fmt::Display for SyntaxError {
    /// As the text of a reply: nothing of what the client sent stands in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Cause::Syntax => write!(f, "expected {} after octet {}", self.expected, self.at),
            Cause::Unknown => f.write_str("unknown command"),
            Cause::Name => f.write_str("the name of the mailbox is not modified UTF-7"),
            Cause::Charset | Cause::SavedCharset => f.write_str("the strings are not in a charset known here"),
            Cause::Limit => write!(f, "more than {} after octet {}", self.expected, self.at),
        }
    }
}
