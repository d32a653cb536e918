//! Figures the office keeps about its own work, for metrics. Only counts; whoever shows them names them.

use std::sync::atomic::{AtomicU64, Ordering};

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

/// One more, or several.
pub(crate) fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}
