//! Where a host of the lab stands: its address and ports, and the internet around it, if there is one.

use crate::Ports;
use anyhow::{Context, Result};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use wire::dialogue::Port;

/// How often a port is chosen anew when it is taken at one of the addresses.
const PORT_TRIES: usize = 16;

/// The place of a host.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// What its listeners are bound to.
    pub address: IpAddr,
    /// Their ports.
    pub ports: Ports,
    /// What it knows of other hosts; `None`: it is alone in the world.
    pub around: Option<Around>,
}

/// The internet around a host.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// The name server.
    pub names: SocketAddr,
    /// The port of SMTP, the same at every host: names lead to addresses and not to ports.
    pub smtp: u16,
}

impl Site {
    /// On 127.0.0.1, with nobody around.
    #[must_use]
    pub fn alone(ports: Ports) -> Site {
        Site { address: IpAddr::V4(Ipv4Addr::LOCALHOST), ports, around: None }
    }

    /// Where a listener is to be; port 0 lets the system choose.
    #[must_use]
    pub fn of(&self, port: Port) -> SocketAddr {
        let number = match self.around {
            Some(around) if port == Port::Smtp => around.smtp,
            _ => self.ports.number(port),
        };
        SocketAddr::new(self.address, number)
    }
}

/// The address of host `number`, counted from 0: 127.0.1.25, 127.0.2.25, and so on.
#[must_use]
pub fn address_of(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, number.saturating_add(1), 25))
}

/// One port of SMTP for all these addresses: the one of `ports`, or one that the system finds free at each.
///
/// # Errors
/// When the system gives none.
pub async fn common_port(addresses: &[IpAddr], ports: Ports) -> Result<u16> {
    if let Ports::Base(_) = ports {
        return Ok(ports.number(Port::Smtp));
    }
    for _ in 0..PORT_TRIES {
        let mut held: Vec<TcpListener> = Vec::with_capacity(addresses.len());
        let mut port = 0;
        for address in addresses {
            let Ok(listener) = TcpListener::bind((*address, port)).await else { break };
            port = listener.local_addr()?.port();
            held.push(listener);
        }
        if held.len() == addresses.len() {
            return Ok(port);
        }
    }
    None.context("no port is free at every address of the lab; are all of 127.0.0.0/8 this machine's?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_at_one_address_is_not_taken_for_common() {
        let addresses = [address_of(0), address_of(1)];
        let port = common_port(&addresses, Ports::Random).await.unwrap();
        for address in addresses {
            TcpListener::bind((address, port)).await.unwrap();
        }
        assert_eq!(common_port(&addresses, Ports::Base(10_000)).await.unwrap(), 10_025);
    }

    #[test]
    fn only_smtp_has_the_port_that_all_have() {
        let around = Some(Around { names: SocketAddr::from(([127, 0, 0, 1], 53)), smtp: 2_525 });
        let site = Site { address: address_of(1), ports: Ports::Base(10_000), around };
        assert_eq!(site.of(Port::Smtp).to_string(), "127.0.2.25:2525");
        assert_eq!(site.of(Port::Pop3).to_string(), "127.0.2.25:10110");
        assert_eq!(Site::alone(Ports::Random).of(Port::Smtp).to_string(), "127.0.0.1:0");
    }
}
