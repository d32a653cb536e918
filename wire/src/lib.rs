//! Every line protocol Pillarbox speaks, as pure state machines: bytes, answers and time go in, steps come out.
//! Knows no socket, no clock, no disk, no randomness, no logging and no configuration file. The driver in `net`
//! carries bytes between a socket and a [`Session`]; a [`Desk`] (in `office`) answers what a session asks.

pub mod dialogue;
pub mod dot;
pub mod host;
pub mod imap;
mod line;
pub mod names;
pub mod pop3;
pub mod sasl;
pub mod session;
pub mod smtp;

pub use message::Time;
pub use session::{Desk, Event, Framing, Relay, Session, Standing, Step, TlsFacts};
