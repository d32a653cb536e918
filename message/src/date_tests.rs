#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const NOON: i64 = 1_795_261_664; // 2026-11-21 11:47:44 UTC

#[test]
fn writes_rfc_5322_and_iso_8601() {
    assert_eq!(write(Time(0), 0), "Thu, 1 Jan 1970 00:00:00 +0000");
    assert_eq!(write(Time(0), -90), "Wed, 31 Dec 1969 22:30:00 -0130");
    assert_eq!(write(Time(951_782_400_000), 330), "Tue, 29 Feb 2000 05:30:00 +0530");
    assert_eq!(write_iso8601(Time(951_782_400_123)), "2000-02-29T00:00:00.123Z");
    assert!(!write(Time(u64::MAX), i16::MAX).is_empty());
}

#[test]
fn reads_every_form() {
    for (text, offset) in [
        ("Sat, 21 Nov 2026 11:47:44 +0000", Some(0)),
        ("Sat,21 Nov 2026 11:47:44+0000", Some(0)),
        ("21 Nov 2026 12:47:44 +0100", Some(60)),
        ("Sat, 21 Nov 26 06:47:44 EST", Some(-300)),
        ("Sat, 21 Nov 2026 11:47:44 -0000", None),
        ("Sat, 21 Nov 2026 11:47:44 K", None),
        ("Sat, 21 Nov 2026 11:47:44 Z", Some(0)),
        ("Sat, 21 Nov 2026 11:47:44 CEST", None),
        ("Sat, 21 Nov 2026 11:47:44", None),
        (" Sat (or (so\\)) it seems), 21 (x) Nov\r\n 2026 11 : 47 : 44 (noon) GMT (UTC)", Some(0)),
        ("Sat Nov 21 11:47:44 2026", None),
        ("Sat Nov 21 03:47:44 PST 2026", Some(-480)),
        ("21-Nov-2026 11:47:44 +0000", Some(0)),
        ("Saturday, 21 November 2026 11:47:44 UT", Some(0)),
        ("Sat, 21 Nov 126 11:47:44 +0000", Some(0)),
    ] {
        assert_eq!(read(text.as_bytes()), Some(Date { unix_seconds: NOON, offset_minutes: offset }), "{text}");
    }
    assert_eq!(read(b"1 Jan 70 0:00 GMT").unwrap().unix_seconds, 0);
    assert_eq!(read(b"1 Jan 49 00:00 GMT").unwrap().unix_seconds, 2_493_072_000);
    assert_eq!(read(b"31 Dec 1969 23:59:60 +0000").unwrap().unix_seconds, 0);
    assert_eq!(read(b"31 Dec 1960 23:59 +0000").unwrap().time(), Time(0));
}

#[test]
fn refuses_what_is_no_date() {
    for text in [
        "",
        "Sat",
        "32 Nov 2026 1:00",
        "29 Feb 2025 1:00",
        "1 Foo 2026 1:00",
        "1 Nov 2026 24:00",
        "1 Nov 2026",
        "0 Nov 2026 1:00",
        "(((((",
    ] {
        assert_eq!(read(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn looks_at_so_much_and_no_more() {
    let date = "1 Jan 1970 00:00 GMT";
    let padded = |blanks: usize| read(format!("{}{date}", " ".repeat(blanks)).as_bytes());
    assert_eq!(padded(DATE_MAX - date.len()).unwrap().offset_minutes, Some(0));
    assert_eq!(padded(DATE_MAX - date.len() + 1).unwrap().offset_minutes, None);
}

#[test]
fn obsolete_zones_have_their_hours() {
    let zones = [("UT", 0), ("GMT", 0), ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5), ("MST", -7), ("MDT", -6)];
    for (zone, hours) in zones.into_iter().chain([("PST", -8), ("PDT", -7)]) {
        let found = read(format!("1 Jan 1970 12:00 {zone}").as_bytes()).unwrap();
        assert_eq!(
            (found.offset_minutes, found.unix_seconds),
            (Some(hours * 60), (12 - i64::from(hours)) * 3600),
            "{zone}"
        );
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(seconds in 0..200_000_000_000_u64, offset in -5999..6000_i16) {
        let read_back = read(write(Time(seconds * 1000), offset).as_bytes()).unwrap();
        prop_assert_eq!(read_back.time(), Time(seconds * 1000));
        prop_assert_eq!(read_back.offset_minutes, Some(offset));
    }

    #[test]
    fn reading_is_total(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[0-9a-zA-Z:+(), -]{0,40}") {
        let _ = read(&bytes);
        let _ = read(text.as_bytes());
    }
}

#[test]
fn days_are_those_of_the_calendar_and_of_the_zone() {
    assert_eq!((day(1970, 1, 1), day(2026, 11, 21), day(1969, 12, 31)), (Some(0), Some(20_778), Some(-1)));
    assert_eq!((day(2024, 2, 29), day(2023, 2, 29), day(2026, 13, 1)), (Some(19_782), None, None));
    assert_eq!((day(2026, 0, 1), day(2026, 1, 0), day(2026, 4, 31)), (None, None, None));
    let written = |text: &str| read(text.as_bytes()).map(Date::day);
    assert_eq!(written("Sat, 21 Nov 2026 00:30:00 +0100"), Some(20_778));
    assert_eq!(written("Sat, 21 Nov 2026 23:30:00 -0500"), Some(20_778));
    assert_eq!(written("21 Nov 2026 23:30:00"), Some(20_778));
}

/// RFC 5322 §3.3: a year is 1900 or later. Found in spam: `0102`.
#[test]
fn years_before_1900_are_none() {
    let year = |year: &str| read(format!("Wed, 24 Jul {year} 00:13:34 +0900").as_bytes()).is_some();
    assert_eq!(["0102", "1899", "1900", "102", "02"].map(year), [false, false, true, true, true]);
}
