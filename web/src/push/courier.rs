//! Carrying a message to a push service (RFC 8030 §5). Owns the seam to whoever connects, and which URLs may be written to at
//! all; the addresses behind a name are for who connects to check with [`is_public`].

use std::net::IpAddr;
use std::pin::Pin;

/// Octets of a URL: those of push services have some hundred.
pub const URL_OCTETS_MAX: usize = 2048;

/// What is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Where to.
    pub url: String,
    /// Names and values of the fields.
    pub fields: Vec<(&'static str, String)>,
    /// The octets.
    pub body: Vec<u8>,
}

/// What came of it.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The service answered with this status; the next may come after so many seconds, where it said.
    Answered {
        /// Of RFC 9110.
        status: u16,
        /// In seconds.
        retry_after_s: Option<u32>,
    },
    /// It could not be reached.
    Unreachable,
    /// It may not be written to: it is one of our own, or no public address.
    Forbidden,
}

/// A letter under way.
pub type Posting = Pin<Box<dyn Future<Output = Carried> + Send>>;

/// Whoever connects to push services.
pub trait Courier: Send + Sync {
    /// Posts a letter, within a time of the courier's own.
    fn post(&self, letter: Letter) -> Posting;

    /// Whether addresses that are not public may be written to: for houses that keep to themselves, and tests.
    fn allows_private(&self) -> bool {
        false
    }
}

/// Whether a URL may be subscribed with (RFC 8620 §7.2): `https`, with a host, and without a user in it. That of a host by
/// address has to be public, and plain `http` will do, only where private ones are allowed.
#[must_use]
pub fn may_post(url: &str, allows_private: bool) -> bool {
    let secure = url.strip_prefix("https://");
    let Some(rest) = secure.or_else(|| url.strip_prefix("http://").filter(|_| allows_private)) else { return false };
    let printable = url.bytes().all(|octet| octet.is_ascii_graphic());
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = host_of(authority);
    if url.len() > URL_OCTETS_MAX || !printable || host.is_empty() || authority.contains('@') {
        return false;
    }
    allows_private || is_public_host(host)
}

/// Names below which nothing of the public Internet is: this machine (RFC 6761 §6.3), and what home and company networks
/// call their own.
const INSIDE: [&str; 4] = ["localhost", "local", "home.arpa", "internal"];

/// Whether a host may be one of the public Internet, by how it is written. A last label that is a number makes a host an
/// address, of which other spellings than the usual one (`127.1`, `0x7f.1`, `0177.0.0.1`) are for no honest client.
fn is_public_host(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[') {
        let address = v6.strip_suffix(']').and_then(|v6| v6.parse::<IpAddr>().ok());
        return address.is_some_and(is_public);
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if let Ok(address) = host.parse() {
        return is_public(address);
    }
    let named = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    let is_number = last.starts_with("0x") || last.bytes().all(|octet| octet.is_ascii_digit());
    let below = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    host.bytes().all(named) && !host.contains("..") && !is_number && !INSIDE.into_iter().any(below)
}

fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether an address is one of the public Internet: not of this machine, of a private network, or of no host at all. What
/// a client names must not lead it to what only we can reach.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let special = v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified();
            let none = v4.is_broadcast() || v4.is_multicast() || v4.is_documentation() || a == 0 || a >= 240;
            // RFC 6598, RFC 6890 §2.2.2, RFC 2544.
            let shared = a == 100 && (64..128).contains(&b);
            let others = (a == 192 && b == 0 && c == 0) || (a == 198 && (b == 18 || b == 19));
            !(special || none || shared || others)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            let first = v6.segments()[0];
            // RFC 4291 §2.4: global unicast is 2000::/3; RFC 3849 and the tunnels of RFC 3056 and RFC 4380 are not for this.
            let global = first & 0xe000 == 0x2000;
            let documentation = first == 0x2001 && v6.segments()[1] == 0x0db8;
            let tunnel = first == 0x2002 || (first == 0x2001 && v6.segments()[1] == 0);
            global && !documentation && !tunnel
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_public_https_is_written_to() {
        for good in [
            "https://push.example.com/x?y#z",
            "https://push.example.com:8443",
            "https://1.1.1.1/",
            "https://[2606:4700::1]/",
            "https://push.example.com./x",
            "https://notlocalhost.example/",
            "https://fcm.0x.example/",
        ] {
            assert!(may_post(good, false), "{good}");
        }
        for bad in [
            "http://push.example.com/",
            "ftp://x.example",
            "https://",
            "https:///x",
            "https://user@push.example.com/",
            "https://localhost/",
            "https://a.localhost/",
            "https://printer.local/",
            "https://intranet/",
            "https://127.0.0.1/",
            "https://10.0.0.1:80/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://push.example.com/a b",
            "https://100.64.0.1/",
            "https://[fd00::1]/",
            "https://0.0.0.0/",
            "https://localhost./",
            "https://LOCALHOST/",
            "https://a.Localhost.:443/",
            "https://127.0.0.1./",
            "https://127.1/",
            "https://0x7f.1/",
            "https://0x7f.0x0.0x0.0x1/",
            "https://127.0.0.0x1/",
            "https://0177.0.0.1/",
            "https://2130706433/",
            "https://1.2130706433/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::127.0.0.1]/",
            "https://[fe80::1%25eth0]/",
            "https://[::1/",
            "https://%6cocalhost.example/",
            "https://printer.home.arpa/",
            "https://metadata.google.internal/",
            "https://push.example..com/",
            "https://push.example.com\\@127.0.0.1/",
        ] {
            assert!(!may_post(bad, false), "{bad}");
        }
        assert!(may_post("http://127.0.0.1:1/", true) && may_post("https://localhost/", true));
        let long = |octets: usize| format!("https://a.b/{}", "x".repeat(octets - 12));
        assert!(may_post(&long(URL_OCTETS_MAX), false) && !may_post(&long(URL_OCTETS_MAX + 1), false));
    }

    #[test]
    fn addresses_that_lead_inside_are_not_public() {
        for inside in [
            "192.168.1.1",
            "172.16.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "::",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "172.32.0.1", "2a00:1450::1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }
}
