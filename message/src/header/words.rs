//! Text of unstructured values: unfolding (RFC 5322 §2.2.3), encoded words (RFC 2047, language tags of RFC 2231 §5)
//! and charsets.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::{memchr, memmem};

/// Octets of one encoded word we are ready to decode: RFC 2047 §2 allows 75, some senders write a whole subject in one.
pub const ENCODED_WORD_MAX: usize = 10_000;

const TOLERANT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The value on one line: folds taken out, white space around it too. Nothing is decoded.
#[must_use]
pub fn unfold(value: &[u8]) -> Vec<u8> {
    let line: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    line.trim_ascii().to_vec()
}

/// The value as people read it: unfolded, encoded words decoded, adjacent ones joined (RFC 2047 §6.2). What is broken
/// or of an unknown charset stays as typed; raw octets beyond ASCII are UTF-8, else Windows-1252.
#[must_use]
pub fn text(value: &[u8]) -> String {
    let line = unfold(value);
    if memmem::find(&line, b"=?").is_none() {
        return raw_text(&line);
    }
    let mut decoder = Decoder { text: String::new(), pending: None };
    let mut rest = line.as_slice();
    while let Some(start) = memmem::find(rest, b"=?") {
        let (plain, from_word) = rest.split_at(start);
        match encoded_word(from_word) {
            Some((word, length)) => {
                decoder.plain_before_word(plain);
                decoder.word(word);
                rest = from_word.get(length..).unwrap_or(&[]);
            }
            None => {
                decoder.plain(rest.get(..start + 2).unwrap_or(rest));
                rest = from_word.get(2..).unwrap_or(&[]);
            }
        }
    }
    decoder.plain(rest);
    decoder.flush();
    decoder.text
}

/// The text in Normalization Form C (RFC 8621 §4.1.2.2).
#[must_use]
pub fn composed(text: &str) -> String {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Octets to text by the name of a charset; `None` for a charset nobody knows.
#[must_use]
pub fn charset_text(charset: &[u8], octets: &[u8]) -> Option<String> {
    let encoding = encoding_rs::Encoding::for_label(charset)?;
    Some(encoding.decode_without_bom_handling(octets).0.into_owned())
}

/// Octets nobody named a charset for.
pub(crate) fn raw_text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned(),
    }
}

struct Word<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
}

/// Reads `=?charset*language?B?text?=` at the start of the bytes; gives its length too.
fn encoded_word(bytes: &[u8]) -> Option<(Word<'_>, usize)> {
    let window = bytes.get(..ENCODED_WORD_MAX).unwrap_or(bytes);
    let rest = window.get(2..)?;
    let charset_end = memchr(b'?', rest)?;
    let charset = rest.get(..charset_end)?;
    let charset = charset.split(|byte| *byte == b'*').next()?;
    encoding_rs::Encoding::for_label(charset)?;
    let method = *rest.get(charset_end + 1)?;
    let encoded = rest.get(charset_end + 2..)?.strip_prefix(b"?")?;
    let length = memchr(b'?', encoded)?;
    let encoded = encoded.get(..length + 1)?.strip_suffix(b"?")?;
    let whole = 2 + charset_end + 3 + length + 2;
    if window.get(whole - 1) != Some(&b'=') || encoded.iter().any(|byte| !byte.is_ascii_graphic()) {
        return None;
    }
    let octets = match method {
        b'B' | b'b' => TOLERANT_BASE64.decode(encoded).ok()?,
        b'Q' | b'q' => decode_q(encoded)?,
        _ => return None,
    };
    Some((Word { charset, octets }, whole))
}

/// The "Q" encoding (RFC 2047 §4.2).
fn decode_q(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'_' => b' ',
            b'=' => hex_octet(*bytes.next()?, *bytes.next()?)?,
            other => *other,
        });
    }
    Some(octets)
}

/// Two hexadecimal digits, in any case.
pub(crate) fn hex_octet(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

/// Octets of adjacent words in one charset are joined before they are decoded: some senders part a character.
struct Decoder<'a> {
    text: String,
    pending: Option<Word<'a>>,
}

impl<'a> Decoder<'a> {
    fn plain_before_word(&mut self, plain: &[u8]) {
        if self.pending.is_none() || !plain.trim_ascii().is_empty() {
            self.plain(plain);
        }
    }

    fn plain(&mut self, plain: &[u8]) {
        if !plain.is_empty() {
            self.flush();
            self.text.push_str(&raw_text(plain));
        }
    }

    fn word(&mut self, word: Word<'a>) {
        match &mut self.pending {
            Some(pending) if pending.charset.eq_ignore_ascii_case(word.charset) => pending.octets.extend(word.octets),
            _ => {
                self.flush();
                self.pending = Some(word);
            }
        }
    }

    fn flush(&mut self) {
        if let Some(word) = self.pending.take() {
            self.text.push_str(&charset_text(word.charset, &word.octets).unwrap_or_default());
        }
    }
}
