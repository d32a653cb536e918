//! Addresses: `local-part@domain` of RFC 5321 §4.1.2 with the UTF-8 of RFC 6531 §3.3, and address literals (§4.1.3).
//! Owns parsing, canonical form and quoting. Does not own paths (`wire::smtp`) or header address lists (`header`).

use std::fmt::{self, Write};
use std::net::IpAddr;

/// Octets in a local part, quoting not counted (RFC 5321 §4.5.3.1.1).
pub const LOCAL_PART_MAX: usize = 64;
/// Octets in a domain (RFC 5321 §4.5.3.1.2).
pub const DOMAIN_MAX: usize = 255;
/// Octets in one label of a domain (RFC 1035 §2.3.4).
pub const LABEL_MAX: usize = 63;
/// Octets of a name as typed that we bring to canonical form: no name of 255 octets needs more in UTF-8, and the
/// conversion of one label is not linear.
const DOMAIN_INPUT_MAX: usize = 4 * DOMAIN_MAX;

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
    ///
    /// # Errors
    /// [`AddressError::Domain`] when it is no host name: empty labels, labels over 63 octets, more than 255 octets in
    /// all, characters other than letters, digits, `-` and `_`, a hyphen at the edge of a label, or a last label of
    /// digits only (that is an IP address without its brackets, RFC 1123 §2.1).
    pub fn parse(text: &str) -> Result<Domain, AddressError> {
        if text.len() > DOMAIN_INPUT_MAX {
            return Err(AddressError::Domain);
        }
        let plain = text.is_ascii() && !holds_a_label(text);
        let ascii = if plain { text.to_ascii_lowercase() } else { name_to_ascii(text)? };
        let name = ascii.strip_suffix('.').unwrap_or(&ascii);
        if is_host_name(name) { Ok(Domain(name.into())) } else { Err(AddressError::Domain) }
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

impl Host {
    /// Reads what stands after the `@`: a name, or an address literal in brackets (RFC 5321 §4.1.3).
    ///
    /// # Errors
    /// [`AddressError::Literal`] for brackets around anything but an IP address, else as [`Domain::parse`].
    pub fn parse(text: &str) -> Result<Host, AddressError> {
        let Some(inner) = text.strip_prefix('[') else {
            return Domain::parse(text).map(Host::Domain);
        };
        let inner = inner.strip_suffix(']').ok_or(AddressError::Literal)?;
        let ip = match inner.split_at_checked(5) {
            Some((tag, v6)) if tag.eq_ignore_ascii_case("IPv6:") => v6.parse().map(IpAddr::V6),
            _ => inner.parse().map(IpAddr::V4),
        };
        ip.map(Host::Literal).map_err(|_| AddressError::Literal)
    }
}

impl Address {
    /// Joins the two halves; the local part without quoting. It is not checked: it comes from a parsed address or from
    /// an account name; [`Address::parse`] is for what people and peers send.
    #[must_use]
    pub fn new(local_part: &str, host: Host) -> Address {
        Address { local_part: local_part.into(), host }
    }

    /// Reads `local-part@domain`, quoted local parts and literals included, without angle brackets.
    ///
    /// # Errors
    /// The first rule of RFC 5321 §4.1.2 that does not hold.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let (local_part, host) = if text.starts_with('"') { split_quoted(text)? } else { split_dot_string(text)? };
        if local_part.is_empty() {
            return Err(AddressError::Form);
        }
        if local_part.len() > LOCAL_PART_MAX {
            return Err(AddressError::LocalPartTooLong);
        }
        Ok(Address { local_part: local_part.into(), host: Host::parse(host)? })
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
        if is_dot_string(&self.local_part) {
            return write!(f, "{}@{}", self.local_part, self.host);
        }
        f.write_char('"')?;
        for c in self.local_part.chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        write!(f, "\"@{}", self.host)
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

fn holds_a_label(text: &str) -> bool {
    text.split('.').any(|label| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")))
}

/// IDN to A-labels (RFC 5890 §2.3.2.1, mapped by UTS 46); labels that only pretend to be A-labels are refused.
fn name_to_ascii(text: &str) -> Result<String, AddressError> {
    idna::domain_to_ascii(text).map_err(|_| AddressError::Domain)
}

/// RFC 5321 §4.1.2 `Domain`, and the underscore that some real hosts carry in their names.
fn is_host_name(name: &str) -> bool {
    let last_is_number = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    name.len() <= DOMAIN_MAX && !last_is_number && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// RFC 5322 §3.2.3 `atext`, widened by RFC 6531 §3.3 to everything beyond ASCII but the C1 controls.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control())
}

fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn split_dot_string(text: &str) -> Result<(String, &str), AddressError> {
    let (local_part, host) = text.split_once('@').ok_or(AddressError::Form)?;
    if local_part.is_empty() {
        return Err(AddressError::Form);
    }
    if is_dot_string(local_part) { Ok((local_part.to_owned(), host)) } else { Err(AddressError::LocalPart) }
}

/// RFC 5321 §4.1.2 `Quoted-string`: takes the quotes and backslashes off.
fn split_quoted(text: &str) -> Result<(String, &str), AddressError> {
    let mut local_part = String::new();
    let mut chars = text.chars();
    chars.next();
    loop {
        match chars.next().ok_or(AddressError::Form)? {
            '"' => break,
            '\\' => match chars.next().ok_or(AddressError::Form)? {
                c @ ' '..='~' => local_part.push(c),
                _ => return Err(AddressError::LocalPart),
            },
            c if c.is_control() => return Err(AddressError::LocalPart),
            c => local_part.push(c),
        }
    }
    let host = chars.as_str().strip_prefix('@').ok_or(AddressError::Form)?;
    Ok((local_part, host))
}

#[cfg(test)]
mod tests;
