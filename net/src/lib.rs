//! Where bytes meet the outside: the clock, the one loop that drives every protocol session, TLS, listeners, and DNS.
//! Knows the contract in [`wire::session`] and nothing of policy, store or configuration.

pub mod accept;
pub mod clock;
pub mod dns;
pub mod drive;
pub mod seat;
pub mod stream;
pub mod tls;

pub use clock::Clock;
pub use drive::{Ended, Reason, Security, Surroundings, drive};
pub use seat::Seat;
