//! What a connection costs before anybody has logged in, and a server without any.

use super::crowd::{Crowd, Kind, raise_open_files};
use super::{found, runtime};
use tests::binary::Binary;

/// How many connections are measured, and what each may take.
const CONNECTIONS: u32 = 2000;
const PER_CONNECTION_MAX: usize = 16 * 1024;

/// What the server may take at rest.
const AT_REST_MAX: usize = 64 * 1024 * 1024;

#[test]
fn a_connection_takes_at_most_16_kib_before_login() {
    raise_open_files();
    let house = found([5000, 100, 600]);
    let server = Binary::start(&house).unwrap();
    let at_rest = resident(server.id());
    assert!(at_rest <= AT_REST_MAX, "{at_rest} octets at rest");
    let runtime = runtime();
    let crowd = runtime.block_on(Crowd::gather(Kind::Silent, CONNECTIONS, &server.ports));
    let each = (resident(server.id()) - at_rest) / CONNECTIONS as usize;
    let (open, left) = runtime.block_on(crowd.disperse());
    assert_eq!((open, left), (CONNECTIONS as usize, 0));
    assert!(each <= PER_CONNECTION_MAX, "{each} octets a connection");
}

/// What a process holds in memory, in octets.
pub fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")).unwrap();
    kib.parse::<usize>().unwrap() * 1024
}
