//! E-mails (RFC 8621 §4): what they are told as (`object`, `parts`, `forms`), which are asked for (`filter`, `query`), what
//! changed. Setting, copying and importing them is beside it.

mod changes;
mod filter;
mod forms;
mod get;
mod object;
mod parts;
mod property;
mod query;
mod snippet;
mod source;
mod wanted;

use crate::jmap::State;
use office::jmap::Catalogue;

pub use changes::changes;
pub use filter::Words;
pub use forms::Form;
pub use get::get;
pub use object::describe;
pub use property::HeaderProperty;
pub use query::{query, query_changes};
pub use snippet::snippets;
pub use source::{Octets, Source};
pub use wanted::Wanted;

/// The state of e-mails and conversations.
#[must_use]
pub fn state(catalogue: &Catalogue) -> State {
    catalogue.states().emails.into()
}
