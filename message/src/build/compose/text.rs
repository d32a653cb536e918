//! Text as lines, and the transfer encoding it needs (RFC 2045 §6). Owns the choice; the encoders are in `encoding`.

use crate::build::{LINE_HARD_MAX, LINE_MAX};
use crate::encoding::{base64, quoted_printable};

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextEncoding {
    SevenBit,
    EightBit,
    QuotedPrintable,
    Base64,
}

impl TextEncoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            TextEncoding::SevenBit => "7bit",
            TextEncoding::EightBit => "8bit",
            TextEncoding::QuotedPrintable => "quoted-printable",
            TextEncoding::Base64 => "base64",
        }
    }

    pub(super) fn write(self, lines: &str, out: &mut Vec<u8>) {
        match self {
            TextEncoding::SevenBit | TextEncoding::EightBit => out.extend_from_slice(lines.as_bytes()),
            TextEncoding::QuotedPrintable => {
                let mut encoder = quoted_printable::Encoder::default();
                encoder.push(lines.as_bytes(), out);
                encoder.finish(out);
            }
            TextEncoding::Base64 => {
                let mut encoder = base64::Encoder::default();
                encoder.push(lines.as_bytes(), out);
                encoder.finish(out);
            }
        }
    }
}

/// Every line end becomes CRLF (RFC 2046 §4.1.1).
pub(super) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push_str("\r\n");
            }
            '\n' => out.push_str("\r\n"),
            c => out.push(c),
        }
    }
    out
}

/// As it is where nothing on its way changes it: short lines of printable ASCII that do not end with white space, which some
/// hosts take away and break signatures by (RFC 6376 §5.3), the `-- ` above a signature excepted. Else whatever of the two
/// encodings comes out shorter; with `eight_bit` what is beyond ASCII may stay, too (RFC 6152 §3).
pub(super) fn encoding_for(lines: &str, eight_bit: bool) -> TextEncoding {
    if lines.split("\r\n").all(travels_as_it_is) {
        return TextEncoding::SevenBit;
    }
    if eight_bit && lines.split("\r\n").all(travels_with_eight_bits) {
        return TextEncoding::EightBit;
    }
    let encoded = lines.bytes().filter(|octet| *octet >= 0x7F || *octet == b'=').count();
    // Quoted-printable takes two octets more for each of those, base64 a third and its line ends more for all.
    if encoded * 2 > lines.len() * 37 / 100 { TextEncoding::Base64 } else { TextEncoding::QuotedPrintable }
}

fn travels_as_it_is(line: &str) -> bool {
    line.is_ascii() && line.len() <= LINE_MAX && travels_with_eight_bits(line)
}

fn travels_with_eight_bits(line: &str) -> bool {
    let printable = line.bytes().all(|octet| matches!(octet, b' '..=b'~' | b'\t' | 0x80..));
    // `From ` gets a `>` before it in mailboxes of the old form; neither encoding has a line that begins so.
    let ends_well = !line.ends_with([' ', '\t']) || line == "-- ";
    printable && line.len() <= LINE_HARD_MAX && ends_well && !line.starts_with("From ")
}
