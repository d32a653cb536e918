//! Reads what follows BDAT (RFC 3030 §2): counted chunks, nothing to unstuff. Without BODY=BINARYMIME the content
//! still consists of lines (RFC 3030 §2: "text messages ... MUST be sent in the canonical MIME format with lines
//! delimited with a `<CR><LF>`"), so a CR or LF alone spoils it, across chunk borders too. The last line need not end
//! with CR LF: RFC 3030 asks for none, and the content is kept as sent.

use memchr::memchr2_iter;

/// One chunk on its way in.
#[derive(Debug)]
pub struct Chunk {
    /// The size the command gave, in octets.
    pub size: u64,
    /// Octets still to come.
    pub left: u64,
    /// It is the last of its message.
    pub last: bool,
}

impl Chunk {
    /// A chunk of which nothing has come yet.
    pub fn new(size: u64, last: bool) -> Chunk {
        Chunk { size, left: size, last }
    }

    /// Takes what of `available` octets belongs to the chunk; returns how many.
    pub fn take(&mut self, available: usize) -> usize {
        let taken = usize::try_from(self.left).unwrap_or(usize::MAX).min(available);
        self.left -= taken as u64;
        taken
    }
}

/// Watches the line ends of content that comes in pieces.
#[derive(Debug, Default)]
pub struct LineEnds {
    after_cr: bool,
}

impl LineEnds {
    /// Whether `bytes`, after what was seen before, holds no CR or LF alone.
    pub fn accept(&mut self, bytes: &[u8]) -> bool {
        let mut expected = self.after_cr.then_some(0);
        for at in memchr2_iter(b'\r', b'\n', bytes) {
            let lf = bytes.get(at) == Some(&b'\n');
            // A LF must stand exactly where the CR before it asks for one, a CR must not.
            if lf != (expected == Some(at)) {
                return false;
            }
            match expected {
                Some(place) if place != at => return false,
                _ => expected = (!lf).then_some(at + 1),
            }
        }
        if expected.is_some_and(|place| place < bytes.len()) {
            return false;
        }
        self.after_cr = expected.is_some();
        true
    }

    /// Whether nothing is left open at the end of the content.
    pub fn complete(&self) -> bool {
        !self.after_cr
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule again, written the slow way.
    fn lines_are_sound(bytes: &[u8]) -> bool {
        (0..bytes.len()).all(|at| match bytes[at] {
            b'\r' => bytes.get(at + 1) == Some(&b'\n'),
            b'\n' => at > 0 && bytes[at - 1] == b'\r',
            _ => true,
        })
    }

    proptest! {
        #[test]
        fn pieces_are_judged_as_the_whole(pieces in prop::collection::vec("[a\r\n]{0,4}", 0..6)) {
            let mut ends = LineEnds::default();
            let judged = pieces.iter().all(|piece| ends.accept(piece.as_bytes())) && ends.complete();
            prop_assert_eq!(judged, lines_are_sound(pieces.concat().as_bytes()));
        }
    }

    #[test]
    fn a_chunk_takes_its_octets_and_no_more() {
        let mut chunk = Chunk::new(5, true);
        assert_eq!(chunk.take(3), 3);
        assert_eq!(chunk.take(9), 2);
        assert_eq!(chunk.take(9), 0);
        assert_eq!(Chunk::new(u64::MAX, false).take(10), 10);
    }
}
