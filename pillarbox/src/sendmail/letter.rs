//! A message as a program writes it to `sendmail`, made into one that can travel: lines that end with CRLF, a header and an
//! empty line, a From; and whom it is for, where it says so itself. Pure. Missing Date and Message-ID are added by the
//! server, as for all who submit (RFC 6409 §8).

use message::build::{self, Mailbox};
use message::header::{addresses, begins_with_field, fields, section_end};
use message::summary::Envelope;
use message::{Address, header};
use std::io::{self, BufRead};

/// A message in lines that end with CRLF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its header section with the empty line; empty where it has no header.
    section: Vec<u8>,
    body: Vec<u8>,
}

/// Reads a message: up to the end, or to a line that holds only a dot unless `keep_dots`. Line ends may be those of Unix,
/// of the wire, or of a progress bar (a CR alone).
///
/// # Errors
/// Those of the input, and `FileTooLarge` for more than `octets_max`.
pub fn read(mut input: impl BufRead, keep_dots: bool, octets_max: u64) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let room = octets_max.saturating_sub(message.len() as u64).saturating_add(1);
        let octets = io::Read::take(&mut input, room).read_until(b'\n', &mut line)?;
        if octets as u64 == room && line.last() != Some(&b'\n') {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if octets == 0 || (!keep_dots && text == b".") {
            return Ok(message);
        }
        for part in text.split(|octet| *octet == b'\r') {
            message.extend_from_slice(part);
            message.extend_from_slice(b"\r\n");
        }
        if message.len() as u64 > octets_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
}

impl Letter {
    /// Finds the header of a message in lines that end with CRLF. A first line as mailbox files have it goes.
    #[must_use]
    pub fn of(message: &[u8]) -> Letter {
        let first = |message: &[u8]| message.split(|octet| *octet == b'\n').next().unwrap_or_default().to_vec();
        let message = match first(message) {
            line if line.starts_with(b"From ") || line.starts_with(b">From ") => {
                message.get(line.len() + 1..).unwrap_or_default()
            }
            _ => message,
        };
        let end = header_end(message);
        let (section, rest) = message.split_at(end.min(message.len()));
        let body = rest.strip_prefix(b"\r\n").unwrap_or(rest);
        Letter { section: section.to_vec(), body: body.to_vec() }
    }

    /// Whom it is for, by To, Cc and Bcc, or where it was sent again by the Resent fields alone (RFC 5322 §3.6.6), of which
    /// the first block is the latest.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        let is_resent = fields(&self.section).any(|field| RESENT.iter().any(|name| field.is(name)));
        let names = if is_resent { RESENT } else { PLAIN };
        let mut seen: Vec<&str> = Vec::new();
        let mut all = Vec::new();
        for field in fields(&self.section) {
            let Some(name) = names.iter().find(|name| field.is(name)) else { continue };
            if is_resent && seen.contains(name) {
                continue;
            }
            seen.push(name);
            let entries = addresses(field.value);
            all.extend(Envelope::mailboxes(&entries).map(address_text));
        }
        all
    }

    /// Takes out what only the sender may see (RFC 5322 §3.6.3).
    pub fn hide_blind_copies(&mut self) {
        let hidden = |field: &header::Field<'_>| field.is("Bcc") || field.is("Resent-Bcc");
        let ranges: Vec<_> = fields(&self.section).filter(hidden).map(|field| field.range).collect();
        for range in ranges.into_iter().rev() {
            self.section.drain(range);
        }
    }

    /// Puts a From before it where there is none.
    pub fn sign(&mut self, name: &str, address: &Address) {
        if fields(&self.section).any(|field| field.is("From")) {
            return;
        }
        let from = build::addresses("From", &[Mailbox { name: name.to_owned(), address: address.clone() }]);
        self.section.splice(0..0, from);
    }

    /// Octets above 127 are in it.
    #[must_use]
    pub fn is_eight_bit(&self) -> bool {
        !self.section.is_ascii() || !self.body.is_ascii()
    }

    /// The whole message.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        [self.section.as_slice(), b"\r\n", &self.body].concat()
    }
}

const PLAIN: [&str; 3] = ["To", "Cc", "Bcc"];
const RESENT: [&str; 3] = ["Resent-To", "Resent-Cc", "Resent-Bcc"];

/// Where the header ends: at an empty line, or where a line is neither a field nor the continuation of one.
fn header_end(message: &[u8]) -> usize {
    let whole = section_end(message, 0).map_or(message.len(), |end| end.saturating_sub(2));
    let mut at = 0;
    while at < whole {
        let rest = message.get(at..whole).unwrap_or_default();
        let continued = at > 0 && matches!(rest.first(), Some(b' ' | b'\t'));
        if !continued && !begins_with_field(rest) {
            return at;
        }
        at += rest.iter().position(|octet| *octet == b'\n').map_or(rest.len(), |end| end + 1);
    }
    whole
}

/// As it would be typed: a name without a domain is completed by the server.
fn address_text(mailbox: &header::Mailbox) -> String {
    match mailbox.address() {
        Some(address) => address.to_string(),
        // A word alone is read as a name.
        None if mailbox.domain.is_empty() => mailbox.name.as_ref().map(header::Phrase::text).unwrap_or_default(),
        None => {
            let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
            format!("{}@{}", text(&mailbox.local_part), text(&mailbox.domain))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(octets: &[u8]) -> String {
        String::from_utf8_lossy(octets).into_owned()
    }

    fn read_all(input: &str, keep_dots: bool) -> String {
        text(&read(input.as_bytes(), keep_dots, 1000).unwrap())
    }

    #[test]
    fn lines_end_with_cr_and_lf() {
        for (input, read) in [
            ("a\nb\n", "a\r\nb\r\n"),
            ("a\r\nb", "a\r\nb\r\n"),
            ("10%\r20%\r30%\n", "10%\r\n20%\r\n30%\r\n"),
            ("\n\n", "\r\n\r\n"),
            ("", ""),
        ] {
            assert_eq!(read_all(input, false), read, "{input:?}");
        }
    }

    #[test]
    fn a_dot_alone_ends_unless_it_is_kept() {
        assert_eq!(read_all("a\n.\nb\n", false), "a\r\n");
        assert_eq!(read_all("a\n.\r\nb\n", false), "a\r\n");
        assert_eq!(read_all("a\n.\nb\n", true), "a\r\n.\r\nb\r\n");
        assert_eq!(read_all("a\n..\n.b\n", false), "a\r\n..\r\n.b\r\n");
    }

    #[test]
    fn a_message_has_a_limit() {
        let at = |max| read(&b"abc\nde\n"[..], true, max).map(|message| message.len()).map_err(|error| error.kind());
        assert_eq!(at(9), Ok(9));
        assert_eq!(at(8), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(at(2), Err(io::ErrorKind::FileTooLarge));
    }

    #[test]
    fn what_has_no_header_is_all_body() {
        for (message, octets) in [
            ("Subject: x\r\n\r\nbody\r\n", "Subject: x\r\n\r\nbody\r\n"),
            ("Subject: x\r\n y\r\nbody begins\r\n", "Subject: x\r\n y\r\n\r\nbody begins\r\n"),
            ("hello\r\nyou: there\r\n", "\r\nhello\r\nyou: there\r\n"),
            ("\r\nbody\r\n", "\r\nbody\r\n"),
            ("Subject: x\r\n", "Subject: x\r\n\r\n"),
            ("From alice Mon Jan 1\r\nSubject: x\r\n\r\ny\r\n", "Subject: x\r\n\r\ny\r\n"),
            ("", "\r\n"),
        ] {
            assert_eq!(text(&Letter::of(message.as_bytes()).octets()), octets, "{message:?}");
        }
    }

    #[test]
    fn recipients_are_read_from_the_header() {
        let of = |header: &str| Letter::of(format!("{header}\r\n\r\nx\r\n").as_bytes()).recipients();
        assert_eq!(
            of("To: Bob <bob@crepes.fr>, carol\r\nCc: friends: d@crepes.fr, e@crepes.fr;\r\nbcc: f@crepes.fr"),
            ["bob@crepes.fr", "carol", "d@crepes.fr", "e@crepes.fr", "f@crepes.fr"]
        );
        assert_eq!(
            of("Resent-To: new@crepes.fr\r\nResent-Bcc: g@crepes.fr\r\nResent-To: old@crepes.fr\r\nTo: bob@crepes.fr"),
            ["new@crepes.fr", "g@crepes.fr"]
        );
        assert!(of("Subject: nobody\r\nTo: undisclosed recipients:;").is_empty());
    }

    #[test]
    fn blind_copies_are_not_shown() {
        let mut letter = Letter::of(
            b"To: a@b.example\r\nBcc: x@y.example,\r\n z@y.example\r\nSubject: s\r\nBCC:\r\n\r\nBcc: body\r\n",
        );
        letter.hide_blind_copies();
        assert_eq!(text(&letter.octets()), "To: a@b.example\r\nSubject: s\r\n\r\nBcc: body\r\n");
    }

    #[test]
    fn a_letter_is_signed_once() {
        let alice = "alice@crepes.fr".parse().unwrap();
        let mut letter = Letter::of(b"Subject: s\r\n\r\nx\r\n");
        letter.sign("Alice (A.)", &alice);
        letter.sign("Bob", &alice);
        assert_eq!(text(&letter.octets()), "From: \"Alice (A.)\" <alice@crepes.fr>\r\nSubject: s\r\n\r\nx\r\n");
    }
}
