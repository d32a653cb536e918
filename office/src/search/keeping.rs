//! Keeping the index: whoever got mail is indexed some messages at a time, and those of all houses at the start. No
//! delivery waits for it, and no search: what is not indexed yet is looked at instead.

use message::Summary;
use message::search::{Digest, Digester};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::query::{Accounts, Hint};
use store::types::{AccountId, EmailId};
use store::{Look, Piece, Seen, Store, StoreError, Which};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Messages indexed at a time, and octets of them after which it is enough.
const PAGE: u32 = 256;
const PAGE_OCTETS: u64 = 4 * 1024 * 1024;
/// Accounts asked for at a time.
const ACCOUNTS: u32 = 1000;

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// Messages that were indexed.
    pub messages: usize,
    /// Something changed in the store since the step before: it is in use.
    pub stirred: bool,
}

/// Who keeps the index of a store.
pub struct IndexKeeper {
    store: Store,
    hints: Receiver<Hint>,
    /// Accounts that may have messages which are not indexed.
    behind: BTreeSet<AccountId>,
    /// A hint ended the wait.
    woken: bool,
    digester: Arc<Mutex<Digester>>,
}

impl IndexKeeper {
    /// Of a store. Everything in it is looked at first.
    pub async fn new(store: Store) -> Result<IndexKeeper, StoreError> {
        let mut keeper = IndexKeeper {
            hints: store.subscribe(),
            store,
            behind: BTreeSet::new(),
            woken: false,
            digester: Arc::default(),
        };
        keeper.suspect_all().await?;
        Ok(keeper)
    }

    /// Indexes some messages of one account; `None`: nobody is behind.
    pub async fn step(&mut self) -> Result<Option<Stepped>, StoreError> {
        let stirred = self.listen().await? || std::mem::take(&mut self.woken);
        let Some(account) = self.behind.pop_first() else { return Ok(None) };
        let messages = self.index_some(account).await?;
        if messages > 0 {
            self.behind.insert(account);
        }
        Ok(Some(Stepped { messages, stirred }))
    }

    /// Returns when somebody may be behind; false: the store is closed.
    pub async fn wait(&mut self) -> bool {
        while self.behind.is_empty() {
            match self.hints.recv().await {
                Ok(hint) => {
                    self.woken = true;
                    self.behind.insert(hint.account);
                }
                Err(RecvError::Lagged(_)) => return self.suspect_all().await.is_ok(),
                Err(RecvError::Closed) => return false,
            }
        }
        true
    }

    /// Whether there was anything to hear.
    async fn listen(&mut self) -> Result<bool, StoreError> {
        let mut stirred = false;
        loop {
            match self.hints.try_recv() {
                Ok(hint) => drop(self.behind.insert(hint.account)),
                Err(TryRecvError::Lagged(_)) => self.suspect_all().await?,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Ok(stirred),
            }
            stirred = true;
        }
    }

    async fn suspect_all(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.read(Accounts { domain: None, after, limit: ACCOUNTS }).await?;
            self.behind.extend(page.iter().map(|account| account.id));
            match page.last().filter(|_| page.len() >= ACCOUNTS as usize) {
                Some(last) => after = Some(last.address.clone()),
                None => return Ok(()),
            }
        }
    }

    /// How many.
    async fn index_some(&self, account: AccountId) -> Result<usize, StoreError> {
        let Some(upto) = self.store.indexed(account).await? else { return Ok(0) };
        let looked = self.look(account, upto, PAGE).await?;
        let Some(last) = looked.last().map(|(email, _)| *email) else { return Ok(0) };
        let mut digests = Vec::with_capacity(looked.len());
        for (email, digest) in looked {
            digests.push((
                email,
                match digest {
                    Ok(digest) => digest,
                    Err(_) => self.again(account, email).await?,
                },
            ));
        }
        let count = digests.len();
        self.store.index_add(account, digests, last).await?;
        Ok(count)
    }

    async fn look(
        &self,
        account: AccountId,
        after: EmailId,
        limit: u32,
    ) -> Result<Vec<(EmailId, Result<Digest, StoreError>)>, StoreError> {
        let digester = self.digester.clone();
        let see = move |seen: &mut Seen<'_>| digest(&mut digester.lock(), seen);
        let look = Look { account, which: Which::After(after, limit), octets: PAGE_OCTETS, see };
        let looked = self.store.read(look).await?;
        Ok(looked.into_iter().map(|looked| (looked.email, looked.answer)).collect())
    }

    /// Once more, for it may have moved meanwhile. What cannot be read may hold anything.
    async fn again(&self, account: AccountId, email: EmailId) -> Result<Digest, StoreError> {
        let looked = self.look(account, EmailId(email.0 - 1), 1).await?;
        Ok(looked
            .into_iter()
            .find(|(found, _)| *found == email)
            .and_then(|(_, digest)| digest.ok())
            .unwrap_or_default())
    }
}

fn digest(digester: &mut Digester, seen: &mut Seen<'_>) -> Result<Digest, StoreError> {
    let summary = Summary::decode(&seen.summary).map_err(|error| StoreError::Damaged { what: error.to_string() })?;
    let mut digesting = digester.begin(&summary);
    seen.read(|piece| match piece {
        Piece::Prefix(prefix) => {
            digesting.push_prefix(prefix);
            true
        }
        Piece::Content(content) => digesting.push(content),
    })?;
    Ok(digesting.finish())
}
