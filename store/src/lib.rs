//! Where everything is kept: accounts, domains, aliases, mailboxes, messages, the outbox, the trace of each message.
//! One shard = one SQLite file for rows and small content, and append-only segment files for large content. Knows no
//! protocol and no listener; what changed is published by the commit that changed it.

mod backup;
mod codec;
mod columns;
mod content;
pub mod disk;
mod email;
pub mod engine;
mod error;
pub mod fault;
mod gone;
mod index;
mod mailbox;
mod object;
pub mod op;
pub mod query;
mod rows;
mod segment;
mod shell;
pub mod types;
mod uids;
mod upkeep;
mod verify;

pub use backup::{BackupReport, RestoreReport, restore};
pub use columns::KEYWORDS_MAX;
pub use content::{INLINE_MAX, Upload};
pub use email::PLACES_MAX;
pub use engine::{
    ACL_MAX, ANNOTATION_OCTETS_MAX, ANNOTATIONS_MAX, DELIMITER, DEPTH_MAX, ENTRY_OCTETS_MAX, Engine,
    IDENTIFIER_OCTETS_MAX, KEYWORD_OCTETS_MAX, MAILBOXES_MAX, NAME_OCTETS_MAX, SUBSCRIPTIONS_MAX,
    UPLOAD_KIND_OCTETS_MAX, UPLOADS_MAX, UPLOADS_OCTETS_MAX,
};
pub use error::StoreError;
pub use index::{BLOCK_MESSAGES, Bits, BlockRange, Blocks, Column};
pub use object::{OBJECT_KEY_OCTETS_MAX, OBJECT_OCTETS_MAX, OBJECTS_MAX, OBJECTS_OCTETS_MAX};
pub use op::{Op, Outcome};
pub use query::Query;
pub use rows::{Look, Looked, Piece, Seen, Which};
pub use segment::{FRAME_OCTETS, SEGMENT_OCTETS};
pub use shell::{Begun, GROUP_OCTETS, GROUP_OPS, Settings, Store};
pub use uids::UidSet;
pub use upkeep::{GONE_KEPT, SEGMENT_REST, TRACE_KEPT, UPLOAD_KEPT, UpkeepReport};
pub use verify::{Damage, VerifyReport};
