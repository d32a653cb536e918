//! Reads what follows DATA: takes off the dots the sender stuffed (RFC 5321 §4.5.2) and finds the end.
//!
//! Only CR LF . CR LF ends the content (§4.1.1.4); a CR or LF alone anywhere in it spoils the message, since two
//! hosts that disagree on line ends can be made to disagree on where a message ends. Content is accepted octet for
//! octet otherwise: NUL and 8-bit octets pass, and so do lines over 1,000 octets, which many senders write
//! (§4.5.3.1.6 sets a least limit, not a greatest).

use memchr::memchr2;
use std::ops::Range;

/// Why the content cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More octets than the limit.
    TooLarge,
    /// A CR without LF, or a LF without CR.
    BareLineEnd,
}

/// The state of reading one message's content. Keeps no content: the octets it needs to see again it leaves untaken.
#[derive(Debug)]
pub struct Reader {
    at_line_start: bool,
    left: u64,
    fault: Option<Fault>,
}

/// What one call to [`Reader::read`] found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many octets were taken.
    pub taken: usize,
    /// Which of them are content; none once the message is spoiled.
    pub runs: Vec<Range<usize>>,
    /// The final dot was among them.
    pub ended: bool,
}

/// What stands at the start of a line.
enum Start {
    Text,
    StuffedDot,
    FinalDot,
    Undecided,
}

impl Reader {
    /// Starts after 354; at most `limit` octets of content are accepted.
    pub fn new(limit: u64) -> Reader {
        Reader { at_line_start: true, left: limit, fault: None }
    }

    /// What is wrong with what was read so far.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Reads as much of `bytes` as can be decided.
    pub fn read(&mut self, bytes: &[u8]) -> Found {
        let mut found = Found::default();
        let mut run_start = 0;
        let mut at = 0;
        loop {
            if self.at_line_start {
                match line_start(bytes.get(at..).unwrap_or_default()) {
                    Start::Text => {}
                    Start::Undecided => break,
                    Start::StuffedDot => {
                        self.give(&mut found, run_start..at);
                        at += 1;
                        run_start = at;
                    }
                    Start::FinalDot => {
                        self.give(&mut found, run_start..at);
                        found.ended = true;
                        found.taken = at + 3;
                        return self.finish(found);
                    }
                }
                self.at_line_start = false;
            }
            match self.line_end(bytes, at) {
                Ok(next) => at = next,
                Err(decided) => {
                    at = decided;
                    break;
                }
            }
        }
        self.give(&mut found, run_start..at);
        found.taken = at;
        self.finish(found)
    }

    /// The index after the line that `from` stands in; or, where it does not end here, how far it is decided.
    fn line_end(&mut self, bytes: &[u8], from: usize) -> Result<usize, usize> {
        let mut from = from;
        while let Some(offset) = memchr2(b'\r', b'\n', bytes.get(from..).unwrap_or_default()) {
            let end = from + offset;
            match bytes.get(end..) {
                Some([b'\r', b'\n', ..]) => {
                    self.at_line_start = true;
                    return Ok(end + 2);
                }
                Some([b'\r']) => return Err(end),
                _ => self.fault = Some(Fault::BareLineEnd),
            }
            from = end + 1;
        }
        Err(bytes.len())
    }

    /// Counts a run of content and notes it.
    fn give(&mut self, found: &mut Found, run: Range<usize>) {
        if run.is_empty() || self.fault.is_some() {
            return;
        }
        match self.left.checked_sub(run.len() as u64) {
            Some(left) => {
                self.left = left;
                found.runs.push(run);
            }
            None => self.fault = Some(Fault::TooLarge),
        }
    }

    fn finish(&self, mut found: Found) -> Found {
        if self.fault.is_some() {
            found.runs.clear();
        }
        found
    }
}

fn line_start(rest: &[u8]) -> Start {
    match rest {
        [] | [b'.'] | [b'.', b'\r'] => Start::Undecided,
        [b'.', b'\r', b'\n', ..] => Start::FinalDot,
        [b'.', ..] => Start::StuffedDot,
        _ => Start::Text,
    }
}
