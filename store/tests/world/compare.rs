//! What the engine says against what the model says.

use crate::kit::{mailboxes, messages};
use crate::world::{self, KINDS, World};
use message::Time;
use std::collections::BTreeSet;
use store::op::OutboxFilter;
use store::query::{
    Accounts, AclOf, Aliases, Annotations, EmailsById, NextObjectDue, ObjectByKey, Objects, ObjectsById, ObjectsDue,
    Outbox, SaveDates, SharedWith, StoredEmail, StoredMessage, Subscriptions, ThreadMembers, UploadById, WholeAccount,
};
use store::types::{AccountId, Annotated, EmailRow, MailboxId};
use store::{Engine, UidSet};

/// All that can be asked, against the model.
pub fn compare(engine: &Engine, world: &World) {
    let accounts = engine.read(&Accounts { domain: None, after: None, limit: 100 }).unwrap();
    let plain: Vec<_> = accounts.iter().map(|a| (a.id, a.address.clone(), a.quota, a.used, a.messages)).collect();
    assert_eq!(plain, world.accounts());
    assert_eq!(engine.read(&Aliases { domain: None }).unwrap(), world.aliases());
    for account in &accounts {
        let all = mailboxes(engine, account.id);
        let plain: Vec<_> = all.iter().map(world::plain).collect();
        assert_eq!(plain, world.mailboxes(account.id));
        assert_eq!(engine.read(&Subscriptions { account: account.id }).unwrap(), world.subscriptions(account.id));
        emails(engine, world, account.id);
        objects(engine, world, account.id);
        for mailbox in all {
            sharing(engine, world, (account.id, mailbox.id));
            let rows = messages(engine, account.id, mailbox.id);
            let uids = UidSet::all();
            let saved = engine.read(&SaveDates { account: account.id, mailbox: mailbox.id, uids }).unwrap();
            let plain: Vec<_> = (rows.iter().zip(saved))
                .map(|(m, (_, saved))| (m.uid, m.email, m.flags.clone(), m.size, [m.received, saved]))
                .collect();
            assert_eq!(plain, world.messages(account.id, mailbox.id));
            assert!(rows.iter().all(|row| row.modseq <= mailbox.modseq));
            for row in rows {
                let find = StoredMessage { account: account.id, mailbox: mailbox.id, uid: row.uid };
                assert_eq!(engine.read(&find).unwrap().unwrap().size, row.size);
            }
        }
    }
    let outbox = engine.read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 1_000 }).unwrap();
    let plain: Vec<_> = outbox.iter().map(|row| (row.outbox, row.recipient, row.state.clone(), row.attempts)).collect();
    assert_eq!(plain, world.outbox());
    annotations(engine, world, None);
}

fn emails(engine: &Engine, world: &World, account: AccountId) {
    let whole = engine.read(&WholeAccount { account }).unwrap().unwrap();
    let plain: Vec<_> = whole.places.iter().map(|p| (p.email, p.mailbox, p.uid, p.size, p.received)).collect();
    assert_eq!(plain, world.places(account));
    let ids: BTreeSet<_> = whole.places.iter().map(|place| place.email).collect();
    let rows = engine.read(&EmailsById { account, ids: ids.iter().copied().collect() }).unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<BTreeSet<_>>(), ids);
    let of = |row: &EmailRow| row.places.iter().map(|(m, u, f, s)| (row.id, *m, *u, *f, *s)).collect::<Vec<_>>();
    let places: Vec<_> = whole.places.iter().map(|p| (p.email, p.mailbox, p.uid, p.flags, p.modseq)).collect();
    assert_eq!(rows.iter().flat_map(of).collect::<Vec<_>>(), places, "the places of each are those of all");
    let others: Vec<_> = rows.iter().filter(|row| row.thread != row.id).map(|row| (row.id, row.thread)).collect();
    assert_eq!(others, whole.threads);
    let threads: BTreeSet<_> = rows.iter().map(|row| row.thread).collect();
    let threads = engine.read(&ThreadMembers { account, threads: threads.into_iter().collect() }).unwrap();
    let members: Vec<_> = threads.iter().flat_map(|thread| thread.emails.iter().copied()).collect();
    assert_eq!((members.len(), members.into_iter().collect::<BTreeSet<_>>()), (ids.len(), ids), "each in one");
    for row in rows {
        let stored = engine.read(&StoredEmail { account, email: row.id }).unwrap().unwrap();
        assert_eq!((stored.size, stored.prefix.len()), (row.size, row.prefix_octets as usize));
    }
}

fn objects(engine: &Engine, world: &World, account: AccountId) {
    for kind in KINDS {
        let all = engine.read(&Objects { account, kind }).unwrap();
        let plain: Vec<_> = all.iter().map(|o| (o.id, (o.key.clone(), o.value.clone(), o.due))).collect();
        assert_eq!(plain, world.objects(account, kind));
        let due = all.iter().filter_map(|object| object.due).min();
        let next = engine.read(&NextObjectDue { kinds: vec![kind] }).unwrap();
        assert!(due.is_none() || next.is_some_and(|next| Some(next) <= due));
        for object in all {
            let (ids, now) = (vec![object.id], Time(u64::MAX));
            assert_eq!(engine.read(&ObjectsById { account, kind, ids }).unwrap(), std::slice::from_ref(&object));
            let of_due = engine.read(&ObjectsDue { kinds: vec![kind], now, limit: 100 }).unwrap();
            assert_eq!(of_due.contains(&object), object.due.is_some());
            let Some(key) = object.key.clone() else { continue };
            assert_eq!(engine.read(&ObjectByKey { kind, key }).unwrap(), Some(object));
        }
    }
    for (upload, octets) in world.uploads(account) {
        let (uploaded, stored) = engine.read(&UploadById { account, upload }).unwrap().unwrap();
        assert_eq!((uploaded.octets, stored.size), (octets, octets));
    }
}

fn sharing(engine: &Engine, world: &World, place: (AccountId, MailboxId)) {
    let acl = engine.read(&AclOf { account: place.0, mailbox: place.1 }).unwrap();
    assert_eq!(acl, world.shared.acl(place), "{place:?}");
    for (identifier, rights) in acl {
        let shared = engine.read(&SharedWith { identifiers: vec![identifier.clone()] }).unwrap();
        assert!(shared.contains(&(place.0, place.1, identifier, rights)));
    }
    annotations(engine, world, Some(place));
}

fn annotations(engine: &Engine, world: &World, mailbox: Option<(AccountId, MailboxId)>) {
    for reader in [None, Some(AccountId(1)), Some(AccountId(2))] {
        let of = Annotated { mailbox, reader };
        assert_eq!(engine.read(&Annotations { of }).unwrap(), world.shared.annotations(&of), "{of:?}");
    }
}
