//! What is kept in memory of accounts that somebody asks about: let go when nobody has asked for a while, and the oldest
//! where there are too many. Does not know what is kept.

use message::Time;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

/// How long one that nobody asks about stays loaded.
pub(super) const KEPT: Duration = Duration::from_secs(10 * 60);
/// So many are loaded at most: with 100,000 e-mails each takes ten megabytes.
pub(super) const LOADED_MAX: usize = 64;

/// Views by what they are of.
pub(super) struct Loaded<K, V> {
    open: Mutex<HashMap<K, Kept<V>>>,
}

struct Kept<V> {
    view: Arc<V>,
    used: Time,
}

impl<K, V> Default for Loaded<K, V> {
    fn default() -> Loaded<K, V> {
        Loaded { open: Mutex::default() }
    }
}

impl<K: Copy + Eq + Hash, V> Loaded<K, V> {
    /// The view of a key, made where there is none yet.
    pub fn open(&self, key: K, now: Time, make: impl FnOnce() -> V) -> Arc<V> {
        let mut open = self.open.lock();
        if !open.contains_key(&key) {
            sweep(&mut open, now);
        }
        let kept = open.entry(key).or_insert_with(|| Kept { view: Arc::new(make()), used: now });
        kept.used = now;
        kept.view.clone()
    }

    /// Whether there is one.
    pub fn has(&self, key: K) -> bool {
        self.open.lock().contains_key(&key)
    }

    /// Lets go of one.
    pub fn forget(&self, key: K) {
        self.open.lock().remove(&key);
    }
}

/// Makes room for one more: lets go of the old ones, and the oldest of too many.
fn sweep<K: Copy + Eq + Hash, V>(open: &mut HashMap<K, Kept<V>>, now: Time) {
    open.retain(|_, kept| now.since(kept.used) < KEPT);
    while open.len() >= LOADED_MAX {
        let Some(oldest) = open.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| *key) else { return };
        open.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kept() -> Kept<()> {
        Kept { view: Arc::new(()), used: Time(1000) }
    }

    #[test]
    fn views_nobody_asks_about_are_let_go() {
        let mut open: HashMap<_, _> = (1..=3).map(|key| (key, kept())).collect();
        open.get_mut(&2).unwrap().used = Time(2000);
        sweep(&mut open, Time(1000).after(KEPT));
        assert_eq!(open.keys().collect::<Vec<_>>(), [&2]);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let mut open: HashMap<_, _> = (1..LOADED_MAX).map(|key| (key, kept())).collect();
        sweep(&mut open, Time(1000));
        assert_eq!(open.len(), LOADED_MAX - 1, "there is room for one more");
        open.insert(0, Kept { used: Time(999), ..kept() });
        sweep(&mut open, Time(1000));
        assert!(open.len() == LOADED_MAX - 1 && !open.contains_key(&0), "one past it: the oldest went");
    }

    #[test]
    fn one_is_made_once_and_again_when_it_was_let_go() {
        let loaded: Loaded<u8, u8> = Loaded::default();
        assert_eq!((*loaded.open(1, Time(1000), || 7), *loaded.open(1, Time(1000), || 8)), (7, 7));
        loaded.forget(1);
        assert!(!loaded.has(1));
        assert_eq!((*loaded.open(1, Time(1000), || 9), loaded.has(1)), (9, true));
    }
}
