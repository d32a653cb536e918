//! What we say, compressed: pieces of it, and the flush after which the peer can read all that was said. Owns the
//! compressor, which is given back at rest: after a flush the next piece may as well begin with nothing behind it.

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use std::io;

/// Of the levels 0 to 10. Listings and text shrink to a fifth at any; this one costs a third of the usual 6.
const LEVEL: i32 = 2;

/// Raw, without the frame of zlib (RFC 4978 §4).
const RAW: i32 = -15;

/// Taken at once, so that what waits to be written is bounded.
const PIECE_MAX: usize = 16 * 1024;

/// Room given to the compressor at once.
const ROOM: usize = 4 * 1024;

#[derive(Default)]
pub(super) struct Outward {
    compressor: Option<Box<CompressorOxide>>,
    /// Something was taken since the last flush.
    unfinished: bool,
    waiting: Vec<u8>,
    /// Of what waits, so much is written.
    written: usize,
}

impl Outward {
    /// Compressed, and not yet written.
    pub(super) fn waiting(&self) -> &[u8] {
        self.waiting.get(self.written..).unwrap_or_default()
    }

    /// So much of what waited was written.
    pub(super) fn written(&mut self, octets: usize) {
        self.written += octets;
        if self.waiting().is_empty() {
            self.waiting.clear();
            self.written = 0;
        }
    }

    /// Compresses some of this; how much of it that was.
    pub(super) fn take(&mut self, octets: &[u8]) -> io::Result<usize> {
        let piece = octets.get(..PIECE_MAX).unwrap_or(octets);
        self.push(piece, TDEFLFlush::None)?;
        self.unfinished |= !piece.is_empty();
        Ok(piece.len())
    }

    /// Lets the peer read all that was taken.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.unfinished) {
            self.push(&[], TDEFLFlush::Sync)?;
        }
        Ok(())
    }

    fn push(&mut self, mut octets: &[u8], flush: TDEFLFlush) -> io::Result<()> {
        let fresh = || Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, RAW, 0)));
        let compressor = self.compressor.get_or_insert_with(fresh);
        loop {
            let start = self.waiting.len();
            self.waiting.resize(start + ROOM, 0);
            let room = self.waiting.get_mut(start..).unwrap_or_default();
            let (status, taken, made) = compress(compressor, octets, room, flush);
            self.waiting.truncate(start + made);
            octets = octets.get(taken..).unwrap_or_default();
            match status {
                TDEFLStatus::Okay if made == ROOM || !octets.is_empty() => {}
                TDEFLStatus::Okay => return Ok(()),
                other => return Err(io::Error::other(format!("the compressor failed: {other:?}"))),
            }
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.compressor.is_some() && !self.unfinished
    }

    pub(super) fn rest(&mut self) {
        if !self.unfinished {
            self.compressor = None;
            self.waiting.shrink_to(0);
        }
    }
}

impl std::fmt::Debug for Outward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outward").field("waiting", &self.waiting().len()).finish_non_exhaustive()
    }
}
