//! The clock: wall time that never runs backwards. The only place in the house that reads a clock.
//!
//! Time is the wall clock as it was at an anchor plus what the monotonic clock counted since. Once a second the two
//! are compared: where the wall clock has been set forward by more than [`STEP`], time jumps with it; where it has
//! been set back, time runs at half speed until the wall clock has caught up, so that it neither stands still (then no
//! deadline would ever pass) nor repeats.
#![allow(clippy::disallowed_methods, reason = "this is where the clock is read")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::time::Instant;
use wire::Time;

/// How far wall clock and anchored time may differ before it counts as a step. Below it, NTP is merely slewing.
pub const STEP: Duration = Duration::from_secs(1);

/// How often the wall clock is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The longest single sleep, so that a step of the wall clock is noticed by those who wait.
const NAP: Duration = Duration::from_secs(60);

/// A source of [`Time`]. Cheap to clone; clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(Arc<Mutex<Anchor>>),
    Counting { at: Instant, start: Time },
    Manual(Arc<watch::Sender<Time>>),
}

/// Where time was tied to the wall clock last.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// The monotonic clock at that moment.
    at: Instant,
    /// Milliseconds of our time at that moment.
    time_ms: u64,
    /// When the wall clock was last looked at.
    looked: Instant,
    /// Time runs at half speed, since the wall clock was set back.
    slow: bool,
}

impl Clock {
    /// The clock of this machine.
    #[must_use]
    pub fn system() -> Clock {
        let now = Instant::now();
        Clock(Source::System(Arc::new(Mutex::new(Anchor { at: now, time_ms: wall_ms(), looked: now, slow: false }))))
    }

    /// A clock that counts from `start` and never looks at the wall clock: with tokio's paused time it leaps with it.
    #[must_use]
    pub fn counting(start: Time) -> Clock {
        Clock(Source::Counting { at: Instant::now(), start })
    }

    /// A clock that stands still until [`Clock::advance`] moves it. For tests and the lab.
    #[must_use]
    pub fn manual(start: Time) -> Clock {
        Clock(Source::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        match &self.0 {
            Source::System(anchor) => {
                let mut anchor = anchor.lock().unwrap_or_else(PoisonError::into_inner);
                anchor.read(Instant::now(), wall_ms)
            }
            Source::Counting { at, start } => start.after(at.elapsed()),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Moves a manual clock forward; the clock of the machine cannot be moved.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|time| *time = time.after(by));
        }
    }

    /// Returns once the time is `when` or later.
    pub async fn sleep_until(&self, when: Time) {
        match &self.0 {
            Source::System(_) | Source::Counting { .. } => loop {
                let left = when.since(self.now());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(NAP)).await;
            },
            Source::Manual(time) => {
                // The sender lives in `self`, so waiting can only end by the time being reached.
                let _ = time.subscribe().wait_for(|time| *time >= when).await;
            }
        }
    }
}

impl Anchor {
    /// The time at `now`, looking at the wall clock where that is due.
    fn read(&mut self, now: Instant, wall_ms: impl FnOnce() -> u64) -> Time {
        let time_ms = self.extrapolate(now);
        if now.saturating_duration_since(self.looked) >= LOOK_EVERY {
            self.tie(now, time_ms, wall_ms());
        }
        Time(self.extrapolate(now))
    }

    /// Milliseconds of our time at `now`, from the anchor alone.
    fn extrapolate(&self, now: Instant) -> u64 {
        let passed = millis(now.saturating_duration_since(self.at));
        self.time_ms.saturating_add(if self.slow { passed / 2 } else { passed })
    }

    /// Compares with the wall clock and drops a new anchor where the two have parted, or come together again.
    fn tie(&mut self, now: Instant, time_ms: u64, wall_ms: u64) {
        self.looked = now;
        let step_ms = millis(STEP);
        if wall_ms > time_ms.saturating_add(step_ms) || (self.slow && wall_ms >= time_ms) {
            *self = Anchor { at: now, time_ms: wall_ms, looked: now, slow: false };
        } else if time_ms > wall_ms.saturating_add(step_ms) && !self.slow {
            *self = Anchor { at: now, time_ms, looked: now, slow: true };
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The wall clock in milliseconds since 1970; zero when it is set to before that.
fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An anchor at wall time 100 s, and the moment it was dropped.
    fn anchored() -> (Anchor, Instant) {
        let start = Instant::now();
        (Anchor { at: start, time_ms: 100_000, looked: start, slow: false }, start)
    }

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn follows_the_monotonic_clock_between_looks() {
        let (mut anchor, start) = anchored();
        assert_eq!(anchor.read(at(start, 999), || unreachable!("not yet due")), Time(100_999));
    }

    #[test]
    fn ignores_a_difference_up_to_the_step() {
        let (mut anchor, start) = anchored();
        assert_eq!(anchor.read(at(start, 1000), || 102_000), Time(101_000), "exactly one second ahead");
        assert_eq!(anchor.read(at(start, 2000), || 101_000), Time(102_000), "exactly one second behind");
        assert!(!anchor.slow);
    }

    #[test]
    fn jumps_forward_with_the_wall_clock() {
        let (mut anchor, start) = anchored();
        assert_eq!(anchor.read(at(start, 1000), || 102_001), Time(102_001));
        assert_eq!(anchor.read(at(start, 1500), || unreachable!("not yet due")), Time(102_501));
    }

    #[test]
    fn runs_at_half_speed_after_a_step_back_until_caught_up() {
        let (mut anchor, start) = anchored();
        // After one second the wall clock says 91 s where we say 101 s.
        let wall = |ms: u64| move || 90_000 + ms;
        let mut last = anchor.read(at(start, 1000), wall(1000));
        assert_eq!(last, Time(101_000));
        for second in 2..=60 {
            let now = anchor.read(at(start, second * 1000), wall(second * 1000));
            assert!(now > last, "time stood still or ran back at second {second}");
            last = now;
        }
        assert!(!anchor.slow, "caught up after twenty seconds");
        assert_eq!(last, Time(150_000));
    }

    #[test]
    fn the_system_clock_tells_a_time_of_this_age() {
        let now = Clock::system().now();
        assert!(now.unix_seconds() > 1_700_000_000, "{now:?}");
    }

    #[tokio::test]
    async fn those_who_wait_for_a_manual_clock_wake_when_it_moves() {
        let clock = Clock::manual(Time(1000));
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(Time(3000)).await;
                clock.now()
            }
        });
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), Time(2000));
        clock.advance(Duration::from_secs(1));
        assert_eq!(waiting.await.ok(), Some(Time(3000)));
    }
}
