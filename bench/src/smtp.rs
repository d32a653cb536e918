//! The sender: connections that send numbered messages, each timed from MAIL to the reply after the final dot.

use crate::line::Connection;
use crate::options::Options;
use crate::tally::Tally;
use crate::trust;
use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio_rustls::rustls::ClientConfig;

/// What a header takes of a message's size, about.
const HEADER_ABOUT: usize = 150;

/// What is sent, and how.
#[derive(Clone)]
pub struct Load {
    /// Where to.
    pub address: SocketAddr,
    /// The reverse-path of every message.
    pub from: String,
    /// Taken in turn.
    pub recipients: Vec<String>,
    /// Messages in all.
    pub messages: u64,
    /// Connections at a time.
    pub sessions: u64,
    /// Messages on one connection; 0: as many as there are.
    pub per_connection: u64,
    /// Octets of a message, about.
    pub size: usize,
    /// STARTTLS first.
    pub tls: Option<Arc<ClientConfig>>,
}

/// What one session sends.
pub struct Part {
    load: Load,
    /// The same octets for every message of the session: making text costs more than sending it.
    body: String,
    first: u64,
    messages: u64,
}

/// What the options ask for.
pub fn load(address: SocketAddr, options: &Options) -> Result<Load> {
    let to: String = options.get("to", "user@example.org".to_owned())?;
    let tls = match options.get("tls", "no".to_owned())?.as_str() {
        "yes" => Some(trust::anybody()?),
        "no" => None,
        other => bail!("--tls {other}: yes or no"),
    };
    Ok(Load {
        address,
        from: options.get("from", "sender@bench.example".to_owned())?,
        recipients: recipients(&to, options.get("users", 1)?)?,
        messages: options.get("messages", 1000_u64)?,
        sessions: options.get("sessions", 10_u64)?.max(1),
        per_connection: options.get("per-session", 0)?,
        size: options.get("size", 2048)?,
        tls,
    })
}

/// Shares the messages out among the sessions.
pub fn plan(load: &Load) -> Vec<Part> {
    let share = |count: u64| load.messages * count / load.sessions;
    let part = |session: u64| Part {
        load: load.clone(),
        body: body(session, load.size),
        first: share(session),
        messages: share(session + 1) - share(session),
    };
    (0..load.sessions).map(part).collect()
}

/// `user@domain`, or for more than one user `user0@domain`, `user1@domain`, ...
fn recipients(to: &str, users: u32) -> Result<Vec<String>> {
    let (user, domain) = to.split_once('@').context("--to is no address")?;
    Ok(if users <= 1 { vec![to.to_owned()] } else { (0..users).map(|n| format!("{user}{n}@{domain}")).collect() })
}

/// Sends the only message of a load; when the reply to it came.
pub async fn one(load: &Load) -> Result<Instant> {
    let part = Part { load: load.clone(), body: body(0, load.size), first: 0, messages: 1 };
    let mut connection = greet(load).await?;
    send(&mut connection, &part, 0).await?;
    let replied = Instant::now();
    command(&mut connection, "QUIT", b"221").await?;
    Ok(replied)
}

/// Sends one part.
pub async fn session(part: Part) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut connection = None;
    for number in part.first..part.first + part.messages {
        let mut open = match connection.take() {
            Some(open) => open,
            None => greet(&part.load).await?,
        };
        let began = Instant::now();
        let octets = send(&mut open, &part, number).await?;
        tally.count(began.elapsed(), octets);
        let sent = number - part.first + 1;
        let limit = part.load.per_connection;
        if limit > 0 && sent.is_multiple_of(limit) {
            command(&mut open, "QUIT", b"221").await?;
        } else {
            connection = Some(open);
        }
    }
    if let Some(mut open) = connection {
        command(&mut open, "QUIT", b"221").await?;
    }
    Ok(tally)
}

async fn greet(load: &Load) -> Result<Connection> {
    let mut connection = Connection::open(load.address).await?;
    reply(&mut connection, b"220").await?;
    command(&mut connection, "EHLO bench.example", b"250").await?;
    if let Some(config) = &load.tls {
        command(&mut connection, "STARTTLS", b"220").await?;
        connection = connection.secured(config.clone()).await?;
        command(&mut connection, "EHLO bench.example", b"250").await?;
    }
    Ok(connection)
}

/// One transaction, one command at a time as most senders do. Returns the octets of the message.
async fn send(connection: &mut Connection, part: &Part, number: u64) -> Result<u64> {
    let load = &part.load;
    let to = load.recipients.get(usize::try_from(number)? % load.recipients.len().max(1)).context("no recipients")?;
    command(connection, &format!("MAIL FROM:<{}>", load.from), b"250").await?;
    command(connection, &format!("RCPT TO:<{to}>"), b"250").await?;
    command(connection, "DATA", b"354").await?;
    let message = format!("{}{}.\r\n", header(&load.from, to, number), part.body);
    connection.write(message.as_bytes()).await?;
    reply(connection, b"250").await?;
    Ok(message.len() as u64 - 3)
}

fn header(from: &str, to: &str, number: u64) -> String {
    format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: bench {number}\r\nMessage-ID: <{number}@bench.example>\r\n\r\n")
}

/// Text of about the size asked for with its header, in lines of 76 characters; no line begins with a dot.
fn body(seed: u64, size: usize) -> String {
    let mut text = String::with_capacity(size + 80);
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while text.len() + HEADER_ABOUT < size {
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(&format!("{state:018x} "));
        }
        text.push_str("\r\n");
    }
    text
}

/// Says a line and hears a reply that begins as wanted.
pub async fn command(connection: &mut Connection, line: &str, wanted: &[u8]) -> Result<()> {
    connection.write(format!("{line}\r\n").as_bytes()).await?;
    reply(connection, wanted).await.with_context(|| format!("in answer to {line}"))
}

/// Reads a reply of any number of lines.
pub async fn reply(connection: &mut Connection, wanted: &[u8]) -> Result<()> {
    loop {
        let line = connection.line().await?;
        ensure!(line.starts_with(wanted), "the server said {}", String::from_utf8_lossy(line));
        if line.get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Vec<Part> {
        let options = Options::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).unwrap();
        plan(&load("127.0.0.1:25".parse().unwrap(), &options).unwrap())
    }

    #[test]
    fn every_message_is_sent_once() {
        let parts = parts("--messages 10 --sessions 3");
        let numbers: Vec<u64> = parts.iter().flat_map(|part| part.first..part.first + part.messages).collect();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn bodies_have_their_size_and_need_no_stuffing() {
        let parts = parts("--messages 2 --sessions 2 --size 5000 --to user@a.example --users 2");
        assert_eq!(parts[0].load.recipients, ["user0@a.example", "user1@a.example"]);
        let (one, two) = (&parts[0].body, &parts[1].body);
        assert_ne!(one, two);
        let whole = header("sender@bench.example", "user0@a.example", 1).len() + one.len();
        assert!((4900..5100).contains(&whole) && one.ends_with("\r\n"), "{whole}");
        assert!(one.lines().all(|line| !line.starts_with('.') && line.len() < 80));
    }
}
