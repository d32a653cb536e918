//! How many wrong guesses are heard. Counted per client address and per account, in windows of one minute. An address
//! that has logged in to an account before is always heard for that account: nobody can lock its owner out.

use message::Time;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// The window in which guesses are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Counters kept. A flood from more sources than this makes the oldest forgotten, and costs at most 10 MB.
pub(super) const COUNTERS_MAX: usize = 50_000;

/// Pairs of account and address kept that logged in before.
pub(super) const KNOWN_MAX: usize = 50_000;

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Source(Source),
    Account(String),
}

/// A client: an IPv4 address, or a /64 of IPv6, which one customer has whole (RFC 6177 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Source(IpAddr);

impl Source {
    fn of(client: IpAddr) -> Source {
        Source(match client.to_canonical() {
            IpAddr::V4(ip) => IpAddr::V4(ip),
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        })
    }
}

/// Wrong guesses since the window opened.
#[derive(Clone, Copy, Debug)]
struct Count {
    opened: Time,
    wrong: u32,
}

/// All counters.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    counts: HashMap<Who, Count>,
    /// When a pair logged in last, in order of logins.
    known: HashMap<(Source, String), u64>,
    logins: u64,
}

impl Guesses {
    /// Seconds until a guess is heard; `None`: now.
    pub fn wait(&self, now: Time, limit: u32, client: IpAddr, account: &str) -> Option<u32> {
        let source = Source::of(client);
        if self.known.contains_key(&(source, account.to_owned())) {
            return None;
        }
        let waits = [Who::Source(source), Who::Account(account.to_owned())].map(|who| {
            let count = self.counts.get(&who)?;
            let left = WINDOW.checked_sub(now.since(count.opened)).filter(|left| !left.is_zero())?;
            (count.wrong >= limit).then(|| u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
        });
        waits.into_iter().flatten().max()
    }

    /// A guess was wrong.
    pub fn wrong(&mut self, now: Time, client: IpAddr, account: &str) {
        for who in [Who::Source(Source::of(client)), Who::Account(account.to_owned())] {
            self.make_room(now);
            let count = self.counts.entry(who).or_insert(Count { opened: now, wrong: 0 });
            if now.since(count.opened) >= WINDOW {
                *count = Count { opened: now, wrong: 0 };
            }
            count.wrong = count.wrong.saturating_add(1);
        }
    }

    /// A guess was right: this address is heard for this account from now on.
    pub fn right(&mut self, client: IpAddr, account: &str) {
        if self.known.len() >= KNOWN_MAX {
            // Half of the places go free at once, so that this is rare.
            let middle = self.logins.saturating_sub(KNOWN_MAX as u64 / 2);
            self.known.retain(|_, login| *login > middle);
        }
        self.logins += 1;
        self.known.insert((Source::of(client), account.to_owned()), self.logins);
    }

    fn make_room(&mut self, now: Time) {
        if self.counts.len() < COUNTERS_MAX {
            return;
        }
        self.counts.retain(|_, count| now.since(count.opened) < WINDOW);
        if self.counts.len() >= COUNTERS_MAX {
            self.counts.clear();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const START: Time = Time(1_800_000_000_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_is_heard_up_to_the_limit() {
        let mut guesses = Guesses::default();
        for account in 0..20 {
            assert_eq!(guesses.wait(START, 20, ip("192.0.2.1"), &format!("a{account}")), None);
            guesses.wrong(START, ip("192.0.2.1"), &format!("a{account}"));
        }
        assert_eq!(guesses.wait(START, 20, ip("192.0.2.1"), "other"), Some(61));
        assert_eq!(guesses.wait(START, 20, ip("192.0.2.2"), "other"), None);
        assert_eq!(guesses.wait(START.after(WINDOW), 20, ip("192.0.2.1"), "other"), None);
    }

    #[test]
    fn an_account_is_counted_over_all_sources_but_its_owner_is_heard() {
        let mut guesses = Guesses::default();
        guesses.right(ip("192.0.2.77"), "bob");
        for source in 0..20_u8 {
            guesses.wrong(START, IpAddr::from([198, 51, 100, source]), "bob");
        }
        assert!(guesses.wait(START, 20, ip("203.0.113.1"), "bob").is_some());
        assert_eq!(guesses.wait(START, 20, ip("192.0.2.77"), "bob"), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let mut guesses = Guesses::default();
        guesses.wrong(START, ip("2001:db8::1"), "a");
        assert!(guesses.wait(START, 1, ip("2001:db8::2"), "b").is_some());
        assert!(guesses.wait(START, 1, ip("2001:db8:0:1::2"), "b").is_none());
        guesses.wrong(START, ip("192.0.2.1"), "c");
        assert!(guesses.wait(START, 1, ip("::ffff:192.0.2.1"), "d").is_some());
    }

    #[test]
    fn tables_are_bounded() {
        let mut guesses = Guesses::default();
        for number in 0..=u32::try_from(COUNTERS_MAX).unwrap() {
            guesses.wrong(START, IpAddr::from(number.to_be_bytes()), &number.to_string());
            guesses.right(IpAddr::from(number.to_be_bytes()), &number.to_string());
            assert!(guesses.counts.len() <= COUNTERS_MAX && guesses.known.len() <= KNOWN_MAX);
        }
    }
}
