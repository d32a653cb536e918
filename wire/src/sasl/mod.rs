//! SASL (RFC 4422): what an authentication exchange asks the desk and what the desk answers. The mechanisms
//! themselves (PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-256-PLUS) are small state machines beside this file. The server
//! end keeps no secret and computes nothing from one: hashes and proofs are the desk's work (`office::login`). The
//! client end ([`client`]) is given the password and computes its proof, or says a token (OAUTHBEARER, XOAUTH2).

pub mod client;
pub mod exchange;
pub mod line;
mod plain;
mod scram;

pub use exchange::{Channel, Exchange, Next};
pub use plain::NAME_MAX;
pub use scram::NONCE_MAX;

use std::fmt;

/// A password on its way to the desk; prints as `***`, is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What an exchange asks. Names are as the client gave them, valid UTF-8 without NUL, at most 255 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Is this the user's password? (PLAIN, LOGIN, POP3 USER/PASS)
    Password {
        /// The identity to act as, where one was given (RFC 4616 authzid).
        authorization: Option<String>,
        /// The name of the user.
        username: String,
        /// What was typed.
        password: Secret,
    },
    /// What does SCRAM need for this user? The same for users that do not exist.
    ScramStart {
        /// The identity to act as, where one was given.
        authorization: Option<String>,
        /// The name of the user.
        username: String,
    },
    /// Is the client's proof right for the user of the last `ScramStart`?
    ScramProof {
        /// `AuthMessage` of RFC 5802 §3.
        auth_message: Vec<u8>,
        /// `ClientProof`.
        proof: [u8; 32],
    },
}

/// What the desk answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The user is who they say; from now on the desk acts for them.
    Accepted {
        /// `ServerSignature` of RFC 5802 §3, after a `ScramProof`.
        server_signature: Option<[u8; 32]>,
    },
    /// Where to start SCRAM.
    Scram {
        /// The server's part of the nonce: printable ASCII without a comma.
        nonce: String,
        /// The user's salt.
        salt: Vec<u8>,
        /// Rounds of PBKDF2.
        iterations: u32,
    },
    /// No.
    Refused(Refusal),
}

/// Why a login was refused. Tells nothing about whether the user exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Name or password wrong.
    Credentials,
    /// Too many guesses from this address; how many seconds until the next is heard.
    TooMany {
        /// Seconds to wait.
        wait_s: u32,
    },
    /// The user may not act as the identity asked for.
    Authorization,
    /// The store cannot be asked now.
    Temporary,
}

/// A mechanism by its registered name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// draft-murchison-sasl-login, as every client speaks it.
    Login,
    /// RFC 7677.
    ScramSha256,
    /// RFC 7677 with channel binding `tls-exporter` (RFC 9266).
    ScramSha256Plus,
    /// RFC 7628; client end only.
    OAuthBearer,
    /// The form of it that came before, as some providers still want it; client end only.
    XOAuth2,
}
