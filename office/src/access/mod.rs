//! Access to mailboxes: the desks that POP3 and IMAP sessions ask, and what desks of one mailbox share. The protocols are
//! `wire`'s; how a login is checked is `login`'s.

mod host;
mod imap;
pub mod jmap;
mod pop3;
mod views;

pub use host::HostDesk;
pub use imap::ImapDesk;
pub(crate) use imap::RoomAhead;
pub(crate) use jmap::{AccountViews, SharedViews};
pub use pop3::Pop3Desk;
pub(crate) use views::Views;
