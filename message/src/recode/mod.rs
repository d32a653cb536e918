//! Making a message fit for hosts that take lines of text only: binary leaves become base64 (RFC 3030 §3 asks it of
//! whoever hands a BINARYMIME message on, RFC 2045 §6.2 says how parts are then labelled). Owns the plan of edits; the
//! caller streams it. Nothing is exempt, signed parts neither: what cannot be carried cannot be verified.

use crate::encoding::base64::{self, Encoder};
use crate::header;
use crate::structure::{Facts, Kind, Part, Structure, TransferEncoding};
use std::ops::Range;

/// What stands in the place of some octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// These octets.
    Bytes(Vec<u8>),
    /// The octets of the range in base64, in lines of 76, and a line end after them where the content ends there.
    Base64 {
        /// Whether CRLF follows.
        final_line_end: bool,
    },
}

/// One change of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where something is put in.
    pub range: Range<u64>,
    /// By what.
    pub with: Replacement,
}

/// All changes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Sorted by range, not overlapping.
    pub edits: Vec<Edit>,
    /// Whether every octet left is fit to be sent in lines. False where a header section, a boundary line, text between
    /// parts or a leaf in an encoding of its own holds bare CR or LF, NUL or lines over 998 octets: that cannot be cured.
    pub clean: bool,
}

/// One step of writing the changed content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Copy this range of the content.
    Copy(Range<u64>),
    /// Write these octets.
    Write(&'a [u8]),
    /// Write this range of the content in base64.
    Base64 {
        /// What is encoded.
        range: Range<u64>,
        /// Whether CRLF follows.
        final_line_end: bool,
    },
}

/// Plans how a message received with BODY=BINARYMIME becomes one of lines. No edits: it is one already.
#[must_use]
pub fn binary_to_base64(structure: &Structure) -> Plan {
    let left = facts_left(structure);
    let mut edits = Vec::new();
    for (part, left) in structure.parts.iter().zip(&left) {
        if becomes_base64(part) {
            edits.push(label(part, "base64"));
            if part.octets() > 0 {
                let final_line_end = part.body.end == structure.octets;
                edits.push(Edit { range: part.body.clone(), with: Replacement::Base64 { final_line_end } });
            }
        } else if part.kind != Kind::Leaf && part.encoding == TransferEncoding::Binary {
            edits.push(label(part, if left.eight_bit > 0 { "8bit" } else { "7bit" }));
        }
    }
    let header_is_clean = structure.parts.first().is_none_or(|part| part.header_facts.are_lines_of_text());
    let clean = header_is_clean && left.first().is_none_or(Facts::are_lines_of_text);
    Plan { edits, clean }
}

fn becomes_base64(part: &Part) -> bool {
    let unfit = part.encoding == TransferEncoding::Binary || !part.body_facts.are_lines_of_text();
    part.kind == Kind::Leaf && part.encoding.is_identity() && unfit
}

/// What the body of every part holds once the leaves within are encoded. Children stand after their parents, so one
/// walk from the end carries everything up.
fn facts_left(structure: &Structure) -> Vec<Facts> {
    let mut cured = vec![Facts::default(); structure.parts.len()];
    for (index, part) in structure.parts.iter().enumerate().rev() {
        if becomes_base64(part)
            && let Some(facts) = cured.get_mut(index)
        {
            *facts = part.body_facts;
        }
        let own = cured.get(index).copied().unwrap_or_default();
        let parent = part.parent.and_then(|parent| usize::try_from(parent).ok());
        if let Some(sum) = parent.and_then(|parent| cured.get_mut(parent)) {
            *sum = combine(*sum, own, u64::saturating_add);
        }
    }
    let held = structure.parts.iter().map(|part| part.body_facts);
    held.zip(cured).map(|(held, cured)| combine(held, cured, u64::saturating_sub)).collect()
}

fn combine(left: Facts, right: Facts, with: fn(u64, u64) -> u64) -> Facts {
    Facts {
        bare_cr: with(left.bare_cr, right.bare_cr),
        bare_lf: with(left.bare_lf, right.bare_lf),
        nul: with(left.nul, right.nul),
        eight_bit: with(left.eight_bit, right.eight_bit),
        long_lines: with(left.long_lines, right.long_lines),
    }
}

/// Sets the encoding field of a part, or adds one at the start of its header section.
fn label(part: &Part, name: &str) -> Edit {
    let field = format!("Content-Transfer-Encoding: {name}\r\n");
    if let Some(range) = &part.encoding_field {
        return Edit { range: range.clone(), with: Replacement::Bytes(field.into_bytes()) };
    }
    let has_version = header::fields(&part.fields).any(|field| field.is("MIME-Version"));
    // RFC 2045 §4: without it the other fields of MIME mean nothing.
    let version = if part.parent.is_none() && !has_version { "MIME-Version: 1.0\r\n" } else { "" };
    let end = if part.header.is_empty() { "\r\n" } else { "" };
    let start = part.header.start;
    Edit { range: start..start, with: Replacement::Bytes(format!("{version}{field}{end}").into_bytes()) }
}

impl Plan {
    /// The changed content as steps in order, of a content of so many octets.
    pub fn steps(&self, octets: u64) -> impl Iterator<Item = Step<'_>> {
        let starts = std::iter::once(0).chain(self.edits.iter().map(|edit| edit.range.end));
        let edits = self.edits.iter().zip(starts).flat_map(|(edit, start)| {
            let step = match &edit.with {
                Replacement::Bytes(bytes) => Step::Write(bytes),
                Replacement::Base64 { final_line_end } => {
                    Step::Base64 { range: edit.range.clone(), final_line_end: *final_line_end }
                }
            };
            [Step::Copy(start..edit.range.start), step]
        });
        let tail = self.edits.last().map_or(0, |edit| edit.range.end);
        edits
            .chain(std::iter::once(Step::Copy(tail..octets)))
            .filter(|step| !matches!(step, Step::Copy(r) if r.is_empty()))
    }

    /// Octets of the changed content, of a content of so many.
    #[must_use]
    pub fn octets_after(&self, octets: u64) -> u64 {
        self.steps(octets)
            .map(|step| match step {
                Step::Copy(range) => range.end.saturating_sub(range.start),
                Step::Write(bytes) => bytes.len() as u64,
                Step::Base64 { range, final_line_end } => {
                    base64::encoded_length(range.end.saturating_sub(range.start)) + 2 * u64::from(final_line_end)
                }
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
                Step::Base64 { range, final_line_end } => {
                    let mut encoder = Encoder::default();
                    encoder.push(cut(&range), &mut out);
                    encoder.finish(&mut out);
                    out.extend_from_slice(if final_line_end { b"\r\n" } else { b"" });
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
