//! Cards of address books as other programs exchange them: vCard 3.0 (RFC 2426) and 4.0 (RFC 6350) to JSContact (RFC 9553)
//! and back, as RFC 9555 maps them; of vCard 2.1 what telephones write. Owns both directions. Keeps no card, and knows no
//! address book.

mod dates;
mod lines;
mod names;
mod read;
mod resources;
#[cfg(test)]
mod tests;
mod write;

pub(in crate::contacts) use names::full_name;
pub use read::{Unreadable, read};
pub use write::{Version, write};

use serde_json::{Map, Value};

/// A card as JSON.
pub type Card = Map<String, Value>;

/// Octets of a file of cards: some ten thousand cards, or a few hundred with photographs.
pub const FILE_OCTETS_MAX: usize = 10 * 1024 * 1024;
/// Cards of a file: as many as an address book may have.
pub const CARDS_MAX: usize = 10_000;
/// Properties of one card; a group of a whole company has as many members.
pub const PROPERTIES_MAX: usize = 10_000;
