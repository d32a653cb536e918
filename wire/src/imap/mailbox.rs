//! Names of mailboxes: paths of UTF-8 parts with `/` between them (RFC 9051 §5.1). Owns what a name may be, INBOX in any
//! case, and the two ways to write it; knows no namespaces and no stored mailboxes.

use super::limits::{MAILBOX_DEPTH, MAILBOX_NAME, MAILBOX_PART};
use super::utf7;
use std::fmt;

/// What stands between the parts of a name.
pub const DELIMITER: char = '/';

/// How names, and texts for people, are written on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// As IMAP4rev1 does: names in modified UTF-7, no octet beyond ASCII outside literals (RFC 3501).
    #[default]
    Ascii,
    /// As after `ENABLE IMAP4rev2` or `ENABLE UTF8=ACCEPT` (RFC 9051 §6.3.1, RFC 6855 §3).
    Utf8,
}

/// The name of a mailbox as a command gives it: any text, with INBOX in capitals when it is the first part. Not every
/// name can be made: see [`MailboxName::defect`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxName(String);

/// Why a mailbox of this name cannot be made. Such a mailbox does not exist, so looking for it finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameDefect {
    /// Nothing between delimiters, or nothing at all.
    #[error("a part of the name is empty")]
    Empty,
    /// `.` or `..`.
    #[error("a part of the name is a dot or two")]
    Dots,
    /// A control character (RFC 9051 §5.1), or a character without a place in Net-Unicode.
    #[error("the name has a control character in it")]
    Control,
    /// `*` or `%`, which LIST could not tell from wildcards.
    #[error("the name has a wildcard in it")]
    Wildcard,
    /// More than [`MAILBOX_NAME`], or a part of more than [`MAILBOX_PART`].
    #[error("the name is too long")]
    Long,
    /// More than [`MAILBOX_DEPTH`] parts.
    #[error("the name has too many parts")]
    Deep,
}

impl MailboxName {
    /// INBOX.
    #[must_use]
    pub fn inbox() -> MailboxName {
        MailboxName("INBOX".to_owned())
    }

    /// Of a name in UTF-8. RFC 9051 §5.1: INBOX in any case is INBOX, as the first part too.
    #[must_use]
    pub fn new(name: &str) -> MailboxName {
        let (first, rest) = name.split_at(name.find(DELIMITER).unwrap_or(name.len()));
        if first.eq_ignore_ascii_case("INBOX") {
            return MailboxName(format!("INBOX{rest}"));
        }
        MailboxName(name.to_owned())
    }

    /// Of a name as it stands on the wire.
    pub fn from_wire(wire: &[u8], charset: Charset) -> Result<MailboxName, utf7::NotUtf7> {
        text_from_wire(wire, charset).map(|name| MailboxName::new(&name))
    }

    /// As it stands on the wire, not quoted.
    #[must_use]
    pub fn to_wire(&self, charset: Charset) -> String {
        text_to_wire(&self.0, charset)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is INBOX itself.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// The parts.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split(DELIMITER)
    }

    /// Without its last part; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<MailboxName> {
        self.0.rsplit_once(DELIMITER).map(|(parent, _)| MailboxName(parent.to_owned()))
    }

    /// Why no mailbox can have this name.
    #[must_use]
    pub fn defect(&self) -> Option<NameDefect> {
        if self.0.len() > MAILBOX_NAME || self.parts().any(|part| part.len() > MAILBOX_PART) {
            Some(NameDefect::Long)
        } else if self.parts().count() > MAILBOX_DEPTH {
            Some(NameDefect::Deep)
        } else if self.parts().any(str::is_empty) {
            Some(NameDefect::Empty)
        } else if self.parts().any(|part| matches!(part, "." | "..")) {
            Some(NameDefect::Dots)
        } else if self.0.chars().any(is_unprintable) {
            Some(NameDefect::Control)
        } else if self.0.contains(['*', '%']) {
            Some(NameDefect::Wildcard)
        } else {
            None
        }
    }
}

/// Controls, and the separators of lines and paragraphs (RFC 5198 §2, RFC 6855 §3), and the marks that turn text round:
/// they make a name look like another.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name, a reference or a pattern from the wire: wildcards and delimiters stand for themselves in modified UTF-7.
pub fn text_from_wire(wire: &[u8], charset: Charset) -> Result<String, utf7::NotUtf7> {
    match charset {
        Charset::Ascii => utf7::decode(wire),
        Charset::Utf8 => std::str::from_utf8(wire).map(str::to_owned).map_err(|_| utf7::NotUtf7),
    }
}

/// The other way.
#[must_use]
pub fn text_to_wire(text: &str, charset: Charset) -> String {
    match charset {
        Charset::Ascii => utf7::encode(text),
        Charset::Utf8 => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_is_inbox_in_any_case() {
        for (name, read) in
            [("inbox", "INBOX"), ("Inbox/Old", "INBOX/Old"), ("Inboxes", "Inboxes"), ("a/inbox", "a/inbox"), ("", "")]
        {
            assert_eq!(MailboxName::new(name).as_str(), read);
        }
        assert!(MailboxName::new("InBoX").is_inbox());
        assert!(!MailboxName::new("inbox/x").is_inbox());
    }

    #[test]
    fn names_have_parts() {
        let name = MailboxName::new("a/b/c");
        assert_eq!(name.parts().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(name.parent(), Some(MailboxName::new("a/b")));
        assert_eq!(MailboxName::new("a").parent(), None);
    }

    #[test]
    fn names_are_written_as_the_client_reads_them() {
        let name = MailboxName::new("Entwürfe & co");
        assert_eq!(name.to_wire(Charset::Ascii), "Entw&APw-rfe &- co");
        assert_eq!(name.to_wire(Charset::Utf8), "Entwürfe & co");
        assert_eq!(MailboxName::from_wire(b"Entw&APw-rfe &- co", Charset::Ascii), Ok(name.clone()));
        assert_eq!(MailboxName::from_wire("Entwürfe & co".as_bytes(), Charset::Utf8), Ok(name));
        assert!(MailboxName::from_wire("Entwürfe".as_bytes(), Charset::Ascii).is_err());
        assert!(MailboxName::from_wire(b"\xFF", Charset::Utf8).is_err());
    }

    #[test]
    fn not_every_name_can_be_made() {
        let defect = |name: &str| MailboxName::new(name).defect();
        for name in ["INBOX", "a/b", "日本語", "..a", "a.b", "R&D", "Tom's \"box\" \\ 1"] {
            assert_eq!(defect(name), None, "{name}");
        }
        for name in ["", "/", "/a", "a/", "a//b"] {
            assert_eq!(defect(name), Some(NameDefect::Empty), "{name}");
        }
        for name in ["..", "../etc", "a/./b", "a/.."] {
            assert_eq!(defect(name), Some(NameDefect::Dots), "{name}");
        }
        for name in ["a\0", "a\r\nb", "\u{85}", "a\u{202E}b", "\u{FEFF}a", "a\u{7f}"] {
            assert_eq!(defect(name), Some(NameDefect::Control), "{name:?}");
        }
        assert_eq!(defect("a*"), Some(NameDefect::Wildcard));
        assert_eq!(defect("50%"), Some(NameDefect::Wildcard));
    }

    #[test]
    fn names_have_limits() {
        let defect = |name: String| MailboxName::new(&name).defect();
        assert_eq!(defect("a".repeat(MAILBOX_PART)), None);
        assert_eq!(defect("a".repeat(MAILBOX_PART + 1)), Some(NameDefect::Long));
        let parts = |count: usize, length: usize| vec!["a".repeat(length); count].join("/");
        assert_eq!(defect(parts(MAILBOX_DEPTH, 1)), None);
        assert_eq!(defect(parts(MAILBOX_DEPTH + 1, 1)), Some(NameDefect::Deep));
        assert_eq!(parts(16, MAILBOX_PART).len() + 1, MAILBOX_NAME);
        assert_eq!(defect(parts(16, MAILBOX_PART)), None);
        assert_eq!(defect(parts(16, MAILBOX_PART) + "/"), Some(NameDefect::Empty));
        assert_eq!(defect(parts(16, MAILBOX_PART) + "/b"), Some(NameDefect::Long));
    }
}
