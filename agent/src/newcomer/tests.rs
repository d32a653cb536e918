//! An account from an address and a password, against servers that are played.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::discovery::tests::{ADDRESS_LOGIN, bob, imap, smtp};
use crate::discovery::{Place, Source, Way};
use crate::secret::Keyring;
use crate::stage::Stage;
use parking_lot::Mutex;

fn desk(stage: &Stage) -> Desk {
    let folders = stage.folders();
    Desk { secrets: Secrets::new(&folders, Keyring::None), internet: stage.internet(), folders }
}

fn attempt(password: &str, servers: Servers) -> Attempt {
    let with = With::Password(Secret::new(password.as_bytes().to_vec()));
    Attempt { address: bob(), display_name: Some("Bob".to_owned()), with, servers, trusted: None }
}

#[tokio::test]
async fn what_is_found_becomes_an_account_that_is_written_down() {
    let mut stage = Stage::new();
    imap(&mut stage, "imap.h.fr", ADDRESS_LOGIN).await;
    smtp(&mut stage, "smtp.h.fr", 465, "AUTH PLAIN AGJvYkBoLmZyAGh1bmdyeQ==").await;
    let desk = desk(&stage);
    let named = |host: &str, port| server(host, Security::Tls, None, [port, port]).unwrap();
    let place = |way| Place { way, users: vec!["bob@h.fr".to_owned()], source: Source::Autoconfig, foreign: false };
    let places = vec![
        place(Way::Incoming(Incoming::Imap(named("imap.h.fr", 993)))),
        place(Way::Outgoing(named("smtp.h.fr", 465))),
    ];
    let found = Found { places, ..Found::default() };
    let told = Mutex::new(Vec::new());
    let account = make(&desk, attempt("hungry", Servers::Found(found)), |step| told.lock().push(step)).await.unwrap();
    assert_eq!((account.name.as_str(), account.default), ("bob@h.fr", true));
    assert_eq!(account.secret, Some(SecretSource::File(None)));
    let written = Settings::load(&desk.folders).unwrap();
    assert_eq!(written.accounts, std::slice::from_ref(&account));
    let kept = desk.secrets.fetch(&account.name, &SecretSource::File(None)).await.unwrap();
    assert_eq!(kept.octets(), b"hungry");
    assert!(told.lock().contains(&Told::Doing("Logging in".to_owned())));
}

#[tokio::test]
async fn what_does_not_work_leaves_nothing_behind() {
    let mut stage = Stage::new();
    // This server knows another password only.
    imap(&mut stage, "imap.h.fr", "p1 AUTHENTICATE PLAIN AAAA").await;
    let desk = desk(&stage);
    let named = Incoming::Imap(server("imap.h.fr", Security::Tls, None, [993, 143]).unwrap());
    let refused = make(&desk, attempt("wrong", Servers::Named(named, None)), |_| {}).await.unwrap_err();
    assert!(!refused.text.is_empty() && !refused.text.contains("wrong!"), "{refused:?}");
    assert_eq!(Settings::load(&desk.folders).unwrap(), Settings::default());
    let none = make(&desk, attempt("hungry", Servers::Found(Found::default())), |_| {}).await.unwrap_err();
    assert_eq!(none.kind, Kind::NoHost);
    let nobody = Attempt { with: With::Provider("p".to_owned()), ..attempt("", Servers::Found(Found::default())) };
    assert!(make(&desk, nobody, |_| {}).await.unwrap_err().text.contains("no [[provider]] named p"));
}

#[test]
fn without_tls_only_this_machine_is_spoken_to() {
    let plain = |host: &str| server(host, Security::Plain, None, [993, 143]).unwrap();
    assert_eq!(plain("127.0.0.1").port, 143);
    assert!(is_protected(&plain("127.0.0.1")).is_ok() && is_protected(&plain("localhost:1")).is_ok());
    assert!(is_protected(&plain("mail.h.fr")).unwrap_err().text.contains("without TLS"));
    assert!(server("a b", Security::Tls, None, [1, 2]).is_err());
}
