//! What the peer says, inflated as far as there is room for it. Owns the window of RFC 1951 §2, the last 32 KiB of what
//! was said, which the peer may refer to for ever; at rest only as much of it is kept as was ever said, and the tables of
//! the decompressor are given back.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress_with_limit};
use std::io;
use tokio::io::ReadBuf;

/// How far back the peer may refer (RFC 1951 §2).
pub(super) const WINDOW: usize = 32 * 1024;

const FLAGS: u32 = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;

pub(super) struct Inward {
    /// Read, and not yet inflated from `taken` on.
    given: Vec<u8>,
    taken: usize,
    state: State,
}

enum State {
    /// Between two blocks, with what was said last.
    Resting {
        at: BlockBoundaryState,
        past: Vec<u8>,
    },
    Running(Box<Running>),
    /// The peer said its last block.
    Ended,
}

struct Running {
    core: DecompressorOxide,
    /// What was said last, going round.
    ring: Vec<u8>,
    /// The next octet goes here.
    at: usize,
    /// All of the ring was written to.
    full: bool,
    /// Between two blocks.
    between: bool,
    /// There was more to come out than room for it.
    more: bool,
}

impl Inward {
    pub(super) fn new(given: &[u8]) -> Inward {
        let state = State::Resting { at: BlockBoundaryState::default(), past: Vec::new() };
        Inward { given: given.to_vec(), taken: 0, state }
    }

    /// These were read.
    pub(super) fn give(&mut self, octets: &[u8]) {
        self.given.drain(..self.taken);
        self.taken = 0;
        self.given.extend_from_slice(octets);
    }

    /// Whether nothing can follow.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Inflates what was read, as far as there is room.
    ///
    /// # Errors
    /// When it cannot be inflated.
    pub(super) fn inflate(&mut self, into: &mut ReadBuf<'_>) -> io::Result<()> {
        while into.remaining() > 0 {
            let given = self.given.get(self.taken..).unwrap_or_default();
            if given.is_empty() && !matches!(&self.state, State::Running(running) if running.more) {
                return Ok(());
            }
            let Some(running) = self.state.running() else { return Ok(()) };
            let (status, taken) = running.inflate(given, into);
            self.taken += taken;
            match status {
                TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput | TINFLStatus::BlockBoundary => {}
                TINFLStatus::Done => self.state = State::Ended,
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "what came is not compressed")),
            }
        }
        Ok(())
    }

    pub(super) fn holds(&self) -> bool {
        matches!(&self.state, State::Running(running) if running.between) && self.taken == self.given.len()
    }

    pub(super) fn rest(&mut self) {
        if !self.holds() {
            return;
        }
        (self.given, self.taken) = (Vec::new(), 0);
        let State::Running(running) = &self.state else { return };
        if let Some(at) = running.core.block_boundary_state() {
            self.state = State::Resting { at, past: running.past() };
        }
    }
}

impl State {
    /// Sets what rests going again; `None` after the end.
    fn running(&mut self) -> Option<&mut Running> {
        if let State::Resting { at, past } = self {
            *self = State::Running(Box::new(Running::resume(at, past)));
        }
        match self {
            State::Running(running) => Some(running),
            _ => None,
        }
    }
}

impl Running {
    fn resume(at: &BlockBoundaryState, past: &[u8]) -> Running {
        let core = DecompressorOxide::from_block_boundary_state(at);
        let mut ring = past.to_vec();
        ring.resize(WINDOW, 0);
        let (at, full) = (past.len() % WINDOW, past.len() == WINDOW);
        Running { core, ring, at, full, between: true, more: false }
    }

    /// One run, to the end of the ring, of the room or of a block; and how much of `given` it took.
    fn inflate(&mut self, given: &[u8], into: &mut ReadBuf<'_>) -> (TINFLStatus, usize) {
        let room = into.remaining();
        let (status, taken, made) = decompress_with_limit(&mut self.core, given, &mut self.ring, self.at, room, FLAGS);
        into.put_slice(self.ring.get(self.at..self.at + made).unwrap_or_default());
        self.at += made;
        if self.at >= WINDOW {
            (self.at, self.full) = (0, true);
        }
        self.between = status == TINFLStatus::BlockBoundary;
        self.more = status == TINFLStatus::HasMoreOutput;
        (status, taken)
    }

    /// What was said last, in its order.
    fn past(&self) -> Vec<u8> {
        let (newest, oldest) = self.ring.split_at(self.at);
        if self.full { [oldest, newest].concat() } else { newest.to_vec() }
    }
}

impl std::fmt::Debug for Inward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inward").field("waiting", &(self.given.len() - self.taken)).finish_non_exhaustive()
    }
}
