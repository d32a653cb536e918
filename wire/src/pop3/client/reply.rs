//! What a server's line says: a yes or a no with its code (RFC 1939 §3, RFC 2449 §8), a challenge, a line of a list.

use super::ask::Listed;
use super::limits::UID;

/// `+OK` or `-ERR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Yes.
    pub ok: bool,
    /// What stood in brackets, in capitals, as in `IN-USE` (RFC 2449 §8) or `SYS/TEMP` (RFC 3206 §4).
    pub code: Option<String>,
    /// The words, without control characters.
    pub text: String,
}

/// A first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Reply(Reply),
    /// `+ challenge` (RFC 5034 §4).
    Challenge(&'a [u8]),
}

impl Reply {
    /// What STAT says: messages and octets (RFC 1939 §5).
    #[must_use]
    pub fn drop_listing(&self) -> Option<(u32, u64)> {
        let mut words = self.text.split_ascii_whitespace();
        let messages = words.next()?.parse().ok()?;
        Some((messages, words.next()?.parse().ok()?)).filter(|_| self.ok)
    }

    /// Whether the same may be tried again later, as told by the code (RFC 2449 §8.1, RFC 3206 §4).
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self.code.as_deref(), Some("IN-USE" | "LOGIN-DELAY" | "SYS/TEMP"))
    }
}

/// Reads a first line without its CR LF; `None`: it is none.
pub(super) fn read(line: &[u8]) -> Option<Line<'_>> {
    if let Some(rest) = said(line, b"+OK") {
        return Some(Line::Reply(reply(true, rest)));
    }
    if let Some(rest) = said(line, b"-ERR") {
        return Some(Line::Reply(reply(false, rest)));
    }
    match line {
        b"+" => Some(Line::Challenge(b"")),
        [b'+', b' ', challenge @ ..] => Some(Line::Challenge(challenge)),
        _ => None,
    }
}

/// What follows a status; both are written in capitals (RFC 1939 §3), which not every server knows.
fn said<'a>(line: &'a [u8], status: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(status.len())?;
    let ends = rest.first().is_none_or(|octet| !octet.is_ascii_alphanumeric());
    (head.eq_ignore_ascii_case(status) && ends).then_some(rest)
}

fn reply(ok: bool, rest: &[u8]) -> Reply {
    let text = plain(rest);
    let text = text.trim();
    let coded = text.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    match coded {
        Some((code, words)) => Reply { ok, code: Some(code.to_ascii_uppercase()), text: words.trim_start().to_owned() },
        None => Reply { ok, code: None, text: text.to_owned() },
    }
}

/// Words without control characters.
pub(super) fn plain(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).chars().filter(|c| !c.is_control()).collect()
}

/// A line of LIST: what follows the size is passed over (RFC 1939 §5).
pub(super) fn size(line: &[u8]) -> Option<Listed> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let number = number(words.next()?)?;
    Some(Listed::Size { number, octets: words.next()?.parse().ok()? })
}

/// A line of UIDL (RFC 1939 §7).
pub(super) fn uid(line: &[u8]) -> Option<Listed> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (number, uid) = (number(words.next()?)?, words.next()?);
    let sound = uid.len() <= UID && uid.bytes().all(|octet| octet.is_ascii_graphic());
    sound.then(|| Listed::Uid { number, uid: uid.to_owned() })
}

fn number(word: &str) -> Option<u32> {
    word.parse().ok().filter(|number| *number > 0)
}

/// The timestamp of a greeting, which APOP signs (RFC 1939 §7): the last word in angle brackets.
pub(super) fn timestamp(greeting: &str) -> Option<&str> {
    let from = greeting.rfind('<')?;
    let stamp = greeting.get(from..)?;
    let end = stamp.find('>')?;
    let stamp = stamp.get(..=end)?;
    // As a msg-id has it: a server could otherwise choose what is signed (RFC 1939 §7, CVE-2007-1558).
    let (local, domain) = stamp.trim_matches(['<', '>']).split_once('@')?;
    let sound = |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_graphic());
    (sound(local) && sound(domain)).then_some(stamp)
}
