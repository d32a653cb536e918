//! AUTH (RFC 4954) and the rules of a submission port (RFC 6409 §4.3).

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// PLAIN of this name and password.
fn plain(username: &str, password: &str) -> String {
    STANDARD.encode(format!("\0{username}\0{password}"))
}

/// A greeted session with TLS.
fn secured(role: Role) -> Drive {
    let mut drive = Drive::new(profile(role));
    drive.event(Event::TlsStarted(facts()));
    drive.say("EHLO c.example");
    drive.asks.clear();
    drive
}

#[test]
fn a_submission_port_wants_tls_then_login_then_mail() {
    let mut drive = Drive::greeted(Role::Submission);
    assert_eq!(drive.say("MAIL FROM:<a@b.example>"), "530 5.7.0 STARTTLS and log in first\r\n");
    assert!(drive.say("AUTH PLAIN").starts_with("538 5.7.11 "));
    assert!(drive.say("STARTTLS").starts_with("220 "));
    assert!(drive.say("EHLO c.example").contains("AUTH PLAIN\r\n"));
    assert_eq!(drive.say("MAIL FROM:<a@b.example>"), "530 5.7.0 log in first\r\n");
    assert_eq!(drive.say(&format!("AUTH PLAIN {}", plain("bob", "hungry"))), "235 2.7.0 logged in\r\n");
    assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"));
}

#[test]
fn a_listed_network_may_log_in_without_tls() {
    let mut listed = profile(Role::Submission);
    listed.plaintext_login = true;
    let mut drive = Drive::new(listed);
    assert!(drive.say("EHLO c.example").contains("AUTH PLAIN\r\n"));
    assert!(drive.say("auth plain").starts_with("334 "));
    assert!(drive.say(&plain("bob", "hungry")).starts_with("235 "));
}

#[test]
fn an_exchange_line_by_line_and_byte_by_byte() {
    let mut drive = secured(Role::Mx);
    drive.slice = 1;
    assert_eq!(drive.say("AUTH PLAIN"), "334 \r\n", "an empty challenge has a space (RFC 4954 section 4)");
    assert!(drive.say(&plain("bob", "hungry")).starts_with("235 2.7.0 "));
    assert!(drive.say(&format!("AUTH PLAIN {}", plain("bob", "hungry"))).starts_with("503"), "once only");
    assert_eq!(drive.asks.len(), 1);
}

#[test]
fn refusals_of_the_desk() {
    let cases = [("bob", "535 5.7.8 "), ("busy", "454 4.7.0 "), ("other", "535 5.7.8 "), ("broken", "454 4.7.0 ")];
    for (username, reply) in cases {
        let mut drive = secured(Role::Submission);
        assert!(drive.say(&format!("AUTH PLAIN {}", plain(username, "guess"))).starts_with(reply), "{username}");
        assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("530 "));
        assert!(drive.say(&format!("AUTH PLAIN {}", plain("bob", "hungry"))).starts_with("235 "), "again");
    }
}

#[test]
fn what_breaks_an_exchange() {
    for (line, reply) in
        [("*", "501 5.7.0 "), ("not base64!", "501 5.5.2 "), ("=AAA", "501 5.5.2 "), ("", "501 5.5.2 ")]
    {
        let mut drive = secured(Role::Mx);
        drive.say("AUTH PLAIN");
        assert!(drive.say(line).starts_with(reply), "{line}");
        assert!(drive.say("NOOP").starts_with("250"), "back among commands");
        assert!(drive.asks.is_empty());
    }
    let mut drive = secured(Role::Mx);
    assert!(drive.say("AUTH PLAIN a=b").starts_with("501 5.5.2 "));
    assert!(drive.say("AUTH PLAIN =").starts_with("501 5.5.2 "), "PLAIN has no empty response");
    assert!(drive.say("AUTH").starts_with("501 5.5.4 "));
    assert!(drive.say("AUTH FROBNICATE").starts_with("504 5.5.4 "));
    assert!(drive.say("AUTH SCRAM-SHA-256").starts_with("504 5.5.4 "));
    assert!(drive.say("AUTH LOGIN").starts_with("534 5.7.9 "), "known, and not offered here");
}

#[test]
fn not_during_a_transaction() {
    let mut drive = secured(Role::Mx);
    drive.say("MAIL FROM:<a@b.example>");
    assert!(drive.say(&format!("AUTH PLAIN {}", plain("bob", "hungry"))).starts_with("503"));
}

#[test]
fn mechanisms_with_channel_binding_need_a_channel() {
    let mut both = profile(Role::Submission);
    both.plaintext_login = true;
    both.mechanisms = vec![sasl::Mechanism::ScramSha256Plus, sasl::Mechanism::ScramSha256];
    let mut drive = Drive::new(both.clone());
    assert!(drive.say("EHLO c.example").contains("AUTH SCRAM-SHA-256\r\n"));
    assert!(drive.say("AUTH SCRAM-SHA-256-PLUS").starts_with("504 "));
    let mut drive = Drive::new(both);
    drive.event(Event::TlsStarted(facts()));
    assert!(drive.say("EHLO c.example").contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n"));
}

#[test]
fn vrfy_and_expn_are_announced_once_they_tell_the_truth() {
    let mut drive = secured(Role::Mx);
    assert!(!drive.say("EHLO c.example").contains("VRFY"));
    drive.say(&format!("AUTH PLAIN {}", plain("bob", "hungry")));
    assert!(drive.say("EHLO c.example").contains("250-VRFY\r\n"));
}

/// A session whose desk accepted the login, with data for the client under way (SCRAM's `v=...`).
fn before_acknowledgement() -> Drive {
    let mut drive = secured(Role::Submission);
    drive.server.reading = server::Reading::Login(super::super::login::Login::Acknowledgement);
    drive
}

#[test]
fn data_that_comes_with_success_is_acknowledged_by_an_empty_line() {
    let mut drive = before_acknowledgement();
    assert!(drive.say("").starts_with("235 2.7.0 "));
    assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"));
    for line in ["*", "eA==", "not base64!"] {
        let mut drive = before_acknowledgement();
        assert!(drive.say(line).starts_with("501 ") && drive.closed, "the desk thinks the client logged in");
    }
}
