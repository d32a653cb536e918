#![allow(clippy::unwrap_used)]
use super::*;
use crate::header::Phrase;
use proptest::prelude::*;

const CONTENT: &str = "Date: Sat, 21 Nov 2026 11:47:44 +0000\r\nSubject: =?utf-8?Q?cr=C3=AApes?=\r\n and more\r\n\
    From: Alice <alice@crepes.fr>\r\nTo: friends: bob@hamburger.edu;, Forouzan\r\nMessage-ID: <1@crepes.fr>\r\n\
    In-Reply-To: <0@crepes.fr>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
    Content-Type: text/html; charset=utf-8\r\nContent-ID: <x@y>\r\nContent-Description: a\r\n b\r\n\
    Content-Transfer-Encoding: Quoted-Printable\r\nContent-MD5: q==\r\nContent-Language: en, (x) fr\r\n\
    Content-Location: http://x\r\nContent-Disposition: INLINE; filename*0=a; filename*1=b\r\n\r\nhi\r\n--b\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: in\r\nReferences: <9@z>\r\n\r\nbye\r\n--b--\r\n";

#[test]
fn holds_the_envelope() {
    let summary = Summary::of(&crate::parse(CONTENT.as_bytes()));
    let envelope = summary.parts[0].envelope.as_ref().unwrap();
    assert_eq!(envelope.subject.as_deref(), Some(&b"=?utf-8?Q?cr=C3=AApes?= and more"[..]));
    assert_eq!(envelope.date.as_deref(), Some(&b"Sat, 21 Nov 2026 11:47:44 +0000"[..]));
    let from = Envelope::mailboxes(&envelope.from).next().unwrap();
    assert_eq!((&*from.local_part, &*from.domain), (&b"alice"[..], &b"crepes.fr"[..]));
    assert_eq!(envelope.to.len(), 4);
    assert_eq!(envelope.to[0], Entry::GroupStart(Phrase { raw: b"friends".to_vec() }));
    assert_eq!(envelope.to[2], Entry::GroupEnd);
    assert!(envelope.sender.is_empty() && envelope.bcc.is_empty());
    assert_eq!(envelope.message_id.as_deref(), Some(&b"<1@crepes.fr>"[..]));
    assert_eq!(summary.message_id.as_deref(), Some("1@crepes.fr"));
    assert_eq!(summary.references, ["0@crepes.fr"]);
    assert!(!summary.utf8_header);
}

#[test]
fn holds_the_body_structure() {
    let summary = Summary::of(&crate::parse(CONTENT.as_bytes()));
    assert_eq!(summary.parts.len(), 4);
    let part = &summary.parts[1];
    assert_eq!(
        (part.media_type.as_str(), part.subtype.as_str(), part.encoding.as_str()),
        ("text", "html", "quoted-printable")
    );
    assert_eq!(part.parameters, [Parameter { name: "charset".to_owned(), value: b"utf-8".to_vec() }]);
    assert_eq!(part.id.as_deref(), Some(&b"<x@y>"[..]));
    assert_eq!(part.description.as_deref(), Some(&b"a b"[..]));
    assert_eq!(part.md5.as_deref(), Some(&b"q=="[..]));
    assert_eq!(part.language, ["en", "fr"]);
    assert_eq!(part.location.as_deref(), Some(&b"http://x"[..]));
    let disposition = part.disposition.as_ref().unwrap();
    assert_eq!(disposition.kind, "inline");
    assert_eq!(header::parameter_text(&disposition.parameters, "filename").unwrap(), "ab");
    assert!(part.envelope.is_none() && summary.parts[2].envelope.is_none());
    let inner = &summary.parts[3];
    assert_eq!(inner.envelope.as_ref().unwrap().subject.as_deref(), Some(&b"in"[..]));
    assert_eq!((inner.media_type.as_str(), inner.encoding.as_str(), inner.lines), ("text", "7bit", 0));
}

#[test]
fn sees_utf8_in_any_header() {
    let utf8 = |content: &str| Summary::of(&crate::parse(content.as_bytes())).utf8_header;
    assert!(utf8("Subject: é\r\n\r\nx"));
    assert!(utf8("Content-Type: message/global\r\n\r\nSubject: é\r\n\r\nx"));
    assert!(!utf8("Subject: e\r\n\r\né"));
}

#[test]
fn knows_its_version() {
    let mut bytes = Summary::default().encode();
    assert_eq!(bytes.first(), Some(&VERSION));
    assert_eq!(Summary::decode(&bytes), Ok(Summary::default()));
    bytes.push(0);
    assert_eq!(Summary::decode(&bytes), Err(DecodeError::Damaged));
    assert_eq!(Summary::decode(&[VERSION + 1]), Err(DecodeError::Version));
    assert_eq!(Summary::decode(&[]), Err(DecodeError::Damaged));
}

/// No number goes past 64 bits, or on for ever.
#[test]
fn numbers_have_64_bits() {
    let largest = Summary { octets: u64::MAX, ..Summary::default() };
    let stored = largest.encode();
    assert_eq!(Summary::decode(&stored), Ok(largest));
    let end = stored.windows(2).position(|pair| pair == [0xFF, 0x01]).unwrap() + 1;
    for last in [0x02, 0x7F, 0x81] {
        let mut more = stored.clone();
        more[end] = last;
        assert_eq!(Summary::decode(&more), Err(DecodeError::Damaged), "{last:#x}");
    }
}

proptest! {
    #[test]
    fn what_is_stored_reads_back(content in proptest::collection::vec(prop_oneof![
        Just("--b\r\n".to_owned()), Just("\r\n".to_owned()), Just("Content-Type: message/rfc822\r\n".to_owned()),
        "(From|To|Subject|Message-ID|Content-Disposition|Content-Type|Content-Language|References): \\PC{0,30}\r\n",
    ], 0..30)) {
        let content = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", content.concat());
        let summary = Summary::of(&crate::parse(content.as_bytes()));
        prop_assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary);
    }

    #[test]
    fn reading_is_total(mut bytes in proptest::collection::vec(any::<u8>(), 1..200), at in 0..400_usize, with in any::<u8>()) {
        bytes[0] = VERSION;
        if let Ok(summary) = Summary::decode(&bytes) {
            prop_assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary);
        }
        let mut stored = Summary::of(&crate::parse(CONTENT.as_bytes())).encode();
        if let Some(octet) = stored.get_mut(at + 1) {
            *octet = with;
        }
        let _ = Summary::decode(&stored);
        prop_assert!(Summary::decode(stored.get(..at.min(stored.len() - 1)).unwrap()).is_err());
    }
}

#[test]
fn several_lists_of_recipients_are_one() {
    let content = "From: a@x.example\nFrom: b@x.example\nCc: c@x.example\nTo: d@x.example\nCc: e@x.example,\n f@x.example\n\
                   Bcc: g@x.example\nTo: \nbcc: h@x.example\nReply-To: i@x.example\nReply-To: j@x.example\n\nx";
    let summary = Summary::of(&crate::parse(content.as_bytes()));
    let envelope = summary.parts[0].envelope.clone().unwrap();
    let names =
        |list: &[Entry]| Envelope::mailboxes(list).map(|one| one.local_part.clone()).collect::<Vec<_>>().concat();
    let lists = [&envelope.from, &envelope.reply_to, &envelope.to, &envelope.cc, &envelope.bcc];
    assert_eq!(lists.map(|list| names(list)), ["a", "i", "d", "cef", "gh"].map(|names| names.as_bytes().to_vec()));
    // Many of them have no more room than one.
    let many = format!("{}\n", "Cc: a,b,c,d\n".repeat(9000));
    let count = Summary::of(&crate::parse(many.as_bytes())).parts[0].envelope.as_ref().unwrap().cc.len();
    assert_eq!(count, ENTRIES_FREE + summary_fields(&many) / ENTRY_OCTETS);
}

#[test]
fn entries_are_kept_in_proportion_to_the_fields() {
    let kept = |content: &str| {
        let summary = Summary::of(&crate::parse(content.as_bytes()));
        let envelope = summary.parts[0].envelope.clone().unwrap();
        (envelope.to.len(), envelope.cc.len())
    };
    let of = |to: usize, cc: usize| kept(&format!("To: {}\nCc: {}\n\n", "a,".repeat(to), "a,".repeat(cc)));
    assert_eq!(of(1000, 1000), (1000, 1000));
    let fields = |to: usize, cc: usize| "To: \nCc: \n".len() + 2 * (to + cc);
    let room = |to: usize, cc: usize| ENTRIES_FREE + fields(to, cc) / ENTRY_OCTETS;
    let full = (0..).find(|cc| 1000 + cc == room(1000, *cc)).unwrap();
    assert_eq!(of(1000, full), (1000, full));
    assert_eq!(of(1000, full + 1), (1000, room(1000, full + 1) - 1000));
    assert_eq!(of(1000, full + 10), (1000, room(1000, full + 10) - 1000));
    assert!(room(1000, full + 10) < 1000 + full + 10);
    let languages = format!("Cc: {}\nContent-Language: {}\n\n", "a,".repeat(5000), "a,".repeat(5000));
    let summary = Summary::of(&crate::parse(languages.as_bytes()));
    let count = summary.parts[0].envelope.as_ref().unwrap().cc.len() + summary.parts[0].language.len();
    assert_eq!(count, ENTRIES_FREE + summary_fields(&languages) / ENTRY_OCTETS);
}

fn summary_fields(content: &str) -> usize {
    crate::parse(content.as_bytes()).parts[0].fields.len()
}
