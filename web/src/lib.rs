//! The HTTP side of the house: JMAP, the webmail's files, the HTTP API. Owns what stands on HTTP and JSON; decides nothing
//! that `office` decides, and knows no TLS, no listener and no wall clock: `server` hands it connections, and the time
//! comes from a seam.

pub mod assets;
pub mod blobs;
pub mod caller;
pub mod contacts;
mod figures;
mod hourly;
mod house;
mod http;
pub mod jmap;
mod origin;
pub mod push;
pub mod rendering;
mod rooms;

pub use caller::{Caller, Refused, Way};
pub use figures::EVERY as FIGURES_EVERY;
pub use house::{House, LiveConnection};
pub use rooms::{Clock, Connection, Web};
