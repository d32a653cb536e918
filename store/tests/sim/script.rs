//! What the engine is made to do, from a number: some hundred operations in groups, with upkeep between them.

use super::{open, view};
use crate::kit::{NOW, add_account, add_domain};
use crate::world::{Plan, World, ops, stateless};
use message::Time;
use platter::{Call, Dice, Event, SimDisk};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use store::{Engine, Op, Outcome};

/// A run that went well: all the disk was told, and what could be seen after each group.
pub struct Recording {
    /// With `Told(n)` where the n-th group was acknowledged.
    pub log: Vec<Event>,
    /// The n-th: after n groups.
    pub views: Vec<Vec<String>>,
    /// Operations that were acknowledged as done.
    pub done: usize,
}

/// So many operations of this seed.
pub fn plans(seed: u64, count: usize) -> Vec<Plan> {
    let mut octets = [0; 32];
    octets[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &octets);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let drawn = prop::collection::vec(ops(), count).new_tree(&mut runner).unwrap().current();
    // Most operations speak of somebody.
    let first = [add_domain("crepes.fr"), add_account("bob", None), add_account("Carol", Some(20_000))];
    first.map(Plan::Whole).into_iter().chain(drawn).collect()
}

/// Runs a script and writes down what the disk was told. Outcomes are those of the model.
pub fn record(seed: u64, count: usize, lie: Option<Call>) -> Recording {
    let disk = SimDisk::default();
    if let Some(call) = lie {
        disk.lie(call);
    }
    let mut engine = open(&disk).unwrap();
    let (mut dice, mut world) = (Dice::new(seed), World::default());
    let (mut views, mut done) = (vec![view(&engine).unwrap()], 0);
    disk.told(0);
    let plans = plans(seed, count);
    let mut rest = plans.as_slice();
    while !rest.is_empty() {
        let size = usize::try_from(1 + dice.below(8)).unwrap();
        let (now, later) = rest.split_at(size.min(rest.len()));
        rest = later;
        done += group(&mut engine, &mut world, now);
        views.push(view(&engine).unwrap());
        disk.told(views.len() - 1);
        upkeep(&mut engine, &mut dice, views.len());
    }
    Recording { log: disk.take_log(), views, done }
}

fn group(engine: &mut Engine, world: &mut World, plans: &[Plan]) -> usize {
    let ops: Vec<Op> = plans.iter().map(|plan| plan.op(engine).unwrap()).collect();
    let mut done = 0;
    for (op, result) in ops.iter().zip(engine.apply_group(&ops)) {
        let outcome = result.unwrap();
        let outcome = stateless(outcome);
        assert_eq!(outcome, world.apply(op), "{op:?}");
        done +=
            usize::from(!matches!(outcome, Outcome::Gone | Outcome::Exists | Outcome::Conflict | Outcome::OverQuota));
    }
    done
}

/// Now and then the log goes into the database, an upload is given up, or segments are compacted.
fn upkeep(engine: &mut Engine, dice: &mut Dice, groups: usize) {
    match dice.below(12) {
        0 => engine.checkpoint().unwrap(),
        1 => drop(engine.put(&crate::kit::noise(99, 12_000)).unwrap()),
        2 | 3 => {
            // Two days pass between two of these, so that what the first sees closed has rested at the second.
            let now = Time(NOW.0 + groups as u64 * 2 * 24 * 3_600_000);
            engine.compact(now).unwrap();
        }
        _ => {}
    }
}
