//! Transfer encodings (RFC 2045 §6.7, §6.8): exact encoders and tolerant decoders, as streams with bounded memory.
//! Owns octets to lines and back. Does not own charsets (`text`) or the choice of an encoding (`recode`).

pub mod base64;
pub mod quoted_printable;

use crate::TransferEncoding;

/// Decodes a body pushed in chunks, by the encoding its part names. Octets of an encoding we do not know pass as they
/// are.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// `7bit`, `8bit`, `binary`, and what we do not know.
    Identity,
    /// `base64`.
    Base64(base64::Decoder),
    /// `quoted-printable`.
    QuotedPrintable(quoted_printable::Decoder),
}

impl Decoder {
    /// For a body in this encoding.
    #[must_use]
    pub fn of(encoding: TransferEncoding) -> Decoder {
        match encoding {
            TransferEncoding::Base64 => Decoder::Base64(base64::Decoder::default()),
            TransferEncoding::QuotedPrintable => Decoder::QuotedPrintable(quoted_printable::Decoder::default()),
            _ => Decoder::Identity,
        }
    }

    /// Takes the next octets of the body and adds to `out` what they mean.
    pub fn push(&mut self, body: &[u8], out: &mut Vec<u8>) {
        match self {
            Decoder::Identity => out.extend_from_slice(body),
            Decoder::Base64(decoder) => decoder.push(body, out),
            Decoder::QuotedPrintable(decoder) => decoder.push(body, out),
        }
    }

    /// The body is complete.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self {
            Decoder::Identity => {}
            Decoder::Base64(decoder) => decoder.finish(out),
            Decoder::QuotedPrintable(decoder) => decoder.finish(out),
        }
    }
}

/// A whole body at once.
#[must_use]
pub fn decode(encoding: TransferEncoding, body: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::of(encoding);
    let mut out = Vec::with_capacity(body.len());
    decoder.push(body, &mut out);
    decoder.finish(&mut out);
    out
}

#[cfg(test)]
mod tests;
