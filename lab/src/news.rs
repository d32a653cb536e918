//! What happens to mail at a host, as it happens: the new lines in the journeys of its users' mail.

use crate::Host;
use message::Address;
use std::collections::HashMap;
use std::time::Duration;
use store::query::{Hint, TraceByAddress};
use store::types::{QueueId, TraceEntry};
use store::{Store, StoreError};
use tokio::sync::broadcast::Receiver;

/// How many of an account's latest messages are looked at. In a flood, some pass untold.
const LATEST: u32 = 100;

/// The longest until the next look: not every line in a journey changes an account, and only that is published.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Somebody who looks at one host.
pub struct Watch {
    store: Store,
    hints: Receiver<Hint>,
    accounts: Vec<Address>,
    /// How many lines of each journey were told.
    told: HashMap<QueueId, usize>,
}

impl Watch {
    /// Watches a host from now on.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn of(host: &Host) -> Result<Watch, StoreError> {
        let store = host.office().store().clone();
        let hints = store.subscribe();
        let accounts = host.world().accounts.iter().filter_map(|account| account.address.parse().ok()).collect();
        let mut watch = Watch { store, hints, accounts, told: HashMap::new() };
        watch.look().await?;
        Ok(watch)
    }

    /// Waits until something happened; the new lines, in order of time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn next(&mut self) -> Result<Vec<TraceEntry>, StoreError> {
        loop {
            // Whatever the hint says, or whether some were missed: all is looked at.
            let _ = tokio::time::timeout(LOOK_EVERY, self.hints.recv()).await;
            let news = self.look().await?;
            if !news.is_empty() {
                return Ok(news);
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<TraceEntry>, StoreError> {
        let mut journeys: HashMap<QueueId, Vec<TraceEntry>> = HashMap::new();
        for account in &self.accounts {
            let query = TraceByAddress { address: account.to_string(), limit: LATEST };
            let entries = self.store.read(query).await?;
            for journey in entries.chunk_by(|a, b| a.queue_id == b.queue_id) {
                if let Some(first) = journey.first() {
                    journeys.insert(first.queue_id, journey.to_vec());
                }
            }
        }
        let mut news = Vec::new();
        let mut told = HashMap::new();
        for (id, journey) in journeys {
            let before = self.told.get(&id).copied().unwrap_or(0);
            told.insert(id, journey.len());
            news.extend(journey.into_iter().skip(before));
        }
        // What is no longer among the latest is not looked at again.
        self.told = told;
        news.sort_by_key(|entry| (entry.at, entry.queue_id));
        Ok(news)
    }
}
