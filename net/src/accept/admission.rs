//! Who may come in: connections at a time, all together and from one address, and new ones a minute from one address.
//! An address is an IPv4 address or an IPv6 /64, which is what one household or one machine has. Where places are used
//! up, who came in earlier and shows too little for it has to leave (see [`crate::seat`]), so that there is one.

use super::seldom::Seldom;
use crate::seat::Seat;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wire::Time;

/// The period that the rate counts in.
const MINUTE: Duration = Duration::from_secs(60);

/// Addresses remembered before those that no longer matter are looked for and forgotten.
const REMEMBERED_MIN: usize = 1024;

/// How many may have been told to leave and still be on their way out; they are beyond the limits meanwhile.
pub const LEAVING_MAX: u32 = 32;

/// How many have to leave at once when the house is full: looking for them takes as long as looking for one.
const ROOM_AT_ONCE: usize = 16;

/// When nobody could be told to leave, how long it takes until it is tried again: looking costs time, too.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

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
pub struct Admission {
    book: Mutex<Book>,
    /// Connections refused.
    pub(super) refusals: Seldom,
    /// Connections that could not be accepted.
    pub(super) failures: Seldom,
}

#[derive(Debug)]
struct Book {
    limits: Limits,
    open: u32,
    addresses: HashMap<IpAddr, Visitor>,
    places: HashMap<u64, Place>,
    next_place: u64,
    /// Told to leave and not yet gone.
    leaving: u32,
    /// Until then it is of no use to look for somebody who could leave.
    look_again: Time,
    /// When this many addresses are remembered, the forgettable ones are dropped.
    prune_at: usize,
}

/// Who is in.
#[derive(Debug)]
struct Place {
    /// `None` for a client that is free of the limits per address.
    address: Option<IpAddr>,
    seat: Arc<Seat>,
    /// It was told to leave: its place is given away.
    leaving: bool,
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
    number: u64,
    seat: Arc<Seat>,
}

impl Ticket {
    /// Where it is told what comes of the connection.
    #[must_use]
    pub fn seat(&self) -> Arc<Seat> {
        self.seat.clone()
    }
}

impl Admission {
    /// An empty house.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Admission> {
        let book = Mutex::new(Book {
            limits,
            open: 0,
            addresses: HashMap::new(),
            places: HashMap::new(),
            next_place: 0,
            leaving: 0,
            look_again: Time::default(),
            prune_at: REMEMBERED_MIN,
        });
        Arc::new(Admission { book, refusals: Seldom::default(), failures: Seldom::default() })
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

    /// Lets a connection in, or says why not. A trusted client is counted in the total only. Where there is no place,
    /// others are told to leave, if any may be.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn admit(self: &Arc<Self>, client: IpAddr, trusted: bool, now: Time) -> Result<Ticket, Refused> {
        let mut book = self.book();
        let address = (!trusted).then(|| household(client));
        let expected_us = address.map(|address| book.arrival_after(address, now)).transpose()?;
        if let Some(address) = address
            && book.is_full_for(address)
            && !book.part_with(1, now, |place| place.address == Some(address))
        {
            return Err(Refused::AddressFull);
        }
        if book.open >= book.limits.total && !book.make_room(now) {
            return Err(Refused::Full);
        }
        if let (Some(address), Some(expected_us)) = (address, expected_us) {
            let visitor = book.addresses.entry(address).or_default();
            visitor.expected_us = expected_us;
            visitor.open += 1;
        }
        book.open += 1;
        let (number, seat) = book.seat(address, now);
        Ok(Ticket { admission: self.clone(), number, seat })
    }

    /// Tells some of those who show the least to leave, since the system has run out of something; whether anybody had
    /// to.
    pub fn make_room(&self, now: Time) -> bool {
        self.book().make_room(now)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// When one more connection from this address would have been expected next (the generic cell rate algorithm), in
    /// microseconds.
    fn arrival_after(&mut self, address: IpAddr, now: Time) -> Result<u64, Refused> {
        let now_us = now.0.saturating_mul(1000);
        if self.addresses.len() >= self.prune_at {
            self.addresses.retain(|_, visitor| visitor.open > 0 || visitor.expected_us > now_us);
            self.prune_at = REMEMBERED_MIN.max(self.addresses.len() * 2);
        }
        let minute_us = u64::try_from(MINUTE.as_micros()).unwrap_or(u64::MAX);
        let interval_us = minute_us / u64::from(self.limits.per_minute.max(1));
        let expected_us = self.addresses.get(&address).map_or(0, |visitor| visitor.expected_us).max(now_us);
        if expected_us - now_us > minute_us - interval_us {
            return Err(Refused::TooFast);
        }
        Ok(expected_us + interval_us)
    }

    fn is_full_for(&self, address: IpAddr) -> bool {
        self.addresses.get(&address).map_or(0, |visitor| visitor.open) >= self.limits.per_address
    }

    /// Books a place.
    fn seat(&mut self, address: Option<IpAddr>, now: Time) -> (u64, Arc<Seat>) {
        let (number, seat) = (self.next_place, Seat::new(now));
        self.next_place += 1;
        self.places.insert(number, Place { address, seat: seat.clone(), leaving: false });
        (number, seat)
    }

    /// Makes room in the house. When that was tried in vain just now it is not tried again.
    fn make_room(&mut self, now: Time) -> bool {
        if now < self.look_again {
            return false;
        }
        let parted = self.part_with(ROOM_AT_ONCE, now, |_| true);
        if !parted {
            self.look_again = now.after(LOOK_AGAIN);
        }
        parted
    }

    /// Tells up to `count` of those who have the least claim to their places to leave; whether anybody had to.
    fn part_with(&mut self, count: usize, now: Time, who: impl Fn(&Place) -> bool) -> bool {
        let count = count.min(LEAVING_MAX.saturating_sub(self.leaving) as usize);
        let claims = self.places.iter().filter(|(_, place)| !place.leaving && who(place));
        let mut claims: Vec<_> = claims.filter_map(|(number, place)| Some((place.seat.claim(now)?, *number))).collect();
        if claims.len() > count {
            claims.select_nth_unstable(count);
        }
        let mut parted = false;
        for (_, number) in claims.into_iter().take(count) {
            let Some(place) = self.places.get_mut(&number).filter(|place| place.seat.dismiss()) else { continue };
            place.leaving = true;
            let address = place.address;
            self.leaving += 1;
            self.give_back(address);
            parted = true;
        }
        parted
    }

    /// A place is free again.
    fn give_back(&mut self, address: Option<IpAddr>) {
        self.open = self.open.saturating_sub(1);
        if let Some(visitor) = address.and_then(|address| self.addresses.get_mut(&address)) {
            visitor.open = visitor.open.saturating_sub(1);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut book = self.admission.book();
        match book.places.remove(&self.number) {
            Some(place) if place.leaving => book.leaving = book.leaving.saturating_sub(1),
            Some(place) => book.give_back(place.address),
            None => {}
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
    use wire::Standing;

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

    fn at(second: u64) -> Time {
        NOW.after(Duration::from_secs(second))
    }

    #[test]
    fn where_places_are_used_up_who_shows_least_has_to_leave() {
        let admission = Admission::new(Limits { total: 3, per_address: 2, per_minute: 1000 });
        let silent = admission.admit(ip("192.0.2.1"), false, at(0)).unwrap();
        let busy = admission.admit(ip("192.0.2.1"), false, at(0)).unwrap();
        silent.seat().rest(Standing::Stranger);
        assert_eq!(admission.admit(ip("192.0.2.1"), false, at(0)).unwrap_err(), Refused::AddressFull, "too soon");
        let next = admission.admit(ip("192.0.2.1"), false, at(1)).unwrap();
        assert!(!silent.seat().rise() && busy.seat().rise(), "who was silent has to leave");
        assert_eq!(admission.open(), 2);
        next.seat().rest(Standing::Stranger);
        let _known = admission.admit(ip("192.0.2.2"), false, at(1)).unwrap();
        assert_eq!(admission.admit(ip("192.0.2.3"), false, at(1)).unwrap_err(), Refused::Full);
        let _other = admission.admit(ip("192.0.2.3"), false, at(2)).unwrap();
        assert!(!next.seat().rise(), "of another address, when the house is full");
        drop((silent, next));
        assert_eq!(admission.open(), 3);
        let book = admission.book();
        assert_eq!((book.leaving, book.places.len()), (0, 3));
    }

    #[test]
    fn no_more_leave_at_once_than_may_be_on_their_way_out() {
        let many = LEAVING_MAX + 10;
        let admission = Admission::new(Limits { total: many, per_address: many, per_minute: 1000 });
        let admit = |second| admission.admit(ip("192.0.2.1"), true, at(second));
        let crowd: Vec<Ticket> = (0..many).map(|_| admit(0).unwrap()).collect();
        crowd.iter().for_each(|ticket| ticket.seat().rest(Standing::Stranger));
        let first = admit(5).unwrap();
        assert_eq!(admission.book().leaving as usize, ROOM_AT_ONCE);
        let guests: Vec<_> = (1..LEAVING_MAX).map(|_| admit(5).unwrap()).collect();
        assert_eq!(admission.book().leaving, LEAVING_MAX);
        assert_eq!(admit(5).unwrap_err(), Refused::Full);
        drop(crowd);
        assert_eq!(admission.open(), LEAVING_MAX);
        drop((first, guests));
        assert_eq!((admission.open(), admission.book().leaving), (0, 0));
    }

    #[test]
    fn looking_for_somebody_in_vain_is_not_repeated_at_once() {
        let admission = Admission::new(Limits { total: 1, per_address: 1, per_minute: 1000 });
        let only = admission.admit(ip("192.0.2.1"), false, at(0)).unwrap();
        assert!(!admission.make_room(at(5)), "it is busy");
        only.seat().rest(Standing::Stranger);
        assert!(!admission.make_room(at(5).after(LOOK_AGAIN - Duration::from_millis(1))));
        assert!(admission.make_room(at(5).after(LOOK_AGAIN)));
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
