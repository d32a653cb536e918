//! Where links of a message lead. Owns which addresses a link may have, and what is to be said of one: that its text shows
//! another host than it leads to, that its name is written with letters of another alphabet, that it names no host but an
//! IP address, that what looks like its host is a user's name.

use super::hosts;
use ammonia::Url;
use ammonia::url::Host;
use message::Domain;

/// Octets of an address that a link may have.
pub const ADDRESS_MAX: usize = 8 * 1024;
/// Links of a message that are told of.
pub const LINKS_MAX: usize = 1_000;
/// Characters of a link's text that are told.
pub const TEXT_MAX: usize = 200;

/// What is to be said of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Warning {
    /// The text shows one host, the link leads to another.
    OtherHost,
    /// The host is written in letters beyond ASCII.
    Punycode,
    /// The host mixes alphabets.
    MixedScript,
    /// The host is a number.
    IpHost,
    /// What stands before an `@` looks like a host.
    UserInfo,
    /// The host looks like one that many trust.
    LookAlike,
}

/// A link of a message.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// The host it leads to, as people read it; empty for `mailto:` and `tel:`.
    pub host: String,
    /// Its text, shortened.
    pub text: String,
    /// What is to be said of it.
    pub warnings: Vec<Warning>,
}

/// The address of a link, written as browsers understand it. `None` for what no link may have: `javascript:`, `data:`,
/// `file:`, relative addresses (there is nothing they could be relative to).
#[must_use]
pub fn address(href: &str) -> Option<String> {
    let href = href.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
    if href.len() > ADDRESS_MAX {
        return None;
    }
    let with_scheme = if href.starts_with("//") { format!("https:{href}") } else { href.to_owned() };
    let url = Url::parse(&with_scheme).ok()?;
    match url.scheme() {
        "http" | "https" | "ftp" => hosts::is_plain(&url).then(|| url.into()),
        "mailto" | "tel" | "sms" => Some(String::from(url).replace('\'', "%27")),
        _ => None,
    }
}

/// An anchor within the message.
#[must_use]
pub fn anchor(href: &str) -> Option<String> {
    let name = href.trim().strip_prefix('#')?;
    super::names::prefixed(name).map(|name| format!("#{name}"))
}

/// A link of this address, with what is to be said of it. `trusted` are domains that a stranger would like to look like.
#[must_use]
pub fn link(href: String, text: &str, trusted: &[Domain]) -> Link {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let url = Url::parse(&href).ok();
    let host = url.as_ref().and_then(Url::host_str).map(hosts::idna_text).unwrap_or_default();
    let mut warnings = url.as_ref().map(|url| of_host(url, &host, trusted)).unwrap_or_default();
    if !host.is_empty() && shown_host(&text).is_some_and(|shown| !hosts::are_kin(&shown, &host)) {
        warnings.push(Warning::OtherHost);
    }
    warnings.sort_unstable();
    Link { href, host, text: text.chars().take(TEXT_MAX).collect(), warnings }
}

fn of_host(url: &Url, shown: &str, trusted: &[Domain]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !url.username().is_empty() || url.password().is_some() {
        warnings.push(Warning::UserInfo);
    }
    match url.host() {
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => warnings.push(Warning::IpHost),
        Some(Host::Domain(name)) => {
            if !shown.is_ascii() || name.split('.').any(|label| label.starts_with("xn--")) {
                warnings.push(Warning::Punycode);
            }
            if hosts::mixes_scripts(shown) {
                warnings.push(Warning::MixedScript);
            }
            if trusted.iter().any(|own| hosts::looks_like(name, own)) {
                warnings.push(Warning::LookAlike);
            }
        }
        None => {}
    }
    warnings
}

/// The host that a text shows, where it is written like an address of the web: `https://crepes.fr/menu`, `www.crepes.fr`.
#[must_use]
pub fn shown_host(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches(['<', '(', '"', '\'']);
    let word = text.split_whitespace().next()?;
    let after_scheme = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = word.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let host = after_scheme
        .unwrap_or(word)
        .split(['/', '?', '#', ':', '>', '"', ')', '\'', ','])
        .next()?
        .trim_end_matches('.');
    let host = host.rsplit('@').next()?;
    let is_name = host.contains('.') && Domain::parse(host).is_ok_and(|domain| has_top(domain.as_str()));
    let counts = after_scheme.is_some() || text.split_whitespace().count() == 1 && !word.contains('@');
    (is_name && counts).then(|| hosts::idna_text(host))
}

/// Tops of names that a word with a dot in it is likely to have: `report.pdf` and `node.js` are not hosts.
const TOPS: &[&str] = &[
    "app", "at", "au", "be", "biz", "br", "ca", "ch", "cn", "co", "com", "cz", "de", "dev", "dk", "edu", "es", "eu",
    "fi", "fr", "gov", "gr", "hu", "ie", "in", "info", "int", "io", "it", "jp", "kr", "me", "mx", "net", "nl", "no",
    "nz", "online", "org", "pl", "pt", "ro", "ru", "se", "shop", "site", "tr", "tv", "ua", "uk", "us", "xyz", "za",
];

fn has_top(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|top| TOPS.contains(&top) || top.starts_with("xn--"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn warnings(href: &str, text: &str) -> Vec<Warning> {
        link(address(href).unwrap(), text, &[Domain::parse("hamburger.edu").unwrap()]).warnings
    }

    #[test]
    fn refuses_what_runs_or_reads() {
        for bad in [
            "javascript:alert(1)",
            " java\nscript:alert(1)",
            "JaVaScRiPt:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:x",
            "about:blank",
            "intent:x",
            "menu",
            "/menu",
            "http://",
            "\u{1}javascript:x",
            "view-source:http://a.b/",
            "filesystem:http://a.b/",
            "ms-msdt:/id x",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
        let long = format!("https://crepes.fr/{}", "x".repeat(ADDRESS_MAX - 18));
        assert!(address(&long).is_some());
        assert!(address(&format!("{long}x")).is_none());
    }

    #[test]
    fn takes_what_leads_somewhere() {
        for (href, shown) in [
            ("https://crepes.fr", "https://crepes.fr/"),
            (" HTTP://Crepes.FR/a b", "http://crepes.fr/a%20b"),
            ("//crepes.fr/x", "https://crepes.fr/x"),
            ("mailto:bob@crepes.fr", "mailto:bob@crepes.fr"),
            ("tel:+49123", "tel:+49123"),
        ] {
            assert_eq!(address(href).as_deref(), Some(shown));
        }
        assert_eq!(anchor("#top").as_deref(), Some("#m-top"));
        assert_eq!(anchor("#a b"), None);
    }

    #[test]
    fn warns() {
        for (href, text, expected) in [
            ("https://crepes.fr/x", "https://www.crepes.fr/menu", vec![]),
            ("https://crepes.fr/x", "Our menu", vec![]),
            ("https://crepes.fr/x", "report.pdf", vec![]),
            ("https://evil.com/x", "https://crepes.fr/menu", vec![Warning::OtherHost]),
            ("https://evil.com/x", "www.crepes.fr", vec![Warning::OtherHost]),
            ("https://evil.com/x", " HTTPS://CREPES.FR now", vec![Warning::OtherHost]),
            ("http://3232235777/", "pay", vec![Warning::IpHost]),
            ("https://crepes.fr@evil.com/", "pay", vec![Warning::UserInfo]),
            ("https://münchen.de/", "x", vec![Warning::Punycode]),
            ("https://hаmburger.edu/", "x", vec![Warning::Punycode, Warning::MixedScript, Warning::LookAlike]),
            ("https://harnburger.edu/", "x", vec![Warning::LookAlike]),
            ("mailto:a@crepes.fr", "a@crepes.fr", vec![]),
        ] {
            assert_eq!(warnings(href, text), expected, "{href}");
        }
    }

    #[test]
    fn shortens_the_text() {
        let link = link("https://crepes.fr/".to_owned(), &"x".repeat(TEXT_MAX + 1), &[]);
        assert_eq!(link.text.len(), TEXT_MAX);
    }
}
