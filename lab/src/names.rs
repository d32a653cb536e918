//! A real DNS server for the lab, on loopback: [`Zones`] answered over UDP and TCP, in this process. It is the only
//! server its hosts know, so it stands for all of DNS. Owns no zone's meaning: that is [`zone`], which also answers
//! without sockets.

mod asked;
mod serve;
#[cfg(test)]
mod tests;
mod zone;

pub use asked::Asked;
pub use zone::{ALIASES_MAX, Fault, Zone, Zones};

use anyhow::{Context, Result};
use hickory_server::Server;
use serve::Responder;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};

/// How long a TCP connection may rest.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// How many answers may wait for a TCP client that does not read.
const ANSWERS_WAITING_MAX: usize = 32;
/// How often a port is chosen anew when its twin for the other protocol is taken.
const PORT_TRIES: usize = 16;

/// A running server. It ends when this is dropped.
pub struct Names {
    responder: Responder,
    address: SocketAddr,
    _server: Server<Responder>,
}

impl Names {
    /// Serves the zones on a port of 127.0.0.1 that the system chooses.
    ///
    /// # Errors
    /// Those of [`Zones::new`], and when no port is to be had.
    pub async fn start(zones: Vec<Zone>) -> Result<Names> {
        let responder = Responder::new(Zones::new(zones)?);
        let (udp, tcp, address) = sockets().await?;
        let mut server = Server::new(responder.clone());
        server.register_socket(udp);
        server.register_listener(tcp, IDLE_LIMIT, ANSWERS_WAITING_MAX);
        Ok(Names { responder, address, _server: server })
    }

    /// Where it listens, over UDP and TCP: for `[dns] servers`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves these zones from now on. Who asked before may remember the old answers for [`Zone::ttl_s`].
    ///
    /// # Errors
    /// Those of [`Zones::new`]; the old zones stay then.
    pub fn set(&self, zones: Vec<Zone>) -> Result<()> {
        self.responder.zones.store(Zones::new(zones)?.into());
        Ok(())
    }

    /// How many questions have come so far.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.responder.questions.load(Ordering::Relaxed)
    }

    /// The latest questions with what was said, the oldest first; a thousand at most.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.responder.log.all()
    }
}

/// The same port for both protocols.
async fn sockets() -> Result<(UdpSocket, TcpListener, SocketAddr)> {
    for _ in 0..PORT_TRIES {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = tcp.local_addr()?;
        if let Ok(udp) = UdpSocket::bind(address).await {
            return Ok((udp, tcp, address));
        }
    }
    None.context("no port is free for both UDP and TCP")
}
