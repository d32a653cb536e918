//! Connecting to other servers. Owns how long that may take; whom to connect to is decided elsewhere.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long a connection may take to come about. RFC 5321 §4.5.3.2 names none; the first answer may take five minutes,
/// but a host that does not complete the handshake of TCP in half a minute is not there.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// Connects to one address. The error says in words why not.
///
/// # Errors
/// Those of the system, and `TimedOut` after [`CONNECT_LIMIT`].
pub async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    connect_from(None, to).await
}

/// The same from one of our addresses: a host with several is known to others by one.
///
/// # Errors
/// Those of [`connect`]; also when the address is not ours or of the other family.
pub async fn connect_from(from: Option<IpAddr>, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from.filter(|from| from.is_ipv4() == to.is_ipv4()) {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let connection = timeout(CONNECT_LIMIT, socket.connect(to)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    // What is sent is gathered before, so there is nothing for Nagle's algorithm to gather.
    connection.set_nodelay(true)?;
    Ok(connection)
}
