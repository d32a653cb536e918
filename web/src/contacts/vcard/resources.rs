//! What properties have in common: contexts, preference, label, and the parameters that no one knows. And the table of those
//! that are no more than a kind and a URI or text (RFC 9555 §2).

use super::Card;
use super::lines::Line;
use serde_json::{Map, Value, json};

/// A property that is a map of objects with one text each.
pub(super) struct Resource {
    /// In vCard.
    pub name: &'static str,
    /// In JSContact.
    pub property: &'static str,
    /// Which member of the object has the text.
    pub member: &'static str,
    /// Its `kind`.
    pub kind: Option<&'static str>,
    /// vCard 3.0 calls it so, where it knows it by another name.
    pub old_name: &'static str,
}

const fn resource(
    name: &'static str,
    property: &'static str,
    member: &'static str,
    kind: Option<&'static str>,
    old_name: &'static str,
) -> Resource {
    Resource { name, property, member, kind, old_name }
}

/// RFC 9555 §2.3 to §2.10.
pub(super) const RESOURCES: &[Resource] = &[
    resource("email", "emails", "address", None, "email"),
    resource("tel", "phones", "number", None, "tel"),
    resource("title", "titles", "name", Some("title"), "title"),
    resource("role", "titles", "name", Some("role"), "role"),
    resource("note", "notes", "note", None, "note"),
    resource("photo", "media", "uri", Some("photo"), "photo"),
    resource("logo", "media", "uri", Some("logo"), "logo"),
    resource("sound", "media", "uri", Some("sound"), "sound"),
    resource("url", "links", "uri", None, "url"),
    resource("contact-uri", "links", "uri", Some("contact"), "contact-uri"),
    resource("key", "cryptoKeys", "uri", None, "key"),
    resource("source", "directories", "uri", Some("entry"), "source"),
    resource("org-directory", "directories", "uri", Some("directory"), "org-directory"),
    resource("caluri", "calendars", "uri", Some("calendar"), "caluri"),
    resource("fburl", "calendars", "uri", Some("freeBusy"), "fburl"),
    resource("caladruri", "schedulingAddresses", "uri", None, "caladruri"),
    resource("lang", "preferredLanguages", "language", None, "lang"),
    resource("impp", "onlineServices", "uri", None, "impp"),
    resource("socialprofile", "onlineServices", "uri", None, "x-socialprofile"),
    resource("expertise", "personalInfo", "value", Some("expertise"), "expertise"),
    resource("hobby", "personalInfo", "value", Some("hobby"), "hobby"),
    resource("interest", "personalInfo", "value", Some("interest"), "interest"),
];

/// What `TYPE` says of a telephone, and what JSContact calls it (RFC 9553 §2.3.3).
pub(super) const FEATURES: &[(&str, &str)] = &[
    ("cell", "mobile"),
    ("voice", "voice"),
    ("fax", "fax"),
    ("pager", "pager"),
    ("text", "text"),
    ("textphone", "textphone"),
    ("video", "video"),
    ("main-number", "main-number"),
];

/// `TYPE` and `contexts` (RFC 9555 §2.2.2).
const CONTEXTS: &[(&str, &str)] =
    &[("work", "work"), ("home", "private"), ("billing", "billing"), ("delivery", "delivery")];

/// Parameters that say how a value is written, or are read by whoever reads the value.
const TAKEN: &[&str] =
    &["value", "encoding", "charset", "mediatype", "prop-id", "pref", "label", "service-type", "username", "level"];

/// The object of a property without its value: what parameters say.
pub(super) fn described(line: &Line, label: Option<&str>, features: bool) -> Map<String, Value> {
    let mut object = Map::new();
    let mut others: Vec<String> = Vec::new();
    for word in line.types() {
        let context = CONTEXTS.iter().find(|(name, _)| *name == word);
        let feature = FEATURES.iter().find(|(name, _)| features && *name == word);
        match (context, feature) {
            (Some((_, context)), _) => flag(&mut object, "contexts", context),
            (_, Some((_, feature))) => flag(&mut object, "features", feature),
            _ if word == "pref" => drop(object.insert("pref".to_owned(), json!(1))),
            // What older programs say of every address, and what a photograph's format is told by.
            _ if matches!(word.as_str(), "internet" | "jpeg" | "jpg" | "png" | "gif" | "webp") => {}
            _ => others.push(word),
        }
    }
    if let Some(preference) =
        line.parameter("pref").and_then(|text| text.parse::<u8>().ok()).filter(|n| (1..=100).contains(n))
    {
        object.insert("pref".to_owned(), json!(preference));
    }
    if let Some(label) = label.filter(|label| !label.is_empty()) {
        object.insert("label".to_owned(), json!(label));
    }
    let mut unknown = Map::new();
    for (name, value) in line.parameters.iter().filter(|(name, _)| name != "type" && !TAKEN.contains(&name.as_str())) {
        unknown.entry(name.clone()).or_insert_with(|| json!(value));
    }
    if !others.is_empty() {
        unknown.insert("type".to_owned(), json!(others));
    }
    if !unknown.is_empty() {
        object.insert("vCardParams".to_owned(), Value::Object(unknown));
    }
    object
}

fn flag(object: &mut Map<String, Value>, property: &str, name: &str) {
    if let Value::Object(flags) = object.entry(property).or_insert_with(|| json!({})) {
        flags.insert(name.to_owned(), Value::Bool(true));
    }
}

/// Adds an object to a map of the card under an id of its own (RFC 9553 §1.5.3).
pub(super) fn add(card: &mut Card, property: &str, line: &Line, object: Map<String, Value>) {
    if let Value::Object(all) = card.entry(property).or_insert_with(|| json!({})) {
        let free = |id: &str, all: &Map<String, Value>| is_id(id) && !all.contains_key(id);
        let wanted = line.parameter("prop-id").filter(|id| free(id, all)).map(str::to_owned);
        let id = wanted.unwrap_or_else(|| {
            let mut number = all.len() + 1;
            while all.contains_key(&number.to_string()) {
                number += 1;
            }
            number.to_string()
        });
        all.insert(id, Value::Object(object));
    }
}

/// The form of an id (RFC 8620 §1.2, RFC 9553 §1.4.1).
fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
}

/// The parameters of an object, for writing. `old`: as vCard 3.0 has them.
pub(super) fn parameters(object: &Value, old: bool) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut say = |name: &str, value: &str| all.push((name.to_owned(), value.to_owned()));
    let truths = |property: &str| -> Vec<&String> {
        let flags = object.get(property).and_then(Value::as_object);
        flags.into_iter().flatten().filter(|(_, value)| **value == Value::Bool(true)).map(|(name, _)| name).collect()
    };
    for (property, table) in [("contexts", CONTEXTS), ("features", FEATURES)] {
        for name in truths(property) {
            let known = table.iter().find(|(_, ours)| ours == name).map(|(theirs, _)| *theirs);
            known.into_iter().for_each(|theirs| say("type", theirs));
        }
    }
    if let Some(preference) = object.get("pref").and_then(Value::as_u64) {
        if old { say("type", "pref") } else { say("pref", &preference.to_string()) }
    }
    for (name, value) in object.get("vCardParams").and_then(Value::as_object).into_iter().flatten() {
        let values: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if is_name(name) {
            values.into_iter().for_each(|value| say(name, value));
        }
    }
    all
}

/// Whether a text can be the name of a property or parameter (RFC 6350 §3.3): letters, digits and hyphens.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}
