//! The window in octets: a full one, with as many destinations and with few. The one test of its binary, for the
//! allocator counts for all threads.
#![allow(clippy::unwrap_used)]

use message::Time;
use peak_alloc::PeakAlloc;
use queue::plan::{Limits, Offered};
use queue::{Queue, Row};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Octets of a row, and of a destination with its name, which is short here.
const ROW: usize = 200;
const DESTINATION: usize = 250;

/// The most memory a full window takes with so many destinations.
fn full(destinations: u64) -> usize {
    let limits = Limits { share: usize::MAX, ..Limits::default() };
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut queue = Queue::new(limits);
    for outbox in 0..limits.window as u64 {
        let row = Row {
            outbox,
            recipient: 0,
            destination: format!("d{}.example", outbox % destinations),
            sender: format!("sender{outbox}@hamburger.edu"),
            size: 1000,
            created: Time(0),
            attempts: 0,
            // Half of them wait for their time, half are ready.
            due: Time(if outbox % 2 == 0 { 0 } else { 2 }),
            priority: 0,
        };
        assert_eq!(queue.offer(Time(1), &row), Offered::Taken);
    }
    assert_eq!(queue.wants(), 0);
    MEMORY.peak_usage() - before
}

#[test]
fn a_full_window_stays_small() {
    let window = Limits::default().window;
    let few = full(10);
    assert!(few <= window * ROW, "{} octets a row", few / window);
    let many = full(window as u64);
    assert!(few > window * 56, "a slot alone takes more");
    assert!(many <= window * (ROW + DESTINATION), "{} octets a row", many / window);
}
