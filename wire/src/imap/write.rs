//! The words both ends write (RFC 9051 §9): numbers, strings, names, sections, dates. Owns when a string is an atom, quoted
//! or a literal; `parse` reads them back.

use super::command::{Part, Partial, Section, SectionText};
use super::mailbox::{Charset, MailboxName};
use super::parse::is_astring_char;
use memchr::memchr2;
use message::date::Date;

/// The longest string that is quoted, in octets; longer ones go as literals, which are read without looking at each octet.
pub const QUOTED_MAX: usize = 1024;

/// A number in decimal digits.
pub fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut left = number;
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        count += 1;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

/// Whether a string can stand in quotes: no CR, LF, NUL or other control, and nothing beyond ASCII but UTF-8 where that is
/// understood.
#[must_use]
pub fn is_quotable(text: &[u8], charset: Charset) -> bool {
    let beyond = charset == Charset::Utf8;
    let plain = |octet: &u8| matches!(octet, b' '..=b'~') || (beyond && *octet >= 0x80);
    text.len() <= QUOTED_MAX && text.iter().all(plain) && (text.is_ascii() || std::str::from_utf8(text).is_ok())
}

/// A string in quotes, whatever is in it: see [`is_quotable`].
pub fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while let Some(end) = memchr2(b'"', b'\\', rest) {
        let (before, from) = rest.split_at(end);
        out.extend_from_slice(before);
        out.push(b'\\');
        out.extend_from_slice(from.get(..1).unwrap_or_default());
        rest = from.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// What announces a literal from a server, or one that a client is asked to go on with.
pub fn literal(out: &mut Vec<u8>, octets: u64) {
    out.push(b'{');
    number(out, octets);
    out.extend_from_slice(b"}\r\n");
}

/// A string from a server: quoted where that is possible, else a literal.
pub fn string(out: &mut Vec<u8>, text: &[u8], charset: Charset) {
    if is_quotable(text, charset) {
        quoted(out, text);
    } else {
        literal(out, text.len() as u64);
        // RFC 9051 §9, CHAR8: a literal has no NUL in it; what had one keeps its length.
        out.extend(text.iter().map(|octet| if *octet == 0 { 0x80 } else { *octet }));
    }
}

/// A string, or NIL.
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>, charset: Charset) {
    match text {
        Some(text) => string(out, text, charset),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Whether a string can stand as an atom where an astring is read. `NIL` could be, but not where somebody looks for an
/// nstring.
#[must_use]
pub fn is_atom(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|octet| is_astring_char(*octet)) && !text.eq_ignore_ascii_case(b"NIL")
}

/// An atom as it is, anything else as a string.
pub fn astring(out: &mut Vec<u8>, text: &[u8], charset: Charset) {
    if is_atom(text) { out.extend_from_slice(text) } else { string(out, text, charset) }
}

/// The name of a mailbox.
pub fn mailbox(out: &mut Vec<u8>, name: &MailboxName, charset: Charset) {
    astring(out, name.to_wire(charset).as_bytes(), charset);
}

/// `1.2`; nothing for the message itself.
pub fn part(out: &mut Vec<u8>, part: &Part) {
    for (index, place) in part.0.iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        number(out, u64::from(*place));
    }
}

/// What stands in `BODY[...]`.
pub fn section(out: &mut Vec<u8>, section: &Section) {
    part(out, &section.part);
    let (word, names) = match &section.text {
        SectionText::Whole => return,
        SectionText::Header => ("HEADER", None),
        SectionText::HeaderFields(names) => ("HEADER.FIELDS", Some(names)),
        SectionText::HeaderFieldsNot(names) => ("HEADER.FIELDS.NOT", Some(names)),
        SectionText::Text => ("TEXT", None),
        SectionText::Mime => ("MIME", None),
    };
    if !section.part.0.is_empty() {
        out.push(b'.');
    }
    out.extend_from_slice(word.as_bytes());
    if let Some(names) = names {
        out.push(b' ');
        list(out, names, |out, name| astring(out, name.as_bytes(), Charset::Ascii));
    }
}

/// `<start.count>`, as a client asks.
pub fn partial(out: &mut Vec<u8>, partial: &Partial) {
    out.push(b'<');
    number(out, partial.start);
    out.push(b'.');
    number(out, partial.count);
    out.push(b'>');
}

/// Things with spaces between them, in parentheses.
pub fn list<T>(out: &mut Vec<u8>, things: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'(');
    for (index, thing) in things.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(out, thing);
    }
    out.push(b')');
}

/// A zone of four digits is at most ±99:59.
const OFFSET_MAX: i16 = 99 * 60 + 59;

/// `"17-Jul-1996 02:44:25 -0700"` (RFC 9051 §9, date-time). Years outside four digits are written as the nearest that has
/// them.
pub fn date_time(out: &mut Vec<u8>, date: Date) {
    // Any offset stays within the years that can be written.
    let seconds = date.unix_seconds.clamp(-62_162_208_000, 253_401_940_000);
    let offset = date.offset_minutes.unwrap_or(0).clamp(-OFFSET_MAX, OFFSET_MAX);
    let local = seconds + i64::from(offset) * 60;
    let (year, month, day) = message::date::civil(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400);
    let sign = if offset < 0 { '-' } else { '+' };
    let east = offset.unsigned_abs();
    let text = format!(
        "\"{day:02}-{}-{year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}\"",
        message::date::month_name(month),
        second / 3600,
        second / 60 % 60,
        second % 60,
        east / 60,
        east % 60
    );
    out.extend_from_slice(text.as_bytes());
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
    }

    #[test]
    fn strings_are_quoted_where_they_can_be() {
        for (text, ascii, utf8) in [
            ("", "\"\"", "\"\""),
            ("a b", "\"a b\"", "\"a b\""),
            ("\"\\", "\"\\\"\\\\\"", "\"\\\"\\\\\""),
            ("\u{e9}", "{2}\r\n\u{e9}", "\"\u{e9}\""),
            ("a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"),
            ("a\u{7f}", "{2}\r\na\u{7f}", "{2}\r\na\u{7f}"),
        ] {
            assert_eq!(written(|out| string(out, text.as_bytes(), Charset::Ascii)), ascii);
            assert_eq!(written(|out| string(out, text.as_bytes(), Charset::Utf8)), utf8);
        }
        let mut out = Vec::new();
        string(&mut out, b"a\0\xFF", Charset::Utf8);
        assert_eq!(out, b"{3}\r\na\x80\xFF");
    }

    #[test]
    fn long_strings_are_literals() {
        let long = "x".repeat(QUOTED_MAX + 1);
        assert!(written(|out| string(out, long.as_bytes(), Charset::Ascii)).starts_with("{1025}"));
        assert!(written(|out| string(out, &long.as_bytes()[1..], Charset::Ascii)).starts_with('"'));
    }

    #[test]
    fn names_are_atoms_where_they_can_be() {
        for (name, text) in [("INBOX", "INBOX"), ("nil", "\"nil\""), ("a b", "\"a b\""), ("", "\"\""), ("a]", "a]")] {
            assert_eq!(written(|out| astring(out, name.as_bytes(), Charset::Ascii)), text);
        }
        let name = MailboxName::new("Entw\u{fc}rfe");
        assert_eq!(written(|out| mailbox(out, &name, Charset::Ascii)), "Entw&APw-rfe");
        assert_eq!(written(|out| mailbox(out, &name, Charset::Utf8)), "\"Entw\u{fc}rfe\"");
    }

    #[test]
    fn a_date_is_of_fixed_length() {
        let date = |unix_seconds, offset_minutes| Date { unix_seconds, offset_minutes };
        assert_eq!(written(|out| date_time(out, date(837_596_665, Some(-420)))), "\"17-Jul-1996 02:44:25 -0700\"");
        assert_eq!(written(|out| date_time(out, date(1_081_298_274, None))), "\"07-Apr-2004 00:37:54 +0000\"");
        for extreme in [i64::MIN, i64::MAX, -62_162_208_000, 253_401_940_000] {
            for offset in [i16::MIN, 0, i16::MAX] {
                assert_eq!(written(|out| date_time(out, date(extreme, Some(offset)))).len(), 28);
            }
        }
    }
}
