//! What the session says and the client's end never does: sets from ranges, dates in UTC. All else is `write`'s.

pub(super) use crate::imap::write::{literal, mailbox, nstring, number, part, section, string};

use crate::imap::mailbox::Charset;
use crate::imap::write;
use message::Time;
use message::date::Date;
use std::ops::RangeInclusive;

/// Appends an atom as it is, anything else as a string.
pub(super) fn astring(out: &mut Vec<u8>, text: &str, charset: Charset) {
    write::astring(out, text.as_bytes(), charset);
}

/// Appends a set of numbers.
pub(super) fn set(out: &mut Vec<u8>, ranges: &[RangeInclusive<u32>]) {
    for (at, range) in ranges.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        number(out, u64::from(*range.start()));
        if range.start() != range.end() {
            out.push(b':');
            number(out, u64::from(*range.end()));
        }
    }
}

/// Appends a date with its time (RFC 9051 §9, `date-time`), in UTC.
pub(super) fn date_time(out: &mut Vec<u8>, time: Time) {
    let unix_seconds = i64::try_from(time.unix_seconds()).unwrap_or(i64::MAX);
    write::date_time(out, Date { unix_seconds, offset_minutes: Some(0) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn sets_are_ranges() {
        assert_eq!(written(|out| set(out, &[1..=1, 3..=9, 12..=12])), "1,3:9,12");
    }

    #[test]
    fn dates_are_in_utc() {
        assert_eq!(written(|out| date_time(out, Time(1_081_298_274_000))), "\"07-Apr-2004 00:37:54 +0000\"");
    }
}
