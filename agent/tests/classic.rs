//! The classic table of data types (RFC 2046): every one is composed, read, shown and saved. Also the five transfer
//! encodings (RFC 2045 §6), types nobody knows, and a version of MIME nobody wrote.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use agent::letter::{Attachment, Beside, Form, Letter, Recipients};
use agent::reading::{Page, View, page, part, saved_name};
use message::date::Date;
use message::{Summary, partial};

const NOW: Date = Date { unix_seconds: 1_795_238_264, offset_minutes: Some(60) };

fn base() -> Letter {
    Letter {
        from: Recipients::lenient("Alice <alice@crepes.fr>"),
        to: Recipients::lenient("bob@hamburger.edu"),
        subject: "Crepes".to_owned(),
        text: "Do you like ketchup?\n".to_owned(),
        ..Letter::default()
    }
}

fn file(name: &str, media_type: &str, octets: &[u8]) -> Attachment {
    Attachment {
        name: Some(name.to_owned()),
        media_type: media_type.to_owned(),
        description: Some(format!("The {name}")),
        content_id: Some(format!("{name}@crepes.fr")),
        octets: octets.to_vec(),
        ..Attachment::default()
    }
}

fn written(letter: &Letter) -> Vec<u8> {
    assert_eq!(letter.check(), Ok(()));
    letter.compose(NOW, &[7; 32]).message
}

fn text_of(page: &Page) -> String {
    let line = |line: &agent::reading::Line| line.spans.iter().map(|span| span.text.as_str()).collect::<String>();
    page.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn shown(raw: &[u8]) -> Page {
    page(raw, &View::default())
}

fn types(raw: &[u8]) -> Vec<String> {
    let summary = Summary::of(&message::parse(raw));
    summary.parts.iter().map(|part| format!("{}/{}", part.media_type, part.subtype)).collect()
}

#[test]
fn files_of_every_kind_are_kept_shown_and_saved() {
    let octets = [0xCC, 0x81, 0x39];
    let kinds = [
        ("photo.jpg", "image/jpeg"),
        ("cat.gif", "image/gif"),
        ("film.mpg", "video/mpeg"),
        ("song.au", "audio/basic"),
        ("paper.ps", "application/postscript"),
        ("thing.bin", "application/octet-stream"),
        ("odd.x", "application/x-nobody-knows"),
        ("odd.y", "image/x-nobody-knows"),
    ];
    let mut letter = base();
    letter.attachments = kinds.map(|(name, media_type)| file(name, media_type, &octets)).into();
    let raw = written(&letter);
    let text = String::from_utf8(raw.clone()).unwrap();
    assert_eq!(text.matches("\r\n\r\nzIE5\r\n").count(), kinds.len());
    let page = shown(&raw);
    assert!(text_of(&page).starts_with("Do you like ketchup?\n\n[2: photo.jpg, image/jpeg, 3 B, The photo.jpg]\n"));
    for (line, (name, media_type)) in page.parts[1..].iter().zip(kinds) {
        assert_eq!((line.name.as_deref(), line.media_type.as_str(), line.is_shown), (Some(name), media_type, false));
        assert_eq!(line.content_id.as_deref(), Some(format!("{name}@crepes.fr").as_str()));
        assert_eq!(line.description.as_deref(), Some(format!("The {name}").as_str()));
        let held = part(&raw, line.number).unwrap();
        assert_eq!(held.octets, octets);
        assert_eq!(saved_name(held.name.as_deref(), &held.media_type, |_| false), name);
    }
    assert_eq!(page.parts.len(), kinds.len() + 1);
}

#[test]
fn multiparts_of_every_kind_are_shown_as_they_are_meant() {
    let mut letter = base();
    letter.html =
        Some("<h1>Do you like <i>ketchup</i>?</h1><p><a href=\"https://crepes.fr\">the menu</a></p>".to_owned());
    let raw = written(&letter);
    assert_eq!(types(&raw), ["multipart/alternative", "text/plain", "text/html"]);
    assert_eq!(text_of(&shown(&raw)), "Do you like ketchup?");
    let html = page(&raw, &View { html_first: true, ..View::default() });
    assert!(text_of(&html).ends_with("\n\nthe menu[1]"), "{}", text_of(&html));
    assert_eq!(html.links[0].address, "https://crepes.fr");

    letter.html = None;
    letter.attachments = vec![file("a.gif", "image/gif", b"a"), file("b.au", "audio/basic", b"b")];
    letter.form = Form { beside: Beside::Parallel, ..Form::default() };
    let raw = written(&letter);
    assert_eq!(types(&raw), ["multipart/mixed", "text/plain", "multipart/parallel", "image/gif", "audio/basic"]);
    assert_eq!(text_of(&shown(&raw)).matches('[').count(), 2);

    let mut digest = base();
    digest.forwarded = vec![b"Subject: one\r\n\r\nfirst\r\n".to_vec(), b"Subject: two\r\n\r\nsecond\r\n".to_vec()];
    digest.form.digest = true;
    let raw = written(&digest);
    assert_eq!(types(&raw)[2], "multipart/digest");
    let text = text_of(&shown(&raw));
    assert!(text.contains("Subject: one\n\nfirst\n") && text.ends_with("Subject: two\n\nsecond"), "{text}");
    assert_eq!(part(&raw, 2).unwrap().octets, digest.forwarded[0]);
}

#[test]
fn parts_of_a_digest_are_messages_unless_they_say_otherwise() {
    let raw = b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: one\r\n\r\nfirst\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b--\r\n";
    assert_eq!(types(raw), ["multipart/digest", "message/rfc822", "text/plain", "text/plain"]);
    assert!(text_of(&shown(raw)).contains("Subject: one\n\nfirst\n\nplain"));
}

#[test]
fn a_large_message_goes_in_pieces_and_comes_together() {
    let mut letter = base();
    letter.attachments = vec![file("film.mpg", "video/mpeg", &[0x5A; 5000])];
    let raw = written(&letter);
    let pieces = partial::split(&raw, 2048, "all@crepes.fr", |number| format!("{number}@crepes.fr")).unwrap();
    assert!(pieces.len() > 2);
    let told = text_of(&shown(&pieces[1]));
    assert!(told.contains(&format!("piece 2 of {} of the message all@crepes.fr", pieces.len())), "{told}");
    let found: Vec<&[u8]> = pieces.iter().rev().map(Vec::as_slice).collect();
    let whole = partial::join(&found).unwrap();
    assert_eq!(part(&whole, 2).unwrap().octets, [0x5A; 5000]);
    assert_eq!(Letter::read(&whole), Letter::read(&raw));
    assert!(partial::join(&found[1..]).is_err());
}

#[test]
fn a_pointer_is_told_and_not_followed() {
    let inner = b"Content-Type: application/postscript\r\nContent-ID: <paper@crepes.fr>\r\n\r\n";
    let mut pointer = file("paper.ps", "message/external-body", inner);
    pointer.parameters =
        [("access-type", "anon-ftp"), ("site", "crepes.fr"), ("directory", "pub"), ("name", "paper.ps")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let mut letter = base();
    letter.attachments = vec![pointer];
    let raw = written(&letter);
    let told = text_of(&shown(&raw)).replace('\n', " ");
    assert!(told.contains("not in the message: ftp://crepes.fr/pub/paper.ps (application/postscript)"), "{told}");
    assert_eq!(part(&raw, 2).unwrap().octets, inner);
    assert_eq!(Letter::read(&raw).attachments, letter.attachments);
}

#[test]
fn every_transfer_encoding_is_read() {
    for (encoding, body, text) in [
        ("7bit", &b"ketchup"[..], "ketchup"),
        ("8bit", "crêpe".as_bytes(), "crêpe"),
        ("binary", "crêpe\nketchup".as_bytes(), "crêpe\nketchup"),
        ("base64", b"Y3LDqnBl", "crêpe"),
        ("quoted-printable", b"cr=C3=AApe =\r\nketchup", "crêpe ketchup"),
        // RFC 2049 §2 (3): octets, then, whatever the type.
        ("x-unknown", b"cr=C3=AApe", "[1: text/plain, 10 B]"),
    ] {
        let header =
            format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
        assert_eq!(text_of(&shown(&[header.as_bytes(), body].concat())), text, "{encoding}");
    }
    let figure =
        b"Content-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n&L=939K";
    assert_eq!(text_of(&shown(figure)), "&L\u{201c}9K");
}

#[test]
fn text_beyond_ascii_gets_the_encoding_it_needs() {
    let encoding = |text: &str, eight_bit: bool| {
        let mut letter = Letter { text: text.to_owned(), ..base() };
        letter.form.eight_bit = eight_bit;
        let raw = written(&letter);
        let summary = Summary::of(&message::parse(&raw));
        summary.parts[0].encoding.clone()
    };
    assert_eq!(encoding("Do you like ketchup?\n", false), "7bit");
    assert_eq!(encoding("Do you like crêpes with ketchup and pickles?\n", false), "quoted-printable");
    assert_eq!(encoding("Здравствуйте\n", false), "base64");
    assert_eq!(encoding("Здравствуйте\n", true), "8bit");
    assert_eq!(encoding(&"é".repeat(499), true), "8bit");
    assert_eq!(encoding(&"é".repeat(500), true), "base64");
}

#[test]
fn what_nobody_knows_falls_back() {
    // RFC 2046 §4.1.4, §5.1.7, §4: text is text, parts are mixed, all else is octets.
    let raw = b"MIME-Version: 1.1\r\nContent-Type: multipart/x-unknown; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/x-unknown; charset=utf-8\r\n\r\ncr\xC3\xAApe\r\n\
        --b\r\nContent-Type: message/x-unknown\r\n\r\nx\r\n--b\r\nContent-Type: x-kind/x-unknown\r\n\r\ny\r\n--b--\r\n";
    let page = shown(raw);
    assert_eq!(text_of(&page), "crêpe\n\n[2: message/x-unknown, 1 B]\n\n[3: x-kind/x-unknown, 1 B]");
    let held = part(raw, 3).unwrap();
    assert_eq!(saved_name(held.name.as_deref(), &held.media_type, |_| false), "part.bin");
    let old = String::from_utf8_lossy(raw).replace("MIME-Version: 1.1", "MIME-Version: 1.0");
    assert_eq!(text_of(&shown(old.as_bytes())), text_of(&page));
}
