//! How often an account may have us do something within an hour: what each time writes to a host that somebody named. Owns
//! the counting, in memory.

use message::Time;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use store::types::AccountId;

/// What "an hour" is.
const HOUR: Duration = Duration::from_secs(3600);
/// Accounts from which on those that did nothing for an hour are forgotten.
const SWEPT: usize = 1024;

/// The times of the last hour.
pub(crate) struct Hourly {
    most: usize,
    /// By account, the oldest first.
    times: HashMap<AccountId, VecDeque<Time>>,
}

impl Hourly {
    /// So often at most.
    pub fn new(most: usize) -> Hourly {
        Hourly { most, times: HashMap::new() }
    }

    /// Whether it may be done now.
    ///
    /// # Errors
    /// When it may be done again.
    pub fn may(&mut self, account: AccountId, now: Time) -> Result<(), Time> {
        let Some(times) = self.times.get_mut(&account) else { return Ok(()) };
        while times.front().is_some_and(|at| now.since(*at) >= HOUR) {
            times.pop_front();
        }
        match times.front() {
            Some(oldest) if times.len() >= self.most => Err(oldest.after(HOUR)),
            _ => Ok(()),
        }
    }

    /// It is done now, where it may be.
    ///
    /// # Errors
    /// When it may be done again.
    pub fn take(&mut self, account: AccountId, now: Time) -> Result<(), Time> {
        self.may(account, now)?;
        if self.times.len() >= SWEPT {
            self.times.retain(|_, times| times.back().is_some_and(|at| now.since(*at) < HOUR));
        }
        self.times.entry(account).or_default().push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time(1_800_000_000_000);
    const BOB: AccountId = AccountId(1);

    fn second(n: u64) -> Time {
        START.after(Duration::from_secs(n))
    }

    #[test]
    fn an_account_may_so_often_an_hour_and_no_more() {
        let mut hourly = Hourly::new(3);
        for (n, at) in [0, 1, 1].into_iter().enumerate() {
            assert_eq!(hourly.take(BOB, second(at)), Ok(()), "{n}");
        }
        assert_eq!(hourly.may(BOB, second(1)), Err(second(3600)), "one past it");
        assert_eq!(hourly.take(BOB, second(3599)), Err(second(3600)), "which counts for nothing");
        assert_eq!(hourly.take(AccountId(2), second(1)), Ok(()), "another's is another's");
        assert_eq!(hourly.take(BOB, second(3600)), Ok(()), "an hour after the first");
        assert_eq!(hourly.take(BOB, second(3600)), Err(second(3601)));
    }

    #[test]
    fn who_did_nothing_for_an_hour_is_forgotten() {
        let mut hourly = Hourly::new(1);
        let many = i64::try_from(SWEPT).unwrap_or(0);
        (0..many).for_each(|account| assert_eq!(hourly.take(AccountId(account), START), Ok(())));
        assert_eq!(hourly.take(AccountId(many), second(3600)), Ok(()));
        assert_eq!(hourly.times.len(), 1);
    }
}
