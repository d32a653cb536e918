//! The listening sockets: bound by the configuration, or inherited from systemd, which then decides about all of them.
#![allow(clippy::disallowed_methods, reason = "systemd names its sockets in the environment")]

use crate::config::{Config, ListenerKind};
use crate::error::StartError;
use listenfd::ListenFd;
use std::net::{SocketAddr, TcpListener};

/// A socket that listens, and what is spoken there.
#[derive(Debug)]
pub(crate) struct DoorPost {
    pub(crate) kind: ListenerKind,
    pub(crate) address: SocketAddr,
    pub(crate) listener: TcpListener,
}

/// Binds what the configuration lists.
pub(crate) fn bind(config: &Config) -> Result<Vec<DoorPost>, StartError> {
    let bind = |listen: &crate::config::Listen| {
        let (kind, address) = (listen.kind, listen.address);
        let listener = net::accept::bind(address).map_err(|error| StartError::Listen { kind, address, error })?;
        let address = listener.local_addr()?;
        Ok(DoorPost { kind, address, listener })
    };
    config.listen.iter().map(bind).collect()
}

/// The sockets systemd has opened for this process; empty when it has opened none. Their names
/// (`FileDescriptorName=`, in `LISTEN_FDNAMES`) are the protocols.
pub(crate) fn inherited() -> Result<Vec<DoorPost>, StartError> {
    // Read first: taking the sockets removes the variables.
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    adopt(ListenFd::from_env(), &names)
}

fn adopt(mut sockets: ListenFd, names: &str) -> Result<Vec<DoorPost>, StartError> {
    let mut names = names.split(':');
    let mut doors = Vec::new();
    for place in 0..sockets.len() {
        let name = names.next().unwrap_or_default();
        let kind = name.parse().map_err(|error| {
            StartError::Inherited(format!("\"{name}\" is no protocol ({error}); set FileDescriptorName= in the unit"))
        })?;
        let listener = sockets
            .take_tcp_listener(place)?
            .ok_or_else(|| StartError::Inherited(format!("the socket \"{name}\" is none that listens on TCP")))?;
        let listener = net::accept::adopt(listener)?;
        doors.push(DoorPost { kind, address: listener.local_addr()?, listener });
    }
    Ok(doors)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn port_zero_becomes_the_port_that_was_given() {
        let config = Config::parse("hostname = \"a.test\"\n[listen]\npop3 = [\"127.0.0.1:0\"]\n", "p.toml").unwrap();
        let doors = bind(&config).unwrap();
        let door = doors.first().unwrap();
        assert!(door.kind == ListenerKind::Pop3 && door.address.port() != 0);
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let text = format!("hostname = \"a.test\"\n[listen]\nsmtp = [\"{address}\"]\n");
        let error = bind(&Config::parse(&text, "p.toml").unwrap()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {address} for smtp: ")), "{error}");
        assert_eq!(error.exit_code(), 69);
    }

    #[test]
    fn without_systemd_nothing_is_inherited() {
        assert!(adopt(ListenFd::empty(), "").unwrap().is_empty());
    }
}
