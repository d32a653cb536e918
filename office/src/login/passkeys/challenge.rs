//! Challenges that need no memory: each carries its own end and is signed, so that asking for many of them fills nothing.
//! Only those that were answered rightly are remembered until they end, so that none is answered twice
//! (WebAuthn Level 2 §13.4.3).

use aws_lc_rs::{constant_time, hmac};
use message::Time;
use std::collections::HashMap;
use std::time::Duration;

/// How long a person may take: what WebAuthn §15.1 recommends at most where a person is verified.
pub(super) const GOOD_FOR: Duration = Duration::from_secs(300);

const RANDOM_OCTETS: usize = 16;
const TIME_OCTETS: usize = 8;
const TAG_OCTETS: usize = 32;
const OCTETS: usize = RANDOM_OCTETS + TIME_OCTETS + TAG_OCTETS;

/// What a challenge is for: an answer to one is none to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To make a key for this account.
    Register(i64),
    /// To log in as whoever it is.
    Login,
}

/// Signs challenges, and knows which were answered.
pub(crate) struct Challenges {
    key: hmac::Key,
    /// The random part of answered ones, and when they end: one for each login of the last minutes.
    answered: parking_lot::Mutex<HashMap<[u8; RANDOM_OCTETS], Time>>,
}

impl Challenges {
    pub fn new(secret: [u8; 32]) -> Challenges {
        Challenges { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), answered: parking_lot::Mutex::default() }
    }

    /// A new challenge.
    pub fn make(&self, now: Time, purpose: Purpose, random: [u8; RANDOM_OCTETS]) -> Vec<u8> {
        let ends = now.after(GOOD_FOR).0.to_be_bytes();
        let mut challenge = [&random[..], &ends].concat();
        let tag = self.sign(purpose, &challenge);
        challenge.extend_from_slice(tag.as_ref());
        challenge
    }

    /// Whether it is one of ours, for this purpose, not ended and not answered yet.
    pub fn holds(&self, now: Time, purpose: Purpose, challenge: &[u8]) -> bool {
        let Some((random, ends)) = self.read(purpose, challenge) else { return false };
        now < ends && !self.answered.lock().contains_key(&random)
    }

    /// It is answered; `false` when somebody else was quicker.
    pub fn answer(&self, now: Time, purpose: Purpose, challenge: &[u8]) -> bool {
        let Some((random, ends)) = self.read(purpose, challenge) else { return false };
        let mut answered = self.answered.lock();
        answered.retain(|_, ends| now < *ends);
        now < ends && answered.insert(random, ends).is_none()
    }

    fn read(&self, purpose: Purpose, challenge: &[u8]) -> Option<([u8; RANDOM_OCTETS], Time)> {
        let (signed, tag) = challenge.split_at_checked(OCTETS - TAG_OCTETS)?;
        constant_time::verify_slices_are_equal(self.sign(purpose, signed).as_ref(), tag).ok()?;
        let (random, ends) = signed.split_at_checked(RANDOM_OCTETS)?;
        let ends = Time(u64::from_be_bytes(ends.try_into().ok()?));
        Some((random.try_into().ok()?, ends))
    }

    fn sign(&self, purpose: Purpose, signed: &[u8]) -> hmac::Tag {
        let (word, account) = match purpose {
            Purpose::Register(account) => (b'r', account),
            Purpose::Login => (b'l', 0),
        };
        let mut context = hmac::Context::with_key(&self.key);
        for part in [&[word][..], &account.to_be_bytes(), signed] {
            context.update(part);
        }
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    #[test]
    fn a_challenge_is_good_for_a_while_once_and_for_its_purpose() {
        let challenges = Challenges::new([1; 32]);
        let challenge = challenges.make(NOW, Purpose::Register(1), [7; 16]);
        let last = Time(NOW.after(GOOD_FOR).0 - 1);
        assert!(challenges.holds(NOW, Purpose::Register(1), &challenge));
        assert!(challenges.holds(last, Purpose::Register(1), &challenge));
        assert!(!challenges.holds(NOW.after(GOOD_FOR), Purpose::Register(1), &challenge));
        for other in [Purpose::Register(2), Purpose::Login] {
            assert!(!challenges.holds(NOW, other, &challenge));
            assert!(!challenges.answer(NOW, other, &challenge));
        }
        assert!(challenges.answer(NOW, Purpose::Register(1), &challenge));
        assert!(!challenges.holds(NOW, Purpose::Register(1), &challenge));
        assert!(!challenges.answer(NOW, Purpose::Register(1), &challenge), "a second time");
    }

    #[test]
    fn a_challenge_of_somebody_else_is_none() {
        let challenges = Challenges::new([1; 32]);
        let good = challenges.make(NOW, Purpose::Login, [7; 16]);
        assert!(!Challenges::new([2; 32]).holds(NOW, Purpose::Login, &good));
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(!challenges.holds(NOW, Purpose::Login, &changed), "octet {at}");
            assert!(!challenges.holds(NOW, Purpose::Login, &good[..at]), "cut at {at}");
        }
    }

    #[test]
    fn what_was_answered_is_forgotten_when_it_ends() {
        let challenges = Challenges::new([1; 32]);
        let first = challenges.make(NOW, Purpose::Login, [1; 16]);
        assert!(challenges.answer(NOW, Purpose::Login, &first));
        let later = NOW.after(GOOD_FOR);
        let second = challenges.make(later, Purpose::Login, [2; 16]);
        assert!(challenges.answer(later, Purpose::Login, &second));
        assert_eq!(challenges.answered.lock().len(), 1);
        assert!(!challenges.answer(later, Purpose::Login, &first), "it is past");
    }
}
