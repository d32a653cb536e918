//! Each limit, at it and one past it; and time.

use super::super::limits::{AUTH_LINE, CLIENT_NAME, COMMAND_LINE, ENVID, ORCPT, PATH};
use super::*;

fn limited(change: impl Fn(&mut Limits)) -> Drive {
    let mut profile = profile(Role::Mx);
    profile.plaintext_login = true;
    change(&mut profile.limits);
    let mut drive = Drive::new(profile);
    drive.say("EHLO c.example");
    drive
}

#[test]
fn command_lines() {
    for slice in [1, 100, usize::MAX] {
        let mut drive = Drive::greeted(Role::Mx);
        drive.slice = slice;
        let fits = format!("NOOP {}", "x".repeat(COMMAND_LINE - 7));
        assert!(drive.say(&fits).starts_with("250 "));
        assert_eq!(drive.say(&format!("{fits}x")), "500 5.5.2 line too long\r\n");
        assert_eq!(drive.say(&"x".repeat(100_000)), "500 5.5.2 line too long\r\n");
        assert!(drive.say("NOOP").starts_with("250 "), "one reply a line");
        assert!(drive.feed(format!("{}\nNOOP\r\n", "x".repeat(5000)).as_bytes()).starts_with("500 5.5.2 lines end"));
        assert!(drive.closed);
    }
}

#[test]
fn auth_lines() {
    for slice in [1000, usize::MAX] {
        let mut drive = limited(|_| {});
        drive.slice = slice;
        drive.say("AUTH PLAIN");
        // Base64 of "xxx", so as to be taken for a response, and refused only by PLAIN itself.
        let fits = "eHh4".repeat((AUTH_LINE - 2) / 4);
        let text = format!("{fits}{}", "=".repeat(AUTH_LINE - 2 - fits.len()));
        assert_eq!(drive.say(&text), "501 5.5.2 that is not base64\r\n");
        drive.say("AUTH PLAIN");
        assert!(drive.say(&format!("{text}=")).starts_with("500 5.5.6 "));
        let initial = format!("AUTH PLAIN {}", "x".repeat(AUTH_LINE - 13));
        assert!(drive.say(&initial).starts_with("501 "));
        assert!(drive.say(&format!("{initial}x")).starts_with("500 5.5.6 "));
    }
}

#[test]
fn names_paths_and_parameters() {
    let name = "x".repeat(CLIENT_NAME);
    assert!(limited(|_| {}).say(&format!("HELO {name}")).starts_with("250"));
    assert!(limited(|_| {}).say(&format!("HELO {name}x")).starts_with("501 5.5.4 "));
    let domain = format!("{0}.{0}.{0}.{0}.{1}", "d".repeat(60), "e".repeat(PATH - 2 - 244));
    let address = format!("a@{domain}");
    assert_eq!(address.len(), PATH);
    assert!(limited(|_| {}).say(&format!("MAIL FROM:<{address}>")).starts_with("250"));
    assert!(limited(|_| {}).say(&format!("MAIL FROM:<a{address}>")).starts_with("501 5.1.7 "));
    let mail = |envid: usize| limited(|_| {}).say(&format!("MAIL FROM:<a@b.example> ENVID={}", "e".repeat(envid)));
    assert!(mail(ENVID).starts_with("250") && mail(ENVID + 1).starts_with("501 5.5.4 "));
    let rcpt = |orcpt: usize| {
        let mut drive = limited(|_| {});
        drive.say("MAIL FROM:<a@b.example>");
        drive.say(&format!("RCPT TO:<b@b.example> ORCPT=rfc822;{}", "o".repeat(orcpt - 7)))
    };
    assert!(rcpt(ORCPT).starts_with("250") && rcpt(ORCPT + 1).starts_with("501 5.5.4 "));
}

#[test]
fn recipients() {
    let mut drive = limited(|limits| limits.recipients = 3);
    assert!(drive.say("EHLO c.example").contains("LIMITS RCPTMAX=3 "));
    drive.say("MAIL FROM:<a@b.example>");
    for _ in 0..2 {
        assert!(drive.say("RCPT TO:<nobody@b.example>").starts_with("550"), "the refused do not count among them");
        assert!(drive.say("RCPT TO:<b@b.example>").starts_with("250"));
    }
    assert!(drive.say("RCPT TO:<b@b.example>").starts_with("250"));
    assert!(drive.say("RCPT TO:<c@b.example>").starts_with("452 4.5.3 "));
    assert!(drive.say("DATA").starts_with("354"), "those accepted stay");
    drive.say("x\r\n.");
    drive.say("MAIL FROM:<a@b.example>");
    for _ in 0..3 {
        assert!(drive.say("RCPT TO:<nobody@b.example>").starts_with("550"));
    }
    assert!(drive.say("RCPT TO:<nobody@b.example>").starts_with("452 4.5.3 "), "the refused have their own count");
    assert_eq!(Limits::default().recipients, 1000);
}

#[test]
fn transactions() {
    let mut drive = limited(|limits| limits.transactions = 2);
    for _ in 0..2 {
        assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"));
        drive.say("RSET");
    }
    assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("421 4.7.0 "));
    assert!(drive.closed);
}

#[test]
fn bad_commands() {
    let mut drive = limited(|limits| limits.bad_commands = 3);
    for _ in 0..3 {
        assert!(drive.say("FROBNICATE").starts_with("500 "));
        assert!(drive.say("NOOP").starts_with("250 "));
    }
    assert!(drive.say("DATA").starts_with("421 4.7.0 "));
    assert!(drive.closed);
}

#[test]
fn refused_logins() {
    let mut drive = limited(|limits| limits.login_failures = 2);
    let guess = "AUTH PLAIN AGJvYgBndWVzcw==";
    assert!(drive.say(guess).starts_with("535 "));
    assert!(drive.say(guess).starts_with("535 "));
    assert!(drive.say(guess).starts_with("421 4.7.0 "));
    assert!(drive.closed);
}

#[test]
fn refused_input() {
    let mut drive = limited(|limits| limits.discarded = 5);
    assert!(drive.feed(b"BDAT 5\r\n12345").starts_with("503 "));
    assert!(drive.feed(b"BDAT 9\r\n1").starts_with("503 "), "its own reply, then the end");
    assert!(drive.closed);
    let mut drive = limited(|limits| (limits.discarded, limits.message_size) = (100, 10));
    for line in ["MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example>", "DATA", &"x".repeat(50)] {
        drive.say(line);
    }
    assert!(!drive.closed);
    assert!(drive.say(&"x".repeat(50)).starts_with("552 5.3.4 ") && drive.closed);
    let mut drive = limited(|limits| limits.discarded = 1000);
    assert_eq!(drive.feed(&vec![b'x'; COMMAND_LINE]), "");
    assert_eq!(drive.feed(&[b'x'; 1001]), "500 5.5.2 line too long\r\n");
    assert!(drive.closed);
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn a_command_has_five_minutes() {
    let minutes = Duration::from_secs(300);
    let mut drive = Drive::with_recipient();
    assert_eq!(drive.wait(minutes - MILLISECOND), "");
    assert!(drive.say("NOOP").starts_with("250"), "the clock starts again");
    assert_eq!(drive.feed(b"NO"), "");
    assert_eq!(drive.wait(minutes - MILLISECOND), "");
    assert!(drive.wait(MILLISECOND).starts_with("421 4.4.2 "), "half a command does not count");
    assert_eq!(drive.asks, [Ask::Reset]);
    assert!(drive.closed);
    assert_eq!(drive.server.deadline(), None);
}

#[test]
fn content_has_five_minutes_a_block() {
    let minutes = Duration::from_secs(300);
    let mut drive = Drive::with_recipient();
    drive.say("DATA");
    for _ in 0..3 {
        assert_eq!(drive.wait(minutes - MILLISECOND), "");
        drive.say("more");
    }
    assert!(drive.wait(minutes).starts_with("421 4.4.2 "));
    assert_eq!(drive.asks, [Ask::Content, Ask::Reset]);
}

#[test]
fn strangers_on_lmtp_have_one_minute_a_command() {
    let minute = Duration::from_secs(60);
    let mut drive = Drive::greeted(Role::Lmtp);
    assert_eq!(drive.wait(minute - MILLISECOND), "");
    assert!(drive.say("NOOP").starts_with("250"), "the clock starts again");
    assert_eq!(drive.wait(minute - MILLISECOND), "");
    assert!(drive.wait(MILLISECOND).starts_with("421 4.4.2 "));
}

#[test]
fn strangers_on_submission_have_one_minute_in_all() {
    let second = Duration::from_secs(1);
    for busy in ["NOOP", "EHLO c.example", "BDAT 100000"] {
        let mut drive = Drive::greeted(Role::Submission);
        for _ in 0..59 {
            drive.say(busy);
            assert!(!drive.wait(second).contains("421"), "{busy}");
        }
        assert_eq!(drive.wait(second - MILLISECOND), "");
        assert!(drive.wait(MILLISECOND).starts_with("421 4.4.2 "), "{busy}");
    }
    let mut known = profile(Role::Submission);
    known.plaintext_login = true;
    let mut drive = Drive::new(known);
    drive.say("EHLO c.example");
    assert!(drive.say("AUTH PLAIN AGJvYgBodW5ncnk=").starts_with("235 "));
    assert_eq!(drive.wait(Duration::from_secs(299)), "");
}

#[test]
fn while_a_question_is_open_no_time_runs_out() {
    let mut server = Server::new(Time(0), profile(Role::Mx));
    assert!(matches!(server.step(), Step::Send(_)));
    assert!(server.deadline().is_some());
    server.receive(Time(0), b"VRFY bob\r\n");
    assert!(matches!(server.step(), Step::Ask(Ask::Verify(_))));
    assert_eq!(server.deadline(), None);
    server.tick(Time(u64::MAX));
    assert!(matches!(server.step(), Step::Read));
}

#[test]
fn who_is_dismissed_hears_421_and_nothing_is_kept() {
    let mut drive = Drive::with_recipient();
    drive.say("DATA");
    drive.say("half a message");
    assert!(drive.event(Event::Dismissed).starts_with("421 4.3.2 "));
    assert!(drive.closed && drive.messages.is_empty());
    assert_eq!(drive.asks, [Ask::Content, Ask::Reset]);
}

#[test]
fn a_message_accepted_a_login_or_trust_makes_known() {
    for role in [Role::Mx, Role::Lmtp] {
        let mut drive = Drive::greeted(role);
        for line in ["MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>", "DATA", "x"] {
            drive.say(line);
            assert_eq!(drive.server.standing(), Standing::Stranger, "{line}");
        }
        drive.say(".");
        assert_eq!(drive.server.standing(), Standing::Known);
    }
    let mut drive = Drive::with_recipient();
    drive.commit_refusal = Some(Reply::new(452, Enhanced(4, 3, 1), "full"));
    drive.say("DATA");
    drive.say(".");
    assert_eq!(drive.server.standing(), Standing::Stranger, "a message refused is none");
    let mut drive = Drive::new(Profile { plaintext_login: true, ..profile(Role::Submission) });
    drive.say("EHLO c.example");
    drive.say("AUTH PLAIN AGJvYgBodW5ncnk=");
    assert_eq!(drive.server.standing(), Standing::Known);
    assert_eq!(Server::new(Time(0), Profile { trusted: true, ..profile(Role::Mx) }).standing(), Standing::Known);
}

#[test]
fn draining_waits_for_the_message_under_way() {
    let mut drive = Drive::greeted(Role::Mx);
    assert!(drive.event(Event::Draining).starts_with("421 4.3.2 "));
    assert!(drive.closed);
    let mut drive = Drive::with_recipient();
    assert!(drive.event(Event::Draining).starts_with("421 4.3.2 "));
    assert_eq!(drive.asks, [Ask::Reset]);
    let mut drive = Drive::with_recipient();
    drive.say("DATA");
    assert_eq!(drive.event(Event::Draining), "");
    let reply = drive.say("x\r\n.\r\nNOOP");
    assert!(reply.starts_with("250 ") && reply.contains("\r\n421 4.3.2 ") && drive.closed, "{reply}");
    assert_eq!(drive.messages.len(), 1);
    let mut drive = Drive::with_recipient();
    drive.feed(b"BDAT 1\r\nx");
    assert_eq!(drive.event(Event::Draining), "");
    assert!(drive.say("BDAT 0 LAST").contains("421 4.3.2 ") && drive.messages.len() == 1);
}
