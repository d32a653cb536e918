//! The output of one connection: replies are gathered and written in one piece; stored content streams through with a
//! limit on standing still; closing is done so that the last reply arrives.

use super::{Handshake, Reason};
use crate::stream::Stream;
use crate::tls;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wire::TlsFacts;

/// How long a peer may leave replies unread, as long as a server waits for a command (RFC 5321 §4.5.3.2.7).
pub(super) const REPLIES_UNREAD: Duration = Duration::from_secs(5 * 60);

/// How long a peer may take nothing of a message streamed to it. Only standing still counts: a large message over a
/// slow line may take hours.
pub(super) const RELAY_STANDSTILL: Duration = Duration::from_secs(2 * 60);

/// Gathered replies are written when they reach this size.
const GATHERED_MAX: usize = 32 * 1024;

/// A buffer grown by a relay beyond this is given back.
const BUFFER_KEPT: usize = 8 * 1024;

/// How long closing may take, and how much of what the peer still sends is read away meanwhile: closing a socket with
/// unread input resets the connection, and the reset can overtake the last reply.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(2);
pub(super) const CLOSE_OCTETS: usize = 256 * 1024;

/// A connection and what is to be written to it.
pub(super) struct Output<S> {
    stream: Stream<S>,
    gathered: Vec<u8>,
    /// Of what is gathered, so much is written.
    written: usize,
    /// Something was written that TLS may still hold.
    unflushed: bool,
    sent: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Output<S> {
    pub(super) fn new(stream: Stream<S>) -> Output<S> {
        Output { stream, gathered: Vec::new(), written: 0, unflushed: false, sent: 0 }
    }

    /// Octets written since the start.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// The connection, for reading.
    pub(super) fn stream(&mut self) -> &mut Stream<S> {
        &mut self.stream
    }

    /// From here on both sides speak compressed; what was gathered is written, `read_before` was read and not taken.
    pub(super) fn compress(&mut self, read_before: &[u8]) -> Result<(), Reason> {
        if self.stream.compress(read_before) { Ok(()) } else { Err(Reason::Stuck) }
    }

    /// Whether something is kept that a connection at rest does without.
    pub(super) fn holds(&self) -> bool {
        self.gathered.capacity() > 0 || self.stream.holds()
    }

    /// Gives back what a connection at rest does without. What is gathered is written by then.
    pub(super) fn rest(&mut self) {
        self.gathered.shrink_to(0);
        self.stream.rest();
    }

    /// The connection, for whoever goes on with it.
    pub(super) fn into_stream(self) -> Stream<S> {
        self.stream
    }

    /// What is to be written, for appending.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.gathered
    }

    pub(super) fn gather(&mut self, octets: &[u8]) {
        self.gathered.extend_from_slice(octets);
    }

    pub(super) fn is_full(&self) -> bool {
        self.gathered.len() >= GATHERED_MAX
    }

    /// Writes what was gathered; all of it within this time, which is at most [`REPLIES_UNREAD`].
    pub(super) async fn flush_replies(&mut self, patience: Duration) -> Result<(), Reason> {
        if self.gathered.is_empty() && !self.unflushed {
            return Ok(());
        }
        let whole = timeout(patience, async {
            while self.write_some().await? {}
            self.stream.flush().await?;
            self.unflushed = false;
            Ok(())
        });
        match whole.await {
            Ok(done) => done.map_err(reason_for),
            Err(_) => Err(Reason::Stalled),
        }
    }

    /// Writes what was gathered, after a pause; dropping the future loses nothing.
    pub(super) async fn flush_later(&mut self, pause: Duration) -> Result<(), Reason> {
        if self.gathered.is_empty() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(pause).await;
        self.flush_replies(REPLIES_UNREAD).await
    }

    /// Writes what was gathered as long as the peer goes on taking some of it.
    pub(super) async fn flush_relay(&mut self) -> Result<(), Reason> {
        while !self.gathered.is_empty() {
            match timeout(RELAY_STANDSTILL, self.write_some()).await {
                Ok(more) => more.map_err(reason_for)?,
                Err(_) => return Err(Reason::Stalled),
            };
        }
        Ok(())
    }

    /// Writes once; `false` when nothing is left. Dropping the future loses nothing.
    async fn write_some(&mut self) -> io::Result<bool> {
        let rest = self.gathered.get(self.written..).unwrap_or_default();
        if !rest.is_empty() {
            let octets = self.stream.write(rest).await?;
            if octets == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.written += octets;
            self.unflushed = true;
            self.sent += octets as u64;
        }
        let more = self.written < self.gathered.len();
        if !more {
            self.gathered.clear();
            self.gathered.shrink_to(BUFFER_KEPT);
            self.written = 0;
        }
        Ok(more)
    }

    /// Does the handshake over the plain connection.
    pub(super) async fn start_tls(&mut self, tls: Handshake, patience: Duration) -> Result<TlsFacts, Reason> {
        let transport = self.stream.take_plain().ok_or(Reason::Stuck)?;
        let (stream, facts) = match tls {
            Handshake::Accept(config) => tls::accept(transport, config, patience).await?,
            Handshake::Connect(config, name) => tls::connect(transport, (config, name), patience).await?,
        };
        self.stream = Stream::Tls(Box::new(stream));
        Ok(facts)
    }

    /// Says goodbye in TLS too, and lets the peer finish its sentence.
    pub(super) async fn close(&mut self) {
        let goodbye = async {
            self.stream.shutdown().await?;
            // On the heap, since the whole loop would be larger by it all its life.
            let mut waste = vec![0; 4096];
            let mut read = 0;
            while read < CLOSE_OCTETS {
                match self.stream.read(&mut waste).await? {
                    0 => break,
                    octets => read += octets,
                }
            }
            io::Result::Ok(())
        };
        // The session is over: how the connection ends no longer matters to it.
        let _ = timeout(CLOSE_LIMIT, goodbye).await;
    }

    /// Writes the rest to a peer whose place is needed and closes without listening to it: most likely it has nothing to
    /// say, and if it has, it may miss the reason.
    pub(super) async fn part(&mut self) {
        if self.flush_replies(CLOSE_LIMIT).await.is_ok() {
            let _ = timeout(CLOSE_LIMIT, self.stream.shutdown()).await;
        }
    }
}

/// A peer that vanishes in the usual ways has closed; all else is a broken connection.
pub(super) fn reason_for(error: io::Error) -> Reason {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => Reason::PeerClosed,
        _ => Reason::Broken(error),
    }
}
