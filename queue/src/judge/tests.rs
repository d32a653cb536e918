#![allow(clippy::unwrap_used)]
use super::*;

use Stage::{Auth, Banner, Connect, Data, Dot, Ehlo, Mail, Rcpt, StartTls, Tls};

const STAGES: [Stage; 10] = [Connect, Banner, Ehlo, StartTls, Tls, Auth, Mail, Rcpt, Data, Dot];
const OUTCOMES: [&str; 8] = ["250", "450", "550", "closed", "silent", "garbage", "ours 4.7.0", "ours 5.7.0"];

/// Stage, outcome, verdict where another host is left, verdict at the last host, why.
type RowOfMatrix = (Stage, &'static str, &'static str, &'static str, &'static str);

const MATRIX: [RowOfMatrix; 80] = [
    (Connect, "250", "next 4.5.0", "retry 4.5.0", "no reply can come here; taken for garbage"),
    (Connect, "450", "next 4.0.0", "retry 4.0.0", "what a tunnel or proxy says in its place"),
    (Connect, "550", "next 5.0.0", "fail 5.0.0", "the same, for good"),
    (Connect, "closed", "next 4.4.1", "retry 4.4.1", "nobody listens there now"),
    (Connect, "silent", "next 4.4.1", "retry 4.4.1", "the host is down or behind a wall"),
    (Connect, "garbage", "next 4.5.0", "retry 4.5.0", "not our protocol; another host may speak it"),
    (Connect, "ours 4.7.0", "next 4.7.0", "retry 4.7.0", "our policy forbids this host now"),
    (Connect, "ours 5.7.0", "next 5.7.0", "fail 5.7.0", "our policy forbids this host"),
    (Banner, "250", "next 4.5.0", "retry 4.5.0", "a greeting is 220"),
    (Banner, "450", "next 4.3.2", "retry 4.3.2", "busy; another host may not be"),
    (Banner, "550", "next 5.3.2", "fail 5.3.2", "RFC 5321 §3.1: no mail here"),
    (Banner, "closed", "next 4.4.2", "retry 4.4.2", "it was there and went away"),
    (Banner, "silent", "next 4.4.2", "retry 4.4.2", "it is there and says nothing"),
    (Banner, "garbage", "next 4.5.0", "retry 4.5.0", "not SMTP"),
    (Banner, "ours 4.7.0", "next 4.7.0", "retry 4.7.0", "we do not like the greeting now"),
    (Banner, "ours 5.7.0", "next 5.7.0", "fail 5.7.0", "it is ourselves: a loop"),
    (Ehlo, "250", "next 4.5.0", "retry 4.5.0", "the session would not have stopped"),
    (Ehlo, "450", "next 4.3.2", "retry 4.3.2", "neither EHLO nor HELO now"),
    (Ehlo, "550", "next 5.3.2", "fail 5.3.2", "neither EHLO nor HELO, ever"),
    (Ehlo, "closed", "next 4.4.2", "retry 4.4.2", "before anything was sent"),
    (Ehlo, "silent", "next 4.4.2", "retry 4.4.2", "before anything was sent"),
    (Ehlo, "garbage", "next 4.5.0", "retry 4.5.0", "not SMTP"),
    (Ehlo, "ours 4.7.0", "next 4.7.0", "retry 4.7.0", "it lacks what our policy asks; another may have it"),
    (Ehlo, "ours 5.7.0", "next 5.7.0", "fail 5.7.0", "it lacks what the message needs, and no other host is there"),
    (StartTls, "250", "next 4.5.0", "retry 4.5.0", "it is 220 that says go ahead"),
    (StartTls, "450", "next 4.7.4", "retry 4.7.4", "RFC 3207 §4: not now"),
    (StartTls, "550", "next 5.7.4", "fail 5.7.4", "TLS must be and is not to be had"),
    (StartTls, "closed", "next 4.4.2", "retry 4.4.2", "before anything was sent"),
    (StartTls, "silent", "next 4.4.2", "retry 4.4.2", "before anything was sent"),
    (StartTls, "garbage", "next 4.5.0", "retry 4.5.0", "or injected replies"),
    (StartTls, "ours 4.7.0", "next 4.7.0", "retry 4.7.0", "not offered; an attacker may have taken it out"),
    (StartTls, "ours 5.7.0", "next 5.7.0", "fail 5.7.0", "the message may not go without"),
    (Tls, "250", "next 4.5.0", "retry 4.5.0", "no reply can come here"),
    (Tls, "450", "next 4.0.0", "retry 4.0.0", "in the clear, after 220"),
    (Tls, "550", "next 5.0.0", "fail 5.0.0", "the same"),
    (Tls, "closed", "next 4.4.2", "retry 4.4.2", "as some end a handshake they do not like"),
    (Tls, "silent", "next 4.4.2", "retry 4.4.2", "a stalled handshake"),
    (Tls, "garbage", "next 4.7.5", "retry 4.7.5", "the handshake failed"),
    (Tls, "ours 4.7.0", "next 4.7.0", "retry 4.7.0", "the certificate does not hold; it may be renewed"),
    (Tls, "ours 5.7.0", "next 5.7.0", "fail 5.7.0", "it will not hold"),
    (Auth, "250", "next 4.5.0", "retry 4.5.0", "it is 235"),
    (Auth, "450", "retry 4.7.0", "retry 4.7.0", "another host asks the same accounts"),
    (Auth, "550", "retry 4.7.0", "retry 4.7.0", "our password is wrong: no fault of the message"),
    (Auth, "closed", "next 4.4.2", "retry 4.4.2", "before anything was sent"),
    (Auth, "silent", "next 4.4.2", "retry 4.4.2", "before anything was sent"),
    (Auth, "garbage", "next 4.5.0", "retry 4.5.0", "the server's part of SCRAM is wrong"),
    (Auth, "ours 4.7.0", "next 4.7.0", "retry 4.7.0", "no mechanism that we may use"),
    (Auth, "ours 5.7.0", "next 5.7.0", "fail 5.7.0", "none, ever"),
    (Mail, "250", "next 4.5.0", "retry 4.5.0", "the session would not have stopped"),
    (Mail, "450", "retry 4.0.0", "retry 4.0.0", "this host decides for its domain"),
    (Mail, "550", "fail 5.0.0", "fail 5.0.0", "all recipients: nothing of this sender"),
    (Mail, "closed", "next 4.4.2", "retry 4.4.2", "nothing was sent yet"),
    (Mail, "silent", "next 4.4.2", "retry 4.4.2", "nothing was sent yet"),
    (Mail, "garbage", "next 4.5.0", "retry 4.5.0", "nothing was sent yet"),
    (Mail, "ours 4.7.0", "retry 4.7.0", "retry 4.7.0", "about the message, not the host"),
    (Mail, "ours 5.7.0", "fail 5.7.0", "fail 5.7.0", "SIZE, SMTPUTF8 or 8BITMIME that is not there"),
    (Rcpt, "250", "next 4.5.0", "retry 4.5.0", "the session would not have stopped"),
    (Rcpt, "450", "retry 4.2.0", "retry 4.2.0", "only this one"),
    (Rcpt, "550", "fail 5.0.0", "fail 5.0.0", "only this one"),
    (Rcpt, "closed", "next 4.4.2", "retry 4.4.2", "the transaction was not complete"),
    (Rcpt, "silent", "next 4.4.2", "retry 4.4.2", "the transaction was not complete"),
    (Rcpt, "garbage", "next 4.5.0", "retry 4.5.0", "the transaction was not complete"),
    (Rcpt, "ours 4.7.0", "retry 4.7.0", "retry 4.7.0", "about the recipient"),
    (Rcpt, "ours 5.7.0", "fail 5.7.0", "fail 5.7.0", "an address that cannot be said there"),
    (Data, "250", "next 4.5.0", "retry 4.5.0", "354 it must be; the content was not sent"),
    (Data, "450", "retry 4.0.0", "retry 4.0.0", "all recipients"),
    (Data, "550", "fail 5.0.0", "fail 5.0.0", "all recipients"),
    (Data, "closed", "next 4.4.2", "retry 4.4.2", "without its end mark it was not taken"),
    (Data, "silent", "next 4.4.2", "retry 4.4.2", "without its end mark it was not taken"),
    (Data, "garbage", "next 4.5.0", "retry 4.5.0", "without its end mark it was not taken"),
    (Data, "ours 4.7.0", "retry 4.7.0", "retry 4.7.0", "our own store could not read on"),
    (Data, "ours 5.7.0", "fail 5.7.0", "fail 5.7.0", "content that cannot be carried"),
    (Dot, "250", "sent", "sent", "the peer has it"),
    (Dot, "450", "retry 4.0.0", "retry 4.0.0", "not taken, perhaps later"),
    (Dot, "550", "fail 5.0.0", "fail 5.0.0", "not taken: the content was looked at"),
    (Dot, "closed", "doubtful 4.4.2", "doubtful 4.4.2", "RFC 1047: it may have been taken"),
    (Dot, "silent", "doubtful 4.4.2", "doubtful 4.4.2", "RFC 1047"),
    (Dot, "garbage", "doubtful 4.5.0", "doubtful 4.5.0", "RFC 1047"),
    (Dot, "ours 4.7.0", "retry 4.7.0", "retry 4.7.0", "we did not send the end mark after all"),
    (Dot, "ours 5.7.0", "fail 5.7.0", "fail 5.7.0", "we did not send the end mark after all"),
];

/// `550`, `550 5.1.1 words`, or one of the words of the matrix.
fn said(text: &str) -> Said {
    match text {
        "closed" => return Said::Closed,
        "silent" => return Said::TimedOut,
        "garbage" => return Said::Garbage,
        _ => {}
    }
    if let Some(status) = text.strip_prefix("ours ") {
        return Said::Refused(Enhanced(if status == "5.7.0" { 5 } else { 4 }, 7, 0));
    }
    let (reply, _) = Reply::parse(format!("{text}\r\n").as_bytes()).unwrap().unwrap();
    Said::Reply(reply)
}

fn word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Sent => "sent".to_owned(),
        Verdict::NextHost { status } => format!("next {status}"),
        Verdict::Fail { status } => format!("fail {status}"),
        Verdict::Retry { class, status } => {
            let word = match class {
                Class::Ordinary => "retry",
                Class::Greylisted => "greylisted",
                Class::AtOnce => "at once",
                Class::Doubtful => "doubtful",
            };
            format!("{word} {status}")
        }
    }
}

fn judged(stage: Stage, text: &str, history: History) -> String {
    word(judge(&Failure { stage, said: said(text) }, &history))
}

const LAST: History = History { hosts_left: 0, hosts_failed_for_now: 0, accepted: 0 };

#[test]
fn the_whole_matrix() {
    for (stage, outcome, with_next, at_last, why) in MATRIX {
        assert_eq!(judged(stage, outcome, History { hosts_left: 1, ..LAST }), with_next, "{stage:?} {outcome}: {why}");
        assert_eq!(judged(stage, outcome, LAST), at_last, "{stage:?} {outcome} at the last host: {why}");
    }
}

#[test]
fn the_matrix_is_whole() {
    let cells: Vec<_> = STAGES.iter().flat_map(|stage| OUTCOMES.iter().map(move |said| (*stage, *said))).collect();
    let rows: Vec<_> = MATRIX.iter().map(|(stage, said, ..)| (*stage, *said)).collect();
    assert_eq!(rows, cells);
}

#[test]
fn replies_with_a_meaning_of_their_own() {
    let accepted = History { accepted: 100, ..LAST };
    for (stage, reply, history, expected) in [
        // RFC 7504 §3, RFC 5321 §3.1
        (Banner, "521 no mail here", LAST, "fail 5.3.2"),
        (Banner, "554 5.7.1 go away", LAST, "fail 5.7.1"),
        // RFC 5321 §3.8
        (Mail, "421 4.3.2 going down", History { hosts_left: 1, ..LAST }, "next 4.3.2"),
        (Mail, "421 going down", LAST, "retry 4.3.2"),
        (Rcpt, "421 4.7.0 too much mail", History { hosts_left: 2, ..LAST }, "next 4.7.0"),
        (Dot, "421 going down", History { hosts_left: 1, ..LAST }, "retry 4.3.2"),
        // RFC 5321 §4.5.3.1.10
        (Rcpt, "452 too many recipients", accepted, "at once 4.5.3"),
        (Rcpt, "452 4.5.3 too many recipients", accepted, "at once 4.5.3"),
        (Rcpt, "552 too many recipients", accepted, "at once 4.5.3"),
        (Rcpt, "552 5.5.3 too many recipients", accepted, "at once 4.5.3"),
        (Rcpt, "452 4.3.1 no space", accepted, "retry 4.3.1"),
        (Rcpt, "552 5.2.2 mailbox full", accepted, "fail 5.2.2"),
        // The first recipient cannot be one too many.
        (Rcpt, "452 too many", LAST, "retry 4.5.3"),
        (Rcpt, "552 mailbox full", LAST, "fail 5.2.2"),
        (Mail, "552 too large", LAST, "fail 5.3.4"),
        (Dot, "552 too large", accepted, "fail 5.3.4"),
        (Mail, "452 no space", LAST, "retry 4.3.1"),
        (Rcpt, "556 no mail for that domain", LAST, "fail 5.1.10"),
        (Auth, "535 wrong password", LAST, "retry 4.7.8"),
        (Auth, "535 5.7.8 wrong password", History { hosts_left: 1, ..LAST }, "retry 4.7.8"),
        (Data, "554 no valid recipients", LAST, "fail 5.0.0"),
    ] {
        assert_eq!(judged(stage, reply, history), expected, "{stage:?} {reply}");
    }
}

#[test]
fn the_code_decides_where_the_status_differs() {
    for (code, status, expected) in [(450, Enhanced(5, 1, 1), "retry 4.1.1"), (550, Enhanced(4, 2, 1), "fail 5.2.1")] {
        let failure = Failure { stage: Rcpt, said: Said::Reply(Reply::new(code, status, "no")) };
        assert_eq!(word(judge(&failure, &LAST)), expected);
    }
}

#[test]
fn greylisting_is_heard() {
    for (stage, reply, expected) in [
        (Rcpt, "450 4.2.0 <bob@crepes.fr>: Greylisted, see the help", "greylisted 4.2.0"),
        (Rcpt, "451 4.7.1 try again later", "greylisted 4.7.1"),
        (Rcpt, "450-4.1.1 first line\r\n450 4.1.1 GreyListing in action", "greylisted 4.1.1"),
        (Dot, "451 graylisted", "greylisted 4.3.0"),
        (Mail, "451 4.7.1 greylisted", "greylisted 4.7.1"),
        (Rcpt, "452 4.2.0 not by this code", "retry 4.2.0"),
        (Rcpt, "450 4.1.1 no such user yet", "retry 4.1.1"),
        (Rcpt, "550 greylisted for good", "fail 5.0.0"),
    ] {
        assert_eq!(judged(stage, reply, LAST), expected, "{reply}");
    }
}

#[test]
fn a_refusal_at_the_last_host_waits_for_those_that_were_down() {
    let history = History { hosts_failed_for_now: 1, ..LAST };
    assert_eq!(judged(Banner, "554 no", history), "retry 4.3.2");
    assert_eq!(judged(Ehlo, "550 5.7.1 no", history), "retry 4.7.1");
    assert_eq!(judged(Connect, "ours 5.7.0", history), "retry 4.7.0");
    // What was said of the message or the recipient holds all the same.
    assert_eq!(judged(Rcpt, "550 5.1.1 no", history), "fail 5.1.1");
}

#[test]
fn every_code_has_a_verdict_of_its_class() {
    for stage in STAGES {
        for code in 200..600 {
            let verdict = judged(stage, &format!("{code} 2.0.0 x"), LAST);
            let fits = match code {
                200..300 if stage == Dot => verdict == "sent",
                200..500 => !verdict.starts_with("fail") && verdict.contains(" 4."),
                _ if stage == Auth => verdict.starts_with("retry 4."),
                _ => verdict.starts_with("fail 5."),
            };
            assert!(fits, "{stage:?} {code}: {verdict}");
        }
    }
}

#[test]
fn whom_it_concerns() {
    assert_eq!(Rcpt.scope(), Scope::Recipient);
    for stage in [Mail, Data, Dot] {
        assert_eq!(stage.scope(), Scope::Transaction);
    }
    for stage in [Connect, Banner, Ehlo, StartTls, Tls, Auth] {
        assert_eq!(stage.scope(), Scope::Host);
    }
}
