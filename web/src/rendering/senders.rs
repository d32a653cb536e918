//! Senders that pretend. Owns what is to be said of the From of a message: that the name shows another address, that it is
//! the name of a house the address is not of, that the domain looks like one the reader knows, that answers go elsewhere.
//! Goes by names alone: whether the sender was proven (SPF, DKIM, DMARC) is told elsewhere, and until then nowhere.

use super::hosts;
use message::{Address, Domain};

/// What is to be said of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Warning {
    /// The name shows an address, and it is another one.
    NameShowsOtherAddress,
    /// The name is that of a known house, and the address is not of it.
    NameOfOther,
    /// The domain looks like one the reader knows.
    LooksLikeKnown,
    /// The domain mixes alphabets.
    MixedScript,
    /// The name holds signs that turn or hide text.
    HiddenSigns,
    /// Answers go to another house.
    ReplyElsewhere,
    /// There is no address at all.
    NoAddress,
}

/// Who wrote, as the message says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    /// The name beside the address.
    pub name: &'a str,
    /// The address; `None` where there is none that can be read.
    pub address: Option<&'a Address>,
    /// Where answers go, where it says.
    pub reply_to: Option<&'a Address>,
}

/// Houses that strangers like to write as, and the domains they write from. Our own list: short, and only names that mean
/// one house.
const HOUSES: &[(&str, &[&str])] = &[
    ("adobe", &["adobe.com"]),
    ("amazon", &["amazon.com", "amazon.de", "amazon.co.uk", "amazon.fr", "amazonses.com"]),
    ("american express", &["americanexpress.com", "aexp.com"]),
    ("apple", &["apple.com", "icloud.com"]),
    ("bank of america", &["bankofamerica.com"]),
    ("binance", &["binance.com"]),
    ("coinbase", &["coinbase.com"]),
    ("commerzbank", &["commerzbank.de", "commerzbank.com"]),
    ("deutsche bank", &["db.com", "deutsche-bank.de"]),
    ("dhl", &["dhl.com", "dhl.de"]),
    ("docusign", &["docusign.com", "docusign.net"]),
    ("dropbox", &["dropbox.com", "dropboxmail.com"]),
    ("ebay", &["ebay.com", "ebay.de", "ebay.co.uk"]),
    ("facebook", &["facebook.com", "facebookmail.com", "meta.com"]),
    ("fedex", &["fedex.com"]),
    ("github", &["github.com"]),
    ("google", &["google.com", "gmail.com", "youtube.com"]),
    ("instagram", &["instagram.com", "facebookmail.com"]),
    ("klarna", &["klarna.com", "klarna.de"]),
    ("linkedin", &["linkedin.com"]),
    ("mastercard", &["mastercard.com"]),
    ("microsoft", &["microsoft.com", "microsoftonline.com", "office.com", "live.com", "outlook.com"]),
    ("netflix", &["netflix.com"]),
    ("office 365", &["microsoft.com", "office.com", "office365.com"]),
    ("paypal", &["paypal.com", "paypal.de", "paypal.co.uk"]),
    ("sparkasse", &["sparkasse.de"]),
    ("spotify", &["spotify.com"]),
    ("steam", &["steampowered.com"]),
    ("telekom", &["telekom.de", "telekom.com", "t-online.de"]),
    ("wells fargo", &["wellsfargo.com"]),
    ("whatsapp", &["whatsapp.com"]),
];

/// What is to be said of a sender. `known` are domains the reader has to do with: the house's own, and of contacts.
#[must_use]
pub fn warnings(sender: &Sender<'_>, known: &[Domain]) -> Vec<Warning> {
    let mut found = Vec::new();
    if sender.name.chars().any(hides) {
        found.push(Warning::HiddenSigns);
    }
    let Some(domain) = sender.address.and_then(Address::domain) else {
        if sender.address.is_none() {
            found.push(Warning::NoAddress);
        }
        return found;
    };
    let host = domain.as_str();
    if shown_hosts(sender.name).iter().any(|shown| !hosts::are_kin(shown, host)) {
        found.push(Warning::NameShowsOtherAddress);
    }
    if house(sender.name).is_some_and(|domains| !domains.iter().any(|own| hosts::is_within(host, own))) {
        found.push(Warning::NameOfOther);
    }
    if hosts::mixes_scripts(&domain.to_unicode()) {
        found.push(Warning::MixedScript);
    }
    if looks_like_known(domain, known) {
        found.push(Warning::LooksLikeKnown);
    }
    if sender.reply_to.and_then(Address::domain).is_some_and(|reply| !hosts::are_kin(reply.as_str(), host)) {
        found.push(Warning::ReplyElsewhere);
    }
    found.sort_unstable();
    found
}

fn looks_like_known(domain: &Domain, known: &[Domain]) -> bool {
    let host = domain.as_str();
    let is_known = known.iter().any(|own| hosts::is_within(host, own.as_str()));
    let is_house = HOUSES.iter().flat_map(|(_, domains)| *domains).any(|own| hosts::is_within(host, own));
    if is_known || is_house {
        return false;
    }
    known.iter().cloned().chain(house_domains()).any(|own| hosts::looks_like(host, &own))
}

/// The domains of well-known houses.
pub fn house_domains() -> impl Iterator<Item = Domain> {
    HOUSES.iter().flat_map(|(_, domains)| *domains).filter_map(|own| Domain::parse(own).ok())
}

/// The domains of the house that a name begins with or consists of, as its letters look.
fn house(name: &str) -> Option<&'static [&'static str]> {
    let glance = hosts::skeleton(name);
    let words: Vec<&str> = glance.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    let begins = |house: &str| {
        let house = hosts::skeleton(house);
        text == house || text.strip_prefix(&house).is_some_and(|rest| rest.starts_with(' '))
    };
    HOUSES.iter().find(|(house, _)| begins(house)).map(|(_, domains)| *domains)
}

/// Hosts of the addresses that a name shows.
fn shown_hosts(name: &str) -> Vec<String> {
    let words = name
        .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"' | '\'' | ',' | ';'));
    words.filter_map(|word| Some(Address::parse(word).ok()?.domain()?.as_str().to_owned())).collect()
}

/// Signs that turn the direction of text around them, or take no room.
fn hides(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0000}'..='\u{E007F}')
        || c.is_control()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(name: &str, address: &str, reply_to: Option<&str>) -> Vec<Warning> {
        let address = Address::parse(address).unwrap();
        let reply_to = reply_to.map(|own| Address::parse(own).unwrap());
        let known = [Domain::parse("hamburger.edu").unwrap()];
        warnings(&Sender { name, address: Some(&address), reply_to: reply_to.as_ref() }, &known)
    }

    #[test]
    fn honest_senders_are_left_alone() {
        for (name, address, reply_to) in [
            ("Alice", "alice@crepes.fr", None),
            ("Alice", "alice@hamburger.edu", Some("alice@mail.hamburger.edu")),
            ("alice@crepes.fr", "alice@crepes.fr", None),
            ("PayPal", "service@paypal.com", None),
            ("Amazon Web Services", "no-reply@eu.amazon.com", None),
            ("Appleton, Bob", "bob@crepes.fr", None),
            ("Müller", "a@münchen.de", None),
            ("", "a@crepes.fr", None),
        ] {
            assert_eq!(of(name, address, reply_to), [], "{name} {address}");
        }
    }

    #[test]
    fn pretenders_are_named() {
        for (name, address, reply_to, warning) in [
            ("bob@hamburger.edu", "x@evil.com", None, Warning::NameShowsOtherAddress),
            ("Bob <bob@hamburger.edu>", "x@evil.com", None, Warning::NameShowsOtherAddress),
            ("PayPal", "x@evil.com", None, Warning::NameOfOther),
            ("Pаypаl Service", "x@evil.com", None, Warning::NameOfOther),
            ("Deutsche Bank AG", "x@db.com.evil.com", None, Warning::NameOfOther),
            ("Bob", "bob@harnburger.edu", None, Warning::LooksLikeKnown),
            ("Bob", "bob@hamburqer.edu", None, Warning::LooksLikeKnown),
            ("Support", "x@paypa1.com", None, Warning::LooksLikeKnown),
            ("Bob", "bob@hаmburger.edu", None, Warning::MixedScript),
            ("Bob\u{202E}moc", "x@evil.com", None, Warning::HiddenSigns),
            ("Bob", "bob@crepes.fr", Some("bob@evil.com"), Warning::ReplyElsewhere),
        ] {
            assert!(
                of(name, address, reply_to).contains(&warning),
                "{name} {address}: {:?}",
                of(name, address, reply_to)
            );
        }
        assert_eq!(warnings(&Sender::default(), &[]), [Warning::NoAddress]);
    }
}
