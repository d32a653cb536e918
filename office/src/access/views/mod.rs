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
/// Views settled by who opens another: each is a write.
const SETTLED_AT_ONCE: usize = 4;

/// The open mailboxes of a house.
#[derive(Default)]
pub(crate) struct Views {
    open: Mutex<HashMap<(AccountId, MailboxId), Kept>>,
}

struct Kept {
    view: Arc<View>,
    /// When somebody was last seen to have it open.
    used: Time,
}

impl Views {
    /// The view of a mailbox, not yet brought up to date.
    pub async fn open(&self, store: &Store, account: AccountId, mailbox: MailboxId, now: Time) -> Arc<View> {
        let unsettled = {
            let mut open = self.open.lock();
            if let Some(kept) = open.get_mut(&(account, mailbox)) {
                kept.used = now;
                return kept.view.clone();
            }
            sweep(&mut open, now)
        };
        for view in unsettled {
            if let Err(error) = view.settle().await {
                tracing::warn!(%error, "which messages were recent was not written down");
            }
        }
        let view = || Arc::new(View::new(store.clone(), account, mailbox));
        let mut open = self.open.lock();
        open.entry((account, mailbox)).or_insert_with(|| Kept { view: view(), used: now }).view.clone()
    }

    /// Notes that somebody closes a mailbox: it is kept from now on.
    pub fn closed(&self, view: &View, now: Time) {
        if let Some(kept) = self.open.lock().get_mut(&(view.account(), view.mailbox())) {
            kept.used = now;
        }
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

    /// Lets go of all, as if nobody had opened any.
    #[cfg(test)]
    pub fn forget(&self) {
        self.open.lock().clear();
    }

    /// How many there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.open.lock().len()
    }
}

/// Lets go of those nobody has open: the old ones, and the oldest of too many. Gives some that have to be settled before
/// they can go.
fn sweep(open: &mut HashMap<(AccountId, MailboxId), Kept>, now: Time) -> Vec<Arc<View>> {
    let mut unused = Vec::new();
    for (key, kept) in open.iter_mut() {
        if Arc::strong_count(&kept.view) == 1 {
            unused.push((kept.used, *key));
        } else {
            // A connection that breaks closes nothing: what was seen last counts.
            kept.used = now;
        }
    }
    unused.sort_unstable();
    let surplus = unused.len().saturating_sub(UNUSED_MAX - 1);
    let old = unused.iter().filter(|(used, _)| now.since(*used) >= KEPT).count();
    let mut unsettled = Vec::new();
    for (_, key) in unused.iter().take(surplus.max(old)) {
        match open.get(key) {
            Some(kept) if !kept.view.is_settled() => unsettled.push(kept.view.clone()),
            _ => drop(open.remove(key)),
        }
    }
    unsettled.truncate(SETTLED_AT_ONCE);
    unsettled
}
