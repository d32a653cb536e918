#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn written(field: Vec<u8>) -> String {
    String::from_utf8(field).unwrap()
}

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: address.parse().unwrap() }
}

fn lines_fit(field: &str, limit: usize) -> bool {
    field.ends_with("\r\n") && field.split_terminator("\r\n").all(|line| line.len() <= limit && !line.trim().is_empty())
}

#[test]
fn writes_plain_text_folded() {
    assert_eq!(written(text("Subject", "Do you like ketchup?")), "Subject: Do you like ketchup?\r\n");
    let long = written(text("Subject", &"ketchup  and pickles ".repeat(12)));
    assert!(lines_fit(&long, LINE_MAX), "{long}");
    assert_eq!(long.replace("\r\n", ""), format!("Subject: {}", "ketchup  and pickles ".repeat(12).trim()));
}

#[test]
fn no_value_begins_a_field_of_its_own() {
    assert_eq!(written(text("Subject", "a\r\nBcc: b@c")), "Subject: a  Bcc: b@c\r\n");
    assert_eq!(written(text("Sub\r\nject: x", "a")), "Subjectx: a\r\n");
    assert_eq!(written(addresses("To", &[mailbox("a\r\nBcc: b", "b@c.d")])), "To: \"a  Bcc: b\" <b@c.d>\r\n");
}

#[test]
fn writes_encoded_words_within_75_octets() {
    assert_eq!(written(text("Subject", "crêpes")), "Subject: =?utf-8?B?Y3LDqnBlcw==?=\r\n");
    assert_eq!(written(text("Subject", "=?x")), "Subject: =?utf-8?B?PT94?=\r\n");
    let long = written(text("Subject", &"crêpes 🥞 ".repeat(40)));
    assert!(lines_fit(&long, LINE_MAX), "{long}");
    assert!(long.split_whitespace().all(|word| word.len() <= 75));
}

#[test]
fn cuts_a_word_that_no_line_can_hold() {
    assert!(lines_fit(&written(text("Subject", &"x".repeat(900))), LINE_HARD_MAX));
    assert!(lines_fit(&written(text("Subject", &"x".repeat(3000))), LINE_HARD_MAX));
    assert!(lines_fit(&written(message_id(&"x".repeat(3000))), LINE_HARD_MAX + 20));
}

#[test]
fn writes_address_lists() {
    let list = [
        mailbox("", "alice@crepes.fr"),
        mailbox("Bob Burger", "bob@hamburger.edu"),
        mailbox("O'Neil, \"Jim\"", "jim@hamburger.edu"),
        mailbox("Zoë", "zoe@crepes.fr"),
    ];
    assert_eq!(
        written(addresses("To", &list)),
        "To: alice@crepes.fr, Bob Burger <bob@hamburger.edu>, \"O'Neil, \\\"Jim\\\"\"\r\n <jim@hamburger.edu>, \
         =?utf-8?B?Wm/Dqw==?= <zoe@crepes.fr>\r\n"
    );
}

#[test]
fn writes_dates_and_ids() {
    assert_eq!(written(date(Time(0), 60)), "Date: Thu, 1 Jan 1970 01:00:00 +0100\r\n");
    let id = new_message_id(&[0xAB; 16], &"crepes.fr".parse().unwrap());
    assert_eq!(id, format!("<{}@crepes.fr>", "ab".repeat(16)));
    assert_eq!(written(message_id(&id)), format!("Message-ID: {id}\r\n"));
    assert_eq!(written(message_ids("References", &["<a@b>", "<c@d>"])), "References: <a@b> <c@d>\r\n");
}

fn received<'a>(helo: &'a str, by: &'a Domain) -> Received<'a> {
    Received {
        from_helo: helo,
        from_reverse_name: None,
        from_ip: "192.0.2.1".parse().unwrap(),
        by,
        with: "ESMTP",
        tls: None,
        queue_id: "4XyZ",
        for_: None,
        at: Time(0),
    }
}

#[test]
fn writes_received() {
    let by: Domain = "mx.hamburger.edu".parse().unwrap();
    assert_eq!(
        written(received("crepes.fr", &by).write()),
        "Received: from crepes.fr ([192.0.2.1])\r\n by mx.hamburger.edu with ESMTP id 4XyZ;\r\n Thu, 1 Jan 1970 \
         00:00:00 +0000\r\n"
    );
    let for_ = "bob@hamburger.edu".parse().unwrap();
    let name = "out.crepes.fr".parse().unwrap();
    let whole = Received {
        from_reverse_name: Some(&name),
        from_ip: "2001:db8::1".parse().unwrap(),
        with: "ESMTPS",
        tls: Some(("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
        for_: Some(&for_),
        ..received("[192.0.2.7]", &by)
    };
    assert_eq!(
        written(whole.write()),
        "Received: from [192.0.2.7] (out.crepes.fr [IPv6:2001:db8::1])\r\n by mx.hamburger.edu with ESMTPS (TLSv1.3) \
         id 4XyZ for <bob@hamburger.edu>\r\n tls TLS_AES_256_GCM_SHA384;\r\n Thu, 1 Jan 1970 00:00:00 +0000\r\n"
    );
}

#[test]
fn hostile_helo_names_are_plain_in_received() {
    let by: Domain = "mx.hamburger.edu".parse().unwrap();
    for (helo, plain) in [
        ("a\r\nX-Evil: yes", "a??X-Evil??yes"),
        ("(comment", "?comment"),
        ("a b;c", "a?b?c"),
        ("[1.2.3.4", "?1.2.3.4"),
        ("", "unknown"),
        ("é", "?"),
    ] {
        let field = written(received(helo, &by).write());
        assert!(field.starts_with(&format!("Received: from {plain} ([")), "{field}");
    }
    let long = "a".repeat(HELO_LONG);
    let field = written(received(&long, &by).write());
    assert!(lines_fit(&field, LINE_HARD_MAX) && field.contains(&"a".repeat(255)) && !field.contains(&"a".repeat(256)));
}

const HELO_LONG: usize = 5000;

#[test]
fn writes_paths() {
    assert_eq!(written(return_path(None)), "Return-Path: <>\r\n");
    let alice: Address = "\"al ice\"@crepes.fr".parse().unwrap();
    assert_eq!(written(return_path(Some(&alice))), "Return-Path: <\"al ice\"@crepes.fr>\r\n");
    assert_eq!(written(delivered_to(&alice)), "Delivered-To: \"al ice\"@crepes.fr\r\n");
}

/// A first word so long leaves no room for the name of the field, and spaces in a row no place for a fold.
#[test]
fn no_line_passes_the_hard_limit() {
    for length in [900, 919, 920, 921, 985, 990, 997, 998, 2000] {
        let (word, spaces) = ("a".repeat(length), " ".repeat(length));
        for value in
            [word.clone(), format!("{word} b"), format!("b {word}"), format!("b{spaces}c"), format!("{word}{spaces}c")]
        {
            let field = written(text("Subject", &value));
            assert!(lines_fit(&field, LINE_HARD_MAX), "{length}: {field}");
            assert_eq!(crate::header::text(field.strip_prefix("Subject:").unwrap().as_bytes()).trim(), value);
        }
        let ids = written(message_ids("References", &[&format!("<{word}@b>")]));
        assert!(lines_fit(&ids, LINE_HARD_MAX), "{length}: {ids}");
    }
}

proptest! {
    #[test]
    fn every_field_is_one_field_with_lines_that_fit(value in any::<String>(), name in "[a-zA-Z-]{1,30}") {
        for field in [text(&name, &value), addresses(&name, &[mailbox(&value, "a@b.c")])] {
            let field = written(field);
            prop_assert!(field.is_ascii());
            prop_assert!(field.strip_suffix("\r\n").unwrap().split("\r\n").skip(1).all(|line| line.starts_with(' ')));
            prop_assert!(field.split("\r\n").all(|line| line.len() <= LINE_HARD_MAX));
            prop_assert!(!field.replace("\r\n", "").contains(['\r', '\n']));
        }
    }
}
