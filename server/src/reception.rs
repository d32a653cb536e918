//! Receives connections at the mail listeners: gives each its session, its desk and its security, drives it to its end
//! and writes one line about it.

use crate::config::ListenerKind;
use crate::house::House;
use net::accept::{Reception, Refused};
use net::{Ended, Handshake, Seat, Security, Surroundings, Turned, drive, drive_turning};
use office::{Peer, SmtpDesk};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use wire::smtp::Role;

/// The reception of one mail listener.
pub(crate) struct MailReception {
    pub(crate) kind: ListenerKind,
    pub(crate) house: Arc<House>,
}

impl Reception for MailReception {
    fn is_trusted(&self, client: IpAddr) -> bool {
        self.house.config.load().trust.relay_networks.iter().any(|network| network.contains(client))
    }

    fn refusal(&self, why: Refused) -> Option<String> {
        self.house.traffic.refused(self.kind);
        match self.kind {
            // RFC 5321 §3.8: 421 and the server's name.
            ListenerKind::Smtp | ListenerKind::Submission | ListenerKind::Lmtp => {
                Some(format!("421 4.7.0 {} {why}, try again later\r\n", self.house.config.load().hostname))
            }
            // RFC 3206 §4: not the user's fault, and it passes.
            ListenerKind::Pop3 => Some(format!("-ERR [SYS/TEMP] {why}, try again later\r\n")),
            // RFC 9051 §7.1.5: BYE instead of a greeting; RFC 5530 §3: it passes.
            ListenerKind::Imap => Some(format!("* BYE [UNAVAILABLE] {why}, try again later\r\n")),
            ListenerKind::Submissions
            | ListenerKind::Pop3s
            | ListenerKind::Imaps
            | ListenerKind::Http
            | ListenerKind::Https
            | ListenerKind::Metrics => None,
        }
    }

    fn receive(
        &self,
        connection: TcpStream,
        client: SocketAddr,
        seat: Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (kind, house) = (self.kind, self.house.clone());
        async move {
            let _open = house.traffic.opened(kind);
            let started = house.clock.now();
            let live = house.live.enter(kind, client, (seat.clone(), started));
            let local = connection.local_addr().unwrap_or(client);
            let peer = Peer { client, local, name: Arc::new(OnceLock::new()), line: Some(live.line()) };
            let name = peer.name.clone();
            // Boxed: a task that is done keeps its place while it can be aborted, but not what it had on the heap.
            let asking = tokio::spawn(Box::pin(ask_name(house.clone(), client.ip(), name.clone())));
            let ended = serve(kind, &house, connection, (peer, seat)).await;
            asking.abort();
            let milliseconds = house.clock.now().since(started).as_millis();
            let name = name.get().map_or("-", String::as_str);
            let (received, sent) = (ended.received, ended.sent);
            tracing::info!(%kind, client = %client.ip(), name, received, sent, milliseconds, reason = %ended.reason, "session ended");
        }
    }
}

async fn ask_name(house: Arc<House>, client: IpAddr, slot: Arc<OnceLock<String>>) {
    house.resolver.name(client, &slot).await;
}

async fn serve(kind: ListenerKind, house: &House, connection: TcpStream, (peer, seat): (Peer, Arc<Seat>)) -> Ended {
    let security = match kind {
        ListenerKind::Submissions | ListenerKind::Pop3s | ListenerKind::Imaps => {
            Security::Implicit(Handshake::Accept(house.tls.clone()))
        }
        _ => Security::StartTls(Handshake::Accept(house.tls.clone())),
    };
    let around = Surroundings { clock: house.clock.clone(), drain: house.drain.clone(), security, seat };
    match (role(kind), kind) {
        (Some(role), _) => smtp(role, house, connection, peer, &around).await,
        (None, ListenerKind::Imap | ListenerKind::Imaps) => imap(house, connection, peer, &around).await,
        (None, _) => pop3(house, connection, peer, &around).await,
    }
}

/// No `async fn`, like [`drive`]: profile and desk would be held twice.
fn smtp(
    role: Role,
    house: &House,
    connection: TcpStream,
    peer: Peer,
    around: &Surroundings,
) -> impl Future<Output = Ended> + Send {
    let (profile, desk) = house.office.smtp(role, peer, true);
    let session = wire::smtp::Server::new(house.clock.now(), profile);
    let driving = drive_turning(connection, session, desk, around);
    async move {
        match driving.await {
            (ended, None) => ended,
            // Boxed, as what is seldom: it would make every connection larger all its life.
            (ended, Some(turned)) => Box::pin(collect(*turned, around)).await.unwrap_or(ended),
        }
    }
}

/// The roles are turned round (ATRN, TURN): the client is the server, and gets what waits for it.
async fn collect(turned: Turned<TcpStream, SmtpDesk>, around: &Surroundings) -> Option<Ended> {
    let Turned { connection, mut desk } = turned;
    let collection = desk.collection()?;
    let (session, desk) = collection.session(around.clock.now());
    let around = Surroundings { security: Security::Plain, seat: Seat::new(around.clock.now()), ..around.clone() };
    let ended = drive(connection, session, desk, &around).await;
    collection.end(around.clock.now()).await;
    Some(ended)
}

fn pop3(house: &House, connection: TcpStream, peer: Peer, around: &Surroundings) -> impl Future<Output = Ended> + Send {
    let now = house.clock.now();
    let (profile, desk) = house.office.pop3(peer, true, now);
    drive(connection, wire::pop3::Server::new(now, profile), desk, around)
}

fn imap(house: &House, connection: TcpStream, peer: Peer, around: &Surroundings) -> impl Future<Output = Ended> + Send {
    let now = house.clock.now();
    let (profile, desk) = house.office.imap(&peer, true);
    drive(connection, wire::imap::Server::new(now, profile), desk, around)
}

/// What an SMTP listener is for; `None` for the others.
fn role(kind: ListenerKind) -> Option<Role> {
    match kind {
        ListenerKind::Smtp => Some(Role::Mx),
        ListenerKind::Submission | ListenerKind::Submissions => Some(Role::Submission),
        ListenerKind::Lmtp => Some(Role::Lmtp),
        ListenerKind::Pop3
        | ListenerKind::Pop3s
        | ListenerKind::Imap
        | ListenerKind::Imaps
        | ListenerKind::Http
        | ListenerKind::Https
        | ListenerKind::Metrics => None,
    }
}
