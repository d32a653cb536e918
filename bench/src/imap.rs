//! The reader by IMAP, one command at a time: what a server says is counted, not understood, so that reading it costs
//! little beside saying it.

use crate::line::Connection;
use crate::peers::PASSWORD;
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::rustls::ClientConfig;

/// A connection after login.
pub struct Imap {
    connection: Connection,
    /// The number in the next tag.
    next: u64,
}

/// What a server said to one command.
#[derive(Default)]
pub struct Said {
    /// How long it took, from the command to the tagged reply.
    pub time: Duration,
    /// Untagged replies.
    pub untagged: u64,
    /// Octets of literals.
    pub octets: u64,
    /// Numbers in SEARCH replies.
    pub found: u64,
    /// Of the last EXISTS, or of MESSAGES in a STATUS.
    pub messages: Option<u64>,
}

impl Imap {
    /// Connects and logs in; under TLS from the start if there is a configuration for it.
    pub async fn login(address: SocketAddr, tls: Option<Arc<ClientConfig>>, user: &str) -> Result<Imap> {
        let mut connection = Connection::open(address).await?;
        if let Some(config) = tls {
            connection = connection.secured(config).await?;
        }
        ensure!(connection.line().await?.starts_with(b"* OK"), "no greeting");
        let mut imap = Imap { connection, next: 0 };
        imap.run(&format!("LOGIN {user} {PASSWORD}")).await?;
        Ok(imap)
    }

    /// Says a command and reads up to its tagged reply, which must be OK.
    pub async fn run(&mut self, command: &str) -> Result<Said> {
        self.send(command.as_bytes()).await.with_context(|| format!("in answer to {}", start(command)))
    }

    /// Appends messages with one command, its literals unasked (RFC 7888 §4).
    pub async fn append(&mut self, mailbox: &str, messages: &[String]) -> Result<Said> {
        let mut command = format!("APPEND {mailbox}").into_bytes();
        for message in messages {
            command.extend_from_slice(format!(" {{{}+}}\r\n", message.len()).as_bytes());
            command.extend_from_slice(message.as_bytes());
        }
        self.send(&command).await.context("in answer to APPEND")
    }

    /// Begins to wait for news.
    pub async fn idle(&mut self) -> Result<()> {
        self.connection.write(b"idle IDLE\r\n").await?;
        loop {
            let line = self.connection.line().await?;
            if line.starts_with(b"+") {
                return Ok(());
            }
            ensure!(line.starts_with(b"* "), "IDLE refused: {}", String::from_utf8_lossy(line));
        }
    }

    /// When the next EXISTS came to one who waits.
    pub async fn arrival(&mut self) -> Result<Instant> {
        while !self.connection.line().await?.ends_with(b" EXISTS") {}
        Ok(Instant::now())
    }

    async fn send(&mut self, command: &[u8]) -> Result<Said> {
        self.next += 1;
        let tag = format!("b{} ", self.next);
        let began = Instant::now();
        self.connection.write(&[tag.as_bytes(), command, b"\r\n"].concat()).await?;
        let mut said = Said::default();
        loop {
            let line = self.connection.line().await?;
            if let Some(reply) = line.strip_prefix(tag.as_bytes()) {
                ensure!(reply.starts_with(b"OK"), "the server said {}", String::from_utf8_lossy(reply));
                said.time = began.elapsed();
                return Ok(said);
            }
            said.note(line);
            if let Some(octets) = literal(line) {
                said.octets += octets;
                self.connection.skip(octets).await?;
            }
        }
    }
}

impl Said {
    fn note(&mut self, line: &[u8]) {
        let Some(untagged) = line.strip_prefix(b"* ") else { return };
        self.untagged += 1;
        if let Some(found) = untagged.strip_prefix(b"SEARCH") {
            self.found += found.split(|octet| *octet == b' ').filter(|word| !word.is_empty()).count() as u64;
        } else if untagged.ends_with(b" EXISTS") {
            self.messages = number(untagged);
        } else if untagged.starts_with(b"STATUS") {
            let at = untagged.windows(9).position(|window| window == b"MESSAGES ");
            self.messages = at.and_then(|at| untagged.get(at + 9..)).and_then(number);
        }
    }
}

/// The digits that begin a text.
fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()
}

/// The size of the literal that follows a line.
fn literal(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(inner.get(open + 1..)?).ok()?.parse().ok()
}

/// Enough of a command to know it by.
fn start(command: &str) -> String {
    command.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_counted() {
        let mut said = Said::default();
        for line in ["* 3 EXISTS", "* SEARCH 1 5 9", "* 1 FETCH (FLAGS ())", " more of a line)", "* SEARCH"] {
            said.note(line.as_bytes());
        }
        assert_eq!((said.untagged, said.found, said.messages), (4, 3, Some(3)));
        said.note(b"* STATUS INBOX (MESSAGES 17 UNSEEN 2)");
        assert_eq!(said.messages, Some(17));
    }

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line() {
        assert_eq!(literal(b"* 1 FETCH (BODY[] {310}"), Some(310));
        assert_eq!(literal(b"* 1 FETCH (BODY[] {310})"), None);
        assert_eq!(literal(b"* OK {x}"), None);
    }
}
