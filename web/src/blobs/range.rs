//! The one range of a request (RFC 9110 §14.2). Several ranges in one are not worth an answer of their own: the whole is
//! given.

use std::ops::Range;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it.
    Whole,
    /// These octets.
    Part(Range<u64>),
    /// None that there are.
    Nothing,
}

/// Reads a `Range` field for something of so many octets.
pub(super) fn asked(field: Option<&str>, octets: u64) -> Asked {
    let spec = field.and_then(|field| field.trim().strip_prefix("bytes=")).filter(|spec| !spec.contains(','));
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else { return Asked::Whole };
    let (first, last) = (first.trim(), last.trim());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let range = match (is_number(first), is_number(last)) {
        (true, true) if number(first) <= number(last) => number(first)..number(last).saturating_add(1).min(octets),
        (true, false) if last.is_empty() => number(first)..octets,
        (false, true) if first.is_empty() => octets.saturating_sub(number(last))..octets,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_has_them() {
        let of = |field: &str| asked(Some(field), 10);
        assert_eq!(of("bytes=0-3"), Asked::Part(0..4));
        assert_eq!(of("bytes=4-"), Asked::Part(4..10));
        assert_eq!(of("bytes=-3"), Asked::Part(7..10));
        assert_eq!(of("bytes=-30"), Asked::Part(0..10));
        assert_eq!(of("bytes=9-99999999999999999999999"), Asked::Part(9..10));
        assert_eq!(of("bytes=10-"), Asked::Nothing, "one past it");
        assert_eq!(of("bytes=-0"), Asked::Nothing);
        for whole in ["", "bytes=", "bytes=3-1", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2", "bytes=-"] {
            assert_eq!(of(whole), Asked::Whole, "{whole}");
        }
        assert_eq!(asked(None, 10), Asked::Whole);
    }
}
