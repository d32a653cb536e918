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

/// The same of any part that says it is text, and whether something of it could not be read as it says it is: an unknown
/// charset or transfer encoding, octets that are none of the charset (RFC 8621 §4.1.4).
#[must_use]
pub fn body_value(part: &SummaryPart, body: &[u8]) -> (String, bool) {
    let transfer = TransferEncoding::from_name(part.encoding.as_bytes());
    let octets = encoding::decode(transfer, body);
    let unknown_transfer = transfer == TransferEncoding::Other;
    let charset = parameter_text(&part.parameters, "charset");
    let named = charset.filter(|charset| !charset.trim().eq_ignore_ascii_case("us-ascii"));
    let Some(charset) = named else {
        let is_utf8 = std::str::from_utf8(&octets).is_ok();
        return (raw_text(&octets), unknown_transfer || !is_utf8);
    };
    match encoding_rs::Encoding::for_label(charset.trim().as_bytes()) {
        Some(encoding) => {
            let (text, problem) = encoding.decode_without_bom_handling(&octets);
            (text.into_owned(), unknown_transfer || problem)
        }
        None => (raw_text(&octets), true),
    }
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
    fn what_could_not_be_read_is_told() {
        let value = |content: &[u8]| {
            let summary = Summary::of(&parse(content));
            let part = &summary.parts[0];
            body_value(part, &content[part.body.start as usize..])
        };
        assert_eq!(value(b"\r\ncr\xC3\xAApe"), ("cr\u{ea}pe".to_owned(), false));
        assert_eq!(value(b"\r\ncr\xEApe"), ("cr\u{ea}pe".to_owned(), true));
        assert_eq!(value(b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xEA."), ("\u{fffd}.".to_owned(), true));
        assert_eq!(value(b"Content-Type: text/plain; charset=x-none\r\n\r\nhi"), ("hi".to_owned(), true));
        assert_eq!(value(b"Content-Transfer-Encoding: x-none\r\n\r\nhi"), ("hi".to_owned(), true));
        assert_eq!(value(b"Content-Type: text/plain; charset=latin1\r\n\r\n\xE9"), ("\u{e9}".to_owned(), false));
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
