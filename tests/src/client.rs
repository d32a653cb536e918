//! A client that writes octets and reads lines, over TCP or TLS, blocking, with a limit on how long it waits.

use anyhow::{Context, Result, bail, ensure};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use wire::dialogue::Heard;

/// How long a reply may take before the server counts as silent: far more than any reply takes, on a machine that is
/// busy with everything else too.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One connection of a client.
pub struct Client {
    transport: Transport,
    /// What was read and is no whole line yet, or the lines behind it.
    buffer: Vec<u8>,
    ended: bool,
}

enum Transport {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// Only while the one becomes the other.
    Neither,
}

impl Client {
    /// Connects without TLS.
    pub fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { transport: Transport::Plain(stream), buffer: Vec::new(), ended: false })
    }

    /// Shakes hands for TLS.
    pub fn start_tls(&mut self, config: Arc<ClientConfig>, hostname: &str) -> Result<()> {
        if !self.buffer.is_empty() {
            bail!("the server said more before the handshake: {}", wire::dialogue::show(&self.buffer));
        }
        let Transport::Plain(mut stream) = std::mem::replace(&mut self.transport, Transport::Neither) else {
            bail!("TLS is up already");
        };
        let name = ServerName::try_from(hostname.to_owned())?;
        let mut connection = ClientConnection::new(config, name)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).context("TLS handshake")?;
        }
        self.transport = Transport::Tls(Box::new(StreamOwned::new(connection, stream)));
        Ok(())
    }

    /// Writes all of it.
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.transport {
            Transport::Plain(stream) => stream.write_all(octets),
            Transport::Tls(stream) => stream.write_all(octets).and_then(|()| stream.flush()),
            Transport::Neither => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// The next line without its CRLF; waits for it up to [`PATIENCE`].
    pub fn hear(&mut self) -> io::Result<Heard> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect();
                return Ok(Heard::Line(line));
            }
            if self.ended {
                return Ok(Heard::Closed);
            }
            match self.read_some() {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if is_silence(&error) => return Ok(Heard::Silence),
                // A close without farewell, by TCP or TLS, is a close.
                Err(error) if is_end(&error) => self.ended = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// A line, or an error that tells what came instead.
    pub fn line(&mut self) -> Result<String> {
        match self.hear()? {
            Heard::Line(line) => Ok(String::from_utf8_lossy(&line).into_owned()),
            heard => bail!("a line was due, got {heard:?}"),
        }
    }

    /// Sends a command and reads the whole SMTP reply: its code and its last line.
    pub fn command(&mut self, command: &str) -> Result<(u16, String)> {
        self.send(format!("{command}\r\n").as_bytes())?;
        self.reply()
    }

    /// Reads a whole SMTP reply: its code and its last line.
    pub fn reply(&mut self) -> Result<(u16, String)> {
        loop {
            let line = self.line()?;
            let code = line.get(..3).and_then(|code| code.parse().ok());
            match (code, line.as_bytes().get(3)) {
                (Some(code), Some(b' ') | None) => return Ok((code, line)),
                (Some(_), Some(b'-')) => {}
                _ => bail!("no reply line: {line}"),
            }
        }
    }

    /// The octets of a POP3 multi-line response, dots unstuffed, up to the line of one dot.
    pub fn multi_line(&mut self) -> Result<Vec<u8>> {
        let mut octets = Vec::new();
        loop {
            // Whole lines at a time: a large message has tens of thousands.
            let whole = self.buffer.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
            let mut taken = 0;
            for line in self.buffer.get(..whole).unwrap_or_default().split_inclusive(|octet| *octet == b'\n') {
                taken += line.len();
                if line == b".\r\n" {
                    self.buffer.drain(..taken);
                    return Ok(octets);
                }
                octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            }
            self.buffer.drain(..taken);
            match self.read_some() {
                Ok(0) => bail!("closed after {} octets of a message", octets.len()),
                Ok(_) => {}
                Err(error) => return Err(error).with_context(|| format!("after {} octets of a message", octets.len())),
            }
        }
    }

    /// A line of octets without its CRLF, or an error that tells what came instead.
    pub fn line_octets(&mut self) -> Result<Vec<u8>> {
        match self.hear()? {
            Heard::Line(line) => Ok(line),
            heard => bail!("a line was due, got {heard:?}"),
        }
    }

    /// So many octets.
    pub fn exactly(&mut self, octets: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < octets {
            ensure!(self.read_some()? > 0, "closed after {} octets of {octets}", self.buffer.len());
        }
        Ok(self.buffer.drain(..octets).collect())
    }

    /// Whether a whole line was read and not heard.
    #[must_use]
    pub fn has_line(&self) -> bool {
        self.buffer.windows(2).any(|two| two == b"\r\n")
    }

    /// Reads more, if some comes in this time; whether it did.
    pub fn read_within(&mut self, patience: Duration) -> Result<bool> {
        self.set_patience(patience)?;
        let read = self.read_some();
        self.set_patience(PATIENCE)?;
        match read {
            Ok(0) => bail!("closed"),
            Ok(_) => Ok(true),
            Err(error) if is_silence(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn set_patience(&mut self, patience: Duration) -> Result<()> {
        let stream = match &self.transport {
            Transport::Plain(stream) => stream,
            Transport::Tls(stream) => stream.get_ref(),
            Transport::Neither => bail!("no connection"),
        };
        Ok(stream.set_read_timeout(Some(patience))?)
    }

    /// What was read and not heard yet.
    #[must_use]
    pub fn unheard(&self) -> &[u8] {
        &self.buffer
    }

    fn read_some(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 64 * 1024];
        let count = match &mut self.transport {
            Transport::Plain(stream) => stream.read(&mut chunk)?,
            Transport::Tls(stream) => stream.read(&mut chunk)?,
            Transport::Neither => return Err(ErrorKind::NotConnected.into()),
        };
        self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(count)
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
