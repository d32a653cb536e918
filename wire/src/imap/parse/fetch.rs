//! FETCH and what can be fetched (RFC 9051 §6.4.5, RFC 3516, RFC 7162, RFC 8474, RFC 8514, RFC 8970, RFC 9394).

use super::super::command::{By, Fetch, FetchItem, Part, Partial, Preview, Section, SectionText};
use super::super::limits::{ITEMS, PART_DEPTH};
use super::cursor::{Cursor, is_atom_char};
use super::returns::partial_range;
use super::{Parsed, SyntaxError};

const ALL: &[FetchItem] = &[FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size, FetchItem::Envelope];
const FAST: &[FetchItem] = &[FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size];
const FULL: &[FetchItem] =
    &[FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size, FetchItem::Envelope, FetchItem::Body];

pub(super) fn fetch(by: By, c: &mut Cursor<'_>) -> Parsed<Fetch> {
    let messages = c.messages()?;
    c.sp()?;
    let items = if c.eat_word("ALL") {
        ALL.to_vec()
    } else if c.eat_word("FAST") {
        FAST.to_vec()
    } else if c.eat_word("FULL") {
        FULL.to_vec()
    } else {
        c.one_or_list(ITEMS, item)?
    };
    let mut fetch = Fetch { by, messages, items, changed_since: None, vanished: false, partial: None };
    if c.eat(b' ') {
        modifiers(&mut fetch, c)?;
    }
    Ok(fetch)
}

fn modifiers(fetch: &mut Fetch, c: &mut Cursor<'_>) -> Parsed<()> {
    let at = c.at();
    c.list(ITEMS, |c| {
        if c.eat_word("CHANGEDSINCE") {
            fetch.changed_since = Some(c.argument(Cursor::nz_number_63)?);
        } else if c.eat_word("VANISHED") {
            fetch.vanished = true;
        } else if c.eat_word("PARTIAL") {
            fetch.partial = Some(c.argument(partial_range)?);
        } else {
            return c.expected("CHANGEDSINCE, VANISHED or PARTIAL");
        }
        Ok(())
    })?;
    // RFC 7162 §3.2.6: VANISHED is for UID FETCH with CHANGEDSINCE.
    if fetch.vanished && (fetch.changed_since.is_none() || fetch.by == By::Number) {
        return Err(SyntaxError::expected(at, "VANISHED in UID FETCH and beside CHANGEDSINCE only"));
    }
    Ok(())
}

pub(super) fn item(c: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let at = c.at();
    let name = c.run(|octet| is_atom_char(octet) && !matches!(octet, b'[' | b'<'));
    let name = String::from_utf8_lossy(name).to_ascii_uppercase();
    if c.peek() == Some(b'[') {
        return section_item(&name, at, c);
    }
    Ok(match name.as_str() {
        "ENVELOPE" => FetchItem::Envelope,
        "FLAGS" => FetchItem::Flags,
        "INTERNALDATE" => FetchItem::InternalDate,
        "RFC822.SIZE" => FetchItem::Size,
        "BODY" => FetchItem::Body,
        "BODYSTRUCTURE" => FetchItem::BodyStructure,
        "UID" => FetchItem::Uid,
        "MODSEQ" => FetchItem::ModSeq,
        "EMAILID" => FetchItem::EmailId,
        "THREADID" => FetchItem::ThreadId,
        "SAVEDATE" => FetchItem::SaveDate,
        "PREVIEW" => FetchItem::Preview(preview(c)?),
        "RFC822" => FetchItem::Rfc822,
        "RFC822.HEADER" => FetchItem::Rfc822Header,
        "RFC822.TEXT" => FetchItem::Rfc822Text,
        _ => return Err(SyntaxError::expected(at, "a data item")),
    })
}

/// RFC 8970 §3.1. A list that does not begin with LAZY belongs to FETCH.
fn preview(c: &mut Cursor<'_>) -> Parsed<Preview> {
    let lazy = c.rest().get(..6).is_some_and(|here| here.eq_ignore_ascii_case(b" (LAZY"));
    if !lazy {
        return Ok(Preview::Wanted);
    }
    c.sp()?;
    c.list(ITEMS, |c| if c.eat_word("LAZY") { Ok(()) } else { c.expected("LAZY") })?;
    Ok(Preview::Lazy)
}

fn section_item(name: &str, at: usize, c: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let (name, peek) = name.strip_suffix(".PEEK").map_or((name, false), |name| (name, true));
    c.need(b'[', "a section")?;
    match name {
        "BODY" => {
            let section = section(c)?;
            Ok(FetchItem::Section { section, peek, partial: partial(c)? })
        }
        "BINARY" => {
            let part = binary_part(c)?;
            Ok(FetchItem::Binary { part, peek, partial: partial(c)? })
        }
        "BINARY.SIZE" if !peek => Ok(FetchItem::BinarySize(binary_part(c)?)),
        _ => Err(SyntaxError::expected(at, "BODY, BINARY or BINARY.SIZE before the section")),
    }
}

/// RFC 3516 §7, section-binary, after its `[`.
fn binary_part(c: &mut Cursor<'_>) -> Parsed<Part> {
    let at = c.at();
    let (part, dot) = part(c)?;
    if dot {
        return Err(SyntaxError::expected(at, "a part without a text"));
    }
    c.need(b']', "the end of the section")?;
    Ok(part)
}

/// Numbers with dots between them, and whether a dot stands behind the last.
fn part(c: &mut Cursor<'_>) -> Parsed<(Part, bool)> {
    let mut numbers = Vec::new();
    while c.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        c.within(numbers.len(), PART_DEPTH)?;
        numbers.push(c.nz_number()?);
        if !c.eat(b'.') {
            return Ok((Part(numbers), false));
        }
    }
    let dot = !numbers.is_empty();
    Ok((Part(numbers), dot))
}

/// RFC 9051 §9, section, after its `[`.
fn section(c: &mut Cursor<'_>) -> Parsed<Section> {
    let (part, dot) = part(c)?;
    let text = if dot || (part.0.is_empty() && c.peek() != Some(b']')) {
        section_text(!part.0.is_empty(), c)?
    } else {
        SectionText::Whole
    };
    c.need(b']', "the end of the section")?;
    Ok(Section { part, text })
}

fn section_text(of_part: bool, c: &mut Cursor<'_>) -> Parsed<SectionText> {
    let at = c.at();
    match c.keyword("a section")?.as_str() {
        "HEADER" => Ok(SectionText::Header),
        "TEXT" => Ok(SectionText::Text),
        "MIME" if of_part => Ok(SectionText::Mime),
        "HEADER.FIELDS" => c.argument(header_list).map(SectionText::HeaderFields),
        "HEADER.FIELDS.NOT" => c.argument(header_list).map(SectionText::HeaderFieldsNot),
        _ => Err(SyntaxError::expected(at, "HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or, of a part, MIME")),
    }
}

/// Names of fields. One that cannot be a field's name finds none, but may be asked for.
fn header_list(c: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    c.list(ITEMS, |c| {
        let at = c.at();
        let name = c.text()?;
        let sound = !name.is_empty() && name.bytes().all(|octet| (b' '..=b'~').contains(&octet));
        if sound { Ok(name) } else { Err(SyntaxError::expected(at, "the name of a header field")) }
    })
}

/// RFC 9051 §9, partial.
fn partial(c: &mut Cursor<'_>) -> Parsed<Option<Partial>> {
    if !c.eat(b'<') {
        return Ok(None);
    }
    let start = c.number()?;
    c.need(b'.', "a dot and a count")?;
    let count = c.nz_number_63()?;
    c.need(b'>', "the end of the range")?;
    Ok(Some(Partial { start, count }))
}
