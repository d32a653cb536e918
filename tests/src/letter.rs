//! Messages that are made from a number and a length, quick to make and slow to pack: what a ledger compares with.

use crate::seed::Seed;
use std::sync::OnceLock;

/// Octets of a line, its CRLF among them.
const LINE_OCTETS: usize = 80;
/// Lines of noise there are: a letter is a run of them, so the largest has 2 MiB.
const LINES: usize = 2 * 1024 * 1024 / LINE_OCTETS;
/// Every so many lines one begins with a dot, for RFC 5321 §4.5.2.
const DOT_EVERY: usize = 64;

/// A message to send, and to find again.
pub struct Letter {
    /// The octets of the message.
    pub octets: Vec<u8>,
}

impl Letter {
    /// The letter of a number, of so many lines of noise at most.
    #[must_use]
    pub fn new(id: u64, lines: usize) -> Letter {
        let lines = lines.min(LINES);
        let first = usize::try_from(Seed(id).number() % (LINES - lines + 1) as u64).unwrap_or(0);
        let mut octets = format!(
            "From: <alice@crepes.fr>\r\nSubject: Letter {id}\r\nDate: Tue, 06 Apr 2004 20:37:54 -0400\r\n\
             Message-ID: <{id}@crepes.fr>\r\n\r\n"
        )
        .into_bytes();
        octets.extend_from_slice(noise().get(first * LINE_OCTETS..(first + lines) * LINE_OCTETS).unwrap_or_default());
        Letter { octets }
    }

    /// How it travels in DATA: dots doubled, the final dot at its end.
    #[must_use]
    pub fn wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.octets.len() + self.octets.len() / LINE_OCTETS);
        for line in self.octets.split_inclusive(|octet| *octet == b'\n') {
            if line.first() == Some(&b'.') {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }
}

/// Lines that no packer makes smaller by more than a quarter.
fn noise() -> &'static [u8] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    NOISE.get_or_init(|| {
        let mut seed = Seed(0x2004_0406);
        let mut noise = Vec::with_capacity(LINES * LINE_OCTETS);
        for line in 0..LINES {
            let start = noise.len();
            while noise.len() < start + LINE_OCTETS - 2 {
                let number = seed.number();
                let octets = (0..10).filter_map(|at| ALPHABET.get((number >> (at * 6)) as usize % 64));
                noise.extend(octets.take(start + LINE_OCTETS - 2 - noise.len()));
            }
            if let Some(octet) = noise.get_mut(start).filter(|_| line % DOT_EVERY == 0) {
                *octet = b'.';
            }
            noise.extend_from_slice(b"\r\n");
        }
        noise
    })
}
