#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn one(text: &str) -> Card {
    let text = format!("BEGIN:VCARD\r\nVERSION:4.0\r\n{}\r\nEND:VCARD\r\n", text.replace('\n', "\r\n"));
    let mut cards = read(&text).unwrap();
    assert_eq!(cards.len(), 1);
    cards.remove(0)
}

/// One property of a card of one line.
fn of(line: &str, property: &str) -> Value {
    one(line).remove(property).unwrap_or(Value::Null)
}

/// Each line, the property it becomes, and what that is.
fn become_these(rows: &[(&str, &str, Value)]) {
    for (line, property, expected) in rows {
        assert_eq!(of(line, property), *expected, "{line}");
    }
}

#[test]
fn names_and_ways_to_reach_somebody_become_what_the_rfc_says() {
    become_these(&[
        ("FN:Bob", "name", json!({"full": "Bob"})),
        (
            "N:Builder;Bob;B.,C.;Dr.;",
            "name",
            json!({"components": [{"kind": "title", "value": "Dr."}, {"kind": "given", "value": "Bob"},
                {"kind": "given2", "value": "B."}, {"kind": "given2", "value": "C."}, {"kind": "surname", "value": "Builder"}]}),
        ),
        (
            "EMAIL;TYPE=work;PREF=1:bob@crepes.fr",
            "emails",
            json!({"1": {"address": "bob@crepes.fr", "contexts": {"work": true}, "pref": 1}}),
        ),
        (
            "EMAIL;TYPE=INTERNET,HOME,pref:b@c",
            "emails",
            json!({"1": {"address": "b@c", "contexts": {"private": true}, "pref": 1}}),
        ),
        ("item1.EMAIL:b@c\nitem1.X-ABLabel:_$!<Boat>!$_", "emails", json!({"1": {"address": "b@c", "label": "Boat"}})),
        (
            "TEL;TYPE=\"cell,voice\":+1",
            "phones",
            json!({"1": {"number": "+1", "features": {"mobile": true, "voice": true}}}),
        ),
        (
            "TEL;TYPE=cell,voice;VALUE=uri:tel:+1",
            "phones",
            json!({"1": {"number": "tel:+1", "features": {"mobile": true, "voice": true}}}),
        ),
        (
            "NICKNAME:Bobby,The \\, Builder",
            "nicknames",
            json!({"1": {"name": "Bobby"}, "2": {"name": "The , Builder"}}),
        ),
        (
            "ORG:Crepes\\; Co;Kitchen",
            "organizations",
            json!({"1": {"name": "Crepes; Co", "units": [{"name": "Kitchen"}]}}),
        ),
        (
            "TITLE:Cook\nROLE:Boss",
            "titles",
            json!({"1": {"kind": "title", "name": "Cook"}, "2": {"kind": "role", "name": "Boss"}}),
        ),
        (
            "ADR;LABEL=\"1 Rue^nParis\":;;1 Rue;Paris;;75001;France",
            "addresses",
            json!({"1": {"full": "1 Rue\nParis", "components": [{"kind": "name", "value": "1 Rue"}, {"kind": "locality", "value": "Paris"},
                {"kind": "postcode", "value": "75001"}, {"kind": "country", "value": "France"}]}}),
        ),
    ]);
}

#[test]
fn days_notes_and_the_rest_become_what_the_rfc_says() {
    become_these(&[
        (
            "BDAY:--0521",
            "anniversaries",
            json!({"1": {"kind": "birth", "date": {"@type": "PartialDate", "month": 5, "day": 21}}}),
        ),
        (
            "BDAY:1604-05-21",
            "anniversaries",
            json!({"1": {"kind": "birth", "date": {"@type": "PartialDate", "month": 5, "day": 21}}}),
        ),
        (
            "ANNIVERSARY:19800521T101500Z",
            "anniversaries",
            json!({"1": {"kind": "wedding", "date": {"@type": "Timestamp", "utc": "1980-05-21T10:15:00Z"}}}),
        ),
        ("BDAY;VALUE=text:circa 1800", "vCardProps", json!([["bday", {"value": "text"}, "unknown", "circa 1800"]])),
        ("NOTE:a\\nb\\, c", "notes", json!({"1": {"note": "a\nb, c"}})),
        ("NOTE:fol\n  ded", "notes", json!({"1": {"note": "fol ded"}})),
        (
            "PHOTO;ENCODING=b;TYPE=JPEG:aGk=",
            "media",
            json!({"1": {"kind": "photo", "uri": "data:image/jpeg;base64,aGk="}}),
        ),
        (
            "PHOTO;ENCODING=b;TYPE=JPEG:!",
            "vCardProps",
            json!([["photo", {"encoding": "b", "type": "JPEG"}, "unknown", "!"]]),
        ),
        ("URL:https://a.example/?a=1\\,2", "links", json!({"1": {"uri": "https://a.example/?a=1,2"}})),
        ("CATEGORIES:friend,cook", "keywords", json!({"cook": true, "friend": true})),
        ("KIND:group\nMEMBER:urn:uuid:1", "members", json!({"urn:uuid:1": true})),
        ("X-ADDRESSBOOKSERVER-KIND:group", "kind", json!("group")),
        ("REV:20261121T051744Z", "updated", json!("2026-11-21T05:17:44Z")),
        ("REV:2026-11-21", "updated", json!("2026-11-21T00:00:00Z")),
        ("REV:some day", "updated", Value::Null),
        ("UID:urn:uuid:1\nUID:2", "uid", json!("urn:uuid:1")),
        (
            "X-SOCIALPROFILE;TYPE=mastodon:https://m.example/@bob",
            "onlineServices",
            json!({"1": {"uri": "https://m.example/@bob", "service": "mastodon", "vCardParams": {"type": ["mastodon"]}}}),
        ),
        ("IMPP:xmpp:bob@c", "onlineServices", json!({"1": {"uri": "xmpp:bob@c", "vCardName": "impp"}})),
        ("RELATED;TYPE=friend:urn:uuid:2", "relatedTo", json!({"urn:uuid:2": {"relation": {"friend": true}}})),
        ("GEO:geo:1,2", "vCardProps", json!([["geo", {}, "unknown", "geo:1,2"]])),
        ("JSPROP;JSPTR=x:{\"a\":1}", "x", json!({"a": 1})),
        (
            "EMAIL;PROP-ID=work1:a@b\nEMAIL;PROP-ID=work1:c@d",
            "emails",
            json!({"work1": {"address": "a@b"}, "2": {"address": "c@d"}}),
        ),
        ("EMAIL;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:a=40b", "emails", json!({"1": {"address": "a@b"}})),
        (
            "TEL;HOME;CELL:1",
            "phones",
            json!({"1": {"number": "1", "contexts": {"private": true}, "features": {"mobile": true}}}),
        ),
        ("NOTE;QUOTED-PRINTABLE:Cr=C3=AApes=\n and, more", "notes", json!({"1": {"note": "Crêpes and, more"}})),
        ("no line at all\n:x\nNOTE:a", "notes", json!({"1": {"note": "a"}})),
    ]);
}

const BOB: &str = "FN:Dr. Bob Builder\nN:Builder;Bob;;Dr.;\nUID:urn:uuid:1\nEMAIL;TYPE=work;PREF=1:bob@crepes.fr\n\
    TEL;TYPE=cell:+1\nADR;TYPE=home:;;1 Rue;Paris;;75001;France\nBDAY:--0521\nitem1.URL:https://a.example\n\
    item1.X-ABLABEL:Boat\nNOTE:a\\nb\nCATEGORIES:cook,friend\nX-OWN;X-P=1:kept\nPHOTO:data:image/png;base64,aGk=\nKIND:individual";

#[test]
fn both_versions_come_back_as_they_were() {
    let bob = one(BOB);
    let new = write(&bob, Version::V4);
    assert!(new.starts_with("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Dr. Bob Builder\r\nN:Builder;Bob;;Dr.;\r\n"), "{new}");
    assert!(new.contains("\r\nBDAY:--0521\r\n") && new.contains("\r\nX-OWN;X-P=1:kept\r\n"), "{new}");
    assert_eq!(read(&new).unwrap(), std::slice::from_ref(&bob));
    let old = write(&bob, Version::V3);
    assert!(old.contains("VERSION:3.0") && old.contains("BDAY:1604-05-21") && old.contains("TYPE=pref"), "{old}");
    assert!(old.contains("PHOTO;ENCODING=b;TYPE=PNG:aGk="), "{old}");
    assert_eq!(read(&old).unwrap(), [bob]);
}

#[test]
fn a_card_always_has_a_name_to_be_written() {
    for (card, name) in [
        (json!({"emails": {"a": {"address": "a@b"}}}), "a@b"),
        (json!({"organizations": {"a": {"name": "Co"}}, "emails": {"a": {"address": "a@b"}}}), "Co"),
        (json!({"name": {"components": [{"kind": "given", "value": "A"}, {"kind": "surname", "value": "B"}]}}), "A B"),
        (json!({}), ""),
        (
            json!({"name": 7, "emails": [], "members": "x", "vCardProps": [1, ["a b", {}, "", "x"]], "anniversaries": {"1": {}}}),
            "",
        ),
    ] {
        let Value::Object(card) = card else { panic!("an object") };
        assert!(write(&card, Version::V3).contains(&format!("\r\nFN:{name}\r\nN:")), "{name}");
        assert!(write(&card, Version::V4).contains(&format!("\r\nFN:{name}\r\n")), "{name}");
    }
}

#[test]
fn lines_are_folded_and_cannot_be_broken_out_of() {
    let long = "é".repeat(200);
    let card = one(&format!("NOTE:{long}"));
    let text = write(&card, Version::V4);
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    assert_eq!(
        read(&text).unwrap(),
        [{
            let mut card = card;
            card.insert("name".to_owned(), Value::Null);
            card.remove("name");
            card
        }]
    );
    let evil = json!({"uid": "a\r\nEMAIL:evil@x", "links": {"1": {"uri": "x:\r\nEND:VCARD"}}, "emails": {"a;b:c": {"address": "a\nb",
        "vCardParams": {"x y": "1", "x-z": "\"\r\n:"}}}, "vCardProps": [["x", {"p": "\n"}, "unknown", "a\r\nb"]]});
    let Value::Object(evil) = evil else { panic!("an object") };
    for version in [Version::V3, Version::V4] {
        let text = write(&evil, version);
        assert_eq!(text.matches("\r\nEND:VCARD").count(), 1, "{text}");
        let again = read(&text).unwrap();
        assert_eq!(again[0]["emails"].as_object().unwrap().len(), 1, "{text}");
    }
}

#[test]
fn files_have_limits() {
    assert_eq!(read(""), Err(Unreadable::NoCards));
    assert_eq!(read("BEGIN:VCARD\nFN:a\n"), Err(Unreadable::NoCards), "it never ends");
    let card = "BEGIN:VCARD\nEND:VCARD\n";
    assert_eq!(read(&card.repeat(CARDS_MAX)).unwrap().len(), CARDS_MAX);
    assert_eq!(read(&card.repeat(CARDS_MAX + 1)), Err(Unreadable::TooMany));
    let of = |count: usize| format!("BEGIN:VCARD\n{}END:VCARD\n", "X:1\n".repeat(count));
    assert!(read(&of(PROPERTIES_MAX)).is_ok());
    assert_eq!(read(&of(PROPERTIES_MAX + 1)), Err(Unreadable::TooMany));
    let padded = |octets: usize| format!("{card}{}", " ".repeat(octets - card.len()));
    assert!(read(&padded(FILE_OCTETS_MAX)).is_ok());
    assert_eq!(read(&padded(FILE_OCTETS_MAX + 1)), Err(Unreadable::TooLong));
}

fn any_text() -> impl Strategy<Value = String> {
    "[ -~é\n]{0,20}[!-~]".prop_map(|text| text.trim().to_owned()).prop_filter("a text", |text| !text.is_empty())
}

fn any_card() -> impl Strategy<Value = Card> {
    let email = (any_text(), prop::option::of(1_u8..=100), prop::option::of(any_text()), any::<bool>());
    let email = email.prop_map(|(address, pref, label, work)| {
        let mut email = json!({"address": address});
        pref.into_iter().for_each(|pref| email["pref"] = json!(pref));
        label.into_iter().for_each(|label| email["label"] = json!(label));
        if work {
            email["contexts"] = json!({"work": true});
        }
        email
    });
    let texts = prop::collection::vec(any_text(), 4);
    (texts, prop::collection::vec(email, 0..4), prop::collection::btree_set(any_text(), 0..4)).prop_map(
        |(texts, emails, sets)| {
            let emails: Map<String, Value> =
                emails.into_iter().enumerate().map(|(n, it)| ((n + 1).to_string(), it)).collect();
            let mut card = json!({"@type": "Card", "version": "1.0", "uid": texts[0], "name": {"full": texts[1]},
            "notes": {"1": {"note": texts[2]}}, "organizations": {"1": {"name": texts[3]}}});
            if !emails.is_empty() {
                card["emails"] = Value::Object(emails);
            }
            if !sets.is_empty() {
                card["keywords"] = sets.iter().map(|text| (text.clone(), json!(true))).collect::<Map<_, _>>().into();
                card["members"] = card["keywords"].clone();
            }
            match card {
                Value::Object(card) => card,
                _ => Card::new(),
            }
        },
    )
}

proptest! {
    #[test]
    fn cards_come_back_from_vcard(card in any_card()) {
        prop_assert_eq!(&read(&write(&card, Version::V4)).unwrap()[0], &card);
    }

    #[test]
    fn anything_can_be_read(lines in prop::collection::vec("(N|ADR|ORG|TEL;TYPE=\"|BDAY|JSPROP;JSPTR=|PHOTO;ENCODING=b|\\PC{0,9}):?\\PC{0,20}", 0..9)) {
        let text = format!("BEGIN:VCARD\n{}\nEND:VCARD\n", lines.join("\n"));
        if let Ok(cards) = read(&text) {
            for card in cards {
                let new = write(&card, Version::V4);
                prop_assert_eq!(read(&new).map(|cards| cards.len()), Ok(1), "{}", new);
                prop_assert!(read(&write(&card, Version::V3)).is_ok());
            }
        }
    }
}
