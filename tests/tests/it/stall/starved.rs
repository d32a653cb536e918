//! A server that has used up its open files: it does not crash, does not spin, stores mail, and is itself again as soon
//! as files return.

use super::crowd::{Crowd, Kind};
use super::{found, good, runtime, serve_a_good_client};
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
use tests::binary::Binary;
use tests::client::PATIENCE;
use wire::dialogue::Port;

/// What the process may have open.
const FILES: u32 = 200;

/// Hundredths of a second of processor time that a starved server may take in a second: a tenth of one core.
const TICKS_MAX: u64 = 10;

/// How long files may be back before the server answers.
const RECOVERY: Duration = Duration::from_secs(2);

/// Twice as many clients as files: the good one finds its place, and the store its files.
#[test]
fn with_two_hundred_files_connections_leave_some_for_the_store() {
    let house = found([5000, 100, 600]);
    let server = Binary::start_with_files(&house, FILES).unwrap();
    let runtime = runtime();
    let mut patient = TcpStream::connect(server.ports[&Port::Smtp]).unwrap();
    hear_greeting(&mut patient);
    let crowd = runtime.block_on(Crowd::gather(Kind::Silent, 2 * FILES, &server.ports));
    let before = ticks(server.id());
    hear_nothing(&mut patient, Duration::from_secs(1));
    let spent = ticks(server.id()) - before;
    assert!(spent <= TICKS_MAX, "{spent} ticks while it had nothing to do");
    assert!(open_files(server.id()) < FILES as usize);
    serve_a_good_client(&server, "two hundred files");
    // Larger than a row of the store takes: it goes to a segment.
    let large = "more than a row takes\r\n".repeat(10_000);
    runtime.block_on(good::send(server.ports[&Port::Smtp], &large)).unwrap();
    runtime.block_on(crowd.disperse());
    serve_a_good_client(&server, "the crowd has gone");
    let log = std::fs::read_to_string(house.path("log")).unwrap();
    assert!(log.contains("fewer connections than [limits] says"), "{log}");
    assert!(!log.contains("cannot accept connections"), "it never came to that:\n{log}");
}

#[test]
fn without_any_file_left_it_waits_and_then_goes_on() {
    let house = found([5000, 100, 600]);
    let server = Binary::start(&house).unwrap();
    let files = open_files(server.id());
    limit_files(server.id(), files);
    let mut clients: Vec<_> = (0..50).map(|_| TcpStream::connect(server.ports[&Port::Smtp]).unwrap()).collect();
    let before = ticks(server.id());
    // The last: a file or two may have been free for the first.
    hear_nothing(&mut clients[49], Duration::from_secs(2));
    let spent = ticks(server.id()) - before;
    assert!(spent <= 2 * TICKS_MAX, "{spent} ticks while it could not accept anybody");
    limit_files(server.id(), 1000);
    let started = Instant::now();
    clients.iter_mut().for_each(hear_greeting);
    assert!(started.elapsed() <= RECOVERY, "{:?}", started.elapsed());
    serve_a_good_client(&server, "files are back");
    let log = std::fs::read_to_string(house.path("log")).unwrap();
    let complaints = log.lines().filter(|line| line.contains("cannot accept connections")).count();
    assert!((1..=5).contains(&complaints), "{complaints} complaints\n{log}");
}

fn hear_greeting(client: &mut TcpStream) {
    let mut start = [0; 4];
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"220 ");
    let mut rest = [0; 512];
    assert!(client.read(&mut rest).unwrap() > 0);
}

/// The server says nothing to this client for so long.
fn hear_nothing(client: &mut TcpStream, long: Duration) {
    client.set_read_timeout(Some(long)).unwrap();
    let heard = client.read(&mut [0; 1]);
    assert!(heard.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "{heard:?}");
}

/// Sets the soft limit of another process; the hard one stays.
fn limit_files(process: u32, files: usize) {
    let status = Command::new("prlimit")
        .args(["--pid", &process.to_string(), &format!("--nofile={files}:")])
        .status()
        .expect("prlimit (util-linux) is there");
    assert!(status.success());
}

fn open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

/// The processor time a process has taken, in hundredths of a second.
fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, behind_the_name) = stat.rsplit_once(") ").unwrap();
    // Fields 14 and 15, counted from the process id; the state behind the name is field 3.
    let fields: Vec<&str> = behind_the_name.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
