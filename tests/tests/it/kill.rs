//! `kill -9` under load: every message the server answered with 250 is there afterwards, octet for octet, once.

use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tests::binary::Binary;
use tests::client::Client;
use tests::house::{self, House};
use tests::seed::Seed;
use wire::dialogue::{Dialogue, Port, World, made_message};

/// How often the server is killed.
const CYCLES: u64 = 10;
/// Clients that send at the same time.
const CLIENTS: u64 = 4;
/// Always the same moments and sizes, as far as a machine lets us.
const SEED: u64 = 0x2004_0406;

/// What clients did, by message number.
#[derive(Default)]
struct Ledger {
    /// The length of every message whose sending began.
    begun: BTreeMap<usize, usize>,
    /// Those answered with 250.
    acknowledged: BTreeSet<usize>,
}

enum Note {
    Begun { n: usize, octets: usize },
    Acknowledged { n: usize },
}

#[test]
fn acknowledged_mail_survives_kill_9() {
    let world = world();
    let house = House::found(&world).unwrap();
    house::fill(&house, &world).unwrap();
    let mut seed = Seed(SEED);
    let mut ledger = Ledger::default();
    for cycle in 0..CYCLES {
        let server = Binary::start(&house).unwrap();
        check(&server, &ledger).unwrap_or_else(|error| panic!("after kill {cycle}: {error:#}"));
        let before = ledger.acknowledged.len();
        load_and_kill(server, cycle, &mut seed, &mut ledger);
        assert!(ledger.acknowledged.len() > before, "nothing was acknowledged in cycle {cycle}");
    }
    let server = Binary::start(&house).unwrap();
    check(&server, &ledger).unwrap();
}

fn world() -> World {
    let text = "= hostname hamburger.edu\n= account bob@hamburger.edu hungry\n= plaintext-login 127.0.0.0/8\n";
    Dialogue::parse("kill", text, &|file| Err(file.to_owned())).unwrap().world
}

/// Clients send until the server goes; it goes some random moments after some random number of acknowledgements.
fn load_and_kill(server: Binary, cycle: u64, seed: &mut Seed, ledger: &mut Ledger) {
    let address = server.ports[&Port::Smtp];
    let (notes, heard) = channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (notes, seed) = (notes.clone(), Seed(seed.number()));
            let first = usize::try_from((cycle * CLIENTS + client) * 100_000).unwrap();
            std::thread::spawn(move || send_until_it_fails(address, first, seed, &notes))
        })
        .collect();
    drop(notes);
    let acknowledgements = seed.within(5..60);
    let moments = Duration::from_micros(seed.within(0..20_000));
    listen(&heard, ledger, acknowledgements, moments);
    server.kill().unwrap();
    for client in clients {
        let error = client.join().unwrap();
        assert!(error.is_err(), "a client ended though nobody told it to");
    }
    heard.iter().for_each(|note| ledger.write(note));
}

/// Writes the ledger until so many messages more are acknowledged, and then for some moments on.
fn listen(heard: &Receiver<Note>, ledger: &mut Ledger, acknowledgements: u64, moments: Duration) {
    let mut due = acknowledgements;
    while due > 0 {
        let Ok(note) = heard.recv() else { return };
        due -= u64::from(matches!(note, Note::Acknowledged { .. }));
        ledger.write(note);
    }
    let end = Instant::now() + moments;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        let Ok(note) = heard.recv_timeout(left) else { return };
        ledger.write(note);
    }
}

impl Ledger {
    fn write(&mut self, note: Note) {
        match note {
            Note::Begun { n, octets } => {
                self.begun.insert(n, octets);
            }
            Note::Acknowledged { n } => {
                self.acknowledged.insert(n);
            }
        }
    }
}

fn send_until_it_fails(address: SocketAddr, first: usize, mut seed: Seed, notes: &Sender<Note>) -> Result<()> {
    let mut client = Client::connect(address)?;
    expect(client.reply()?, 220)?;
    expect(client.command("EHLO crepes.fr")?, 250)?;
    // Some fit into a row of the store, some go to its segments.
    for n in first.. {
        let octets = usize::try_from(seed.within(300..40_000))?;
        expect(client.command("MAIL FROM:<alice@crepes.fr>")?, 250)?;
        expect(client.command("RCPT TO:<bob@hamburger.edu>")?, 250)?;
        expect(client.command("DATA")?, 354)?;
        notes.send(Note::Begun { n, octets })?;
        let mut wire = wire::dialogue::play::dot_stuffed(&made_message(octets, n));
        wire.extend_from_slice(b".\r\n");
        client.send(&wire)?;
        expect(client.reply()?, 250)?;
        notes.send(Note::Acknowledged { n })?;
    }
    Ok(())
}

fn expect((code, line): (u16, String), wanted: u16) -> Result<()> {
    ensure!(code == wanted, "{wanted} was due, got {line}");
    Ok(())
}

/// Reads all of bob's mail: what was acknowledged is there, what is there is whole and there once.
fn check(server: &Binary, ledger: &Ledger) -> Result<()> {
    let mut client = Client::connect(server.ports[&Port::Pop3])?;
    client.line()?;
    for command in ["USER bob", "PASS hungry", "STAT"] {
        client.send(format!("{command}\r\n").as_bytes())?;
        let line = client.line()?;
        ensure!(line.starts_with("+OK"), "{command}: {line}");
        if let Some(count) = line.strip_prefix("+OK ").filter(|_| command == "STAT") {
            let count: usize = count.split(' ').next().context("STAT tells a number")?.parse()?;
            return read_all(&mut client, count, ledger);
        }
    }
    bail!("no answer to STAT")
}

fn read_all(client: &mut Client, count: usize, ledger: &Ledger) -> Result<()> {
    let mut there = BTreeSet::new();
    for number in 1..=count {
        client.send(format!("RETR {number}\r\n").as_bytes())?;
        let line = client.line()?;
        ensure!(line.starts_with("+OK"), "RETR {number}: {line}");
        let n = whole(&client.multi_line()?, ledger).with_context(|| format!("message {number}"))?;
        ensure!(there.insert(n), "message {n} is there twice");
    }
    let lost: Vec<&usize> = ledger.acknowledged.difference(&there).collect();
    ensure!(lost.is_empty(), "acknowledged and lost: {lost:?} ({} of {})", lost.len(), ledger.acknowledged.len());
    Ok(())
}

/// Which message of the ledger this is; an error when its octets are not those that were sent.
fn whole(octets: &[u8], ledger: &Ledger) -> Result<usize> {
    let text = String::from_utf8_lossy(octets);
    let subject = text.lines().find_map(|line| line.strip_prefix("Subject: Made message "));
    let n: usize = subject.context("it has its subject")?.parse()?;
    let length = *ledger.begun.get(&n).with_context(|| format!("nobody sent message {n}"))?;
    let sent = made_message(length, n);
    ensure!(octets.ends_with(&sent), "message {n} has other octets than were sent");
    let prefix = octets.get(..octets.len() - sent.len()).unwrap_or_default();
    ensure!(prefix.starts_with(b"Return-Path: <alice@crepes.fr>\r\n"), "message {n} has no Return-Path");
    Ok(n)
}
