//! A message read for its words, once and in pieces: header fields as people read them, and the text of bodies with
//! transfer encoding and charset taken off. Owns what counts as text of a message; keeps a field or a piece, never a
//! body. Does not look for anything.

use super::charset::TextDecoder;
use crate::encoding::Decoder;
use crate::header;
use crate::structure::Kind;
use crate::summary::SummaryPart;
use crate::{Summary, TransferEncoding};
use std::ops::Range;

/// Octets decoded at a time.
const PIECE: usize = 16 * 1024;
/// Octets of fields gathered before they are read, unless one field is longer: fewer than [`header::FIELDS_MAX`] fields
/// fit in.
const FIELDS_GATHERED: usize = 16 * 1024;
/// Octets of one field read as a whole; what follows is read as if it were another field of that name. No list of
/// recipients comes near.
pub const FIELD_READ_MAX: usize = 1024 * 1024;

/// Octets of a name; a line has no more (RFC 5322 §2.1.1).
const NAME_MAX: usize = 998;

/// What is heard of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A field, as people read it.
    Field {
        /// It stands in the header of the message itself, not in that of a part.
        top: bool,
        /// Its name as typed.
        name: &'a str,
        /// Unfolded and decoded.
        text: &'a str,
    },
    /// The text of a body begins; nothing before belongs to it.
    Body,
    /// More of it.
    Text(&'a str),
}

/// Reads one message: first the prefix that stands before its content, then the content, in pieces of any size.
#[derive(Debug)]
pub struct Reading<'a> {
    summary: &'a Summary,
    /// What is to be read, in order, as index of a part and range of the content.
    spans: Vec<(usize, Span, Range<u64>)>,
    at: usize,
    offset: u64,
    /// Octets of fields that are not whole yet.
    held: Vec<u8>,
    body: Option<(Decoder, TextDecoder)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Span {
    Header,
    Body,
}

impl<'a> Reading<'a> {
    /// Of a message; with `bodies` false, of its headers alone.
    #[must_use]
    pub fn new(summary: &'a Summary, bodies: bool) -> Reading<'a> {
        let mut spans = Vec::with_capacity(summary.parts.len() * 2);
        for (index, part) in summary.parts.iter().enumerate() {
            spans.push((index, Span::Header, part.header.clone()));
            if bodies && is_text(part) {
                spans.push((index, Span::Body, part.body.clone()));
            }
        }
        spans.sort_by_key(|(_, _, range)| range.start);
        Reading { summary, spans, at: 0, offset: 0, held: Vec::new(), body: None }
    }

    /// Fields that were put before the content; to be pushed first, if at all.
    pub fn push_prefix(&mut self, prefix: &[u8], hear: &mut impl FnMut(Heard<'_>)) {
        self.fields(prefix, true, hear);
    }

    /// The next octets of the content.
    pub fn push(&mut self, content: &[u8], hear: &mut impl FnMut(Heard<'_>)) {
        let end = self.offset + content.len() as u64;
        while let Some((part, span, range)) = self.spans.get(self.at).cloned() {
            let (from, to) = (range.start.max(self.offset), range.end.min(end));
            if from < to {
                let at = |offset: u64| usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
                let octets = content.get(at(from)..at(to)).unwrap_or(&[]);
                self.read(part, span, octets, hear);
            }
            if range.end > end {
                break;
            }
            self.end_span(part, span, hear);
            self.at += 1;
        }
        self.offset = end;
    }

    /// How much of the content has to be pushed for all there is to hear.
    #[must_use]
    pub fn needed(&self) -> u64 {
        self.spans.iter().map(|(_, _, range)| range.end).max().unwrap_or(0)
    }

    /// The content ends here, even where it should be longer.
    pub fn finish(mut self, hear: &mut impl FnMut(Heard<'_>)) {
        if let Some((part, span, _)) = self.spans.get(self.at).cloned() {
            self.end_span(part, span, hear);
        }
    }

    fn read(&mut self, part: usize, span: Span, octets: &[u8], hear: &mut impl FnMut(Heard<'_>)) {
        if span == Span::Header {
            self.fields(octets, part == 0, hear);
            return;
        }
        for piece in octets.chunks(PIECE) {
            let (decoder, text) = self.body.get_or_insert_with(|| {
                hear(Heard::Body);
                let part = self.summary.parts.get(part);
                let encoding = part.map_or("", |part| part.encoding.as_str());
                (Decoder::of(TransferEncoding::from_name(encoding.as_bytes())), TextDecoder::of(part))
            });
            if matches!(decoder, Decoder::Identity) {
                text.push(piece, &mut |text| hear(Heard::Text(text)));
            } else {
                let mut decoded = Vec::with_capacity(piece.len());
                decoder.push(piece, &mut decoded);
                text.push(&decoded, &mut |text| hear(Heard::Text(text)));
            }
        }
    }

    fn end_span(&mut self, part: usize, span: Span, hear: &mut impl FnMut(Heard<'_>)) {
        if span == Span::Header {
            let held = std::mem::take(&mut self.held);
            hear_fields(&held, part == 0, hear);
        } else if let Some((decoder, mut text)) = self.body.take() {
            let mut decoded = Vec::new();
            decoder.finish(&mut decoded);
            text.push(&decoded, &mut |text| hear(Heard::Text(text)));
            text.finish(&mut |text| hear(Heard::Text(text)));
        }
    }

    /// Gathers octets of fields, and reads those that are whole once there are enough.
    fn fields(&mut self, octets: &[u8], top: bool, hear: &mut impl FnMut(Heard<'_>)) {
        for piece in octets.chunks(PIECE) {
            self.held.extend_from_slice(piece);
            if self.held.len() < FIELDS_GATHERED {
                continue;
            }
            let whole = match last_field(&self.held) {
                Some(start) => start,
                None if self.held.len() >= FIELD_READ_MAX => self.held.len(),
                None => continue,
            };
            let rest = self.held.split_off(whole);
            let goes_on = if rest.is_empty() { name_of(&self.held) } else { Vec::new() };
            hear_fields(&self.held, top, hear);
            self.held = if rest.is_empty() { goes_on } else { rest };
        }
    }
}

/// Whether a part has a body that is text: what people read, and reports and messages that could not be taken apart.
fn is_text(part: &SummaryPart) -> bool {
    part.kind == Kind::Leaf && matches!(part.media_type.as_str(), "text" | "message")
}

/// The name of a field, colon included: for what comes after it was cut.
fn name_of(field: &[u8]) -> Vec<u8> {
    let colon = memchr::memchr(b':', field.get(..NAME_MAX).unwrap_or(field));
    colon.and_then(|colon| field.get(..=colon)).unwrap_or(&[]).to_vec()
}

/// Where the last field begins, which may go on.
fn last_field(section: &[u8]) -> Option<usize> {
    let lines = memchr::memrchr_iter(b'\n', section).map(|lf| lf + 1);
    lines
        .filter(|start| *start > 0)
        .find(|start| matches!(section.get(*start), Some(byte) if !matches!(byte, b' ' | b'\t')))
}

fn hear_fields(section: &[u8], top: bool, hear: &mut impl FnMut(Heard<'_>)) {
    for field in header::fields(section) {
        // Printable ASCII, or it would be no field.
        let name = std::str::from_utf8(field.name).unwrap_or("");
        hear(Heard::Field { top, name, text: &field_text(field.value) });
    }
}

/// A value as people read it, tabs as spaces: with which of them a sender folded its lines makes no difference to who
/// searches.
#[must_use]
pub fn field_text(value: &[u8]) -> String {
    let text = header::text(value);
    if text.contains('\t') { text.replace('\t', " ") } else { text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const CONTENT: &[u8] = b"Subject: =?utf-8?Q?cr=C3=AApes?=\r\n\tand  more\r\nX: a\r\n\r\n";
    const NESTED: &[u8] =
        b"From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\nhi\r\n--b\r\n\
        Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/html; charset=iso-8859-7\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n4eE=\r\n--b\r\nContent-Type: image/png\r\n\r\nno text\r\n--b--\r\n";

    fn heard(content: &[u8], prefix: &[u8], step: usize, bodies: bool) -> Vec<String> {
        let summary = Summary::of(&crate::parse(content));
        let mut reading = Reading::new(&summary, bodies);
        let mut all: Vec<String> = Vec::new();
        let mut hear = |heard: Heard<'_>| match heard {
            Heard::Field { top, name, text } => all.push(format!("{}{name}:{text}", if top { "" } else { "-" })),
            Heard::Body => all.push("=".to_owned()),
            Heard::Text(text) => all.last_mut().unwrap().push_str(text),
        };
        reading.push_prefix(prefix, &mut hear);
        content.chunks(step).for_each(|piece| reading.push(piece, &mut hear));
        reading.finish(&mut hear);
        all
    }

    #[test]
    fn fields_and_texts_are_heard() {
        assert_eq!(
            heard(CONTENT, b"Received: here\r\n", 9, true),
            ["Received:here", "Subject:crêpes and  more", "X:a"]
        );
        let all = [
            "From:a",
            "Content-Type:multipart/mixed; boundary=b",
            "=hi",
            "-Content-Type:message/rfc822",
            "-Subject:in",
            "-Content-Type:text/html; charset=iso-8859-7",
            "-Content-Transfer-Encoding:base64",
            "=αα",
            "-Content-Type:image/png",
        ];
        for step in 1..NESTED.len() {
            assert_eq!(heard(NESTED, b"", step, true), all, "{step}");
        }
        let headers: Vec<&str> = all.into_iter().filter(|line| !line.starts_with('=')).collect();
        assert_eq!(heard(NESTED, b"", 7, false), headers);
        assert_eq!(heard(b"", b"", 1, true), [""; 0]);
    }

    #[test]
    fn headers_longer_than_memory_are_heard_in_pieces() {
        let many: String = (0..10_000).map(|n| format!("X{n}: v\r\n")).collect();
        assert_eq!(heard(format!("{many}\r\n").as_bytes(), b"", 4096, true).len(), 10_000);
        let tiny = "a:\n".repeat(30_000);
        assert_eq!(heard(format!("{tiny}\n").as_bytes(), b"", 50_000, true).len(), 30_000);
        let long = format!("X: {}\r\n\r\n", "a ".repeat(FIELD_READ_MAX));
        let pieces = heard(long.as_bytes(), b"", 65_536, true);
        assert!(
            pieces.len() == 3
                && pieces.iter().all(|piece| piece.starts_with("X:a") || piece.starts_with("X: ") || piece == "X:")
        );
        assert!(pieces.concat().len() > 2 * FIELD_READ_MAX - 20, "{}", pieces.concat().len());
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(content in prop::collection::vec(any::<u8>(), 0..200), step in 1_usize..50) {
            let content = [&NESTED[..60], &content].concat();
            prop_assert_eq!(heard(&content, b"", step, true), heard(&content, b"", content.len(), true));
        }
    }
}
