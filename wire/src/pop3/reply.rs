//! The status line of a response: `+OK` or `-ERR` (RFC 1939 §3), with a response code where one fits (RFC 2449 §8).

use super::{Refusal, limits};
use bytes::Bytes;
use std::borrow::Cow;

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Name or password, or a login against policy (RFC 3206 §5).
    Auth,
    /// Try again later (RFC 3206 §4).
    SysTemp,
    /// Tell the administrator (RFC 3206 §4).
    SysPerm,
    /// The message is for clients that said UTF8 (RFC 6856 §5).
    Utf8,
}

/// A status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    status: &'static str,
    text: Cow<'static, str>,
}

impl Reply {
    pub fn ok(text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { status: "+OK ", text: text.into() }
    }

    pub fn err(text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { status: "-ERR ", text: text.into() }
    }

    pub fn coded(code: Code, text: impl Into<Cow<'static, str>>) -> Reply {
        let status = match code {
            Code::Auth => "-ERR [AUTH] ",
            Code::SysTemp => "-ERR [SYS/TEMP] ",
            Code::SysPerm => "-ERR [SYS/PERM] ",
            Code::Utf8 => "-ERR [UTF8] ",
        };
        Reply { status, text: text.into() }
    }

    /// What the desk would not do.
    pub fn refused(refusal: Refusal) -> Reply {
        match refusal {
            Refusal::Gone => Reply::err("that message was removed by another session"),
            Refusal::Temporary => Reply::coded(Code::SysTemp, "not possible now; try again later"),
            Refusal::Permanent => Reply::coded(Code::SysPerm, "not possible; the administrator must look into it"),
        }
    }

    /// The line as it is sent: of printable ASCII, and no longer than may be.
    pub fn encode(&self) -> Bytes {
        let mut line: String = self.status.to_owned();
        let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        line.extend(self.text.chars().map(printable).take(limits::REPLY_LINE - 2 - self.status.len()));
        line.push_str("\r\n");
        line.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_never_longer_than_may_be() {
        let room = limits::REPLY_LINE - 2 - "+OK ".len();
        let full = Reply::ok("x".repeat(room)).encode();
        assert_eq!(full.len(), limits::REPLY_LINE);
        assert_eq!(Reply::ok("x".repeat(room + 1)).encode(), full);
    }

    #[test]
    fn a_line_is_one_line_of_ascii() {
        assert_eq!(Reply::err("caf\u{e9}\r\n+OK").encode(), "-ERR caf???+OK\r\n");
        assert_eq!(Reply::coded(Code::Utf8, "no").encode(), "-ERR [UTF8] no\r\n");
    }
}
