//! `kill -9` under load: every message the server answered with 250 is there afterwards, octet for octet; what a
//! completed QUIT removed stays away; so does what IMAP clients were told is done; and the server comes back by itself, at once.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tests::binary::{self, Binary};
use tests::client::Client;
use tests::collector;
use tests::house::{self, House};
use tests::imap::keeper::{Keeper, Tally};
use tests::ledger::Ledger;
use tests::seed::Seed;
use tests::senders::{ACCOUNTS, STYLES, Sender};
use wire::dialogue::{Dialogue, Port, World};

/// How often the server is killed, unless `PILLARBOX_ROUNDS` says otherwise.
const CYCLES: u64 = 10;
/// Lines of letters: the smallest of 1 KiB fit into a row, the largest of 2 MiB take several frames of a segment.
pub const LINES: Range<u64> = 12..26_000;
/// Always the same moments and sizes, as far as a machine lets us; `PILLARBOX_SEED` gives others.
const SEED: u64 = 0x2004_0406;
/// A restart takes two seconds at most on a machine of its own. Here other tests, and a build without optimisation,
/// have the processors too.
const RESTART_MAX: Duration = Duration::from_secs(15);
/// Messages there twice, in a thousand. With few messages a cycle one moment more or less decides; then the bound is
/// what there can be at most, one for each client and kill.
const DUPLICATES_PER_MILLE: f64 = 5.0;

pub fn world() -> World {
    let mut text = "= hostname hamburger.edu\n= plaintext-login 127.0.0.0/8\n".to_owned();
    for account in ACCOUNTS {
        text.push_str(&format!("= account {account}@hamburger.edu {}\n", collector::PASSWORD));
    }
    Dialogue::parse("ledger", &text, &|file| Err(file.to_owned())).unwrap().world
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let (cycles, seed) = (number("PILLARBOX_ROUNDS", CYCLES), number("PILLARBOX_SEED", SEED));
    println!("ledger: {cycles} cycles, PILLARBOX_SEED={seed}");
    let house = House::found(&world()).unwrap();
    house::fill(&house, &world()).unwrap();
    let (ledger, mut seed) = (Ledger::default(), Seed(seed));
    let mut senders: Vec<Sender> =
        (0..).zip(STYLES).map(|(n, style)| Sender::new(style, n, LINES, Seed(seed.number()))).collect();
    let mut restarts = Vec::new();
    let began = Instant::now();
    for cycle in 0..cycles {
        let (server, restart) = start(&house);
        restarts.push(restart);
        let before = ledger.acknowledged();
        load_and_kill(server, &mut senders, &ledger, &mut seed);
        let acknowledged = ledger.acknowledged() - before;
        println!(
            "{:?} cycle {cycle}: served after {restart:?}, {acknowledged} acknowledged, then killed",
            began.elapsed()
        );
        assert!(acknowledged > 0, "nothing was acknowledged in cycle {cycle}");
    }
    let (server, restart) = start(&house);
    restarts.push(restart);
    let there = collector::read_all(&server.ports, &ACCOUNTS, &ledger).unwrap();
    println!("{:?} read all", began.elapsed());
    let verdict = ledger.judge(&there);
    println!(
        "{verdict:#?}\n{:.2} duplicates in 1000, restarts at most {:?}",
        verdict.duplicates_per_mille(),
        restarts.iter().max()
    );
    assert!(verdict.wrong.is_empty(), "{} wrong", verdict.wrong.len());
    assert!(verdict.removed > 0, "the reader removed nothing: the test proves less than it says");
    if cycles >= 100 {
        assert!(verdict.duplicates_per_mille() <= DUPLICATES_PER_MILLE);
    }
    assert!(restarts.iter().all(|restart| *restart <= RESTART_MAX), "{restarts:?}");
    println!("{}", binary::command(&house, &["verify"]).unwrap());
}

/// Starts the server; how long it took until it greeted.
fn start(house: &House) -> (Binary, Duration) {
    binary::executable().unwrap();
    let began = Instant::now();
    let server = Binary::start(house).unwrap();
    assert_eq!(Client::connect(server.ports[&Port::Smtp]).unwrap().reply().unwrap().0, 220);
    (server, began.elapsed())
}

/// Everybody sends and reads until the server goes; it goes some random moments after some random number of
/// acknowledgements.
fn load_and_kill(server: Binary, senders: &mut [Sender], ledger: &Ledger, seed: &mut Seed) {
    let (ports, stop) = (server.ports.clone(), AtomicBool::new(false));
    let (acknowledgements, moments) = (seed.within(20..350), Duration::from_micros(seed.within(0..20_000)));
    std::thread::scope(|scope| {
        let mut clients = Vec::new();
        for sender in senders {
            clients.push(scope.spawn(|| sender.run(&ports, ledger, &stop)));
        }
        for account in ["bob", "carol"] {
            let seed = Seed(seed.number());
            clients.push(scope.spawn(|| collector::collect(&ports, account, ledger, seed, &stop)));
        }
        let served = ledger.wait_for_acknowledgements(acknowledgements);
        let end = Instant::now() + moments;
        while Instant::now() < end {
            std::thread::yield_now();
        }
        server.kill().unwrap();
        assert!(served, "the server does not acknowledge any more");
        for client in clients {
            assert!(client.join().unwrap().is_err(), "a client ended though nobody told it to");
        }
    });
}

/// Clients that each change an account of their own by IMAP.
const KEEPERS: [&str; 4] = ["bob@hamburger.edu", "carol@hamburger.edu", "dave@hamburger.edu", "erin@hamburger.edu"];
/// How often the server is killed under them, unless `PILLARBOX_ROUNDS` says otherwise.
const KEPT_CYCLES: u64 = 4;

#[test]
fn what_imap_clients_were_told_is_done_survives_kill_9() {
    let (cycles, seed) = (number("PILLARBOX_ROUNDS", KEPT_CYCLES), number("PILLARBOX_SEED", SEED));
    println!("keepers: {cycles} cycles, PILLARBOX_SEED={seed}");
    let world = crate::history::world(&KEEPERS);
    let house = House::found(&world).unwrap();
    house::fill(&house, &world).unwrap();
    let (mut seed, tally) = (Seed(seed), Arc::<Tally>::default());
    let keeper = |account: &&str| Keeper::new(account, Seed(seed.number()), tally.clone());
    let mut keepers: Vec<Keeper> = KEEPERS.iter().map(keeper).collect();
    for cycle in 0..=cycles {
        let (server, restart) = start(&house);
        let wrong: Vec<String> = keepers.iter_mut().flat_map(|keeper| keeper.check(&server.ports).unwrap()).collect();
        assert!(wrong.is_empty(), "cycle {cycle}: {wrong:#?}");
        let messages: usize = keepers.iter().map(Keeper::messages).sum();
        println!("cycle {cycle}: served after {restart:?}, {messages} messages as they must be");
        if cycle < cycles {
            keep_and_kill(server, &mut keepers, &tally, &mut seed);
        }
    }
    println!("{}", binary::command(&house, &["verify"]).unwrap());
}

/// Everybody changes things until the server goes; it goes some random moments after some random number of
/// acknowledgements.
fn keep_and_kill(server: Binary, keepers: &mut [Keeper], tally: &Tally, seed: &mut Seed) {
    let ports = server.ports.clone();
    let (acknowledgements, moments) = (seed.within(20..200), Duration::from_micros(seed.within(0..20_000)));
    let ends: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = keepers.iter_mut().map(|keeper| scope.spawn(|| keeper.run(&ports))).collect();
        let served = tally.wait_for(acknowledgements);
        std::thread::park_timeout(moments);
        server.kill().unwrap();
        assert!(served, "the server does not acknowledge any more");
        clients.into_iter().map(|client| format!("{:#}", client.join().unwrap().unwrap_err())).collect()
    });
    let refused: Vec<&String> = ends.iter().filter(|end| end.contains(" NO ") || end.contains(" BAD ")).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
