//! Address books: cards of people and groups (RFC 9610 with the JSContact of RFC 9553; both read second-hand). Owns the data
//! types AddressBook and ContactCard, completing addresses, keeping those that were written to, and exchange as vCards.

pub(crate) mod books;
mod card;
pub(crate) mod cards;
pub(crate) mod complete;
pub(crate) mod exchange;
pub(crate) mod find;
mod shelf;
pub mod vcard;
pub(crate) mod written;

pub(crate) use shelf::Shelf;

use crate::jmap::kept::Kind;
use serde_json::{Value, json};
use store::types::ObjectKind;

/// Lists of cards.
const BOOK: Kind = Kind { kind: ObjectKind::AddressBook, letter: 'B' };
/// Cards.
const CARD: Kind = Kind { kind: ObjectKind::Contact, letter: 'C' };

/// What the session object says (RFC 9610 §1.4.1).
pub(crate) fn advertised() -> Value {
    json!({"maxAddressBooksPerCard": Value::Null, "mayCreateAddressBook": true})
}
