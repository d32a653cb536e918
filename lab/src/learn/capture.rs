//! A conversation with a server, kept as it was held: who said what, in which order, and how much it was.

use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Octets of an answer: what is shown on a page is short.
const ANSWER_MAX: u64 = 256 * 1024;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who connected.
    Client,
    /// Who was connected to.
    Server,
}

/// What was said on one connection.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    /// Everything, turn by turn; the server begins where its protocol greets.
    pub turns: Vec<(Side, Vec<u8>)>,
}

/// A connection that remembers.
pub struct Capture {
    io: BufReader<TcpStream>,
    talk: Talk,
}

impl Talk {
    /// Octets that one side sent.
    #[must_use]
    pub fn octets(&self, side: Side) -> usize {
        self.turns.iter().filter(|(who, _)| *who == side).map(|(_, octets)| octets.len()).sum()
    }

    /// How often the client had to wait for the server.
    #[must_use]
    pub fn waits(&self) -> usize {
        self.turns.iter().filter(|(who, _)| *who == Side::Server).count()
    }
}

impl Capture {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn connect(server: SocketAddr) -> Result<Capture> {
        let connection = net::dial::connect(server).await.with_context(|| format!("connect to {server}"))?;
        Ok(Capture { io: BufReader::new(connection), talk: Talk::default() })
    }

    /// Says something.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn say(&mut self, text: &str) -> Result<()> {
        self.io.write_all(text.as_bytes()).await?;
        self.note(Side::Client, text.as_bytes());
        Ok(self.io.flush().await?)
    }

    /// Hears lines, up to and with the first that `is_last`.
    ///
    /// # Errors
    /// None came in time.
    pub async fn hear(&mut self, is_last: impl Fn(&str) -> bool) -> Result<String> {
        let mut heard = String::new();
        loop {
            let line = self.line().await?;
            heard.push_str(&line);
            if is_last(&line) {
                return Ok(heard);
            }
        }
    }

    /// Says a line, and hears the answer up to the line that `is_last`.
    ///
    /// # Errors
    /// As [`Capture::hear`].
    pub async fn ask(&mut self, line: &str, is_last: impl Fn(&str) -> bool) -> Result<String> {
        self.say(&format!("{line}\r\n")).await?;
        self.hear(is_last).await
    }

    /// Sends a request of HTTP and hears the whole response (RFC 9112 §6): its content.
    ///
    /// # Errors
    /// As [`Capture::hear`].
    pub async fn http(&mut self, request: &str) -> Result<Vec<u8>> {
        self.say(request).await?;
        let head = self.hear(|line| line == "\r\n").await?;
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let length: u64 = length.context("a response without its length")?;
        ensure!(length <= ANSWER_MAX, "the response is too long for a page");
        let mut content = vec![0; usize::try_from(length)?];
        timeout(ANSWER_LIMIT, self.io.read_exact(&mut content)).await.context("no response in time")??;
        self.note(Side::Server, &content);
        Ok(content)
    }

    /// What was said.
    #[must_use]
    pub fn end(self) -> Talk {
        self.talk
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        let mut limited = (&mut self.io).take(ANSWER_MAX);
        timeout(ANSWER_LIMIT, limited.read_until(b'\n', &mut line)).await.context("no answer in time")??;
        ensure!(line.ends_with(b"\r\n"), "the connection ended within an answer");
        self.note(Side::Server, &line);
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn note(&mut self, side: Side, octets: &[u8]) {
        match self.talk.turns.last_mut() {
            Some((last, said)) if *last == side => said.extend_from_slice(octets),
            _ => self.talk.turns.push((side, octets.to_vec())),
        }
    }
}
