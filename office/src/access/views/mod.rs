//! Open mailboxes: one listing of each, whoever has it open, loaded once and kept for a while after the last has closed
//! it. Owns which are kept; how one keeps up with the store is `view`'s.

mod view;

pub(crate) use view::View;

use message::Time;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::types::{AccountId, MailboxId};
use store::{Store, StoreError};

/// How long a mailbox that nobody has open stays loaded: a client that looks in every few minutes finds it ready.
pub(super) const KEPT: Duration = Duration::from_secs(10 * 60);
/// Mailboxes that nobody has open, at most: with 100,000 messages each they take 100 MB.
pub(super) const UNUSED_MAX: usize = 32;

/// The open mailboxes of a house.
#[derive(Default)]
pub(crate) struct Views {
    open: Mutex<HashMap<(AccountId, MailboxId), Kept>>,
}

struct Kept {
    view: Arc<View>,
    /// When it was opened last.
    opened: Time,
}

impl Views {
    /// The view of a mailbox, not yet brought up to date.
    pub fn open(&self, store: &Store, account: AccountId, mailbox: MailboxId, now: Time) -> Arc<View> {
        let mut open = self.open.lock();
        if let Some(kept) = open.get_mut(&(account, mailbox)) {
            kept.opened = now;
            return kept.view.clone();
        }
        sweep(&mut open, now);
        let view = Arc::new(View::new(store.clone(), account, mailbox));
        open.insert((account, mailbox), Kept { view: view.clone(), opened: now });
        view
    }

    /// The view of a mailbox, where somebody has it open or had it a while ago.
    pub fn find(&self, account: AccountId, mailbox: MailboxId) -> Option<Arc<View>> {
        self.open.lock().get(&(account, mailbox)).map(|kept| kept.view.clone())
    }

    /// Writes down what sessions were told as recent, of every view.
    pub async fn settle(&self) -> Result<(), StoreError> {
        let views: Vec<_> = self.open.lock().values().map(|kept| kept.view.clone()).collect();
        for view in views {
            view.settle().await?;
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.open.lock().len()
    }
}

/// Lets go of those nobody has open: the old ones, and the oldest of too many.
fn sweep(open: &mut HashMap<(AccountId, MailboxId), Kept>, now: Time) {
    let is_unused = |kept: &Kept| Arc::strong_count(&kept.view) == 1 && kept.view.is_settled();
    open.retain(|_, kept| !is_unused(kept) || now.since(kept.opened) < KEPT);
    let mut unused: Vec<_> =
        open.iter().filter(|(_, kept)| is_unused(kept)).map(|(key, kept)| (kept.opened, *key)).collect();
    if let Some(surplus) = unused.len().checked_sub(UNUSED_MAX - 1) {
        unused.sort_unstable();
        unused.iter().take(surplus).for_each(|(_, key)| drop(open.remove(key)));
    }
}
