//! POP3, client end (RFC 1939, RFC 2449): one connection to a maildrop. The mirror of [`super::Server`] under the same
//! contract ([`crate::session`]), after the pattern of [`crate::imap::client`]: it asks its desk what to do, and tells it
//! what the server says. Owns the way from the greeting to the login, the order of commands and answers, and every limit
//! on what a server may say; what is fetched, kept and deleted is the desk's to decide.
//!
//! Content of messages is never gathered: after [`Ask::Begun`] it comes by [`crate::Step::Content`], without the dots
//! that were put in on the way; [`Ask::Finished`] ends it. Where the server knows PIPELINING, the tasks of one answer go
//! out together.
//!
//! Deletion happens at QUIT: only [`Ask::Goodbye`] with a yes says that it did.

mod ask;
mod content;
mod greet;
pub mod limits;
mod login;
mod profile;
mod reply;
mod session;
mod task;
#[cfg(test)]
mod tests;

pub use ask::{Answer, Ask, Facts, Finish, Listed, Outcome, Refusal, Said, Stage, Task};
pub use profile::{Profile, Timeouts};
pub use reply::Reply;
pub use session::Client;
