//! What the engine says against what the model says.

use crate::kit::{mailboxes, messages};
use crate::world::{self, World};
use store::op::OutboxFilter;
use store::query::{
    Accounts, AclOf, Aliases, Annotations, Outbox, SaveDates, SharedWith, StoredMessage, Subscriptions,
};
use store::types::{AccountId, Annotated, MailboxId};
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
