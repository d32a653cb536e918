//! Counting: how many, how large, how long each took.

use std::time::Duration;

/// What was measured.
#[derive(Default)]
pub struct Tally {
    times: Vec<Duration>,
    octets: u64,
}

impl Tally {
    /// How many were counted.
    pub fn len(&self) -> u64 {
        self.times.len() as u64
    }

    /// The time that half of them took at most.
    pub fn median(&mut self) -> Duration {
        self.at(50)
    }

    /// The time that `share` per cent took at most.
    pub fn at(&mut self, share: usize) -> Duration {
        self.times.sort_unstable();
        self.percentile(share)
    }

    /// Counts one message, or whatever the unit is.
    pub fn count(&mut self, time: Duration, octets: u64) {
        self.times.push(time);
        self.octets += octets;
    }

    /// Counts what another session counted.
    pub fn add(&mut self, other: Tally) {
        self.times.extend(other.times);
        self.octets += other.octets;
    }

    /// Figures in words. `whole` is the time from the first connection to the last reply, logins included.
    pub fn report(mut self, whole: Duration, unit: &str) -> String {
        self.times.sort_unstable();
        let seconds = whole.as_secs_f64().max(f64::EPSILON);
        let (rate, octets) = (self.times.len() as f64 / seconds, self.octets as f64 / seconds);
        let at = |share| milliseconds(self.percentile(share));
        format!(
            "{} {unit}s in {seconds:.2} s: {rate:.0} a second, {:.2} MB/s\nms a {unit}: median {}, 90 % {}, 99 % {}, slowest {}",
            self.times.len(),
            octets / 1e6,
            at(50),
            at(90),
            at(99),
            at(100)
        )
    }

    /// The time that `share` per cent of the messages did not exceed (nearest rank); zero if there were none.
    fn percentile(&self, share: usize) -> Duration {
        let rank = (self.times.len() * share).div_ceil(100).max(1);
        self.times.get(rank - 1).copied().unwrap_or_default()
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut tally = Tally::default();
        for time in 1..=200 {
            tally.count(Duration::from_millis(time), 10);
        }
        tally.times.sort_unstable();
        let at = |share| tally.percentile(share).as_millis();
        assert_eq!([at(50), at(90), at(99), at(100)], [100, 180, 198, 200]);
        assert_eq!(Tally::default().percentile(99), Duration::ZERO);
    }

    #[test]
    fn the_report_counts_what_was_added() {
        let (mut one, mut two) = (Tally::default(), Tally::default());
        one.count(Duration::from_millis(1), 1_000_000);
        two.count(Duration::from_millis(3), 1_000_000);
        one.add(two);
        let report = one.report(Duration::from_secs(2), "message");
        assert!(report.starts_with("2 messages in 2.00 s: 1 a second, 1.00 MB/s\n"), "{report}");
        assert!(report.ends_with("median 1.00, 90 % 3.00, 99 % 3.00, slowest 3.00"), "{report}");
    }
}
