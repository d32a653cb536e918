//! The forms of standard methods (RFC 8620 §5), for every data type: reading their arguments within limits, and writing
//! their answers. What a type is and how it changes is its own module's.

pub mod changes;
pub mod copy;
pub mod get;
pub mod patch;
pub mod query;
pub mod query_changes;
pub mod set;

pub use changes::{Changed, Changes};
pub use copy::Copy;
pub use get::Get;
pub use query::{Comparator, Filter, Found, Query, Window};
pub use query_changes::{Difference, QueryChanges};
pub use set::{Outcome, Set};
