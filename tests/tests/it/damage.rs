//! Files that are not as they were written: `verify` names every damaged message, with the server running and without;
//! the others are read as before, and what is damaged is refused in good order.

use crate::ledger::{LINES, world};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use tests::binary::{self, Binary, Ended};
use tests::client::Client;
use tests::collector::{self, Maildrop};
use tests::house::{self, House};
use tests::ledger::Ledger;
use tests::letter::Letter;
use tests::seed::Seed;
use tests::senders::{STYLES, Sender};
use wire::dialogue::Port;

/// Lines of the letters of [`house_with_letters`]: in a row as they are, in one frame, in several frames.
const LETTERS: [usize; 6] = [0, 400, 8_000, 0, 400, 8_000];

/// Sends a letter to bob.
fn send(server: &Binary, id: u64, lines: usize, ledger: &Ledger) {
    let mut client = Client::connect(server.ports[&Port::Smtp]).unwrap();
    assert_eq!(client.reply().unwrap().0, 220);
    for (command, code) in [
        ("EHLO crepes.fr", 250),
        ("MAIL FROM:<alice@crepes.fr>", 250),
        ("RCPT TO:<bob@hamburger.edu>", 250),
        ("DATA", 354),
    ] {
        assert_eq!(client.command(command).unwrap().0, code);
    }
    ledger.sent(id, lines);
    client.send(&Letter::new(id, lines).wire()).unwrap();
    let (code, line) = client.reply().unwrap();
    ledger.answered(id, &[("bob", code, line)]);
}

/// Letters 1 to 6 in one life of the server, letter 7 in the next; then it is stopped.
fn house_with_letters(ledger: &Ledger) -> House {
    let house = House::found(&world()).unwrap();
    house::fill(&house, &world()).unwrap();
    let mut server = Binary::start(&house).unwrap();
    for (id, lines) in (1..).zip(LETTERS) {
        send(&server, id, lines, ledger);
    }
    server.terminate().unwrap();
    let mut server = Binary::start(&house).unwrap();
    send(&server, 7, 400, ledger);
    server.terminate().unwrap();
    house
}

fn segment(house: &House, number: u32) -> PathBuf {
    house.data().join(format!("shard-000/seg/{number:08}.seg"))
}

/// Flips one bit of a file, so many octets behind the `nth` place where some octets stand.
fn flip(path: &PathBuf, octets: &[u8], nth: usize, behind: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    let (at, _) = bytes.windows(octets.len()).enumerate().filter(|(_, there)| *there == octets).nth(nth).unwrap();
    bytes[at + behind] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Flips one bit of content that lies in a row.
fn flip_in_row(house: &House, blob: i64, at: usize) {
    let database = rusqlite::Connection::open(house.data().join("shard-000/mail.db")).unwrap();
    let find = "SELECT bytes FROM blob_inline WHERE blob = ?1";
    let mut bytes: Vec<u8> = database.query_row(find, [blob], |row| row.get(0)).unwrap();
    bytes[at] ^= 1;
    assert_eq!(database.execute("UPDATE blob_inline SET bytes = ?2 WHERE blob = ?1", (blob, bytes)).unwrap(), 1);
}

/// What `verify` says names exactly these messages of bob's.
fn assert_named(said: &Ended, uids: &[u32]) {
    assert_eq!(said.code, Some(65), "{said:?}");
    for uid in 1..=7 {
        let named = said.stdout.contains(&format!("message {uid} in INBOX of bob@hamburger.edu ("));
        let subject = said.stdout.contains(&format!("subject \"Letter {uid}\""));
        assert_eq!((named, subject), (uids.contains(&uid), uids.contains(&uid)), "message {uid} in {}", said.stdout);
    }
}

/// Bob reads all but these, is told about these in order, and the connection goes on.
fn assert_read(server: &Binary, damaged: &[usize], ledger: &Ledger) {
    let mut drop = Maildrop::open(&server.ports, "bob", ledger).unwrap();
    assert_eq!(drop.unique_ids.len(), 7);
    for number in 1..=7 {
        if damaged.contains(&number) {
            for command in [format!("RETR {number}"), format!("TOP {number} 1")] {
                let refusal = drop.ask(&command).unwrap_err().to_string();
                assert!(refusal.contains("-ERR [SYS/PERM] "), "{refusal}");
            }
        } else {
            drop.read(number, ledger).unwrap();
        }
    }
}

#[test]
fn flipped_octets_cost_their_messages_only_and_are_named() {
    let ledger = Ledger::default();
    let house = house_with_letters(&ledger);
    assert_eq!(binary::try_command(&house, &["verify"]).unwrap().code, Some(0));
    // Frames in the order they came: letter 2, three of letter 3, letter 5, three of letter 6. The third is the second
    // of letter 3.
    flip(&segment(&house, 1), b"PBX1", 2, 1_000);
    flip(&segment(&house, 1), b"PBX1", 4, 40);
    flip_in_row(&house, 4, 60);
    assert_named(&binary::try_command(&house, &["verify"]).unwrap(), &[3, 4, 5]);
    let server = Binary::start(&house).unwrap();
    assert_read(&server, &[3, 4, 5], &ledger);
    assert_named(&binary::try_command(&house, &["verify"]).unwrap(), &[3, 4, 5]);
    let told = binary::try_command(&house, &["verify", "--json"]).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((told["damage"].as_array().unwrap().len(), told["messages"].as_u64()), (3, Some(7)));
    send(&server, 8, 8_000, &ledger);
    assert_eq!(ledger.acknowledged(), 8);
}

#[test]
fn a_lost_segment_costs_what_lay_in_it_and_is_named() {
    let ledger = Ledger::default();
    let house = house_with_letters(&ledger);
    std::fs::remove_file(segment(&house, 1)).unwrap();
    let server = Binary::start(&house).unwrap();
    assert_named(&binary::try_command(&house, &["verify"]).unwrap(), &[2, 3, 5, 6]);
    assert_read(&server, &[2, 3, 5, 6], &ledger);
}

#[test]
fn nothing_is_called_damaged_under_load() {
    let house = House::found(&world()).unwrap();
    house::fill(&house, &world()).unwrap();
    let server = Binary::start(&house).unwrap();
    let (ledger, stop, ports) = (Ledger::default(), AtomicBool::new(false), &server.ports);
    std::thread::scope(|scope| {
        for (n, style) in (0..).zip(STYLES) {
            let (ledger, stop) = (&ledger, &stop);
            scope.spawn(move || Sender::new(style, n, LINES, Seed(n)).run(ports, ledger, stop).unwrap());
        }
        scope.spawn(|| collector::collect(ports, "bob", &ledger, Seed(1), &stop).unwrap());
        for _ in 0..3 {
            let more = ledger.wait_for_acknowledgements(40);
            let said = binary::try_command(&house, &["verify"]);
            let well = more && said.as_ref().is_ok_and(|said| said.code == Some(0));
            if !well {
                stop.store(true, Ordering::Release);
            }
            assert!(well, "{said:?}");
        }
        stop.store(true, Ordering::Release);
    });
}
