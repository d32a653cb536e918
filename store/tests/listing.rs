//! What who keeps a mailbox open asks: all of it, what became of it, who is told of what is recent; and what is known of
//! each message beside that.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use message::Time;
use store::op::{Append, Appended, Carried, FlagChange};
use store::query::{
    AccountById, MailboxAt, MailboxById, MailboxNews, MailboxSince, NEWS_MAX, SaveDates, StoredMessages, Summaries,
    SummaryOf, WholeMailbox,
};
use store::types::{
    AccountId, EmailId, Flags, ListingNews, Mailbox, MailboxId, ModSeq, Role, Uid, WholeListing, flag_bits,
};
use store::{Engine, KEYWORD_OCTETS_MAX, KEYWORDS_MAX, Op, Outcome, Store, UidSet};

const LATER: Time = Time(NOW.0 + 60_000);

fn with_letters(engine: &mut Engine, count: u16) -> (AccountId, MailboxId) {
    let account = with_accounts(engine, &["bob"]).remove(0);
    for n in 1..=count {
        give(engine, account, n, b"Hello");
    }
    (account, mailbox(engine, account, Role::Inbox).id)
}

fn set(at: (AccountId, MailboxId), uids: impl Into<UidSet>, change: FlagChange) -> Op {
    Op::SetFlags { account: at.0, mailbox: at.1, uids: uids.into(), change, unchanged_since: None }
}

fn words(names: &[&str]) -> Flags {
    Flags { keywords: names.iter().map(|name| (*name).to_owned()).collect(), ..Flags::default() }
}

fn deleted() -> FlagChange {
    FlagChange::Add(Flags { deleted: true, ..Flags::default() })
}

fn range(from: u32, to: u32) -> UidSet {
    vec![(Uid(from), Uid(to))].into()
}

fn whole(engine: &Engine, at: (AccountId, MailboxId)) -> WholeListing {
    engine.read(&WholeMailbox { account: at.0, mailbox: at.1 }).unwrap().unwrap()
}

fn inbox(engine: &Engine, at: (AccountId, MailboxId)) -> Mailbox {
    engine.read(&MailboxById { account: at.0, mailbox: at.1 }).unwrap().unwrap()
}

fn expunge(at: (AccountId, MailboxId), uids: impl Into<UidSet>, only_deleted: bool) -> Op {
    Op::Expunge { account: at.0, mailbox: at.1, uids: uids.into(), only_deleted, now: LATER }
}

fn since(engine: &Engine, at: (AccountId, MailboxId), since: ModSeq) -> ListingNews {
    engine.read(&MailboxSince { account: at.0, mailbox: at.1, since }).unwrap()
}

#[test]
fn a_listing_holds_flags_as_bits_and_names_their_keywords() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, 2);
    act(&mut engine, set(at, Uid(2), FlagChange::Add(Flags { seen: true, ..words(&["$Junk", "b"]) })));
    let listing = whole(&engine, at);
    let bit = |name: &str| {
        let slot = listing.keywords.iter().find(|(_, known)| known == name).unwrap().0;
        1_u64 << (slot + flag_bits::FIRST_KEYWORD)
    };
    let flags: Vec<u64> = listing.rows.iter().map(|row| row.flags).collect();
    assert_eq!(flags, [0, flag_bits::SEEN | bit("$Junk") | bit("b")]);
    let row = listing.rows[0];
    assert_eq!((row.uid, row.email, row.size, row.received), (Uid(1), EmailId(1), 5 + PREFIX.len() as u64, NOW));
    assert_eq!(listing.mailbox.modseq, listing.rows[1].modseq);
    let nowhere = WholeMailbox { account: at.0, mailbox: MailboxId(99) };
    assert_eq!(engine.read(&nowhere).unwrap(), None);
}

#[test]
fn what_came_changed_and_vanished_is_told_by_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, 30);
    let other = (at.0, mailbox(&engine, at.0, Role::Archive).id);
    let begin = inbox(&engine, at).modseq;
    act(&mut engine, expunge(at, range(5, 24), false));
    act(&mut engine, set(at, Uid(2), deleted()));
    give(&mut engine, at.0, 99, b"Hello");
    let go = Op::Move {
        account: at.0,
        from: at.1,
        to_account: at.0,
        to: other.1,
        uids: Uid(30).into(),
        carried: Carried::ALL,
        now: LATER,
    };
    act(&mut engine, go);
    let ListingNews::Known { changed, vanished, mailbox, .. } = since(&engine, at, begin) else { panic!("known") };
    assert_eq!(changed.iter().map(|row| row.uid.0).collect::<Vec<_>>(), [2, 31]);
    assert_eq!(vanished.ranges(), [(Uid(5), Uid(24)), (Uid(30), Uid(30))]);
    assert_eq!((mailbox.total, mailbox.deleted), (10, 1));
    let ListingNews::Known { changed, vanished, .. } = since(&engine, other, begin) else { panic!("known") };
    assert_eq!((changed.len(), vanished.is_empty()), (1, true));
    let ListingNews::Known { changed, vanished, .. } = since(&engine, at, mailbox.modseq) else { panic!("known") };
    assert!(changed.is_empty() && vanished.is_empty());
    assert_eq!(since(&engine, (at.0, MailboxId(99)), begin), ListingNews::Gone);
}

#[test]
fn little_news_is_told_and_much_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, u16::try_from(NEWS_MAX).unwrap() + 1);
    let before = inbox(&engine, at).modseq;
    let news = |engine: &Engine| engine.read(&MailboxNews { account: at.0, mailbox: at.1, since: before }).unwrap();
    act(&mut engine, set(at, range(1, NEWS_MAX), deleted()));
    assert_eq!(news(&engine), Some(since(&engine, at, before)));
    act(&mut engine, set(at, range(NEWS_MAX + 1, NEWS_MAX + 1), deleted()));
    assert_eq!(news(&engine), None);
    // Of a mailbox in which nothing happened there is little to tell, whatever happened in others.
    let quiet = (at.0, mailbox(&engine, at.0, Role::Sent).id);
    let told = engine.read(&MailboxNews { account: quiet.0, mailbox: quiet.1, since: before }).unwrap();
    assert_eq!(told, Some(since(&engine, quiet, before)));
    // What went counts by ranges.
    act(&mut engine, expunge(at, UidSet::all(), true));
    assert_eq!(news(&engine), Some(since(&engine, at, before)));
}

#[test]
fn a_mailbox_is_found_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let account = with_accounts(&mut engine, &["bob"]).remove(0);
    let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let name = path(&["Trips", "France", "Crêpes"]);
    act(&mut engine, Op::MailboxCreate { account, parent: None, path: name.clone(), role: None, now: NOW });
    let find = |names: &[&str]| engine.read(&MailboxAt { account, path: path(names) }).unwrap();
    for depth in 1..=name.len() {
        let names: Vec<&str> = name.iter().take(depth).map(String::as_str).collect();
        assert_eq!(find(&names).unwrap().name, names[depth - 1]);
    }
    for names in
        [&["Trips", "Crêpes"][..], &["France"], &["trips"], &["Trips", "France", "Crêpes", "Crêpes"], &[""], &[]]
    {
        assert_eq!(find(names), None, "{names:?}");
    }
}

#[tokio::test]
async fn short_questions_wait_for_no_other_thread() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), store::Settings::default()).unwrap();
    let found = tokio::select! {
        biased;
        found = store.read(AccountById { account: AccountId(1) }) => found.unwrap(),
        () = std::future::ready(()) => panic!("it was not answered on the spot"),
    };
    assert_eq!(found, None);
}

#[tokio::test]
async fn what_vanished_too_long_ago_is_not_made_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), store::Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let mailbox = inbox_of(&store, account).await;
    for n in 0..2 {
        deliver(&store, account, n, b"Hello").await.unwrap();
    }
    let begin = store.read(MailboxById { account, mailbox }).await.unwrap().unwrap().modseq;
    store.apply(Op::Expunge { account, mailbox, uids: Uid(1).into(), only_deleted: false, now: NOW }).await.unwrap();
    let gone = store.read(MailboxById { account, mailbox }).await.unwrap().unwrap().modseq;
    let later = Time(NOW.0 + u64::try_from(store::GONE_KEPT.as_millis()).unwrap() + 1);
    store.maintain(later).await.unwrap();
    let ask = |since| MailboxSince { account, mailbox, since };
    assert_eq!(store.read(ask(begin)).await.unwrap(), ListingNews::Forgotten);
    assert!(matches!(store.read(ask(gone)).await.unwrap(), ListingNews::Known { .. }));
}

#[test]
fn one_session_is_told_of_what_is_recent() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, 3);
    let claim = |before| Op::RecentClaim { account: at.0, mailbox: at.1, before: Uid(before) };
    assert_eq!(inbox(&engine, at).recent, 3);
    assert_eq!(act(&mut engine, claim(3)), Outcome::Recent(Uid(1)));
    assert_eq!(inbox(&engine, at).recent, 1);
    assert_eq!(act(&mut engine, claim(3)), Outcome::Recent(Uid(3)), "nobody else gets the first two");
    assert_eq!(act(&mut engine, claim(u32::MAX)), Outcome::Recent(Uid(3)), "more than there are");
    give(&mut engine, at.0, 9, b"Hello");
    assert_eq!(inbox(&engine, at).recent, 1, "what comes after is recent");
    assert_eq!(act(&mut engine, claim(2)), Outcome::Recent(Uid(2)), "nothing from 2 to 2");
    act(&mut engine, expunge(at, UidSet::all(), false));
    assert_eq!(inbox(&engine, at).recent, 0);
    let nowhere = Op::RecentClaim { account: at.0, mailbox: MailboxId(99), before: Uid(1) };
    assert_eq!(act(&mut engine, nowhere), Outcome::Gone);
}

#[test]
fn only_what_is_marked_deleted_goes_when_asked_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, 20);
    act(&mut engine, set(at, vec![Uid(2), Uid(4), Uid(19)], deleted()));
    assert_eq!(act(&mut engine, expunge(at, range(3, 20), true)), Outcome::Removed(2));
    assert_eq!((inbox(&engine, at).total, inbox(&engine, at).deleted), (18, 1));
    assert_eq!(act(&mut engine, expunge(at, UidSet::all(), true)), Outcome::Removed(1));
    assert_eq!(act(&mut engine, expunge(at, UidSet::all(), true)), Outcome::Removed(0));
}

#[test]
fn scattered_messages_and_rows_of_them_are_carried_alike() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, 40);
    let to = mailbox(&engine, at.0, Role::Archive);
    let uids: UidSet = (1..=40).filter(|uid| !(10..=12).contains(uid) && uid % 20 != 3).map(Uid).collect();
    let expected: Vec<_> = uids.iter().zip(1..).map(|(old, new)| (Some(old), Uid(new))).collect();
    let (account, from) = at;
    let copy = Op::Copy {
        account,
        from,
        to_account: account,
        to: to.id,
        uids: uids.clone(),
        carried: Carried::ALL,
        now: LATER,
    };
    let done = Outcome::Uids { uid_validity: to.uid_validity, pairs: expected };
    assert_eq!(act(&mut engine, copy.clone()), done);
    let emails = |at| whole(&engine, at).rows.iter().map(|row| row.email.0).collect::<Vec<_>>();
    assert_eq!(emails((account, to.id)), uids.iter().map(|uid| i64::from(uid.0)).collect::<Vec<_>>());
    act(&mut engine, copy);
    assert_eq!(engine.verify().unwrap().damage, vec![], "three rows show each");
    assert_eq!(act(&mut engine, expunge(at, uids.clone(), false)), Outcome::Removed(35));
    assert_eq!(engine.read(&AccountById { account }).unwrap().unwrap().messages, 40);
    assert_eq!(act(&mut engine, expunge((account, to.id), UidSet::all(), false)), Outcome::Removed(70));
    assert_eq!(engine.read(&AccountById { account }).unwrap().unwrap().messages, 5);
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

#[test]
fn ids_stay_and_save_dates_are_those_of_the_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, 2);
    let to = mailbox(&engine, at.0, Role::Trash).id;
    let (account, from) = at;
    act(
        &mut engine,
        Op::Copy { account, from, to_account: account, to, uids: Uid(1).into(), carried: Carried::ALL, now: LATER },
    );
    act(
        &mut engine,
        Op::Move { account, from, to_account: account, to, uids: Uid(2).into(), carried: Carried::ALL, now: LATER },
    );
    let all = |mailbox, limit| engine.read(&Summaries { account, mailbox, uids: UidSet::all(), limit }).unwrap();
    let rows = all(to, 10);
    let ids: Vec<_> = rows.iter().map(|row| (row.uid.0, row.email.0, row.thread.0)).collect();
    assert_eq!(ids, [(1, 1, 1), (2, 2, 2)]);
    assert!(rows.iter().all(|row| (row.saved, row.received) == (LATER, NOW)));
    let row = &all(from, 10)[0];
    assert_eq!((row.saved, row.size, row.prefix_octets as usize), (NOW, 5 + PREFIX.len() as u64, PREFIX.len()));
    assert_eq!(row.summary.as_deref(), Ok(&b"summary"[..]));
    assert_eq!(all(to, 1).len(), 1);
    let dates = engine.read(&SaveDates { account, mailbox: to, uids: Uid(2).into() }).unwrap();
    assert_eq!(dates, [(Uid(2), LATER)]);
}

#[test]
fn a_damaged_summary_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, mailbox) = with_letters(&mut engine, 3);
    drop(engine);
    let database = rusqlite::Connection::open(store::engine::Paths::of(folder.path()).database).unwrap();
    database.execute("UPDATE email SET summary = x'00' WHERE id = 2", []).unwrap();
    drop(database);
    let engine = kit::engine(folder.path());
    let rows = engine.read(&Summaries { account, mailbox, uids: UidSet::all(), limit: 9 }).unwrap();
    assert_eq!(rows.iter().map(|row| row.summary.is_ok()).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn several_messages_are_read_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, mailbox) = with_letters(&mut engine, 6);
    let uids: UidSet = [2, 3, 5, 9].map(Uid).into_iter().collect();
    let ask = |limit, octets| {
        let all = engine.read(&StoredMessages { account, mailbox, uids: uids.clone(), limit, octets }).unwrap();
        all.iter().map(|(uid, _)| uid.0).collect::<Vec<_>>()
    };
    assert_eq!(ask(9, u64::MAX), [2, 3, 5]);
    assert_eq!((ask(2, u64::MAX), ask(9, 6)), (vec![2, 3], vec![2]));
}

fn appended(engine: &Engine, text: &[u8], flags: Flags) -> Appended {
    let (content, summary, received) = (engine.put(text).unwrap(), b"s".to_vec(), NOW);
    Appended { content, summary, utf8_header: false, message_id: None, references: vec![], flags, received }
}

#[test]
fn all_messages_of_an_append_come_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, mailbox) = with_letters(&mut engine, 1);
    let before = whole(&engine, (account, mailbox));
    let many = |engine: &Engine, last: Flags| {
        let messages = vec![appended(engine, b"One", words(&["a"])), appended(engine, b"Three", last)];
        Op::Append(Box::new(Append { account, mailbox, messages, replaces: None, now: LATER }))
    };
    let long = |octets| Flags { keywords: vec!["k".repeat(octets)], ..Flags::default() };
    let op = many(&engine, long(KEYWORD_OCTETS_MAX + 1));
    assert_eq!(act(&mut engine, op), Outcome::Limit);
    assert_eq!(whole(&engine, (account, mailbox)), before, "nothing came, not even the keyword");
    let op = many(&engine, long(KEYWORD_OCTETS_MAX));
    let pairs = vec![(None, Uid(2)), (None, Uid(3))];
    assert_eq!(act(&mut engine, op), Outcome::Uids { uid_validity: before.mailbox.uid_validity, pairs });
    let after = whole(&engine, (account, mailbox));
    assert_eq!(after.rows[1].modseq, after.rows[2].modseq, "one change");
    assert_eq!(engine.read(&SaveDates { account, mailbox, uids: Uid(3).into() }).unwrap(), [(Uid(3), LATER)]);
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

#[test]
fn keywords_of_an_append_are_kept_while_others_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let (account, mailbox) = with_letters(&mut engine, 1);
    let names: Vec<String> = (0..KEYWORDS_MAX).map(|n| format!("k{n:02}")).collect();
    let all = Flags { keywords: names, ..Flags::default() };
    act(&mut engine, set((account, mailbox), Uid(1), FlagChange::Add(all.clone())));
    act(&mut engine, expunge((account, mailbox), Uid(1), false));
    let put = |engine: &mut Engine, flags: [Flags; 2]| {
        let messages = flags.map(|flags| appended(engine, b"One", flags)).to_vec();
        act(engine, Op::Append(Box::new(Append { account, mailbox, messages, replaces: None, now: LATER })))
    };
    assert_eq!(put(&mut engine, [all, words(&["new"])]), Outcome::Limit, "all slots are about to be used");
    assert!(matches!(put(&mut engine, [words(&["k00"]), words(&["new"])]), Outcome::Uids { .. }));
    let rows = messages(&engine, account, mailbox);
    assert_eq!(rows.iter().map(|row| row.flags.keywords.join(" ")).collect::<Vec<_>>(), ["k00", "new"]);
}

#[test]
fn a_message_takes_the_place_of_another_within_the_quota() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let at = with_letters(&mut engine, 1);
    let (account, mailbox) = at;
    let used = engine.read(&AccountById { account }).unwrap().unwrap().used;
    let quota =
        Op::AccountSet { address: address("bob"), credentials: None, quota: Some(Some(used)), pop_delete: None };
    act(&mut engine, quota);
    let replace = |engine: &Engine, octets: u64, uid| {
        let text = vec![b'x'; usize::try_from(octets).unwrap()];
        let (messages, replaces) =
            (vec![appended(engine, &text, Flags::default())], Some((account, mailbox, Uid(uid))));
        Op::Append(Box::new(Append { account, mailbox, messages, replaces, now: LATER }))
    };
    let op = replace(&engine, used + 1, 1);
    assert_eq!(act(&mut engine, op), Outcome::OverQuota);
    let op = replace(&engine, used, 2);
    assert_eq!(act(&mut engine, op), Outcome::Gone);
    assert_eq!(whole(&engine, at).rows.len(), 1, "what is refused takes nothing away");
    let op = replace(&engine, used, 1);
    assert!(matches!(act(&mut engine, op), Outcome::Uids { pairs, .. } if pairs == [(None, Uid(2))]));
    assert_eq!(whole(&engine, at).rows.iter().map(|row| row.uid).collect::<Vec<_>>(), [Uid(2)]);
    assert_eq!(engine.read(&SummaryOf { account, email: EmailId(1) }).unwrap(), None);
}
