//! What the server takes from the machine besides the network, so that tests and the lab can give it instead.

use net::clock::Clock;
use net::dns::Resolver;
use nix::sys::statvfs::statvfs;
use std::path::Path;
use std::sync::Arc;

/// Clock, randomness, names of clients, disk.
#[derive(Clone)]
pub struct Seams {
    /// What tells the time.
    pub clock: Clock,
    /// Unpredictable octets.
    pub random: office::Random,
    /// Who knows the names of clients; `None`: name servers by the configuration.
    pub resolver: Option<Resolver>,
    /// How the store is opened; its disk among it.
    pub store: store::Settings,
}

impl Seams {
    /// Those of this machine.
    #[must_use]
    pub fn system() -> Seams {
        Seams { clock: Clock::system(), random: Arc::new(fill), resolver: None, store: store::Settings::default() }
    }
}

/// Octets free for this process on the disk a folder lies on; `None` where the system does not say.
pub(crate) fn free_octets(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// Fills a buffer from the system's generator. Without randomness nothing this process does is safe, so it ends.
fn fill(buffer: &mut [u8]) {
    let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    if random.fill(buffer).is_err() {
        tracing::error!("the system gives no random octets");
        std::process::abort();
    }
}
