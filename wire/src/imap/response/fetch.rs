//! What FETCH tells of a message (RFC 9051 §7.5.2, RFC 3516, RFC 7162, RFC 8474, RFC 8514, RFC 8970).

use super::Value;
use crate::imap::command::Flag;
use crate::imap::parse::SyntaxError;
use crate::imap::parse::cursor::{Cursor, is_atom_char};
use crate::imap::parse::dates;
use message::date::Date;

/// One thing told of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchData {
    /// `FLAGS`.
    Flags(Vec<Flag>),
    /// `UID`.
    Uid(u32),
    /// `INTERNALDATE`.
    InternalDate(Date),
    /// `RFC822.SIZE`.
    Size(u64),
    /// `MODSEQ`.
    ModSeq(u64),
    /// `EMAILID`.
    EmailId(String),
    /// `THREADID`; `None`: the server knows no threads.
    ThreadId(Option<String>),
    /// `SAVEDATE`.
    SaveDate(Option<Date>),
    /// `PREVIEW`; `None`: there is none yet.
    Preview(Option<Vec<u8>>),
    /// `ENVELOPE`: ten values.
    Envelope(Value),
    /// `BODY` without a section: the structure.
    Body(Value),
    /// `BODYSTRUCTURE`.
    BodyStructure(Value),
    /// `BODY[...]`, `BINARY[...]`, `RFC822` and its kin; `None`: NIL. Of content that was streamed nothing stands here.
    Section(SectionName, Option<Vec<u8>>),
    /// `BINARY.SIZE[...]`: the section and the size.
    BinarySize(String, u64),
    /// Any other: its name in capitals.
    Other(String, Value),
}

/// What a section is called in the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionName {
    /// `BODY`, `BINARY`, `RFC822`, `RFC822.HEADER`, `RFC822.TEXT`.
    pub item: String,
    /// What stands in the brackets, as it stands.
    pub section: String,
    /// The first octet, of a part of it.
    pub origin: Option<u64>,
}

impl FetchData {
    /// The name of one thing told, up to its value: a name in capitals, and where it is content, of which section.
    pub(super) fn name(c: &mut Cursor<'_>) -> Result<(String, Option<SectionName>), SyntaxError> {
        let at = c.at();
        let item = c.run(|octet| is_atom_char(octet) && !matches!(octet, b'[' | b'<'));
        let item = String::from_utf8_lossy(item).to_ascii_uppercase();
        if item.is_empty() {
            return Err(SyntaxError::expected(at, "a data item"));
        }
        let mut section = None;
        if c.eat(b'[') {
            let text = section_text(c)?;
            let mut origin = None;
            if c.eat(b'<') {
                origin = Some(c.number()?);
                c.need(b'>', "the end of the origin")?;
            }
            section = Some(SectionName { item: item.clone(), section: text, origin });
        } else if matches!(item.as_str(), "RFC822" | "RFC822.HEADER" | "RFC822.TEXT") {
            section = Some(SectionName { item: item.clone(), section: String::new(), origin: None });
        }
        c.sp()?;
        Ok((item, section))
    }

    pub(super) fn read(c: &mut Cursor<'_>) -> Result<FetchData, SyntaxError> {
        let (item, section) = FetchData::name(c)?;
        if let Some(section) = section {
            return FetchData::content(section, c);
        }
        Ok(match item.as_str() {
            "FLAGS" => FetchData::Flags(super::read::flags(c)?),
            "UID" => FetchData::Uid(c.nz_number()?),
            "INTERNALDATE" => FetchData::InternalDate(dates::date_time(c)?),
            "RFC822.SIZE" => FetchData::Size(c.number()?),
            "MODSEQ" => FetchData::ModSeq(in_parentheses(c, Cursor::number)?),
            "EMAILID" => FetchData::EmailId(in_parentheses(c, Cursor::object_id)?),
            "THREADID" if c.nil() => FetchData::ThreadId(None),
            "THREADID" => FetchData::ThreadId(Some(in_parentheses(c, Cursor::object_id)?)),
            "SAVEDATE" if c.nil() => FetchData::SaveDate(None),
            "SAVEDATE" => FetchData::SaveDate(Some(dates::date_time(c)?)),
            "PREVIEW" if c.nil() => FetchData::Preview(None),
            "PREVIEW" => FetchData::Preview(Some(c.lenient_string()?)),
            "ENVELOPE" => FetchData::Envelope(Value::read(c)?),
            "BODY" => FetchData::Body(Value::read(c)?),
            "BODYSTRUCTURE" => FetchData::BodyStructure(Value::read(c)?),
            _ => FetchData::Other(item, Value::read(c)?),
        })
    }

    fn content(section: SectionName, c: &mut Cursor<'_>) -> Result<FetchData, SyntaxError> {
        if section.item == "BINARY.SIZE" {
            return c.number().map(|size| FetchData::BinarySize(section.section, size));
        }
        if c.nil() {
            return Ok(FetchData::Section(section, None));
        }
        c.eat(b'~');
        let octets = if c.peek() == Some(b'{') { c.octets()?.to_vec() } else { c.lenient_string()? };
        Ok(FetchData::Section(section, Some(octets)))
    }
}

/// Up to the bracket that ends it; names of fields in it may be quoted.
fn section_text(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let mut text = Vec::new();
    loop {
        text.extend_from_slice(c.run(|octet| !matches!(octet, b']' | b'"' | b'\r' | b'\n')));
        if c.eat(b']') {
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
        let name = c.quoted()?;
        crate::imap::write::quoted(&mut text, &name);
    }
}

fn in_parentheses<'a, T>(
    c: &mut Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Result<T, SyntaxError>,
) -> Result<T, SyntaxError> {
    c.need(b'(', "a value in parentheses")?;
    let value = read(c)?;
    c.need(b')', "the end of the list")?;
    Ok(value)
}
