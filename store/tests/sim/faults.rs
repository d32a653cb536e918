//! Every call of the disk failing once: the error is a clean one, nothing acknowledged is lost, and what can go on does.

use super::{open, plans, view};
use crate::world::{Plan, World, compare, stateless};
use platter::{Call, Dice, Fault, Platter, SimDisk};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use store::{Engine, Op, StoreError};

/// Operations of a script: enough for segments and rows, and for the log to go into the database.
const OPERATIONS: usize = 40;
/// Calls tried in CI, over all faults; `PILLARBOX_CALLS` tries more.
const CALLS: u64 = 400;

const FAULTS: [Fault; 4] = [
    Fault::Error(ErrorKind::Other),
    Fault::Error(ErrorKind::StorageFull),
    // What too many open files come to where a file is opened.
    Fault::Error(ErrorKind::PermissionDenied),
    Fault::Short,
];

/// How a run went.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum End {
    /// Nothing failed that anybody noticed.
    Unnoticed,
    /// Something was refused, and the rest went on.
    WentOn,
    /// The store did not open; the next time it did.
    NotOpened,
    /// A sync failed, and nothing more was taken.
    Stopped,
}

#[test]
fn every_call_failing_once_loses_nothing() {
    let seed = 11;
    let (calls, views) = without_faults(seed);
    let tried = crate::asked("PILLARBOX_CALLS").unwrap_or(CALLS).min(calls * FAULTS.len() as u64);
    let mut ends: BTreeMap<(Option<Call>, End), u64> = BTreeMap::new();
    for number in 0..tried {
        // Spread over the whole run, each fault in turn.
        let (call, fault) = (number * calls / tried, FAULTS[usize::try_from(number).unwrap() % FAULTS.len()]);
        let (hit, end) = one(seed, call, fault, &views);
        *ends.entry((hit, end)).or_default() += 1;
    }
    println!("{tried} of {calls} calls failed: {ends:#?}");
    for call in [Call::Write, Call::Read, Call::Sync, Call::SyncFolder, Call::Create] {
        assert!(ends.keys().any(|(hit, _)| *hit == Some(call)), "{call:?} never failed");
    }
    assert!(ends.keys().any(|(_, end)| *end == End::Stopped) && ends.keys().any(|(_, end)| *end == End::WentOn));
    let synced = |(hit, end): &&(Option<Call>, End)| *hit == Some(Call::Sync) && *end == End::WentOn;
    assert_eq!(ends.keys().find(synced), None, "after a failed sync nothing goes on");
}

/// How many calls a script makes, and what the store holds before it and after each group.
fn without_faults(seed: u64) -> (u64, Vec<Vec<String>>) {
    let disk = SimDisk::default();
    let mut engine = open(&disk).unwrap();
    run(&mut engine, &mut World::default(), &mut Dice::new(seed), &mut plans(seed, OPERATIONS).as_slice()).unwrap();
    drop(engine);
    let calls = disk.calls();
    // Looking takes calls of its own, so this is another run.
    let mut engine = open(&SimDisk::default()).unwrap();
    let (mut world, mut dice, plans) = (World::default(), Dice::new(seed), plans(seed, OPERATIONS));
    let mut rest = plans.as_slice();
    let mut views = vec![view(&engine).unwrap()];
    while !rest.is_empty() {
        group(&mut engine, &mut world, &mut dice, &mut rest).unwrap();
        views.push(view(&engine).unwrap());
    }
    (calls, views)
}

/// One run with one failing call.
fn one(seed: u64, call: u64, fault: Fault, views: &[Vec<String>]) -> (Option<Call>, End) {
    let context = format!("call {call} fails with {fault:?}");
    let disk = SimDisk::default();
    disk.fail_once(call, fault);
    let Ok(mut engine) = open(&disk).inspect_err(|error| clean(error, &context)) else {
        let hit = disk.hit();
        assert!(hit.is_some(), "{context}: it does not open for no reason");
        assert!(view(&open(&disk).unwrap()).unwrap().is_empty(), "{context}");
        return (hit, End::NotOpened);
    };
    let mut world = World::default();
    let plans = plans(seed, OPERATIONS);
    let mut rest = plans.as_slice();
    let mut allowed = Vec::new();
    let end = match run(&mut engine, &mut world, &mut Dice::new(seed), &mut rest) {
        Ok(refused) => {
            compare(&engine, &world);
            if refused == 0 { End::Unnoticed } else { End::WentOn }
        }
        Err((groups, fatal)) => {
            assert!(fatal.is_fatal(), "{context}: {fatal}");
            allowed = views.iter().skip(groups).take(2).cloned().collect();
            assert_eq!(engine.apply_group(&[crate::kit::add_domain("late.example")]), [Err(fatal)], "{context}");
            End::Stopped
        }
    };
    drop(engine);
    reopens(&disk, &world, &allowed, seed);
    (disk.hit(), end)
}

/// Whatever happened, the next process finds all that was acknowledged, also after the power went. `allowed`: what it
/// may find where the store stopped, with the group that failed or without; otherwise the model knows.
fn reopens(disk: &SimDisk, world: &World, allowed: &[Vec<String>], seed: u64) {
    let mut platter = Platter::default();
    disk.take_log().iter().for_each(|event| platter.take(event));
    let after_crash = SimDisk::of(platter.crash(&mut Dice::new(seed)));
    for disk in [disk, &after_crash] {
        let engine = open(disk).unwrap();
        assert_eq!(engine.verify().unwrap().damage, vec![]);
        if allowed.is_empty() {
            compare(&engine, world);
        } else {
            assert!(allowed.contains(&view(&engine).unwrap()), "what was acknowledged before the sync failed is gone");
        }
    }
}

/// Runs a script; how many operations were refused by the disk. An error: the store stopped for good after so many
/// groups.
fn run(
    engine: &mut Engine,
    world: &mut World,
    dice: &mut Dice,
    rest: &mut &[Plan],
) -> Result<u64, (usize, StoreError)> {
    let (mut refused, mut groups) = (0, 0);
    while !rest.is_empty() {
        refused += group(engine, world, dice, rest).map_err(|(done, fatal)| (groups + usize::from(done), fatal))?;
        groups += 1;
    }
    Ok(refused)
}

/// Runs the next operations. An error: the store stopped; whether the group was done before.
fn group(
    engine: &mut Engine,
    world: &mut World,
    dice: &mut Dice,
    rest: &mut &[Plan],
) -> Result<u64, (bool, StoreError)> {
    let size = usize::try_from(1 + dice.below(4)).unwrap();
    let (now, later) = rest.split_at(size.min(rest.len()));
    *rest = later;
    let ops: Vec<Op> = now.iter().filter_map(|plan| plan.op(engine).ok()).collect();
    let mut refused = (now.len() - ops.len()) as u64;
    for (op, result) in ops.iter().zip(engine.apply_group(&ops)) {
        match result {
            Ok(outcome) => assert_eq!(stateless(outcome), world.apply(op), "{op:?}"),
            Err(error) if error.is_fatal() => return Err((false, error)),
            Err(error) => {
                clean(&error, "an operation");
                refused += 1;
            }
        }
    }
    if dice.below(6) == 0 {
        match engine.checkpoint() {
            Err(error) if error.is_fatal() => return Err((true, error)),
            other => refused += u64::from(other.is_err()),
        }
    }
    Ok(refused)
}

/// A failing disk is no damage, and no defect.
fn clean(error: &StoreError, context: &str) {
    let clean = matches!(error, StoreError::Full | StoreError::Io { .. } | StoreError::SyncFailed { .. });
    assert!(clean, "{context}: {error:?}");
}
