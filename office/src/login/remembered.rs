//! Passwords that were right a moment ago, as keyed hashes in memory: a client that polls every minute costs no argon2.
//! The key lives as long as the process; the stored hash is part of what is hashed, so a new password forgets the old.

use aws_lc_rs::{constant_time, hmac};
use message::Time;
use std::collections::HashMap;
use std::time::Duration;
use store::types::AccountId;

/// How long a password is remembered after it was checked.
pub(super) const KEPT: Duration = Duration::from_secs(600);

/// Accounts remembered, a megabyte or two; past it the one checked longest ago is forgotten, and checked again.
pub(super) const ACCOUNTS_MAX: usize = 16_384;

/// Account, password and stored hash as one keyed hash.
type Tag = hmac::Tag;

pub(super) struct Remembered {
    key: hmac::Key,
    tags: HashMap<AccountId, (Time, hmac::Tag)>,
}

impl Remembered {
    pub fn new(secret: [u8; 32]) -> Remembered {
        Remembered { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), tags: HashMap::new() }
    }

    /// What a password is remembered by.
    pub fn tag(&self, account: AccountId, password: &[u8], stored: &str) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        // The stored hash has no NUL in it, so two triples never give one text.
        for part in [&account.0.to_be_bytes(), stored.as_bytes(), &[0], password] {
            context.update(part);
        }
        context.sign()
    }

    pub fn holds(&self, now: Time, account: AccountId, tag: &Tag) -> bool {
        let Some((at, known)) = self.tags.get(&account) else { return false };
        now.since(*at) < KEPT && constant_time::verify_slices_are_equal(known.as_ref(), tag.as_ref()).is_ok()
    }

    pub fn keep(&mut self, now: Time, account: AccountId, tag: Tag) {
        if self.tags.len() >= ACCOUNTS_MAX && !self.tags.contains_key(&account) {
            let oldest = self.tags.iter().min_by_key(|(_, (at, _))| *at).map(|(account, _)| *account);
            oldest.and_then(|oldest| self.tags.remove(&oldest));
        }
        self.tags.insert(account, (now, tag));
    }

    pub fn forget(&mut self, account: AccountId) {
        self.tags.remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: AccountId = AccountId(1);
    const START: Time = Time(1_000_000);

    #[test]
    fn it_holds_for_a_while_and_for_that_hash_only() {
        let mut memory = Remembered::new([1; 32]);
        let bob = memory.tag(BOB, b"hungry", "$argon2id$1");
        memory.keep(START, BOB, bob);
        assert!(memory.holds(START, BOB, &bob));
        assert!(memory.holds(Time(START.0 + 599_999), BOB, &bob));
        assert!(!memory.holds(Time(START.0 + 600_000), BOB, &bob));
        for (account, password, stored) in
            [(1, "thirsty", "$argon2id$1"), (1, "hungry", "$argon2id$2"), (2, "hungry", "$argon2id$1")]
        {
            let other = memory.tag(AccountId(account), password.as_bytes(), stored);
            assert!(!memory.holds(START, AccountId(account), &other));
            assert!(!memory.holds(START, BOB, &other));
        }
        memory.forget(BOB);
        assert!(!memory.holds(START, BOB, &bob));
    }

    #[test]
    fn so_many_are_remembered_and_the_latest_stay() {
        let mut memory = Remembered::new([1; 32]);
        let tag = memory.tag(BOB, b"hungry", "");
        let max = i64::try_from(ACCOUNTS_MAX).unwrap_or(0);
        for account in 0..max {
            memory.keep(Time(START.0 + account.cast_unsigned()), AccountId(account), tag);
        }
        let later = Time(START.0 + max.cast_unsigned());
        memory.keep(later, AccountId(max - 1), tag);
        assert!(memory.holds(later, AccountId(0), &tag), "as many as fit, and one of them again");
        memory.keep(later, AccountId(max), tag);
        assert!(!memory.holds(later, AccountId(0), &tag));
        assert!(memory.holds(later, AccountId(1), &tag) && memory.holds(later, AccountId(max), &tag));
    }
}
