//! A connection's seat: what its drive loop tells of it, so that a house that runs short of connections knows whom to
//! part with, and the word that it must go. Owns the measure of progress; whose turn it is, [`crate::accept`] decides.
//!
//! Progress is told as a moment up to which what came accounts for the time: an answered question, as a sender or a
//! recipient asks it, accounts for all of it, octets of content for as long as they take at [`PACE`], and a command
//! that leads to neither for nothing. How far that moment lies back is the lag. Who keeps silent lags by the time of silence, who lets octets drip lags by nearly all of it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use wire::{Standing, Time, TlsFacts};

/// Octets of content a second that count as coming forward: a 300-baud line, a thirtieth of 9600 baud. A message of 50 MiB may
/// take three weeks at it, so it is for those who send a message to hold a place, not for those who send slowly.
pub const PACE: u64 = 30;

/// How far anybody may lag, whether or not others need the place, unless entitled to stay: twelve times the five
/// minutes of RFC 5321 §4.5.3.2.7, so that many an interruption is forgiven, and nobody drips for ever.
pub const LAG_MAX: Duration = Duration::from_secs(60 * 60);

/// How far a stranger must lag before others may have the place: longer than a round trip to anywhere.
pub const STRANGER_LAG: Duration = Duration::from_secs(1);

/// The same for who is known: as long as a client that has delivered may think about what comes next.
pub const KNOWN_LAG: Duration = Duration::from_secs(30);

/// Something is being done that must not be cut off.
const BUSY: u8 = 0;
/// Waiting for the peer, by its standing.
const STRANGER: u8 = 1;
const KNOWN: u8 = 2;
const ENTITLED: u8 = 3;
/// It was told to go.
const DISMISSED: u8 = 4;

/// One connection's seat.
#[derive(Debug)]
pub struct Seat {
    state: AtomicU8,
    /// The moment up to which what came accounts for the time, in milliseconds.
    accounted_ms: AtomicU64,
    told: Notify,
    /// What let the peer in lets it in no more.
    revoked: AtomicBool,
    /// Version and cipher of TLS, once it is up.
    tls: OnceLock<Box<str>>,
}

impl Seat {
    /// The seat of a connection that was just made. Until its drive loop says that it waits it is busy.
    #[must_use]
    pub fn new(now: Time) -> Arc<Seat> {
        Arc::new(Seat {
            state: AtomicU8::new(BUSY),
            accounted_ms: AtomicU64::new(now.0),
            told: Notify::new(),
            revoked: AtomicBool::new(false),
            tls: OnceLock::new(),
        })
    }

    /// The connection waits for its peer: from now on it may be dismissed.
    pub fn rest(&self, standing: Standing) {
        let state = match standing {
            Standing::Stranger => STRANGER,
            Standing::Known => KNOWN,
            Standing::Entitled => ENTITLED,
        };
        let still_here = |before| (before != DISMISSED).then_some(state);
        // Who was told to go stays told.
        let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, still_here);
    }

    /// The wait is over; `false` when the connection was dismissed meanwhile.
    #[must_use]
    pub fn rise(&self) -> bool {
        self.state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| (state != DISMISSED).then_some(BUSY))
            .is_ok()
    }

    /// Returns when the connection is dismissed.
    pub async fn dismissed(&self) {
        // The other word is heard by the next wait for input, which looks before it waits.
        while self.state.load(Ordering::Acquire) != DISMISSED {
            self.told.notified().await;
        }
    }

    /// Returns when the connection is dismissed or [revoked](Seat::revoke).
    pub(crate) async fn parted(&self) {
        self.told.notified().await;
    }

    /// The connection has to end when what is being done is done, whatever it is entitled to: what let its peer in lets it
    /// in no more.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
        self.told.notify_one();
    }

    /// Whether it was.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }

    /// TLS is up.
    pub fn secured(&self, facts: &TlsFacts) {
        let _ = self.tls.set(format!("{} {}", facts.version, facts.cipher).into());
    }

    /// Version and cipher of TLS, as in `TLS1.3 TLS_AES_256_GCM_SHA384`; `None` in the clear.
    #[must_use]
    pub fn tls(&self) -> Option<&str> {
        self.tls.get().map(AsRef::as_ref)
    }

    /// So many octets of content came.
    pub fn came(&self, octets: usize, now: Time) {
        let worth_ms = (octets as u64).saturating_mul(1000) / PACE;
        let accounted_ms = self.accounted_ms.load(Ordering::Relaxed).saturating_add(worth_ms).min(now.0);
        self.accounted_ms.store(accounted_ms, Ordering::Relaxed);
    }

    /// Something came of it: a question was answered, TLS is up.
    pub fn came_forward(&self, now: Time) {
        self.accounted_ms.store(now.0, Ordering::Relaxed);
    }

    /// The moment up to which what came accounts for the time.
    #[must_use]
    pub fn accounted(&self) -> Time {
        Time(self.accounted_ms.load(Ordering::Relaxed))
    }

    /// How much others may have the place, the least first; `None` while it is not to be had.
    pub(crate) fn claim(&self, now: Time) -> Option<Claim> {
        let lag = now.since(self.accounted());
        let (standing, lag_min) = match self.state.load(Ordering::Acquire) {
            STRANGER => (Standing::Stranger, STRANGER_LAG),
            KNOWN => (Standing::Known, KNOWN_LAG),
            _ => return None,
        };
        (lag >= lag_min).then_some(Claim { standing, accounted: self.accounted() })
    }

    /// Dismisses the connection if it still waits; `false` when it does something again.
    pub(crate) fn dismiss(&self) -> bool {
        let waits = |state| matches!(state, STRANGER | KNOWN).then_some(DISMISSED);
        let dismissed = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, waits).is_ok();
        if dismissed {
            self.told.notify_one();
        }
        dismissed
    }
}

/// A connection's claim to its place: strangers have less than the known, and who lags further has less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    standing: Standing,
    accounted: Time,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    fn second(n: u64) -> Time {
        NOW.after(Duration::from_secs(n))
    }

    #[test]
    fn octets_account_for_the_time_they_take_at_the_pace_and_for_no_time_to_come() {
        let seat = Seat::new(NOW);
        seat.came(PACE as usize, second(10));
        assert_eq!(seat.accounted(), second(1));
        seat.came(PACE as usize * 100, second(10));
        assert_eq!(seat.accounted(), second(10));
        seat.came_forward(second(20));
        assert_eq!(seat.accounted(), second(20));
    }

    #[test]
    fn who_lags_by_the_limit_of_its_standing_may_be_dismissed() {
        for (standing, lag_min) in [(Standing::Stranger, STRANGER_LAG), (Standing::Known, KNOWN_LAG)] {
            let seat = Seat::new(NOW);
            seat.rest(standing);
            assert!(seat.claim(NOW.after(lag_min - Duration::from_millis(1))).is_none(), "not yet {standing:?}");
            assert!(seat.claim(NOW.after(lag_min)).is_some());
            assert!(seat.dismiss() && !seat.dismiss(), "once");
            assert!(!seat.rise());
        }
    }

    #[test]
    fn who_is_busy_or_entitled_is_not_dismissed() {
        let seat = Seat::new(NOW);
        assert!(seat.claim(second(10_000)).is_none() && !seat.dismiss());
        seat.rest(Standing::Entitled);
        assert!(seat.claim(second(10_000)).is_none() && !seat.dismiss());
        seat.rest(Standing::Stranger);
        assert!(seat.rise());
        assert!(seat.claim(second(10_000)).is_none() && !seat.dismiss());
    }

    #[test]
    fn strangers_have_less_claim_than_the_known_and_who_lags_further_less() {
        let claim = |standing, accounted| Claim { standing, accounted };
        let mut claims = [
            claim(Standing::Known, second(0)),
            claim(Standing::Stranger, second(9)),
            claim(Standing::Stranger, second(2)),
        ];
        claims.sort();
        assert_eq!(claims.map(|claim| claim.accounted), [second(2), second(9), second(0)]);
    }

    #[tokio::test]
    async fn a_dismissal_is_heard_by_who_listens_later() {
        let seat = Seat::new(NOW);
        seat.rest(Standing::Stranger);
        assert!(seat.dismiss());
        seat.dismissed().await;
    }
}
