//! POP3 (RFC 1939 and its extensions), server end: what a session asks and what the desk answers.

pub mod ask;

pub use ask::{Answer, Ask, Entry, Maildrop, Refusal};
