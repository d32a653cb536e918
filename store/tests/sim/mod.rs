//! The engine on a disk in memory: how it gets there, what it is made to do, and what can be seen of it afterwards.
#![allow(clippy::unwrap_used, missing_docs, dead_code)]

mod faults;
mod inline;
mod script;
mod through;
mod view;

pub use script::{Recording, plans, record};
pub use view::view;

use platter::SimDisk;
use store::{Engine, StoreError};

/// Small, so that a script fills several.
pub const SEGMENT_OCTETS: u64 = 32 * 1024;

/// A log so short that a script empties it often.
const LOG_PAGES: u32 = 100;

/// The store on this disk.
pub fn open(disk: &SimDisk) -> Result<Engine, StoreError> {
    let (folder, through) = through::mount(disk);
    let mut engine = Engine::open_with(&folder, through, SEGMENT_OCTETS)?;
    engine.limit_log(LOG_PAGES);
    Ok(engine)
}
