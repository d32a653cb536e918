//! JMAP (RFC 8620, RFC 8621): JSON in, JSON out. Owns what all data types share: requests and their limits, references
//! between calls, the session object, errors, and the forms of `/get`, `/set`, `/changes`, `/query`, `/queryChanges` and
//! `/copy`. One module a data type beside it. What mail is and who may do what is `office`'s.

pub mod blob;
mod blob_methods;
mod capability;
mod context;
mod core;
pub mod date;
mod dispatch;
pub mod email;
mod error;
pub mod generic;
mod http;
pub mod ids;
mod journey;
pub(crate) mod json;
pub mod kept;
pub mod limits;
mod mailbox;
pub(crate) mod pointer;
mod quota;
pub mod reach;
mod request;
mod session;
pub mod settings;
mod snooze;
mod state;
mod thread;
pub mod typed;
mod unsubscribe;
mod writing;

pub use capability::{Capability, Using};
pub use context::{Answer, Arguments, Context, Invocation, answer};
pub use dispatch::{method_names, respond};
pub use error::{MethodError, Problem, SetError};
pub use http::routes;
pub use limits::Desk;
pub use reach::Reach;
pub use session::{DOWNLOAD_PATH, EVENTS_PATH, UPLOAD_PATH, session};
pub(crate) use snooze::wake as wake_snoozed;
pub use state::State;
pub use unsubscribe::REQUESTS_PER_HOUR as UNSUBSCRIBES_PER_HOUR;
