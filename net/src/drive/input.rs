//! The input of one connection: one buffer, none while the peer says nothing, small while it says little, larger while it
//! says much.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::ready;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// What a connection has that says something; one at rest holds none.
pub(super) const INPUT_START: usize = 4 * 1024;

/// What a connection that sends content at speed grows to: larger reads gain nothing any more.
pub(super) const INPUT_MAX: usize = 64 * 1024;

/// After so many reads in a row that filled less than a quarter, the buffer is halved.
const SMALL_READS: u32 = 16;

const _: () = assert!(INPUT_MAX >= wire::session::INPUT_MIN, "an unfinished line must fit");

/// Octets read and not yet taken by the session.
pub(super) struct Input {
    buffer: Vec<u8>,
    /// Unread octets are `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Of the unread, so many were taken by the last `receive`; they stay until its steps are done, since `Content`
    /// points into them.
    taken: usize,
    small_reads: u32,
    received: u64,
}

impl Input {
    pub(super) fn new() -> Input {
        Input { buffer: Vec::new(), start: 0, end: 0, taken: 0, small_reads: 0, received: 0 }
    }

    /// Octets read since the start.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// What the session has not taken.
    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn has_unread(&self) -> bool {
        self.start < self.end
    }

    /// A range of what was last given to the session.
    pub(super) fn given(&self, range: Range<usize>) -> &[u8] {
        self.unread().get(range).unwrap_or_default()
    }

    /// What is left when what was taken is dropped.
    pub(super) fn untaken(&self) -> &[u8] {
        self.unread().get(self.taken..).unwrap_or_default()
    }

    /// The session took so many octets.
    pub(super) fn took(&mut self, octets: usize) {
        self.taken = octets.min(self.end - self.start);
    }

    /// Drops what was taken; returns how much that was.
    pub(super) fn drop_taken(&mut self) -> usize {
        let taken = std::mem::take(&mut self.taken);
        self.start += taken;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        taken
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        (self.start, self.end, self.taken) = (0, 0, 0);
    }

    /// Makes room for a read; `false` when the buffer is full and as large as it gets.
    pub(super) fn make_room(&mut self) -> bool {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.is_empty() {
            // The next read makes it.
            return true;
        }
        if self.end == self.buffer.len() {
            self.grow();
        } else if self.small_reads >= SMALL_READS && self.end <= self.buffer.len() / 2 {
            self.shrink();
        }
        self.end < self.buffer.len()
    }

    fn grow(&mut self) {
        self.small_reads = 0;
        self.buffer.resize((self.buffer.len() * 2).min(INPUT_MAX), 0);
    }

    fn shrink(&mut self) {
        self.small_reads = 0;
        let smaller = (self.buffer.len() / 2).max(INPUT_START);
        self.buffer.truncate(smaller);
        self.buffer.shrink_to(smaller);
    }

    /// Whether there is a buffer that a connection at rest does without.
    pub(super) fn holds(&self) -> bool {
        !self.buffer.is_empty() && !self.has_unread()
    }

    /// Gives the buffer back.
    pub(super) fn rest(&mut self) {
        if self.holds() {
            self.buffer = Vec::new();
        }
    }

    /// Reads once; zero at the peer's end. Dropping the future loses nothing.
    pub(super) async fn read(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        if self.buffer.is_empty() {
            return self.read_first(from).await;
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let room_len = room.len();
        let octets = from.read(room).await?;
        self.end += octets;
        self.received += octets as u64;
        if octets == room_len && self.buffer.len() < INPUT_MAX {
            self.grow();
        }
        self.small_reads = if octets < self.buffer.len() / 4 { self.small_reads.saturating_add(1) } else { 0 };
        Ok(octets)
    }

    /// Reads once and makes the buffer for what came.
    async fn read_first(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        let buffer = &mut self.buffer;
        let octets = std::future::poll_fn(|cx| {
            // Here, and not beyond an await: who waits would hold it.
            let mut room = [0; INPUT_START];
            let mut read = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut *from).poll_read(cx, &mut read))?;
            let octets = read.filled().len();
            if octets > 0 {
                buffer.extend_from_slice(&room);
            }
            io::Result::Ok(octets).into()
        })
        .await?;
        self.end = octets;
        self.received += octets as u64;
        Ok(octets)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn grows_while_reads_fill_it_and_shrinks_while_they_do_not() {
        let mut input = Input::new();
        let mut flood: &[u8] = &[b'x'; INPUT_MAX * 4];
        while input.make_room() {
            input.read(&mut flood).await.unwrap();
        }
        assert_eq!(input.unread().len(), INPUT_MAX, "full, and no larger");
        input.took(INPUT_MAX);
        assert_eq!(input.drop_taken(), INPUT_MAX);
        for _ in 0..SMALL_READS * 8 {
            assert!(input.make_room());
            let mut little: &[u8] = b"NOOP\r\n";
            let octets = input.read(&mut little).await.unwrap();
            input.took(octets);
            input.drop_taken();
        }
        assert_eq!(input.buffer.len(), INPUT_START);
        assert_eq!(input.received(), INPUT_MAX as u64 + u64::from(SMALL_READS) * 8 * 6);
    }

    #[tokio::test]
    async fn at_rest_nothing_is_held_but_what_is_unread() {
        let mut input = Input::new();
        assert!(!input.holds() && input.make_room());
        input.read(&mut &b"one two"[..]).await.unwrap();
        input.took(4);
        input.drop_taken();
        input.rest();
        assert_eq!(input.unread(), b"two", "half a command stays");
        input.took(3);
        input.drop_taken();
        assert!(input.holds());
        input.rest();
        assert_eq!(input.buffer.capacity(), 0);
        assert!(input.make_room());
        assert_eq!(input.read(&mut &b"three"[..]).await.unwrap(), 5);
        assert_eq!(input.unread(), b"three");
    }

    #[tokio::test]
    async fn what_was_taken_stays_until_it_is_dropped() {
        let mut input = Input::new();
        input.read(&mut &b"one two"[..]).await.unwrap();
        input.took(4);
        assert_eq!(input.given(0..3), b"one");
        input.drop_taken();
        assert_eq!(input.unread(), b"two");
        assert_eq!(input.given(2..9), b"", "a range that is none gives nothing");
    }
}
