//! Certificates: read from PEM files with errors that say what to mend, or made by ourselves where none is configured.
#![allow(clippy::disallowed_methods, reason = "PEM files are read and written here, for the server")]

use aws_lc_rs::digest;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wire::Time;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The file name of a certificate made by ourselves.
pub const SELF_SIGNED_CERTIFICATE: &str = "self-signed.pem";
/// The file name of its key.
pub const SELF_SIGNED_KEY: &str = "self-signed-key.pem";

/// How long a certificate of our own making is valid: nobody can check it, so renewing it only breaks those who have
/// pinned it.
const SELF_SIGNED_LIFE: Duration = Duration::from_secs(3650 * DAY_S);
/// It is valid from a day ago, for clients whose clocks are behind.
const SELF_SIGNED_BACKDATED: Duration = Duration::from_secs(DAY_S);
const DAY_S: u64 = 24 * 60 * 60;

/// A certificate chain with its key, ready for use.
#[derive(Clone, Debug)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    /// What it says.
    pub facts: CertificateFacts,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The DNS names it is for, `*.` wildcards as written.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: Time,
    /// Valid until.
    pub not_after: Time,
    /// SHA-256 of the certificate: pairs of hex digits with colons between.
    pub fingerprint: String,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CertificateError {
    #[error("{}: there is no such file", .0.display())]
    Missing(PathBuf),
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, std::io::Error),
    #[error("{}: no certificate in it (looked for -----BEGIN CERTIFICATE-----)", .0.display())]
    NoCertificate(PathBuf),
    #[error("{}: no private key in it (looked for -----BEGIN PRIVATE KEY----- and its older forms)", .0.display())]
    NoKey(PathBuf),
    #[error("{}: this is not a certificate: {}", .0.display(), .1)]
    Malformed(PathBuf, String),
    #[error("{}: the key cannot be used: {}", .0.display(), .1)]
    BadKey(PathBuf, rustls::Error),
    #[error("the key in {} does not belong to the certificate in {}", .key.display(), .certificate.display())]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("cannot make a certificate: {0}")]
    Making(#[from] rcgen::Error),
}

impl Certificate {
    /// Reads a chain (the server's own certificate first) and its key from PEM files. Does not judge the dates: see
    /// [`CertificateFacts::is_valid_at`].
    ///
    /// # Errors
    /// One of [`CertificateError`], naming the file.
    pub fn load(certificate: &Path, key: &Path) -> Result<Certificate, CertificateError> {
        let chain = read_chain(certificate)?;
        let private = read_key(key)?;
        let facts = CertificateFacts::read(chain.first().map(AsRef::as_ref).unwrap_or_default())
            .map_err(|error| CertificateError::Malformed(certificate.into(), error))?;
        let signer = default_provider()
            .key_provider
            .load_private_key(private)
            .map_err(|error| CertificateError::BadKey(key.into(), error))?;
        let certified = CertifiedKey::new(chain, signer);
        certified
            .keys_match()
            .map_err(|_| CertificateError::Mismatch { certificate: certificate.into(), key: key.into() })?;
        Ok(Certificate { key: Arc::new(certified), facts })
    }

    /// The certificate of our own making in `folder`; made anew where there is none, where it is not for this host
    /// name, or where its time is over. The folder must exist.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub fn self_signed(folder: &Path, hostname: &str, now: Time) -> Result<Certificate, CertificateError> {
        let (certificate, key) = (folder.join(SELF_SIGNED_CERTIFICATE), folder.join(SELF_SIGNED_KEY));
        match Certificate::load(&certificate, &key) {
            Ok(there) if there.facts.is_valid_at(now) && there.facts.is_for(hostname) => return Ok(there),
            // Half written, or old: make it anew.
            Ok(_) | Err(CertificateError::Missing(_) | CertificateError::Mismatch { .. }) => {}
            Err(error) => return Err(error),
        }
        make(&certificate, &key, hostname, now)?;
        Certificate::load(&certificate, &key)
    }

    /// For the resolver.
    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        self.key.clone()
    }
}

impl CertificateFacts {
    /// Reads what a certificate says.
    ///
    /// # Errors
    /// It is none; in words.
    pub fn read(der: &[u8]) -> Result<CertificateFacts, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let names = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
        let names = names.iter().flat_map(|extension| &extension.value.general_names);
        let names = names.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        Ok(CertificateFacts {
            names: names.collect(),
            not_before: time_of(certificate.validity().not_before.timestamp()),
            not_after: time_of(certificate.validity().not_after.timestamp()),
            fingerprint: fingerprint(der),
        })
    }

    /// Whether `now` lies within its dates.
    #[must_use]
    pub fn is_valid_at(&self, now: Time) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether it is for this host name (RFC 9525 §6.3: a wildcard stands for one whole first label).
    #[must_use]
    pub fn is_for(&self, hostname: &str) -> bool {
        let hostname = hostname.to_ascii_lowercase();
        let parent = hostname.split_once('.').map(|(_, parent)| parent);
        self.names
            .iter()
            .any(|name| *name == hostname || (name.strip_prefix("*.").is_some() && name.get(2..) == parent))
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read_file(path)?).collect();
    let chain = chain.map_err(|error| CertificateError::Malformed(path.into(), error.to_string()))?;
    if chain.is_empty() { Err(CertificateError::NoCertificate(path.into())) } else { Ok(chain) }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(&read_file(path)?).map_err(|_| CertificateError::NoKey(path.into()))
}

fn read_file(path: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => CertificateError::Missing(path.into()),
        _ => CertificateError::Io(path.into(), error),
    })
}

fn make(certificate: &Path, key: &Path, hostname: &str, now: Time) -> Result<(), CertificateError> {
    let mut names = vec![hostname.to_owned()];
    if hostname != "localhost" {
        names.push("localhost".to_owned());
    }
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name.push(rcgen::DnType::CommonName, hostname);
    let today = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(now.unix_seconds());
    params.not_before = today - SELF_SIGNED_BACKDATED;
    params.not_after = today + SELF_SIGNED_LIFE;
    let pair = rcgen::KeyPair::generate()?;
    let made = params.self_signed(&pair)?;
    write_file(key, &pair.serialize_pem())?;
    write_file(certificate, &made.pem())
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_file(path: &Path, text: &str) -> Result<(), CertificateError> {
    let new = path.with_extension("pem.new");
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|error| CertificateError::Io(path.into(), error))
}

fn fingerprint(der: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, der);
    let pairs: Vec<String> = hash.as_ref().iter().map(|octet| format!("{octet:02X}")).collect();
    pairs.join(":")
}

/// Seconds since 1970 as time; what lies before it counts as its start.
fn time_of(seconds: i64) -> Time {
    Time(u64::try_from(seconds).unwrap_or(0).saturating_mul(1000))
}
