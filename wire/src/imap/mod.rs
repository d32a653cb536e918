//! IMAP (RFC 9051, RFC 3501 and their extensions): the syntax of both directions, the listing of an open mailbox, what a
//! session asks and what the desk answers, message numbers.

pub mod ask;
pub mod client;
pub mod command;
pub mod encode;
pub mod limits;
pub mod listing;
pub mod mailbox;
pub mod numbers;
pub mod parse;
pub mod reader;
pub mod response;
pub mod rights;
pub mod sequence;
pub mod server;
pub mod structure;
pub mod utf7;
pub mod write;

pub use ask::{Answer, Ask, Refusal};
pub use command::{Command, Tagged};
pub use mailbox::{Charset, MailboxName};
pub use reader::{Bounds, Input, Reader};
pub use server::{Limits, Profile, Server};
