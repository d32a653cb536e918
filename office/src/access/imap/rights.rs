//! Who may do what with a mailbox (RFC 4314): the rights that a list gives to others. Owns the arithmetic; the lists are
//! the store's, the letters `wire`'s.

use store::types as kept;
use wire::imap::ask::Rights;

/// Everybody, in a list.
pub(in crate::access) const ANYONE: &str = "anyone";
/// Before an identifier whose rights are taken away (RFC 4314 §2).
pub(in crate::access) const NEGATIVE: char = '-';
/// What a list gives to a user of this address: what it gives to them and to anyone, less what it takes from either.
pub(in crate::access) fn granted(list: &[(String, kept::Rights)], address: &str) -> Rights {
    let (mut given, mut taken) = (0, 0);
    for (identifier, rights) in list {
        let (name, to) = match identifier.strip_prefix(NEGATIVE) {
            Some(name) => (name, &mut taken),
            None => (identifier.as_str(), &mut given),
        };
        if name == ANYONE || name.eq_ignore_ascii_case(address) {
            *to |= rights.0;
        }
    }
    Rights(given & !taken & Rights::all().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(&str, &str)]) -> Vec<(String, kept::Rights)> {
        entries.iter().map(|(name, rights)| ((*name).to_owned(), kept::Rights(Rights::of(rights).0))).collect()
    }

    #[test]
    fn a_list_gives_and_takes() {
        let list =
            list(&[("anyone", "lr"), ("bob@hamburger.edu", "swl"), ("-bob@hamburger.edu", "w"), ("-anyone", "p")]);
        assert_eq!(granted(&list, "Bob@hamburger.edu").letters(), "lrs");
        assert_eq!(granted(&list, "eve@hamburger.edu").letters(), "lr");
        assert_eq!(granted(&[], "eve@hamburger.edu").letters(), "");
    }
}
