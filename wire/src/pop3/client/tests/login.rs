//! From the greeting to the first task.

use super::*;

#[test]
fn old_servers_are_logged_into_by_user_and_pass() {
    let drive = plays(
        "S: +OK POP3 server ready
         C: CAPA
         S: -ERR unknown command
         C: USER bob
         S: +OK
         C: PASS hungry
         S: +OK bob has 2 messages
         C: QUIT
         S: +OK
         X:",
        &profile(Tls::Opportunistic).tap(|profile| profile.login.in_the_clear = true),
        &[],
    );
    assert_eq!(drive.goodbye(), Some(true));
}

/// RFC 2595 §4, RFC 6856 §2.1, RFC 5034 §4; CAPA is asked anew after each change.
#[test]
fn tls_comes_before_utf8_and_utf8_before_the_login() {
    let drive = plays(
        "S: +OK ready
         C: CAPA
         S: +OK
         S: STLS
         S: SASL PLAIN
         S: UTF8
         S: .
         C: STLS
         S: +OK go
         T:
         C: CAPA
         S: +OK
         S: sasl PLAIN LOGIN
         S: UTF8 USER
         S: PIPELINING
         S: .
         C: UTF8
         S: +OK
         C: AUTH PLAIN AGJvYgBodW5ncnk=
         S: +OK welcome
         C: CAPA
         S: +OK
         S: UIDL
         S: .
         C: QUIT
         S: +OK
         X:",
        &profile(Tls::Required),
        &[],
    );
    let Some(Ask::Next(facts)) = drive.told.first() else { panic!("{:?}", drive.told) };
    assert!(facts.utf8 && facts.tls.is_some() && facts.can("UIDL") && !facts.can("PIPELINING"));
}

#[test]
fn what_is_said_before_tls_counts_for_nothing() {
    let mut drive = Drive::new(profile(Tls::Required), &[]);
    drive.hear(b"+OK ready\r\n");
    drive.hear(b"+OK\r\nSTLS\r\n.\r\n");
    drive.hear(b"+OK go\r\n+OK injected\r\nSASL PLAIN\r\n.\r\n");
    assert!(drive.handshake && drive.said.ends_with("STLS\r\n"));
    drive.start_tls();
    assert!(drive.said.ends_with("STLS\r\nCAPA\r\n"), "{}", drive.said);
}

#[test]
fn without_tls_there_is_no_password() {
    let missing = |profile: &Profile, script: &str| plays(script, profile, &[]).lost().unwrap();
    let no_stls = "S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: SASL PLAIN\nS: .\nC: QUIT\nX:";
    let lost = missing(&profile(Tls::Required), no_stls);
    assert_eq!(lost, (Stage::Capability, Said::Refused(Refusal::NoTls)));
    let lost = missing(&profile(Tls::Opportunistic), no_stls);
    assert_eq!(lost, (Stage::Capability, Said::Refused(Refusal::NoLogin)));
    let refused = "S: +OK\nC: CAPA\nS: +OK\nS: STLS\nS: .\nC: STLS\nS: -ERR [SYS/TEMP] later\nC: QUIT\nX:";
    let (stage, said) = missing(&profile(Tls::Required), refused);
    let Said::No(reply) = said else { panic!("{said:?}") };
    assert!(stage == Stage::StartTls && reply.is_temporary() && reply.text == "later");
}

/// RFC 1939 §7 has this very example.
#[test]
fn apop_signs_the_timestamp() {
    let login = Login {
        user: "mrose".into(),
        credential: Credential::Password(Secret(b"tanstaaf".to_vec())),
        in_the_clear: false,
    };
    let mut profile = Profile::new(Tls::Never, login);
    let greeting = "S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\nC: CAPA\nS: -ERR\n";
    let refused = plays(&format!("{greeting} C: QUIT\nX:"), &profile, &[]);
    assert_eq!(refused.lost(), Some((Stage::Capability, Said::Refused(Refusal::NoLogin))));
    profile.apop = true;
    let apop = "C: APOP mrose c4c9334bac560ecc979e58001b3e22fb\nS: +OK\nC: QUIT\nS: +OK\nX:";
    assert_eq!(plays(&format!("{greeting}{apop}"), &profile, &[]).goodbye(), Some(true));
    for stamp in ["no stamp", "<>", "<@b>", "<a@>", "<a b@c>", "<\u{e9}@b>"] {
        let greeting = format!("S: +OK {stamp}\nC: CAPA\nS: -ERR\nC: QUIT\nX:");
        assert!(plays(&greeting, &profile, &[]).lost().is_some(), "{stamp}");
    }
}

#[test]
fn login_says_name_and_password() {
    let drive = plays(
        "S: +OK\nC: CAPA\nS: +OK\nS: SASL LOGIN\nS: .\nC: AUTH LOGIN\nS: + VXNlcm5hbWU6\nC: Ym9i
         S: +\nC: aHVuZ3J5\nS: +OK\nC: CAPA\nS: -ERR\nC: QUIT\nS: -ERR not all removed\nX:",
        &profile(Tls::Never),
        &[],
    );
    assert_eq!(drive.goodbye(), Some(false));
}

#[test]
fn a_long_initial_response_waits_for_a_challenge() {
    let mut profile = profile(Tls::Never);
    let fits = |octets: usize| {
        let mut profile = profile.clone();
        profile.login.credential = Credential::Password(Secret(vec![b'x'; octets]));
        let mut drive = Drive::new(profile, &[]);
        drive.hear(b"+OK\r\n");
        drive.hear(b"+OK\r\nSASL PLAIN\r\n.\r\n");
        drive.said.lines().last().unwrap().len() + 2
    };
    // Base64 goes by four octets: 240 of them still fit, 244 do not.
    assert_eq!(fits(175), "AUTH PLAIN \r\n".len() + 240);
    assert_eq!(fits(176), "AUTH PLAIN\r\n".len());
    assert!((250..=limits::AUTH_COMMAND).contains(&fits(175)));
    profile.login.credential = Credential::Password(Secret(vec![b'x'; 200]));
    let response = crate::sasl::line::encode(&[b"\0bob\0".to_vec(), vec![b'x'; 200]].concat());
    let script = format!(
        "S: +OK\nC: CAPA\nS: +OK\nS: SASL PLAIN\nS: .\nC: AUTH PLAIN\nS: +\nC: {response}\nS: -ERR [AUTH] no\nC: QUIT\nX:"
    );
    let Some((Stage::Login, Said::No(reply))) = plays(&script, &profile, &[]).lost() else { panic!() };
    assert_eq!(reply.code.as_deref(), Some("AUTH"));
}

#[test]
fn scram_without_proof_is_no_login() {
    let script = "S: +OK\nC: CAPA\nS: +OK\nS: SASL SCRAM-SHA-256 PLAIN\nS: .
        C: AUTH SCRAM-SHA-256 biwsbj1ib2Iscj1Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSA==\nS: +OK come in\nX:";
    let drive = plays(script, &profile(Tls::Never), &[]);
    assert_eq!(drive.lost(), Some((Stage::Login, Said::Refused(Refusal::Unproven))));
}

#[test]
fn what_cannot_be_said_is_not_said() {
    for (user, password) in [("b\rob", "x"), ("", "x"), ("bob", "a\0b"), ("bob", "")] {
        let credential = Credential::Password(Secret(password.as_bytes().to_vec()));
        let profile = Profile::new(Tls::Never, Login { user: user.into(), credential, in_the_clear: true });
        for capabilities in ["-ERR", "+OK\r\nSASL PLAIN\r\n."] {
            let mut drive = Drive::new(profile.clone(), &[]);
            drive.hear(b"+OK\r\n");
            drive.hear(format!("{capabilities}\r\n").as_bytes());
            assert_eq!(drive.said, "CAPA\r\nQUIT\r\n", "{user:?}");
            assert_eq!(drive.lost(), Some((Stage::Capability, Said::Refused(Refusal::Unsayable))));
        }
    }
}

#[test]
fn a_token_is_said_by_its_mechanism_alone() {
    let token = Credential::Token(Secret(b"ya29".to_vec()));
    let profile = Profile::new(Tls::Never, Login { user: "bob".into(), credential: token, in_the_clear: true });
    let script = "S: +OK\nC: CAPA\nS: +OK\nS: SASL XOAUTH2 PLAIN\nS: .
        C: AUTH XOAUTH2 dXNlcj1ib2IBYXV0aD1CZWFyZXIgeWEyOQEB\nS: + e30=\nC:\nS: -ERR [AUTH] expired\nC: QUIT\nX:";
    assert!(matches!(plays(script, &profile, &[]).lost(), Some((Stage::Login, Said::No(_)))));
    let none = "S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: SASL PLAIN\nS: .\nC: QUIT\nX:";
    assert_eq!(plays(none, &profile, &[]).lost(), Some((Stage::Capability, Said::Refused(Refusal::NoLogin))));
}

/// Changes a value on its way.
trait Tap: Sized {
    fn tap(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl Tap for Profile {
    fn tap(mut self, change: impl FnOnce(&mut Profile)) -> Profile {
        change(&mut self);
        self
    }
}
