//! A process that is killed in the middle of its work, again and again: whatever it had acknowledged is there.
#![allow(clippy::disallowed_methods, reason = "a second process is told by the environment what to do")]
#![allow(clippy::unwrap_used, missing_docs)]

mod kit;

use kit::*;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use store::query::Mailboxes;
use store::types::{AccountId, Uid};
use store::{Op, Outcome, Settings, Store};

/// Where the child works; set for the child only.
const FOLDER: &str = "STORE_CRASH_FOLDER";
const CYCLE: &str = "STORE_CRASH_CYCLE";
const CYCLES: u32 = 6;
const TASKS: u32 = 8;

/// Sizes below and above what goes into a row, and above a frame.
fn octets(seed: u32) -> usize {
    [500, 3_000, 20_000, 120_000, 400_000][seed as usize % 5]
}

/// Acknowledged and not expunged: UID and the seed of its content.
type Ledger = BTreeMap<u32, u32>;

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, mut acknowledged, mut checked) = (Ledger::new(), 0, 0);
    for cycle in 0..CYCLES {
        acknowledged += one_life(folder.path(), cycle, &mut ledger);
        checked += check(folder.path(), &ledger);
    }
    assert!(acknowledged >= CYCLES * 40, "only {acknowledged} acknowledged");
    assert!(checked >= CYCLES * 40, "only {checked} looked at");
}

/// Starts a child, lets it work, kills it; what it had said by then.
fn one_life(folder: &Path, cycle: u32, ledger: &mut Ledger) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["the_child_works_until_it_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(CYCLE, cycle.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut acknowledged, mut killed) = (String::new(), 0, false);
    while output.read_line(&mut line).unwrap() > 0 {
        // A line cut in the middle was not said.
        if line.ends_with('\n') {
            acknowledged += u32::from(heard(&line, ledger));
        }
        line.clear();
        if !killed && acknowledged >= 50 + cycle * 17 {
            child.kill().unwrap();
            killed = true;
        }
    }
    assert!(killed, "the child ended by itself");
    child.wait().unwrap();
    acknowledged
}

fn heard(line: &str, ledger: &mut Ledger) -> bool {
    let mut words = line.split_whitespace();
    let word = words.next();
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
    match (word, number(), number()) {
        (Some("kept"), Some(uid), Some(seed)) => {
            assert_eq!(ledger.insert(uid, seed), None, "a UID was given twice");
            true
        }
        // Said before it is asked for: from here on it may be there or not.
        (Some("expunging"), Some(uid), _) => {
            ledger.remove(&uid);
            false
        }
        _ => false,
    }
}

/// Opens what the child left and looks at every message of the ledger.
fn check(folder: &Path, ledger: &Ledger) -> u32 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(folder, Settings::default()).unwrap();
        let report = store.verify().await.unwrap();
        assert_eq!(report.damage, vec![]);
        assert!(report.messages >= ledger.len() as u64);
        for (uid, seed) in ledger {
            let stored = stored(&store, AccountId(1), Uid(*uid)).await.expect("an acknowledged message is lost");
            let content = noise(u64::from(*seed), octets(*seed));
            assert_eq!(whole(&store, &stored).await.unwrap(), [PREFIX, &content].concat());
        }
        store.close();
    });
    u32::try_from(ledger.len()).unwrap()
}

/// Not a test of its own: does nothing unless it was started by the one above.
#[test]
fn the_child_works_until_it_is_killed() {
    let (Some(folder), Some(cycle)) = (std::env::var_os(FOLDER), std::env::var(CYCLE).ok()) else { return };
    let cycle: u32 = cycle.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = Store::open(Path::new(&folder), Settings::default()).unwrap();
        let bob = if cycle == 0 { with_bob(&store).await } else { AccountId(1) };
        let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(work(store.clone(), bob, cycle, task))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn work(store: Store, bob: AccountId, cycle: u32, task: u32) {
    let inbox = store.read(Mailboxes { account: bob }).await.unwrap()[0].id;
    for turn in 0..100_000 {
        let seed = (cycle * TASKS + task) * 100_000 + turn;
        let uid = deliver(&store, bob, 1, &noise(u64::from(seed), octets(seed))).await.unwrap();
        say(&format!("kept {} {seed}", uid.0));
        if turn % 5 == 4 {
            say(&format!("expunging {}", uid.0));
            let expunge =
                Op::Expunge { account: bob, mailbox: inbox, uids: vec![uid].into(), only_deleted: false, now: NOW };
            assert_eq!(store.apply(expunge).await.unwrap(), Outcome::Removed(1));
        }
    }
}

/// One whole line, also when several speak.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
