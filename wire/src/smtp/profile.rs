//! What a server session is told about its place when it starts. Owns no policy beyond what the protocol itself
//! shows: who may do what is the desk's.

use super::Limits;
use crate::sasl::Mechanism;
use std::net::IpAddr;

/// Which door the client came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Port 25: mail from other hosts (RFC 5321).
    Mx,
    /// Ports 587 and 465: mail from our users (RFC 6409); nothing is accepted before login.
    Submission,
    /// Local delivery (RFC 2033): LHLO, and a reply per recipient.
    Lmtp,
}

/// The place of one session.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Which door.
    pub role: Role,
    /// Our name, in the greeting and the replies to HELO and EHLO.
    pub hostname: String,
    /// What follows the name in the greeting; empty: `ESMTP ready` or `LMTP ready`. No version by default.
    pub greeting: String,
    /// Where the client is.
    pub client_address: IpAddr,
    /// The client is in `relay_networks`: the session announces VRFY and EXPN to it and has patience with it.
    pub trusted: bool,
    /// The client may log in without TLS.
    pub plaintext_login: bool,
    /// There is a certificate, so STARTTLS may be offered.
    pub tls_available: bool,
    /// What AUTH may offer.
    pub mechanisms: Vec<Mechanism>,
    /// Advertise DSN (RFC 3461). Its parameters are read and passed on either way.
    pub dsn: bool,
    /// Which of the commands are carried out that RFC 5321 gave up, or left to others.
    pub classic: Classic,
    /// The limits.
    pub limits: Limits,
}

/// Commands that a house carries out only if it is told to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classic {
    /// SEND, SOML and SAML (RFC 821 §3.4).
    pub sends: bool,
    /// ETRN (RFC 1985), ATRN (RFC 2645) and TURN (RFC 821 §3.8): for some login there is a domain whose mail it may
    /// ask for. Offered to those who logged in.
    pub turns: bool,
}
