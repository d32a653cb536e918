#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::build::{LINE_HARD_MAX, LINE_MAX};
use crate::header::{self, Entry};
use crate::text::body_text;
use crate::{Summary, Time, parse};
use proptest::prelude::*;

fn text_part(text: &str) -> Entity {
    Entity { media_type: "text/plain".to_owned(), content: Content::Text(text.to_owned()), ..Entity::default() }
}

fn html_part(text: &str) -> Entity {
    Entity { media_type: "text/html".to_owned(), content: Content::Text(text.to_owned()), ..Entity::default() }
}

fn file(name: &str, media_type: &str, number: usize) -> Entity {
    Entity {
        media_type: media_type.to_owned(),
        disposition: Some("attachment".to_owned()),
        file_name: Some(name.to_owned()),
        content: Content::Source { number, lines: Lines::Binary },
        ..Entity::default()
    }
}

fn composed(fields: Vec<Field>, body: Entity, sources: &[&[u8]]) -> Vec<u8> {
    let pieces = Draft { fields, body, random: [1, 2] }.compose();
    join(&pieces, |number| sources[number])
}

fn shown(fields: Vec<Field>, body: Entity) -> String {
    String::from_utf8(composed(fields, body, &[])).unwrap()
}

fn types(content: &[u8]) -> Vec<String> {
    let summary = Summary::of(&parse(content));
    summary.parts.iter().map(|part| format!("{}/{}", part.media_type, part.subtype)).collect()
}

fn person(name: &str, email: &str) -> Correspondent {
    Correspondent { name: Some(name.to_owned()).filter(|name| !name.is_empty()), email: email.to_owned() }
}

#[test]
fn a_short_text_stands_as_it_is() {
    let fields = vec![
        Field::new("X-Kind", Value::Text("note".to_owned())),
        Field::new("Subject", Value::Text("Crêpes".to_owned())),
        Field::new(
            "From",
            Value::Addresses(vec![Group { name: None, members: vec![person("Alice", "alice@crepes.fr")] }]),
        ),
        Field::new("Date", Value::Date(Time(0), 60)),
    ];
    assert_eq!(
        shown(fields, text_part("Do you like ketchup?\nHow about pickles?\n")),
        "Date: Thu, 1 Jan 1970 01:00:00 +0100\r\nFrom: Alice <alice@crepes.fr>\r\nSubject: =?utf-8?B?Q3LDqnBlcw==?=\r\n\
         X-Kind: note\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Do you like ketchup?\r\nHow about pickles?\r\n"
    );
}

#[test]
fn the_encoding_follows_the_text() {
    let encoding = |text: &str| text::encoding_for(&text::lines(text), false).name();
    assert_eq!(encoding(&"x".repeat(LINE_MAX)), "7bit");
    assert_eq!(encoding(&"x".repeat(LINE_MAX + 1)), "quoted-printable");
    assert_eq!(encoding("one\n-- \nAlice"), "7bit");
    assert_eq!(encoding("one \ntwo"), "quoted-printable");
    assert_eq!(encoding("From here"), "quoted-printable");
    assert_eq!(encoding("null \0 byte"), "quoted-printable");
    assert_eq!(encoding("déjà vu, my dear friend of old times"), "quoted-printable");
    assert_eq!(encoding("Здравствуйте"), "base64");
    assert_eq!(text::lines("a\rb\nc\r\nd"), "a\r\nb\r\nc\r\nd");
}

#[test]
fn parts_go_where_readers_look_for_them() {
    let picture = |disposition: Option<&str>| Entity {
        content_id: Some("cat@crepes.fr".to_owned()),
        disposition: disposition.map(str::to_owned),
        ..file("cat.png", "image/png", 0)
    };
    let sources: [&[u8]; 1] = [b"\0\x01"];
    let all = arrange(
        Some(text_part("a")),
        Some(html_part("<img src=cid:cat@crepes.fr>")),
        vec![file("a.pdf", "application/pdf", 0), picture(Some("inline"))],
    );
    assert_eq!(
        types(&composed(vec![], all, &sources)),
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "application/pdf"
        ]
    );
    let beside = arrange(None, Some(html_part("b")), vec![picture(Some("attachment"))]);
    assert_eq!(types(&composed(vec![], beside, &sources)), ["multipart/mixed", "text/html", "image/png"]);
    // There is no HTML that could show it.
    let no_html = arrange(Some(text_part("b")), None, vec![picture(None)]);
    assert_eq!(types(&composed(vec![], no_html, &sources)), ["multipart/mixed", "text/plain", "image/png"]);
    assert_eq!(types(&composed(vec![], arrange(None, None, vec![]), &[])), ["text/plain"]);
    let only = arrange(None, None, vec![file("a", "application/pdf", 0)]);
    assert_eq!(types(&composed(vec![], only, &sources)), ["multipart/mixed", "application/pdf"]);
}

#[test]
fn a_message_within_is_not_encoded() {
    let inner = |lines| Entity {
        media_type: "message/rfc822".to_owned(),
        content: Content::Source { number: 0, lines },
        ..Entity::default()
    };
    let within = "Subject: a\r\n\r\ncrêpe\r\n".as_bytes();
    let mixed = |lines| arrange(Some(text_part("see")), None, vec![inner(lines)]);
    let written = String::from_utf8(composed(vec![], mixed(Lines::EightBit), &[within])).unwrap();
    assert!(written.contains(
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: a\r\n\r\ncrêpe\r\n\r\n--"
    ));
    assert_eq!(written.matches("Content-Transfer-Encoding: 8bit").count(), 2, "the multipart says so too");
    let binary = String::from_utf8(composed(vec![], mixed(Lines::Binary), &[within])).unwrap();
    assert!(binary.contains("Content-Type: message/global\r\nContent-Transfer-Encoding: base64"));
}

#[test]
fn an_empty_multipart_has_one_part() {
    let empty =
        Entity { media_type: "multipart/mixed".to_owned(), content: Content::Parts(vec![]), ..Entity::default() };
    assert_eq!(types(&composed(vec![], empty, &[])), ["multipart/mixed", "text/plain"]);
}

#[test]
fn file_names_are_quoted_or_extended() {
    let name = |name: &str| {
        let field = parameters::field("Content-Disposition", "attachment", &[("filename".to_owned(), name.to_owned())]);
        String::from_utf8(field).unwrap()
    };
    assert_eq!(name("a.pdf"), "Content-Disposition: attachment; filename=a.pdf\r\n");
    assert_eq!(name("a \"b\".pdf"), "Content-Disposition: attachment; filename=\"a \\\"b\\\".pdf\"\r\n");
    assert_eq!(name("crêpe.pdf"), "Content-Disposition: attachment; filename*=utf-8''cr%C3%AApe.pdf\r\n");
    assert_eq!(name("a\r\nBcc: x"), "Content-Disposition: attachment; filename=\"aBcc: x\"\r\n");
    let long = name(&"é".repeat(60));
    assert!(long.contains("filename*0*=utf-8''%C3%A9") && long.contains(";\r\n filename*1*=%C3"), "{long}");
}

#[test]
fn no_raw_value_begins_a_field_of_its_own() {
    for (raw, written) in [
        ("a", "X: a\r\n"),
        (" a\r\n b", "X: a\r\n b\r\n"),
        ("\r\n a", "X:\r\n a\r\n"),
        ("a\r\nBcc: b@c.d", "X: aBcc: b@c.d\r\n"),
        ("a\nBcc: b@c.d", "X: a Bcc: b@c.d\r\n"),
        ("a\r\n \r\n b", "X: a  b\r\n"),
        ("ê", "X: =?utf-8?B?w6o=?=\r\n"),
    ] {
        let mut out = Vec::new();
        Field::new("X", Value::Raw(raw.to_owned())).write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), written, "{raw:?}");
    }
    let mut out = Vec::new();
    Field::new("X", Value::Raw("x".repeat(3000))).write(&mut out);
    assert!(out.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE_HARD_MAX + 1));
}

#[test]
fn groups_ids_and_links() {
    let mut out = Vec::new();
    let groups = vec![
        Group { name: None, members: vec![person("", "a@b.c")] },
        Group {
            name: Some("Friends of food".to_owned()),
            members: vec![person("Bob", "bob@hamburger.edu"), person("", "x")],
        },
        Group { name: Some("nobody".to_owned()), members: vec![] },
    ];
    Field::new("To", Value::Addresses(groups)).write(&mut out);
    Field::new("References", Value::MessageIds(vec!["a@b".to_owned(), "c\r\n@d".to_owned()])).write(&mut out);
    Field::new("List-Post", Value::Urls(vec!["mailto:a@b".to_owned(), "https://b".to_owned()])).write(&mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "To: a@b.c, Friends of food: Bob <bob@hamburger.edu>, <x>;, nobody:;\r\nReferences: <a@b> <c@d>\r\n\
         List-Post: <mailto:a@b>, <https://b>\r\n"
    );
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~\n]{0,300}", "(\\PC|\n|\r|\t| ){0,120}", Just("x".repeat(2000)), Just("Ж".repeat(900))]
}

fn any_body() -> impl Strategy<Value = (Entity, Vec<String>, Vec<Vec<u8>>)> {
    let file = ("\\PC{1,80}", proptest::collection::vec(any::<u8>(), 0..300));
    (any_text(), proptest::option::of(any_text()), proptest::collection::vec(file, 0..3)).prop_map(
        |(text, html, files)| {
            let texts: Vec<String> =
                std::iter::once(text.clone()).chain(html.clone()).map(|text| text::lines(&text)).collect();
            let attached =
                files.iter().enumerate().map(|(number, (name, _))| super::tests::file(name, "image/png", number));
            let body = arrange(Some(text_part(&text)), html.as_deref().map(html_part), attached.collect());
            (body, texts, files.into_iter().map(|(_, octets)| octets).collect())
        },
    )
}

proptest! {
    #[test]
    fn read_back_it_means_the_same((body, texts, files) in any_body()) {
        let sources: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let content = composed(vec![], body, &sources);
        let structure = parse(&content);
        let facts = structure.parts[0].body_facts;
        prop_assert!(facts.are_lines_of_text() && facts.eight_bit == 0);
        prop_assert!(content.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE_MAX + 1));
        let summary = Summary::of(&structure);
        let octets = |range: &std::ops::Range<u64>| &content[range.start as usize..range.end as usize];
        let (mut found_texts, mut found_files) = (Vec::new(), Vec::new());
        for part in &summary.parts {
            match part.media_type.as_str() {
                "text" => found_texts.push(body_text(part, octets(&part.body)).unwrap()),
                "image" => found_files.push(crate::encoding::decode(crate::TransferEncoding::Base64, octets(&part.body))),
                _ => {}
            }
        }
        prop_assert_eq!(found_texts, texts);
        prop_assert_eq!(found_files, files);
    }

    #[test]
    fn names_come_back(name in "\\PC{1,120}") {
        let content = composed(vec![], file(&name, "image/png", 0), &[b""]);
        let summary = Summary::of(&parse(&content));
        let found = header::parameter_text(&summary.parts[0].disposition.as_ref().unwrap().parameters, "filename");
        prop_assert_eq!(found.unwrap(), name.chars().filter(|c| !c.is_control()).collect::<String>());
    }

    #[test]
    fn people_come_back(
        list in proptest::collection::vec(("\\PC{0,60}", "[a-z]{1,8}(\\.[a-z0-9+]{1,5})?@[a-z]{1,9}\\.fr"), 1..6),
        group in proptest::option::of("[A-Za-zé ,]{1,30}"),
    ) {
        let members = list.iter().map(|(name, email)| person(name, email)).collect();
        let mut out = Vec::new();
        Field::new("To", Value::Addresses(vec![Group { name: group.clone(), members }])).write(&mut out);
        let field = header::fields(&out).next().unwrap();
        let entries = header::addresses(field.value);
        let found: Vec<(String, String)> = entries.iter().filter_map(|entry| match entry {
            Entry::Mailbox(mailbox) => Some((
                mailbox.name.as_ref().map(header::Phrase::text).unwrap_or_default(),
                mailbox.address().unwrap().to_string(),
            )),
            _ => None,
        }).collect();
        let squeezed = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(found.len(), list.len());
        for ((name, email), (given_name, given_email)) in found.iter().zip(&list) {
            prop_assert_eq!(squeezed(name), squeezed(given_name));
            prop_assert_eq!(email, given_email);
        }
        prop_assert_eq!(entries.len(), list.len() + 2 * usize::from(group.is_some()));
        prop_assert!(out.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE_HARD_MAX + 1));
    }

    #[test]
    fn subjects_come_back(subject in "\\PC{0,200}") {
        let mut out = Vec::new();
        Field::new("Subject", Value::Text(subject.clone())).write(&mut out);
        let field = header::fields(&out).next();
        let found = field.map(|field| header::text(field.value)).unwrap_or_default();
        prop_assert_eq!(found.trim(), subject.trim());
    }
}

#[test]
fn what_follows_the_name_of_a_group_is_folded() {
    let members = vec![person("(y) (y) cr\u{ea}pe \"q\" and more", "bob@hamburger.edu")];
    let first = person("", "a-name-of-some-length@a-rather-long-name-of-a-host.crepes.fr");
    let groups = vec![
        Group { name: None, members: vec![first] },
        Group { name: Some("\u{418}\u{43b}\u{44c}\u{434}\u{430}\u{440}".to_owned()), members },
    ];
    let text = shown(vec![Field::new("To", Value::Addresses(groups))], text_part("x"));
    assert!(text.lines().all(|line| line.len() <= LINE_MAX), "{text}");
}
