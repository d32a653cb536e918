//! Who may do what with a mailbox (RFC 4314): the rights an owner has, those that a list gives to others, and what the
//! obsolete letters stand for. Owns the arithmetic; the lists are the store's.

use store::types as kept;
use wire::imap::ask::Rights;

/// Everybody, in a list.
pub(super) const ANYONE: &str = "anyone";
/// Before an identifier whose rights are taken away (RFC 4314 §2).
pub(super) const NEGATIVE: char = '-';
/// Every right there is, but the obsolete ones.
const LETTERS: &str = "aeiklprstwx";

/// All that can be had.
pub(super) fn all() -> Rights {
    Rights::of(LETTERS)
}

/// What a list gives to a user of this address: what it gives to them and to anyone, less what it takes from either.
pub(super) fn granted(list: &[(String, kept::Rights)], address: &str) -> Rights {
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
    Rights(given & !taken & all().0)
}

/// What letters of a client mean. RFC 4314 §2.1.1: `c` stands for `k`, `d` for `e`, `t` and `x`.
pub(super) fn understood(rights: Rights) -> Rights {
    let mut bits = rights.0 & all().0;
    if rights.has('c') {
        bits |= Rights::of("k").0;
    }
    if rights.has('d') {
        bits |= Rights::of("etx").0;
    }
    Rights(bits)
}

/// What a client is told: with the obsolete letters, for clients of before (RFC 4314 §2.1.1).
pub(super) fn told(rights: Rights) -> Rights {
    let mut bits = rights.0;
    if rights.has('k') {
        bits |= Rights::of("c").0;
    }
    if "etx".chars().any(|letter| rights.has(letter)) {
        bits |= Rights::of("d").0;
    }
    Rights(bits)
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

    #[test]
    fn obsolete_letters_stand_for_others() {
        assert_eq!(understood(Rights::of("lcd")).letters(), "ekltx");
        assert_eq!(told(Rights::of("kt")).letters(), "cdkt");
        assert_eq!(told(understood(Rights::of("lr"))).letters(), "lr");
    }
}
