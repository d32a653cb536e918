//! Which listeners a client of some domain can use: names, ports, security.

use super::super::problem::{NOT_FOUND, Problem};
use crate::Web;
use message::{Address, Domain};

/// What a client speaks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Imap,
    Pop3,
    Send,
}

/// One way to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub protocol: Protocol,
    pub port: u16,
    /// TLS from the start; otherwise by STARTTLS.
    pub tls: bool,
}

/// What clients of a domain are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// The server's name.
    pub hostname: String,
    pub domain: Domain,
    /// The best first.
    pub services: Vec<Service>,
}

impl Offer {
    /// The best way to do something.
    pub fn best(&self, protocol: Protocol) -> Option<&Service> {
        self.services.iter().find(|service| service.protocol == protocol)
    }
}

/// Listeners in the order in which they are to be tried: what is encrypted from the start first (RFC 8314 §3.3).
const ORDER: [(&str, Protocol, bool); 6] = [
    ("imaps", Protocol::Imap, true),
    ("imap", Protocol::Imap, false),
    ("pop3s", Protocol::Pop3, true),
    ("pop3", Protocol::Pop3, false),
    ("submissions", Protocol::Send, true),
    ("submission", Protocol::Send, false),
];

/// What is told to clients of a domain of ours.
pub(super) async fn offer(web: &Web, domain: Domain) -> Result<Offer, Problem> {
    if !web.office().keeps_mail_for(&domain).await {
        return Err(Problem::new(NOT_FOUND, format!("{domain} is none of our domains")));
    }
    let bound = web.house().map(|house| house.listeners()).unwrap_or_default();
    let services = ORDER.iter().filter_map(|(name, protocol, tls)| {
        let (_, address) = bound.iter().find(|(listener, _)| listener == name)?;
        Some(Service { protocol: *protocol, port: address.port(), tls: *tls })
    });
    Ok(Offer { hostname: web.office().hostname(), domain, services: services.collect() })
}

/// The domain of an address, or the one whose `autoconfig.` or `autodiscover.` host was asked.
pub(super) fn domain_of(address: Option<&str>, host: Option<&str>) -> Option<Domain> {
    if let Some(address) = address.filter(|address| !address.is_empty()) {
        return Address::parse(address).ok()?.domain().cloned();
    }
    let host = host?.split(':').next()?.to_ascii_lowercase();
    let bare = ["autoconfig.", "autodiscover."].iter().find_map(|prefix| host.strip_prefix(prefix));
    Domain::parse(bare.unwrap_or(&host)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_that_of_the_address_or_of_the_host() {
        let domain = |address, host| domain_of(address, host).map(|domain| domain.to_string());
        assert_eq!(domain(Some("bob@hamburger.edu"), Some("autoconfig.crepes.fr")).as_deref(), Some("hamburger.edu"));
        assert_eq!(domain(None, Some("AutoConfig.crepes.fr:443")).as_deref(), Some("crepes.fr"));
        assert_eq!(domain(Some(""), Some("crepes.fr")).as_deref(), Some("crepes.fr"));
        assert_eq!(domain(Some("bob"), Some("crepes.fr")), None);
        assert_eq!(domain(None, None), None);
    }
}
