//! IMAP, client end: one connection to a server, over which any number of tasks go, one after the other. The mirror of
//! [`super::Server`] under the same contract ([`crate::session`]), after the pattern of [`crate::smtp::client`]: it asks its
//! desk what to do, and tells it what the server says.
//!
//! A task is a [`Command`](super::Command), an APPEND or an IDLE. What the server tells meanwhile, of the task or not,
//! comes as [`Ask::Heard`]. Content of messages is never gathered: after [`Ask::Body`] it comes by
//! [`crate::Step::Content`], so many octets as the head says; the [`Ask::Heard`] that follows has the rest of the FETCH.
//!
//! What is appended goes out by [`crate::Step::Relay`], which the session cannot time: the deadline it gives right after
//! lies in the past, and the tick starts the clock.

mod ask;
mod greet;
mod profile;
mod session;
mod task;
#[cfg(test)]
mod tests;

pub use ask::{Answer, Append, Ask, Facts, Finish, Outcome, Refusal, Said, Stage, Task};
pub use profile::{Profile, Timeouts};
pub use session::Client;
