//! One connection, with or without TLS, compressed or not, as the drive loop sees it. Owns the
//! change from plain to TLS and to compression in place.

use crate::deflate::Deflated;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

/// A connection over the transport `S` (a TCP socket; in tests one end of a pipe).
#[derive(Debug)]
pub enum Stream<S> {
    /// As it comes.
    Plain(S),
    /// Inside TLS.
    Tls(Box<TlsStream<S>>),
    /// Compressed, over one of the above.
    Deflated(Box<Deflated<S>>),
    /// While a handshake is under way, and after one that failed: nothing can be read or written.
    Gone,
}

impl<S> Stream<S> {
    /// Takes the transport out for a handshake; `None` when it is inside TLS already or gone.
    pub fn take_plain(&mut self) -> Option<S> {
        match std::mem::replace(self, Stream::Gone) {
            Stream::Plain(transport) => Some(transport),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Speaks compressed from here on; `read_before` was read already and is compressed. `false` when it does so already
    /// or the connection is gone.
    pub fn compress(&mut self, read_before: &[u8]) -> bool {
        if matches!(self, Stream::Deflated(_) | Stream::Gone) {
            return false;
        }
        let inner = std::mem::replace(self, Stream::Gone);
        *self = Stream::Deflated(Box::new(Deflated::new(inner, read_before)));
        true
    }

    /// Whether something is kept that a connection at rest does without.
    pub(crate) fn holds(&self) -> bool {
        matches!(self, Stream::Deflated(s) if s.holds())
    }

    /// Gives back what a connection at rest does without.
    pub(crate) fn rest(&mut self) {
        if let Stream::Deflated(s) = self {
            s.rest();
        }
    }
}

fn gone<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Stream::Tls(s) => Pin::new(s).poll_read(cx, buf),
            Stream::Deflated(s) => Pin::new(s).poll_read(cx, buf),
            Stream::Gone => gone(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(s) => Pin::new(s).poll_write(cx, buf),
            Stream::Tls(s) => Pin::new(s).poll_write(cx, buf),
            Stream::Deflated(s) => Pin::new(s).poll_write(cx, buf),
            Stream::Gone => gone(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(s) => Pin::new(s).poll_flush(cx),
            Stream::Tls(s) => Pin::new(s).poll_flush(cx),
            Stream::Deflated(s) => Pin::new(s).poll_flush(cx),
            Stream::Gone => gone(),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Stream::Tls(s) => Pin::new(s).poll_shutdown(cx),
            Stream::Deflated(s) => Pin::new(s).poll_shutdown(cx),
            Stream::Gone => gone(),
        }
    }
}
