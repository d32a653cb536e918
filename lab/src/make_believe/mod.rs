//! An internet without sockets, in virtual time: the same hosts, each a post office over a store of its own, on one
//! thread. Days pass in seconds, and the same seed gives the same octets. Owns the make-believe road between hosts, its
//! mishaps, and the scenarios that need days. What hosts with sockets do is the rest of `lab`.
//!
//! How it goes: [`Timeline`] is the clock and knows who waits for when; [`Theatre`] runs what can run and then turns the
//! clock on. [`Internet`] holds the hosts; a [`Host`] is begun, and can end in the middle of anything.

mod chance;
mod drive;
mod host;
mod line;
mod road;
mod scenarios;
#[cfg(test)]
mod tests;
mod timeline;

pub use chance::Chance;
pub use host::{Host, HostPlan};
pub use line::Mishap;
pub use road::{Attempt, Internet, Weather};
pub use scenarios::{Tale, greylist, server_down_five_days};
pub use timeline::{Life, Sleep, Theatre, Timeline, at_once};
