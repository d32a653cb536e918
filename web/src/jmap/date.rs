//! `Date` and `UTCDate` (RFC 8620 §1.4): RFC 3339 with capital letters, and no fraction of a second where it is zero.

use message::Time;
use message::date::{Date, civil, day};

const DAY_S: i64 = 86_400;

/// Writes a moment as `UTCDate`, to the second: dates of mail have no more.
#[must_use]
pub fn write_utc(time: Time) -> String {
    format!("{}Z", civil_time(i64::try_from(time.unix_seconds()).unwrap_or(i64::MAX / 2)))
}

/// Writes a date as `Date`, in its own zone. A year that has not four digits cannot be written.
#[must_use]
pub fn write(date: Date) -> Option<String> {
    let offset = date.offset_minutes.unwrap_or(0);
    let local = date.unix_seconds.checked_add(i64::from(offset) * 60)?;
    let year = civil(local.div_euclid(DAY_S)).0;
    // RFC 3339 §5.6: an offset has at most 23 hours and 59 minutes.
    if !(0..=9999).contains(&year) || offset.unsigned_abs() >= 24 * 60 {
        return None;
    }
    let zone = match date.offset_minutes {
        None | Some(0) => "Z".to_owned(),
        Some(offset) => {
            let sign = if offset < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", offset.unsigned_abs() / 60, offset.unsigned_abs() % 60)
        }
    };
    Some(format!("{}{zone}", civil_time(local)))
}

fn civil_time(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY_S));
    let second = seconds.rem_euclid(DAY_S);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Reads `UTCDate`; a fraction of a second is passed over. What lies before 1970 becomes 1970.
#[must_use]
pub fn read_utc(text: &str) -> Option<Time> {
    let date = read(text)?;
    text.ends_with('Z').then(|| date.time())
}

/// Reads `Date`.
#[must_use]
pub fn read(text: &str) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| text.as_bytes().get(*at) == Some(mark)) {
        return None;
    }
    let days = day(number(0..4)?, u32::try_from(number(5..7)?).ok()?, u32::try_from(number(8..10)?).ok()?)?;
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // A leap second (RFC 3339 §5.6) is the first of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let zone = after_fraction(text.get(19..)?)?;
    let offset = offset(zone)?;
    let local = days * DAY_S + hour * 3600 + minute * 60 + second;
    Some(Date { unix_seconds: local - i64::from(offset) * 60, offset_minutes: Some(offset) })
}

fn after_fraction(text: &str) -> Option<&str> {
    let Some(digits) = text.strip_prefix('.') else { return Some(text) };
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < digits.len()).then_some(rest)
}

fn offset(zone: &str) -> Option<i16> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = (zone.get(..1)?, zone.get(1..)?);
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str| {
        let is_two = digits.len() == 2 && digits.bytes().all(|octet| octet.is_ascii_digit());
        is_two.then(|| digits.parse::<i16>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let minutes = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
    match sign {
        "+" => Some(minutes),
        "-" => Some(-minutes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dates_read_as_they_are_written() {
        for text in ["2014-10-30T06:12:00Z", "1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z"] {
            assert_eq!(write_utc(read_utc(text).unwrap()), text);
        }
        for text in ["2014-10-30T14:12:00+08:00", "2014-10-30T06:12:00-00:30", "0001-01-01T00:00:00Z"] {
            assert_eq!(write(read(text).unwrap()).as_deref(), Some(text));
        }
        assert_eq!(read_utc("2014-10-30T06:12:00.123Z"), read_utc("2014-10-30T06:12:00Z"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2014-10-30",
            "2014-10-30T06:12:00",
            "2014-10-30t06:12:00Z",
            "2014-10-30T06:12:00z",
            "2014-13-30T06:12:00Z",
            "2014-02-30T06:12:00Z",
            "2014-10-30T24:12:00Z",
            "2014-10-30T06:60:00Z",
            "2014-10-30T06:12:61Z",
            "2014-10-30T06:12:00.Z",
            "2014-10-30T06:12:00+8:00",
            "2014-10-30T06:12:00+24:00",
            "+014-10-30T06:12:00Z",
            "2014-10-30T06:12:00\u{e9}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read_utc("2014-10-30T14:12:00+08:00"), None, "another zone");
        let far = Date { unix_seconds: 253_402_300_800, offset_minutes: None };
        assert_eq!(write(far), None, "the year 10000");
        assert_eq!(write(Date { unix_seconds: 0, offset_minutes: Some(24 * 60) }), None);
    }
}
