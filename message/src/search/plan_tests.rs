#![allow(clippy::unwrap_used)]
use super::*;
use crate::search::{Bound, Set};
use crate::{date, parse};
use proptest::prelude::*;

struct House;

impl Meaning for House {
    fn now(&self) -> Time {
        Time(1_000_000_000)
    }
    fn last_uid(&self) -> u32 {
        50
    }
    fn flag(&self, flag: SystemFlag) -> u64 {
        if flag == SystemFlag::Seen { 1 } else { 2 }
    }
    fn keyword(&self, name: &str) -> Option<u64> {
        name.eq_ignore_ascii_case("$work").then_some(4)
    }
    fn email(&self, id: &str) -> Option<u64> {
        id.strip_prefix('M')?.parse().ok()
    }
    fn thread(&self, id: &str) -> Option<u64> {
        id.strip_prefix('T')?.parse().ok()
    }
}

/// Seen and `$work`, come in on 1970-01-12 13:46:40 as the clock says it is.
const ROW: Row = Row { uid: 7, email: 70, flags: 5, modseq: 9, size: 1000, arrival: Time(1_000_000_000) };
const PREFIX: &[u8] = b"Received: from jaffle\r\n";
const CONTENT: &[u8] = b"From: =?utf-8?Q?Aim=C3=A9e?= <aimee@crepes.fr>\r\nTo: bob@hamburger.edu\r\nCc: al@x\r\n\
    Subject: =?utf-8?Q?cr=C3=AApes?=\r\n\tand more\r\nX-Empty:\r\nDate: Sat, 21 Nov 2026 23:30:00 -0500\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\nContent-Description: shown\r\n\r\nMichigan re=\r\nndezvous =C3=A9\r\n--b\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nwithin\r\n--b\r\nContent-Type: image/png\r\n\r\npixels\r\n--b--\r\n";

/// Puts a key to the message as a desk would, looking no deeper than it must.
fn look(key: &Key, step: usize) -> (bool, Depth) {
    let plan = Plan::new(key, &House);
    let summary = Summary::of(&parse(CONTENT));
    let mut known = plan.unknown();
    let mut deepest = Depth::Row;
    plan.look_at_row(&ROW, &mut known);
    while let Some(depth) = plan.next(&known) {
        deepest = depth;
        if depth == Depth::Summary {
            plan.look_at_summary(&Record { thread: 3, saved: Time(86_400_000) }, &summary, &mut known);
            continue;
        }
        let mut listener = plan.listen(&summary, depth, &known);
        listener.push_prefix(PREFIX);
        let mut pushed = 0;
        for piece in CONTENT.chunks(step) {
            if !listener.wants_more(pushed) {
                break;
            }
            listener.push(piece);
            pushed += piece.len() as u64;
        }
        listener.finish(&mut known);
    }
    (plan.decide(&known).unwrap(), deepest)
}

fn day(year: i64, month: u32, of_month: u32) -> Day {
    Day(date::day(year, month, of_month).unwrap())
}

fn text(text: &str) -> Key {
    Key::Text(text.to_owned())
}

fn header(name: &str, text: &str) -> Key {
    Key::Header { name: name.to_owned(), text: text.to_owned() }
}

#[test]
fn rows_answer_what_they_can() {
    let not = |key| Key::Not(Box::new(key));
    for (key, is) in [
        (Key::all(), true),
        (Key::Or(vec![]), false),
        (Key::Uids(Set(vec![(Bound::Number(1), Bound::Number(3)), (Bound::Number(9), Bound::Number(7))])), true),
        (Key::Uids(Set(vec![(Bound::Number(8), Bound::Last)])), false),
        (Key::Flag(SystemFlag::Seen), true),
        (Key::Flag(SystemFlag::Deleted), false),
        (not(Key::Flag(SystemFlag::Deleted)), true),
        (Key::Keyword("$WORK".to_owned()), true),
        (Key::Keyword("other".to_owned()), false),
        (not(Key::Keyword("other".to_owned())), true),
        (Key::Larger(999), true),
        (Key::Larger(1000), false),
        (Key::Smaller(1001), true),
        (Key::Smaller(1000), false),
        (Key::Date(DateOf::Arrival, Relation::On, day(1970, 1, 12)), true),
        (Key::Date(DateOf::Arrival, Relation::Since, day(1970, 1, 12)), true),
        (Key::Date(DateOf::Arrival, Relation::Since, day(1970, 1, 13)), false),
        (Key::Date(DateOf::Arrival, Relation::Before, day(1970, 1, 12)), false),
        (Key::Date(DateOf::Arrival, Relation::Before, day(1970, 1, 13)), true),
        (Key::Older(1), false),
        (Key::Younger(1), true),
        (Key::ModSeq(9), true),
        (Key::ModSeq(10), false),
        (Key::EmailId("M70".to_owned()), true),
        (Key::EmailId("M7".to_owned()), false),
        (Key::EmailId("x".to_owned()), false),
        (Key::SaveDateSupported, true),
        // What only a session knows.
        (Key::Flag(SystemFlag::Recent), false),
        (Key::Saved, false),
        (Key::Numbers(Set::of([1..=9])), false),
    ] {
        assert_eq!(look(&key, 100), (is, Depth::Row), "{key:?}");
    }
}

#[test]
fn seconds_count_both_ways() {
    let row = |arrival| Row { arrival: Time(arrival), ..ROW };
    let holds = |key: &Key, arrival| {
        let plan = Plan::new(key, &House);
        let mut known = plan.unknown();
        plan.look_at_row(&row(arrival), &mut known);
        plan.decide(&known).unwrap()
    };
    for (arrival, older, younger) in [(999_989_999, true, false), (999_990_000, true, true), (999_991_000, false, true)]
    {
        assert_eq!((holds(&Key::Older(10), arrival), holds(&Key::Younger(10), arrival)), (older, younger), "{arrival}");
    }
}

#[test]
fn summaries_answer_what_they_can() {
    let address = |field, text: &str| Key::Address(field, text.to_owned());
    let subject = |text: &str| Key::Subject(text.to_owned());
    for (key, is) in [
        (Key::Date(DateOf::Sent, Relation::On, day(2026, 11, 21)), true),
        (Key::Date(DateOf::Sent, Relation::Since, day(2026, 11, 22)), false),
        (Key::Date(DateOf::Saved, Relation::On, day(1970, 1, 2)), true),
        (Key::Date(DateOf::Saved, Relation::Before, day(1970, 1, 2)), false),
        (Key::ThreadId("T3".to_owned()), true),
        (Key::ThreadId("T4".to_owned()), false),
        (address(AddressField::From, "AIMÉE"), true),
        (address(AddressField::From, "aime"), true),
        (address(AddressField::From, "bob"), false),
        (address(AddressField::To, "hamburger"), true),
        (address(AddressField::Cc, "al@"), true),
        (address(AddressField::Bcc, "al@"), false),
        (subject(""), true),
        (address(AddressField::From, ""), true),
        (subject("CRÊPES AND"), true),
        (subject("inner"), false),
        (Key::Fuzzy(Box::new(subject("more crêpes"))), true),
        (Key::Fuzzy(Box::new(subject("more pancakes"))), false),
    ] {
        assert_eq!(look(&key, 100), (is, Depth::Summary), "{key:?}");
    }
}

#[test]
fn reading_answers_the_rest() {
    for (key, is) in [
        (header("subject", "crêpes and more"), true),
        (header("X-EMPTY", ""), true),
        (header("X-None", ""), false),
        (header("Received", "JAFFLE"), true),
        (header("Content-Description", "shown"), false),
        (text("Michigan RENDEZVOUS É"), true),
        (text("subject: crêpes"), true),
        (text("jaffle"), true),
        (text("shown"), true),
        (text("inner"), true),
        (text("within"), true),
        (text("pixels"), false),
        (text("preamble"), false),
        (text(""), true),
        (text("ends 23:30"), false),
        (Key::Body("rendezvous".to_owned()), true),
        (Key::Body("within".to_owned()), true),
        (Key::Body("inner".to_owned()), false),
        (Key::Body("crêpes".to_owned()), false),
        (Key::Not(Box::new(Key::Body("within".to_owned()))), false),
        (Key::Fuzzy(Box::new(text("rendezvous jaffle"))), true),
        (Key::Or(vec![Key::Body("nothing".to_owned()), header("to", "bob"), text("other")]), true),
        (Key::And(vec![Key::Body("within".to_owned()), text("within"), text("al@x")]), true),
        (Key::And(vec![Key::Body("within".to_owned()), text("within"), text("nothing")]), false),
    ] {
        for step in [1, 7, 1000] {
            assert_eq!(look(&key, step).0, is, "{key:?} by {step}");
        }
    }
}

/// Whoever is found by its flags is not read.
#[test]
fn no_more_is_looked_at_than_decides() {
    let seen = || Key::Flag(SystemFlag::Seen);
    let deleted = || Key::Flag(SystemFlag::Deleted);
    for (key, depth) in [
        (Key::And(vec![text("within"), deleted()]), Depth::Row),
        (Key::Or(vec![text("within"), seen()]), Depth::Row),
        (Key::Or(vec![text("within"), Key::Subject("more".to_owned())]), Depth::Summary),
        (Key::And(vec![text("within"), header("to", "nobody")]), Depth::Headers),
        (Key::And(vec![seen(), text("within")]), Depth::Whole),
    ] {
        assert_eq!(look(&key, 100).1, depth, "{key:?}");
    }
}

fn keys() -> impl Strategy<Value = Key> {
    let leaf = prop_oneof![
        Just(Key::Flag(SystemFlag::Seen)),
        Just(Key::Flag(SystemFlag::Draft)),
        Just(Key::Subject("more".to_owned())),
        Just(Key::Subject("less".to_owned())),
        Just(header("to", "bob")),
        Just(header("to", "rob")),
        Just(Key::Body("within".to_owned())),
        Just(text("nothing")),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Key::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Key::Or),
            inner.prop_map(|key| Key::Not(Box::new(key))),
        ]
    })
}

/// With every question answered beforehand.
fn plainly(key: &Key) -> bool {
    match key {
        Key::And(keys) => keys.iter().all(plainly),
        Key::Or(keys) => keys.iter().any(plainly),
        Key::Not(key) => !plainly(key),
        leaf => ["Seen", "more", "bob", "within"].iter().any(|yes| format!("{leaf:?}").contains(yes)),
    }
}

proptest! {
    /// Looking no deeper than needed changes nothing.
    #[test]
    fn the_order_of_looking_changes_nothing(key in keys()) {
        prop_assert_eq!(look(&key, 64).0, plainly(&key));
    }
}

/// RFC 9051 §6.4.4: the text is looked for in a field, which a message without one has not.
#[test]
fn no_subject_is_none_to_look_in() {
    let summary = Summary::of(&crate::parse(b"From: a@b\r\n\r\n"));
    assert!(!summary.has_subject());
    assert_eq!(Leaf::Subject(Needle::new("")).of_summary(&summary), Some(false));
    let summary = Summary::of(&crate::parse(b"Subject:\r\n\r\n"));
    assert_eq!(Leaf::Subject(Needle::new("")).of_summary(&summary), Some(true));
}
