//! Kinds of signatures (RFC 5754, RFC 4056, RFC 8419) and the one question to the crypto library: does it hold. Owns which
//! are good, which are weak and which are not known.

use crate::certificate::{Curve, PublicKey};
use crate::chain::RSA_BITS_MIN;
use crate::digest::{self, Digest};
use crate::oid;
use crate::sign::PssParameters;
use aws_lc_rs::digest as library;
use aws_lc_rs::signature::{self, RsaPssSaltLength, VerificationAlgorithm};
use cms::signed_data::SignerInfo;
use der::asn1::ObjectIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Octets of salt of RSA-PSS where nothing is said (RFC 8017 appendix A.2.3).
const SALT_DEFAULT: u16 = 20;

/// A digest that can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Good(Digest),
    /// Forgeries are known since 2017: computed only to tell what came of the letter.
    Sha1,
}

impl Hash {
    pub(crate) fn of(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Hash::Good(digest) => digest.hash(octets),
            Hash::Sha1 => library::digest(&library::SHA1_FOR_LEGACY_USE_ONLY, octets).as_ref().to_vec(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Pkcs1,
    Pss { salt_length: u16 },
    Ecdsa,
    Ed25519,
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheme {
    pub(crate) hash: Hash,
    form: Form,
}

/// Why a signature is not even checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weakness {
    Weak(String),
    Unknown(String),
}

impl Scheme {
    pub(crate) fn of(signer: &SignerInfo, key: &PublicKey) -> Result<Scheme, Weakness> {
        let hash = hash(signer.digest_alg.oid)?;
        let algorithm = &signer.signature_algorithm;
        let (form, named) = match algorithm.oid {
            oid::RSA => (Form::Pkcs1, None),
            oid::MD5_RSA => return Err(md5()),
            oid::SHA1_RSA => (Form::Pkcs1, Some(Hash::Sha1)),
            oid::SHA256_RSA => (Form::Pkcs1, Some(Hash::Good(Digest::Sha256))),
            oid::SHA384_RSA => (Form::Pkcs1, Some(Hash::Good(Digest::Sha384))),
            oid::SHA512_RSA => (Form::Pkcs1, Some(Hash::Good(Digest::Sha512))),
            oid::RSA_PSS => pss(algorithm)?,
            // Some senders name the key's algorithm in the place of the signature's.
            oid::EC => (Form::Ecdsa, None),
            oid::SHA1_ECDSA => (Form::Ecdsa, Some(Hash::Sha1)),
            oid::SHA256_ECDSA => (Form::Ecdsa, Some(Hash::Good(Digest::Sha256))),
            oid::SHA384_ECDSA => (Form::Ecdsa, Some(Hash::Good(Digest::Sha384))),
            oid::SHA512_ECDSA => (Form::Ecdsa, Some(Hash::Good(Digest::Sha512))),
            oid::ED25519 => (Form::Ed25519, None),
            other => return Err(Weakness::Unknown(format!("the signature algorithm {other}"))),
        };
        // One digest for both: else what is signed would not be what was digested.
        if named.is_some_and(|named| named != hash) {
            return Err(Weakness::Unknown("a signature with two different digests".to_owned()));
        }
        match key {
            PublicKey::Other(other) => Err(Weakness::Unknown(format!("a key of the kind {other}"))),
            _ => Ok(Scheme { hash, form }),
        }
    }

    /// Why one that holds proves little.
    pub(crate) fn weakness(&self, key: &PublicKey) -> Option<String> {
        match key {
            PublicKey::Rsa { bits, .. } if *bits < RSA_BITS_MIN => Some(format!("an RSA key of {bits} bits")),
            _ if self.hash == Hash::Sha1 => Some("the digest SHA-1".to_owned()),
            _ => None,
        }
    }
}

fn md5() -> Weakness {
    Weakness::Weak("the digest MD5".to_owned())
}

fn hash(oid: ObjectIdentifier) -> Result<Hash, Weakness> {
    match oid {
        oid::SHA1 => Ok(Hash::Sha1),
        oid::MD5 => Err(md5()),
        other => {
            Digest::of(other).map(Hash::Good).ok_or_else(|| Weakness::Unknown(format!("the digest algorithm {other}")))
        }
    }
}

/// RFC 4056 §3, RFC 4055 §3.1: both hashes are the same here, as everybody makes them.
fn pss(algorithm: &AlgorithmIdentifierOwned) -> Result<(Form, Option<Hash>), Weakness> {
    let unknown = || Weakness::Unknown("a form of RSA-PSS".to_owned());
    let parameters = algorithm.parameters.as_ref().ok_or_else(unknown)?;
    let parameters: PssParameters = parameters.decode_as().map_err(|_| unknown())?;
    let outer = digest::of_parameter(parameters.hash.as_ref());
    let inner = digest::of_mask(parameters.mask.as_ref()).map_err(|_| unknown())?;
    if outer != inner || parameters.trailer.is_some_and(|trailer| trailer != 1) {
        return Err(unknown());
    }
    let salt_length = parameters.salt_length.unwrap_or(SALT_DEFAULT);
    match hash(outer)? {
        Hash::Sha1 => Err(Weakness::Weak("the digest SHA-1".to_owned())),
        good => Ok((Form::Pss { salt_length }, Some(good))),
    }
}

/// Whether the signature is that of the key over the octets.
pub(crate) fn holds(scheme: &Scheme, key: &PublicKey, octets: &[u8], signature: &[u8]) -> bool {
    match (key, scheme.form) {
        (PublicKey::Rsa { der, bits, is_pss: false }, Form::Pkcs1) => {
            rsa(scheme.hash, *bits).is_some_and(|algorithm| algorithm.verify_sig(der, octets, signature).is_ok())
        }
        (PublicKey::Rsa { der, bits, .. }, Form::Pss { salt_length }) if *bits >= RSA_BITS_MIN => {
            let algorithm = match scheme.hash {
                Hash::Good(Digest::Sha256) => signature::RSA_PSS_2048_8192_SHA256,
                Hash::Good(Digest::Sha384) => signature::RSA_PSS_2048_8192_SHA384,
                Hash::Good(Digest::Sha512) => signature::RSA_PSS_2048_8192_SHA512,
                Hash::Sha1 => return false,
            };
            let algorithm = algorithm.with_pss_salt_length(RsaPssSaltLength::Custom(salt_length));
            algorithm.verify_sig(der, octets, signature).is_ok()
        }
        (PublicKey::Ec { curve, point }, Form::Ecdsa) => {
            ecdsa(*curve, scheme.hash).is_some_and(|algorithm| algorithm.verify_sig(point, octets, signature).is_ok())
        }
        (PublicKey::Ed25519(point), Form::Ed25519) => signature::ED25519.verify_sig(point, octets, signature).is_ok(),
        _ => false,
    }
}

fn rsa(hash: Hash, bits: usize) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (hash, bits >= RSA_BITS_MIN) {
        (Hash::Sha1, _) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (Hash::Good(Digest::Sha256), true) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (Hash::Good(Digest::Sha384), true) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Hash::Good(Digest::Sha512), true) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (Hash::Good(Digest::Sha256), false) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (Hash::Good(Digest::Sha512), false) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (Hash::Good(Digest::Sha384), false) => return None,
    })
}

fn ecdsa(curve: Curve, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, hash) {
        (Curve::P256, Hash::Sha1) => &signature::ECDSA_P256_SHA1_ASN1,
        (Curve::P256, Hash::Good(Digest::Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Good(Digest::Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Good(Digest::Sha512)) => &signature::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Good(Digest::Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Good(Digest::Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Good(Digest::Sha512)) => &signature::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Good(Digest::Sha256)) => &signature::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Good(Digest::Sha384)) => &signature::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Good(Digest::Sha512)) => &signature::ECDSA_P521_SHA512_ASN1,
        (Curve::P384 | Curve::P521, Hash::Sha1) => return None,
    })
}
