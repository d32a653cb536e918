//! `quoted-printable` (RFC 2045 §6.7).

use crate::header::hex_octet;

/// Characters of a line before the `=` of a soft line break, so that a line has 76 at most.
const LINE: usize = 75;
/// White space held until it shows whether the line ends after it; a longer run is passed on as it is.
const HELD_MAX: usize = 1000;
const HEX: &[u8; 16] = b"0123456789ABCDEF";
/// At the beginning of a line a message of an mbox begins with this, or it gets a `>` before it: RFC 2049 §3 has its `F`
/// encoded.
const FROM: &[u8; 5] = b"From ";

/// Writes text: CRLF stays a line end, everything else comes back octet for octet, single CR and LF too. No line of it begins
/// with `From `.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    column: usize,
    /// A CR, space or tab of which the next octet says how it is written.
    held: Option<u8>,
    /// So many octets of `From ` a line begins with, and nothing else yet.
    begun: usize,
}

impl Encoder {
    /// Encodes the next octets.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &octet in input {
            match self.held.take() {
                Some(b'\r') if octet == b'\n' => {
                    out.extend_from_slice(b"\r\n");
                    self.column = 0;
                    continue;
                }
                Some(held) if held == b'\r' || octet == b'\r' => self.encoded(held, out),
                Some(held) => self.put(&[held], out),
                None => {}
            }
            if self.is_of_from(octet, out) {
                continue;
            }
            match octet {
                b'\r' | b' ' | b'\t' => self.held = Some(octet),
                b'!'..=b'<' | b'>'..=b'~' => self.put(&[octet], out),
                _ => self.encoded(octet, out),
            }
        }
    }

    /// Encodes what is left; white space at the end would be lost (rule 3), so it is encoded.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.let_begun_go(out);
        if let Some(held) = self.held.take() {
            self.encoded(held, out);
        }
    }

    /// Whether the octet goes on with `From ` at the beginning of a line; the whole of it is written when its end is there.
    fn is_of_from(&mut self, octet: u8, out: &mut Vec<u8>) -> bool {
        // What no longer fits begins the next line.
        let may = self.begun > 0 || self.column == 0 || self.column >= LINE;
        if !may || FROM.get(self.begun) != Some(&octet) {
            self.let_begun_go(out);
            return false;
        }
        self.begun += 1;
        if self.begun == FROM.len() {
            self.begun = 0;
            self.encoded(b'F', out);
            self.put(b"rom", out);
            self.held = Some(octet);
        }
        true
    }

    /// It was another word.
    fn let_begun_go(&mut self, out: &mut Vec<u8>) {
        let begun = std::mem::take(&mut self.begun);
        for octet in FROM.iter().take(begun) {
            self.put(&[*octet], out);
        }
    }

    fn encoded(&mut self, octet: u8, out: &mut Vec<u8>) {
        let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
        self.put(&[b'=', digit(octet >> 4), digit(octet & 15)], out);
    }

    fn put(&mut self, characters: &[u8], out: &mut Vec<u8>) {
        if self.column + characters.len() > LINE {
            out.extend_from_slice(b"=\r\n");
            self.column = 0;
        }
        out.extend_from_slice(characters);
        self.column += characters.len();
    }
}

/// The most octets that so many become: three for each, and a soft line break before a line has 73, for that many are on it
/// at least where three more do not fit.
#[must_use]
pub fn encoded_length_max(octets: u64) -> u64 {
    let characters = octets.saturating_mul(3);
    characters.saturating_add((characters / (LINE as u64 - 2)).saturating_mul(3))
}

/// Reads quoted-printable; what is none stays as it is. White space at the end of lines is taken out (rule 3).
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// `=` and what followed it, or white space.
    held: Vec<u8>,
}

impl Decoder {
    /// Decodes the next octets.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &octet in input {
            let goes_on = match self.held.first() {
                Some(b'=') => self.after_equals(octet, out),
                Some(_) => self.after_blank(octet, out),
                None => false,
            };
            if !goes_on {
                match octet {
                    b'=' | b' ' | b'\t' => self.held.push(octet),
                    _ => out.push(octet),
                }
            }
        }
    }

    /// The end of the body is the end of a line.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self.held.get(1).is_some_and(u8::is_ascii_hexdigit) {
            out.extend_from_slice(&self.held);
        }
    }

    /// True when the octet is used up: as a digit, or as part of a soft line break.
    fn after_equals(&mut self, octet: u8, out: &mut Vec<u8>) -> bool {
        let last = self.held.last().copied().unwrap_or(b'=');
        let second = self.held.get(1).copied();
        if let Some(decoded) = second.and_then(|high| hex_octet(high, octet)) {
            out.push(decoded);
            self.held.clear();
            return true;
        }
        let in_break = second.is_none_or(|byte| !byte.is_ascii_hexdigit());
        match octet {
            b'\n' if in_break => self.held.clear(),
            b' ' | b'\t' | b'\r' if in_break && last != b'\r' && self.held.len() < HELD_MAX => self.held.push(octet),
            _ if second.is_none() && octet.is_ascii_hexdigit() => self.held.push(octet),
            _ => {
                out.append(&mut self.held);
                return false;
            }
        }
        true
    }

    fn after_blank(&mut self, octet: u8, out: &mut Vec<u8>) -> bool {
        match octet {
            b' ' | b'\t' if self.held.len() < HELD_MAX => {
                self.held.push(octet);
                return true;
            }
            b'\r' | b'\n' => self.held.clear(),
            _ => out.append(&mut self.held),
        }
        false
    }
}
