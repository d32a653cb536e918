//! The door: binding, accepting, and turning away. Owns the limits on connections (all together, at a time and a minute
//! from one address) and what happens when the system runs out of sockets. What is done with a connection is the
//! [`Reception`]'s business.

mod admission;
mod seldom;

pub use admission::{Admission, LEAVING_MAX, Limits, Refused, Ticket};

use crate::clock::Clock;
use crate::drive::told;
use crate::seat::Seat;
use nix::sys::socket::{Backlog, listen};
use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// How long nothing is accepted when the system has no socket left: accepting again at once would fail again, at full
/// speed, since the connection waits on.
const PAUSE: Duration = Duration::from_millis(100);

/// How many may knock at one moment: who comes when the system's queue is full is not heard, and tries again after a
/// second or three. The standard library asks for 128, which a thousand that come at once fill.
const KNOCKING_MAX: i32 = 1024;

/// Linux's numbers for "too many open files", of the process and of the system.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

/// What is done with a connection.
pub trait Reception: Send + Sync + 'static {
    /// Whether this client is free of the limits per address.
    fn is_trusted(&self, client: IpAddr) -> bool;

    /// What a client that is turned away is told; `None` where the protocol knows no polite word (TLS from the start).
    fn refusal(&self, why: Refused) -> Option<String>;

    /// Serves one connection to its end, and at its seat tells what comes of it.
    fn receive(
        &self,
        connection: TcpStream,
        client: SocketAddr,
        seat: Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'static;
}

/// What a listener needs besides its reception.
#[derive(Clone, Debug)]
pub struct Door {
    /// Shared by all listeners of the house.
    pub admission: Arc<Admission>,
    /// What tells the time.
    pub clock: Clock,
    /// Becomes `true` when no more is to be accepted.
    pub drain: watch::Receiver<bool>,
}

/// Binds an address. `[::]` takes IPv4 too; where the system has no IPv6 it becomes `0.0.0.0`.
///
/// # Errors
/// Those of the system: in use, not permitted, not our address.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address).or_else(|error| {
        let no_ipv6 = !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied);
        if no_ipv6 && address.is_ipv6() && address.ip().is_unspecified() {
            std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port()))
        } else {
            Err(error)
        }
    })?;
    adopt(listener)
}

/// Makes a listener, also one from outside (systemd), fit for [`serve`].
///
/// # Errors
/// Those of the system.
pub fn adopt(listener: std::net::TcpListener) -> io::Result<std::net::TcpListener> {
    listener.set_nonblocking(true)?;
    // On a socket that listens already this sets the length of its queue.
    listen(&listener, Backlog::new(KNOCKING_MAX)?)?;
    Ok(listener)
}

/// Accepts until the drain signal, then closes the listener and waits for the connections that are open. Dropping the
/// future cuts them off. A panic in a connection ends that connection only.
///
/// # Errors
/// When the listener cannot be registered with the runtime.
pub async fn serve(listener: std::net::TcpListener, door: Door, reception: Arc<impl Reception>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    let mut drain = door.drain.clone();
    loop {
        tokio::select! {
            biased;
            () = told(&mut drain) => break,
            Some(ended) = connections.join_next() => note(&ended),
            accepted = listener.accept() => match accepted {
                Ok((connection, client)) => admit(&door, &reception, &mut connections, (connection, client)),
                Err(error) => bear(&error, &door).await,
            },
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(&ended);
    }
    Ok(())
}

fn admit(
    door: &Door,
    reception: &Arc<impl Reception>,
    connections: &mut JoinSet<()>,
    (connection, client): (TcpStream, SocketAddr),
) {
    // An IPv4 client of a dual-stack listener is an IPv4 client.
    let client = SocketAddr::new(client.ip().to_canonical(), client.port());
    let trusted = reception.is_trusted(client.ip());
    match door.admission.admit(client.ip(), trusted, door.clock.now()) {
        Ok(ticket) => {
            // Replies are gathered before they are sent, so there is nothing for Nagle's algorithm to gather.
            let _ = connection.set_nodelay(true);
            let reception = reception.clone();
            // The visit is made where it is awaited: one that is handed over takes its place twice.
            connections.spawn(async move {
                reception.receive(connection, client, ticket.seat()).await;
                drop(ticket);
            });
        }
        Err(why) => {
            if let Some(unsaid) = door.admission.refusals.happened(door.clock.now()) {
                tracing::info!(client = %client.ip(), reason = %why, unsaid, "connection refused");
            }
            turn_away(connection, reception.refusal(why));
        }
    }
}

/// Says why and closes, without waiting: the word fits into an empty socket buffer, or is lost.
fn turn_away(connection: TcpStream, word: Option<String>) {
    let Ok(mut connection) = connection.into_std() else { return };
    if let Some(word) = word {
        let _ = connection.write_all(word.as_bytes());
    }
    let _ = connection.shutdown(std::net::Shutdown::Write);
}

/// A failed accept: one connection was lost before it was ours, or the system has run out of something. When it is
/// files, some of those who show least have to leave, as in a house that is full.
async fn bear(error: &io::Error, door: &Door) {
    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        return;
    }
    let now = door.clock.now();
    if let Some(unsaid) = door.admission.failures.happened(now) {
        tracing::warn!(%error, unsaid, "cannot accept connections for the moment");
    }
    if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) {
        door.admission.make_room(now);
    }
    tokio::time::sleep(PAUSE).await;
}

fn note(ended: &Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection was ended by a defect");
    }
}

#[cfg(test)]
mod tests;
