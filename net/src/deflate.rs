//! A connection spoken compressed (RFC 4978: DEFLATE of RFC 1951, raw, in both directions), as the drive loop sees it. Owns
//! the order of compressing and writing, and what is kept while nothing is said. TLS lies below it: what is sent is compressed
//! first (RFC 4978 §3).
//!
//! Nothing here grows with what the peer sends: octets are inflated into the reader's buffer as far as it has room, so
//! a little that stands for much is read as slowly as much would be.

mod inward;
mod outward;

use crate::stream::Stream;
use inward::Inward;
use outward::Outward;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Compressed octets read at once.
const READ_MAX: usize = 4 * 1024;

/// A connection whose octets are compressed.
#[derive(Debug)]
pub struct Deflated<S> {
    inner: Stream<S>,
    inward: Inward,
    outward: Outward,
}

impl<S> Deflated<S> {
    /// From here on; `read_before` came already and is compressed.
    pub(crate) fn new(inner: Stream<S>, read_before: &[u8]) -> Deflated<S> {
        Deflated { inner, inward: Inward::new(read_before), outward: Outward::default() }
    }

    /// Whether something is kept that a connection at rest does without.
    pub(crate) fn holds(&self) -> bool {
        self.inward.holds() || self.outward.holds()
    }

    /// Gives back what a connection at rest does without.
    pub(crate) fn rest(&mut self) {
        self.inward.rest();
        self.outward.rest();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Deflated<S> {
    /// Writes what is compressed.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outward.waiting().is_empty() {
            let octets = ready!(Pin::new(&mut self.inner).poll_write(cx, self.outward.waiting()))?;
            if octets == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outward.written(octets);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Deflated<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            this.inward.inflate(buf)?;
            if buf.filled().len() > before || buf.remaining() == 0 || this.inward.has_ended() {
                return Poll::Ready(Ok(()));
            }
            // Not on the heap: a connection that waits holds no buffer.
            let mut room = [0; READ_MAX];
            let mut read = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.inward.give(read.filled());
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Deflated<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // No more is compressed than the peer takes.
        ready!(this.poll_drain(cx))?;
        Poll::Ready(this.outward.take(buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        this.outward.finish()?;
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
