//! A disk that fails under the server: whoever sends hears that it does not go now, the next message is taken, nothing
//! acknowledged is lost; and when nobody knows what is on disk, the server ends.

use crate::ledger::world;
use std::io::ErrorKind;
use std::sync::Arc;
use store::Settings;
use store::disk::RealDisk;
use store::fault::{Call, Fault, FaultDisk};
use tests::client::Client;
use tests::collector;
use tests::house::{self, House};
use tests::in_process::InProcess;
use tests::ledger::Ledger;
use tests::letter::Letter;
use wire::dialogue::Port;

/// Octets of a segment: less than a frame, so that each frame needs a new file and every call is made for it.
const SEGMENT_OCTETS: u64 = 1024;
/// Lines of the letters: three frames.
const LINES: usize = 8_000;

/// A server on a disk that can be told to fail.
struct Place {
    server: InProcess,
    disk: FaultDisk,
    ledger: Ledger,
    // Last: the server is drained before its folder goes.
    _house: House,
}

impl Place {
    fn new() -> Place {
        let house = House::found(&world()).unwrap();
        house::fill(&house, &world()).unwrap();
        let disk = FaultDisk::new(Arc::new(RealDisk));
        let store = Settings { disk: Arc::new(disk.clone()), segment_octets: SEGMENT_OCTETS, ..Settings::default() };
        let server = InProcess::start_with(&house, server::Seams { store, ..server::Seams::system() }).unwrap();
        Place { server, disk, ledger: Ledger::default(), _house: house }
    }

    fn connect(&self) -> Client {
        let mut client = Client::connect(self.server.ports[&Port::Smtp]).unwrap();
        assert_eq!(client.reply().unwrap().0, 220);
        assert_eq!(client.command("EHLO crepes.fr").unwrap().0, 250);
        client
    }

    /// Sends a letter and writes it down; the code it came to.
    fn send(&self, client: &mut Client, id: u64, chunked: bool) -> u16 {
        for command in ["MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>"] {
            assert_eq!(client.command(command).unwrap().0, 250);
        }
        let letter = Letter::new(id, LINES);
        self.ledger.sent(id, LINES);
        if chunked {
            let (first, last) = letter.octets.split_at(300_000);
            client.send(&[format!("BDAT {}\r\n", first.len()).as_bytes(), first].concat()).unwrap();
            client.send(&[format!("BDAT {} LAST\r\n", last.len()).as_bytes(), last].concat()).unwrap();
            let (code, line) = client.reply().unwrap();
            if code != 250 {
                self.ledger.refused(code, &line);
            }
        } else {
            assert_eq!(client.command("DATA").unwrap().0, 354);
            client.send(&letter.wire()).unwrap();
        }
        let (code, line) = client.reply().unwrap();
        self.ledger.answered(id, &[("bob", code, line)]);
        code
    }

    /// Everything acknowledged is there, nothing that was refused is.
    fn check(&self, acknowledged: u64) {
        let there = collector::read_all(&self.server.ports, &["bob"], &self.ledger).unwrap();
        let verdict = self.ledger.judge(&there);
        assert_eq!((verdict.wrong, verdict.acknowledged), (Vec::new(), acknowledged));
        assert_eq!(verdict.compared, acknowledged, "nothing that was refused is there");
    }
}

#[test]
fn a_disk_that_fails_once_costs_a_refusal_for_now() {
    let place = Place::new();
    let mut client = place.connect();
    let kinds = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::Other];
    let mut faults: Vec<(Call, Fault)> = kinds.iter().map(|kind| (Call::Write, Fault::Error(*kind))).collect();
    faults.extend(kinds.map(|kind| (Call::Create, Fault::Error(kind))));
    faults.extend([(Call::Write, Fault::Short(0)), (Call::SyncDir, Fault::Error(ErrorKind::Other))]);
    let mut id = 0;
    for (call, fault) in faults {
        for (chunked, spared) in [(false, 0), (true, 0), (false, 2), (true, 2)] {
            place.disk.fail_once(call, fault, spared);
            let code = place.send(&mut client, id, chunked);
            let full = matches!(fault, Fault::Error(ErrorKind::StorageFull | ErrorKind::QuotaExceeded));
            assert_eq!(code, if full { 452 } else { 451 }, "{call:?} {fault:?} chunked {chunked} after {spared}");
            assert_eq!(place.send(&mut client, id + 1, chunked), 250);
            id += 2;
        }
    }
    assert_eq!(place.disk.hits(), id / 2);
    place.check(id / 2);
}

#[test]
fn a_write_that_takes_less_is_gone_on_with() {
    let place = Place::new();
    let mut client = place.connect();
    place.disk.fail_once(Call::Write, Fault::Short(1000), 1);
    assert_eq!(place.send(&mut client, 0, false), 250);
    assert_eq!(place.disk.hits(), 1);
    place.check(1);
}

#[test]
fn a_sync_that_fails_is_refused_and_ends_the_server() {
    let place = Place::new();
    let mut client = place.connect();
    assert_eq!(place.send(&mut client, 0, false), 250);
    place.disk.fail_once(Call::Sync, Fault::Error(ErrorKind::Other), 0);
    assert_eq!(place.send(&mut client, 1, false), 451);
    // The disk says it is well again; but nobody knows what it dropped.
    assert_eq!(place.send(&mut client, 2, true), 451);
    place.check(1);
    let (code, words) = place.server.wait();
    assert_eq!(code, 74);
    assert!(words.contains("a sync to disk failed"), "{words}");
}
