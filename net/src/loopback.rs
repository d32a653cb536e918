//! A door on this machine only, for the short time in which a browser comes back from another page (RFC 8252 §7.3). Owns
//! the socket; what is said over it is the caller's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpStream};

/// A listener that nobody outside this machine reaches.
#[derive(Debug)]
pub struct Loopback(TcpListener);

impl Loopback {
    /// At a port that the system chooses.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn open() -> io::Result<Loopback> {
        // RFC 8252 §8.3: by address, for a name could be led elsewhere.
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        TcpListener::bind(address).await.map(Loopback)
    }

    /// The port.
    ///
    /// # Errors
    /// Those of the system.
    pub fn port(&self) -> io::Result<u16> {
        self.0.local_addr().map(|address| address.port())
    }

    /// The next connection. Dropped and called again at will.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn next(&self) -> io::Result<TcpStream> {
        self.0.accept().await.map(|(connection, _)| connection)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_open_on_this_machine_while_it_lives() {
        let door = Loopback::open().await.unwrap();
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), door.port().unwrap());
        let (came, went) = tokio::join!(door.next(), crate::dial::connect(address));
        assert_eq!(came.unwrap().peer_addr().unwrap(), went.unwrap().local_addr().unwrap());
        drop(door);
        assert!(crate::dial::connect(address).await.is_err());
    }
}
