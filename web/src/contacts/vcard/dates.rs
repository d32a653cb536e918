//! Dates of birthdays and their kin: RFC 6350 §4.3 to the PartialDate of RFC 9553 §2.8.1 and back.

use serde_json::{Map, Value, json};

/// The year that Apple's programs write where none is known.
const NO_YEAR: u64 = 1604;

/// Reads `19800521`, `1980-05-21`, `1980-05`, `1980`, `--0521` or `--05-21`; a time behind it makes it a moment where it is
/// in UTC, and is left away else.
pub(super) fn read(text: &str) -> Option<Value> {
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let (year, rest) = match date.strip_prefix("--") {
        Some(rest) => (None, rest),
        None => (Some(number(date.get(..4)?)?), date.get(4..)?),
    };
    let digits: String = rest.chars().filter(|c| *c != '-').collect();
    if rest.chars().any(|c| c != '-' && !c.is_ascii_digit()) {
        return None;
    }
    let (month, day) = match digits.len() {
        0 => (None, None),
        2 => (Some(number(&digits)?), None),
        4 => (Some(number(digits.get(..2)?)?), Some(number(digits.get(2..)?)?)),
        _ => return None,
    };
    let valid = month.is_none_or(|month| (1..=12).contains(&month)) && day.is_none_or(|day| (1..=31).contains(&day));
    if !valid || (year.is_none() && month.is_none()) {
        return None;
    }
    if let (Some(year), Some(month), Some(day), Some(time)) = (year, month, day, time.and_then(utc)) {
        return Some(json!({"@type": "Timestamp", "utc": format!("{year:04}-{month:02}-{day:02}T{time}Z")}));
    }
    let mut partial = Map::from_iter([("@type".to_owned(), json!("PartialDate"))]);
    let year = year.filter(|year| *year != NO_YEAR);
    for (name, value) in [("year", year), ("month", month), ("day", day)] {
        value.into_iter().for_each(|value| drop(partial.insert(name.to_owned(), json!(value))));
    }
    Some(Value::Object(partial))
}

/// `hh:mm:ss` of a time in UTC, in either form.
fn utc(time: &str) -> Option<String> {
    let digits: String = time.strip_suffix('Z')?.chars().filter(|c| *c != ':').collect();
    let valid = digits.len() == 6 && digits.bytes().all(|octet| octet.is_ascii_digit());
    valid.then(|| {
        format!(
            "{}:{}:{}",
            digits.get(..2).unwrap_or(""),
            digits.get(2..4).unwrap_or(""),
            digits.get(4..).unwrap_or("")
        )
    })
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Writes one; `None` where it is no date. vCard 3.0 knows no date without a year.
pub(super) fn write(date: &Value, with_year: bool) -> Option<String> {
    if let Some(utc) = date.get("utc").and_then(Value::as_str) {
        let plain: String = utc.chars().filter(|c| !matches!(c, '-' | ':')).collect();
        return read(&plain).map(|_| if with_year { utc.to_owned() } else { plain });
    }
    let part = |name: &str| date.get(name).and_then(Value::as_u64);
    let text = match (part("year"), part("month"), part("day")) {
        (Some(year), Some(month), Some(day)) if with_year => format!("{year:04}-{month:02}-{day:02}"),
        (None, Some(month), Some(day)) if with_year => format!("{NO_YEAR}-{month:02}-{day:02}"),
        (Some(year), Some(month), Some(day)) => format!("{year:04}{month:02}{day:02}"),
        (None, Some(month), Some(day)) => format!("--{month:02}{day:02}"),
        (Some(year), Some(month), None) => format!("{year:04}-{month:02}"),
        (None, Some(month), None) => format!("--{month:02}"),
        (Some(year), None, None) => format!("{year:04}"),
        _ => return None,
    };
    read(&text).map(|_| text)
}

/// A moment of `REV` and `CREATED`, as RFC 9553 §1.4.5 wants it: `2026-11-21T05:17:44Z`.
pub(super) fn moment(text: &str) -> Option<String> {
    let read = read(text)?;
    if let Some(utc) = read.get("utc").and_then(Value::as_str) {
        return Some(utc.to_owned());
    }
    let part = |name: &str| read.get(name).and_then(Value::as_u64);
    Some(format!("{:04}-{:02}-{:02}T00:00:00Z", part("year")?, part("month")?, part("day")?))
}
