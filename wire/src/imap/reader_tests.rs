//! Finding commands: the same at every way of cutting the input up, and nothing of a lost command is taken for another.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::imap::command::{Command, Form};
use proptest::prelude::*;

/// What a session would see: content joined, `More` left out. Literals of uploads up to `most` octets are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Continue,
    Command(String),
    Upload(String, Literal),
    Content(Vec<u8>),
    Part(usize, Option<Literal>),
    Failed(Option<String>, Cause),
    Hopeless,
    Refused,
}

const MOST: u64 = 100;

fn word(command: &Command) -> String {
    let text = format!("{command:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_owned()
}

/// Plays the driver: offers what is left and `pace` octets more.
fn play(reader: &mut Reader, input: &[u8], pace: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    let (mut from, mut to) = (0, 0);
    while to < input.len() || from < to {
        let offered = &input[from..to];
        let (taken, what) = reader.read(offered);
        assert!(taken <= offered.len());
        let idle = taken == 0 && what == Input::More;
        note(reader, what, offered, &mut seen);
        from += taken;
        if matches!(seen.last(), Some(Seen::Hopeless)) {
            return seen;
        }
        if idle || from == to {
            if to == input.len() && idle {
                break;
            }
            to = (to + pace).min(input.len());
        }
    }
    seen
}

fn note(reader: &mut Reader, what: Input, offered: &[u8], seen: &mut Vec<Seen>) {
    let decide = |reader: &mut Reader, literal: Literal, seen: &mut Vec<Seen>| {
        if literal.octets <= MOST {
            reader.accept();
        } else {
            assert!(reader.refuse());
            seen.push(Seen::Refused);
        }
    };
    match what {
        Input::More => {}
        Input::Continue => seen.push(Seen::Continue),
        Input::Command(tagged) => seen.push(Seen::Command(format!("{} {}", tagged.tag, word(&tagged.command)))),
        Input::Upload(tagged, literal) => {
            seen.push(Seen::Upload(tagged.tag, literal));
            decide(reader, literal, seen);
        }
        Input::Content(octets) => {
            let octets = &offered[..octets];
            match seen.last_mut() {
                Some(Seen::Content(before)) => before.extend_from_slice(octets),
                _ => seen.push(Seen::Content(octets.to_vec())),
            }
        }
        Input::Part(items, literal) => {
            seen.push(Seen::Part(items.len(), literal));
            literal.iter().for_each(|literal| decide(reader, *literal, seen));
        }
        Input::Failed(failure) => seen.push(Seen::Failed(failure.tag, failure.error.cause)),
        Input::Hopeless(_) => seen.push(Seen::Hopeless),
    }
}

fn seen(bounds: Bounds, input: &[u8]) -> Vec<Seen> {
    let whole = play(&mut Reader::new(bounds), input, input.len());
    for pace in [1, 2, 7] {
        let cut = play(&mut Reader::new(bounds), input, pace);
        assert_eq!(cut, whole, "{pace} octets at a time");
    }
    whole
}

fn user(input: &str) -> Vec<Seen> {
    seen(Bounds::USER, input.as_bytes())
}

fn command(text: &str) -> Seen {
    Seen::Command(text.to_owned())
}

fn failed(tag: &str, cause: Cause) -> Seen {
    Seen::Failed(Some(tag.to_owned()), cause)
}

fn literal(octets: u64, synchronizing: bool) -> Literal {
    Literal { octets, synchronizing, binary: false }
}

#[test]
fn commands_come_one_by_one() {
    assert_eq!(user("a NOOP\r\nb CHECK\r\n"), [command("a Noop"), command("b Check")]);
    assert_eq!(user("a NOOP\r\nb CHE"), [command("a Noop")]);
    assert_eq!(user("\r\na NOOP\r\n"), [Seen::Failed(None, Cause::Syntax), command("a Noop")]);
}

#[test]
fn arguments_in_literals_are_gathered() {
    let login = "a LOGIN {3}\r\nbob {6}\r\nh\r\n{1}\r\nb NOOP\r\n";
    assert_eq!(user(login), [Seen::Continue, Seen::Continue, command("a Login"), command("b Noop")]);
    let login = "a LOGIN {3+}\r\nbob {6+}\r\nh\r\n{1}\r\nb NOOP\r\n";
    assert_eq!(user(login), [command("a Login"), command("b Noop")]);
    assert_eq!(user("a LOGIN {0}\r\n x\r\n"), [Seen::Continue, command("a Login")]);
}

#[test]
fn what_stands_in_quotes_announces_nothing() {
    assert_eq!(user("a LOGIN bob \"x {5}\r\nb NOOP\r\n"), [failed("a", Cause::Syntax), command("b Noop")]);
    assert_eq!(user("a LOGIN \"\\\"\" {1}\r\nx\r\n"), [Seen::Continue, command("a Login")]);
}

#[test]
fn messages_are_handed_on() {
    let append = "a APPEND box (\\Seen) {5}\r\na\r\nb\0\r\nb NOOP\r\n";
    let content = Seen::Content(b"a\r\nb\0".to_vec());
    let upload = Seen::Upload("a".to_owned(), literal(5, true));
    assert_eq!(user(append), [upload, content, Seen::Part(1, None), command("b Noop")]);
    let many = "a APPEND {3}\r\nbox {1+}\r\nx (\\Seen) {2+}\r\nyz\r\n";
    assert_eq!(
        user(many),
        [
            Seen::Continue,
            Seen::Upload("a".to_owned(), literal(1, false)),
            Seen::Content(b"x".to_vec()),
            Seen::Part(2, Some(literal(2, false))),
            Seen::Content(b"yz".to_vec()),
            Seen::Part(1, None),
        ]
    );
    assert_eq!(user("a APPEND box {0}\r\n\r\n"), [Seen::Upload("a".to_owned(), literal(0, true)), Seen::Part(1, None)]);
}

#[test]
fn catenated_parts_are_handed_on_and_their_urls_gathered() {
    let append = "a APPEND box CATENATE (URL {2}\r\n/a TEXT {1}\r\nx URL {2+}\r\n/b TEXT {1+}\r\ny)\r\nb NOOP\r\n";
    assert_eq!(
        user(append),
        [
            Seen::Continue,
            Seen::Upload("a".to_owned(), literal(1, true)),
            Seen::Content(b"x".to_vec()),
            Seen::Part(1, Some(literal(1, false))),
            Seen::Content(b"y".to_vec()),
            Seen::Part(1, None),
            command("b Noop"),
        ]
    );
    let utf8 = "a APPEND box UTF8 (~{1+}\r\nx)\r\n";
    let binary = Literal { binary: true, ..literal(1, false) };
    assert_eq!(user(utf8), [Seen::Upload("a".to_owned(), binary), Seen::Content(b"x".to_vec()), Seen::Part(1, None)]);
    let mut reader = Reader::new(Bounds::USER);
    let (_, begun) = reader.read(b"a UID REPLACE 7 box UTF8 (~{1+}\r\n");
    let Input::Upload(Tagged { command: Command::Upload(upload), .. }, _) = begun else { panic!("{begun:?}") };
    assert!(matches!(upload.items[..], [UploadItem::Message { form: Form::Utf8, .. }]));
}

#[test]
fn an_upload_that_is_refused_is_passed_over() {
    let upload = |synchronizing| Seen::Upload("a".to_owned(), literal(101, synchronizing));
    let body = "x\r\n".repeat(33) + "xx";
    assert_eq!(user("a APPEND box {101}\r\nb NOOP\r\n"), [upload(true), Seen::Refused, command("b Noop")]);
    let plus = format!("a APPEND box {{101+}}\r\n{body} (\\Seen) {{4+}}\r\nc X\r\r\nb NOOP\r\n");
    assert_eq!(user(&plus), [upload(false), Seen::Refused, command("b Noop")]);
    let second = format!("a APPEND box {{1+}}\r\nx {{101+}}\r\n{body}\r\nb NOOP\r\n");
    let seen = user(&second);
    assert_eq!(seen[2..], [Seen::Part(2, Some(literal(101, false))), Seen::Refused, command("b Noop")]);
}

#[test]
fn an_upload_that_fails_is_passed_over() {
    for (input, after) in [
        ("a APPEND box (\\Odd) {3}\r\nb NOOP\r\n", 0),
        ("a APPEND box (\\Odd) {3+}\r\nc X\r\nb NOOP\r\n", 0),
        ("a APPEND box {1+}\r\nx (\\Odd) {3+}\r\nc X\r\nb NOOP\r\n", 2),
        ("a APPEND box {1+}\r\nx y\r\nb NOOP\r\n", 2),
        ("a REPLACE 1 box {1+}\r\nx {3+}\r\nc X\r\nb NOOP\r\n", 2),
    ] {
        assert_eq!(user(input)[after..], [failed("a", Cause::Syntax), command("b Noop")], "{input:?}");
    }
}

#[test]
fn only_cr_lf_ends_a_line() {
    assert_eq!(user("a NOOP\nb NOOP\r\nc NOOP\r\n"), [failed("a", Cause::Syntax), command("c Noop")]);
    assert_eq!(user("a SELECT \"x\ny\"\r\nc NOOP\r\n"), [failed("a", Cause::Syntax), command("c Noop")]);
    assert_eq!(user("a NO\rOP\r\nc NOOP\r\n"), [failed("a", Cause::Unknown), command("c Noop")]);
}

#[test]
fn lines_have_a_limit() {
    let bounds = Bounds { line: 20, ..Bounds::USER };
    let line = |count: usize| format!("a ENABLE {}\r\nb NOOP\r\n", "x".repeat(count));
    assert_eq!(seen(bounds, line(9).as_bytes()), [command("a Enable"), command("b Noop")]);
    assert_eq!(seen(bounds, line(10).as_bytes()), [failed("a", Cause::Limit), command("b Noop")]);
    assert_eq!(seen(bounds, line(99).as_bytes()), [failed("a", Cause::Limit), command("b Noop")]);
    // What a long line has in literals is no part of it, but belongs to the command that is lost.
    assert_eq!(
        seen(bounds, b"a ENABLE xxxxxxxxxxxx {5+}\r\nc X\r\n\r\nb NOOP\r\n"),
        [failed("a", Cause::Limit), command("b Noop")]
    );
    assert_eq!(seen(bounds, b"a LOGIN {30+}\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx x\r\n"), [command("a Login")]);
    let long = format!("a ENABLE {}\r\n", "x".repeat(Bounds::USER.line - 11));
    assert_eq!(long.len(), Bounds::USER.line);
    assert_eq!(play(&mut Reader::new(Bounds::USER), long.as_bytes(), 5000), [command("a Enable")]);
    let longer = format!("a ENABLE {}\r\nb NOOP\r\n", "x".repeat(Bounds::USER.line - 10));
    assert_eq!(
        play(&mut Reader::new(Bounds::USER), longer.as_bytes(), 5000),
        [failed("a", Cause::Limit), command("b Noop")]
    );
}

#[test]
fn literals_have_limits() {
    let stranger = |input: &str| seen(Bounds::STRANGER, input.as_bytes());
    let most = limits::LITERAL_BEFORE_LOGIN;
    let login = |count: u64, plus: &str| {
        let user = "x".repeat(usize::try_from(count).unwrap());
        format!("a LOGIN {{{count}{plus}}}\r\n{user} x\r\nb NOOP\r\n")
    };
    assert_eq!(stranger(&login(most, "+")), [command("a Login"), command("b Noop")]);
    assert_eq!(stranger(&login(most + 1, "+")), [failed("a", Cause::Limit), command("b Noop")]);
    assert_eq!(
        stranger(&format!("a LOGIN {{{}}}\r\nb NOOP\r\n", most + 1)),
        [failed("a", Cause::Limit), command("b Noop")]
    );
    assert_eq!(stranger("a APPEND x {2000}\r\nb NOOP\r\n"), [failed("a", Cause::Limit), command("b Noop")]);
    for huge in ["4294967296", "18446744073709551616", "99999999999999999999"] {
        assert_eq!(user(&format!("a LOGIN {{{huge}}}\r\nb NOOP\r\n")), [failed("a", Cause::Limit), command("b Noop")]);
        assert_eq!(user(&format!("a LOGIN {{{huge}+}}\r\nb NOOP\r\n")), [Seen::Hopeless]);
        assert_eq!(user(&format!("a APPEND x {{{huge}+}}\r\nb NOOP\r\n")), [Seen::Hopeless]);
    }
}

#[test]
fn literal_minus_has_a_limit_for_messages_too() {
    let append = |octets: u64| format!("a APPEND x {{{octets}+}}\r\n");
    let first = |bounds, octets| Reader::new(bounds).read(append(octets).as_bytes()).1;
    let most = limits::LITERAL_MINUS;
    assert!(matches!(first(Bounds::USER, most), Input::Upload(..)));
    assert!(matches!(first(Bounds::USER, most + 1), Input::Failed(_)));
    assert!(matches!(first(Bounds::USER_LITERAL_PLUS, most + 1), Input::Upload(..)));
}

#[test]
fn what_is_gathered_has_a_limit() {
    let count = limits::GATHERED / usize::try_from(limits::LITERAL).unwrap();
    let mut reader = Reader::new(Bounds::USER_LITERAL_PLUS);
    let one = format!(" {{{}+}}\r\n{}", limits::LITERAL, "x".repeat(usize::try_from(limits::LITERAL).unwrap()));
    let line = format!("a ENABLE{}\r\nb NOOP\r\n", one.repeat(count - 1));
    assert_eq!(play(&mut reader, line.as_bytes(), 10_000), [failed("a", Cause::Syntax), command("b Noop")]);
    let line = format!("a ENABLE{}\r\nb NOOP\r\n", one.repeat(count));
    assert_eq!(play(&mut reader, line.as_bytes(), 10_000), [failed("a", Cause::Limit), command("b Noop")]);
    assert!(reader.is_between());
}

#[test]
fn drained_has_a_limit() {
    let first = |octets: u64| Reader::new(Bounds::USER).read(format!("a LOGIN {{{octets}+}}\r\n").as_bytes()).1;
    assert!(matches!(first(limits::DRAINED), Input::Failed(_)));
    assert!(matches!(first(limits::DRAINED + 1), Input::Hopeless(_)));
}

/// Of a line too long only the end is kept, and in pieces it may be cut within a number.
#[test]
fn a_literal_behind_a_line_too_long_is_known_from_its_end() {
    let long = "x".repeat(limits::LINE_BEFORE_LOGIN + 1);
    let after = |end: &str| {
        let mut reader = Reader::new(Bounds::STRANGER);
        play(&mut reader, format!("a {long}{end}\r\nyy\r\nb NOOP\r\n").as_bytes(), 10)
    };
    let failed = failed("a", Cause::Limit);
    let nines = "9".repeat(100);
    assert_eq!(after("{2+}"), [failed.clone(), command("b Noop")]);
    assert_eq!(after(&format!("{{{nines}+}}")), [failed.clone(), Seen::Hopeless]);
    assert_eq!(after(&format!("{{{}+}}", limits::DRAINED + 1)), [failed, Seen::Hopeless]);
}

#[test]
fn announcements_are_read() {
    let octets = |text: &str| announced(text.as_bytes()).map(|literal| literal.octets);
    for (text, announced) in [
        ("a {5}", Some(5)),
        ("a ~{5+}", Some(5)),
        ("{05}", Some(5)),
        ("{99999999999999999999999}", Some(u64::MAX)),
        ("{}", None),
        ("{-5}", None),
        ("{5-}", None),
        ("{5}x", None),
        ("{ 5}", None),
        ("5}", None),
        ("\"{5}", None),
        ("\"\" {5}", Some(5)),
    ] {
        assert_eq!(octets(text), announced, "{text}");
    }
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("a APPEND x "),
        Just("a LOGIN "),
        Just("{3}\r\n"),
        Just("{3+}\r\n"),
        Just("{200+}\r\n"),
        Just("~{1+}\r\n"),
        Just("xyz"),
        Just("\r\n"),
        Just("\n"),
        Just("\""),
        Just("b NOOP\r\n"),
        Just(" CATENATE (TEXT "),
        Just(" UTF8 ("),
        Just(")"),
        Just(" "),
        Just("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn cuts_change_nothing(input in input(), pace in 1..9_usize, limited in any::<bool>()) {
        let bounds = if limited { Bounds { line: 40, literal: 10, ..Bounds::USER } } else { Bounds::USER };
        let whole = play(&mut Reader::new(bounds), &input, input.len());
        prop_assert_eq!(play(&mut Reader::new(bounds), &input, pace), whole);
    }
}
