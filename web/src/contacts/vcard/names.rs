//! Values of several fields: names, postal addresses, organizations. Owns which field is which component (RFC 9555 §2.5.2,
//! §2.6.1), in both directions.

use super::Card;
use super::lines::{Line, joined};
use serde_json::{Map, Value, json};

/// The fields of `N` (RFC 6350 §6.2.2 with those of RFC 9554 §2.2), in order.
const NAME: [&str; 7] = ["surname", "given", "given2", "title", "credential", "surname2", "generation"];
/// The order in which people write them.
const SPOKEN: [&str; 7] = ["title", "given", "given2", "surname", "surname2", "generation", "credential"];
/// The fields of `ADR` (RFC 6350 §6.3.1).
const ADDRESS: [&str; 7] = ["postOfficeBox", "apartment", "name", "locality", "region", "postcode", "country"];
/// The order in which components of an address are listed.
const LISTED: [&str; 7] = ["name", "apartment", "postOfficeBox", "locality", "region", "postcode", "country"];

/// `N`: the components of the name.
pub(super) fn read_name(card: &mut Card, line: &Line) {
    let components = components(&line.fields(), &NAME, &SPOKEN);
    if !components.is_empty() {
        put(card, "components", json!(components), true);
    }
}

/// `FN`: the name as it is written. The first one holds.
pub(super) fn read_full_name(card: &mut Card, line: &Line) {
    let text = line.text();
    if !text.trim().is_empty() {
        put(card, "full", json!(text), false);
    }
}

/// Puts a member into the name, in the place of what was there or not.
fn put(card: &mut Card, member: &str, value: Value, replace: bool) {
    if let Value::Object(name) = card.entry("name").or_insert_with(|| json!({}))
        && (replace || !name.contains_key(member))
    {
        name.insert(member.to_owned(), value);
    }
}

fn components(fields: &[Vec<String>], kinds: &[&str; 7], order: &[&str; 7]) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in order {
        let index = kinds.iter().position(|known| known == kind).unwrap_or(0);
        let values = fields.get(index).into_iter().flatten().filter(|text| !text.trim().is_empty());
        all.extend(values.map(|value| json!({"kind": kind, "value": value})));
    }
    all
}

fn fields(object: &Value, kinds: &[&str]) -> Vec<Vec<String>> {
    let components = object.get("components").and_then(Value::as_array);
    let text = |component: &Value, name: &str| component.get(name).and_then(Value::as_str).map(str::to_owned);
    let of = |kind: &&str| {
        let own = components.into_iter().flatten().filter(|it| text(it, "kind").as_deref() == Some(kind));
        own.filter_map(|it| text(it, "value")).collect()
    };
    kinds.iter().map(of).collect()
}

/// The value of `N`; vCard 3.0 has five fields.
pub(super) fn write_name(name: &Value, old: bool) -> Option<String> {
    let all = fields(name, &NAME);
    let extended = !old && all.iter().skip(5).any(|field| !field.is_empty());
    let kept = all.get(..if extended { 7 } else { 5 })?;
    all.iter().any(|field| !field.is_empty()).then(|| joined(kept))
}

/// The name as it is written, of its components where it has no other form.
pub(in crate::contacts) fn full_name(name: &Value) -> Option<String> {
    if let Some(full) = name.get("full").and_then(Value::as_str).filter(|full| !full.trim().is_empty()) {
        return Some(full.to_owned());
    }
    let components = name.get("components").and_then(Value::as_array)?;
    let words: Vec<&str> = components
        .iter()
        .filter(|it| it.get("kind").and_then(Value::as_str) != Some("separator"))
        .filter_map(|it| it.get("value").and_then(Value::as_str))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// `ADR` as an object.
pub(super) fn read_address(line: &Line, object: &mut Map<String, Value>) {
    let components = components(&line.fields(), &ADDRESS, &LISTED);
    if !components.is_empty() {
        object.insert("components".to_owned(), json!(components));
    }
    if let Some(full) = line.parameter("label").filter(|label| !label.is_empty()) {
        object.insert("full".to_owned(), json!(full));
    }
}

/// The value of `ADR`. Components that it has no field for go with the street.
pub(super) fn write_address(address: &Value) -> String {
    let mut all = fields(address, &ADDRESS);
    let street = ["number", "floor", "building", "block", "district", "subdistrict", "direction", "landmark"];
    let more: Vec<String> = fields(address, &street).into_iter().flatten().collect();
    all.get_mut(2).into_iter().for_each(|name| name.extend(more.iter().cloned()));
    joined(&all)
}

/// `ORG` as an object: a name, then units.
pub(super) fn read_organization(line: &Line, object: &mut Map<String, Value>) {
    let mut texts = line.fields().into_iter().map(|field| field.join(","));
    if let Some(name) = texts.next().filter(|name| !name.is_empty()) {
        object.insert("name".to_owned(), json!(name));
    }
    let units: Vec<Value> = texts.filter(|unit| !unit.is_empty()).map(|unit| json!({"name": unit})).collect();
    if !units.is_empty() {
        object.insert("units".to_owned(), json!(units));
    }
}

/// The value of `ORG`.
pub(super) fn write_organization(organization: &Value) -> String {
    let name = |of: &Value| of.get("name").and_then(Value::as_str).unwrap_or("").to_owned();
    let units = organization.get("units").and_then(Value::as_array);
    let all: Vec<Vec<String>> = std::iter::once(name(organization))
        .chain(units.into_iter().flatten().map(name))
        .map(|text| vec![text])
        .collect();
    joined(&all)
}
