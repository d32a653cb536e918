//! What clients cost that are logged in by IMAP, have a mailbox open and wait: as mail programs do all day.

use super::crowd::raise_open_files;
use super::good::connect;
use super::memory::resident;
use super::{found, runtime};
use anyhow::{Context, Result, ensure};
use rustls::pki_types::ServerName;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tests::binary::Binary;
use tests::house::House;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::dialogue::Port;

/// How many wait, unless `PILLARBOX_IDLE` says otherwise.
const IDLE: u32 = 2000;

/// What each may take, TLS and all. `docs/performance.md` has the figure for 10,000.
const PER_CONNECTION_MAX: usize = 16 * 1024;

/// Longer than a connection takes to come to rest.
const REST: Duration = Duration::from_secs(3);

/// Handshakes at a time: they cost processor time on both sides.
const AT_A_TIME: usize = 50;

#[test]
fn a_client_that_waits_with_a_mailbox_open_takes_at_most_16_kib() {
    raise_open_files();
    let idle = std::env::var("PILLARBOX_IDLE").map_or(IDLE, |text| text.parse().unwrap());
    let house = found([idle + 100, 100, 600]);
    let server = Binary::start(&house).unwrap();
    let runtime = runtime();
    // The first quarter makes what all share, and what logging in leaves behind, which is some MiB more or less; the
    // others, so many that it matters no more, show what each takes.
    let come = |numbers| {
        let clients = runtime.block_on(gather(&house, server.ports[&Port::Imaps], numbers));
        runtime.block_on(async { tokio::time::sleep(REST).await });
        (clients, resident(server.id()))
    };
    let (early, before) = come(0..idle / 4);
    let (late, after) = come(idle / 4..idle);
    let each = after.saturating_sub(before) / late.len();
    println!("{idle} clients wait, {each} octets each, {after} in all");
    assert_eq!(early.len() + late.len(), idle as usize);
    assert!(each <= PER_CONNECTION_MAX, "{each} octets a connection");
}

type Client = BufReader<TlsStream<TcpStream>>;

/// Clients that come, each from an address of its own, and wait.
async fn gather(house: &House, to: SocketAddr, numbers: std::ops::Range<u32>) -> Vec<Client> {
    let (places, mut coming) = (Arc::new(Semaphore::new(AT_A_TIME)), JoinSet::new());
    for number in numbers {
        let (places, tls, name) = (places.clone(), TlsConnector::from(house.tls.clone()), house.hostname.clone());
        coming.spawn(async move {
            let _place = places.acquire().await;
            come(number, to, tls, name).await
        });
    }
    coming.join_all().await.into_iter().collect::<Result<_>>().unwrap()
}

async fn come(number: u32, to: SocketAddr, tls: TlsConnector, name: String) -> Result<Client> {
    let [_, _, high, low] = number.to_be_bytes();
    let stream = connect(Ipv4Addr::new(127, 1, high, low), to).await?;
    let mut client = BufReader::with_capacity(1024, tls.connect(ServerName::try_from(name)?, stream).await?);
    hear(&mut client, "* OK").await?;
    for (command, last) in [("a LOGIN bob hungry", "a OK"), ("b SELECT INBOX", "b OK"), ("c IDLE", "+")] {
        client.write_all(format!("{command}\r\n").as_bytes()).await?;
        client.flush().await?;
        hear(&mut client, last).await?;
    }
    Ok(client)
}

/// Reads up to a line that begins so.
async fn hear(client: &mut Client, start: &str) -> Result<()> {
    loop {
        let mut line = String::new();
        ensure!(client.read_line(&mut line).await.context(start.to_owned())? > 0, "closed before {start}");
        if line.starts_with(start) {
            return Ok(());
        }
        ensure!(line.starts_with("* "), "{start} was due: {line}");
    }
}
