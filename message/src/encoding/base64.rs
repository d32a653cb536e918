//! `base64` (RFC 2045 §6.8).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Octets of input that fill one line of 76 characters, the longest RFC 2045 §6.8 allows.
const LINE_INPUT: usize = 57;
const LINE: usize = 76;

/// Writes lines of 76 characters with CRLF between them and none after the last.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    /// Input that does not fill a line yet.
    held: Vec<u8>,
    begun: bool,
}

impl Encoder {
    /// Encodes the next octets, as far as they fill lines.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let (start, rest) = input.split_at(input.len().min((LINE_INPUT - self.held.len()) % LINE_INPUT));
        self.held.extend_from_slice(start);
        if self.held.len() == LINE_INPUT {
            let held = std::mem::take(&mut self.held);
            self.line(&held, out);
        }
        let lines = rest.chunks_exact(LINE_INPUT);
        let left = lines.remainder();
        lines.for_each(|line| self.line(line, out));
        self.held.extend_from_slice(left);
    }

    /// Encodes what is left.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.line(&held, out);
        }
    }

    fn line(&mut self, input: &[u8], out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            out.extend_from_slice(b"\r\n");
        }
        let mut line = [0; LINE];
        // A line holds 57 octets at most, whose base64 fills 76: it always fits.
        let length = STANDARD.encode_slice(input, &mut line).unwrap_or(0);
        out.extend_from_slice(line.get(..length).unwrap_or(&[]));
    }
}

/// Octets of the encoded form of so many, line ends between lines counted.
#[must_use]
pub fn encoded_length(octets: u64) -> u64 {
    let lines = octets.div_ceil(LINE_INPUT as u64);
    octets.div_ceil(3) * 4 + lines.saturating_sub(1) * 2
}

/// Reads base64 whatever stands between its characters: "all characters not found in Table 1 must be ignored". Padding
/// ends a group, and what follows begins anew, as where two texts were joined.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    bits: u32,
    characters: u8,
}

impl Decoder {
    /// Decodes the next characters, as far as they fill groups of four.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &character in input {
            match VALUES.get(usize::from(character)) {
                Some(&value @ 0..64) => {
                    self.bits = self.bits << 6 | u32::from(value);
                    self.characters += 1;
                    if self.characters == 4 {
                        let [_, a, b, c] = self.bits.to_be_bytes();
                        out.extend_from_slice(&[a, b, c]);
                        (self.bits, self.characters) = (0, 0);
                    }
                }
                _ if character == b'=' => self.end_group(out),
                _ => {}
            }
        }
    }

    /// Decodes a last group without padding; a single character means nothing.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.end_group(out);
    }

    fn end_group(&mut self, out: &mut Vec<u8>) {
        let missing = 4_u8.saturating_sub(self.characters);
        let [_, a, b, _] = (self.bits << (6 * u32::from(missing))).to_be_bytes();
        match self.characters {
            2 => out.push(a),
            3 => out.extend_from_slice(&[a, b]),
            _ => {}
        }
        (self.bits, self.characters) = (0, 0);
    }
}

/// The value of every character; 64 for those that are none of base64.
const VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [64; 256];
    let mut value = 0;
    while value < 64 {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
};
