//! One authentication exchange, client end (RFC 4422 §3): PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 with and without
//! channel binding (RFC 5802, RFC 7677, RFC 9266), and the tokens of OAuth 2 (OAUTHBEARER, RFC 7628, and XOAUTH2). Owns
//! which mechanism is taken, what is said to which challenge, the arithmetic of SCRAM and the check that the server
//! knows the password too; how the messages travel is the protocol's.

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

/// The longest token, in octets: in base64, with the name, it fits in the 12,288 octets of a line of AUTH (RFC 4954 §4).
pub const TOKEN_MAX: usize = 8192;

/// What proves who one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A password.
    Password(Secret),
    /// An access token of OAuth 2 (RFC 6750): who has it is let in.
    Token(Secret),
}

impl Credential {
    /// The password, where it is one.
    #[must_use]
    pub fn password(&self) -> Option<&Secret> {
        match self {
            Credential::Password(password) => Some(password),
            Credential::Token(_) => None,
        }
    }

    /// The mechanisms that serve, the best first.
    fn mechanisms(&self) -> &'static [Mechanism] {
        match self {
            Credential::Password(_) => {
                &[Mechanism::ScramSha256Plus, Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login]
            }
            Credential::Token(_) => &[Mechanism::OAuthBearer, Mechanism::XOAuth2],
        }
    }
}

/// The connection a login takes place on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The credential itself may be said here: nobody else can read it, or that is allowed.
    pub sealed: bool,
    /// There is a channel to bind to (RFC 9266).
    pub bound: bool,
}

/// The best mechanism that is offered and may be used.
#[must_use]
pub fn choose(credential: &Credential, place: Place, offered: impl Fn(Mechanism) -> bool) -> Option<Mechanism> {
    let may = |mechanism: Mechanism| match mechanism {
        Mechanism::ScramSha256Plus => place.bound,
        Mechanism::ScramSha256 => true,
        Mechanism::Plain | Mechanism::Login | Mechanism::OAuthBearer | Mechanism::XOAuth2 => place.sealed,
    };
    credential.mechanisms().iter().copied().find(|mechanism| may(*mechanism) && offered(*mechanism))
}

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
    /// The token was said; the server may tell what it does not like, and hears this.
    TokenSaid(&'static [u8]),
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
        (user, credential): (&str, &Credential),
        channel: Channel,
        random: &[u8],
    ) -> Result<(Client, Option<Vec<u8>>), ClientError> {
        plain::name(user.as_bytes()).ok_or(ClientError::Login)?;
        let password = match credential {
            Credential::Token(token) => return start_token(mechanism, user, token),
            Credential::Password(password) if password.0.len() <= PASSWORD_MAX => plain::secret(&password.0),
            Credential::Password(_) => None,
        };
        let password = password.ok_or(ClientError::Login)?;
        let (state, initial) = match mechanism {
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => return Err(ClientError::Login),
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
            // RFC 7628 §3.2.3: what it says is the error, which the protocol's refusal follows. No yes counts any more.
            State::TokenSaid(response) => (State::Failed, response.to_vec()),
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
            State::Said | State::Proven | State::TokenSaid(_) => Ok(()),
            State::ScramFirst(_) | State::ScramFinal(_) => Err(ClientError::Unproven),
            State::LoginName(..) | State::LoginPassword(_) | State::Failed => Err(ClientError::Malformed),
        }
    }
}

fn start_token(mechanism: Mechanism, user: &str, token: &Secret) -> Result<(Client, Option<Vec<u8>>), ClientError> {
    // RFC 6750 §2.1: letters, digits and a few signs; a space or a control character would end the field.
    let sound = !token.0.is_empty() && token.0.len() <= TOKEN_MAX && token.0.iter().all(u8::is_ascii_graphic);
    if !sound {
        return Err(ClientError::Login);
    }
    let (head, response): (String, &[u8]) = match mechanism {
        // RFC 7628 §3.1. Host and port are for tokens that sign them.
        Mechanism::OAuthBearer => (format!("n,a={},\x01auth=Bearer ", gs2_name(user)), b"\x01"),
        Mechanism::XOAuth2 => (format!("user={user}\x01auth=Bearer "), b""),
        _ => return Err(ClientError::Login),
    };
    let initial = [head.as_bytes(), &token.0, b"\x01\x01"].concat();
    Ok((Client { state: State::TokenSaid(response) }, Some(initial)))
}

/// RFC 5802 §5.1: a name in a list with commas.
fn gs2_name(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
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
        let name = gs2_name(user);
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

    fn password(text: &str) -> Credential {
        Credential::Password(secret(text))
    }

    fn token(text: &str) -> Credential {
        Credential::Token(secret(text))
    }

    fn start(mechanism: Mechanism, channel: Channel) -> (Client, Option<Vec<u8>>) {
        Client::start(mechanism, ("bob", &password("hungry")), channel, b"random").unwrap()
    }

    /// RFC 7628 §4.1, without the host and port that its example names.
    #[test]
    fn a_token_is_said_in_either_form() {
        let start = |mechanism| {
            let credential = token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
            Client::start(mechanism, ("user@example.com", &credential), Channel::default(), b"").unwrap()
        };
        let (mut client, initial) = start(Mechanism::OAuthBearer);
        let said = b"n,a=user@example.com,\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        assert_eq!(initial.as_deref(), Some(&said[..]));
        assert_eq!(client.accepted(), Ok(()));
        // RFC 7628 §4.3: the server tells why not, and wants to hear something.
        assert_eq!(client.challenge(br#"{"status":"invalid_token","scope":"mail"}"#), Ok(b"\x01".to_vec()));
        assert_eq!(client.accepted(), Err(ClientError::Malformed), "a yes after that is none");
        assert_eq!(client.challenge(b""), Err(ClientError::Malformed));
        let (mut client, initial) = start(Mechanism::XOAuth2);
        let said = b"user=user@example.com\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        assert_eq!(initial.as_deref(), Some(&said[..]));
        assert_eq!(client.challenge(b"{}"), Ok(Vec::new()));
    }

    #[test]
    fn a_name_with_commas_stays_one_name() {
        let (_, initial) =
            Client::start(Mechanism::OAuthBearer, ("a,b=c", &token("t")), Channel::default(), b"").unwrap();
        assert_eq!(initial.as_deref(), Some(&b"n,a=a=2Cb=3Dc,\x01auth=Bearer t\x01\x01"[..]));
    }

    #[test]
    fn tokens_have_a_limit_and_an_alphabet() {
        let sayable =
            |text: &str| Client::start(Mechanism::OAuthBearer, ("bob", &token(text)), Channel::default(), b"").is_ok();
        assert!(sayable(&"x".repeat(TOKEN_MAX)) && !sayable(&"x".repeat(TOKEN_MAX + 1)));
        assert!(!sayable("") && !sayable("a b") && !sayable("a\x01") && !sayable("\u{e9}"));
        for mechanism in [Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256] {
            assert!(Client::start(mechanism, ("bob", &token("t")), Channel::default(), b"").is_err());
        }
        for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
            assert!(Client::start(mechanism, ("bob", &password("t")), Channel::default(), b"").is_err());
        }
    }

    #[test]
    fn the_best_that_may_be_used_is_chosen() {
        use Mechanism::{Login, OAuthBearer, Plain, ScramSha256, ScramSha256Plus, XOAuth2};
        let all = [XOAuth2, OAuthBearer, Login, Plain, ScramSha256, ScramSha256Plus];
        let open = Place { sealed: false, bound: false };
        let sealed = Place { sealed: true, bound: false };
        let bound = Place { sealed: true, bound: true };
        for (credential, place, offered, expected) in [
            (password("x"), bound, &all[..], Some(ScramSha256Plus)),
            (password("x"), sealed, &all, Some(ScramSha256)),
            (password("x"), open, &all, Some(ScramSha256)),
            (password("x"), sealed, &[Login, Plain], Some(Plain)),
            (password("x"), sealed, &[Login], Some(Login)),
            (password("x"), open, &[Login, Plain], None),
            (password("x"), bound, &[OAuthBearer, XOAuth2], None),
            (token("x"), sealed, &all, Some(OAuthBearer)),
            (token("x"), sealed, &[Plain, XOAuth2], Some(XOAuth2)),
            (token("x"), open, &all, None),
            (token("x"), bound, &[Plain, ScramSha256Plus], None),
        ] {
            assert_eq!(choose(&credential, place, |it| offered.contains(&it)), expected, "{credential:?} {offered:?}");
        }
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
        let unbound = Client::start(Mechanism::ScramSha256Plus, ("b", &password("x")), Channel::default(), b"r");
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
        let begin = |user: &str, said: &str| {
            Client::start(Mechanism::Plain, (user, &password(said)), Channel::default(), b"r").is_ok()
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
            let (mut client, initial) = Client::start(mechanism, (&name, &password("x")), channel, b"random").unwrap();
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
