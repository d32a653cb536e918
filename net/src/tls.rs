//! TLS, both ends: the configuration (TLS 1.2 and 1.3, AEAD only, RFC 8996, RFC 9325), certificates from PEM files or
//! made by ourselves, their exchange while the server runs, and the handshakes. Does not know where the files are; that
//! is configuration.

mod certificate;
mod client;

pub use certificate::{Certificate, CertificateError, CertificateFacts, SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY};

pub use client::{Pins, Trust, Witness, client_config};

use arc_swap::ArcSwap;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use wire::TlsFacts;

/// How long a handshake may take.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(60);

/// RFC 9266 §3: the label; the context is empty.
const CHANNEL_BINDING: &[u8] = b"EXPORTER-Channel-Binding";

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// It took longer than [`HANDSHAKE_LIMIT`], or than the session waits for a login.
    #[error("the handshake took too long")]
    TimedOut,
    /// The peer wants what we do not have, speaks no TLS, or left.
    #[error("the handshake failed: {0}")]
    Failed(#[from] std::io::Error),
    /// The library would not give up the facts of the connection.
    #[error("the handshake came to nothing: {0}")]
    Facts(&'static str),
}

/// The certificate in use; exchanged whole, seen by the next handshake.
#[derive(Debug)]
pub struct Certificates(ArcSwap<CertifiedKey>);

impl Certificates {
    /// Starts with this one.
    #[must_use]
    pub fn new(certificate: &Certificate) -> Arc<Certificates> {
        Arc::new(Certificates(ArcSwap::new(certificate.key())))
    }

    /// Uses this one from now on; connections that are up are not touched.
    pub fn replace(&self, certificate: &Certificate) {
        self.0.store(certificate.key());
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The configuration of every listener that speaks TLS.
///
/// # Errors
/// When the cryptography library lacks what TLS 1.2 or 1.3 needs.
pub fn server_config(certificates: Arc<Certificates>) -> Result<Arc<ServerConfig>, rustls::Error> {
    // Named, not taken from the process: a second provider in the build would make the default ambiguous.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    Ok(Arc::new(config))
}

/// Does the handshake as server. `patience` is at most [`HANDSHAKE_LIMIT`].
///
/// # Errors
/// When it fails or takes longer than that; the connection is of no use then.
pub async fn accept<S>(
    transport: S,
    config: Arc<ServerConfig>,
    patience: Duration,
) -> Result<(TlsStream<S>, TlsFacts), HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = TlsAcceptor::from(config).accept(transport);
    let stream = tokio::time::timeout(patience.min(HANDSHAKE_LIMIT), handshake)
        .await
        .map_err(|_| HandshakeError::TimedOut)??;
    let facts = facts_of(stream.get_ref().1)?;
    Ok((TlsStream::Server(stream), facts))
}

/// Does the handshake as client, with the host that is called so. `patience` is at most [`HANDSHAKE_LIMIT`].
///
/// # Errors
/// When it fails or takes longer than that; the connection is of no use then.
pub async fn connect<S>(
    transport: S,
    (config, name): (Arc<ClientConfig>, ServerName<'static>),
    patience: Duration,
) -> Result<(TlsStream<S>, TlsFacts), HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = TlsConnector::from(config).connect(name, transport);
    let stream = tokio::time::timeout(patience.min(HANDSHAKE_LIMIT), handshake)
        .await
        .map_err(|_| HandshakeError::TimedOut)??;
    let facts = facts_of(stream.get_ref().1)?;
    Ok((TlsStream::Client(stream), facts))
}

/// `connection`: of either end.
fn facts_of<D>(connection: &rustls::ConnectionCommon<D>) -> Result<TlsFacts, HandshakeError> {
    let version = connection.protocol_version().ok_or(HandshakeError::Facts("no version"))?;
    let suite = connection.negotiated_cipher_suite().ok_or(HandshakeError::Facts("no cipher"))?;
    let exporter = (version == rustls::ProtocolVersion::TLSv1_3)
        .then(|| connection.export_keying_material([0; 32], CHANNEL_BINDING, Some(&[])).ok())
        .flatten();
    Ok(TlsFacts { version: version_name(version), cipher: cipher_name(suite.suite()), exporter })
}

/// `TLS1.3`, as mail people write it.
fn version_name(version: rustls::ProtocolVersion) -> String {
    match version {
        rustls::ProtocolVersion::TLSv1_3 => "TLS1.3".to_owned(),
        rustls::ProtocolVersion::TLSv1_2 => "TLS1.2".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The registered name of a cipher suite; the library writes `TLS13_` where the registry has `TLS_`.
fn cipher_name(suite: rustls::CipherSuite) -> String {
    let name = format!("{suite:?}");
    name.strip_prefix("TLS13_").map_or(name.clone(), |rest| format!("TLS_{rest}"))
}

#[cfg(test)]
pub(crate) mod tests;
