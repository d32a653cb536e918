//! Reverse-paths and forward-paths (RFC 5321 §4.1.2), read generously: spaces before the path, no angle brackets, a
//! local part alone. Source routes are taken off (§3.3, Appendix C). Addresses themselves are `message::Address`'s.

use super::ask::{ForwardPath, ReversePath};
use super::limits;
use message::{Address, AddressError};
use std::fmt;

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing where an address must stand.
    #[error("an address is missing")]
    Missing,
    /// `<` without `>`, or something glued to the `>`.
    #[error("angle brackets do not match")]
    Brackets,
    /// The route before the address is not `@host,@host:`.
    #[error("the source route is malformed")]
    Route,
    /// Longer than [`limits::PATH`].
    #[error("the address is longer than 254 octets")]
    TooLong,
    /// What stands there is no address.
    #[error("{0}")]
    Address(#[from] AddressError),
}

/// Takes a path from the start of `text`; gives what is between the brackets (or up to a space), and the rest.
pub fn split(text: &str) -> Result<(&str, &str), PathError> {
    let text = text.trim_start_matches(' ');
    let (bracketed, text) = match text.strip_prefix('<') {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let end = end_of_path(text, if bracketed { b'>' } else { b' ' });
    match (bracketed, end) {
        (true, None) => Err(PathError::Brackets),
        (true, Some(end)) => {
            let (path, rest) = text.split_at(end);
            let rest = rest.strip_prefix('>').unwrap_or(rest);
            if rest.is_empty() || rest.starts_with(' ') { Ok((path, rest)) } else { Err(PathError::Brackets) }
        }
        (false, Some(0)) => Err(PathError::Missing),
        (false, None) if text.is_empty() => Err(PathError::Missing),
        (false, end) => Ok(text.split_at(end.unwrap_or(text.len()))),
    }
}

/// The index of the first `stop` outside quotes.
fn end_of_path(text: &str, stop: u8) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if octet == stop && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Takes off `@one,@two:`.
fn without_route(path: &str) -> Result<&str, PathError> {
    if !path.starts_with('@') {
        return Ok(path);
    }
    let (route, address) = path.split_once(':').ok_or(PathError::Route)?;
    let sound = route.split(',').all(|hop| hop.strip_prefix('@').is_some_and(|host| !host.is_empty()));
    if sound { Ok(address) } else { Err(PathError::Route) }
}

/// An address, or a local part alone.
enum Mailbox {
    Address(Address),
    Bare(String),
}

fn mailbox(path: &str) -> Result<Mailbox, PathError> {
    let text = without_route(path)?;
    if text.is_empty() {
        return Err(PathError::Missing);
    }
    if text.len() > limits::PATH {
        return Err(PathError::TooLong);
    }
    if end_of_path(text, b'@').is_some() {
        let address = Address::parse(text)?;
        // A host in letters of its own grows when it is written as others write it (RFC 5321 §4.5.3.1.3 counts that).
        return if address.to_string().len() > limits::PATH {
            Err(PathError::TooLong)
        } else {
            Ok(Mailbox::Address(address))
        };
    }
    // Whoever knows how to read and quote a local part is `Address`; any host will do to ask it.
    let address = Address::parse(&format!("{text}@{ANY_HOST}"))?;
    Ok(Mailbox::Bare(address.local_part().to_owned()))
}

const ANY_HOST: &str = "localhost";

/// Reads what [`split`] found after `MAIL FROM:`.
pub fn reverse_path(path: &str) -> Result<ReversePath, PathError> {
    if path.is_empty() {
        return Ok(ReversePath::Null);
    }
    Ok(match mailbox(path)? {
        Mailbox::Address(address) => ReversePath::Address(address),
        Mailbox::Bare(local_part) => ReversePath::Bare(local_part),
    })
}

/// Reads what [`split`] found after `RCPT TO:`.
pub fn forward_path(path: &str) -> Result<ForwardPath, PathError> {
    Ok(match mailbox(path)? {
        Mailbox::Address(address) => ForwardPath::Address(address),
        Mailbox::Bare(local_part) => ForwardPath::Bare(local_part),
    })
}

fn write_bare(f: &mut fmt::Formatter<'_>, local_part: &str) -> fmt::Result {
    let Ok(host) = message::Domain::parse(ANY_HOST) else { return Err(fmt::Error) };
    let address = Address::new(local_part, message::Host::Domain(host)).to_string();
    f.write_str(address.strip_suffix(ANY_HOST).and_then(|rest| rest.strip_suffix('@')).unwrap_or_default())
}

impl fmt::Display for ReversePath {
    /// With angle brackets, always.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<")?;
        match self {
            ReversePath::Null => {}
            ReversePath::Address(address) => write!(f, "{address}")?,
            ReversePath::Bare(local_part) => write_bare(f, local_part)?,
        }
        f.write_str(">")
    }
}

impl fmt::Display for ForwardPath {
    /// With angle brackets, always.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<")?;
        match self {
            ForwardPath::Address(address) => write!(f, "{address}")?,
            ForwardPath::Bare(local_part) => write_bare(f, local_part)?,
        }
        f.write_str(">")
    }
}
