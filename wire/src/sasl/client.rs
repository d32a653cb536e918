//! One authentication exchange, client end (RFC 4422 §3): PLAIN (RFC 4616), LOGIN, and SCRAM-SHA-256 with and without
//! channel binding (RFC 5802, RFC 7677, RFC 9266). Owns what is said to which challenge, the arithmetic of SCRAM and
//! the check that the server knows the password too; how the messages travel is the protocol's.

use super::{Channel, Mechanism, Secret, plain};
use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::num::NonZeroU32;

/// The least rounds of PBKDF2 a server may ask for (RFC 7677 §4): fewer would make the password easy to guess for
/// whoever stands in between.
pub const ITERATIONS_MIN: u32 = 4096;
/// The most rounds: what is advised at most for passwords today, some tenths of a second. More is an attack on us.
pub const ITERATIONS_MAX: u32 = 600_000;

/// The longest password, in octets: a line of AUTH holds 12,288, and nobody types a tenth of that.
pub const PASSWORD_MAX: usize = 1024;

/// Why an exchange cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The name or the password cannot be said in this mechanism.
    #[error("the name or the password cannot be sent")]
    Login,
    /// The server's message is not one of the mechanism, or asks for what we do not do.
    #[error("the server does not keep to the mechanism")]
    Malformed,
    /// The server says yes and did not prove that it knows the password (RFC 5802 §5).
    #[error("the server did not prove that it knows the password")]
    Unproven,
}

/// An exchange.
#[derive(Debug)]
pub struct Client {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing more is said.
    Said,
    LoginName(String, Secret),
    LoginPassword(Secret),
    ScramFirst(Box<First>),
    /// The signature the server has to show.
    ScramFinal([u8; 32]),
    /// All is said, and the server is known.
    Proven,
    /// It went wrong.
    Failed,
}

/// What was said first in SCRAM.
#[derive(Debug)]
struct First {
    password: Secret,
    /// `gs2-header` and the channel binding data.
    binding: Vec<u8>,
    nonce: String,
    /// `client-first-message-bare`.
    bare: String,
}

/// What follows from the server's first message.
struct Last {
    message: String,
    server_signature: [u8; 32],
}

impl Client {
    /// Begins: the exchange, and its initial response where the mechanism has one. `random` becomes the nonce.
    ///
    /// # Errors
    /// [`ClientError::Login`] where name or password cannot be said, or there is no channel to bind to.
    pub fn start(
        mechanism: Mechanism,
        (user, password): (&str, &Secret),
        channel: Channel,
        random: &[u8],
    ) -> Result<(Client, Option<Vec<u8>>), ClientError> {
        let sound = plain::name(user.as_bytes()).is_some() && password.0.len() <= PASSWORD_MAX;
        let password = plain::secret(&password.0).filter(|_| sound).ok_or(ClientError::Login)?;
        let (state, initial) = match mechanism {
            Mechanism::Plain => {
                // RFC 4616 §2.
                (State::Said, Some([b"\0", user.as_bytes(), b"\0", &password.0].concat()))
            }
            Mechanism::Login => (State::LoginName(user.to_owned(), password), None),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                let (first, message) = First::new(mechanism, (user, password), channel, random)?;
                (State::ScramFirst(Box::new(first)), Some(message))
            }
        };
        Ok((Client { state }, initial))
    }

    /// The response to a challenge.
    ///
    /// # Errors
    /// When the challenge is none of the mechanism, or a signature in it is wrong; the exchange is over then.
    pub fn challenge(&mut self, bytes: &[u8]) -> Result<Vec<u8>, ClientError> {
        let state = std::mem::replace(&mut self.state, State::Failed);
        let (state, response) = match state {
            // Whatever the prompts say: every server asks for the name first.
            State::LoginName(user, password) => (State::LoginPassword(password), user.into_bytes()),
            State::LoginPassword(password) => (State::Said, password.0),
            State::ScramFirst(first) => {
                let last = first.answer(bytes)?;
                (State::ScramFinal(last.server_signature), last.message.into_bytes())
            }
            State::ScramFinal(expected) => {
                check_signature(bytes, &expected)?;
                (State::Proven, Vec::new())
            }
            State::Said | State::Proven | State::Failed => return Err(ClientError::Malformed),
        };
        self.state = state;
        Ok(response)
    }

    /// The server says yes.
    ///
    /// # Errors
    /// When it says so before all was said, or without the proof that SCRAM asks of it.
    pub fn accepted(&self) -> Result<(), ClientError> {
        match self.state {
            State::Said | State::Proven => Ok(()),
            State::ScramFirst(_) | State::ScramFinal(_) => Err(ClientError::Unproven),
            State::LoginName(..) | State::LoginPassword(_) | State::Failed => Err(ClientError::Malformed),
        }
    }
}

impl First {
    fn new(
        mechanism: Mechanism,
        (user, password): (&str, Secret),
        channel: Channel,
        random: &[u8],
    ) -> Result<(First, Vec<u8>), ClientError> {
        // RFC 5802 §6: `y` tells a server that offers PLUS that its offer was cut on the way here.
        let (header, data) = match (mechanism, channel.exporter) {
            (Mechanism::ScramSha256Plus, Some(exporter)) => ("p=tls-exporter,,", exporter.to_vec()),
            (Mechanism::ScramSha256Plus, None) => return Err(ClientError::Login),
            (_, Some(_)) if !channel.plus_offered => ("y,,", Vec::new()),
            _ => ("n,,", Vec::new()),
        };
        let nonce = STANDARD.encode(random);
        // RFC 5802 §5.1.
        let name = user.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={name},r={nonce}");
        let message = format!("{header}{bare}").into_bytes();
        let binding = [header.as_bytes(), &data].concat();
        Ok((First { password, binding, nonce, bare }, message))
    }

    /// RFC 5802 §3, §5, §7: `client-final-message`.
    fn answer(&self, server_first: &[u8]) -> Result<Last, ClientError> {
        let text = std::str::from_utf8(server_first).map_err(|_| ClientError::Malformed)?;
        let (nonce, salt, iterations) = read_server_first(text).ok_or(ClientError::Malformed)?;
        // The server's part may not be missing, or the exchange could be one replayed.
        let extended = nonce.strip_prefix(self.nonce.as_str()).is_some_and(|own| !own.is_empty());
        if !extended {
            return Err(ClientError::Malformed);
        }
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, &self.password.0, &mut salted);
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(&self.binding));
        let auth_message = format!("{},{text},{without_proof}", self.bare);
        let client_key = sign(&salted, b"Client Key");
        let stored_key = octets(digest::digest(&digest::SHA256, &client_key).as_ref());
        let mut proof = sign(&stored_key, auth_message.as_bytes());
        proof.iter_mut().zip(client_key).for_each(|(octet, key)| *octet ^= key);
        let server_signature = sign(&sign(&salted, b"Server Key"), auth_message.as_bytes());
        Ok(Last { message: format!("{without_proof},p={}", STANDARD.encode(proof)), server_signature })
    }
}

/// RFC 5802 §7: `server-first-message`: nonce, salt, rounds. Extensions at its end are passed over (§5.1).
fn read_server_first(text: &str) -> Option<(&str, Vec<u8>, NonZeroU32)> {
    let mut attributes = text.split(',');
    let nonce = attributes.next()?.strip_prefix("r=")?;
    let salt = STANDARD.decode(attributes.next()?.strip_prefix("s=")?).ok()?;
    let iterations: u32 = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
    let sound = nonce.bytes().all(|octet| octet.is_ascii_graphic()) && !salt.is_empty();
    let bounded = (ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations);
    let iterations = NonZeroU32::new(iterations).filter(|_| sound && bounded)?;
    Some((nonce, salt, iterations))
}

/// RFC 5802 §7: `server-final-message`.
fn check_signature(bytes: &[u8], expected: &[u8; 32]) -> Result<(), ClientError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ClientError::Malformed)?;
    let first = text.split(',').next().unwrap_or_default();
    let signature = first.strip_prefix("v=").and_then(|signature| STANDARD.decode(signature).ok());
    let signature = signature.ok_or(ClientError::Unproven)?;
    constant_time::verify_slices_are_equal(&signature, expected).map_err(|_| ClientError::Unproven)
}

fn sign(key: &[u8], message: &[u8]) -> [u8; 32] {
    octets(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

fn octets(hash: &[u8]) -> [u8; 32] {
    hash.try_into().unwrap_or([0; 32])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Answer, Ask, Exchange, Next};
    use super::*;
    use proptest::prelude::*;

    const BOUND: Channel = Channel { exporter: Some([7; 32]), plus_offered: true };

    fn secret(text: &str) -> Secret {
        Secret(text.as_bytes().to_vec())
    }

    fn start(mechanism: Mechanism, channel: Channel) -> (Client, Option<Vec<u8>>) {
        Client::start(mechanism, ("bob", &secret("hungry")), channel, b"random").unwrap()
    }

    /// RFC 7677 §3; its nonce is no base64, so it is put in by hand.
    #[test]
    fn the_example_of_the_rfc_goes_through() {
        let nonce = "rOprNGfwEbeRWgbNEkqO".to_owned();
        let first =
            First { password: secret("pencil"), binding: b"n,,".to_vec(), bare: format!("n=user,r={nonce}"), nonce };
        let mut client = Client { state: State::ScramFirst(Box::new(first)) };
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(client.challenge(challenge), Ok(expected.as_bytes().to_vec()));
        assert_eq!(client.challenge(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(Vec::new()));
        assert_eq!(client.accepted(), Ok(()));
    }

    #[test]
    fn plain_and_login_say_name_and_password() {
        let (client, initial) = start(Mechanism::Plain, Channel::default());
        assert_eq!(initial.as_deref(), Some(&b"\0bob\0hungry"[..]));
        assert_eq!(client.accepted(), Ok(()));
        let (mut client, initial) = start(Mechanism::Login, Channel::default());
        assert_eq!(initial, None);
        assert_eq!(client.challenge(b"Username:"), Ok(b"bob".to_vec()));
        assert_eq!(client.challenge(b"Password:"), Ok(b"hungry".to_vec()));
        assert_eq!(client.challenge(b"And now?"), Err(ClientError::Malformed));
        assert_eq!(client.accepted(), Err(ClientError::Malformed));
    }

    #[test]
    fn the_header_tells_what_is_known_of_the_channel() {
        let header = |mechanism, channel| String::from_utf8(start(mechanism, channel).1.unwrap()).unwrap();
        let cut = Channel { plus_offered: false, ..BOUND };
        assert_eq!(header(Mechanism::ScramSha256Plus, BOUND), "p=tls-exporter,,n=bob,r=cmFuZG9t");
        assert_eq!(header(Mechanism::ScramSha256, cut), "y,,n=bob,r=cmFuZG9t");
        assert_eq!(header(Mechanism::ScramSha256, Channel::default()), "n,,n=bob,r=cmFuZG9t");
        let unbound = Client::start(Mechanism::ScramSha256Plus, ("b", &secret("x")), Channel::default(), b"r");
        assert_eq!(unbound.map(drop), Err(ClientError::Login));
    }

    fn challenged(challenge: &str) -> Result<Vec<u8>, ClientError> {
        start(Mechanism::ScramSha256, Channel::default()).0.challenge(challenge.as_bytes())
    }

    #[test]
    fn rounds_have_limits() {
        let rounds = |rounds: u32| challenged(&format!("r=cmFuZG9tx,s=AAAA,i={rounds}")).is_ok();
        assert!(rounds(ITERATIONS_MIN) && rounds(ITERATIONS_MAX));
        assert!(!rounds(ITERATIONS_MIN - 1) && !rounds(ITERATIONS_MAX + 1) && !rounds(0));
    }

    #[test]
    fn a_server_that_breaks_the_rules_is_left() {
        assert!(challenged("r=cmFuZG9tx,s=AAAA,i=4096,x=1").is_ok());
        for wrong in [
            "r=cmFuZG9t,s=AAAA,i=4096",
            "r=other,s=AAAA,i=4096",
            "s=AAAA,i=4096",
            "r=cmFuZG9tx,s=,i=4096",
            "r=cmFuZG9tx,s=!,i=4096",
            "r=cmFuZG9tx,s=AAAA",
            "r=cmFuZG9tx,s=AAAA,i=many",
            "m=1,r=cmFuZG9tx,s=AAAA,i=4096",
            "r=cmFuZG9t\u{e9},s=AAAA,i=4096",
            "",
        ] {
            assert_eq!(challenged(wrong), Err(ClientError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn yes_without_proof_is_no() {
        let (client, _) = start(Mechanism::ScramSha256, Channel::default());
        assert_eq!(client.accepted(), Err(ClientError::Unproven));
        let (mut client, _) = start(Mechanism::ScramSha256, Channel::default());
        client.challenge(b"r=cmFuZG9tx,s=AAAA,i=4096").unwrap();
        let wrong = format!("v={}", STANDARD.encode([1; 32]));
        assert_eq!(client.challenge(wrong.as_bytes()), Err(ClientError::Unproven));
        assert_eq!(client.accepted(), Err(ClientError::Malformed));
        let (mut client, _) = start(Mechanism::ScramSha256, Channel::default());
        client.challenge(b"r=cmFuZG9tx,s=AAAA,i=4096").unwrap();
        assert_eq!(client.accepted(), Err(ClientError::Unproven));
    }

    #[test]
    fn what_cannot_be_said_is_not_begun() {
        let long = "x".repeat(PASSWORD_MAX);
        let begin = |user: &str, password: &str| {
            Client::start(Mechanism::Plain, (user, &secret(password)), Channel::default(), b"r").is_ok()
        };
        assert!(begin("bob", &long) && !begin("bob", &format!("{long}x")));
        assert!(!begin("", "x") && !begin("bob", "") && !begin("b\0b", "x") && !begin("bob", "a\0b"));
    }

    proptest! {
        /// Our own server end understands every mechanism as we speak it.
        #[test]
        fn the_server_end_understands_it(name in "[^\\p{Cc}]{1,20}", kind in 0..3) {
            let (mechanism, channel) = match kind {
                0 => (Mechanism::ScramSha256, Channel::default()),
                1 => (Mechanism::ScramSha256, Channel { plus_offered: false, ..BOUND }),
                _ => (Mechanism::ScramSha256Plus, BOUND),
            };
            let (mut client, initial) = Client::start(mechanism, (&name, &secret("x")), channel, b"random").unwrap();
            let mut server = Exchange::start(mechanism, initial, channel);
            let Next::Ask(Ask::ScramStart { username, .. }) = server.next() else { panic!("no question") };
            prop_assert_eq!(username, name);
            server.answer(Answer::Scram { nonce: "y".into(), salt: b"salt".to_vec(), iterations: 4096 });
            let Next::Challenge(challenge) = server.next() else { panic!("no challenge") };
            server.response(&client.challenge(&challenge).unwrap());
            let asked = matches!(server.next(), Next::Ask(Ask::ScramProof { .. }));
            prop_assert!(asked);
        }

        #[test]
        fn no_octets_break_it(messages in proptest::collection::vec(any::<Vec<u8>>(), 1..4)) {
            let (mut client, _) = start(Mechanism::ScramSha256, BOUND);
            for message in messages {
                prop_assert!(client.challenge(&message).is_err());
            }
            prop_assert!(client.accepted().is_err());
        }
    }
}
