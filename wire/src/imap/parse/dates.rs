//! Dates (RFC 9051 §9): `date` of searches, `date-time` of APPEND. They are read as the grammar has them and no other way;
//! the calendar is [`message::date`]'s.

use super::cursor::Cursor;
use super::{Parsed, SyntaxError};
use message::date::{self, Date};
use message::search::Day;

const DAY_S: i64 = 86_400;

/// `1-Feb-1994`, quoted or not.
pub(super) fn day(c: &mut Cursor<'_>) -> Parsed<Day> {
    let at = c.at();
    let quoted = c.eat(b'"');
    let text = c.run(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let day = day_of(text).ok_or(SyntaxError::expected(at, "a date like 1-Feb-1994"))?;
    if quoted {
        c.need(b'"', "the end of the quoted date")?;
    }
    Ok(Day(day))
}

/// Days from 1970-01-01 to `1-Feb-1994`.
fn day_of(text: &[u8]) -> Option<i64> {
    let mut parts = text.split(|octet| *octet == b'-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || day.len() > 2 || year.len() != 4 {
        return None;
    }
    let month = (1..=12).find(|number| date::month_name(*number).as_bytes().eq_ignore_ascii_case(month))?;
    date::day(number(year)?, month, u32::try_from(number(day)?).ok()?)
}

/// Digits and nothing else.
fn number(text: &[u8]) -> Option<i64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// `"17-Jul-1996 02:44:25 -0700"`; the day may have a space before it.
pub(in super::super) fn date_time(c: &mut Cursor<'_>) -> Parsed<Date> {
    let at = c.at();
    let expected = SyntaxError::expected(at, "a date like \"17-Jul-1996 02:44:25 -0700\"");
    let text = c.quoted().map_err(|_| expected)?;
    moment(&text).ok_or(expected)
}

fn moment(text: &[u8]) -> Option<Date> {
    // date-day-fixed has two places, the first of which may be a space.
    let (day, rest) = text.split_at_checked("17-Jul-1996".len())?;
    let day = day.strip_prefix(b" ").unwrap_or(day);
    let &[b' ', h1, h2, b':', m1, m2, b':', s1, s2, b' ', sign @ (b'+' | b'-'), z1, z2, z3, z4] = rest else {
        return None;
    };
    // 60 is a leap second, as everywhere.
    let second = within([h1, h2], 24)? * 3600 + within([m1, m2], 60)? * 60 + within([s1, s2], 61)?;
    let east = within([z1, z2], 100)? * 60 + within([z3, z4], 60)?;
    let east = if sign == b'-' { -east } else { east };
    let unix_seconds = day_of(day)? * DAY_S + second - east * 60;
    Some(Date { unix_seconds, offset_minutes: i16::try_from(east).ok() })
}

/// Two digits below a limit.
fn within(digits: [u8; 2], limit: i64) -> Option<i64> {
    number(&digits).filter(|number| *number < limit)
}
