//! The one type for time in the house. Nothing below `net` reads a clock: time is passed in.

use std::time::Duration;

/// Milliseconds since 1970-01-01 00:00 UTC, leap seconds not counted. Never runs backwards within a process:
/// the clock that hands it out (`net::clock`) sees to that, so it serves deadlines and dates alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Time(pub u64);

impl Time {
    /// The moment `later` from now; stays at the end of time rather than wrapping.
    #[must_use]
    pub fn after(self, later: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Whole seconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }
}
