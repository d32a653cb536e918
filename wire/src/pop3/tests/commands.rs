//! Commands are read and written.

use super::*;
use proptest::prelude::*;

fn parse(line: &str) -> Result<Command, CommandError> {
    Command::parse(line.as_bytes())
}

#[test]
fn keywords_come_in_any_case_and_spaces_at_the_end_mean_nothing() {
    assert_eq!(parse("sTaT"), Ok(Command::Stat));
    assert_eq!(parse("list  "), Ok(Command::List(None)));
    assert_eq!(parse("retr 007 "), Ok(Command::Retr(7)));
    assert_eq!(parse("USER bob smith "), Ok(Command::User("bob smith".into())));
    assert_eq!(parse("TOP 2  0"), Ok(Command::Top { message: 2, lines: 0 }));
}

#[test]
fn a_password_is_the_rest_of_the_line() {
    let pass = |text: &str| Ok(Command::Pass(sasl::Secret(text.as_bytes().to_vec())));
    assert_eq!(parse("pass  two\twords  "), pass(" two\twords  "));
    assert_eq!(parse("PASS caf\u{e9}"), pass("caf\u{e9}"));
    assert!(parse("PASS").is_err() && parse("PASS ").is_err() && parse("PASS a\0b").is_err());
    assert_eq!(Command::parse(b"PASS \xff"), Err(CommandError::Unreadable));
    assert!(!format!("{:?}", parse("PASS hungry")).contains("hungry"));
}

#[test]
fn numbers_are_digits_and_nothing_else() {
    for wrong in ["RETR", "RETR -1", "RETR +1", "RETR 1x", "RETR 1 2", "RETR \u{0661}", "TOP 1", "TOP 1 -1", "TOP x 1"]
    {
        assert!(matches!(parse(wrong), Err(CommandError::Argument(_))), "{wrong}");
    }
    assert_eq!(parse("RETR 4294967295"), Ok(Command::Retr(u32::MAX)));
    assert_eq!(parse("RETR 99999999999999999999"), Ok(Command::Retr(u32::MAX)));
    assert_eq!(parse("TOP 1 99999999999999999999"), Ok(Command::Top { message: 1, lines: u64::MAX }));
}

#[test]
fn a_digest_is_32_hexadecimal_digits() {
    let digest = "c4c9334bac560ecc979e58001b3e22fb";
    match parse(&format!("APOP mrose {digest}")).unwrap() {
        Command::Apop { name, digest } => assert_eq!((name.as_str(), digest[0], digest[15]), ("mrose", 0xc4, 0xfb)),
        other => panic!("{other}"),
    }
    for wrong in [&digest[1..], &digest[2..], &format!("{digest}00"), "x"] {
        assert!(parse(&format!("APOP mrose {wrong}")).is_err(), "{wrong}");
    }
    assert!(parse(&format!("APOP {digest}")).is_err() && parse(&format!("APOP  {digest}")).is_err());
}

#[test]
fn what_takes_no_argument_gets_none() {
    for keyword in ["STAT", "NOOP", "RSET", "QUIT", "CAPA", "STLS", "UTF8"] {
        assert!(parse(keyword).is_ok());
        assert!(matches!(parse(&format!("{keyword} 1")), Err(CommandError::Argument(_))));
    }
    assert_eq!(parse("LAST"), Err(CommandError::Unknown));
    assert_eq!(parse(""), Err(CommandError::Unknown));
    assert_eq!(parse("NO\tOP"), Err(CommandError::Unreadable));
}

#[test]
fn a_name_has_255_octets_at_most() {
    assert!(parse(&format!("USER {}", "a".repeat(255))).is_ok());
    assert!(parse(&format!("USER {}", "a".repeat(256))).is_err());
}

#[test]
fn an_initial_response_is_base64_or_an_equals_sign() {
    let auth = |initial| Ok(Command::Auth { mechanism: "PLAIN".into(), initial });
    assert_eq!(parse("AUTH"), Ok(Command::AuthList));
    assert_eq!(parse("AUTH PLAIN"), auth(None));
    assert_eq!(parse("AUTH PLAIN ="), auth(Some(vec![])));
    assert_eq!(parse("AUTH PLAIN AGE="), auth(Some(b"\0a".to_vec())));
    for wrong in ["AUTH PLAIN =AGE", "AUTH PLAIN AG=E", "AUTH PLAIN AGE", "AUTH PLAIN a b"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

fn command() -> impl Strategy<Value = Command> {
    let name = || "[a-z@.\u{e9}]{1,20}( [a-z]{1,20})?";
    let number = || any::<u32>();
    let initial = || prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    prop_oneof![
        name().prop_map(Command::User),
        "[^\\x00]{1,40}".prop_map(|password| Command::Pass(sasl::Secret(password.into_bytes()))),
        (name(), any::<[u8; 16]>()).prop_map(|(name, digest)| Command::Apop { name, digest }),
        ("[A-Z0-9-]{1,20}", initial()).prop_map(|(mechanism, initial)| Command::Auth { mechanism, initial }),
        prop::option::of("[a-z*-]{1,10}").prop_map(Command::Lang),
        prop::option::of(number()).prop_map(Command::List),
        prop::option::of(number()).prop_map(Command::Uidl),
        number().prop_map(Command::Retr),
        number().prop_map(Command::Dele),
        (number(), any::<u64>()).prop_map(|(message, lines)| Command::Top { message, lines }),
        prop::sample::select(vec![Command::AuthList, Command::Capa, Command::Stls, Command::Utf8, Command::Stat]),
        prop::sample::select(vec![Command::Noop, Command::Rset, Command::Quit]),
    ]
}

proptest! {
    #[test]
    fn parse_undoes_display(command in command()) {
        prop_assert_eq!(Command::parse(command.to_string().as_bytes()), Ok(command));
    }

    #[test]
    fn any_line_is_read_or_refused(line in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(command) = Command::parse(&line) {
            prop_assert_eq!(Command::parse(command.to_string().as_bytes()), Ok(command));
        }
    }
}
