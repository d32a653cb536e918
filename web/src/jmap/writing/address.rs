//! Values within header fields, from JSON: people, groups, ids, dates (RFC 8621 §4.1.2.3 to §4.1.2.6).

use message::Time;
use message::build::compose::{Correspondent, Group};
use serde_json::Value;

/// Entries of one list: what a reader of headers looks at, too.
const ENTRIES_MAX: usize = message::header::ADDRESSES_MAX;

fn list(value: &Value) -> Option<&Vec<Value>> {
    value.as_array().filter(|list| list.len() <= ENTRIES_MAX)
}

/// `EmailAddress[]`.
pub(super) fn people(value: &Value) -> Option<Vec<Correspondent>> {
    list(value)?.iter().map(person).collect()
}

fn person(value: &Value) -> Option<Correspondent> {
    let map = value.as_object()?;
    if map.keys().any(|key| key != "name" && key != "email") {
        return None;
    }
    let name = match map.get("name") {
        None | Some(Value::Null) => None,
        Some(name) => Some(name.as_str()?.to_owned()),
    };
    Some(Correspondent { name, email: map.get("email")?.as_str()?.to_owned() })
}

/// `EmailAddressGroup[]`.
pub(super) fn groups(value: &Value) -> Option<Vec<Group>> {
    let group = |value: &Value| {
        let map = value.as_object()?;
        let name = match map.get("name") {
            None | Some(Value::Null) => None,
            Some(name) => Some(name.as_str()?.to_owned()),
        };
        Some(Group { name, members: people(map.get("addresses")?)? })
    };
    list(value)?.iter().map(group).collect()
}

/// `String[]`.
pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    list(value)?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Ids without brackets (RFC 5322 §3.6.4).
pub(super) fn ids(value: &Value) -> Option<Vec<String>> {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && c != '<' && c != '>';
    strings(value)?.into_iter().map(|id| (!id.is_empty() && id.chars().all(fits)).then_some(id)).collect()
}

/// `Date` of RFC 8620 §1.4, and the minutes east of UTC it is written with.
pub(super) fn date(text: &str) -> Option<(Time, i16)> {
    let time = office::submission::read_date(text)?;
    let zone = text.get(text.len().checked_sub(6)?..)?;
    let minutes = |from: usize, to: usize| zone.get(from..to).and_then(|digits| digits.parse::<i16>().ok());
    let offset = match zone.as_bytes().first() {
        Some(b'+') => minutes(1, 3)? * 60 + minutes(4, 6)?,
        Some(b'-') => -(minutes(1, 3)? * 60 + minutes(4, 6)?),
        _ => 0,
    };
    Some((time, offset))
}

/// `UTCDate` of RFC 8620 §1.4.
pub(super) fn utc_date(text: &str) -> Option<Time> {
    text.ends_with('Z').then(|| office::submission::read_date(text)).flatten()
}

/// Written as RFC 8620 §1.4 has it: no fraction where it is nought.
pub(super) fn written(time: Time) -> String {
    let text = message::date::write_iso8601(time);
    text.strip_suffix(".000Z").map_or(text.clone(), |whole| format!("{whole}Z"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn dates_keep_their_zone() {
        assert_eq!(date("1970-01-01T00:00:00Z"), Some((Time(0), 0)));
        assert_eq!(date("1970-01-01T02:30:00+02:30"), Some((Time(0), 150)));
        assert_eq!(date("1969-12-31T23:00:00-01:00"), Some((Time(0), -60)));
        assert_eq!(utc_date("1970-01-01T02:30:00+02:30"), None);
        assert_eq!(
            (written(Time(0)).as_str(), written(Time(5)).as_str()),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.005Z")
        );
    }

    #[test]
    fn lists_end() {
        let of = |count: usize| Value::Array(vec![json!({"email": "a@b.c"}); count]);
        assert_eq!(people(&of(ENTRIES_MAX)).unwrap().len(), ENTRIES_MAX);
        assert_eq!(people(&of(ENTRIES_MAX + 1)), None, "one past it");
        assert_eq!(people(&json!([{"email": "a@b.c", "mail": 1}])), None);
    }
}
