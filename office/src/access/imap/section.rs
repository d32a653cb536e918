//! Where in a stored message a section lies (RFC 9051 §6.4.5.1, RFC 3516 §4.2): from part numbers to ranges of octets,
//! by the summary made at delivery. Reads no content.

use message::summary::{Summary, SummaryPart};
use message::{Kind, TransferEncoding};
use std::ops::Range;
use wire::imap::command::{Part, Section, SectionText};

/// Where a section is. Offsets count from the start of the stored message, prefix included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Located {
    /// These octets.
    Octets(Range<u64>),
    /// Some fields of this header.
    Fields {
        header: Range<u64>,
        /// These, or all but these.
        names: Vec<String>,
        but: bool,
    },
    /// Nowhere.
    Absent,
}

/// What a way by part numbers leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    /// A message: the outermost, or one within.
    Message(usize),
    /// A part of a message or of a multipart.
    Part(usize),
    /// The one empty part that a multipart without any is said to have (RFC 9051 §9, body-type-mpart).
    Nothing(usize),
}

/// What is known of a stored message.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub summary: &'a Summary,
    /// Octets of the prefix, which stands before the content.
    pub prefix: u64,
    /// Octets in all.
    pub size: u64,
}

impl Shape<'_> {
    /// Where a section lies.
    pub fn locate(&self, section: &Section) -> Located {
        let Some(node) = self.node(&section.part) else { return Located::Absent };
        match &section.text {
            SectionText::Whole => self.whole(node).map_or(Located::Absent, Located::Octets),
            SectionText::Mime => match node {
                Node::Part(index) => self.header(index).map_or(Located::Absent, Located::Octets),
                Node::Nothing(index) => self.nothing(index).map_or(Located::Absent, Located::Octets),
                Node::Message(_) => Located::Absent,
            },
            text => self.within_message(node, text).unwrap_or(Located::Absent),
        }
    }

    /// The octets of a part as they stand, and how they are encoded; of anything but a leaf they are not.
    pub fn encoded(&self, part: &Part) -> Option<(Range<u64>, TransferEncoding)> {
        let node = self.node(part)?;
        let encoding = match node {
            Node::Part(index) => self.leaf(index)?,
            Node::Message(_) | Node::Nothing(_) => None,
        };
        Some((self.whole(node)?, encoding.unwrap_or(TransferEncoding::Binary)))
    }

    /// The encoding of a leaf; `None` inside for what holds others.
    fn leaf(&self, index: usize) -> Option<Option<TransferEncoding>> {
        let part = self.part(index)?;
        let encoding = || TransferEncoding::from_name(part.encoding.as_bytes());
        Some((part.kind == Kind::Leaf).then(encoding))
    }

    fn part(&self, index: usize) -> Option<&SummaryPart> {
        self.summary.parts.get(index)
    }

    fn node(&self, part: &Part) -> Option<Node> {
        part.0.iter().try_fold(Node::Message(0), |node, number| self.step(node, *number))
    }

    /// One number further.
    fn step(&self, node: Node, number: u32) -> Option<Node> {
        let index = match node {
            Node::Message(index) => index,
            Node::Nothing(_) => return None,
            Node::Part(index) => match self.part(index)? {
                part if part.is_multipart() => return self.branch(index, number),
                part if part.kind == Kind::Message => self.child(index, 1)?,
                _ => return None,
            },
        };
        match self.part(index)? {
            part if part.is_multipart() => self.branch(index, number),
            // A message that is no multipart has one part: its body.
            _ => (number == 1).then_some(Node::Part(index)),
        }
    }

    /// The n-th part of a multipart.
    fn branch(&self, index: usize, number: u32) -> Option<Node> {
        let is_empty = number == 1 && self.child(index, 1).is_none();
        if is_empty { Some(Node::Nothing(index)) } else { self.child(index, number).map(Node::Part) }
    }

    /// Where a multipart has no part: the beginning of its body.
    fn nothing(&self, index: usize) -> Option<Range<u64>> {
        let start = self.body(index)?.start;
        Some(start..start)
    }

    /// The n-th child, counted from 1.
    fn child(&self, index: usize, number: u32) -> Option<usize> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        let is_child = |part: &SummaryPart| part.parent.is_some_and(|parent| parent as usize == index);
        let parts = self.summary.parts.iter().enumerate().skip(index + 1);
        parts.filter(|(_, part)| is_child(part)).map(|(index, _)| index).nth(place)
    }

    fn whole(&self, node: Node) -> Option<Range<u64>> {
        match node {
            Node::Message(0) => Some(0..self.size),
            Node::Message(index) | Node::Part(index) => self.body(index),
            Node::Nothing(index) => self.nothing(index),
        }
    }

    /// HEADER, TEXT and their kin: of a message, or of a part that is one.
    fn within_message(&self, node: Node, text: &SectionText) -> Option<Located> {
        let message = match node {
            Node::Message(index) => index,
            Node::Part(index) if self.part(index)?.kind == Kind::Message => self.child(index, 1)?,
            Node::Part(_) | Node::Nothing(_) => return None,
        };
        let fields = |names: &Vec<String>, but| {
            Some(Located::Fields { header: self.header(message)?, names: names.clone(), but })
        };
        match text {
            SectionText::Header => self.header(message).map(Located::Octets),
            SectionText::Text => self.body(message).map(Located::Octets),
            SectionText::HeaderFields(names) => fields(names, false),
            SectionText::HeaderFieldsNot(names) => fields(names, true),
            SectionText::Whole | SectionText::Mime => None,
        }
    }

    /// The header of a part; that of the message begins with the fields that were put before it.
    fn header(&self, index: usize) -> Option<Range<u64>> {
        let range = &self.part(index)?.header;
        let start = if index == 0 { 0 } else { self.at(range.start) };
        Some(start..self.at(range.end).max(start))
    }

    /// The body of a part; that of the message goes to its end.
    fn body(&self, index: usize) -> Option<Range<u64>> {
        let range = &self.part(index)?.body;
        let start = self.at(range.start);
        let end = if index == 0 { self.size } else { self.at(range.end) };
        Some(start..end.max(start))
    }

    /// Where an octet of the content stands.
    fn at(&self, offset: u64) -> u64 {
        self.prefix.saturating_add(offset).min(self.size)
    }
}

/// The fields of a header that are wanted, with the empty line that ends it where there is one.
pub(super) fn pick_fields(header: &[u8], names: &[String], but: bool) -> Vec<u8> {
    let is_named = |field: &message::header::Field<'_>| names.iter().any(|name| field.is(name));
    let mut picked = Vec::new();
    if but {
        let mut from = 0;
        for field in message::header::fields(header).filter(is_named) {
            picked.extend_from_slice(header.get(from..field.range.start).unwrap_or_default());
            from = field.range.end;
        }
        picked.extend_from_slice(header.get(from..).unwrap_or_default());
        return picked;
    }
    for field in message::header::fields(header).filter(is_named) {
        picked.extend_from_slice(header.get(field.range).unwrap_or_default());
    }
    // RFC 9051 §6.4.5.1: the line that parts header and body comes with every choice of fields.
    if header.ends_with(b"\n\r\n") || header == b"\r\n" {
        picked.extend_from_slice(b"\r\n");
    } else if header.ends_with(b"\n\n") || header == b"\n" {
        picked.push(b'\n');
    }
    picked
}

/// What of a section is wanted, where a range was given: from its start on, as much as there is.
pub(super) fn cut(octets: &Range<u64>, partial: Option<wire::imap::command::Partial>) -> Range<u64> {
    let Some(partial) = partial else { return octets.clone() };
    let start = octets.start.saturating_add(partial.start).min(octets.end);
    start..start.saturating_add(partial.count).min(octets.end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wire::imap::command::Partial;

    const NESTED: &[u8] = b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\none\r\n\
        --x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nTo: a@b.example\r\n\
        Content-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\n\r\ntwo one\r\n--y\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--y--\r\n\r\n--x--\r\n";
    const PLAIN: &[u8] = b"Subject: s\r\n\r\nbody\r\n";

    fn section(path: &[u32], text: SectionText) -> Section {
        Section { part: Part(path.to_vec()), text }
    }

    /// What a section of a message holds, with a prefix before it.
    fn read(content: &[u8], path: &[u32], text: SectionText) -> Option<String> {
        let prefix = b"Return-Path: <>\r\n";
        let all = [prefix, content].concat();
        let summary = Summary::of(&message::parse(content));
        let shape = Shape { summary: &summary, prefix: prefix.len() as u64, size: all.len() as u64 };
        let slice = |range: Range<u64>| all[range.start as usize..range.end as usize].to_vec();
        let octets = match shape.locate(&section(path, text)) {
            Located::Octets(range) => slice(range),
            Located::Fields { header, names, but } => pick_fields(&slice(header), &names, but),
            Located::Absent => return None,
        };
        Some(String::from_utf8(octets).unwrap())
    }

    /// The one part that BODYSTRUCTURE says a multipart without any has (RFC 9051 §9, body-type-mpart).
    #[test]
    fn a_multipart_without_parts_has_an_empty_one() {
        for kind in ["multipart/mixed; boundary=x", "multipart/mixed"] {
            let content = format!("Content-Type: {kind}\r\n\r\nnothing\r\n");
            let read = |path: &[u32], text| read(content.as_bytes(), path, text);
            assert_eq!(read(&[1], SectionText::Whole).as_deref(), Some(""));
            assert_eq!(read(&[1], SectionText::Mime).as_deref(), Some(""));
            assert_eq!(read(&[2], SectionText::Whole), None);
            assert_eq!(read(&[1, 1], SectionText::Whole), None);
        }
    }

    #[test]
    fn sections_of_a_plain_message() {
        let all = format!("Return-Path: <>\r\n{}", String::from_utf8_lossy(PLAIN));
        let header = "Return-Path: <>\r\nSubject: s\r\n\r\n";
        for (path, text, expected) in [
            (&[][..], SectionText::Whole, Some(all.as_str())),
            (&[], SectionText::Header, Some(header)),
            (&[], SectionText::Text, Some("body\r\n")),
            (&[1], SectionText::Whole, Some("body\r\n")),
            (&[1], SectionText::Mime, Some(header)),
            (&[], SectionText::Mime, None),
            (&[2], SectionText::Whole, None),
            (&[0], SectionText::Whole, None),
            (&[1, 1], SectionText::Whole, None),
            (&[1], SectionText::Header, None),
            (&[1], SectionText::Text, None),
        ] {
            assert_eq!(read(PLAIN, path, text.clone()).as_deref(), expected, "{path:?} {text:?}");
        }
    }

    #[test]
    fn sections_of_a_message_within_a_message() {
        let inner_header =
            "Subject: inner\r\nTo: a@b.example\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n";
        let inner_text = "--y\r\n\r\ntwo one\r\n--y\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--y--\r\n";
        let inner = format!("{inner_header}{inner_text}");
        for (path, text, expected) in [
            (&[1][..], SectionText::Whole, Some("one")),
            (&[1], SectionText::Mime, Some("Content-Type: text/plain\r\n\r\n")),
            (&[2], SectionText::Whole, Some(inner.as_str())),
            (&[2], SectionText::Header, Some(inner_header)),
            (&[2], SectionText::Text, Some(inner_text)),
            (&[2], SectionText::Mime, Some("Content-Type: message/rfc822\r\n\r\n")),
            (&[2, 1], SectionText::Whole, Some("two one")),
            (&[2, 1], SectionText::Mime, Some("\r\n")),
            (&[2, 2], SectionText::Whole, Some("AAAA")),
            (&[2, 3], SectionText::Whole, None),
            (&[2, 1, 1], SectionText::Whole, None),
            (&[3], SectionText::Whole, None),
            (&[1], SectionText::Header, None),
        ] {
            assert_eq!(read(NESTED, path, text.clone()).as_deref(), expected, "{path:?} {text:?}");
        }
        let fields = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let named = read(NESTED, &[2], SectionText::HeaderFields(fields(&["TO", "x-none"])));
        assert_eq!(named.as_deref(), Some("To: a@b.example\r\n\r\n"));
        let others = read(NESTED, &[2], SectionText::HeaderFieldsNot(fields(&["subject", "content-type"])));
        assert_eq!(others.as_deref(), Some("To: a@b.example\r\n\r\n"));
        let outer = read(NESTED, &[], SectionText::HeaderFields(fields(&["return-path", "subject"])));
        assert_eq!(outer.as_deref(), Some("Return-Path: <>\r\nSubject: outer\r\n\r\n"));
    }

    #[test]
    fn binary_knows_the_encoding_of_leaves_only() {
        let summary = Summary::of(&message::parse(NESTED));
        let shape = Shape { summary: &summary, prefix: 0, size: NESTED.len() as u64 };
        let encoding = |path: &[u32]| shape.encoded(&Part(path.to_vec())).map(|(_, encoding)| encoding);
        assert_eq!(encoding(&[2, 2]), Some(TransferEncoding::Base64));
        assert_eq!(encoding(&[1]), Some(TransferEncoding::SevenBit));
        assert_eq!((encoding(&[]), encoding(&[2])), (Some(TransferEncoding::Binary), Some(TransferEncoding::Binary)));
        assert_eq!(encoding(&[4]), None);
    }

    #[test]
    fn a_header_without_an_empty_line_gets_none() {
        let names = ["a".to_owned()];
        assert_eq!(pick_fields(b"A: 1\r\nB: 2\r\n", &names, false), b"A: 1\r\n");
        assert_eq!(pick_fields(b"A: 1\nB: 2\n\n", &names, false), b"A: 1\n\n");
        assert_eq!(pick_fields(b"\r\n", &names, false), b"\r\n");
        assert_eq!(pick_fields(b"A: 1\r\nB: 2\r\n\r\n", &names, true), b"B: 2\r\n\r\n");
    }

    #[test]
    fn a_range_of_a_section_ends_with_it() {
        let partial = |start, count| Some(Partial { start, count });
        assert_eq!(cut(&(10..20), None), 10..20);
        assert_eq!(cut(&(10..20), partial(0, 4)), 10..14);
        assert_eq!(cut(&(10..20), partial(9, u64::MAX)), 19..20);
        assert_eq!(cut(&(10..20), partial(10, 1)), 20..20);
        assert_eq!(cut(&(10..20), partial(u64::MAX, 1)), 20..20);
    }
}
