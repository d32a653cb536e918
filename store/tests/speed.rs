//! What operations on whole mailboxes take. With a few messages it says whether they come to what they should; with
//! `PILLARBOX_MESSAGES=10000` or more, on a release build with `--nocapture`, it shows figures. No time fails it.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "reads how much is asked for, measures, and shows it"
)]

mod kit;

use kit::*;
use std::time::Instant;
use store::op::{Append, Appended, Carried, FlagChange};
use store::query::{
    EmailsById, EmailsSince, MailboxSince, SaveDates, States, StoredMessages, Summaries, WholeAccount, WholeMailbox,
};
use store::types::{
    AccountId, EmailChange, EmailId, Flags, KeywordsChange, ListingNews, MailboxId, MailboxesChange, ModSeq, Role,
};
use store::{Engine, Op, Outcome, Settings, Store, UidSet};

/// Messages in the mailbox: the few of CI go through the same statements.
fn messages_asked() -> u32 {
    std::env::var("PILLARBOX_MESSAGES").ok().map_or(200, |text| text.parse().unwrap())
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = work();
    println!("{what}: {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    done
}

fn appended(engine: &Engine, n: u32, octets: usize) -> Appended {
    let mut text = format!("Subject: letter {n}\r\n\r\n").into_bytes();
    text.resize(octets.max(text.len()), b'.');
    Appended {
        content: engine.put(&text).unwrap(),
        summary: noise(u64::from(n), 500),
        utf8_header: false,
        message_id: Some(format!("{n}@hamburger.edu")),
        references: vec![format!("{}@hamburger.edu", n / 3)],
        flags: Flags::default(),
        received: message::Time(NOW.0 + u64::from(n)),
    }
}

/// So many messages in INBOX.
fn fill(engine: &mut Engine, place: (AccountId, MailboxId), count: u32) {
    let (account, mailbox) = place;
    for first in (0..count).step_by(1_000) {
        let messages = (first..count.min(first + 1_000)).map(|n| appended(engine, n, 1_000)).collect();
        act(engine, Op::Append(Box::new(Append { account, mailbox, messages, replaces: None, now: NOW })));
    }
}

struct Place {
    account: AccountId,
    inbox: MailboxId,
    archive: MailboxId,
    trash: MailboxId,
}

fn place(engine: &mut Engine) -> Place {
    let account = with_accounts(engine, &["bob"]).remove(0);
    let of = |role| mailbox(engine, account, role).id;
    Place { account, inbox: of(Role::Inbox), archive: of(Role::Archive), trash: of(Role::Trash) }
}

#[test]
fn whole_mailboxes_are_read_and_changed() {
    let (folder, count) = (tempfile::tempdir().unwrap(), messages_asked());
    let mut engine = engine(folder.path());
    let at = place(&mut engine);
    timed("fill", || fill(&mut engine, (at.account, at.inbox), count));
    engine.checkpoint().unwrap();
    read(&engine, &at, count);
    let since = mailbox(&engine, at.account, Role::Inbox).modseq;
    flag(&mut engine, &at, count);
    changed(&engine, &at, since, count);
    carry(&mut engine, &at, count);
}

fn read(engine: &Engine, at: &Place, count: u32) {
    let (account, mailbox) = (at.account, at.inbox);
    for round in ["first", "again"] {
        let find = WholeMailbox { account, mailbox };
        let whole = timed(&format!("whole mailbox, {round}"), || engine.read(&find)).unwrap().unwrap();
        assert_eq!(whole.rows.len(), count as usize);
    }
    let (uids, limit) = (UidSet::all(), u32::MAX);
    let find = Summaries { account, mailbox, uids: uids.clone(), limit };
    let summaries = timed("summaries of all", || engine.read(&find)).unwrap();
    assert!(summaries.len() == count as usize && summaries.iter().all(|row| row.summary.is_ok()));
    let find = StoredMessages { account, mailbox, uids: uids.clone(), limit, octets: u64::MAX };
    assert_eq!(timed("content of all", || engine.read(&find)).unwrap().len(), count as usize);
    assert_eq!(engine.read(&SaveDates { account, mailbox, uids }).unwrap().len(), count as usize);
}

fn flag(engine: &mut Engine, at: &Place, count: u32) {
    let flags = |n: u32| match n {
        0 => Flags { seen: true, ..Flags::default() },
        _ => Flags { flagged: true, keywords: vec!["$Forwarded".into()], ..Flags::default() },
    };
    let halves = [UidSet::all(), (1..=count).step_by(2).map(store::types::Uid).collect()];
    for (n, uids) in (0..).zip(halves) {
        let (change, unchanged_since) = (FlagChange::Add(flags(n)), None);
        let op = Op::SetFlags { account: at.account, mailbox: at.inbox, uids, change, unchanged_since };
        let what = ["+FLAGS on all", "+FLAGS on every other"][n as usize];
        assert_eq!(timed(what, || act(engine, op)), Outcome::Modified(vec![]));
    }
    assert_eq!(mailbox(engine, at.account, Role::Inbox).unseen, 0);
}

fn changed(engine: &Engine, at: &Place, since: ModSeq, count: u32) {
    let find = MailboxSince { account: at.account, mailbox: at.inbox, since };
    let news = timed("what changed since", || engine.read(&find)).unwrap();
    let ListingNews::Known { changed, vanished, .. } = news else { panic!("known") };
    assert!(changed.len() == count as usize && vanished.is_empty());
}

/// What JMAP asks of a whole account.
#[test]
fn whole_accounts_are_read_and_changed() {
    let (folder, count) = (tempfile::tempdir().unwrap(), messages_asked());
    let mut engine = engine(folder.path());
    let at = place(&mut engine);
    fill(&mut engine, (at.account, at.inbox), count);
    engine.checkpoint().unwrap();
    let account = at.account;
    let states = engine.read(&States { account }).unwrap().unwrap();
    let mut whole = Vec::new();
    for round in ["first", "again"] {
        let find = WholeAccount { account };
        whole = timed(&format!("whole account, {round}"), || engine.read(&find)).unwrap().unwrap().places;
        assert_eq!(whole.len(), count as usize);
    }
    let ids: Vec<EmailId> = whole.iter().map(|place| place.email).collect();
    let find = EmailsById { account, ids: ids.iter().rev().take(50).copied().collect() };
    assert_eq!(timed("50 e-mails", || engine.read(&find)).unwrap().len(), 50);
    set(&mut engine, account, &ids);
    let find = EmailsSince { account, since: states.emails.into(), limit: 500 };
    let page = timed("500 changes of all", || engine.read(&find)).unwrap().unwrap();
    assert_eq!((page.updated.len(), page.more), (500.min(count as usize), count > 500));
    for mailbox in [at.archive, at.inbox] {
        let set = Op::EmailsSet { account, changes: to(&ids, mailbox), unchanged_since: None, now: NOW };
        assert!(matches!(timed("all e-mails to another mailbox", || act(&mut engine, set)), Outcome::Emails { .. }));
    }
    timed("whole account, all moved", || engine.read(&WholeAccount { account })).unwrap().unwrap();
    let destroy = Op::EmailsDestroy { account, emails: ids, unchanged_since: None, now: NOW };
    timed("all e-mails destroyed", || act(&mut engine, destroy));
    let find = EmailsSince { account, since: states.emails.into(), limit: 500 };
    let page = timed("500 changes of all destroyed", || engine.read(&find)).unwrap().unwrap();
    assert_eq!(page.destroyed.len(), 500.min(count as usize));
}

fn set(engine: &mut Engine, account: AccountId, ids: &[EmailId]) {
    let add = Flags { answered: true, ..Flags::default() };
    let keywords = KeywordsChange::Patch { add, remove: Flags::default() };
    let one = |email: &EmailId| EmailChange { email: *email, keywords: Some(keywords.clone()), mailboxes: None };
    let set = Op::EmailsSet { account, changes: ids.iter().map(one).collect(), unchanged_since: None, now: NOW };
    assert!(matches!(timed("keyword on all e-mails", || act(engine, set)), Outcome::Emails { .. }));
}

fn to(ids: &[EmailId], mailbox: MailboxId) -> Vec<EmailChange> {
    let mailboxes = Some(MailboxesChange::Replace(vec![mailbox]));
    ids.iter().map(|email| EmailChange { email: *email, keywords: None, mailboxes: mailboxes.clone() }).collect()
}

fn carry(engine: &mut Engine, at: &Place, count: u32) {
    let (account, uids) = (at.account, UidSet::all());
    let (from, to, to_account) = (at.inbox, at.archive, account);
    let copied = timed("COPY of all", || {
        act(engine, Op::Copy { account, from, to_account, to, uids: uids.clone(), carried: Carried::ALL, now: NOW })
    });
    assert!(matches!(copied, Outcome::Uids { pairs, .. } if pairs.len() == count as usize));
    let (from, to) = (at.archive, at.trash);
    timed("MOVE of all", || {
        act(engine, Op::Move { account, from, to_account, to, uids: uids.clone(), carried: Carried::ALL, now: NOW })
    });
    for (what, mailbox) in [("EXPUNGE of copies", at.trash), ("EXPUNGE of all", at.inbox)] {
        let expunge = Op::Expunge { account, mailbox, uids: uids.clone(), only_deleted: false, now: NOW };
        assert_eq!(timed(what, || act(engine, expunge)), Outcome::Removed(count));
    }
    assert_eq!(engine.verify().unwrap().damage, vec![]);
}

/// Deliveries to one account, and to many, in groups as under load.
#[test]
fn messages_are_delivered() {
    for accounts in [1, 50] {
        let (folder, count) = (tempfile::tempdir().unwrap(), messages_asked());
        let mut engine = engine(folder.path());
        let names: Vec<String> = (0..accounts).map(|n| format!("user{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let ids = with_accounts(&mut engine, &names);
        let ops: Vec<Op> = (0..count)
            .map(|n| {
                let content = engine.put(&noise(u64::from(n), 1_000)).unwrap();
                let to = local(ids[n as usize % ids.len()]);
                let mut deliver = letter(u16::try_from(n % 60_000).unwrap(), content, vec![to]);
                deliver.summary = noise(u64::from(n), 500);
                deliver.queue_id = store::types::QueueId::new(NOW, 0);
                deliver.queue_id.0 += u64::from(n);
                deliver.references = vec![format!("{}@hamburger.edu", n / 3)];
                Op::Deliver(Box::new(deliver))
            })
            .collect();
        timed(&format!("{count} deliveries to {accounts} accounts"), || {
            for group in ops.chunks(100) {
                assert!(engine.apply_group(group).iter().all(Result::is_ok));
            }
        });
    }
}

#[tokio::test]
async fn clients_append_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Settings::default()).unwrap();
    let account = with_bob(&store).await;
    let mailbox = inbox_of(&store, account).await;
    let count = messages_asked() as usize / 20;
    for octets in [1_000, 10_000, 100_000] {
        for clients in [1, 10] {
            let begin = Instant::now();
            let all: Vec<_> = (0..clients)
                .map(|client| {
                    tokio::spawn(append_some(
                        store.clone(),
                        (account, mailbox),
                        (client, octets),
                        count / clients as usize,
                    ))
                })
                .collect();
            for one in all {
                one.await.unwrap();
            }
            let rate = count as f64 / begin.elapsed().as_secs_f64();
            println!("APPEND of {octets} octets, {clients} clients: {rate:.0} a second");
        }
    }
    assert_eq!(store.verify().await.unwrap().damage, vec![]);
}

async fn append_some(store: Store, place: (AccountId, MailboxId), kind: (u64, usize), count: usize) {
    let text = noise(kind.0, kind.1 / 2)
        .iter()
        .map(|octet| octet % 64 + 32)
        .chain(vec![b'.'; kind.1 / 2])
        .collect::<Vec<u8>>();
    for _ in 0..count {
        let message = Appended {
            content: upload(&store, &text).await.unwrap(),
            summary: noise(kind.0, 500),
            utf8_header: false,
            message_id: None,
            references: vec![],
            flags: Flags::default(),
            received: NOW,
        };
        let (account, mailbox) = place;
        let append = Append { account, mailbox, messages: vec![message], replaces: None, now: NOW };
        let done = store.apply(Op::Append(Box::new(append))).await.unwrap();
        assert!(matches!(done, Outcome::Uids { .. }));
    }
}
