//! What a server session is told about its place when it starts. Owns no policy beyond what the protocol itself shows.

use super::Limits;
use crate::sasl::Mechanism;

/// The place of one session.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Our name, in the greeting and the farewell.
    pub hostname: String,
    /// What the greeting says after it; empty: `IMAP ready`. No version by default.
    pub greeting: String,
    /// There is a certificate, so STARTTLS may be offered.
    pub tls_available: bool,
    /// The client may log in without TLS.
    pub plaintext_login: bool,
    /// What AUTHENTICATE may offer.
    pub mechanisms: Vec<Mechanism>,
    /// The driver can speak compressed (RFC 4978).
    pub compression: bool,
    /// Where JMAP is to be had (RFC 9698).
    pub jmap: Option<String>,
    /// What ID tells of the software; `None`: nothing.
    pub implementation: Option<String>,
    /// The limits.
    pub limits: Limits,
}
