//! Finding mail: what may be asked (`key`), the form in which texts compare (`fold`), finding them in pieces (`seek`).
//! Owns no protocol, no storage and no index.

mod fold;
mod key;
mod seek;
mod texts;

pub use fold::{fold, fold_into};
pub use key::{
    AddressField, Algorithm, Bound, Criterion, DateOf, Day, Key, NESTING_MAX, Order, Program, Relation, Set, SortBy,
    SystemFlag,
};
pub use seek::{Needle, Seeker};
pub(crate) use texts::address_of;
