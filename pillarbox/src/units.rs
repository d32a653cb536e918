//! Sizes, times and counts in words. Exact figures are for JSON and pipes.

use message::Time;
use message::date::{civil, write_iso8601};
use message::zone::Zone;

pub use message::harmless::harmless;

/// What is wrong with a size.
const SIZE_FORM: &str = "a size is a number and a unit: B, KiB, MiB, GiB, TiB, kB, MB or GB, as in \"10 GiB\"";

const UNITS: [(&str, u64); 8] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// A quota as typed: a size, or `none` for as much as fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota(pub Option<u64>);

/// Reads `10 GiB`, `10GiB` or `none`.
pub fn quota(text: &str) -> Result<Quota, String> {
    if text == "none" {
        return Ok(Quota(None));
    }
    size(text).map(|octets| Quota(Some(octets))).ok_or_else(|| format!("{SIZE_FORM}; or none"))
}

fn size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// `1.4 KiB`; octets alone below that.
#[must_use]
pub fn octets(octets: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(factor, _)| octets >= *factor) {
        Some((factor, unit)) => {
            // In tenths, rounded down: a mailbox is never shown fuller than it is.
            let tenths = u128::from(octets) * 10 / u128::from(factor);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{octets} B"),
    }
}

/// `1 message`, `2 messages`.
#[must_use]
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Reads a span of time as it is typed: `4h`, `2d`.
pub fn age(text: &str) -> Result<std::time::Duration, String> {
    server::duration(text).ok_or_else(|| "write a number and a unit: s, m, h or d, as in 4h".to_owned())
}

/// How long ago, or ahead, in one unit: `3 min ago`, `in 2 h`.
#[must_use]
pub fn relative(time: Time, now: Time) -> String {
    let (ahead, seconds) = match now.since(time).as_secs() {
        0 => (true, time.since(now).as_secs()),
        seconds => (false, seconds),
    };
    let span = match seconds {
        0 => return "now".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{} days", seconds / 86_400),
    };
    if ahead { format!("in {span}") } else { format!("{span} ago") }
}

/// The moment, exact, in UTC: `2026-11-21T05:17:44.123Z`.
#[must_use]
pub fn exact(time: Time) -> String {
    write_iso8601(time)
}

/// The time of day of a moment, in UTC: `05:17:44.123`.
#[must_use]
pub fn clock(time: Time) -> String {
    let text = exact(time);
    text.split_once('T').map(|(_, clock)| clock.trim_end_matches('Z').to_owned()).unwrap_or(text)
}

/// The day of a moment where clocks stand so: `2026-11-21`.
#[must_use]
pub fn day(time: Time, zone: &Zone) -> String {
    let (year, month, day) = civil(zone.local(time).0);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A moment to the minute where clocks stand so: `2026-11-21 06:17`.
#[must_use]
pub fn minute(time: Time, zone: &Zone) -> String {
    let (_, second) = zone.local(time);
    format!("{} {:02}:{:02}", day(time, zone), second / 3600, second / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_sizes_or_none() {
        assert_eq!(quota("10 GiB"), Ok(Quota(Some(10 << 30))));
        assert_eq!(quota("500MB"), Ok(Quota(Some(500_000_000))));
        assert_eq!(quota("0 B"), Ok(Quota(Some(0))));
        assert_eq!(quota("none"), Ok(Quota(None)));
        for wrong in
            ["", "10", "GiB", "-1 B", "1.5 GiB", "10 gib", "18446744073709551615 KiB", "99999999999999999999 B"]
        {
            assert!(quota(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn octets_are_told_in_the_largest_unit_that_fits() {
        let told = [0, 1, 1023, 1024, 1434, 1 << 20, (1 << 30) - 1, 1 << 30, u64::MAX].map(octets);
        let words =
            ["0 B", "1 B", "1023 B", "1.0 KiB", "1.4 KiB", "1.0 MiB", "1023.9 MiB", "1.0 GiB", "16777215.9 TiB"];
        assert_eq!(told, words);
    }

    #[test]
    fn times_are_told_in_one_unit() {
        let now = Time(1_000_000_000_000);
        let ago = |seconds: u64| relative(Time(now.0 - seconds * 1000), now);
        assert_eq!([0, 1, 59, 60, 3599].map(ago), ["now", "1 s ago", "59 s ago", "1 min ago", "59 min ago"]);
        assert_eq!([3600, 86_399, 86_400, 172_800].map(ago), ["1 h ago", "23 h ago", "1 day ago", "2 days ago"]);
        assert_eq!(relative(Time(now.0 + 7_200_000), now), "in 2 h");
    }

    #[test]
    fn moments_have_a_day_and_a_clock() {
        let time = Time(1_081_298_274_123);
        assert_eq!(exact(time), "2004-04-07T00:37:54.123Z");
        assert_eq!((day(time, &Zone::default()), clock(time)), ("2004-04-07".to_owned(), "00:37:54.123".to_owned()));
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|n| count(n, "message")), ["0 messages", "1 message", "2 messages"]);
    }
}
