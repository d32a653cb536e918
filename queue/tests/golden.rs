//! Reports of every kind, octet for octet beside files in `golden/`, and read again by our own parser. After a change of
//! wording `PILLARBOX_GOLDEN=write` writes the files anew; read the difference before you keep it.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test reads its files")]

use message::{Address, Domain, Kind as Shape, Time, encoding, header};
use queue::bounce::{Draft, Kind, Original, Recipient, Report, Return, Stamp, draft};
use std::path::Path;
use wire::smtp::Enhanced;

/// 2026-11-21 05:17:44 UTC.
const ARRIVAL: Time = Time(1_795_238_264_000);
const DAY: u64 = 24 * 60 * 60 * 1000;

const ORIGINAL: &str = "Received: from client.hamburger.edu ([192.0.2.7])\r\n by mx.hamburger.edu with ESMTPSA id 3HKQ5Z8M2TWXA;\r\n \
    Sat, 21 Nov 2026 05:17:44 +0000\r\nFrom: Alice <alice@hamburger.edu>\r\nTo: Bob <bob@crepes.fr>\r\n\
    Subject: Do you like ketchup?\r\nMessage-ID: <ketchup@hamburger.edu>\r\nDate: Sat, 21 Nov 2026 06:17:43 +0100\r\n\r\n\
    How about pickles?\r\n";

fn recipient(address: &str, action: Kind, status: Enhanced) -> Recipient {
    Recipient {
        address: address.parse().unwrap(),
        orcpt: None,
        action,
        status,
        remote_mta: None,
        diagnostic: None,
        last_attempt: Some(Time(ARRIVAL.0 + 3000)),
        will_retry_until: None,
    }
}

fn said(recipient: Recipient, host: &str, words: &str) -> Recipient {
    Recipient { remote_mta: Some(host.to_owned()), diagnostic: Some(words.to_owned()), ..recipient }
}

fn written(original: &str, ret: Option<Return>, recipients: &[Recipient]) -> (Draft, Vec<u8>) {
    let host: Domain = "mx.hamburger.edu".parse().unwrap();
    let alice: Address = "alice@hamburger.edu".parse().unwrap();
    let header = &original[..original.find("\r\n\r\n").unwrap() + 4];
    let report = Report {
        reporting_mta: &host,
        queue_id: "3HKQ5Z8M2TWXA",
        arrival: ARRIVAL,
        reverse_path: Some(&alice),
        envid: ret.map(|_| "order 66"),
        ret,
        original: Original {
            header: header.as_bytes(),
            octets: original.len() as u64,
            eight_bit: !original[header.len()..].is_ascii(),
        },
        recipients,
    };
    let stamp =
        Stamp { now: Time(ARRIVAL.0 + 4000), message_id: "<report@mx.hamburger.edu>", random: [0x1234, 0xabcd] };
    let draft = draft(&report, &stamp).unwrap();
    let whole = draft.with(original.as_bytes());
    (draft, whole)
}

/// Compares with the file, reads the report again, and returns its fields for machines, group by group.
fn check(name: &str, written: &[u8]) -> Vec<Vec<(String, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.eml"));
    if std::env::var("PILLARBOX_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(&path, written).unwrap();
    }
    let expected = std::fs::read(&path).unwrap();
    assert_eq!(String::from_utf8_lossy(written), String::from_utf8_lossy(&expected), "{name}");

    let structure = message::parse(written);
    let top = header::fields(&structure.parts[0].fields).find(|field| field.is("Content-Type")).unwrap();
    let top = header::content_type(top.value).unwrap();
    assert_eq!(
        (top.main.as_str(), top.sub.as_str(), structure.parts[0].kind),
        ("multipart", "report", Shape::Multipart)
    );
    assert_eq!(header::parameter_text(&top.parameters, "report-type").as_deref(), Some("delivery-status"));
    let children: Vec<_> = structure.parts.iter().filter(|part| part.parent == Some(0)).collect();
    assert_eq!(children.len(), 3, "{name}");
    assert!(structure.parts[0].header_facts.eight_bit == 0 && structure.parts[0].body_facts.are_lines_of_text());
    let body = |index: usize| {
        let part = children[index];
        encoding::decode(part.encoding, &written[part.body.start as usize..part.body.end as usize])
    };
    let words = String::from_utf8(body(0)).unwrap();
    assert!(words.lines().all(|line| line.chars().count() <= 78), "{words}");
    groups(&body(1))
}

fn groups(status: &[u8]) -> Vec<Vec<(String, String)>> {
    let text = std::str::from_utf8(status).unwrap();
    let group = |group: &str| {
        let fields = header::fields(group.as_bytes()).map(|field| {
            let value = String::from_utf8(header::unfold(field.value)).unwrap();
            (String::from_utf8(field.name.to_vec()).unwrap(), value.trim().to_owned())
        });
        fields.collect()
    };
    text.split("\r\n\r\n").map(group).collect()
}

fn field<'a>(group: &'a [(String, String)], name: &str) -> Option<&'a str> {
    group.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

#[test]
fn failed() {
    let bob = said(
        recipient("bob@crepes.fr", Kind::Failed, Enhanced(5, 1, 1)),
        "mx.crepes.fr",
        "550 5.1.1 <bob@crepes.fr>: there is nobody of that name here",
    );
    let bob = Recipient { orcpt: Some("rfc822;Bob@crepes.fr".to_owned()), ..bob };
    let late = Recipient {
        last_attempt: Some(Time(ARRIVAL.0 + 5 * DAY)),
        diagnostic: Some("connecting to mx.gone.example [192.0.2.9]:25: no answer".to_owned()),
        ..recipient("chef@gone.example", Kind::Failed, Enhanced(4, 4, 1))
    };
    let (draft, written) = written(ORIGINAL, Some(Return::Full), &[bob, late]);
    assert!(draft.whole && !draft.smtputf8 && !draft.eight_bit);
    let groups = check("failed", &written);
    assert_eq!(groups.len(), 3);
    assert_eq!(field(&groups[0], "Reporting-MTA"), Some("dns; mx.hamburger.edu"));
    assert_eq!(field(&groups[0], "Original-Envelope-Id"), Some("order 66"));
    assert_eq!(field(&groups[1], "Original-Recipient"), Some("rfc822; Bob@crepes.fr"));
    assert_eq!(field(&groups[1], "Final-Recipient"), Some("rfc822; bob@crepes.fr"));
    assert_eq!((field(&groups[1], "Action"), field(&groups[1], "Status")), (Some("failed"), Some("5.1.1")));
    assert_eq!(field(&groups[1], "Remote-MTA"), Some("dns; mx.crepes.fr"));
    // Ours is no diagnostic code of another host's.
    assert_eq!((field(&groups[2], "Status"), field(&groups[2], "Diagnostic-Code")), (Some("4.4.1"), None));
    let returned = message::parse(&written).parts.iter().filter(|part| part.kind == Shape::Message).count();
    assert_eq!(returned, 1);
    assert!(written.windows(ORIGINAL.len()).any(|window| window == ORIGINAL.as_bytes()));
}

#[test]
fn delayed() {
    let bob = Recipient {
        will_retry_until: Some(Time(ARRIVAL.0 + 5 * DAY)),
        ..said(
            recipient("bob@crepes.fr", Kind::Delayed, Enhanced(4, 2, 0)),
            "mx.crepes.fr",
            "450 4.2.0 come back later",
        )
    };
    let (draft, written) = written(ORIGINAL, None, &[bob]);
    assert!(!draft.whole && draft.tail.is_empty());
    let groups = check("delayed", &written);
    assert_eq!(field(&groups[1], "Will-Retry-Until"), Some("Thu, 26 Nov 2026 05:17:44 +0000"));
    assert_eq!(field(&groups[1], "Diagnostic-Code"), Some("smtp; 450 4.2.0 come back later"));
}

#[test]
fn successes() {
    for (name, kind) in [("relayed", Kind::Relayed), ("delivered", Kind::Delivered), ("expanded", Kind::Expanded)] {
        let (_, written) = written(ORIGINAL, None, &[recipient("bob@crepes.fr", kind, Enhanced(2, 0, 0))]);
        assert_eq!(field(&check(name, &written)[1], "Action"), Some(name));
    }
}

#[test]
fn addresses_and_headers_beyond_ascii() {
    let original = ORIGINAL.replace("ketchup?", "crêpes?").replace("pickles", "crème");
    let chef = Recipient {
        orcpt: Some("utf-8;chef@crêpes.fr".to_owned()),
        ..said(recipient("chef.é@crepes.fr", Kind::Failed, Enhanced(5, 6, 7)), "mx.crepes.fr", "550 5.6.7 désolé")
    };
    let (draft, written) = written(&original, Some(Return::Full), &[chef]);
    assert!(draft.whole && draft.eight_bit && !draft.smtputf8);
    let groups = check("failed-utf8", &written);
    assert_eq!(field(&groups[1], "Original-Recipient"), Some("utf-8; chef@crêpes.fr"));
    assert_eq!(field(&groups[1], "Final-Recipient"), Some("utf-8; chef.é@crepes.fr"));
    // A next hop without 8BITMIME takes it too.
    let plan = message::recode::eight_to_seven(&message::parse(&written));
    assert!(plan.is_clean() && plan.apply(&written).is_ascii());
}

#[test]
fn eight_bits_and_the_header_only() {
    let original = ORIGINAL.replace("pickles", "crème");
    let bob = said(recipient("bob@crepes.fr", Kind::Failed, Enhanced(5, 0, 0)), "mx.crepes.fr", "554 non, désolé");
    let (draft, whole) = written(&original, Some(Return::Full), std::slice::from_ref(&bob));
    assert!(draft.whole && draft.eight_bit);
    assert_eq!(field(&check("failed-8bit", &whole)[1], "Diagnostic-Code"), Some("smtp; 554 non, d?sol?"));
    let (draft, header_only) = written(&original, Some(Return::Headers), &[bob]);
    assert!(!draft.whole && !draft.eight_bit);
    check("failed-headers", &header_only);
}
