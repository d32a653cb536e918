//! The body of a new e-mail, from `bodyStructure`, or `textBody`, `htmlBody` and `attachments` (RFC 8621 §4.6). Owns what a
//! part may say; finding the blobs it names is for who has the store.

use super::forms;
use message::build::compose::{Content, DEPTH_MAX, Entity, Lines, Value as FieldValue, arrange};
use message::header::{self, parameter_text};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Parts of one e-mail: as many attachments as anybody ever sent, and some.
pub(super) const PARTS_MAX: usize = 1000;

/// What is wrong: properties of the e-mail, and why, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrong {
    pub properties: BTreeSet<String>,
    pub why: Option<String>,
}

impl Wrong {
    pub fn note(&mut self, property: &str, why: &str) {
        self.properties.insert(property.to_owned());
        self.why.get_or_insert_with(|| why.to_owned());
    }
}

/// A body as it was asked for. Its sources are numbered in the order of `blobs`.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub entity: Entity,
    /// Blob ids, as the client wrote them.
    pub blobs: Vec<String>,
}

/// What all parts of one e-mail share.
struct Reader<'a> {
    values: BTreeMap<&'a str, &'a str>,
    wrong: &'a mut Wrong,
    blobs: Vec<String>,
    parts: usize,
    /// The property the part stands in.
    property: &'static str,
}

/// Reads the body. What is wrong is noted; the rest is read on, so that all of it is found.
pub(super) fn read(email: &Map<String, Value>, top: &BTreeSet<String>, wrong: &mut Wrong) -> Body {
    let given = |name: &str| email.get(name).filter(|value| !value.is_null());
    let values = body_values(given("bodyValues"), wrong);
    let mut reader = Reader { values, wrong, blobs: Vec::new(), parts: 0, property: "bodyStructure" };
    let entity = if let Some(structure) = given("bodyStructure") {
        for name in ["textBody", "htmlBody", "attachments"].into_iter().filter(|name| given(name).is_some()) {
            reader.wrong.note(name, "It does not go with bodyStructure.");
        }
        reader.root(structure, top)
    } else {
        let text = given("textBody").and_then(|list| reader.only("textBody", list, "text/plain"));
        let html = given("htmlBody").and_then(|list| reader.only("htmlBody", list, "text/html"));
        let attachments = given("attachments").map(|list| reader.attachments(list)).unwrap_or_default();
        let entity = arrange(text, html, attachments);
        reader.property = "textBody";
        reader.clash(&entity, top);
        entity
    };
    Body { entity, blobs: reader.blobs }
}

/// RFC 8621 §4.6: `isEncodingProblem` and `isTruncated` are false or not there.
fn body_values<'a>(given: Option<&'a Value>, wrong: &mut Wrong) -> BTreeMap<&'a str, &'a str> {
    let mut values = BTreeMap::new();
    let Some(given) = given else { return values };
    let Some(map) = given.as_object() else {
        wrong.note("bodyValues", "It is an object.");
        return values;
    };
    for (id, value) in map {
        let is_false = |name: &str| value.get(name).is_none_or(|flag| flag == &Value::Bool(false));
        let known = ["value", "isEncodingProblem", "isTruncated"];
        let is_known = value.as_object().is_some_and(|map| map.keys().all(|key| known.contains(&key.as_str())));
        match value.get("value").and_then(Value::as_str) {
            Some(text) if is_known && is_false("isEncodingProblem") && is_false("isTruncated") => {
                values.insert(id.as_str(), text);
            }
            _ => wrong.note("bodyValues", &format!("{id:?} is no whole value.")),
        }
    }
    values
}

impl Reader<'_> {
    fn bad(&mut self, why: &str) {
        let property = self.property;
        self.wrong.note(property, why);
    }

    fn root(&mut self, value: &Value, top: &BTreeSet<String>) -> Entity {
        let entity = self.part(value, DEPTH_MAX, None);
        self.clash(&entity, top);
        entity
    }

    /// No field stands in the header twice, once for the e-mail and once for its body.
    fn clash(&mut self, entity: &Entity, top: &BTreeSet<String>) {
        if entity.fields.iter().any(|field| top.contains(&field.name.to_ascii_lowercase())) {
            self.bad("The body has a header field that the e-mail has, too.");
        }
    }

    /// RFC 8621 §4.6: exactly one part, of this type.
    fn only(&mut self, property: &'static str, list: &Value, media_type: &str) -> Option<Entity> {
        self.property = property;
        let Some([part]) = list.as_array().map(Vec::as_slice) else {
            self.bad("It has exactly one part.");
            return None;
        };
        let entity = self.part(part, 0, Some(media_type));
        if !entity.media_type.eq_ignore_ascii_case(media_type) {
            self.bad(&format!("Its part is {media_type}."));
        }
        Some(entity)
    }

    fn attachments(&mut self, list: &Value) -> Vec<Entity> {
        self.property = "attachments";
        let Some(list) = list.as_array() else {
            self.bad("It is a list.");
            return Vec::new();
        };
        let mut parts = Vec::new();
        for value in list {
            let mut entity = self.part(value, DEPTH_MAX, Some("application/octet-stream"));
            // Shown where it is named, and saved otherwise: without a word readers would take a picture for the text.
            if entity.disposition.is_none() && entity.content_id.is_none() {
                entity.disposition = Some("attachment".to_owned());
            }
            parts.push(entity);
        }
        parts
    }

    /// One part, and those in it while `depth` lasts.
    fn part(&mut self, value: &Value, depth: usize, default_type: Option<&str>) -> Entity {
        self.parts += 1;
        let Some(map) = value.as_object().filter(|_| self.parts <= PARTS_MAX) else {
            self.bad("A part is an object, and there are not too many.");
            return Entity::default();
        };
        let mut entity = Entity::default();
        let mut seen = BTreeSet::new();
        for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            self.property_of_part((name, value), &mut entity, &mut seen);
        }
        self.content(map, depth, (&mut entity, default_type));
        entity
    }

    fn property_of_part(&mut self, (name, value): (&str, &Value), entity: &mut Entity, seen: &mut BTreeSet<String>) {
        let text = value.as_str().map(str::to_owned);
        let strings =
            || value.as_array()?.iter().map(|tag| tag.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        let field = match name {
            "type" => "content-type",
            "disposition" | "name" => "content-disposition",
            "cid" => "content-id",
            "language" => "content-language",
            "location" => "content-location",
            "partId" | "blobId" | "size" | "charset" | "subParts" => "",
            _ => return self.header(name, value, entity, seen),
        };
        let fits = match (name, text) {
            ("type", Some(text)) if is_type(&text) => set(&mut entity.media_type, text),
            ("disposition", Some(text)) if is_token(&text) => set(&mut entity.disposition, Some(text)),
            ("name", Some(text)) => set(&mut entity.file_name, Some(text)),
            ("cid", Some(text)) if is_bare(&text) => set(&mut entity.content_id, Some(text)),
            ("location", Some(text)) if is_bare(&text) => set(&mut entity.location, Some(text)),
            ("language", _) => match strings() {
                Some(tags) if tags.iter().all(|tag| is_token(tag)) => set(&mut entity.languages, tags),
                _ => false,
            },
            ("size", _) => value.is_u64(),
            ("charset", Some(text)) if is_token(&text) => {
                entity.parameters.push(("charset".to_owned(), text));
                true
            }
            ("partId" | "blobId", text) => text.is_some(),
            ("subParts", _) => value.is_array(),
            _ => false,
        };
        // `name` and `disposition` make one field together.
        let is_new = field.is_empty() || field == "content-disposition" || seen.insert(field.to_owned());
        if field == "content-disposition" {
            seen.insert(field.to_owned());
        }
        if !fits || !is_new {
            self.bad(&format!("{name} of a part is no good."));
        }
    }

    /// `header:...` of a part.
    fn header(&mut self, name: &str, value: &Value, entity: &mut Entity, seen: &mut BTreeSet<String>) {
        let Some(Some(header)) = name.starts_with("header:").then(|| forms::header(name)).flatten() else {
            return self.bad(&format!("A part has no property {name:?} that can be set."));
        };
        let lower = header.name.to_ascii_lowercase();
        let fields = header.fields(value);
        let is_forbidden = lower == "content-transfer-encoding" || lower == "mime-version";
        match fields {
            Some(fields) if !is_forbidden && seen.insert(lower.clone()) => {
                for field in fields {
                    match (lower.as_str(), &field.value) {
                        (
                            "content-type" | "content-disposition" | "content-id",
                            FieldValue::Raw(raw) | FieldValue::Text(raw),
                        ) => {
                            if !take_raw(&lower, raw, entity) {
                                self.bad(&format!("{name} is no good."));
                            }
                        }
                        _ => entity.fields.push(field),
                    }
                }
            }
            _ => self.bad(&format!("{name} is no good.")),
        }
    }

    /// What the part holds: text from `bodyValues`, a blob, or parts.
    fn content(&mut self, map: &Map<String, Value>, depth: usize, (entity, default_type): (&mut Entity, Option<&str>)) {
        let text = |name: &str| map.get(name).and_then(Value::as_str);
        let sub_parts = map.get("subParts").and_then(Value::as_array);
        if entity.media_type.is_empty() {
            let usual = if sub_parts.is_some() { "multipart/mixed" } else { default_type.unwrap_or("text/plain") };
            entity.media_type = usual.to_owned();
        }
        let is_multipart = entity.media_type.to_ascii_lowercase().starts_with("multipart/");
        match (text("partId"), text("blobId"), sub_parts) {
            (None, None, Some(parts)) if is_multipart && depth > 0 => {
                let parts = parts.iter().map(|part| self.part(part, depth - 1, None)).collect();
                entity.content = Content::Parts(parts);
            }
            (Some(id), None, None) if !is_multipart => self.text_value(map, id, entity),
            (None, Some(blob), None) if !is_multipart => {
                let number = self.blobs.iter().position(|known| known == blob).unwrap_or_else(|| {
                    self.blobs.push(blob.to_owned());
                    self.blobs.len() - 1
                });
                entity.content = Content::Source { number, lines: Lines::Binary };
            }
            (None, None, None) if is_multipart && depth > 0 => entity.content = Content::Parts(Vec::new()),
            _ => self.bad("A part has a partId, a blobId, or subParts, as its type asks for."),
        }
    }

    fn text_value(&mut self, map: &Map<String, Value>, id: &str, entity: &mut Entity) {
        if !entity.media_type.to_ascii_lowercase().starts_with("text/") {
            self.bad("A part with a partId is text.");
        }
        if map.get("charset").is_some_and(|charset| !charset.is_null()) {
            self.bad("A part with a partId has no charset of its own.");
        }
        if map.get("size").is_some_and(|size| !size.is_null()) {
            self.bad("A part with a partId has no size of its own.");
        }
        match self.values.get(id) {
            Some(value) => entity.content = Content::Text((*value).to_owned()),
            None => self.bad(&format!("bodyValues has no {id:?}.")),
        }
    }
}

fn set<T>(place: &mut T, value: T) -> bool {
    *place = value;
    true
}

/// RFC 2045 §5.1.
fn is_token(text: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&octet);
    (1..=127).contains(&text.len()) && text.bytes().all(fits)
}

fn is_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(main, sub)| is_token(main) && is_token(sub))
}

/// What stands in angle brackets, or alone, in a field.
fn is_bare(text: &str) -> bool {
    (1..=900).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>".contains(&octet))
}

/// A MIME field as the client wrote it. Of a multipart the boundary is ours.
fn take_raw(name: &str, raw: &str, entity: &mut Entity) -> bool {
    let parameters = |list: &[header::Parameter]| {
        let mut names: Vec<&str> = list.iter().filter_map(|parameter| parameter.name.split('*').next()).collect();
        names.dedup();
        let read = |name: &str| Some((name.to_owned(), parameter_text(list, name)?));
        names.into_iter().filter_map(read).collect::<Vec<_>>()
    };
    match name {
        "content-type" => match header::content_type(raw.as_bytes()) {
            Some(read) => {
                entity.media_type = format!("{}/{}", read.main, read.sub);
                entity.parameters = parameters(&read.parameters);
                true
            }
            None => false,
        },
        "content-disposition" => match header::disposition(raw.as_bytes()) {
            Some(read) => {
                entity.file_name = parameter_text(&read.parameters, "filename").or(entity.file_name.take());
                entity.disposition = Some(read.kind);
                true
            }
            None => false,
        },
        _ => match header::message_ids(raw.as_bytes()).into_iter().next() {
            Some(id) => set(&mut entity.content_id, Some(id)),
            None => false,
        },
    }
}
