//! The page by example: what is typed, what comes of it, what is seen.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::settings::Options;
use agent::account::Server;
use agent::discovery::Source;
use agent::newcomer::CertificateFacts;
use message::Time;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn press(page: &mut Page, keys: &str) -> Option<Wish> {
    crate::key::sequence(keys).unwrap().into_iter().filter_map(|key| page.key(key)).last()
}

fn screen(page: &Page) -> String {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| crate::draw::newcomer(page, &Options::default(), Time(0), frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..80).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..24).map(line).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn place(way: Way, source: Source, foreign: bool) -> Place {
    Place { way, users: vec!["bob@crepes.fr".to_owned()], source, foreign }
}

fn at(host: &str, port: u16) -> Server {
    Server { host: host.to_owned(), port, security: Security::Tls, user: None, trust: None }
}

fn found() -> Found {
    let places = vec![
        place(Way::Incoming(Incoming::Imap(at("mail.crepes.fr", 993))), Source::Autoconfig, false),
        place(Way::Outgoing(at("mx.provider.com", 465)), Source::Dns, true),
    ];
    Found { places, tried: vec!["DNS: names 1 server".to_owned()] }
}

fn typed() -> Page {
    let mut page = Page::new(&[]);
    press(&mut page, "Bob<enter>bob@crepes.fr<enter>hungry");
    page
}

const WHO: &str =
    " Pillarbox  Setting up your mail\n\n  Welcome. Whose mail is to be read here?\n\n      Your name: Bob";

#[test]
fn an_address_and_a_password_are_enough() {
    let mut page = typed();
    let shown = screen(&page);
    assert!(shown.starts_with(WHO), "{shown}");
    assert!(shown.contains(">    Password: (typed)") && !shown.contains("hungry"), "{shown}");
    let Some(Wish::Look(address)) = press(&mut page, "<enter>") else { panic!("it looks") };
    assert_eq!(address.to_string(), "bob@crepes.fr");
    assert!(screen(&page).contains("Looking for the servers of bob@crepes.fr"));
    page.told(Told::Found(Ok(found())));
    let shown = screen(&page);
    assert!(shown.contains("read by IMAP  mail.crepes.fr:993"), "{shown}");
    assert!(shown.contains("TLS       the domain says so") && shown.contains("(!) Only DNS names these"), "{shown}");
    let Some(Wish::Make(attempt)) = press(&mut page, "<enter>") else { panic!("it logs in") };
    assert_eq!(attempt.servers, Servers::Found(found()));
    assert_eq!(attempt.with, With::Password(Secret::new(b"hungry".to_vec())));
    assert_eq!((attempt.display_name.as_deref(), attempt.address.local_part()), (Some("Bob"), "bob"));
    assert!(!format!("{attempt:?}").contains("hungry"));
    page.told(Told::Doing("Logging in".to_owned()));
    page.told(Told::Made("bob@crepes.fr".to_owned()));
    assert_eq!(page.made.as_deref(), Some("bob@crepes.fr"));
}

#[test]
fn what_is_wrong_is_told_at_its_field() {
    let mut page = Page::new(&[]);
    assert_eq!(press(&mut page, "<enter>bob<enter><enter>"), None);
    assert_eq!(
        (page.at, page.problem.first().map(String::as_str)),
        (ADDRESS, Some("\"bob\" is no address, as you@example.org is one"))
    );
    assert_eq!(press(&mut page, "@crepes.fr<enter><enter>"), None);
    assert_eq!((page.at, page.problem.len()), (PASSWORD, 1));
    let mut page = typed();
    press(&mut page, "<enter>");
    page.told(Told::Found(Ok(found())));
    press(&mut page, "<enter>");
    page.told(Told::Refused(Trouble::new(Kind::NotAllowed, "mail.crepes.fr refuses\nthe \u{1b}[2Jpassword")));
    let shown = screen(&page);
    assert!(page.at == PASSWORD && shown.contains("! mail.crepes.fr refuses") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn servers_are_named_where_none_is_found() {
    let mut page = typed();
    press(&mut page, "<enter>");
    page.told(Told::Found(Ok(Found { places: Vec::new(), tried: vec!["DNS: nothing".to_owned()] })));
    let shown = screen(&page);
    assert!(shown.contains("Read at: imap.crepes.fr") && shown.contains("DNS: nothing"), "{shown}");
    let Some(Wish::Make(attempt)) = press(&mut page, "<enter><enter><enter>:2465<enter><enter>bob<enter>") else {
        panic!("it logs in")
    };
    let named = |host: &str, port| Server { user: Some("bob".to_owned()), ..at(host, port) };
    let expected = Servers::Named(
        Incoming::Imap(named("imap.crepes.fr", 993)),
        Some(Outgoing::Smtp(named("smtp.crepes.fr", 2465))),
    );
    assert_eq!(attempt.servers, expected);
    page.told(Told::Refused(Trouble::new(Kind::NoHost, "there is no imap.crepes.fr")));
    assert_eq!((page.step.clone(), page.problem.len()), (Step::ByHand, 1));
    // JMAP, and then a server without TLS elsewhere.
    press(&mut page, "<right><down><C-u>mail.crepes.fr<down><down><C-u><down><down>");
    let Some(Wish::Make(attempt)) = press(&mut page, "<enter>") else { panic!("it logs in") };
    let Servers::Named(Incoming::Jmap { url, .. }, Some(Outgoing::Jmap)) = &attempt.servers else {
        panic!("{:?}", attempt.servers)
    };
    assert_eq!(url, "https://mail.crepes.fr");
    page.told(Told::Refused(Trouble::new(Kind::NoHost, "x")));
    press(&mut page, "<left><down><down><left><down><down><down>");
    assert_eq!(press(&mut page, "<enter>"), None);
    assert!(page.at == READ_AT && page.problem[0].contains("without TLS"), "{:?}", page.problem);
}

#[test]
fn a_certificate_of_its_own_is_looked_at_and_trusted() {
    let mut page = typed();
    press(&mut page, "<enter>");
    page.told(Told::Found(Ok(Found::default())));
    press(&mut page, "<down><down><down><down><down><enter>");
    page.told(Told::Refused(Trouble::new(
        Kind::Settings,
        "nobody vouches for imap.crepes.fr\n`mail account trust` shows it",
    )));
    let shown = screen(&page);
    assert!(
        shown.contains("! nobody vouches for imap.crepes.fr") && shown.contains("t shows the certificate"),
        "{shown}"
    );
    let Some(Wish::Inspect(servers)) = press(&mut page, "t") else { panic!("it looks") };
    let facts = CertificateFacts {
        names: vec!["imap.crepes.fr".to_owned()],
        not_before: Time(0),
        not_after: Time(1),
        fingerprint: "AB:CD".to_owned(),
    };
    let certificate = Shown { host: "imap.crepes.fr".to_owned(), facts, pem: "PEM\n".to_owned() };
    page.told(Told::Certificates(Ok(vec![certificate])));
    assert!(screen(&page).contains("SHA-256 AB:CD"), "{}", screen(&page));
    assert_eq!(press(&mut page, "<enter>"), None);
    let Some(Wish::Make(attempt)) = press(&mut page, "y") else { panic!("it logs in") };
    assert_eq!((attempt.servers, attempt.trusted.as_deref()), (servers, Some("PEM\n")));
    page.told(Told::Refused(Trouble::new(Kind::Unavailable, "it went away")));
    assert_eq!(page.step, Step::ByHand);
}

#[test]
fn waiting_can_be_stopped_and_late_news_are_passed_over() {
    let mut page = typed();
    press(&mut page, "<enter>");
    assert_eq!(press(&mut page, "<esc>"), Some(Wish::Stop));
    page.told(Told::Found(Ok(found())));
    assert_eq!(page.step, Step::Who);
    assert_eq!(press(&mut page, "<esc>"), Some(Wish::Leave));
    assert_eq!(press(&mut typed(), "<C-c>"), Some(Wish::Leave));
}

#[test]
fn a_provider_shows_its_page_or_a_code() {
    let provider = Provider {
        name: "example".to_owned(),
        issuer: None,
        authorize: None,
        token: None,
        device: None,
        client_id: "us".to_owned(),
        client_secret: None,
        scope: None,
    };
    let mut page = Page::new(&[provider]);
    press(&mut page, "<enter>bob@crepes.fr<enter><enter><right><enter>");
    page.told(Told::Found(Ok(found())));
    let Some(Wish::Make(attempt)) = press(&mut page, "<enter>") else { panic!("it logs in") };
    assert_eq!(attempt.with, With::Provider("example".to_owned()));
    let url = format!("https://login.example.com/{}", "x".repeat(120));
    page.told(Told::Page(url.clone()));
    let shown = screen(&page).replace("\n  ", "");
    assert!(shown.contains(&url), "{shown}");
    assert_eq!(press(&mut page, "o"), Some(Wish::Browse(url)));
    page.told(Told::Code { url: "https://example.com/device".to_owned(), code: "AB-12".to_owned() });
    assert!(screen(&page).contains("type this code there: AB-12"));
}

#[test]
fn a_password_is_as_long_as_logins_take() {
    let mut page = typed();
    page.paste(&"x".repeat(PASSWORD_MAX));
    assert_eq!(page.who[PASSWORD].prompt.text, "hungry");
    press(&mut page, &"x".repeat(PASSWORD_MAX));
    assert_eq!(page.who[PASSWORD].prompt.text.len(), PASSWORD_MAX);
    page.paste("one\r\ntwo");
    assert_eq!(page.who[PASSWORD].prompt.text.len(), PASSWORD_MAX);
}
