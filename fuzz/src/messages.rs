//! Messages and their header fields under any input: reading never fails, and what it tells lies within the input.

use message::header::{self, Entry};
use message::summary::Summary;
use message::{Kind, Scanner, Structure};

/// The parts of a message: the same whatever pieces it came in, each within the one it lies in, in order.
///
/// # Panics
/// When a law is broken.
pub fn scanner(data: &[u8]) {
    let whole = message::parse(data);
    assert_eq!(whole, in_pieces(data, 1), "cut into octets");
    assert_eq!(whole, in_pieces(data, 7), "cut into sevens");
    assert_eq!(whole.octets, data.len() as u64);
    let mut header_end = 0;
    for (index, part) in whole.parts.iter().enumerate() {
        assert!(part.header.start <= part.header.end && part.header.end <= part.body.start, "{part:?}");
        assert!(part.body.start <= part.body.end && part.body.end <= whole.octets, "{part:?}");
        assert!(part.header.start >= header_end, "parts out of order");
        header_end = part.header.end;
        match part.parent.map(|parent| usize::try_from(parent).unwrap_or(usize::MAX)) {
            None => assert_eq!(index, 0, "only the message itself has no parent"),
            Some(parent) => {
                let outer = whole.parts.get(parent).filter(|_| parent < index);
                let outer = outer.unwrap_or_else(|| panic!("part {index} before its parent {parent}"));
                assert_ne!(outer.kind, Kind::Leaf, "a leaf with children");
                assert!(outer.body.start <= part.header.start && part.body.end <= outer.body.end, "outside its parent");
            }
        }
    }
}

fn in_pieces(data: &[u8], octets: usize) -> Structure {
    let mut scanner = Scanner::new();
    data.chunks(octets).for_each(|piece| scanner.push(piece));
    scanner.finish()
}

/// A header section: fields in order, none outside, the end found whatever was searched before.
///
/// # Panics
/// When a law is broken.
pub fn fields(data: &[u8]) {
    let mut end = 0;
    for field in header::fields(data) {
        assert!(field.range.start >= end && field.range.end <= data.len());
        assert!(!field.name.is_empty());
        end = field.range.end;
    }
    if let Some(at) = header::section_end(data, 0) {
        assert!(at <= data.len());
        // As it is found when the octets come one after the other.
        let found = (0..=data.len()).find_map(|known| {
            let before = known.saturating_sub(1);
            header::section_end(data.get(..known).unwrap_or_default(), before)
        });
        assert_eq!(found, Some(at));
    }
    let _ = header::begins_with_field(data);
}

/// The text of an unstructured field, encoded words decoded (RFC 2047).
///
/// # Panics
/// When the text holds a line end.
pub fn words(data: &[u8]) {
    let text = header::text(data);
    assert!(text.len() <= 4 * data.len() + 16, "{} octets became {}", data.len(), text.len());
    let _ = header::unfold(data);
}

/// An address list. What it calls an address is one.
///
/// # Panics
/// When an address it found cannot be read again.
pub fn address_list(data: &[u8]) {
    for entry in header::addresses(data) {
        if let Entry::Mailbox(mailbox) = entry
            && let Some(address) = mailbox.address()
        {
            assert_eq!(message::Address::parse(&address.to_string()), Ok(address));
        }
    }
}

/// Content-Type, Content-Disposition, and ids.
pub fn content_type(data: &[u8]) {
    if let Some(content_type) = header::content_type(data) {
        for parameter in &content_type.parameters {
            let _ = header::parameter_text(&content_type.parameters, &parameter.name);
            let _ = header::parameter_bytes(&content_type.parameters, &parameter.name);
        }
    }
    let _ = header::disposition(data);
    let _ = header::message_ids(data);
    let _ = header::token(data);
    let _ = header::tokens(data);
    let _ = header::value_text(data);
}

/// Summaries: what is written of any message is read again, and reading any octets is refused or comes to something
/// that can be written.
///
/// # Panics
/// When a law is broken.
pub fn summary(data: &[u8]) {
    let summary = Summary::of(&message::parse(data));
    assert_eq!(Summary::decode(&summary.encode()), Ok(summary));
    if let Ok(strange) = Summary::decode(data) {
        assert_eq!(Summary::decode(&strange.encode()), Ok(strange));
    }
}

/// The body of a message as text, for search and previews, and any charset's name before any octets.
///
/// # Panics
/// When the text is out of proportion.
pub fn body_text(data: &[u8]) {
    let summary = Summary::of(&message::parse(data));
    for part in &summary.parts {
        let range = usize::try_from(part.body.start).ok().zip(usize::try_from(part.body.end).ok());
        let body = range.and_then(|(start, end)| data.get(start..end)).unwrap_or_default();
        let text = message::text::body_text(part, body).unwrap_or_default();
        assert!(text.len() <= 4 * body.len() + 16, "{} octets became {}", body.len(), text.len());
    }
    let (charset, octets) = data.split_at(data.iter().position(|octet| *octet == b' ').unwrap_or(0));
    let text = header::charset_text(charset, octets).unwrap_or_default();
    assert!(text.len() <= 4 * octets.len() + 16, "{} octets became {}", octets.len(), text.len());
}
