//! Binary leaves to base64, for a message received with BODY=BINARYMIME (RFC 3030 §3). Nothing is exempt, signed parts
//! neither: what cannot be carried cannot be verified.

use super::label::label;
use super::{Edit, Encoding, Obstacle, Plan, Replacement};
use crate::structure::{Facts, Kind, Part, Structure, TransferEncoding};

/// Plans how a message received with BODY=BINARYMIME becomes one of lines. No edits: it is one already.
#[must_use]
pub fn binary_to_base64(structure: &Structure) -> Plan {
    let left = facts_left(structure);
    let mut edits = Vec::new();
    for (part, left) in structure.parts.iter().zip(&left) {
        if becomes_base64(part) {
            edits.push(label(structure, part, "base64"));
            if part.octets() > 0 {
                let final_line_end = part.body.end == structure.octets;
                edits.push(Edit {
                    range: part.body.clone(),
                    with: Replacement::Encoded(Encoding::Base64 { final_line_end }),
                });
            }
        } else if part.kind != Kind::Leaf && part.encoding == TransferEncoding::Binary {
            edits.push(label(structure, part, if left.eight_bit > 0 { "8bit" } else { "7bit" }));
        }
    }
    let first_header = structure.parts.first().map(|part| &part.header_facts);
    let fits = |facts: Option<&Facts>| facts.is_none_or(Facts::are_lines_of_text);
    let broken = |part: &&Part| part.kind == Kind::Leaf && !part.encoding.is_identity();
    let obstacle = match fits(left.first()) {
        _ if !fits(first_header) => Some(Obstacle::Header),
        true => None,
        false if structure.parts.iter().filter(broken).any(|part| !part.body_facts.are_lines_of_text()) => {
            Some(Obstacle::Encoded)
        }
        false => Some(Obstacle::Between),
    };
    Plan { edits, obstacle }
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

/// Adds or takes away count by count.
pub(super) fn combine(left: Facts, right: Facts, with: fn(u64, u64) -> u64) -> Facts {
    Facts {
        bare_cr: with(left.bare_cr, right.bare_cr),
        bare_lf: with(left.bare_lf, right.bare_lf),
        nul: with(left.nul, right.nul),
        eight_bit: with(left.eight_bit, right.eight_bit),
        long_lines: with(left.long_lines, right.long_lines),
    }
}
