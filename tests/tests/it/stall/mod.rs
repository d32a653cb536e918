//! A thousand clients of each kind that stall, and among them a good one that has to be served within a second.

mod crowd;
mod cutoff;
mod good;
mod idle;
mod memory;
mod starved;

use crowd::{Crowd, Kind};
use std::net::Ipv4Addr;
use std::time::Duration;
use tests::binary::Binary;
use tests::house::{self, House};
use wire::dialogue::{Dialogue, World};

/// How many stall in the same way.
const CROWD: u32 = 1000;

/// How often one source knocks before a good client comes.
const KNOCKS: u32 = 2000;

/// How many tries a good client has, and how many of them have to come out well: a machine that is busy with other
/// tests too may take a breath.
const TRIES: usize = 5;
const SERVED: usize = 3;

fn world() -> World {
    let text = "= hostname hamburger.edu\n= account bob@hamburger.edu hungry\n= plaintext-login 127.0.0.0/8\n";
    Dialogue::parse("stall", text, &|file| Err(file.to_owned())).unwrap().world
}

/// A house with bob in it and these limits on connections: all together, from one address, from one in a minute.
fn found(limits: [u32; 3]) -> House {
    let world = world();
    let house = House::found(&world).unwrap();
    let file = house.configuration();
    let mut text = std::fs::read_to_string(&file).unwrap();
    let names = ["connections = ", "connections_per_address = ", "connections_per_minute = "];
    for (name, limit) in names.iter().zip(limits) {
        let lines = text.lines().map(|line| match line.strip_prefix(name) {
            Some(_) => format!("{name}{limit}\n"),
            None => format!("{line}\n"),
        });
        text = lines.collect();
    }
    std::fs::write(&file, text).unwrap();
    house::fill(&house, &world).unwrap();
    house
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The house has no more places than there are stalled clients, so that a good one needs the place of one of them.
#[test]
fn a_good_client_is_served_within_a_second_among_a_thousand_that_stall() {
    crowd::raise_open_files();
    // A tenth of the crowd may be late: the places are taken all the same.
    let house = found([CROWD * 9 / 10, 100, 600]);
    let runtime = runtime();
    for kind in Kind::ALL {
        let server = Binary::start(&house).unwrap();
        let crowd = runtime.block_on(Crowd::gather(kind, CROWD, &server.ports));
        serve_a_good_client(&server, &format!("{kind:?}"));
        let (open, left) = runtime.block_on(crowd.disperse());
        assert!(open + left >= CROWD as usize * 9 / 10, "{kind:?}: only {open} + {left} came in");
        assert!(left > 0, "{kind:?}: nobody had to leave");
    }
}

/// Connects as fast as it can, and from another address a hundred connections send as many NOOP as they can.
#[test]
fn a_good_client_is_served_within_a_second_while_one_source_floods() {
    let house = found([1000, 100, 600]);
    let server = Binary::start(&house).unwrap();
    let runtime = runtime();
    let (knocks, mut knocked) = tokio::sync::watch::channel(0);
    let flood = runtime.spawn(crowd::knock(Ipv4Addr::new(127, 1, 0, 1), server.ports.clone(), knocks));
    let talk = runtime.spawn(crowd::talk(Ipv4Addr::new(127, 1, 0, 2), 100, server.ports.clone()));
    let under_way = knocked.wait_for(|knocked| *knocked >= KNOCKS);
    runtime.block_on(under_way).unwrap();
    serve_a_good_client(&server, "floods");
    assert!(!flood.is_finished() && !talk.is_finished(), "they went on all the time");
    flood.abort();
    talk.abort();
    let log = std::fs::read_to_string(house.path("log")).unwrap();
    let refusals = log.lines().filter(|line| line.contains("connection refused")).count();
    assert!((1..20).contains(&refusals), "{refusals} lines about refused connections");
}

/// Several tries; enough of them within a second.
fn serve_a_good_client(server: &Binary, among: &str) {
    let tries: Vec<_> = (0..TRIES).map(|_| good::visit(&server.ports)).collect();
    let served = tries.iter().filter(|one| one.as_ref().is_ok_and(|took| *took <= Duration::from_secs(1))).count();
    assert!(served >= SERVED, "{among}: {tries:?}");
}
