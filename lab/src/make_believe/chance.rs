//! Chance that can be had again: a seed gives a sequence, the same on every machine. Owns no decision.

use office::Random;
use parking_lot::Mutex;
use std::sync::Arc;

/// A generator of no great quality (splitmix64). Clones share one sequence.
#[derive(Clone, Debug)]
pub struct Chance(Arc<Mutex<u64>>);

impl Chance {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Chance {
        Chance(Arc::new(Mutex::new(seed)))
    }

    /// The next number.
    #[must_use]
    pub fn number(&self) -> u64 {
        let mut state = self.0.lock();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = *state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        self.number().checked_rem(end).unwrap_or(0)
    }

    /// Whether something happens that happens once in so many times.
    #[must_use]
    pub fn one_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// As the office wants it.
    #[must_use]
    pub fn octets(&self) -> Random {
        let chance = self.clone();
        Arc::new(move |into: &mut [u8]| {
            for piece in into.chunks_mut(8) {
                let octets = chance.number().to_le_bytes();
                piece.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
            }
        })
    }
}
