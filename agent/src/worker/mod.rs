//! The network in the background, for programs that must not wait: orders go in, news comes out. One worker for all
//! accounts; each has its own connections. The types are the contract with the screen.

mod run;

use crate::account::Account;
use crate::mirror::{FolderId, MessageId, Mirror, Row};
use crate::progress::Progress;
use crate::reach::Reach;
use crate::trouble::{Kind, Trouble};
use run::Runner;
use std::collections::HashMap;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

/// News that wait to be heard. Progress that nobody has time for is left out; nothing else is.
const NEWS_WAITING: usize = 1024;
/// Threads for all accounts: one that talks to servers while another writes.
const THREADS: usize = 2;

/// What a screen wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Bring the account up to date: journal, outbox, then what is new.
    Sync {
        /// By name.
        account: String,
    },
    /// This folder first.
    Look {
        /// By name.
        account: String,
        /// What is on the screen.
        folder: FolderId,
    },
    /// The content of these messages, now.
    Fetch {
        /// By name.
        account: String,
        /// In this order.
        messages: Vec<MessageId>,
    },
    /// Something was done, or a letter queued: tell the server when it is reached.
    Tell {
        /// By name.
        account: String,
    },
    /// Stop what is being done for an account (Esc).
    Cancel {
        /// By name.
        account: String,
    },
    /// Stay off the network, or come back to it.
    Offline(bool),
}

/// What a screen hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Something is going on.
    Busy {
        /// By name.
        account: String,
        /// How far.
        progress: Progress,
    },
    /// Nothing is going on; the mirror is as the server has it.
    Idle {
        /// By name.
        account: String,
    },
    /// New messages came into an inbox.
    Mail {
        /// By name.
        account: String,
        /// The newest first, at most a few.
        rows: Vec<Row>,
        /// How many.
        count: u64,
    },
    /// Content came.
    Fetched {
        /// By name.
        account: String,
        /// Of this message.
        message: MessageId,
    },
    /// A letter went out.
    Sent {
        /// By name.
        account: String,
        /// Its subject.
        subject: String,
    },
    /// It did not work; where it may pass, it is tried again by itself.
    Trouble {
        /// By name.
        account: String,
        /// In words.
        trouble: Trouble,
    },
}

/// The worker. It ends when dropped; what was being done is gone on with the next time.
pub struct Worker {
    accounts: HashMap<String, mpsc::UnboundedSender<Order>>,
    offline: watch::Sender<bool>,
    runtime: Option<Runtime>,
}

impl Worker {
    /// Starts working for these accounts, with their mirrors. Each is brought up to date at once, unless `offline`.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(
        accounts: Vec<(Account, Mirror)>,
        reach: &Reach,
        offline: bool,
    ) -> Result<(Worker, mpsc::Receiver<News>), Trouble> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).thread_name("mail").enable_all().build();
        let runtime = runtime.map_err(|error| Trouble::new(Kind::Software, format!("no threads: {error}")))?;
        let (telling, news) = mpsc::channel(NEWS_WAITING);
        let (offline, is_offline) = watch::channel(offline);
        let mut worker = Worker { accounts: HashMap::new(), offline, runtime: None };
        for (account, mirror) in accounts {
            let (orders, taken) = mpsc::unbounded_channel();
            worker.accounts.insert(account.name.clone(), orders);
            let runner = Runner::new(account, mirror, reach.clone(), telling.clone());
            runtime.spawn(runner.run(taken, is_offline.clone()));
        }
        worker.runtime = Some(runtime);
        Ok((worker, news))
    }

    /// Gives an order; never waits. One for an account that is not there is passed over.
    pub fn order(&self, order: Order) {
        let account = match &order {
            Order::Offline(offline) => {
                self.offline.send_replace(*offline);
                return;
            }
            Order::Sync { account }
            | Order::Look { account, .. }
            | Order::Fetch { account, .. }
            | Order::Tell { account }
            | Order::Cancel { account } => account,
        };
        if let Some(orders) = self.accounts.get(account) {
            // Whoever took the orders ends with the worker only.
            let _ = orders.send(order);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Not to wait for a server that does not answer.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests;
