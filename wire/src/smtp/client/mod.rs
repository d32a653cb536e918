//! SMTP (RFC 5321) and LMTP (RFC 2033), client end: one connection to a peer, over which any number of transactions
//! go. The mirror of [`super::Server`], under the same contract ([`crate::session`]), so that the same loop drives it:
//! it asks its desk what to send, and tells it what came of every recipient.
//!
//! What a driver may find strange. The content goes out by [`crate::Step::Relay`], which the session cannot time: the
//! deadline it gives right after lies in the past, and the tick starts the clock for the reply to the final dot. A
//! handshake that fails comes as [`crate::Event::PeerClosed`] and is told as `Lost` at [`Stage::Handshake`].
//!
//! A reply that comes along with the last one that was due, before anything else was sent, is none of ours: the
//! session ends. What comes along with the reply to STARTTLS is dropped by the driver with all else that was said
//! without TLS (RFC 3207 §4.2).

mod ask;
mod command;
mod extensions;
mod greet;
pub mod limits;
pub mod profile;
mod reply;
mod running;
mod session;
#[cfg(test)]
mod tests;
mod transfer;

pub use crate::sasl::client::Credential;
pub use ask::{Answer, Ask, Conclusion, Facts, Outcome, Refusal, Said, Stage, Transaction};
pub use extensions::{Extensions, Size};
pub use profile::{Chunking, Login, Profile, Random, Role, Timeouts, Tls};
pub use session::Client;
