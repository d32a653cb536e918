//! A small internet where hosts lose power between any two writes, connections break anywhere, and replies to the final
//! dot are lost. Whatever was accepted ends with its recipient or is reported to its sender; nothing comes twice without
//! a reason.
//!
//! `PILLARBOX_SEEDS=10000` runs more than CI does; `PILLARBOX_SEED=7` runs one.
#![allow(clippy::disallowed_methods, reason = "reads how much is asked for")]

#[path = "../../../../store/tests/sim/through.rs"]
mod through;
mod town;

use crate::make_believe::Chance;
use town::Town;

/// How many internets CI runs.
const SEEDS: u64 = 200;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

/// Runs one; what is wrong with it, and what it looked like.
fn run(seed: u64) -> (Vec<String>, String) {
    let mut town = Town::new(Chance::new(seed));
    town.live();
    (town.wrongs(), town.summary())
}

#[test]
fn whatever_is_accepted_arrives_or_is_reported() {
    let seeds = match asked("PILLARBOX_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("PILLARBOX_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let (wrongs, summary) = run(seed);
        assert!(wrongs.is_empty(), "PILLARBOX_SEED={seed}: {summary}\n{}", wrongs.join("\n"));
    }
}

#[test]
fn the_same_seed_makes_the_same_internet() {
    assert_eq!(run(11), run(11));
}
