//! The `Content-Transfer-Encoding` of a part that is changed (RFC 2045 §6.2).

use super::{Edit, Replacement};
use crate::header;
use crate::structure::{Part, Structure};

/// Sets the encoding field of a part, or adds one at the start of its header section.
pub(super) fn label(structure: &Structure, part: &Part, name: &str) -> Edit {
    let field = format!("Content-Transfer-Encoding: {name}\r\n");
    if let Some(range) = &part.encoding_field {
        return Edit { range: range.clone(), with: Replacement::Bytes(field.into_bytes()) };
    }
    let has_version = header::fields(&part.fields).any(|field| field.is("MIME-Version"));
    // RFC 2045 §4: without it the other fields of MIME mean nothing, in a message within neither.
    let version = if part.is_message_in(structure) && !has_version { "MIME-Version: 1.0\r\n" } else { "" };
    let end = if part.header.is_empty() { "\r\n" } else { "" };
    let start = part.header.start;
    Edit { range: start..start, with: Replacement::Bytes(format!("{version}{field}{end}").into_bytes()) }
}
