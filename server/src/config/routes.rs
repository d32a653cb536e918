//! `[[route]]`: mail for a domain that goes where the operator says, on terms of its own. Owns what its keys mean; how
//! they are found in the file is `read`'s.

use super::Outbound;
use super::address::HostPort;
use super::read::Reader;
use super::value::{Origin, Values};
use message::{Address, Domain};
use office::policy::Terms;
use std::str::FromStr;
use std::time::Duration;

/// One `[[route]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Route {
    pub domain: Domain,
    pub host: HostPort,
    /// LMTP is spoken there, not SMTP.
    pub lmtp: bool,
    /// Who may ask for what waits.
    pub login: Option<Address>,
    /// As in `[outbound]`, which holds where a route says nothing.
    pub retry_first: Option<Duration>,
    pub retry_max: Option<Duration>,
    pub delay_notice: Option<Duration>,
    pub expire: Option<Duration>,
    pub connections: Option<u32>,
    pub rate_per_minute: Option<u32>,
}

impl Route {
    /// What holds for its domain, where that is not what holds for all.
    pub(super) fn terms(&self, all: &Outbound) -> Option<(Domain, Terms)> {
        let usual = all.schedule();
        let terms = Terms {
            schedule: queue::Schedule {
                retry_first: self.retry_first.unwrap_or(usual.retry_first),
                retry_max: self.retry_max.unwrap_or(usual.retry_max),
                delay_notice: self.delay_notice.unwrap_or(usual.delay_notice),
                expire: self.expire.unwrap_or(usual.expire),
                ..usual
            },
            connections: self.connections.unwrap_or(all.connections_per_destination) as usize,
            rate_per_minute: self.rate_per_minute.or(all.rate_per_minute),
        };
        let same = Terms {
            schedule: usual,
            connections: all.connections_per_destination as usize,
            rate_per_minute: all.rate_per_minute,
        };
        (terms != same).then(|| (self.domain.clone(), terms))
    }
}

/// Every route of the file; one with a mistake is left out, for the file is refused.
pub(super) fn read(read: &mut Reader) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for values in read.routes.clone() {
        let Some(route) = route(read, &values) else { continue };
        if routes.iter().any(|there| there.domain == route.domain) {
            let origin = values.get("domain").map_or(Origin::Default, |domain| domain.origin.clone());
            read.complain(origin, format!("\"{}\" has a route already", route.domain));
        } else {
            routes.push(route);
        }
    }
    routes
}

fn route(read: &mut Reader, values: &Values) -> Option<Route> {
    let (domain, host) = (values.get("domain")?, values.get("host")?);
    let protocol = values.get("protocol").map(|protocol| read.located::<Protocol>(protocol));
    let login = values.get("login").map(|login| read.located(login));
    let [retry_first, retry_max] = ["retry_first", "retry_max"].map(|key| {
        let located = values.get(key)?.clone();
        read.pause_of(key, located)
    });
    let [delay_notice, expire] = ["delay_notice", "expire"].map(|key| {
        let located = values.get(key)?.clone();
        read.duration_of(located)
    });
    let mut number = |key| values.get(key).cloned().and_then(|located| read.number_of(key, located));
    let [connections, rate_per_minute] = ["connections", "rate_per_minute"].map(&mut number);
    Some(Route {
        domain: read.located(domain)?,
        host: read.located(host)?,
        lmtp: protocol.flatten() == Some(Protocol::Lmtp),
        login: login.flatten(),
        retry_first,
        retry_max,
        delay_notice,
        expire,
        connections,
        rate_per_minute,
    })
}

/// What is spoken to the host of a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Smtp,
    Lmtp,
}

/// Something else.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a route speaks smtp or lmtp")]
struct NotAProtocol;

impl FromStr for Protocol {
    type Err = NotAProtocol;
    fn from_str(text: &str) -> Result<Protocol, NotAProtocol> {
        match text {
            "smtp" => Ok(Protocol::Smtp),
            "lmtp" => Ok(Protocol::Lmtp),
            _ => Err(NotAProtocol),
        }
    }
}
