//! The second factor of the login page: codes of an authenticator app, each good once, and recovery codes for the day the
//! phone is lost. While it is on, the account's own password opens nothing but the login page. Owns how often codes may be
//! guessed; the arithmetic is `totp`'s.

use super::entrance::{Entrance, EntryError};
use super::ledger::{self, Change, Hashed, Kept, Record};
use super::{token, totp};
use message::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::types::{Account, AccountId, ObjectKind};
use store::{Store, StoreError};

/// Recovery codes: enough for years, few enough to print.
pub const RECOVERY_CODES: usize = 10;
/// Wrong codes in a row that nobody has to wait for: slips of the thumb.
const FREE_FAILURES: u32 = 5;
/// How long one waits after the next; twice as long after each that follows.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// And at most this: 24 guesses a day, of which each has three chances in a million.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// A second factor as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SecondFactor {
    secret: Hashed,
    /// Its owner has shown a right code.
    on: bool,
    /// The step of the last code: it and those before are no good any more.
    used_step: Option<u64>,
    /// What is left of the recovery codes.
    recovery: Vec<Hashed>,
    /// Wrong codes since the last right one.
    failures: u32,
    failed: Option<Time>,
}

impl Record for SecondFactor {
    const KIND: ObjectKind = ObjectKind::SecondFactor;

    fn due(&self) -> Option<Time> {
        None
    }
}

/// What an authenticator app is to be told.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// In base32, for typing.
    pub secret: String,
    /// For a picture.
    pub uri: String,
}

/// How the second factor of an account is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Codes are asked for.
    pub on: bool,
    /// Recovery codes that are left.
    pub recovery_codes: usize,
}

async fn of(store: &Store, account: AccountId) -> Result<Option<Kept<SecondFactor>>, StoreError> {
    Ok(ledger::all::<SecondFactor>(store, account).await?.pop())
}

/// Whether an account has one, and it is on.
pub(super) async fn is_on(store: &Store, account: AccountId) -> Result<bool, StoreError> {
    Ok(of(store, account).await?.is_some_and(|kept| kept.record.on))
}

impl SecondFactor {
    #[cfg(test)]
    pub fn secret(&self) -> &[u8] {
        &self.secret.0
    }

    fn wait_s(&self, now: Time) -> Option<u32> {
        let beyond = self.failures.checked_sub(FREE_FAILURES)?;
        let wait = FIRST_WAIT.saturating_mul(1_u32.checked_shl(beyond).unwrap_or(u32::MAX)).min(LONGEST_WAIT);
        let left = self.failed?.after(wait).since(now).as_millis();
        (left > 0).then(|| u32::try_from(left.div_ceil(1000)).unwrap_or(u32::MAX))
    }

    /// Uses up a code; `false` when it is wrong.
    fn take(&mut self, now: Time, code: &str) -> bool {
        let typed = totp::typed(code);
        if typed.len() == totp::DIGITS
            && let Some(step) = totp::step_of(&self.secret.0, &typed, now, self.used_step)
        {
            self.used_step = Some(step);
            return true;
        }
        let Some(digest) = token::recovery_digest(code).filter(|_| self.on) else { return false };
        let found = self.recovery.iter().position(|kept| kept.0 == digest);
        found.is_some_and(|at| {
            self.recovery.swap_remove(at);
            true
        })
    }

    /// Takes a code and writes down what came of it in the record.
    fn judge(&mut self, now: Time, code: &str) -> bool {
        let right = self.take(now, code);
        (self.failures, self.failed) = if right { (0, None) } else { (self.failures.saturating_add(1), Some(now)) };
        right
    }
}

impl Entrance {
    /// Asks for the second factor where there is one.
    ///
    /// # Errors
    /// `CodeNeeded` without a code, `Code` for a wrong one, `Wait` after many wrong ones.
    pub(super) async fn check_code(&self, now: Time, account: AccountId, code: Option<&str>) -> Result<(), EntryError> {
        let Some(kept) = of(&self.store, account).await?.filter(|kept| kept.record.on) else { return Ok(()) };
        let Some(code) = code.filter(|code| !code.trim().is_empty()) else { return Err(EntryError::CodeNeeded) };
        self.judge(now, kept, code).await.map(drop)
    }

    /// Takes a code. What came of it is on disk before anybody hears of it: of two who show the same code at once, and of
    /// many who guess at once, one is heard and the others begin again.
    async fn judge(
        &self,
        now: Time,
        mut kept: Kept<SecondFactor>,
        code: &str,
    ) -> Result<Kept<SecondFactor>, EntryError> {
        if let Some(wait_s) = kept.record.wait_s(now) {
            return Err(EntryError::Wait { wait_s });
        }
        let right = kept.record.judge(now, code);
        ledger::write(&self.store, kept.account, &[Change::Replace(&kept)], now).await.map_err(
            |error| match error {
                EntryError::Conflict | EntryError::NotThere => EntryError::Code,
                other => other,
            },
        )?;
        if right { Ok(kept) } else { Err(EntryError::Code) }
    }

    /// How it is.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn second_factor(&self, account: AccountId) -> Result<SecondFactorState, EntryError> {
        let kept = of(&self.store, account).await?.filter(|kept| kept.record.on);
        Ok(kept.map_or(SecondFactorState::default(), |kept| SecondFactorState {
            on: true,
            recovery_codes: kept.record.recovery.len(),
        }))
    }

    /// Draws a secret for an authenticator app. Nothing is asked for before a right code was shown.
    ///
    /// # Errors
    /// `Exists` when it is on already.
    pub async fn begin_second_factor(
        &self,
        now: Time,
        account: &Account,
        issuer: &str,
    ) -> Result<Enrolment, EntryError> {
        let before = of(&self.store, account.id).await?;
        if before.as_ref().is_some_and(|kept| kept.record.on) {
            return Err(EntryError::Exists);
        }
        let secret = self.login.fill::<{ totp::SECRET_OCTETS }>();
        let record = SecondFactor {
            secret: Hashed(secret.to_vec()),
            on: false,
            used_step: None,
            recovery: Vec::new(),
            failures: 0,
            failed: None,
        };
        let mut changes = Vec::new();
        if let Some(before) = &before {
            changes.push(Change::Remove(before.id));
        }
        changes.push(Change::Add(&record, None));
        ledger::write(&self.store, account.id, &changes, now).await?;
        Ok(Enrolment { secret: totp::base32(&secret), uri: totp::uri(&secret, issuer, &account.address.to_string()) })
    }

    /// Switches it on with a right code; the recovery codes, told only now.
    ///
    /// # Errors
    /// `NotThere` when no secret was drawn, `Exists` when it is on already, `Code`, `Wait`.
    pub async fn confirm_second_factor(
        &self,
        now: Time,
        account: AccountId,
        code: &str,
    ) -> Result<Vec<String>, EntryError> {
        let kept = of(&self.store, account).await?.ok_or(EntryError::NotThere)?;
        if kept.record.on {
            return Err(EntryError::Exists);
        }
        let id = kept.id;
        // From now on the account's own password opens the mail ports no more.
        let _doubt = self.login.doubt(account);
        self.judge(now, kept, code).await?;
        let mut kept = of(&self.store, account).await?.filter(|kept| kept.id == id).ok_or(EntryError::Conflict)?;
        kept.record.on = true;
        self.renew(now, kept).await
    }

    /// New recovery codes in the place of the old.
    ///
    /// # Errors
    /// `NotThere` when it is off.
    pub async fn renew_recovery_codes(&self, now: Time, account: AccountId) -> Result<Vec<String>, EntryError> {
        let kept = of(&self.store, account).await?.filter(|kept| kept.record.on).ok_or(EntryError::NotThere)?;
        self.renew(now, kept).await
    }

    async fn renew(&self, now: Time, mut kept: Kept<SecondFactor>) -> Result<Vec<String>, EntryError> {
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| token::recovery_text(&self.login.fill())).collect();
        let digests = codes.iter().filter_map(|code| token::recovery_digest(code));
        kept.record.recovery = digests.map(|digest| Hashed(digest.to_vec())).collect();
        ledger::write(&self.store, kept.account, &[Change::Replace(&kept)], now).await?;
        Ok(codes)
    }

    /// Switches it off.
    ///
    /// # Errors
    /// `NotThere` when it is off.
    pub async fn end_second_factor(&self, now: Time, account: AccountId) -> Result<(), EntryError> {
        let kept = of(&self.store, account).await?.ok_or(EntryError::NotThere)?;
        ledger::write::<SecondFactor>(&self.store, account, &[Change::Remove(kept.id)], now).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    fn factor(failures: u32) -> SecondFactor {
        let failed = (failures > 0).then_some(NOW);
        SecondFactor {
            secret: Hashed(vec![7; 20]),
            on: true,
            used_step: None,
            recovery: vec![Hashed(token::recovery_digest("abcde-fghij").unwrap_or_default().to_vec())],
            failures,
            failed,
        }
    }

    #[test]
    fn who_guesses_waits_longer_and_longer() {
        let waits = |failures| factor(failures).wait_s(NOW);
        assert_eq!([waits(0), waits(FREE_FAILURES - 1)], [None; 2]);
        assert_eq!([waits(FREE_FAILURES), waits(FREE_FAILURES + 1)], [Some(30), Some(60)]);
        assert_eq!([waits(FREE_FAILURES + 7), waits(u32::MAX)], [Some(3600); 2]);
        assert_eq!(factor(FREE_FAILURES).wait_s(Time(NOW.0 + 29_999)), Some(1));
        assert_eq!(factor(FREE_FAILURES).wait_s(Time(NOW.0 + 30_000)), None);
    }

    #[test]
    fn a_code_is_good_once_of_either_kind() {
        let mut factor = factor(3);
        let code = totp::code_at(&[7; 20], NOW);
        assert!(factor.judge(NOW, &code));
        assert_eq!(factor.failures, 0);
        assert!(!factor.judge(NOW, &code), "a second time");
        assert!(factor.judge(NOW, "ABCDE FGHIJ"));
        assert!(!factor.judge(NOW, "abcde-fghij"), "a second time");
        assert_eq!((factor.failures, factor.failed), (1, Some(NOW)));
    }
}
