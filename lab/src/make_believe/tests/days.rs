//! Times of a queue over days.

use crate::make_believe::{greylist, server_down_five_days};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A call takes a moment.
const MOMENT: Duration = Duration::from_secs(1);

/// Checks the waits between attempts against a schedule with 10 % of jitter.
fn check_waits(attempts: &[(Duration, bool)]) {
    let mut plain = 30 * MINUTE;
    for (number, pair) in attempts.windows(2).enumerate() {
        let (before, wait) = (pair[0].0, pair[1].0 - pair[0].0);
        if before >= 4 * HOUR {
            plain = (plain * 3 / 2).min(4 * HOUR);
        }
        let last = number + 2 == attempts.len() && pair[1].0 >= 5 * DAY;
        let least = if last { Duration::ZERO } else { plain * 9 / 10 };
        // The last try is at the age of five days: a wait that would end shortly before is made longer.
        let most = plain * 11 / 10 + if last { 30 * MINUTE } else { MOMENT };
        assert!((least..=most).contains(&wait), "wait {number}: {wait:?} is not within {least:?} and {most:?}");
    }
}

#[test]
fn a_server_that_is_down_for_five_days_is_tried_at_the_times_of_the_schedule_and_then_given_up() {
    let tale = server_down_five_days(1, None).unwrap();
    assert!(tale.attempts.iter().all(|(_, connected)| !connected));
    check_waits(&tale.attempts);
    let (first, last) = (tale.attempts[0].0, tale.attempts[tale.attempts.len() - 1].0);
    assert!(first < MOMENT, "{first:?}");
    assert!((5 * DAY..5 * DAY + MOMENT).contains(&last), "{last:?}");
    let [notice] = tale.notices[..] else { panic!("{:?}", tale.notices) };
    assert!((4 * HOUR..4 * HOUR + 33 * MINUTE + MOMENT).contains(&notice), "{notice:?}");
    let [bounce] = tale.bounces[..] else { panic!("{:?}", tale.bounces) };
    assert!((last..last + MOMENT).contains(&bounce), "{bounce:?}");
    assert!(tale.arrivals.is_empty());
}

#[test]
fn a_server_that_comes_back_on_the_third_day_gets_the_letter_once() {
    let tale = server_down_five_days(2, Some(2 * DAY + HOUR)).unwrap();
    check_waits(&tale.attempts);
    let [arrival] = tale.arrivals[..] else { panic!("{:?}", tale.arrivals) };
    assert!((2 * DAY + HOUR..2 * DAY + HOUR + 4 * HOUR * 11 / 10 + MOMENT).contains(&arrival), "{arrival:?}");
    assert_eq!((tale.notices.len(), tale.bounces.len()), (1, 0));
    assert_eq!(tale.attempts.iter().filter(|(_, connected)| *connected).count(), 1);
}

#[test]
fn a_host_that_greylists_is_called_again_after_five_minutes() {
    let tale = greylist(3).unwrap();
    let [first, second] = tale.attempts[..] else { panic!("{:?}", tale.attempts) };
    let wait = second.0 - first.0;
    assert!((5 * MINUTE..5 * MINUTE * 11 / 10 + MOMENT).contains(&wait), "{wait:?}");
    let [arrival] = tale.arrivals[..] else { panic!("{:?}", tale.arrivals) };
    assert!((second.0..second.0 + MOMENT).contains(&arrival));
    assert_eq!((tale.notices.len(), tale.bounces.len()), (0, 0));
}

#[test]
fn the_same_seed_tells_the_same_tale() {
    let tell = |seed| server_down_five_days(seed, Some(DAY)).unwrap();
    assert_eq!(tell(5), tell(5));
    assert_ne!(tell(5).attempts, tell(6).attempts);
}
