//! Zones as plain data, and what an authoritative server says of them. No sockets and no clock: the same zones answer a
//! lab under a virtual clock directly, and real questions through [`super::Names`].

use anyhow::{Context, Result, ensure};
use message::Domain;
use std::collections::BTreeSet;
use std::net::IpAddr;
use wire::names::{Addresses, Answer, Dnssec, Exchange, Mx, MxAnswer};

/// How many aliases in a row are followed; more are a mistake or a ring.
pub const ALIASES_MAX: usize = 8;

/// A zone. Names are whole, in any case, the final dot may be left out. Reverse names (PTR) come by themselves: an
/// address belongs to the first host that has it.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    /// The domain, as in `crepes.fr`.
    pub domain: String,
    /// Its mail exchangers; `(0, ".")` alone says that it takes no mail (RFC 7505 §3).
    pub mx: Vec<(u16, String)>,
    /// Hosts in it, the domain itself among them where it has addresses.
    pub hosts: Vec<(String, Vec<IpAddr>)>,
    /// Names in it that are other names for something (CNAME).
    pub aliases: Vec<(String, String)>,
    /// Texts.
    pub txt: Vec<(String, String)>,
    /// What goes wrong when these names are asked for.
    pub faults: Vec<(String, Fault)>,
    /// Seconds for which others may remember what is said, denials too. 0: changes are seen at once.
    pub ttl_s: u32,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SERVFAIL.
    ServerFailure,
    /// REFUSED, as from a server that was never told of the zone.
    Refused,
    /// No answer.
    Silence,
    /// NXDOMAIN, whatever the zone holds.
    NoDomain,
    /// A lame delegation: the server points back up instead of answering.
    Referral,
    /// Over UDP nothing but "too long"; the answer is to be had over TCP.
    Truncation,
}

/// Zones that answer questions. Names outside all of them do not exist.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    zones: Vec<Zone>,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mx,
    V4,
    V6,
    Text,
    Alias,
    Pointer,
    /// Something no zone here has.
    Other,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Mx(u16, String),
    Address(IpAddr),
    Alias(String),
    Text(String),
    Pointer(String),
}

/// What an authoritative server says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Owner and record.
    pub(super) records: Vec<(String, Data)>,
    /// The name at the end of the aliases does not exist.
    pub(super) no_domain: bool,
    /// The zone of that name; the root for names outside all zones.
    pub(super) zone: String,
    pub(super) ttl_s: u32,
    pub(super) fault: Option<Fault>,
}

impl Zones {
    /// Takes the zones as they are.
    ///
    /// # Errors
    /// A name is none, or is not in its zone, or is an alias and something else.
    pub fn new(zones: Vec<Zone>) -> Result<Zones> {
        let zones = zones.into_iter().map(checked).collect::<Result<_>>()?;
        Ok(Zones { zones })
    }

    /// The mail exchangers of a domain, as a resolver would find them.
    #[must_use]
    pub fn mx(&self, domain: &Domain) -> Answer<MxAnswer> {
        let exchange = |data: &Data| match data {
            Data::Mx(preference, host) => Some(Mx { preference: *preference, exchange: Exchange::parse(host) }),
            _ => None,
        };
        let hosts = self.found(domain, Kind::Mx, exchange);
        hosts.map(|hosts| MxAnswer { hosts, dnssec: Dnssec::Unchecked })
    }

    /// The addresses of a host, as a resolver would find them: IPv6 first.
    #[must_use]
    pub fn addresses(&self, host: &Domain) -> Answer<Addresses> {
        let address = |data: &Data| match data {
            Data::Address(address) => Some(*address),
            _ => None,
        };
        let v6 = self.found(host, Kind::V6, address);
        let v4 = self.found(host, Kind::V4, address);
        let both = match (v6, v4) {
            (Answer::Found(v6), Answer::Found(v4)) => Answer::Found([v6, v4].concat()),
            (found @ Answer::Found(_), _) | (_, found) => found,
        };
        both.map(|list| Addresses { list, dnssec: Dnssec::Unchecked })
    }

    /// The name that belongs to an address.
    #[must_use]
    pub fn name(&self, address: IpAddr) -> Option<String> {
        let mut hosts = self.zones.iter().flat_map(|zone| &zone.hosts);
        hosts.find(|(_, addresses)| addresses.contains(&address)).map(|(name, _)| name.clone())
    }

    fn found<T>(&self, domain: &Domain, of: Kind, read: impl Fn(&Data) -> Option<T>) -> Answer<Vec<T>> {
        let reply = self.reply(domain.as_str(), of);
        match reply.fault {
            None | Some(Fault::Truncation | Fault::NoDomain) => {}
            Some(fault) => return Answer::Failed(format!("the name server had a fault ({fault:?})")),
        }
        let records: Vec<T> = reply.records.iter().filter_map(|(_, data)| read(data)).collect();
        match records.is_empty() {
            true if reply.no_domain => Answer::NoDomain,
            true => Answer::NoRecords,
            false => Answer::Found(records),
        }
    }

    /// What is said to this question. An alias is followed as far as these zones reach.
    pub(super) fn reply(&self, name: &str, of: Kind) -> Reply {
        let mut reply = Reply::default();
        let mut name = canonical(name);
        for _ in 0..=ALIASES_MAX {
            reply.fault = reply.fault.or(self.fault(&name));
            let zone = self.zone(&name);
            (reply.zone, reply.ttl_s) = zone.map_or((String::new(), 0), |zone| (zone.domain.clone(), zone.ttl_s));
            let denied = reply.fault == Some(Fault::NoDomain);
            let here = if denied { Vec::new() } else { self.records(&name, of) };
            let alias = here.iter().find_map(|data| match data {
                Data::Alias(target) if of != Kind::Alias => Some(target.clone()),
                _ => None,
            });
            reply.no_domain = here.is_empty() && (denied || !self.exists(&name));
            reply.records.extend(here.into_iter().map(|data| (name.clone(), data)));
            match alias {
                Some(target) => name = target,
                None => return reply,
            }
        }
        Reply { fault: Some(Fault::ServerFailure), ..reply }
    }

    fn zone(&self, name: &str) -> Option<&Zone> {
        let holding = self.zones.iter().filter(|zone| is_within(name, &zone.domain));
        holding.max_by_key(|zone| zone.domain.len())
    }

    fn fault(&self, name: &str) -> Option<Fault> {
        let faults = &self.zone(name)?.faults;
        faults.iter().find(|(of, _)| of == name).map(|(_, fault)| *fault)
    }

    fn records(&self, name: &str, of: Kind) -> Vec<Data> {
        if let Some(address) = self.reversed(name) {
            let pointer = self.name(address).filter(|_| of == Kind::Pointer);
            return pointer.map(Data::Pointer).into_iter().collect();
        }
        let Some(zone) = self.zone(name) else { return Vec::new() };
        let named = |list: &[(String, String)]| -> Vec<String> {
            list.iter().filter(|(owner, _)| owner == name).map(|(_, value)| value.clone()).collect()
        };
        if let Some(target) = named(&zone.aliases).into_iter().next() {
            return vec![Data::Alias(target)];
        }
        let addresses = zone.hosts.iter().filter(|(host, _)| host == name).flat_map(|(_, list)| list);
        match of {
            Kind::Mx if zone.domain == name => zone.mx.iter().map(|(at, host)| Data::Mx(*at, host.clone())).collect(),
            Kind::V4 => addresses.filter(|ip| ip.is_ipv4()).map(|ip| Data::Address(*ip)).collect(),
            Kind::V6 => addresses.filter(|ip| ip.is_ipv6()).map(|ip| Data::Address(*ip)).collect(),
            Kind::Text => named(&zone.txt).into_iter().map(Data::Text).collect(),
            Kind::Mx | Kind::Alias | Kind::Pointer | Kind::Other => Vec::new(),
        }
    }

    /// Whether the name or one below it holds anything, of whatever kind.
    fn exists(&self, name: &str) -> bool {
        self.zones.iter().flat_map(Zone::names).any(|known| is_within(known, name)) || self.reversed(name).is_some()
    }

    /// The address of one of the hosts that this reverse name stands for.
    fn reversed(&self, name: &str) -> Option<IpAddr> {
        if !name.ends_with(".arpa") {
            return None;
        }
        let mut addresses = self.zones.iter().flat_map(|zone| &zone.hosts).flat_map(|(_, list)| list);
        addresses.find(|address| reverse_name(**address) == name).copied()
    }
}

impl Zone {
    fn names(&self) -> impl Iterator<Item = &str> {
        let hosts = self.hosts.iter().map(|(name, _)| name);
        let others = self.aliases.iter().chain(&self.txt).map(|(name, _)| name);
        std::iter::once(&self.domain).chain(hosts).chain(others).map(String::as_str)
    }
}

/// The zone with all names in canonical form.
fn checked(mut zone: Zone) -> Result<Zone> {
    zone.domain = canonical(&zone.domain);
    let owners = zone.hosts.iter_mut().map(|(name, _)| name).chain(zone.faults.iter_mut().map(|(name, _)| name));
    let owners = owners.chain(zone.aliases.iter_mut().chain(&mut zone.txt).map(|(name, _)| name));
    for name in owners {
        *name = canonical(name);
        ensure!(is_within(name, &zone.domain), "{name} is not in the zone {}", zone.domain);
    }
    let targets = zone.aliases.iter_mut().map(|(_, target)| target);
    for target in targets.chain(zone.mx.iter_mut().map(|(_, host)| host)).filter(|target| *target != ".") {
        *target = canonical(target);
    }
    Domain::parse(&zone.domain).with_context(|| format!("the zone {:?}", zone.domain))?;
    let aliases: BTreeSet<&String> = zone.aliases.iter().map(|(name, _)| name).collect();
    ensure!(aliases.len() == zone.aliases.len(), "a name in {} is an alias twice", zone.domain);
    let data = zone.hosts.iter().map(|(name, _)| name).chain(zone.txt.iter().map(|(name, _)| name));
    let both = data.chain(std::iter::once(&zone.domain)).find(|name| aliases.contains(name));
    let has_only_the_alias = both == Some(&zone.domain) && zone.mx.is_empty();
    ensure!(both.is_none() || has_only_the_alias, "{both:?} is an alias and something else");
    Ok(zone)
}

/// Lower case, A-labels, no final dot; what is no host name stays as it is, for servers that are odd.
fn canonical(name: &str) -> String {
    match Domain::parse(name) {
        Ok(domain) => domain.as_str().to_owned(),
        Err(_) => name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase(),
    }
}

fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let digits = format!("{:032x}", v6.to_bits());
            let reversed: String = digits.chars().rev().flat_map(|digit| [digit, '.']).collect();
            format!("{reversed}ip6.arpa")
        }
    }
}
