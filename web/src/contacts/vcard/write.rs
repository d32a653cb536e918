//! JSContact to vCard. Owns the order of properties and what vCard 3.0 lacks.

use super::lines::{Line, escape, joined, push};
use super::resources::{RESOURCES, Resource, is_name, parameters};
use super::{Card, dates, names};
use serde_json::Value;

/// Which vCard is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RFC 2426, for older programs.
    V3,
    /// RFC 6350.
    V4,
}

/// Properties of a card that are written by name here; others go as `JSPROP`.
const WRITTEN: &[&str] = &[
    "@type",
    "version",
    "name",
    "nicknames",
    "organizations",
    "addresses",
    "anniversaries",
    "keywords",
    "members",
    "relatedTo",
    "uid",
    "kind",
    "prodId",
    "language",
    "updated",
    "created",
    "vCardProps",
];
/// Properties that are of the address book, not of the card.
const OURS: &[&str] = &["id", "addressBookIds", "blobId"];

/// Writes a card.
#[must_use]
pub fn write(card: &Card, version: Version) -> String {
    let mut out = Writer { text: String::new(), old: version == Version::V3, groups: 0 };
    out.plain("begin", "VCARD");
    out.plain("version", if out.old { "3.0" } else { "4.0" });
    out.names(card);
    out.simple(card);
    for known in RESOURCES {
        out.resources(card, known);
    }
    out.structured(card);
    out.sets(card);
    out.rest(card);
    out.plain("end", "VCARD");
    out.text
}

struct Writer {
    text: String,
    old: bool,
    /// Labels written so far.
    groups: usize,
}

fn objects<'a>(card: &'a Card, property: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    card.get(property).and_then(Value::as_object).into_iter().flatten()
}

fn text<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str)
}

impl Writer {
    fn plain(&mut self, name: &str, value: &str) {
        push(&mut self.text, &Line { name: name.to_owned(), value: value.to_owned(), ..Line::default() });
    }

    /// A property of an object under an id: with what parameters tell of it, and its label.
    fn described(&mut self, name: &str, (id, object): (&str, &Value), mut more: Vec<(String, String)>, value: String) {
        let mut all = parameters(object, self.old);
        all.append(&mut more);
        if !self.old && id.parse::<u32>().is_err() {
            all.push(("prop-id".to_owned(), id.to_owned()));
        }
        let mut line = Line { name: name.to_owned(), parameters: all, value, ..Line::default() };
        if let Some(label) = text(object, "label") {
            self.groups += 1;
            line.group = format!("item{}", self.groups);
            let group = line.group.clone();
            push(&mut self.text, &line);
            line = Line { group, name: "x-ablabel".to_owned(), value: escape(label), ..Line::default() };
        }
        push(&mut self.text, &line);
    }

    /// RFC 6350 §6.2.1: there is an `FN`, always; RFC 2426 §3.1.2: and an `N`.
    fn names(&mut self, card: &Card) {
        let name = card.get("name").unwrap_or(&Value::Null);
        let first = |property: &str, member: &str| {
            objects(card, property).next().and_then(|(_, object)| text(object, member)).map(str::to_owned)
        };
        let full = names::full_name(name)
            .or_else(|| first("organizations", "name"))
            .or_else(|| first("nicknames", "name"))
            .or_else(|| first("emails", "address"))
            .unwrap_or_default();
        self.plain("fn", &escape(&full));
        match names::write_name(name, self.old) {
            Some(value) => self.plain("n", &value),
            None if self.old => self.plain("n", &joined(&[vec![full], vec![], vec![], vec![], vec![]])),
            None => {}
        }
        for (id, object) in objects(card, "nicknames") {
            let value = escape(text(object, "name").unwrap_or(""));
            self.described("nickname", (id, object), Vec::new(), value);
        }
    }

    fn simple(&mut self, card: &Card) {
        let of = |property: &str| card.get(property).and_then(Value::as_str);
        let kind = if self.old { "x-addressbookserver-kind" } else { "kind" };
        for (name, property) in [("uid", "uid"), ("prodid", "prodId"), ("language", "language"), (kind, "kind")] {
            of(property).into_iter().for_each(|value| self.plain(name, &escape(value)));
        }
        for (name, property) in [("rev", "updated"), ("created", "created")] {
            let plain = |moment: &str| moment.chars().filter(|c| !matches!(c, '-' | ':')).collect::<String>();
            of(property).map(plain).into_iter().for_each(|value| self.plain(name, &escape(&value)));
        }
    }

    fn resources(&mut self, card: &Card, known: &Resource) {
        for (id, object) in objects(card, known.property) {
            let same_kind = match known.property {
                "onlineServices" => (text(object, "vCardName") == Some("impp")) == (known.name == "impp"),
                "titles" => text(object, "kind").unwrap_or("title") == known.kind.unwrap_or(""),
                _ => text(object, "kind") == known.kind,
            };
            let value = text(object, known.member).or_else(|| text(object, "user"));
            if let (true, Some(value)) = (same_kind, value) {
                self.resource(known, (id, object), value);
            }
        }
    }

    fn resource(&mut self, known: &Resource, (id, object): (&str, &Value), value: &str) {
        let mut more = Vec::new();
        let mut say = |name: &str, member: &str| {
            text(object, member).into_iter().for_each(|value| more.push((name.to_owned(), value.to_owned())));
        };
        if known.member == "uri" && !self.old {
            say("mediatype", "mediaType");
        }
        if known.property == "onlineServices" {
            say(if self.old && known.name != "impp" { "type" } else { "service-type" }, "service");
            say("username", "user");
        }
        if known.property == "personalInfo" {
            say("level", "level");
        }
        let name = if self.old { known.old_name } else { known.name };
        // RFC 2426 §3.1.4: pictures stand in the text itself.
        if let Some((media_type, base64)) = self.inline(value).filter(|_| known.member == "uri") {
            let format = media_type.rsplit('/').next().unwrap_or("").to_ascii_uppercase();
            more.extend([("encoding".to_owned(), "b".to_owned()), ("type".to_owned(), format)]);
            return self.described(name, (id, object), more, base64.to_owned());
        }
        let value = if known.member == "uri" { value.replace(['\r', '\n'], "") } else { escape(value) };
        self.described(name, (id, object), more, value);
    }

    fn inline<'a>(&self, uri: &'a str) -> Option<(&'a str, &'a str)> {
        let rest = uri.strip_prefix("data:").filter(|_| self.old)?;
        rest.split_once(";base64,").filter(|(media_type, _)| !media_type.contains([';', ',']))
    }

    fn structured(&mut self, card: &Card) {
        for (id, object) in objects(card, "organizations") {
            self.described("org", (id, object), Vec::new(), names::write_organization(object));
        }
        for (id, object) in objects(card, "addresses") {
            let full = text(object, "full").filter(|_| !self.old);
            let more = full.map(|full| vec![("label".to_owned(), full.to_owned())]).unwrap_or_default();
            self.described("adr", (id, object), more, names::write_address(object));
        }
        for (id, object) in objects(card, "anniversaries") {
            let name = match (text(object, "kind"), self.old) {
                (Some("birth"), _) => "bday",
                (Some("death"), _) => "deathdate",
                (Some("wedding"), false) => "anniversary",
                (Some("wedding"), true) => "x-anniversary",
                _ => continue,
            };
            if let Some(value) = object.get("date").and_then(|date| dates::write(date, self.old)) {
                self.described(name, (id, object), Vec::new(), value);
            }
        }
    }

    fn sets(&mut self, card: &Card) {
        let keywords: Vec<String> = objects(card, "keywords").map(|(keyword, _)| escape(keyword)).collect();
        if !keywords.is_empty() {
            self.plain("categories", &keywords.join(","));
        }
        let member = if self.old { "x-addressbookserver-member" } else { "member" };
        for (uid, _) in objects(card, "members") {
            self.plain(member, &escape(uid));
        }
        for (uid, object) in objects(card, "relatedTo") {
            let relation = object.get("relation").and_then(Value::as_object).into_iter().flatten();
            let parameters = relation.map(|(word, _)| ("type".to_owned(), word.clone())).collect();
            push(
                &mut self.text,
                &Line { name: "related".to_owned(), parameters, value: escape(uid), ..Line::default() },
            );
        }
    }

    /// What came from a vCard and is no part of JSContact, and what is no part of vCard (RFC 9555 §3.2, §3.2.1).
    fn rest(&mut self, card: &Card) {
        for kept in card.get("vCardProps").and_then(Value::as_array).into_iter().flatten() {
            if let (Some(name), Some(value)) =
                (kept.get(0).and_then(Value::as_str), kept.get(3).and_then(Value::as_str))
                && is_name(name)
            {
                let given = kept.get(1).and_then(Value::as_object).into_iter().flatten();
                let parameters = given
                    .filter(|(name, _)| is_name(name))
                    .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                    .collect();
                let value = value.replace(['\r', '\n'], "");
                push(&mut self.text, &Line { name: name.to_owned(), parameters, value, ..Line::default() });
            }
        }
        let known = |name: &str| {
            WRITTEN.contains(&name) || OURS.contains(&name) || RESOURCES.iter().any(|known| known.property == name)
        };
        for (name, value) in card.iter().filter(|(name, _)| !known(name) && !name.contains('/')) {
            let parameters = vec![("jsptr".to_owned(), name.clone())];
            let value = escape(&value.to_string());
            push(&mut self.text, &Line { name: "jsprop".to_owned(), parameters, value, ..Line::default() });
        }
    }
}
