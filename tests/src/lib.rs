//! What tests over real sockets are built from: a house made from the world of a dialogue, a server started in this
//! process or as the real binary, a client that reads lines, and the stage on which dialogues are played over both.
//! Owns no test: those are in `tests/it`. Everything is on loopback, on ports the system chooses.
#![allow(clippy::disallowed_methods, reason = "tests start programs and connect to them")]

pub mod binary;
pub mod client;
pub mod collector;
pub mod house;
pub mod imap;
pub mod in_process;
pub mod jmap;
pub mod ledger;
pub mod letter;
pub mod link;
pub mod seed;
pub mod senders;
pub mod sink;
pub mod small_disk;
pub mod stage;
pub mod tls;

use std::collections::HashMap;
use std::net::SocketAddr;
use wire::dialogue::Port;

/// Where each listener of a running server is.
pub type Ports = HashMap<Port, SocketAddr>;
