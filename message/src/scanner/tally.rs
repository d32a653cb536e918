//! Counts octets and line ends of the stream so far. A part knows what it holds by taking the counts where it begins
//! and where it ends, so nothing is counted twice however deep the parts lie.

use crate::structure::Facts;
use memchr::{memchr, memchr_iter};

/// Octets of a line without its end that SMTP carries (RFC 5322 §2.1.1).
const LINE_OCTETS_MAX: u64 = 998;

/// Counts since the start of the content.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    lf: u64,
    crlf: u64,
    cr: u64,
    nul: u64,
    eight_bit: u64,
    long_lines: u64,
}

impl Counts {
    /// What lies between two moments.
    pub(super) fn facts_since(&self, earlier: &Counts) -> Facts {
        let crlf = self.crlf - earlier.crlf;
        Facts {
            bare_cr: (self.cr - earlier.cr).saturating_sub(crlf),
            bare_lf: (self.lf - earlier.lf).saturating_sub(crlf),
            nul: self.nul - earlier.nul,
            eight_bit: self.eight_bit - earlier.eight_bit,
            long_lines: self.long_lines - earlier.long_lines,
        }
    }

    pub(super) fn line_ends_since(&self, earlier: &Counts) -> u64 {
        self.lf - earlier.lf
    }
}

/// The running tally, and what is known of the line being read and the one before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    /// Octets counted so far.
    pub(super) at: u64,
    /// Where the line being read began.
    pub(super) line_start: u64,
    /// Octets of the line end before `line_start`: 2 for CRLF, 1 for LF, 0 at the start of the content.
    last_end: u64,
    last_byte: u8,
}

impl Tally {
    /// Counts bytes that follow the last ones. Stops early after a line end for which `stop` says so, given what
    /// follows it; returns how many bytes were counted.
    pub(super) fn take(&mut self, bytes: &[u8], stop: impl Fn(&[u8]) -> bool) -> usize {
        let mut taken = bytes.len();
        for lf in memchr_iter(b'\n', bytes) {
            let before = if lf == 0 { self.last_byte } else { bytes.get(lf - 1).copied().unwrap_or(0) };
            self.end_line(self.at + lf as u64, before == b'\r');
            if stop(bytes.get(lf + 1..).unwrap_or(&[])) {
                taken = lf + 1;
                break;
            }
        }
        self.count_octets(bytes.get(..taken).unwrap_or(bytes));
        taken
    }

    /// Counts bytes whatever they hold.
    pub(super) fn take_all(&mut self, bytes: &[u8]) {
        self.take(bytes, |_| false);
    }

    fn end_line(&mut self, lf_at: u64, after_cr: bool) {
        let end = if after_cr { 2 } else { 1 };
        let length = (lf_at + 1).saturating_sub(self.line_start + end);
        self.counts.lf += 1;
        self.counts.crlf += u64::from(after_cr);
        self.counts.long_lines += u64::from(length > LINE_OCTETS_MAX);
        self.last_end = end;
        self.line_start = lf_at + 1;
    }

    fn count_octets(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else { return };
        self.counts.cr += memchr_iter(b'\r', bytes).count() as u64;
        if memchr(0, bytes).is_some() {
            self.counts.nul += memchr_iter(0, bytes).count() as u64;
        }
        if !bytes.is_ascii() {
            self.counts.eight_bit += bytes.iter().filter(|byte| !byte.is_ascii()).count() as u64;
        }
        self.last_byte = last;
        self.at += bytes.len() as u64;
    }

    /// The counts now.
    pub(super) fn now(&self) -> Counts {
        self.counts
    }

    /// The moment before the line end that stands before the line being read: it belongs to the boundary
    /// (RFC 2046 §5.1.1).
    pub(super) fn before_last_line_end(&self) -> Moment {
        let mut counts = self.counts;
        counts.lf = counts.lf.saturating_sub(u64::from(self.last_end > 0));
        counts.crlf = counts.crlf.saturating_sub(u64::from(self.last_end == 2));
        counts.cr = counts.cr.saturating_sub(u64::from(self.last_end == 2));
        Moment { counts, at: self.line_start.saturating_sub(self.last_end) }
    }

    /// The end of the content.
    pub(super) fn end_of_content(&self) -> Moment {
        let mut counts = self.counts;
        let length = self.at.saturating_sub(self.line_start);
        counts.long_lines += u64::from(length > LINE_OCTETS_MAX);
        Moment { counts, at: self.at }
    }
}

/// A place in the content at which parts end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) counts: Counts,
    pub(super) at: u64,
}
