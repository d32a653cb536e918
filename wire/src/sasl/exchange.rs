//! One authentication exchange, server end: a mechanism at work, whatever protocol carries it (RFC 4422 §3). Owns the
//! order of steps, LOGIN's two prompts among them; what the messages say is `plain`'s and `scram`'s.

use super::scram::{ClientFinal, ClientFirst, Scram};
use super::{Answer, Ask, Mechanism, Refusal, plain};

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
    /// The desk looks at a password.
    PasswordAsked,
    ScramFirst {
        mechanism: Mechanism,
        channel: Channel,
    },
    /// The desk looks up where to start.
    ScramAsked(Box<ClientFirst>),
    ScramFinal(Box<Scram>),
    /// The desk looks at the client's proof.
    ProofAsked,
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
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => {
                return Exchange { state: State::Over, next: Next::Malformed("tokens are not taken here") };
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
            State::Plain => plain::read(bytes).map(|ask| (State::PasswordAsked, Next::Ask(ask))),
            State::LoginName => plain::name(bytes)
                .map(|name| (State::LoginPassword(name), Next::Challenge(b"Password:".to_vec())))
                .ok_or("LOGIN takes a name, then a password"),
            State::LoginPassword(username) => plain::secret(bytes)
                .map(|password| Ask::Password { authorization: None, username, password })
                .map(|ask| (State::PasswordAsked, Next::Ask(ask)))
                .ok_or("LOGIN takes a password in UTF-8"),
            State::ScramFirst { mechanism, channel } => ClientFirst::read(bytes, mechanism, channel)
                .map(|first| (State::ScramAsked(Box::new(first.clone())), Next::Ask(first.ask()))),
            State::ScramFinal(scram) => scram.check(bytes),
            State::PasswordAsked | State::ScramAsked(_) | State::ProofAsked | State::Over => Err("nothing was asked"),
        };
        (self.state, self.next) = step.unwrap_or_else(|text| (State::Over, Next::Malformed(text)));
    }

    /// The desk's answer to the last question. Yes counts only where it was asked whether a password or a proof is
    /// right; anything else that does not fit is a defect on our side, and nobody gets in by it.
    pub fn answer(&mut self, answer: Answer) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.next = match (state, answer) {
            (_, Answer::Refused(refusal)) => Next::Refused(refusal),
            (State::ScramAsked(first), Answer::Scram { nonce, salt, iterations }) => {
                let scram = Scram::new(*first, &nonce, &salt, iterations);
                let challenge = scram.server_first().to_vec();
                self.state = State::ScramFinal(Box::new(scram));
                Next::Challenge(challenge)
            }
            (State::PasswordAsked, Answer::Accepted { .. }) => Next::Accepted { final_data: None },
            (State::ProofAsked, Answer::Accepted { server_signature: Some(signature) }) => {
                Next::Accepted { final_data: Some(Scram::server_final(&signature)) }
            }
            (_, Answer::Accepted { .. } | Answer::Scram { .. }) => Next::Refused(Refusal::Temporary),
        };
    }
}

impl Scram {
    fn check(&self, bytes: &[u8]) -> Result<(State, Next), &'static str> {
        let ClientFinal { auth_message, proof } = self.client_final(bytes)?;
        Ok((State::ProofAsked, Next::Ask(Ask::ScramProof { auth_message, proof })))
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
            Mechanism::OAuthBearer => "OAUTHBEARER",
            Mechanism::XOAuth2 => "XOAUTH2",
        }
    }

    /// Reads a name in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Mechanism> {
        use Mechanism::{Login, OAuthBearer, Plain, ScramSha256, ScramSha256Plus, XOAuth2};
        let known = [Plain, Login, ScramSha256, ScramSha256Plus, OAuthBearer, XOAuth2];
        known.into_iter().find(|m| m.name().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Secret;
    use super::*;
    use proptest::prelude::*;

    const YES: Answer = Answer::Accepted { server_signature: None };
    const SIGNED: Answer = Answer::Accepted { server_signature: Some([1; 32]) };
    const FIRST: &[u8] = b"n,,n=bob,r=x";

    fn start(mechanism: Mechanism, initial: Option<&[u8]>) -> Exchange {
        Exchange::start(mechanism, initial.map(<[u8]>::to_vec), Channel::default())
    }

    fn scram() -> Answer {
        Answer::Scram { nonce: "y".into(), salt: b"salt".to_vec(), iterations: 4096 }
    }

    fn hungry() -> Next {
        let password = Secret(b"hungry".to_vec());
        Next::Ask(Ask::Password { authorization: None, username: "bob".into(), password })
    }

    fn last_message() -> String {
        format!("c=biws,r=xy,p={}", super::super::line::encode(&[0; 32]))
    }

    #[test]
    fn plain_asks_once() {
        let mut exchange = start(Mechanism::Plain, None);
        assert_eq!(exchange.next(), Next::Challenge(Vec::new()));
        exchange.response(b"\0bob\0hungry");
        assert_eq!(exchange.next(), hungry());
        exchange.answer(YES);
        assert_eq!(exchange.next(), Next::Accepted { final_data: None });
    }

    #[test]
    fn login_prompts_for_name_and_password() {
        for initial in [None, Some(&b"bob"[..])] {
            let mut exchange = start(Mechanism::Login, initial);
            if initial.is_none() {
                assert_eq!(exchange.next(), Next::Challenge(b"Username:".to_vec()));
                exchange.response(b"bob");
            }
            assert_eq!(exchange.next(), Next::Challenge(b"Password:".to_vec()));
            exchange.response(b"hungry");
            assert_eq!(exchange.next(), hungry());
            exchange.answer(Answer::Refused(Refusal::Credentials));
            assert_eq!(exchange.next(), Next::Refused(Refusal::Credentials));
        }
    }

    #[test]
    fn login_takes_a_sound_name_and_password() {
        let longest = [b'a'; plain::NAME_MAX + 1];
        for name in [&b""[..], b"b\0b", b"\xff", b"b\nb", &longest] {
            assert!(matches!(start(Mechanism::Login, Some(name)).next(), Next::Malformed(_)), "{name:?}");
        }
        for password in [&b""[..], b"hun\0gry", b"\xff"] {
            let mut exchange = start(Mechanism::Login, Some(b"bob"));
            exchange.response(password);
            assert!(matches!(exchange.next(), Next::Malformed(_)), "{password:?}");
        }
    }

    /// Yes to any question but that for a password or a proof lets nobody in, and neither does no question at all.
    #[test]
    fn an_answer_to_another_question_lets_nobody_in() {
        let no = Next::Refused(Refusal::Temporary);
        for answer in [YES, SIGNED] {
            for mechanism in [Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256] {
                let mut exchange = start(mechanism, None);
                exchange.answer(answer.clone());
                assert_eq!(exchange.next(), no, "nothing was asked of {mechanism:?}");
            }
            let mut exchange = start(Mechanism::ScramSha256, Some(FIRST));
            exchange.answer(answer);
            assert_eq!(exchange.next(), no, "only where to start was asked");
        }
        let mut exchange = start(Mechanism::Plain, Some(b"\0bob\0hungry"));
        exchange.answer(scram());
        assert_eq!(exchange.next(), no);
        let mut exchange = start(Mechanism::ScramSha256, Some(FIRST));
        exchange.answer(scram());
        exchange.response(last_message().as_bytes());
        exchange.answer(YES);
        assert_eq!(exchange.next(), no, "a proof is answered with a signature");
    }

    #[test]
    fn what_is_over_stays_over() {
        let mut exchange = start(Mechanism::Plain, Some(b"\0bob\0hungry"));
        exchange.answer(Answer::Refused(Refusal::Credentials));
        exchange.response(b"\0bob\0hungry");
        assert!(matches!(exchange.next(), Next::Malformed(_)));
        exchange.answer(YES);
        assert_eq!(exchange.next(), Next::Refused(Refusal::Temporary));
    }

    #[test]
    fn mechanisms_are_known_by_name() {
        use Mechanism::{Login, OAuthBearer, Plain, ScramSha256, ScramSha256Plus, XOAuth2};
        for mechanism in [Plain, Login, ScramSha256, ScramSha256Plus, OAuthBearer, XOAuth2] {
            assert_eq!(Mechanism::parse(&mechanism.name().to_ascii_lowercase()), Some(mechanism));
        }
        assert_eq!(Mechanism::parse("SCRAM-SHA-1"), None);
        assert_eq!(Mechanism::parse(""), None);
    }

    proptest! {
        /// Whatever the client says and whatever else the desk answers, only a yes to the right question lets it in.
        #[test]
        fn nobody_gets_in_unasked(acts in proptest::collection::vec((0_u8..6, any::<Vec<u8>>()), 0..8), which in 0_usize..3) {
            let mechanism = [Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256][which];
            let mut exchange = start(mechanism, None);
            for (act, octets) in acts {
                let asked = exchange.next();
                match act {
                    0 => exchange.response(&octets),
                    1 => exchange.response(FIRST),
                    2 => exchange.response(last_message().as_bytes()),
                    3 => exchange.answer(scram()),
                    4 => exchange.answer(YES),
                    _ => exchange.answer(SIGNED),
                }
                let fits = matches!(asked, Next::Ask(Ask::Password { .. } | Ask::ScramProof { .. }));
                let accepted = matches!(exchange.next(), Next::Accepted { .. });
                prop_assert!(fits || !accepted);
            }
        }
    }
}
