//! Who a user is towards others: a certificate, the ones between it and its root, and the private key. Owns putting them
//! together from files and writing them down again; where the files lie is `agent`'s.

use crate::certificate::Certificate;
use crate::key::PrivateKey;
use crate::{Error, pem, pkcs12};
use zeroize::Zeroizing;

/// Certificates sent along with a signature beside the signer's own. Chains have two or three.
pub const CHAIN_MAX: usize = 10;

/// A certificate with its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What others see.
    pub certificate: Certificate,
    /// What leads from it towards its root, the next one first; the root itself may be absent.
    pub chain: Vec<Certificate>,
    key: PrivateKey,
}

impl Identity {
    /// Puts them together. Of `others` those are taken that lead on from the certificate, at most [`CHAIN_MAX`].
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the key is not that of the certificate.
    pub fn new(certificate: Certificate, others: &[Certificate], key: PrivateKey) -> Result<Identity, Error> {
        if !key.belongs_to(&certificate) {
            return Err(Error::Mismatch);
        }
        let mut chain: Vec<Certificate> = Vec::new();
        let mut last = &certificate;
        while chain.len() < CHAIN_MAX && !last.is_self_issued() {
            let known = |other: &&Certificate| other.is_issuer_of(last) && !chain.contains(other);
            let Some(next) = others.iter().find(known) else { break };
            chain.push(next.clone());
            last = next;
        }
        let chain = chain.clone();
        Ok(Identity { certificate, chain, key })
    }

    /// From PEM: the key, its certificate and others, in any order, in one text or several put together.
    ///
    /// # Errors
    /// [`Error::Incomplete`] where the key or its certificate is missing, [`Error::PasswordNeeded`] and
    /// [`Error::Password`] for a key that is protected, and what reading the blocks may bring.
    pub fn from_pem(text: &[u8], password: Option<&str>) -> Result<Identity, Error> {
        let key = pem::private_key(text, password)?.ok_or(Error::Incomplete)?;
        Identity::of_key(key, &pem::certificates(text)?)
    }

    /// From a PKCS#12 file (`.p12`, `.pfx`; RFC 7292).
    ///
    /// # Errors
    /// [`Error::Password`] for a wrong password, [`Error::OldProtection`] for a protection that is not supported,
    /// [`Error::Incomplete`] where it holds no key with its certificate.
    pub fn from_pkcs12(octets: &[u8], password: &str) -> Result<Identity, Error> {
        pkcs12::open(octets, password)?.identity()
    }

    pub(crate) fn of_key(key: PrivateKey, certificates: &[Certificate]) -> Result<Identity, Error> {
        let own = certificates.iter().find(|certificate| key.belongs_to(certificate)).ok_or(Error::Incomplete)?;
        Identity::new(own.clone(), certificates, key)
    }

    /// All of it as PEM, the private key first and not protected: to be kept where nobody else can read.
    ///
    /// # Errors
    /// None that an identity could cause.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, Error> {
        let mut text = Zeroizing::new(pem::write("PRIVATE KEY", self.key.pkcs8())?);
        text.push_str(&self.certificate.to_pem()?);
        for certificate in &self.chain {
            text.push_str(&certificate.to_pem()?);
        }
        Ok(text)
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }
}
