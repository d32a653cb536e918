//! Every reply code of RFC 5321 §4.2.3 for its true reason; those of AUTH and STARTTLS are in `login` and `tls`.

use super::*;

/// Says each line to a greeted session; the last reply must begin so.
fn ends_with(role: Role, lines: &[&str], expected: &str) {
    let mut drive = Drive::greeted(role);
    let replies: Vec<String> = lines.iter().map(|line| drive.say(line)).collect();
    let last = replies.last().unwrap();
    assert!(last.starts_with(expected), "{lines:?}: {replies:?}");
}

#[test]
fn information() {
    ends_with(Role::Mx, &["HELP STATUS"], "211 2.0.0 all is well");
    ends_with(Role::Mx, &["help"], "214-2.0.0 ");
    ends_with(Role::Mx, &["HELP mail"], "214 2.0.0 MAIL FROM:");
    ends_with(Role::Mx, &["HELP SOML"], "214 2.0.0 SOML is not implemented: use MAIL");
    assert_eq!(Drive::new(profile(Role::Mx)).feed(b""), "220 hamburger.edu ESMTP ready\r\n");
    assert_eq!(Drive::new(profile(Role::Lmtp)).feed(b""), "220 hamburger.edu LMTP ready\r\n");
    let mut named = profile(Role::Mx);
    named.greeting = "Hello there".into();
    assert_eq!(Drive::new(named).feed(b""), "220 hamburger.edu Hello there\r\n");
}

#[test]
fn success() {
    ends_with(Role::Mx, &["NOOP"], "250 2.0.0 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example>", "RCPT TO:<away@b.example>"], "251 2.1.5 ");
    ends_with(Role::Mx, &["VRFY bob"], "252 2.5.0 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example>", "DATA"], "354 go ahead");
    let mut drive = Drive::greeted(Role::Mx);
    assert!(drive.say("QUIT").starts_with("221 2.0.0 hamburger.edu"));
    assert!(drive.closed);
}

#[test]
fn what_the_desk_refuses_passes_as_it_stands() {
    let cases = [
        ("busy", "450 4.2.1 "),
        ("broken", "451 4.3.0 "),
        ("full", "452 4.2.2 "),
        ("nobody", "550 5.1.1 "),
        ("moved", "551 5.1.6 "),
        ("stuffed", "552 5.2.2 "),
        ("odd", "553 5.1.3 "),
        ("never", "554 5.7.1 "),
    ];
    for (local_part, reply) in cases {
        ends_with(Role::Mx, &["MAIL FROM:<a@b.example>", &format!("RCPT TO:<{local_part}@b.example>")], reply);
        ends_with(Role::Mx, &[&format!("MAIL FROM:<{local_part}@b.example>")], reply);
    }
}

#[test]
fn a_421_of_the_desk_ends_the_connection() {
    let mut drive = Drive::greeted(Role::Mx);
    assert_eq!(drive.say("MAIL FROM:<stopping@b.example>"), "421 4.3.2 stopping\r\n");
    assert!(drive.closed);
    let mut drive = Drive::with_recipient();
    assert_eq!(drive.say("RCPT TO:<stopping@b.example>"), "421 4.3.2 stopping\r\n");
    assert!(drive.closed && drive.asks.last() == Some(&Ask::Reset));
}

#[test]
fn protocol_errors() {
    for unknown in ["FROBNICATE", "", "SMOL FROM:<a@b.example>", "SMAL", "MAILFROM:<a@b.example>", "GET / HTTP/1.1"] {
        ends_with(Role::Mx, &[unknown], "500 5.5.1 ");
    }
    ends_with(Role::Mx, &["MAIL"], "501 5.5.2 ");
    ends_with(Role::Mx, &["RSET now"], "501 5.5.4 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b@c>"], "501 5.1.7 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example>", "RCPT TO:<>"], "501 5.1.3 ");
    for retired in [
        "SEND FROM:<a@b.example>",
        "SOML FROM:<a@b.example>",
        "SAML FROM:<a@b.example>",
        "SEND",
        "TURN",
        "ETRN",
        "ATRN -",
    ] {
        ends_with(Role::Mx, &[retired], "502 5.5.1 ");
    }
    ends_with(Role::Mx, &["EXPN list"], "502 5.5.1 ");
    ends_with(Role::Mx, &["DATA"], "503 5.5.1 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example> FUTURE=1"], "504 5.5.4 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example> BODY=9BIT"], "504 5.5.4 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example> PRIORITY=1"], "504 5.5.4 ");
    ends_with(Role::Mx, &["HELP FROBNICATE"], "504 5.5.4 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example>", "RCPT TO:<nobody@b.example>", "DATA"], "554 5.5.1 ");
}

#[test]
fn addresses_beyond_ascii_need_smtputf8() {
    ends_with(Role::Mx, &["MAIL FROM:<b\u{fc}rger@b.example>"], "553 5.6.7 ");
    ends_with(Role::Mx, &["MAIL FROM:<b\u{fc}rger@b.example> SMTPUTF8"], "250 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example>", "RCPT TO:<a@b\u{fc}rger.example>"], "553 5.6.7 ");
    ends_with(Role::Mx, &["MAIL FROM:<a@b.example> SMTPUTF8", "RCPT TO:<a@b\u{fc}rger.example>"], "250 ");
    ends_with(Role::Mx, &["VRFY bob"], "252 2.5.0 send and see, b?rger");
    ends_with(Role::Mx, &["VRFY bob SMTPUTF8"], "252 2.5.0 send and see, b\u{fc}rger");
}

#[test]
fn the_client_is_named_in_the_reply_to_its_greeting() {
    let mut drive = Drive::new(profile(Role::Mx));
    drive.feed(b"");
    assert_eq!(drive.say("HELO crepes.fr"), "250 hamburger.edu greets crepes.fr [192.0.2.7]\r\n");
    assert_eq!(drive.say("HELO hamburger.edu"), "250 hamburger.edu greets hamburger.edu [192.0.2.7]\r\n");
    assert_eq!(drive.say("HELO [192.0.2.9]"), "250 hamburger.edu greets [192.0.2.9] [192.0.2.7]\r\n");
    assert!(drive.say("HELO").starts_with("501 5.5.4 "));
    assert!(drive.say("EHLO ").starts_with("501 5.5.4 "));
    let mut over_ipv6 = profile(Role::Mx);
    over_ipv6.client_address = "2001:db8::7".parse().unwrap();
    let mut drive = Drive::new(over_ipv6);
    drive.feed(b"");
    assert_eq!(drive.say("HELO x\u{e9}"), "250 hamburger.edu greets x? [IPv6:2001:db8::7]\r\n");
}

#[test]
fn ehlo_lists_what_holds_here() {
    let mut drive = Drive::new(profile(Role::Mx));
    drive.feed(b"");
    let expected = "250-hamburger.edu greets crepes.fr [192.0.2.7]\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n\
                    250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-ENHANCEDSTATUSCODES\r\n\
                    250-HELP\r\n250-STARTTLS\r\n250 LIMITS RCPTMAX=1000 MAILMAX=1000\r\n";
    assert_eq!(drive.say("EHLO crepes.fr"), expected);
    let mut more = profile(Role::Mx);
    (more.trusted, more.dsn, more.tls_available, more.plaintext_login) = (true, true, false, true);
    let mut drive = Drive::new(more);
    drive.feed(b"");
    let reply = drive.say("EHLO crepes.fr");
    for line in ["250-VRFY\r\n", "250-EXPN\r\n", "250-DSN\r\n", "250-AUTH PLAIN\r\n"] {
        assert!(reply.contains(line), "{reply}");
    }
    assert!(!reply.contains("STARTTLS"));
}
