//! Each request, and each way it can fail, over a real store.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::admin::{AccountView, AliasTo, QueueWhich};
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
        local_users: Vec::new(),
        relay_domains: Vec::new(),
        message_size: 1 << 20,
        disk_reserve: 0,
        recipients: 100,
        login_guesses_per_minute: 20,
        apop: false,
        send_commands: false,
        outbound: crate::OutboundPolicy::direct(&domain("mx.hamburger.edu")),
    }
}

struct House {
    folder: tempfile::TempDir,
    store: Store,
    policy: Policy,
    login: Arc<Login>,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data"), Settings::default()).unwrap();
    let login = Arc::new(Login::new(Arc::new(|buffer: &mut [u8]| buffer.fill(7))));
    let house = House { folder, store, policy: policy(), login };
    house.ask(Request::DomainAdd { domain: domain("hamburger.edu") }).await.unwrap();
    house
}

impl House {
    async fn ask(&self, request: Request) -> Result {
        let clerk = Clerk { store: &self.store, policy: &self.policy, login: &self.login, sending: None };
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
    house.fails(account("a@[192.0.2.1]", Some("x")), FailureKind::Data, "has no domain").await;
}

#[tokio::test]
async fn a_pattern_is_no_account() {
    let house = house().await;
    house.fails(account("*@hamburger.edu", Some("hungry enough")), FailureKind::Data, "can be an alias").await;
    let Response::Accounts(all) = house.ask(Request::AccountList { domain: None }).await.unwrap() else { panic!() };
    assert_eq!(all, []);
}

#[tokio::test]
async fn a_secret_is_what_clients_can_send() {
    let house = house().await;
    let most = "p".repeat(accounts::SECRET_OCTETS_MAX);
    house.ask(account("bob@hamburger.edu", Some(&most))).await.unwrap();
    let too_long = format!("{most}p");
    for (wrong, words) in [("", "is empty"), ("a\0b", "NUL"), (too_long.as_str(), "255 octets")] {
        house.fails(account("x@hamburger.edu", Some(wrong)), FailureKind::Data, words).await;
        let address = address("bob@hamburger.edu");
        let password = Request::AccountSetPassword { address: address.clone(), password: wrong.to_owned() };
        house.fails(password, FailureKind::Data, words).await;
        let apop_secret = Some(Some(wrong.to_owned()));
        let secret = Request::AccountSet { address, quota: None, pop_delete: None, apop_secret };
        house.fails(secret, FailureKind::Data, words).await;
    }
}

#[tokio::test]
async fn a_list_is_of_a_domain_of_ours() {
    let house = house().await;
    house.ask(account("bob@hamburger.edu", None)).await.unwrap();
    let list = |name: &str| Request::AccountList { domain: Some(domain(name)) };
    assert!(matches!(house.ask(list("hamburger.edu")).await, Ok(Response::Accounts(all)) if all.len() == 1));
    house.fails(list("crepes.fr"), FailureKind::NoHost, "domain add crepes.fr").await;
    let list = |name: &str| Request::AliasList { domain: Some(domain(name)) };
    assert_eq!(house.ask(list("hamburger.edu")).await, Ok(Response::Aliases(Vec::new())));
    house.fails(list("crepes.fr"), FailureKind::NoHost, "domain add crepes.fr").await;
}

#[tokio::test]
async fn an_alias_leads_where_mail_can_go() {
    let house = house().await;
    let add = |name: &str, target| Request::AliasAdd { address: address(name), target };
    let members = |names: &[&str]| AliasTo::Members(names.iter().map(|name| address(name)).collect());
    let itself = AliasTo::Moved(address("STAFF@hamburger.edu"));
    house.fails(add("staff@hamburger.edu", itself), FailureKind::Data, "moved to itself").await;
    let notes = house.notes(add("all@hamburger.edu", members(&["x@crepes.fr", "ALL@hamburger.edu"]))).await;
    assert!(matches!(notes.as_slice(), [note] if note.contains("itself too")), "{notes:?}");
    house.fails(add("a@hamburger.edu", members(&["*@crepes.fr"])), FailureKind::Data, "no address that mail").await;
    let notes = house.notes(add("*@hamburger.edu", members(&["bob@hamburger.edu", "x@crepes.fr"]))).await;
    assert_eq!(notes, Vec::<String>::new(), "the catch-all itself takes mail for bob");
    house.ask(Request::AliasRemove { address: address("*@hamburger.edu") }).await.unwrap();
    let notes = house.notes(add("staff@hamburger.edu", members(&["bob@hamburger.edu", "x@crepes.fr"]))).await;
    assert!(matches!(notes.as_slice(), [note] if note.contains("no bob@hamburger.edu yet")), "{notes:?}");
}

/// Mail for another host, as the desk would leave it.
async fn hold(house: &House, recipients: usize) -> QueueId {
    let mut upload = house.store.upload();
    upload.write(b"Subject: x\r\n\r\n").await.unwrap();
    let recipient = |n: usize| store::op::OutgoingRecipient {
        address: address(&format!("r{n}@crepes.fr")),
        notify: None,
        orcpt: None,
    };
    let remote = store::op::Outgoing {
        reverse_path: "bob@hamburger.edu".to_owned(),
        prefix: Vec::new(),
        body: "7bit".to_owned(),
        smtputf8: false,
        ret: None,
        envid: None,
        recipients: (0..recipients).map(recipient).collect(),
        held: true,
    };
    let queue_id = QueueId::new(NOW, 1);
    let line = store::types::TraceEntry {
        queue_id,
        at: NOW,
        event: "held".to_owned(),
        address: Some("r0@crepes.fr".to_owned()),
        detail: "for nobody yet".to_owned(),
    };
    let deliver = store::op::Deliver {
        queue_id,
        now: NOW,
        content: upload.finish().await.unwrap(),
        summary: Vec::new(),
        utf8_header: false,
        reverse_path: "bob@hamburger.edu".to_owned(),
        message_id: None,
        references: Vec::new(),
        local: Vec::new(),
        remote: vec![remote],
        trace: vec![line],
        all_or_nothing: false,
    };
    house.store.apply(store::Op::Deliver(Box::new(deliver))).await.unwrap();
    queue_id
}

#[tokio::test]
async fn mail_that_waits_is_listed_and_traced() {
    let house = house().await;
    let queue_id = hold(&house, 2).await;
    let list = async |limit| match house.ask(Request::QueueList { which: QueueWhich::default(), limit }).await.unwrap()
    {
        Response::Queue { rows, notes } => (rows.len(), notes),
        other => panic!("{other:?}"),
    };
    assert_eq!(list(3).await, (2, vec![]));
    let (rows, notes) = list(2).await;
    assert_eq!((rows, notes.len()), (2, 1));
    assert!(notes[0].contains("first 2"), "{notes:?}");
    for what in [queue_id.to_string(), "R0@crepes.fr".to_owned()] {
        let journey = house.ask(Request::Trace { what, limit: 1 }).await.unwrap();
        let Response::Trace(lines) = journey else { panic!("{journey:?}") };
        assert!(lines.iter().any(|line| line.queue_id == queue_id && line.event == "held"), "{lines:?}");
    }
}

#[tokio::test]
async fn a_changed_or_removed_account_is_not_remembered() {
    let House { folder: _folder, store, policy, login } = house().await;
    let ask = async |request| {
        administer(&Clerk { store: &store, policy: &policy, login: &login, sending: None }, NOW, request)
            .await
            .unwrap();
    };
    let rules = crate::LoginRules { first_domain: policy.first_domain().cloned(), guesses_per_minute: 20 };
    let enters = async |password: &str| {
        let mut visitor = crate::login::Visitor::new(
            login.clone(),
            store.clone(),
            [192, 0, 2, 1].into(),
            crate::login::Service::Imap,
        );
        let password = wire::sasl::Secret(password.as_bytes().to_vec());
        let username = "bob".to_owned();
        let answer = visitor.ask(NOW, &rules, wire::sasl::Ask::Password { authorization: None, username, password });
        matches!(answer.await, wire::sasl::Answer::Accepted { .. })
    };
    ask(account("bob@hamburger.edu", Some("hungry"))).await;
    assert!(enters("hungry").await);
    let password = "thirsty".to_owned();
    ask(Request::AccountSetPassword { address: address("bob@hamburger.edu"), password }).await;
    assert!(!enters("hungry").await && enters("thirsty").await);
    ask(Request::AccountRemove { address: address("bob@hamburger.edu") }).await;
    assert!(!enters("thirsty").await);
    ask(account("bob@hamburger.edu", None)).await;
    assert!(!enters("thirsty").await, "no password, no login");
}

#[test]
fn every_failure_of_the_store_says_what_to_do() {
    let io = StoreError::Io { doing: "write".to_owned(), reason: "no".to_owned() };
    let damaged = StoreError::Damaged { what: "a row".to_owned() };
    let cases = [
        (StoreError::Full, FailureKind::Io, "the disk is full: make room"),
        (io, FailureKind::Io, "write: no: look after the disk"),
        (damaged, FailureKind::Data, "pillarbox verify"),
        (StoreError::Newer { found: 9, known: 1 }, FailureKind::Data, "later one"),
        (StoreError::Closed, FailureKind::Temporary, "try again"),
        (StoreError::Locked { holder: "process 7".to_owned() }, FailureKind::Temporary, "process 7"),
    ];
    for (error, kind, words) in cases {
        let failure = trouble(error);
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
    }
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
    assert_eq!(
        house.ask(Request::QueueList { which: QueueWhich::default(), limit: 1 }).await,
        Ok(Response::Queue { rows: vec![], notes: vec![] })
    );
    let Response::Status(status) = house.ask(Request::Status).await.unwrap() else { panic!() };
    assert_eq!(status.figures.domains, 1);
    let Response::Verified(found) = house.ask(Request::Verify).await.unwrap() else { panic!() };
    assert!(found.damage.is_empty());
    let to = house.folder.path().join("copy");
    assert!(matches!(house.ask(Request::Backup { to: to.clone() }).await, Ok(Response::BackedUp { files: 1.., .. })));
    house.fails(Request::Backup { to }, FailureKind::CannotCreate, "not empty").await;
    house.fails(Request::Backup { to: "copy".into() }, FailureKind::Usage, "absolute").await;
}

fn read_line(line: u32, name: &str, targets: &[&str]) -> crate::admin::AliasLine {
    crate::admin::AliasLine {
        line,
        name: name.to_owned(),
        targets: targets.iter().map(|to| (*to).to_owned()).collect(),
    }
}

#[tokio::test]
async fn an_import_completes_names_and_tells_what_it_leaves_out() {
    let house = house().await;
    house
        .ask(Request::AccountAdd { address: address("bob@hamburger.edu"), password: None, quota: None })
        .await
        .unwrap();
    house.ask(Request::DomainAdd { domain: domain("crepes.fr") }).await.unwrap();
    let lines = vec![
        read_line(1, "staff", &["bob", "carol@ketchup.example", "BOB@hamburger.edu", "bob"]),
        read_line(2, "staff room", &["bob"]),
        read_line(3, "x@nowhere.example", &["bob"]),
        read_line(4, "bob", &["staff"]),
        read_line(5, "*", &["bob"]),
        read_line(6, "odd", &["two words\u{7}", "bob"]),
        read_line(7, "nobody", &["@"]),
    ];
    let import = |dry_run: bool, domain: Option<&str>, lines: Vec<_>| Request::AliasImport {
        origin: "/etc/aliases".to_owned(),
        domain: domain.map(self::domain),
        lines,
        dry_run,
    };
    for dry_run in [true, false] {
        let Response::Imported(view) = house.ask(import(dry_run, None, lines.clone())).await.unwrap() else { panic!() };
        assert_eq!((view.aliases, view.added, view.changed, view.removed), (3, 3, 0, 0), "{view:?}");
        let mut numbers: Vec<u32> = view.refused.iter().map(|refused| refused.line).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [3, 4, 5, 6, 7], "{view:?}");
    }
    let Response::Aliases(aliases) = house.ask(Request::AliasList { domain: None }).await.unwrap() else { panic!() };
    let names: Vec<String> = aliases.iter().map(|alias| alias.address.to_string()).collect();
    assert_eq!(names, ["odd@hamburger.edu", "staff@hamburger.edu", "\"staff room\"@hamburger.edu"]);
    let members = ["bob@hamburger.edu", "carol@ketchup.example", "BOB@hamburger.edu"].map(address).to_vec();
    assert_eq!(aliases[1].target, AliasTo::Members(members));

    let next = vec![read_line(1, "staff", &["bob"]), read_line(2, "new", &["bob"])];
    for dry_run in [true, false] {
        let Response::Imported(view) = house.ask(import(dry_run, None, next.clone())).await.unwrap() else { panic!() };
        assert_eq!((view.aliases, view.added, view.changed, view.removed), (2, 1, 1, 2), "{view:?}");
    }
    let elsewhere = import(false, Some("crepes.fr"), vec![read_line(1, "chef", &["chef2"])]);
    house.ask(elsewhere).await.unwrap();
    let Response::Aliases(aliases) = house.ask(Request::AliasList { domain: None }).await.unwrap() else { panic!() };
    assert_eq!(aliases.len(), 1, "another domain for the same file: its names are others now");
    assert_eq!(aliases[0].target, AliasTo::Members(vec![address("chef2@crepes.fr")]));
    house.fails(import(false, Some("ketchup.example"), vec![]), FailureKind::NoHost, "none of our domains").await;
}

#[tokio::test]
async fn ways_in_are_made_shown_and_ended() {
    use crate::login::Scope;
    let house = house().await;
    let bob = || address("bob@hamburger.edu");
    house.ask(account("bob@hamburger.edu", Some("hungry"))).await.unwrap();
    let lasts = Some(std::time::Duration::from_secs(60));
    let add =
        |address, name: &str| Request::AppPasswordAdd { address, name: name.to_owned(), scope: Scope::Read, lasts };
    let made = house.ask(add(bob(), "Phone")).await.unwrap();
    let Response::AppPassword { id, secret } = made else { panic!("{made:?}") };
    assert_eq!(secret.len(), 32);
    let listed = house.ask(Request::LoginList { address: bob() }).await.unwrap();
    let Response::Logins(logins) = listed else { panic!("{listed:?}") };
    let phone = logins.app_passwords.first().unwrap();
    assert_eq!((phone.id, phone.scope, phone.expires), (id, Scope::Read, Some(Time(NOW.0 + 60_000))));
    assert!(!logins.second_factor && logins.sessions.is_empty() && logins.passkeys.is_empty());
    house.fails(add(bob(), ""), FailureKind::Data, "a name has").await;
    house.fails(add(address("eve@hamburger.edu"), "Phone"), FailureKind::NoUser, "there is no account").await;
    let remove = |id| Request::AppPasswordRemove { address: bob(), id };
    house.fails(remove(id + 1), FailureKind::NoUser, "has no app password").await;
    house.ask(remove(id)).await.unwrap();
    house.fails(remove(id), FailureKind::NoUser, "account logins").await;
    house.fails(Request::SessionEnd { address: bob(), id: Some(1) }, FailureKind::NoUser, "has no session 1").await;
    assert_eq!(house.notes(Request::SessionEnd { address: bob(), id: None }).await, ["0 ended"]);
    house.fails(Request::SecondFactorOff { address: bob() }, FailureKind::NoUser, "no second factor").await;
    house.fails(Request::PasskeyRemove { address: bob(), id: 1 }, FailureKind::NoUser, "has no passkey 1").await;
}
