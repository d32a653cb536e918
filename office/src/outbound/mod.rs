//! Mail that leaves the house: takes what is due from the outbox, finds its way, drives client sessions over it, and
//! settles what came of it. Owns what is under way and the order of these steps. When something is due and what a reply
//! means is `queue`'s, where it goes is [`route`]'s, how a connection is made the [`Road`]'s.

mod content;
mod desk;
mod errand;
mod fetched;
mod history;
mod report;
pub mod route;
mod settle;
mod window;
mod words;
mod work;

pub use desk::ClientDesk;
pub use fetched::Collection;
pub use work::{Destination, Work};

use crate::Office;
use crate::policy::Policy;
use message::{Domain, Time};
use parking_lot::Mutex;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use store::engine::CHANGE_MAX;
use store::op::{Claimed, Op, Outcome};
use store::query::NextDue;
use store::{Store, StoreError};
use tokio::sync::Notify;
use window::{Step, Window};
use wire::names::{Addresses, Answer, MxAnswer};
use wire::smtp::client;

/// How long recipients are ours once claimed; they are claimed anew long before it ends, for as long as they are ours.
const LEASE: Duration = Duration::from_secs(60 * 60);

/// How often [`Outbound::renew`] is to be called.
pub const RENEW_EVERY: Duration = Duration::from_secs(15 * 60);

/// How long the outbox is left alone after the store refused.
const STORE_REST: Duration = Duration::from_secs(5);

/// The way to other hosts: the network, or a make-believe one. Time is the road's too.
pub trait Road: Clone + Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Time;

    /// The mail exchangers of a domain.
    fn mx(&self, domain: &Domain) -> impl Future<Output = Answer<MxAnswer>> + Send;

    /// The addresses of a host.
    fn addresses(&self, host: &Domain) -> impl Future<Output = Answer<Addresses>> + Send;

    /// Connects and runs a session to its end. The error says in words why there was no connection.
    fn travel(
        &self,
        stop: &Stop,
        session: client::Client,
        desk: ClientDesk,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// A host to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its name, which TLS is to show; or its address.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// What TLS is to show.
    pub proof: Proof,
}

/// How sure we want to be of whom we speak to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// STARTTLS where it is offered, with any certificate (RFC 7435).
    #[default]
    None,
    /// A certificate for the name, from an authority that is known: a password is sent there.
    Name,
    /// The same, TLS from the start (RFC 8314 §3.3).
    NameFromTheStart,
}

/// The port of submission with TLS from the start (RFC 8314 §7.3).
const SUBMISSIONS: u16 = 465;

impl Stop {
    /// Before the first.
    fn nowhere() -> Stop {
        Stop { name: String::new(), address: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0), proof: Proof::None }
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]:{}", self.name, self.address.ip(), self.address.port())
    }
}

/// What is to be done next.
#[derive(Debug)]
pub enum Next {
    /// This, at once: hand it to [`Outbound::carry_out`].
    Work(Box<Work>),
    /// Nothing before this time, unless something changes.
    Wait(Option<Time>),
}

/// The sending half of the post office. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    office: Office,
    /// Under which recipients are claimed in this life of the process.
    token: u64,
    window: Mutex<Window>,
    /// Something under way came to its end.
    freed: Notify,
    /// Something new waits in the window.
    offered: Notify,
    /// What could not be settled when it was to be: the store was full or out of order.
    unsettled: Mutex<Vec<store::op::Settlement>>,
}

impl Office {
    /// Its sending half. One for each process that works on a store.
    #[must_use]
    pub fn outbound(&self) -> Outbound {
        let token = u64::from_be_bytes(self.random()) | 1;
        let window = Mutex::new(Window::new(&self.policy().outbound));
        let inner = Inner {
            office: self.clone(),
            token,
            window,
            freed: Notify::new(),
            offered: Notify::new(),
            unsettled: Mutex::new(Vec::new()),
        };
        let inner = Arc::new(inner);
        *self.inner.sending.write() = Arc::downgrade(&inner);
        Outbound { inner }
    }

    /// The half that sends for this office, where one does.
    pub(crate) fn sending(&self) -> Option<Outbound> {
        self.inner.sending.read().upgrade().map(|inner| Outbound { inner })
    }
}

impl Outbound {
    fn policy(&self) -> Arc<Policy> {
        self.inner.office.policy()
    }

    fn store(&self) -> &Store {
        self.inner.office.store()
    }

    /// Takes back what an earlier life of this process was sending: nobody else holds the store's lock.
    ///
    /// # Errors
    /// The store's.
    pub async fn recover(&self) -> Result<(), StoreError> {
        self.store().apply(Op::ReleaseAll).await.map(drop)
    }

    /// What is to be done next; claims what is due, and puts off what cannot be reached, on the way.
    ///
    /// # Errors
    /// The store's.
    pub async fn next(&self, now: Time) -> Result<Next, StoreError> {
        self.settle_again().await?;
        loop {
            let step = self.inner.window.lock().step(now);
            match step {
                Step::Work(work) => return Ok(Next::Work(work)),
                Step::Wait(until) => return Ok(Next::Wait(until)),
                Step::PutOff(rows, until) => self.put_off(now, rows, until).await?,
                Step::Load(count, closed) => self.load(now, count, closed).await?,
            }
        }
    }

    async fn load(&self, now: Time, count: usize, closed: Vec<String>) -> Result<(), StoreError> {
        let lease_ms = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
        let limit = u32::try_from(count).unwrap_or(u32::MAX);
        let claim = Op::Claim { now, limit, lease_ms, token: self.inner.token, except: closed.clone() };
        let claimed = self.store().apply(claim).await;
        let rows = match claimed {
            Ok(Outcome::Claimed(rows)) => rows,
            Ok(_) => Vec::new(),
            Err(error) => {
                self.inner.window.lock().loaded(now, Some(now.after(STORE_REST)));
                return Err(error);
            }
        };
        let rejected = self.inner.window.lock().offer(now, rows);
        self.inner.offered.notify_waiters();
        // Due at once: they are not claimed again before there is room, and a load that brings nothing is not repeated
        // at once. A rest here left connections idle whenever the window had run out of others.
        self.release(&rejected.crowded, now, now).await?;
        for (row, until) in rejected.down {
            self.judge_unreached(now, vec![row], until).await;
        }
        let due = self.store().read(NextDue { except: closed }).await?;
        self.inner.window.lock().loaded(now, due);
        Ok(())
    }

    /// A destination cannot be reached: what was claimed for it counts as tried, what lies in the store does not yet.
    async fn put_off(&self, now: Time, rows: Vec<Claimed>, until: Time) -> Result<(), StoreError> {
        let host = rows.first().filter(|row| row.route.is_none()).map(|row| row.address.host().to_string());
        self.judge_unreached(now, rows, until).await;
        let Some(host) = host else { return Ok(()) };
        loop {
            let defer = Op::Defer { host: host.clone(), now, until, limit: CHANGE_MAX };
            match self.store().apply(defer).await? {
                Outcome::Changed(CHANGE_MAX) => {}
                _ => return Ok(()),
            }
        }
    }

    /// Keeps what is claimed for longer: a try may take hours, host after host (RFC 5321 §4.5.3.2).
    ///
    /// # Errors
    /// The store's.
    pub async fn renew(&self, now: Time) -> Result<(), StoreError> {
        let recipients = self.inner.window.lock().claimed();
        if recipients.is_empty() {
            return Ok(());
        }
        let lease_ms = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
        let renew = Op::Renew { now, lease_ms, token: self.inner.token, recipients };
        self.store().apply(renew).await.map(drop)
    }

    /// Somebody waits in the outbox who is due then.
    pub fn announce(&self, due: Time) {
        self.inner.window.lock().announce(due);
    }

    /// The destination is said to be back: it is tried again, whatever came of the last tries.
    pub(crate) fn revive(&self, destination: &Destination, now: Time) {
        let mut window = self.inner.window.lock();
        window.revive(destination);
        window.announce(now);
    }

    /// Returns when something under way came to its end.
    pub async fn freed(&self) {
        self.inner.freed.notified().await;
    }

    /// What is under way and waits in the window.
    #[must_use]
    pub fn busy(&self) -> (usize, usize) {
        self.inner.window.lock().busy()
    }

    /// Gives back all that waits in the window, as when the server stops: what was not tried is due at once.
    ///
    /// # Errors
    /// The store's.
    pub async fn give_back_all(&self, now: Time) -> Result<(), StoreError> {
        let rows = self.inner.window.lock().take_waiting();
        self.release(&rows, now, now).await
    }
}

#[cfg(test)]
mod tests;
