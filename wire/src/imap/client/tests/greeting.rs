//! From the greeting to readiness.

use super::*;

#[test]
fn a_greeting_that_tells_capabilities_is_enough() {
    let mut drive = Drive::greeted("IDLE", []);
    assert_eq!(drive.said(), "p1 LOGOUT");
    assert!(matches!(&drive.told[..], [Ask::Next(facts)] if facts.can("IDLE") && !facts.logged_in));
    drive.hear("* BYE\r\np1 OK\r\n");
    assert!(drive.closed && drive.lost().is_none());
}

#[test]
fn without_them_they_are_asked_for() {
    let mut drive = Drive::new(login(true), []);
    assert_eq!(drive.hear("* OK hello\r\n").said(), "p1 CAPABILITY");
    assert_eq!(drive.hear("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\np1 OK done\r\n").said(), "p2 AUTHENTICATE PLAIN");
    assert_eq!(drive.hear("+ \r\n").said(), "AGJvYgBodW5ncnk=");
    assert_eq!(drive.hear("p2 OK in\r\n").said(), "p3 CAPABILITY");
    drive.hear("* CAPABILITY IMAP4rev1 X\r\np3 OK\r\n");
    assert!(matches!(&drive.told[..], [Ask::Next(facts)] if facts.can("X") && facts.logged_in));
}

#[test]
fn the_initial_response_goes_along_where_it_may() {
    let mut drive = Drive::new(login(true), []);
    let said = drive.hear("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello\r\n").said();
    assert_eq!(said, "p1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=");
    assert_eq!(drive.hear("p1 OK [CAPABILITY IMAP4rev1] in\r\n").said(), "p2 LOGOUT");
}

#[test]
fn login_is_for_servers_without_a_mechanism() {
    let mut profile = login(true);
    profile.login.as_mut().unwrap().credential = Credential::Password(Secret("h\u{fc}".into()));
    let mut drive = Drive::new(profile, []);
    assert_eq!(drive.hear("* OK [CAPABILITY IMAP4rev1] hello\r\n").said(), "p1 LOGIN bob {3}");
    assert_eq!(drive.hear("+ go on\r\n").said(), "h\u{fc}");
    assert_eq!(drive.hear("p1 NO [AUTHENTICATIONFAILED] wrong\r\n").said(), "p2 LOGOUT");
    let (stage, said) = drive.lost().unwrap();
    assert_eq!((stage, text(&said)), (Stage::Login, "wrong"));
}

#[test]
fn the_password_is_not_said_in_the_clear() {
    for capabilities in ["AUTH=PLAIN", "", "LOGINDISABLED"] {
        let mut drive = Drive::new(login(false), []);
        assert_eq!(drive.hear(&format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] x\r\n")).said(), "p1 LOGOUT");
        assert_eq!(drive.lost(), Some((Stage::Greeting, Said::Refused(Refusal::NoLogin))));
    }
    let mut drive = Drive::new(login(true), []);
    assert_eq!(drive.hear("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] x\r\n").said(), "p1 LOGOUT");
    let mut drive = Drive::new(login(false), []);
    let said = drive.hear("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256 AUTH=PLAIN] x\r\n").said();
    assert!(said.starts_with("p1 AUTHENTICATE SCRAM-SHA-256 "), "{said}");
}

#[test]
fn a_server_that_has_not_looked_at_the_password_is_not_believed() {
    for (greeting, answer) in [("AUTH=PLAIN", "p1 OK in\r\n"), ("AUTH=SCRAM-SHA-256 SASL-IR", "p1 OK in\r\n")] {
        let mut drive = Drive::new(login(true), []);
        drive.hear(&format!("* OK [CAPABILITY IMAP4rev1 {greeting}] x\r\n{answer}"));
        assert_eq!(drive.lost(), Some((Stage::Login, Said::Refused(Refusal::Unproven))));
        assert!(drive.closed);
    }
}

#[test]
fn tls_is_started_and_what_was_said_before_forgotten() {
    let mut drive = Drive::new(Profile { tls: Tls::Required, ..login(false) }, []);
    assert_eq!(drive.hear("* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=EVIL] x\r\n").said(), "p1 STARTTLS");
    assert_eq!(drive.hear("p1 OK go\r\n").said(), "(tls)");
    drive.client.event(NOW, Event::TlsStarted(tls()));
    assert_eq!(drive.hear("").said(), "p2 CAPABILITY");
    let said = drive.hear("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\np2 OK x\r\n").said();
    assert_eq!(said, "p3 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=");
}

#[test]
fn tls_that_is_required_is_not_gone_without() {
    let required = || Profile { tls: Tls::Required, ..login(true) };
    for (greeting, stage) in [
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x\r\n", Stage::Greeting),
        ("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] x\r\n", Stage::Greeting),
    ] {
        let mut drive = Drive::new(required(), []);
        assert_eq!(drive.hear(greeting).said(), "p1 LOGOUT");
        assert_eq!(drive.lost(), Some((stage, Said::Refused(Refusal::NoTls))));
    }
    let mut drive = Drive::new(required(), []);
    assert_eq!(drive.hear("* OK [CAPABILITY IMAP4rev1 STARTTLS] x\r\np1 NO no\r\n").said(), "p1 STARTTLS|p2 LOGOUT");
    assert_eq!(drive.lost().unwrap().0, Stage::StartTls);
    let opportunistic = Profile { tls: Tls::Opportunistic, ..profile() };
    let mut drive = Drive::new(opportunistic, []);
    assert_eq!(drive.hear("* OK [CAPABILITY IMAP4rev1 STARTTLS] x\r\np1 NO no\r\n").said(), "p1 STARTTLS|p2 LOGOUT");
    assert_eq!(drive.lost(), None);
}

#[test]
fn who_is_logged_in_already_is_ready() {
    let mut drive = Drive::new(login(false), []);
    assert_eq!(drive.hear("* PREAUTH [CAPABILITY IMAP4rev1] x\r\n").said(), "p1 LOGOUT");
    assert!(matches!(&drive.told[..], [Ask::Next(facts)] if facts.logged_in));
}

#[test]
fn what_is_no_imap_ends_it() {
    for (heard, said) in [
        ("220 mx ESMTP\r\n", Said::Garbage(String::new())),
        ("* 5 EXISTS\r\n", Said::Garbage(String::new())),
        ("a OK\r\n", Said::Garbage(String::new())),
        ("+ x\r\n", Said::Garbage(String::new())),
    ] {
        let mut drive = Drive::new(profile(), []);
        drive.hear(heard);
        let (stage, garbage) = drive.lost().unwrap();
        assert_eq!(stage, Stage::Greeting);
        assert_eq!(std::mem::discriminant(&garbage), std::mem::discriminant(&said), "{heard}");
        assert!(drive.closed);
    }
    let mut drive = Drive::new(profile(), []);
    assert_eq!(text(&drive.hear("* BYE full\r\n").lost().unwrap().1), "full");
}

#[test]
fn a_silent_server_is_left() {
    let mut drive = Drive::new(profile(), []);
    drive.hear("");
    let deadline = drive.client.deadline().unwrap();
    assert_eq!(deadline, NOW.after(Timeouts::default().greeting));
    drive.client.tick(deadline);
    drive.hear("");
    assert_eq!(drive.lost(), Some((Stage::Greeting, Said::TimedOut)));
    assert!(drive.closed);
}

/// RFC 7628 §4.1, §4.3: a token goes by its own mechanisms only, and the error in a challenge is answered.
#[test]
fn a_token_is_said_under_tls_only() {
    let profile = |in_the_clear| {
        let credential = Credential::Token(Secret(b"t0k".to_vec()));
        Profile { login: Some(Login { user: "bob".to_owned(), credential, in_the_clear }), ..profile() }
    };
    let mut drive = Drive::new(profile(false), []);
    assert_eq!(drive.hear("* OK [CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER AUTH=PLAIN] x\r\n").said(), "p1 LOGOUT");
    assert_eq!(drive.lost(), Some((Stage::Greeting, Said::Refused(Refusal::NoLogin))));
    let mut drive = Drive::new(profile(true), []);
    assert_eq!(drive.hear("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x\r\n").said(), "p1 LOGOUT", "nor by LOGIN");
    let mut drive = Drive::new(profile(true), []);
    let said = drive.hear("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER] x\r\n").said();
    assert_eq!(said, "p1 AUTHENTICATE OAUTHBEARER bixhPWJvYiwBYXV0aD1CZWFyZXIgdDBrAQE=");
    assert_eq!(drive.hear("+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n").said(), "AQ==");
    assert_eq!(drive.hear("p1 NO [AUTHENTICATIONFAILED] stale\r\n").said(), "p2 LOGOUT");
    assert_eq!(
        drive.lost().map(|(stage, said)| (stage, text(&said).to_owned())),
        Some((Stage::Login, "stale".to_owned()))
    );
}
