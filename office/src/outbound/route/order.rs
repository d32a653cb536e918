//! The order of MX records and of the addresses of a host.

use std::net::IpAddr;
use wire::names::Mx;

/// RFC 5321 §5.1: lower numbers first, and equals in random order, so that each gets its share.
pub(super) fn by_preference(mut listed: Vec<Mx>, random: u64) -> Vec<Mx> {
    // By name before the dice fall: the same records and the same number give the same order, however DNS rotates them.
    listed.sort();
    listed.dedup();
    let mut keyed: Vec<(u16, u64, Mx)> =
        (0u64..).zip(listed).map(|(at, mx)| (mx.preference, scramble(random, at), mx)).collect();
    keyed.sort();
    keyed.into_iter().map(|(_, _, mx)| mx).collect()
}

/// IPv6 and IPv4 by turns, IPv6 first: a family whose network is broken costs one try, not all of them. Each family
/// stays in the order of the resolver (RFC 5321 §5.1).
pub(super) fn by_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut v6 = addresses.iter().filter(|address| address.is_ipv6());
    let mut v4 = addresses.iter().filter(|address| address.is_ipv4());
    let pairs = std::iter::from_fn(|| match (v6.next(), v4.next()) {
        (None, None) => None,
        pair => Some(pair),
    });
    pairs.flat_map(|(v6, v4)| [v6, v4]).flatten().copied().collect()
}

/// The `at`-th number of a sequence without visible pattern that begins at `seed` (the mixing function of SplitMix64).
fn scramble(seed: u64, at: u64) -> u64 {
    let mut x = seed.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
