//! The mail program of somebody in a scenario: speaks SMTP, POP3 and IMAP line by line, HTTP for `browser`, as one would by hand, and keeps what
//! it was told. Believes any certificate, for those of the lab are the hosts' own.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use net::stream::Stream;
use net::tls::{Trust, client_config};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wire::dialogue::Account;

/// How long a reply may take. The lab's hosts need milliseconds.
const REPLY_LIMIT: Duration = Duration::from_secs(10);
/// Octets of a reply, or of a message that is read: scenarios write letters, not books.
const REPLY_MAX: u64 = 1024 * 1024;

/// What stands before every command of IMAP: one at a time is under way.
const TAG: &str = "a";

/// A connection of a mail program.
pub(crate) struct Agent {
    io: BufReader<Stream<TcpStream>>,
    server: SocketAddr,
}

impl Agent {
    pub(crate) async fn connect(server: SocketAddr) -> Result<Agent> {
        let connection = net::dial::connect(server).await.with_context(|| format!("connect to {server}"))?;
        Ok(Agent { io: BufReader::new(Stream::Plain(connection)), server })
    }

    /// After the word that TLS may start: its version.
    pub(crate) async fn secure(&mut self) -> Result<String> {
        let transport = self.io.get_mut().take_plain().context("TLS is there already")?;
        let name = ServerName::IpAddress(self.server.ip().into());
        let config = client_config(Trust::Anybody)?;
        let (stream, facts) = net::tls::connect(transport, (config, name), REPLY_LIMIT).await?;
        self.io = BufReader::new(Stream::Tls(Box::new(stream)));
        Ok(facts.version)
    }

    async fn say(&mut self, line: &str) -> Result<()> {
        self.io.write_all(format!("{line}\r\n").as_bytes()).await?;
        Ok(self.io.flush().await?)
    }

    async fn line(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.io).take(REPLY_MAX);
        timeout(REPLY_LIMIT, limited.read_until(b'\n', &mut line)).await.context("no reply in time")??;
        ensure!(line.ends_with(b"\r\n"), "the connection ended within a reply");
        line.truncate(line.len() - 2);
        Ok(line)
    }

    /// A reply of SMTP (RFC 5321 §4.2.1), its last line; an error unless it says yes.
    pub(crate) async fn heard(&mut self) -> Result<String> {
        loop {
            let line = String::from_utf8_lossy(&self.line().await?).into_owned();
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            ensure!(line.starts_with(['2', '3']), "the server says {line}");
            return Ok(line);
        }
    }

    pub(crate) async fn smtp(&mut self, line: &str) -> Result<String> {
        self.say(line).await?;
        let verb = line.split(' ').next().unwrap_or_default().to_owned();
        self.heard().await.with_context(|| format!("after {verb}"))
    }

    /// STARTTLS (RFC 3207) and EHLO again: the reply, and the version of TLS.
    pub(crate) async fn start_tls(&mut self) -> Result<(String, String)> {
        let reply = self.smtp("STARTTLS").await?;
        let version = self.secure().await?;
        self.smtp("EHLO agent.test").await?;
        Ok((reply, version))
    }

    /// AUTH PLAIN (RFC 4954, RFC 4616).
    pub(crate) async fn log_in(&mut self, account: &Account) -> Result<String> {
        let secret = BASE64_STANDARD.encode(format!("\0{}\0{}", account.address, account.password));
        self.smtp(&format!("AUTH PLAIN {secret}")).await
    }

    /// A whole transaction; the reply to the final dot. Lines of `content` end with CR LF, and none begins with a dot.
    pub(crate) async fn send(&mut self, from: &str, to: &str, content: &str) -> Result<String> {
        self.smtp(&format!("MAIL FROM:<{from}>")).await?;
        self.smtp(&format!("RCPT TO:<{to}>")).await?;
        self.smtp("DATA").await?;
        self.io.write_all(content.as_bytes()).await?;
        let reply = self.smtp(".").await?;
        self.smtp("QUIT").await?;
        Ok(reply)
    }

    /// A reply of POP3 (RFC 1939 §3); an error unless it says yes.
    pub(crate) async fn told(&mut self) -> Result<String> {
        let line = String::from_utf8_lossy(&self.line().await?).into_owned();
        ensure!(line.starts_with("+OK"), "the server says {line}");
        Ok(line)
    }

    pub(crate) async fn pop(&mut self, line: &str) -> Result<String> {
        self.say(line).await?;
        let verb = line.split(' ').next().unwrap_or_default().to_owned();
        self.told().await.with_context(|| format!("after {verb}"))
    }

    /// STLS (RFC 2595 §4): the version of TLS.
    pub(crate) async fn start_tls_by_pop(&mut self) -> Result<String> {
        self.pop("STLS").await?;
        self.secure().await
    }

    /// A command of IMAP (RFC 9051 §2.2.1): the untagged responses, and the text of the last; an error unless it is OK.
    pub(crate) async fn imap(&mut self, command: &str) -> Result<(Vec<String>, String)> {
        self.say(&format!("{TAG} {command}")).await?;
        let verb = command.split(' ').next().unwrap_or_default();
        let mut untagged = Vec::new();
        loop {
            let line = String::from_utf8_lossy(&self.line().await?).into_owned();
            match line.strip_prefix(TAG) {
                Some(rest) => {
                    ensure!(rest.starts_with(" OK"), "the server says{rest} after {verb}");
                    return Ok((untagged, rest.trim_start().to_owned()));
                }
                None => untagged.push(line),
            }
        }
    }

    /// The greeting of IMAP.
    pub(crate) async fn greeted(&mut self) -> Result<String> {
        let line = String::from_utf8_lossy(&self.line().await?).into_owned();
        ensure!(line.starts_with("* OK"), "the server says {line}");
        Ok(line)
    }

    /// STARTTLS (RFC 9051 §6.2.1): the version of TLS.
    pub(crate) async fn start_tls_by_imap(&mut self) -> Result<String> {
        self.imap("STARTTLS").await?;
        self.secure().await
    }

    /// FETCH of a whole message, which comes as a literal (RFC 9051 §4.3).
    pub(crate) async fn fetch(&mut self, number: u32) -> Result<Vec<u8>> {
        self.say(&format!("{TAG} FETCH {number} BODY.PEEK[]")).await?;
        let head = String::from_utf8_lossy(&self.line().await?).into_owned();
        let octets = head.rsplit_once('{').and_then(|(_, rest)| rest.strip_suffix('}')?.parse::<u64>().ok());
        let octets = octets.filter(|octets| *octets <= REPLY_MAX).with_context(|| format!("no message in: {head}"))?;
        let mut message = vec![0; usize::try_from(octets)?];
        timeout(REPLY_LIMIT, self.io.read_exact(&mut message)).await.context("no message in time")??;
        loop {
            let line = self.line().await?;
            if line.starts_with(TAG.as_bytes()) {
                return Ok(message);
            }
        }
    }

    /// A request of HTTP/1.1 (RFC 9112): the status and the content of its response.
    pub(crate) async fn http(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.io.write_all(request).await?;
        self.io.flush().await?;
        let start = String::from_utf8_lossy(&self.line().await?).into_owned();
        let status = start.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
        let (mut octets, mut chunked) = (0, false);
        loop {
            let line = String::from_utf8_lossy(&self.line().await?).to_ascii_lowercase();
            match line.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("content-length", value)) => octets = value.parse()?,
                Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
                Some(_) => {}
                None => break,
            }
        }
        if !chunked {
            return Ok((status, self.octets(octets).await?));
        }
        let mut content = Vec::new();
        loop {
            let size = u64::from_str_radix(String::from_utf8_lossy(&self.line().await?).trim(), 16)?;
            content.extend(self.octets(size).await?);
            ensure!(content.len() as u64 <= REPLY_MAX, "the response is too large for a scenario");
            self.line().await?;
            if size == 0 {
                return Ok((status, content));
            }
        }
    }

    async fn octets(&mut self, count: u64) -> Result<Vec<u8>> {
        ensure!(count <= REPLY_MAX, "the response is too large for a scenario");
        let mut octets = vec![0; usize::try_from(count)?];
        timeout(REPLY_LIMIT, self.io.read_exact(&mut octets)).await.context("no response in time")??;
        Ok(octets)
    }

    /// RETR: the message, unstuffed.
    pub(crate) async fn retrieve(&mut self, number: u32) -> Result<Vec<u8>> {
        self.pop(&format!("RETR {number}")).await?;
        let mut message = Vec::new();
        loop {
            let line = self.line().await?;
            match line.strip_prefix(b".") {
                Some([]) => return Ok(message),
                Some(rest) => message.extend_from_slice(rest),
                None => message.extend_from_slice(&line),
            }
            message.extend_from_slice(b"\r\n");
            if message.len() as u64 > REPLY_MAX {
                bail!("the message is too large for a scenario");
            }
        }
    }
}
