//! Eight bits to seven, for a peer without 8BITMIME (RFC 6152 §3). Text that is mostly ASCII becomes quoted-printable,
//! other leaves base64; messages within are changed inside, never encoded as a whole (RFC 2046 §5.2.1), but for
//! `message/global`, which may be (RFC 6532 §3.7). Signed and encrypted parts are left alone.

use super::binary::combine;
use super::label::label;
use super::{Edit, Encoding, Obstacle, Plan, Replacement};
use crate::header::{self, ContentType};
use crate::structure::{Facts, Kind, Part, Structure, TransferEncoding};

/// Quoted-printable takes two octets more for each beyond ASCII, base64 a third more for all: with fewer than one such
/// octet in six the first is shorter, and can be read without decoding.
const OCTETS_FOR_EACH_QUOTED: u64 = 6;

/// Plans how a message becomes one of seven bits and lines of 998 octets. No edits: it is one already. With an obstacle
/// it cannot be made one, and must not be sent to that peer (RFC 6152 §3: "must not, under any circumstances").
#[must_use]
pub fn eight_to_seven(structure: &Structure) -> Plan {
    let mut walk = Walk { structure, between: between(structure), edits: Vec::new(), obstacle: None };
    let mut closed_until = 0;
    for (index, part) in structure.parts.iter().enumerate() {
        // What lies in a part that was dealt with as a whole lies before its end.
        if part.header.start >= closed_until && walk.visit(index, part) == Inside::Closed {
            closed_until = part.body.end;
        }
    }
    Plan { edits: walk.edits, obstacle: walk.obstacle }
}

/// Whether the parts within a part are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Open,
    Closed,
}

struct Walk<'a> {
    structure: &'a Structure,
    /// What each part holds outside of its children.
    between: Vec<Facts>,
    edits: Vec<Edit>,
    obstacle: Option<Obstacle>,
}

impl Walk<'_> {
    fn visit(&mut self, index: usize, part: &Part) -> Inside {
        if !fits(&part.header_facts) {
            self.stop(Obstacle::Header);
        }
        let media_type = media_type(part);
        match part.kind {
            Kind::Leaf => {
                self.leaf(part, media_type.as_ref());
                Inside::Open
            }
            Kind::Multipart if is_sealed(media_type.as_ref()) => {
                if !fits(&part.body_facts) {
                    self.stop(Obstacle::Signed);
                }
                self.relabel(part);
                Inside::Closed
            }
            Kind::Message if is_global(media_type.as_ref()) && self.has_wide_header_within(part) => {
                self.encode(part, Encoding::Base64 { final_line_end: self.ends_content(part) });
                Inside::Closed
            }
            Kind::Multipart | Kind::Message => {
                if self.between.get(index).is_some_and(|facts| !fits(facts)) {
                    self.stop(Obstacle::Between);
                }
                self.relabel(part);
                Inside::Open
            }
        }
    }

    fn leaf(&mut self, part: &Part, media_type: Option<&ContentType>) {
        if fits(&part.body_facts) {
            self.relabel(part);
        } else if !part.encoding.is_identity() {
            self.stop(Obstacle::Encoded);
        } else if !may_be_encoded(media_type) {
            self.stop(Obstacle::Unencodable);
        } else if reads_better_quoted(part, media_type) {
            self.encode(part, Encoding::QuotedPrintable);
        } else {
            self.encode(part, Encoding::Base64 { final_line_end: self.ends_content(part) });
        }
    }

    fn stop(&mut self, obstacle: Obstacle) {
        self.obstacle.get_or_insert(obstacle);
    }

    fn encode(&mut self, part: &Part, encoding: Encoding) {
        let name = match encoding {
            Encoding::Base64 { .. } => "base64",
            Encoding::QuotedPrintable => "quoted-printable",
        };
        self.edits.push(label(self.structure, part, name));
        self.edits.push(Edit { range: part.body.clone(), with: Replacement::Encoded(encoding) });
    }

    /// A label that promises more than seven bits is taken back.
    fn relabel(&mut self, part: &Part) {
        if matches!(part.encoding, TransferEncoding::EightBit | TransferEncoding::Binary) {
            self.edits.push(label(self.structure, part, "7bit"));
        }
    }

    fn ends_content(&self, part: &Part) -> bool {
        part.body.end == self.structure.octets
    }

    /// RFC 6532 §3.7: header sections of UTF-8 can travel in a part that is encoded as a whole.
    fn has_wide_header_within(&self, whole: &Part) -> bool {
        let within = |part: &&Part| part.header.start >= whole.body.start && part.header.end <= whole.body.end;
        self.structure.parts.iter().filter(within).any(|part| part.header_facts.eight_bit > 0)
    }
}

/// What each part holds outside of its children: boundary lines, and what stands before, between and after the parts.
fn between(structure: &Structure) -> Vec<Facts> {
    let mut left: Vec<Facts> = structure.parts.iter().map(|part| part.body_facts).collect();
    for part in &structure.parts {
        let parent = part.parent.and_then(|parent| usize::try_from(parent).ok());
        if let Some(parent) = parent.and_then(|parent| left.get_mut(parent)) {
            let taken = combine(part.header_facts, part.body_facts, u64::saturating_add);
            *parent = combine(*parent, taken, u64::saturating_sub);
        }
    }
    left
}

/// Whether every host takes it (RFC 5321 §4.5.2, RFC 5322 §2.1.1).
fn fits(facts: &Facts) -> bool {
    facts.eight_bit == 0 && facts.are_lines_of_text()
}

fn media_type(part: &Part) -> Option<ContentType> {
    let field = header::fields(&part.fields).find(|field| field.is("Content-Type"))?;
    header::content_type(field.value)
}

/// RFC 1847 §2.1, §2.2: what is signed is signed as it stands.
fn is_sealed(media_type: Option<&ContentType>) -> bool {
    media_type.is_some_and(|media_type| matches!(media_type.sub.as_str(), "signed" | "encrypted"))
}

fn is_global(media_type: Option<&ContentType>) -> bool {
    media_type.is_some_and(|media_type| media_type.sub == "global")
}

/// RFC 2045 §6.4: no encoding for multiparts and for the old subtypes of message; RFC 6532 §3.5 lifts it for new ones.
fn may_be_encoded(media_type: Option<&ContentType>) -> bool {
    media_type.is_none_or(|media_type| match media_type.main.as_str() {
        "multipart" => false,
        "message" => media_type.sub.starts_with("global"),
        _ => true,
    })
}

fn reads_better_quoted(part: &Part, media_type: Option<&ContentType>) -> bool {
    let is_text = media_type.is_none_or(|media_type| matches!(media_type.main.as_str(), "text" | "message"));
    let facts = &part.body_facts;
    is_text && facts.nul == 0 && facts.eight_bit.saturating_mul(OCTETS_FOR_EACH_QUOTED) < part.octets()
}

#[cfg(test)]
mod tests;
