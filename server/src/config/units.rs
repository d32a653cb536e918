//! Sizes and times as people write them in the configuration: a number and a unit, `50 MiB`, `30m`.

use std::time::Duration;

/// What is wrong with a size.
pub(super) const SIZE_FORM: &str = "a size is a number and a unit: B, KiB, MiB, GiB, kB, MB or GB, as in \"50 MiB\"";
/// What is wrong with a time.
pub(super) const DURATION_FORM: &str = "a time is a number and a unit: s, m, h or d, as in \"30m\"";

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

const TIMES: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)];

/// Octets of `50 MiB`; `None` when it is no size or more than fits.
pub(super) fn size(text: &str) -> Option<u64> {
    scaled(text, &SIZES)
}

/// `30m`; `None` when it is no time or more than fits.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    scaled(text, &TIMES).map(Duration::from_secs)
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("50 MiB"), Some(52_428_800));
        assert_eq!(size("1kB"), Some(1000));
        assert_eq!(size("0 B"), Some(0));
        for wrong in
            ["", "50", "MiB", "-1 B", "1.5 MiB", "50 mib", "18446744073709551615 KiB", "99999999999999999999 B"]
        {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("30m"), Some(Duration::from_secs(1800)));
        assert_eq!(duration("5 d"), Some(Duration::from_secs(432_000)));
        for wrong in ["", "30", "m", "30min", "1h30m", "213503982334602d"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
