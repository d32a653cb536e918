//! A connection read line by line, in the clear or under TLS.

use anyhow::{Result, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// What octets travel through.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A connection to the server that is measured.
pub struct Connection {
    stream: BufReader<Box<dyn Wire>>,
    line: Vec<u8>,
}

impl Connection {
    /// Connects. Small writes go out at once, or their wait would be measured.
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection::over(Box::new(stream)))
    }

    fn over(stream: Box<dyn Wire>) -> Connection {
        Connection { stream: BufReader::with_capacity(64 * 1024, stream), line: Vec::new() }
    }

    /// The same connection under TLS.
    pub async fn secured(self, config: Arc<ClientConfig>) -> Result<Connection> {
        let name = ServerName::try_from("bench.example")?;
        let stream = TlsConnector::from(config).connect(name, self.stream.into_inner()).await?;
        Ok(Connection::over(Box::new(stream)))
    }

    /// Writes octets.
    pub async fn write(&mut self, octets: &[u8]) -> Result<()> {
        self.stream.write_all(octets).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next line, without its line end.
    pub async fn line(&mut self) -> Result<&[u8]> {
        self.line.clear();
        self.stream.read_until(b'\n', &mut self.line).await?;
        ensure!(self.line.ends_with(b"\r\n"), "the server closed the connection");
        Ok(self.line.strip_suffix(b"\r\n").unwrap_or_default())
    }

    /// Reads octets.
    pub async fn octets(&mut self, count: u64, to: &mut Vec<u8>) -> Result<()> {
        let read = (&mut self.stream).take(count).read_to_end(to).await?;
        ensure!(read as u64 == count, "the server closed the connection");
        Ok(())
    }

    /// Reads octets that nobody looks at, as those of a literal.
    pub async fn skip(&mut self, octets: u64) -> Result<()> {
        let mut left = octets;
        while left > 0 {
            let ready = self.stream.fill_buf().await?.len() as u64;
            ensure!(ready > 0, "the server closed the connection");
            let taken = ready.min(left);
            self.stream.consume(usize::try_from(taken)?);
            left -= taken;
        }
        Ok(())
    }
}
