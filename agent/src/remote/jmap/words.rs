//! Forms of values: e-mails, keywords, dates, patches (RFC 8620 §1.4, §5.3; RFC 8621 §4.1).

use super::super::keyed::Found;
use crate::mirror::Flags;
use message::Time;
use message::date::{Date, day};
use message::flags::flag_bits;
use serde_json::{Map, Value, json};

/// Octets of a header section that are kept: more no list shows, and the whole comes with the content.
const HEADER_MAX: usize = 128 * 1024;
/// System flags as keywords (RFC 8621 §4.1.1).
const SYSTEM: [(&str, u64); 4] = [
    ("$seen", flag_bits::SEEN),
    ("$answered", flag_bits::ANSWERED),
    ("$flagged", flag_bits::FLAGGED),
    ("$draft", flag_bits::DRAFT),
];

/// The texts of a list; what is none is passed over.
pub(super) fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The members of a set: `{"a": true}`.
pub(super) fn members(set: &Value) -> Vec<String> {
    let all = set.as_object().into_iter().flatten();
    all.filter(|(_, is)| **is == Value::Bool(true)).map(|(name, _)| name.clone()).collect()
}

/// The path of a member in a patch (RFC 8620 §5.3, RFC 6901 §3).
pub(super) fn member(set: &str, name: &str) -> String {
    format!("{set}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// An e-mail as it was told.
pub(super) fn found(email: &Value, headers: bool) -> Option<Found> {
    Some(Found {
        id: email["id"].as_str()?.to_owned(),
        folders: members(&email["mailboxIds"]),
        flags: flags(&email["keywords"]),
        received: email["receivedAt"].as_str().and_then(read_utc).unwrap_or_default(),
        size: email["size"].as_u64().unwrap_or_default(),
        header: if headers { Some(header(email["headers"].as_array()?)) } else { None },
        attachments: email["hasAttachment"].as_bool(),
    })
}

fn flags(keywords: &Value) -> Flags {
    let mut flags = Flags::default();
    for keyword in members(keywords) {
        match SYSTEM.iter().find(|(name, _)| name.eq_ignore_ascii_case(&keyword)) {
            Some((_, bit)) => flags.bits |= bit,
            None => drop(flags.keywords.insert(keyword)),
        }
    }
    flags
}

/// All keywords of some flags. `\Deleted` is none (RFC 8621 §4.1.1).
pub(super) fn keywords(flags: &Flags) -> Vec<String> {
    let system = SYSTEM.iter().filter(|(_, bit)| flags.has(*bit)).map(|(name, _)| (*name).to_owned());
    system.chain(flags.keywords.iter().map(|keyword| keyword.to_ascii_lowercase())).collect()
}

pub(super) fn keyword_patch(add: &Flags, remove: &Flags) -> Value {
    let mut patch = Map::new();
    let removed = keywords(remove).into_iter().map(|keyword| (keyword, Value::Null));
    for (keyword, value) in removed.chain(keywords(add).into_iter().map(|keyword| (keyword, json!(true)))) {
        patch.insert(member("keywords", &keyword), value);
    }
    Value::Object(patch)
}

/// A header section of its fields in Raw form (RFC 8621 §4.1.3).
fn header(fields: &[Value]) -> Vec<u8> {
    let mut section = Vec::new();
    for field in fields {
        let (Some(name), Some(value)) = (field["name"].as_str(), field["value"].as_str()) else { continue };
        if section.len() + name.len() + value.len() > HEADER_MAX || !is_field(name, value) {
            continue;
        }
        section.extend_from_slice(name.as_bytes());
        section.push(b':');
        section.extend_from_slice(value.trim_end_matches(['\r', '\n']).as_bytes());
        section.extend_from_slice(b"\r\n");
    }
    section.extend_from_slice(b"\r\n");
    section
}

/// Whether it stays one field: a value that begins a line with something else than white space would be more than that.
fn is_field(name: &str, value: &str) -> bool {
    let is_name = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':');
    let mut lines = value.trim_end_matches(['\r', '\n']).split('\n');
    lines.next();
    is_name && lines.all(|line| line.starts_with([' ', '\t']))
}

/// Writes a `UTCDate`, to the second (RFC 8620 §1.4: no fraction where it is zero).
pub(super) fn write_utc(time: Time) -> String {
    let whole = Time(time.unix_seconds() * 1000);
    message::date::write_iso8601(whole).replace(".000Z", "Z")
}

/// Reads a `UTCDate` (RFC 3339 §5.6); a fraction of a second is passed over.
pub(super) fn read_utc(text: &str) -> Option<Time> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !text.ends_with('Z') || !marks.iter().all(|(at, mark)| text.as_bytes().get(*at) == Some(mark)) {
        return None;
    }
    let days = day(number(0..4)?, u32::try_from(number(5..7)?).ok()?, u32::try_from(number(8..10)?).ok()?)?;
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let unix_seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Date { unix_seconds, offset_minutes: None }.time())
}

/// A name that holds the sign that parts levels here, with one that looks like it (U+2215).
pub(super) fn shown_name(name: &str) -> String {
    name.replace('/', "\u{2215}")
}

/// The other way round.
pub(super) fn true_name(shown: &str) -> String {
    shown.replace('\u{2215}', "/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_email_is_read_as_it_was_told() {
        let email = json!({
            "id": "e1", "mailboxIds": {"a": true, "b": true, "c": false}, "keywords": {"$Seen": true, "$forwarded": true},
            "receivedAt": "2026-11-22T03:00:01Z", "size": 17, "hasAttachment": true,
            "headers": [{"name": "Subject", "value": " a\r\n b"}, {"name": "X: y", "value": "no"},
                {"name": "To", "value": " c\r\nBcc: d"}],
        });
        let found = found(&email, true).unwrap();
        assert_eq!(found.folders, ["a", "b"]);
        assert_eq!((found.flags.bits, found.flags.has_keyword("$Forwarded")), (flag_bits::SEEN, true));
        assert_eq!(found.header.unwrap(), b"Subject: a\r\n b\r\n\r\n");
        assert_eq!((found.size, found.attachments), (17, Some(true)));
        assert!(super::found(&json!({"mailboxIds": {}}), false).is_none());
    }

    #[test]
    fn a_patch_names_each_keyword_and_escapes_it() {
        let mut add = Flags::of(flag_bits::SEEN | flag_bits::DELETED);
        add.add(&Flags::keyword("a/b~c"));
        let patch = keyword_patch(&add, &Flags::of(flag_bits::FLAGGED));
        assert_eq!(patch, json!({"keywords/$seen": true, "keywords/a~1b~0c": true, "keywords/$flagged": null}));
    }

    #[test]
    fn dates_that_are_none() {
        for text in ["", "2026-11-22T03:00:01", "2026-11-22 03:00:01Z", "2026-13-22T03:00:01Z", "2026-11-22T24:00:00Z"]
        {
            assert_eq!(read_utc(text), None, "{text}");
        }
        assert_eq!(read_utc("2026-11-22T03:00:01.5Z"), read_utc("2026-11-22T03:00:01Z"));
    }

    proptest! {
        #[test]
        fn a_date_reads_as_it_was_written(seconds in 0u64..250_000_000_000) {
            let time = Time(seconds * 1000);
            prop_assert_eq!(read_utc(&write_utc(time)), Some(time));
        }

        #[test]
        fn a_header_is_the_fields_it_is_made_of_and_no_others(name in "[!-~]{0,8}", value in "[ -~\r\n\t]{0,40}") {
            let section = header(&[json!({"name": name, "value": value})]);
            let fields = message::header::fields(&section).count();
            prop_assert!(fields <= 1);
            prop_assert!(section.ends_with(b"\r\n"));
        }
    }
}
