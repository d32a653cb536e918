//! Mail that a peer fetches: after ATRN (RFC 2645 §5.2.2) or TURN the roles are turned round, and what waits for the peer's domains goes
//! over the connection that the peer made, due or not, each recipient once. Owns the order of these; what a reply means
//! and how it is settled is as for all mail that leaves. The window of the queue does not count it.

use super::desk::ClientDesk;
use super::errand::Errand;
use super::work::{Destination, FETCHED, Work};
use super::{LEASE, Outbound, Stop};
use message::{Domain, Time};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use store::StoreError;
use store::op::{Claimed, Op, Outcome};
use wire::smtp::client;
use wire::{Event, Session, TlsFacts};

/// Recipients claimed at a time: few enough that a peer that vanishes keeps little from others until it is given back.
const PAGE: u32 = 100;

/// What is left to fetch.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// Domains; the first is being fetched.
    domains: VecDeque<Domain>,
    /// The last recipient of the first domain that was claimed.
    after: (i64, u32),
    /// Claimed and not yet sent.
    claimed: VecDeque<Claimed>,
}

/// One peer's fetching, from the turn to the end of its connection.
pub struct Collection {
    outbound: Outbound,
    errand: Arc<Mutex<Errand>>,
    tls: Option<TlsFacts>,
}

impl Outbound {
    /// What waits for these domains is to go to the peer at this stop, over a connection inside TLS or not.
    pub(crate) fn collection(&self, domains: Vec<Domain>, stop: Stop, tls: Option<TlsFacts>) -> Option<Collection> {
        let destination = Destination::domain(domains.first()?);
        let fetched = Some(Fetched { domains: domains.into(), ..Fetched::default() });
        let errand = Errand {
            destination,
            fetched,
            work: None,
            stop,
            settling: None,
            lost: None,
            again: false,
            stops_left: 0,
            failed_for_now: 0,
        };
        Some(Collection { outbound: self.clone(), errand: Arc::new(Mutex::new(errand)), tls })
    }

    /// The next message to be fetched: first what the window holds, then what lies in the store.
    pub(super) async fn next_fetched(&self, now: Time, errand: &Mutex<Errand>) -> Option<Work> {
        loop {
            let (domain, after) = {
                let mut errand = errand.lock();
                let fetched = errand.fetched.as_mut()?;
                let domain = fetched.domains.front()?.clone();
                if let Some(work) = fetched.take(&domain) {
                    return Some(work);
                }
                (domain, fetched.after)
            };
            if let Some(work) = self.inner.window.lock().next_for(&Destination::domain(&domain), now) {
                return Some(work);
            }
            let rows = self.claim_at(&domain, after, now).await.unwrap_or_else(|error| {
                tracing::error!(%error, "what a peer fetches cannot be read");
                Vec::new()
            });
            let mut errand = errand.lock();
            let fetched = errand.fetched.as_mut()?;
            match rows.last() {
                Some(last) => fetched.after = (last.outbox, last.recipient),
                None => {
                    fetched.domains.pop_front();
                    fetched.after = (0, 0);
                }
            }
            fetched.claimed.extend(rows);
        }
    }

    async fn claim_at(&self, domain: &Domain, after: (i64, u32), now: Time) -> Result<Vec<Claimed>, StoreError> {
        let lease_ms = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
        let (host, token) = (domain.to_string(), self.inner.token);
        match self.store().apply(Op::ClaimAt { host, after, now, limit: PAGE, lease_ms, token }).await? {
            Outcome::Claimed(rows) => Ok(rows),
            _ => Ok(Vec::new()),
        }
    }
}

impl Fetched {
    /// The next message of what is claimed, with all its recipients there.
    fn take(&mut self, domain: &Domain) -> Option<Work> {
        let outbox = self.claimed.front()?.outbox;
        let count = self.claimed.iter().take_while(|row| row.outbox == outbox).count();
        let rows = self.claimed.drain(..count).collect();
        Some(Work::new(FETCHED, Destination::domain(domain), rows))
    }
}

impl Collection {
    /// Session and desk for the connection, on which the peer now is the server.
    #[must_use]
    pub fn session(&self, now: Time) -> (client::Client, ClientDesk) {
        let profile = client::Profile {
            name: self.outbound.policy().hostname.to_string(),
            role: client::Role::Smtp,
            tls: client::Tls::Never,
            login: None,
            chunking: client::Chunking::WhereNeeded,
            timeouts: client::Timeouts::default(),
        };
        let mut session = client::Client::new(now, profile, self.outbound.inner.office.random());
        if let Some(facts) = self.tls.clone() {
            session.event(now, Event::TlsStarted(facts));
        }
        (session, ClientDesk::new(self.outbound.clone(), self.errand.clone()))
    }

    /// The connection is over: what was not sent is given back.
    pub async fn end(self, now: Time) {
        let (settling, work, fetched) = {
            let mut errand = self.errand.lock();
            (errand.settling.take(), errand.work.take(), errand.fetched.take().unwrap_or_default())
        };
        if let Some(settling) = settling {
            settling.0.await;
        }
        if let Some(work) = work {
            self.outbound.give_back(work, now).await;
        }
        let rows: Vec<Claimed> = fetched.claimed.into();
        if let Err(error) = self.outbound.release(&rows, now, now).await {
            tracing::warn!(%error, "what was not fetched could not be given back; it waits for its lease to end");
        }
    }
}
