//! Reads a message once while it arrives and finds its parts (RFC 2045, RFC 2046). Owns boundaries, header sections of
//! parts and the limits of the walk. Keeps a line at most and the fields that matter, never a body: memory is bounded
//! whatever the message. Never fails, never recurses, linear in the content. Does not decode anything.

mod tally;
mod tree;

use crate::header::begins_with_field;
use crate::structure::Structure;
use memchr::memchr;
use tally::Tally;
use tree::Tree;

/// Parts within parts that are told apart; what lies deeper is one leaf.
pub const DEPTH_MAX: usize = 100;
/// Parts of one message; the last one reaches to the end of the content.
pub const PARTS_MAX: usize = 10_000;
/// Parts a message may have however short they are.
pub const PARTS_FREE: usize = 500;
/// Octets of content that each part beyond those must come with, on average. A boundary line and a `Content-Type` are
/// as many, and a part known takes about seven times as much memory: so it stays in proportion to the content.
pub const PART_OCTETS: u64 = 128;
/// Octets of kept fields of one part.
pub const HEADER_KEPT_MAX: usize = 256 * 1024;
/// Octets kept of one field, so that a long list of recipients does not push out what follows it.
pub const FIELD_KEPT_MAX: usize = 64 * 1024;
/// Octets of kept fields of all parts.
pub const KEPT_TOTAL_MAX: usize = 4 * 1024 * 1024;
/// Octets of a boundary; RFC 2046 §5.1.1 allows 70, some senders write more.
pub const BOUNDARY_MAX: usize = 250;
/// Octets of a line that are held to see what it is; a field name or a boundary line must show within.
const LINE_HELD_MAX: usize = 1000;

/// A push parser: give it the content in chunks of any size, then ask for the [`Structure`].
#[derive(Debug)]
pub struct Scanner {
    tally: Tally,
    tree: Tree,
    /// The start of a line of which it is not yet known what it is; not yet counted in `tally`.
    held: Vec<u8>,
    line: Line,
}

/// What is known of the line being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Nothing yet.
    Undecided,
    /// It belongs to a field, and more of it follows.
    Header,
    /// It belongs to a body.
    Body,
}

impl Default for Scanner {
    fn default() -> Scanner {
        Scanner::new()
    }
}

impl Scanner {
    /// At the start of the content.
    #[must_use]
    pub fn new() -> Scanner {
        Scanner { tally: Tally::default(), tree: Tree::new(), held: Vec::new(), line: Line::Undecided }
    }

    /// Takes the next octets of the content.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match self.line {
                Line::Undecided => self.take_undecided(rest),
                Line::Header => self.take_header(rest),
                Line::Body => self.take_body(rest),
            };
            rest = rest.get(taken..).unwrap_or(&[]);
        }
    }

    /// The content is complete: what are its parts?
    #[must_use]
    pub fn finish(mut self) -> Structure {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            self.decide(&held, true);
        }
        self.tree.end(&self.tally)
    }

    /// Runs through a body, stopping at lines that might be boundaries.
    fn take_body(&mut self, bytes: &[u8]) -> usize {
        if !self.tree.awaits_boundary() {
            self.tally.take_all(bytes);
            return bytes.len();
        }
        let taken = self.tally.take(bytes, |next| matches!(next, [] | [b'-'] | [b'-', b'-', ..]));
        if self.tally.line_start == self.tally.at {
            self.line = Line::Undecided;
        }
        taken
    }

    /// Takes the rest of a line of a field.
    fn take_header(&mut self, bytes: &[u8]) -> usize {
        let line_end = memchr(b'\n', bytes);
        let taken = line_end.map_or(bytes.len(), |lf| lf + 1);
        let piece = bytes.get(..taken).unwrap_or(bytes);
        self.tree.keep(piece);
        self.tally.take_all(piece);
        if line_end.is_some() {
            self.line = Line::Undecided;
        }
        taken
    }

    /// Holds a line until it is whole or too long to be of interest. Depends on the octets alone, not on the chunks.
    fn take_undecided(&mut self, bytes: &[u8]) -> usize {
        let may_be_boundary = self.tree.awaits_boundary() && bytes.first() == Some(&b'-');
        if self.held.is_empty() && !self.tree.in_header() && !may_be_boundary {
            self.line = Line::Body;
            return 0;
        }
        let window = bytes.get(..LINE_HELD_MAX - self.held.len()).unwrap_or(bytes);
        let line_end = memchr(b'\n', window);
        let taken = line_end.map_or(window.len(), |lf| lf + 1);
        let piece = window.get(..taken).unwrap_or(window);
        let complete = line_end.is_some() || self.held.len() + taken == LINE_HELD_MAX;
        if complete && self.held.is_empty() {
            self.decide(piece, line_end.is_some());
        } else {
            self.held.extend_from_slice(piece);
            if complete {
                let mut held = std::mem::take(&mut self.held);
                self.decide(&held, line_end.is_some());
                held.clear();
                self.held = held;
            }
        }
        taken
    }

    /// Says what a line is and counts it. `whole`: it has its line end, or the content ends here.
    fn decide(&mut self, line: &[u8], whole: bool) {
        if whole && let Some(delimiter) = self.tree.delimiter(line) {
            self.tree.close_above(delimiter.level, &self.tally);
            self.tally.take_all(line);
            self.tree.pass(delimiter, &self.tally);
            self.line = Line::Undecided;
            return;
        }
        // A line that cannot open a header section ends it before it began; in a digest a message within begins at
        // the same line and has none either.
        while self.tree.at_first_line() && !is_empty_line(line) && !begins_with_field(line) {
            self.tree.begin_body(&self.tally);
        }
        if !self.tree.in_header() {
            self.tally.take_all(line);
            self.line = if whole { Line::Undecided } else { Line::Body };
        } else if is_empty_line(line) {
            self.tree.end_field(self.tally.at);
            self.tally.take_all(line);
            self.tree.begin_body(&self.tally);
            self.line = Line::Undecided;
        } else {
            self.tree.begin_line(line, self.tally.at);
            self.tree.keep(line);
            self.tally.take_all(line);
            self.line = if whole { Line::Undecided } else { Line::Header };
        }
    }
}

fn is_empty_line(line: &[u8]) -> bool {
    line == b"\n" || line == b"\r\n"
}

/// Reads a message that is there as a whole.
#[must_use]
pub fn parse(content: &[u8]) -> Structure {
    let mut scanner = Scanner::new();
    scanner.push(content);
    scanner.finish()
}

#[cfg(test)]
mod tests;
