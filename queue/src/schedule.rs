//! When a recipient is tried again (RFC 5321 §4.5.4.1): evenly until the sender is told of the delay, then ever more
//! rarely, and at last once more at the end. Owns the arithmetic only: what is kept between attempts is [`Waited`],
//! which the store keeps beside the recipient.

use crate::judge::Class;
use message::Time;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The times of attempts. Every field is a configuration key; a route may have a schedule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Between attempts until the sender is told of the delay.
    pub retry_first: Duration,
    /// After how long the sender is told that the message is delayed.
    pub delay_notice: Duration,
    /// By how much every wait after that is longer than the one before it, in percent: 150 is half as long again. Less
    /// than 100 counts as 100.
    pub retry_factor_percent: u32,
    /// The longest wait.
    pub retry_max: Duration,
    /// How old a message becomes before it is given up; the last attempt is made at that age.
    pub expire: Duration,
    /// The wait after the first reply that sounds like greylisting.
    pub early_retry: Duration,
    /// How far a wait may stray either way, so that messages that came together do not come together for ever. At most
    /// 100.
    pub jitter_percent: u32,
}

/// RFC 5321 §4.5.4.1 asks for 30 minutes between attempts and for 4 to 5 days before giving up.
impl Default for Schedule {
    fn default() -> Schedule {
        Schedule {
            retry_first: 30 * MINUTE,
            delay_notice: 4 * HOUR,
            retry_factor_percent: 150,
            retry_max: 4 * HOUR,
            expire: 5 * 24 * HOUR,
            early_retry: 5 * MINUTE,
            jitter_percent: 10,
        }
    }
}

/// What one recipient's last wait was; kept with it, zero and false before the first attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// Before it strayed. The early wait does not count.
    pub plain: Duration,
    /// Whether the one early attempt has been granted.
    pub early: bool,
}

/// What comes after an attempt that failed for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Another attempt.
    At(Time, Waited),
    /// None: the message is too old. The recipient has failed (RFC 3463: 4.4.7).
    Expired,
}

impl Schedule {
    /// The time of the next attempt for a recipient of a message that came in at `created`, after one that failed just
    /// `now`. `random` is any number; the same one gives the same time.
    #[must_use]
    pub fn next(&self, now: Time, created: Time, waited: Waited, (class, random): (Class, u64)) -> When {
        let end = created.after(self.expire);
        if now >= end {
            return When::Expired;
        }
        match class {
            Class::AtOnce => When::At(now, waited),
            Class::Greylisted if !waited.early => {
                // Never less than the wait: a greylist that asks for five minutes counts seconds.
                let wait = self.strayed(self.early_retry, random).max(self.early_retry);
                When::At(now.after(wait).min(end), Waited { early: true, ..waited })
            }
            _ => {
                let plain = self.wait(now, created, waited);
                let at = now.after(self.strayed(plain, random));
                // An attempt shortly before the last one would tell nothing new.
                let last = at.after(self.retry_first) > end;
                When::At(if last { end } else { at }, Waited { plain, ..waited })
            }
        }
    }

    /// When the sender is told of the delay, if the message is still here.
    #[must_use]
    pub fn notice_at(&self, created: Time) -> Time {
        created.after(self.delay_notice)
    }

    /// Whether the sender is to be told of the delay now. Once only: `noticed` says whether it was done. Not any more
    /// when the message expires: then the sender is told that.
    #[must_use]
    pub fn delay_notice_due(&self, now: Time, created: Time, noticed: bool) -> bool {
        !noticed && now >= self.notice_at(created) && now < created.after(self.expire)
    }

    /// The wait without straying.
    fn wait(&self, now: Time, created: Time, waited: Waited) -> Duration {
        if now < self.notice_at(created) {
            return self.retry_first;
        }
        let before = waited.plain.max(self.retry_first);
        let longer = before.saturating_mul(self.retry_factor_percent.max(100)) / 100;
        // A wait below `retry_first` would be odd, but `retry_max` is what the administrator wrote.
        longer.min(self.retry_max)
    }

    fn strayed(&self, plain: Duration, random: u64) -> Duration {
        let percent = self.jitter_percent.min(100);
        let span = plain.saturating_mul(2 * percent) / 100;
        let least = plain.saturating_sub(span / 2);
        // The upper half of a product is a fraction of the span without any division.
        let stray = (span.as_millis() * u128::from(random)) >> 64;
        least.saturating_add(Duration::from_millis(u64::try_from(stray).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests;
