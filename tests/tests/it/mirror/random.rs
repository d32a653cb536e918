//! Two programs on one account over a link that is cut at random: nothing is lost, doubled or resurrected, and in the end both
//! have what the server has.

use super::{NOW, Place, Program, letter};
use agent::mirror::{Action, Flags, MessageId, Role};
use agent::remote::Scope;
use message::flags::flag_bits;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::link::Link;
use tests::seed::Seed;

/// Seeds in a plain run; `PILLARBOX_SEEDS` says otherwise.
const SEEDS: u64 = 3;
/// Things that happen to one account.
const STEPS: u64 = 50;
/// Rounds after which two programs on a sound link must agree.
const ROUNDS: usize = 4;

/// What was done to messages, by the name of each.
#[derive(Default)]
struct Ledger {
    made: BTreeSet<String>,
    destroyed: BTreeSet<String>,
    /// Copies made on purpose.
    copied: BTreeMap<String, usize>,
    moved: BTreeSet<String>,
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn nothing_is_lost_doubled_or_resurrected_over_a_link_that_breaks() {
    let seeds = match number("PILLARBOX_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PILLARBOX_SEEDS").unwrap_or(SEEDS),
    };
    let place = Place::new();
    let mut cuts = 0;
    for seed in seeds.clone() {
        cuts += place.runtime.block_on(one_seed(&place, seed));
        if seed % 20 == 19 {
            println!("mirror: {} seeds", seed + 1);
        }
    }
    println!("mirror: seeds {seeds:?}, {cuts} connections cut");
    assert!(cuts > 0, "a link that is never cut proves nothing");
}

async fn one_seed(place: &Place, number: u64) -> u64 {
    let mut seed = Seed(number ^ 0x5eed);
    let link = Link::to(place.imap(), Seed(seed.number())).await.unwrap();
    let programs = [Program::new(), Program::new()];
    for program in &programs {
        program.sync(place.imap(), &Scope::Headers).await.unwrap();
    }
    let mut ledger = Ledger::default();
    link.cut(true);
    for step in 0..STEPS {
        let program = &programs[usize::try_from(seed.number() % 2).unwrap()];
        if seed.within(0..4) == 0 {
            // What is cut is cut; what is refused may not be.
            if let Err(trouble) = program.sync(link.address, &Scope::Headers).await {
                assert!(trouble.may_pass(), "seed {number} step {step}: {trouble}");
            }
        } else {
            act(program, &mut seed, &format!("s{number}n{step}"), &mut ledger);
        }
    }
    link.cut(false);
    let cuts = link.cuts();
    for _ in 0..ROUNDS {
        for program in &programs {
            program.clock.advance(Duration::from_secs(24 * 3600));
            program.sync(link.address, &Scope::Everything).await.unwrap();
        }
    }
    check(place, number, &programs, &ledger).await;
    clear(place, &programs[0]).await;
    cuts
}

/// Something a person does.
fn act(program: &Program, seed: &mut Seed, name: &str, ledger: &mut Ledger) {
    let mirror = &program.mirror;
    let folders = mirror.folders().unwrap();
    let folder = folders[usize::try_from(seed.number()).unwrap() % folders.len()].id;
    let rows = program.rows(folder);
    let other = folders[usize::try_from(seed.number()).unwrap() % folders.len()].id;
    let some: Vec<_> = rows.into_iter().filter(|_| seed.within(0..3) == 0).take(4).collect();
    let messages: Vec<MessageId> = some.iter().map(|row| row.id).collect();
    let names: Vec<String> = some.iter().map(|row| row.message_id.clone()).collect();
    let kind = seed.within(0..10);
    match kind {
        0..=2 => {
            mirror.make_in(folder, &letter(name, "pickles"), &Flags::default(), NOW).unwrap();
            ledger.made.insert(format!("{name}@hamburger.edu"));
        }
        3 => {
            let drafts = mirror.folder_for(Role::Drafts).unwrap();
            let old = program.rows(drafts).into_iter().find(|row| row.flags.has(flag_bits::DRAFT));
            ledger.destroyed.extend(old.as_ref().map(|row| row.message_id.clone()));
            mirror.save_draft(&letter(name, "draft"), drafts, old.map(|row| row.id), NOW).unwrap();
            ledger.made.insert(format!("{name}@hamburger.edu"));
        }
        4 => {
            // Another program may make a folder of the same name meanwhile.
            let _ = mirror.create_folder(["Work", "Play", "Work/Deep"][usize::try_from(seed.within(0..3)).unwrap()]);
        }
        _ if messages.is_empty() => {}
        5 | 6 => {
            let mut add = Flags::of([flag_bits::SEEN, flag_bits::FLAGGED][usize::try_from(seed.within(0..2)).unwrap()]);
            add.add(&Flags::keyword("$Work"));
            mirror.act(Action::Flag { messages, add, remove: Flags::of(flag_bits::ANSWERED) }).unwrap();
        }
        7 => {
            names.into_iter().for_each(|name| *ledger.copied.entry(name).or_default() += 1);
            mirror.act(Action::Copy { messages, to: other }).unwrap();
        }
        8 if folder != other => {
            ledger.moved.extend(names);
            mirror.act(Action::Move { messages, from: folder, to: other }).unwrap();
        }
        _ => {
            ledger.destroyed.extend(names);
            mirror.act(Action::Destroy { messages, from: folder }).unwrap();
        }
    }
}

async fn check(place: &Place, number: u64, programs: &[Program; 2], ledger: &Ledger) {
    let fresh = Program::new();
    fresh.sync(place.imap(), &Scope::Everything).await.unwrap();
    let truth = fresh.everything();
    for program in programs {
        assert!(program.mirror.pending().unwrap().is_empty(), "seed {number}: {:?}", program.mirror.pending());
        assert_eq!(program.everything(), truth, "seed {number}");
    }
    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
    for line in truth.values().flatten() {
        *there.entry(line.split(' ').next().unwrap()).or_default() += 1;
    }
    for name in &ledger.made {
        let count = there.remove(name.as_str()).unwrap_or(0);
        let copies = ledger.copied.get(name).copied().unwrap_or(0);
        let (destroyed, moved) = (ledger.destroyed.contains(name), ledger.moved.contains(name));
        assert!(count > 0 || destroyed, "seed {number}: {name} is lost");
        assert!(count <= 1 + copies, "seed {number}: {name} is there {count} times");
        let stays_away = destroyed && !moved && copies == 0;
        assert!(count == 0 || !stays_away, "seed {number}: {name} has risen again");
    }
    assert!(there.is_empty(), "seed {number}: nobody made {there:?}");
}

/// The account is empty for the next seed.
async fn clear(place: &Place, program: &Program) {
    for folder in program.mirror.folders().unwrap() {
        let messages: Vec<MessageId> = program.rows(folder.id).iter().map(|row| row.id).collect();
        program.mirror.act(Action::Destroy { messages, from: folder.id }).unwrap();
    }
    program.sync(place.imap(), &Scope::Headers).await.unwrap();
    assert!(program.everything().values().all(Vec::is_empty));
}
