//! A disk that is full, has no inodes left, or cannot be written: clients hear that it does not go now, readers go on,
//! the server lives, and once there is room mail is taken again.

use crate::leave_out;
use crate::ledger::{LINES, world};
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tests::binary::{self, Binary};
use tests::collector::{self, Maildrop};
use tests::house::{self, House};
use tests::ledger::Ledger;
use tests::seed::Seed;
use tests::senders::{ACCOUNTS, STYLES, Sender};
use tests::small_disk::SmallDisk;

/// Mail is taken again so soon after there is room.
const AGAIN_MAX: Duration = Duration::from_secs(5);
/// Refusals after which the disk counts as full: every client has tried more than once.
const REFUSALS: u64 = 40;

/// Lines of letters too large for a row, and small enough that those under way do not fill the reserve.
const MEDIUM: Range<u64> = 200..2000;

/// A house on a disk of its own, with a server.
struct Place {
    // In this order they go: what is mounted is in use as long as the server lives, and in the way of the folder.
    server: Binary,
    disk: SmallDisk,
    house: House,
}

/// Ends the senders, however the script ended.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Place {
    fn new(room: &str, limits: &str) -> Option<Place> {
        let mut world = world();
        for limit in limits.split_terminator(',') {
            let (name, value) = limit.split_once('=').unwrap();
            world.limits.push((name.to_owned(), value.parse().unwrap()));
        }
        let house = House::found(&world).unwrap();
        let disk = match SmallDisk::mount(&house.data(), room) {
            Ok(disk) => disk,
            Err(error) => {
                leave_out(&format!("a small disk cannot be mounted: {error:#}"));
                return None;
            }
        };
        house::fill(&house, &world).unwrap();
        let server = Binary::start(&house).unwrap();
        Some(Place { server, disk, house })
    }

    /// The last lines the server logged.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.house.path("log")).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// A file of somebody else's on the same disk.
    fn filler(&self, octets: usize) -> PathBuf {
        let path = self.house.data().join("filler");
        std::fs::write(&path, vec![1; octets]).unwrap();
        path
    }

    /// Fills the disk to its last octet.
    fn fill_up(&self) {
        let mut filler = File::create(self.house.data().join("filler")).unwrap();
        for octets in [64 * 1024, 512, 1] {
            while filler.write_all(&vec![1; octets]).is_ok() {}
        }
    }

    /// Kills the server and starts another.
    fn restart(&mut self) {
        self.server.stop().unwrap();
        self.server = Binary::start(&self.house).unwrap();
    }

    /// Sends from all sides until `script` is through.
    fn under_load(&self, lines: Range<u64>, ledger: &Ledger, script: impl FnOnce()) {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (ports, stop) = (&self.server.ports, &stop);
            let clients: Vec<_> = (0..)
                .zip(STYLES)
                .map(|(n, style)| {
                    let mut sender = Sender::new(style, n, lines.clone(), Seed(n));
                    scope.spawn(move || sender.run(ports, ledger, stop))
                })
                .collect();
            {
                // Also where the script fails: the senders would go on for ever.
                let _stops = Stops(stop);
                script();
            }
            for client in clients {
                if let Err(error) = client.join().unwrap() {
                    panic!("{error:#}\n{}", self.log());
                }
            }
        });
    }

    /// Everything acknowledged is there, nothing that was refused is, and the store is whole; also after a restart.
    fn check(mut self, ledger: &Ledger) {
        assert!(self.server.is_running().unwrap());
        let there = collector::read_all(&self.server.ports, &ACCOUNTS, ledger).unwrap();
        let verdict = ledger.judge(&there);
        println!("{verdict:#?}\n{:#?}", ledger.refusals());
        assert!(verdict.wrong.is_empty() && verdict.duplicates == 0);
        binary::command(&self.house, &["verify"]).unwrap();
        self.restart();
        assert_eq!(collector::read_all(&self.server.ports, &ACCOUNTS, ledger).unwrap(), there);
    }

    /// Bob reads what there is, and removes one message; whether the server could.
    fn read_and_remove(&self, ledger: &Ledger) -> bool {
        let mut drop = Maildrop::open(&self.server.ports, "bob", ledger).unwrap();
        for number in 1..=drop.unique_ids.len() {
            drop.read(number, ledger).unwrap();
        }
        assert!(!drop.unique_ids.is_empty());
        drop.remove(&[1], ledger).unwrap()
    }
}

#[test]
fn a_full_disk_refuses_for_now_and_takes_mail_again_when_there_is_room() {
    let Some(mut place) = Place::new("size=24m", "disk_reserve=0") else { return };
    let filler = place.filler(8 * 1024 * 1024);
    let ledger = Ledger::default();
    place.under_load(LINES, &ledger, || {
        assert!(ledger.wait_for_refusals(REFUSALS));
        println!("full after {} messages", ledger.acknowledged());
        let removed = place.read_and_remove(&ledger);
        println!("on a full disk QUIT removed: {removed}");
        std::fs::remove_file(&filler).unwrap();
        let began = Instant::now();
        assert!(ledger.wait_for_acknowledgements(1));
        println!("taken again after {:?}", began.elapsed());
        assert!(began.elapsed() <= AGAIN_MAX);
    });
    assert!(place.read_and_remove(&ledger));
    place.fill_up();
    place.restart();
    collector::read_all(&place.server.ports, &ACCOUNTS, &ledger).unwrap();
    std::fs::remove_file(&filler).unwrap();
    place.check(&ledger);
}

#[test]
fn the_reserve_keeps_room_to_read_and_to_delete() {
    let Some(place) = Place::new("size=32m", "disk_reserve=8388608") else { return };
    let ledger = Ledger::default();
    place.under_load(MEDIUM, &ledger, || {
        assert!(ledger.wait_for_refusals(REFUSALS));
        println!("down to the reserve after {} messages", ledger.acknowledged());
        assert!(place.read_and_remove(&ledger), "QUIT removes while mail is refused");
    });
    assert!(ledger.refusals().keys().all(|line| line.starts_with("452 4.3.1 ")), "{:?}", ledger.refusals());
    place.check(&ledger);
}

#[test]
fn a_disk_that_cannot_be_written_is_named_at_the_start() {
    let Some(mut place) = Place::new("size=32m", "disk_reserve=0") else { return };
    place.server.stop().unwrap();
    place.disk.change("ro").unwrap();
    let refusal = Binary::start(&place.house).err().map(|error| format!("{error:#}")).unwrap();
    assert!(refusal.contains("LOCK: Read-only file system"), "{refusal}");
    place.disk.change("rw").unwrap();
    place.restart();
    place.check(&Ledger::default());
}

#[test]
fn no_inodes_left_refuse_for_now_and_mail_is_taken_again() {
    let Some(place) = Place::new("nr_inodes=40", "disk_reserve=0") else { return };
    let mut fillers = Vec::new();
    for n in 0.. {
        let path = place.house.data().join(format!("filler-{n}"));
        match File::create(&path) {
            Ok(_) => fillers.push(path),
            Err(_) => break,
        }
    }
    let ledger = Ledger::default();
    place.under_load(MEDIUM, &ledger, || {
        assert!(ledger.wait_for_refusals(REFUSALS));
        assert_eq!(ledger.acknowledged(), 0, "no segment could be made");
        std::fs::remove_file(&fillers[0]).unwrap();
        let began = Instant::now();
        assert!(ledger.wait_for_acknowledgements(1));
        println!("taken again after {:?}", began.elapsed());
        assert!(began.elapsed() <= AGAIN_MAX);
        assert!(ledger.wait_for_acknowledgements(50));
    });
    place.check(&ledger);
}
