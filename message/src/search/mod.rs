//! Finding mail: what may be asked (`key`), and whether a message is it. Owns no protocol, no storage and no index.

mod key;

pub use key::{
    AddressField, Algorithm, Bound, Criterion, DateOf, Day, Key, NESTING_MAX, Order, Program, Relation, Set, SortBy,
    SystemFlag,
};
