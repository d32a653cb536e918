//! Letters to servers that are written down.

use super::*;
use crate::account::Security;
use crate::stage::{Stage as Hosts, Wrap, play};
use wire::sasl::Secret;

const HELLO: (&str, &str) = ("EHLO [127.0.0.1]", "250-mx\r\n250 8BITMIME");
const LETTER: &[u8] = b"Subject: x\r\n\r\n.hi\r\n";

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope {
        reverse_path: "alice@hamburger.edu".to_owned(),
        recipients: recipients.iter().map(|recipient| (*recipient).to_owned()).collect(),
        smtputf8: false,
    }
}

/// Sends a letter to a server that says this.
async fn sent(envelope: &Envelope, content: &'static [u8], script: Vec<(&'static str, &'static str)>) -> Report {
    let mut hosts = Hosts::new();
    let (listener, tls) = (hosts.listen("mx.fr", 465).await, hosts.tls("mx.fr"));
    let playing = tokio::spawn(async move { play(&listener, Wrap::Tls(tls), "220 mx", &script).await });
    let server = Server { host: "mx.fr".to_owned(), port: 465, security: Security::Tls, user: None, trust: None };
    let (internet, folders) = (hosts.internet(), hosts.folders());
    let login = Some(("alice".to_owned(), Credential::Password(Secret(b"hungry".to_vec()))));
    let login = login.filter(|_| envelope.reverse_path.starts_with("alice@"));
    let way = Way { internet: &internet, folders: &folders, server: &server, login };
    let report = submit(&way, envelope, Bytes::from_static(content)).await;
    playing.await.unwrap();
    report
}

const LOGGED_IN: [(&str, &str); 2] =
    [("EHLO [127.0.0.1]", "250-mx\r\n250-8BITMIME\r\n250 AUTH PLAIN"), ("AUTH PLAIN AGFsaWNlAGh1bmdyeQ==", "235 in")];
const DATA: [(&str, &str); 2] = [("DATA", "354 go"), ("Subject: x\r\n\r\n..hi\r\n.", "250 queued")];

fn script(parts: &[&[(&'static str, &'static str)]]) -> Vec<(&'static str, &'static str)> {
    parts.concat()
}

#[tokio::test]
async fn every_recipient_has_a_fate_of_its_own() {
    let said = script(&[
        &LOGGED_IN,
        &[
            ("MAIL FROM:<alice@hamburger.edu>", "250 ok"),
            ("RCPT TO:<bob@crepes.fr>", "250 ok"),
            ("RCPT TO:<nobody@crepes.fr>", "550 5.1.1 who"),
            ("RCPT TO:<busy@crepes.fr>", "450 later"),
        ],
        &DATA,
        &[("QUIT", "221 bye")],
    ]);
    let report = sent(&envelope(&["bob@crepes.fr", "nobody@crepes.fr", "busy@crepes.fr"]), LETTER, said).await;
    assert_eq!(report.trouble, None);
    assert!(matches!(&report.fates[..], [Fate::Taken(_), Fate::Refused(who), Fate::Later(_)] if who.contains("5.1.1")));
    assert!(!report.is_taken() && !report.is_unsure());
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_end_leaves_it_unknown() {
    let begin: [(&str, &str); 3] = [HELLO, ("MAIL", "250 ok"), ("RCPT", "250 ok")];
    let from_nobody = Envelope { reverse_path: String::new(), ..envelope(&["bob@crepes.fr"]) };
    let broken = script(&[&begin, &[DATA[0], (DATA[1].0, "")]]);
    let report = sent(&from_nobody, LETTER, broken).await;
    assert!(report.is_unsure() && matches!(&report.fates[..], [Fate::Unknown(_)]), "{report:?}");
    // Before its end nothing can have gone.
    let report = sent(&from_nobody, LETTER, script(&[&begin, &[("DATA", "")]])).await;
    assert!(matches!(&report.fates[..], [Fate::Later(_)]), "{report:?}");
    let refused = script(&[&begin, &[DATA[0], (DATA[1].0, "554 spam"), ("QUIT", "221")]]);
    assert!(matches!(&sent(&from_nobody, LETTER, refused).await.fates[..], [Fate::Refused(_)]));
    let whole = script(&[&begin, &DATA, &[("QUIT", "221")]]);
    assert!(sent(&from_nobody, LETTER, whole).await.is_taken());
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_as_such() {
    let wrong = script(&[&LOGGED_IN[..1], &[(LOGGED_IN[1].0, "535 5.7.8 wrong"), ("QUIT", "221")]]);
    let report = sent(&envelope(&["bob@crepes.fr"]), LETTER, wrong).await;
    let trouble = report.trouble.unwrap();
    assert_eq!((trouble.kind, report.fates.len()), (Kind::NotAllowed, 1));
    assert_eq!(trouble.text, "mx.fr does not let us in: 535 5.7.8 wrong. Check the name and the password");
    let none = script(&[&[("EHLO", "250 mx"), ("QUIT", "221")]]);
    let trouble = sent(&envelope(&["bob@crepes.fr"]), LETTER, none).await.trouble.unwrap();
    assert_eq!((trouble.kind, trouble.may_pass()), (Kind::Settings, false));
    let sender = script(&[&LOGGED_IN, &[("MAIL", "550 not yours"), ("QUIT", "221")]]);
    let report = sent(&envelope(&["bob@crepes.fr"]), LETTER, sender).await;
    assert_eq!(report.trouble.unwrap(), Trouble::new(Kind::Data, "mx.fr refuses the letter: 550 not yours"));
    assert!(matches!(&report.fates[..], [Fate::Refused(_)]));
    // Who has to log in first has it with every letter.
    let nobody = script(&[&[HELLO, ("MAIL", "530 5.7.0 log in"), ("QUIT", "221")]]);
    let from_nobody = Envelope { reverse_path: String::new(), ..envelope(&["bob@crepes.fr"]) };
    assert_eq!(sent(&from_nobody, LETTER, nobody).await.trouble.unwrap().kind, Kind::NotAllowed);
    let later = script(&[&LOGGED_IN, &[("MAIL", "451 busy"), ("QUIT", "221")]]);
    let report = sent(&envelope(&["bob@crepes.fr"]), LETTER, later).await;
    assert!(report.trouble.is_none() && matches!(&report.fates[..], [Fate::Later(_)]), "{report:?}");
}

#[tokio::test]
async fn a_letter_that_a_server_cannot_take_is_refused_and_not_offered() {
    let from_nobody = Envelope { reverse_path: String::new(), ..envelope(&["bob@crepes.fr"]) };
    let offers = |offer: &'static str| script(&[&[("EHLO", offer), ("QUIT", "221")]]);
    // RFC 1870 §6.1: the letter has 19 octets.
    let report = sent(&from_nobody, LETTER, offers("250-mx\r\n250 SIZE 18")).await;
    let words = "the letter is too large: it has 19 octets, and mx.fr takes at most 18";
    assert_eq!(report.trouble, Some(Trouble::new(Kind::Data, words)));
    assert!(matches!(&report.fates[..], [Fate::Refused(_)]), "{report:?}");
    let fits = script(&[&[("EHLO", "250-mx\r\n250 SIZE 19"), ("MAIL FROM:<> SIZE=19", "250"), ("RCPT", "250")], &DATA]);
    assert!(sent(&from_nobody, LETTER, script(&[&fits, &[("QUIT", "221")]])).await.is_taken());
    // RFC 6531 §3.1.
    let abroad = Envelope { smtputf8: true, ..from_nobody };
    let report = sent(&abroad, LETTER, offers("250-mx\r\n250 8BITMIME")).await;
    let trouble = report.trouble.unwrap();
    assert!(trouble.kind == Kind::Data && trouble.text.contains("SMTPUTF8"), "{trouble}");
    assert!(matches!(&report.fates[..], [Fate::Refused(_)]));
}

#[tokio::test]
async fn eight_bits_become_seven_where_the_server_wants_it() {
    let from_nobody = Envelope { reverse_path: String::new(), ..envelope(&["bob@crepes.fr"]) };
    let letter = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u{e9}\r\n";
    let said = script(&[
        &[("EHLO", "250 mx"), ("MAIL FROM:<>", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")],
        &[(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nw6kNCg==\r\n.",
            "250 ok",
        )],
        &[("QUIT", "221")],
    ]);
    assert!(sent(&from_nobody, letter.as_bytes(), said).await.is_taken());
    let header = "Subject: \u{e9}\r\n\r\n";
    let report = sent(&from_nobody, header.as_bytes(), script(&[&[("EHLO", "250 mx"), ("QUIT", "221")]])).await;
    assert_eq!(report.trouble.unwrap().kind, Kind::Data);
}

#[tokio::test]
async fn as_many_recipients_at_a_time_as_the_server_takes() {
    let from_nobody = Envelope { reverse_path: String::new(), ..envelope(&["a@b.fr", "c@b.fr", "d@b.fr"]) };
    let said = script(&[
        &[("EHLO", "250-mx\r\n250 LIMITS RCPTMAX=2")],
        &[("MAIL", "250"), ("RCPT TO:<a@b.fr>", "250"), ("RCPT TO:<c@b.fr>", "250")],
        &DATA,
        &[("MAIL", "250"), ("RCPT TO:<d@b.fr>", "250")],
        &DATA,
        &[("QUIT", "221")],
    ]);
    assert!(sent(&from_nobody, LETTER, said).await.is_taken());
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anybody_is_called() {
    let hosts = Hosts::new();
    let server = Server { host: "h.fr".into(), port: 465, security: Security::Tls, user: None, trust: None };
    let (internet, folders) = (hosts.internet(), hosts.folders());
    let way = Way { internet: &internet, folders: &folders, server: &server, login: None };
    for (recipients, content) in [
        (&["bob"][..], LETTER),
        (&[], LETTER),
        (&["bob@crepes.fr"], b"a\nb"),
        (&["bob@crepes.fr"], b"a\rb"),
        (&["bob@crepes.fr"], b"a\r"),
    ] {
        let report = submit(&way, &envelope(recipients), Bytes::from_static(content)).await;
        assert_eq!(report.trouble.unwrap().kind, Kind::Data, "{recipients:?}");
        assert!(!report.fates.iter().any(|fate| !matches!(fate, Fate::Refused(_))));
    }
    let nobody = submit(&way, &envelope(&["bob@crepes.fr"]), Bytes::from_static(LETTER)).await;
    assert_eq!(nobody.trouble.unwrap().kind, Kind::NoHost);
    assert!(matches!(&nobody.fates[..], [Fate::Later(_)]));
}

#[tokio::test]
async fn starttls_is_insisted_on_and_certificates_are_judged() {
    let mut hosts = Hosts::new();
    let listener = hosts.listen("mx.fr", 587).await;
    let (tls, pem) = hosts.tls_self_signed("mx.fr");
    let folders = hosts.folders();
    crate::disk::write(&folders.trusted().join("mx.pem"), pem.as_bytes()).unwrap();
    let server = Server { host: "mx.fr".into(), port: 587, security: Security::StartTls, user: None, trust: None };
    let pinned = Server { trust: Some("trusted/mx.pem".into()), ..server.clone() };
    let internet = hosts.internet();
    let playing = tokio::spawn(async move {
        let secure = [("EHLO", "250-mx\r\n250 STARTTLS"), ("STARTTLS", "220 go")];
        let open = [("EHLO", "250 mx"), ("QUIT", "221")];
        play(&listener, Wrap::StartTls(tls.clone()), "220 mx", &open).await;
        play(&listener, Wrap::StartTls(tls.clone()), "220 mx", &secure).await;
        let whole = script(&[&secure, &[("EHLO", "250 mx"), ("QUIT", "221")]]);
        play(&listener, Wrap::StartTls(tls), "220 mx", &whole).await;
    });
    let way = |server| Way { internet: &internet, folders: &folders, server, login: None };
    assert_eq!(greet(&way(&server)).await.unwrap_err().text, "mx.fr: the other server does not offer TLS");
    let distrust = greet(&way(&server)).await.unwrap_err();
    assert!(distrust.kind == Kind::Settings && distrust.text.contains("mail account trust"), "{distrust}");
    assert_eq!(greet(&way(&pinned)).await, Ok(()));
    playing.await.unwrap();
}
