//! Peers that mean harm, and the ends that come from our own side.

use super::super::limits::REPLY_LINES;
use super::super::profile;
use super::*;
use crate::sasl::Secret;
use crate::sasl::client::Credential;

const PIPELINING: &str = "250-mx\r\n250 PIPELINING\r\n";

#[test]
fn what_comes_unasked_ends_the_session() {
    let said = |octets: &str| {
        let mut drive = Drive::new(profile());
        drive.hear(octets.as_bytes());
        assert!(drive.closed);
        drive.outcome()
    };
    let garbage = |text: &str| Said::Garbage(text.to_owned());
    // The greeting was answered in the mind only: EHLO is not sent any more.
    assert_eq!(said("220 mx\r\n250 mx\r\n"), Outcome { stage: Stage::Hello, said: garbage("250 mx") });
    assert!(matches!(said("220 mx\r\n421 bye\r\n").said, Said::Reply(reply) if reply.code == 421));
}

/// An end of mail told before there was any: neither does it count, nor is anything sent to it.
#[test]
fn a_reply_before_the_content_does_not_count() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.begin(transaction(vec![recipient("a")]));
    drive.hear(b"250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n");
    assert_eq!(drive.outcome().stage, Stage::Content);
    assert!(matches!(drive.outcome().said, Said::Garbage(_)));
    assert_eq!(drive.relays, 0);
    assert!(drive.closed);
}

/// What came of a message stands, whatever comes along with it.
#[test]
fn a_reply_stands_whatever_follows() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.begin(transaction(vec![recipient("a")]));
    drive.hear(b"250 ok\r\n250 ok\r\n354 go\r\n");
    drive.hear(b"250 done\r\n421 and goodbye\r\n");
    let [Ask::Concluded(conclusion), Ask::Lost(lost)] = drive.told.as_slice() else { panic!("{:?}", drive.told) };
    assert!(conclusion.outcomes[0].is_accepted() && !conclusion.ends);
    assert_eq!(lost.stage, Stage::Idle);
    assert!(drive.closed && drive.asked.is_none());
}

#[test]
fn an_endless_banner_ends() {
    let mut drive = Drive::new(profile());
    let heard = (1..100_000).find(|_| {
        drive.hear(b"220-and more\r\n");
        drive.closed
    });
    assert_eq!((heard, drive.outcome().stage), (Some(REPLY_LINES), Stage::Banner));
    let mut drive = Drive::new(profile());
    drive.hear(&vec![b'2'; 10_000_000]);
    assert!(drive.closed && matches!(drive.outcome().said, Said::Garbage(_)));
}

/// A peer that drips octets gains no time by it.
#[test]
fn octets_do_not_move_the_deadline() {
    let mut drive = Drive::new(profile());
    let deadline = drive.client.deadline().unwrap();
    let mut now = NOW;
    for _ in 0..40 {
        now = now.after(std::time::Duration::from_secs(5));
        drive.client.receive(now, b"220-x\r\n");
        drive.pump();
        assert_eq!(drive.client.deadline(), Some(deadline));
    }
    drive.client.tick(deadline);
    drive.pump();
    assert_eq!(drive.outcome().said, Said::TimedOut);
}

/// The clock for the reply to the dot is started by a tick, and a driver ticks no deadline twice: two messages in one
/// moment have deadlines of their own.
#[test]
fn each_content_starts_a_clock_of_its_own() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    let mut starts = Vec::new();
    for _ in 0..3 {
        drive.begin(transaction(vec![recipient("a")]));
        drive.hear(b"250 ok\r\n250 ok\r\n354 go\r\n");
        let start = drive.client.deadline().unwrap();
        assert!(!starts.contains(&start) && start < NOW.after(std::time::Duration::from_secs(1)));
        starts.push(start);
        drive.client.tick(start);
        assert_eq!(drive.client.deadline(), Some(start.after(profile::DOT)));
        drive.hear(b"250 done\r\n");
    }
    assert_eq!(drive.told.len(), 3);
}

/// RFC 4954 §4: a server that says yes before it has heard the password has not looked at it.
#[test]
fn a_login_is_not_taken_for_done_too_early() {
    let login = |password: &str| {
        let password = Secret(password.as_bytes().to_vec());
        let login = Some(Login { user: "bob".into(), credential: Credential::Password(password), in_the_clear: true });
        Drive::greeted(Profile { login, ..profile() }, "250-mx\r\n250 AUTH LOGIN PLAIN\r\n")
    };
    let mut drive = login(&"x".repeat(500));
    drive.hear(b"235 ok\r\n");
    assert_eq!(drive.outcome().stage, Stage::Auth);
    let mut drive = login("hungry");
    drive.hear(b"334 \r\n");
    assert!(matches!(drive.outcome(), Outcome { stage: Stage::Auth, said: Said::Garbage(_) }));
}

// Ends from our side.

#[test]
fn a_stopping_server_finishes_what_it_does() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.begin(transaction(vec![recipient("a")]));
    drive.event(Event::Draining);
    drive.hear(b"250 ok\r\n250 ok\r\n354 go\r\n");
    drive.hear(b"250 done\r\n");
    let [Ask::Concluded(conclusion)] = drive.told.as_slice() else { panic!("{:?}", drive.told) };
    assert!(conclusion.ends && conclusion.outcomes[0].is_accepted());
    assert!(drive.said.ends_with("QUIT\r\n") && drive.asked.is_none());
    drive.hear(b"221 bye\r\n");
    assert!(drive.closed);
}

#[test]
fn a_stopping_server_begins_nothing() {
    let mut drive = Drive::new(profile());
    drive.event(Event::Draining);
    assert!(drive.closed);
    assert_eq!(drive.outcome(), Outcome { stage: Stage::Banner, said: Said::Refused(Refusal::Stopping) });
    // While the desk thinks of what is next.
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.event(Event::Draining);
    drive.begin(transaction(vec![recipient("a")]));
    let [Ask::Concluded(conclusion)] = drive.told.as_slice() else { panic!("{:?}", drive.told) };
    assert!(conclusion.ends);
    assert_eq!(drive.outcome(), Outcome { stage: Stage::Mail, said: Said::Refused(Refusal::Stopping) });
    assert_eq!(drive.said, "QUIT\r\n");
}

/// A connection that ends while the desk thinks: its answer is concluded all the same, and once.
#[test]
fn what_is_answered_to_a_lost_connection_is_concluded() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.event(Event::PeerClosed);
    assert!(drive.told.is_empty() && !drive.closed);
    drive.begin(transaction(vec![recipient("a"), recipient("b")]));
    let [Ask::Concluded(conclusion)] = drive.told.as_slice() else { panic!("{:?}", drive.told) };
    assert_eq!(conclusion.outcomes, vec![Outcome { stage: Stage::Mail, said: Said::Closed }; 2]);
    assert!(drive.closed && conclusion.ends && drive.said.is_empty());
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.event(Event::PeerClosed);
    drive.answer(Answer::Quit);
    assert!(drive.closed && drive.told.is_empty() && drive.said.is_empty());
}

#[test]
fn a_dismissed_connection_ends_at_once() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.begin(transaction(vec![recipient("a")]));
    drive.event(Event::Dismissed);
    assert_eq!(drive.outcome(), Outcome { stage: Stage::Mail, said: Said::Closed });
    assert!(drive.closed);
}

#[test]
fn answers_that_do_not_fit_harm_nobody() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.answer(Answer::Done);
    assert_eq!(drive.said, "QUIT\r\n");
    drive.client.answer(NOW, Answer::Quit);
    drive.event(Event::PeerClosed);
    drive.event(Event::PeerClosed);
    assert!(drive.closed && drive.told.is_empty());
}
