//! Every operation on mail: what it comes to, and what is there afterwards.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use store::engine::{CLAIM_MAX, REFERENCES_MAX};
use store::op::{
    Append, Appended, Carried, Delivery, FlagChange, OutboxChange, OutboxFilter, Outgoing, OutgoingRecipient, Settled,
    SettledRecipient, Settlement,
};
use store::query::{AccountById, Change, ChangesSince, Figures, Maildrop, Outbox, StoredMessage, SummaryOf};
use store::query::{NextDue, OutgoingMessage, QueueAges, TraceByAddress, TraceById};
use store::types::{AccountId, EmailId, Flags, MailboxId, ModSeq, QueueId, Role, TraceEntry, Uid};
use store::{Engine, KEYWORDS_MAX, Op, Outcome, UidSet};

fn seen() -> Flags {
    Flags { seen: true, ..Flags::default() }
}

fn words(names: &[String]) -> Flags {
    Flags { keywords: names.to_vec(), ..Flags::default() }
}

fn bob(engine: &mut Engine) -> (AccountId, MailboxId) {
    let account = with_accounts(engine, &["bob"]).remove(0);
    (account, mailbox(engine, account, Role::Inbox).id)
}

fn set(at: (AccountId, MailboxId), uids: &[u32], change: FlagChange) -> Op {
    let uids = uids.iter().copied().map(Uid).collect();
    Op::SetFlags { account: at.0, mailbox: at.1, uids, change, unchanged_since: None }
}

fn path(names: &str) -> Vec<String> {
    names.split('/').map(str::to_owned).collect()
}

fn uids(engine: &Engine, account: AccountId, mailbox: MailboxId) -> Vec<u32> {
    messages(engine, account, mailbox).iter().map(|message| message.uid.0).collect()
}

#[test]
fn several_recipients_share_content_and_each_has_its_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let all = with_accounts(&mut engine, &["bob", "carol"]);
    let content = engine.put(&noise(1, 20_000)).unwrap();
    let mut locals: Vec<_> = all.iter().map(|account| local(*account)).collect();
    locals[1].prefix = b"Other: prefix\r\n".to_vec();
    locals[1].role = Role::Junk;
    let outcome = act(&mut engine, Op::Deliver(Box::new(letter(1, content, locals))));
    let mut blobs = Vec::new();
    for (account, delivery) in all.iter().zip(deliveries(outcome)) {
        let Delivery::Done { mailbox, uid, email } = delivery else { panic!("{delivery:?}") };
        assert_eq!(engine.read(&SummaryOf { account: *account, email }).unwrap().unwrap(), b"summary");
        let stored = engine.read(&StoredMessage { account: *account, mailbox, uid }).unwrap().unwrap();
        blobs.push((stored.blob, stored.prefix.len()));
    }
    assert_eq!(blobs[0].0, blobs[1].0);
    assert_eq!((blobs[0].1, blobs[1].1), (PREFIX.len(), 15));
    assert_eq!(mailbox(&engine, all[1], Role::Junk).octets, 20_015);
}

#[test]
fn a_full_mailbox_fails_its_own_entry_or_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let all = with_accounts(&mut engine, &["bob", "carol"]);
    let limit = PREFIX.len() as u64 + 1_000;
    let quota =
        Op::AccountSet { address: address("bob"), credentials: None, quota: Some(Some(limit)), pop_delete: None };
    act(&mut engine, quota);
    let locals: Vec<_> = all.iter().map(|account| local(*account)).collect();
    let over = engine.put(&noise(1, 1_001)).unwrap();
    let mut deliver = letter(1, over, locals);
    deliver.trace = vec![line(1, "accepted", None)];
    deliver.all_or_nothing = true;
    assert_eq!(act(&mut engine, Op::Deliver(Box::new(deliver.clone()))), Outcome::OverQuota);
    let figures = engine.read(&Figures {}).unwrap();
    assert_eq!((figures.messages, figures.octets), (0, 0));
    assert_eq!(engine.read(&TraceById { queue_id: deliver.queue_id }).unwrap(), vec![]);
    deliver.all_or_nothing = false;
    let done = deliveries(act(&mut engine, Op::Deliver(Box::new(deliver.clone()))));
    assert_eq!(done[0], Delivery::OverQuota);
    assert!(matches!(done[1], Delivery::Done { .. }));
    let fits = engine.put(&noise(1, 1_000)).unwrap();
    deliver.content = fits;
    let done = deliveries(act(&mut engine, Op::Deliver(Box::new(deliver.clone()))));
    assert!(matches!(done[0], Delivery::Done { .. }), "exactly the quota fits");
    let done = deliveries(act(&mut engine, Op::Deliver(Box::new(deliver.clone()))));
    assert_eq!(done[0], Delivery::OverQuota);
    deliver.local[0].grace = true;
    let done = deliveries(act(&mut engine, Op::Deliver(Box::new(deliver))));
    assert!(matches!(done[0], Delivery::Done { .. }), "grace crosses it");
    assert_eq!(engine.read(&AccountById { account: all[0] }).unwrap().unwrap().used, 2 * limit);
}

#[test]
fn uids_never_wrap() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = engine(folder.path());
    let (account, inbox) = bob(&mut first);
    drop(first);
    let raw = rusqlite::Connection::open(folder.path().join("shard-000/mail.db")).unwrap();
    raw.execute("UPDATE mailbox SET uid_next = ?1 WHERE id = ?2", (u32::MAX - 1, inbox.0)).unwrap();
    drop(raw);
    let mut engine = engine(folder.path());
    assert_eq!(give(&mut engine, account, 1, b"the last"), Uid(u32::MAX - 1));
    let content = engine.put(b"one more").unwrap();
    let refused = engine.apply_group(&[Op::Deliver(Box::new(letter(2, content, vec![local(account)])))]);
    assert_eq!(refused, [Err(store::StoreError::Exhausted { what: "UIDs" })]);
    assert_eq!(uids(&engine, account, inbox), [u32::MAX - 1]);
    assert_eq!(mailbox(&engine, account, Role::Inbox).uid_next, Uid(u32::MAX));
}

#[test]
fn flags_are_added_taken_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = bob(&mut engine);
    for n in 1..=3 {
        give(&mut engine, at.0, n, b"Hello");
    }
    let flags = |engine: &Engine, n: usize| messages(engine, at.0, at.1)[n].flags.clone();
    assert_eq!(act(&mut engine, set(at, &[1, 2, 9], FlagChange::Add(seen()))), Outcome::Modified(vec![]));
    assert_eq!((flags(&engine, 0), flags(&engine, 2)), (seen(), Flags::default()));
    assert_eq!(mailbox(&engine, at.0, Role::Inbox).unseen, 1);
    act(&mut engine, set(at, &[1], FlagChange::Add(words(&["$Forwarded".into(), "b".into()]))));
    assert_eq!(flags(&engine, 0).keywords, ["$Forwarded", "b"]);
    act(&mut engine, set(at, &[1], FlagChange::Remove(words(&["B".into()]))));
    assert_eq!(flags(&engine, 0), Flags { keywords: vec!["$Forwarded".into()], ..seen() });
    let answered = Flags { answered: true, flagged: true, deleted: true, draft: true, ..Flags::default() };
    act(&mut engine, set(at, &[1], FlagChange::Replace(answered.clone())));
    assert_eq!(flags(&engine, 0), answered);
    assert_eq!(mailbox(&engine, at.0, Role::Inbox).unseen, 2);
    let nowhere = set((at.0, MailboxId(99)), &[1], FlagChange::Add(seen()));
    assert_eq!(act(&mut engine, nowhere), Outcome::Gone);
}

#[test]
fn flags_changed_since_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = bob(&mut engine);
    give(&mut engine, at.0, 1, b"Hello");
    give(&mut engine, at.0, 2, b"Hello");
    let since = messages(&engine, at.0, at.1)[1].modseq;
    act(&mut engine, set(at, &[1], FlagChange::Add(seen())));
    let unchanged = messages(&engine, at.0, at.1)[1].modseq;
    act(&mut engine, set(at, &[1], FlagChange::Add(seen())));
    assert_eq!(messages(&engine, at.0, at.1)[1].modseq, unchanged, "no change, no new modseq");
    let change = FlagChange::Add(Flags { flagged: true, ..Flags::default() });
    let (account, mailbox) = at;
    let uids = vec![Uid(2), Uid(1)].into();
    let op = Op::SetFlags { account, mailbox, uids, change, unchanged_since: Some(since) };
    assert_eq!(act(&mut engine, op), Outcome::Modified(vec![Uid(1)]));
    let flagged: Vec<_> = messages(&engine, at.0, at.1).iter().map(|message| message.flags.flagged).collect();
    assert_eq!(flagged, [false, true]);
}

#[test]
fn keywords_have_a_limit_and_unused_ones_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = bob(&mut engine);
    give(&mut engine, at.0, 1, b"Hello");
    let names: Vec<String> = (0..KEYWORDS_MAX).map(|n| format!("k{n:02}")).collect();
    assert_eq!(act(&mut engine, set(at, &[1], FlagChange::Add(words(&names)))), Outcome::Modified(vec![]));
    assert_eq!(messages(&engine, at.0, at.1)[0].flags.keywords, names);
    let more = || FlagChange::Add(words(&["one-more".into()]));
    assert_eq!(act(&mut engine, set(at, &[1], more())), Outcome::Limit);
    act(&mut engine, set(at, &[1], FlagChange::Remove(words(&names[5..6]))));
    assert_eq!(act(&mut engine, set(at, &[1], more())), Outcome::Modified(vec![]));
    let mut wanted = names;
    wanted[5] = "one-more".into();
    wanted.sort();
    assert_eq!(messages(&engine, at.0, at.1)[0].flags.keywords, wanted);
}

#[test]
fn an_appended_message_has_its_flags_and_date() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = bob(&mut engine);
    let content = engine.put(b"Draft").unwrap();
    let message = Appended {
        content,
        summary: vec![],
        utf8_header: true,
        message_id: None,
        references: vec![],
        flags: Flags { draft: true, keywords: vec!["x".into()], ..seen() },
        received: message::Time(5_000),
    };
    let (account, mailbox_id) = at;
    let mut append = Append { account, mailbox: mailbox_id, messages: vec![message.clone()], replaces: None, now: NOW };
    let uid_validity = mailbox(&engine, at.0, Role::Inbox).uid_validity;
    let done = Outcome::Uids { uid_validity, pairs: vec![(None, Uid(1))] };
    assert_eq!(act(&mut engine, Op::Append(Box::new(append.clone()))), done);
    let row = messages(&engine, at.0, at.1).remove(0);
    assert_eq!((row.flags, row.received, row.size, row.utf8_header), (message.flags, message.received, 5, true));
    act(&mut engine, set(at, &[1], FlagChange::Replace(Flags::default())));
    assert!(messages(&engine, at.0, at.1)[0].utf8_header, "a fact, not a flag");
    let quota = Op::AccountSet { address: address("bob"), credentials: None, quota: Some(Some(9)), pop_delete: None };
    act(&mut engine, quota);
    assert_eq!(act(&mut engine, Op::Append(Box::new(append.clone()))), Outcome::OverQuota);
    append.mailbox = MailboxId(99);
    assert_eq!(act(&mut engine, Op::Append(Box::new(append))), Outcome::Gone);
}

#[test]
fn copies_share_an_email_and_it_goes_with_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, inbox) = bob(&mut engine);
    give(&mut engine, account, 1, &noise(1, 30_000));
    give(&mut engine, account, 2, b"Hello");
    let archive = mailbox(&engine, account, Role::Archive);
    let copy = |to| Op::Copy {
        account,
        from: inbox,
        to,
        to_account: account,
        uids: vec![Uid(2), Uid(1), Uid(7)].into(),
        carried: Carried::ALL,
        now: NOW,
    };
    let pairs = vec![(Some(Uid(1)), Uid(1)), (Some(Uid(2)), Uid(2))];
    let done = Outcome::Uids { uid_validity: archive.uid_validity, pairs };
    assert_eq!(act(&mut engine, copy(archive.id)), done);
    assert_eq!(act(&mut engine, copy(MailboxId(99))), Outcome::Gone);
    let octets = || 30_005 + 2 * PREFIX.len() as u64;
    let used = |engine: &Engine| engine.read(&AccountById { account }).unwrap().unwrap().used;
    assert_eq!(used(&engine), octets(), "a copy costs nothing");
    let uids = UidSet::from(vec![Uid(1), Uid(2)]);
    act(&mut engine, Op::Expunge { account, mailbox: inbox, uids: uids.clone(), only_deleted: false, now: NOW });
    assert_eq!(used(&engine), octets());
    assert!(engine.read(&StoredMessage { account, mailbox: archive.id, uid: Uid(1) }).unwrap().is_some());
    let expunge = Op::Expunge { account, mailbox: archive.id, uids, only_deleted: false, now: NOW };
    assert_eq!(act(&mut engine, expunge.clone()), Outcome::Removed(2));
    assert_eq!(act(&mut engine, expunge), Outcome::Removed(0));
    assert_eq!(used(&engine), 0);
    assert_eq!(engine.read(&SummaryOf { account, email: EmailId(1) }).unwrap(), None);
}

#[test]
fn a_move_gives_new_uids_also_at_home() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, inbox) = bob(&mut engine);
    give(&mut engine, account, 1, b"Hello");
    give(&mut engine, account, 2, b"Hello");
    let go = |to| Op::Move {
        account,
        from: inbox,
        to_account: account,
        to,
        uids: Uid(1).into(),
        carried: Carried::ALL,
        now: NOW,
    };
    let uid_validity = mailbox(&engine, account, Role::Inbox).uid_validity;
    let done = Outcome::Uids { uid_validity, pairs: vec![(Some(Uid(1)), Uid(3))] };
    assert_eq!(act(&mut engine, go(inbox)), done);
    assert_eq!(uids(&engine, account, inbox), [2, 3]);
    let trash = mailbox(&engine, account, Role::Trash);
    let away = Op::Move {
        account,
        from: inbox,
        to_account: account,
        to: trash.id,
        uids: vec![Uid(2), Uid(3)].into(),
        carried: Carried::ALL,
        now: NOW,
    };
    let pairs = vec![(Some(Uid(2)), Uid(1)), (Some(Uid(3)), Uid(2))];
    assert_eq!(act(&mut engine, away), Outcome::Uids { uid_validity: trash.uid_validity, pairs });
    assert_eq!((uids(&engine, account, inbox), uids(&engine, account, trash.id)), (vec![], vec![1, 2]));
    assert_eq!(mailbox(&engine, account, Role::Inbox).octets, 0);
}

#[test]
fn mailboxes_are_made_renamed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, inbox) = bob(&mut engine);
    let make = |parent, name: &str, role| Op::MailboxCreate { account, parent, path: path(name), role, now: NOW };
    let Outcome::Mailbox(a) = act(&mut engine, make(None, "a", None)) else { panic!("a") };
    let Outcome::Mailbox(b) = act(&mut engine, make(Some(a), "b", None)) else { panic!("b") };
    assert_eq!(act(&mut engine, make(None, "a", None)), Outcome::Exists);
    assert_eq!(act(&mut engine, make(None, "inbox", None)), Outcome::Exists, "INBOX has no case");
    assert_eq!(act(&mut engine, make(None, "c", Some(Role::Junk))), Outcome::Conflict, "one mailbox a role");
    assert_eq!(act(&mut engine, make(Some(MailboxId(99)), "c", None)), Outcome::Gone);
    assert_eq!(act(&mut engine, make(None, "", None)), Outcome::Conflict);
    let rename =
        |mailbox, parent, name: &str| Op::MailboxRename { account, mailbox, parent, path: path(name), now: NOW };
    assert_eq!(act(&mut engine, rename(a, Some(b), "a")), Outcome::Conflict, "a loop");
    assert_eq!(act(&mut engine, rename(b, None, "Sent")), Outcome::Exists);
    assert_eq!(act(&mut engine, rename(MailboxId(99), None, "x")), Outcome::Gone);
    assert_eq!(act(&mut engine, rename(b, None, "B")), Outcome::Done);
    let delete = |mailbox| Op::MailboxDelete { account, mailbox, now: NOW };
    assert_eq!(act(&mut engine, rename(b, Some(a), "B")), Outcome::Done);
    assert_eq!(act(&mut engine, delete(inbox)), Outcome::Conflict);
    give(&mut engine, account, 1, b"Hello");
    act(
        &mut engine,
        Op::Move {
            account,
            from: inbox,
            to_account: account,
            to: b,
            uids: Uid(1).into(),
            carried: Carried::ALL,
            now: NOW,
        },
    );
    let old = mailboxes(&engine, account).into_iter().find(|mailbox| mailbox.id == b).unwrap();
    assert_eq!(act(&mut engine, delete(b)), Outcome::Done);
    assert_eq!(act(&mut engine, delete(b)), Outcome::Gone);
    assert_eq!(engine.read(&Figures {}).unwrap().messages, 0);
    let Outcome::Mailbox(again) = act(&mut engine, make(Some(a), "B", None)) else { panic!("again") };
    let new = mailboxes(&engine, account).into_iter().find(|mailbox| mailbox.id == again).unwrap();
    assert!(new.id > old.id && new.uid_validity > old.uid_validity, "neither is used twice");
    let subscribe = |mailbox| Op::MailboxSubscribe { account, mailbox, subscribed: true };
    assert_eq!(act(&mut engine, subscribe(again)), Outcome::Done);
    assert_eq!(act(&mut engine, subscribe(MailboxId(99))), Outcome::Gone);
    assert!(mailboxes(&engine, account).last().unwrap().subscribed);
}

#[test]
fn copies_have_no_flags_that_are_not_carried() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, from) = bob(&mut engine);
    for n in 1..=9 {
        give(&mut engine, account, n, b"x");
    }
    let flags = Flags { seen: true, deleted: true, draft: true, keywords: vec!["k".to_owned()], ..Flags::default() };
    let (uids, change) = (UidSet::all(), FlagChange::Add(flags.clone()));
    act(&mut engine, Op::SetFlags { account, mailbox: from, uids, change, unchanged_since: None });
    let to = mailbox(&engine, account, Role::Archive).id;
    let none = Carried { seen: false, deleted: false, others: false };
    let others = Flags { draft: true, keywords: vec!["k".to_owned()], ..Flags::default() };
    for (carried, left) in [
        (none, Flags::default()),
        (Carried { seen: true, ..none }, Flags { seen: true, ..Flags::default() }),
        (Carried { deleted: true, ..none }, Flags { deleted: true, ..Flags::default() }),
        (Carried { others: true, ..none }, others),
        (Carried::ALL, flags),
    ] {
        // One by a statement of its own, nine by one.
        for uids in [Uid(1).into(), UidSet::all()] {
            let copy = Op::Copy { account, from, to_account: account, to, uids, carried, now: NOW };
            let Outcome::Uids { pairs, .. } = act(&mut engine, copy) else { panic!("{carried:?}") };
            let copies = messages(&engine, account, to);
            let copies = copies.iter().filter(|copy| pairs.iter().any(|(_, uid)| *uid == copy.uid));
            assert!(
                copies.clone().count() == pairs.len() && copies.clone().all(|copy| copy.flags == left),
                "{carried:?}"
            );
        }
    }
    assert_eq!(engine.verify().unwrap().damage, vec![], "and the counts agree");
}

#[test]
fn what_has_another_name_by_now_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, _) = bob(&mut engine);
    let make = |parent, name: &str| Op::MailboxCreate { account, parent, path: path(name), role: None, now: NOW };
    let Outcome::Mailbox(a) = act(&mut engine, make(None, "a")) else { panic!("a") };
    let Outcome::Mailbox(b) = act(&mut engine, make(Some(a), "b")) else { panic!("b") };
    let named = |names: &[(MailboxId, &str)], then| {
        let names = names.iter().map(|(mailbox, name)| (*mailbox, (*name).to_owned())).collect();
        Op::WhileNamed { account, names, then: Box::new(then) }
    };
    let rename = |mailbox, name: &str| Op::MailboxRename { account, mailbox, parent: None, path: path(name), now: NOW };
    let delete = |mailbox| Op::MailboxDelete { account, mailbox, now: NOW };
    let before = mailboxes(&engine, account);
    for wrong in [&[(b, "b")][..], &[(b, "A/b")], &[(b, "a/b"), (a, "b")], &[(MailboxId(99), "a")]] {
        assert_eq!(act(&mut engine, named(wrong, delete(b))), Outcome::Gone, "{wrong:?}");
    }
    assert_eq!(mailboxes(&engine, account), before);
    assert_eq!(act(&mut engine, named(&[(a, "a")], rename(a, "z"))), Outcome::Done);
    assert_eq!(act(&mut engine, named(&[(a, "a")], rename(a, "y"))), Outcome::Gone);
    assert_eq!(act(&mut engine, named(&[(b, "a/b")], delete(b))), Outcome::Gone, "what is above it has another name");
    assert_eq!(act(&mut engine, named(&[(b, "z/b"), (a, "z")], delete(b))), Outcome::Done);
}

#[test]
fn changes_come_in_order_and_pages_never_split_an_operation() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = bob(&mut engine);
    let (account, mailbox) = at;
    let since = |engine: &Engine| mailboxes(engine, account).iter().map(|mailbox| mailbox.modseq).max().unwrap();
    let changes =
        |engine: &Engine, since, limit| engine.read(&ChangesSince { account, since, limit }).unwrap().unwrap();
    let begin = since(&engine);
    for n in 1..=4 {
        give(&mut engine, account, n, b"Hello");
    }
    let middle = since(&engine);
    act(&mut engine, set(at, &[1, 2], FlagChange::Add(seen())));
    act(
        &mut engine,
        Op::Expunge { account, mailbox, uids: vec![Uid(3), Uid(4)].into(), only_deleted: false, now: NOW },
    );
    let flags = |uid| Change::FlagsChanged { mailbox, uid: Uid(uid), flags: seen() };
    let gone = |uid| Change::Expunged { mailbox, uid: Uid(uid) };
    let added = |uid| Change::Added { mailbox, uid: Uid(uid), email: EmailId(i64::from(uid)) };
    let next = middle.0;
    let flagged = [(ModSeq(next + 1), flags(1)), (ModSeq(next + 1), flags(2))];
    let expunged = [(ModSeq(next + 2), gone(3)), (ModSeq(next + 2), gone(4))];
    assert_eq!(changes(&engine, middle, 100), [flagged.clone(), expunged.clone()].concat());
    assert_eq!(changes(&engine, middle, 1), flagged);
    assert_eq!(changes(&engine, ModSeq(next + 1), 1), expunged);
    let all: Vec<_> = changes(&engine, begin, 100).into_iter().map(|(_, change)| change).collect();
    assert_eq!(all, [added(1), added(2), gone(3), gone(4)]);
    assert_eq!(changes(&engine, since(&engine), 100), vec![]);
    let nobody = ChangesSince { account: AccountId(99), since: ModSeq(0), limit: 1 };
    assert_eq!(engine.read(&nobody).unwrap(), None);
}

fn outgoing(names: &[&str], held: bool) -> Outgoing {
    let recipients =
        names.iter().map(|name| OutgoingRecipient { address: address(name), notify: Some(3), orcpt: None });
    Outgoing {
        reverse_path: "alice@hamburger.edu".into(),
        prefix: b"Received: here\r\n".to_vec(),
        body: "8bitmime".into(),
        smtputf8: false,
        ret: Some("HDRS".into()),
        envid: None,
        recipients: recipients.collect(),
        held,
    }
}

fn send(engine: &mut Engine, number: u16, remote: Outgoing) -> QueueId {
    let content = engine.put(&noise(1, 20_000)).unwrap();
    let mut deliver = letter(number, content, vec![]);
    deliver.remote = vec![remote];
    let id = deliver.queue_id;
    assert_eq!(act(engine, Op::Deliver(Box::new(deliver))), Outcome::Delivered(vec![]));
    id
}

fn claim(engine: &mut Engine, at: u64, token: u64) -> Vec<(i64, u32, u32)> {
    let now = message::Time(NOW.0 + at);
    match act(engine, Op::Claim { now, limit: 10, lease_ms: 1_000, token, except: vec![] }) {
        Outcome::Claimed(all) => all.iter().map(|c| (c.outbox, c.recipient, c.attempts)).collect(),
        other => panic!("{other:?}"),
    }
}

fn settle(engine: &mut Engine, at: u64, row: (i64, u32), token: u64, state: Settled) -> Outcome {
    let (outbox, recipient) = row;
    let recipients = vec![SettledRecipient { outbox, recipient, state }];
    let now = message::Time(NOW.0 + at);
    act(engine, Op::Settle(Box::new(Settlement { token, now, recipients, reports: vec![], trace: vec![] })))
}

#[test]
fn a_lease_keeps_others_away_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    send(&mut engine, 1, outgoing(&["eve", "dan"], false));
    assert_eq!(claim(&mut engine, 0, 7), [(1, 0, 0), (1, 1, 0)]);
    assert_eq!(claim(&mut engine, 999, 8), []);
    assert_eq!(
        engine.read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 9 }).unwrap()[0].state,
        "active"
    );
    assert_eq!(settle(&mut engine, 500, (1, 0), 8, Settled::Done), Outcome::Conflict, "not its lease");
    assert_eq!(claim(&mut engine, 1_000, 8), [(1, 0, 0), (1, 1, 0)]);
    assert_eq!(settle(&mut engine, 1_001, (1, 0), 7, Settled::Done), Outcome::Conflict, "fenced off");
    assert_eq!(settle(&mut engine, 2_000, (1, 0), 8, Settled::Done), Outcome::Conflict, "the lease is over");
}

#[test]
fn a_recipient_is_settled_and_the_message_leaves_with_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    send(&mut engine, 1, outgoing(&["eve", "dan"], false));
    claim(&mut engine, 0, 7);
    let due = message::Time(NOW.0 + 5_000);
    let retry = Settled::Retry { due, said: "450 later".into(), history: b"h".to_vec() };
    assert_eq!(settle(&mut engine, 1, (1, 0), 7, retry), Outcome::Done);
    let row = engine.read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 1 }).unwrap().remove(0);
    assert_eq!((row.state.as_str(), row.attempts, row.due), ("waiting", 1, due));
    assert_eq!(row.said.as_deref(), Some("450 later"));
    assert_eq!(row.size, 20_016);
    let released = Settled::Released { due: NOW };
    assert_eq!(settle(&mut engine, 1, (1, 1), 7, released), Outcome::Done);
    assert_eq!(claim(&mut engine, 2, 8), [(1, 1, 0)], "given back untouched, and the other is not due");
    let failed = Settled::Done;
    assert_eq!(settle(&mut engine, 3, (1, 1), 8, failed), Outcome::Done);
    assert_eq!(engine.read(&Figures {}).unwrap().outbox, 1);
    assert_eq!(claim(&mut engine, 5_000, 9), [(1, 0, 1)]);
    assert_eq!(settle(&mut engine, 5_001, (1, 0), 9, Settled::Done), Outcome::Done);
    assert_eq!(engine.read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 9 }).unwrap(), vec![]);
}

#[test]
fn held_mail_is_not_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    send(&mut engine, 1, outgoing(&["eve"], true));
    send(&mut engine, 2, outgoing(&["dan"], false));
    assert_eq!(claim(&mut engine, 0, 7), [(2, 0, 0)]);
    assert_eq!(settle(&mut engine, 1, (2, 0), 7, Settled::Held), Outcome::Done);
    assert_eq!(claim(&mut engine, 9_000, 8), []);
    let states: Vec<_> = engine
        .read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 9 })
        .unwrap()
        .into_iter()
        .map(|r| r.state)
        .collect();
    assert_eq!(states, ["held", "held"]);
    assert_eq!(engine.read(&Outbox { filter: OutboxFilter::default(), after: (1, 0), limit: 9 }).unwrap().len(), 1);
}

#[test]
fn reports_and_journey_come_with_the_settlement_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let alice = with_accounts(&mut engine, &["alice"]).remove(0);
    let id = send(&mut engine, 1, outgoing(&["eve"], false));
    claim(&mut engine, 0, 7);
    let content = engine.put(b"Your message did not arrive").unwrap();
    let report = letter(2, content, vec![local(alice)]);
    let settle = |token| {
        Op::Settle(Box::new(Settlement {
            token,
            now: NOW,
            recipients: vec![SettledRecipient { outbox: 1, recipient: 0, state: Settled::Done }],
            reports: vec![report.clone()],
            trace: vec![line(1, "failed", None)],
        }))
    };
    let inbox = mailbox(&engine, alice, Role::Inbox).id;
    let found = |engine: &Engine| {
        let journey = engine.read(&TraceById { queue_id: id }).unwrap().len();
        (messages(engine, alice, inbox).len(), journey, engine.read(&Figures {}).unwrap().outbox)
    };
    assert_eq!(act(&mut engine, settle(8)), Outcome::Conflict);
    assert_eq!(found(&engine), (0, 0, 1));
    assert_eq!(act(&mut engine, settle(7)), Outcome::Done);
    assert_eq!(found(&engine), (1, 1, 0));
}

#[test]
fn a_message_of_the_outbox_is_read_as_it_is_to_leave() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let id = send(&mut engine, 1, outgoing(&["eve"], false));
    let found = engine.read(&OutgoingMessage { outbox: 1 }).unwrap().unwrap();
    assert_eq!(engine.whole(&found.stored).unwrap(), [&b"Received: here\r\n"[..], &noise(1, 20_000)].concat());
    assert_eq!(
        (found.queue_id, found.reverse_path.as_str(), found.body.as_str()),
        (id, "alice@hamburger.edu", "8bitmime")
    );
    assert_eq!((found.ret.as_deref(), found.envid, found.smtputf8, found.created), (Some("HDRS"), None, false, NOW));
    assert_eq!(engine.read(&OutgoingMessage { outbox: 2 }).unwrap(), None);
}

#[test]
fn a_filter_narrows_and_changes_reach_only_what_it_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    send(&mut engine, 1, outgoing(&["eve", "dan"], false));
    send(&mut engine, 2, outgoing(&["eve"], true));
    let count =
        |engine: &Engine, filter: OutboxFilter| engine.read(&Outbox { filter, after: (0, 0), limit: 9 }).unwrap().len();
    let all = OutboxFilter::default();
    assert_eq!(count(&engine, all.clone()), 3);
    assert_eq!(count(&engine, OutboxFilter { address: Some(address("eve")), ..all.clone() }), 2);
    assert_eq!(count(&engine, OutboxFilter { queue_id: Some(QueueId::new(NOW, 1)), ..all.clone() }), 2);
    assert_eq!(count(&engine, OutboxFilter { sender: Some("nobody".into()), ..all.clone() }), 0);
    assert_eq!(count(&engine, OutboxFilter { held: Some(true), ..all.clone() }), 1);
    assert_eq!(count(&engine, OutboxFilter { before: Some(NOW), ..all.clone() }), 0);
    let bands = [10, 100].map(std::time::Duration::from_millis).to_vec();
    let ages = |at: u64| engine.read(&QueueAges { now: message::Time(NOW.0 + at), bands: bands.clone() }).unwrap();
    assert_eq!((ages(9), ages(10), ages(100)), (vec![3, 0, 0], vec![0, 3, 0], vec![0, 0, 3]));
    claim(&mut engine, 0, 7);
    let due = message::Time(NOW.0 + 500);
    let retry = Settled::Retry { due, said: "450 Greylisted".into(), history: vec![] };
    settle(&mut engine, 1, (1, 0), 7, retry);
    let greylisted = OutboxFilter { said: Some("GREY".into()), ..all.clone() };
    assert_eq!(count(&engine, greylisted.clone()), 1);
    assert_eq!(
        engine.read(&NextDue { except: vec![] }).unwrap(),
        Some(due),
        "the other is under lease, the third is held"
    );
    let remove = |filter| Op::OutboxChange { filter, after: (0, 0), limit: 9, change: OutboxChange::Remove, now: NOW };
    assert_eq!(act(&mut engine, remove(greylisted)), Outcome::Changed(1));
    assert_eq!(act(&mut engine, remove(all.clone())), Outcome::Changed(2));
    assert_eq!((count(&engine, all), engine.read(&NextDue { except: vec![] }).unwrap()), (0, None));
    assert_eq!(settle(&mut engine, 2, (1, 1), 7, Settled::Done), Outcome::Conflict, "it was taken away meanwhile");
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

#[test]
fn a_message_leaves_under_several_envelopes() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let content = engine.put(&noise(1, 20_000)).unwrap();
    let mut deliver = letter(1, content, vec![]);
    let list = Outgoing { reverse_path: "owner-list@hamburger.edu".into(), ..outgoing(&["eve"], false) };
    deliver.remote = vec![outgoing(&["dan"], false), list, outgoing(&[], false)];
    act(&mut engine, Op::Deliver(Box::new(deliver)));
    let rows = engine.read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 9 }).unwrap();
    let paths: Vec<_> = rows.iter().map(|row| (row.outbox, row.reverse_path.as_str())).collect();
    assert_eq!(paths, [(1, "alice@hamburger.edu"), (2, "owner-list@hamburger.edu")]);
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

fn line(number: u16, event: &str, address: Option<&str>) -> TraceEntry {
    let queue_id = QueueId::new(NOW, number);
    let (event, address) = (event.to_owned(), address.map(str::to_owned));
    TraceEntry { queue_id, at: NOW, event, address, detail: "words".into() }
}

#[test]
fn a_journey_is_found_by_id_and_by_either_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let account = with_accounts(&mut engine, &["bob"]).remove(0);
    for number in 1..=3 {
        let content = engine.put(b"Hello").unwrap();
        let mut deliver = letter(number, content, vec![local(account)]);
        deliver.trace = vec![line(number, "accepted", None)];
        act(&mut engine, Op::Deliver(Box::new(deliver)));
    }
    act(&mut engine, Op::Trace(vec![line(2, "retrieved", Some("carol@crepes.fr"))]));
    let by = |address: &str, limit| {
        let found = engine.read(&TraceByAddress { address: address.into(), limit }).unwrap();
        found.into_iter().map(|entry| (entry.queue_id.0 & 0xFFFF, entry.event)).collect::<Vec<_>>()
    };
    let (accepted, retrieved) = ("accepted".to_owned(), "retrieved".to_owned());
    assert_eq!(by("ALICE@hamburger.edu", 2), [(3, accepted.clone()), (2, accepted.clone()), (2, retrieved.clone())]);
    assert_eq!(by("bob@crepes.fr", 1), [(3, accepted.clone())]);
    assert_eq!(by("carol@crepes.fr", 9), [(2, accepted), (2, retrieved)]);
    assert_eq!(by("eve@crepes.fr", 9), []);
}

#[test]
fn a_claim_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let names: Vec<String> = (0..=CLAIM_MAX).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    send(&mut engine, 1, outgoing(&names, false));
    let take = |engine: &mut Engine| match act(
        engine,
        Op::Claim { now: NOW, limit: u32::MAX, lease_ms: 1, token: 1, except: vec![] },
    ) {
        Outcome::Claimed(all) => all.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((take(&mut engine), take(&mut engine)), (CLAIM_MAX as usize, 1));
}

/// The thread of each e-mail, in order of arrival.
fn threads(folder: &std::path::Path) -> Vec<i64> {
    let raw = rusqlite::Connection::open(folder.join("shard-000/mail.db")).unwrap();
    let mut statement = raw.prepare("SELECT thread FROM email ORDER BY id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn reply(engine: &mut Engine, account: AccountId, number: u16, references: &[String]) {
    let content = engine.put(b"Hello").unwrap();
    let mut deliver = letter(number, content, vec![local(account)]);
    deliver.references = references.to_vec();
    act(engine, Op::Deliver(Box::new(deliver)));
}

#[test]
fn replies_share_a_thread_while_somebody_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, inbox) = bob(&mut engine);
    let name = |number: u16| format!("{number}@hamburger.edu");
    reply(&mut engine, account, 1, &[]);
    reply(&mut engine, account, 2, &[name(1)]);
    reply(&mut engine, account, 3, &[]);
    reply(&mut engine, account, 4, &[name(2)]);
    assert_eq!(threads(folder.path()), [1, 1, 3, 1]);
    act(
        &mut engine,
        Op::Expunge {
            account,
            mailbox: inbox,
            uids: vec![Uid(1), Uid(2), Uid(4)].into(),
            only_deleted: false,
            now: NOW,
        },
    );
    reply(&mut engine, account, 5, &[name(1), name(2)]);
    assert_eq!(threads(folder.path()), [3, 5], "nothing is left of the old one");
}

#[test]
fn only_the_newest_references_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let account = bob(&mut engine).0;
    reply(&mut engine, account, 1, &[]);
    let mut references = vec!["1@hamburger.edu".to_owned()];
    // Its own id counts as one.
    references.extend((0..REFERENCES_MAX - 2).map(|n| format!("{n}@crepes.fr")));
    reply(&mut engine, account, 2, &references);
    references.push("more@crepes.fr".into());
    assert_eq!(threads(folder.path()), [1, 1]);
    let other = match act(&mut engine, add_account("carol", None)) {
        Outcome::Account(account) => account,
        outcome => panic!("{outcome:?}"),
    };
    reply(&mut engine, other, 1, &[]);
    reply(&mut engine, other, 3, &references);
    let raw = rusqlite::Connection::open(folder.path().join("shard-000/mail.db")).unwrap();
    let apart: i64 = raw
        .query_row("SELECT count(DISTINCT thread) FROM email WHERE account = ?1", [other.0], |row| row.get(0))
        .unwrap();
    assert_eq!(apart, 2);
}

#[test]
fn a_maildrop_is_mailbox_and_messages_of_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (bob, _) = bob(&mut engine);
    for number in 1..=3 {
        give(&mut engine, bob, number, b"Subject: hello\r\n\r\nhungry?\r\n");
    }
    let maildrop = |role, limit| engine.read(&Maildrop { account: bob, role, limit }).unwrap();
    let (inbox, messages) = maildrop(Role::Inbox, 2).unwrap();
    assert_eq!((inbox.role, inbox.total), (Some(Role::Inbox), 3));
    assert_eq!(messages.iter().map(|message| message.uid.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(maildrop(Role::Trash, 10).unwrap().1, []);
    assert_eq!(engine.read(&Maildrop { account: AccountId(99), role: Role::Inbox, limit: 1 }).unwrap(), None);
}
