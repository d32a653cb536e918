//! What is refused, and where; what is taken though no client of ours would write it. That commands mean what they say is
//! tested with their mirror, in `encode::tests`.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::imap::command::{Flag, Form, HowFlags, Messages, Target, UploadItem};
use crate::imap::limits::{FLAGS, ITEMS, PART_DEPTH, SEARCH_KEYS};
use message::search::{Key, NESTING_MAX, SystemFlag};
use proptest::prelude::*;

fn read(line: &str) -> Command {
    super::command(format!("a {line}").as_bytes(), Charset::Ascii).map(|tagged| tagged.command).unwrap()
}

fn error(line: &str) -> SyntaxError {
    super::command(format!("a {line}").as_bytes(), Charset::Ascii).unwrap_err().error
}

/// The key, without regard to how it was nested.
fn key(text: &str) -> Key {
    match read(&format!("SEARCH {text}")) {
        Command::Search(search) => search.key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tags_are_atoms_without_plus() {
    let tag = |line: &str| super::command(line.as_bytes(), Charset::Ascii).map(|tagged| tagged.tag).unwrap_err().tag;
    assert_eq!(tag("a1 X"), Some("a1".to_owned()));
    for none in ["", " NOOP", "+ NOOP", "a+b NOOP", "a", "a(b NOOP", "\u{e9} NOOP", "* NOOP"] {
        assert_eq!(tag(none), None, "{none:?}");
    }
    let long = |count: usize| format!("{} NOOP", "a".repeat(count));
    assert!(super::command(long(TAG).as_bytes(), Charset::Ascii).is_ok());
    assert_eq!(tag(&long(TAG + 1)), None);
}

#[test]
fn errors_say_what_was_expected_and_where() {
    for (line, at, expected) in [
        ("LOGIN", 7, "a space"),
        ("LOGIN bob", 11, "a space"),
        ("LOGIN bob  x", 12, "an atom or a string"),
        ("NOOP ", 6, "the end of the command"),
        ("SELECT \"a", 10, "the end of the quoted string"),
        ("SELECT \"a\\b\"", 12, "a quote or a backslash after the backslash"),
        ("FETCH 0 FLAGS", 8, "a sequence set"),
        ("FETCH 1 (FLAGS", 16, "a space or the end of the list"),
        ("FETCH 1 ()", 11, "something in the list"),
        ("FETCH 1 FLAG", 10, "a data item"),
        ("STORE 1 FLAGS \\Recent", 16, "\\Answered, \\Flagged, \\Deleted, \\Seen, \\Draft or a keyword"),
        ("STORE 1 FLAGS (\\*)", 18, "a flag"),
        ("STORE 1 FLAGS (\\Odd)", 17, "\\Answered, \\Flagged, \\Deleted, \\Seen, \\Draft or a keyword"),
        ("SEARCH SINCE 1-Foo-2000", 15, "a date like 1-Feb-1994"),
        ("SEARCH SINCE 30-Feb-2000", 15, "a date like 1-Feb-1994"),
        ("SEARCH SINCE 1-Feb-00", 15, "a date like 1-Feb-1994"),
        ("SEARCH LARGER 9223372036854775808", 16, "a number"),
        ("SEARCH OLDER 0", 15, "a number that is not zero"),
        ("SEARCH ()", 10, "a search key"),
        ("FETCH 1 BODY[1.]", 17, "a section"),
        ("FETCH 1 BODY[0]", 15, "a number that is not zero"),
        ("FETCH 1 BODY[MIME]", 15, "HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or, of a part, MIME"),
        ("FETCH 1 BODY[]<0.0>", 19, "a number that is not zero"),
        ("FETCH 1 FLAGS (CHANGEDSINCE 0)", 30, "a number that is not zero"),
        ("FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)", 16, "VANISHED in UID FETCH and beside CHANGEDSINCE only"),
        ("LIST (RECURSIVEMATCH) \"\" *", 7, "SUBSCRIBED beside RECURSIVEMATCH"),
        ("NOTIFY SET (selected (MessageNew))", 23, "MessageNew and MessageExpunge together"),
        ("NOTIFY SET (selected (MailboxName))", 23, "events of messages only"),
        ("SETMETADATA a (comment x)", 17, "an entry like /private/comment"),
        ("SETACL a b RWX", 13, "rights: lower-case letters and digits"),
        ("SELECT a (QRESYNC (1 1 *))", 25, "a sequence set without *"),
        ("REPLACE 1:2 a {5}", 11, "a space"),
    ] {
        let found = error(line);
        assert_eq!((found.at, found.expected), (at, expected), "{line}");
        assert_eq!(found.cause, Cause::Syntax, "{line}");
        assert!(found.to_string().is_ascii());
    }
}

#[test]
fn causes_are_told_apart() {
    for (line, cause) in [
        ("FROBNICATE", Cause::Unknown),
        ("UID NOOP", Cause::Unknown),
        ("SELECT a&b", Cause::Name),
        ("SELECT \"\u{e9}\"", Cause::Name),
        ("SEARCH CHARSET KLINGON ALL", Cause::Charset),
        ("SEARCH SUBJECT {3}\r\n\u{e9}", Cause::Syntax),
    ] {
        assert_eq!(error(line).cause, cause, "{line}");
    }
    let latin = [&b"a SEARCH SUBJECT {1}\r\n"[..], &[0xE9]].concat();
    assert_eq!(super::command(&latin, Charset::Ascii).unwrap_err().error.cause, Cause::Charset);
    let latin = [&b"a SEARCH CHARSET ISO-8859-1 SUBJECT {1}\r\n"[..], &[0xE9]].concat();
    let read = super::command(&latin, Charset::Ascii).unwrap().command;
    let key = Key::Subject("\u{e9}".to_owned());
    assert_eq!(read, Command::Search(crate::imap::command::Search { by: By::Number, returns: None, key }));
}

#[test]
fn octets_beyond_ascii_stand_in_strings_only() {
    assert!(matches!(read("LOGIN bob \"h\u{fc}\""), Command::Login { .. }));
    for wrong in ["LOGIN b\u{f6}b x", "SEARCH SUBJECT \u{e9}", "SELECT \u{e9}", "\u{e9}"] {
        assert_eq!(error(wrong).cause, Cause::Syntax, "{wrong}");
    }
    for wrong in
        [&b"a LOGIN bob \"\xFF\""[..], b"a LOGIN bob \"a\0b\"", b"a LOGIN bob \"a\rb\"", b"a LOGIN {1}\r\n\0 b"]
    {
        assert!(super::command(wrong, Charset::Ascii).is_err(), "{wrong:?}");
    }
    let select = |line: &str| super::command(line.as_bytes(), Charset::Utf8);
    assert!(select("a SELECT \"\u{e9}\"").is_ok());
    assert!(select("a SELECT \u{e9}").is_err());
}

#[test]
fn keywords_come_in_any_case() {
    assert_eq!(
        read("uid fetch 1 (flags body.peek[header.fields (from)])"),
        read("UID FETCH 1 (FLAGS BODY.PEEK[HEADER.FIELDS (from)])")
    );
    assert_eq!(read("select inbox"), read("SELECT \"InBoX\""));
    assert_eq!(key("not seen or from a to b"), key("NOT SEEN OR FROM a TO b"));
}

#[test]
fn macros_are_written_out() {
    assert_eq!(read("FETCH 1 ALL"), read("FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"));
    assert_eq!(read("FETCH 1 FAST"), read("FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)"));
    assert_eq!(read("FETCH 1 full"), read("FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)"));
    assert!(super::command(b"a FETCH 1 (ALL)", Charset::Ascii).is_err());
}

#[test]
fn keys_of_two_kinds_are_one() {
    assert_eq!(key("UNSEEN"), key("NOT SEEN"));
    assert_eq!(key("NEW"), key("(RECENT UNSEEN)"));
    assert_eq!(key("OLD"), key("NOT RECENT"));
    assert_eq!(key("UNKEYWORD x"), key("NOT KEYWORD x"));
    assert_eq!(key("((SEEN))"), Key::Flag(SystemFlag::Seen));
    assert_eq!(key("UID $"), Key::Saved);
    assert_eq!(key("MODSEQ \"/flags/\\\\draft\" all 620162338"), Key::ModSeq(620_162_338));
    assert_eq!(key("ON \"01-Feb-1994\""), key("ON 1-Feb-1994"));
}

#[test]
fn return_without_options_means_all() {
    assert_eq!(read("SEARCH RETURN () SEEN"), read("SEARCH RETURN (ALL) SEEN"));
    assert_eq!(read("ESEARCH SEEN"), read("ESEARCH RETURN (ALL) SEEN"));
    assert_eq!(read("SEARCH RETURN (PARTIAL 500:400) ALL"), read("SEARCH RETURN (PARTIAL 400:500) ALL"));
    assert_eq!(read("SEARCH RETURN (UPDATE(UID)) ALL"), read("SEARCH RETURN (UPDATE (UID)) ALL"));
}

#[test]
fn flags_are_kept_once_and_need_no_parentheses() {
    let Command::Store(store) = read("STORE 1 +flags.silent \\seen $a $A \\Seen") else { panic!() };
    assert_eq!(store.flags, [Flag::System(SystemFlag::Seen), Flag::Keyword("$a".to_owned())]);
    assert_eq!((store.how, store.silent), (HowFlags::Add, true));
}

#[test]
fn metadata_options_may_stand_behind_the_name() {
    assert_eq!(read("GETMETADATA a (MAXSIZE 9) /shared/x"), read("GETMETADATA (MAXSIZE 9) a (/shared/X)"));
}

#[test]
fn nesting_has_a_limit_and_chains_have_none() {
    let nested = |count: usize| format!("SEARCH {}SEEN{}", "(".repeat(count), ")".repeat(count));
    read(&nested(NESTING_MAX));
    assert_eq!(error(&nested(NESTING_MAX + 1)).cause, Cause::Limit);
    assert_eq!(error(&nested(100_000)).cause, Cause::Limit);
    assert_eq!(error(&format!("SEARCH {}SEEN", "NOT ".repeat(100_000))).cause, Cause::Limit);
    assert_eq!(error(&format!("SEARCH {}", "OR ".repeat(100_000))).cause, Cause::Limit);
    let chain = format!("SEARCH {}SEEN", "OR DRAFT ".repeat(SEARCH_KEYS - 1));
    let chain = chain.replacen("OR DRAFT ", "", 1);
    assert!(
        matches!(read(&chain), Command::Search(search) if matches!(&search.key, Key::Or(keys) if keys.len() == SEARCH_KEYS - 1))
    );
}

#[test]
fn counts_have_limits() {
    let keys = |count: usize| format!("SEARCH {}", vec!["SEEN"; count].join(" "));
    read(&keys(SEARCH_KEYS));
    assert_eq!(error(&keys(SEARCH_KEYS + 1)).cause, Cause::Limit);
    let items = |count: usize| format!("FETCH 1 ({})", vec!["UID"; count].join(" "));
    read(&items(ITEMS));
    assert_eq!(error(&items(ITEMS + 1)).cause, Cause::Limit);
    let part = |count: usize| format!("FETCH 1 BODY[{}]", vec!["1"; count].join("."));
    read(&part(PART_DEPTH));
    assert_eq!(error(&part(PART_DEPTH + 1)).cause, Cause::Limit);
    let bare = |count: usize| format!("STORE 1 FLAGS {}", vec!["x"; count].join(" "));
    read(&bare(FLAGS));
    assert_eq!(error(&bare(FLAGS + 1)).cause, Cause::Limit);
    let listed = |count: usize| format!("STORE 1 FLAGS ({})", vec!["x"; count].join(" "));
    read(&listed(FLAGS));
    assert_eq!(error(&listed(FLAGS + 1)).cause, Cause::Limit);
    let names = |count: usize| format!("ENABLE {}", vec!["x"; count].join(" "));
    read(&names(NAMES));
    assert_eq!(error(&names(NAMES + 1)).cause, Cause::Limit);
    let pairs = |count: usize| format!("ID ({})", vec!["\"a\" NIL"; count].join(" "));
    read(&pairs(ID_PAIRS));
    assert_eq!(error(&pairs(ID_PAIRS + 1)).cause, Cause::Limit);
    let field = |field: usize, value: usize| format!("ID (\"{}\" \"{}\")", "a".repeat(field), "a".repeat(value));
    read(&field(ID_FIELD, ID_VALUE));
    error(&field(ID_FIELD + 1, ID_VALUE));
    error(&field(ID_FIELD, ID_VALUE + 1));
}

#[test]
fn object_ids_have_a_limit() {
    let id = |count: usize| format!("SEARCH EMAILID {}", "a".repeat(count));
    read(&id(crate::imap::limits::OBJECT_ID));
    error(&id(crate::imap::limits::OBJECT_ID + 1));
    error("SEARCH THREADID a.b");
}

#[test]
fn an_append_of_urls_comes_whole() {
    let Command::Upload(upload) =
        read("APPEND box (\\Seen) CATENATE (URL \"/a;UID=1\" URL b) \"17-Jul-1996 02:44:25 -0700\" CATENATE (URL c)")
    else {
        panic!()
    };
    assert_eq!(upload.target, Target::Append(crate::imap::MailboxName::new("box")));
    let url = |url: &str| UploadItem::Url(url.to_owned());
    let [
        UploadItem::Message { flags, form: Form::Catenate, .. },
        a,
        b,
        UploadItem::End,
        UploadItem::Message { internal_date: Some(date), .. },
        c,
        UploadItem::End,
    ] = &upload.items[..]
    else {
        panic!("{:?}", upload.items)
    };
    assert_eq!((flags.len(), a, b, c), (1, &url("/a;UID=1"), &url("b"), &url("c")));
    assert_eq!((date.unix_seconds, date.offset_minutes), (837_596_665, Some(-420)));
    for wrong in [
        "APPEND box",
        "APPEND box {3}",
        "APPEND box {3}\r\nabc",
        "APPEND box CATENATE ()",
        "APPEND box CATENATE (URL a",
        "APPEND box \"7-Jul-1996 02:44:25 -0700\" CATENATE (URL a)",
        "APPEND box \"37-Jul-1996 02:44:25 -0700\" CATENATE (URL a)",
        "APPEND box \"17-Jul-1996 02:44:25 -0760\" CATENATE (URL a)",
        "REPLACE 1 box CATENATE (URL a) CATENATE (URL b)",
    ] {
        error(wrong);
    }
}

#[test]
fn sets_may_be_what_was_saved() {
    let Command::Fetch(fetch) = read("UID FETCH $ FLAGS") else { panic!() };
    assert_eq!(fetch.messages, Messages::Saved);
}

#[test]
fn zones_are_minutes() {
    let zone = |zone: &str| match read(&format!("APPEND a \"17-Jul-1996 02:44:25 {zone}\" CATENATE (URL a)")) {
        Command::Upload(upload) => match upload.items.first() {
            Some(UploadItem::Message { internal_date: Some(date), .. }) => date.offset_minutes,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(
        read("APPEND a \" 7-Jul-1996 02:44:25 +0000\" CATENATE (URL a)"),
        read("APPEND a \"07-Jul-1996 02:44:25 +0000\" CATENATE (URL a)")
    );
    for wrong in [
        "7-Jul-1996 02:44:25 +0000",
        "  7-Jul-1996 02:44:25 +0000",
        "17-Jul-1996 24:44:25 +0000",
        "17-Jul-1996 02:44:25",
        "",
        "x",
    ] {
        error(&format!("APPEND a \"{wrong}\" CATENATE (URL a)"));
    }
    assert_eq!([zone("-0000"), zone("+0000"), zone("-0159"), zone("+1400")], [0, 0, -119, 840].map(Some));
}

/// Words of commands, and what they are parted by.
fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "a ",
            "UID ",
            "FETCH ",
            "SEARCH ",
            "STORE ",
            "APPEND ",
            "LIST ",
            "NOTIFY SET ",
            "GETMETADATA ",
            "ESEARCH ",
            "1:* ",
            "(",
            ")",
            " ",
            "\"",
            "\\",
            "{3}\r\nabc",
            "{3+}\r\nabc",
            "{9}\r\n",
            "BODY[",
            "]",
            "<0.1>",
            "HEADER.FIELDS ",
            "OR ",
            "NOT ",
            "CHARSET utf-8 ",
            "RETURN ",
            "ALL",
            "SUBJECT x",
            "\u{e9}",
            "\0",
            "inbox",
            "%",
            "*",
            "$",
            "~{1}\r\n\0",
            "\\Seen",
            "CATENATE ",
            "URL ",
        ]),
        0..16,
    )
    .prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn reading_is_total(octets in prop::collection::vec(any::<u8>(), 0..40), words in words()) {
        for text in [&octets[..], words.as_bytes(), format!("a {words}").as_bytes()] {
            for charset in [Charset::Ascii, Charset::Utf8] {
                if let Err(failure) = super::command(text, charset) {
                    prop_assert!(failure.error.at <= text.len());
                }
                let _ = super::tag(text);
                let _ = Uploading::begin(text, charset);
            }
        }
    }
}
