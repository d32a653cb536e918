#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const NOTIFICATIONS: [Kind; 5] = [Kind::Failed, Kind::Delayed, Kind::Relayed, Kind::Delivered, Kind::Expanded];

#[test]
fn who_wants_a_report() {
    // NOTIFY, then whether failed, delayed, relayed, delivered and expanded are told.
    for (notify, expected) in [
        (None, [true, true, false, false, false]),
        (Some(0), [false; 5]),
        (Some(NOTIFY_SUCCESS), [false, false, true, true, true]),
        (Some(NOTIFY_FAILURE), [true, false, false, false, false]),
        (Some(NOTIFY_DELAY), [false, true, false, false, false]),
        (Some(7), [true; 5]),
    ] {
        assert_eq!(NOTIFICATIONS.map(|kind| wanted(notify, kind)), expected, "{notify:?}");
    }
}

fn recipient(action: Kind) -> Recipient {
    Recipient {
        address: "bob@crepes.fr".parse().unwrap(),
        orcpt: None,
        action,
        status: Enhanced(5, 1, 1),
        remote_mta: None,
        diagnostic: None,
        last_attempt: None,
        will_retry_until: None,
    }
}

/// Header and body octets, RET, what is reported: is the original returned whole, and as what?
fn returned(header: &[u8], octets: u64, ret: Option<Return>, kind: Kind) -> (bool, String) {
    let host = "mx.hamburger.edu".parse().unwrap();
    let alice = "alice@hamburger.edu".parse().unwrap();
    let report = Report {
        reporting_mta: &host,
        queue_id: "Q",
        arrival: Time(0),
        reverse_path: Some(&alice),
        envid: None,
        ret,
        original: Original { header, octets, eight_bit: false },
        recipients: &[recipient(kind)],
    };
    let draft = draft(&report, &Stamp { now: Time(0), message_id: "<x@y>", random: [1, 2] }).unwrap();
    let written = draft.with(b"Subject: x\r\n\r\nbody\r\n");
    let structure = message::parse(&written);
    let third = structure.parts.iter().filter(|part| part.parent == Some(0)).nth(2).unwrap();
    let field = header::fields(&third.fields).find(|field| field.is("Content-Type")).unwrap();
    let kind = header::content_type(field.value).unwrap();
    assert_eq!(draft.eight_bit, structure.parts[0].body_facts.eight_bit > 0);
    (draft.whole, format!("{}/{}", kind.main, kind.sub))
}

#[test]
fn what_is_returned() {
    let header = b"Subject: x\r\n";
    let headers = (false, "text/rfc822-headers".to_owned());
    let whole = (true, "message/rfc822".to_owned());
    for (octets, ret, kind, expected) in [
        (RETURN_MAX, Some(Return::Full), Kind::Failed, &whole),
        (RETURN_MAX + 1, Some(Return::Full), Kind::Failed, &headers),
        (RETURN_UNASKED_MAX, None, Kind::Failed, &whole),
        (RETURN_UNASKED_MAX + 1, None, Kind::Failed, &headers),
        (20, Some(Return::Headers), Kind::Failed, &headers),
        // RFC 3461 §6.2: without a failure only the header.
        (20, Some(Return::Full), Kind::Delayed, &headers),
        (20, Some(Return::Full), Kind::Delivered, &headers),
    ] {
        assert_eq!(&returned(header, octets, ret, kind), expected, "{octets} {ret:?} {kind:?}");
    }
    // RFC 6533 §4, and a header in no known charset.
    let utf8 = "Subject: crêpes\r\n".as_bytes();
    let latin = b"Subject: cr\xEApes\r\n";
    assert_eq!(returned(utf8, 20, Some(Return::Headers), Kind::Failed).1, "message/global-headers");
    assert!(!returned(latin, 20, Some(Return::Full), Kind::Failed).0);
}

#[test]
fn a_header_is_cut_between_fields() {
    let last = "Subject: x\r\n";
    let header =
        |octets: usize| format!("X: {}\r\n{last}", "y".repeat(octets - "X: \r\n".len() - last.len())).into_bytes();
    assert_eq!(cut(&header(HEADER_RETURN_MAX)).len(), HEADER_RETURN_MAX);
    let one_more = header(HEADER_RETURN_MAX + 1);
    assert_eq!(cut(&one_more).len(), HEADER_RETURN_MAX + 1 - last.len());
    assert_eq!(cut(&vec![b'x'; HEADER_RETURN_MAX + 1]), b"", "not a field");
}

#[test]
fn nobody_is_told_of_nothing() {
    let host = "mx.hamburger.edu".parse().unwrap();
    let alice: Address = "alice@hamburger.edu".parse().unwrap();
    let stamp = Stamp { now: Time(0), message_id: "<x@y>", random: [1, 2] };
    let report = Report {
        reporting_mta: &host,
        queue_id: "Q",
        arrival: Time(0),
        reverse_path: None,
        envid: None,
        ret: None,
        original: Original { header: b"", octets: 0, eight_bit: false },
        recipients: &[recipient(Kind::Failed)],
    };
    assert_eq!(draft(&report, &stamp), None, "a bounce of a bounce");
    let report = Report { reverse_path: Some(&alice), ..report };
    assert!(draft(&report, &stamp).is_some());
    assert_eq!(draft(&Report { recipients: &[], ..report }, &stamp), None);
}

#[test]
fn hostile_words_stay_words() {
    let host = "mx.hamburger.edu".parse().unwrap();
    let alice: Address = "alice@hamburger.edu".parse().unwrap();
    let said = format!("550 no\r\nAction: delivered\u{1b}[2J\u{202e}\r\n\r\n--=_x--{}", " y".repeat(5000));
    let hostile = Recipient {
        orcpt: Some("rfc822;a\r\nAction: delivered".to_owned()),
        remote_mta: Some("mx\r\nStatus: 2.0.0".to_owned()),
        diagnostic: Some(said),
        ..recipient(Kind::Failed)
    };
    let report = Report {
        reporting_mta: &host,
        queue_id: "Q",
        arrival: Time(0),
        reverse_path: Some(&alice),
        envid: Some("x\r\nReporting-MTA: dns; evil"),
        ret: None,
        original: Original {
            header: b"Subject: =?utf-8?B?DQpCY2M6IHhAeQ==?=\r\nMessage-ID: <a\x07b@c>\r\n",
            octets: 1 << 40,
            eight_bit: false,
        },
        recipients: &[hostile],
    };
    let draft = draft(&report, &Stamp { now: Time(0), message_id: "<x@y>", random: [1, 2] }).unwrap();
    let text = String::from_utf8(draft.head).unwrap();
    let lines = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((lines("Action:"), lines("Status:"), lines("Reporting-MTA:"), lines("Bcc:")), (1, 1, 1, 0));
    assert_eq!(lines("In-Reply-To:"), 0, "an id that cannot be written");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && text.len() < 3 * 2 * DIAGNOSTIC_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_said_the_report_keeps_its_shape(
        said in "(?s).{0,300}", remote in "(?s).{0,60}", orcpt in "(?s).{0,60}", header in "([A-Za-z: \r\né<>@=?-]{0,20}){0,20}",
        full in any::<bool>(),
    ) {
        let host = "mx.hamburger.edu".parse().unwrap();
        let alice: Address = "alice@hamburger.edu".parse().unwrap();
        let one = Recipient {
            orcpt: Some(orcpt.clone()), remote_mta: Some(remote), diagnostic: Some(said), ..recipient(Kind::Failed)
        };
        let report = Report {
            reporting_mta: &host,
            queue_id: "Q",
            arrival: Time(0),
            reverse_path: Some(&alice),
            envid: Some(&orcpt),
            ret: Some(if full { Return::Full } else { Return::Headers }),
            original: Original { header: header.as_bytes(), octets: header.len() as u64, eight_bit: false },
            recipients: &[one.clone(), one],
        };
        let draft = draft(&report, &Stamp { now: Time(0), message_id: "<x@y>", random: [1, 2] }).unwrap();
        let written = draft.with(header.as_bytes());
        let structure = message::parse(&written);
        let parts: Vec<_> = structure.parts.iter().filter(|part| part.parent == Some(0)).collect();
        prop_assert_eq!(parts.len(), 3);
        prop_assert_eq!(draft.eight_bit, structure.parts[0].body_facts.eight_bit > 0);
        // Of the message and of two recipients.
        let status = &written[parts[1].body.start as usize..parts[1].body.end as usize];
        let text = String::from_utf8(status.to_vec()).unwrap();
        prop_assert_eq!(text.split("\r\n\r\n").count(), 3, "{}", text);
        for (name, times) in [("Reporting-MTA", 1), ("Action", 2), ("Status", 2), ("Final-Recipient", 2)] {
            prop_assert_eq!(text.lines().filter(|line| line.starts_with(&format!("{name}:"))).count(), times);
        }
        if !draft.whole {
            prop_assert!(structure.parts[0].body_facts.are_lines_of_text());
        }
    }
}
