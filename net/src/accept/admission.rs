//! Who may come in: connections at a time, all together and from one address, and new ones a minute from one address.
//! An address is an IPv4 address or an IPv6 /64, which is what one household or one machine has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wire::Time;

/// The period that the rate counts in.
const MINUTE: Duration = Duration::from_secs(60);

/// Addresses remembered before those that no longer matter are looked for and forgotten.
const REMEMBERED_MIN: usize = 1024;

/// How much is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, all together.
    pub total: u32,
    /// Connections at a time from one address.
    pub per_address: u32,
    /// New connections a minute from one address; so many may come at once after a quiet minute.
    pub per_minute: u32,
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The house is full.
    #[error("too many connections")]
    Full,
    /// Too many connections from this address at a time.
    #[error("too many connections from your address")]
    AddressFull,
    /// Too many connections from this address in the last minute.
    #[error("too many connections from your address in a minute")]
    TooFast,
}

/// Counts connections and judges new ones.
#[derive(Debug)]
pub struct Admission(Mutex<Book>);

#[derive(Debug)]
struct Book {
    limits: Limits,
    open: u32,
    addresses: HashMap<IpAddr, Visitor>,
    /// When this many addresses are remembered, the forgettable ones are dropped.
    prune_at: usize,
}

#[derive(Debug, Default)]
struct Visitor {
    open: u32,
    /// The theoretical arrival time of the generic cell rate algorithm, in microseconds of our time.
    expected_us: u64,
}

/// A connection's place in the house; dropping it gives the place back.
#[derive(Debug)]
pub struct Ticket {
    admission: Arc<Admission>,
    /// `None` for a client that is free of the limits per address.
    address: Option<IpAddr>,
}

impl Admission {
    /// An empty house.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Admission> {
        let book = Book { limits, open: 0, addresses: HashMap::new(), prune_at: REMEMBERED_MIN };
        Arc::new(Admission(Mutex::new(book)))
    }

    /// Other limits from now on; who is in stays in.
    pub fn set_limits(&self, limits: Limits) {
        self.book().limits = limits;
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.book().open
    }

    /// Lets a connection in, or says why not. A trusted client is counted in the total only.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn admit(self: &Arc<Self>, client: IpAddr, trusted: bool, now: Time) -> Result<Ticket, Refused> {
        let mut book = self.book();
        if book.open >= book.limits.total {
            return Err(Refused::Full);
        }
        let address = (!trusted).then(|| household(client));
        if let Some(address) = address {
            book.count(address, now)?;
        }
        book.open += 1;
        Ok(Ticket { admission: self.clone(), address })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Counts one more connection from an address, where its limits allow it.
    fn count(&mut self, address: IpAddr, now: Time) -> Result<(), Refused> {
        let now_us = now.0.saturating_mul(1000);
        if self.addresses.len() >= self.prune_at {
            self.addresses.retain(|_, visitor| visitor.open > 0 || visitor.expected_us > now_us);
            self.prune_at = REMEMBERED_MIN.max(self.addresses.len() * 2);
        }
        let visitor = self.addresses.entry(address).or_default();
        if visitor.open >= self.limits.per_address {
            return Err(Refused::AddressFull);
        }
        let minute_us = u64::try_from(MINUTE.as_micros()).unwrap_or(u64::MAX);
        let interval_us = minute_us / u64::from(self.limits.per_minute.max(1));
        let expected_us = visitor.expected_us.max(now_us);
        if expected_us - now_us > minute_us - interval_us {
            return Err(Refused::TooFast);
        }
        visitor.expected_us = expected_us + interval_us;
        visitor.open += 1;
        Ok(())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut book = self.admission.book();
        book.open = book.open.saturating_sub(1);
        if let Some(visitor) = self.address.and_then(|address| book.addresses.get_mut(&address)) {
            visitor.open = visitor.open.saturating_sub(1);
        }
    }
}

/// What counts as one address.
fn household(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn at_each_limit_and_one_past_it() {
        let admission = Admission::new(Limits { total: 4, per_address: 2, per_minute: 1000 });
        let one = admission.admit(ip("192.0.2.1"), false, NOW).unwrap();
        let _two = admission.admit(ip("192.0.2.1"), false, NOW).unwrap();
        assert_eq!(admission.admit(ip("192.0.2.1"), false, NOW).unwrap_err(), Refused::AddressFull);
        let _trusted = admission.admit(ip("192.0.2.1"), true, NOW).unwrap();
        let _other = admission.admit(ip("192.0.2.2"), false, NOW).unwrap();
        assert_eq!(admission.admit(ip("192.0.2.3"), true, NOW).unwrap_err(), Refused::Full);
        assert_eq!(admission.open(), 4);
        drop(one);
        assert!(admission.admit(ip("192.0.2.1"), false, NOW).is_ok(), "the place was given back");
    }

    #[test]
    fn the_rate_allows_a_minutes_worth_at_once_and_then_an_even_flow() {
        let admission = Admission::new(Limits { total: 100, per_address: 100, per_minute: 6 });
        let knock = |after_s: u64| {
            let now = NOW.after(Duration::from_secs(after_s));
            admission.admit(ip("192.0.2.1"), false, now).map(drop)
        };
        for _ in 0..6 {
            assert_eq!(knock(0), Ok(()));
        }
        assert_eq!(knock(0), Err(Refused::TooFast));
        assert_eq!(knock(9), Err(Refused::TooFast));
        assert_eq!(knock(10), Ok(()));
        assert_eq!(knock(10), Err(Refused::TooFast));
        assert_eq!(knock(20), Ok(()));
    }

    #[test]
    fn one_ipv6_network_is_one_address_and_mapped_ipv4_is_ipv4() {
        let admission = Admission::new(Limits { total: 100, per_address: 1, per_minute: 1000 });
        let _one = admission.admit(ip("2001:db8::1"), false, NOW).unwrap();
        assert_eq!(admission.admit(ip("2001:db8::ffff:1"), false, NOW).unwrap_err(), Refused::AddressFull);
        let _other = admission.admit(ip("2001:db8:0:1::1"), false, NOW).unwrap();
        let _four = admission.admit(ip("192.0.2.1"), false, NOW).unwrap();
        assert_eq!(admission.admit(ip("::ffff:192.0.2.1"), false, NOW).unwrap_err(), Refused::AddressFull);
    }

    #[test]
    fn addresses_that_no_longer_matter_are_forgotten() {
        let admission = Admission::new(Limits { total: 10, per_address: 1, per_minute: 60 });
        let kept = admission.admit(ip("192.0.2.1"), false, NOW).unwrap();
        for n in 0..REMEMBERED_MIN as u32 {
            let later = NOW.after(Duration::from_secs(2) * n);
            drop(admission.admit(IpAddr::V4((0x0A00_0000 + n).into()), false, later).unwrap());
        }
        assert!(admission.book().addresses.len() < 10);
        assert_eq!(
            admission.admit(ip("192.0.2.1"), false, NOW).unwrap_err(),
            Refused::AddressFull,
            "but not who is in"
        );
        drop(kept);
    }
}
