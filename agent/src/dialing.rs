//! The way to servers: names to connections, whose certificates are believed, and why it did not work, in words for
//! people. Owns the choice of roots and pins and the seam for tests ([`Internet::made_up`]); connecting, TLS and DNS are
//! `net`'s, what is said over a connection is the caller's.

use crate::account::settings::{Security, Server, resolve};
use crate::disk;
use crate::house::Folders;
use crate::trouble::{Kind, Trouble};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use message::Domain;
use net::clock::Clock;
use net::dns::Resolver;
use net::tls::{HandshakeError, Pins, Trust, client_config};
use net::{Handshake, Seat, Surroundings};
use parking_lot::Mutex;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio::sync::watch;
use wire::host::Door;
use wire::names::{Answer, Srv};
use wire::smtp::client::Tls;

/// The largest file of trusted certificates, in octets: all authorities of a system have 200 KiB.
const TRUST_FILE_MAX: u64 = 1024 * 1024;

/// The internet as this program sees it. Cheap to clone.
#[derive(Clone)]
pub struct Internet(Arc<Inside>);

struct Inside {
    clock: Clock,
    stop: watch::Sender<bool>,
    names: Names,
    /// For who names no file of certificates: made when first asked for, since reading all authorities takes a while.
    usual: Mutex<Option<Arc<ClientConfig>>>,
    /// The post office of this host.
    door: OnceLock<Arc<dyn Door>>,
}

enum Names {
    System { resolver: Mutex<Option<Resolver>> },
    MadeUp(MadeUp),
}

/// An internet for tests and demonstrations: what is not in it is not there.
#[derive(Clone, Debug)]
pub struct MadeUp {
    /// Where a host and port really are.
    pub hosts: HashMap<(String, u16), SocketAddr>,
    /// SRV records by name, as in `_imaps._tcp.hamburger.edu`.
    pub services: HashMap<String, Vec<Srv>>,
    /// Who vouches for certificates.
    pub roots: RootCertStore,
}

impl Default for MadeUp {
    fn default() -> MadeUp {
        MadeUp { hosts: HashMap::new(), services: HashMap::new(), roots: RootCertStore::empty() }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name or address leads to nobody who answers.
    #[error("cannot connect to {host} port {port}: {error}")]
    Connect {
        /// Where to.
        host: String,
        /// The port.
        port: u16,
        /// Why not.
        error: io::Error,
    },
    /// The file of trusted certificates cannot be used.
    #[error("{path}: {why}")]
    Trust {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Nobody is known who could vouch for a certificate.
    #[error("no certificate authorities are known to this system ({0}); install its ca-certificates")]
    NoRoots(String),
    /// It cannot be a name in a certificate.
    #[error("{0:?} is no name of a host")]
    Name(String),
    /// The library for TLS cannot be used.
    #[error("no TLS here: {0}")]
    Library(rustls::Error),
}

impl DialError {
    /// The network or the server is not there now; it may be later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, DialError::Connect { .. })
    }
}

/// A connection, and what a drive loop needs to know of it.
#[derive(Debug)]
pub struct Line {
    /// To the server.
    pub connection: TcpStream,
    /// With TLS as the settings want it.
    pub around: Surroundings,
}

impl Internet {
    /// The real one.
    #[must_use]
    pub fn system(clock: Clock) -> Internet {
        Internet::of(clock, Names::System { resolver: Mutex::new(None) })
    }

    /// One that is made up.
    #[must_use]
    pub fn made_up(clock: Clock, made_up: MadeUp) -> Internet {
        Internet::of(clock, Names::MadeUp(made_up))
    }

    fn of(clock: Clock, names: Names) -> Internet {
        let inside =
            Inside { clock, stop: watch::Sender::new(false), names, usual: Mutex::new(None), door: OnceLock::new() };
        Internet(Arc::new(inside))
    }

    /// Says where the post office of this host is; said once, for all clones.
    pub fn set_door(&self, door: Arc<dyn Door>) {
        // Who says it again means the same.
        let _ = self.0.door.set(door);
    }

    /// The post office of this host.
    ///
    /// # Errors
    /// This program knows of none.
    pub fn door(&self) -> Result<&dyn Door, Trouble> {
        let none = || Trouble::new(Kind::Settings, "this program cannot reach the post office of this host");
        self.0.door.get().map(|door| &**door).ok_or_else(none)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Has all sessions say goodbye: the program is about to end.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Connects to a host, without TLS.
    ///
    /// # Errors
    /// [`DialError::Connect`].
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, DialError> {
        // The system looks for names as DNS has them.
        let ascii = Domain::parse(host).map_or_else(|_| host.to_owned(), |name| name.as_str().to_owned());
        let connected = match &self.0.names {
            Names::System { .. } => net::dial::connect_host(&ascii, port).await,
            Names::MadeUp(made_up) => match made_up.hosts.get(&(ascii, port)) {
                Some(address) => net::dial::connect(*address).await,
                None => Err(io::Error::new(io::ErrorKind::NotFound, "there is no such host here")),
            },
        };
        connected.map_err(|error| DialError::Connect { host: host.to_owned(), port, error })
    }

    /// SRV records of a name; none where DNS cannot be asked.
    pub async fn services(&self, name: &Domain) -> Answer<Vec<Srv>> {
        match &self.0.names {
            Names::MadeUp(made_up) => {
                made_up.services.get(name.as_str()).cloned().map_or(Answer::NoDomain, Answer::Found)
            }
            Names::System { resolver } => {
                let made = {
                    let mut resolver = resolver.lock();
                    match resolver.clone() {
                        Some(made) => Ok(made),
                        None => Resolver::new(&[]).inspect(|made| *resolver = Some(made.clone())),
                    }
                };
                match made {
                    Ok(resolver) => resolver.srv(name).await,
                    Err(error) => Answer::Failed(error.to_string()),
                }
            }
        }
    }

    /// Whose certificates are believed: those of a file, else those that the system's authorities vouch for.
    ///
    /// # Errors
    /// The file cannot be used, or there are no authorities.
    pub fn trust(&self, file: Option<&Path>) -> Result<Arc<ClientConfig>, DialError> {
        if let Some(path) = file {
            let told = |why: String| DialError::Trust { path: path.to_owned(), why };
            let pem = disk::read(path, TRUST_FILE_MAX).map_err(|error| told(error.to_string()))?;
            let pins = Pins::read(&pem).map_err(told)?;
            return client_config(Trust::Pins(Arc::new(pins))).map_err(DialError::Library);
        }
        let mut usual = self.0.usual.lock();
        if let Some(config) = usual.as_ref() {
            return Ok(config.clone());
        }
        let roots = match &self.0.names {
            Names::System { .. } => system_roots()?,
            Names::MadeUp(made_up) => made_up.roots.clone(),
        };
        let config = client_config(Trust::Roots(Arc::new(roots))).map_err(DialError::Library)?;
        Ok(usual.insert(config).clone())
    }

    /// Connects to a server of the settings.
    ///
    /// # Errors
    /// Any of [`DialError`].
    pub async fn dial(&self, server: &Server, folders: &Folders) -> Result<Line, DialError> {
        let trust = server.trust.as_deref().map(|path| resolve(path, folders));
        // Before anybody is called: a file that is not there is no reason to call.
        let tls = match server.security {
            Security::Plain => None,
            Security::Tls | Security::StartTls => Some(self.trust(trust.as_deref())?),
        };
        self.dial_with(server, tls).await
    }

    /// The same with whom to believe decided.
    ///
    /// # Errors
    /// [`DialError::Connect`], [`DialError::Name`].
    pub async fn dial_with(&self, server: &Server, tls: Option<Arc<ClientConfig>>) -> Result<Line, DialError> {
        let security = match tls.filter(|_| server.security != Security::Plain) {
            None => net::Security::Plain,
            Some(tls) => {
                let handshake = Handshake::Connect(tls, server_name(&server.host)?);
                match server.security {
                    Security::Tls => net::Security::Implicit(handshake),
                    _ => net::Security::StartTls(handshake),
                }
            }
        };
        let connection = self.connect(&server.host, server.port).await?;
        let clock = self.0.clock.clone();
        let seat = Seat::new(clock.now());
        Ok(Line { connection, around: Surroundings { clock, drain: self.0.stop.subscribe(), security, seat } })
    }
}

/// The name a certificate has to be for.
///
/// # Errors
/// [`DialError::Name`].
pub fn server_name(host: &str) -> Result<ServerName<'static>, DialError> {
    // DNS knows names in ASCII.
    let ascii = match host.parse::<IpAddr>() {
        Ok(_) => Some(host.to_owned()),
        Err(_) => Domain::parse(host).ok().map(|name| name.as_str().to_owned()),
    };
    let name = ascii.and_then(|name| ServerName::try_from(name).ok());
    name.ok_or_else(|| DialError::Name(host.to_owned()))
}

/// What a session is told of TLS: after STARTTLS it goes on only with it, and with TLS from the start it needs none.
#[must_use]
pub fn tls_of(security: Security) -> Tls {
    match security {
        Security::StartTls => Tls::Required,
        Security::Tls | Security::Plain => Tls::Never,
    }
}

/// Whether a password may itself go over a connection without TLS: whoever wrote `security = "plain"` wants it so.
#[must_use]
pub fn in_the_clear(security: Security) -> bool {
    security == Security::Plain
}

/// Whether the host is this machine itself.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A certificate as PEM (RFC 7468 §5.1), as a file of trusted ones has it.
#[must_use]
pub fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn system_roots() -> Result<RootCertStore, DialError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // One that cannot be read vouches for nobody; the others do.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or("none were found".to_owned(), ToString::to_string);
        return Err(DialError::NoRoots(why));
    }
    Ok(roots)
}

/// Why a connection ended, for people, with what to do where something can be done.
#[must_use]
pub fn explain(reason: &net::Reason, host: &str) -> String {
    match reason {
        net::Reason::Tls(error) => explain_handshake(error, host),
        other => format!("{host}: {other}"),
    }
}

/// Why a handshake failed, for people.
#[must_use]
pub fn explain_handshake(error: &HandshakeError, host: &str) -> String {
    match complaint(error) {
        Some(complaint) => explain_certificate(complaint, host),
        None => match error {
            HandshakeError::Failed(failed) if speaks_no_tls(failed) => {
                format!("{host} does not speak TLS at this port; is `security` or `port` another?")
            }
            other => format!("no TLS with {host}: {other}"),
        },
    }
}

/// What is wrong with the certificate, where that is what is wrong.
fn complaint(error: &HandshakeError) -> Option<&CertificateError> {
    match tls_error(error)? {
        rustls::Error::InvalidCertificate(complaint) => Some(complaint),
        _ => None,
    }
}

/// Whether the certificate was not believed: then a person may look at it and decide.
#[must_use]
pub fn is_distrust(error: &HandshakeError) -> bool {
    complaint(error).is_some()
}

/// Whether trying again changes nothing: somebody has to look at the settings, or at the certificate.
#[must_use]
pub fn is_lasting(error: &HandshakeError) -> bool {
    is_distrust(error) || matches!(error, HandshakeError::Failed(failed) if speaks_no_tls(failed))
}

fn tls_error(error: &HandshakeError) -> Option<&rustls::Error> {
    match error {
        HandshakeError::Failed(failed) => failed.get_ref()?.downcast_ref(),
        HandshakeError::TimedOut | HandshakeError::Facts(_) => None,
    }
}

fn speaks_no_tls(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidMessage(_)))
}

fn explain_certificate(complaint: &CertificateError, host: &str) -> String {
    let look = "If you know the server, `pillarbox mail account trust` shows the certificate's fingerprint, and pins it \
                where you agree.";
    let what = match complaint {
        CertificateError::UnknownIssuer => {
            format!("nobody this system trusts vouches for the certificate of {host}. {look}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!(
                "the certificate of {host} has expired. Its administrator has to renew it; is this machine's date right?"
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet. Is this machine's date right?")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is not one of {host} but of another name. Is `host` right? {look}")
        }
        CertificateError::Revoked => format!("the certificate of {host} was revoked."),
        other => format!("the certificate of {host} cannot be believed ({other:?}). {look}"),
    };
    format!("{what} Nothing was sent to it.")
}

impl From<DialError> for Trouble {
    fn from(error: DialError) -> Trouble {
        let kind = match &error {
            DialError::Connect { error, .. } if error.kind() == io::ErrorKind::NotFound => Kind::NoHost,
            DialError::Connect { .. } => Kind::TryAgain,
            DialError::Trust { .. } | DialError::NoRoots(_) | DialError::Name(_) => Kind::Settings,
            DialError::Library(_) => Kind::Software,
        };
        Trouble::new(kind, error)
    }
}

#[cfg(test)]
#[path = "dialing_tests.rs"]
mod tests;
