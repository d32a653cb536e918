//! What a client session is told about itself when it starts.

use crate::smtp::client::{Login, Tls};
use std::time::Duration;

/// The place of one session.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Whether STARTTLS is used. On a connection with TLS from the start it is not.
    pub tls: Tls,
    /// Who logs in; `None`: nobody.
    pub login: Option<Login>,
    /// How long the server may take.
    pub timeouts: Timeouts,
}

/// How long the server may be silent, by what it is to do. A SEARCH in many large messages takes minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To greet.
    pub greeting: Duration,
    /// To answer what makes the connection ready.
    pub login: Duration,
    /// To say the next thing of a task.
    pub task: Duration,
    /// To answer LOGOUT: nothing depends on it.
    pub logout: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            greeting: Duration::from_secs(60),
            login: Duration::from_secs(60),
            task: Duration::from_secs(300),
            logout: Duration::from_secs(5),
        }
    }
}
