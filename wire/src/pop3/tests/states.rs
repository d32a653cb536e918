//! What may be said when, what CAPA tells, and how a session ends.

use super::*;

#[test]
fn the_greeting() {
    assert_eq!(Drive::new(profile()).feed(b""), "+OK hamburger.edu POP3 ready\r\n");
    let greeting = Profile { greeting: "welcome".into(), ..profile() };
    assert_eq!(Drive::new(greeting).feed(b""), "+OK hamburger.edu welcome\r\n");
}

#[test]
fn every_command_has_its_state() {
    for command in ["STAT", "LIST", "LIST 1", "RETR 1", "DELE 1", "NOOP", "RSET", "TOP 1 1", "UIDL", "UIDL 1"] {
        assert_eq!(Drive::greeted(profile()).say(command), "-ERR log in first\r\n", "{command}");
    }
    let apop = "APOP bob 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";
    for command in ["USER bob", "PASS hungry", apop, "AUTH", "AUTH PLAIN", "STLS", "UTF8"] {
        assert_eq!(Drive::logged_in().say(command), "-ERR not after login\r\n", "{command}");
    }
    for drive in [&mut Drive::greeted(profile()), &mut Drive::logged_in()] {
        for command in ["CAPA", "LANG", "LANG en", "LANG *", "QUIT"] {
            assert!(drive.say(command).starts_with("+OK"), "{command}");
        }
        assert!(drive.closed);
    }
}

#[test]
fn capa_tells_what_is_true_now() {
    let all = "TOP\r\nUIDL\r\nUSER\r\nSASL SCRAM-SHA-256 PLAIN\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n\
               EXPIRE NEVER\r\nSTLS\r\nUTF8\r\nLANG\r\n.\r\n";
    let head = "+OK what can be done here\r\n";
    assert_eq!(Drive::greeted(profile()).say("CAPA"), format!("{head}{all}"));
    assert_eq!(Drive::logged_in().say("CAPA"), format!("{head}{}", all.replace("STLS\r\n", "")));
    let no_tls =
        Profile { tls_available: false, mechanisms: vec![], implementation: Some("Pillarbox".into()), ..profile() };
    let without = all.replace("SASL SCRAM-SHA-256 PLAIN\r\n", "").replace("STLS", "IMPLEMENTATION Pillarbox");
    assert_eq!(Drive::greeted(no_tls).say("CAPA"), format!("{head}{without}"));
}

#[test]
fn one_language_is_spoken() {
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.say("LANG"), "+OK languages\r\nen English\r\n.\r\n");
    assert_eq!(drive.say("LANG EN"), "+OK en replies are in English\r\n");
    assert_eq!(drive.say("LANG *"), "+OK en replies are in English\r\n");
    assert_eq!(drive.say("LANG tlh"), "-ERR no such language here; LANG lists them\r\n");
}

#[test]
fn stls_forgets_what_was_said() {
    let mut drive = Drive::greeted(profile());
    drive.say("UTF8");
    drive.say("USER bob");
    assert_eq!(drive.say("STLS"), "+OK go ahead\r\n");
    assert_eq!(drive.say("PASS hungry"), "-ERR USER first\r\n");
    assert_eq!(drive.say("STLS"), "-ERR TLS is up already\r\n");
    drive.log_in();
    assert!(drive.say("RETR 3").starts_with("-ERR [UTF8] "));
    let mut drive = Drive::greeted(Profile { tls_available: false, ..profile() });
    assert_eq!(drive.say("STLS"), "-ERR TLS is not available here\r\n");
}

#[test]
fn tls_from_the_start_is_tls() {
    let mut drive = Drive::new(Profile { plaintext_login: false, ..profile() });
    drive.server.event(drive.now, Event::TlsStarted(facts()));
    assert_eq!(drive.feed(b""), "+OK hamburger.edu POP3 ready\r\n");
    assert!(!drive.say("CAPA").contains("STLS"));
    drive.log_in();
}

#[test]
fn a_server_that_stops_says_so_and_removes_nothing() {
    let farewell = "-ERR [SYS/TEMP] this server is stopping; try again later\r\n";
    for drive in [&mut Drive::greeted(profile()), &mut Drive::logged_in()] {
        drive.say("DELE 1");
        assert_eq!(drive.event(Event::Draining), farewell);
        assert!(drive.closed && drive.asks.is_empty());
    }
    let mut drive = Drive::greeted(profile());
    drive.say("AUTH PLAIN");
    assert_eq!(drive.event(Event::Draining), farewell);
}

#[test]
fn a_stranger_may_be_dismissed_and_a_maildrop_entitles() {
    let mut drive = Drive::greeted(profile());
    drive.say("USER bob");
    assert_eq!(drive.server.standing(), Standing::Stranger);
    assert!(drive.event(Event::Dismissed).starts_with("-ERR [SYS/TEMP] "));
    assert!(drive.closed);
    assert_eq!(Drive::logged_in().server.standing(), Standing::Entitled);
}

#[test]
fn a_server_that_stops_finishes_the_command() {
    let mut drive = Drive::logged_in();
    assert_eq!(drive.server.receive(drive.now, b"RETR 1\r\n"), 8);
    assert!(matches!(drive.server.step(), Step::Ask(_)));
    drive.server.event(drive.now, Event::Draining);
    assert!(matches!(drive.server.step(), Step::Read));
    drive.server.answer(drive.now, Answer::Done);
    let sent = drive.feed(b"");
    assert_eq!(sent, "+OK 100 octets\r\n<1 all>\r\n-ERR [SYS/TEMP] this server is stopping; try again later\r\n");
    assert!(drive.closed);
}

#[test]
fn a_peer_that_goes_before_quit_removes_nothing() {
    let mut drive = Drive::logged_in();
    drive.feed(b"DELE 1\r\nRETR 2\r\n");
    drive.asks.clear();
    assert_eq!(drive.event(Event::PeerClosed), "");
    assert!(drive.closed && drive.asks.is_empty());
}

#[test]
fn a_peer_that_goes_after_quit_is_taken_at_its_word() {
    for step_first in [false, true] {
        let mut drive = Drive::logged_in();
        drive.say("DELE 1");
        assert_eq!(drive.server.receive(drive.now, b"QUIT\r\n"), 6);
        if step_first {
            assert!(matches!(drive.server.step(), Step::Ask(Ask::Update { .. })));
            drive.server.event(drive.now, Event::PeerClosed);
            drive.server.answer(drive.now, Answer::Done);
        } else {
            drive.event(Event::PeerClosed);
            assert_eq!(drive.asks, [Ask::Update { deleted: vec![1] }]);
        }
        assert_eq!(drive.feed(b""), "", "nobody is there to hear a farewell");
        assert!(drive.closed);
    }
}

#[test]
fn a_peer_that_goes_during_login_leaves_no_question() {
    let mut drive = Drive::greeted(profile());
    drive.say("USER bob");
    assert_eq!(drive.server.receive(drive.now, b"PASS hungry\r\n"), 13);
    assert!(matches!(drive.server.step(), Step::Ask(Ask::Login(_))));
    drive.server.event(drive.now, Event::PeerClosed);
    drive.server.answer(drive.now, Answer::Sasl(accepted()));
    assert!(matches!(drive.server.step(), Step::Close));
}
