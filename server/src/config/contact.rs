//! Whom people write to who found a hole in the house: an address, or a page (RFC 9116 §2.5.3).

use message::Address;
use std::str::FromStr;

/// Octets of a contact: it stands in a line of a small file.
pub(super) const CONTACT_OCTETS_MAX: usize = 500;

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

/// A text that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a contact is an address like security@example.org, or a URL of https, of at most 500 characters")]
pub struct NotAContact;

impl Contact {
    /// As a URI.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.0
    }
}

impl FromStr for Contact {
    type Err = NotAContact;

    fn from_str(text: &str) -> Result<Contact, NotAContact> {
        let printable = text.len() <= CONTACT_OCTETS_MAX && text.bytes().all(|octet| octet.is_ascii_graphic());
        let is_page = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        // What means something else in a URI no such address has.
        let is_plain = Address::parse(text).is_ok() && !text.contains(['%', '?', '&', '#', '"', '/', '[', ']']);
        match (printable, is_page, is_plain) {
            (true, true, _) => Ok(Contact(text.to_owned())),
            (true, _, true) => Ok(Contact(format!("mailto:{text}"))),
            _ => Err(NotAContact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_an_address_or_a_page() {
        let uri = |text: &str| text.parse::<Contact>().map(|contact| contact.uri().to_owned());
        assert_eq!(uri("security@hamburger.edu").as_deref(), Ok("mailto:security@hamburger.edu"));
        assert_eq!(uri("https://hamburger.edu/holes").as_deref(), Ok("https://hamburger.edu/holes"));
        let long = |octets: usize| format!("https://{}", "x".repeat(octets - 8));
        assert!(uri(&long(CONTACT_OCTETS_MAX)).is_ok() && uri(&long(CONTACT_OCTETS_MAX + 1)).is_err());
        for wrong in [
            "",
            "bob",
            "http://a.b/",
            "https://",
            "https:///x",
            "a?b@c.d",
            "https://a.b/x\nExpires: never",
            "https://a b/",
        ] {
            assert_eq!(uri(wrong), Err(NotAContact), "{wrong:?}");
        }
    }
}
