//! Conformance: random operations on the engine and on a small model of it. Every outcome must be the same, and at
//! the end all that can be asked. Whatever engine keeps the mail has to pass this.
#![allow(clippy::unwrap_used, missing_docs)]

mod follow;
mod kit;
mod world;

use follow::Follower;
use kit::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use store::query::{Change, ChangesSince, MailboxSince, WholeMailbox};
use store::types::{AccountId, Flags, ListingNews, ListingRow, MailboxId, ModSeq, Uid};
use store::{Engine, Op, Outcome};
use world::{World, compare, ops, stateless};

/// What a client that follows an account knows: flags by mailbox and UID.
type Known = BTreeMap<(MailboxId, Uid), Flags>;

fn look(engine: &Engine, account: AccountId) -> Known {
    let mut known = Known::new();
    for mailbox in mailboxes(engine, account) {
        for message in messages(engine, account, mailbox.id) {
            known.insert((mailbox.id, message.uid), message.flags);
        }
    }
    known
}

fn newest(engine: &Engine, account: AccountId) -> ModSeq {
    mailboxes(engine, account).iter().map(|mailbox| mailbox.modseq).max().unwrap_or(ModSeq(0))
}

/// Follows an account from what was known at `since`, a few lines at a time.
fn follow(engine: &Engine, account: AccountId, since: ModSeq, mut known: Known) -> Known {
    let mut since = since;
    loop {
        let page = engine.read(&ChangesSince { account, since, limit: 3 }).unwrap().unwrap();
        let Some((last, _)) = page.last() else { return known };
        let last = *last;
        for (modseq, change) in page {
            assert!(modseq > since && modseq <= last);
            learn(engine, account, &mut known, change);
        }
        since = last;
    }
}

fn learn(engine: &Engine, account: AccountId, known: &mut Known, change: Change) {
    match change {
        Change::Added { mailbox, uid, .. } => {
            let rows = messages(engine, account, mailbox);
            let row = rows.into_iter().find(|row| row.uid == uid).expect("what was added is there");
            known.insert((mailbox, uid), row.flags);
        }
        Change::FlagsChanged { mailbox, uid, flags } => {
            known.insert((mailbox, uid), flags);
        }
        Change::Expunged { mailbox, uid } => {
            known.remove(&(mailbox, uid));
        }
        Change::MailboxDeleted { mailbox } => known.retain(|(of, _), _| *of != mailbox),
        Change::MailboxCreated { .. } | Change::MailboxChanged { .. } => {}
    }
}

/// The mailboxes of an account as who keeps them open lists them.
type Open = BTreeMap<MailboxId, Vec<ListingRow>>;

fn list(engine: &Engine, account: AccountId) -> Open {
    let whole = |mailbox| engine.read(&WholeMailbox { account, mailbox }).unwrap().unwrap().rows;
    mailboxes(engine, account).into_iter().map(|mailbox| (mailbox.id, whole(mailbox.id))).collect()
}

/// Brings old listings up to date; those of mailboxes that are gone are dropped.
fn renew(engine: &Engine, account: AccountId, since: ModSeq, old: Open) -> Open {
    let renewed = |(mailbox, rows): (MailboxId, Vec<ListingRow>)| match engine
        .read(&MailboxSince { account, mailbox, since })
        .unwrap()
    {
        ListingNews::Gone => None,
        ListingNews::Forgotten => panic!("nothing is forgotten so soon"),
        ListingNews::Known { changed, vanished, .. } => {
            let mut all: BTreeMap<Uid, ListingRow> = rows.into_iter().map(|row| (row.uid, row)).collect();
            assert!(changed.iter().all(|row| row.modseq > since && !vanished.contains(row.uid)));
            all.retain(|uid, _| !vanished.contains(*uid));
            all.extend(changed.into_iter().map(|row| (row.uid, row)));
            Some((mailbox, all.into_values().collect()))
        }
    };
    old.into_iter().filter_map(renewed).collect()
}

fn run(plans: Vec<world::Plan>, groups: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let mut world = World::default();
    let mut sizes = groups.iter().copied().cycle();
    let mut known: BTreeMap<AccountId, (ModSeq, Known, Open)> = BTreeMap::new();
    let mut followers: BTreeMap<AccountId, Follower> = BTreeMap::new();
    // Most plans speak of somebody.
    let first = [add_domain("crepes.fr"), add_account("bob", None), add_account("Carol", Some(100))];
    let plans: Vec<_> = first.map(world::Plan::Whole).into_iter().chain(plans).collect();
    let half = plans.len() / 2;
    let mut rest = plans.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
        rest = later;
        let ops: Vec<Op> = now.iter().map(|plan| plan.op(&engine).unwrap()).collect();
        let wanted: Vec<Outcome> = ops.iter().map(|op| world.apply(op)).collect();
        let results = engine.apply_group(&ops);
        for ((op, result), wanted) in ops.iter().zip(results).zip(wanted) {
            assert_eq!(stateless(result.unwrap()), wanted, "{op:?}");
        }
        if known.is_empty() && rest.len() <= half {
            let ids = world.accounts().into_iter().map(|(id, ..)| id);
            known = ids.map(|id| (id, (newest(&engine, id), look(&engine, id), list(&engine, id)))).collect();
            followers = known.keys().map(|id| (*id, Follower::begin(&engine, *id))).collect();
        }
    }
    compare(&engine, &world);
    for (account, (since, before, open)) in known {
        if world.accounts().iter().any(|(id, ..)| *id == account) {
            assert_eq!(follow(&engine, account, since, before), look(&engine, account));
            let mut now = list(&engine, account);
            now.retain(|mailbox, _| open.contains_key(mailbox));
            assert_eq!(renew(&engine, account, since, open), now);
        }
    }
    for (account, follower) in followers {
        if world.accounts().iter().any(|(id, ..)| *id == account) {
            follower.check(&engine);
        }
    }
    drop(engine);
    check_counters(folder.path());
}

/// Counters agree with rows, in the copy a new process opens.
fn check_counters(folder: &std::path::Path) {
    let store = store::Store::open(folder, store::Settings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(store.verify()).unwrap();
    assert_eq!(report.damage, vec![]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_engine_does_what_the_model_does(
        plans in prop::collection::vec(ops(), 20..120),
        groups in prop::collection::vec(1_usize..12, 1..5),
    ) {
        run(plans, &groups);
    }
}
