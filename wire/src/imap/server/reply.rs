//! Status responses: OK, NO, BAD with their response codes (RFC 9051 §7.1, RFC 5530), and how a desk's refusal is put
//! into words.

use crate::imap::Refusal;
use std::borrow::Cow;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
}

/// A status response without its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub status: Status,
    code: Option<Cow<'static, str>>,
    text: Cow<'static, str>,
}

/// The longest text of a reply: what was echoed in it is cut.
const TEXT_MAX: usize = 400;

impl Reply {
    pub fn ok(text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { status: Status::Ok, code: None, text: text.into() }
    }

    pub fn no(text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { status: Status::No, code: None, text: text.into() }
    }

    pub fn bad(text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { status: Status::Bad, code: None, text: text.into() }
    }

    /// With a response code, which stands in brackets.
    pub fn code(mut self, code: impl Into<Cow<'static, str>>) -> Reply {
        self.code = Some(code.into());
        self
    }

    /// The line, with a tag or `*`.
    pub fn encode(&self, tag: &str) -> Vec<u8> {
        let word = match self.status {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
        };
        let mut line = format!("{tag} {word} ");
        if let Some(code) = &self.code {
            line.push_str(&format!("[{code}] "));
        }
        let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        line.extend(self.text.chars().take(TEXT_MAX).map(printable));
        line.push_str("\r\n");
        line.into_bytes()
    }
}

/// An answer that does not fit its question.
pub(super) fn misfit() -> Reply {
    Reply::no("internal error").code("SERVERBUG")
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Reply {
        match refusal {
            Refusal::Temporary => Reply::no("not possible now; try again later").code("UNAVAILABLE"),
            Refusal::Permanent => Reply::no("the administrator must look into it").code("CONTACTADMIN"),
            Refusal::NoPermission => Reply::no("you may not do that").code("NOPERM"),
            Refusal::NonExistent => Reply::no("there is no such mailbox").code("NONEXISTENT"),
            Refusal::AlreadyExists => Reply::no("that name is taken").code("ALREADYEXISTS"),
            Refusal::Cannot => Reply::no("that cannot be").code("CANNOT"),
            Refusal::HasChildren => Reply::no("there are mailboxes below it").code("HASCHILDREN"),
            Refusal::NoSelect => Reply::no("that holds mailboxes only, no messages").code("CANNOT"),
            Refusal::OverQuota => Reply::no("the quota is used up").code("OVERQUOTA"),
            Refusal::Limit => Reply::no("that is too many").code("LIMIT"),
            Refusal::TooBig(most) => Reply::no(format!("at most {most} octets are taken")).code("TOOBIG"),
            Refusal::TooMany => Reply::no("there are too many annotations").code("METADATA TOOMANY"),
            Refusal::NoPrivate => Reply::no("private annotations are not kept").code("METADATA NOPRIVATE"),
            Refusal::UseAttribute => Reply::no("no mailbox can be made for that use").code("USEATTR"),
            Refusal::UnknownCte => Reply::no("the transfer encoding is unknown").code("UNKNOWN-CTE"),
            Refusal::BadUrl(url) => bad_url(&url),
            Refusal::Gone => Reply::no("that message is gone").code("EXPUNGEISSUED"),
            Refusal::Corrupted => Reply::no("what is stored is damaged").code("CORRUPTION"),
            Refusal::InUse => Reply::no("somebody else uses it").code("INUSE"),
        }
    }
}

/// RFC 4469 §4. The URL is the client's own; what could not stand in a code is left out.
fn bad_url(url: &str) -> Reply {
    let sound = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ']');
    let url: String = url.chars().filter(|c| sound(*c)).take(TEXT_MAX).collect();
    Reply::no("that URL leads nowhere").code(format!("BADURL \"{url}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_of_ascii() {
        let reply = Reply::no("caf\u{e9}\r\nA OK").code("CANNOT");
        assert_eq!(reply.encode("a1"), b"a1 NO [CANNOT] caf???A OK\r\n");
        let long = Reply::bad("x".repeat(TEXT_MAX + 9)).encode("*");
        assert_eq!(long.len(), TEXT_MAX + "* BAD \r\n".len());
    }

    #[test]
    fn a_url_cannot_end_its_code() {
        let reply = Reply::from(Refusal::BadUrl("/a\"] \r\nx".to_owned())).encode("a");
        assert!(reply.starts_with(b"a NO [BADURL \"/ax\"] "));
    }
}
