//! Which ports the hosts of the lab listen on.

use wire::dialogue::Port;

/// Where the ports of the first host begin when nobody says otherwise: 10025 is its SMTP, 10110 its POP3.
pub const BASE: u16 = 10_000;

/// How far apart the ports of two hosts are.
const STRIDE: u16 = 1_000;

/// Hosts of the lab at most, for whom there are ports.
const HOSTS_MAX: u16 = 3;

/// The highest base with which every host still finds its ports below 65,536.
pub const BASE_MAX: u16 = u16::MAX - (HOSTS_MAX - 1) * STRIDE - POP3S;

/// The highest of the standard ports.
const POP3S: u16 = 995;

/// Which ports a host listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Whichever the system gives.
    Random,
    /// The standard ports, this much higher.
    Base(u16),
}

impl Ports {
    /// Those of host `number`, counted from 0.
    #[must_use]
    pub fn of_host(self, number: u16) -> Ports {
        match self {
            Ports::Random => Ports::Random,
            Ports::Base(base) => Ports::Base(base.saturating_add(number.saturating_mul(STRIDE))),
        }
    }

    /// The number for a listener; 0 lets the system choose.
    #[must_use]
    pub fn number(self, port: Port) -> u16 {
        match self {
            Ports::Random => 0,
            Ports::Base(base) => base.saturating_add(standard(port)),
        }
    }
}

/// The numbers of RFC 5321, 6409, 8314, 1939, 9051 and 9110; LMTP has none (RFC 2033 §5), 24 is customary. HTTP has another
/// than 80: 10080 is a port to which no browser goes (Fetch Standard, "port blocking").
fn standard(port: Port) -> u16 {
    match port {
        Port::Smtp => 25,
        Port::Submission => 587,
        Port::Submissions => 465,
        Port::Lmtp => 24,
        Port::Pop3 => 110,
        Port::Pop3s => POP3S,
        Port::Imap => 143,
        Port::Imaps => 993,
        Port::Http => 880,
        Port::Https => 443,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_the_standard_ones_and_the_base() {
        let hamburger = Ports::Base(BASE).of_host(0);
        assert_eq!((hamburger.number(Port::Smtp), hamburger.number(Port::Pop3)), (10_025, 10_110));
        assert_eq!(Ports::Base(BASE).of_host(2).number(Port::Pop3s), 12_995);
        assert_eq!(hamburger.number(Port::Http), 10_880);
        assert_eq!(Ports::Random.of_host(2).number(Port::Smtp), 0);
    }

    #[test]
    fn the_highest_base_is_the_highest() {
        assert_eq!(Ports::Base(BASE_MAX).of_host(HOSTS_MAX - 1).number(Port::Pop3s), u16::MAX);
    }

    #[test]
    fn no_two_listeners_of_the_lab_share_a_port() {
        let of_host = |host| Port::ALL.map(|(port, _)| Ports::Base(BASE).of_host(host).number(port));
        let mut all: Vec<u16> = (0..HOSTS_MAX).flat_map(of_host).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 30);
    }
}
