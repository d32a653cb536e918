//! Where everything is kept: accounts, domains, aliases, mailboxes, messages, the outbox, the trace of each message.
//! One shard = one SQLite file for rows and small content, and append-only segment files for large content. Knows no
//! protocol and no listener; what changed is published by the commit that changed it.

mod backup;
mod codec;
mod columns;
mod content;
pub mod disk;
pub mod engine;
mod error;
pub mod fault;
pub mod op;
pub mod query;
mod rows;
mod segment;
mod shell;
pub mod types;
mod upkeep;
mod verify;

pub use backup::{BackupReport, RestoreReport, restore};
pub use columns::KEYWORDS_MAX;
pub use content::{INLINE_MAX, Upload};
pub use engine::Engine;
pub use error::StoreError;
pub use op::{Op, Outcome};
pub use query::Query;
pub use segment::{FRAME_OCTETS, SEGMENT_OCTETS};
pub use shell::{GROUP_OCTETS, GROUP_OPS, Settings, Store};
pub use upkeep::{GONE_KEPT, SEGMENT_REST, TRACE_KEPT, UpkeepReport};
pub use verify::{Damage, VerifyReport};
