//! RFC 2033: LHLO, and one reply for each accepted recipient.

use super::*;

fn with_recipients(names: &[&str]) -> Drive {
    let mut drive = Drive::greeted(Role::Lmtp);
    drive.say("MAIL FROM:<a@b.example>");
    for name in names {
        drive.say(&format!("RCPT TO:<{name}@b.example>"));
    }
    drive.asks.clear();
    drive
}

#[test]
fn only_lhlo_greets() {
    let mut drive = Drive::new(profile(Role::Lmtp));
    drive.feed(b"");
    assert!(drive.say("HELO c.example").starts_with("500 5.5.1 "));
    assert!(drive.say("EHLO c.example").starts_with("500 5.5.1 "));
    assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("503"));
    assert!(drive.say("LHLO c.example").contains("250-PIPELINING\r\n"));
    assert!(Drive::greeted(Role::Mx).say("LHLO c.example").starts_with("500 5.5.1 "));
    assert!(drive.say("AUTH PLAIN").starts_with("502 5.5.1 "));
}

#[test]
fn a_reply_for_each_accepted_recipient() {
    let mut drive = with_recipients(&["pat", "nobody", "green", "pat"]);
    drive.say("DATA");
    assert_eq!(drive.say("x\r\n."), "250 2.0.0 ok\r\n".repeat(3));
    let mut drive = with_recipients(&["pat", "green"]);
    assert_eq!(drive.feed(b"BDAT 1\r\nxBDAT 0 LAST\r\n").lines().count(), 3, "one for the chunk, two at the end");
}

#[test]
fn no_recipients_no_content() {
    for names in [&[][..], &["nobody"]] {
        assert!(with_recipients(names).say("DATA").starts_with("503"));
        let mut drive = with_recipients(names);
        assert_eq!(drive.feed(b"BDAT 3 LAST\r\nxyz"), "", "RFC 2033 section 4.3: zero replies");
        assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"));
    }
}

#[test]
fn refused_content_is_told_to_each() {
    let mut drive = with_recipients(&["pat", "green"]);
    drive.say("DATA");
    assert_eq!(drive.feed(b"a\nb\r\n.\r\n").matches("554 5.5.2 ").count(), 2);
    let mut drive = with_recipients(&["pat", "green"]);
    assert_eq!(drive.feed(b"BDAT 3 LAST\r\na\nb").matches("554 5.5.2 ").count(), 2);
}

#[test]
fn an_answer_that_does_not_fit_ends_the_session() {
    let mut drive = with_recipients(&["pat", "green"]);
    drive.accepted = 1;
    drive.say("DATA");
    assert!(drive.say("x\r\n.").starts_with("421 4.3.0 "));
    assert!(drive.closed);
    let mut session = Drive::with_recipient();
    session.say("DATA");
    session.commit_replies = Some(vec![Reply::new(250, Enhanced(2, 0, 0), "ok")]);
    assert!(session.say("x\r\n.").starts_with("421 4.3.0 "), "SMTP has one reply");
}
