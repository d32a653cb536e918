//! Each request, and each way it can fail, over a real store.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::admin::{AccountView, AliasTo};
use crate::policy::FileDomain;
use message::Domain;
use std::sync::Arc;
use store::Settings;
use store::types::PopDelete;

const NOW: Time = Time(1_800_000_000_000);

fn domain(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

fn address(name: &str) -> Address {
    Address::parse(name).unwrap()
}

fn policy() -> Policy {
    Policy {
        hostname: domain("mx.hamburger.edu"),
        greeting: None,
        domains: vec![FileDomain { domain: domain("hamburger.edu"), origin: "pillarbox.toml:3".to_owned() }],
        admin: None,
        relay_networks: Vec::new(),
        plaintext_login_networks: Vec::new(),
        message_size: 1 << 20,
        recipients: 100,
        login_guesses_per_minute: 20,
        apop: false,
    }
}

struct House {
    folder: tempfile::TempDir,
    store: Store,
    policy: Policy,
    login: Login,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data"), Settings::default()).unwrap();
    let login = Login::new(Arc::new(|buffer: &mut [u8]| buffer.fill(7)));
    let house = House { folder, store, policy: policy(), login };
    house.ask(Request::DomainAdd { domain: domain("hamburger.edu") }).await.unwrap();
    house
}

impl House {
    async fn ask(&self, request: Request) -> Result {
        let clerk = Clerk { store: &self.store, policy: &self.policy, login: &self.login };
        administer(&clerk, NOW, request).await
    }

    async fn fails(&self, request: Request, kind: FailureKind, words: &str) {
        let failure = self.ask(request).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
    }

    async fn notes(&self, request: Request) -> Vec<String> {
        match self.ask(request).await.unwrap() {
            Response::Done { notes } => notes,
            other => panic!("{other:?}"),
        }
    }

    async fn show(&self, name: &str) -> AccountView {
        match self.ask(Request::AccountShow { address: address(name) }).await.unwrap() {
            Response::Accounts(mut accounts) => accounts.remove(0),
            other => panic!("{other:?}"),
        }
    }
}

fn account(name: &str, password: Option<&str>) -> Request {
    Request::AccountAdd { address: address(name), password: password.map(str::to_owned), quota: None }
}

#[tokio::test]
async fn domains_come_from_the_file_or_the_store() {
    let house = house().await;
    house.fails(Request::DomainAdd { domain: domain("Hamburger.edu") }, FailureKind::CannotCreate, "already").await;
    house
        .fails(Request::DomainRemove { domain: domain("hamburger.edu") }, FailureKind::Config, "pillarbox.toml:3")
        .await;
    house
        .fails(Request::DomainRemove { domain: domain("crepes.fr") }, FailureKind::NoHost, "domain add crepes.fr")
        .await;
    house.ask(Request::DomainAdd { domain: domain("crepes.fr") }).await.unwrap();
    house.ask(account("alice@crepes.fr", None)).await.unwrap();
    house.fails(Request::DomainRemove { domain: domain("crepes.fr") }, FailureKind::Data, "still has").await;
    let Response::Domains(views) = house.ask(Request::DomainList).await.unwrap() else { panic!() };
    let told: Vec<_> = views.iter().map(|v| (v.domain.as_str(), v.source.as_str(), v.accounts)).collect();
    assert_eq!(told, [("crepes.fr", "store", 1), ("hamburger.edu", "file", 0)]);
    house.ask(Request::AccountRemove { address: address("alice@crepes.fr") }).await.unwrap();
    house.ask(Request::DomainRemove { domain: domain("crepes.fr") }).await.unwrap();
}

#[tokio::test]
async fn weak_passwords_are_taken_with_a_note() {
    let house = house().await;
    assert!(house.notes(account("a@hamburger.edu", Some("short"))).await[0].contains("fewer than 8"));
    assert!(house.notes(account("bernadette@hamburger.edu", Some("Bernadette"))).await[0].contains("own name"));
    assert!(house.notes(account("c@hamburger.edu", Some("a long enough one"))).await.is_empty());
    assert!(house.notes(account("d@hamburger.edu", None)).await[0].contains("set-password"));
    house.fails(account("e@hamburger.edu", Some("")), FailureKind::Data, "empty").await;
    house.fails(account("a@hamburger.edu", Some("x")), FailureKind::CannotCreate, "already").await;
    house.fails(account("a@crepes.fr", Some("x")), FailureKind::NoHost, "domain add crepes.fr").await;
}

#[tokio::test]
async fn accounts_are_changed_and_shown() {
    let house = house().await;
    house.ask(account("bob@hamburger.edu", Some("hungry"))).await.unwrap();
    let set = |quota, pop_delete, apop_secret| Request::AccountSet {
        address: address("bob@hamburger.edu"),
        quota,
        pop_delete,
        apop_secret,
    };
    let notes = house.notes(set(Some(Some(5)), Some(PopDelete::Archive), Some(Some("s".to_owned())))).await;
    assert!(notes[0].contains("apop = true"));
    let view = house.show("BOB@hamburger.edu").await;
    assert!(view.has_password && view.has_apop);
    assert_eq!((view.quota, view.pop_delete), (Some(5), PopDelete::Archive));
    let new = Request::AccountSetPassword { address: address("bob@hamburger.edu"), password: "thirsty enough".into() };
    assert!(house.notes(new).await.is_empty());
    house.ask(set(Some(None), None, Some(None))).await.unwrap();
    let view = house.show("bob@hamburger.edu").await;
    assert!(view.has_password && !view.has_apop && view.quota.is_none());
    house
        .fails(Request::AccountShow { address: address("x@hamburger.edu") }, FailureKind::NoUser, "account list")
        .await;
    house.fails(Request::AccountRemove { address: address("x@hamburger.edu") }, FailureKind::NoUser, "x@").await;
}

#[tokio::test]
async fn aliases_lead_somewhere() {
    let house = house().await;
    let add = |name: &str, target| Request::AliasAdd { address: address(name), target };
    house.ask(add("staff@hamburger.edu", AliasTo::Members(vec![address("x@crepes.fr")]))).await.unwrap();
    house.ask(add("old@hamburger.edu", AliasTo::Moved(address("new@crepes.fr")))).await.unwrap();
    house
        .fails(add("old@hamburger.edu", AliasTo::Members(vec![address("a@b.c")])), FailureKind::CannotCreate, "first")
        .await;
    house.fails(add("a@hamburger.edu", AliasTo::Members(Vec::new())), FailureKind::Usage, "at least one").await;
    house.fails(add("a@crepes.fr", AliasTo::Moved(address("a@b.c"))), FailureKind::NoHost, "crepes.fr").await;
    let Response::Aliases(views) = house.ask(Request::AliasList { domain: None }).await.unwrap() else { panic!() };
    assert_eq!(views.len(), 2);
    house.ask(Request::AliasRemove { address: address("staff@hamburger.edu") }).await.unwrap();
    let gone = Request::AliasRemove { address: address("staff@hamburger.edu") };
    house.fails(gone, FailureKind::NoUser, "alias list").await;
}

#[tokio::test]
async fn the_rest_answers_truly() {
    let house = house().await;
    let trace = |what: &str| Request::Trace { what: what.to_owned(), limit: 10 };
    house.fails(trace("0123456789ABC"), FailureKind::NoUser, "30 days").await;
    house.fails(trace("bob"), FailureKind::NoUser, "nothing is known of bob").await;
    house.fails(trace("a b@"), FailureKind::Data, "neither").await;
    assert_eq!(house.ask(Request::QueueList { limit: 1 }).await, Ok(Response::Queue { rows: vec![], notes: vec![] }));
    let Response::Status(status) = house.ask(Request::Status).await.unwrap() else { panic!() };
    assert!(status.notes[0].contains(HELD) && status.figures.domains == 1);
    let Response::Verified(found) = house.ask(Request::Verify).await.unwrap() else { panic!() };
    assert!(found.damage.is_empty());
    let to = house.folder.path().join("copy");
    assert!(matches!(house.ask(Request::Backup { to: to.clone() }).await, Ok(Response::BackedUp { files: 1.., .. })));
    house.fails(Request::Backup { to }, FailureKind::CannotCreate, "not empty").await;
}
