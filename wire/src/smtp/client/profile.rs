//! What a client session is told about itself when it starts.

use super::limits::RANDOM;
use crate::sasl::client::Credential;
use std::time::Duration;

/// The place of one session.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Our name, for EHLO or LHLO (RFC 5321 §4.1.1.1).
    pub name: String,
    /// Which protocol is spoken.
    pub role: Role,
    /// Whether STARTTLS is used. On a connection with TLS from the start it is not.
    pub tls: Tls,
    /// Who logs in; `None`: nobody.
    pub login: Option<Login>,
    /// When content goes by BDAT.
    pub chunking: Chunking,
    /// How long the peer may take.
    pub timeouts: Timeouts,
}

/// What is spoken to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// SMTP (RFC 5321).
    Smtp,
    /// LMTP (RFC 2033).
    Lmtp,
}

/// Whether STARTTLS is used (RFC 3207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not even where it is offered.
    Never,
    /// Where it is offered. A peer that refuses the command gets the mail without; a handshake that fails ends the
    /// connection, and the next one may be made with `Never`.
    Opportunistic,
    /// Nothing is sent without.
    Required,
}

/// When content goes by BDAT rather than DATA. A peer without CHUNKING (RFC 3030) gets DATA in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    /// Only BINARYMIME, which cannot go otherwise.
    WhereNeeded,
    /// Wherever it is offered.
    WhereOffered,
}

/// Who logs in, and where the password or token may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password or token; prints as `***`.
    pub credential: Credential,
    /// It may itself be sent without TLS (PLAIN, LOGIN, tokens). SCRAM never sends it.
    pub in_the_clear: bool,
}

/// A random value for the nonce of SCRAM, drawn by whoever makes the session.
pub type Random = [u8; RANDOM];

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// Waiting for the banner (RFC 5321 §4.5.3.2.1).
pub const BANNER: Duration = minutes(5);
/// Waiting for the reply to EHLO, HELO, LHLO, STARTTLS, AUTH and RSET. RFC 5321 §4.5.3.2 names no time for them: that
/// of MAIL.
pub const HELLO: Duration = minutes(5);
/// Waiting for the reply to MAIL (RFC 5321 §4.5.3.2.2).
pub const MAIL: Duration = minutes(5);
/// Waiting for the reply to RCPT (RFC 5321 §4.5.3.2.3).
pub const RCPT: Duration = minutes(5);
/// Waiting for 354 (RFC 5321 §4.5.3.2.4).
pub const DATA: Duration = minutes(2);
/// Waiting for the peer to take a block of content (RFC 5321 §4.5.3.2.5). The session sees none of it: it is for the
/// driver to keep while it relays.
pub const DATA_BLOCK: Duration = minutes(3);
/// Waiting for the reply to the final dot (RFC 5321 §4.5.3.2.6).
pub const DOT: Duration = minutes(10);
/// Waiting for the reply to QUIT: nothing depends on it, and a peer that does not answer costs a place.
pub const QUIT: Duration = Duration::from_secs(5);

/// How long the peer may take, by what it is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To greet.
    pub banner: Duration,
    /// To answer EHLO, HELO, LHLO, STARTTLS, AUTH and RSET.
    pub hello: Duration,
    /// To answer MAIL.
    pub mail: Duration,
    /// To answer RCPT.
    pub rcpt: Duration,
    /// To answer DATA.
    pub data: Duration,
    /// To answer the final dot.
    pub dot: Duration,
    /// To answer QUIT.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts { banner: BANNER, hello: HELLO, mail: MAIL, rcpt: RCPT, data: DATA, dot: DOT, quit: QUIT }
    }
}
