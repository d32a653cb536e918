//! Values that are no text: days and months, ages, sizes. Owns reading and writing each; knows no clock.

use crate::Time;
use crate::date;
use crate::search::Day;
use std::fmt;

/// Seconds of the units of an age; a month is 30 days and a year 365, as nobody counts on more.
const HOUR_S: u32 = 3600;
const DAY_S: u32 = 24 * HOUR_S;
/// Digits of a number before its unit: as many as 64 bits have.
const DIGITS_MAX: usize = 20;

/// A stretch of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// `2026`.
    Year(u16),
    /// `2026-11`; months count from 1.
    Month(u16, u8),
    /// `2026-11-21`.
    Date(u16, u8, u8),
    /// `today`, in UTC.
    Today,
    /// `yesterday`.
    Yesterday,
}

/// How long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Age {
    /// How many of the unit.
    pub count: u32,
    /// Of what.
    pub unit: AgeUnit,
}

/// What an age counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AgeUnit {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl When {
    /// Reads `2026-11-21`, `2026/11/21`, `2026-11`, `2026`, `today` or `yesterday`.
    #[must_use]
    pub fn of(text: &str) -> Option<When> {
        if text.eq_ignore_ascii_case("today") {
            return Some(When::Today);
        }
        if text.eq_ignore_ascii_case("yesterday") {
            return Some(When::Yesterday);
        }
        let mut pieces = text.split(['-', '/']);
        let year = number(pieces.next()?, 4..=4)?;
        let when = match (pieces.next(), pieces.next(), pieces.next()) {
            (None, ..) => When::Year(u16::try_from(year).ok()?),
            (Some(month), None, _) => When::Month(u16::try_from(year).ok()?, small(month)?),
            (Some(month), Some(day), None) => When::Date(u16::try_from(year).ok()?, small(month)?, small(day)?),
            _ => return None,
        };
        when.first_day().map(|_| when)
    }

    /// The first day of it and the first after it, where today is that of `now` in UTC.
    #[must_use]
    pub fn days(self, now: Time) -> (Day, Day) {
        let today = i64::try_from(now.unix_seconds() / u64::from(DAY_S)).unwrap_or(i64::MAX - 1);
        let (first, after) = match self {
            When::Today => (today, today + 1),
            When::Yesterday => (today - 1, today),
            When::Date(..) => (self.first_day().unwrap_or(0), self.first_day().unwrap_or(0) + 1),
            When::Month(year, 12) => (self.first_day().unwrap_or(0), first_of(i64::from(year) + 1, 1)),
            When::Month(year, month) => {
                (self.first_day().unwrap_or(0), first_of(i64::from(year), u32::from(month) + 1))
            }
            When::Year(year) => (self.first_day().unwrap_or(0), first_of(i64::from(year) + 1, 1)),
        };
        (Day(first), Day(after))
    }

    fn first_day(self) -> Option<i64> {
        match self {
            When::Year(year) => date::day(i64::from(year), 1, 1),
            When::Month(year, month) => date::day(i64::from(year), u32::from(month), 1),
            When::Date(year, month, day) => date::day(i64::from(year), u32::from(month), u32::from(day)),
            When::Today | When::Yesterday => Some(0),
        }
    }
}

fn first_of(year: i64, month: u32) -> i64 {
    date::day(year, month, 1).unwrap_or(i64::MAX)
}

fn small(text: &str) -> Option<u8> {
    number(text, 1..=2).and_then(|number| u8::try_from(number).ok())
}

/// Digits and nothing else, so many of them.
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let all_digits = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Year(year) => write!(f, "{year:04}"),
            When::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            When::Date(year, month, day) => write!(f, "{year:04}-{month:02}-{day:02}"),
            When::Today => f.write_str("today"),
            When::Yesterday => f.write_str("yesterday"),
        }
    }
}

impl AgeUnit {
    const ALL: [(char, AgeUnit, u32); 5] = [
        ('h', AgeUnit::Hour, HOUR_S),
        ('d', AgeUnit::Day, DAY_S),
        ('w', AgeUnit::Week, 7 * DAY_S),
        ('m', AgeUnit::Month, 30 * DAY_S),
        ('y', AgeUnit::Year, 365 * DAY_S),
    ];
}

impl Age {
    /// Reads `2y`, `6m`, `3w`, `7d` or `12h`. What does not fit in 32 bits of seconds is none.
    #[must_use]
    pub fn of(text: &str) -> Option<Age> {
        let unit = text.chars().next_back()?.to_ascii_lowercase();
        let (letter, unit, _) = AgeUnit::ALL.into_iter().find(|(letter, ..)| *letter == unit)?;
        let digits = text.get(..text.len() - letter.len_utf8())?;
        let count = u32::try_from(number(digits, 1..=DIGITS_MAX)?).ok()?;
        let age = Age { count, unit };
        age.checked_seconds().map(|_| age)
    }

    /// How long that is.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.checked_seconds().unwrap_or(u32::MAX)
    }

    fn checked_seconds(self) -> Option<u32> {
        let (.., unit_s) = AgeUnit::ALL.into_iter().find(|(_, unit, _)| *unit == self.unit)?;
        self.count.checked_mul(unit_s)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter =
            AgeUnit::ALL.into_iter().find(|(_, unit, _)| *unit == self.unit).map_or('d', |(letter, ..)| letter);
        write!(f, "{}{letter}", self.count)
    }
}

/// Suffixes of sizes, largest first.
const UNITS: [(char, u64); 3] = [('G', 1 << 30), ('M', 1 << 20), ('K', 1 << 10)];

/// Reads `5M`, `1.5mb`, `500k`, `2GiB` or a number of octets. A K is 1024, as everywhere in the house.
pub(super) fn octets(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits_end = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (digits, unit) = lower.split_at_checked(digits_end)?;
    let unit = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit);
    let scale = match unit {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let whole = number(whole, 1..=DIGITS_MAX)?.checked_mul(scale)?;
    let places = u32::try_from(fraction.len()).ok()?;
    let part = number(fraction, 1..=6)?.checked_mul(scale)? / 10_u64.pow(places);
    whole.checked_add(part)
}

/// Writes a size with the largest unit that loses nothing.
pub(super) fn write_octets(f: &mut fmt::Formatter<'_>, octets: u64) -> fmt::Result {
    match UNITS.into_iter().find(|(_, scale)| octets > 0 && octets.is_multiple_of(*scale)) {
        Some((letter, scale)) => write!(f, "{}{letter}", octets / scale),
        None => write!(f, "{octets}"),
    }
}
