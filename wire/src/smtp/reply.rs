//! Replies: a code, an enhanced code (RFC 2034, 3463) and lines of text (RFC 5321 §4.2), written and read.

use super::limits::REPLY_LINE;
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;

/// An enhanced status code as in `5.1.1` (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Enhanced(pub u8, pub u16, pub u16);

/// One reply. `Display` and encoding live in this file; the text is free of CR and LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits, the first of them 2 to 5.
    pub code: u16,
    /// Written before the text of every line; `None` only where RFC 2034 §4 leaves it out
    /// (the greeting, the replies to HELO, EHLO and LHLO, 334 and 354).
    pub enhanced: Option<Enhanced>,
    /// At least one line.
    pub lines: Vec<Cow<'static, str>>,
}

/// Why octets are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line does not begin with three digits, the first 2 to 5, and then a space, a `-` or nothing.
    #[error("a reply line begins with a code")]
    Code,
    /// The lines of one reply carry different codes.
    #[error("the lines of the reply differ in their code")]
    Mixed,
    /// A line or the reply is longer than can be kept.
    #[error("the reply is too long")]
    TooLong,
}

/// A reply read from a server, in octets, all lines together: more than any server's EHLO or HELP needs.
const REPLY_READ: usize = 64 * 1024;

impl Reply {
    /// A reply of one line.
    #[must_use]
    pub fn new(code: u16, enhanced: Enhanced, text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { code, enhanced: Some(enhanced), lines: vec![text.into()] }
    }

    /// A reply without enhanced code (RFC 2034 §4: greetings and intermediate replies).
    #[must_use]
    pub fn plain(code: u16, text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { code, enhanced: None, lines: vec![text.into()] }
    }

    /// 2xx or 3xx.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// As octets, CR LF and all. Control characters in the text become spaces; a line over the limit is broken.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let prefix = self.enhanced.map(|enhanced| format!("{enhanced} ")).unwrap_or_default();
        let room = REPLY_LINE - "250-".len() - prefix.len() - "\r\n".len();
        let pieces: Vec<String> = self.lines.iter().flat_map(|line| pieces(line, room)).collect();
        let last = pieces.len().saturating_sub(1);
        let mut out = String::new();
        for (index, piece) in pieces.iter().enumerate() {
            let mark = if index == last { ' ' } else { '-' };
            out.push_str(&format!("{}{mark}{prefix}{piece}\r\n", self.code));
        }
        if pieces.is_empty() {
            out = format!("{} {prefix}\r\n", self.code);
        }
        Bytes::from(out)
    }

    /// Reads a reply from the start of `bytes`: it and its length in octets, or `None` where it is not whole yet.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, ReplyError> {
        let mut reply: Option<Reply> = None;
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                return if bytes.len() > REPLY_READ { Err(ReplyError::TooLong) } else { Ok(None) };
            };
            at += end + 1;
            if at > REPLY_READ {
                return Err(ReplyError::TooLong);
            }
            let line = rest.get(..end).unwrap_or_default();
            let line = ReplyLine::read(line.strip_suffix(b"\r").unwrap_or(line))?;
            let whole = line.last;
            line.append_to(&mut reply)?;
            if let Some(reply) = reply.take_if(|_| whole) {
                return Ok(Some((reply, at)));
            }
        }
    }
}

/// Breaks a line where it does not fit, between characters.
fn pieces(line: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in line.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if pieces.last().is_some_and(|piece| piece.len() + c.len_utf8() > room) {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// One line of a reply, read.
pub(in crate::smtp) struct ReplyLine {
    code: u16,
    /// No line follows.
    pub last: bool,
    enhanced: Option<Enhanced>,
    text: String,
}

impl ReplyLine {
    /// Reads a line without its end.
    pub fn read(line: &[u8]) -> Result<ReplyLine, ReplyError> {
        let (code, rest) = match line {
            [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
                (u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'), rest)
            }
            _ => return Err(ReplyError::Code),
        };
        let (last, text) = match rest {
            [] => (true, rest),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return Err(ReplyError::Code),
        };
        let text = String::from_utf8_lossy(text).replace(char::is_control, " ");
        let (enhanced, text) = match Enhanced::split(&text, code) {
            Some((enhanced, text)) => (Some(enhanced), text.to_owned()),
            None => (None, text),
        };
        Ok(ReplyLine { code, last, enhanced, text })
    }

    /// Makes the line part of the reply that began before it, or begins one.
    pub fn append_to(self, reply: &mut Option<Reply>) -> Result<(), ReplyError> {
        let reply = reply.get_or_insert_with(|| Reply { code: self.code, enhanced: self.enhanced, lines: Vec::new() });
        if reply.code != self.code {
            return Err(ReplyError::Mixed);
        }
        reply.lines.push(self.text.into());
        Ok(())
    }
}

impl Enhanced {
    /// Takes an enhanced code off the start of a reply's text; it must be of the reply's class (RFC 2034 §4).
    fn split(text: &str, code: u16) -> Option<(Enhanced, &str)> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut numbers = word.split('.');
        let (class, subject, detail) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let short = |number: &str| (1..=3).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
        if numbers.next().is_some() || !short(class) || !short(subject) || !short(detail) {
            return None;
        }
        let enhanced = Enhanced(class.parse().ok()?, subject.parse().ok()?, detail.parse().ok()?);
        (u16::from(enhanced.0) == code / 100).then_some((enhanced, rest))
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl fmt::Display for Reply {
    /// On one line, for logs: code, enhanced code, the lines with ` / ` between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        write!(f, " {}", self.lines.join(" / ").replace(char::is_control, " "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn octets(reply: &Reply) -> String {
        String::from_utf8(reply.encode().to_vec()).unwrap()
    }

    #[test]
    fn each_line_carries_both_codes() {
        let mut reply = Reply::new(550, Enhanced(5, 1, 1), "no such user");
        assert_eq!(octets(&reply), "550 5.1.1 no such user\r\n");
        reply.lines.push("try postmaster".into());
        assert_eq!(octets(&reply), "550-5.1.1 no such user\r\n550 5.1.1 try postmaster\r\n");
        assert_eq!(reply.to_string(), "550 5.1.1 no such user / try postmaster");
        reply.lines.clear();
        assert_eq!(octets(&reply), "550 5.1.1 \r\n");
    }

    #[test]
    fn text_cannot_end_a_line() {
        assert_eq!(octets(&Reply::plain(250, "a\r\n550 b\0c")), "250 a  550 b c\r\n");
    }

    #[test]
    fn a_line_is_broken_at_the_limit() {
        let fits = "x".repeat(REPLY_LINE - "250 2.0.0 \r\n".len());
        assert_eq!(octets(&Reply::new(250, Enhanced(2, 0, 0), fits.clone())).lines().count(), 1);
        let long = octets(&Reply::new(250, Enhanced(2, 0, 0), format!("{fits}y")));
        assert_eq!(long.lines().map(str::len).collect::<Vec<_>>(), [REPLY_LINE - 2, "250 2.0.0 y".len()]);
    }

    #[test]
    fn reading_waits_for_the_last_line() {
        assert_eq!(Reply::parse(b"250-a\r\n250 b"), Ok(None));
        let (reply, length) = Reply::parse(b"250-a\r\n250\r\n354 go").unwrap().unwrap();
        assert_eq!((reply.lines, length), (vec!["a".into(), "".into()], 12));
        assert_eq!(Reply::parse(b"HTTP/1.1 400\r\n"), Err(ReplyError::Code));
        assert_eq!(Reply::parse(b"2500 a\r\n"), Err(ReplyError::Code));
        assert_eq!(Reply::parse(b"250-a\r\n251 b\r\n"), Err(ReplyError::Mixed));
        assert_eq!(Reply::parse(&vec![b'2'; REPLY_READ]), Ok(None));
        assert_eq!(Reply::parse(&vec![b'2'; REPLY_READ + 1]), Err(ReplyError::TooLong));
    }

    proptest! {
        #[test]
        fn parse_undoes_encode(class in 2u16..=5, rest in 0u16..100, subject in 0u16..1000, detail in 0u16..1000,
                               lines in prop::collection::vec("[^\\p{Cc}]{0,100}", 1..4)) {
            let lines = lines.into_iter().map(Cow::Owned).collect();
            let enhanced = Some(Enhanced(class as u8, subject, detail));
            let reply = Reply { code: class * 100 + rest, enhanced, lines };
            let encoded = reply.encode();
            prop_assert_eq!(Reply::parse(&encoded), Ok(Some((reply, encoded.len()))));
        }

        #[test]
        fn no_octets_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reply::parse(&bytes);
        }
    }
}
