//! Order among messages: base subjects, SORT, and the threads of RFC 5256. Pure, in time that does not depend on the
//! order messages come in, and without calling itself however deep threads are.

mod forest;
mod ordered;
mod references;
mod sort;
mod subject;
mod tree;

pub use ordered::OrderedSubject;
pub use references::References;
pub use sort::{COMPARED_MAX, Sorted, Sorter, display};
pub use subject::{BaseSubject, base_subject};
pub use tree::Threaded;

#[cfg(test)]
mod tests;
