//! Log lines about what strangers can make happen as often as they like: said at once, and then not too often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::Time;

/// How often the same is said at most.
pub(super) const SELDOM: Duration = Duration::from_secs(5);

/// One thing to say.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    last: Option<Time>,
    unsaid: u64,
}

impl Seldom {
    /// It happened. `Some` when it is to be said now, with how often it went unsaid since the last time.
    pub(super) fn happened(&self, now: Time) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.last.is_some_and(|last| now.since(last) < SELDOM) {
            said.unsaid += 1;
            return None;
        }
        said.last = Some(now);
        Some(std::mem::take(&mut said.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_once_then_not_before_its_time_and_nothing_is_forgotten() {
        let (seldom, start) = (Seldom::default(), Time(1000));
        assert_eq!(seldom.happened(start), Some(0));
        assert_eq!(seldom.happened(start), None);
        assert_eq!(seldom.happened(start.after(SELDOM - Duration::from_millis(1))), None);
        assert_eq!(seldom.happened(start.after(SELDOM)), Some(2));
    }
}
