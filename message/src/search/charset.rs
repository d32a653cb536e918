//! Octets to text, in pieces, whatever charset a part names. Owns the reading of octets without a charset: UTF-8 where
//! they are UTF-8, each other octet as Windows-1252.

use crate::header::parameter_text;
use crate::summary::SummaryPart;

/// Decodes one body.
pub(super) enum TextDecoder {
    /// The charset it names.
    Named(Box<encoding_rs::Decoder>),
    /// None that is known; up to three octets that may begin a character.
    Plain(Vec<u8>),
}

impl TextDecoder {
    pub(super) fn of(part: Option<&SummaryPart>) -> TextDecoder {
        let charset = part.and_then(|part| parameter_text(&part.parameters, "charset"));
        let named = charset.filter(|charset| !charset.trim().eq_ignore_ascii_case("us-ascii"));
        match named.and_then(|charset| encoding_rs::Encoding::for_label(charset.as_bytes())) {
            Some(encoding) => TextDecoder::Named(Box::new(encoding.new_decoder_without_bom_handling())),
            None => TextDecoder::Plain(Vec::new()),
        }
    }

    pub(super) fn push(&mut self, octets: &[u8], hear: &mut impl FnMut(&str)) {
        match self {
            TextDecoder::Named(decoder) => decode(decoder, octets, false, hear),
            TextDecoder::Plain(held) if held.is_empty() => *held = plain(octets, hear),
            TextDecoder::Plain(held) => {
                held.extend_from_slice(octets);
                *held = plain(&std::mem::take(held), hear);
            }
        }
    }

    pub(super) fn finish(mut self, hear: &mut impl FnMut(&str)) {
        match &mut self {
            TextDecoder::Named(decoder) => decode(decoder, b"", true, hear),
            TextDecoder::Plain(held) => held.iter().for_each(|octet| western(*octet, hear)),
        }
    }
}

impl std::fmt::Debug for TextDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TextDecoder::Named(decoder) => f.write_str(decoder.encoding().name()),
            TextDecoder::Plain(_) => f.write_str("plain"),
        }
    }
}

fn decode(decoder: &mut encoding_rs::Decoder, octets: &[u8], last: bool, hear: &mut impl FnMut(&str)) {
    if octets.is_ascii()
        && decoder.encoding() == encoding_rs::UTF_8
        && !last
        && decoder.latin1_byte_compatible_up_to(octets).is_some()
    {
        // Nothing is half read, and there is nothing to decode.
        std::str::from_utf8(octets).into_iter().for_each(hear);
        return;
    }
    let room = decoder.max_utf8_buffer_length(octets.len()).unwrap_or(octets.len().saturating_mul(3));
    let mut text = String::with_capacity(room);
    let _ = decoder.decode_to_string(octets, &mut text, last);
    hear(&text);
}

/// Gives octets at the end that may begin a character.
fn plain(mut octets: &[u8], hear: &mut impl FnMut(&str)) -> Vec<u8> {
    loop {
        match std::str::from_utf8(octets) {
            Ok(text) => {
                hear(text);
                return Vec::new();
            }
            Err(error) => {
                let (valid, rest) = octets.split_at(error.valid_up_to());
                std::str::from_utf8(valid).into_iter().for_each(&mut *hear);
                let (Some(_), Some((octet, after))) = (error.error_len(), rest.split_first()) else {
                    return rest.to_vec();
                };
                western(*octet, hear);
                octets = after;
            }
        }
    }
}

fn western(octet: u8, hear: &mut impl FnMut(&str)) {
    hear(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[octet]).0);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Summary, parse};
    use proptest::prelude::*;

    fn text(charset: &str, octets: &[u8], step: usize) -> String {
        let header = format!("Content-Type: text/plain; charset={charset}\r\n\r\n");
        let summary = Summary::of(&parse(header.as_bytes()));
        let mut decoder = TextDecoder::of(summary.parts.first());
        let mut all = String::new();
        octets.chunks(step).for_each(|piece| decoder.push(piece, &mut |text| all.push_str(text)));
        decoder.finish(&mut |text| all.push_str(text));
        all
    }

    #[test]
    fn charsets_come_off() {
        for (charset, octets, read) in [
            ("us-ascii", &b"cr\xC3\xAApe"[..], "crêpe"),
            ("nonsense", b"cr\xEApe \xC3\xAA \x80", "crêpe ê €"),
            ("utf-8", b"cr\xC3\xAApe", "crêpe"),
            ("iso-8859-7", b"\xE1", "α"),
            ("iso-2022-jp", b"\x1B$B$\"\x1B(B", "あ"),
            ("us-ascii", b"\xE2\x82", "â‚"),
        ] {
            for step in 1..=octets.len() {
                assert_eq!(text(charset, octets, step), read, "{charset} by {step}");
            }
        }
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(octets in prop::collection::vec(any::<u8>(), 0..60), step in 1_usize..20) {
            for charset in ["us-ascii", "utf-8", "shift_jis"] {
                prop_assert_eq!(text(charset, &octets, step), text(charset, &octets, 60));
            }
        }
    }
}
