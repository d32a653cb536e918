//! The whole store on a disk that loses power: after every write, sync and change of a name, what survives is opened
//! again, and everything that was acknowledged has to be there.
//!
//! `PILLARBOX_SEEDS=10000` runs more scripts than CI does; `PILLARBOX_SEED=7` runs one, at every point.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "reads how much is asked for")]

mod kit;
mod sim;
mod world;

use platter::{Call, Dice, Event, Image, Platter, SimDisk};
use sim::{Recording, open, record, view};
use store::Outcome;

/// Operations of a script.
const OPERATIONS: usize = 200;
/// Scripts of which some points are tried, and points of each.
const SEEDS: u64 = 100;
const POINTS: u64 = 12;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

/// Crashes a recorded run at some of its events; how many were tried, and the first that lost something.
fn crash(seed: u64, run: &Recording, chosen: impl Fn(usize) -> bool) -> (usize, Option<String>) {
    let (mut platter, mut acknowledged, mut tried) = (Platter::default(), 0, 0);
    for (number, event) in run.log.iter().enumerate() {
        platter.take(event);
        if let Event::Told(groups) = event {
            acknowledged = *groups;
        }
        if !chosen(number) {
            continue;
        }
        tried += 1;
        let image = platter.crash(&mut Dice::new(seed ^ (number as u64) << 32));
        let after = run.views.iter().skip(acknowledged).take(2);
        if let Err(why) = survives(image, after.map(Vec::as_slice)) {
            return (tried, Some(format!("PILLARBOX_SEED={seed}, after event {number} of {}: {why}", run.log.len())));
        }
    }
    (tried, None)
}

/// Opens what survived. It must look as one of these: what was acknowledged, or that and the whole group under way.
fn survives<'a>(image: Image, mut allowed: impl Iterator<Item = &'a [String]>) -> Result<(), String> {
    let text = |error: store::StoreError| error.to_string();
    let mut engine = open(&SimDisk::of(image)).map_err(text)?;
    let report = engine.verify().map_err(text)?;
    if !report.damage.is_empty() {
        return Err(format!("{:?}", report.damage));
    }
    let seen = view(&engine).map_err(text)?;
    let first = allowed.next().unwrap();
    if seen != first && allowed.all(|other| other != seen) {
        let missing: Vec<_> = first.iter().filter(|line| !seen.contains(line)).collect();
        return Err(format!("lost {missing:#?}"));
    }
    match engine.apply_group(&[kit::add_domain("after.example")]).remove(0) {
        Ok(Outcome::Done) => Ok(()),
        other => Err(format!("nothing more is taken: {other:?}")),
    }
}

#[test]
fn a_crash_after_every_event_loses_nothing() {
    for seed in asked("PILLARBOX_SEED").map_or(vec![1, 2], |seed| vec![seed]) {
        let run = record(seed, OPERATIONS, None);
        assert!(run.done > OPERATIONS / 4, "most of a script does something: {}", run.done);
        let (tried, lost) = crash(seed, &run, |_| true);
        assert_eq!(lost, None);
        println!("seed {seed}: {} operations done, {tried} crashes survived", run.done);
    }
}

#[test]
fn a_crash_anywhere_in_many_scripts_loses_nothing() {
    let seeds = asked("PILLARBOX_SEEDS").unwrap_or(SEEDS);
    let (mut crashes, mut done) = (0, 0);
    for seed in 1_000..1_000 + seeds {
        let run = record(seed, OPERATIONS, None);
        let mut dice = Dice::new(seed);
        let points: Vec<u64> = (0..POINTS).map(|_| dice.below(run.log.len() as u64)).collect();
        let (tried, lost) = crash(seed, &run, |number| points.contains(&(number as u64)));
        assert_eq!(lost, None);
        (crashes, done) = (crashes + tried, done + run.done);
    }
    println!("{seeds} scripts, {done} operations done, {crashes} crashes survived");
}

/// The negative control: on a disk that does not sync, the same look must find loss.
#[test]
fn a_disk_that_lies_is_caught() {
    for (lie, seed) in [(Call::Sync, 3), (Call::SyncFolder, 4)] {
        let run = record(seed, OPERATIONS, Some(lie));
        let (_, lost) = crash(seed, &run, |number| number % 7 == 0);
        assert!(lost.is_some(), "{lie:?} does nothing, and nothing was lost");
    }
}
