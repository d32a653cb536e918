#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

#[test]
fn fields_are_read_tolerantly() {
    let section = b"A: b\r\n c\r\nD :e\ngarbage\r\n: x\r\nF g: h\r\nI:\r\n\r\nJ: k\r\n";
    let read: Vec<(&[u8], &[u8])> = fields(section).map(|field| (field.name, field.value)).collect();
    assert_eq!(read, [(&b"A"[..], &b" b\r\n c"[..]), (b"D", b"e"), (b"I", b"")]);
    assert_eq!(fields(section).map(|field| field.range).collect::<Vec<_>>(), [0..10, 10..15, 37..41]);
    assert!(fields(section).next().unwrap().is("a"));
}

#[test]
fn fields_have_a_limit() {
    let count = |fields_typed: usize| fields("A: b\n".repeat(fields_typed).as_bytes()).count();
    assert_eq!((count(FIELDS_MAX), count(FIELDS_MAX + 1)), (FIELDS_MAX, FIELDS_MAX));
}

#[test]
fn knows_the_first_field() {
    for line in ["Subject: x", "X:", "Hello:", "a!~:b"] {
        assert!(begins_with_field(line.as_bytes()), "{line}");
    }
    for line in ["Hello, James:", "", ":", " a: b", "Subject : x", "Subject", "é: x", "a\tb: c", "a\r\nb: c"] {
        assert!(!begins_with_field(line.as_bytes()), "{line}");
    }
}

#[test]
fn finds_the_end_of_a_section_as_it_arrives() {
    for (section, end) in [("A: b\r\n\r\nx\r\n\r\n", 8), ("A: b\n\nx", 6), ("\r\nx", 2), ("\nx", 1), ("A: b\n\r\nx", 7)]
    {
        assert_eq!(section_end(section.as_bytes(), 0), Some(end), "{section:?}");
        let mut searched = 0;
        let found = (0..=section.len()).find_map(|length| {
            let found = section_end(&section.as_bytes()[..length], searched);
            searched = length;
            found
        });
        assert_eq!(found, Some(end), "{section:?} octet by octet");
    }
    assert_eq!(section_end(b"A: b\r\n", 0), None);
    assert_eq!(section_end(b"", 0), None);
}

#[test]
fn text_is_decoded() {
    for (value, decoded) in [
        (" Do you like\r\n  ketchup? ", "Do you like  ketchup?"),
        (" =?utf-8?Q?cr=C3=AApes_ok?=", "crêpes ok"),
        (" =?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        (" =?utf-8?Q?a?=\r\n\t=?iso-8859-1?q?=E9?=", "aé"),
        (" =?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
        (" =?utf-8?B?w6k?=", "é"),
        (" =?utf-8?B?w?=", "=?utf-8?B?w?="),
        (" =?utf-8?Q?=C3?= =?UTF-8?Q?=A9?=", "é"),
        (" =?iso-2022-jp?B?GyRCJCIbKEI=?=", "あ"),
        (" =?koi8-r?B?0NLJ18XU?=", "привет"),
        (" =?utf-8*en?Q?a?=", "a"),
        (" =?nonsense?Q?a?=", "=?nonsense?Q?a?="),
        (" =?utf-8?X?a?=", "=?utf-8?X?a?="),
        (" =?utf-8?Q?a b?=", "=?utf-8?Q?a b?="),
        (" =?utf-8?Q?=G1?=", "=?utf-8?Q?=G1?="),
        (" =?utf-8?Q?a", "=?utf-8?Q?a"),
        (" =?=?utf-8?Q?a?=", "=?a"),
        (" cr\u{ea}pe", "crêpe"),
    ] {
        assert_eq!(text(value.as_bytes()), decoded, "{value:?}");
    }
    assert_eq!(text(b" cr\xEApe"), "crêpe");
}

#[test]
fn encoded_words_have_a_limit() {
    let word = |length: usize| format!("=?utf-8?Q?{}?=", "a".repeat(length - 12));
    assert_eq!(text(word(ENCODED_WORD_MAX).as_bytes()).len(), ENCODED_WORD_MAX - 12);
    assert_eq!(text(word(ENCODED_WORD_MAX + 1).as_bytes()).len(), ENCODED_WORD_MAX + 1);
}

/// A list as `name|local@domain` lines, groups as `name:` and `;`.
fn list(value: &str) -> Vec<String> {
    let show = |entry: Entry| match entry {
        Entry::GroupStart(name) => format!("{}:", name.text()),
        Entry::GroupEnd => ";".to_owned(),
        Entry::Mailbox(mailbox) => {
            let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let name = mailbox.name.map(|name| name.text()).unwrap_or_default();
            let route = mailbox.route.map(|route| part(&route) + ":").unwrap_or_default();
            format!("{route}{name}|{}@{}", part(&mailbox.local_part), part(&mailbox.domain))
        }
    };
    addresses(value.as_bytes()).into_iter().map(show).collect()
}

#[test]
fn address_lists_are_read() {
    for (value, entries) in [
        (" alice@crepes.fr", vec!["|alice@crepes.fr"]),
        ("<Undisclosed-Recipient:;>", vec!["|Undisclosed-Recipient:;@"]),
        ("<Undisclosed-Recipient:;@crepes.fr>", vec!["|Undisclosed-Recipient:;@crepes.fr"]),
        ("Alice B. <alice@crepes.fr>, bob@x", vec!["Alice B.|alice@crepes.fr", "|bob@x"]),
        ("\"B, \\\"Al\\\"\" <a@b>", vec!["B, \"Al\"|a@b"]),
        ("a@b (Al (x) \\))", vec!["Al (x) )|a@b"]),
        ("<a@b>", vec!["|a@b"]),
        ("=?utf-8?Q?Zo=C3=AB?= Z <a@b>", vec!["Zoë Z|a@b"]),
        ("\"=?utf-8?Q?a?=\" <a@b>", vec!["a|a@b"]),
        ("Forouzan", vec!["Forouzan|@"]),
        ("friends: a@b, Bob <b@c>; , c@d", vec!["friends:", "|a@b", "Bob|b@c", ";", "|c@d"]),
        ("undisclosed-recipients:;", vec!["undisclosed-recipients:", ";"]),
        ("open: a@b", vec!["open:", "|a@b", ";"]),
        ("<@x,@y:a@b>", vec!["@x,@y:|a@b"]),
        ("Al < @x , @ y.z : a@b >", vec!["@x,@y.z:Al|a@b"]),
        ("<@:a@b>, <x:a@b>, <@x,y>", vec!["@:|a@b", "|x:a@b", "|@x,y"]),
        ("a . b @ c . d", vec!["|a.b@c.d"]),
        ("\"a b\"@c, \"x@y\" <\"a@b\"@c>", vec!["|a b@c", "x@y|a@b@c"]),
        ("a@[IPv6:2001:db8::1], b@[1.2.3.4]", vec!["|a@[IPv6:2001:db8::1]", "|b@[1.2.3.4]"]),
        ("A <a@[IPv6:::1]>", vec!["A|a@[IPv6:::1]"]),
        (",,a@b,,", vec!["|a@b"]),
        ("a@b@c", vec!["|a@b@c"]),
        ("<a@b@c>", vec!["|a@b@c"]),
        ("Bob <bob", vec!["Bob|bob@"]),
        ("", vec![]),
        ("<>", vec![]),
        (">)];:", vec![":", ";"]),
        ("用户@例え.jp", vec!["|用户@例え.jp"]),
        ("a@b\r\n\t(x)\r\n", vec!["x|a@b"]),
    ] {
        assert_eq!(list(value), entries, "{value:?}");
    }
}

#[test]
fn addresses_come_out_in_canonical_form() {
    let first = |value: &str| match addresses(value.as_bytes()).into_iter().next() {
        Some(Entry::Mailbox(mailbox)) => mailbox.address().map(|address| address.to_string()),
        _ => None,
    };
    assert_eq!(first("x <\"a b\"@Crepes.FR>").as_deref(), Some("\"a b\"@crepes.fr"));
    assert_eq!(first("a@[192.0.2.1]").as_deref(), Some("a@[192.0.2.1]"));
    assert_eq!((first("Forouzan"), first("a@"), first("a@b c@d")), (None, None, None));
}

#[test]
fn address_lists_have_a_limit() {
    let count = |typed: usize| addresses("a@b,".repeat(typed).as_bytes()).len();
    assert_eq!((count(ADDRESSES_MAX), count(ADDRESSES_MAX + 1)), (ADDRESSES_MAX, ADDRESSES_MAX));
}

#[test]
fn comments_have_a_depth() {
    let brackets = |depth: u32| {
        let (open, close) = ("(".repeat(depth as usize), ")".repeat(depth as usize));
        let name = list(&format!("{open}{close} a@b")).pop().unwrap();
        (name.matches('(').count(), name.matches(')').count())
    };
    assert_eq!(brackets(COMMENT_DEPTH_MAX), (99, 99));
    assert_eq!(brackets(COMMENT_DEPTH_MAX + 1), (100, 99));
}

#[test]
fn ids_are_read() {
    for (value, ids) in [
        ("<a@b>", vec!["a@b"]),
        (" <a@b>\r\n\t<c@d> (x <y@z>)", vec!["a@b", "c@d"]),
        ("a@b", vec!["a@b"]),
        ("id-1", vec!["id-1"]),
        ("Your message of Sat, \"x\" a@b", vec!["a@b"]),
        ("<a@\r\n b>", vec!["a@b"]),
        ("<a<b@c>", vec!["b@c"]),
        ("<>", vec![]),
        ("<a@b", vec![]),
        ("<\"a b\"@c>", vec!["\"ab\"@c"]),
    ] {
        assert_eq!(message_ids(value.as_bytes()), ids, "{value:?}");
    }
    let count = |typed: usize| message_ids("<a@b>".repeat(typed).as_bytes()).len();
    assert_eq!((count(IDS_MAX), count(IDS_MAX + 1)), (IDS_MAX, IDS_MAX));
}

fn parameter(value: &str, name: &str) -> Option<String> {
    parameter_text(&disposition(format!("attachment{value}").as_bytes()).unwrap().parameters, name)
}

#[test]
fn types_are_read() {
    let read = content_type(b" Text/HTML (x); Charset=\"utf-8\" ; format = flowed").unwrap();
    assert_eq!((read.main.as_str(), read.sub.as_str()), ("text", "html"));
    let names: Vec<_> = read.parameters.iter().map(|p| (p.name.as_str(), p.value.as_slice())).collect();
    assert_eq!(names, [("charset", &b"utf-8"[..]), ("format", b"flowed")]);
    for value in ["", "text", "text/", "/plain", ";charset=x"] {
        assert_eq!(content_type(value.as_bytes()), None, "{value}");
    }
    assert_eq!(disposition(b" ; x=y"), None);
    assert_eq!(token(b" (x) Quoted-Printable (y)"), "quoted-printable");
    assert_eq!(tokens(b"en, (x) fr-CA ,, de"), ["en", "fr-CA", "de"]);
}

#[test]
fn parameters_are_decoded() {
    for (value, decoded) in [
        ("; filename=a.txt", "a.txt"),
        ("; filename=\"a \\\"b\\\".txt\"", "a \"b\".txt"),
        ("; filename=a b (c).txt; x=y", "a b .txt"),
        ("; filename=a(1).txt", "a(1).txt"),
        ("; filename*=utf-8'en'cr%C3%AApe.txt", "crêpe.txt"),
        ("; filename=plain; filename*=utf-8''%C3%AA", "ê"),
        ("; filename*0=a; filename*1=b", "ab"),
        ("; filename*1=b; filename*0=a; filename*1=c", "ab"),
        ("; filename*0*=iso-8859-1''%EA; filename*1=%20; filename*2*=%EA", "ê%20ê"),
        ("; filename*0=a; filename*2=c", "a"),
        ("; filename*=nonsense", "nonsense"),
        ("; filename*=x-none''%41%zz", "A%zz"),
        ("; filename=\"=?utf-8?Q?cr=C3=AApe?=\"", "crêpe"),
        (";;; FileName = a", "a"),
    ] {
        assert_eq!(parameter(value, "filename").as_deref(), Some(decoded), "{value}");
    }
    assert_eq!(parameter("; filename*1=b", "filename").as_deref(), Some("b"));
    assert_eq!(parameter("; filenames=b; name", "filename"), None);
}

#[test]
fn parameters_have_limits() {
    let count = |typed: usize| disposition(format!("a{}", ";x=y".repeat(typed)).as_bytes()).unwrap().parameters.len();
    assert_eq!((count(PARAMETERS_MAX), count(PARAMETERS_MAX + 1)), (PARAMETERS_MAX, PARAMETERS_MAX));
    let joined = |typed: usize| {
        let list = (0..typed).map(|n| Parameter { name: format!("x*{n}"), value: b"y".to_vec() });
        parameter_text(&list.collect::<Vec<_>>(), "x").unwrap().len()
    };
    assert_eq!((joined(CONTINUATIONS_MAX), joined(CONTINUATIONS_MAX + 1)), (CONTINUATIONS_MAX, CONTINUATIONS_MAX));
}

#[test]
fn the_first_value_may_be_quoted() {
    for (value, first) in [("mx.a; spf=pass", "mx.a"), (" (c) \"mx a\" 1; x", "mx a"), ("", ""), (";x", "")] {
        assert_eq!(value_text(value.as_bytes()), first, "{value}");
    }
}

proptest! {
    #[test]
    fn everything_is_total(raw in proptest::collection::vec(any::<u8>(), 0..200), typed in "[ -~\r\n\t]{0,120}", tight in "[<>()\",;:@a*=?%'0-9\\\\\\[\\] ]{0,80}") {
        for bytes in [&raw[..], typed.as_bytes(), tight.as_bytes()] {
            let _ = (fields(bytes).count(), section_end(bytes, 0), begins_with_field(bytes), text(bytes), unfold(bytes));
            let _ = (message_ids(bytes), content_type(bytes), token(bytes), tokens(bytes));
            for entry in addresses(bytes) {
                if let Entry::Mailbox(mailbox) = entry {
                    let _ = mailbox.address();
                }
            }
            if let Some(disposition) = disposition(bytes) {
                for parameter in &disposition.parameters {
                    let name = parameter.name.split('*').next().unwrap_or("");
                    prop_assert!(parameter_text(&disposition.parameters, name).is_some() || parameter.name.contains('*'));
                }
            }
        }
    }

    #[test]
    fn what_build_writes_is_read_back(value in "\\PC{0,80}", name in "\\PC{0,60}") {
        let field = crate::build::text("Subject", &value);
        let read = fields(&field).next().unwrap();
        prop_assert_eq!(text(read.value), value.trim());
        let mailbox = crate::build::Mailbox { name: name.clone(), address: "\"a b\"@crepes.fr".parse().unwrap() };
        let field = crate::build::addresses("To", &[mailbox.clone(), mailbox.clone()]);
        let read = addresses(fields(&field).next().unwrap().value);
        prop_assert_eq!(read.len(), 2);
        for entry in read {
            let Entry::Mailbox(read) = entry else { panic!("a group") };
            prop_assert_eq!(read.address(), Some(mailbox.address.clone()));
            prop_assert_eq!(read.name.map(|name| name.text()).unwrap_or_default(), name.trim());
        }
    }
}
