//! Verification letters (RFC 8620 §7.2.2): which subscription is sent its code now, and how many letters an account may make
//! us write. Owns the counting, in memory: after a restart all that nobody has verified are sent theirs again.

use super::subscription::UNVERIFIED_LASTS;
use crate::hourly::Hourly;
use message::Time;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;
use store::types::AccountId;

/// Letters for an account in an hour, those that are tried again among them: a browser on each of some devices needs one
/// now and then; who makes and removes subscriptions to have us knock at others' doors gets no more (RFC 8620 §8.6).
pub const LETTERS_PER_HOUR: usize = 16;
/// How long after a letter that was not taken the next one goes, and twice as long each time: until the subscription expires.
const RETRY_FIRST: Duration = Duration::from_secs(30);
/// Entries from which on those that are of no use are forgotten.
const SWEPT: usize = 1024;

/// What is to be done about one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Its letter goes now; it is counted.
    Now,
    /// It goes then.
    At(Time),
    /// It has its letter.
    Done,
}

/// The letters of the last hour.
pub(super) struct Verifications {
    inner: Mutex<Inner>,
}

struct Inner {
    sent: Hourly,
    begun: HashMap<(AccountId, i64), Begun>,
}

/// A subscription that was sent its code, or is to be once more.
struct Begun {
    since: Time,
    tries: u32,
    next: Time,
    taken: bool,
}

impl Default for Verifications {
    fn default() -> Verifications {
        Verifications { inner: Mutex::new(Inner { sent: Hourly::new(LETTERS_PER_HOUR), begun: HashMap::new() }) }
    }
}

impl Verifications {
    /// Whether the account may have another letter now; if not, when.
    pub fn may_send(&self, account: AccountId, now: Time) -> Result<(), Time> {
        self.inner.lock().sent.may(account, now)
    }

    /// Whose turn it is. A letter that goes counts as tried, whatever becomes of whoever sends it.
    pub fn turn(&self, account: AccountId, number: i64, now: Time) -> Turn {
        let mut inner = self.inner.lock();
        match inner.begun.get(&(account, number)) {
            Some(begun) if begun.taken => return Turn::Done,
            Some(begun) if begun.next > now => return Turn::At(begun.next),
            _ => {}
        }
        if let Err(later) = inner.sent.take(account, now) {
            return Turn::At(later);
        }
        inner.sweep(now);
        let fresh = Begun { since: now, tries: 0, next: now, taken: false };
        let begun = inner.begun.entry((account, number)).or_insert(fresh);
        begun.next = now.after(RETRY_FIRST.saturating_mul(1 << begun.tries.min(10)));
        begun.tries += 1;
        Turn::Now
    }

    /// Its letter was taken.
    pub fn taken(&self, account: AccountId, number: i64) {
        if let Some(begun) = self.inner.lock().begun.get_mut(&(account, number)) {
            begun.taken = true;
        }
    }
}

impl Inner {
    /// A subscription that nobody verifies is gone by then.
    fn sweep(&mut self, now: Time) {
        if self.begun.len() >= SWEPT {
            self.begun.retain(|_, begun| now.since(begun.since) < UNVERIFIED_LASTS);
        }
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
    fn an_account_has_so_many_letters_an_hour_and_no_more() {
        let letters = Verifications::default();
        for number in 0..16 {
            assert_eq!(letters.may_send(BOB, second(1)), Ok(()));
            let at = if number == 0 { START } else { second(1) };
            assert_eq!(letters.turn(BOB, number, at), Turn::Now);
        }
        assert_eq!(letters.may_send(BOB, second(1)), Err(second(3600)), "one past it");
        assert_eq!(letters.turn(BOB, 16, second(3599)), Turn::At(second(3600)));
        assert_eq!(letters.turn(AccountId(2), 16, second(1)), Turn::Now, "another's is another's");
        assert_eq!(letters.turn(BOB, 16, second(3600)), Turn::Now, "an hour after the first");
        assert_eq!(letters.turn(BOB, 17, second(3600)), Turn::At(second(3601)));
    }

    #[test]
    fn what_was_not_taken_goes_again_later_and_later_and_what_was_does_not() {
        let letters = Verifications::default();
        assert_eq!(letters.turn(BOB, 1, START), Turn::Now);
        assert_eq!(letters.turn(BOB, 1, second(29)), Turn::At(second(30)));
        assert_eq!(letters.turn(BOB, 1, second(30)), Turn::Now);
        assert_eq!(letters.turn(BOB, 1, second(30)), Turn::At(second(90)));
        assert_eq!(letters.turn(BOB, 1, second(90)), Turn::Now);
        letters.taken(BOB, 1);
        assert_eq!(letters.turn(BOB, 1, second(5000)), Turn::Done);
    }

    #[test]
    fn what_is_of_no_use_is_forgotten() {
        let letters = Verifications::default();
        let many = i64::try_from(SWEPT).unwrap_or(0);
        (0..many).for_each(|number| assert_eq!(letters.turn(AccountId(number), number, START), Turn::Now));
        assert_eq!(letters.turn(AccountId(many), many, second(3600)), Turn::Now);
        let inner = letters.inner.lock();
        assert_eq!(inner.begun.len(), 1);
    }
}
