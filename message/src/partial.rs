//! `message/partial`: a large message in several, and together again (RFC 2046 §5.2.2). Owns the rules for the headers of
//! both. Does not own where the pieces are found: whoever joins them asks a person first.

use crate::build::{self, compose::typed_field};
use crate::header::{self, Field, parameter_text};
use crate::{Summary, TransferEncoding, encoding};

/// Pieces of one message.
pub const PIECES_MAX: usize = 1_000;
/// Octets of a message that is joined.
pub const JOINED_MAX: usize = 200 * 1024 * 1024;
/// Octets of a piece below which headers would be most of it.
pub const PIECE_MIN: usize = 1024;

/// What a message says of itself as a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The same for all pieces of one message.
    pub id: String,
    /// Counted from 1.
    pub number: usize,
    /// How many there are; only the last piece must say so.
    pub total: Option<usize>,
}

/// Why pieces are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// One of them is no piece at all.
    #[error("message {0} of those given is no piece of a larger one")]
    NoPiece(usize),
    /// They are of different messages.
    #[error("the pieces are of different messages: {0} and {1}")]
    Mixed(String, String),
    /// None says how many there are.
    #[error("the last piece is missing: none says how many there are")]
    NoTotal,
    /// These numbers are missing.
    #[error("pieces are missing: {}", numbers(.0))]
    Missing(Vec<usize>),
    /// More than [`PIECES_MAX`] or [`JOINED_MAX`].
    #[error("the message would be too large")]
    TooLarge,
}

fn numbers(list: &[usize]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Why a message cannot go in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// RFC 2046 §5.2.2: pieces hold lines of seven bits, and nothing in them may be encoded.
    #[error("only a message of short lines in ASCII can be sent in pieces")]
    NotSevenBit,
    /// Pieces smaller than [`PIECE_MIN`], or more of them than [`PIECES_MAX`].
    #[error("the message cannot be sent in pieces of this size")]
    Size,
}

impl Piece {
    /// Of a message; `None` where it is none.
    #[must_use]
    pub fn of(raw: &[u8]) -> Option<Piece> {
        let section = raw.get(..header::section_end(raw, 0).unwrap_or(raw.len())).unwrap_or(raw);
        let field = header::fields(section).find(|field| field.is("Content-Type"))?;
        let kind = header::content_type(field.value).filter(|kind| kind.main == "message" && kind.sub == "partial")?;
        let value = |name: &str| parameter_text(&kind.parameters, name);
        let count = |name: &str| value(name)?.trim().parse::<usize>().ok().filter(|count| *count > 0);
        Some(Piece { id: value("id")?, number: count("number")?, total: count("total") })
    }
}

/// Puts the pieces of a message together, given in any order; a piece may be there twice.
///
/// # Errors
/// What is missing, or why they do not belong together.
pub fn join(pieces: &[&[u8]]) -> Result<Vec<u8>, JoinError> {
    let mut known = Vec::new();
    for (index, raw) in pieces.iter().enumerate() {
        known.push((Piece::of(raw).ok_or(JoinError::NoPiece(index + 1))?, *raw));
    }
    let Some((first, _)) = known.first() else { return Err(JoinError::NoTotal) };
    if let Some((other, _)) = known.iter().find(|(piece, _)| piece.id != first.id) {
        return Err(JoinError::Mixed(first.id.clone(), other.id.clone()));
    }
    let total = known.iter().filter_map(|(piece, _)| piece.total).max().ok_or(JoinError::NoTotal)?;
    if total > PIECES_MAX || pieces.iter().map(|raw| raw.len()).sum::<usize>() > JOINED_MAX {
        return Err(JoinError::TooLarge);
    }
    let find = |number: usize| known.iter().find(|(piece, _)| piece.number == number).map(|(_, raw)| *raw);
    let missing: Vec<usize> = (1..=total).filter(|number| find(*number).is_none()).collect();
    if !missing.is_empty() {
        return Err(JoinError::Missing(missing));
    }
    let all: Vec<&[u8]> = (1..=total).filter_map(find).collect();
    Ok(joined(&all))
}

fn joined(pieces: &[&[u8]]) -> Vec<u8> {
    let mut inner = Vec::new();
    for (index, raw) in pieces.iter().enumerate() {
        inner.extend_from_slice(&body(raw));
        // RFC 2046 §5.2.2: messages are parted between lines, so a line end that is missing was lost.
        if index + 1 < pieces.len() && !inner.ends_with(b"\n") {
            inner.extend_from_slice(b"\r\n");
        }
    }
    let outer = pieces.first().copied().unwrap_or_default();
    let (inner_section, rest) = inner.split_at(header::section_end(&inner, 0).unwrap_or(inner.len()).min(inner.len()));
    let mut out = Vec::with_capacity(inner.len() + 1024);
    // RFC 2046 §5.2.2.1 (1) and (2): who and when from the first piece, what it is from the message within.
    let outer_fields = header::fields(outer).filter(|field| !belongs_within(field)).map(|field| (outer, field));
    let inner_fields = header::fields(inner_section).filter(belongs_within).map(|field| (inner_section, field));
    for (section, field) in outer_fields.chain(inner_fields) {
        let whole = section.get(field.range).unwrap_or_default();
        out.extend_from_slice(whole);
        out.extend_from_slice(if whole.ends_with(b"\n") { b"" } else { b"\r\n" });
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(rest);
    out
}

/// RFC 2046 §5.2.2.1: the fields that are those of the message within.
fn belongs_within(field: &Field<'_>) -> bool {
    let is_content = field.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"Content-"));
    is_content || ["Subject", "Message-ID", "Encrypted", "MIME-Version"].iter().any(|name| field.is(name))
}

fn body(raw: &[u8]) -> Vec<u8> {
    let summary = Summary::of(&crate::parse(raw));
    let Some(part) = summary.parts.first() else { return Vec::new() };
    let range = usize::try_from(part.body.start).ok().zip(usize::try_from(part.body.end).ok());
    let octets = range.and_then(|(start, end)| raw.get(start..end)).unwrap_or_default();
    // Nobody may encode a piece, but what a host on the way did encode can still be read.
    encoding::decode(TransferEncoding::from_name(part.encoding.as_bytes()), octets)
}

/// Parts a message in pieces, each with at most `octets_max` of its octets. `new_id` gives each its own id, without brackets;
/// `id` is the one that all share.
///
/// # Errors
/// Why it cannot be parted.
pub fn split(
    raw: &[u8],
    octets_max: usize,
    id: &str,
    mut new_id: impl FnMut(usize) -> String,
) -> Result<Vec<Vec<u8>>, SplitError> {
    let structure = crate::parse(raw);
    let facts = structure.parts.first().map(|whole| [whole.header_facts, whole.body_facts]).unwrap_or_default();
    if facts.iter().any(|facts| facts.eight_bit > 0 || !facts.are_lines_of_text()) {
        return Err(SplitError::NotSevenBit);
    }
    if octets_max < PIECE_MIN {
        return Err(SplitError::Size);
    }
    let (section, rest) = raw.split_at(header::section_end(raw, 0).unwrap_or(raw.len()).min(raw.len()));
    let mut within: Vec<u8> = Vec::with_capacity(raw.len());
    let mut outer = Vec::new();
    for field in header::fields(section) {
        let place = if belongs_within(&field) { &mut within } else { &mut outer };
        place.extend_from_slice(section.get(field.range).unwrap_or_default());
    }
    within.extend_from_slice(b"\r\n");
    within.extend_from_slice(rest);
    let subject = header::fields(section).find(|field| field.is("Subject")).map(|field| header::text(field.value));
    let pieces = stretches(&within, octets_max);
    let total = pieces.len();
    if total > PIECES_MAX {
        return Err(SplitError::Size);
    }
    let write = |(index, piece): (usize, &[u8])| {
        let number = index + 1;
        let mut message = outer.clone();
        if let Some(subject) = &subject {
            message.extend(build::text("Subject", &format!("{subject} ({number}/{total})")));
        }
        message.extend(build::message_id(&format!("<{}>", new_id(number))));
        message.extend_from_slice(b"MIME-Version: 1.0\r\n");
        let labels = [("id", id.to_owned()), ("number", number.to_string()), ("total", total.to_string())];
        let labels = labels.map(|(name, value)| (name.to_owned(), value));
        message.extend(typed_field("Content-Type", "message/partial", &labels));
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(piece);
        message
    };
    Ok(pieces.into_iter().enumerate().map(write).collect())
}

/// Stretches of whole lines.
fn stretches(octets: &[u8], octets_max: usize) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let mut rest = octets;
    while rest.len() > octets_max {
        let window = rest.get(..octets_max).unwrap_or(rest);
        // No line is longer than a piece may be, so an end is there.
        let end = window.iter().rposition(|octet| *octet == b'\n').map_or(octets_max, |at| at + 1);
        let (piece, after) = rest.split_at(end);
        all.push(piece);
        rest = after;
    }
    all.push(rest);
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// The example of RFC 2046 §5.2.2.2, shortened.
    const FIRST: &[u8] = b"X-Weird-Header-1: Foo\r\nFrom: Bill@host.com\r\nTo: joe@otherhost.com\r\n\
        Date: Fri, 26 Mar 1993 12:59:38 -0500 (EST)\r\nSubject: Audio mail (part 1 of 2)\r\nMessage-ID: <id1@host.com>\r\n\
        MIME-Version: 1.0\r\nContent-type: message/partial; id=\"ABC@host.com\"; number=1; total=2\r\n\r\n\
        X-Weird-Header-1: Bar\r\nX-Weird-Header-2: Hello\r\nMessage-ID: <anotherid@foo.com>\r\nSubject: Audio mail\r\n\
        MIME-Version: 1.0\r\nContent-type: audio/basic\r\nContent-transfer-encoding: base64\r\n\r\nzIE5\r\n";
    const SECOND: &[u8] = b"From: Bill@host.com\r\nTo: joe@otherhost.com\r\nSubject: Audio mail (part 2 of 2)\r\n\
        MIME-Version: 1.0\r\nMessage-ID: <id2@host.com>\r\n\
        Content-type: message/partial; id=\"ABC@host.com\"; number=2; total=2\r\n\r\nzIE5\r\n";

    #[test]
    fn the_example_of_the_rfc_comes_together() {
        let whole = join(&[SECOND, FIRST, FIRST]).unwrap();
        let expected = "X-Weird-Header-1: Foo\r\nFrom: Bill@host.com\r\nTo: joe@otherhost.com\r\n\
            Date: Fri, 26 Mar 1993 12:59:38 -0500 (EST)\r\nMessage-ID: <anotherid@foo.com>\r\nSubject: Audio mail\r\n\
            MIME-Version: 1.0\r\nContent-type: audio/basic\r\nContent-transfer-encoding: base64\r\n\r\nzIE5\r\nzIE5\r\n";
        assert_eq!(String::from_utf8(whole).unwrap(), expected);
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(join(&[FIRST]), Err(JoinError::Missing(vec![2])));
        assert_eq!(join(&[FIRST]).unwrap_err().to_string(), "pieces are missing: 2");
        assert_eq!(join(&[FIRST, b"Subject: x\r\n\r\n"]), Err(JoinError::NoPiece(2)));
        assert_eq!(join(&[]), Err(JoinError::NoTotal));
        let piece = |id: &str, total: &str| {
            format!("Content-Type: message/partial; id={id}; number=1{total}\r\n\r\nSubject: x\r\n\r\ny").into_bytes()
        };
        assert_eq!(join(&[&piece("a", ""), &piece("b", "")]), Err(JoinError::Mixed("a".to_owned(), "b".to_owned())));
        assert_eq!(join(&[&piece("a", "")]), Err(JoinError::NoTotal));
        assert_eq!(join(&[&piece("a", "; total=1001")]), Err(JoinError::TooLarge));
        assert!(matches!(join(&[&piece("a", "; total=1000")]), Err(JoinError::Missing(list)) if list.len() == 999));
        assert_eq!(Piece::of(b"Content-Type: message/partial; id=a; number=0\r\n\r\n"), None);
    }

    #[test]
    fn what_cannot_be_parted_is_refused() {
        let id = |number: usize| format!("{number}@crepes.fr");
        assert_eq!(split("Subject: é\r\n\r\nx".as_bytes(), PIECE_MIN, "a", id), Err(SplitError::NotSevenBit));
        assert_eq!(split(b"Subject: x\r\n\r\ny", PIECE_MIN - 1, "a", id), Err(SplitError::Size));
        // Two lines in a piece, but for the first, which begins with the end of the header.
        let line = format!("{}\r\n", "x".repeat(PIECE_MIN / 2 - 2));
        let of_lines = |count: usize| format!("\r\n{}", line.repeat(count)).into_bytes();
        let parted = |count: usize| split(&of_lines(count), PIECE_MIN, "a", id).map(|pieces| pieces.len());
        assert_eq!(parted(2 * PIECES_MAX - 1), Ok(PIECES_MAX));
        assert_eq!(parted(2 * PIECES_MAX), Err(SplitError::Size));
    }

    proptest! {
        #[test]
        fn what_is_parted_comes_together(
            lines in proptest::collection::vec("[ -~]{0,200}", 0..60),
            octets_max in PIECE_MIN..4000_usize,
        ) {
            let raw = format!("From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\nMessage-ID: <1@b.example>\r\n\
                MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{}\r\n", lines.join("\r\n"));
            let pieces = split(raw.as_bytes(), octets_max, "all@b.example", |number| format!("{number}@b.example")).unwrap();
            let parted: Vec<&[u8]> = pieces.iter().rev().map(Vec::as_slice).collect();
            prop_assert_eq!(String::from_utf8(join(&parted).unwrap()).unwrap(), raw);
        }
    }
}
