#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const CREATED: Time = Time(1_795_238_264_000);

/// Minutes after the start of every attempt, each failing for the same reason; then the message expires.
fn attempts(schedule: &Schedule, class: Class, mut random: impl FnMut() -> u64) -> Vec<f64> {
    let (mut now, mut waited, mut minutes) = (CREATED, Waited::default(), Vec::new());
    loop {
        minutes.push(now.since(CREATED).as_secs_f64() / 60.0);
        match schedule.next(now, CREATED, waited, (class, random())) {
            When::At(at, after) => (now, waited) = (at, after),
            When::Expired => return minutes,
        }
    }
}

fn exact() -> Schedule {
    Schedule { jitter_percent: 0, ..Schedule::default() }
}

#[test]
fn five_days_of_outage() {
    let mut expected: Vec<f64> = (0..=8).map(|half_hours| f64::from(half_hours) * 30.0).collect();
    // Half as long again each time, until four hours.
    expected.extend([285.0, 352.5, 453.75, 605.625, 833.437_5]);
    // Every four hours; the one that would come within half an hour of the end is the one at the end.
    let evenly = (1..=26).map(|times| 833.437_5 + f64::from(times) * 240.0);
    expected.extend(evenly);
    expected.push(7200.0);
    let made = attempts(&exact(), Class::Ordinary, || 0);
    assert_eq!(made.len(), expected.len(), "{made:?}");
    assert!(made.iter().zip(&expected).all(|(made, expected)| (made - expected).abs() < 0.001), "{made:?}");
}

#[test]
fn greylisting_brings_one_early_attempt() {
    let made = attempts(&exact(), Class::Greylisted, || 0);
    assert_eq!(made.get(..4), Some(&[0.0, 5.0, 35.0, 65.0][..]));
    let ordinary = exact().next(CREATED, CREATED, Waited { early: true, ..Waited::default() }, (Class::Greylisted, 0));
    let after = Waited { plain: 30 * MINUTE, early: true };
    assert_eq!(ordinary, When::At(CREATED.after(30 * MINUTE), after));
}

#[test]
fn the_early_attempt_never_comes_too_early() {
    for random in [0, u64::MAX / 4, u64::MAX / 2, u64::MAX] {
        let When::At(at, _) =
            Schedule::default().next(CREATED, CREATED, Waited::default(), (Class::Greylisted, random))
        else {
            panic!("it has not expired");
        };
        assert!((300..=330).contains(&at.since(CREATED).as_secs()), "{at:?}");
    }
}

#[test]
fn at_once_is_at_once_and_leaves_the_waits_alone() {
    let waited = Waited { plain: HOUR, early: false };
    assert_eq!(exact().next(CREATED, CREATED, waited, (Class::AtOnce, 7)), When::At(CREATED, waited));
}

#[test]
fn the_last_attempt_is_at_the_end() {
    let end = CREATED.after(Schedule::default().expire);
    let next = |now: Time, class| exact().next(now, CREATED, Waited::default(), (class, 0));
    let at = |when| match when {
        When::At(at, _) => Some(at),
        When::Expired => None,
    };
    for class in [Class::Ordinary, Class::Greylisted, Class::Doubtful] {
        assert_eq!(at(next(Time(end.0 - 1), class)), Some(end), "{class:?}");
        assert_eq!(next(end, class), When::Expired, "{class:?}");
        assert_eq!(next(end.after(HOUR), class), When::Expired, "{class:?}");
    }
    assert_eq!(next(end, Class::AtOnce), When::Expired);
    // Exactly one more fits before the end, or does not.
    let short = Schedule { expire: 60 * MINUTE, ..exact() };
    assert_eq!(attempts(&short, Class::Ordinary, || 0), [0.0, 30.0, 60.0]);
    let short = Schedule { expire: 59 * MINUTE, ..exact() };
    assert_eq!(attempts(&short, Class::Ordinary, || 0), [0.0, 59.0]);
}

#[test]
fn the_sender_is_told_once() {
    let schedule = Schedule::default();
    let due = |minutes: u64, noticed| {
        schedule.delay_notice_due(CREATED.after(Duration::from_secs(60 * minutes)), CREATED, noticed)
    };
    assert!(!due(239, false));
    assert!(due(240, false));
    assert!(!due(240, true));
    assert!(due(7199, false));
    assert!(!due(7200, false));
}

#[test]
fn strange_settings_do_no_harm() {
    let still = Schedule { retry_factor_percent: 0, jitter_percent: 0, ..Schedule::default() };
    let made = attempts(&still, Class::Ordinary, || 0);
    assert_eq!(made.len(), 241, "every half hour for five days");
    let wild = Schedule { jitter_percent: u32::MAX, ..Schedule::default() };
    let When::At(at, _) = wild.next(CREATED, CREATED, Waited::default(), (Class::Ordinary, u64::MAX)) else {
        panic!("it has not expired");
    };
    assert!(at <= CREATED.after(HOUR));
    let endless = Schedule { expire: Duration::MAX, retry_max: Duration::MAX, ..exact() };
    let waited = Waited { plain: Duration::MAX, early: false };
    let old = Time(u64::MAX - 1);
    assert!(matches!(endless.next(old, CREATED, waited, (Class::Ordinary, 1)), When::At(..)));
}

proptest! {
    #[test]
    fn every_wait_is_within_its_bounds(seed in any::<u64>(), greylisted in any::<bool>()) {
        let schedule = Schedule::default();
        let class = if greylisted { Class::Greylisted } else { Class::Ordinary };
        let mut state = seed;
        let made = attempts(&schedule, class, || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        });
        prop_assert_eq!(made.last().copied(), Some(7200.0));
        prop_assert!((36..=46).contains(&made.len()), "{} attempts", made.len());
        let waits: Vec<f64> = made.windows(2).map(|pair| pair[1] - pair[0]).collect();
        for (index, (wait, at)) in waits.iter().zip(&made).enumerate() {
            let last = index + 1 == waits.len();
            let early = greylisted && index == 0;
            let (least, most) = match () {
                () if early => (5.0, 5.5),
                () if last => (27.0, 264.0 + 30.0),
                () if *at < 240.0 => (27.0, 33.0),
                () => (40.5, 264.0),
            };
            prop_assert!((least..=most).contains(wait), "wait {wait} at {at}");
        }
    }
}
