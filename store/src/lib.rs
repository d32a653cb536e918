//! Where everything is kept: accounts, domains, aliases, mailboxes, messages, the outbox, the trace of each message.
//! One shard = one SQLite file for rows and small content, and append-only segment files for large content. Knows no
//! protocol and no listener; what changed is published by the commit that changed it.

mod codec;
mod columns;
mod content;
pub mod disk;
pub mod engine;
mod error;
pub mod op;
pub mod query;
mod rows;
mod segment;
mod shell;
pub mod types;

pub use columns::KEYWORDS_MAX;
pub use content::{INLINE_MAX, Upload};
pub use engine::Engine;
pub use error::StoreError;
pub use op::{Op, Outcome};
pub use query::Query;
pub use segment::{FRAME_OCTETS, SEGMENT_OCTETS};
pub use shell::{Settings, Store};
