//! The header section of a message or MIME part (RFC 5322 §2.2, obsolete forms of §4.5), read lazily from bytes. Owns
//! finding fields and reading their values: text, addresses, ids, parameters. Does not own writing (`build`) or the
//! walk through MIME parts (`scanner`). Everything here is total and linear in its input.

mod addresses;
mod ids;
mod lexer;
mod parameters;
mod section;
mod words;

pub use addresses::{ADDRESSES_MAX, Entry, Mailbox, Phrase, addresses};
pub use ids::{IDS_MAX, message_ids};
pub use parameters::{
    CONTINUATIONS_MAX, ContentType, Disposition, PARAMETERS_MAX, Parameter, content_type, disposition, parameter_bytes,
    parameter_text, percent_decode, token, tokens, value_text,
};
pub use section::{FIELDS_MAX, Field, Fields, begins_with_field, fields, section_end};
pub use words::{ENCODED_WORD_MAX, charset_text, composed, text, unfold};

pub(crate) use addresses::addresses_up_to;
pub(crate) use words::{hex_octet, raw_text};

pub use lexer::COMMENT_DEPTH_MAX;

#[cfg(test)]
mod tests;
