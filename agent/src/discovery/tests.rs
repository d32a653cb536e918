//! Domains of a stage, found and tried.

use super::autoconfig::DOCUMENT_MAX;
use super::*;
use crate::stage::{Asked, Stage, Wrap, answer, ok, play};
use parking_lot::Mutex;
use std::sync::Arc;
use wire::names::Srv;
use wire::sasl::Secret;

pub(crate) fn bob() -> Address {
    "bob@h.fr".parse().unwrap()
}

fn domain() -> Domain {
    Domain::parse("h.fr").unwrap()
}

fn server(host: &str, port: u16, security: Security) -> Server {
    Server { host: host.to_owned(), port, security, user: None, trust: None }
}

fn document(servers: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><clientConfig version=\"1.1\"><emailProvider id=\"h.fr\">{servers}</emailProvider></clientConfig>"
    )
}

fn element(name: &str, kind: &str, (host, port, socket): (&str, u16, &str)) -> String {
    format!(
        "<{name} type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType>\
         <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></{name}>"
    )
}

fn read(text: &str) -> Result<Vec<Place>, String> {
    autoconfig::read(text.as_bytes(), (&bob(), &domain()), Source::Autoconfig)
}

#[test]
fn autoconfig_names_servers() {
    let servers = [
        element("incomingServer", "imap", ("imap.%EMAILDOMAIN%", 993, "SSL")),
        element("incomingServer", "pop3", ("pop.h.fr", 110, "STARTTLS")),
        element("incomingServer", "exchange", ("x.h.fr", 443, "SSL")),
        element("outgoingServer", "smtp", ("smtp.h.fr", 25, "plain")),
    ];
    let places = read(&document(&servers.concat())).unwrap();
    let ways: Vec<Way> = places.iter().map(|place| place.way.clone()).collect();
    let expected = [
        Way::Incoming(Incoming::Imap(server("imap.h.fr", 993, Security::Tls))),
        Way::Incoming(Incoming::Pop3 { server: server("pop.h.fr", 110, Security::StartTls), keep: true }),
        Way::Outgoing(server("smtp.h.fr", 25, Security::Plain)),
    ];
    assert_eq!(ways, expected);
    assert_eq!(places[0].users, ["bob@h.fr"]);
    let local = servers[0].replace("%EMAILADDRESS%", "%EMAILLOCALPART%");
    assert_eq!(read(&document(&local)).unwrap()[0].users, ["bob"]);
    let none = servers[0].replace("<username>%EMAILADDRESS%</username>", "");
    assert_eq!(read(&document(&none)).unwrap()[0].users, ["bob@h.fr", "bob"]);
}

#[test]
fn autoconfig_that_is_odd_or_hostile_names_nobody() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><clientConfig>&b;</clientConfig>";
    assert!(read(bomb).unwrap_err().contains("no XML of ours"));
    assert!(read("<html></html>").unwrap_err().contains("no settings"));
    // What the document says wrong is named, and does nothing to a terminal.
    let told = read("<clientConfig></\u{202e}gpj\u{9b}31m\u{1b}[2J>").unwrap_err();
    assert!(told.is_ascii() && !told.contains(char::is_control), "{told:?}");
    assert!(read("").is_err() && autoconfig::read(b"\xff", (&bob(), &domain()), Source::Autoconfig).is_err());
    let nodes = |count: usize| document(&"<a/>".repeat(count));
    assert!(read(&nodes(autoconfig::NODES_MAX as usize - 10)).is_ok());
    assert!(read(&nodes(autoconfig::NODES_MAX as usize + 1)).is_err());
    for (host, port, socket) in
        [("", 993, "SSL"), ("a b", 993, "SSL"), ("h.fr/../x", 993, "SSL"), ("h.fr", 0, "SSL"), ("h.fr", 993, "TLS?")]
    {
        let text = document(&element("incomingServer", "imap", (host, port, socket)));
        assert_eq!(read(&text), Ok(Vec::new()), "{host:?} {port} {socket}");
    }
    let control = element("incomingServer", "imap", ("h.fr", 993, "SSL")).replace("%EMAILADDRESS%", "a&#9;b");
    assert_eq!(read(&document(&control)).unwrap()[0].users, ["bob@h.fr", "bob"]);
}

#[test]
fn the_best_comes_first_and_nothing_open_is_used() {
    let place = |way, source| Place { way, users: Vec::new(), source, foreign: false };
    let imap = |security| Way::Incoming(Incoming::Imap(server("h.fr", 1, security)));
    let pop3 = Way::Incoming(Incoming::Pop3 { server: server("h.fr", 2, Security::Tls), keep: true });
    let mut places = [
        place(pop3.clone(), Source::Autoconfig),
        place(imap(Security::StartTls), Source::Guess),
        place(imap(Security::Tls), Source::Guess),
        place(imap(Security::StartTls), Source::Autoconfig),
    ];
    places.sort_by_key(Place::rank);
    let order: Vec<Way> = places.iter().map(|place| place.way.clone()).collect();
    assert_eq!(order, [imap(Security::StartTls), imap(Security::Tls), imap(Security::StartTls), pop3]);
    let open = place(imap(Security::Plain), Source::Autoconfig);
    let here = Place { way: Way::Outgoing(server("127.0.0.1", 25, Security::Plain)), ..open.clone() };
    let allowed = Consent { open_here: true, ..Consent::default() };
    assert!(!open.is_allowed(allowed) && here.is_allowed(allowed) && !here.is_allowed(Consent::default()));
    assert!(is_below("h.fr", &domain()) && is_below("A.h.FR", &domain()));
    assert!(!is_below("evilh.fr", &domain()) && !is_below("fr", &domain()) && !is_below("h.fr.evil.com", &domain()));
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_not_waited_for() {
    let (places, told) = in_time("DNS", std::future::pending()).await;
    assert_eq!((places.len(), told.as_str()), (0, "DNS: no answer within 3 s"));
}

/// Names and password as base64 of PLAIN.
pub(crate) const ADDRESS_LOGIN: &str = "p1 AUTHENTICATE PLAIN AGJvYkBoLmZyAGh1bmdyeQ==";
const NAME_LOGIN: &str = "p1 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=";
const GREETING: &str = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] x";
const BYE: (&str, &str) = ("p2 LOGOUT", "p2 OK");

/// An IMAP server that lets in who logs in so, and refuses the others.
pub(crate) async fn imap(stage: &mut Stage, host: &'static str, good: &'static str) {
    let (listener, tls) = (stage.listen(host, 993).await, stage.tls(host));
    tokio::spawn(async move {
        for login in [ADDRESS_LOGIN, NAME_LOGIN] {
            let yes = login == good;
            let said = if yes { "p1 OK [CAPABILITY IMAP4rev1] in" } else { "p1 NO wrong" };
            play(&listener, Wrap::Tls(tls.clone()), GREETING, &[(login, said), BYE]).await;
            if yes {
                return;
            }
        }
    });
}

pub(crate) async fn smtp(stage: &mut Stage, host: &'static str, port: u16, login: &'static str) {
    let (listener, tls) = (stage.listen(host, port).await, stage.tls(host));
    tokio::spawn(async move {
        let script = [("EHLO", "250-x\r\n250 AUTH PLAIN"), (login, "235 in"), ("QUIT", "221")];
        play(&listener, Wrap::Tls(tls), "220 x", &script).await;
    });
}

async fn set_up(stage: &Stage, agree: impl FnMut(&Place) -> bool) -> Result<Setup, Trouble> {
    let (internet, folders) = (stage.internet(), stage.folders());
    let found = look(&internet, &bob(), Consent::default()).await?;
    let credential = Credential::Password(Secret(b"hungry".to_vec()));
    try_out(Trial { internet: &internet, folders: &folders }, &bob(), &credential, found, agree).await
}

#[tokio::test]
async fn what_a_domain_tells_is_tried_and_used() {
    let mut stage = Stage::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let text = document(
        &[
            element("incomingServer", "pop3", ("pop.h.fr", 995, "SSL")),
            element("incomingServer", "imap", ("imap.h.fr", 993, "SSL")),
            element("outgoingServer", "smtp", ("smtp.h.fr", 465, "SSL")),
        ]
        .concat(),
    );
    stage
        .https("autoconfig.h.fr", move |it: Asked| {
            heard.lock().push(it.line().to_owned());
            ok("application/xml", &text)
        })
        .await;
    imap(&mut stage, "imap.h.fr", ADDRESS_LOGIN).await;
    smtp(&mut stage, "smtp.h.fr", 465, "AUTH PLAIN AGJvYkBoLmZyAGh1bmdyeQ==").await;
    let setup = set_up(&stage, |_| panic!("nobody is outside the domain")).await.unwrap();
    assert_eq!(setup.incoming, Incoming::Imap(server("imap.h.fr", 993, Security::Tls)));
    assert_eq!(setup.outgoing, Some(Outgoing::Smtp(server("smtp.h.fr", 465, Security::Tls))));
    assert_eq!(*asked.lock(), ["GET /mail/config-v1.1.xml?emailaddress=bob%40h.fr"]);
    let tried = setup.tried.join("\n");
    assert!(tried.contains("https://autoconfig.h.fr/mail/config-v1.1.xml: names 3 servers"), "{tried}");
    assert!(tried.contains("imap.h.fr: logged in as bob@h.fr"), "{tried}");
}

#[tokio::test]
async fn dns_names_servers_and_who_is_outside_needs_a_word() {
    let mut stage = Stage::new();
    let record = |host: &str, port| Srv { priority: 0, weight: 0, port, target: Domain::parse(host).ok() };
    let none = Srv { priority: 0, weight: 0, port: 0, target: None };
    for (name, record) in [
        ("_imaps._tcp.h.fr", record("mx.provider.com", 993)),
        ("_pop3s._tcp.h.fr", none),
        ("_submissions._tcp.h.fr", record("mx.provider.com", 465)),
    ] {
        stage.made_up.services.insert(name.to_owned(), vec![record]);
    }
    // The whole address is no name here; the local part is.
    imap(&mut stage, "mx.provider.com", NAME_LOGIN).await;
    smtp(&mut stage, "mx.provider.com", 465, "AUTH PLAIN AGJvYgBodW5ncnk=").await;
    let refused = set_up(&stage, |_| false).await.unwrap_err();
    assert!(refused.kind == Kind::NoHost && refused.text.contains("mx.provider.com: left, for it lies outside"));
    let mut asked = Vec::new();
    let setup = set_up(&stage, |place| {
        asked.push(place.host().to_owned());
        true
    });
    let setup = setup.await.unwrap();
    let named = Some("bob".to_owned());
    let imaps = Server { user: named.clone(), ..server("mx.provider.com", 993, Security::Tls) };
    let submissions = Server { user: named, ..server("mx.provider.com", 465, Security::Tls) };
    assert_eq!((setup.incoming, setup.outgoing), (Incoming::Imap(imaps), Some(Outgoing::Smtp(submissions))));
    assert_eq!(asked, ["mx.provider.com", "mx.provider.com"]);
}

#[tokio::test]
async fn usual_names_are_tried_last_and_a_password_is_told_to_one_server_only() {
    let mut stage = Stage::new();
    imap(&mut stage, "imap.h.fr", "nobody").await;
    let other = stage.listen("mail.h.fr", 993).await;
    let (tls, called) = (stage.tls("mail.h.fr"), Arc::new(Mutex::new(0)));
    let counted = called.clone();
    tokio::spawn(async move {
        loop {
            play(&other, Wrap::Tls(tls.clone()), GREETING, &[]).await;
            *counted.lock() += 1;
        }
    });
    // A server without a certificate of that name is no candidate.
    let impostor = stage.listen("h.fr", 993).await;
    let tls = stage.tls("evil.com");
    tokio::spawn(async move { play(&impostor, Wrap::Tls(tls), GREETING, &[]).await });
    let internet = stage.internet();
    let found = look(&internet, &bob(), Consent::default()).await.unwrap();
    let hosts: Vec<&str> = found.places.iter().map(Place::host).collect();
    assert_eq!(hosts, ["imap.h.fr", "mail.h.fr"]);
    assert!(found.tried.iter().any(|line| line.ends_with("smtp.): imap.h.fr, mail.h.fr")), "{:?}", found.tried);
}

#[tokio::test]
async fn a_wrong_password_ends_the_search() {
    let mut stage = Stage::new();
    let text = document(
        &[
            element("incomingServer", "imap", ("one.h.fr", 993, "SSL")),
            element("incomingServer", "imap", ("two.h.fr", 993, "SSL")),
        ]
        .concat(),
    );
    stage.https("autoconfig.h.fr", move |_| ok("application/xml", &text)).await;
    imap(&mut stage, "one.h.fr", "nobody").await;
    let refused = set_up(&stage, |_| true).await.unwrap_err();
    assert_eq!((refused.kind, refused.text.as_str()), (Kind::NotAllowed, "one.h.fr: it says no: wrong"));
}

#[tokio::test]
async fn jmap_is_found_at_its_place() {
    let mut stage = Stage::new();
    stage
        .https("h.fr", |asked| match (asked.line(), asked.head.contains("authorization")) {
            ("GET /.well-known/jmap", false) => answer("401 Unauthorized", "", ""),
            ("GET /.well-known/jmap", true) => {
                ok("application/json", r#"{"capabilities":{"urn:ietf:params:jmap:core":{}}}"#)
            }
            _ => answer("404 Not Found", "", ""),
        })
        .await;
    let setup = set_up(&stage, |_| true).await.unwrap();
    let url = "https://h.fr/.well-known/jmap".to_owned();
    assert_eq!(setup.incoming, Incoming::Jmap { url, user: None, trust: None });
    assert_eq!(setup.outgoing, Some(Outgoing::Jmap));
}

#[tokio::test]
async fn where_nothing_is_the_words_tell_what_was_tried() {
    let stage = Stage::new();
    let nothing = set_up(&stage, |_| true).await.unwrap_err();
    for told in
        ["--imap HOST", "https://autoconfig.h.fr/", "DNS: h.fr names no servers", "nobody answers", "jmap: none"]
    {
        assert!(nothing.text.contains(told), "{told}: {}", nothing.text);
    }
    let literal = "bob@[192.0.2.1]".parse().unwrap();
    let internet = stage.internet();
    assert_eq!(look(&internet, &literal, Consent::default()).await.unwrap_err().kind, Kind::Data);
}

/// Over HTTP whoever sits in between could name any server: nothing is asked there, and nobody is led there.
#[tokio::test]
async fn nobody_is_led_out_of_https_and_answers_have_a_limit() {
    let mut stage = Stage::new();
    let open = stage.listen("autoconfig.h.fr", 80).await;
    let called = tokio::spawn(async move { open.accept().await.is_ok() });
    let element = element("incomingServer", "imap", ("imap.h.fr", 993, "SSL"));
    let whole = document(&element);
    let padded = move |octets: usize| format!("{whole}{}", " ".repeat(octets - whole.len()));
    let (fits, too_long) = (padded(DOCUMENT_MAX), padded(DOCUMENT_MAX + 1));
    stage
        .https("autoconfig.h.fr", |_| {
            answer("302 Found", "Location: http://autoconfig.h.fr/mail/config-v1.1.xml\r\n", "")
        })
        .await;
    stage.https("h.fr", move |_| ok("application/xml", &too_long)).await;
    let found = look(&stage.internet(), &bob(), Consent::default()).await;
    let told = found.map_or_else(|trouble| trouble.text, |found| found.tried.join("\n"));
    assert!(told.contains("autoconfig.h.fr leads elsewhere too often, or where nobody should follow"), "{told}");
    assert!(told.contains(&format!("h.fr answers with more than {DOCUMENT_MAX} octets")), "{told}");
    assert!(!called.is_finished(), "somebody asked over HTTP");
    let mut other = Stage::new();
    other.https("h.fr", move |_| ok("application/xml", &fits)).await;
    let found = look(&other.internet(), &bob(), Consent::default()).await.unwrap();
    assert!(found.places.iter().any(|place| place.host() == "imap.h.fr"), "{:?}", found.tried);
}
