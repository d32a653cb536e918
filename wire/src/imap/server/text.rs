//! What the session says, octet by octet: numbers, strings and names as the grammar has them (RFC 9051 §9). Owns when a
//! string can be quoted; knows no responses.

use crate::imap::command::{Part, Section, SectionText};
use crate::imap::mailbox::{Charset, MailboxName};
use message::Time;
use std::ops::RangeInclusive;

/// The longest string that is quoted; longer ones go as literals, which clients read without looking at each octet.
const QUOTED_MAX: usize = 1024;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Appends a number in decimal digits.
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut left = number;
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
        }
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Appends a string: quoted where that is possible, else as a literal.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8], charset: Charset) {
    let plain = |octet: &u8| matches!(octet, b' '..=b'~') || (charset == Charset::Utf8 && *octet >= 0x80);
    let utf8 = || text.is_ascii() || std::str::from_utf8(text).is_ok();
    if text.len() <= QUOTED_MAX && text.iter().all(plain) && utf8() {
        out.push(b'"');
        for octet in text {
            if matches!(octet, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(*octet);
        }
        out.push(b'"');
    } else {
        literal(out, text.len() as u64);
        out.extend_from_slice(text);
    }
}

/// Appends a string, or NIL.
pub(super) fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>, charset: Charset) {
    match text {
        Some(text) => string(out, text, charset),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Appends what announces a literal.
pub(super) fn literal(out: &mut Vec<u8>, octets: u64) {
    out.push(b'{');
    number(out, octets);
    out.extend_from_slice(b"}\r\n");
}

/// Appends an atom as it is, anything else as a string.
pub(super) fn astring(out: &mut Vec<u8>, text: &str, charset: Charset) {
    let atom = |octet: u8| octet.is_ascii_graphic() && !b"(){%*\"\\".contains(&octet);
    if !text.is_empty() && text.bytes().all(atom) && !text.eq_ignore_ascii_case("NIL") {
        out.extend_from_slice(text.as_bytes());
    } else {
        string(out, text.as_bytes(), charset);
    }
}

/// Appends the name of a mailbox.
pub(super) fn mailbox(out: &mut Vec<u8>, name: &MailboxName, charset: Charset) {
    astring(out, &name.to_wire(charset), charset);
}

/// Appends a set of numbers.
pub(super) fn set(out: &mut Vec<u8>, ranges: &[RangeInclusive<u32>]) {
    for (at, range) in ranges.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        number(out, u64::from(*range.start()));
        if range.start() != range.end() {
            out.push(b':');
            number(out, u64::from(*range.end()));
        }
    }
}

/// Appends a date with its time (RFC 9051 §9, `date-time`), in UTC.
pub(super) fn date_time(out: &mut Vec<u8>, time: Time) {
    let iso = message::date::write_iso8601(time);
    let field = |at: std::ops::Range<usize>| iso.get(at).unwrap_or_default();
    let month = field(5..7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let text = format!("\"{}-{}-{} {} +0000\"", field(8..10), month.unwrap_or(&"Jan"), field(0..4), field(11..19));
    out.extend_from_slice(text.as_bytes());
}

/// A section as it stands in `BODY[...]`.
pub(super) fn section(section: &Section) -> Vec<u8> {
    let mut out = part(&section.part).into_bytes();
    let word = match &section.text {
        SectionText::Whole => return out,
        SectionText::Header => "HEADER",
        SectionText::HeaderFields(_) => "HEADER.FIELDS",
        SectionText::HeaderFieldsNot(_) => "HEADER.FIELDS.NOT",
        SectionText::Text => "TEXT",
        SectionText::Mime => "MIME",
    };
    if !out.is_empty() {
        out.push(b'.');
    }
    out.extend_from_slice(word.as_bytes());
    if let SectionText::HeaderFields(names) | SectionText::HeaderFieldsNot(names) = &section.text {
        for (at, name) in names.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b" (" } else { b" " });
            astring(&mut out, name, Charset::Ascii);
        }
        out.push(b')');
    }
    out
}

/// A part as it stands in `BINARY[...]`.
pub(super) fn part(part: &Part) -> String {
    part.0.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn numbers_have_their_digits() {
        for wanted in [0, 9, 10, 4_294_967_295, u64::MAX] {
            assert_eq!(written(|out| number(out, wanted)), wanted.to_string());
        }
        assert_eq!(written(|out| set(out, &[1..=1, 3..=9, 12..=12])), "1,3:9,12");
    }

    #[test]
    fn strings_are_quoted_where_they_can_be() {
        for (text, ascii, utf8) in [
            ("", "\"\"", "\"\""),
            ("a b", "\"a b\"", "\"a b\""),
            ("\"\\", "\"\\\"\\\\\"", "\"\\\"\\\\\""),
            ("\u{e9}", "{2}\r\n\u{e9}", "\"\u{e9}\""),
            ("a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"),
        ] {
            assert_eq!(written(|out| string(out, text.as_bytes(), Charset::Ascii)), ascii);
            assert_eq!(written(|out| string(out, text.as_bytes(), Charset::Utf8)), utf8);
        }
        let long = "x".repeat(QUOTED_MAX + 1);
        assert!(written(|out| string(out, long.as_bytes(), Charset::Ascii)).starts_with("{1025}"));
        assert!(written(|out| string(out, &long.as_bytes()[1..], Charset::Ascii)).starts_with('"'));
        assert_eq!(written(|out| nstring(out, None, Charset::Ascii)), "NIL");
    }

    #[test]
    fn names_are_atoms_where_they_can_be() {
        for (name, text) in [("INBOX", "INBOX"), ("nil", "\"nil\""), ("a b", "\"a b\""), ("", "\"\""), ("a]", "a]")] {
            assert_eq!(written(|out| astring(out, name, Charset::Ascii)), text);
        }
        let name = MailboxName::new("Entw\u{fc}rfe");
        assert_eq!(written(|out| mailbox(out, &name, Charset::Ascii)), "Entw&APw-rfe");
        assert_eq!(written(|out| mailbox(out, &name, Charset::Utf8)), "\"Entw\u{fc}rfe\"");
    }

    #[test]
    fn a_date_is_of_fixed_length() {
        assert_eq!(written(|out| date_time(out, Time(1_081_298_274_000))), "\"07-Apr-2004 00:37:54 +0000\"");
    }

    #[test]
    fn sections_are_echoed() {
        let fields = SectionText::HeaderFields(vec!["From".to_owned(), "a b".to_owned()]);
        let echoed = |part: &[u32], text| section(&Section { part: Part(part.to_vec()), text });
        assert_eq!(echoed(&[], fields), b"HEADER.FIELDS (From \"a b\")");
        assert_eq!(echoed(&[1, 2], SectionText::Mime), b"1.2.MIME");
        assert_eq!(echoed(&[], SectionText::Whole), b"");
        assert_eq!(echoed(&[4], SectionText::Whole), b"4");
    }
}
