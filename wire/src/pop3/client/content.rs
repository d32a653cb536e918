//! Takes the dots out of a message on its way in (RFC 1939 §3), in runs of whatever comes. The reading half of
//! [`crate::dot`].
//!
//! Only CR LF . CR LF ends a message. A dot after CR LF goes away. After a CR or an LF alone, where no line begins, two dots
//! become one and one stays: servers that go by LF, and ours, double them there, servers that do not leave them alone.

use memchr::memchr2_iter;

/// What input begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// So many octets of content.
    Content(usize),
    /// A dot that is none.
    Dot,
    /// The end, of three octets.
    End,
    /// Not yet enough to tell.
    More,
}

/// The state between two runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unstuffer {
    /// The last two octets of the wire.
    last: [u8; 2],
}

impl Unstuffer {
    /// Before the first octet a line begins.
    pub fn new() -> Unstuffer {
        Unstuffer { last: *b"\r\n" }
    }

    /// The next run; its octets count as taken.
    pub fn read(&mut self, bytes: &[u8]) -> Run {
        let run = match (self.last, bytes) {
            (_, []) => Run::More,
            ([b'\r', b'\n'], [b'.', b'\r', b'\n', ..]) => Run::End,
            ([b'\r', b'\n'], [b'.'] | [b'.', b'\r']) => Run::More,
            ([b'\r', b'\n'], [b'.', ..]) => Run::Dot,
            ([_, b'\r' | b'\n'], [b'.']) => Run::More,
            ([_, b'\r' | b'\n'], [b'.', b'.', ..]) => Run::Dot,
            _ => Run::Content(plain(bytes)),
        };
        match run {
            Run::Content(octets) => self.last = last(self.last, bytes.get(..octets).unwrap_or_default()),
            // What follows is content, whatever it is.
            Run::Dot => self.last = [0, b'.'],
            Run::End | Run::More => {}
        }
        run
    }
}

/// How far there is no dot to look at; the first octet is none.
fn plain(bytes: &[u8]) -> usize {
    let mut ends = memchr2_iter(b'\r', b'\n', bytes).map(|end| end + 1);
    ends.find(|next| bytes.get(*next) == Some(&b'.')).unwrap_or(bytes.len())
}

fn last(before: [u8; 2], run: &[u8]) -> [u8; 2] {
    match run {
        [.., one, two] => [*one, *two],
        [one] => [before[1], *one],
        [] => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot::Stuffer;
    use proptest::prelude::*;

    /// What comes out, and how many octets were taken, when input is offered in growing pieces.
    fn unstuff(wire: &[u8], pace: usize) -> (Vec<u8>, Option<usize>) {
        let (mut unstuffer, mut content, mut from, mut to) = (Unstuffer::new(), Vec::new(), 0, 0);
        loop {
            match unstuffer.read(&wire[from..to]) {
                Run::Content(octets) => {
                    content.extend_from_slice(&wire[from..from + octets]);
                    from += octets;
                }
                Run::Dot => from += 1,
                Run::End => return (content, Some(from + 3)),
                Run::More if to == wire.len() => return (content, None),
                Run::More => to = (to + pace).min(wire.len()),
            }
        }
    }

    #[test]
    fn dots_go_away_and_the_end_is_found() {
        for pace in 1..9 {
            assert_eq!(unstuff(b".\r\n+OK", pace), (Vec::new(), Some(3)));
            assert_eq!(unstuff(b"a\r\n..b\r\n.c\r\n.\r\n", pace), (b"a\r\n.b\r\nc\r\n".to_vec(), Some(15)));
            assert_eq!(unstuff(b"a\r\n.\rb\r\n.\r\n", pace), (b"a\r\n\rb\r\n".to_vec(), Some(11)));
            assert_eq!(unstuff(b"a\r\n.\r", pace), (b"a\r\n".to_vec(), None));
        }
    }

    /// A message cannot make its own end: what follows would be heard as the server's words.
    #[test]
    fn other_line_ends_end_nothing() {
        for wire in ["a\n.\nb\r\n", "a\n.\r\nb\r\n", "a\r.\rb\r\n", "a\r.\r\nb\r\n"] {
            for pace in 1..9 {
                let (content, end) = unstuff(format!("{wire}.\r\n").as_bytes(), pace);
                assert_eq!((content.as_slice(), end), (wire.as_bytes(), Some(wire.len() + 3)));
            }
        }
    }

    proptest! {
        /// What our own server writes is read back octet for octet.
        #[test]
        fn unstuffing_undoes_stuffing(content in "[.a\r\n]{0,60}", pace in 1_usize..9) {
            let (mut stuffer, mut wire) = (Stuffer::new(None), Vec::new());
            stuffer.push(content.as_bytes(), &mut wire);
            stuffer.finish(&mut wire);
            let mut expected = content.into_bytes();
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(unstuff(&wire, pace), (expected, Some(wire.len())));
        }
    }
}
