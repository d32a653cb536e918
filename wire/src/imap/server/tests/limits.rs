//! Each limit, at it and one past it.

use super::{Talk, plain_answer, profile};
use crate::imap::server::limits;
use crate::imap::{Answer, Ask, Refusal};
use crate::sasl;

#[test]
fn bad_commands() {
    let mut profile = profile();
    profile.limits.bad_commands = 3;
    let mut talk = Talk::new(profile);
    for _ in 0..3 {
        talk.say("a XYZZY\r\n");
        assert!(!talk.closed);
    }
    assert!(talk.say("a XYZZY\r\n").ends_with("* BYE too many bad commands\r\n"));
    assert!(talk.closed);
}

#[test]
fn login_failures() {
    let mut talk = Talk::new(profile());
    let mut refuse = |_: &Ask| Answer::Sasl(sasl::Answer::Refused(sasl::Refusal::Credentials));
    for _ in 0..profile().limits.login_failures {
        talk.say_to(b"a LOGIN bob x\r\n", &mut refuse);
        assert!(!talk.closed);
    }
    talk.say_to(b"a LOGIN bob x\r\n", &mut refuse);
    assert!(talk.closed);
}

#[test]
fn the_size_of_a_message() {
    let mut talk = Talk::logged_in();
    let most = profile().limits.message_size;
    assert_eq!(
        talk.say(&format!("a APPEND INBOX {{{}}}\r\n", most + 1)),
        "a NO [TOOBIG] at most 52428800 octets are taken\r\n"
    );
    assert_eq!(talk.say(&format!("a APPEND INBOX {{{most}}}\r\n")), "+ go on\r\n");
}

#[test]
fn messages_of_one_append() {
    let mut talk = Talk::logged_in();
    let append = |count: usize| format!("a APPEND INBOX{}\r\n", " {1+}\r\nx".repeat(count));
    assert!(talk.say(&append(limits::APPENDED)).contains("a OK"));
    assert!(talk.say(&append(limits::APPENDED + 1)).contains("a NO [LIMIT]"));
    assert!(talk.say("b NOOP\r\n").starts_with("b OK"));
}

#[test]
fn searches_kept_up_to_date() {
    let mut talk = Talk::logged_in();
    talk.say("a SELECT INBOX\r\n");
    for at in 0..limits::CONTEXTS {
        assert!(!talk.say(&format!("c{at} SEARCH RETURN (ALL UPDATE) ALL\r\n")).contains("NOUPDATE"));
    }
    assert!(talk.say("one-more SEARCH RETURN (ALL UPDATE) ALL\r\n").contains("* NO [NOUPDATE \"one-more\"]"));
    talk.say("b CANCELUPDATE \"c0\"\r\n");
    assert!(!talk.say("c0 SEARCH RETURN (ALL UPDATE) ALL\r\n").contains("NOUPDATE"));
}

#[test]
fn wildcards_of_a_pattern() {
    let mut talk = Talk::logged_in();
    let list = |count: usize| format!("a LIST \"\" \"{}\"\r\n", "*a".repeat(count));
    assert!(talk.say(&list(64)).starts_with("a OK"));
    assert!(talk.say(&list(65)).starts_with("a BAD"));
    let long = |octets: usize| format!("a LIST \"\" (\"{}*\")\r\n", "a".repeat(octets - 1));
    assert!(talk.say(&long(8 * 1024)).starts_with("a OK"), "{}", talk.said);
    assert!(talk.say(&long(8 * 1024 + 1)).starts_with("a BAD"));
}

#[test]
fn long_answers_come_in_pages() {
    let mut talk = Talk::logged_in();
    let mut large = |ask: &Ask| match ask {
        Ask::Select { .. } => match plain_answer(ask) {
            Answer::Selected(mut selected) => {
                selected.listing = super::listing(30_000);
                Answer::Selected(selected)
            }
            other => other,
        },
        Ask::Sync => Answer::Refused(Refusal::Temporary),
        _ => plain_answer(ask),
    };
    talk.say_to(b"a SELECT INBOX\r\n", &mut large);
    let said = talk.say_to(b"b FETCH 1:* (UID FLAGS)\r\n", &mut large);
    assert_eq!(said.lines().count(), 30_001);
    assert!(said.contains("* 30000 FETCH (UID 30000 FLAGS ())\r\nb OK"));
    assert!(said.lines().zip(1..).take(30_000).all(|(line, n)| line == format!("* {n} FETCH (UID {n} FLAGS ())")));
}

/// Ten thousand of them wait for news at a time.
#[test]
fn a_session_is_small() {
    let octets = size_of::<crate::imap::Server>();
    assert!(octets <= 1024, "{octets}");
}
