//! Where mail for a domain goes: to a static route, the smarthost, an address literal, or the hosts that DNS names, in
//! the order in which they are to be tried (RFC 5321 §5.1). A [`Lookup`] is a small machine without I/O: it says what it
//! needs to know, is told, and ends with a [`Plan`]. Does not know what a try costs or when the next one is due.
//!
//! ```text
//! loop { match lookup.step() {
//!     Need::Mx(domain) => lookup.told_mx(resolver.mx(&domain).await),
//!     Need::Addresses(hosts) => lookup.told_addresses(for each host, at the same time: resolver.addresses(&host)),
//!     Need::Ready(plan) => break plan,
//! } }
//! ```

mod order;
mod survey;
#[cfg(test)]
mod tests;
mod verdict;

use message::{Domain, Host};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use survey::Survey;
use wire::names::{Addresses, Answer, Dnssec, Exchange, Mx, MxAnswer};
use wire::smtp::Enhanced;

/// How many hosts are tried for one message before it waits for the next try. More would only keep a dead domain's mail
/// in the way of others.
pub const HOSTS_MAX: usize = 10;

/// How many addresses of one host are tried; RFC 5321 §5.1 wants at least two. A host with many is usually one machine
/// room: when four do not answer, the next host is the better guess.
pub const ADDRESSES_TRIED_MAX: usize = 4;

/// What the operator decided about mail that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Names under which other hosts know us: the host name, and what else our MX records call us.
    pub own_names: Vec<Domain>,
    /// Sockets at which our own SMTP listeners hear; a target there is ourselves under a foreign name.
    pub own_sockets: Vec<SocketAddr>,
    /// Static routes; the first that fits a domain wins over everything else.
    pub routes: Vec<Route>,
    /// Takes all that no route takes.
    pub smarthost: Option<NextHop>,
    /// The port of other servers: 25, or another in test networks.
    pub port: u16,
    /// IPv6 may be used. False only where the operator says so; a host whose network has none finds out by trying.
    pub ipv6: bool,
    /// Loopback addresses found in DNS are taken for real: in the lab and in tests.
    pub loopback_targets: bool,
}

/// A static route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Mail for this domain, not for those below it, ...
    pub domain: Domain,
    /// ... goes here, whatever its MX records say.
    pub to: NextHop,
}

/// A server named by the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// Its name, whose addresses are looked up but whose MX records are not, or its address.
    pub host: Host,
    /// Its port.
    pub port: u16,
}

/// What is needed next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The mail exchangers of this domain.
    Mx(Domain),
    /// The addresses of these hosts, at most [`HOSTS_MAX`], in any order and best all at once.
    Addresses(Vec<Domain>),
    /// Nothing more.
    Ready(Plan),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Try these, in this order; at least one with at least one address.
    Hosts {
        /// At most [`HOSTS_MAX`].
        targets: Vec<Target>,
        /// Who said so.
        via: Via,
    },
    /// Nobody knows now; ask again at the next try. In words for the journey and the delay notice.
    Later(String),
    /// It can never arrive.
    Fail {
        /// For the report (RFC 3463).
        status: Enhanced,
        /// In plain words for the report.
        reason: String,
    },
}

/// What made a plan, so that whoever connects finds login and transport that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// MX records.
    Mx,
    /// The domain's own addresses, as it has no MX records.
    ImplicitMx,
    /// An address literal.
    Literal,
    /// This one of [`Rules::routes`].
    Route(usize),
    /// The smarthost.
    Smarthost,
}

/// A server to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// By the name that led to it, which TLS is to show too, or by its address.
    pub host: Host,
    /// In the order in which they are to be tried; at least one and at most [`ADDRESSES_TRIED_MAX`].
    pub addresses: Vec<IpAddr>,
    /// The port.
    pub port: u16,
    /// Of its MX record; 0 where none led here.
    pub preference: u16,
    /// Every answer of DNS that led here was checked against signatures.
    pub authenticated: bool,
}

/// The way to a plan.
#[derive(Clone, Debug)]
pub struct Lookup {
    rules: Arc<Rules>,
    random: u64,
    /// What the mail is for, as the report names it.
    destination: Host,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Mx(Domain),
    Addresses(Candidates),
    Ready(Plan),
}

/// Hosts whose addresses are not known yet, the first to be tried first.
#[derive(Clone, Debug)]
struct Candidates {
    hosts: Vec<(u16, Domain)>,
    port: u16,
    via: Via,
    dnssec: Dnssec,
}

impl Lookup {
    /// For mail to this domain or literal. `random` decides among equals.
    #[must_use]
    pub fn new(rules: Arc<Rules>, destination: Host, random: u64) -> Lookup {
        let state = start(&rules, &destination);
        Lookup { rules, random, destination, state }
    }

    /// What is needed next; the same until it is told.
    #[must_use]
    pub fn step(&self) -> Need {
        match &self.state {
            State::Mx(domain) => Need::Mx(domain.clone()),
            State::Addresses(candidates) => {
                Need::Addresses(candidates.hosts.iter().map(|(_, host)| host.clone()).collect())
            }
            State::Ready(plan) => Need::Ready(plan.clone()),
        }
    }

    /// The answer to [`Need::Mx`]; at other times it changes nothing.
    pub fn told_mx(&mut self, answer: Answer<MxAnswer>) {
        let State::Mx(domain) = &self.state else { return };
        self.state = match answer {
            Answer::Found(answer) => self.candidates(answer),
            // RFC 5321 §5.1: without MX records the domain is its own exchanger, with preference 0.
            Answer::NoRecords if self.is_own_name(domain) => State::Ready(verdict::a_loop(&self.destination)),
            Answer::NoRecords => State::Addresses(Candidates {
                hosts: vec![(0, domain.clone())],
                port: self.rules.port,
                via: Via::ImplicitMx,
                // Nobody vouches for the absence of MX records.
                dnssec: Dnssec::Unchecked,
            }),
            Answer::NoDomain => State::Ready(verdict::no_domain(&self.destination)),
            Answer::Failed(why) => State::Ready(verdict::later(&self.destination, &format!("its MX records: {why}"))),
        };
    }

    /// The answers to [`Need::Addresses`]; at other times they change nothing. A host without an answer counts as one
    /// that nobody knows now.
    pub fn told_addresses(&mut self, answers: Vec<(Domain, Answer<Addresses>)>) {
        let State::Addresses(candidates) = &self.state else { return };
        let mut survey = Survey::new(&self.rules, candidates);
        let untold = Answer::Failed("nobody asked".to_owned());
        for (preference, host) in &candidates.hosts {
            let answer = answers.iter().find(|(of, _)| of == host).map_or(&untold, |(_, answer)| answer);
            survey.add((*preference, &Host::Domain(host.clone())), answer);
        }
        self.state = State::Ready(survey.conclude(&self.destination));
    }

    /// RFC 5321 §5.1: by preference, ourselves and what is not better than we are left out.
    fn candidates(&self, answer: MxAnswer) -> State {
        // RFC 7505 §3: a null MX stands alone; beside others it is one that does not work.
        if answer.hosts.iter().all(|mx| mx.exchange == Exchange::Null) {
            return State::Ready(verdict::null_mx(&self.destination));
        }
        let listed = order::by_preference(answer.hosts, self.random);
        let ours = listed.iter().filter(|mx| self.is_ours(mx)).map(|mx| mx.preference).min();
        let mut hosts: Vec<(u16, Domain)> = Vec::new();
        for mx in listed {
            if let Exchange::Host(host) = mx.exchange
                && ours.is_none_or(|ours| mx.preference < ours)
                && !hosts.iter().any(|(_, known)| *known == host)
            {
                hosts.push((mx.preference, host));
            }
        }
        hosts.truncate(HOSTS_MAX);
        match ours {
            Some(_) if hosts.is_empty() => State::Ready(verdict::a_loop(&self.destination)),
            None if hosts.is_empty() => {
                State::Ready(verdict::nowhere(&self.destination, "its MX records name no host"))
            }
            _ => State::Addresses(Candidates { hosts, port: self.rules.port, via: Via::Mx, dnssec: answer.dnssec }),
        }
    }

    fn is_ours(&self, mx: &Mx) -> bool {
        matches!(&mx.exchange, Exchange::Host(host) if self.is_own_name(host))
    }

    fn is_own_name(&self, name: &Domain) -> bool {
        self.rules.own_names.contains(name)
    }
}

fn start(rules: &Rules, destination: &Host) -> State {
    let fits = |domain: &Domain| rules.routes.iter().enumerate().find(|(_, route)| route.domain == *domain);
    if let Host::Domain(domain) = destination
        && let Some((number, route)) = fits(domain)
    {
        return go_to(rules, destination, &route.to, Via::Route(number));
    }
    if let Some(smarthost) = &rules.smarthost {
        return go_to(rules, destination, smarthost, Via::Smarthost);
    }
    match destination {
        Host::Domain(domain) => State::Mx(domain.clone()),
        Host::Literal(_) => {
            let hop = NextHop { host: destination.clone(), port: rules.port };
            go_to(rules, destination, &hop, Via::Literal)
        }
    }
}

fn go_to(rules: &Rules, destination: &Host, hop: &NextHop, via: Via) -> State {
    // The way to this host was not asked of DNS, so there is nothing to doubt in it.
    let mut candidates = Candidates { hosts: Vec::new(), port: hop.port, via, dnssec: Dnssec::Secure };
    match &hop.host {
        Host::Domain(host) => {
            candidates.hosts.push((0, host.clone()));
            State::Addresses(candidates)
        }
        Host::Literal(address) => {
            let mut survey = Survey::new(rules, &candidates);
            survey.add((0, &hop.host), &Answer::Found(Addresses { list: vec![*address], dnssec: Dnssec::Unchecked }));
            State::Ready(survey.conclude(destination))
        }
    }
}
