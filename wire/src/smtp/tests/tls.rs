//! STARTTLS (RFC 3207).

use super::*;

#[test]
fn what_was_learnt_in_the_clear_is_forgotten() {
    let mut drive = Drive::with_recipient();
    assert_eq!(drive.say("STARTTLS"), "220 2.0.0 go ahead\r\n");
    assert_eq!(drive.asks, [Ask::Reset]);
    assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("503"), "the greeting is forgotten too");
    assert!(!drive.say("EHLO c.example").contains("STARTTLS"));
    assert!(drive.say("STARTTLS").starts_with("503"));
}

#[test]
fn nothing_is_taken_between_starttls_and_the_handshake() {
    let mut drive = Drive::greeted(Role::Mx);
    let injected = drive.feed(b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n");
    assert_eq!(injected, "220 2.0.0 go ahead\r\n");
    assert!(drive.asks.is_empty());
    let mut session = Server::new(Time(0), profile(Role::Mx));
    let mut take = |bytes: &[u8]| {
        while !matches!(session.step(), Step::Read | Step::StartTls) {}
        session.answer(Time(0), Answer::Done);
        while !matches!(session.step(), Step::Read | Step::StartTls) {}
        session.receive(Time(0), bytes)
    };
    assert_eq!(take(b"EHLO c.example\r\n"), 16);
    assert_eq!(take(b"STARTTLS\r\n"), 10);
    assert_eq!(take(b"NOOP\r\n"), 0);
}

#[test]
fn when_it_is_refused() {
    assert!(Drive::greeted(Role::Mx).say("STARTTLS now").starts_with("501 5.5.4 "));
    let mut drive = Drive::new(profile(Role::Mx));
    drive.feed(b"");
    assert!(drive.say("STARTTLS").starts_with("503"), "before the greeting");
    let mut without = profile(Role::Mx);
    without.tls_available = false;
    let mut drive = Drive::new(without);
    drive.say("EHLO c.example");
    assert!(drive.say("STARTTLS").starts_with("454 4.7.0 "));
    let mut clear = profile(Role::Submission);
    clear.plaintext_login = true;
    let mut drive = Drive::new(clear);
    drive.say("EHLO c.example");
    assert!(drive.say("AUTH PLAIN AGJvYgBodW5ncnk=").starts_with("235 "));
    assert!(drive.say("STARTTLS").starts_with("503"), "after login");
}

#[test]
fn a_failed_handshake_closes() {
    let mut server = Server::new(Time(0), profile(Role::Mx));
    server.event(Time(0), Event::PeerClosed);
    assert!(matches!(server.step(), Step::Close));
    assert!(matches!(server.step(), Step::Read));
}
