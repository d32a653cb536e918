//! Waiting for changes of what others share with somebody (RFC 8620 §1.6.2, §7.1). Owns which accounts these are, and what was
//! told of each; a state is that of what is seen there, as `/get` says it.

use super::states::{TypeStates, Types};
use crate::Web;
use crate::caller::Caller;
use crate::jmap::ids;
use futures_util::FutureExt;
use futures_util::future::select_all;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;
use store::StoreError;
use store::types::{AccountId, ModSeq};
use tokio::sync::watch::Receiver;
use tokio::time::{Sleep, sleep, timeout};

/// The types that such an account has data of.
const KNOWN: [&str; 3] = ["Email", "Mailbox", "Thread"];
/// How often it is looked whether somebody new shares something: of their account nobody told us.
const LOOK_EVERY: Duration = Duration::from_secs(300);

/// One who waits for changes in the accounts of others.
pub struct Others {
    web: Web,
    caller: Caller,
    types: Vec<&'static str>,
    told: BTreeMap<AccountId, ModSeq>,
    committed: BTreeMap<AccountId, Receiver<ModSeq>>,
    /// Accounts in which something was committed that was not looked at yet.
    due: BTreeSet<AccountId>,
    /// When it is looked next who shares something.
    scan: Option<Pin<Box<Sleep>>>,
}

impl Others {
    /// From now on; for a client that was away, `since` it does not matter when, all are told at once.
    pub async fn begin(web: &Web, caller: &Caller, types: &Types, was_away: bool) -> Others {
        let types = KNOWN.into_iter().filter(|name| types.has(name)).collect();
        let (told, committed, due) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut others = Others { web: web.clone(), caller: caller.clone(), types, told, committed, due, scan: None };
        if !was_away {
            others.scan().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "what others share is told late");
                Vec::new()
            });
        }
        others
    }

    /// A `StateChange` as soon as there is one. Nothing is lost where this is not waited for to its end.
    pub async fn next(&mut self) -> Value {
        if self.types.is_empty() {
            return std::future::pending().await;
        }
        loop {
            match self.look().await {
                Ok(news) if news.is_empty() => {}
                Ok(news) => return self.state_change(&news),
                Err(error) => {
                    tracing::warn!(%error, "what others share is told late");
                    let _ = timeout(LOOK_EVERY, std::future::pending::<()>()).await;
                }
            }
            if let Some(scan) = &mut self.scan {
                tokio::select! {
                    account = changed(&mut self.committed) => {
                        self.due.insert(account);
                    }
                    () = scan.as_mut() => {}
                }
            }
        }
    }

    /// The states that are not told yet, as far as something was committed or it is time to look at all.
    async fn look(&mut self) -> Result<Vec<(AccountId, ModSeq)>, StoreError> {
        if self.scan.as_ref().is_none_or(|scan| scan.is_elapsed()) {
            return self.scan().await;
        }
        while let Some(account) = self.due.first().copied() {
            let who = (self.caller.account, &self.caller.address);
            let shared = self.web.office().shared_account(who, account, self.web.now()).await?;
            // From here on nothing is waited for: who gave up before looks at it again.
            self.due.remove(&account);
            match shared.map(|shared| shared.catalogue().states().emails) {
                Some(state) if self.told.insert(account, state) != Some(state) => return Ok(vec![(account, state)]),
                Some(_) => {}
                None => {
                    self.told.remove(&account);
                }
            }
        }
        Ok(Vec::new())
    }

    /// Looks who shares something: the states that are not told yet; from now on they are.
    async fn scan(&mut self) -> Result<Vec<(AccountId, ModSeq)>, StoreError> {
        if self.types.is_empty() {
            return Ok(Vec::new());
        }
        let office = self.web.office();
        let who = (self.caller.account, &self.caller.address);
        let (mut states, mut committed) = (BTreeMap::new(), BTreeMap::new());
        for sharer in office.sharers(who.0, who.1).await? {
            // Before the state is read, so that nothing falls between.
            let mut receiver = office.store().watch(sharer.account);
            receiver.mark_unchanged();
            committed.insert(sharer.account, receiver);
            if let Some(shared) = office.shared_account(who, sharer.account, self.web.now()).await? {
                states.insert(sharer.account, shared.catalogue().states().emails);
            }
        }
        let is_new = |(account, state): &(&AccountId, &ModSeq)| self.told.get(*account) != Some(*state);
        let news = states.iter().filter(is_new).map(|(account, state)| (*account, *state)).collect();
        (self.told, self.committed) = (states, committed);
        self.due.clear();
        self.scan = Some(Box::pin(sleep(LOOK_EVERY)));
        Ok(news)
    }

    fn state_change(&self, news: &[(AccountId, ModSeq)]) -> Value {
        let of = |state: ModSeq| self.types.iter().map(|name| (*name, state)).collect::<TypeStates>();
        let written = |states: TypeStates| {
            states.into_iter().map(|(name, state)| (name.to_owned(), json!(state.0.to_string()))).collect()
        };
        let changed: Map<String, Value> = news
            .iter()
            .map(|(account, state)| (ids::of_account(*account), Value::Object(written(of(*state)))))
            .collect();
        json!({"@type": "StateChange", "changed": changed})
    }
}

/// Returns in which of the accounts something was committed. One of which nothing will be heard any more does not count.
async fn changed(committed: &mut BTreeMap<AccountId, Receiver<ModSeq>>) -> AccountId {
    let waits: Vec<_> = committed
        .iter_mut()
        .map(|(account, receiver)| {
            async {
                if receiver.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                *account
            }
            .boxed()
        })
        .collect();
    if waits.is_empty() {
        return std::future::pending().await;
    }
    select_all(waits).await.0
}
