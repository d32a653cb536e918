//! Tests over real sockets: every dialogue against a server in this process and against the real binary, in the clear
//! and over TLS; what must survive when the binary is killed, its disk fails or its files are damaged; clients that stall;
//! the binary as a service: signals, rights, systemd; as the classic commands by their names; as a server that sends; and
//! the lab with its scenarios.
#![allow(clippy::disallowed_methods, reason = "tests read dialogues, and take their time")]
#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "a run under load tells its figures")]

mod accounts;
mod agents;
mod classic;
mod damage;
mod dialogues;
mod faults;
mod full;
mod history;
mod lab;
mod ledger;
mod mirror;
mod sending;
mod sendmail;
mod service;
mod stall;

/// Says that a test is left out, and why; where everything is to be run, that is a failure.
fn leave_out(why: &str) {
    println!("left out: {why}");
    assert!(std::env::var("PILLARBOX_REQUIRE_PEERS").is_err(), "left out: {why}");
}
