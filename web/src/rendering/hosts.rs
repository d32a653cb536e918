//! Names of hosts as people read them. Owns when one name is made to look like another: letters of several alphabets in one
//! label, letters that look like Latin ones, one letter more or less. The tables are our own and small: what stands for
//! a Latin letter in Cyrillic, Greek, Armenian and in digits, not the whole of Unicode's confusables (UTS 39). Owns also
//! which hosts are in the reader's own network.

use ammonia::Url;
use ammonia::url::Host;
use message::Domain;
use std::net::IpAddr;

/// Whether the host is written as names and addresses are; the URL standard lets more through, which no DNS has.
#[must_use]
pub fn is_plain(url: &Url) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'[' | b']' | b':');
    url.host_str().is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}

/// Whether the address is one of this machine or of the network around it, which a stranger must not make the reader's
/// browser ask (RFC 1918; RFC 4193; RFC 6761 §6.3 for `localhost`).
#[must_use]
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.')
                || ["localhost", "local", "internal", "lan", "home.arpa"].iter().any(|own| is_within(name, own))
        }
        Some(Host::Ipv4(ip)) => is_local_ip(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => is_local_ip(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)),
        None => true,
    }
}

fn is_local_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = matches!(ip.octets(), [100, 64..=127, ..]);
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || shared
                || ip.octets().first() == Some(&0)
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
        }
    }
}

/// Whether a host is a domain or lies below it.
#[must_use]
pub fn is_within(host: &str, domain: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Second labels below which names are given out, as in `co.uk`. What is missing here makes two hosts look alike that
/// are not: a warning less, never a wrong one.
const PUBLIC_SECONDS: &[&str] =
    &["ac", "co", "com", "edu", "gob", "gov", "govt", "gv", "mil", "ne", "net", "nom", "or", "org"];

/// The part of a host that somebody registered: its last two labels, or three below `co.uk` and its like.
#[must_use]
pub fn registered(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    let mut ends = host.rmatch_indices('.').map(|(at, _)| at);
    let (first, second, third) = (ends.next(), ends.next(), ends.next());
    let (Some(first), Some(second)) = (first, second) else { return host };
    let top = host.get(first + 1..).unwrap_or_default();
    let below = host.get(second + 1..first).unwrap_or_default();
    let public = top.len() == 2 && PUBLIC_SECONDS.contains(&below);
    let start = match (public, third) {
        (true, Some(third)) => third + 1,
        (true, None) => 0,
        (false, _) => second + 1,
    };
    host.get(start..).unwrap_or(host)
}

/// Whether two hosts belong to one owner, as far as names tell.
#[must_use]
pub fn are_kin(one: &str, other: &str) -> bool {
    registered(one).eq_ignore_ascii_case(registered(other))
}

/// An alphabet, as far as mixing them deceives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Greek,
    Armenian,
    Cherokee,
    EastAsian,
    Other,
}

/// `None` for what belongs to no alphabet: digits, hyphens, marks.
fn script(c: char) -> Option<Script> {
    Some(match u32::from(c) {
        0x41..=0x5A | 0x61..=0x7A | 0xAA | 0xBA | 0xC0..=0x24F | 0x250..=0x2AF | 0x1E00..=0x1EFF | 0xFF21..=0xFF5A => {
            Script::Latin
        }
        0x370..=0x3FF | 0x1F00..=0x1FFF => Script::Greek,
        0x400..=0x52F | 0x1C80..=0x1C8F | 0x2DE0..=0x2DFF | 0xA640..=0xA69F => Script::Cyrillic,
        0x530..=0x58F => Script::Armenian,
        0x13A0..=0x13FF | 0xAB70..=0xABBF => Script::Cherokee,
        0x1100..=0x11FF
        | 0x2E80..=0x30FF
        | 0x3100..=0x31BF
        | 0x3400..=0x9FFF
        | 0xAC00..=0xD7AF
        | 0x2_0000..=0x3_FFFF => Script::EastAsian,
        _ if c.is_alphabetic() => Script::Other,
        _ => return None,
    })
}

/// Whether one label mixes alphabets in a way that no language does.
#[must_use]
pub fn mixes_scripts(host: &str) -> bool {
    host.split('.').any(|label| {
        let mut seen: Vec<Script> = label.chars().filter_map(script).collect();
        seen.dedup();
        let has = |one: Script| seen.contains(&one);
        let european = [Script::Latin, Script::Cyrillic, Script::Greek, Script::Armenian, Script::Cherokee];
        let mixed = european.iter().filter(|one| has(**one)).count() > 1;
        mixed || (has(Script::EastAsian) && seen.iter().any(|one| !matches!(one, Script::EastAsian | Script::Latin)))
    })
}

/// The Latin letter that a letter looks like.
fn latin_twin(c: char) -> char {
    match c {
        'а' | 'α' | 'ạ' | 'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ɑ' | 'ā' | 'ă' | 'ą' => 'a',
        'ь' | 'ƅ' | 'в' => 'b',
        'с' | 'ϲ' | 'ç' | 'ć' | 'č' | 'ċ' => 'c',
        'ԁ' | 'ɗ' | 'đ' | 'ď' => 'd',
        'е' | 'ё' | 'є' | 'ε' | 'é' | 'è' | 'ê' | 'ë' | 'ė' | 'ę' | 'ē' | 'ẹ' | 'ě' => 'e',
        'ƒ' => 'f',
        'ɡ' | 'ց' | 'ğ' | 'ġ' | 'ĝ' => 'g',
        'һ' | 'հ' | 'н' => 'h',
        'і' | 'ї' | 'ι' | 'í' | 'ì' | 'î' | 'ï' | 'ı' | 'ī' | 'į' | 'ɩ' | '1' | '|' | 'l' | 'ӏ' | 'ł' | 'ĺ' | 'ļ' => {
            'i'
        }
        'ј' | 'ʝ' => 'j',
        'к' | 'κ' | 'ķ' => 'k',
        'м' | 'ʍ' => 'm',
        'ո' | 'п' | 'η' | 'ñ' | 'ń' | 'ň' | 'ņ' => 'n',
        'о' | 'ο' | 'օ' | 'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' | '0' | 'σ' | 'ọ' | 'ơ' => 'o',
        'р' | 'ρ' | 'þ' => 'p',
        'ԛ' | 'գ' => 'q',
        'г' | 'ř' | 'ŕ' => 'r',
        'ѕ' | 'ś' | 'š' | 'ş' | 'ș' | '5' => 's',
        'т' | 'τ' | 'ţ' | 'ț' | 'ť' => 't',
        'υ' | 'ս' | 'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'ů' | 'ų' | 'ư' => 'u',
        'ν' | 'ѵ' => 'v',
        'ѡ' | 'ω' | 'ԝ' | 'ŵ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'ү' | 'γ' | 'ý' | 'ÿ' => 'y',
        'ʐ' | 'ź' | 'ž' | 'ż' => 'z',
        other => other,
    }
}

/// What a name looks like at a glance: Latin letters for their twins, and pairs that read as one letter.
#[must_use]
pub fn skeleton(name: &str) -> String {
    let plain: String =
        name.to_lowercase().chars().map(latin_twin).filter(|c| !matches!(c, '-' | '\u{200B}'..='\u{200F}')).collect();
    plain.replace("rn", "m").replace("vv", "w").replace("ci", "d")
}

/// Names shorter than this differ by one letter from too many others.
pub const ALIKE_MIN: usize = 6;

/// Whether a host is made to look like a domain that it is not: the same at a glance, or one letter off.
#[must_use]
pub fn looks_like(host: &str, domain: &Domain) -> bool {
    let shown = idna_text(host);
    let (own, other) = (registered(&shown), domain.to_unicode());
    if own == other || is_within(&shown, &other) {
        return false;
    }
    let (glance, other_glance) = (skeleton(own), skeleton(&other));
    if glance == other_glance {
        return true;
    }
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let (own_stem, other_stem) = (stem(&glance), stem(&other_glance));
    let same_top = own.rsplit('.').next() == other.rsplit('.').next();
    same_top && other_stem.chars().count() >= ALIKE_MIN && is_one_off(&own_stem, &other_stem)
}

/// A host as people read it: U-labels for A-labels.
#[must_use]
pub fn idna_text(host: &str) -> String {
    Domain::parse(host).map_or_else(|_| host.to_lowercase(), |domain| domain.to_unicode())
}

/// Whether one letter was changed, added, left out, or two neighbours swapped.
fn is_one_off(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let rest = |name: &[char], skip: usize| name.get(same + skip..).map(<[char]>::to_vec);
    match one.len().abs_diff(other.len()) {
        0 => {
            let swapped = one.get(same).is_some_and(|c| other.get(same + 1) == Some(c))
                && other.get(same).is_some_and(|c| one.get(same + 1) == Some(c))
                && rest(&one, 2) == rest(&other, 2);
            one != other && (rest(&one, 1) == rest(&other, 1) || swapped)
        }
        1 if one.len() > other.len() => rest(&one, 1) == rest(&other, 0),
        1 => rest(&one, 0) == rest(&other, 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn takes_hosts_as_dns_has_them() {
        let plain = |address: &str| is_plain(&Url::parse(address).unwrap());
        assert!(plain("http://a-b_c.crepes.fr:80/") && plain("http://[::1]/") && plain("http://m\u{fc}nchen.de/"));
        assert!(!plain("http://a&b.fr/") && !plain("http://a'b.fr/") && !plain("mailto:a@b.fr"));
    }

    #[test]
    fn knows_the_network_around() {
        for local in [
            "http://localhost/",
            "http://a.localhost/",
            "http://127.1/",
            "http://192.168.1.1/",
            "http://[fe80::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://nas/",
            "http://100.64.0.1/",
            "http://169.254.169.254/",
            "http://printer.local./",
        ] {
            assert!(is_local(&Url::parse(local).unwrap()), "{local}");
        }
        for far in [
            "http://crepes.fr/",
            "http://8.8.8.8/",
            "http://[2001:4860::1]/",
            "http://local.crepes.fr/",
            "http://172.32.0.1/",
        ] {
            assert!(!is_local(&Url::parse(far).unwrap()), "{far}");
        }
    }

    #[test]
    fn finds_what_was_registered() {
        for (host, own) in [
            ("a.b.crepes.fr", "crepes.fr"),
            ("crepes.fr", "crepes.fr"),
            ("x.shop.co.uk", "shop.co.uk"),
            ("co.uk", "co.uk"),
            ("fr", "fr"),
            ("a.net.com", "net.com"),
        ] {
            assert_eq!(registered(host), own);
        }
        assert!(are_kin("mail.crepes.fr", "www.Crepes.fr"));
        assert!(!are_kin("crepes.fr.evil.com", "crepes.fr"));
    }

    #[test]
    fn sees_mixed_alphabets() {
        for mixed in ["pаypal.com", "gοοgle.com", "xn--pypal-4ve.com"] {
            assert!(mixes_scripts(&idna_text(mixed)), "{mixed}");
        }
        for plain in ["paypal.com", "münchen.de", "пример.рф", "ドメインabc.jp", "例え.テスト", "a-1.com"]
        {
            assert!(!mixes_scripts(plain), "{plain}");
        }
    }

    #[test]
    fn sees_through_disguises() {
        let bank = |name: &str| Domain::parse(name).unwrap();
        for (host, own) in [
            ("paypa1.com", "paypal.com"),
            ("раураl.com", "paypal.com"),
            ("rnicrosoft.com", "microsoft.com"),
            ("mircosoft.com", "microsoft.com"),
            ("microsofft.com", "microsoft.com"),
            ("microsft.com", "microsoft.com"),
            ("login.arnazon.com", "amazon.com"),
            ("hаmburger.edu", "hamburger.edu"),
        ] {
            assert!(looks_like(host, &bank(own)), "{host}");
        }
        for (host, own) in [
            ("paypal.com", "paypal.com"),
            ("www.paypal.com", "paypal.com"),
            ("crepes.fr", "paypal.com"),
            ("cnn.com", "bnn.com"),
            ("microsoft.de", "microscope.de"),
        ] {
            assert!(!looks_like(host, &bank(own)), "{host}");
        }
    }
}
