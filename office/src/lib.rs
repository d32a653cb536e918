//! The post office: the only place with policy. It answers what protocol sessions ask, from the store, and decides
//! who may send what to whom. Knows no sockets and no wall clock: time, randomness and the client's facts are passed
//! in. One [`Office`] serves one house; each connection gets a desk of its own from it.

pub mod admin;
pub mod policy;

pub use policy::{FileDomain, Network, Policy};

use admin::{Failure, FailureKind, Request, Response};
use message::Time;
use std::net::SocketAddr;
use std::sync::Arc;

/// What the office needs from outside besides time.
#[derive(Clone)]
pub struct Seams {
    /// Fills a buffer with unpredictable octets.
    pub random: Random,
}

/// A source of unpredictable octets; tests pass a seeded one.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where the client is.
    pub client: SocketAddr,
    /// Where it reached us.
    pub local: SocketAddr,
    /// The client's name by reverse DNS, confirmed forward, once it is known.
    pub name: Arc<std::sync::OnceLock<String>>,
}

/// The office. Cheap to clone.
#[derive(Clone)]
pub struct Office {
    store: store::Store,
}
