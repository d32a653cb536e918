//! Accounts in memory: one catalogue of each that JMAP is asked about, brought up to date by what changed, and let go when
//! nobody has asked for a while.

use super::catalogue::Catalogue;
use super::loaded::Loaded;
use message::Time;
use parking_lot::Mutex;
use std::sync::Arc;
use store::query::{AccountNews, Mailboxes, States, WholeAccount};
use store::types::{AccountId, ModSeq};
use store::{Store, StoreError};
use tokio::sync::watch;

/// The accounts of a house that are loaded.
#[derive(Default)]
pub(crate) struct AccountViews {
    loaded: Loaded<AccountId, AccountView>,
}

impl AccountViews {
    /// An account with everything that was committed before this was called; `None` when it is not there.
    pub async fn current(
        &self,
        store: &Store,
        account: AccountId,
        now: Time,
    ) -> Result<Option<Arc<Catalogue>>, StoreError> {
        let view = self.loaded.open(account, now, || AccountView {
            account,
            newest: store.watch(account),
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        });
        let catalogue = view.current(store).await?;
        if catalogue.is_none() {
            self.loaded.forget(account);
        }
        Ok(catalogue)
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
