//! Servers that are written down, and what their answers mean.

use super::*;
use crate::stage::{Stage, Wrap, answer, ok, play};
use net::tls::CertificateFacts;
use wire::sasl::Secret;

const SHARED: u16 = 4993;

/// What is spoken, how it is protected, the greeting, and what follows.
type Scripted = (Protocol, Security, &'static str, Vec<(&'static str, &'static str)>);

fn who() -> Option<Who> {
    Some(("bob".to_owned(), Credential::Password(Secret(b"hungry".to_vec()))))
}

fn bob() -> Address {
    Address::parse("bob@h.fr").unwrap()
}

fn server(security: Security) -> Server {
    Server { host: "h.fr".to_owned(), port: SHARED, security, user: None, trust: None }
}

/// What a login at a server that says this comes to.
async fn tried(
    incoming: Incoming,
    greeting: &'static str,
    script: Vec<(&'static str, &'static str)>,
) -> Result<(), Trouble> {
    let mut stage = Stage::new();
    let (listener, tls) = (stage.listen("h.fr", SHARED).await, stage.tls("h.fr"));
    let playing = tokio::spawn(async move { play(&listener, Wrap::Tls(tls), greeting, &script).await });
    let (internet, folders) = (stage.internet(), stage.folders());
    let came = Trial { internet: &internet, folders: &folders }.incoming(&incoming, &bob(), who()).await;
    playing.await.unwrap();
    came
}

fn kind(came: Result<(), Trouble>) -> Kind {
    came.unwrap_err().kind
}

#[tokio::test]
async fn imap_says_who_may_come_in() {
    let imap = || Incoming::Imap(server(Security::Tls));
    let greeting = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello";
    let login = "p1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=";
    let yes = vec![(login, "p1 OK [CAPABILITY IMAP4rev1] in"), ("p2 LOGOUT", "* BYE\r\np2 OK bye")];
    assert_eq!(tried(imap(), greeting, yes).await, Ok(()));
    let no = vec![(login, "p1 NO [AUTHENTICATIONFAILED] wrong"), ("p2 LOGOUT", "p2 OK")];
    let trouble = tried(imap(), greeting, no).await.unwrap_err();
    assert_eq!((trouble.kind, trouble.text.as_str()), (Kind::NotAllowed, "h.fr: it says no: wrong"));
    let full = vec![(login, "p1 NO [UNAVAILABLE] not now"), ("p2 LOGOUT", "p2 OK")];
    assert_eq!(kind(tried(imap(), greeting, full).await), Kind::TryAgain);
    assert_eq!(kind(tried(imap(), greeting, vec![(login, "")]).await), Kind::TryAgain);
    assert_eq!(kind(tried(imap(), "220 mx ESMTP", vec![]).await), Kind::Protocol);
    assert_eq!(kind(tried(imap(), "* BYE full", vec![]).await), Kind::Unavailable);
}

#[tokio::test]
async fn pop3_says_who_may_come_in() {
    let pop3 = || Incoming::Pop3 { server: server(Security::Tls), keep: true };
    let greeting = "+OK hello";
    let capa = ("CAPA", "+OK\r\nUSER\r\n.");
    let begin = vec![capa, ("USER bob", "+OK"), ("PASS hungry", "-ERR wrong"), ("QUIT", "+OK")];
    assert_eq!(kind(tried(pop3(), greeting, begin).await), Kind::NotAllowed);
    let busy = vec![capa, ("USER bob", "+OK"), ("PASS hungry", "-ERR [IN-USE] not now"), ("QUIT", "+OK")];
    assert_eq!(kind(tried(pop3(), greeting, busy).await), Kind::TryAgain);
    let yes = vec![capa, ("USER bob", "+OK"), ("PASS hungry", "+OK"), capa, ("QUIT", "+OK")];
    assert_eq!(tried(pop3(), greeting, yes).await, Ok(()));
}

#[tokio::test]
async fn jmap_shows_its_session_to_who_may_come_in() {
    let mut stage = Stage::new();
    stage
        .https("h.fr", |asked| match (asked.line(), asked.head.contains("Basic Ym9iOmh1bmdyeQ==")) {
            ("GET /.well-known/jmap", _) => answer("302 Found", "Location: /session\r\n", ""),
            ("GET /session", true) => ok("application/json", r#"{"capabilities":{"urn:ietf:params:jmap:core":{}}}"#),
            ("GET /other", true) => ok("application/json", "{}"),
            ("GET /session" | "GET /other", false) => answer("401 Unauthorized", "", ""),
            _ => answer("404 Not Found", "", ""),
        })
        .await;
    let (internet, folders) = (stage.internet(), stage.folders());
    let trial = Trial { internet: &internet, folders: &folders };
    let at = async |url: &str, who| {
        let incoming = Incoming::Jmap { url: url.to_owned(), user: None, trust: None };
        trial.incoming(&incoming, &bob(), who).await
    };
    let stranger = Some(("eve".to_owned(), Credential::Token(Secret(b"x".to_vec()))));
    for url in ["https://h.fr", "https://h.fr/", "https://h.fr/session"] {
        assert_eq!(at(url, who()).await, Ok(()), "{url}");
        assert_eq!(kind(at(url, stranger.clone()).await), Kind::NotAllowed, "{url}");
    }
    for url in ["https://h.fr/other", "https://h.fr/absent"] {
        assert_eq!(kind(at(url, who()).await), Kind::Settings, "{url}");
    }
    assert_eq!(kind(at("https://h.fr/session", None).await), Kind::Settings);
}

#[tokio::test]
async fn places_on_this_machine_are_there_or_not() {
    let stage = Stage::new();
    let (internet, folders) = (stage.internet(), stage.folders());
    let trial = Trial { internet: &internet, folders: &folders };
    disk::make_folder(&folders.data).unwrap();
    assert_eq!(trial.incoming(&Incoming::Maildir(folders.data.clone()), &bob(), None).await, Ok(()));
    assert_eq!(
        trial.incoming(&Incoming::Mbox(folders.data.join("none")), &bob(), None).await,
        Ok(()),
        "an empty spool"
    );
    for absent in [Incoming::Mbox(folders.data.join("no/spool")), Incoming::Maildir(folders.data.join("none"))] {
        assert_eq!(kind(trial.incoming(&absent, &bob(), None).await), Kind::Settings);
    }
    disk::write(&folders.data.join("notes"), b"no mail").unwrap();
    assert_eq!(kind(trial.incoming(&Incoming::Mbox(folders.data.join("notes")), &bob(), None).await), Kind::Data);
    assert_eq!(trial.outgoing(&Outgoing::Jmap, &bob(), None).await, Ok(()));
}

/// A post office that knows one account.
struct OneAccount;

impl wire::host::Door for OneAccount {
    fn open<'a>(
        &'a self,
        _: Option<&'a std::path::Path>,
        account: &'a str,
    ) -> wire::host::Later<'a, Result<Box<dyn wire::host::Carrier>, wire::host::Refusal>> {
        Box::pin(async move {
            let refusal = |code, text: &str| wire::host::Refusal { code, text: text.to_owned() };
            match account {
                "bob@h.fr" => Err(refusal(75, "it is full just now")),
                _ => Err(refusal(67, "there is no such account")),
            }
        })
    }
}

#[tokio::test]
async fn the_post_office_of_this_host_is_entered() {
    let stage = Stage::new();
    let (internet, folders) = (stage.internet(), stage.folders());
    let trial = Trial { internet: &internet, folders: &folders };
    let at = |user: Option<&str>| Place { user: user.map(str::to_owned), path: None };
    let reading = async |user| trial.incoming(&Incoming::Local(at(user)), &bob(), None).await;
    assert_eq!(kind(reading(None).await), Kind::Settings, "there is none");
    internet.set_door(Arc::new(OneAccount));
    assert_eq!(kind(reading(Some("nobody")).await), Kind::NotFound);
    assert_eq!(kind(trial.outgoing(&Outgoing::Local(at(Some("nobody"))), &bob(), None).await), Kind::NotFound);
    assert_eq!(kind(reading(None).await), Kind::TryAgain, "asked for by the address");
}

#[tokio::test]
async fn a_certificate_is_seen_before_anything_is_said() {
    let mut stage = Stage::new();
    let (tls, pem) = stage.tls_self_signed("h.fr");
    let listener = stage.listen("h.fr", SHARED).await;
    let (internet, folders) = (stage.internet(), stage.folders());
    let expected = rustls::pki_types::CertificateDer::from(
        net::tls::Pins::read(pem.as_bytes()).unwrap().certificates.first().unwrap().to_vec(),
    );
    let fingerprint = CertificateFacts::read(&expected).unwrap().fingerprint;
    let scripts: [Scripted; 6] = [
        (Protocol::Imap, Security::Tls, "", vec![]),
        (Protocol::Pop3, Security::Tls, "", vec![]),
        (Protocol::Smtp, Security::Tls, "", vec![]),
        (
            Protocol::Imap,
            Security::StartTls,
            "* OK [CAPABILITY IMAP4rev1 STARTTLS] x",
            vec![("p1 STARTTLS", "p1 OK go")],
        ),
        (Protocol::Pop3, Security::StartTls, "+OK", vec![("CAPA", "+OK\r\nSTLS\r\n."), ("STLS", "+OK go")]),
        (Protocol::Smtp, Security::StartTls, "220 x", vec![("EHLO", "250-x\r\n250 STARTTLS"), ("STARTTLS", "220 go")]),
    ];
    for (protocol, security, greeting, script) in scripts {
        let wrap = match security {
            Security::Tls => Wrap::Tls(tls.clone()),
            _ => Wrap::StartTls(tls.clone()),
        };
        let trial = Trial { internet: &internet, folders: &folders };
        let server = server(security);
        let (seen, ()) = tokio::join!(trial.certificates(&server, protocol), play(&listener, wrap, greeting, &script));
        let seen = CertificateFacts::read(seen.unwrap().first().unwrap()).unwrap();
        assert_eq!(seen.fingerprint, fingerprint, "{protocol:?} {security:?}");
    }
    let trial = Trial { internet: &internet, folders: &folders };
    let none = server(Security::StartTls);
    let script = [("EHLO", "250 x"), ("QUIT", "221")];
    let (seen, ()) =
        tokio::join!(trial.certificates(&none, Protocol::Smtp), play(&listener, Wrap::StartTls(tls), "220 x", &script));
    assert_eq!(seen.unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn only_this_machine_is_spoken_to_in_the_open_without_asking() {
    assert!(is_open(&server(Security::Plain)) && !is_open(&server(Security::StartTls)));
    assert!(!is_open(&Server { host: "127.0.0.1".to_owned(), ..server(Security::Plain) }));
}

/// What came in the clear behind the word that TLS may start counts for nothing: neither that one is logged in, nor what the
/// server can do (CVE-2011-0411 and its kin).
#[tokio::test]
async fn what_is_said_before_tls_is_not_believed_after_it() {
    let mut stage = Stage::new();
    let tls = stage.tls("h.fr");
    let listener = stage.listen("h.fr", SHARED).await;
    let (internet, folders) = (stage.internet(), stage.folders());
    let trial = Trial { internet: &internet, folders: &folders };
    let (server, bob) = (server(Security::StartTls), bob());
    let wrap = || Wrap::StartTls(tls.clone());
    let imap = [
        ("p1 STARTTLS", "p1 OK go\r\n* PREAUTH in\r\np2 OK [CAPABILITY IMAP4rev2] in\r\np3 OK in"),
        ("p2 CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\np2 OK x"),
        ("p3 AUTHENTICATE PLAIN", "p3 NO [AUTHENTICATIONFAILED] wrong"),
        ("p4 LOGOUT", "* BYE\r\np4 OK x"),
    ];
    let greeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS] x";
    let incoming = Incoming::Imap(server.clone());
    let (tried, ()) = tokio::join!(trial.incoming(&incoming, &bob, who()), play(&listener, wrap(), greeting, &imap));
    assert_eq!(kind(tried), Kind::NotAllowed, "IMAP");
    let pop3 = [
        ("CAPA", "+OK\r\nSTLS\r\n."),
        ("STLS", "+OK go\r\n+OK\r\nUSER\r\n.\r\n+OK\r\n+OK in"),
        ("CAPA", "+OK\r\nSASL PLAIN\r\n."),
        ("AUTH PLAIN", "-ERR [AUTH] wrong"),
        ("QUIT", "+OK"),
    ];
    let incoming = Incoming::Pop3 { server: server.clone(), keep: true };
    let (tried, ()) = tokio::join!(trial.incoming(&incoming, &bob, who()), play(&listener, wrap(), "+OK", &pop3));
    assert_eq!(kind(tried), Kind::NotAllowed, "POP3");
    let smtp = [
        ("EHLO", "250-x\r\n250 STARTTLS"),
        ("STARTTLS", "220 go\r\n250-x\r\n250 AUTH LOGIN\r\n235 in\r\n221 bye"),
        ("EHLO", "250-x\r\n250 AUTH PLAIN"),
        ("AUTH PLAIN", "535 5.7.8 wrong"),
        ("QUIT", "221"),
    ];
    let outgoing = Outgoing::Smtp(server);
    let (tried, ()) = tokio::join!(trial.outgoing(&outgoing, &bob, who()), play(&listener, wrap(), "220 x", &smtp));
    assert_eq!(kind(tried), Kind::NotAllowed, "SMTP");
}
