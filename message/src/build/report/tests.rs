#![allow(clippy::unwrap_used)]
use super::*;
use crate::{Kind, TransferEncoding, encoding, parse};

const RANDOM: [u64; 2] = [1, 0xffff];

fn begin(eight_bit: bool) -> Report {
    Report::begin(b"Subject: x\r\n".to_vec(), "delivery-status", RANDOM, eight_bit)
}

#[test]
fn a_report_is_written_exactly() {
    let mut report = begin(false);
    report.text("Words\nand more");
    report.part("message/delivery-status", b"Reporting-MTA: dns; crepes.fr\r\n");
    let expected = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n \
        boundary=\"=_0000000000000001000000000000ffff\"\r\n\r\n\
        \r\n--=_0000000000000001000000000000ffff\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nWords\r\nand more\r\n\
        \r\n--=_0000000000000001000000000000ffff\r\nContent-Type: message/delivery-status\r\n\r\n\
        Reporting-MTA: dns; crepes.fr\r\n\
        \r\n--=_0000000000000001000000000000ffff--\r\n";
    assert_eq!(String::from_utf8(report.finish()).unwrap(), expected);
}

/// Encoding and decoded octets of every part of a report.
fn parts(report: &[u8]) -> Vec<(TransferEncoding, Vec<u8>)> {
    let structure = parse(report);
    assert_eq!(structure.parts[0].kind, Kind::Multipart);
    let part = |part: &crate::Part| {
        let body = &report[part.body.start as usize..part.body.end as usize];
        (part.encoding, encoding::decode(part.encoding, body))
    };
    structure.parts.iter().filter(|part| part.parent == Some(0)).map(part).collect()
}

#[test]
fn parts_come_back_whatever_they_hold() {
    let long = [b'x'; 999];
    let contents: [(&str, &[u8], TransferEncoding); 6] = [
        ("text/rfc822-headers", b"Subject: x\r\n", TransferEncoding::SevenBit),
        ("text/rfc822-headers", "Subject: é\r\n".as_bytes(), TransferEncoding::QuotedPrintable),
        ("message/global-headers", "Subject: é\r\n".as_bytes(), TransferEncoding::EightBit),
        ("text/rfc822-headers", &long, TransferEncoding::QuotedPrintable),
        ("text/rfc822-headers", &long[1..], TransferEncoding::SevenBit),
        ("message/global-headers", "é\rx\r\n".as_bytes(), TransferEncoding::QuotedPrintable),
    ];
    let mut report = begin(true);
    for (media_type, content, _) in contents {
        report.part(media_type, content);
    }
    let expected: Vec<_> = contents.iter().map(|(_, content, encoding)| (*encoding, content.to_vec())).collect();
    assert_eq!(parts(&report.finish()), expected);
}

#[test]
fn words_beyond_ascii_are_encoded() {
    let mut report = begin(false);
    report.text("crêpes");
    assert_eq!(parts(&report.finish()), [(TransferEncoding::QuotedPrintable, "crêpes\r\n".as_bytes().to_vec())]);
}

#[test]
fn a_frame_holds_any_message() {
    let mut report = begin(true);
    report.text("x");
    let Frame { head, tail } = report.frame("message/rfc822", true);
    for content in ["Subject: in\r\n\r\nno line end", "Subject: in\r\n\r\n--=_x\r\nbody\r\n", "\r\n"] {
        let whole = [&head[..], content.as_bytes(), &tail].concat();
        assert_eq!(parts(&whole).last().unwrap(), &(TransferEncoding::EightBit, content.as_bytes().to_vec()));
    }
}

#[test]
fn no_value_begins_a_field_of_its_own() {
    let written = String::from_utf8(field("Diagnostic-Code", "smtp; 550 no\r\nAction: delivered\u{7}")).unwrap();
    assert_eq!(written, "Diagnostic-Code: smtp; 550 no  Action: delivered?\r\n");
    assert_eq!(
        field("Final-Recipient", "rfc822; \"a  b\"@crepes.fr"),
        b"Final-Recipient: rfc822; \"a  b\"@crepes.fr\r\n"
    );
    for hostile in [" ".repeat(3000) + "x", "x".repeat(3000), format!("a{}b", " ".repeat(3000))] {
        let written = field("Diagnostic-Code", &hostile);
        assert!(
            written
                .split(|octet| *octet == b'\n')
                .all(|line| line.len() <= 999 && !line.trim_ascii().is_empty() || line.is_empty())
        );
    }
    let long = field("Diagnostic-Code", &"word ".repeat(1000));
    assert!(long.split(|octet| *octet == b'\n').all(|line| line.len() <= 79));
    assert!(is_eight_bit(&field("Final-Recipient", "utf-8; chef@crêpes.fr")));
}
