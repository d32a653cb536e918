//! How many wrong guesses a client has, by its address and by the name it tries. Owns the counting: a guess is
//! counted before it is checked, so that many at once gain nothing, and taken back when it was right. Knows no
//! password and no account.

use message::Time;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

/// Seconds that a wrong guess counts.
pub(super) const WINDOW_S: u32 = 60;
/// Guesses a minute at most, whatever the configuration says: each takes eight octets while it counts, and more a
/// minute are no limit any more.
pub(super) const GUESSES_MAX: u32 = 1000;
/// Addresses, and as many names, that are counted at a time: some megabytes with the usual limit. When there are
/// more, the one with the fewest guesses is forgotten.
pub(super) const ROWS_MAX: usize = 16_384;

/// Whom an address counts as: itself in IPv4, its /64 in IPv6, where one customer has all of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// An IPv4 address.
    V4(u32),
    /// The first 64 bits of an IPv6 address (RFC 6177 §2: a site gets at least that).
    V6(u64),
}

/// A name as it is counted: a hash of it.
pub(super) type NameKey = [u8; 32];

/// Whose guess it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// From where.
    pub client: Client,
    /// For whom, existing or not.
    pub name: NameKey,
    /// This client has logged in to this account before: it is counted but never refused.
    pub known: bool,
    /// Guesses a minute.
    pub limit: u32,
}

/// The counts.
#[derive(Default)]
pub(super) struct Guesses {
    clients: Table<Client>,
    names: Table<NameKey>,
}

/// When guesses were made, the oldest first.
struct Table<K>(HashMap<K, VecDeque<Time>>);

impl<K> Default for Table<K> {
    fn default() -> Table<K> {
        Table(HashMap::new())
    }
}

impl Client {
    /// Whom an address counts as.
    #[must_use]
    pub fn of(address: IpAddr) -> Client {
        match address.to_canonical() {
            IpAddr::V4(address) => Client::V4(address.to_bits()),
            IpAddr::V6(address) => Client::V6((address.to_bits() >> 64) as u64),
        }
    }
}

impl Guesses {
    /// Whether the guess may be made now; else the seconds until it may. Counts nothing.
    pub fn may_try(&self, now: Time, guess: &Guess) -> Result<(), u32> {
        if guess.known {
            return Ok(());
        }
        let limit = limit_of(guess);
        let waits = [self.clients.wait_s(now, guess.client, limit), self.names.wait_s(now, guess.name, limit)];
        waits.into_iter().flatten().max().map_or(Ok(()), Err)
    }

    /// The same, and counts it.
    pub fn begin(&mut self, now: Time, guess: &Guess) -> Result<(), u32> {
        self.may_try(now, guess)?;
        let limit = limit_of(guess);
        self.clients.add(now, guess.client, limit);
        self.names.add(now, guess.name, limit);
        Ok(())
    }

    /// A guess begun at this time was right after all.
    pub fn take_back(&mut self, begun: Time, guess: &Guess) {
        self.clients.take_back(begun, guess.client);
        self.names.take_back(begun, guess.name);
    }
}

fn limit_of(guess: &Guess) -> usize {
    guess.limit.clamp(1, GUESSES_MAX) as usize
}

fn ends(guess: Time) -> Time {
    guess.after(Duration::from_secs(u64::from(WINDOW_S)))
}

impl<K: Copy + Eq + Hash> Table<K> {
    /// Seconds until the next guess of this row, when there were too many.
    fn wait_s(&self, now: Time, key: K, limit: usize) -> Option<u32> {
        let times = self.0.get(&key)?;
        // The guess that has to be past before another may be made.
        let oldest = times.len().checked_sub(limit).and_then(|at| times.get(at))?;
        let left = ends(*oldest).since(now).as_millis();
        (left > 0).then(|| u32::try_from(left.div_ceil(1000)).unwrap_or(WINDOW_S))
    }

    fn add(&mut self, now: Time, key: K, limit: usize) {
        if !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let times = self.0.entry(key).or_default();
        while times.len() >= limit || times.front().is_some_and(|time| ends(*time) <= now) {
            times.pop_front();
        }
        times.push_back(now);
    }

    fn take_back(&mut self, begun: Time, key: K) {
        let Some(times) = self.0.get_mut(&key) else { return };
        if let Some(at) = times.iter().rposition(|time| *time == begun) {
            times.remove(at);
        }
        if times.is_empty() {
            self.0.remove(&key);
        }
    }

    fn make_room(&mut self, now: Time) {
        if self.0.len() < ROWS_MAX {
            return;
        }
        self.0.retain(|_, times| times.back().is_some_and(|time| ends(*time) > now));
        if self.0.len() < ROWS_MAX {
            return;
        }
        // One with many guesses stays, so that trying names or addresses at random frees nobody.
        let least = self.0.iter().min_by_key(|(_, times)| (times.len(), times.back().copied()));
        if let Some(key) = least.map(|(key, _)| *key) {
            self.0.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LIMIT: u32 = 20;
    const NOW: Time = Time(1_700_000_000_000);

    fn guess(client: u32, name: u8) -> Guess {
        Guess { client: Client::V4(client), name: [name; 32], known: false, limit: LIMIT }
    }

    fn later(seconds: u64) -> Time {
        NOW.after(Duration::from_secs(seconds))
    }

    #[test]
    fn an_address_has_so_many_guesses_a_minute_and_no_more() {
        let mut guesses = Guesses::default();
        for name in 0..20 {
            guesses.begin(later(u64::from(name)), &guess(1, name)).unwrap();
        }
        assert_eq!(guesses.begin(later(20), &guess(1, 99)), Err(40));
        guesses.begin(later(20), &guess(2, 99)).unwrap();
        assert_eq!(guesses.begin(Time(later(60).0 - 1), &guess(1, 98)), Err(1));
        guesses.begin(later(60), &guess(1, 98)).unwrap();
        assert_eq!(guesses.begin(later(60), &guess(1, 98)), Err(1), "the second of them counts until then");
    }

    #[test]
    fn a_name_has_so_many_guesses_from_anywhere() {
        let mut guesses = Guesses::default();
        for client in 0..20 {
            guesses.begin(NOW, &guess(client, 7)).unwrap();
        }
        assert_eq!(guesses.may_try(NOW, &guess(99, 7)), Err(60));
        guesses.may_try(NOW, &guess(99, 8)).unwrap();
    }

    #[test]
    fn who_is_known_is_counted_but_not_refused() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            guesses.begin(NOW, &Guess { known: true, ..guess(1, 7) }).unwrap();
        }
        assert_eq!(guesses.begin(NOW, &guess(1, 7)), Err(60));
    }

    #[test]
    fn what_was_right_does_not_count() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            guesses.begin(NOW, &guess(1, 7)).unwrap();
            guesses.take_back(NOW, &guess(1, 7));
        }
        assert!(guesses.clients.0.is_empty());
        assert!(guesses.names.0.is_empty());
    }

    #[test]
    fn the_limit_itself_has_limits() {
        let tries = |limit: u32| {
            let mut guesses = Guesses::default();
            (0..2000).take_while(|_| guesses.begin(NOW, &Guess { limit, ..guess(1, 7) }).is_ok()).count()
        };
        assert_eq!((tries(0), tries(1), tries(2)), (1, 1, 2));
        assert_eq!((tries(GUESSES_MAX), tries(GUESSES_MAX + 1)), (1000, 1000));
    }

    #[test]
    fn a_lower_limit_holds_at_once() {
        let mut guesses = Guesses::default();
        for second in 0..20 {
            guesses.begin(later(second), &guess(1, 7)).unwrap();
        }
        assert_eq!(guesses.begin(later(20), &Guess { limit: 5, ..guess(1, 7) }), Err(55));
    }

    #[test]
    fn so_many_rows_are_kept_and_the_busiest_stay() {
        let mut guesses = Guesses::default();
        for _ in 0..20 {
            guesses.begin(NOW, &guess(0, 0)).unwrap();
        }
        let rows = u32::try_from(ROWS_MAX).unwrap();
        for client in 1..rows {
            guesses.clients.add(NOW, Client::V4(client), 20);
        }
        assert_eq!(guesses.clients.0.len(), ROWS_MAX);
        guesses.clients.add(NOW, Client::V4(rows), 20);
        assert_eq!(guesses.clients.0.len(), ROWS_MAX);
        assert_eq!(guesses.begin(NOW, &guess(0, 9)), Err(60));
        guesses.clients.add(later(60), Client::V4(rows + 1), 20);
        assert_eq!(guesses.clients.0.len(), 1, "what does not count any more goes first");
    }

    #[test]
    fn an_ipv6_customer_is_one_client() {
        let client = |text: &str| Client::of(text.parse().unwrap());
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:0:0:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("192.0.2.2"), client("192.0.2.1"));
    }
}
