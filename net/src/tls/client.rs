//! TLS towards other servers: whom we believe. Mail is handed on under TLS wherever the other side can, and without a
//! certificate that proves anything rather than in the clear (RFC 7435, RFC 3207 §4.1); where a policy asks for proof,
//! the chain is checked. A person may know a server by its very certificate, and one that only wants to see what
//! certificate is shown can have that.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};

/// Whom we believe.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Anybody: it keeps listeners out, not impostors.
    Anybody,
    /// Who has a certificate for the name, from one of these.
    Roots(Arc<RootCertStore>),
    /// Who shows one of these very certificates, whatever names and dates stand in it, or has one from these roots.
    Pins(Arc<Pins>),
    /// Nobody: what is shown is kept, and the handshake ends there.
    Witness(Arc<Witness>),
}

/// Certificates that somebody chose to trust.
#[derive(Clone, Debug)]
pub struct Pins {
    /// Of servers.
    pub certificates: Vec<CertificateDer<'static>>,
    /// Of authorities; a server's own certificate may stand among them.
    pub roots: Arc<RootCertStore>,
}

impl Pins {
    /// All certificates of a PEM file, each as both.
    ///
    /// # Errors
    /// There is none, or one cannot be read; in words.
    pub fn read(pem: &[u8]) -> Result<Pins, String> {
        let mut roots = RootCertStore::empty();
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            // One that cannot vouch for others can still be shown.
            let _ = roots.add(certificate.clone());
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err("no certificate in it (looked for -----BEGIN CERTIFICATE-----)".to_owned());
        }
        Ok(Pins { certificates, roots: Arc::new(roots) })
    }
}

/// Keeps the certificates that a server shows, its own first.
#[derive(Debug, Default)]
pub struct Witness(Mutex<Vec<CertificateDer<'static>>>);

impl Witness {
    /// What was shown last; nothing before that.
    #[must_use]
    pub fn seen(&self) -> Vec<CertificateDer<'static>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The configuration for connections to other servers.
///
/// # Errors
/// When the cryptography library lacks what TLS 1.2 or 1.3 needs.
pub fn client_config(trust: Trust) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let config = match trust {
        Trust::Roots(roots) => builder.with_root_certificates(roots).with_no_client_auth(),
        Trust::Anybody => own(builder, provider, Judge::Anybody),
        Trust::Witness(witness) => own(builder, provider, Judge::Witness(witness)),
        Trust::Pins(pins) => {
            let chains = (!pins.roots.is_empty())
                .then(|| WebPkiServerVerifier::builder_with_provider(pins.roots.clone(), provider.clone()).build());
            let chains = chains.transpose().map_err(|error| rustls::Error::General(error.to_string()))?;
            own(builder, provider, Judge::Pins(pins, chains))
        }
    };
    Ok(Arc::new(config))
}

fn own(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    provider: Arc<CryptoProvider>,
    judge: Judge,
) -> ClientConfig {
    let verifier = Arc::new(OwnVerifier { provider, judge });
    builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
}

/// Judges certificates in ways of ours; that the other side has the key is checked in all of them.
#[derive(Debug)]
struct OwnVerifier {
    provider: Arc<CryptoProvider>,
    judge: Judge,
}

#[derive(Debug)]
enum Judge {
    Anybody,
    Witness(Arc<Witness>),
    Pins(Arc<Pins>, Option<Arc<WebPkiServerVerifier>>),
}

impl ServerCertVerifier for OwnVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.judge {
            Judge::Anybody => Ok(ServerCertVerified::assertion()),
            Judge::Pins(pins, _) if pins.certificates.contains(own) => Ok(ServerCertVerified::assertion()),
            Judge::Pins(_, Some(chains)) => chains.verify_server_cert(own, others, name, ocsp, now),
            Judge::Pins(_, None) => Err(rustls::CertificateError::UnknownIssuer.into()),
            Judge::Witness(witness) => {
                let shown = std::iter::once(own).chain(others).map(|certificate| certificate.clone().into_owned());
                *witness.0.lock().unwrap_or_else(PoisonError::into_inner) = shown.collect();
                Err(rustls::CertificateError::ApplicationVerificationFailure.into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
