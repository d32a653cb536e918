//! Every limit, at it and one past it; time.

use super::*;
use crate::pop3::limits::{AUTH_LINE, COMMAND_LINE, PAGE};

/// As many seconds.
fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn a_command_line_at_its_limit_is_read_and_one_past_it_is_not() {
    let mut drive = Drive::greeted(profile());
    let fits = format!("USER {:>width$}", "bob", width = COMMAND_LINE - 2 - 5);
    assert_eq!(drive.say(&fits), "+OK and the password?\r\n");
    assert_eq!(drive.say(&format!("{fits} ")), "-ERR line too long\r\n");
    assert!(drive.say("PASS hungry").starts_with("+OK"));
}

#[test]
fn an_auth_line_at_its_limit_is_read_and_one_past_it_is_not() {
    let mut drive = Drive::greeted(profile());
    let fits = format!("AUTH {:>width$}", "NONE", width = AUTH_LINE - 2 - 5);
    assert_eq!(drive.say(&fits), "-ERR no such mechanism here; CAPA lists them\r\n");
    assert_eq!(drive.say(&format!("{fits} ")), "-ERR line too long\r\n");
    assert_eq!(drive.say("AUTH PLAIN"), "+ \r\n");
    assert_eq!(drive.say(&"A".repeat(AUTH_LINE - 1)), "-ERR line too long\r\n");
    assert_eq!(drive.say("CAPA").lines().next(), Some("+OK what can be done here"));
}

#[test]
fn bad_commands_are_counted() {
    let mut drive = Drive::greeted(profile());
    for _ in 0..Limits::default().bad_commands {
        assert_eq!(drive.say("RERT 1"), "-ERR unknown command\r\n");
    }
    assert!(drive.say("USER bob").starts_with("+OK"));
    assert_eq!(drive.say("RERT 1"), "-ERR too many bad commands\r\n");
    assert!(drive.closed);
}

#[test]
fn failed_logins_are_counted() {
    let mut drive = Drive::greeted(profile());
    for _ in 0..Limits::default().login_failures {
        assert_eq!(
            drive.feed(b"USER eve\r\nPASS x\r\n"),
            "+OK and the password?\r\n-ERR [AUTH] name or password is wrong\r\n"
        );
    }
    assert_eq!(
        drive.feed(b"USER eve\r\nPASS x\r\n"),
        "+OK and the password?\r\n-ERR [AUTH] too many failed logins\r\n"
    );
    assert!(drive.closed);
}

#[test]
fn refused_octets_are_counted() {
    for (more, open) in [(0, true), (1, false)] {
        let mut drive =
            Drive::greeted(Profile { limits: Limits { discarded: 10_000, ..Limits::default() }, ..profile() });
        drive.feed(&vec![b'a'; 9_998]);
        drive.feed(&vec![b'a'; more]);
        assert_eq!(drive.feed(b"\r\n"), "-ERR line too long\r\n");
        assert_eq!(drive.closed, !open);
    }
}

#[test]
fn a_line_without_end_is_not_read_for_ever() {
    let mut drive = Drive::greeted(profile());
    for _ in 0..=(Limits::default().discarded / 16_384) {
        drive.feed(&[b'a'; 16_384]);
    }
    assert!(drive.closed);
}

#[test]
fn a_listing_of_any_length_goes_out_in_pages() {
    let mut drive = Drive::greeted(profile());
    let entry = |n: u32| Entry { source: n.into(), octets: 1000, uid: n, utf8_header: false };
    drive.maildrop = Maildrop { uid_validity: 7, entries: (1..=100_000).map(entry).collect() };
    drive.log_in();
    for command in ["LIST", "UIDL"] {
        let listing = drive.say(command);
        assert_eq!(listing.lines().count(), 100_002);
        assert!(listing.len() > 10 * PAGE && drive.longest <= PAGE);
        assert!(listing.contains("\r\n100000 ") && listing.ends_with("\r\n.\r\n"));
    }
    for number in 1..100_000 {
        assert!(drive.say(&format!("DELE {number}")).starts_with("+OK"));
    }
    assert_eq!(drive.say("STAT"), "+OK 1 1000\r\n");
    assert_eq!(drive.say("LIST"), "+OK 1 visible messages (1000 octets)\r\n100000 1000\r\n.\r\n");
    drive.say("QUIT");
    assert_eq!(drive.asks, [Ask::Update { deleted: (1..100_000).collect() }]);
}

/// A client that reads a long listing slowly is not silent.
#[test]
fn the_time_a_long_listing_takes_is_not_silence() {
    for (messages, waits) in [(3, false), (10_000, true)] {
        let mut drive = Drive::greeted(profile());
        let entry = |n: u32| Entry { source: n.into(), octets: 1000, uid: n, utf8_header: false };
        drive.maildrop = Maildrop { uid_validity: 7, entries: (1..=messages).map(entry).collect() };
        drive.log_in();
        assert!(drive.say("LIST").ends_with("\r\n.\r\n"));
        drive.wait(seconds(600));
        assert_eq!(drive.closed, !waits);
        drive.wait(seconds(600));
        assert!(drive.closed);
    }
}

#[test]
fn before_login_a_minute_is_all() {
    for busy in [None, Some("CAPA"), Some("USER bob")] {
        let mut drive = Drive::greeted(profile());
        for _ in 0..59 {
            busy.map(|line| drive.say(line));
            assert_eq!(drive.wait(seconds(1)), "");
            assert!(!drive.closed, "{busy:?}");
        }
        assert_eq!(drive.wait(seconds(1)), "");
        assert!(drive.closed, "{busy:?}");
    }
}

/// RFC 1939 §3: ten minutes at least, then without a word and without an update.
#[test]
fn after_login_ten_minutes_are_all() {
    let mut drive = Drive::logged_in();
    drive.say("DELE 1");
    drive.wait(seconds(599));
    assert!(!drive.closed);
    assert_eq!(drive.wait(seconds(1)), "");
    assert!(drive.closed && drive.asks.is_empty());
}

#[test]
fn the_time_a_message_takes_is_not_silence() {
    let mut drive = Drive::logged_in();
    assert!(drive.say("RETR 1").contains("<1 all>"));
    drive.wait(seconds(3600));
    assert!(!drive.closed, "an hour of sending is no hour of silence");
    assert!(drive.say("RETR 2").contains("<2 all>"));
    drive.wait(seconds(600));
    drive.wait(seconds(600));
    assert!(drive.closed);
}

#[test]
fn no_time_runs_while_a_question_is_open() {
    let mut drive = Drive::greeted(profile());
    drive.say("USER bob");
    assert_eq!(drive.server.receive(drive.now, b"PASS hungry\r\n"), 13);
    assert!(matches!(drive.server.step(), Step::Ask(_)));
    assert_eq!(drive.server.deadline(), None);
    drive.server.tick(drive.now.after(seconds(3600)));
    assert!(matches!(drive.server.step(), Step::Read));
}
