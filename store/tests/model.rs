//! Conformance: random operations on the engine and on a small model of it. Every outcome must be the same, and at
//! the end all that can be asked. Whatever engine keeps the mail has to pass this.
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;
mod world;

use kit::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use store::query::{Accounts, Aliases, Change, ChangesSince, Outbox, StoredMessage};
use store::types::{AccountId, Flags, MailboxId, ModSeq, Uid};
use store::{Engine, Op, Outcome};
use world::{World, ops};

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

/// All that can be asked, against the model.
fn compare(engine: &Engine, world: &World) {
    let accounts = engine.read(&Accounts { domain: None, after: None, limit: 100 }).unwrap();
    let plain: Vec<_> = accounts.iter().map(|a| (a.id, a.address.clone(), a.quota, a.used, a.messages)).collect();
    assert_eq!(plain, world.accounts());
    assert_eq!(engine.read(&Aliases { domain: None }).unwrap(), world.aliases());
    for account in &accounts {
        let all = mailboxes(engine, account.id);
        let plain: Vec<_> = all.iter().map(world::plain).collect();
        assert_eq!(plain, world.mailboxes(account.id));
        for mailbox in all {
            let rows = messages(engine, account.id, mailbox.id);
            let plain: Vec<_> = rows.iter().map(|m| (m.uid, m.email, m.flags.clone(), m.size, m.received)).collect();
            assert_eq!(plain, world.messages(account.id, mailbox.id));
            assert!(rows.iter().all(|row| row.modseq <= mailbox.modseq));
            for row in rows {
                let find = StoredMessage { account: account.id, mailbox: mailbox.id, uid: row.uid };
                assert_eq!(engine.read(&find).unwrap().unwrap().size, row.size);
            }
        }
    }
    let outbox = engine.read(&Outbox { after: 0, limit: 1_000 }).unwrap();
    let plain: Vec<_> = outbox.iter().map(|row| (row.outbox, row.recipient, row.state.clone(), row.attempts)).collect();
    assert_eq!(plain, world.outbox());
}

fn run(plans: Vec<world::Plan>, groups: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path());
    let mut world = World::default();
    let mut sizes = groups.iter().copied().cycle();
    let mut known: BTreeMap<AccountId, (ModSeq, Known)> = BTreeMap::new();
    // Most plans speak of somebody.
    let first = [add_domain("crepes.fr"), add_account("bob", None), add_account("Carol", Some(100))];
    let plans: Vec<_> = first.map(world::Plan::Whole).into_iter().chain(plans).collect();
    let half = plans.len() / 2;
    let mut rest = plans.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
        rest = later;
        let ops: Vec<Op> = now.iter().map(|plan| plan.op(&engine)).collect();
        let wanted: Vec<Outcome> = ops.iter().map(|op| world.apply(op)).collect();
        let results = engine.apply_group(&ops);
        for ((op, result), wanted) in ops.iter().zip(results).zip(wanted) {
            assert_eq!(result.unwrap(), wanted, "{op:?}");
        }
        if known.is_empty() && rest.len() <= half {
            let ids = world.accounts().into_iter().map(|(id, ..)| id);
            known = ids.map(|id| (id, (newest(&engine, id), look(&engine, id)))).collect();
        }
    }
    compare(&engine, &world);
    for (account, (since, before)) in known {
        if world.accounts().iter().any(|(id, ..)| *id == account) {
            assert_eq!(follow(&engine, account, since, before), look(&engine, account));
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
