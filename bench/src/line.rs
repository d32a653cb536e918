//! A connection read line by line.

use anyhow::{Result, ensure};
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection to the server that is measured.
pub struct Connection {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Connection {
    /// Connects. Small writes go out at once, or their wait would be measured.
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::with_capacity(64 * 1024, stream), line: Vec::new() })
    }

    /// Writes octets.
    pub async fn write(&mut self, octets: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(octets).await?)
    }

    /// The next line, without its line end.
    pub async fn line(&mut self) -> Result<&[u8]> {
        self.line.clear();
        self.stream.read_until(b'\n', &mut self.line).await?;
        ensure!(self.line.ends_with(b"\r\n"), "the server closed the connection");
        Ok(self.line.strip_suffix(b"\r\n").unwrap_or_default())
    }
}
