//! How busy the house was in the last hour and day, for charts: what the office counts, noted every minute and kept in two
//! rings in memory. A restart begins anew; what is to be kept for longer is for metrics.

use message::Time;
use office::{DELAY_BOUNDS, Office};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::query::Figures;

/// How often figures are noted.
pub const EVERY: Duration = Duration::from_secs(60);
/// Notes of the ring of an hour; a point needs one before it.
const HOUR_NOTES: usize = 61;
/// Notes from one point of the day to the next.
const DAY_STEP: u32 = 5;
/// Notes of the ring of a day.
const DAY_NOTES: usize = 24 * 60 / DAY_STEP as usize + 1;

/// Counts of delays by band.
const BANDS: usize = DELAY_BOUNDS.len() + 1;

/// What was counted up to a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    at: Time,
    queue: u64,
    accepted: u64,
    delivered: u64,
    sent: u64,
    deferred: u64,
    failed: u64,
    refused: u64,
    delays: [u64; BANDS],
}

/// What happened between two notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub at: Time,
    /// Recipients that waited at its end.
    pub queue: u64,
    pub accepted: u64,
    pub delivered: u64,
    pub sent: u64,
    pub deferred: u64,
    pub failed: u64,
    pub refused: u64,
    /// At most as long as this was half of what was sent on its way; `None` when nothing was, or it took longer than
    /// is told apart.
    pub delay_p50: Option<Duration>,
    /// The same of 99 in 100.
    pub delay_p99: Option<Duration>,
}

/// The last hour, and the last day.
#[derive(Default)]
pub(crate) struct Rings(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    hour: VecDeque<Note>,
    day: VecDeque<Note>,
    /// Notes since the last of the day.
    since_day: u32,
}

impl Rings {
    /// Notes how it is now.
    pub async fn note(&self, now: Time, office: &Office) {
        let queue = match office.store().read(Figures {}).await {
            Ok(figures) => figures.outbox,
            Err(error) => return tracing::warn!(%error, "the figures of this minute are not known"),
        };
        self.keep(Note { queue, ..counted(now, office) });
    }

    fn keep(&self, note: Note) {
        let mut kept = self.0.lock();
        if kept.day.is_empty() || kept.since_day + 1 >= DAY_STEP {
            kept.since_day = 0;
            push(&mut kept.day, note, DAY_NOTES);
        } else {
            kept.since_day += 1;
        }
        push(&mut kept.hour, note, HOUR_NOTES);
    }

    /// The last hour, a point a minute, the oldest first.
    pub fn hour(&self) -> Vec<Point> {
        points(&self.0.lock().hour)
    }

    /// The last day, a point every five minutes, the oldest first.
    pub fn day(&self) -> Vec<Point> {
        points(&self.0.lock().day)
    }

    /// From one point of the day to the next.
    pub fn day_step() -> Duration {
        EVERY * DAY_STEP
    }
}

fn push(ring: &mut VecDeque<Note>, note: Note, max: usize) {
    if ring.len() >= max {
        ring.pop_front();
    }
    ring.push_back(note);
}

fn counted(at: Time, office: &Office) -> Note {
    let counters = office.counters();
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Note {
        at,
        queue: 0,
        accepted: of(&counters.accepted),
        delivered: of(&counters.delivered),
        sent: of(&counters.sent),
        deferred: of(&counters.deferred),
        failed: of(&counters.failed),
        refused: of(&counters.refused),
        delays: std::array::from_fn(|band| counters.delays.counts.get(band).map_or(0, of)),
    }
}

fn points(ring: &VecDeque<Note>) -> Vec<Point> {
    ring.iter().zip(ring.iter().skip(1)).map(|(before, after)| point(before, after)).collect()
}

fn point(before: &Note, after: &Note) -> Point {
    let more = |of: fn(&Note) -> u64| of(after).saturating_sub(of(before));
    let delays: Vec<u64> =
        after.delays.iter().zip(&before.delays).map(|(after, before)| after.saturating_sub(*before)).collect();
    Point {
        at: after.at,
        queue: after.queue,
        accepted: more(|note| note.accepted),
        delivered: more(|note| note.delivered),
        sent: more(|note| note.sent),
        deferred: more(|note| note.deferred),
        failed: more(|note| note.failed),
        refused: more(|note| note.refused),
        delay_p50: quantile(&delays, 50),
        delay_p99: quantile(&delays, 99),
    }
}

/// The bound of the band in which so many in a hundred are reached.
fn quantile(counts: &[u64], percent: u64) -> Option<Duration> {
    let all: u64 = counts.iter().sum();
    let wanted = (all * percent).div_ceil(100);
    let mut reached = 0;
    let band = counts.iter().position(|count| {
        reached += count;
        all > 0 && reached >= wanted
    })?;
    DELAY_BOUNDS.get(band).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(minute: u64) -> Note {
        Note { at: Time(minute * 60_000), accepted: minute * 10, queue: minute, ..Note::default() }
    }

    #[test]
    fn an_hour_has_sixty_points_and_a_day_its_own() {
        let rings = Rings::default();
        assert!(rings.hour().is_empty());
        for minute in 0..=(24 * 60 + 61) {
            rings.keep(note(minute));
        }
        let (hour, day) = (rings.hour(), rings.day());
        assert_eq!((hour.len(), day.len()), (60, 24 * 12));
        assert!(hour.iter().all(|point| point.accepted == 10) && day.iter().all(|point| point.accepted == 50));
        assert_eq!(hour.last().map(|point| (point.at, point.queue)), Some((Time(1501 * 60_000), 1501)));
        assert!(hour.iter().zip(hour.iter().skip(1)).all(|(a, b)| b.at.since(a.at) == EVERY));
        assert!(day.iter().zip(day.iter().skip(1)).all(|(a, b)| b.at.since(a.at) == Rings::day_step()));
    }

    #[test]
    fn delays_are_told_by_the_band_they_reach() {
        let mut counts = [0; BANDS];
        assert_eq!(quantile(&counts, 50), None);
        (counts[0], counts[2]) = (98, 2);
        assert_eq!(quantile(&counts, 50), Some(DELAY_BOUNDS[0]));
        assert_eq!(quantile(&counts, 99), Some(DELAY_BOUNDS[2]));
        counts = [0; BANDS];
        counts[BANDS - 1] = 1;
        assert_eq!(quantile(&counts, 50), None, "longer than all bounds");
    }
}
