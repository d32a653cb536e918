//! Making a message fit for hosts that take less than it holds: binary leaves become base64 where only lines can travel
//! (RFC 3030 §3), octets beyond ASCII become quoted-printable or base64 where the peer has no 8BITMIME (RFC 6152 §3); how
//! parts are then labelled says RFC 2045 §6.2. Owns the plans of edits; the caller streams them. A plan depends on the
//! message alone: the same message is changed in the same way every time.

mod binary;
mod label;
mod seven_bit;

pub use binary::binary_to_base64;
pub use seven_bit::eight_to_seven;

use crate::encoding::{base64, quoted_printable};
use std::ops::Range;

/// How octets are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In base64, in lines of 76, and a line end after them where the content ends there.
    Base64 {
        /// Whether CRLF follows.
        final_line_end: bool,
    },
    /// In quoted-printable, line ends staying line ends.
    QuotedPrintable,
}

/// What stands in the place of some octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// These octets.
    Bytes(Vec<u8>),
    /// The octets of the range, encoded.
    Encoded(Encoding),
}

/// One change of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where something is put in.
    pub range: Range<u64>,
    /// By what.
    pub with: Replacement,
}

/// Why a message cannot be made fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// A header section holds what may not travel: no encoding is there for it.
    Header,
    /// It stands in a part that is signed or encrypted, and would not verify any more.
    Signed,
    /// A part has an encoding of its own, and its octets break it or are unknown to us.
    Encoded,
    /// A part of a type that may not be encoded (RFC 2045 §6.4), or that lies deeper than we look.
    Unencodable,
    /// It stands between parts: in a boundary line, before the first part or after the last.
    Between,
}

/// All changes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Sorted by range, not overlapping.
    pub edits: Vec<Edit>,
    /// The first thing in the message that cannot be cured; `None` where every octet left is fit to be sent.
    pub obstacle: Option<Obstacle>,
}

/// One step of writing the changed content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Copy this range of the content.
    Copy(Range<u64>),
    /// Write these octets.
    Write(&'a [u8]),
    /// Write this range of the content encoded.
    Encode(Range<u64>, Encoding),
}

/// Encodes the range of one step, pushed in chunks.
#[derive(Clone, Debug)]
pub enum Encoder {
    /// To base64, and whether CRLF follows.
    Base64(base64::Encoder, bool),
    /// To quoted-printable.
    QuotedPrintable(quoted_printable::Encoder),
}

impl Encoding {
    /// At the start of a range.
    #[must_use]
    pub fn encoder(self) -> Encoder {
        match self {
            Encoding::Base64 { final_line_end } => Encoder::Base64(base64::Encoder::default(), final_line_end),
            Encoding::QuotedPrintable => Encoder::QuotedPrintable(quoted_printable::Encoder::default()),
        }
    }

    /// The most octets that so many become; in base64 that is what they do become.
    #[must_use]
    pub fn octets_max(self, octets: u64) -> u64 {
        match self {
            Encoding::Base64 { final_line_end } => base64::encoded_length(octets) + 2 * u64::from(final_line_end),
            Encoding::QuotedPrintable => quoted_printable::encoded_length_max(octets),
        }
    }
}

impl Encoder {
    /// Encodes the next octets.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match self {
            Encoder::Base64(encoder, _) => encoder.push(octets, out),
            Encoder::QuotedPrintable(encoder) => encoder.push(octets, out),
        }
    }

    /// The range is complete.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self {
            Encoder::Base64(encoder, final_line_end) => {
                encoder.finish(out);
                out.extend_from_slice(if final_line_end { b"\r\n" } else { b"" });
            }
            Encoder::QuotedPrintable(encoder) => encoder.finish(out),
        }
    }
}

impl Plan {
    /// Whether the changed content is fit to be sent.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.obstacle.is_none()
    }

    /// The changed content as steps in order, of a content of so many octets.
    pub fn steps(&self, octets: u64) -> impl Iterator<Item = Step<'_>> {
        let starts = std::iter::once(0).chain(self.edits.iter().map(|edit| edit.range.end));
        let edits = self.edits.iter().zip(starts).flat_map(|(edit, start)| {
            let step = match &edit.with {
                Replacement::Bytes(bytes) => Step::Write(bytes),
                Replacement::Encoded(encoding) => Step::Encode(edit.range.clone(), *encoding),
            };
            [Step::Copy(start..edit.range.start), step]
        });
        let tail = self.edits.last().map_or(0, |edit| edit.range.end);
        edits
            .chain(std::iter::once(Step::Copy(tail..octets)))
            .filter(|step| !matches!(step, Step::Copy(r) if r.is_empty()))
    }

    /// The most octets that a content of so many comes to; exactly as many where nothing becomes quoted-printable, whose
    /// length depends on the octets themselves.
    #[must_use]
    pub fn octets_max(&self, octets: u64) -> u64 {
        let length = |range: &Range<u64>| range.end.saturating_sub(range.start);
        self.steps(octets)
            .map(|step| match step {
                Step::Copy(range) => length(&range),
                Step::Write(bytes) => bytes.len() as u64,
                Step::Encode(range, encoding) => encoding.octets_max(length(&range)),
            })
            .sum()
    }

    /// Changes a content that is there as a whole.
    #[must_use]
    pub fn apply(&self, content: &[u8]) -> Vec<u8> {
        let cut = |range: &Range<u64>| {
            let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            range.and_then(|(start, end)| content.get(start..end)).unwrap_or(&[])
        };
        let mut out = Vec::new();
        for step in self.steps(content.len() as u64) {
            match step {
                Step::Copy(range) => out.extend_from_slice(cut(&range)),
                Step::Write(bytes) => out.extend_from_slice(bytes),
                Step::Encode(range, encoding) => {
                    let mut encoder = encoding.encoder();
                    encoder.push(cut(&range), &mut out);
                    encoder.finish(&mut out);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
