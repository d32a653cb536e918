//! Bodies as text, for search and previews: transfer encoding and charset taken off. Owns the choice of charset.

use crate::TransferEncoding;
use crate::encoding;
use crate::header::{charset_text, parameter_text, raw_text};
use crate::structure::Kind;
use crate::summary::SummaryPart;

/// The text of a leaf, given its body as it stands in the content. `None` where it is not `text/*`. A missing or
/// unknown charset is read as UTF-8, else Windows-1252; octets that are none of the charset become U+FFFD.
#[must_use]
pub fn body_text(part: &SummaryPart, body: &[u8]) -> Option<String> {
    if part.kind != Kind::Leaf || part.media_type != "text" {
        return None;
    }
    let octets = encoding::decode(TransferEncoding::from_name(part.encoding.as_bytes()), body);
    let charset = parameter_text(&part.parameters, "charset");
    let named = charset.filter(|charset| !charset.trim().eq_ignore_ascii_case("us-ascii"));
    Some(named.and_then(|charset| charset_text(charset.as_bytes(), &octets)).unwrap_or_else(|| raw_text(&octets)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Summary, parse};

    fn text_of(content: &[u8]) -> Option<String> {
        let summary = Summary::of(&parse(content));
        let part = &summary.parts[0];
        body_text(part, &content[part.body.start as usize..])
    }

    #[test]
    fn reads_encodings_and_charsets() {
        for (content, text) in [
            (&b"\r\ncr\xC3\xAApe"[..], "crêpe"),
            (b"\r\ncr\xEApe", "crêpe"),
            (b"Content-Type: text/plain; charset=us-ascii\r\n\r\ncr\xC3\xAApe", "crêpe"),
            (b"Content-Type: text/plain; charset=nonsense\r\n\r\ncr\xEApe", "crêpe"),
            (b"Content-Type: text/html; charset=\"iso-8859-7\"\r\n\r\n\xE1", "α"),
            (b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1B$B$\"\x1B(B", "あ"),
            (b"Content-Transfer-Encoding: base64\r\n\r\nY3LDqnBl", "crêpe"),
            (b"Content-Transfer-Encoding: Quoted-Printable\r\n\r\ncr=C3=AApe", "crêpe"),
        ] {
            assert_eq!(text_of(content).unwrap(), text);
        }
        assert_eq!(text_of(b"Content-Type: image/png\r\n\r\nx"), None);
        assert_eq!(text_of(b"Content-Type: message/rfc822\r\n\r\nx"), None);
    }
}
