//! Header fields as lines for people. Owns which are shown and how addresses and dates look in them.

use super::HeaderLine;
use crate::letter::Recipients;
use message::date;
use message::harmless::harmless;
use message::header::{self, Field};
use message::zone::Zone;

/// Characters of one field that are shown: some hundred addresses.
pub const VALUE_MAX: usize = 10_000;
/// Octets of one field that are looked at, encoded words and all.
const RAW_MAX: usize = 128 * 1024;
/// Characters of all fields together.
pub const HEADER_MAX: usize = 200_000;
/// What people look at, in this order.
const USUAL: [&str; 8] = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject"];
/// Fields that hold addresses.
const ADDRESSES: [&str; 12] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Mail-Followup-To",
    "Mail-Reply-To",
];

/// The fields of a header section, and whether something was left out for its length.
pub(super) fn lines(section: &[u8], full: bool) -> (Vec<HeaderLine>, bool) {
    let mut room = HEADER_MAX;
    let mut is_cut = false;
    let mut lines = Vec::new();
    let mut add = |name: &str, field: &Field<'_>| {
        let value = shown(field);
        let kept: String = value.chars().take(VALUE_MAX.min(room)).collect();
        let cut = kept.len() < value.len() || field.value.len() > RAW_MAX;
        is_cut |= cut;
        room = room.saturating_sub(kept.chars().count() + name.len());
        if room > 0 {
            let value = if cut { format!("{kept} ... (cut here)") } else { kept };
            lines.push(HeaderLine { name: name.to_owned(), value });
        }
    };
    if full {
        for field in header::fields(section) {
            add(&harmless(&String::from_utf8_lossy(field.name)), &field);
        }
    } else {
        for name in USUAL {
            // What names recipients may stand there more than once (RFC 5322 §4.5.3); of the others the first counts.
            let most = if ["To", "Cc", "Bcc"].contains(&name) { usize::MAX } else { 1 };
            header::fields(section).filter(|field| field.is(name)).take(most).for_each(|field| add(name, &field));
        }
    }
    (lines, is_cut)
}

/// The value of a field as people read it.
pub(super) fn shown(field: &Field<'_>) -> String {
    let value = field.value.get(..RAW_MAX).unwrap_or(field.value);
    let text = if ADDRESSES.iter().any(|name| field.is(name)) {
        Recipients::of_entries(&header::addresses(value)).to_string()
    } else {
        header::text(value)
    };
    // A tab is only white space here.
    harmless(&text.replace('\t', " ")).into_owned()
}

/// ` (Sun 22 Nov 2026 04:17 here)`, where clocks show something else there than where the date was written.
pub(super) fn told_here(value: &str, zone: &Zone) -> Option<String> {
    let date = date::read(value.as_bytes())?;
    let time = date.time();
    let offset_minutes = zone.offset_minutes(time);
    if date.offset_minutes == Some(offset_minutes) {
        return None;
    }
    let text = date::write(time, offset_minutes);
    // Without the seconds and the zone.
    let (day, clock) = text.replace(',', "").rsplit_once(' ').and_then(|(text, _)| {
        let (day, clock) = text.rsplit_once(' ')?;
        Some((day.to_owned(), clock.get(..5)?.to_owned()))
    })?;
    Some(format!(" ({day} {clock} here)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_from_elsewhere_are_told_as_here_too() {
        let paris = Zone::of_words("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (value, here) in [
            ("Sat, 21 Nov 2026 22:17:44 -0500", Some(" (Sun 22 Nov 2026 04:17 here)")),
            ("Sat, 21 Nov 2026 22:17:44 +0100", None),
            ("Wed, 1 Jul 2026 12:00 GMT", Some(" (Wed 1 Jul 2026 14:00 here)")),
            ("Wed, 1 Jul 2026 12:00 +0200", None),
            ("yesterday", None),
        ] {
            assert_eq!(told_here(value, &paris).as_deref(), here, "{value}");
        }
    }

    fn read(section: &str, full: bool) -> Vec<String> {
        let (lines, _) = lines(section.as_bytes(), full);
        lines.into_iter().map(|line| format!("{}: {}", line.name, line.value)).collect()
    }

    #[test]
    fn people_see_what_they_look_at() {
        let section = "Received: from x\r\nsubject: =?utf-8?Q?cr=C3=AApes?=\r\n\tand more\r\nTo: a@b.example\r\n\
            From: =?utf-8?Q?Aim=C3=A9e?= <aimee@xn--bcher-kva.example>\r\nTo: friends: c@d.example;\r\n\r\n";
        assert_eq!(
            read(section, false),
            [
                "From: Aimée <aimee@bücher.example>",
                "To: a@b.example",
                "To: friends: c@d.example;",
                "Subject: crêpes and more"
            ]
        );
        assert_eq!(read(section, true).len(), 5);
        assert_eq!(read(section, true)[0], "Received: from x");
    }

    #[test]
    fn nothing_raw_comes_out() {
        let section =
            "Subject: =?utf-8?B?G1syShtdMDt4Bw==?= \u{202e}x\r\nFrom: \"\u{1b}[31mBob\" <b@c.example>\r\n\r\n";
        for line in read(section, true) {
            assert!(!line.chars().any(char::is_control) && !line.contains('\u{202e}'), "{line:?}");
        }
        assert!(read(section, false)[1].contains("\\u{1b}[2J"));
    }

    #[test]
    fn long_fields_are_cut() {
        let fits = format!("Subject: {}\r\n\r\n", "x".repeat(VALUE_MAX));
        assert!(!lines(fits.as_bytes(), false).1);
        let longer = format!("Subject: x{}\r\n\r\n", "x".repeat(VALUE_MAX));
        let (cut, is_cut) = lines(longer.as_bytes(), false);
        assert!(is_cut && cut[0].value.ends_with("x ... (cut here)"));
        let many = format!("X: {}\r\n", "x".repeat(VALUE_MAX)).repeat(100);
        assert!(lines(many.as_bytes(), true).0.len() <= HEADER_MAX / VALUE_MAX + 1);
    }
}
