//! Which client addresses have logged in to which accounts: those are not kept out when others guess. Owns the
//! pairs; the counting is `guesses`.

use super::guesses::Client;
use message::Time;
use std::collections::HashMap;
use store::types::AccountId;

/// Addresses remembered for one account: its owner's devices on the move. The one not seen for longest goes first,
/// and no account can push out another's.
pub(super) const CLIENTS_MAX: usize = 32;
/// Accounts for which addresses are remembered; the one not seen for longest goes first. With every address in use
/// that is some ten megabytes.
pub(super) const ACCOUNTS_MAX: usize = 16_384;

/// The pairs.
#[derive(Default)]
pub(super) struct Known {
    /// Each account's clients, the latest last.
    accounts: HashMap<AccountId, Clients>,
}

struct Clients {
    seen: Time,
    clients: Vec<Client>,
}

impl Known {
    /// Whether this client has logged in to the account.
    pub fn holds(&self, account: AccountId, client: Client) -> bool {
        self.accounts.get(&account).is_some_and(|known| known.clients.contains(&client))
    }

    /// It has, now.
    pub fn add(&mut self, now: Time, account: AccountId, client: Client) {
        let accounts = &mut self.accounts;
        if accounts.len() >= ACCOUNTS_MAX && !accounts.contains_key(&account) {
            let stalest = accounts.iter().min_by_key(|(_, known)| known.seen).map(|(account, _)| *account);
            stalest.and_then(|stalest| accounts.remove(&stalest));
        }
        let known = accounts.entry(account).or_insert_with(|| Clients { seen: now, clients: Vec::new() });
        known.seen = now;
        known.clients.retain(|known| *known != client);
        if known.clients.len() >= CLIENTS_MAX {
            known.clients.remove(0);
        }
        known.clients.push(client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_addresses_and_the_latest_stay() {
        let mut known = Known::default();
        let (bob, alice) = (AccountId(1), AccountId(2));
        known.add(Time(0), alice, Client::V4(7));
        for client in 0..32 {
            known.add(Time(1), bob, Client::V4(client));
        }
        assert!((0..32).all(|client| known.holds(bob, Client::V4(client))));
        known.add(Time(2), bob, Client::V4(0));
        known.add(Time(3), bob, Client::V4(32));
        assert!(known.holds(bob, Client::V4(0)) && known.holds(bob, Client::V4(32)));
        assert!(!known.holds(bob, Client::V4(1)), "not seen for longest");
        assert!(known.holds(alice, Client::V4(7)) && !known.holds(alice, Client::V4(0)));
    }

    #[test]
    fn so_many_accounts_are_remembered_and_the_latest_stay() {
        let mut known = Known::default();
        let max = i64::try_from(ACCOUNTS_MAX).unwrap_or(0);
        for account in 0..max {
            known.add(Time(account.cast_unsigned()), AccountId(account), Client::V6(1));
        }
        assert!(known.holds(AccountId(0), Client::V6(1)));
        known.add(Time(max.cast_unsigned()), AccountId(max), Client::V6(1));
        assert!(!known.holds(AccountId(0), Client::V6(1)));
        assert!(known.holds(AccountId(1), Client::V6(1)) && known.holds(AccountId(max), Client::V6(1)));
        assert_eq!(known.accounts.len(), ACCOUNTS_MAX);
    }
}
