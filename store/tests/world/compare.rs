//! What the engine says against what the model says.

use crate::kit::{mailboxes, messages};
use crate::world::{self, World};
use store::Engine;
use store::op::OutboxFilter;
use store::query::{Accounts, Aliases, Outbox, StoredMessage};

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
    let outbox = engine.read(&Outbox { filter: OutboxFilter::default(), after: (0, 0), limit: 1_000 }).unwrap();
    let plain: Vec<_> = outbox.iter().map(|row| (row.outbox, row.recipient, row.state.clone(), row.attempts)).collect();
    assert_eq!(plain, world.outbox());
}
