//! Figures the office keeps about its own work, for metrics. Only counts; whoever shows them names them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts since the process began.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages answered 250.
    pub accepted: AtomicU64,
    /// Messages refused after their content came.
    pub refused: AtomicU64,
    /// Mailbox entries made.
    pub delivered: AtomicU64,
    /// Recipients elsewhere whose server took the message.
    pub sent: AtomicU64,
    /// How long they had waited.
    pub delays: Delays,
    /// Tries that are to be repeated.
    pub deferred: AtomicU64,
    /// Recipients that failed for good.
    pub failed: AtomicU64,
    /// Reports to senders.
    pub reported: AtomicU64,
    /// Connections to other servers, tried or made.
    pub dialled: AtomicU64,
    /// Logins that went well.
    pub logins_ok: AtomicU64,
    /// Logins that did not.
    pub logins_failed: AtomicU64,
}

/// The bounds by which delays are told: what is quick in a test, what a reader notices, and the times of the queue.
pub const DELAY_BOUNDS: [Duration; 9] = [
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(4 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];

/// From the moment a message was accepted to the moment another server took it, recipient by recipient.
#[derive(Debug, Default)]
pub struct Delays {
    /// How many were at most as long as each of [`DELAY_BOUNDS`] and longer than the one before; the rest at the end.
    pub counts: [AtomicU64; DELAY_BOUNDS.len() + 1],
    /// All of them together, in milliseconds.
    pub total_ms: AtomicU64,
}

impl Delays {
    pub(crate) fn add(&self, delay: Duration) {
        let band = DELAY_BOUNDS.iter().position(|bound| delay <= *bound).unwrap_or(DELAY_BOUNDS.len());
        if let Some(counter) = self.counts.get(band) {
            count(counter, 1);
        }
        count(&self.total_ms, usize::try_from(delay.as_millis()).unwrap_or(usize::MAX));
    }
}

/// One more, or several.
pub(crate) fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_counts_in_its_band() {
        let delays = Delays::default();
        for seconds in [0, 1, 2, 86_400, 86_401] {
            delays.add(Duration::from_secs(seconds));
        }
        let counts: Vec<u64> = delays.counts.iter().map(|counter| counter.load(Ordering::Relaxed)).collect();
        assert_eq!(counts, [1, 0, 1, 1, 0, 0, 0, 0, 1, 1]);
        assert_eq!(delays.total_ms.load(Ordering::Relaxed), 172_804_000);
    }
}
