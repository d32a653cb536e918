//! Dates: RFC 5322 §3.3 written exactly and read in every obsolete form of §4.3; ISO 8601 in UTC for logs. Owns the
//! calendar arithmetic. Does not own the clock: time comes in as [`Time`].

use crate::Time;

/// Octets of a date that are looked at; no real one comes near, comments included.
pub const DATE_MAX: usize = 1000;
/// A zone is at most ±99:59 in the grammar of RFC 5322 §3.3.
const OFFSET_MAX: i32 = 99 * 60 + 59;
const DAY_S: i64 = 86_400;
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date as read from a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Seconds since 1970-01-01 00:00 UTC; negative before.
    pub unix_seconds: i64,
    /// Minutes east of UTC; `None` where the zone is missing, unknown or `-0000` (then taken as UTC).
    pub offset_minutes: Option<i16>,
}

impl Date {
    /// The day it writes, counted from 1970-01-01: that of its own zone.
    #[must_use]
    pub fn day(self) -> i64 {
        (self.unix_seconds + i64::from(self.offset_minutes.unwrap_or(0)) * 60).div_euclid(DAY_S)
    }

    /// The moment; what lies before 1970 becomes 1970.
    #[must_use]
    pub fn time(self) -> Time {
        Time(u64::try_from(self.unix_seconds).unwrap_or(0).saturating_mul(1000))
    }
}

/// Year, month 1-12 and day 1-31 of a day counted from 1970-01-01 (proleptic Gregorian).
#[must_use]
pub fn civil(days: i64) -> (i64, u32, u32) {
    // Years are counted from March, so that the leap day is the last; an era is 400 years of 146,097 days.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
}

/// The inverse of [`civil`].
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = i64::from((month + 9) % 12);
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A day as counted from 1970-01-01; `None` where the calendar has no such day. Months and days count from 1.
#[must_use]
pub fn day(year: i64, month: u32, day: u32) -> Option<i64> {
    let exists = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    exists.then(|| days_from_civil(year, month, day))
}

/// Writes `Sat, 21 Nov 2026 05:17:44 +0100` (RFC 5322 §3.3). The offset counts minutes east of UTC.
#[must_use]
pub fn write(time: Time, offset_minutes: i16) -> String {
    let offset = i32::from(offset_minutes).clamp(-OFFSET_MAX, OFFSET_MAX);
    let local = i64::try_from(time.unix_seconds()).unwrap_or(i64::MAX / 2) + i64::from(offset) * 60;
    let (days, second) = (local.div_euclid(DAY_S), local.rem_euclid(DAY_S));
    let (year, month, day) = civil(days);
    let weekday = name_of(&DAYS, (days + 4).rem_euclid(7));
    let month = month_name(month);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let sign = if offset < 0 { '-' } else { '+' };
    let (east_h, east_min) = (offset.abs() / 60, offset.abs() % 60);
    format!("{weekday}, {day} {month} {year:04} {hour:02}:{minute:02}:{second:02} {sign}{east_h:02}{east_min:02}")
}

/// `Jan` to `Dec` for 1 to 12.
#[must_use]
pub fn month_name(month: u32) -> &'static str {
    name_of(&MONTHS, i64::from(month) - 1)
}

fn name_of(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|i| names.get(i)).copied().unwrap_or("")
}

/// Writes `2026-11-21T05:17:44.123Z` (ISO 8601, RFC 3339), for logs and JSON.
#[must_use]
pub fn write_iso8601(time: Time) -> String {
    let seconds = i64::try_from(time.unix_seconds()).unwrap_or(i64::MAX / 2);
    let (year, month, day) = civil(seconds.div_euclid(DAY_S));
    let second = seconds.rem_euclid(DAY_S);
    let (hour, minute, second, milli) = (second / 3600, second / 60 % 60, second % 60, time.0 % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Reads a date in the form of RFC 5322 §3.3, in any obsolete form of §4.3, or in that of C's `asctime`. Total;
/// `None` where no day, month, year and time can be made out.
#[must_use]
pub fn read(text: &[u8]) -> Option<Date> {
    let words = split_words(text.get(..DATE_MAX).unwrap_or(text));
    let mut words = words.iter().map(Vec::as_slice).peekable();
    words.next_if(|word| word.first().is_some_and(u8::is_ascii_alphabetic) && month_of(word).is_none());
    if let Some(month) = words.peek().and_then(|word| month_of(word)) {
        return read_asctime(month, &mut words);
    }
    let day = number(words.next()?, 2)?;
    let month = month_of(words.next()?)?;
    let year = year_of(words.next()?)?;
    let second = read_clock(&mut words)?;
    assemble(year, month, day, second, words.next())
}

/// `Sat Nov 21 05:17:44 2026`: not in any RFC, but in many mailboxes.
fn read_asctime<'a>(month: u32, words: &mut Words<'a, impl Iterator<Item = &'a [u8]>>) -> Option<Date> {
    words.next();
    let day = number(words.next()?, 2)?;
    let second = read_clock(words)?;
    let zone_first = words.next_if(|word| !word.first().is_some_and(u8::is_ascii_digit));
    let year = year_of(words.next()?)?;
    assemble(year, month, day, second, zone_first.or_else(|| words.next()))
}

type Words<'a, I> = std::iter::Peekable<I>;

fn assemble(year: i64, month: u32, day: u32, second: i64, zone: Option<&[u8]>) -> Option<Date> {
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let offset_minutes = zone.and_then(read_zone);
    let local = days_from_civil(year, month, day) * DAY_S + second;
    Some(Date { unix_seconds: local - i64::from(offset_minutes.unwrap_or(0)) * 60, offset_minutes })
}

/// Words without comments and white space; `,` and `-` between letters or digits part words, `:` is a word of its own.
fn split_words(text: &[u8]) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word = Vec::new();
    let mut depth = 0_u32;
    let mut escaped = false;
    for &byte in text {
        if depth > 0 {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            continue;
        }
        let parts_words = match byte {
            b'+' => true,
            // `21-Nov-2026` is a date, `05:17:44-0500` a time and its zone.
            b'-' => !word.is_empty(),
            _ => byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b'('),
        };
        if parts_words && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match byte {
            b'(' => depth = 1,
            b':' => words.push(vec![b':']),
            b'-' if words.iter().any(|w| w == b":") => word.push(b'-'),
            b'-' | b',' => {}
            _ if byte.is_ascii_whitespace() => {}
            _ => word.push(byte),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `hour ":" minute [":" second]` as seconds of the day; `60` is a leap second (RFC 5322 §3.3).
fn read_clock<'a>(words: &mut Words<'a, impl Iterator<Item = &'a [u8]>>) -> Option<i64> {
    let hour = number(words.next()?, 2).filter(|hour| *hour < 24)?;
    words.next_if_eq(&b":".as_slice())?;
    let minute = number(words.next()?, 2).filter(|minute| *minute < 60)?;
    let second = match words.next_if_eq(&b":".as_slice()) {
        Some(_) => number(words.next()?, 2).filter(|second| *second <= 60)?,
        None => 0,
    };
    Some(i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second))
}

fn number(word: &[u8], digits_max: usize) -> Option<u32> {
    if word.is_empty() || word.len() > digits_max || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(word.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

/// RFC 5322 §3.3.
const YEAR_MIN: i64 = 1900;

/// RFC 5322 §4.3: two digits below 50 are of this century, other two or three digits count from 1900.
fn year_of(word: &[u8]) -> Option<i64> {
    let year = i64::from(number(word, 4)?);
    match word.len() {
        2 if year < 50 => Some(year + 2000),
        2 | 3 => Some(year + 1900),
        // RFC 5322 §3.3: a year is 1900 or later. One written with a zero before it means nothing anybody knows.
        4 if year >= YEAR_MIN => Some(year),
        _ => None,
    }
}

fn month_of(word: &[u8]) -> Option<u32> {
    let start = word.get(..3)?;
    let index = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(start))?;
    u32::try_from(index + 1).ok()
}

/// RFC 5322 §4.3: named zones have their offset; military letters other than Z say nothing (`-0000`), as does any
/// name we do not know.
fn read_zone(word: &[u8]) -> Option<i16> {
    if let Some((sign @ (b'+' | b'-'), digits)) = word.split_first() {
        let value = number(digits, 4).filter(|_| digits.len() == 4)?;
        let minutes = i16::try_from(value / 100 * 60 + value % 100).ok().filter(|_| value % 100 < 60)?;
        return match sign {
            b'-' if minutes == 0 => None,
            b'-' => Some(-minutes),
            _ => Some(minutes),
        };
    }
    let hours = match word.to_ascii_uppercase().as_slice() {
        b"UT" | b"UTC" | b"GMT" | b"Z" => 0,
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => return None,
    };
    Some(hours * 60)
}

#[cfg(test)]
#[path = "date_tests.rs"]
mod tests;
