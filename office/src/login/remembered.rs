//! Passwords that were right a moment ago, as keyed hashes in memory: a client that polls every minute costs no argon2.
//! The key lives as long as the process; the stored hash is part of what is hashed, so a new password forgets the old.

use aws_lc_rs::hmac;
use message::Time;
use std::collections::HashMap;
use std::time::Duration;
use store::types::AccountId;

/// How long a password is remembered after it was checked.
pub(super) const KEPT: Duration = Duration::from_secs(600);

/// Accounts remembered; past it all are forgotten and checked again.
pub(super) const ACCOUNTS_MAX: usize = 100_000;

pub(super) struct Remembered {
    key: hmac::Key,
    tags: HashMap<AccountId, (Time, hmac::Tag)>,
}

impl Remembered {
    pub fn new(secret: [u8; 32]) -> Remembered {
        Remembered { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), tags: HashMap::new() }
    }

    pub fn holds(&self, now: Time, account: AccountId, password: &[u8], stored: &str) -> bool {
        let Some((at, tag)) = self.tags.get(&account) else { return false };
        now.since(*at) < KEPT && hmac::verify(&self.key, &text(account, password, stored), tag.as_ref()).is_ok()
    }

    pub fn keep(&mut self, now: Time, account: AccountId, password: &[u8], stored: &str) {
        if self.tags.len() >= ACCOUNTS_MAX {
            self.tags.clear();
        }
        let tag = hmac::sign(&self.key, &text(account, password, stored));
        self.tags.insert(account, (now, tag));
    }

    pub fn forget(&mut self, account: AccountId) {
        self.tags.remove(&account);
    }
}

/// What is hashed; the stored hash has no NUL in it, so two triples never give one text.
fn text(account: AccountId, password: &[u8], stored: &str) -> Vec<u8> {
    [&account.0.to_be_bytes(), stored.as_bytes(), &[0], password].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_a_while_and_for_that_hash_only() {
        let mut memory = Remembered::new([1; 32]);
        let start = Time(1_000_000);
        memory.keep(start, AccountId(1), b"hungry", "$argon2id$1");
        assert!(memory.holds(start, AccountId(1), b"hungry", "$argon2id$1"));
        assert!(!memory.holds(start, AccountId(1), b"thirsty", "$argon2id$1"));
        assert!(!memory.holds(start, AccountId(1), b"hungry", "$argon2id$2"));
        assert!(!memory.holds(start, AccountId(2), b"hungry", "$argon2id$1"));
        assert!(!memory.holds(start.after(KEPT), AccountId(1), b"hungry", "$argon2id$1"));
        memory.forget(AccountId(1));
        assert!(!memory.holds(start, AccountId(1), b"hungry", "$argon2id$1"));
    }
}
