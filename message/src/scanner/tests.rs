#![allow(clippy::unwrap_used)]
use super::*;
use crate::structure::{Kind, Part};
use proptest::prelude::*;

fn bodies(content: &[u8]) -> Vec<(Kind, String)> {
    let structure = parse(content);
    let cut = |part: &Part| {
        let range = part.body.start as usize..part.body.end as usize;
        String::from_utf8_lossy(&content[range]).into_owned()
    };
    structure.parts.iter().map(|part| (part.kind, cut(part))).collect()
}

fn leaf_bodies(content: &[u8]) -> Vec<String> {
    bodies(content).into_iter().filter(|(kind, _)| *kind == Kind::Leaf).map(|(_, body)| body).collect()
}

#[test]
fn finds_header_and_body() {
    let structure = parse(b"Subject: x\r\n y\r\n\r\nHello\r\nBob");
    assert_eq!(structure.parts.len(), 1);
    let part = &structure.parts[0];
    assert_eq!((part.header.clone(), part.body.clone(), part.lines), (0..18, 18..28, 1));
    assert_eq!(part.fields, b"Subject: x\r\n y\r\n");
}

#[test]
fn a_message_without_header_is_all_body() {
    for content in ["Hello, James:\r\n\r\nbye", " x: y\r\n\r\nbye", "\r\nSubject: x", "From a b: c\n\nx"] {
        let part = &parse(content.as_bytes()).parts[0];
        let start = if content.starts_with('\r') { 2 } else { 0 };
        assert_eq!((part.header.clone(), part.body.clone()), (0..start, start..content.len() as u64), "{content}");
    }
    assert_eq!(parse(b"").parts[0].body, 0..0);
    assert_eq!(parse(b"Subject: x").parts[0].header, 0..10);
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n\r\none\r\n\r\n--b  \r\n\
                     Content-Type: text/html\r\n\r\ntwo\r\n--b-- \r\nepilogue\r\n--b\r\n";

#[test]
fn parts_lie_between_boundaries() {
    assert_eq!(leaf_bodies(MIXED.as_bytes()), ["one\r\n", "two"]);
    let structure = parse(MIXED.as_bytes());
    assert_eq!(structure.parts.iter().map(|part| part.lines).collect::<Vec<_>>(), [12, 1, 0]);
    assert_eq!(structure.parts[0].body.end, MIXED.len() as u64);
}

#[test]
fn takes_line_ends_as_they_come() {
    let content = MIXED.replace("\r\n", "\n");
    assert_eq!(leaf_bodies(content.as_bytes()), ["one\n", "two"]);
    let facts = parse(content.as_bytes()).parts[1].body_facts;
    assert_eq!((facts.bare_lf, facts.bare_cr), (1, 0));
}

#[test]
fn boundaries_count_at_line_start_and_whole() {
    let body = |lines: &str| format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{lines}\r\n--b--");
    for lines in ["x --b", "--bb", "--b-", "--b--x", "--B", "-- b", "\r--b", "--"] {
        assert_eq!(leaf_bodies(body(lines).as_bytes()), [lines]);
    }
}

#[test]
fn an_inner_boundary_may_begin_with_the_outer() {
    let content = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b1\n\n\
                   --b1\n\none\n--b1\n\ntwo\n--b1--\n--b\n\nthree\n--b--\n";
    assert_eq!(leaf_bodies(content.as_bytes()), ["one", "two", "three"]);
}

#[test]
fn a_missing_close_ends_with_the_parent() {
    let content = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n\
                   --c\n\none\n--b\nX: y\n--b\n\nthree\n";
    assert_eq!(leaf_bodies(content.as_bytes()), ["one", "", "three\n"]);
}

#[test]
fn messages_nest() {
    let content = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: message/rfc822\r\n\r\n\
                   Subject: inner\r\n\r\nx\r\ny\r\n";
    let structure = parse(content.as_bytes());
    let kinds: Vec<Kind> = structure.parts.iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [Kind::Message, Kind::Message, Kind::Leaf]);
    assert_eq!(structure.parts[0].lines, 7);
    assert!(structure.parts[2].is_message_in(&structure));
    assert_eq!(structure.parts[2].fields, b"Subject: inner\r\n");
}

#[test]
fn a_digest_holds_messages() {
    let content = "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b\nnone at all\n--b\n\
                   Content-Type: text/plain\n\n3\n--b--\n";
    let kinds: Vec<Kind> = parse(content.as_bytes()).parts.iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [Kind::Multipart, Kind::Message, Kind::Leaf, Kind::Message, Kind::Leaf, Kind::Leaf]);
}

#[test]
fn an_encoded_message_is_opaque() {
    let content = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSubject: x\n\nx\n";
    assert_eq!(parse(content.as_bytes()).parts.len(), 1);
}

#[test]
fn sees_what_a_body_holds() {
    let body = |text: &[u8]| parse(&[b"X: \xFF\r\n\r\n", text].concat()).parts[0].clone();
    let long = [b'x'; 999];
    let facts = body(b"a\rb\nc\0\xFF\xFE\r\n").body_facts;
    assert_eq!((facts.bare_cr, facts.bare_lf, facts.nul, facts.eight_bit, facts.long_lines), (1, 1, 1, 2, 0));
    assert_eq!(body(b"").header_facts.eight_bit, 1);
    assert_eq!(body(&long[1..]).body_facts.long_lines, 0);
    assert_eq!(body(&long).body_facts.long_lines, 1);
    assert_eq!(body(&[&long[..], b"\r\n"].concat()).body_facts.long_lines, 1);
    assert_eq!(body(&[&long[1..], b"\r\n"].concat()).body_facts.long_lines, 0);
    assert!(body(b"a\r\n").body_facts.are_lines_of_text());
}

#[test]
fn knows_where_the_encoding_stands() {
    let content = b"A: b\r\nContent-Transfer-Encoding:\r\n binary\r\nC: d\r\nContent-transfer-encoding: 7bit\r\n\r\nx";
    let part = &parse(content).parts[0];
    assert_eq!(part.encoding_field, Some(6..43));
    assert_eq!(part.encoding, crate::structure::TransferEncoding::Binary);
    let field = "Content-Transfer-Encoding: 8bit\r\n";
    for end in ["", "\r\n", "\r\nx", "C: d\r\n"] {
        assert_eq!(parse(format!("{field}{end}").as_bytes()).parts[0].encoding_field, Some(0..33), "{end:?}");
    }
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| parse("Content-Type: message/rfc822\n\n".repeat(depth).as_bytes());
    assert_eq!(nested(DEPTH_MAX - 1).parts.len(), DEPTH_MAX);
    assert_eq!(nested(DEPTH_MAX).parts.len(), DEPTH_MAX);
    assert_eq!(nested(DEPTH_MAX).parts[DEPTH_MAX - 1].kind, Kind::Leaf);
    assert_eq!(nested(100_000).parts.len(), DEPTH_MAX);
}

/// A multipart with so many parts, each of so many octets with its boundary line.
fn parted(count: usize, octets: usize) -> Structure {
    let part = format!("--b\n\n{}\n", "x".repeat(octets - 6));
    parse(format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(count)).as_bytes())
}

#[test]
fn parts_have_a_limit() {
    let octets = usize::try_from(PART_OCTETS).unwrap();
    assert_eq!(parted(PARTS_MAX - 2, octets).parts.len(), PARTS_MAX - 1);
    assert_eq!(parted(PARTS_MAX - 1, octets).parts.len(), PARTS_MAX);
    let over = parted(PARTS_MAX, octets);
    assert_eq!(over.parts.len(), PARTS_MAX);
    assert_eq!(over.parts[PARTS_MAX - 1].octets(), PART_OCTETS - 6 + 1 + PART_OCTETS);
}

#[test]
fn many_short_parts_are_told_apart_in_proportion_to_the_content() {
    let octets = usize::try_from(PART_OCTETS).unwrap();
    assert_eq!(parted(PARTS_FREE - 1, 7).parts.len(), PARTS_FREE);
    let allowed = |count: usize| PARTS_FREE + (43 + 7 * count + 4) / octets;
    let found = parted(20_000, 7);
    let count = found.parts.len();
    assert!(count == allowed(count - 2) && count > PARTS_FREE, "{count}");
    assert_eq!(found.parts[count - 1].body.end, found.octets, "the last reaches to the end");
    // Once full it stays so, whatever comes.
    let some = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(1000));
    let late = parse(format!("{some}{}\n{}", "x".repeat(1_000_000), "--b\n\nx\n".repeat(9)).as_bytes());
    assert_eq!(late.parts.len(), parse(some.as_bytes()).parts.len());
}

#[test]
fn boundaries_have_a_limit() {
    let with = |length: usize| {
        let boundary = "b".repeat(length);
        parse(format!("Content-Type: multipart/mixed; boundary={boundary}\n\n--{boundary}\n\nx").as_bytes()).parts.len()
    };
    assert_eq!((with(BOUNDARY_MAX), with(BOUNDARY_MAX + 1)), (2, 1));
}

#[test]
fn kept_fields_have_limits() {
    let one = |length: usize| {
        let content = format!("To: {}\r\nSubject: x\r\n\r\n", "a".repeat(length - 6));
        let kept = parse(content.as_bytes()).parts[0].fields.clone();
        assert!(kept.ends_with(b"\r\nSubject: x\r\n"));
        kept.len() - 12
    };
    assert_eq!((one(FIELD_KEPT_MAX), one(FIELD_KEPT_MAX + 1)), (FIELD_KEPT_MAX, FIELD_KEPT_MAX));
    let many = "Subject: x\r\n".repeat(HEADER_KEPT_MAX / 12 + 2);
    assert_eq!(parse(many.as_bytes()).parts[0].fields.len(), HEADER_KEPT_MAX);
    let part = format!("--b\r\n{}\r\n", "Content-ID: x\r\n".repeat(HEADER_KEPT_MAX / 15));
    let content = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", part.repeat(20));
    let kept: usize = parse(content.as_bytes()).parts.iter().map(|part| part.fields.len()).sum();
    assert_eq!(kept, KEPT_TOTAL_MAX);
}

fn in_chunks(content: &[u8], sizes: &[usize]) -> crate::structure::Structure {
    let mut scanner = Scanner::new();
    let mut rest = content;
    for size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at((*size).min(rest.len()));
        scanner.push(chunk);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    scanner.finish()
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(
        lines in proptest::collection::vec(prop_oneof![
            Just("--b\r\n".to_owned()), Just("--b--\r\n".to_owned()), Just("--c\n".to_owned()), Just("--c--".to_owned()),
            Just("Content-Type: multipart/digest; boundary=c\r\n".to_owned()), Just("\r\n".to_owned()),
            Just("Content-Type: message/rfc822\r\n".to_owned()), Just("\r".to_owned()), Just("\n".to_owned()),
            Just("Content-Transfer-Encoding: binary\r\n".to_owned()), Just(" folded\r\n".to_owned()),
            Just("-".to_owned()), Just("x".repeat(1001)), Just(format!("Subject: {}\r\n", "y".repeat(989))),
            "[ -~é\0]{0,9}\r\n",
        ], 0..60),
        sizes in proptest::collection::vec(1..40_usize, 1..8),
    ) {
        let content = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", lines.concat());
        let whole = parse(content.as_bytes());
        prop_assert_eq!(&in_chunks(content.as_bytes(), &sizes), &whole);
        prop_assert_eq!(&in_chunks(content.as_bytes(), &[1]), &whole);
        let ordered = |part: &Part| {
            part.header.start <= part.header.end && part.header.end <= part.body.start && part.body.end <= whole.octets
        };
        prop_assert!(whole.parts.iter().all(ordered));
    }
}
