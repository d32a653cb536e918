//! vCard to JSContact. What has no place there is kept as it came, in `vCardProps` (RFC 9555 §3.2), so that it can be
//! written again. Owns which property becomes what.

use super::lines::{self, Line, data_uri};
use super::resources::{RESOURCES, Resource, add, described};
use super::{CARDS_MAX, Card, FILE_OCTETS_MAX, PROPERTIES_MAX, dates, names};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Why a text gives no cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// More than [`FILE_OCTETS_MAX`].
    TooLong,
    /// More than [`CARDS_MAX`] cards, or a card of more than [`PROPERTIES_MAX`] properties.
    TooMany,
    /// There is no card in it.
    NoCards,
}

/// Reads all cards of a text. Lines that are none are passed over, as other programs do.
///
/// # Errors
/// [`Unreadable`].
pub fn read(text: &str) -> Result<Vec<Card>, Unreadable> {
    if text.len() > FILE_OCTETS_MAX {
        return Err(Unreadable::TooLong);
    }
    let mut cards = Vec::new();
    let mut open: Option<Vec<Line>> = None;
    for line in lines::lines(text.trim_start_matches('\u{feff}')) {
        let is_card = line.value.trim().eq_ignore_ascii_case("vcard");
        match (line.name.as_str(), &mut open) {
            ("begin", _) if is_card => open = Some(Vec::new()),
            ("end", Some(lines)) if is_card => {
                cards.push(card(lines));
                open = None;
            }
            (_, Some(lines)) => lines.push(line),
            (_, None) => {}
        }
        if cards.len() > CARDS_MAX || open.as_ref().is_some_and(|lines| lines.len() > PROPERTIES_MAX) {
            return Err(Unreadable::TooMany);
        }
    }
    if cards.is_empty() { Err(Unreadable::NoCards) } else { Ok(cards) }
}

fn card(lines: &[Line]) -> Card {
    let mut card = Card::from_iter([("@type".to_owned(), json!("Card")), ("version".to_owned(), json!("1.0"))]);
    // Apple's way to name a property: another one in the same group.
    let labels: HashMap<&str, String> = lines
        .iter()
        .filter(|line| line.name == "x-ablabel" && !line.group.is_empty())
        .map(|line| (line.group.as_str(), plain_label(&line.text())))
        .collect();
    for line in lines {
        let label = labels.get(line.group.as_str()).map(String::as_str);
        if !line.value.is_empty() && (line.name != "x-ablabel" || label.is_none()) {
            property(&mut card, line, label);
        }
    }
    card
}

/// `_$!<Home>!$_` is how Apple writes a label of its own.
fn plain_label(text: &str) -> String {
    text.strip_prefix("_$!<").and_then(|text| text.strip_suffix(">!$_")).unwrap_or(text).to_owned()
}

fn property(card: &mut Card, line: &Line, label: Option<&str>) {
    let known = match line.name.as_str() {
        "version" => true,
        "fn" => {
            names::read_full_name(card, line);
            true
        }
        "n" => {
            names::read_name(card, line);
            true
        }
        "adr" | "org" | "nickname" => {
            structured(card, line, label);
            true
        }
        "bday" | "anniversary" | "x-anniversary" | "deathdate" => anniversary(card, line),
        "categories" => {
            line.list().iter().for_each(|keyword| truth(card, "keywords", keyword));
            true
        }
        "member" | "x-addressbookserver-member" => {
            truth(card, "members", &line.text());
            true
        }
        "related" => {
            related(card, line);
            true
        }
        "jsprop" => extension(card, line),
        "uid" | "kind" | "x-addressbookserver-kind" | "prodid" | "language" | "rev" | "created" => simple(card, line),
        name => match RESOURCES.iter().find(|known| known.name == name || known.old_name == name) {
            Some(known) => resource(card, line, label, known),
            None => false,
        },
    };
    if !known {
        keep(card, line);
    }
}

/// Texts of the card itself.
fn simple(card: &mut Card, line: &Line) -> bool {
    let text = line.text();
    let (property, value) = match line.name.as_str() {
        "uid" => ("uid", Some(text)),
        "prodid" => ("prodId", Some(text)),
        "language" => ("language", Some(text)),
        "kind" | "x-addressbookserver-kind" => ("kind", Some(text.to_ascii_lowercase())),
        "rev" => ("updated", dates::moment(&text)),
        _ => ("created", dates::moment(&text)),
    };
    match value {
        Some(value) => drop(card.entry(property).or_insert_with(|| json!(value))),
        // A moment that cannot be read says nothing, and a new one is set when the card is kept.
        None => return true,
    }
    true
}

fn structured(card: &mut Card, line: &Line, label: Option<&str>) {
    let mut object = described(line, label, false);
    match line.name.as_str() {
        "adr" => {
            names::read_address(line, &mut object);
            add(card, "addresses", line, object);
        }
        "org" => {
            names::read_organization(line, &mut object);
            add(card, "organizations", line, object);
        }
        _ => {
            for name in line.list() {
                let mut object = object.clone();
                object.insert("name".to_owned(), json!(name));
                add(card, "nicknames", line, object);
            }
        }
    }
}

fn anniversary(card: &mut Card, line: &Line) -> bool {
    let Some(date) = dates::read(&line.text()) else { return false };
    let kind = match line.name.as_str() {
        "bday" => "birth",
        "deathdate" => "death",
        _ => "wedding",
    };
    add(card, "anniversaries", line, Map::from_iter([("kind".to_owned(), json!(kind)), ("date".to_owned(), date)]));
    true
}

fn resource(card: &mut Card, line: &Line, label: Option<&str>, known: &Resource) -> bool {
    let value = if line.is_base64() {
        let format = line.types().next().unwrap_or_default();
        let subtype = if format == "jpg" { "jpeg".to_owned() } else { format };
        let media_type = match known.name {
            "sound" => format!("audio/{subtype}"),
            "key" => "application/octet-stream".to_owned(),
            _ => format!("image/{subtype}"),
        };
        match data_uri(&media_type, &line.value) {
            Some(uri) => uri,
            None => return false,
        }
    } else if known.member == "uri" {
        // A URI has no escapes, but some programs put them there (RFC 6350 §3.4 is for texts).
        line.value.replace("\\,", ",").replace("\\;", ";").replace("\\:", ":")
    } else {
        line.text()
    };
    let mut object = described(line, label, known.name == "tel");
    object.insert(known.member.to_owned(), json!(value));
    known.kind.into_iter().for_each(|kind| drop(object.insert("kind".to_owned(), json!(kind))));
    let mut say = |name: &str, value: Option<&str>| {
        value.into_iter().for_each(|value| drop(object.insert(name.to_owned(), json!(value))));
    };
    if known.member == "uri" {
        say("mediaType", line.parameter("mediatype"));
    }
    match known.property {
        "onlineServices" => {
            say("vCardName", (known.name == "impp").then_some("impp"));
            let service = line.parameter("service-type").map(str::to_owned);
            let service = service.or_else(|| (line.name == "x-socialprofile").then(|| line.types().next()).flatten());
            say("service", service.as_deref());
            say("user", line.parameter("username"));
        }
        "personalInfo" => say("level", line.parameter("level")),
        _ => {}
    }
    add(card, known.property, line, object);
    true
}

fn truth(card: &mut Card, property: &str, name: &str) {
    if let Value::Object(all) = card.entry(property).or_insert_with(|| json!({})) {
        all.insert(name.to_owned(), Value::Bool(true));
    }
}

fn related(card: &mut Card, line: &Line) {
    let relation: Map<String, Value> = line.types().map(|word| (word, Value::Bool(true))).collect();
    if let Value::Object(all) = card.entry("relatedTo").or_insert_with(|| json!({})) {
        all.insert(line.text(), json!({"relation": relation}));
    }
}

/// RFC 9555 §3.2.1: a property of JSContact that vCard has no word for.
fn extension(card: &mut Card, line: &Line) -> bool {
    let Some(pointer) = line.parameter("jsptr") else { return false };
    let name = pointer.strip_prefix('/').unwrap_or(pointer).to_owned();
    match serde_json::from_str::<Value>(&line.text()) {
        Ok(value) if !name.contains('/') && !card.contains_key(&name) => {
            card.insert(name, value);
            true
        }
        _ => false,
    }
}

/// RFC 9555 §3.2: as jCard has it, the value as it stands.
fn keep(card: &mut Card, line: &Line) {
    let mut parameters = Map::new();
    for (name, value) in &line.parameters {
        parameters.entry(name.clone()).or_insert_with(|| json!(value));
    }
    let kept = json!([line.name, parameters, "unknown", line.value]);
    if let Value::Array(all) = card.entry("vCardProps").or_insert_with(|| json!([])) {
        all.push(kept);
    }
}
