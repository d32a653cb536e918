//! Dot-stuffing for what we send: stored content becomes a multi-line answer (RFC 1939 §3; the same rule as RFC 5321
//! §4.5.2). Owns the sending half; the reading halves are `smtp::data` and `pop3::client`. Pure: content in, wire octets out.
//!
//! A CR or an LF that stands alone in the content is sent as it is, and a dot after it is doubled as after CR LF:
//! a reader that takes one of them for a line end must not take what follows for the end of the message.

use memchr::{memchr, memmem};

/// Writes one message to the wire, in whatever pieces it comes.
#[derive(Clone, Debug)]
pub struct Stuffer {
    /// The last two octets given; before the first, as if a line had just ended.
    last: [u8; 2],
    /// Where to stop; `None`: at the end.
    top: Option<Top>,
}

/// What TOP still wants (RFC 1939 §7).
#[derive(Clone, Debug)]
struct Top {
    in_header: bool,
    /// Octets of the present line so far.
    column: u64,
    /// Lines of the body still to be sent.
    lines: u64,
}

impl Stuffer {
    /// With `lines`: the header, the empty line and that many lines of the body (RFC 1939 §7, TOP).
    #[must_use]
    pub fn new(lines: Option<u64>) -> Stuffer {
        Stuffer { last: *b"\r\n", top: lines.map(|lines| Top { in_header: true, column: 0, lines }) }
    }

    /// Whether all that is wanted was written, so that no more content need be read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.top.as_ref().is_some_and(|top| top.lines == 0 && !top.in_header && top.column == 0)
    }

    /// Writes a piece of content.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        out.reserve(chunk.len() + 16);
        if self.top.is_none() {
            return self.stuff(chunk, out);
        }
        let mut rest = chunk;
        while !rest.is_empty() && !self.is_done() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (piece, after) = rest.split_at(end);
            self.stuff(piece, out);
            if let Some(top) = &mut self.top {
                top.count(piece, self.last);
            }
            rest = after;
        }
    }

    /// Copies content and doubles the dots that begin a line. A CR before a dot is rare enough to look for it first,
    /// so that nearly all content is searched for one pair of octets and copied in long runs.
    fn stuff(&mut self, content: &[u8], out: &mut Vec<u8>) {
        if content.first() == Some(&b'.') && ends_line(self.last[1]) {
            out.push(b'.');
        }
        if memmem::find(content, b"\r.").is_none() {
            double(content, memmem::find_iter(content, b"\n.").map(|end| end + 1), out);
        } else {
            let pairs = content.windows(2).enumerate();
            let ends = pairs.filter(|(_, pair)| matches!(pair, [end, b'.'] if ends_line(*end)));
            double(content, ends.map(|(end, _)| end + 1), out);
        }
        self.last = match content {
            [.., before, last] => [*before, *last],
            [last] => [self.last[1], *last],
            [] => self.last,
        };
    }

    /// Ends the answer: CRLF where the content did not end with one, then the line with the dot.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.last != *b"\r\n" {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

/// Whether some reader takes this octet for the end of a line.
fn ends_line(octet: u8) -> bool {
    matches!(octet, b'\r' | b'\n')
}

/// Copies content and doubles the dots at these places.
fn double(content: &[u8], dots: impl Iterator<Item = usize>, out: &mut Vec<u8>) {
    let mut copied = 0;
    for dot in dots {
        out.extend_from_slice(content.get(copied..dot).unwrap_or_default());
        out.push(b'.');
        copied = dot;
    }
    out.extend_from_slice(content.get(copied..).unwrap_or_default());
}

impl Top {
    /// Counts a piece that holds at most one LF, at its end; `last` are the octets that end with it.
    fn count(&mut self, piece: &[u8], last: [u8; 2]) {
        self.column = self.column.saturating_add(piece.len() as u64);
        if piece.last() != Some(&b'\n') {
            return;
        }
        let empty = self.column == if last[0] == b'\r' { 2 } else { 1 };
        if !self.in_header {
            self.lines = self.lines.saturating_sub(1);
        }
        self.in_header &= !empty;
        self.column = 0;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stuff(content: &[u8], lines: Option<u64>, cut: usize) -> Vec<u8> {
        let (mut stuffer, mut out) = (Stuffer::new(lines), Vec::new());
        content.chunks(cut.max(1)).for_each(|chunk| stuffer.push(chunk, &mut out));
        stuffer.finish(&mut out);
        out
    }

    /// What a client does (RFC 1939 §3).
    fn unstuff(wire: &[u8]) -> Vec<u8> {
        let text = wire.strip_suffix(b".\r\n").unwrap();
        let mut content = Vec::new();
        for line in text.split_inclusive(|octet| *octet == b'\n') {
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        content
    }

    /// TOP, written plainly: lines up to the empty one, and `lines` more.
    fn top(content: &[u8], lines: u64) -> Vec<u8> {
        let (mut kept, mut in_header, mut left) = (Vec::new(), true, lines);
        for line in content.split_inclusive(|octet| *octet == b'\n') {
            if !in_header {
                if left == 0 {
                    break;
                }
                left -= 1;
            }
            in_header &= line != b"\n" && line != b"\r\n";
            kept.extend_from_slice(line);
        }
        kept
    }

    /// Dot-stuffing, written plainly: octet by octet, with the end marked.
    fn doubled(content: &[u8]) -> Vec<u8> {
        let (mut wire, mut before) = (Vec::new(), b'\n');
        for octet in content {
            let begins_line = matches!(before, b'\r' | b'\n');
            wire.extend(std::iter::repeat_n(*octet, if *octet == b'.' && begins_line { 2 } else { 1 }));
            before = *octet;
        }
        if !content.is_empty() && !content.ends_with(b"\r\n") {
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }

    #[test]
    fn top_needs_no_more_content_once_it_is_done() {
        let mut stuffer = Stuffer::new(Some(1));
        for (content, done) in [("A: 1\r\n", false), ("\r\n", false), ("on", false), ("e\r\n", true), ("two\r\n", true)]
        {
            stuffer.push(content.as_bytes(), &mut Vec::new());
            assert_eq!(stuffer.is_done(), done, "{content:?}");
        }
        let mut all = Stuffer::new(None);
        all.push(b"\r\n\r\n", &mut Vec::new());
        assert!(!all.is_done());
    }

    #[test]
    fn dots_are_doubled_and_the_end_is_marked() {
        assert_eq!(stuff(b"a: b\r\n\r\n..2\r\n.\r\nx.\r\n", None, 99), b"a: b\r\n\r\n...2\r\n..\r\nx.\r\n.\r\n");
        assert_eq!(stuff(b"no end", None, 99), b"no end\r\n.\r\n");
        assert_eq!(stuff(b"", None, 99), b".\r\n");
    }

    /// RUSTSEC-2026-0561: whichever line ends a reader knows, none of them with a dot ends the message.
    #[test]
    fn dots_after_cr_or_lf_alone_are_doubled_too() {
        assert_eq!(stuff(b"lf\n.\nx", None, 99), b"lf\n..\nx\r\n.\r\n");
        assert_eq!(stuff(b"cr\r.\rx", None, 99), b"cr\r..\rx\r\n.\r\n");
        assert_eq!(stuff(b"mixed\n.\r\n.\r.\n", None, 99), b"mixed\n..\r\n..\r..\n\r\n.\r\n");
        assert_eq!(stuff(b"x\r.\r\n.", None, 1), b"x\r..\r\n..\r\n.\r\n");
    }

    #[test]
    fn top_gives_header_and_lines() {
        let content = b"A: 1\r\nB: 2\r\n\r\none\r\n.two\r\nthree\r\n";
        for cut in 1..content.len() {
            assert_eq!(stuff(content, Some(0), cut), b"A: 1\r\nB: 2\r\n\r\n.\r\n", "cut {cut}");
            assert_eq!(stuff(content, Some(2), cut), b"A: 1\r\nB: 2\r\n\r\none\r\n..two\r\n.\r\n", "cut {cut}");
            assert_eq!(stuff(content, Some(9), cut), stuff(content, None, cut));
        }
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same(content in "[.a\r\n]{0,60}", cut in 1_usize..20, lines in proptest::option::of(0_u64..4)) {
            let whole = stuff(content.as_bytes(), lines, usize::MAX);
            prop_assert_eq!(&stuff(content.as_bytes(), lines, cut), &whole);
        }

        #[test]
        fn top_is_all_of_what_it_keeps(content in "[.a\r\n]{0,60}", cut in 1_usize..20, lines in 0_u64..6) {
            let content = content.as_bytes();
            prop_assert_eq!(stuff(content, Some(lines), cut), stuff(&top(content, lines), None, usize::MAX));
        }

        /// Whether a reader goes by CR LF, by LF or by CR, it sees no end before the end.
        #[test]
        fn the_dot_that_ends_it_is_the_only_one(content in "[.a\r\n]{0,60}", cut in 1_usize..20) {
            let wire = stuff(content.as_bytes(), None, cut);
            let lines = wire.split(|octet| matches!(octet, b'\r' | b'\n'));
            prop_assert_eq!(lines.filter(|line| *line == b".").count(), 1);
            prop_assert!(wire == b".\r\n" || wire.ends_with(b"\r\n.\r\n"));
        }

        #[test]
        fn dots_that_begin_a_line_are_doubled_and_no_others(
            content in "[.a\r\n]{0,60}",
            cut in 1_usize..20,
            lines in proptest::option::of(0_u64..4),
        ) {
            let content = content.as_bytes();
            let kept = lines.map_or_else(|| content.to_vec(), |lines| top(content, lines));
            prop_assert_eq!(stuff(content, lines, cut), doubled(&kept));
        }

        #[test]
        fn a_client_gets_back_what_was_stored(content in "([.a\n]|\r\n){0,60}", cut in 1_usize..20) {
            let mut expected = content.clone().into_bytes();
            if !expected.ends_with(b"\r\n") && !expected.is_empty() {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(unstuff(&stuff(content.as_bytes(), None, cut)), expected);
        }
    }
}
