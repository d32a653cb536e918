//! An internet in a box, as small as it can be so far: hosts that run in this process, each a whole server with its own
//! store, made from a [`World`](wire::dialogue::World). Owns the worlds of the classic dialogues, filling a store, and
//! what to type to try them. Prints nothing: `pillarbox lab` does.

mod configuration;
mod fill;
mod host;
mod internet;
pub mod make_believe;
mod names;
mod news;
mod ports;
mod script;
mod worlds;

pub use configuration::configuration;
pub use fill::{fill, requests};
pub use host::Host;
pub use internet::Internet;
pub use names::{ALIASES_MAX, Fault, Names, Zone, Zones};
pub use news::Watch;
pub use ports::{BASE, BASE_MAX, Ports};
pub use script::{HostFacts, script};
pub use worlds::{Scenario, worlds};
