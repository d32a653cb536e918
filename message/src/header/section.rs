//! Where fields and the section begin and end (RFC 5322 §2.1, §2.2, §4.5). Lines may end with CRLF or LF alone.

use memchr::{memchr, memchr_iter};
use std::ops::Range;

/// Fields of one section that are looked at. Real messages have some hundred; what follows is left alone.
pub const FIELDS_MAX: usize = 10_000;

/// One field of a header section; nothing is decoded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as typed, without the white space that obsolete syntax allows before the colon.
    pub name: &'a [u8],
    /// What follows the colon, folds and leading space included, without the final line end.
    pub value: &'a [u8],
    /// The whole field in the section: name, colon, value and line end.
    pub range: Range<usize>,
}

impl Field<'_> {
    /// Whether the field has this name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a section, in order. Ends at the empty line; lines that are no field are passed over; at most
/// [`FIELDS_MAX`] are given.
#[must_use]
pub fn fields(section: &[u8]) -> Fields<'_> {
    Fields { section, at: 0, left: FIELDS_MAX }
}

/// See [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    section: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        while self.left > 0 {
            let start = self.at;
            let rest = self.section.get(start..)?;
            if rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n") {
                return None;
            }
            let length = field_length(rest);
            self.at += length;
            if let Some((name, value)) = rest.get(..length).and_then(split_field) {
                self.left -= 1;
                return Some(Field { name, value, range: start..self.at });
            }
        }
        None
    }
}

/// The length of a field with its continuation lines (RFC 5322 §2.2.3) and last line end.
fn field_length(bytes: &[u8]) -> usize {
    memchr_iter(b'\n', bytes)
        .find(|lf| !matches!(bytes.get(lf + 1), Some(b' ' | b'\t')))
        .map_or(bytes.len(), |lf| lf + 1)
}

fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', line)?;
    let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let name = name.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    is_name.then_some((name, value))
}

/// Does the data begin with a valid field name and its colon (RFC 5322 §2.2: printable ASCII, no space)? `Hello:`
/// does, `Hello, James:` does not.
#[must_use]
pub fn begins_with_field(first_line: &[u8]) -> bool {
    let end = first_line.iter().position(|byte| !byte.is_ascii_graphic() || *byte == b':');
    end.is_some_and(|end| end > 0 && first_line.get(end) == Some(&b':'))
}

/// The offset just past the empty line that ends the section, if it has arrived. `searched` is what a caller has
/// already looked through in earlier calls with a shorter buffer (0 at first), so that waiting costs linear time.
#[must_use]
pub fn section_end(bytes: &[u8], searched: usize) -> Option<usize> {
    if bytes.starts_with(b"\r\n") {
        return Some(2);
    }
    if bytes.starts_with(b"\n") {
        return Some(1);
    }
    // The line end before the empty line may be the last octets of the earlier buffer.
    let from = searched.saturating_sub(2);
    memchr_iter(b'\n', bytes.get(from..)?).find_map(|lf| match bytes.get(from + lf + 1..)? {
        [b'\n', ..] => Some(from + lf + 2),
        [b'\r', b'\n', ..] => Some(from + lf + 3),
        _ => None,
    })
}
