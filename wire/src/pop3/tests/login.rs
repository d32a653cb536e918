//! Logging in.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const PLAIN: &str = "AGJvYgBodW5ncnk=";
const OPEN: &str = "+OK 3 visible messages (600 octets)\r\n";
const NEEDS_TLS: &str = "logging in needs encryption: STLS first\r\n";

#[test]
fn every_refusal_has_its_code() {
    for (user, reply) in [
        ("bob", "-ERR [AUTH] name or password is wrong\r\n"),
        ("nobody", "-ERR [AUTH] name or password is wrong\r\n"),
        ("other", "-ERR [AUTH] you may not act as that user\r\n"),
        ("busy", "-ERR [SYS/TEMP] too many failed logins; try again in 60 seconds\r\n"),
        ("broken", "-ERR [SYS/TEMP] logging in is not possible now\r\n"),
    ] {
        let mut drive = Drive::greeted(profile());
        assert_eq!(drive.say(&format!("USER {user}")), "+OK and the password?\r\n");
        assert_eq!(drive.say("PASS thirsty"), reply);
        assert_eq!(drive.say("PASS thirsty"), "-ERR USER first\r\n");
        let response = STANDARD.encode(format!("\0{user}\0thirsty"));
        assert_eq!(drive.say(&format!("AUTH PLAIN {response}")), reply);
    }
}

#[test]
fn a_password_keeps_its_spaces() {
    let mut drive = Drive::greeted(profile());
    drive.say("USER bob");
    assert_eq!(drive.say("PASS  two  words "), OPEN);
}

#[test]
fn nobody_logs_in_in_the_clear() {
    let apop = "APOP bob 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";
    let clear = || Profile { plaintext_login: false, apop_timestamp: Some("<1@a>".into()), ..profile() };
    let mut drive = Drive::greeted(clear());
    for line in ["USER bob", "USER nobody", "AUTH"] {
        assert_eq!(drive.say(line), format!("-ERR {NEEDS_TLS}"), "{line}");
    }
    for line in ["PASS hungry", apop, "AUTH PLAIN", &format!("AUTH PLAIN {PLAIN}")] {
        assert_eq!(drive.say(line), format!("-ERR [AUTH] {NEEDS_TLS}"), "{line}");
    }
    let capabilities = drive.say("CAPA");
    assert!(!capabilities.contains("USER") && !capabilities.contains("SASL") && capabilities.contains("\r\nSTLS\r\n"));
    drive.say("STLS");
    let capabilities = drive.say("CAPA");
    assert!(capabilities.contains("\r\nUSER\r\n") && capabilities.contains("\r\nSASL SCRAM-SHA-256-PLUS "));
    assert!(!capabilities.contains("STLS"));
    assert_eq!(drive.say(apop), OPEN);
    assert_eq!(drive.asks.len(), 2);
}

#[test]
fn apop_is_offered_by_its_timestamp() {
    let mut drive =
        Drive::new(Profile { apop_timestamp: Some("<1896.697170952@dbc.mtview.ca.us>".into()), ..profile() });
    assert_eq!(drive.feed(b""), "+OK <1896.697170952@dbc.mtview.ca.us> hamburger.edu POP3 ready\r\n");
    assert!(drive.say("APOP bob c4c9334bac560ecc979e58001b3e22fb").starts_with("-ERR [AUTH] "));
    assert_eq!(drive.say("APOP bob 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"), OPEN);
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.say("APOP bob 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"), "-ERR APOP is not offered here\r\n");
    assert!(drive.asks.is_empty());
}

#[test]
fn auth_alone_lists_the_mechanisms() {
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.say("AUTH"), "+OK mechanisms\r\nSCRAM-SHA-256\r\nPLAIN\r\n.\r\n");
    drive.say("STLS");
    assert_eq!(drive.say("AUTH"), "+OK mechanisms\r\nSCRAM-SHA-256-PLUS\r\nSCRAM-SHA-256\r\nPLAIN\r\n.\r\n");
}

#[test]
fn plain_goes_in_one_step_or_two() {
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.say(&format!("auth plain {PLAIN}")), OPEN);
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.say("AUTH PLAIN"), "+ \r\n");
    assert_eq!(drive.say(PLAIN), OPEN);
    assert_eq!(drive.say("AUTH PLAIN"), "-ERR not after login\r\n");
}

#[test]
fn an_exchange_can_be_left() {
    let mut drive = Drive::greeted(profile());
    for (line, reply) in [("*", "-ERR login cancelled\r\n"), ("no base64", "-ERR that is not base64\r\n")] {
        assert_eq!(drive.say("AUTH PLAIN"), "+ \r\n");
        assert_eq!(drive.say(line), reply);
    }
    assert!(drive.say("AUTH PLAIN =").starts_with("-ERR "));
    assert_eq!(drive.say("AUTH CRAM-MD5"), "-ERR no such mechanism here; CAPA lists them\r\n");
    assert_eq!(drive.say("AUTH SCRAM-SHA-256-PLUS"), "-ERR no such mechanism here; CAPA lists them\r\n");
    assert!(drive.asks.is_empty());
    drive.log_in();
}

/// A SCRAM exchange up to where the desk accepted it and the client is to confirm the server's signature.
fn scram_accepted() -> Drive {
    let mut drive = Drive::greeted(profile());
    let first = STANDARD.encode("n,,n=bob,r=abc");
    assert!(drive.say(&format!("AUTH SCRAM-SHA-256 {first}")).starts_with("+ "));
    let last = STANDARD.encode(format!("c=biws,r=abcn0nce,p={}", STANDARD.encode([0; 32])));
    let signature = STANDARD.encode(format!("v={}", STANDARD.encode([1; 32])));
    assert_eq!(drive.say(&last), format!("+ {signature}\r\n"));
    drive
}

#[test]
fn the_servers_signature_is_confirmed_before_the_maildrop_opens() {
    let mut drive = scram_accepted();
    assert!(!drive.asks.contains(&Ask::Open));
    assert_eq!(drive.say(""), OPEN);
    for line in ["*", "AAAA", "no base64"] {
        let mut drive = scram_accepted();
        assert!(drive.say(line).starts_with("-ERR "));
        assert!(drive.closed && !drive.asks.contains(&Ask::Open));
    }
}
