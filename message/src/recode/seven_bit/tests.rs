#![allow(clippy::unwrap_used)]
use super::*;
use crate::{encoding, parse};
use proptest::prelude::*;

fn recoded(content: &[u8]) -> (Vec<u8>, Option<Obstacle>) {
    let plan = eight_to_seven(&parse(content));
    let out = plan.apply(content);
    assert!(out.len() as u64 <= plan.octets_max(content.len() as u64));
    (out, plan.obstacle)
}

fn becomes(content: &str, expected: &str) {
    let (out, obstacle) = recoded(content.as_bytes());
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    assert_eq!(obstacle, None, "{content}");
    assert!(eight_to_seven(&parse(expected.as_bytes())).edits.is_empty(), "a second plan for {expected}");
}

fn fails(content: &str, expected: Obstacle) {
    assert_eq!(recoded(content.as_bytes()).1, Some(expected), "{content}");
}

#[test]
fn seven_bits_stay_as_they_are() {
    let content = "Subject: x\r\nContent-Type: text/plain\r\n\r\nplain\r\n";
    becomes(content, content);
    becomes("", "");
    becomes("no header\r\n", "no header\r\n");
}

#[test]
fn text_becomes_quoted_printable() {
    becomes(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         We serve crêpes = good \r\n",
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\
         \r\nWe serve cr=C3=AApes =3D good=20\r\n",
    );
    // Without a label it is no MIME yet.
    becomes(
        "Subject: x\r\n\r\nWe serve crêpes",
        "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\nSubject: x\r\n\r\nWe serve cr=C3=AApes",
    );
}

#[test]
fn everything_else_becomes_base64() {
    for kind in ["image/png", "text/plain; charset=big5"] {
        becomes(
            &format!("MIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\néééé\r\n"),
            &format!(
                "MIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\nw6nDqcOpw6kNCg==\r\n"
            ),
        );
    }
}

#[test]
fn quoted_until_one_octet_in_six_is_wide() {
    let text = |plain: usize| format!("Content-Type: text/plain\r\n\r\né{}", "x".repeat(plain));
    let out = |plain| String::from_utf8(recoded(text(plain).as_bytes()).0).unwrap();
    assert!(out(11).contains("quoted-printable"));
    assert!(out(10).contains("base64"));
    // What holds NUL is no text, whatever its label.
    let (out, _) = recoded(format!("{}\0", text(11)).as_bytes());
    assert!(String::from_utf8(out).unwrap().contains("base64"));
}

const NESTED: &str = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: message/rfc822\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\nMIME-Version: 1.0\r\nSubject: in\r\n\r\nWe serve crêpes\r\n--b--\r\n";

#[test]
fn messages_within_are_changed_inside() {
    let expected = NESTED
        .replace("8bit", "7bit")
        .replace(
            "MIME-Version: 1.0\r\nSubject",
            "Content-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\nSubject",
        )
        .replace("ê", "=C3=AA");
    becomes(NESTED, &expected);
}

#[test]
fn a_message_within_becomes_mime() {
    let content = NESTED.replace("MIME-Version: 1.0\r\nSubject", "Subject");
    let added = "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\nSubject";
    becomes(&content, &content.replace("8bit", "7bit").replace("Subject", added).replace("ê", "=C3=AA"));
}

#[test]
fn messages_with_utf8_headers_are_encoded_as_a_whole_where_they_may_be() {
    fails(&NESTED.replace("Subject: in", "Subject: crêpes"), Obstacle::Header);
    let content = NESTED.replace("rfc822", "global").replace("Subject: in", "Subject: crêpes");
    let (out, obstacle) = recoded(content.as_bytes());
    assert_eq!(obstacle, None);
    assert!(out.is_ascii());
    let structure = parse(&out);
    let [.., last] = structure.parts.as_slice() else { panic!("no parts") };
    let body = &out[last.body.start as usize..last.body.end as usize];
    let inner = "MIME-Version: 1.0\r\nSubject: crêpes\r\n\r\nWe serve crêpes";
    assert_eq!(encoding::decode(last.encoding, body), inner.as_bytes());
    assert!(eight_to_seven(&structure).edits.is_empty());
}

const SIGNED: &str = "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nTEXT\r\n\
    --b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n";

#[test]
fn signed_parts_are_left_alone() {
    // The label around is not signed, the one within is.
    becomes(SIGNED, &SIGNED.replacen("8bit", "7bit", 1));
    for kind in ["signed", "encrypted"] {
        let content = SIGNED.replace("signed", kind).replace("TEXT", "crêpes");
        fails(&content, Obstacle::Signed);
        assert_eq!(recoded(content.as_bytes()).0, content.replacen("8bit", "7bit", 1).into_bytes());
    }
    // In a message within a signed part too.
    let inner = format!("MIME-Version: 1.0\r\nSubject: in\r\n\r\n{}", "We serve crêpes");
    let text = SIGNED.replace("Content-Type: text/plain", "Content-Type: message/rfc822").replace("TEXT", &inner);
    fails(&text, Obstacle::Signed);
}

#[test]
fn says_what_cannot_be_cured() {
    for (content, obstacle) in [
        ("Subject: crêpes\r\n\r\nx\r\n", Obstacle::Header),
        ("Content-Transfer-Encoding: base64\r\n\r\né\r\n", Obstacle::Encoded),
        ("Content-Transfer-Encoding: x-uu\r\n\r\né\r\n", Obstacle::Encoded),
        ("Content-Type: message/partial; number=1; id=x\r\n\r\né\r\n", Obstacle::Unencodable),
        ("Content-Type: message/delivery-status\r\n\r\né\r\n", Obstacle::Unencodable),
        ("Content-Type: multipart/mixed\r\n\r\né\r\n", Obstacle::Unencodable),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\né\r\n--b\r\n\r\nx\r\n--b--\r\n", Obstacle::Between),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\né\r\n", Obstacle::Between),
        ("Content-Type: multipart/mixed; boundary=é\r\n\r\n--é\r\n\r\nx\r\n--é--\r\n", Obstacle::Header),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: é\r\n\r\nx\r\n--b--\r\n", Obstacle::Header),
    ] {
        fails(content, obstacle);
    }
    let lines = |octets: usize| format!("X: {}\r\n\r\nx\r\n", "y".repeat(octets - 3));
    assert_eq!(recoded(lines(998).as_bytes()).1, None);
    fails(&lines(999), Obstacle::Header);
}

#[test]
fn long_lines_are_cured_too() {
    let text = |octets: usize| format!("Subject: x\r\n\r\n{}\r\n", "y".repeat(octets));
    assert!(eight_to_seven(&parse(text(998).as_bytes())).edits.is_empty());
    let (out, obstacle) = recoded(text(999).as_bytes());
    assert_eq!(obstacle, None);
    assert!(out.split(|octet| *octet == b'\n').all(|line| line.len() <= 77));
}

#[test]
fn parts_of_reports_may_be_encoded() {
    becomes(
        "MIME-Version: 1.0\r\nContent-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: crêpes\r\n",
        "MIME-Version: 1.0\r\nContent-Type: message/global-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         Subject: cr=C3=AApes\r\n",
    );
}

/// Leaves with what they mean, decoded.
fn leaves(content: &[u8]) -> Vec<Vec<u8>> {
    let structure = parse(content);
    let body = |part: &Part| content[part.body.start as usize..part.body.end as usize].to_vec();
    let leaves = structure.parts.iter().filter(|part| part.kind == Kind::Leaf);
    leaves.map(|part| encoding::decode(part.encoding, &body(part))).collect()
}

/// A body part: fields, and octets that are text with some that are not.
fn part() -> impl Strategy<Value = (usize, Vec<u8>)> {
    let octet = prop_oneof![6 => Just(b'e'), 1 => Just(b' '), 1 => Just(b'='), 1 => any::<u8>(), 1 => Just(b'\r'), 1 => Just(b'\n')];
    (0..7_usize, proptest::collection::vec(octet, 0..300))
}

const FIELDS: [&str; 7] = [
    "",
    "Content-Transfer-Encoding: 8bit\r\n",
    "Content-Type: text/html\r\nContent-Transfer-Encoding: binary\r\n",
    "Content-Type: image/png\r\n",
    "Content-Type: image/png\r\nContent-Transfer-Encoding: 8bit\r\n",
    "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nMIME-Version: 1.0\r\nSubject: in\r\n",
    "Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\nMIME-Version: 1.0\r\nSubject: in\r\n",
];

proptest! {
    #[test]
    fn parts_keep_their_octets(parts in proptest::collection::vec(part(), 1..5)) {
        let mut content = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b b\"\r\n\
            Content-Transfer-Encoding: 8bit\r\n\r\n".to_vec();
        for (fields, body) in &parts {
            content.extend_from_slice(b"--b b\r\n");
            content.extend_from_slice(FIELDS[*fields].as_bytes());
            content.extend_from_slice(b"\r\n");
            content.extend_from_slice(body);
            content.extend_from_slice(b"\r\n");
        }
        content.extend_from_slice(b"--b b--\r\n");
        let (out, obstacle) = recoded(&content);
        prop_assert_eq!(obstacle, None);
        prop_assert!(out.is_ascii() && !out.contains(&0));
        prop_assert!(out.split(|octet| *octet == b'\n').all(|line| line.len() <= 999));
        prop_assert_eq!(leaves(&out), leaves(&content));
        let again = eight_to_seven(&parse(&out));
        prop_assert!(again.edits.is_empty(), "{:?}", again);
    }
}
