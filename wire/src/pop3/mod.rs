//! POP3 (RFC 1939), server end, with CAPA (RFC 2449), STLS (RFC 2595), response codes (RFC 3206), AUTH (RFC 5034), UTF8
//! and LANG (RFC 6856). `server` runs the session, `authorization` and `transaction` are its two states, `listing`
//! writes long answers page by page, `command` reads and writes commands. What is in a maildrop is the desk's to say.

pub mod ask;
mod authorization;
mod capabilities;
pub mod command;
pub mod limits;
mod listing;
mod server;
#[cfg(test)]
mod tests;
mod transaction;

pub use ask::{Answer, Ask, Entry, Maildrop, Refusal};
pub use command::{Command, CommandError};
pub use limits::Limits;
pub use server::{Profile, Server};
