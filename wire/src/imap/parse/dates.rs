//! Dates (RFC 9051 §9): `date` of searches, `date-time` of APPEND. What they mean is [`message::date`]'s.

use super::cursor::Cursor;
use super::{Parsed, SyntaxError};
use message::date::{self, Date};
use message::search::Day;

/// `1-Feb-1994`, quoted or not.
pub(super) fn day(c: &mut Cursor<'_>) -> Parsed<Day> {
    let at = c.at();
    let quoted = c.eat(b'"');
    let text = c.run(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let shaped = matches!(text.iter().position(|octet| *octet == b'-'), Some(1 | 2))
        && is_date(text.get(text.len().saturating_sub("Feb-1994".len())..).unwrap_or_default());
    let midnight = [text, b" 00:00:00 +0000"].concat();
    let read = date::read(&midnight).filter(|_| shaped && text.len() <= "01-Feb-1994".len());
    let read = read.ok_or(SyntaxError::expected(at, "a date like 1-Feb-1994"))?;
    if quoted {
        c.need(b'"', "the end of the quoted date")?;
    }
    Ok(Day(read.unix_seconds.div_euclid(86_400)))
}

/// `Feb-1994`.
fn is_date(text: &[u8]) -> bool {
    let (month, year) = text.split_at(text.len().min(3));
    let year = year.strip_prefix(b"-").unwrap_or_default();
    month.iter().all(u8::is_ascii_alphabetic) && year.len() == 4 && year.iter().all(u8::is_ascii_digit)
}

/// `"17-Jul-1996 02:44:25 -0700"`; the day may have a space before it.
pub(in super::super) fn date_time(c: &mut Cursor<'_>) -> Parsed<Date> {
    let at = c.at();
    let expected = SyntaxError::expected(at, "a date like \"17-Jul-1996 02:44:25 -0700\"");
    let text = c.quoted().map_err(|_| expected)?;
    let shaped = |(index, octet): (usize, &u8)| match index {
        0 => octet.is_ascii_digit() || *octet == b' ',
        2 | 6 => *octet == b'-',
        3..=5 => octet.is_ascii_alphabetic(),
        11 | 20 => *octet == b' ',
        14 | 17 => *octet == b':',
        21 => matches!(octet, b'+' | b'-'),
        24 => matches!(octet, b'0'..=b'5'),
        _ => octet.is_ascii_digit(),
    };
    let fits = text.len() == 26 && text.iter().enumerate().all(shaped);
    let date = date::read(&text).filter(|_| fits).ok_or(expected)?;
    // `-0000` is a zone like any other here.
    Ok(Date { offset_minutes: date.offset_minutes.or(Some(0)), ..date })
}
