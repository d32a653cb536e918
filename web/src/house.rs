//! What the web side wants to know of the server around it: where it listens, who is connected, and whom people write to
//! about it. The server answers; tests pass a made-up one.

use message::Time;
use std::net::SocketAddr;

/// The server around the web side.
pub trait House: Send + Sync {
    /// Each listener: its name in the configuration, and where it is bound.
    fn listeners(&self) -> Vec<(String, SocketAddr)>;

    /// Whom people write to who found a hole, as a URI; `None`: nobody is told.
    fn security_contact(&self) -> Option<String> {
        None
    }

    /// The connections that are open now, the oldest first.
    fn connections(&self) -> Vec<LiveConnection>;
}

/// A connection that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveConnection {
    /// Its number in this process.
    pub id: u64,
    /// The listener it came by.
    pub listener: String,
    /// The client.
    pub client: SocketAddr,
    /// When it began.
    pub since: Time,
    /// Who is logged in on it by the mail ports; requests of the web show who they are one by one.
    pub user: Option<String>,
    /// Version and cipher, as in `TLS1.3 TLS_AES_256_GCM_SHA384`; `None` in the clear.
    pub tls: Option<String>,
}
