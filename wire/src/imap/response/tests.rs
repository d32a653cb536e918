//! Responses in the words of the RFCs' examples, and of servers that have their own.
#![allow(clippy::unwrap_used)]

use super::stream::{PIECES_MAX, RESPONSE_MAX};
use super::*;
use crate::imap::command::{Flag, StatusItem};
use crate::imap::mailbox::{Charset, MailboxName};
use crate::imap::sequence;
use message::search::{Set, SystemFlag};
use proptest::prelude::*;

fn read(line: &str) -> Response {
    response(line.as_bytes(), Charset::Ascii).unwrap()
}

fn data(line: &str) -> Data {
    match read(&format!("* {line}")) {
        Response::Untagged(data) => data,
        other => panic!("{other:?}"),
    }
}

fn set(text: &str) -> Set {
    sequence::read_set(text.as_bytes()).unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn status(status: Status, code: Option<Code>, said: &str) -> StatusText {
    StatusText { status, code, text: text(said) }
}

#[test]
fn statuses_have_codes() {
    for (line, code) in [
        ("[UIDVALIDITY 3857529045] x", Code::UidValidity(3_857_529_045)),
        (
            "[PERMANENTFLAGS (\\Deleted \\*)] x",
            Code::PermanentFlags(vec![Flag::System(SystemFlag::Deleted), Flag::Any]),
        ),
        ("[read-only] x", Code::ReadOnly),
        ("[HIGHESTMODSEQ 715194045007] x", Code::HighestModSeq(715_194_045_007)),
        ("[COPYUID 38505 304,319:320 3956:3958] x", Code::CopyUid(38505, set("304,319:320"), set("3956:3958"))),
        ("[APPENDUID 38505 3955] x", Code::AppendUid(38505, set("3955"))),
        ("[MODIFIED 7,9] x", Code::Modified(set("7,9"))),
        ("[MAILBOXID (F2212ea87-6097)] x", Code::MailboxId(text("F2212ea87-6097"))),
        ("[CAPABILITY imap4rev2 AUTH=PLAIN] x", Code::Capability(vec![text("IMAP4REV2"), text("AUTH=PLAIN")])),
        ("[BADCHARSET (UTF-8)] x", Code::Other(text("BADCHARSET"), text("(UTF-8)"))),
        ("[UIDNEXT 0] x", Code::Other(text("UIDNEXT"), text("0"))),
    ] {
        assert_eq!(read(&format!("a OK {line}")), Response::Tagged(text("a"), status(Status::Ok, Some(code), "x")));
    }
    assert_eq!(read("a1 NO"), Response::Tagged(text("a1"), status(Status::No, None, "")));
    assert_eq!(data("BYE [x"), Data::Status(status(Status::Bye, None, "[x")));
    assert_eq!(read("+ AGE="), Response::Continue(b"AGE=".to_vec()));
    assert_eq!(read("+"), Response::Continue(Vec::new()));
    for wrong in ["", "a", "a FETCH", "a PREAUTH x", "* ", "*", "a BYE x", "HTTP/1.1 400 Bad Request"] {
        assert!(response(wrong.as_bytes(), Charset::Ascii).is_err(), "{wrong}");
    }
}

#[test]
fn mailboxes_are_listed() {
    let Data::List(listed) =
        data("LIST (\\HasNoChildren \\Sent) \"/\" \"Entw&APw-rfe\" (\"CHILDINFO\" (\"SUBSCRIBED\"))")
    else {
        panic!()
    };
    assert_eq!(listed.attributes, ["\\HasNoChildren", "\\Sent"]);
    assert_eq!((listed.delimiter, listed.name.as_str()), (Some('/'), "Entw\u{fc}rfe"));
    assert_eq!(listed.extended, [(text("CHILDINFO"), Value::List(vec![Value::String(b"SUBSCRIBED".to_vec())]))]);
    let Data::Lsub(listed) = data("LSUB () NIL {3}\r\na\"b") else { panic!() };
    assert_eq!((listed.delimiter, listed.name.as_str()), (None, "a\"b"));
    let Data::List(listed) = data("LIST () \"\\\\\" \"a&b\"") else { panic!() };
    assert_eq!((listed.delimiter, listed.name.as_str()), (Some('\\'), "a&b"));
}

#[test]
fn figures_are_told() {
    let told = data("STATUS blurdybloop (MESSAGES 231 X-NEW 5 MAILBOXID (F22) APPENDLIMIT NIL)");
    let items = vec![
        (StatusItem::Messages, StatusValue::Number(231)),
        (StatusItem::MailboxId, StatusValue::Id(text("F22"))),
        (StatusItem::AppendLimit, StatusValue::Nil),
    ];
    assert_eq!(told, Data::Figures(MailboxName::new("blurdybloop"), items));
}

#[test]
fn what_was_found_is_told() {
    assert_eq!(data("SEARCH 2 84 882"), Data::Search(vec![2, 84, 882], None));
    assert_eq!(data("SEARCH"), Data::Search(Vec::new(), None));
    assert_eq!(data("SORT 2 5 (MODSEQ 917162500)"), Data::Sort(vec![2, 5], Some(917_162_500)));
    let found = data("ESEARCH (TAG \"A282\") UID MIN 2 COUNT 3 ALL 2,10:11 PARTIAL (1:100 1,3) MODSEQ 5");
    let partial = Value::List(vec![Value::Atom(text("1:100")), Value::Atom(text("1,3"))]);
    let items = vec![
        EsearchItem::Min(2),
        EsearchItem::Count(3),
        EsearchItem::All(set("2,10:11")),
        EsearchItem::Other(text("PARTIAL"), partial),
        EsearchItem::ModSeq(5),
    ];
    assert_eq!(found, Data::Esearch(Some(text("A282")), true, items));
    let Data::Thread(threads) = data("THREAD (2)(3 6 (4 23)(44 7 96))") else { panic!() };
    assert_eq!((threads.len(), threads[1].list().len()), (2, 4));
}

#[test]
fn changes_are_told() {
    assert_eq!(data("23 EXISTS"), Data::Exists(23));
    assert_eq!(data("0 recent"), Data::Recent(0));
    assert_eq!(data("44 EXPUNGE"), Data::Expunge(44));
    assert_eq!(data("VANISHED (EARLIER) 41,43:116"), Data::Vanished(true, set("41,43:116")));
    assert_eq!(data("VANISHED 405"), Data::Vanished(false, set("405")));
    assert_eq!(data("ENABLED CONDSTORE"), Data::Enabled(vec![text("CONDSTORE")]));
    assert_eq!(data("XSTRANGE a (b"), Data::Other(text("XSTRANGE"), b"a (b".to_vec()));
    assert_eq!(data("VANISHED x"), Data::Other(text("VANISHED"), b"x".to_vec()));
    assert_eq!(data("5 XSTRANGE"), Data::Other(text("XSTRANGE"), b"5 XSTRANGE".to_vec()));
}

#[test]
fn accounts_are_told() {
    let namespace = |prefix: &str| vec![Namespace { prefix: text(prefix), delimiter: Some('/') }];
    assert_eq!(
        data("NAMESPACE ((\"\" \"/\")) NIL ((\"Shared/\" \"/\"))"),
        Data::Namespace([namespace(""), Vec::new(), namespace("Shared/")])
    );
    assert_eq!(
        data("ID (\"name\" \"Cyrus\" \"os\" NIL)"),
        Data::Id(vec![(text("name"), Some(text("Cyrus"))), (text("os"), None)])
    );
    let quota = Quota { resource: text("STORAGE"), usage: 10, limit: 512 };
    assert_eq!(data("QUOTA \"\" (STORAGE 10 512)"), Data::Quota(String::new(), vec![quota]));
    assert_eq!(data("QUOTAROOT INBOX \"\""), Data::QuotaRoot(MailboxName::inbox(), vec![String::new()]));
}

#[test]
fn messages_are_fetched() {
    let Data::Fetch(12, items) = data(
        "12 FETCH (FLAGS (\\Seen $Junk) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286 UID 7 MODSEQ (65402) \
         EMAILID (M6d99) THREADID NIL SAVEDATE NIL PREVIEW \"caf\u{e9}\" BODY[HEADER.FIELDS (\"a]\" b)]<0> {3}\r\na\0b \
         BINARY.SIZE[1.2] 9 BODY[1] NIL RFC822.TEXT \"x\" X-GM-LABELS (\"a\" \\Inbox))",
    ) else {
        panic!()
    };
    let section = |item: &str, section: &str, origin| SectionName { item: text(item), section: text(section), origin };
    assert_eq!(items[0], FetchData::Flags(vec![Flag::System(SystemFlag::Seen), Flag::Keyword(text("$Junk"))]));
    assert_eq!(items[2..5], [FetchData::Size(4286), FetchData::Uid(7), FetchData::ModSeq(65402)]);
    assert_eq!(items[5..7], [FetchData::EmailId(text("M6d99")), FetchData::ThreadId(None)]);
    assert_eq!(items[8], FetchData::Preview(Some("caf\u{e9}".into())));
    let fields = section("BODY", "HEADER.FIELDS (\"a]\" b)", Some(0));
    assert_eq!(items[9], FetchData::Section(fields, Some(b"a\0b".to_vec())));
    assert_eq!(items[10], FetchData::BinarySize(text("1.2"), 9));
    assert_eq!(items[11], FetchData::Section(section("BODY", "1", None), None));
    assert_eq!(items[12], FetchData::Section(section("RFC822.TEXT", "", None), Some(b"x".to_vec())));
    assert!(
        matches!(&items[13], FetchData::Other(name, Value::List(labels)) if name == "X-GM-LABELS" && labels.len() == 2)
    );
}

#[test]
fn quotes_that_should_be_escaped_are_survived() {
    let Data::Fetch(_, items) = data("1 FETCH (ENVELOPE (NIL \"say \"hi\"!\" ((\"a\\b\" NIL \"x\" \"y\")) NIL))")
    else {
        panic!()
    };
    let FetchData::Envelope(envelope) = &items[0] else { panic!() };
    assert_eq!(envelope.list()[1], Value::String(b"say \"hi\"!".to_vec()));
    assert_eq!(envelope.list()[2].list()[0].list()[0], Value::String(b"a\\b".to_vec()));
}

#[test]
fn what_we_say_of_messages_can_be_read() {
    let content = "From: =?x?= <a@b>, \"x \\\"y\" <c@d>\r\nSubject: caf\u{e9}\r\nTo: g: h@i;\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
        Subject: in\r\n\r\n--b--\r\n";
    let summary = message::Summary::of(&message::parse(content.as_bytes()));
    for charset in [Charset::Ascii, Charset::Utf8] {
        let envelope = crate::imap::structure::envelope(&summary, charset);
        let structure = crate::imap::structure::body_structure(&summary, charset);
        let line = [b"* 1 FETCH (ENVELOPE ", &envelope[..], b" BODYSTRUCTURE ", &structure[..], b")"].concat();
        let Ok(Response::Untagged(Data::Fetch(1, items))) = response(&line, charset) else { panic!() };
        let [FetchData::Envelope(envelope), FetchData::BodyStructure(structure)] = &items[..] else { panic!() };
        assert_eq!(envelope.list().len(), 10);
        assert_eq!(envelope.list()[1].octets(), Some("caf\u{e9}".as_bytes()));
        assert_eq!(envelope.list()[5].list().len(), 3);
        let structure = structure.list();
        assert_eq!((structure.len(), structure[2].octets()), (7, Some(&b"mixed"[..])));
        assert_eq!(structure[1].list()[7].list().len(), 10);
    }
}

#[test]
fn values_nest_to_a_limit() {
    let nested = |depth: usize| format!("1 FETCH (X {}{})", "(".repeat(depth), ")".repeat(depth));
    assert!(matches!(data(&nested(DEPTH_MAX)), Data::Fetch(..)));
    assert!(matches!(data(&nested(DEPTH_MAX + 2)), Data::Other(..)));
    assert!(matches!(data(&nested(1_000_000)), Data::Other(..)));
}

/// Plays a driver.
fn stream(input: &[u8], pace: usize) -> Vec<Incoming> {
    let mut stream = Stream::new();
    let mut seen: Vec<Incoming> = Vec::new();
    let (mut from, mut to) = (0, 0);
    loop {
        let (taken, what) = stream.read(&input[from..to]);
        let idle = taken == 0 && what == Incoming::More;
        from += taken;
        match (seen.last_mut(), what) {
            (_, Incoming::More) => {}
            (Some(Incoming::Content(before)), Incoming::Content(octets)) => *before += octets,
            (Some(Incoming::Broken(_)), Incoming::Broken(_)) => {}
            (_, what) => seen.push(what),
        }
        if idle || from == to {
            if to == input.len() {
                return seen;
            }
            to = (to + pace).min(input.len());
        }
    }
}

fn at_every_pace(input: &str) -> Vec<Incoming> {
    let whole = stream(input.as_bytes(), input.len().max(1));
    for pace in [1, 3, 8] {
        assert_eq!(stream(input.as_bytes(), pace), whole, "{pace} at a time");
    }
    whole
}

#[test]
fn content_is_handed_on() {
    let section = SectionName { item: text("BODY"), section: String::new(), origin: None };
    let head = |octets| Head { number: 1, uid: Some(7), section: section.clone(), octets };
    let fetched = |section: &SectionName| FetchData::Section(section.clone(), Some(Vec::new()));
    let seen = at_every_pace("* 1 FETCH (UID 7 BODY[] {5}\r\na\r\n)\n FLAGS ())\r\na OK x\r\n");
    let response =
        Response::Untagged(Data::Fetch(1, vec![FetchData::Uid(7), fetched(&section), FetchData::Flags(Vec::new())]));
    assert_eq!(seen[..3], [Incoming::Body(head(5)), Incoming::Content(5), Incoming::Response(response)]);
    assert_eq!(seen.len(), 4);
    let seen = at_every_pace("* 7 UIDFETCH (BODY[] {0}\r\n)\r\n");
    assert_eq!(seen[0], Incoming::Body(Head { number: 7, ..head(0) }));
    assert_eq!(seen.len(), 2);
    let seen = at_every_pace("* 1 FETCH (BINARY[1] ~{2}\r\n\0\0 BODY[2]<0> {1}\r\nx)\r\n");
    assert!(matches!(&seen[0], Incoming::Body(Head { uid: None, octets: 2, .. })));
    assert!(matches!(&seen[2], Incoming::Body(Head { section: SectionName { origin: Some(0), .. }, .. })));
    assert_eq!(seen.len(), 5);
}

#[test]
fn other_literals_are_gathered() {
    let seen = at_every_pace("* 1 FETCH (ENVELOPE (NIL {3}\r\n] { NIL NIL NIL NIL NIL NIL NIL NIL) UID 3)\r\n");
    let [Incoming::Response(Response::Untagged(Data::Fetch(1, items)))] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(items.len(), 2);
    let seen = at_every_pace("* LIST () \"/\" {3}\r\na b\r\n* 1 EXISTS\r\n");
    assert_eq!(seen.len(), 2);
    let seen = at_every_pace("* LIST () \"/\" {0}\r\n\r\n");
    assert_eq!(seen.len(), 1);
}

#[test]
fn responses_have_limits() {
    let long = |count: usize| format!("* OK {}\r\n", "x".repeat(count));
    let fits = RESPONSE_MAX - "* OK \r\n".len();
    let first = |input: &str| stream(input.as_bytes(), 1 << 16).remove(0);
    assert!(matches!(first(&long(fits)), Incoming::Response(_)));
    assert_eq!(first(&long(fits + 1)), Incoming::Broken(Broken::Long));
    let before = "* LIST () NIL {4194289}\r\n";
    assert_eq!(RESPONSE_MAX - before.len(), 4_194_279);
    assert_eq!(stream(before.as_bytes(), 99), [Incoming::Broken(Broken::Long)]);
    assert_eq!(stream(before.replace("4289", "4279").as_bytes(), 99), []);
    assert_eq!(first("* LIST () NIL {18446744073709551616}\r\n"), Incoming::Broken(Broken::Long));
    let pieces = |count: usize| format!("* 1 FETCH ({}UID 1)\r\n", "BODY[] {0}\r\n ".repeat(count));
    let seen = stream(pieces(PIECES_MAX).as_bytes(), 1 << 16);
    assert!(matches!(seen.last(), Some(Incoming::Response(_))));
    let seen = stream(pieces(PIECES_MAX + 1).as_bytes(), 1 << 16);
    assert_eq!(seen.last(), Some(&Incoming::Broken(Broken::Pieces)));
    assert!(matches!(first("HTTP/1.1 200 OK\r\n"), Incoming::Broken(Broken::Syntax(_))));
}

fn words() -> impl Strategy<Value = String> {
    let words = vec![
        "* ",
        "1 FETCH (",
        "UID 7 ",
        "BODY[] ",
        "BODY[HEADER.FIELDS (\"",
        "{3}\r\nabc",
        "{0}\r\n",
        "~{1}\r\n\0",
        ")",
        "(",
        "\"",
        "\\",
        "\r\n",
        "\n",
        "NIL",
        " ",
        "ESEARCH ",
        "LIST ",
        "THREAD ",
        "a OK ",
        "[COPYUID 1 2 3]",
        "ENVELOPE ",
        "{9}",
        "SEARCH 1",
        "+ ",
        "STATUS x ",
        "FLAGS (\\*)",
    ];
    prop::collection::vec(prop::sample::select(words), 0..14).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn reading_is_total(octets in prop::collection::vec(any::<u8>(), 0..40), words in words(), pace in 1..9_usize) {
        for text in [&octets[..], words.as_bytes()] {
            let _ = response(text, Charset::Ascii);
            let _ = response(text, Charset::Utf8);
            prop_assert_eq!(stream(text, pace), stream(text, text.len().max(1)));
        }
    }
}
