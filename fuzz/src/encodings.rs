//! What is written and what is read by the same rules: transfer encodings, dots, binary parts made fit for lines, and the
//! fields this house adds. Any octets are a body to encode and a body to decode.

use crate::sessions;
use message::build::{self, Received};
use message::encoding::{self, Decoder, base64, quoted_printable};
use message::recode::{Plan, binary_to_base64, eight_to_seven};
use message::{Address, Domain, Host, Time, TransferEncoding, header};
use std::net::{IpAddr, Ipv6Addr};
use wire::dot::Stuffer;

/// Base64: what is encoded comes back, whatever is decoded gets no longer, and cuts change nothing.
///
/// # Panics
/// When a law is broken.
pub fn base64(data: &[u8]) {
    let encode = |piece: usize| {
        let (mut encoder, mut out) = (base64::Encoder::default(), Vec::new());
        data.chunks(piece).for_each(|piece| encoder.push(piece, &mut out));
        encoder.finish(&mut out);
        out
    };
    let written = encode(data.len().max(1));
    assert_eq!(written, encode(1), "cut into octets");
    assert_eq!(written.len() as u64, base64::encoded_length(data.len() as u64));
    assert!(lines_fit(&written, 76));
    assert_eq!(encoding::decode(TransferEncoding::Base64, &written), data);
    decodes_alike(TransferEncoding::Base64, data);
}

/// Quoted-printable, likewise.
///
/// # Panics
/// When a law is broken.
pub fn quoted_printable(data: &[u8]) {
    let encode = |piece: usize| {
        let (mut encoder, mut out) = (quoted_printable::Encoder::default(), Vec::new());
        data.chunks(piece).for_each(|piece| encoder.push(piece, &mut out));
        encoder.finish(&mut out);
        out
    };
    let written = encode(data.len().max(1));
    assert_eq!(written, encode(1), "cut into octets");
    assert!(lines_fit(&written, 76));
    assert!(written.is_ascii());
    assert_eq!(encoding::decode(TransferEncoding::QuotedPrintable, &written), data);
    decodes_alike(TransferEncoding::QuotedPrintable, data);
}

fn lines_fit(text: &[u8], octets: usize) -> bool {
    text.split(|octet| *octet == b'\n').all(|line| line.strip_suffix(b"\r").unwrap_or(line).len() <= octets)
}

fn decodes_alike(encoding: TransferEncoding, data: &[u8]) {
    let decode = |piece: usize| {
        let (mut decoder, mut out) = (Decoder::of(encoding), Vec::new());
        data.chunks(piece).for_each(|piece| decoder.push(piece, &mut out));
        decoder.finish(&mut out);
        out
    };
    let whole = encoding::decode(encoding, data);
    assert_eq!(whole, decode(1), "cut into octets");
    assert_eq!(whole, decode(3), "cut into threes");
    assert!(whole.len() <= data.len(), "decoding made it longer");
}

/// Dots: what is stuffed for the wire holds one end only, and an SMTP session reads it back, or refuses it for the bare CR
/// or LF in it.
///
/// # Panics
/// When a law is broken.
pub fn dots(data: &[u8]) {
    let stuff = |lines: Option<u64>, piece: usize| {
        let (mut stuffer, mut out) = (Stuffer::new(lines), Vec::new());
        data.chunks(piece).for_each(|piece| stuffer.push(piece, &mut out));
        stuffer.finish(&mut out);
        out
    };
    let wire = stuff(None, data.len().max(1));
    assert_eq!(wire, stuff(None, 1), "cut into octets");
    assert_eq!(stuff(Some(1), data.len().max(1)), stuff(Some(1), 1), "the top, cut into octets");
    let (end, text) = (b".\r\n", wire.strip_suffix(b".\r\n").unwrap_or_default());
    assert!(wire.ends_with(end) && (text.is_empty() || text.ends_with(b"\r\n")));
    let begins_line = |at: usize| at == 0 || matches!(text.get(at - 1), Some(b'\r' | b'\n'));
    let lone = |at: &usize| begins_line(*at) && text.get(*at) == Some(&b'.') && text.get(at + 1) != Some(&b'.');
    assert_eq!((0..text.len()).find(lone), None, "a dot that is not doubled");
    let mut content = data.to_vec();
    if !data.is_empty() && !data.ends_with(b"\r\n") {
        content.extend_from_slice(b"\r\n");
    }
    sessions::reads_back(&wire, &content);
}

/// Binary parts made fit for lines: the plan says how long it comes out, and where it calls the outcome clean it is lines
/// of text and needs no second plan.
///
/// # Panics
/// When a law is broken.
pub fn recode(data: &[u8]) {
    let plan = binary_to_base64(&message::parse(data));
    let after = applied(&plan, data);
    assert_eq!(after.len() as u64, plan.octets_max(data.len() as u64));
    if plan.is_clean() {
        let again = message::parse(&after);
        let whole = again.parts.first().map(|part| (part.header_facts, part.body_facts));
        assert!(whole.is_none_or(|(header, body)| header.are_lines_of_text() && body.are_lines_of_text()));
        assert!(binary_to_base64(&again).edits.is_empty(), "a second plan");
    }
}

/// A message made fit for seven bits: where the plan calls the outcome clean, it is ASCII in lines and needs no second plan.
///
/// # Panics
/// When a law is broken.
pub fn seven_bit(data: &[u8]) {
    let before = message::parse(data);
    let plan = eight_to_seven(&before);
    let after = applied(&plan, data);
    assert!(after.len() as u64 <= plan.octets_max(data.len() as u64));
    if plan.is_clean() {
        assert!(after.is_ascii() && lines_fit(&after, 998), "{}", wire::dialogue::show(&after));
        let again = message::parse(&after);
        assert!(eight_to_seven(&again).edits.is_empty(), "a second plan");
    }
}

fn applied(plan: &Plan, data: &[u8]) -> Vec<u8> {
    let mut end = 0;
    for edit in &plan.edits {
        assert!(edit.range.start >= end && edit.range.end <= data.len() as u64, "{edit:?}");
        end = edit.range.end;
    }
    plan.apply(data)
}

/// The fields we write: one field each whatever the text, in lines of 998 octets at most, read again as what was written.
///
/// # Panics
/// When a law is broken.
pub fn build(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let subject = build::text("Subject", &text);
    one_field(&subject, "Subject");
    let (name, rest) = text.split_once(',').unwrap_or((&text, ""));
    let (Ok(domain), Ok(host)) = (Domain::parse("mx.hamburger.edu"), Domain::parse("crepes.fr")) else { return };
    let address = Address::parse(rest).unwrap_or_else(|_| Address::new("bob", Host::Domain(host)));
    let list = [build::Mailbox { name: name.to_owned(), address: address.clone() }];
    one_field(&build::addresses("To", &list), "To");
    one_field(&build::return_path(Some(&address)), "Return-Path");
    one_field(&build::delivered_to(&address), "Delivered-To");
    let received = Received {
        from_helo: &text,
        from_reverse_name: None,
        from_ip: IpAddr::V6(Ipv6Addr::LOCALHOST),
        by: &domain,
        with: "ESMTP",
        tls: None,
        queue_id: "ABC",
        for_: Some(&address),
        at: Time(1_081_298_274_000),
    };
    one_field(&received.write(), "Received");
}

fn one_field(written: &[u8], name: &str) {
    let shown = wire::dialogue::show(written);
    let mut fields = header::fields(written);
    assert!(fields.next().is_some_and(|field| field.is(name) && field.range == (0..written.len())), "{shown}");
    assert!(fields.next().is_none(), "a second field: {shown}");
    assert!(written.ends_with(b"\r\n") && lines_fit(written, build::LINE_HARD_MAX), "{shown}");
    assert!(!written.windows(2).any(|pair| matches!(pair, [before, b'\n'] if *before != b'\r')), "a bare LF: {shown}");
    assert!(!written.windows(2).any(|pair| matches!(pair, [b'\r', after] if *after != b'\n')), "a bare CR: {shown}");
}
