//! Clients that stall, each kind in its way, each client from an address of its own; and those that flood.

use super::good::connect;
use net::seat::STRANGER_LAG;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tests::Ports;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wire::dialogue::Port;

/// The begin of a handshake: a record of 512 octets is announced and two of them come.
const HALF_HANDSHAKE: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00";

/// How long a client waits for a word that does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often those that drip send an octet.
const DRIP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Silent,
    HalfACommand,
    HalfAHandshake,
    DrippingContent,
    UnreadReplies,
}

impl Kind {
    pub const ALL: [Kind; 5] =
        [Kind::Silent, Kind::HalfACommand, Kind::HalfAHandshake, Kind::DrippingContent, Kind::UnreadReplies];

    /// Which port client number `n` comes to.
    fn port(self, n: u32) -> Port {
        let ports: &[Port] = match self {
            Kind::Silent | Kind::HalfACommand => &[Port::Smtp, Port::Submission, Port::Pop3],
            Kind::HalfAHandshake => &[Port::Submissions, Port::Pop3s, Port::Smtp, Port::Pop3],
            Kind::DrippingContent => &[Port::Smtp],
            Kind::UnreadReplies => &[Port::Smtp, Port::Pop3],
        };
        ports[n as usize % ports.len()]
    }
}

/// As many sockets as the system allows.
pub fn raise_open_files() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}

/// Clients of one kind.
pub struct Crowd {
    clients: Vec<TcpStream>,
    dripping: Option<tokio::task::JoinHandle<Vec<TcpStream>>>,
    enough: watch::Sender<bool>,
}

impl Crowd {
    /// Comes, and stalls.
    pub async fn gather(kind: Kind, count: u32, ports: &Ports) -> Crowd {
        let mut coming = JoinSet::new();
        for n in 0..count {
            let [_, _, high, low] = n.to_be_bytes();
            let (from, port) = (Ipv4Addr::new(127, 1, high, low), kind.port(n));
            coming.spawn(come(kind, from, port, ports[&port]));
        }
        let came = coming.join_all().await;
        // Nobody has to leave who was heard of just now.
        tokio::time::sleep(STRANGER_LAG).await;
        let clients: Vec<TcpStream> = came.into_iter().flatten().collect();
        let (enough, until) = watch::channel(false);
        match kind {
            Kind::DrippingContent => {
                let dripping = Some(tokio::spawn(drip(clients, until)));
                Crowd { clients: Vec::new(), dripping, enough }
            }
            _ => Crowd { clients, dripping: None, enough },
        }
    }

    /// Goes; how many were still connected, and how many had been told to leave.
    pub async fn disperse(self) -> (usize, usize) {
        self.enough.send_replace(true);
        let clients = match self.dripping {
            Some(dripping) => dripping.await.unwrap(),
            None => self.clients,
        };
        let all = clients.len();
        let open = clients.into_iter().filter(still_open).count();
        (open, all - open)
    }
}

/// Whether the server has not closed its end; what it said is read away, up to what is there.
fn still_open(client: &TcpStream) -> bool {
    let mut waste = [0; 16 * 1024];
    loop {
        match client.try_read(&mut waste) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}

/// One client up to the point where it stalls; `None` when it did not come so far.
async fn come(kind: Kind, from: Ipv4Addr, port: Port, to: SocketAddr) -> Option<TcpStream> {
    let mut client = connect(from, to).await.ok()?;
    let tls_from_the_start = matches!(port, Port::Submissions | Port::Pop3s);
    if !tls_from_the_start {
        hear(&mut client).await?;
    }
    match kind {
        Kind::Silent => {}
        Kind::HalfACommand => client.write_all(b"EHLO cre").await.ok()?,
        Kind::HalfAHandshake => {
            if !tls_from_the_start {
                let start: &[u8] = if port == Port::Pop3 { b"STLS\r\n" } else { b"EHLO a.example\r\nSTARTTLS\r\n" };
                client.write_all(start).await.ok()?;
                hear(&mut client).await?;
            }
            client.write_all(HALF_HANDSHAKE).await.ok()?;
        }
        Kind::DrippingContent => {
            let start = b"EHLO a.example\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n";
            client.write_all(start).await.ok()?;
            let mut said = Vec::new();
            while !said.windows(6).any(|six| six == b"\r\n354 ") {
                let some = hear(&mut client).await?;
                said.extend_from_slice(&some);
            }
        }
        Kind::UnreadReplies => {
            let command: &[u8] = if port == Port::Pop3 { b"CAPA\r\n" } else { b"HELP\r\n" };
            client.write_all(&command.repeat(4000)).await.ok()?;
        }
    }
    Some(client)
}

async fn hear(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut said = vec![0; 4096];
    let octets = tokio::time::timeout(PATIENCE, client.read(&mut said)).await.ok()?.ok()?;
    said.truncate(octets);
    (octets > 0).then_some(said)
}

/// An octet a second from each.
async fn drip(clients: Vec<TcpStream>, mut until: watch::Receiver<bool>) -> Vec<TcpStream> {
    while tokio::time::timeout(DRIP, until.wait_for(|enough| *enough)).await.is_err() {
        for client in &clients {
            // Who was told to leave cannot send any more; who can, does.
            let _ = client.try_write(b"x");
        }
    }
    clients
}

/// Connects again and again, as fast as it can, keeps what it gets, and counts.
pub async fn knock(from: Ipv4Addr, ports: Ports, knocks: watch::Sender<u32>) {
    let mut kept = std::collections::VecDeque::new();
    loop {
        if let Ok(client) = connect(from, ports[&Port::Smtp]).await {
            kept.push_back(client);
        }
        knocks.send_modify(|knocks| *knocks += 1);
        if kept.len() > 500 {
            kept.pop_front();
        }
    }
}

/// So many connections that send NOOP and RSET as fast as they can, and read what they get.
pub async fn talk(from: Ipv4Addr, count: usize, ports: Ports) {
    let mut talking = JoinSet::new();
    for _ in 0..count {
        let to = ports[&Port::Smtp];
        talking.spawn(async move {
            let Ok(client) = connect(from, to).await else { return };
            let (mut replies, mut commands) = client.into_split();
            let mut sink = tokio::io::sink();
            let reading = tokio::io::copy(&mut replies, &mut sink);
            let writing = async { while commands.write_all(&b"NOOP\r\nRSET\r\n".repeat(1000)).await.is_ok() {} };
            let _ = tokio::join!(reading, writing);
        });
    }
    while talking.join_next().await.is_some() {}
    std::future::pending::<()>().await;
}
