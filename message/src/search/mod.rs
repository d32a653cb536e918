//! Finding mail: what may be asked (`key`), the form in which texts compare (`fold`), finding them in pieces (`seek`).
//! Owns no protocol, no storage and no index.

mod charset;
mod digest;
mod fold;
mod key;
mod plan;
pub mod query;
mod reading;
mod seek;
mod texts;

pub use crate::flags::SystemFlag;
pub use digest::{Column, Digest, Digester, Digesting, GRAMS_MAX, Implied};
pub use fold::{fold, fold_into};
pub use key::{
    AddressField, Algorithm, Bound, Criterion, DateOf, Day, Key, NESTING_MAX, Order, Program, Relation, Set, SortBy,
};
pub use plan::{Depth, Known, Leaf, Listener, Meaning, Plan, Record, Row};
pub use reading::{FIELD_READ_MAX, Heard, Reading, field_text};
pub use seek::{Needle, Seeker};
pub(crate) use texts::address_of;
