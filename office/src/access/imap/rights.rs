//! Who may do what with a mailbox (RFC 4314): the rights that a list gives to others. Owns the arithmetic; the lists are
//! the store's, the letters `wire`'s.

use message::Address;
use std::collections::BTreeMap;
use store::types::{self as kept, AccountId, MailboxId};
use wire::imap::ask::Rights;

/// Everybody, in a list.
pub(super) const ANYONE: &str = "anyone";
/// Before an identifier whose rights are taken away (RFC 4314 §2).
pub(super) const NEGATIVE: char = '-';

/// Rights to mailboxes that their holder may know of.
pub(in crate::access) type Granted = BTreeMap<MailboxId, Rights>;

/// By what lists know a user: what they give, and what they take away.
pub(in crate::access) fn identifiers(address: &Address) -> Vec<String> {
    let positive = [address.to_string().to_lowercase(), ANYONE.to_owned()];
    let negative = positive.iter().map(|name| format!("{NEGATIVE}{name}"));
    negative.chain(positive.iter().cloned()).collect()
}

/// What a user may do with mailboxes that they may know of, by whose they are.
pub(in crate::access) fn by_account(
    acl: Vec<(AccountId, MailboxId, String, kept::Rights)>,
    address: &Address,
) -> BTreeMap<AccountId, Granted> {
    let mut lists: BTreeMap<(AccountId, MailboxId), Vec<(String, kept::Rights)>> = BTreeMap::new();
    for (account, mailbox, identifier, rights) in acl {
        lists.entry((account, mailbox)).or_default().push((identifier, rights));
    }
    let address = address.to_string();
    let mut all: BTreeMap<AccountId, Granted> = BTreeMap::new();
    for ((account, mailbox), list) in lists {
        let rights = granted(&list, &address);
        if rights.has('l') {
            all.entry(account).or_default().insert(mailbox, rights);
        }
    }
    all
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
