//! What JMAP is told of an account: all of its e-mails in one state, kept in memory and up to date, shared by all requests
//! (`view`, `catalogue`); what a user sees of others' (`shared`); and the octets of messages (`content`). Knows no JSON and no HTTP.

mod asking;
mod catalogue;
mod content;
mod counts;
mod loaded;
mod rows;
mod seen;
mod shared;
mod sharers;
mod view;
mod writing;

pub use super::imap::preview;
pub use catalogue::Catalogue;
pub use content::Content;
pub use counts::{Count, Counts};
pub use rows::{Places, Row};
pub use seen::Became;
pub use shared::SharedAccount;
pub(crate) use shared::SharedViews;
pub use sharers::Sharer;
pub(crate) use view::AccountViews;
pub use writing::{AddFault, Added, Inlet, NewContent, NewEmail};
