#![allow(clippy::unwrap_used)]
use super::*;
use crate::structure::{Kind, Part};
use crate::{encoding, parse};
use proptest::prelude::*;

fn recoded(content: &[u8]) -> (Vec<u8>, bool) {
    let plan = binary_to_base64(&parse(content));
    let out = plan.apply(content);
    assert_eq!(out.len() as u64, plan.octets_max(content.len() as u64));
    (out, plan.is_clean())
}

#[test]
fn a_message_of_lines_stays_as_it_is() {
    let content = b"Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncr\xC3\xAApe\r\n";
    assert_eq!(binary_to_base64(&parse(content)), Plan { edits: Vec::new(), obstacle: None });
}

#[test]
fn a_binary_message_becomes_base64() {
    let content = b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: BINARY\r\nSubject: x\r\n\r\na\0\nb";
    let expected = "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\nSubject: x\r\n\r\nYQAKYg==\r\n";
    assert_eq!(recoded(content), (expected.as_bytes().to_vec(), true));
}

#[test]
fn a_missing_label_is_added() {
    for (content, expected) in [
        (
            "Subject: x\r\n\r\na\n",
            "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\nSubject: x\r\n\r\nYQo=\r\n",
        ),
        ("no header\n", "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nbm8gaGVhZGVyCg==\r\n"),
        ("\r\na\rb", "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ1i\r\n"),
    ] {
        assert_eq!(recoded(content.as_bytes()), (expected.as_bytes().to_vec(), true), "{content}");
    }
}

const SIGNED: &str = "MIME-Version: 1.0\r\nContent-Transfer-Encoding: binary\r\n\
    Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\na\0\r\n--b\r\n\r\nTEXT\r\n--b\r\n\
    Content-Transfer-Encoding: binary\r\n\r\n\r\n--b--\r\n";

#[test]
fn everything_around_is_labelled_anew() {
    let (out, clean) = recoded(SIGNED.replace("TEXT", "é").as_bytes());
    assert!(clean);
    let expected = SIGNED
        .replace("a\0\r\n", "YQA=\r\n")
        .replace("Subject: in", "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\nSubject: in")
        .replace("binary\r\nContent-Type: multipart", "8bit\r\nContent-Type: multipart")
        .replace("binary\r\nContent-Type: message", "7bit\r\nContent-Type: message")
        .replace("binary\r\n\r\n", "base64\r\n\r\n")
        .replace("TEXT", "é");
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let (out, _) = recoded(SIGNED.replace("TEXT", "e").as_bytes());
    assert!(String::from_utf8(out).unwrap().contains("7bit\r\nContent-Type: multipart"));
}

#[test]
fn says_what_cannot_be_cured() {
    for (content, clean) in [
        ("Subject: x\n\nx\r\n", false),
        ("Content-Transfer-Encoding: x-uu\r\n\r\na\0\r\n", false),
        ("Content-Transfer-Encoding: base64\r\n\r\nAAAA\nAAAA\r\n", false),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\npre\0\r\n--b\r\n\r\nx\r\n--b--\r\n", false),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\n\r\nx\r\n--b--\r\n", false),
        ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\0\n\r\n--b--\r\n", true),
    ] {
        assert_eq!(recoded(content.as_bytes()).1, clean, "{content:?}");
    }
}

fn leaves(content: &[u8]) -> Vec<Vec<u8>> {
    let structure = parse(content);
    let body = |part: &Part| content[part.body.start as usize..part.body.end as usize].to_vec();
    let leaves = structure.parts.iter().filter(|part| part.kind == Kind::Leaf);
    leaves.map(|part| encoding::decode(part.encoding, &body(part))).collect()
}

proptest! {
    #[test]
    fn parts_keep_their_octets(bodies in proptest::collection::vec(
        (proptest::collection::vec(any::<u8>(), 0..200), 0..4_usize), 1..5)
    ) {
        let mut content = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b b\"\r\n\
            Content-Transfer-Encoding: binary\r\n\r\n".to_vec();
        for (body, label) in &bodies {
            let field = ["", "Content-Transfer-Encoding: binary\r\n", "Content-Transfer-Encoding: 8bit\r\n", "X: y\r\n"];
            content.extend_from_slice(b"--b b\r\n");
            content.extend_from_slice(field[*label].as_bytes());
            content.extend_from_slice(b"\r\n");
            content.extend_from_slice(body);
            content.extend_from_slice(b"\r\n");
        }
        content.extend_from_slice(b"--b b--\r\n");
        let (out, clean) = recoded(&content);
        prop_assert!(clean);
        prop_assert!(!out.contains(&0));
        prop_assert_eq!(leaves(&out), leaves(&content));
        prop_assert!(binary_to_base64(&parse(&out)).edits.is_empty());
    }
}
