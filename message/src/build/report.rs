//! `multipart/report` (RFC 6522): words for people, fields for machines, and what it is about. Owns the frame: boundary,
//! labels and transfer encodings. Does not own what is said (`queue::bounce` for delivery reports).

use super::fold::{Folder, foldable};
use crate::encoding::quoted_printable::Encoder;
use crate::scanner::Scanner;
use crate::structure::Facts;

/// A report under construction. Its parts come in the order they are added: the words first (RFC 6522 §3).
#[derive(Clone, Debug)]
pub struct Report {
    out: Vec<u8>,
    boundary: String,
}

/// A report whose last part is streamed by the caller between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Everything up to the content of the last part.
    pub head: Vec<u8>,
    /// What closes the report.
    pub tail: Vec<u8>,
}

impl Report {
    /// Begins with the fields of the header that are not MIME's. `kind` is the report-type: `delivery-status`. `random`
    /// makes the boundary: drawn after the content was there, so no content can hold it; `=_` keeps it apart from
    /// encoded text too (RFC 2045 §6.7). `eight_bit` says whether any part is 8bit.
    #[must_use]
    pub fn begin(header: Vec<u8>, kind: &str, random: [u64; 2], eight_bit: bool) -> Report {
        let [high, low] = random;
        let boundary = format!("=_{high:016x}{low:016x}");
        let mut out = header;
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        let media_type = format!(
            "Content-Type: multipart/report; report-type={kind};\r\n boundary=\"{boundary}\"\r\n{}\r\n",
            label(if eight_bit { "8bit" } else { "7bit" })
        );
        out.extend_from_slice(media_type.as_bytes());
        Report { out, boundary }
    }

    /// The words, with LF or CRLF between lines. Beyond ASCII they are UTF-8 in quoted-printable, so every reader and
    /// every path takes them.
    pub fn text(&mut self, text: &str) {
        let lines = text.lines().collect::<Vec<_>>().join("\r\n") + "\r\n";
        let charset = if lines.is_ascii() { "us-ascii" } else { "utf-8" };
        self.part(&format!("text/plain; charset={charset}"), lines.as_bytes());
    }

    /// A part in lines. It stands as it is where it may: always when it is ASCII, else only in a `message` type
    /// (RFC 6533 §4.4), which then is 8bit.
    pub fn part(&mut self, media_type: &str, content: &[u8]) {
        let facts = facts(content);
        let plain = facts.are_lines_of_text() && (facts.eight_bit == 0 || media_type.starts_with("message/"));
        let name = match plain {
            true if facts.eight_bit > 0 => "8bit",
            true => "7bit",
            false => "quoted-printable",
        };
        self.open(media_type, name);
        if plain {
            self.out.extend_from_slice(content);
        } else {
            let mut encoder = Encoder::default();
            encoder.push(content, &mut self.out);
            encoder.finish(&mut self.out);
        }
    }

    /// The last part, whose content the caller streams: lines, `eight_bit` or not.
    #[must_use]
    pub fn frame(mut self, media_type: &str, eight_bit: bool) -> Frame {
        self.open(media_type, if eight_bit { "8bit" } else { "7bit" });
        Frame { tail: self.end(), head: self.out }
    }

    /// All parts are there.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let end = self.end();
        self.out.extend_from_slice(&end);
        self.out
    }

    fn open(&mut self, media_type: &str, encoding: &str) {
        let line = format!("\r\n--{}\r\nContent-Type: {media_type}\r\n{}\r\n", self.boundary, label(encoding));
        self.out.extend_from_slice(line.as_bytes());
    }

    fn end(&self) -> Vec<u8> {
        format!("\r\n--{}--\r\n", self.boundary).into_bytes()
    }
}

/// Whether a part of a `message` type with this content is 8bit.
#[must_use]
pub fn is_eight_bit(content: &[u8]) -> bool {
    let facts = facts(content);
    facts.eight_bit > 0 && facts.are_lines_of_text()
}

/// One field for machines, folded between words; what is beyond ASCII stands as it is, controls become `?`. Encoded words
/// have no place there (RFC 3464 §2.1.1 has them in comments only).
#[must_use]
pub fn field(name: &str, value: &str) -> Vec<u8> {
    let mut folder = Folder::new(name);
    let value: String = value.chars().map(|c| if matches!(c, '\t' | '\r' | '\n') { ' ' } else { c }).collect();
    let value = value.trim();
    if foldable(value) {
        // RFC 3464 §2.2.1, §2.3.2: ids and addresses are told as they are, runs of spaces too.
        folder.plain_text(value);
    } else {
        value.split(' ').filter(|word| !word.is_empty()).for_each(|word| folder.word(word));
    }
    folder.finish()
}

/// The label of a part; none where it would say nothing.
fn label(encoding: &str) -> String {
    if encoding == "7bit" { String::new() } else { format!("Content-Transfer-Encoding: {encoding}\r\n") }
}

/// What the content holds as the body of a part.
fn facts(content: &[u8]) -> Facts {
    let mut scanner = Scanner::new();
    scanner.push(b"\r\n");
    scanner.push(content);
    scanner.finish().parts.first().map(|part| part.body_facts).unwrap_or_default()
}

#[cfg(test)]
mod tests;
