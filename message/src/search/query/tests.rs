#![allow(clippy::unwrap_used)]
use super::*;
use crate::search::{AddressField, DateOf, Day, Key, NESTING_MAX, Relation};
use crate::{Summary, Time};
use proptest::prelude::*;

const NOW: Time = Time(1_795_219_200_000); // 2026-11-21

/// What it was read as, without problems.
fn read(text: &str) -> Query {
    let typed = parse(text);
    assert_eq!(typed.problems, [], "{text}");
    typed.query
}

fn written(text: &str) -> String {
    parse(text).query.to_string()
}

#[test]
fn words_and_operators_are_read() {
    for (text, again) in [
        ("", "*"),
        ("*", "*"),
        ("crepes", "crepes"),
        ("crepes AND  sugar", "crepes sugar"),
        ("crep* \"with sugar\"", "crep \"with sugar\""),
        ("from:bob has:attachment", "from:bob has:attachment"),
        ("FROM:bob Is:Unseen", "from:bob is:unread"),
        ("a b OR c d", "a b OR c d"),
        ("(a b) OR c", "(a b) OR c"),
        ("{a b}", "a OR b"),
        ("{a b} c", "a OR b c"),
        ("from:(bob OR carol)", "from:bob OR from:carol"),
        ("subject:(dinner -movie to:x)", "subject:dinner -subject:movie to:x"),
        ("-from:bob", "-from:bob"),
        ("NOT from:bob", "-from:bob"),
        ("- - a", "a"),
        ("-(a b)", "-(a b)"),
        ("-{a b}", "-(a OR b)"),
        ("rfc822msgid:<a@b>", "msgid:\"<a@b>\""),
        ("tag:work label:\"to do\"", "label:work label:\"to do\""),
        ("larger:5M smaller:1.5kb size:10", "larger:5M smaller:1536 larger:10"),
        ("older_than:2y newer_than:7D", "older_than:2y newer_than:7d"),
        ("before:2026/11/21 after:2026-02 on:today since:2024", "before:2026-11-21 after:2026-02 on:today after:2024"),
        ("deliveredto:a@b list:rust type:pdf in:inbox", "deliveredto:a@b list:rust type:pdf in:inbox"),
        ("https://pillarbox.example/x 12:30", "\"https://pillarbox.example/x\" \"12:30\""),
        ("\u{201c}two words\u{201d}", "\"two words\""),
        (r#""say \"hi\" c:\d""#, r#""say \"hi\" c:\\d""#),
        ("\"OR\" \"-x\" \"*\"", "\"OR\" \"-x\" \"*\""),
        ("ORder AND", "ORder"),
        ("crêpes", "crêpes"),
        ("a* OR *", "*"),
        ("from:bob,", "from:\"bob,\""),
        ("foo(bar)", "foo bar"),
        ("()", "*"),
    ] {
        assert_eq!(read(text).to_string(), again, "{text}");
        assert_eq!(read(again), read(text), "{text}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    use ProblemKind::*;
    for (text, place, kind, again) in [
        ("a \"b", 2..3, OpenQuote, "a b"),
        ("(a", 0..1, OpenBracket, "a"),
        ("a) b", 1..2, StrayBracket, "a b"),
        ("(a} b)", 2..3, StrayBracket, "a b"),
        ("OR a", 0..2, StrayOr, "a"),
        ("a OR", 2..4, StrayOr, "a"),
        ("a OR OR b", 5..7, StrayOr, "a OR b"),
        ("from: bob", 0..5, NoValue(Operator::In(Place::From)), "bob"),
        ("x from:\"\"", 2..9, NoValue(Operator::In(Place::From)), "x"),
        ("form:bob", 0..4, UnknownOperator, "\"form:bob\""),
        ("is:blue", 0..7, BadValue(Operator::Is), "blue"),
        ("ä has:fish", 3..11, BadValue(Operator::Has), "\u{e4} fish"),
        ("on:2026-02-30", 0..13, BadValue(Operator::On), "2026-02-30"),
        ("on:2026-2-3-4", 0..13, BadValue(Operator::On), "2026-2-3-4"),
        ("older_than:999y", 0..15, BadValue(Operator::OlderThan), "999y"),
        ("larger:5Q", 0..9, BadValue(Operator::Larger), "5Q"),
    ] {
        let typed = parse(text);
        assert_eq!(typed.problems, [Problem { place, kind }], "{text}");
        assert_eq!(typed.query.to_string(), again, "{text}");
        assert_eq!(kind.is_grave(), matches!(kind, BadValue(_)), "{text}");
        assert!(!kind.words().is_empty());
    }
}

#[test]
fn limits_hold_at_them_and_one_past() {
    let long = "a".repeat(QUERY_OCTETS_MAX);
    assert_eq!(parse(&long).problems, []);
    let typed = parse(&format!("{long}b"));
    assert_eq!(typed.query, Query::Term(Term::Text(long.clone())));
    assert_eq!(typed.problems, [Problem { place: long.len()..long.len() + 1, kind: ProblemKind::TooLong }]);

    let many = "a ".repeat(TERMS_MAX);
    assert_eq!(parse(&many).problems, []);
    let typed = parse(&format!("{many} b c"));
    assert!(matches!(&typed.query, Query::All(all) if all.len() == TERMS_MAX));
    assert_eq!(typed.problems.len(), 1);
    assert_eq!(typed.problems[0].kind, ProblemKind::TooMany);

    let deep = |depth: usize| format!("{}a b{}", "{x (y -".repeat(depth / 2), ")}".repeat(depth / 2));
    let typed = parse(&deep(BRACKETS_MAX));
    assert_eq!(typed.problems, []);
    assert!(depth(&typed.query.key(NOW, &mut |_| None)) <= NESTING_MAX);
    assert_eq!(parse(&typed.query.to_string()).problems, []);
    assert!(parse(&deep(BRACKETS_MAX + 2)).problems.iter().any(|problem| problem.kind == ProblemKind::TooDeep));
    assert!(parse(&")".repeat(1000)).problems.len() < 20);
}

fn depth(key: &Key) -> usize {
    match key {
        Key::And(keys) | Key::Or(keys) => 1 + keys.iter().map(depth).max().unwrap_or(0),
        Key::Not(key) | Key::Fuzzy(key) => 1 + depth(key),
        _ => 1,
    }
}

#[test]
fn terms_mean_keys() {
    let key = |text: &str| read(text).key(NOW, &mut |_| None);
    let day = |year, month, day| Day(crate::date::day(year, month, day).unwrap());
    let arrival = |relation, day| Key::Date(DateOf::Arrival, relation, day);
    assert_eq!(key("from:bob"), Key::Address(AddressField::From, "bob".to_owned()));
    assert_eq!(key("before:2026-02"), arrival(Relation::Before, day(2026, 2, 1)));
    assert_eq!(key("after:yesterday"), arrival(Relation::Since, day(2026, 11, 20)));
    let december = vec![arrival(Relation::Since, day(2025, 12, 1)), arrival(Relation::Before, day(2026, 1, 1))];
    assert_eq!(key("on:2025-12"), Key::And(december));
    assert_eq!(key("older_than:1w"), Key::Older(604_800));
    assert_eq!(key("larger:1K"), Key::Larger(1024));
    assert_eq!(key("in:anywhere"), Key::all());
    assert_eq!(key("in:nowhere"), Key::Or(vec![]), "what nobody knows is true of nothing");
    assert_eq!(key("is:muted"), Key::Keyword("$muted".to_owned()));
    let own = read("label:x").key(NOW, &mut |term| matches!(term, Term::Label(_)).then_some(Key::ModSeq(1)));
    assert_eq!(own, Key::ModSeq(1));
    assert_eq!(key("list:a msgid:b").clone(), {
        let header = |name: &str, text: &str| Key::Header { name: name.to_owned(), text: text.to_owned() };
        Key::And(vec![header("List-Id", "a"), header("Message-ID", "b")])
    });
}

const FILES: &[u8] = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n\
    Content-Type: application/octet-stream; name=\"=?utf-8?Q?Cr=C3=AApes?=.PDF\"\r\n\r\nx\r\n--b\r\n\
    Content-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Disposition: inline; filename=in.png\r\n\r\nx\r\n--b--\r\n";

#[test]
fn parts_are_asked_for_attachments() {
    let summary = Summary::of(&crate::parse(FILES));
    let holds = |text: &str, summary: &Summary| match read(text) {
        Query::Term(term) => term.holds(summary),
        other => panic!("{other:?}"),
    };
    for (text, is) in [
        ("has:attachment", Some(true)),
        ("type:pdf", Some(true)),
        ("type:image", Some(false)),
        ("type:images", Some(false)),
        ("type:application/*", Some(true)),
        ("type:application/octet-stream", Some(true)),
        ("type:octet", Some(true)),
        ("type:zip", Some(false)),
        ("filename:CRÊPES", Some(true)),
        ("filename:in.png", Some(false)),
        ("from:bob", None),
    ] {
        assert_eq!(holds(text, &summary), is, "{text}");
    }
    let plain = Summary::of(&crate::parse(b"Subject: a\r\n\r\nhi\r\n"));
    assert_eq!(holds("has:attachment", &plain), Some(false));
    let around = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
        Content-Type: image/gif\r\n\r\nx\r\n--b--\r\n";
    let around = Summary::of(&crate::parse(around));
    assert_eq!(holds("has:attachment", &around), Some(true));
    assert_eq!(holds("type:gif", &around), Some(false), "what lies in an attached message is that message's");
}

#[test]
fn operators_can_be_completed() {
    for name in Operator::names() {
        let operator = Operator::of(name).unwrap();
        assert_eq!(Operator::of(operator.name()), Some(operator));
        for value in operator.values() {
            assert_eq!(parse(&format!("{name}:{value}")).problems, [], "{name}:{value}");
        }
    }
}

fn any_term() -> impl Strategy<Value = Term> {
    let text = "[a-zA-Z0-9 \\\\\"*():{}é.@-]{0,8}[a-z0-9\\\\\"*:-]";
    let place = prop::sample::select(vec![Place::From, Place::Subject, Place::Filename, Place::MessageId]);
    let when = prop_oneof![
        Just(When::Today),
        (1_u16..9999, 1_u8..=12).prop_map(|(year, month)| When::Month(year, month)),
        (1_u16..9999, 1_u8..=12, 1_u8..=28).prop_map(|(year, month, day)| When::Date(year, month, day)),
    ];
    prop_oneof![
        text.prop_map(Term::Text),
        (place, text).prop_map(|(place, text)| Term::In(place, text)),
        text.prop_map(Term::Label),
        text.prop_map(Term::Mailbox),
        text.prop_map(Term::Type),
        Just(Term::HasAttachment),
        Just(Term::Is(State::Unread)),
        when.prop_map(Term::On),
        any::<u64>().prop_map(Term::Larger),
        (0_u64..4000).prop_map(|kib| Term::Smaller(kib << 10)),
        (0_u32..100).prop_map(|count| Term::OlderThan(Age { count, unit: AgeUnit::Week })),
    ]
}

fn any_query() -> impl Strategy<Value = Query> {
    any_term().prop_map(Query::Term).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Query::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Query::any),
            inner.prop_map(Query::not),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same(query in any_query()) {
        let text = query.to_string();
        let typed = parse(&text);
        prop_assert_eq!(&typed.problems, &vec![], "{}", text);
        prop_assert_eq!(typed.query, query, "{}", text);
    }

    #[test]
    fn anything_typed_means_something(text in "([a-z]{0,3}[ \"*():{}-]{0,2}|from:|is:read|OR|on:2026|\\PC){0,30}") {
        let typed = parse(&text);
        for problem in &typed.problems {
            prop_assert!(text.get(problem.place.clone()).is_some(), "{:?}", problem);
        }
        prop_assert!(depth(&typed.query.key(NOW, &mut |_| None)) <= NESTING_MAX);
        let again = written(&text);
        prop_assert_eq!(written(&again), again);
    }
}
