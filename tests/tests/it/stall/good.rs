//! A client as it should be: leaves a message for bob and fetches it, from an address of its own.

use anyhow::{Context, Result, ensure};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tests::Ports;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use wire::dialogue::Port;

/// Where it comes from.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// How long it waits for the end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends, fetches and deletes a message; how long the slower of both took.
pub fn visit(ports: &Ports) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let visits = async {
        let started = Instant::now();
        send(ports[&Port::Smtp], "good").await.context("sending")?;
        let sent = started.elapsed();
        fetch(ports[&Port::Pop3]).await.context("fetching")?;
        Ok(sent.max(started.elapsed() - sent))
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, visits).await.context("it waits and waits")? })
}

/// Connects from a certain address.
pub async fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

struct Talk(BufReader<TcpStream>);

impl Talk {
    async fn begin(to: SocketAddr, greeting: &str) -> Result<Talk> {
        let mut talk = Talk(BufReader::new(connect(ADDRESS, to).await?));
        talk.hear(greeting).await?;
        Ok(talk)
    }

    /// Reads a reply, which may have several lines.
    async fn hear(&mut self, start: &str) -> Result<()> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await?;
            ensure!(line.starts_with(start), "{start} was due, got {line:?}");
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }

    async fn say(&mut self, text: &str, start: &str) -> Result<()> {
        self.0.write_all(format!("{text}\r\n").as_bytes()).await?;
        self.hear(start).await
    }
}

/// Leaves a message with this text.
pub async fn send(to: SocketAddr, text: &str) -> Result<()> {
    let mut talk = Talk::begin(to, "220").await?;
    talk.say("EHLO crepes.fr", "250").await?;
    talk.say("MAIL FROM:<alice@crepes.fr>", "250").await?;
    talk.say("RCPT TO:<bob@hamburger.edu>", "250").await?;
    talk.say("DATA", "354").await?;
    talk.say(&format!("Subject: hungry\r\n\r\n{text}\r\n."), "250").await?;
    talk.say("QUIT", "221").await
}

/// Fetches the first message and deletes it.
async fn fetch(to: SocketAddr) -> Result<()> {
    let mut talk = Talk::begin(to, "+OK").await?;
    talk.say("USER bob", "+OK").await?;
    talk.say("PASS hungry", "+OK").await?;
    talk.say("RETR 1", "+OK").await?;
    let mut line = String::new();
    while line != ".\r\n" {
        line.clear();
        ensure!(talk.0.read_line(&mut line).await? > 0, "the message breaks off");
    }
    talk.say("DELE 1", "+OK").await?;
    talk.say("QUIT", "+OK").await
}
