//! Where people's clocks stand: zones as the system keeps them, tzfile(5), and as `TZ` says them (POSIX, "Other Environment
//! Variables"). Owns what clocks show at a moment, and which moment is meant by what they show. Reads no file and no
//! environment: both are passed in.

use crate::Time;
use crate::date;
use std::sync::Arc;

/// Octets of a zone's file: real ones have some thousand.
pub const FILE_MAX: usize = 256 * 1024;
/// The furthest that clocks stand from UTC, in seconds: more than any clock does.
const OFFSET_MAX_S: i64 = 25 * 3600;
/// Where no time of day is said for a change of clocks.
const CHANGE_S: i64 = 2 * 3600;
/// How much later clocks stand in summer where that is not said.
const SUMMER_S: i64 = 3600;
const DAY_S: i64 = 86_400;

/// A zone. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone(Arc<Clocks>);

/// Offsets are seconds ahead of UTC.
#[derive(Debug, Default, PartialEq, Eq)]
struct Clocks {
    /// Before the first change.
    first: i64,
    /// From a moment on, sorted.
    changes: Vec<(i64, i64)>,
    /// After the last change.
    rule: Option<Rule>,
}

/// Clocks that change each year in the same way, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    winter: i64,
    summer: Option<Summer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Summer {
    offset: i64,
    begins: (Day, i64),
    ends: (Day, i64),
}

/// A day of any year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// `J60`: the first of March whatever the year.
    Counted(i64),
    /// `59`: counted from 0, leap days too.
    Exact(i64),
    /// `M3.5.0`: month, week (5 is the last), weekday from Sunday.
    Weekday(u32, i64, i64),
}

impl Zone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Zone {
        Zone::default()
    }

    /// Clocks that stand so many minutes ahead of UTC all the time.
    #[must_use]
    pub fn fixed(minutes: i16) -> Zone {
        Zone(Arc::new(Clocks { first: i64::from(minutes) * 60, ..Clocks::default() }))
    }

    /// Reads a zone's file, of any version; `None` where it is none.
    #[must_use]
    pub fn of_file(octets: &[u8]) -> Option<Zone> {
        let octets = octets.get(..FILE_MAX.min(octets.len()))?;
        let old = Block::read(octets, 4)?;
        let clocks = if old.version >= b'2' {
            let rest = octets.get(old.length..)?;
            let new = Block::read(rest, 8)?;
            let footer = rest.get(new.length..)?.strip_prefix(b"\n")?;
            let footer = footer.get(..footer.iter().position(|octet| *octet == b'\n')?)?;
            Clocks { rule: std::str::from_utf8(footer).ok().and_then(rule), ..new.clocks }
        } else {
            old.clocks
        };
        Some(Zone(Arc::new(clocks)))
    }

    /// Reads what `TZ` says where it names no file, as `CET-1CEST,M3.5.0,M10.5.0/3`.
    #[must_use]
    pub fn of_words(text: &str) -> Option<Zone> {
        let rule = rule(text)?;
        Some(Zone(Arc::new(Clocks { first: rule.winter, changes: Vec::new(), rule: Some(rule) })))
    }

    /// Minutes that clocks are ahead of UTC at a moment, as a date writes them.
    #[must_use]
    pub fn offset_minutes(&self, time: Time) -> i16 {
        i16::try_from(self.offset(seconds(time)).div_euclid(60)).unwrap_or_default()
    }

    /// What clocks show at a moment: the day, counted from 1970-01-01, and the second of it.
    #[must_use]
    pub fn local(&self, time: Time) -> (i64, i64) {
        let shown = seconds(time) + self.offset(seconds(time));
        (shown.div_euclid(DAY_S), shown.rem_euclid(DAY_S))
    }

    /// The moment when clocks show this; the first of two, and where they jump over it, as long after the jump. `None`:
    /// before 1970, or beyond all time.
    #[must_use]
    pub fn moment(&self, day: i64, second: i64) -> Option<Time> {
        let shown = day.checked_mul(DAY_S)?.checked_add(second)?;
        let before = self.offset(shown.checked_sub(2 * DAY_S)?);
        let after = self.offset(shown.checked_add(2 * DAY_S)?);
        let fits = |offset: &i64| self.offset(shown - offset) == *offset;
        let offset = [before, after].into_iter().find(fits).unwrap_or(before);
        u64::try_from(shown - offset).ok()?.checked_mul(1000).map(Time)
    }

    fn offset(&self, at: i64) -> i64 {
        let clocks = &self.0;
        let passed = clocks.changes.partition_point(|(from, _)| *from <= at);
        match (&clocks.rule, clocks.changes.get(passed.wrapping_sub(1))) {
            (Some(rule), _) if passed == clocks.changes.len() => rule.offset(at),
            (_, Some((_, offset))) => *offset,
            (_, None) => clocks.first,
        }
    }
}

fn seconds(time: Time) -> i64 {
    i64::try_from(time.unix_seconds()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

impl Rule {
    fn offset(&self, at: i64) -> i64 {
        let Some(summer) = self.summer else { return self.winter };
        let (year, ..) = date::civil((at + self.winter).div_euclid(DAY_S));
        let moment = |(day, second): (Day, i64), offset: i64| day.of(year) * DAY_S + second - offset;
        let (begins, ends) = (moment(summer.begins, self.winter), moment(summer.ends, summer.offset));
        // South of the equator summer goes over the end of the year.
        let is_summer = if begins < ends { begins <= at && at < ends } else { !(ends <= at && at < begins) };
        if is_summer { summer.offset } else { self.winter }
    }
}

impl Day {
    /// Counted from 1970-01-01.
    fn of(self, year: i64) -> i64 {
        let first = |month| date::day(year, month, 1).unwrap_or_default();
        match self {
            Day::Counted(number) => {
                let is_leap = date::day(year, 2, 29).is_some();
                first(1) + number - 1 + i64::from(is_leap && number >= 60)
            }
            Day::Exact(number) => first(1) + number,
            Day::Weekday(month, week, weekday) => {
                let begin = first(month);
                // 1970-01-01 was a Thursday.
                let ahead = (weekday - (begin + 4)).rem_euclid(7);
                let next = if month == 12 { date::day(year + 1, 1, 1).unwrap_or_default() } else { first(month + 1) };
                let found = begin + ahead + (week - 1) * 7;
                if found >= next { found - 7 } else { found }
            }
        }
    }
}

/// One of the two blocks of a file.
struct Block {
    version: u8,
    length: usize,
    clocks: Clocks,
}

impl Block {
    /// Times have so many octets in it.
    fn read(octets: &[u8], width: usize) -> Option<Block> {
        const HEAD: usize = 44;
        if !octets.starts_with(b"TZif") {
            return None;
        }
        let count = |index: usize| {
            let at = 20 + index * 4;
            usize::try_from(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?)).ok().filter(|n| *n < FILE_MAX)
        };
        let (is_utc, is_std, leap, times, types, letters) =
            (count(0)?, count(1)?, count(2)?, count(3)?, count(4)?, count(5)?);
        let (kinds_at, types_at) = (HEAD + times * width, HEAD + times * (width + 1));
        let length = types_at + types * 6 + letters + leap * (width + 4) + is_std + is_utc;
        octets.get(..length)?;
        let offset = |kind: usize| {
            let at = types_at + kind * 6;
            let seconds = i64::from(i32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?));
            (kind < types && seconds.abs() <= OFFSET_MAX_S).then_some(seconds)
        };
        let change = |index: usize| {
            let at = octets.get(HEAD + index * width..HEAD + (index + 1) * width)?;
            let moment = match width {
                4 => i64::from(i32::from_be_bytes(at.try_into().ok()?)),
                _ => i64::from_be_bytes(at.try_into().ok()?),
            };
            Some((moment, offset(usize::from(*octets.get(kinds_at + index)?))?))
        };
        let changes = (0..times).map(change).collect::<Option<Vec<_>>>()?;
        if !changes.is_sorted_by_key(|(moment, _)| *moment) {
            return None;
        }
        let clocks = Clocks { first: if types == 0 { 0 } else { offset(0)? }, changes, rule: None };
        Some(Block { version: *octets.get(4)?, length, clocks })
    }
}

/// What is left of a text that is read.
struct Words<'a>(&'a str);

impl Words<'_> {
    fn take(&mut self, letter: char) -> bool {
        let rest = self.0.strip_prefix(letter);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// `CET` or `<+0130>`.
    fn name(&mut self) -> Option<()> {
        let length = match self.0.strip_prefix('<') {
            Some(rest) => rest.find('>')? + 2,
            None => self.0.bytes().take_while(u8::is_ascii_alphabetic).count(),
        };
        let (name, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        (name.len() >= 3).then_some(())
    }

    fn number(&mut self) -> Option<i64> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.parse().ok().filter(|number| *number < 1000)
    }

    /// `-5`, `5:30`, `02:00:00`: seconds.
    fn clock(&mut self) -> Option<i64> {
        let sign = if self.take('-') { -1 } else { 1 };
        self.take('+');
        let mut seconds = self.number()? * 3600;
        if self.take(':') {
            seconds += self.number()? * 60;
        }
        if self.take(':') {
            seconds += self.number()?;
        }
        Some(sign * seconds)
    }

    /// `M3.5.0/3`.
    fn change(&mut self) -> Option<(Day, i64)> {
        let day = if self.take('M') {
            let month = u32::try_from(self.number()?).ok().filter(|month| (1..=12).contains(month))?;
            let week = self.take('.').then(|| self.number())?.filter(|week| (1..=5).contains(week))?;
            Day::Weekday(month, week, self.take('.').then(|| self.number())?.filter(|day| *day <= 6)?)
        } else if self.take('J') {
            Day::Counted(self.number().filter(|day| (1..=365).contains(day))?)
        } else {
            Day::Exact(self.number().filter(|day| *day <= 365)?)
        };
        let second = if self.take('/') { self.clock()? } else { CHANGE_S };
        Some((day, second))
    }
}

fn rule(text: &str) -> Option<Rule> {
    let mut words = Words(text);
    words.name()?;
    // In these words west is ahead.
    let winter = -words.clock().filter(|offset| offset.abs() <= OFFSET_MAX_S)?;
    if words.0.is_empty() {
        return Some(Rule { winter, summer: None });
    }
    words.name()?;
    let offset = if words.0.is_empty() || words.0.starts_with(',') { winter + SUMMER_S } else { -words.clock()? };
    // Where it is not said when, the rule of the United States is meant, as everywhere.
    let (begins, ends) = if words.0.is_empty() {
        ((Day::Weekday(3, 2, 0), CHANGE_S), (Day::Weekday(11, 1, 0), CHANGE_S))
    } else {
        let begins = words.take(',').then(|| words.change())??;
        (begins, words.take(',').then(|| words.change())??)
    };
    let summer = Summer { offset, begins, ends };
    (words.0.is_empty() && offset.abs() <= OFFSET_MAX_S).then_some(Rule { winter, summer: Some(summer) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-29T01:00:00Z and 2026-10-25T01:00:00Z: clocks of Paris change.
    const SPRING: u64 = 1_774_746_000;
    const AUTUMN: u64 = 1_792_890_000;

    fn at(seconds: u64) -> Time {
        Time(seconds * 1000)
    }

    fn paris() -> Zone {
        Zone::of_words("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn clocks_follow_the_words() {
        let paris = paris();
        let minutes = [SPRING - 1, SPRING, AUTUMN - 1, AUTUMN].map(|second| paris.offset_minutes(at(second)));
        assert_eq!(minutes, [60, 120, 120, 60]);
        // South of the equator, and with half hours.
        let adelaide = Zone::of_words("ACST-9:30ACDT,M10.1.0,M4.1.0/3").unwrap();
        assert_eq!([SPRING, AUTUMN - 90 * 86_400].map(|second| adelaide.offset_minutes(at(second))), [630, 570]);
        let new_york = Zone::of_words("EST5EDT").unwrap();
        assert_eq!([1_767_225_600, SPRING].map(|second| new_york.offset_minutes(at(second))), [-300, -240]);
        assert_eq!(Zone::of_words("<+0545>-5:45").unwrap().offset_minutes(at(0)), 345);
        assert_eq!(Zone::of_words("UTC0").unwrap().offset_minutes(at(SPRING)), 0);
        let counted = Zone::of_words("AAA0BBB,J60/0,J61/0").unwrap();
        let first_of_march = [1_709_251_200, 1_772_323_200]; // 2024, a leap year, and 2026
        assert_eq!(first_of_march.map(|second| counted.offset_minutes(at(second))), [60, 60]);
        assert_eq!(first_of_march.map(|second| counted.offset_minutes(at(second - 1))), [0, 0]);
        let exact = Zone::of_words("AAA0BBB,59/0,60/0").unwrap();
        assert_eq!(first_of_march.map(|second| exact.offset_minutes(at(second))), [0, 60]);
        for wrong in [
            "",
            "CET",
            "C-1",
            "CET-1CEST,M13.1.0,M10.5.0",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,J0,J1",
            "CET-1 ",
            "<x-1",
            "CET-26",
            "é",
        ] {
            assert_eq!(Zone::of_words(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_are_what_clocks_show() {
        let paris = paris();
        let (day, second) = paris.local(at(SPRING));
        assert_eq!(second, 3 * 3600);
        assert_eq!(paris.moment(day, second), Some(at(SPRING)));
        assert_eq!(paris.moment(day, 2 * 3600 + 1800), Some(at(SPRING + 1800)), "clocks jump over it");
        let (day, second) = paris.local(at(AUTUMN - 1800));
        assert_eq!((second, paris.moment(day, second)), (2 * 3600 + 1800, Some(at(AUTUMN - 1800))), "the first of two");
        assert_eq!(paris.moment(-10, 0), None);
        assert_eq!(paris.moment(i64::MAX, 0), None);
        assert_eq!(Zone::fixed(-90).local(at(0)), (-1, 22 * 3600 + 1800));
        assert_eq!(Zone::utc().moment(1, 1), Some(at(86_401)));
    }

    /// A file as the system has it: clocks of New York in two years, then the rule.
    fn file(version: u8) -> Vec<u8> {
        let block = |width: usize| {
            let mut octets = b"TZif".to_vec();
            octets.push(version);
            octets.extend([0; 15]);
            for count in [0_u32, 0, 0, 2, 2, 8] {
                octets.extend(count.to_be_bytes());
            }
            for moment in [1_000_000_i64, 2_000_000] {
                octets.extend(&moment.to_be_bytes()[8 - width..]);
            }
            octets.extend([1, 0]);
            for (offset, index) in [(-18_000_i32, 0_u8), (-14_400, 4)] {
                octets.extend(offset.to_be_bytes());
                octets.extend([0, index]);
            }
            octets.extend(b"EST\0EDT\0");
            octets
        };
        let mut all = block(4);
        if version >= b'2' {
            all.extend(block(8));
            all.extend(b"\nEST5EDT,M3.2.0,M11.1.0\n");
        }
        all
    }

    #[test]
    fn files_of_zones_are_read() {
        for version in [0, b'2', b'4'] {
            let zone = Zone::of_file(&file(version)).unwrap();
            let minutes = [0, 999_999, 1_000_000, 2_000_000].map(|second| zone.offset_minutes(at(second)));
            assert_eq!(minutes, [-300, -300, -240, -300]);
            assert_eq!(zone.offset_minutes(at(SPRING)), if version == 0 { -300 } else { -240 });
        }
        let whole = file(b'2');
        for length in 0..whole.len() {
            assert_eq!(Zone::of_file(&whole[..length]), None, "{length}");
        }
        let mut large = file(0);
        large[32..36].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(Zone::of_file(&large), None);
        let mut foreign = file(0);
        foreign[44 + 8] = 2;
        assert_eq!(Zone::of_file(&foreign), None);
    }
}
