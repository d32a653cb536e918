//! What a server session is told about its place when it starts. Owns no policy beyond what the protocol itself shows.

use super::Limits;
use crate::sasl::Mechanism;

/// The place of one session.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Our name, in the greeting and the farewell.
    pub hostname: String,
    /// What the greeting says after it; empty: `POP3 ready`. No version by default.
    pub greeting: String,
    /// There is a certificate, so STLS may be offered.
    pub tls_available: bool,
    /// The client may log in without TLS.
    pub plaintext_login: bool,
    /// What AUTH may offer.
    pub mechanisms: Vec<Mechanism>,
    /// What APOP digests are made with, as in `<1896.697170952@dbc.mtview.ca.us>` (RFC 1939 §7): different for every
    /// connection, with its angle brackets. `None`: APOP is not offered.
    pub apop_timestamp: Option<String>,
    /// What CAPA tells of the software (RFC 2449 §6.9); `None`: nothing.
    pub implementation: Option<String>,
    /// The limits.
    pub limits: Limits,
}
