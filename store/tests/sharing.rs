//! Names of mailboxes, and what others see of them: paths, what is left above others, subscriptions, lists of rights,
//! notes, and copies into another's mailbox.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use store::op::{Carried, FlagChange, RightsChange};
use store::query::{
    AccountById, AclOf, AnnotationMarks, Annotations, ChangesSince, Mailboxes, MailboxesSince, SharedWith,
    StoredMessage, Subscriptions, Summaries,
};
use store::types::{AccountId, Annotated, Flags, Mailbox, MailboxId, ModSeq, Rights, Role, Uid};
use store::{
    ACL_MAX, ANNOTATION_OCTETS_MAX, ANNOTATIONS_MAX, DEPTH_MAX, ENTRY_OCTETS_MAX, Engine, IDENTIFIER_OCTETS_MAX,
    KEYWORDS_MAX, MAILBOXES_MAX, NAME_OCTETS_MAX, Op, Outcome, SUBSCRIPTIONS_MAX, UidSet,
};

fn path(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

fn make(account: AccountId, text: &str) -> Op {
    Op::MailboxCreate { account, parent: None, path: path(text), role: None, now: NOW }
}

fn made(engine: &mut Engine, account: AccountId, text: &str) -> MailboxId {
    match act(engine, make(account, text)) {
        Outcome::Mailbox(made) => made,
        other => panic!("{text}: {other:?}"),
    }
}

fn rename(account: AccountId, mailbox: MailboxId, text: &str) -> Op {
    Op::MailboxRename { account, mailbox, parent: None, path: path(text), now: NOW }
}

/// Every mailbox but those an account begins with, as a path.
fn paths(engine: &Engine, account: AccountId) -> Vec<(String, Mailbox)> {
    let all = mailboxes(engine, account);
    let of = |mailbox: &Mailbox| {
        let above = std::iter::successors(Some(mailbox), |at| all.iter().find(|other| Some(other.id) == at.parent));
        above.map(|mailbox| mailbox.name.as_str()).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
    };
    all.iter().map(|mailbox| (of(mailbox), mailbox.clone())).filter(|(_, mailbox)| mailbox.role.is_none()).collect()
}

fn names(engine: &Engine, account: AccountId) -> Vec<String> {
    paths(engine, account).into_iter().map(|(path, _)| path).collect()
}

#[test]
fn what_lies_above_is_made_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    made(&mut engine, bob, "a/b/c");
    assert_eq!(names(&engine, bob), ["a", "a/b", "a/b/c"]);
    made(&mut engine, bob, "Inbox/x");
    assert_eq!(names(&engine, bob), ["a", "a/b", "a/b/c", "INBOX/x"]);
    for (refused, outcome) in [("a/b", Outcome::Exists), ("", Outcome::Conflict), ("a//x", Outcome::Conflict)] {
        assert_eq!(act(&mut engine, make(bob, refused)), outcome, "{refused:?}");
    }
    let slash = Op::MailboxCreate { account: bob, parent: None, path: vec!["y/z".into()], role: None, now: NOW };
    assert_eq!(act(&mut engine, slash), Outcome::Conflict);
    let junk = Op::MailboxCreate { account: bob, parent: None, path: path("y/z"), role: Some(Role::Junk), now: NOW };
    assert_eq!(act(&mut engine, junk), Outcome::Conflict);
    assert_eq!(names(&engine, bob).len(), 4, "what is refused makes nothing on the way");
}

#[test]
fn a_name_left_above_others_cannot_be_opened_until_it_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    let b = made(&mut engine, bob, "a/b");
    let (_, a) = paths(&engine, bob).remove(0);
    give(&mut engine, bob, 1, b"Hello");
    let inbox = mailbox(&engine, bob, Role::Inbox).id;
    let copy = |to| Op::Copy {
        account: bob,
        from: inbox,
        to_account: bob,
        to,
        uids: UidSet::all(),
        carried: Carried::ALL,
        now: NOW,
    };
    act(&mut engine, copy(a.id));
    let delete = |mailbox| Op::MailboxDelete { account: bob, mailbox, now: NOW };
    assert_eq!(act(&mut engine, delete(a.id)), Outcome::Done);
    let at = |engine: &Engine, name: &str| paths(engine, bob).into_iter().find(|(path, _)| path == name).unwrap().1;
    let left = at(&engine, "a");
    assert!(!left.selectable && left.id != a.id && left.total == 0);
    assert_eq!(at(&engine, "a/b").id, b, "what lay in it is the same");
    assert_eq!(act(&mut engine, copy(left.id)), Outcome::Gone);
    assert_eq!(act(&mut engine, delete(left.id)), Outcome::Conflict);
    let again = made(&mut engine, bob, "a");
    let new = at(&engine, "a");
    assert!(new.selectable && new.id == again && new.id != left.id && new.uid_validity > a.uid_validity);
    assert_eq!(at(&engine, "a/b").parent, Some(again));
    for mailbox in [again, b] {
        assert_eq!(act(&mut engine, delete(mailbox)), Outcome::Done);
    }
    let left = at(&engine, "a").id;
    assert_eq!(act(&mut engine, delete(left)), Outcome::Done, "with nothing in it the name goes too");
    assert!(names(&engine, bob).is_empty());
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

#[test]
fn a_name_takes_those_below_along_and_inbox_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    made(&mut engine, bob, "a/b");
    let (_, a) = paths(&engine, bob).remove(0);
    assert_eq!(act(&mut engine, rename(bob, a.id, "x/y")), Outcome::Done);
    assert_eq!(names(&engine, bob), ["x/y", "x/y/b", "x"]);
    assert_eq!(act(&mut engine, rename(bob, a.id, "x/y/b/z")), Outcome::Conflict, "into itself");
    made(&mut engine, bob, "INBOX/below");
    give(&mut engine, bob, 1, b"Hello");
    let inbox = mailbox(&engine, bob, Role::Inbox);
    assert_eq!(act(&mut engine, rename(bob, inbox.id, "x")), Outcome::Exists);
    assert_eq!(act(&mut engine, rename(bob, inbox.id, "old/mail")), Outcome::Done);
    let after = mailbox(&engine, bob, Role::Inbox);
    assert_eq!((after.id, after.total, after.uid_next), (inbox.id, 0, Uid(2)));
    let all = paths(&engine, bob);
    let (_, moved) = all.iter().find(|(path, _)| path == "old/mail").unwrap();
    assert_eq!(moved.total, 1);
    assert!(all.iter().any(|(path, _)| path == "INBOX/below"));
}

#[test]
fn names_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    made(&mut engine, bob, &"n".repeat(NAME_OCTETS_MAX));
    assert_eq!(act(&mut engine, make(bob, &"n".repeat(NAME_OCTETS_MAX + 1))), Outcome::Limit);
    made(&mut engine, bob, &vec!["d"; DEPTH_MAX].join("/"));
    assert_eq!(act(&mut engine, make(bob, &vec!["d"; DEPTH_MAX + 1].join("/"))), Outcome::Limit);
    let top = paths(&engine, bob).into_iter().find(|(path, _)| path == "d").unwrap().1.id;
    assert_eq!(act(&mut engine, rename(bob, top, "e")), Outcome::Done);
    assert_eq!(act(&mut engine, rename(bob, top, "e2/e")), Outcome::Limit, "the lowest would lie too low");
}

#[test]
fn an_account_has_so_many_mailboxes_and_subscriptions() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    let there = mailboxes(&engine, bob).len() as u64;
    let ops: Vec<Op> = (there..MAILBOXES_MAX - 1).map(|n| make(bob, &format!("m{n}"))).collect();
    assert!(engine.apply_group(&ops).iter().all(|result| matches!(result, Ok(Outcome::Mailbox(_)))));
    assert_eq!(act(&mut engine, make(bob, "two/more")), Outcome::Limit);
    made(&mut engine, bob, "one");
    assert_eq!(act(&mut engine, make(bob, "another")), Outcome::Limit);
    let subscribe = |n| Op::NameSubscribe { account: bob, name: format!("Shared/{n}"), subscribed: true };
    let ops: Vec<Op> = (0..SUBSCRIPTIONS_MAX).map(subscribe).collect();
    assert!(engine.apply_group(&ops).iter().all(|result| *result == Ok(Outcome::Done)));
    assert_eq!(act(&mut engine, subscribe(SUBSCRIPTIONS_MAX)), Outcome::Limit);
}

#[test]
fn a_subscription_outlives_its_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    let b = made(&mut engine, bob, "a/b");
    let subscribed = |engine: &Engine| engine.read(&Subscriptions { account: bob }).unwrap();
    act(&mut engine, Op::MailboxSubscribe { account: bob, mailbox: b, subscribed: true });
    assert!(subscribed(&engine).is_empty());
    act(&mut engine, Op::MailboxDelete { account: bob, mailbox: b, now: NOW });
    assert_eq!(subscribed(&engine), ["a/b"]);
    let again = made(&mut engine, bob, "a/b");
    let is_subscribed = |engine: &Engine, id| mailboxes(engine, bob).iter().any(|m| m.id == id && m.subscribed);
    assert!(is_subscribed(&engine, again) && subscribed(&engine).is_empty());
    let name = |subscribed| Op::NameSubscribe { account: bob, name: "x/y".into(), subscribed };
    for _ in 0..2 {
        assert_eq!(act(&mut engine, name(true)), Outcome::Done);
    }
    assert_eq!(act(&mut engine, rename(bob, again, "x/y")), Outcome::Done);
    assert!(is_subscribed(&engine, again) && subscribed(&engine).is_empty());
    act(&mut engine, name(true));
    assert_eq!((act(&mut engine, name(false)), subscribed(&engine).len()), (Outcome::Done, 0));
    let nobody = Op::NameSubscribe { account: AccountId(9), name: "x".into(), subscribed: true };
    assert_eq!(act(&mut engine, nobody), Outcome::Gone);
}

fn rights(letters: &str) -> Rights {
    Rights::of(letters).unwrap()
}

fn allow(of: (AccountId, MailboxId), identifier: &str, change: RightsChange) -> Op {
    Op::AclSet { account: of.0, mailbox: of.1, identifier: identifier.into(), change }
}

#[test]
fn rights_are_letters() {
    assert_eq!((rights("lrswipkxtea").letters().as_str(), rights("").letters().as_str()), ("aeiklprstwx", ""));
    assert_eq!([Rights::of("lR"), Rights::of("1"), Rights::of("\u{e9}")], [None, None, None]);
}

#[test]
fn rights_are_given_taken_inherited_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let accounts = with_accounts(&mut engine, &["bob", "Carol"]);
    let of = (accounts[0], made(&mut engine, accounts[0], "team"));
    let since = mailboxes(&engine, of.0).iter().map(|mailbox| mailbox.modseq).max().unwrap();
    act(&mut engine, allow(of, "carol@crepes.fr", RightsChange::Replace(rights("lrs"))));
    act(&mut engine, allow(of, "carol@crepes.fr", RightsChange::Add(rights("wi"))));
    act(&mut engine, allow(of, "carol@crepes.fr", RightsChange::Remove(rights("s"))));
    act(&mut engine, allow(of, "anyone", RightsChange::Add(rights("l"))));
    let acl =
        |engine: &Engine, of: (AccountId, MailboxId)| engine.read(&AclOf { account: of.0, mailbox: of.1 }).unwrap();
    let given = vec![("anyone".to_owned(), rights("l")), ("carol@crepes.fr".to_owned(), rights("lrwi"))];
    assert_eq!(acl(&engine, of), given);
    assert!(!engine.read(&ChangesSince { account: of.0, since, limit: 9 }).unwrap().unwrap().is_empty());
    let below = (of.0, made(&mut engine, of.0, "team/below"));
    assert_eq!(acl(&engine, below), given);
    act(&mut engine, allow(below, "anyone", RightsChange::Replace(rights(""))));
    let shared = engine.read(&SharedWith { identifiers: vec!["anyone".into(), "carol@crepes.fr".into()] }).unwrap();
    let shared: Vec<_> = shared.iter().map(|(account, mailbox, who, _)| (*account, *mailbox, who.as_str())).collect();
    assert_eq!(shared, [(of.0, of.1, "anyone"), (of.0, of.1, "carol@crepes.fr"), (of.0, below.1, "carol@crepes.fr")]);
    act(&mut engine, allow(of, "-carol@crepes.fr", RightsChange::Add(rights("w"))));
    act(&mut engine, Op::AccountRemove { address: address("carol") });
    assert_eq!((acl(&engine, of).len(), acl(&engine, below).len()), (1, 0), "who gets her address gets no rights");
    let nowhere = allow((of.0, MailboxId(99)), "anyone", RightsChange::Add(rights("l")));
    assert_eq!(act(&mut engine, nowhere), Outcome::Gone);
}

#[test]
fn lists_of_rights_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    let of = (bob, made(&mut engine, bob, "team"));
    let add = |who: &str| allow(of, who, RightsChange::Add(rights("l")));
    assert_eq!(act(&mut engine, add(&"x".repeat(IDENTIFIER_OCTETS_MAX + 1))), Outcome::Limit);
    assert_eq!(act(&mut engine, add(&"x".repeat(IDENTIFIER_OCTETS_MAX))), Outcome::Done);
    let ops: Vec<Op> = (1..ACL_MAX).map(|n| add(&format!("u{n}"))).collect();
    assert!(engine.apply_group(&ops).iter().all(|result| *result == Ok(Outcome::Done)));
    assert_eq!(act(&mut engine, add("one-more")), Outcome::Limit);
    assert_eq!(act(&mut engine, allow(of, "u1", RightsChange::Add(rights("r")))), Outcome::Done, "it is in the list");
}

#[test]
fn notes_are_of_one_place_and_one_reader() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let accounts = with_accounts(&mut engine, &["bob", "Carol"]);
    let team = (accounts[0], made(&mut engine, accounts[0], "team"));
    let place = Some(team);
    let all = [(place, None), (place, Some(accounts[1])), (None, None), (None, Some(accounts[0]))];
    let all = all.map(|(mailbox, reader)| Annotated { mailbox, reader });
    for (n, of) in all.into_iter().enumerate() {
        let entries = vec![("/comment".to_owned(), Some(vec![n as u8])), ("/x".to_owned(), None)];
        assert_eq!(act(&mut engine, Op::Annotate { notes: vec![(of, entries)] }), Outcome::Done);
    }
    let read = |engine: &Engine, of| engine.read(&Annotations { of }).unwrap();
    for (n, of) in all.into_iter().enumerate() {
        assert_eq!(read(&engine, of), [("/comment".to_owned(), vec![n as u8])]);
    }
    act(&mut engine, Op::AccountRemove { address: address("carol") });
    act(&mut engine, Op::MailboxDelete { account: accounts[0], mailbox: team.1, now: NOW });
    assert_eq!(all.map(|of| read(&engine, of).len()), [0, 0, 1, 1]);
    for of in [Annotated { mailbox: place, reader: None }, Annotated { mailbox: None, reader: Some(AccountId(9)) }] {
        assert_eq!(act(&mut engine, Op::Annotate { notes: vec![(of, vec![])] }), Outcome::Gone);
    }
}

#[test]
fn notes_for_one_and_for_all_are_set_together_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    let mailbox = Some((bob, made(&mut engine, bob, "team")));
    let [own, shared] = [Some(bob), None].map(|reader| Annotated { mailbox, reader });
    let note = |octets| vec![("/x".to_owned(), Some(vec![7; octets]))];
    let set = |octets| Op::Annotate { notes: vec![(own, note(1)), (shared, note(octets))] };
    assert_eq!(act(&mut engine, set(ANNOTATION_OCTETS_MAX + 1)), Outcome::Limit);
    assert_eq!([own, shared].map(|of| engine.read(&Annotations { of }).unwrap().len()), [0, 0]);
    assert_eq!(act(&mut engine, set(2)), Outcome::Done);
    assert_eq!([own, shared].map(|of| engine.read(&Annotations { of }).unwrap().len()), [1, 1]);
}

#[test]
fn changed_mailboxes_are_told_as_long_as_their_names_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let account = with_accounts(&mut engine, &["bob"]).remove(0);
    let team = made(&mut engine, account, "team");
    let now =
        |engine: &Engine| engine.read(&Mailboxes { account }).unwrap().iter().map(|one| one.modseq).max().unwrap();
    let changed = |engine: &Engine, since| {
        let changed = engine.read(&MailboxesSince { account, since }).unwrap();
        changed.map(|all| all.into_iter().map(|one| one.id).collect::<Vec<_>>())
    };
    let before = now(&engine);
    assert_eq!(changed(&engine, before), Some(vec![]));
    give(&mut engine, account, 1, b"\r\nx");
    let inbox = mailbox(&engine, account, Role::Inbox).id;
    assert_eq!(changed(&engine, before), Some(vec![inbox]));
    let marks = |engine: &Engine, reader, since, limit| {
        engine.read(&AnnotationMarks { account, reader, since, limit }).unwrap()
    };
    let start = before;
    for reader in [None, Some(account)] {
        let of = Annotated { mailbox: Some((account, team)), reader };
        let before = now(&engine);
        act(&mut engine, Op::Annotate { notes: vec![(of, vec![("/x".to_owned(), Some(vec![1]))])] });
        assert_eq!(changed(&engine, before), None);
    }
    let (changed_ones, seen) = marks(&engine, account, start, 10);
    assert_eq!((changed_ones, seen.len()), (vec![team], 2));
    assert_eq!(marks(&engine, account, start, 1).1.len(), 1);
    assert_eq!(marks(&engine, AccountId(9), start, 10).1.len(), 1);
    let before = now(&engine);
    assert_eq!(marks(&engine, account, before, 10), (vec![], vec![]), "only of mailboxes that changed");
    let subscribed = Op::MailboxSubscribe { account, mailbox: team, subscribed: true };
    assert_eq!(act(&mut engine, subscribed), Outcome::Done);
    assert_eq!(changed(&engine, before), None);
    let before = now(&engine);
    assert_eq!(changed(&engine, before), Some(vec![]));
    act(&mut engine, Op::MailboxDelete { account, mailbox: team, now: NOW });
    assert_eq!(changed(&engine, before), None, "one is gone");
}

#[test]
fn notes_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let bob = with_accounts(&mut engine, &["bob"]).remove(0);
    let of = Annotated { mailbox: None, reader: Some(bob) };
    let note = |entry: String, octets| Op::Annotate { notes: vec![(of, vec![(entry, Some(vec![0; octets]))])] };
    assert_eq!(act(&mut engine, note("/a".into(), ANNOTATION_OCTETS_MAX)), Outcome::Done);
    assert_eq!(act(&mut engine, note("/a".into(), ANNOTATION_OCTETS_MAX + 1)), Outcome::Limit);
    assert_eq!(act(&mut engine, note("/".repeat(ENTRY_OCTETS_MAX), 1)), Outcome::Done);
    assert_eq!(act(&mut engine, note("/".repeat(ENTRY_OCTETS_MAX + 1), 1)), Outcome::Limit);
    let more = |count: u64| (2..count).map(|n| (format!("/{n}"), Some(vec![]))).collect::<Vec<_>>();
    assert_eq!(act(&mut engine, Op::Annotate { notes: vec![(of, more(ANNOTATIONS_MAX + 1))] }), Outcome::Limit);
    assert_eq!(engine.read(&Annotations { of }).unwrap().len(), 2, "all or none");
    assert_eq!(act(&mut engine, Op::Annotate { notes: vec![(of, more(ANNOTATIONS_MAX))] }), Outcome::Done);
}

#[test]
fn a_copy_for_another_account_is_its_own_and_shares_the_content() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let accounts = with_accounts(&mut engine, &["bob", "Carol"]);
    let (bob, carol) = (accounts[0], accounts[1]);
    give(&mut engine, bob, 1, &noise(1, 30_000));
    give(&mut engine, bob, 2, b"Hello");
    let (from, to) = (mailbox(&engine, bob, Role::Inbox).id, mailbox(&engine, carol, Role::Inbox));
    let flags = Flags { seen: true, keywords: vec!["b".into(), "a".into()], ..Flags::default() };
    let uids = Uid(2).into();
    let change = FlagChange::Add(flags);
    act(&mut engine, Op::SetFlags { account: bob, mailbox: from, uids, change, unchanged_since: None });
    let copy = |uids: UidSet| Op::Copy {
        account: bob,
        from,
        to_account: carol,
        to: to.id,
        uids,
        carried: Carried::ALL,
        now: NOW,
    };
    let pairs = vec![(Some(Uid(1)), Uid(1)), (Some(Uid(2)), Uid(2))];
    assert_eq!(act(&mut engine, copy(UidSet::all())), Outcome::Uids { uid_validity: to.uid_validity, pairs });
    let used = |engine: &Engine, account| engine.read(&AccountById { account }).unwrap().unwrap().used;
    assert_eq!(used(&engine, bob), used(&engine, carol));
    assert_eq!(messages(&engine, carol, to.id)[1].flags, messages(&engine, bob, from)[1].flags);
    let expunge = Op::Expunge { account: bob, mailbox: from, uids: UidSet::all(), only_deleted: false, now: NOW };
    act(&mut engine, expunge);
    let stored = engine.read(&StoredMessage { account: carol, mailbox: to.id, uid: Uid(1) }).unwrap().unwrap();
    assert_eq!(engine.whole(&stored).unwrap(), [PREFIX, &noise(1, 30_000)].concat());
    let rows = engine.read(&Summaries { account: carol, mailbox: to.id, uids: UidSet::all(), limit: 9 }).unwrap();
    assert!(rows.iter().all(|row| row.summary.as_deref() == Ok(&b"summary"[..])));
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

#[test]
fn a_move_to_another_account_is_whole_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let accounts = with_accounts(&mut engine, &["bob", "Carol"]);
    let (bob, carol) = (accounts[0], accounts[1]);
    give(&mut engine, bob, 1, b"Hello");
    let size = 5 + PREFIX.len() as u64;
    let (from, to) = (mailbox(&engine, bob, Role::Inbox).id, mailbox(&engine, carol, Role::Inbox).id);
    let go = |to| Op::Move {
        account: bob,
        from,
        to_account: carol,
        to,
        uids: UidSet::all(),
        carried: Carried::ALL,
        now: NOW,
    };
    let quota = |octets| Op::AccountSet {
        address: address("carol"),
        credentials: None,
        quota: Some(Some(octets)),
        pop_delete: None,
    };
    act(&mut engine, quota(size - 1));
    assert_eq!(act(&mut engine, go(to)), Outcome::OverQuota);
    act(&mut engine, quota(size));
    assert_eq!(act(&mut engine, go(MailboxId(99))), Outcome::Gone);
    let word = |name: &str| FlagChange::Add(Flags { keywords: vec![name.to_owned()], ..Flags::default() });
    let flag = |account, mailbox, change| Op::SetFlags {
        account,
        mailbox,
        uids: UidSet::all(),
        change,
        unchanged_since: None,
    };
    act(&mut engine, flag(bob, from, word("x")));
    let archive = mailbox(&engine, carol, Role::Archive).id;
    act(&mut engine, quota(10 * size));
    give(&mut engine, carol, 2, b"Hello");
    for n in 0..KEYWORDS_MAX {
        assert_eq!(act(&mut engine, flag(carol, to, word(&format!("k{n}")))), Outcome::Modified(vec![]));
    }
    assert_eq!(act(&mut engine, go(archive)), Outcome::Limit);
    assert_eq!((messages(&engine, bob, from).len(), messages(&engine, carol, archive).len()), (1, 0));
    act(&mut engine, flag(bob, from, FlagChange::Replace(Flags::default())));
    assert!(matches!(act(&mut engine, go(archive)), Outcome::Uids { pairs, .. } if pairs == [(Some(Uid(1)), Uid(1))]));
    assert_eq!((messages(&engine, bob, from).len(), messages(&engine, carol, archive).len()), (0, 1));
    let told = engine.read(&ChangesSince { account: bob, since: ModSeq(0), limit: 99 }).unwrap().unwrap();
    assert!(told.iter().any(|(_, change)| matches!(change, store::query::Change::Expunged { .. })));
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}
