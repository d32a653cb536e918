//! What a client session is told about itself when it starts.

use super::limits;
use crate::smtp::client::{Login, Tls};
use std::time::Duration;

/// The place of one session.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Whether STLS is used (RFC 2595 §4). On a connection with TLS from the start it is not.
    pub tls: Tls,
    /// Who logs in.
    pub login: Login,
    /// Whether APOP is used where there is nothing better. Its MD5 is broken: only for servers that want it.
    pub apop: bool,
    /// The longest message that is taken, in octets; a longer one ends the session.
    pub message_max: u64,
    /// How long the server may take.
    pub timeouts: Timeouts,
}

impl Profile {
    /// Who logs in where; all else as usual.
    #[must_use]
    pub fn new(tls: Tls, login: Login) -> Profile {
        Profile { tls, login, apop: false, message_max: limits::MESSAGE, timeouts: Timeouts::default() }
    }
}

/// How long the server may be silent, by what it is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To greet, and to answer what leads to the login.
    pub greeting: Duration,
    /// To say the next thing of a task.
    pub task: Duration,
    /// To answer QUIT.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts { greeting: limits::GREETING, task: limits::ANSWER, quit: limits::UPDATE }
    }
}
