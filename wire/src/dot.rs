//! Dot-stuffing for what we send: stored content becomes a multi-line answer (RFC 1939 §3; the same rule as RFC 5321
//! §4.5.2). Owns the sending half; the reading half is `smtp::data`. Pure: content in, wire octets out.

use memchr::memchr;

/// Writes one message to the wire, in whatever pieces it comes.
#[derive(Clone, Debug)]
pub struct Stuffer {
    in_header: bool,
    /// Octets of the present line so far.
    column: u64,
    /// The last octet given was CR.
    after_cr: bool,
    /// What was written is empty or ends with CRLF.
    line_ended: bool,
    /// Lines of the body still to be sent; `None`: all.
    lines: Option<u64>,
}

impl Stuffer {
    /// With `lines`: the header, the empty line and that many lines of the body (RFC 1939 §7, TOP).
    #[must_use]
    pub fn new(lines: Option<u64>) -> Stuffer {
        Stuffer { in_header: true, column: 0, after_cr: false, line_ended: true, lines }
    }

    /// Whether all that is wanted was written, so that no more content need be read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.lines == Some(0) && !self.in_header && self.column == 0
    }

    /// Writes a piece of content.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        out.reserve(chunk.len() + 16);
        let mut rest = chunk;
        while !rest.is_empty() && !self.is_done() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (piece, after) = rest.split_at(end);
            self.piece(piece, out);
            rest = after;
        }
    }

    /// Writes a piece that holds at most one line end, at its own end. A bare LF ends a line too: whoever reads lines
    /// by LF must not take a dot after it for the end.
    fn piece(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.column == 0 && piece.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(piece);
        self.column = self.column.saturating_add(piece.len() as u64);
        let line = piece.strip_suffix(b"\n");
        let cr_before = line.is_some_and(|line| line.last().map_or(self.after_cr, |octet| *octet == b'\r'));
        self.line_ended = cr_before;
        self.after_cr = piece.last() == Some(&b'\r');
        if line.is_some() {
            self.end_line(cr_before);
        }
    }

    /// A line is whole; an empty one ends the header.
    fn end_line(&mut self, crlf: bool) {
        let empty = self.column == 1 + u64::from(crlf);
        if !self.in_header {
            self.lines = self.lines.map(|lines| lines.saturating_sub(1));
        }
        self.in_header &= !empty;
        self.column = 0;
    }

    /// Ends the answer: CRLF where the content did not end with one, then the line with the dot.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.line_ended {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
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
        assert_eq!(stuff(b"lf\n.\nx", None, 99), b"lf\n..\nx\r\n.\r\n");
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

        /// Neither a reader that goes by CR LF nor one that goes by LF sees an end before the end.
        #[test]
        fn the_dot_that_ends_it_is_the_only_one(content in "[.a\r\n]{0,60}", cut in 1_usize..20) {
            let wire = stuff(content.as_bytes(), None, cut);
            let lines: Vec<&[u8]> = wire.split_inclusive(|octet| *octet == b'\n').collect();
            let ends = lines.iter().filter(|line| matches!(**line, b".\n" | b".\r\n")).count();
            prop_assert_eq!((ends, lines.last().copied()), (1, Some(&b".\r\n"[..])));
        }

        #[test]
        fn a_client_gets_back_what_was_stored(content in "[.a\r\n]{0,60}", cut in 1_usize..20) {
            let mut expected = content.clone().into_bytes();
            if !expected.ends_with(b"\r\n") && !expected.is_empty() {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(unstuff(&stuff(content.as_bytes(), None, cut)), expected);
        }
    }
}
