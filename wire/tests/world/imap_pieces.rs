//! Sections of messages in memory, found the slow and plain way.

use message::structure::{Kind, Structure};
use std::ops::Range;
use wire::imap::ask::{Piece, Want};
use wire::imap::command::{Part, Partial, Section, SectionText};

/// What is longer is relayed, so that both ways are tried.
const HERE_MAX: usize = 600;

/// One piece; what is to be relayed is kept in `sources`.
pub fn piece(content: &[u8], want: &Want, sources: &mut Vec<Vec<u8>>) -> Piece {
    let structure = message::parse(content);
    let (octets, partial) = match want {
        Want::Section(section, partial) => (section_of(content, &structure, section), *partial),
        Want::Binary(part, partial) => (decoded(content, &structure, part), *partial),
        Want::BinarySize(part) => {
            return decoded(content, &structure, part).map_or(Piece::Absent, |octets| Piece::Size(octets.len() as u64));
        }
    };
    let Some(octets) = octets else { return Piece::Absent };
    let range = match partial {
        None => 0..octets.len(),
        Some(Partial { start, count }) => {
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(octets.len());
            place(start)..place(start.saturating_add(count))
        }
    };
    if range.len() <= HERE_MAX {
        return Piece::Here(octets[range].to_vec().into());
    }
    sources.push(octets);
    Piece::Stored { source: sources.len() as u64 - 1, offset: range.start as u64, octets: range.len() as u64 }
}

fn children(structure: &Structure, parent: usize) -> Vec<usize> {
    let of = |at: &usize| structure.parts[*at].parent == Some(u32::try_from(parent).unwrap());
    (0..structure.parts.len()).filter(of).collect()
}

/// The index of a part by its numbers (RFC 9051 §6.4.5.1).
fn find(structure: &Structure, part: &[u32]) -> Option<usize> {
    let mut at = 0;
    for (depth, number) in part.iter().enumerate() {
        if depth > 0 && structure.parts[at].kind == Kind::Message {
            at = *children(structure, at).first()?;
        }
        let below = match structure.parts[at].kind {
            Kind::Multipart => children(structure, at),
            _ if depth == 0 || structure.parts[at].is_message_in(structure) => vec![at],
            _ => Vec::new(),
        };
        at = *below.get(usize::try_from(*number).ok()?.checked_sub(1)?)?;
    }
    Some(at)
}

fn slice(content: &[u8], range: &Range<u64>) -> Vec<u8> {
    let place = |at: u64| usize::try_from(at).unwrap();
    content[place(range.start)..place(range.end)].to_vec()
}

fn section_of(content: &[u8], structure: &Structure, section: &Section) -> Option<Vec<u8>> {
    let at = find(structure, &section.part.0)?;
    let own = &structure.parts[at];
    if section.text == SectionText::Mime {
        return Some(slice(content, &own.header));
    }
    if section.text == SectionText::Whole {
        return Some(if section.part.0.is_empty() { content.to_vec() } else { slice(content, &own.body) });
    }
    // Of a part, the message within.
    let message = match (section.part.0.is_empty(), own.kind) {
        (true, _) => own,
        (false, Kind::Message) => &structure.parts[*children(structure, at).first()?],
        _ => return None,
    };
    let header = slice(content, &message.header);
    Some(match &section.text {
        SectionText::Header => header,
        SectionText::HeaderFields(names) => fields(&header, |name| names.iter().any(|n| n.eq_ignore_ascii_case(name))),
        SectionText::HeaderFieldsNot(names) => {
            fields(&header, |name| !names.iter().any(|n| n.eq_ignore_ascii_case(name)))
        }
        _ => slice(content, &message.body),
    })
}

fn fields(header: &[u8], wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    for field in message::header::fields(header) {
        if wanted(&String::from_utf8_lossy(field.name)) {
            out.extend_from_slice(&header[field.range.clone()]);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn decoded(content: &[u8], structure: &Structure, part: &Part) -> Option<Vec<u8>> {
    let at = find(structure, &part.0)?;
    if part.0.is_empty() {
        return Some(content.to_vec());
    }
    let own = &structure.parts[at];
    Some(message::encoding::decode(own.encoding, &slice(content, &own.body)))
}
