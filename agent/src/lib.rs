//! What a person's mail program is, without a screen: accounts and their secrets, discovery, connections, submission.
//! Prints nothing, reads no environment and no clock: folders, time and answers are passed in. Knows nothing of the
//! server's rooms.

pub mod account;
pub mod dialing;
pub mod disk;
pub mod house;
pub mod http;
pub mod secret;

#[cfg(test)]
mod stage;
