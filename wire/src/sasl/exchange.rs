//! One authentication exchange, server end. Only PLAIN (RFC 4616) here so far.

use super::{Answer, Ask, Mechanism, Refusal, Secret};

/// What is known of the channel the exchange runs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Channel binding of type `tls-exporter`.
    pub exporter: Option<[u8; 32]>,
    /// A mechanism with channel binding was offered.
    pub plus_offered: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this to the client and wait for its response.
    Challenge(Vec<u8>),
    /// Put this to the desk.
    Ask(Ask),
    /// Logged in.
    Accepted {
        /// To be sent with, or before, the success.
        final_data: Option<Vec<u8>>,
    },
    /// Not logged in.
    Refused(Refusal),
    /// The client does not speak the mechanism.
    Malformed(&'static str),
}

/// An exchange.
#[derive(Debug)]
pub struct Exchange {
    next: Next,
}

impl Exchange {
    /// Begins.
    #[must_use]
    pub fn start(mechanism: Mechanism, initial: Option<Vec<u8>>, _channel: Channel) -> Exchange {
        let mut exchange = Exchange { next: Next::Challenge(Vec::new()) };
        if mechanism != Mechanism::Plain {
            exchange.next = Next::Malformed("only PLAIN is spoken so far");
        } else if let Some(initial) = initial {
            exchange.response(&initial);
        }
        exchange
    }

    /// What to do now.
    #[allow(clippy::should_implement_trait)] // it is no iterator: what comes next depends on what it is told
    pub fn next(&mut self) -> Next {
        self.next.clone()
    }

    /// The client's response (RFC 4616 §2: authzid, NUL, authcid, NUL, password).
    pub fn response(&mut self, bytes: &[u8]) {
        self.next = plain(bytes).map_or(Next::Malformed("PLAIN takes a name and a password"), Next::Ask);
    }

    /// The desk's answer.
    pub fn answer(&mut self, answer: Answer) {
        self.next = match answer {
            Answer::Accepted { .. } => Next::Accepted { final_data: None },
            Answer::Refused(refusal) => Next::Refused(refusal),
            Answer::Scram { .. } => Next::Refused(Refusal::Temporary),
        };
    }
}

/// The longest name, in octets (RFC 4616 §2 allows 255).
const NAME_MAX: usize = 255;

fn plain(bytes: &[u8]) -> Option<Ask> {
    let mut parts = std::str::from_utf8(bytes).ok()?.split('\0');
    let (authorization, username, password) = (parts.next()?, parts.next()?, parts.next()?);
    let sound = parts.next().is_none() && !username.is_empty() && username.len().max(authorization.len()) <= NAME_MAX;
    sound.then(|| Ask::Password {
        authorization: (!authorization.is_empty()).then(|| authorization.to_owned()),
        username: username.to_owned(),
        password: Secret(password.as_bytes().to_vec()),
    })
}

impl Mechanism {
    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
        }
    }

    /// Reads a name in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Mechanism> {
        use Mechanism::{Login, Plain, ScramSha256, ScramSha256Plus};
        [Plain, Login, ScramSha256, ScramSha256Plus].into_iter().find(|m| m.name().eq_ignore_ascii_case(name))
    }
}
