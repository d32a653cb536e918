//! Domains, accounts, aliases, and where an address leads.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use message::{Address, Host};
use store::op::Delivery;
use store::query::{
    AccountByAddress, AccountById, Accounts, AliasByAddress, Aliases, AliasesFrom, Domains, Figures, Mailboxes,
    Resolve, Resolved,
};
use store::types::{Alias, AliasTarget, Credentials, PopDelete, Role, Uid};
use store::{Op, Outcome};

fn members(name: &str, to: &[&str]) -> Alias {
    Alias { address: address(name), target: AliasTarget::Members(to.iter().map(|name| address(name)).collect()) }
}

#[test]
fn domains_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let remove = || Op::DomainRemove { domain: domain("crepes.fr") };
    assert_eq!(act(&mut engine, remove()), Outcome::Gone);
    assert_eq!(act(&mut engine, add_account("bob", None)), Outcome::Gone, "no such domain yet");
    with_accounts(&mut engine, &["bob"]);
    assert_eq!(act(&mut engine, add_domain("crepes.fr")), Outcome::Exists);
    assert_eq!(act(&mut engine, remove()), Outcome::Conflict);
    assert_eq!(act(&mut engine, Op::AccountRemove { address: address("bob") }), Outcome::Done);
    assert_eq!(act(&mut engine, remove()), Outcome::Done);
    assert_eq!(engine.read(&Domains {}).unwrap(), vec![]);
}

#[test]
fn an_account_begins_with_its_mailboxes() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["Bob"]).remove(0);
    let all = mailboxes(&engine, bob);
    let names: Vec<_> = all.iter().map(|mailbox| (mailbox.name.as_str(), mailbox.role.unwrap())).collect();
    let wanted = [
        ("INBOX", Role::Inbox),
        ("Archive", Role::Archive),
        ("Drafts", Role::Drafts),
        ("Sent", Role::Sent),
        ("Junk", Role::Junk),
        ("Trash", Role::Trash),
    ];
    assert_eq!(names, wanted);
    let mut validities: Vec<_> = all.iter().map(|mailbox| mailbox.uid_validity).collect();
    assert_eq!(u64::from(validities[0]), NOW.unix_seconds());
    validities.dedup();
    assert_eq!(validities.len(), 6, "each its own");
    assert!(all.iter().all(|mailbox| mailbox.uid_next == Uid(1) && mailbox.subscribed));
}

#[test]
fn names_compare_without_case_and_keep_their_form() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    with_accounts(&mut engine, &["Bob", "JÜRGEN"]);
    assert_eq!(act(&mut engine, add_account("bOB", None)), Outcome::Exists);
    assert_eq!(act(&mut engine, Op::AliasAdd { alias: members("BOB", &["x"]) }), Outcome::Exists);
    assert_eq!(act(&mut engine, add_account("*", None)), Outcome::Conflict);
    let found = engine.read(&AccountByAddress { address: address("jürgen") }).unwrap().unwrap();
    assert_eq!(found.address.local_part(), "JÜRGEN");
    assert_eq!(engine.read(&AccountById { account: found.id }).unwrap().unwrap(), found);
}

#[test]
fn accounts_are_listed_a_page_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    with_accounts(&mut engine, &["dan", "Bob", "carol"]);
    let page = |after| engine.read(&Accounts { domain: None, after, limit: 2 }).unwrap();
    let name = |page: &[store::types::Account]| -> Vec<String> {
        page.iter().map(|account| account.address.local_part().to_owned()).collect()
    };
    let first = page(None);
    assert_eq!(name(&first), ["Bob", "carol"]);
    assert_eq!(name(&page(Some(first[1].address.clone()))), ["dan"]);
    let other = Accounts { domain: Some(domain("hamburger.edu")), after: None, limit: 9 };
    assert_eq!(engine.read(&other).unwrap(), vec![]);
}

#[test]
fn an_account_changes_what_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    with_accounts(&mut engine, &["bob"]);
    let set =
        |credentials, quota, pop_delete| Op::AccountSet { address: address("bob"), credentials, quota, pop_delete };
    let secret = Credentials { apop_secret: Some("hungry".into()), ..Credentials::default() };
    assert_eq!(act(&mut engine, set(Some(secret.clone()), Some(Some(5)), None)), Outcome::Done);
    assert_eq!(act(&mut engine, set(None, None, Some(PopDelete::Archive))), Outcome::Done);
    let bob = engine.read(&AccountByAddress { address: address("bob") }).unwrap().unwrap();
    assert_eq!((bob.credentials, bob.quota, bob.pop_delete), (secret, Some(5), PopDelete::Archive));
    assert_eq!(act(&mut engine, set(None, Some(None), None)), Outcome::Done);
    assert_eq!(engine.read(&AccountByAddress { address: address("bob") }).unwrap().unwrap().quota, None);
    let nobody = Op::AccountSet { address: address("eve"), credentials: None, quota: None, pop_delete: None };
    assert_eq!(act(&mut engine, nobody), Outcome::Gone);
}

#[test]
fn an_address_leads_somewhere_in_a_fixed_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    with_accounts(&mut engine, &["bob", "bob+work"]);
    let resolve = |engine: &store::Engine, name: &str| engine.read(&Resolve { address: address(name) }).unwrap();
    assert_eq!(resolve(&engine, "nobody"), Resolved::Unknown);
    let sales = members("sales", &["bob"]);
    let moved = Alias { address: address("old"), target: AliasTarget::Moved(address("bob")) };
    for alias in [&sales, &moved] {
        assert_eq!(act(&mut engine, Op::AliasAdd { alias: alias.clone() }), Outcome::Done);
    }
    let account = |resolved| match resolved {
        Resolved::Account { account, tag } => (account.address.local_part().to_owned(), tag),
        other => panic!("{other:?}"),
    };
    assert_eq!(account(resolve(&engine, "BOB")), ("bob".into(), None));
    assert_eq!(account(resolve(&engine, "bob+work")), ("bob+work".into(), None));
    assert_eq!(account(resolve(&engine, "bob+a+b")), ("bob".into(), Some("a+b".into())));
    assert_eq!(resolve(&engine, "Sales"), Resolved::Alias(sales.clone()));
    assert_eq!(resolve(&engine, "sales+x"), Resolved::Alias(sales.clone()));
    assert_eq!(resolve(&engine, "old"), Resolved::Alias(moved.clone()));
    assert_eq!(resolve(&engine, "+work"), Resolved::Unknown);
    let rest = members("*", &["bob"]);
    assert_eq!(act(&mut engine, Op::AliasAdd { alias: rest.clone() }), Outcome::Done);
    for unknown in ["nobody", "nobody+x", "+work", "*"] {
        assert_eq!(resolve(&engine, unknown), Resolved::Alias(rest.clone()));
    }
    assert_eq!(account(resolve(&engine, "bob")), ("bob".into(), None), "the catch-all comes last");
    let foreign = Address::new("bob", Host::Domain(domain("hamburger.edu")));
    assert_eq!(engine.read(&Resolve { address: foreign }).unwrap(), Resolved::Foreign);
    let literal = Address::new("bob", Host::Literal("192.0.2.1".parse().unwrap()));
    assert_eq!(engine.read(&Resolve { address: literal }).unwrap(), Resolved::Foreign);
    assert_eq!(engine.read(&Aliases { domain: None }).unwrap(), [rest, moved, sales]);
}

#[test]
fn aliases_of_a_file_come_and_go_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    with_accounts(&mut engine, &["bob"]);
    let by_hand = members("byhand", &["bob"]);
    assert_eq!(act(&mut engine, Op::AliasAdd { alias: by_hand.clone() }), Outcome::Done);
    let mut import = |origin: &str, aliases: &[&Alias]| {
        let aliases = aliases.iter().map(|alias| (*alias).clone()).collect();
        match act(&mut engine, Op::AliasImport { origin: origin.to_owned(), aliases }) {
            Outcome::Imported { taken, foreign } => {
                let from = AliasesFrom { origin: "/etc/aliases".to_owned() };
                let all = engine.read(&Aliases { domain: None }).unwrap();
                (taken, foreign, all, engine.read(&from).unwrap())
            }
            other => panic!("{other:?}"),
        }
    };
    let (one, two) = (members("one", &["bob"]), members("two", &["bob", "x"]));
    let elsewhere = Address::new("x", Host::Domain(domain("nowhere.example")));
    let foreign = Alias { address: elsewhere.clone(), target: one.target.clone() };
    let came = import("/etc/aliases", &[&one, &two, &members("BOB", &["x"]), &members("byhand", &["x"]), &foreign]);
    let (first, second) = (vec![address("BOB"), address("byhand")], vec![elsewhere]);
    assert_eq!(came, (first, second, vec![by_hand.clone(), one.clone(), two.clone()], vec![one.clone(), two.clone()]));
    // Another file has no say in it.
    let (taken, _, all, _) = import("/srv/aliases", &[&members("one", &["x"])]);
    assert_eq!((taken, all), (vec![address("one")], vec![by_hand.clone(), one, two]));
    let other = members("two", &["y"]);
    let (taken, _, all, from) = import("/etc/aliases", &[&other]);
    assert_eq!((taken, all, from), (vec![], vec![by_hand.clone(), other.clone()], vec![other]));
    assert_eq!(import("/etc/aliases", &[]).2, [by_hand]);
}

#[test]
fn aliases_go_with_the_account_they_lead_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob", "carol"]).remove(0);
    for alias in [members("only", &["BOB"]), members("both", &["bob", "carol"])] {
        assert_eq!(act(&mut engine, Op::AliasAdd { alias }), Outcome::Done);
    }
    give(&mut engine, bob, 1, &noise(1, 30_000));
    assert_eq!(act(&mut engine, Op::AccountRemove { address: address("Bob") }), Outcome::Done);
    assert_eq!(engine.read(&AliasByAddress { address: address("only") }).unwrap(), None);
    assert_eq!(engine.read(&AliasByAddress { address: address("both") }).unwrap(), Some(members("both", &["carol"])));
    assert_eq!(engine.read(&Mailboxes { account: bob }).unwrap(), vec![]);
    let figures = engine.read(&Figures {}).unwrap();
    assert_eq!((figures.accounts, figures.aliases, figures.messages, figures.octets), (1, 1, 0, 0));
    assert_eq!(act(&mut engine, Op::AccountRemove { address: address("bob") }), Outcome::Gone);
    assert_eq!(act(&mut engine, Op::AliasRemove { address: address("both") }), Outcome::Done);
    assert_eq!(act(&mut engine, Op::AliasRemove { address: address("both") }), Outcome::Gone);
    let Outcome::Account(again) = act(&mut engine, add_account("bob", None)) else { panic!("not added") };
    assert!(again > bob, "ids are never reused");
    let late = engine.put(b"x").unwrap();
    let deliver = Op::Deliver(Box::new(letter(2, late, vec![local(bob)])));
    assert_eq!(deliveries(act(&mut engine, deliver)), [Delivery::Gone]);
}
