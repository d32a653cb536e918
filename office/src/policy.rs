//! The rules of the house as the configuration gives them, already checked: who may relay, whose mail is ours, how
//! much is too much. Plain data; replaced whole on reload. Reading the file is `server::config`'s work.

use crate::outbound::route::Rules;
use message::{Address, Domain, Host};
use std::net::IpAddr;
use std::sync::Arc;
use wire::smtp::Role;
use wire::smtp::client::Login;

/// A network as in `192.0.2.0/24`, `2001:db8::/32` or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network is an address, or an address and a prefix length, as in 192.0.2.0/24")]
pub struct NotANetwork;

/// A domain from the configuration file and where it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDomain {
    /// The domain.
    pub domain: Domain,
    /// As in `/etc/pillarbox/pillarbox.toml:3`.
    pub origin: String,
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Our name, in greetings and trace fields.
    pub hostname: Domain,
    /// The words of the SMTP greeting after the name; `None`: ours, without a version.
    pub greeting: Option<String>,
    /// Domains from the file; more are in the store. The first is what bare names get.
    pub domains: Vec<FileDomain>,
    /// Who receives postmaster@ and abuse@ of every local domain.
    pub admin: Option<Address>,
    /// May relay without login, and get missing header fields added.
    pub relay_networks: Vec<Network>,
    /// May log in without TLS.
    pub plaintext_login_networks: Vec<Network>,
    /// Users of this machine who may send in anybody's name, by their login names.
    pub local_users: Vec<String>,
    /// Octets of one message (RFC 1870).
    pub message_size: u64,
    /// Octets of the disk that mail may not fill, so that users can read and delete, and the store can tidy up. 0: mail
    /// is taken until the disk refuses.
    pub disk_reserve: u64,
    /// Recipients of one message.
    pub recipients: u32,
    /// Login guesses a minute from one address (IPv4 /32, IPv6 /64).
    pub login_guesses_per_minute: u32,
    /// APOP may be offered (RFC 1939 §7); off by default.
    pub apop: bool,
    /// Domains whose mail is taken from anyone and sent on (backup MX, RFC 5321 §5.1).
    pub relay_domains: Vec<Domain>,
    /// SEND, SOML and SAML are carried out (RFC 821 §3.4); off by default.
    pub send_commands: bool,
    /// How mail leaves.
    pub outbound: OutboundPolicy,
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundPolicy {
    /// When what could not be sent is tried again, and when it is given up.
    pub schedule: queue::Schedule,
    /// Where it goes.
    pub rules: Arc<Rules>,
    /// The login at the smarthost.
    pub smarthost_login: Option<Login>,
    /// Which of the static routes speak LMTP (RFC 2033).
    pub lmtp_routes: Vec<usize>,
    /// Domains with a static route, and the account that may ask for what waits for them (ETRN, ATRN, TURN).
    pub collectors: Vec<(Domain, Address)>,
    /// Connections to other servers at a time.
    pub connections: usize,
    /// Of them, to one destination.
    pub connections_per_destination: usize,
    /// Transactions a minute with one destination; `None`: as many as there are.
    pub rate_per_minute: Option<u32>,
    /// Domains with a static route for which other terms hold.
    pub route_terms: Vec<(Domain, Terms)>,
    /// A connection is kept a moment for the next message.
    pub linger: bool,
}

/// What holds for one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// When what could not be sent is tried again, and when it is given up.
    pub schedule: queue::Schedule,
    /// Connections at a time.
    pub connections: usize,
    /// Transactions a minute.
    pub rate_per_minute: Option<u32>,
}

/// Connections to other servers at a time, unless the configuration says otherwise: each is a socket and a few kilobytes.
pub const OUTBOUND_CONNECTIONS: usize = 500;

/// Of them, to one destination: what large sites allow one client.
pub const OUTBOUND_CONNECTIONS_PER_DESTINATION: usize = 20;

impl OutboundPolicy {
    /// Straight to the MX hosts, with the times of RFC 5321 §4.5.4.1.
    #[must_use]
    pub fn direct(hostname: &Domain) -> OutboundPolicy {
        let rules = Rules {
            own_names: vec![hostname.clone()],
            own_sockets: Vec::new(),
            routes: Vec::new(),
            smarthost: None,
            port: 25,
            ipv6: true,
            loopback_targets: false,
        };
        OutboundPolicy {
            schedule: queue::Schedule::default(),
            rules: Arc::new(rules),
            smarthost_login: None,
            lmtp_routes: Vec::new(),
            collectors: Vec::new(),
            connections: OUTBOUND_CONNECTIONS,
            connections_per_destination: OUTBOUND_CONNECTIONS_PER_DESTINATION,
            rate_per_minute: None,
            route_terms: Vec::new(),
            linger: true,
        }
    }

    /// What holds for mail to this host: its route's own terms, or those of all.
    #[must_use]
    pub fn terms(&self, host: &Host) -> Terms {
        let own = |(domain, _): &&(Domain, Terms)| matches!(host, Host::Domain(host) if host == domain);
        self.route_terms.iter().find(own).map_or_else(|| self.usual_terms(), |(_, terms)| *terms)
    }

    /// What holds where no route says otherwise.
    #[must_use]
    pub fn usual_terms(&self) -> Terms {
        let connections = self.connections_per_destination;
        Terms { schedule: self.schedule, connections, rate_per_minute: self.rate_per_minute }
    }
}

impl Network {
    /// Whether the address lies in it. An IPv4 address mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                same_prefix(u128::from(net.to_bits()) << 96, u128::from(ip.to_bits()) << 96, self.prefix)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => same_prefix(net.to_bits(), ip.to_bits(), self.prefix),
            _ => false,
        }
    }
}

/// Whether two addresses, left-aligned in 128 bits, agree in their first `prefix` bits.
fn same_prefix(a: u128, b: u128, prefix: u8) -> bool {
    (a ^ b).leading_zeros() >= u32::from(prefix)
}

impl std::str::FromStr for Network {
    type Err = NotANetwork;
    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| NotANetwork)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(widest);
        if prefix > widest { Err(NotANetwork) } else { Ok(Network { address, prefix }) }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Policy {
    /// Whether a client at this address may relay without login.
    #[must_use]
    pub fn is_trusted(&self, client: IpAddr) -> bool {
        self.relay_networks.iter().any(|network| network.contains(client))
    }

    /// Whether a client at this address may log in without TLS.
    #[must_use]
    pub fn may_login_in_the_clear(&self, client: IpAddr) -> bool {
        self.plaintext_login_networks.iter().any(|network| network.contains(client))
    }

    /// The domain that bare names get.
    #[must_use]
    pub fn first_domain(&self) -> Option<&Domain> {
        self.domains.first().map(|entry| &entry.domain)
    }

    /// What a listener of this role is called in logs.
    #[must_use]
    pub fn role_name(role: Role) -> &'static str {
        match role {
            Role::Mx => "smtp",
            Role::Submission => "submission",
            Role::Lmtp => "lmtp",
        }
    }
}
