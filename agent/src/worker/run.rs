//! One account's part of the worker: what is to be done next, and on which connection. Owns going back to a server that was lost,
//! making way for what somebody waits for, and what is told.

use super::{News, Order};
use crate::account::Account;
use crate::mirror::{FolderId, MessageId, Mirror, Role, View};
use crate::outbox;
use crate::progress::Watcher;
use crate::reach::{AnyRemote, Reach};
use crate::remote::{Remote, Scope};
use crate::sync::Hold;
use crate::trouble::{Kind, Trouble};
use message::Time;
use net::clock::Clock;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How long after a connection was lost it is tried again first; twice as long each time after.
const BACK_FIRST: Duration = Duration::from_secs(5);
/// The longest wait for a server that cannot be reached.
const BACK_MAX: Duration = Duration::from_secs(15 * 60);
/// How long a server is believed to tell of news before it is asked.
const ASK_EVERY: Duration = Duration::from_secs(15 * 60);
/// How often it is looked whether another program left something in the journal or the outbox.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a server may take before it is told that it is waited for.
const SLOW: Duration = Duration::from_millis(500);
/// New messages that are told one by one.
const ROWS_MAX: u64 = 5;

/// Something to be done on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Job {
    /// Headers of all folders.
    Headers,
    /// All that is not here yet.
    Rest,
    /// One folder.
    Look(FolderId),
    /// Content of these.
    Fetch(Vec<MessageId>),
    /// The outbox and the journal.
    Tell,
}

/// How waiting ended.
enum Woken {
    /// Something is to be done.
    Work,
    /// The server or another program has news.
    News,
    /// The connection broke.
    Lost(Trouble),
    /// Nobody gives orders any more.
    Over,
}

/// One account's part of the worker.
pub(super) struct Runner {
    account: Account,
    mirror: Mirror,
    reach: Reach,
    telling: mpsc::Sender<News>,
    jobs: VecDeque<Job>,
    /// The connection. Behind a lock only so that the rest can be looked at by several at once.
    remote: Mutex<Option<AnyRemote>>,
    /// Connections that came to nothing in a row.
    failures: u32,
    /// Of what is being done something was told.
    has_told: Arc<AtomicBool>,
}

/// Tells that the server is waited for, should nothing else be told for a while; never returns.
async fn tell_when_slow(clock: Clock, watcher: Watcher, has_told: Arc<AtomicBool>) {
    clock.sleep_until(clock.now().after(SLOW)).await;
    if !has_told.load(Ordering::Relaxed) {
        watcher.tell("waiting for the server", 0, None);
    }
    std::future::pending().await
}

impl Runner {
    pub fn new(account: Account, mirror: Mirror, reach: Reach, telling: mpsc::Sender<News>) -> Runner {
        let jobs = VecDeque::from([Job::Tell, Job::Headers, Job::Rest]);
        let (remote, has_told) = (Mutex::new(None), Arc::default());
        Runner { account, mirror, reach, telling, jobs, remote, failures: 0, has_told }
    }

    /// Works until nobody gives orders any more.
    pub async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>, mut offline: watch::Receiver<bool>) {
        loop {
            if *offline.borrow_and_update() {
                *self.remote.get_mut() = None;
                self.tell(News::Idle { account: self.account.name.clone() }).await;
                tokio::select! {
                    order = orders.recv() => match order {
                        Some(order) => self.take(order),
                        None => return,
                    },
                    changed = offline.changed() => if changed.is_err() { return },
                }
                continue;
            }
            let woken = match self.jobs.front().cloned() {
                Some(job) => self.work(&job, &mut orders, &mut offline).await,
                None => self.wait(&mut orders, &mut offline).await,
            };
            match woken {
                Woken::Work => {}
                Woken::News => self.jobs.extend([Job::Tell, Job::Headers, Job::Rest]),
                Woken::Lost(trouble) => {
                    if !self.lost(trouble, &mut orders, &mut offline).await {
                        return;
                    }
                }
                Woken::Over => return,
            }
        }
    }

    /// An order becomes what is to be done; what somebody waits for goes first.
    fn take(&mut self, order: Order) {
        match order {
            Order::Sync { .. } => {
                for job in [Job::Tell, Job::Headers, Job::Rest] {
                    self.jobs.retain(|other| *other != job);
                    self.jobs.push_back(job);
                }
            }
            Order::Look { folder, .. } => self.first(Job::Look(folder)),
            Order::Fetch { messages, .. } => self.first(Job::Fetch(messages)),
            Order::Tell { .. } => self.first(Job::Tell),
            Order::Cancel { .. } => self.jobs.clear(),
            Order::Offline(_) => {}
        }
    }

    fn first(&mut self, job: Job) {
        self.jobs.retain(|other| *other != job);
        self.jobs.push_front(job);
    }

    /// Does what is first, unless an order or the end of the network comes in between: then it stops between two steps, and is
    /// gone on with after what was ordered.
    async fn work(
        &mut self,
        job: &Job,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        offline: &mut watch::Receiver<bool>,
    ) -> Woken {
        let watcher = self.watcher();
        let stopping = watcher.clone();
        let clock = self.reach.internet.clock().clone();
        let mut slow = std::pin::pin!(tell_when_slow(clock, watcher.clone(), self.has_told.clone()));
        let (mut ordered, mut over) = (Vec::new(), false);
        let done = {
            let mut doing = std::pin::pin!(self.job(job, &watcher));
            loop {
                tokio::select! {
                    done = &mut doing => break done,
                    () = &mut slow => {}
                    order = orders.recv(), if !over => {
                        over = order.is_none();
                        let is_cancelled = matches!(order, Some(Order::Cancel { .. }));
                        ordered.extend(order);
                        stopping.stop();
                        if is_cancelled {
                            // A person waits, and not for a server that says nothing: the connection goes with what was begun.
                            break Err(Trouble::new(Kind::Cancelled, "stopped"));
                        }
                    }
                    changed = offline.changed() => {
                        if changed.is_err() || *offline.borrow() {
                            // Nobody waits for the server's answer: what was begun is looked for the next time.
                            break Err(Trouble::new(Kind::Cancelled, "offline"));
                        }
                    }
                }
            }
        };
        if over {
            return Woken::Over;
        }
        let woken = self.after(job, done, !ordered.is_empty()).await;
        let is_cancelled = ordered.iter().any(|order| matches!(order, Order::Cancel { .. }));
        ordered.into_iter().for_each(|order| self.take(order));
        if is_cancelled && self.jobs.is_empty() {
            self.tell(News::Idle { account: self.account.name.clone() }).await;
        }
        woken
    }

    async fn after(&mut self, job: &Job, done: Result<(), Trouble>, was_stopped: bool) -> Woken {
        match done {
            Ok(()) => {
                self.failures = 0;
                if let Some(at) = self.jobs.iter().position(|other| other == job) {
                    self.jobs.remove(at);
                }
                if self.jobs.is_empty() {
                    self.tell(News::Idle { account: self.account.name.clone() }).await;
                }
                Woken::Work
            }
            Err(trouble) if trouble.kind == Kind::Cancelled && was_stopped => Woken::Work,
            Err(trouble) => Woken::Lost(trouble),
        }
    }

    async fn job(&mut self, job: &Job, watcher: &Watcher) -> Result<(), Trouble> {
        let hold = Hold::take(&self.mirror)?;
        if *job == Job::Tell {
            self.send(watcher).await?;
        }
        let mut remote = match self.remote.get_mut().take() {
            Some(remote) => remote,
            None => {
                watcher.tell("connecting", 0, None);
                let mut remote = self.reach.connect(&self.account).await?;
                // What was done while nobody was connected goes before all else.
                remote.push(&self.mirror, watcher).await?;
                remote
            }
        };
        let done = self.on(&mut remote, job, watcher).await;
        // A connection that stopped between two steps is as good as new; one that failed is not.
        if done.as_ref().err().is_none_or(|trouble| trouble.kind == Kind::Cancelled) {
            *self.remote.get_mut() = Some(remote);
        }
        drop(hold);
        done
    }

    async fn on(&self, remote: &mut AnyRemote, job: &Job, watcher: &Watcher) -> Result<(), Trouble> {
        match job {
            Job::Tell => remote.push(&self.mirror, watcher).await,
            Job::Fetch(messages) => {
                remote.fetch(&self.mirror, messages, watcher).await?;
                for message in messages {
                    self.tell(News::Fetched { account: self.account.name.clone(), message: *message }).await;
                }
                Ok(())
            }
            Job::Look(folder) => self.pull(remote, &Scope::Folder(*folder), watcher).await,
            Job::Headers => self.pull(remote, &Scope::Headers, watcher).await,
            Job::Rest => self.pull(remote, &Scope::Everything, watcher).await,
        }
    }

    async fn pull(&self, remote: &mut AnyRemote, scope: &Scope, watcher: &Watcher) -> Result<(), Trouble> {
        let before = self.newest()?;
        remote.pull(&self.mirror, scope, watcher).await?;
        // An account that is seen for the first time has no news, only mail.
        let Some(before) = before else { return Ok(()) };
        let Some(inbox) = self.mirror.folder_of_role(Role::Inbox)? else { return Ok(()) };
        let view = View { folder: Some(inbox.id), ..View::default() };
        let rows = self.mirror.rows(&view, self.now(), 0, ROWS_MAX)?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.id > before).collect();
        if !rows.is_empty() {
            let count = self.mirror.messages_in(inbox.id)?.into_iter().filter(|id| *id > before).count() as u64;
            self.tell(News::Mail { account: self.account.name.clone(), rows, count }).await;
        }
        Ok(())
    }

    /// The message that was made known last; `None`: the inbox was never seen.
    fn newest(&self) -> Result<Option<MessageId>, Trouble> {
        let Some(inbox) = self.mirror.folder_of_role(Role::Inbox)? else { return Ok(None) };
        Ok(Some(self.mirror.messages_in(inbox.id)?.into_iter().max().unwrap_or(MessageId(0))))
    }

    async fn send(&self, watcher: &Watcher) -> Result<(), Trouble> {
        let account = || self.account.name.clone();
        let went = outbox::send_due(&self.reach, &self.account, &self.mirror, watcher).await?;
        for subject in went.sent.iter().cloned() {
            self.tell(News::Sent { account: account(), subject }).await;
        }
        for trouble in went.troubles().cloned() {
            self.tell(News::Trouble { account: account(), trouble }).await;
        }
        Ok(())
    }

    /// Waits for orders, news of the server, what another program did, and the time of the next letter.
    async fn wait(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        offline: &mut watch::Receiver<bool>,
    ) -> Woken {
        let clock = self.reach.internet.clock().clone();
        let until = clock.now().after(ASK_EVERY);
        let mirror = self.mirror.clone();
        let mut remote = self.remote.get_mut().take();
        let watching = async {
            match &mut remote {
                Some(remote) => remote.watch(&mirror, until).await,
                None => {
                    clock.sleep_until(until).await;
                    Ok(())
                }
            }
        };
        let woken = tokio::select! {
            watched = watching => match watched {
                Ok(()) => Woken::News,
                Err(trouble) => Woken::Lost(trouble),
            },
            order = orders.recv() => match order {
                Some(order) => {
                    self.take(order);
                    Woken::Work
                }
                None => Woken::Over,
            },
            _ = offline.changed() => Woken::Work,
            () = self.left_by_others() => {
                self.jobs.push_back(Job::Tell);
                Woken::Work
            }
        };
        if !matches!(woken, Woken::Lost(_)) {
            *self.remote.get_mut() = remote;
        }
        woken
    }

    /// Returns once something in the journal or the outbox is due.
    async fn left_by_others(&self) {
        let clock = self.reach.internet.clock();
        loop {
            let now = clock.now();
            let is_due = |at: Time| at <= now;
            let letter = outbox::next_due(&self.mirror).ok().flatten().is_some_and(is_due);
            let action = self.mirror.next_action(now).ok().flatten().is_some();
            if letter || action {
                return;
            }
            clock.sleep_until(now.after(LOOK_EVERY)).await;
        }
    }

    /// A connection failed: tells, and waits before the next; what was to be done stays to be done. Whether there is somebody to
    /// work for still.
    async fn lost(
        &mut self,
        trouble: Trouble,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        offline: &mut watch::Receiver<bool>,
    ) -> bool {
        *self.remote.get_mut() = None;
        if trouble.kind == Kind::Cancelled {
            return true;
        }
        self.tell(News::Trouble { account: self.account.name.clone(), trouble: trouble.clone() }).await;
        let wait = BACK_FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(BACK_MAX);
        self.failures = self.failures.saturating_add(1);
        let wait = if trouble.may_pass() { wait } else { BACK_MAX };
        if self.jobs.is_empty() {
            self.jobs.extend([Job::Tell, Job::Headers, Job::Rest]);
        }
        let clock = self.reach.internet.clock().clone();
        tokio::select! {
            () = clock.sleep_until(clock.now().after(wait)) => true,
            order = orders.recv() => match order {
                Some(order) => {
                    self.take(order);
                    true
                }
                None => false,
            },
            changed = offline.changed() => changed.is_ok(),
        }
    }

    fn watcher(&self) -> Watcher {
        let (telling, account) = (self.telling.clone(), self.account.name.clone());
        let has_told = self.has_told.clone();
        has_told.store(false, Ordering::Relaxed);
        Watcher::new(move |progress| {
            has_told.store(true, Ordering::Relaxed);
            // Whoever has no time for it now hears of it the next time.
            let _ = telling.try_send(News::Busy { account: account.clone(), progress });
        })
    }

    async fn tell(&self, news: News) {
        // Nobody listens any more at the end.
        let _ = self.telling.send(news).await;
    }

    fn now(&self) -> Time {
        self.reach.internet.clock().now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test]
    async fn a_server_that_says_nothing_is_waited_for_aloud() {
        for (has_told, wanted) in [(false, 1), (true, 0)] {
            let clock = Clock::manual(Time(0));
            let told = Arc::new(AtomicUsize::new(0));
            let counting = told.clone();
            let watcher = Watcher::new(move |_| {
                counting.fetch_add(1, Ordering::Relaxed);
            });
            let slow = tell_when_slow(clock.clone(), watcher, Arc::new(AtomicBool::new(has_told)));
            let mut slow = std::pin::pin!(slow);
            assert!(at_once(slow.as_mut()).await.is_none());
            assert_eq!(told.load(Ordering::Relaxed), 0);
            clock.advance(SLOW);
            assert!(at_once(slow.as_mut()).await.is_none());
            assert_eq!(told.load(Ordering::Relaxed), wanted);
        }
    }

    /// What a future comes to at once.
    async fn at_once<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        tokio::select! {
            biased;
            done = future.as_mut() => Some(done),
            () = std::future::ready(()) => None,
        }
    }
}
