//! The sender: connections that send numbered messages, each timed from MAIL to the reply after the final dot.

use crate::line::Connection;
use crate::options::Options;
use crate::tally::Tally;
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::time::Instant;

/// What one session sends.
pub struct Part {
    address: SocketAddr,
    from: String,
    recipients: Vec<String>,
    first: u64,
    messages: u64,
    per_connection: u64,
    size: usize,
}

/// Shares the messages out among the sessions.
pub fn plan(address: SocketAddr, options: &Options) -> Result<Vec<Part>> {
    let (messages, sessions) = (options.get("messages", 1000_u64)?, options.get("sessions", 10_u64)?.max(1));
    let to: String = options.get("to", "user@example.org".to_owned())?;
    let recipients = recipients(&to, options.get("users", 1)?)?;
    let part = |session: u64| -> Result<Part> {
        let share = |count: u64| messages * count / sessions;
        Ok(Part {
            address,
            from: options.get("from", "sender@bench.example".to_owned())?,
            recipients: recipients.clone(),
            first: share(session),
            messages: share(session + 1) - share(session),
            per_connection: options.get("per-session", 0)?,
            size: options.get("size", 2048)?,
        })
    };
    (0..sessions).map(part).collect()
}

/// `user@domain`, or for more than one user `user0@domain`, `user1@domain`, ...
fn recipients(to: &str, users: u32) -> Result<Vec<String>> {
    let (user, domain) = to.split_once('@').context("--to is no address")?;
    Ok(if users <= 1 { vec![to.to_owned()] } else { (0..users).map(|n| format!("{user}{n}@{domain}")).collect() })
}

/// Sends one part.
pub async fn session(part: Part) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut connection = None;
    for number in part.first..part.first + part.messages {
        let mut open = match connection.take() {
            Some(open) => open,
            None => greet(part.address).await?,
        };
        let began = Instant::now();
        let octets = send(&mut open, &part, number).await?;
        tally.count(began.elapsed(), octets);
        let sent = number - part.first + 1;
        if part.per_connection > 0 && sent.is_multiple_of(part.per_connection) {
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

async fn greet(address: SocketAddr) -> Result<Connection> {
    let mut connection = Connection::open(address).await?;
    reply(&mut connection, b"220").await?;
    command(&mut connection, "EHLO bench.example", b"250").await?;
    Ok(connection)
}

/// One transaction, one command at a time as most senders do. Returns the octets of the message.
async fn send(connection: &mut Connection, part: &Part, number: u64) -> Result<u64> {
    let count = part.recipients.len() as u64;
    let to = part.recipients.get(usize::try_from(number % count)?).context("no recipients")?;
    command(connection, &format!("MAIL FROM:<{}>", part.from), b"250").await?;
    command(connection, &format!("RCPT TO:<{to}>"), b"250").await?;
    command(connection, "DATA", b"354").await?;
    let message = message(part, to, number);
    connection.write(&message).await?;
    connection.write(b".\r\n").await?;
    reply(connection, b"250").await?;
    Ok(message.len() as u64)
}

/// A message of about the size asked for, in lines of 76 characters; no line begins with a dot, no two are the same.
fn message(part: &Part, to: &str, number: u64) -> Vec<u8> {
    let from = &part.from;
    let mut text = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: bench {number}\r\nMessage-ID: <{number}@bench.example>\r\n\r\n"
    );
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while text.len() < part.size {
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(&format!("{state:018x} "));
        }
        text.push_str("\r\n");
    }
    text.into_bytes()
}

async fn command(connection: &mut Connection, line: &str, wanted: &[u8]) -> Result<()> {
    connection.write(format!("{line}\r\n").as_bytes()).await?;
    reply(connection, wanted).await.with_context(|| format!("in answer to {line}"))
}

/// Reads a reply of any number of lines.
async fn reply(connection: &mut Connection, wanted: &[u8]) -> Result<()> {
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
        plan("127.0.0.1:25".parse().unwrap(), &options).unwrap()
    }

    #[test]
    fn every_message_is_sent_once() {
        let parts = parts("--messages 10 --sessions 3");
        let numbers: Vec<u64> = parts.iter().flat_map(|part| part.first..part.first + part.messages).collect();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn messages_differ_and_need_no_stuffing() {
        let parts = parts("--messages 2 --size 5000 --to user@a.example --users 2");
        assert_eq!(parts[0].recipients, ["user0@a.example", "user1@a.example"]);
        let (one, two) = (message(&parts[0], "a@b", 1), message(&parts[0], "a@b", 2));
        assert_ne!(one, two);
        assert!(one.len() >= 5000 && one.len() < 5100 && one.ends_with(b"\r\n"));
        assert!(one.split(|c| *c == b'\n').all(|line| !line.starts_with(b".") && line.len() < 80));
    }
}
