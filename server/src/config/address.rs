//! Addresses as the configuration writes them, with errors that show the form.

use message::Host;
use office::outbound::route::NextHop;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Where to listen: `[::]:25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

/// A name server: `127.0.0.1:5353`; without a port, 53.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameServer(pub SocketAddr);

/// A server to connect to: a name or an address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// As written, brackets of an IPv6 address taken off.
    pub host: String,
    /// Not 0.
    pub port: u16,
}

/// A text of another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum AddressForm {
    #[error("write \"address:port\", as in \"[::]:25\" or \"127.0.0.1:2525\"")]
    Listen,
    #[error("write \"address:port\", as in \"127.0.0.1:5353\"")]
    NameServer,
    #[error("write \"host:port\", as in \"mail.crepes.fr:25\"")]
    HostPort,
}

impl FromStr for ListenAddress {
    type Err = AddressForm;
    fn from_str(text: &str) -> Result<ListenAddress, AddressForm> {
        text.parse().map(ListenAddress).map_err(|_| AddressForm::Listen)
    }
}

impl FromStr for NameServer {
    type Err = AddressForm;
    fn from_str(text: &str) -> Result<NameServer, AddressForm> {
        let bare = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
        text.parse().or_else(|_| bare()).map(NameServer).map_err(|_| AddressForm::NameServer)
    }
}

impl FromStr for HostPort {
    type Err = AddressForm;
    fn from_str(text: &str) -> Result<HostPort, AddressForm> {
        let (host, port) = text.rsplit_once(':').ok_or(AddressForm::HostPort)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(AddressForm::HostPort)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_name = |host: &str| message::Domain::parse(host).is_ok() || host.parse::<std::net::Ipv4Addr>().is_ok();
        let fits = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => is_name(host),
        };
        if fits {
            Ok(HostPort { host: bracketed.unwrap_or(host).to_owned(), port })
        } else {
            Err(AddressForm::HostPort)
        }
    }
}

impl HostPort {
    /// As the office names a server.
    pub(crate) fn next_hop(&self) -> NextHop {
        let literal = self.host.parse().map(Host::Literal).ok();
        let host = literal.or_else(|| message::Domain::parse(&self.host).map(Host::Domain).ok());
        // What is neither was refused when it was read.
        NextHop { host: host.unwrap_or(Host::Literal(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))), port: self.port }
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
