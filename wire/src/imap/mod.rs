//! IMAP (RFC 9051, RFC 3501 and their extensions). The syntax of both directions: commands, names, sets and limits.

pub mod command;
pub mod encode;
pub mod limits;
pub mod mailbox;
pub mod parse;
pub mod reader;
pub mod response;
pub mod sequence;
pub mod structure;
pub mod utf7;
pub mod write;

pub use command::{Command, Tagged};
pub use mailbox::{Charset, MailboxName};
pub use reader::{Bounds, Input, Reader};
