//! What DNS says about where mail goes, as plain data: mail exchangers and addresses, and the four ways an answer can
//! turn out. Here since three rooms speak of it: `net` asks, `office` decides by it, `lab` makes it up. Owns neither the
//! asking nor the deciding.

use message::Domain;
use std::net::IpAddr;

/// How a question to DNS turned out. The four are never mixed up: mail waits for the last, and comes back for the third.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// There are records.
    Found(T),
    /// The name is there, records of this type are not (NODATA).
    NoRecords,
    /// The name does not exist (NXDOMAIN).
    NoDomain,
    /// Nobody knows now: no answer in time, SERVFAIL, REFUSED, a lame server. In words for the journey.
    Failed(String),
}

/// Whether an answer is what the zone's owner signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dnssec {
    /// Signatures were checked up to a trust anchor.
    Secure,
    /// The zone is proven not to be signed.
    Insecure,
    /// Nobody checked; so it is with a resolver that does not validate.
    Unchecked,
}

/// The mail exchangers of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MxAnswer {
    /// In the order in which they came; at least one.
    pub hosts: Vec<Mx>,
    /// Of the whole answer, aliases included.
    pub dnssec: Dnssec,
}

/// One MX record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mx {
    /// Lower numbers come first.
    pub preference: u16,
    /// Who takes the mail.
    pub exchange: Exchange,
}

/// What an MX record names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exchange {
    /// A host.
    Host(Domain),
    /// The root: there is no host (RFC 7505 §3).
    Null,
    /// Something that is no host name, such as an IP address; as it stands there, escaped.
    NotAHost(String),
}

/// One SRV record (RFC 2782): where a service is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Srv {
    /// Lower numbers come first.
    pub priority: u16,
    /// Among those of one priority, how often it is to be taken.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; `None`: the service is decidedly not there.
    pub target: Option<Domain>,
}

/// The addresses of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Of both families; each family in the order in which the resolver gave it. At least one.
    pub list: Vec<IpAddr>,
    /// Of the whole answer, aliases included.
    pub dnssec: Dnssec,
}

impl<T> Answer<T> {
    /// The records, where there are any.
    pub fn found(self) -> Option<T> {
        match self {
            Answer::Found(records) => Some(records),
            _ => None,
        }
    }

    /// The same with other records.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Answer::Found(records) => Answer::Found(change(records)),
            Answer::NoRecords => Answer::NoRecords,
            Answer::NoDomain => Answer::NoDomain,
            Answer::Failed(reason) => Answer::Failed(reason),
        }
    }
}

impl MxAnswer {
    /// Of these hosts, unchecked; for tests and made-up worlds.
    #[must_use]
    pub fn unchecked(hosts: impl IntoIterator<Item = (u16, Exchange)>) -> MxAnswer {
        let hosts = hosts.into_iter().map(|(preference, exchange)| Mx { preference, exchange }).collect();
        MxAnswer { hosts, dnssec: Dnssec::Unchecked }
    }
}

impl Exchange {
    /// Reads the name of an MX record as it stands in a zone, with or without its final dot.
    #[must_use]
    pub fn parse(text: &str) -> Exchange {
        match Domain::parse(text) {
            _ if text == "." => Exchange::Null,
            Ok(host) => Exchange::Host(host),
            Err(_) => {
                let text = text.strip_suffix('.').unwrap_or(text);
                Exchange::NotAHost(text.escape_default().to_string())
            }
        }
    }
}

impl Dnssec {
    /// Of an answer that rests on both: no better than the worse of them.
    #[must_use]
    pub fn and(self, other: Dnssec) -> Dnssec {
        match (self, other) {
            (Dnssec::Secure, both) | (both, Dnssec::Secure) => both,
            (Dnssec::Insecure, Dnssec::Insecure) => Dnssec::Insecure,
            _ => Dnssec::Unchecked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_mx_names_is_told_apart() {
        assert_eq!(Exchange::parse("."), Exchange::Null);
        let host = Exchange::Host(Domain::parse("mx.crepes.fr").expect("a name"));
        assert_eq!(Exchange::parse("MX.crepes.fr."), host);
        for odd in ["", "192.0.2.1.", "a b.", "..", "\n"] {
            assert!(matches!(Exchange::parse(odd), Exchange::NotAHost(_)), "{odd:?}");
        }
        assert_eq!(Exchange::parse("a\n."), Exchange::NotAHost("a\\n".to_owned()));
    }

    #[test]
    fn a_chain_is_as_sure_as_its_weakest_link() {
        use Dnssec::{Insecure, Secure, Unchecked};
        for (one, other, both) in [
            (Secure, Secure, Secure),
            (Secure, Insecure, Insecure),
            (Insecure, Secure, Insecure),
            (Insecure, Unchecked, Unchecked),
            (Unchecked, Secure, Unchecked),
        ] {
            assert_eq!(one.and(other), both, "{one:?} {other:?}");
        }
    }
}
