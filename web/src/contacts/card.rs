//! One card: whether it may be kept (RFC 9553 in the parts that others rely on), and what it is found and sorted by. Owns the
//! forms of properties; keeps nothing.

use crate::jmap::SetError;
use crate::jmap::ids::is_id;
use message::search::fold;
use serde_json::{Map, Value, json};

/// Octets of a card: what the store keeps of one object.
pub const CARD_OCTETS_MAX: usize = store::OBJECT_OCTETS_MAX;
/// A mark on cards that were made because mail was sent there: how often, and when last.
pub const WRITTEN_TO: &str = "pillarbox:writtenTo";

/// Maps of objects, and the member that each object has to have, where there is one (RFC 9553 §2).
const MAPS: &[(&str, Option<&str>)] = &[
    ("addresses", None),
    ("anniversaries", None),
    ("calendars", Some("uri")),
    ("cryptoKeys", Some("uri")),
    ("directories", Some("uri")),
    ("emails", Some("address")),
    ("links", Some("uri")),
    ("localizations", None),
    ("media", None),
    ("nicknames", Some("name")),
    ("notes", Some("note")),
    ("onlineServices", None),
    ("organizations", None),
    ("personalInfo", Some("value")),
    ("phones", Some("number")),
    ("preferredLanguages", Some("language")),
    ("relatedTo", None),
    ("schedulingAddresses", Some("uri")),
    ("titles", Some("name")),
];
/// Sets: maps to `true`.
const SETS: &[&str] = &["keywords", "members"];
/// Texts.
const TEXTS: &[&str] = &["@type", "created", "kind", "language", "prodId", "uid", "updated", "version"];
/// RFC 9553 §2.1.4.
const KINDS: &[&str] = &["individual", "group", "org", "location", "device", "application"];

/// Whether a card may be kept as it is.
///
/// # Errors
/// `invalidProperties` with the names, `tooLarge`.
pub fn check(card: &Map<String, Value>) -> Result<(), SetError> {
    let wrong: Vec<&str> =
        card.iter().filter(|(name, value)| !fits(name, value)).map(|(name, _)| name.as_str()).collect();
    if !wrong.is_empty() {
        return Err(SetError::invalid_properties(&wrong, "They are not what RFC 9553 has."));
    }
    if crate::jmap::kept::octets(card).len() > CARD_OCTETS_MAX {
        return Err(SetError::too_large());
    }
    Ok(())
}

fn fits(name: &str, value: &Value) -> bool {
    match name {
        "@type" => value == "Card",
        // RFC 9553 §2.1.2.
        "version" => value.as_str().is_some_and(|version| version.starts_with("1.")),
        "uid" => value.as_str().is_some_and(|uid| !uid.is_empty() && uid.len() <= 255),
        "kind" => value.as_str().is_some_and(|kind| KINDS.contains(&kind) || kind.contains(':')),
        "name" | "speakToAs" => value.is_object(),
        "vCardProps" => value.is_array(),
        name if TEXTS.contains(&name) => value.is_string(),
        name if SETS.contains(&name) => {
            value.as_object().is_some_and(|set| set.values().all(|value| *value == Value::Bool(true)))
        }
        name => match MAPS.iter().find(|(known, _)| *known == name) {
            Some((_, member)) => is_map(value, *member, name == "relatedTo" || name == "localizations"),
            // Others may add what they like (RFC 9553 §1.8).
            None => true,
        },
    }
}

fn is_map(value: &Value, member: Option<&str>, any_key: bool) -> bool {
    let has_member =
        |object: &Map<String, Value>| member.is_none_or(|member| object.get(member).is_some_and(Value::is_string));
    let fits = |(id, object): (&String, &Value)| (any_key || is_id(id)) && object.as_object().is_some_and(has_member);
    value.as_object().is_some_and(|map| map.iter().all(fits))
}

/// Objects of a map of the card.
pub fn objects<'a>(card: &'a Map<String, Value>, property: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    card.get(property).and_then(Value::as_object).into_iter().flat_map(Map::values).filter_map(Value::as_object)
}

/// A text of an object.
#[must_use]
pub fn text<'a>(object: &'a Map<String, Value>, member: &str) -> &'a str {
    object.get(member).and_then(Value::as_str).unwrap_or("")
}

/// The name as people write it; that of an organization, a nickname or an address where there is no other.
#[must_use]
pub fn display_name(card: &Map<String, Value>) -> String {
    let own = card.get("name").and_then(super::vcard::full_name);
    let first = |property: &str, member: &str| {
        objects(card, property).map(|object| text(object, member)).find(|text| !text.is_empty()).map(str::to_owned)
    };
    own.or_else(|| first("organizations", "name")).or_else(|| first("nicknames", "name")).unwrap_or_default()
}

/// The addresses of mail, the preferred one first (RFC 9553 §1.5.4).
#[must_use]
pub fn addresses(card: &Map<String, Value>) -> Vec<&str> {
    let preference = |email: &Map<String, Value>| email.get("pref").and_then(Value::as_u64).unwrap_or(101);
    let mut all: Vec<&Map<String, Value>> = objects(card, "emails").collect();
    all.sort_by_key(|email| preference(email));
    all.into_iter().map(|email| text(email, "address")).filter(|address| !address.is_empty()).collect()
}

/// The texts of components of the name that are of a kind.
pub fn name_components<'a>(card: &'a Map<String, Value>, kind: &'a str) -> impl Iterator<Item = &'a str> {
    let components = card.get("name").and_then(|name| name.get("components")).and_then(Value::as_array);
    let objects = components.into_iter().flatten().filter_map(Value::as_object);
    objects.filter(move |component| text(component, "kind") == kind).map(|component| text(component, "value"))
}

/// All texts of a card that somebody may look for, folded, a line each.
#[must_use]
pub fn all_text(card: &Map<String, Value>) -> String {
    let mut all = String::new();
    for (name, value) in card.iter().filter(|(name, _)| !is_machine(name)) {
        if name == "keywords" {
            value.as_object().into_iter().flat_map(Map::keys).for_each(|keyword| push(&mut all, keyword));
        } else {
            push_texts(&mut all, value);
        }
    }
    fold(&all)
}

/// Properties that say nothing to people.
fn is_machine(name: &str) -> bool {
    matches!(
        name,
        "id" | "uid" | "@type" | "version" | "prodId" | "members" | "vCardProps" | "addressBookIds" | "media"
    ) || matches!(name, "created" | "updated" | "cryptoKeys" | "kind" | "language")
}

fn push(all: &mut String, text: &str) {
    // A picture in a URI is nothing to read.
    if !text.starts_with("data:") {
        all.push_str(text);
        all.push('\n');
    }
}

/// The texts of a value, but not the words that tell what they are.
fn push_texts(all: &mut String, value: &Value) {
    match value {
        Value::String(text) => push(all, text),
        Value::Array(values) => values.iter().for_each(|value| push_texts(all, value)),
        Value::Object(object) => {
            for (_, value) in
                object.iter().filter(|(name, _)| !matches!(name.as_str(), "@type" | "kind" | "vCardParams"))
            {
                push_texts(all, value);
            }
        }
        _ => {}
    }
}

/// What a new card has that its maker left out.
pub fn complete(card: &mut Map<String, Value>, uid: impl FnOnce() -> String, now: &str) {
    card.entry("@type").or_insert_with(|| json!("Card"));
    card.entry("version").or_insert_with(|| json!("1.0"));
    card.entry("uid").or_insert_with(|| json!(uid()));
    card.entry("created").or_insert_with(|| json!(now));
    card.entry("updated").or_insert_with(|| json!(now));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(card: Value) -> Map<String, Value> {
        card.as_object().unwrap().clone()
    }

    #[test]
    fn cards_of_the_rfc_are_kept_and_others_not() {
        let good = json!({"@type": "Card", "version": "1.0", "uid": "u", "kind": "group", "name": {"full": "A"},
            "emails": {"1": {"address": "a@b"}}, "members": {"urn:uuid:1": true}, "relatedTo": {"urn:x": {"relation": {}}},
            "example.com:own": [1], "keywords": {"a b": true}});
        assert_eq!(check(&of(good)), Ok(()));
        for (wrong, name) in [
            (json!({"@type": "Group"}), "@type"),
            (json!({"version": "2.0"}), "version"),
            (json!({"uid": ""}), "uid"),
            (json!({"kind": "robot"}), "kind"),
            (json!({"emails": [{"address": "a@b"}]}), "emails"),
            (json!({"emails": {"1": {"email": "a@b"}}}), "emails"),
            (json!({"emails": {"a b": {"address": "a@b"}}}), "emails"),
            (json!({"members": {"u": false}}), "members"),
            (json!({"name": "A"}), "name"),
            (json!({"language": 1}), "language"),
        ] {
            assert_eq!(check(&of(wrong)).unwrap_err().json()["properties"], json!([name]));
        }
        let large = |octets: usize| of(json!({"notes": {"1": {"note": "x".repeat(octets)}}}));
        let around = crate::jmap::kept::octets(&large(0)).len();
        assert_eq!(check(&large(CARD_OCTETS_MAX - around)), Ok(()));
        assert_eq!(check(&large(CARD_OCTETS_MAX - around + 1)).unwrap_err().kind(), "tooLarge");
    }

    #[test]
    fn texts_are_found_and_addresses_ordered() {
        let card = of(json!({"name": {"components": [{"kind": "given", "value": "Zoë"}]}, "uid": "secret",
            "emails": {"1": {"address": "b@x"}, "2": {"address": "a@x", "pref": 1}}, "keywords": {"cook": true},
            "media": {"1": {"kind": "photo", "uri": "data:image/png;base64,AAAA"}}}));
        assert_eq!(addresses(&card), ["a@x", "b@x"]);
        assert_eq!(display_name(&card), "Zoë");
        let all = all_text(&card);
        assert!(all.contains(&fold("zoe")) && all.contains(&fold("cook")) && all.contains(&fold("b@x")), "{all}");
        assert!(["secret", "data:", "given"].iter().all(|hidden| !all.contains(&fold(hidden))), "{all}");
        assert_eq!(name_components(&card, "given").collect::<Vec<_>>(), ["Zoë"]);
    }
}
