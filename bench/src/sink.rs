//! A next hop in this process, which tells when it took a message: for delays, where a foreign program could not be asked.

use anyhow::Result;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// A running sink.
pub struct Sink {
    listening: JoinHandle<()>,
    taken: UnboundedReceiver<Instant>,
}

impl Sink {
    /// Listens.
    pub async fn start(address: SocketAddr) -> Result<Sink> {
        let listener = TcpListener::bind(address).await?;
        let (tell, taken) = unbounded_channel();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who hangs up is gone; what was taken was told.
                tokio::spawn(visit(stream, tell.clone()));
            }
        });
        Ok(Sink { listening, taken })
    }

    /// When the next message was taken.
    pub async fn taken(&mut self) -> Option<Instant> {
        self.taken.recv().await
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn visit(stream: TcpStream, tell: UnboundedSender<Instant>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let (mut line, mut content) = (Vec::new(), false);
    while stream.read_until(b'\n', &mut line).await? > 0 {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply: &[u8] = match (content, verb.as_slice()) {
            (true, _) if line == b".\r\n" => {
                content = false;
                tell.send(Instant::now())?;
                b"250 2.0.0 taken\r\n"
            }
            (true, _) => b"",
            (false, b"EHLO") => b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            (false, b"DATA") => {
                content = true;
                b"354 go on\r\n"
            }
            (false, b"QUIT") => b"221 2.0.0 bye\r\n",
            (false, _) => b"250 2.0.0 ok\r\n",
        };
        stream.write_all(reply).await?;
        line.clear();
    }
    Ok(())
}
