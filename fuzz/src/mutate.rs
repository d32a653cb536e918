//! Seeded mutations of a corpus: the same inputs from the same seed. No coverage guides them; that is a fuzzer's work.

/// A source of mutated inputs.
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    state: u64,
}

/// Octets that mean something to line protocols and messages.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b".\r\n",
    b"\r\n.\r\n",
    b"..",
    b"<",
    b">",
    b"@",
    b"\"",
    b"\\",
    b":",
    b"=",
    b"=?",
    b"?=",
    b";",
    b",",
    b"(",
    b")",
    b" ",
    b"\t",
    b"\xff",
    b"\xc3\xa9",
    b"MAIL FROM:",
    b"RCPT TO:",
    b"BDAT 5 LAST\r\n",
    b"DATA\r\n",
    b"RSET\r\n",
    b"AUTH PLAIN ",
    b"USER bobo\r\nPASS x\r\n",
    b"RETR 1\r\n",
    b"DELE 2\r\n",
    b"18446744073709551615",
    b"-1",
    b"%",
    b"*",
];

/// Longest input made, in octets: longer than any line limit, short enough for thousands of runs.
const INPUT_MAX: usize = 20_000;

impl<'a> Mutator<'a> {
    /// Mutations of these inputs.
    #[must_use]
    pub fn new(corpus: &'a [Vec<u8>], seed: u64) -> Mutator<'a> {
        Mutator { corpus, state: seed }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.pick();
        for _ in 0..=self.below(4) {
            self.mutate(&mut input);
        }
        input.truncate(INPUT_MAX);
        input
    }

    fn pick(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        self.corpus.get(at).cloned().unwrap_or_default()
    }

    /// A number below `bound`; 0 where there is none.
    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(16)).min(input.len());
        match self.below(7) {
            0 => {
                let octet = u8::try_from(self.below(256)).unwrap_or(0);
                input.splice(at..end.min(at + 1).max(at), [octet]);
            }
            1 => {
                input.drain(at.min(end)..end);
            }
            2 => {
                let piece = input.get(at..end).unwrap_or_default().repeat(1 + self.below(40));
                input.splice(at..at, piece);
            }
            3 => input.truncate(at),
            4 => {
                let other = self.pick();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => {
                let word = self.below(WORDS.len());
                input.splice(at..at, WORDS.get(word).copied().unwrap_or_default().iter().copied());
            }
        }
    }
}
