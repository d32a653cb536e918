//! Waiting until an account changes, and telling what did. Owns what was told last; news come from the store's commits, at
//! once, and are read again from the store, so that one that is lost or merged with others costs nothing.

use super::states::{EMAIL_DELIVERY, TypeStates, Types, states};
use store::query::{EmailsSince, States};
use store::types::{AccountId, Mark, ModSeq, StateRow};
use store::{Store, StoreError};
use tokio::sync::watch::Receiver;

/// Changes of e-mails that are looked through for new ones; of more, one is taken to be new.
const LOOKED_THROUGH: u32 = 256;

/// What changed, up to a state of the whole account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The new states.
    pub changed: TypeStates,
    /// The state of the account that they come from: a client that says it later is told what came after.
    pub until: ModSeq,
}

/// One who waits for changes of an account.
pub struct Watch {
    store: Store,
    account: AccountId,
    types: Types,
    committed: Receiver<ModSeq>,
    told: TypeStates,
    emails: ModSeq,
}

impl Watch {
    /// From now on, or from what a client knows; `None` where there is no such account. What a client knows from the future,
    /// as after a restored backup, is as good as nothing: it is told everything.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn begin(
        store: &Store,
        account: AccountId,
        types: Types,
        since: Option<ModSeq>,
    ) -> Result<Option<Watch>, StoreError> {
        // Before the states are read, so that nothing falls between.
        let committed = store.watch(account);
        let Some(row) = store.read(States { account }).await? else { return Ok(None) };
        let mut told = states(&row, &types);
        let mut emails = row.emails;
        if let Some(since) = since {
            let known = if since <= row.account { since } else { ModSeq(0) };
            told.values_mut().for_each(|state| *state = known.min(*state));
            emails = known.min(emails);
        }
        Ok(Some(Watch { store: store.clone(), account, types, committed, told, emails }))
    }

    /// What changed since this was asked last, without waiting; `None`: the account is gone.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn look(&mut self) -> Result<Option<News>, StoreError> {
        self.committed.mark_unchanged();
        let Some(row) = self.store.read(States { account: self.account }).await? else { return Ok(None) };
        let now = states(&row, &self.types);
        let mut changed: TypeStates =
            now.iter().filter(|(name, state)| self.told.get(*name) != Some(state)).map(|(n, s)| (*n, *s)).collect();
        if self.types.has(EMAIL_DELIVERY) && self.has_new_mail(&row).await? {
            changed.insert(EMAIL_DELIVERY, row.emails);
        }
        self.emails = row.emails;
        self.told = now;
        Ok(Some(News { changed, until: row.account }))
    }

    /// Waits until something changed that somebody wants to hear of; `None`: the account is gone, or the house closes.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn next(&mut self) -> Result<Option<News>, StoreError> {
        loop {
            match self.look().await? {
                Some(news) if news.changed.is_empty() => {}
                news => return Ok(news),
            }
            if self.committed.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    async fn has_new_mail(&self, row: &StateRow) -> Result<bool, StoreError> {
        if row.emails <= self.emails {
            return Ok(false);
        }
        let since = Mark::after(self.emails);
        let ask = EmailsSince { account: self.account, since, limit: LOOKED_THROUGH };
        let changes = self.store.read(ask).await?;
        Ok(changes.is_none_or(|changes| changes.more || !changes.created.is_empty()))
    }
}
