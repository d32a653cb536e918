//! POP3 (RFC 1939 and its extensions): the server end, with what a session asks and what the desk answers, commands,
//! replies and limits; the client end is [`client`].

pub mod ask;
mod capabilities;
pub mod client;
pub mod command;
mod dispatch;
mod input;
pub mod limits;
mod listing;
mod login;
pub mod profile;
mod reply;
mod server;
#[cfg(test)]
mod tests;
mod transaction;

pub use ask::{Answer, Ask, Entry, Maildrop, Refusal};
pub use command::{Command, CommandError};
pub use limits::Limits;
pub use profile::Profile;
pub use server::Server;
