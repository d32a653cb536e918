//! SMTP (RFC 5321) and LMTP (RFC 2033), server end: what a session asks, what the desk answers, replies and limits.
//! The client end is `client`.

pub mod ask;
mod bdat;
pub mod client;
pub mod command;
mod data;
mod dispatch;
mod greet;
mod help;
mod input;
pub mod limits;
mod login;
mod mail;
mod parameters;
mod path;
pub mod profile;
pub mod reply;
mod server;
#[cfg(test)]
mod tests;
mod transaction;
mod turn;
mod xtext;

pub use ask::{
    Answer, Ask, Body, ForwardPath, Greeting, Manner, Node, Notify, Recipient, Return, ReversePath, Sender, Verb,
};
pub use command::{Command, CommandError, Lookup};
pub use limits::Limits;
pub use path::PathError;
pub use profile::{Classic, Profile, Role};
pub use reply::{Enhanced, Reply, ReplyError};
pub use server::Server;
