//! Many clients of one mailbox at once, by IMAP, JMAP, POP3, SMTP and LMTP: whoever is first, what they see agrees
//! (`tests::imap::history`). And mailboxes made, renamed and deleted by several at once: the end is a state that all see.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};
use tests::Ports;
use tests::binary::Binary;
use tests::house::{self, House};
use tests::imap::history::History;
use tests::imap::{Imap, keeper, visitors};
use tests::jmap;
use tests::seed::Seed;
use wire::dialogue::{Dialogue, Port, World};

/// Letters each of both delivers, unless `PILLARBOX_LETTERS` says otherwise.
const LETTERS: u64 = 60;
const WATCHERS: usize = 2;
const JMAP_WATCHERS: usize = 1;
const EDITORS: usize = 2;

/// Commands each client of the race gives, unless `PILLARBOX_ROUNDS` says otherwise.
const RACES: u64 = 40;
const RACERS: u64 = 3;

pub fn world(accounts: &[&str]) -> World {
    let mut text = "= hostname hamburger.edu\n= plaintext-login 127.0.0.0/8\n".to_owned();
    for account in accounts {
        text.push_str(&format!("= account {account} {}\n", keeper::PASSWORD));
    }
    Dialogue::parse("history", &text, &|file| Err(file.to_owned())).unwrap().world
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

fn open_house(accounts: &[&str]) -> House {
    let world = world(accounts);
    let house = House::found(&world).unwrap();
    house::fill(&house, &world).unwrap();
    house
}

#[test]
fn what_all_see_agrees_whoever_is_first() {
    let house = open_house(&[visitors::USER]);
    let server = Binary::start(&house).unwrap();
    let (letters, history) = (number("PILLARBOX_LETTERS", LETTERS), History::new(WATCHERS + JMAP_WATCHERS));
    play(&server.ports, letters, &history);
    let there = visitors::look(&server.ports, &history).unwrap();
    let (wrong, notices) = history.judge(&there);
    let (removed, flagged) = history.figures();
    let at = |percent: usize| notices[(notices.len() - 1) * percent / 100];
    println!(
        "{removed} removed, {flagged} flagged, {} there; seen after p50 {:?}, p99 {:?}, at most {:?}",
        there.len(),
        at(50),
        at(99),
        at(100)
    );
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    assert!(removed > 0 && flagged > 0, "too little was done: the test proves less than it says");
}

/// Everybody does what is theirs until every letter was delivered and seen.
fn play(ports: &Ports, letters: u64, history: &History) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut clients = Vec::new();
        for number in 0..WATCHERS {
            let stop = &stop;
            clients.push(scope.spawn(move || visitors::watch(ports, number, history, stop)));
        }
        for number in WATCHERS..WATCHERS + JMAP_WATCHERS {
            let stop = &stop;
            clients.push(scope.spawn(move || jmap::watch(ports, number, history, stop)));
        }
        let (halt, seed) = (&stop, Seed(7));
        clients.push(scope.spawn(move || jmap::edit(ports, 0, history, seed, halt)));
        for number in 0..EDITORS {
            let (stop, seed) = (&stop, Seed(number as u64));
            clients.push(scope.spawn(move || visitors::edit(ports, number, history, seed, stop)));
        }
        clients.push(scope.spawn(|| visitors::collect(ports, history, Seed(99), &stop)));
        for (port, first) in [(Port::Smtp, 0), (Port::Lmtp, letters)] {
            let numbers = first..first + letters;
            clients.push(scope.spawn(move || visitors::deliver(ports, port, numbers, history)));
        }
        let seen = history.wait_for(letters as usize * 2);
        stop.store(true, Ordering::Release);
        clients.into_iter().for_each(|client| told(client, history));
        assert!(seen || !history.judge(&Default::default()).0.is_empty(), "not everything was delivered and seen");
    });
}

fn told(client: ScopedJoinHandle<'_, anyhow::Result<()>>, history: &History) {
    match client.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => history.wrong(format!("{error:#}")),
        Err(_) => history.wrong("a client panicked".to_owned()),
    }
}

#[test]
fn races_over_mailboxes_end_in_a_state_that_all_see() {
    let house = open_house(&[visitors::USER]);
    let server = Binary::start(&house).unwrap();
    let rounds = number("PILLARBOX_ROUNDS", RACES);
    std::thread::scope(|scope| {
        for racer in 0..RACERS {
            let ports = &server.ports;
            scope.spawn(move || race(ports, Seed(racer), rounds));
        }
    });
    let mut states = Vec::new();
    for _ in 0..2 {
        states.push(state(&mut visitors::open(&server.ports).unwrap()));
    }
    server.kill().unwrap();
    let again = Binary::start(&house).unwrap();
    states.push(state(&mut visitors::open(&again.ports).unwrap()));
    assert!(states.windows(2).all(|two| two[0] == two[1]), "{states:#?}");
}

/// Makes, renames and deletes mailboxes of few names; each command is done or refused, and nothing else.
fn race(ports: &Ports, mut seed: Seed, rounds: u64) {
    const NAMES: [&str; 5] = ["a", "a/b", "a/b/c", "d", "d/b"];
    let mut imap = visitors::open(ports).unwrap();
    for _ in 0..rounds {
        let (name, other) = (NAMES[seed.within(0..5) as usize], NAMES[seed.within(0..5) as usize]);
        let command = match seed.within(0..4) {
            0 => format!("CREATE {name}"),
            1 => format!("DELETE {name}"),
            2 => format!("RENAME {name} {other}"),
            _ => format!("SELECT {name}"),
        };
        let append = seed.within(0..2) == 0;
        let tried = imap.command(&command).and_then(|answer| match append {
            true => imap.append(name, "", b"Subject: here\r\n\r\n"),
            false => Ok(answer),
        });
        match tried {
            Ok(answer) => assert!(answer.status != "BAD", "{command}: {answer:?}"),
            // The mailbox that was open is gone: said, and begun anew.
            Err(error) if format!("{error:#}").contains("BYE") => imap = visitors::open(ports).unwrap(),
            Err(error) => panic!("{command}: {error:#}"),
        }
    }
}

/// Every mailbox with its UIDVALIDITY and its messages; each that is listed as one can be selected.
fn state(imap: &mut Imap) -> BTreeSet<(String, Vec<String>, u32)> {
    let listed = imap.done("LIST \"\" *").unwrap();
    let selectable = listed.untagged.iter().filter(|response| {
        let attributes = response[1].words();
        !attributes.iter().any(|word| ["\\Noselect", "\\NoSelect", "\\NonExistent"].contains(&word.as_str()))
    });
    let names: Vec<String> = selectable.map(|response| response[3].text().unwrap()).collect();
    names
        .into_iter()
        .map(|name| {
            let selected = imap.done(&format!("EXAMINE {name}")).unwrap();
            (name, selected.code("UIDVALIDITY").unwrap(), selected.number("EXISTS").unwrap())
        })
        .collect()
}

/// From the 250 of a delivery to EXISTS in IDLE, one message at a time, so that nothing else takes the processors.
#[test]
fn a_delivery_is_seen_at_once_by_who_waits() {
    const DELIVERIES: u64 = 20;
    let house = open_house(&[visitors::USER]);
    let server = Binary::start(&house).unwrap();
    let mut imap = visitors::open(&server.ports).unwrap();
    let tag = imap.wait().unwrap();
    let history = History::new(0);
    let mut notices = Vec::new();
    for letter in 0..DELIVERIES {
        visitors::deliver(&server.ports, Port::Smtp, letter..letter + 1, &history).unwrap();
        let answered = Instant::now();
        let exists = imap.response().unwrap();
        notices.push(answered.elapsed());
        assert_eq!(exists[1].number(), Some(letter + 1), "{exists:?}");
        // \Recent, where the server counts it.
        while imap.response_within(Duration::ZERO).unwrap().is_some() {}
    }
    imap.stop_waiting(&tag).unwrap();
    notices.sort_unstable();
    println!("EXISTS after the 250: p50 {:?}, at most {:?}", notices[notices.len() / 2], notices[notices.len() - 1]);
    assert!(notices[notices.len() - 1] <= tests::imap::history::NOTICE_MAX, "{notices:?}");
}
