//! Tests over real sockets: every dialogue against a server in this process and against the real binary, in the clear
//! and over TLS; what must survive when the binary is killed, its disk fails or its files are damaged; and the binary as a
//! service: signals, rights, systemd.
#![allow(clippy::disallowed_methods, reason = "tests read dialogues, and take their time")]
#![allow(clippy::unwrap_used)]

mod damage;
mod dialogues;
mod faults;
mod full;
mod ledger;
mod service;
