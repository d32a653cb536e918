//! What is sent: how long a line may be, what may stand in it, how much goes in one group.

use super::super::limits::{COMMAND_LINE, GROUP, RCPT_PARAMETERS};
use super::*;
use crate::sasl::Secret;
use crate::sasl::client::Credential;
use crate::smtp::Notify;

const PIPELINING: &str = "250-mx\r\n250-DSN\r\n250 PIPELINING\r\n";

#[test]
fn a_group_has_a_limit() {
    // RCPT TO:<xxxx...@hamburger.edu> of 128 octets, CR LF counted; MAIL FROM:<> has 14 and DATA 6.
    let name = "x".repeat(128 - "RCPT TO:<@hamburger.edu>\r\n".len());
    let said = |names: usize, last: usize| {
        let mut drive = Drive::greeted(profile(), PIPELINING);
        let mut recipients = vec![recipient(&name); names];
        recipients.push(recipient(&name[..name.len() - (128 - last)]));
        drive.begin(transaction(recipients));
        drive.said
    };
    let rest = GROUP - 31 * 128 - "MAIL FROM:<>\r\n".len();
    let exact = said(31, rest - "DATA\r\n".len());
    assert!(exact.len() == GROUP && exact.ends_with("DATA\r\n"));
    let past = said(31, rest - "DATA\r\n".len() + 1);
    assert!(past.len() == GROUP - 5 && !past.contains("DATA"));
    assert_eq!(said(31, rest).len(), GROUP);
    assert_eq!(said(31, rest + 1).len(), GROUP - rest, "the last RCPT waits");
}

#[test]
fn without_pipelining_nothing_is_sent_ahead() {
    let mut drive = Drive::greeted(profile(), "250 mx\r\n");
    drive.begin(transaction(vec![recipient("a"), recipient("b")]));
    let expected = ["MAIL FROM:<>", "RCPT TO:<a@hamburger.edu>", "RCPT TO:<b@hamburger.edu>", "DATA"];
    for line in expected {
        assert_eq!(std::mem::take(&mut drive.said), format!("{line}\r\n"));
        drive.hear(b"250 ok\r\n");
    }
    // 250 to DATA is nonsense.
    assert_eq!(drive.outcome().stage, Stage::Data);
}

/// `Address::new` checks nothing, so this is the place where a line end in a name must not become a command.
#[test]
fn no_control_character_is_sent() {
    for evil in ["a\r\nRSET", "a\nb", "a\rb", "a\0b", "a\u{7f}", "a\u{85}b"] {
        let mut drive = Drive::greeted(profile(), PIPELINING);
        drive.begin(transaction(vec![recipient(evil), recipient("b")]));
        assert_eq!(drive.said, "MAIL FROM:<>\r\nRCPT TO:<b@hamburger.edu>\r\nDATA\r\n", "{evil:?}");
        drive.event(Event::PeerClosed);
        assert_eq!(drive.outcome(), Outcome { stage: Stage::Rcpt, said: Said::Refused(Refusal::Address) });

        let mut drive = Drive::greeted(profile(), PIPELINING);
        let host = Host::parse("crepes.fr").unwrap();
        let reverse_path = ReversePath::Address(Address::new(evil, host));
        drive.begin(Transaction { reverse_path, ..transaction(vec![recipient("b")]) });
        assert_eq!(drive.said, "");
        assert_eq!(drive.outcome(), Outcome { stage: Stage::Mail, said: Said::Refused(Refusal::Address) });
    }
}

#[test]
fn what_is_decoded_goes_out_encoded() {
    let mut drive = Drive::greeted(profile(), PIPELINING);
    let orcpt = Some("rfc822;a\r\nRSET\r\n@b".to_owned());
    let recipients = vec![Recipient { orcpt, notify: Some(Notify::default()), ..recipient("a") }];
    drive.begin(Transaction { envid: Some("x\r\ny".to_owned()), ..transaction(recipients) });
    let rcpt = "RCPT TO:<a@hamburger.edu> NOTIFY=NEVER ORCPT=rfc822;a+0D+0ARSET+0D+0A@b";
    assert_eq!(drive.said, format!("MAIL FROM:<> ENVID=x+0D+0Ay\r\n{rcpt}\r\nDATA\r\n"));
}

#[test]
fn names_that_do_not_fit_a_line_are_refused() {
    let long = |octets: usize| recipient(&"x".repeat(octets - "RCPT TO:<@hamburger.edu>\r\n".len()));
    let room = COMMAND_LINE + RCPT_PARAMETERS;
    let mut drive = Drive::greeted(profile(), PIPELINING);
    drive.begin(transaction(vec![long(room + 1), long(room)]));
    assert_eq!(drive.said.lines().map(str::len).max(), Some(room - 2));
    assert_eq!(drive.said.matches("RCPT").count(), 1);
}

#[test]
fn what_is_too_long_for_a_parameter_is_left_out() {
    let parameters = |envid: usize, orcpt: usize| {
        let mut drive = Drive::greeted(profile(), PIPELINING);
        let orcpt = Some(format!("rfc822;{}", "x".repeat(orcpt - "rfc822;".len())));
        let recipients = vec![Recipient { orcpt, ..recipient("a") }];
        drive.begin(Transaction { envid: Some("x".repeat(envid)), ..transaction(recipients) });
        (drive.said.contains("ENVID="), drive.said.contains("ORCPT="))
    };
    assert_eq!(parameters(100, 500), (true, true));
    assert_eq!(parameters(101, 501), (false, false));
}

#[test]
fn our_name_is_one_word_of_a_line() {
    let greeting = |name: &str| {
        let mut drive = Drive::new(Profile { name: name.to_owned(), ..profile() });
        drive.hear(b"220 mx\r\n");
        drive.said
    };
    assert_eq!(greeting("a b\r\nQUIT\u{fc}"), "EHLO abQUIT\r\n");
    assert_eq!(greeting(&"x".repeat(COMMAND_LINE)).len(), COMMAND_LINE);
}

#[test]
fn a_password_is_not_shown() {
    let login =
        Login { user: "bob".into(), credential: Credential::Password(Secret(b"hungry".to_vec())), in_the_clear: false };
    let shown = format!("{:?}", Profile { login: Some(login), ..profile() });
    assert!(shown.contains("***") && !shown.contains("hungry") && !shown.contains("104"));
}
