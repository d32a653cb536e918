//! One message for one destination: what an attempt is about.

use super::route::NextHop;
use message::{Domain, Host};
use std::fmt;
use store::op::Claimed;
use store::types::{OutgoingStored, QueueId};

/// Where mail goes, as the queue counts: a domain, or where an administrator sends it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// What stands behind the `@`.
    pub host: String,
    /// `host:port`, whatever the configuration and DNS say.
    pub route: Option<String>,
}

impl Destination {
    pub(super) fn of(row: &Claimed) -> Destination {
        Destination { host: row.address.host().to_string(), route: row.route.clone() }
    }

    /// What mail for a domain goes to, unless an administrator sends it elsewhere.
    pub(crate) fn domain(domain: &message::Domain) -> Destination {
        Destination { host: domain.to_string(), route: None }
    }

    /// As `route` reads it.
    pub(super) fn to_host(&self) -> Option<Host> {
        let literal = self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match literal {
            Some(literal) => literal.strip_prefix("IPv6:").unwrap_or(literal).parse().ok().map(Host::Literal),
            None => Domain::parse(&self.host).ok().map(Host::Domain),
        }
    }
}

impl Destination {
    /// The host that an administrator named.
    pub(super) fn next_hop(&self) -> Option<NextHop> {
        let (host, port) = self.route.as_deref()?.rsplit_once(':')?;
        let address = host.trim_start_matches('[').trim_end_matches(']').parse().ok().map(Host::Literal);
        let host = address.or_else(|| Domain::parse(host).ok().map(Host::Domain))?;
        Some(NextHop { host, port: port.parse().ok()? })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route {
            Some(route) => write!(f, "{} by {route}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// One message on its way to one destination.
#[derive(Debug)]
pub struct Work {
    /// Its number among all attempts.
    pub(super) number: u64,
    /// Where to.
    pub(super) destination: Destination,
    /// The recipients it is not done with: all of one outbox entry, at least one to begin with.
    pub(super) rows: Vec<Claimed>,
    /// Recipients that were held or rerouted since they were claimed: given back when the work is done.
    pub(super) withdrawn: Vec<Claimed>,
    /// The message, once it was looked up.
    pub(super) message: Option<OutgoingStored>,
}

/// The number of all work that a peer fetches: the window does not count it.
pub(super) const FETCHED: u64 = u64::MAX;

impl Work {
    pub(super) fn new(number: u64, destination: Destination, rows: Vec<Claimed>) -> Work {
        Work { number, destination, rows, withdrawn: Vec::new(), message: None }
    }

    /// The outbox entry; `None` when it is done with everybody.
    pub(super) fn outbox(&self) -> Option<i64> {
        self.rows.first().map(|row| row.outbox)
    }

    /// Keeps those recipients that are still to be sent, as the store has it. What was removed is gone.
    pub(super) fn keep(&mut self, claims: &[(u32, Option<String>)]) {
        let rows = std::mem::take(&mut self.rows);
        let is_claimed = |row: &Claimed| claims.iter().any(|(n, route)| (*n, route) == (row.recipient, &row.route));
        let (rows, withdrawn): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_claimed);
        self.rows = rows;
        self.withdrawn.extend(withdrawn);
    }

    /// The message's name.
    #[must_use]
    pub fn queue_id(&self) -> Option<QueueId> {
        self.rows.first().map(|row| row.queue_id)
    }
}
