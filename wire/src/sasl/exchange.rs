//! One authentication exchange, server end: a mechanism at work, whatever protocol carries it (RFC 4422 §3). Owns the
//! order of steps; what the messages say is `plain`'s, `login`'s and `scram`'s.

use super::scram::{ClientFinal, ClientFirst, Scram};
use super::{Answer, Ask, Mechanism, Refusal, Secret, plain};

/// What is known of the channel the exchange runs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Channel binding of type `tls-exporter` (RFC 9266).
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
    state: State,
    next: Next,
}

/// What the next response or answer is for.
#[derive(Debug)]
enum State {
    Plain,
    LoginName,
    LoginPassword(String),
    ScramFirst { mechanism: Mechanism, channel: Channel },
    ScramStarted(Box<ClientFirst>),
    ScramFinal(Box<Scram>),
    Over,
}

impl Exchange {
    /// Begins, with the initial response where the client sent one.
    #[must_use]
    pub fn start(mechanism: Mechanism, initial: Option<Vec<u8>>, channel: Channel) -> Exchange {
        let (state, prompt) = match mechanism {
            Mechanism::Plain => (State::Plain, Vec::new()),
            Mechanism::Login => (State::LoginName, b"Username:".to_vec()),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                (State::ScramFirst { mechanism, channel }, Vec::new())
            }
        };
        let mut exchange = Exchange { state, next: Next::Challenge(prompt) };
        if let Some(initial) = initial {
            exchange.response(&initial);
        }
        exchange
    }

    /// What to do now.
    #[allow(clippy::should_implement_trait)] // it is no iterator: what comes next depends on what it is told
    pub fn next(&mut self) -> Next {
        self.next.clone()
    }

    /// The client's response to the last challenge.
    pub fn response(&mut self, bytes: &[u8]) {
        let state = std::mem::replace(&mut self.state, State::Over);
        let step = match state {
            State::Plain => plain::read(bytes).map(|ask| (State::Plain, Next::Ask(ask))),
            State::LoginName => plain::name(bytes)
                .map(|name| (State::LoginPassword(name), Next::Challenge(b"Password:".to_vec())))
                .ok_or("LOGIN takes a name, then a password"),
            State::LoginPassword(username) => {
                let password = Secret(bytes.to_vec());
                Ok((State::Over, Next::Ask(Ask::Password { authorization: None, username, password })))
            }
            State::ScramFirst { mechanism, channel } => ClientFirst::read(bytes, mechanism, channel)
                .map(|first| (State::ScramStarted(Box::new(first.clone())), Next::Ask(first.ask()))),
            State::ScramFinal(scram) => scram.check(bytes),
            State::ScramStarted(_) | State::Over => Err("nothing was asked"),
        };
        (self.state, self.next) = step.unwrap_or_else(|text| (State::Over, Next::Malformed(text)));
    }

    /// The desk's answer to the last question.
    pub fn answer(&mut self, answer: Answer) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.next = match (state, answer) {
            (_, Answer::Refused(refusal)) => Next::Refused(refusal),
            (State::ScramStarted(first), Answer::Scram { nonce, salt, iterations }) => {
                let scram = Scram::new(*first, &nonce, &salt, iterations);
                let challenge = scram.server_first().to_vec();
                self.state = State::ScramFinal(Box::new(scram));
                Next::Challenge(challenge)
            }
            (_, Answer::Accepted { server_signature }) => {
                Next::Accepted { final_data: server_signature.map(|signature| Scram::server_final(&signature)) }
            }
            // An answer to another question: a defect on our side, nobody gets in by it.
            (_, Answer::Scram { .. }) => Next::Refused(Refusal::Temporary),
        };
    }
}

impl Scram {
    fn check(&self, bytes: &[u8]) -> Result<(State, Next), &'static str> {
        let ClientFinal { auth_message, proof } = self.client_final(bytes)?;
        Ok((State::Over, Next::Ask(Ask::ScramProof { auth_message, proof })))
    }
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
