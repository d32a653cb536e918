//! Going through the hosts, best first, with what DNS says about their addresses: which of them can be tried, and what
//! is to be said where none can.

use super::{ADDRESSES_TRIED_MAX, Candidates, Plan, Rules, Target, Via, order, verdict};
use message::Host;
use std::net::{IpAddr, SocketAddr};
use wire::names::{Addresses, Answer, Dnssec};

/// What was found so far.
pub(super) struct Survey<'a> {
    rules: &'a Rules,
    candidates: &'a Candidates,
    targets: Vec<Target>,
    /// We were among the hosts, by an address.
    ourselves: bool,
    /// A host was not to be looked up now.
    unknown: bool,
    /// A host does not exist.
    absent: bool,
    /// Why each host that cannot be tried cannot.
    said: Vec<String>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(rules: &'a Rules, candidates: &'a Candidates) -> Survey<'a> {
        let (targets, said) = (Vec::new(), Vec::new());
        Survey { rules, candidates, targets, ourselves: false, unknown: false, absent: false, said }
    }

    /// The next host, which is not more preferred than those before it, and its addresses.
    pub(super) fn add(&mut self, host: (u16, &Host), answer: &Answer<Addresses>) {
        if self.ourselves {
            return;
        }
        let (_, name) = host;
        match answer {
            Answer::Found(addresses) => self.take(host, addresses),
            Answer::NoRecords => self.said.push(format!("{name} has no address")),
            Answer::NoDomain => {
                self.absent = true;
                self.said.push(format!("{name} does not exist"));
            }
            Answer::Failed(why) => {
                self.unknown = true;
                self.said.push(format!("{name}: {why}"));
            }
        }
    }

    fn take(&mut self, (preference, host): (u16, &Host), found: &Addresses) {
        let addresses: Vec<IpAddr> = found.list.iter().map(IpAddr::to_canonical).collect();
        if addresses.iter().any(|address| self.is_ours(*address)) {
            // RFC 5321 §5.1: known by one of our addresses, it is us; so it and all that is not better goes.
            self.targets.retain(|target| target.preference < preference);
            self.ourselves = true;
            return;
        }
        let mut usable: Vec<IpAddr> = addresses.iter().copied().filter(|ip| self.objection(*ip).is_none()).collect();
        usable = order::by_turns(&usable);
        usable.truncate(ADDRESSES_TRIED_MAX);
        if usable.is_empty() {
            let first = addresses.first().and_then(|ip| Some(format!("{ip} is {}", self.objection(*ip)?)));
            let why = first.unwrap_or_else(|| "no address".to_owned());
            self.said.push(format!("{host} cannot be reached: {why}"));
            return;
        }
        let authenticated = self.candidates.dnssec.and(found.dnssec) == Dnssec::Secure;
        let (host, port) = (host.clone(), self.candidates.port);
        self.targets.push(Target { host, addresses: usable, port, preference, authenticated });
    }

    fn is_ours(&self, address: IpAddr) -> bool {
        self.rules.own_sockets.contains(&SocketAddr::new(address, self.candidates.port))
    }

    /// Why an address is not tried. Whoever writes `127.0.0.1` or a multicast address into a zone would have us talk to
    /// ourselves or to nobody; what the operator wrote may be loopback.
    fn objection(&self, address: IpAddr) -> Option<&'static str> {
        let loopback = self.rules.loopback_targets || self.is_named_by_operator();
        let nowhere = match address {
            // 0.0.0.0/8 is "this network"; Linux takes it for loopback.
            IpAddr::V4(v4) => v4.octets()[0] == 0 || v4.is_broadcast(),
            IpAddr::V6(v6) => v6.is_unspecified(),
        };
        match address {
            _ if nowhere => Some("not the address of a host"),
            _ if address.is_multicast() => Some("a multicast address"),
            _ if address.is_loopback() && !loopback => Some("a loopback address"),
            // Without its interface such an address leads nowhere.
            IpAddr::V6(v6) if v6.is_unicast_link_local() => Some("a link-local address"),
            IpAddr::V6(_) if !self.rules.ipv6 => Some("an IPv6 address, and we have IPv4 only"),
            _ => None,
        }
    }

    fn is_named_by_operator(&self) -> bool {
        matches!(self.candidates.via, Via::Route(_) | Via::Smarthost)
    }

    pub(super) fn conclude(self, destination: &Host) -> Plan {
        let via = self.candidates.via;
        if !self.targets.is_empty() {
            return Plan::Hosts { targets: self.targets, via };
        }
        let said = self.said.join("; ");
        // Somebody better than we might be there when DNS is back.
        if self.unknown {
            return verdict::later(destination, &said);
        }
        if self.ourselves {
            return verdict::a_loop(destination);
        }
        // What the operator wrote is for the operator to mend; until then nobody's mail shall come back for it.
        if self.is_named_by_operator() {
            return verdict::later(destination, &said);
        }
        if via == Via::ImplicitMx && self.absent {
            return verdict::no_domain(destination);
        }
        verdict::nowhere(destination, &said)
    }
}
