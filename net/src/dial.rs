//! Connecting to other servers: to one address, or to a host by its name, all of whose addresses are tried. Owns how long
//! that may take; whom to connect to is decided elsewhere.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a connection may take to come about. RFC 5321 §4.5.3.2 names none; the first answer may take five minutes,
/// but a host that does not complete the handshake of TCP in half a minute is not there.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the next address of a host waits for the one before it to answer (RFC 8305 §5, §8: 250 ms).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How many addresses of a host are tried.
pub const ATTEMPTS_MAX: usize = 10;

/// How long the system may take to find the addresses of a name.
pub const NAME_LIMIT: Duration = Duration::from_secs(20);

/// Connects to a host by its name or address, as the system's resolver knows it: for programs of people, who have names in
/// their hosts file too.
///
/// # Errors
/// `NotFound`: there is no such name; else the error of the first address that was tried.
pub async fn connect_host(host: &str, port: u16) -> io::Result<TcpStream> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return connect(SocketAddr::new(address, port)).await;
    }
    let none = |why: String| io::Error::new(io::ErrorKind::NotFound, why);
    let found = timeout(NAME_LIMIT, lookup_host((host, port))).await.map_err(|_| io::ErrorKind::TimedOut)?;
    let found: Vec<SocketAddr> = found.map_err(|error| none(format!("there is no host {host} ({error})")))?.collect();
    if found.is_empty() {
        return Err(none(format!("the host {host} has no address")));
    }
    connect_any(in_turn(found)).await
}

/// Connects to the first of these that answers; each has a start of [`ATTEMPT_DELAY`] before the next (RFC 8305 §5).
///
/// # Errors
/// None answers: the error of the first. `AddrNotAvailable`: there are none.
pub async fn connect_any(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut left = addresses.into_iter().take(ATTEMPTS_MAX);
    let mut under_way = JoinSet::new();
    let mut first_error = None;
    loop {
        match left.next() {
            Some(address) => drop(under_way.spawn(connect(address))),
            None if under_way.is_empty() => {
                return Err(first_error.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()));
            }
            None => {}
        }
        let ended = if left.len() == 0 {
            under_way.join_next().await
        } else {
            timeout(ATTEMPT_DELAY, under_way.join_next()).await.unwrap_or_default()
        };
        match ended {
            Some(Ok(Ok(connection))) => return Ok(connection),
            Some(Ok(Err(error))) => drop(first_error.get_or_insert(error)),
            Some(Err(_)) | None => {}
        }
    }
}

/// RFC 8305 §4: the families in turn, beginning with the one the system put first.
fn in_turn(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let six_first = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<SocketAddr>, Vec<SocketAddr>) =
        found.into_iter().partition(|address| address.is_ipv6() == six_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut list = Vec::new();
    loop {
        let before = list.len();
        list.extend(first.next());
        list.extend(second.next());
        if list.len() == before {
            return list;
        }
    }
}

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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn listener() -> (tokio::net::TcpListener, SocketAddr) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address at which nobody listens, for a listener was there and is no more.
    async fn nobody() -> SocketAddr {
        listener().await.1
    }

    #[tokio::test]
    async fn the_first_that_answers_is_taken() {
        let (_open, address) = listener().await;
        let connection = connect_any(vec![nobody().await, nobody().await, address]).await.unwrap();
        assert_eq!(connection.peer_addr().unwrap(), address);
        let error = connect_any(vec![nobody().await]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(connect_any(Vec::new()).await.unwrap_err().kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[tokio::test]
    async fn so_many_addresses_are_tried_and_no_more() {
        let (_open, address) = listener().await;
        let nobody = nobody().await;
        let after = |count: usize| [vec![nobody; count], vec![address]].concat();
        assert!(connect_any(after(ATTEMPTS_MAX - 1)).await.is_ok());
        assert!(connect_any(after(ATTEMPTS_MAX)).await.is_err());
    }

    #[tokio::test]
    async fn hosts_are_found_by_name_and_by_address() {
        let (_open, address) = listener().await;
        for host in ["127.0.0.1", "localhost"] {
            assert_eq!(connect_host(host, address.port()).await.unwrap().peer_addr().unwrap(), address, "{host}");
        }
        // A label of 64 octets is in no DNS, so that nobody is asked.
        let error = connect_host(&format!("{}.invalid", "x".repeat(64)), 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
    }

    #[test]
    fn families_take_turns() {
        let of = |list: &[&str]| list.iter().map(|address| address.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let found = of(&["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1"]);
        assert_eq!(in_turn(found), of(&["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"]));
        let found = of(&["127.0.0.1:1", "127.0.0.2:1", "[::1]:1"]);
        assert_eq!(in_turn(found), of(&["127.0.0.1:1", "[::1]:1", "127.0.0.2:1"]));
    }
}
