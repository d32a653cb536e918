//! Private keys: reading them (PKCS#8, RFC 5958; PKCS#1, RFC 8017; SEC 1, RFC 5915), what they can do, and whether they belong
//! to a certificate. Owns the secret octets and wipes them. Crypto is aws-lc-rs's.

use crate::certificate::{Certificate, Curve, PublicKey, algorithm};
use crate::digest::Digest;
use crate::{Error, oid};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// Octets of one private key: RSA of 16,384 bits has some ten thousand.
pub const KEY_OCTETS_MAX: usize = 32 * 1024;

/// What a private key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa,
    /// For signatures by RSA-PSS only (RFC 4055 §1.2).
    RsaPss,
    Ec(Curve),
    Ed25519,
}

/// A private key. Its octets are wiped when it goes; it is not shown.
#[derive(Clone)]
pub struct PrivateKey {
    pub(crate) kind: KeyKind,
    /// PKCS#8; of an RSA-PSS key with the plain RSA algorithm, which is what the library reads.
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[derive(der::Sequence)]
struct Pkcs8 {
    version: u8,
    algorithm: AlgorithmIdentifierOwned,
    private_key: OctetString,
}

impl PrivateKey {
    /// Reads a PKCS#8 key.
    ///
    /// # Errors
    /// [`Error::Key`] for a key that is damaged or of a kind that is not supported.
    pub fn from_pkcs8(octets: &[u8]) -> Result<PrivateKey, Error> {
        if octets.len() > KEY_OCTETS_MAX {
            return Err(Error::Key);
        }
        let (algorithm, inner) = pkcs8_parts(octets).map_err(|_| Error::Key)?;
        let curve = || algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok()).and_then(Curve::of);
        let key = match algorithm.oid {
            oid::RSA => PrivateKey { kind: KeyKind::Rsa, pkcs8: Zeroizing::new(octets.to_vec()) },
            oid::RSA_PSS => PrivateKey { kind: KeyKind::RsaPss, pkcs8: wrapped_rsa(&inner)? },
            oid::EC => {
                let kind = KeyKind::Ec(curve().ok_or(Error::Key)?);
                PrivateKey { kind, pkcs8: Zeroizing::new(octets.to_vec()) }
            }
            // Version 1, without the public key behind: openssl before 3.2 reads no other.
            oid::ED25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(octets).map_err(|_| Error::Key)?;
                let pkcs8 = pair.to_pkcs8v1().map_err(|_| Error::Key)?;
                PrivateKey { kind: KeyKind::Ed25519, pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()) }
            }
            _ => return Err(Error::Key),
        };
        key.public_key()?;
        Ok(key)
    }

    /// Reads a PKCS#1 `RSAPrivateKey`.
    ///
    /// # Errors
    /// As [`PrivateKey::from_pkcs8`].
    pub fn from_pkcs1(octets: &[u8]) -> Result<PrivateKey, Error> {
        PrivateKey::from_pkcs8(&wrapped_rsa(octets)?)
    }

    /// Reads a SEC 1 `ECPrivateKey` that names its curve.
    ///
    /// # Errors
    /// As [`PrivateKey::from_pkcs8`].
    pub fn from_sec1(octets: &[u8]) -> Result<PrivateKey, Error> {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            if let Ok(pair) = EcdsaKeyPair::from_private_key_der(ecdsa(curve), octets) {
                let pkcs8 = pair.to_pkcs8v1().map_err(|_| Error::Key)?;
                return PrivateKey::from_pkcs8(pkcs8.as_ref());
            }
        }
        Err(Error::Key)
    }

    /// The key as PKCS#8. Secret.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Whether the certificate is that of this key.
    #[must_use]
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        let Ok(own) = self.public_key() else { return false };
        match certificate.public_key() {
            PublicKey::Rsa { der, .. } => matches!(self.kind, KeyKind::Rsa | KeyKind::RsaPss) && der == own,
            PublicKey::Ec { point, .. } => matches!(self.kind, KeyKind::Ec(_)) && point == own,
            PublicKey::Ed25519(point) => self.kind == KeyKind::Ed25519 && point == own,
            PublicKey::Other(_) => false,
        }
    }

    /// The digest that goes with this key: the curve's own strength, SHA-512 for Ed25519 (RFC 8419 §3.1), else SHA-256.
    pub(crate) fn digest(&self) -> Digest {
        match self.kind {
            KeyKind::Ec(Curve::P384) => Digest::Sha384,
            KeyKind::Ec(Curve::P521) | KeyKind::Ed25519 => Digest::Sha512,
            KeyKind::Rsa | KeyKind::RsaPss | KeyKind::Ec(Curve::P256) => Digest::Sha256,
        }
    }

    /// The signature of some octets, by the digest of [`PrivateKey::digest`].
    pub(crate) fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        match self.kind {
            KeyKind::Rsa => self.sign_rsa(&signature::RSA_PKCS1_SHA256, octets),
            KeyKind::RsaPss => self.sign_rsa(&signature::RSA_PSS_SHA256, octets),
            KeyKind::Ec(curve) => {
                let pair = EcdsaKeyPair::from_pkcs8(ecdsa(curve), &self.pkcs8).map_err(|_| Error::Key)?;
                Ok(pair.sign(&random, octets)?.as_ref().to_vec())
            }
            KeyKind::Ed25519 => Ok(self.ed25519()?.try_sign(octets)?.as_ref().to_vec()),
        }
    }

    fn sign_rsa(&self, encoding: &'static dyn signature::RsaEncoding, octets: &[u8]) -> Result<Vec<u8>, Error> {
        let pair = RsaKeyPair::from_pkcs8(&self.pkcs8).map_err(|_| Error::Key)?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), octets, &mut signature)?;
        Ok(signature)
    }

    fn ed25519(&self) -> Result<Ed25519KeyPair, Error> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.pkcs8).map_err(|_| Error::Key)
    }

    /// As it stands in a certificate.
    fn public_key(&self) -> Result<Vec<u8>, Error> {
        match self.kind {
            KeyKind::Rsa | KeyKind::RsaPss => {
                let pair = RsaKeyPair::from_pkcs8(&self.pkcs8).map_err(|_| Error::Key)?;
                Ok(pair.public_key().as_ref().to_vec())
            }
            KeyKind::Ec(curve) => {
                let pair = EcdsaKeyPair::from_pkcs8(ecdsa(curve), &self.pkcs8).map_err(|_| Error::Key)?;
                Ok(pair.public_key().as_ref().to_vec())
            }
            KeyKind::Ed25519 => Ok(self.ed25519()?.public_key().as_ref().to_vec()),
        }
    }
}

fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
    }
}

/// Attributes and a public key may follow; nobody needs them here.
fn pkcs8_parts(octets: &[u8]) -> der::Result<(AlgorithmIdentifierOwned, Zeroizing<Vec<u8>>)> {
    let whole = der::asn1::AnyRef::from_der(octets)?;
    let mut reader = SliceReader::new(whole.value())?;
    let _version: u8 = reader.decode()?;
    let algorithm = reader.decode()?;
    let key: der::asn1::OctetStringRef<'_> = reader.decode()?;
    Ok((algorithm, Zeroizing::new(key.as_bytes().to_vec())))
}

fn wrapped_rsa(pkcs1: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let rsa: ObjectIdentifier = oid::RSA;
    let private_key = OctetString::new(pkcs1).map_err(|_| Error::Key)?;
    let wrapped = Pkcs8 { version: 0, algorithm: algorithm(rsa, Some(der::Any::null())), private_key };
    Ok(Zeroizing::new(wrapped.to_der().map_err(|_| Error::Key)?))
}
