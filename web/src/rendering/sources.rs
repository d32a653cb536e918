//! Where pictures come from. Owns what becomes of each address: a part of the message itself is shown, `data:` is shown
//! when it holds a picture, other hosts are asked only after the reader allowed it, tracking pixels never, the reader's
//! own network never. Does not own the bytes of pictures (`pictures`) or the addresses of parts (`signed`).

use super::hosts;
use super::pictures;
use ammonia::Url;
use base64::Engine as _;
use std::collections::{BTreeSet, HashMap};

/// Octets of one address on another host.
pub const ADDRESS_MAX: usize = 8 * 1024;
/// Octets of all `data:` pictures of a message, encoded: they are in the message's own octets already.
pub const DATA_MAX: usize = 2 * 1024 * 1024;
/// Hosts of trackers and of blocked pictures that are named.
pub const HOSTS_MAX: usize = 50;

/// What decides about pictures, and what it saw.
#[derive(Debug)]
pub struct Sources<'c> {
    /// Where each `cid:` is shown from, by its id without brackets.
    parts: &'c HashMap<String, String>,
    allow_remote: bool,
    /// Pictures of other hosts that are there, shown or not.
    pub remote: usize,
    /// Tracking pixels left out.
    pub trackers: usize,
    /// Hosts of trackers.
    pub tracker_hosts: BTreeSet<String>,
    /// Hosts of the other pictures.
    pub remote_hosts: BTreeSet<String>,
    data_octets: usize,
}

impl<'c> Sources<'c> {
    /// For one message.
    #[must_use]
    pub fn new(parts: &'c HashMap<String, String>, allow_remote: bool) -> Sources<'c> {
        Sources {
            parts,
            allow_remote,
            remote: 0,
            trackers: 0,
            tracker_hosts: BTreeSet::new(),
            remote_hosts: BTreeSet::new(),
            data_octets: 0,
        }
    }

    /// The address a picture is shown from. `hidden` where nobody could see it.
    pub fn picture(&mut self, address: &str, hidden: bool) -> Option<String> {
        let address = address.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
        if let Some(id) = strip_scheme(address, "cid:") {
            return self.part(id);
        }
        if let Some(data) = strip_scheme(address, "data:") {
            return self.data(data);
        }
        self.remote(address, hidden)
    }

    /// The address of a picture behind text.
    pub fn background(&mut self, address: &str) -> Option<String> {
        self.picture(address, false)
    }

    /// RFC 2392 §2: `cid:` is the Content-ID with what URLs escape escaped.
    fn part(&mut self, id: &str) -> Option<String> {
        let id = percent_decoded(id);
        self.parts.get(id.trim_matches(['<', '>'])).cloned()
    }

    /// RFC 2397 §2, for pictures in base64 only; written anew, of the type that the octets are.
    fn data(&mut self, data: &str) -> Option<String> {
        let (kind, body) = data.split_once(',')?;
        kind.get(kind.len().checked_sub(7)?..)?.eq_ignore_ascii_case(";base64").then_some(())?;
        self.data_octets += body.len();
        if self.data_octets > DATA_MAX {
            return None;
        }
        let body: Vec<u8> = percent_decoded(body).bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=').collect();
        let octets = base64::engine::general_purpose::STANDARD_NO_PAD.decode(&body).ok()?;
        let kind = pictures::kind(&octets)?;
        Some(format!("data:{kind};base64,{}", base64::engine::general_purpose::STANDARD.encode(&octets)))
    }

    fn remote(&mut self, address: &str, hidden: bool) -> Option<String> {
        if address.len() > ADDRESS_MAX {
            return None;
        }
        let address = if address.starts_with("//") { format!("https:{address}") } else { address.to_owned() };
        let mut url = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str()?.to_owned();
        if hidden || is_tracker(&url) {
            self.trackers += 1;
            note(&mut self.tracker_hosts, host);
            return None;
        }
        if hosts::is_local(&url) || !hosts::is_plain(&url) {
            return None;
        }
        self.remote += 1;
        note(&mut self.remote_hosts, host);
        // Whoever listens on the way would see what is read, and the page's policy asks for TLS.
        let _ = url.set_scheme("https");
        let _ = url.set_username("");
        let _ = url.set_password(None);
        self.allow_remote.then(|| url.into())
    }
}

fn note(hosts: &mut BTreeSet<String>, host: String) {
    if hosts.len() < HOSTS_MAX {
        hosts.insert(host);
    }
}

/// What stands after a scheme, in any case, as long as nothing odd stands in it.
fn strip_scheme<'a>(address: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = address.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut octets = text.as_bytes();
    while let Some((first, rest)) = octets.split_first() {
        let escaped = (*first == b'%').then(|| rest.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(octet) => {
                out.push(octet);
                octets = rest.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                octets = rest;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Ends of paths that only count who opens a message.
const TRACKING_PATHS: &[&str] = &[
    "/beacon",
    "/o.gif",
    "/open",
    "/open.aspx",
    "/open.gif",
    "/open.php",
    "/open.png",
    "/opened",
    "/pixel",
    "/pixel.gif",
    "/pixel.png",
    "/px.gif",
    "/t.gif",
    "/track.gif",
    "/track.png",
    "/tracking.gif",
    "/tracking.png",
    "/trackopen",
    "/wf/open",
];
/// Pieces of paths that only trackers have.
const TRACKING_PIECES: &[&str] =
    &["/e2t/to/", "/email-open", "/emailopen", "/open/track", "/track/open", "/trk/open", "/wf/open"];
/// Hosts that do nothing else.
const TRACKING_HOSTS: &[&str] = &["mailtrack.io", "mltrk.io", "t.sidekickopen.com", "track.customer.io", "yesware.com"];

/// Whether the address is one that counts who opens a message, by its form.
fn is_tracker(url: &Url) -> bool {
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    let host = url.host_str().unwrap_or_default();
    TRACKING_PATHS.iter().any(|end| path.ends_with(end))
        || TRACKING_PIECES.iter().any(|piece| path.contains(piece))
        || TRACKING_HOSTS.iter().any(|own| hosts::is_within(host, own))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PIXEL: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

    fn shown(address: &str, allow: bool) -> (Option<String>, usize, usize) {
        let parts = HashMap::from([("logo@crepes.fr".to_owned(), "/render/x".to_owned())]);
        let mut sources = Sources::new(&parts, allow);
        let shown = sources.picture(address, false);
        (shown, sources.remote, sources.trackers)
    }

    #[test]
    fn shows_parts_of_the_message() {
        for id in ["cid:logo@crepes.fr", "CID:logo%40crepes.fr", " cid:<logo@crepes.fr>"] {
            assert_eq!(shown(id, false).0.as_deref(), Some("/render/x"), "{id}");
        }
        assert_eq!(shown("cid:other@crepes.fr", true), (None, 0, 0));
    }

    #[test]
    fn shows_data_that_is_a_picture() {
        let plain = format!("data:image/gif;base64,{PIXEL}");
        assert_eq!(shown(&plain, false).0.as_deref(), Some(plain.as_str()));
        let claimed = format!("DATA:image/svg+xml;charset=x;BASE64,{PIXEL}");
        assert_eq!(shown(&claimed, false).0, Some(plain));
        for bad in [
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:text/html,<script>",
            "data:image/gif,GIF89a",
            "data:",
            "data:;base64",
        ] {
            assert_eq!(shown(bad, true).0, None, "{bad}");
        }
    }

    #[test]
    fn asks_other_hosts_only_when_allowed() {
        for (address, as_shown) in [
            ("http://crepes.fr/a.png", "https://crepes.fr/a.png"),
            ("//crepes.fr/a.png", "https://crepes.fr/a.png"),
            ("https://user:word@crepes.fr/a b.png", "https://crepes.fr/a%20b.png"),
        ] {
            assert_eq!(shown(address, false), (None, 1, 0), "{address}");
            assert_eq!(shown(address, true).0.as_deref(), Some(as_shown));
        }
    }

    #[test]
    fn never_asks_these() {
        for address in [
            "a.png",
            "/a.png",
            "javascript:x",
            "file:///etc/passwd",
            "https://localhost/",
            "https://10.0.0.1/a",
            "https://0x7f.1/",
            "https://[::1]/",
            "ftp://crepes.fr/",
            "blob:x",
            "https://router/",
        ] {
            assert_eq!(shown(address, true), (None, 0, 0), "{address}");
        }
        for address in [
            "https://crepes.fr/wf/open?u=1",
            "https://crepes.fr/track/open.php?x",
            "https://x.mailtrack.io/a.png",
            "http://crepes.fr/Open.aspx?a=b",
        ] {
            assert_eq!(shown(address, true), (None, 0, 1), "{address}");
        }
        let long = format!("https://crepes.fr/{}", "x".repeat(ADDRESS_MAX - 18));
        assert_eq!(shown(&long, true).1, 1);
        assert_eq!(shown(&format!("{long}x"), true).1, 0);
    }

    #[test]
    fn data_is_taken_up_to_the_limit() {
        let parts = HashMap::new();
        let mut sources = Sources::new(&parts, false);
        let padded = format!("data:image/gif;base64,{}", "R0lGODlh".repeat(DATA_MAX / 8));
        assert!(sources.picture(&padded, false).is_some());
        assert!(sources.picture(&format!("data:image/gif;base64,{PIXEL}"), false).is_none());
    }
}
