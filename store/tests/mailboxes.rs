//! Mailboxes made, changed and removed together: what is right in the end is done, whatever lies between.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use store::query::Subscriptions;
use store::types::MailboxRef::{Known, New};
use store::types::{AccountId, MailboxChange, MailboxId, MailboxRef, MailboxRefusal, MailboxWish, Role};
use store::{ANNOTATIONS_MAX, DEPTH_MAX, Engine, NAME_OCTETS_MAX, Op, Outcome};

type Results = Vec<Result<MailboxId, MailboxRefusal>>;

fn set(engine: &mut Engine, account: AccountId, changes: Vec<MailboxChange>) -> Results {
    match act(engine, Op::MailboxesSet { account, changes, now: NOW }) {
        Outcome::Mailboxes(results) => results,
        other => panic!("{other:?}"),
    }
}

fn named(name: &str) -> MailboxWish {
    MailboxWish { name: Some(name.to_owned()), ..MailboxWish::default() }
}

fn made(name: &str, parent: impl Into<Option<MailboxRef>>) -> MailboxChange {
    MailboxChange::Create(MailboxWish { parent: Some(parent.into()), ..named(name) })
}

fn renamed(mailbox: MailboxId, name: &str) -> MailboxChange {
    MailboxChange::Update(mailbox, named(name))
}

fn moved(mailbox: MailboxId, parent: impl Into<Option<MailboxRef>>) -> MailboxChange {
    MailboxChange::Update(mailbox, MailboxWish { parent: Some(parent.into()), ..MailboxWish::default() })
}

fn with_role(mailbox: MailboxId, role: Option<Role>) -> MailboxChange {
    MailboxChange::Update(mailbox, MailboxWish { role: Some(role), ..MailboxWish::default() })
}

fn gone(mailbox: MailboxId) -> MailboxChange {
    MailboxChange::Destroy { mailbox, with_emails: false }
}

fn path(engine: &Engine, account: AccountId, mailbox: MailboxId) -> String {
    let all = mailboxes(engine, account);
    let found = all.iter().find(|found| found.id == mailbox).unwrap();
    found.parent.map_or(String::new(), |parent| path(engine, account, parent) + "/") + &found.name
}

/// An account with mailboxes of these names at the top.
fn with(folder: &tempfile::TempDir, names: &[&str]) -> (Engine, AccountId, Vec<MailboxId>) {
    let mut engine = engine(folder.path());
    let account = with_accounts(&mut engine, &["bob"])[0];
    let all = set(&mut engine, account, names.iter().map(|name| made(name, None)).collect());
    (engine, account, all.into_iter().map(Result::unwrap).collect())
}

#[test]
fn names_are_swapped_and_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, ids) = with(&folder, &["a", "b", "c"]);
    let [a, b, c] = ids[..] else { panic!() };
    let before = mailboxes(&engine, account);
    let all = vec![renamed(a, "b"), renamed(b, "a")];
    assert_eq!(set(&mut engine, account, all), [Ok(a), Ok(b)]);
    assert_eq!((path(&engine, account, a), path(&engine, account, b)), ("b".into(), "a".into()));
    let validity = |all: &[store::types::Mailbox]| all.iter().map(|m| (m.id, m.uid_validity)).collect::<Vec<_>>();
    assert_eq!(validity(&before), validity(&mailboxes(&engine, account)), "they are what they were");
    // Three in a ring, and what one that goes leaves to one that is made.
    let ring = vec![renamed(a, "a"), renamed(b, "c"), renamed(c, "b")];
    assert_eq!(set(&mut engine, account, ring), [Ok(a), Ok(b), Ok(c)]);
    let results = set(&mut engine, account, vec![made("a", None), renamed(c, "c"), gone(a), gone(b)]);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(path(&engine, account, results[0].unwrap()), "a");
}

#[test]
fn parent_and_child_turn_round() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, ids) = with(&folder, &["a"]);
    let a = ids[0];
    let results = set(&mut engine, account, vec![made("c", New(1)), made("b", Known(a))]);
    let [c, b] = [results[0].unwrap(), results[1].unwrap()];
    assert_eq!(path(&engine, account, c), "a/b/c");
    assert_eq!(set(&mut engine, account, vec![moved(a, Known(b)), moved(b, None)]), [Ok(a), Ok(b)]);
    assert_eq!((path(&engine, account, a), path(&engine, account, c)), ("b/a".into(), "b/c".into()));
    // Out of one that goes, into one that is made.
    let results = set(&mut engine, account, vec![made("new", Known(a)), moved(c, New(0)), moved(a, None), gone(b)]);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(path(&engine, account, c), "a/new/c");
}

#[test]
fn roles_change_hands() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, ids) = with(&folder, &["a"]);
    let [sent, junk] = [Role::Sent, Role::Junk].map(|role| mailbox(&engine, account, role).id);
    let swap = vec![with_role(sent, Some(Role::Junk)), with_role(junk, Some(Role::Sent))];
    assert_eq!(set(&mut engine, account, swap), [Ok(sent), Ok(junk)]);
    assert_eq!(mailbox(&engine, account, Role::Junk).id, sent);
    let given = vec![with_role(ids[0], Some(Role::Sent)), gone(junk)];
    assert_eq!(set(&mut engine, account, given), [Ok(ids[0]), Ok(junk)]);
    let twice = vec![with_role(sent, Some(Role::Sent)), with_role(ids[0], Some(Role::Inbox))];
    assert_eq!(set(&mut engine, account, twice), [Err(MailboxRefusal::RoleTaken); 2]);
}

#[test]
fn what_does_not_go_with_the_rest_is_left_out_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, ids) = with(&folder, &["a", "b", "c"]);
    let [a, b, c] = ids[..] else { panic!() };
    let inbox = mailbox(&engine, account, Role::Inbox).id;
    let taken = |mailbox| Err(MailboxRefusal::NameTaken(mailbox));
    // The last of those that want one name; then who counted on its going.
    let results = set(&mut engine, account, vec![renamed(a, "x"), renamed(b, "x"), renamed(c, "b")]);
    assert_eq!(results, [Ok(a), taken(Known(a)), taken(Known(b))]);
    let results = set(&mut engine, account, vec![made("y", None), made("y", None), made("z", New(1))]);
    assert_eq!(results[1..], [taken(New(0)), Err(MailboxRefusal::NoParent)]);
    let results = set(&mut engine, account, vec![made("p", New(1)), made("q", New(0)), made("r", New(7))]);
    assert_eq!(results, [Err(MailboxRefusal::NoParent), Err(MailboxRefusal::Loop), Err(MailboxRefusal::NoParent)]);
    let results =
        set(&mut engine, account, vec![moved(a, Known(b)), moved(b, Known(a)), made("in", Known(c)), gone(c)]);
    assert_eq!(results[..2], [Ok(a), Err(MailboxRefusal::Loop)]);
    assert_eq!(results[3], Err(MailboxRefusal::HasChild));
    let results = set(&mut engine, account, vec![renamed(inbox, "x"), renamed(c, "iNbOx"), made("", None)]);
    let wanted = [MailboxRefusal::Inbox, MailboxRefusal::NameTaken(Known(inbox)), MailboxRefusal::BadName];
    assert_eq!(results, wanted.map(Err));
    assert_eq!(set(&mut engine, account, vec![gone(inbox)]), [Err(MailboxRefusal::Inbox)]);
    let results = set(&mut engine, account, vec![renamed(b, "one"), renamed(b, "two"), gone(MailboxId(99))]);
    assert_eq!(results, [Ok(b), Err(MailboxRefusal::Gone), Err(MailboxRefusal::Gone)], "each once");
}

#[test]
fn what_holds_messages_goes_only_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, _) = with(&folder, &[]);
    let inbox = mailbox(&engine, account, Role::Inbox).id;
    let sent = mailbox(&engine, account, Role::Sent).id;
    give(&mut engine, account, 1, b"Hello");
    let uids = store::UidSet::all();
    let carried = store::op::Carried::ALL;
    act(&mut engine, Op::Move { account, from: inbox, to_account: account, to: sent, uids, carried, now: NOW });
    // Its name is not free then.
    let results = set(&mut engine, account, vec![made("Sent", None), gone(sent)]);
    assert_eq!(results, [Err(MailboxRefusal::NameTaken(Known(sent))), Err(MailboxRefusal::HasEmail)]);
    let results = set(
        &mut engine,
        account,
        vec![made("Sent", None), MailboxChange::Destroy { mailbox: sent, with_emails: true }],
    );
    let new = results[0].unwrap();
    let found = mailboxes(&engine, account).into_iter().find(|found| found.id == new).unwrap();
    assert!(found.subscribed && found.total == 0, "a subscription outlives its mailbox, and finds the next");
    assert_eq!(engine.read(&Subscriptions { account }).unwrap(), Vec::<String>::new());
}

#[test]
fn a_name_that_others_lie_below_becomes_a_mailbox_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, ids) = with(&folder, &["a", "b"]);
    let below = set(&mut engine, account, vec![made("in", Known(ids[0]))])[0].unwrap();
    act(&mut engine, Op::MailboxDelete { account, mailbox: ids[0], now: NOW });
    let name = mailboxes(&engine, account).into_iter().find(|found| !found.selectable).unwrap().id;
    let results = set(&mut engine, account, vec![made("a", None), moved(ids[1], Known(name))]);
    assert_eq!((path(&engine, account, below), path(&engine, account, ids[1])), ("a/in".into(), "a/b".into()));
    assert!(mailboxes(&engine, account).iter().all(|found| found.selectable && found.id != name), "{results:?}");
}

#[test]
fn limits_hold_in_the_end_only() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, ids) = with(&folder, &["a"]);
    let chain = |top: Option<MailboxRef>, length: usize| -> Vec<MailboxChange> {
        (0..length).map(|i| made("x", i.checked_sub(1).map_or(top, |above| Some(New(above))))).collect()
    };
    let results = set(&mut engine, account, chain(Some(Known(ids[0])), DEPTH_MAX));
    assert!(results[..DEPTH_MAX - 1].iter().all(Result::is_ok), "{results:?}");
    assert_eq!(results[DEPTH_MAX - 1], Err(MailboxRefusal::Limit), "one past it");
    let (second, last) = (results[0].unwrap(), results[DEPTH_MAX - 2].unwrap());
    // One at the top more, where one below goes away.
    let results = set(&mut engine, account, vec![made("t", None), moved(ids[0], New(0))]);
    assert_eq!(results[1], Err(MailboxRefusal::Limit));
    let results = set(&mut engine, account, vec![made("u", None), moved(ids[0], New(0)), gone(last)]);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let results = set(&mut engine, account, vec![made(&"n".repeat(NAME_OCTETS_MAX), None), moved(second, None)]);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let long = made(&"n".repeat(NAME_OCTETS_MAX + 1), None);
    assert_eq!(set(&mut engine, account, vec![long]), [Err(MailboxRefusal::Limit)]);
    // Far too deep: it ends, and what fits is there.
    assert_eq!(set(&mut engine, account, vec![renamed(second, "y")]), [Ok(second)]);
    let results = set(&mut engine, account, chain(None, 400));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), DEPTH_MAX);
}

#[test]
fn annotations_have_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, account, ids) = with(&folder, &["a"]);
    let of = store::types::Annotated { mailbox: Some((account, ids[0])), reader: None };
    let some = |count: u64| (1..=count).map(|i| (format!("/e{i}"), Some(vec![1]))).collect::<Vec<_>>();
    let noted = |name: &str| MailboxWish { note: Some((name.to_owned(), Some(vec![2]))), ..MailboxWish::default() };
    assert_eq!(act(&mut engine, Op::Annotate { notes: vec![(of, some(ANNOTATIONS_MAX - 1))] }), Outcome::Done);
    let note = |name: &str| vec![MailboxChange::Update(ids[0], noted(name))];
    assert_eq!(set(&mut engine, account, note("/last")), [Ok(ids[0])]);
    assert_eq!(set(&mut engine, account, note("/more")), [Err(MailboxRefusal::Limit)]);
    assert_eq!(set(&mut engine, account, note("/e1")), [Ok(ids[0])], "it was there");
}

/// How mailboxes lie: id (below zero: of the change), parent, name.
type Picture = BTreeMap<i64, (i64, String)>;

fn is_right(all: &Picture) -> bool {
    let names: BTreeSet<_> = all.values().collect();
    let ends =
        |id: &i64| std::iter::successors(Some(*id), |at| all.get(at).map(|seat| seat.0)).take(50).any(|at| at == 0);
    let is_there = |(parent, _): &(i64, String)| *parent == 0 || all.contains_key(parent);
    names.len() == all.len() && all.values().all(is_there) && all.keys().all(ends)
}

fn wanted(engine: &Engine, account: AccountId, changes: &[MailboxChange]) -> Picture {
    let old = mailboxes(engine, account).into_iter();
    let mut all: Picture = old.map(|m| (m.id.0, (m.parent.map_or(0, |parent| parent.0), m.name))).collect();
    let number = |parent: Option<MailboxRef>| match parent {
        None => 0,
        Some(Known(mailbox)) => mailbox.0,
        Some(New(change)) => -1 - change as i64,
    };
    for (i, change) in changes.iter().enumerate() {
        match change {
            MailboxChange::Create(wish) => {
                all.insert(-1 - i as i64, (number(wish.parent.unwrap()), wish.name.clone().unwrap()));
            }
            MailboxChange::Update(mailbox, wish) => {
                all.insert(mailbox.0, (number(wish.parent.unwrap()), wish.name.clone().unwrap()));
            }
            MailboxChange::Destroy { mailbox, .. } => {
                all.remove(&mailbox.0);
            }
        }
    }
    all
}

/// Changes of different mailboxes, none of them INBOX.
fn some_changes() -> impl Strategy<Value = Vec<MailboxChange>> {
    let parent = prop_oneof![
        2 => Just(None),
        3 => (7_i64..11).prop_map(|id| Some(Known(MailboxId(id)))),
        1 => (0_usize..4).prop_map(|change| Some(New(change))),
    ];
    let name = prop::sample::select(vec!["a", "b", "c", "d"]);
    let one = (0..4_u8, parent, name);
    let ids = Just((7_i64..11).collect::<Vec<_>>()).prop_shuffle();
    (prop::collection::vec(one, 1..5), ids).prop_map(|(all, ids)| {
        let change = |((kind, parent, name), id): ((u8, Option<MailboxRef>, &str), i64)| {
            let wish = MailboxWish { parent: Some(parent), ..named(name) };
            match kind {
                0 => MailboxChange::Create(wish),
                1 => gone(MailboxId(id)),
                _ => MailboxChange::Update(MailboxId(id), wish),
            }
        };
        all.into_iter().zip(ids).map(change).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_right_in_the_end_is_done_and_nothing_else(rounds in prop::collection::vec(some_changes(), 1..9)) {
        let folder = tempfile::tempdir().unwrap();
        let (mut engine, account, ids) = with(&folder, &["a", "b", "c", "d"]);
        assert_eq!(ids[0], MailboxId(7));
        for changes in rounds {
            let there: BTreeSet<_> = mailboxes(&engine, account).into_iter().map(|m| m.id).collect();
            let exists = |change: &MailboxChange| match change {
                MailboxChange::Create(_) => true,
                MailboxChange::Update(id, _) | MailboxChange::Destroy { mailbox: id, .. } => there.contains(id),
            };
            let wanted = wanted(&engine, account, &changes);
            let results = set(&mut engine, account, changes.clone());
            let is_done = results.iter().all(Result::is_ok);
            prop_assert_eq!(is_done, is_right(&wanted) && changes.iter().all(exists), "{:?} {:?}", &changes, results);
            let born = |id: i64| usize::try_from(-1 - id).map_or(id, |change| results[change].unwrap().0);
            let now = self::wanted(&engine, account, &[]);
            prop_assert!(is_right(&now));
            if is_done {
                let wanted: Picture = wanted.into_iter().map(|(id, (p, name))| (born(id), (born(p), name))).collect();
                prop_assert_eq!(wanted, now);
            }
        }
    }
}
