//! How far long work is, and stopping it.

use crate::trouble::{Kind, Trouble};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done: `reading INBOX`.
    pub what: String,
    /// How much of it.
    pub done: u64,
    /// Of how much, where that is known.
    pub of: Option<u64>,
}

/// Who hears of progress, and says when to stop. Cheap to clone.
#[derive(Clone)]
pub struct Watcher {
    hear: Arc<dyn Fn(Progress) + Send + Sync>,
    stop: Arc<AtomicBool>,
}

impl Watcher {
    /// Somebody who hears.
    pub fn new(hear: impl Fn(Progress) + Send + Sync + 'static) -> Watcher {
        Watcher { hear: Arc::new(hear), stop: Arc::default() }
    }

    /// Nobody.
    #[must_use]
    pub fn nobody() -> Watcher {
        Watcher::new(|_| {})
    }

    /// Tells how far it is.
    pub fn tell(&self, what: &str, done: u64, of: Option<u64>) {
        (self.hear)(Progress { what: what.to_owned(), done, of });
    }

    /// Says stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// To be asked between steps.
    ///
    /// # Errors
    /// When somebody said stop.
    pub fn go_on(&self) -> Result<(), Trouble> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Trouble::new(Kind::Cancelled, "stopped"));
        }
        Ok(())
    }
}
