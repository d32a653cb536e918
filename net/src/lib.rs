//! Where bytes meet the outside: the clock, the one loop that drives every protocol session, TLS, listeners, connecting, and
//! DNS.
//! Knows the contract in [`wire::session`] and nothing of policy, store or configuration.

pub mod accept;
pub mod clock;
pub mod deflate;
pub mod dial;
pub mod dns;
pub mod drive;
pub mod loopback;
pub mod near;
pub mod seat;
pub mod stream;
pub mod tls;

pub use clock::Clock;
pub use drive::{Ended, Handshake, Reason, Security, Surroundings, Turned, drive, drive_turning};
pub use seat::Seat;
