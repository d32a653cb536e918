//! A disk in memory that can lose power: for tests of the store, never part of the program.
//!
//! [`SimDisk`] is the disk as a running process sees it; it writes down every change and every sync. [`Platter`] reads
//! that log and knows, at each point of it, what is safe and what is not yet; [`Platter::crash`] draws what survives: of
//! what was never synced some is lost, some torn at 512 octets, in any order. SQLite reaches the same disk by [`vfs`].

mod dice;
mod disk;
mod log;
mod octets;
pub mod vfs;

pub use dice::Dice;
pub use disk::{Call, Fault, SimDisk, SimFile};
pub use log::{Event, FileId, Platter};
pub use octets::Octets;

/// Files by name: what a disk holds when it is switched on.
pub type Image = std::collections::BTreeMap<String, Octets>;
