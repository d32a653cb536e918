//! Who shares mailboxes with a user (RFC 4314): by which names lists know the user, and which accounts come of it.

use super::shared::{Looking, SharedAccount};
use crate::Office;
use crate::access::imap::SHARERS_MAX;
use crate::access::imap::rights::{self, Granted};
use message::{Address, Time};
use store::StoreError;
use store::query::{AccountById, SharedWith};
use store::types::AccountId;

/// An account of which a user may see something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharer {
    /// Whose.
    pub account: AccountId,
    /// Their address.
    pub address: Address,
    /// The user may change nothing in it.
    pub is_read_only: bool,
}

/// Whether somebody with these rights can change something.
pub(super) fn changes_something(granted: &Granted) -> bool {
    let one = |letter: char| granted.values().any(|rights| rights.has(letter));
    "swikx".chars().any(one) || granted.values().any(|rights| rights.has('t') && rights.has('e'))
}

impl Office {
    /// The accounts of others of which a user may see something, in order; as many as IMAP lists.
    ///
    /// # Errors
    /// The store's.
    pub async fn sharers(&self, caller: AccountId, address: &Address) -> Result<Vec<Sharer>, StoreError> {
        let acl = self.store().read(SharedWith { identifiers: rights::identifiers(address) }).await?;
        let mut all = Vec::new();
        let others = rights::by_account(acl, address).into_iter().filter(|(account, _)| *account != caller);
        for (account, granted) in others.take(SHARERS_MAX) {
            if let Some(owner) = self.store().read(AccountById { account }).await? {
                all.push(Sharer { account, address: owner.address, is_read_only: !changes_something(&granted) });
            }
        }
        Ok(all)
    }

    /// Another's account as a user sees it, with everything that was committed before this was called; `None` when there is
    /// nothing in it that they may see.
    ///
    /// # Errors
    /// The store's.
    pub async fn shared_account(
        &self,
        (caller, address): (AccountId, &Address),
        owner: AccountId,
        now: Time,
    ) -> Result<Option<SharedAccount>, StoreError> {
        let looking = Looking { caller, address, owner };
        self.shared_views().current(self.store(), &looking, now).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use store::types::{MailboxId, Rights};

    fn row(account: i64, mailbox: i64, name: &str, letters: &str) -> (AccountId, MailboxId, String, Rights) {
        (AccountId(account), MailboxId(mailbox), name.to_owned(), Rights::of(letters).unwrap())
    }

    #[test]
    fn only_mailboxes_that_one_may_know_of_count() {
        let bob = Address::parse("Bob@hamburger.edu").unwrap();
        let acl = vec![
            row(1, 1, "bob@hamburger.edu", "lr"),
            row(1, 2, "bob@hamburger.edu", "rswi"),
            row(2, 1, "anyone", "lr"),
            row(2, 1, "-bob@hamburger.edu", "l"),
            row(3, 1, "anyone", "li"),
        ];
        let all = rights::by_account(acl, &bob);
        assert_eq!(all.keys().collect::<Vec<_>>(), [&AccountId(1), &AccountId(3)]);
        assert_eq!(all[&AccountId(1)].keys().collect::<Vec<_>>(), [&MailboxId(1)]);
        assert!(!changes_something(&all[&AccountId(1)]) && changes_something(&all[&AccountId(3)]));
    }

    #[test]
    fn half_a_right_to_remove_changes_nothing() {
        let with = |letters: &str| Granted::from([(MailboxId(1), wire::imap::ask::Rights::of(letters))]);
        assert!(!changes_something(&with("lrpat")) && !changes_something(&with("lre")));
        assert!(changes_something(&with("lrte")) && changes_something(&with("ls")));
    }
}
