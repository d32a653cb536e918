//! An internet in a box: hosts that run in this process, each a whole server with its own store, made from a
//! [`World`](wire::dialogue::World), a name server between them, and peers that misbehave. Owns the worlds, filling a
//! store, what to type to try them, and the scenarios that show mail on its way. Prints nothing: `pillarbox lab` does.

mod configuration;
mod fill;
mod host;
mod internet;
pub mod learn;
pub mod make_believe;
mod names;
mod news;
pub mod peers;
pub mod people;
mod ports;
pub mod scenario;
mod script;
mod site;
mod worlds;

pub use configuration::configuration;
pub use fill::{fill, requests};
pub use host::Host;
pub use internet::{Internet, Layout, is_taken};
pub use names::{ALIASES_MAX, Asked, Fault, Names, Zone, Zones};
pub use news::Watch;
pub use ports::{BASE, BASE_MAX, Ports};
pub use script::{HostFacts, script};
pub use site::{Around, Site};
pub use worlds::{Scenario, worlds};
