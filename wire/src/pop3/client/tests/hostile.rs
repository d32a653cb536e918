//! Servers that say what they should not, or nothing: each ends the session with clear words.

use super::*;
use std::time::Duration;

fn greeted(says: &[&str]) -> Option<(Stage, Said)> {
    let mut drive = Drive::new(profile(Tls::Never), &[&[Task::Uidl], &[Task::Retr(1)]]);
    says.iter().for_each(|line| drive.hear(line.as_bytes()));
    assert!(drive.closed, "{says:?}: {:?}", drive.told);
    drive.lost()
}

#[test]
fn nonsense_ends_it() {
    let garbage = |text: &str| Said::Garbage(text.to_owned());
    assert_eq!(greeted(&["HTTP/1.1 400 \x1b[2J\r\n"]), Some((Stage::Greeting, garbage("HTTP/1.1 400 [2J"))));
    assert_eq!(greeted(&["+OKAY\r\n"]), Some((Stage::Greeting, garbage("+OKAY"))));
    assert_eq!(greeted(&["+ aGk=\r\n"]), Some((Stage::Greeting, garbage("aGk="))));
    assert_eq!(greeted(&["+OK\n"]), Some((Stage::Greeting, garbage("+OK"))));
    let login = ["+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"];
    let in_task = |line: &str| greeted(&[&login[..], &[line]].concat()).unwrap();
    assert_eq!(in_task("+OK\r\n0 a\r\n"), (Stage::Task, garbage("0 a")));
    assert_eq!(in_task("+OK\r\n1\r\n"), (Stage::Task, garbage("1")));
    assert_eq!(in_task("+OK\r\n1 \u{e9}\r\n"), (Stage::Task, garbage("1 \u{e9}")));
    assert_eq!(in_task("+OK\r\n-1 a\r\n"), (Stage::Task, garbage("-1 a")));
    // What nobody asked for, when the next is awaited.
    assert_eq!(in_task("+OK\r\n.\r\n.\r\n"), (Stage::Task, garbage(".")));
    assert_eq!(greeted(&["-ERR [SYS/PERM] go away\r\n"]).unwrap().0, Stage::Greeting);
}

#[test]
fn lines_have_limits() {
    let greeting = |octets: usize| {
        let mut drive = Drive::new(profile(Tls::Never), &[]);
        drive.hear(format!("+OK {}\r\n", "x".repeat(octets - 6)).as_bytes());
        drive.lost().is_none()
    };
    assert!(greeting(limits::REPLY_LINE) && !greeting(limits::REPLY_LINE + 1));
    let endless = greeted(&[&"x".repeat(limits::REPLY_LINE)]);
    assert!(matches!(endless, Some((Stage::Greeting, Said::Garbage(text))) if text.len() == limits::GARBAGE_KEPT));
}

#[test]
fn capabilities_and_names_have_limits() {
    let capabilities = |lines: usize| {
        let mut drive = Drive::new(profile(Tls::Never), &[]);
        drive.hear(b"+OK\r\n");
        drive.hear(format!("+OK\r\n{}.\r\n", "X\r\n".repeat(lines)).as_bytes());
        drive.told.iter().all(|ask| !matches!(ask, Ask::Lost(Outcome { said: Said::Garbage(_), .. })))
    };
    assert!(capabilities(limits::CAPABILITIES) && !capabilities(limits::CAPABILITIES + 1));
    let name = |octets: usize| reply::uid(format!("1 {}", "x".repeat(octets)).as_bytes()).is_some();
    assert!(name(limits::UID) && !name(limits::UID + 1));
}

#[test]
fn challenges_have_a_limit() {
    let challenge = |octets: usize| {
        let mut drive = Drive::new(profile(Tls::Never), &[]);
        drive.hear(b"+OK\r\n");
        drive.hear(b"+OK\r\nSASL LOGIN\r\n.\r\n");
        drive.hear(format!("+ {}\r\n", "A".repeat(octets - 4)).as_bytes());
        drive.lost().is_none()
    };
    assert!(challenge(limits::CHALLENGE_LINE) && !challenge(limits::CHALLENGE_LINE + 4));
}

#[test]
fn a_message_has_a_limit() {
    let message = |octets: usize| {
        let mut profile = profile(Tls::Never);
        profile.message_max = 100;
        let mut drive = Drive::new(profile, &[&[Task::Retr(1)]]);
        let message = format!("+OK\r\n{}\r\n.\r\n", "x".repeat(octets - 2));
        ["+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n", &message].iter().for_each(|line| drive.hear(line.as_bytes()));
        drive.lost()
    };
    assert_eq!(message(100), None);
    assert_eq!(message(101), Some((Stage::Task, Said::TooLong)));
}

#[test]
fn silence_and_farewells_are_told_at_every_stage() {
    let script =
        ["+OK\r\n", "+OK\r\nSASL LOGIN\r\n.\r\n", "+ \r\n", "+ \r\n", "+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"];
    let stages = [
        Stage::Greeting,
        Stage::Capability,
        Stage::Login,
        Stage::Login,
        Stage::Login,
        Stage::Capability,
        Stage::Task,
        Stage::Task,
    ];
    for (count, stage) in stages.into_iter().enumerate() {
        for silent in [true, false] {
            let mut drive = Drive::new(profile(Tls::Never), &[&[Task::Dele(1), Task::Retr(2)]]);
            drive.pump(&[]);
            script[..count].iter().for_each(|line| drive.hear(line.as_bytes()));
            let said = if silent {
                let started = drive.now;
                drive.wait();
                let timeouts = Timeouts::default();
                let limit = if stage == Stage::Task { timeouts.task } else { timeouts.greeting };
                assert_eq!(drive.now.since(started), limit);
                Said::TimedOut
            } else {
                drive.event(Event::PeerClosed);
                Said::Closed
            };
            assert_eq!(drive.lost(), Some((stage, said)), "{count}");
        }
    }
}

/// Until QUIT is answered nobody knows what was removed.
#[test]
fn a_cut_after_quit_is_told() {
    let mut drive = Drive::new(profile(Tls::Never), &[]);
    ["+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"].iter().for_each(|line| drive.hear(line.as_bytes()));
    assert!(drive.said.ends_with("QUIT\r\n"));
    let started = drive.now;
    drive.wait();
    assert_eq!(drive.now.since(started), Duration::from_secs(600));
    assert_eq!(drive.lost(), Some((Stage::Quit, Said::TimedOut)));
}
