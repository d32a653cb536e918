//! Accounts in memory: one catalogue of each that JMAP is asked about, brought up to date by what changed, and let go when
//! nobody has asked for a while.

use super::catalogue::Catalogue;
use message::Time;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::query::{AccountNews, Mailboxes, States, WholeAccount};
use store::types::{AccountId, ModSeq};
use store::{Store, StoreError};
use tokio::sync::watch;

/// How long an account that nobody asks about stays loaded.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// Accounts loaded at most: with 100,000 e-mails each takes ten megabytes.
const LOADED_MAX: usize = 64;

/// The accounts of a house that are loaded.
#[derive(Default)]
pub(crate) struct AccountViews {
    open: Mutex<HashMap<AccountId, Kept>>,
}

struct Kept {
    view: Arc<AccountView>,
    used: Time,
}

impl AccountViews {
    /// An account with everything that was committed before this was called; `None` when it is not there.
    pub async fn current(
        &self,
        store: &Store,
        account: AccountId,
        now: Time,
    ) -> Result<Option<Arc<Catalogue>>, StoreError> {
        let view = self.open(store, account, now);
        let catalogue = view.current(store).await?;
        if catalogue.is_none() {
            self.open.lock().remove(&account);
        }
        Ok(catalogue)
    }

    fn open(&self, store: &Store, account: AccountId, now: Time) -> Arc<AccountView> {
        let mut open = self.open.lock();
        if !open.contains_key(&account) {
            sweep(&mut open, now);
        }
        let kept = open.entry(account).or_insert_with(|| {
            let view = AccountView {
                account,
                newest: store.watch(account),
                state: Mutex::default(),
                turn: tokio::sync::Mutex::default(),
            };
            Kept { view: Arc::new(view), used: now }
        });
        kept.used = now;
        kept.view.clone()
    }
}

/// Makes room for one more: lets go of the old ones, and the oldest of too many.
fn sweep(open: &mut HashMap<AccountId, Kept>, now: Time) {
    open.retain(|_, kept| now.since(kept.used) < KEPT);
    while open.len() >= LOADED_MAX {
        let Some(oldest) = open.iter().min_by_key(|(_, kept)| kept.used).map(|(account, _)| *account) else { return };
        open.remove(&oldest);
    }
}

struct AccountView {
    account: AccountId,
    newest: watch::Receiver<ModSeq>,
    state: Mutex<State>,
    /// Held by who asks the store, so that one does for all that wait.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    catalogue: Option<Arc<Catalogue>>,
    /// The account's newest change when the store was asked last; `None`: never.
    seen: Option<ModSeq>,
}

impl AccountView {
    async fn current(&self, store: &Store) -> Result<Option<Arc<Catalogue>>, StoreError> {
        if let Some(catalogue) = self.fresh() {
            return Ok(Some(catalogue));
        }
        let _turn = self.turn.lock().await;
        if let Some(catalogue) = self.fresh() {
            return Ok(Some(catalogue));
        }
        // Whatever is newer than this figure is seen the next time, whether or not the store tells of it now.
        let seen = *self.newest.borrow();
        let since = self.state.lock().catalogue.as_ref().map(|known| known.modseq());
        let catalogue = match since {
            Some(since) => self.follow(store, since).await?,
            None => self.load(store).await?,
        };
        let mut state = self.state.lock();
        state.seen = Some(seen);
        state.catalogue.clone_from(&catalogue);
        Ok(catalogue)
    }

    fn fresh(&self) -> Option<Arc<Catalogue>> {
        let newest = *self.newest.borrow();
        let state = self.state.lock();
        state.seen.filter(|seen| *seen >= newest).and(state.catalogue.clone())
    }

    async fn load(&self, store: &Store) -> Result<Option<Arc<Catalogue>>, StoreError> {
        let account = self.account;
        let query = (WholeAccount { account }, (States { account }, Mailboxes { account }));
        let (Some(listing), (Some(states), mailboxes)) = store.read(query).await? else { return Ok(None) };
        let made = store.aside(move || Ok(Catalogue::new(account, listing, states, mailboxes))).await?;
        Ok(Some(Arc::new(made)))
    }

    async fn follow(&self, store: &Store, since: ModSeq) -> Result<Option<Arc<Catalogue>>, StoreError> {
        let account = self.account;
        let query = (AccountNews { account, since }, (States { account }, Mailboxes { account }));
        let (Some(news), (Some(states), mailboxes)) = store.read(query).await? else {
            return self.load(store).await;
        };
        let Some(mut known) = self.state.lock().catalogue.take() else { return self.load(store).await };
        // Copied only while somebody still looks at it.
        Arc::make_mut(&mut known).follow(news, states, mailboxes);
        Ok(Some(known))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn view(account: i64) -> Kept {
        let (_, newest) = watch::channel(ModSeq(0));
        let (state, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        Kept { view: Arc::new(AccountView { account: AccountId(account), newest, state, turn }), used: Time(1000) }
    }

    #[test]
    fn accounts_nobody_asks_about_are_let_go() {
        let mut open: HashMap<_, _> = (1..=3).map(|account| (AccountId(account), view(account))).collect();
        open.get_mut(&AccountId(2)).unwrap().used = Time(2000);
        sweep(&mut open, Time(1000).after(KEPT));
        assert_eq!(open.keys().collect::<Vec<_>>(), [&AccountId(2)]);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let most = i64::try_from(LOADED_MAX).unwrap();
        let mut open: HashMap<_, _> = (1..most).map(|account| (AccountId(account), view(account))).collect();
        sweep(&mut open, Time(1000));
        assert_eq!(open.len(), LOADED_MAX - 1, "there is room for one more");
        open.insert(AccountId(0), view(0));
        open.get_mut(&AccountId(0)).unwrap().used = Time(999);
        sweep(&mut open, Time(1000));
        assert!(open.len() == LOADED_MAX - 1 && !open.contains_key(&AccountId(0)), "one past it: the oldest went");
    }
}
