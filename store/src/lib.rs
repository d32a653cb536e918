//! Where everything is kept: accounts, domains, aliases, mailboxes, messages, the outbox, the trace of each message.
//! One shard = one SQLite file for rows and small content, and append-only segment files for large content. Knows no
//! protocol and no listener; what changed is published by the commit that changed it.

pub mod op;
pub mod query;
pub mod types;

pub use op::{Op, Outcome};
pub use query::Query;
