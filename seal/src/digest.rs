//! Digests by name (RFC 5754 §2).

use crate::{Error, oid};
use aws_lc_rs::digest;
use der::Decode;
use der::asn1::ObjectIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// A digest algorithm that is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(crate) fn of(oid: ObjectIdentifier) -> Option<Digest> {
        match oid {
            oid::SHA256 => Some(Digest::Sha256),
            oid::SHA384 => Some(Digest::Sha384),
            oid::SHA512 => Some(Digest::Sha512),
            _ => None,
        }
    }

    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Digest::Sha256 => oid::SHA256,
            Digest::Sha384 => oid::SHA384,
            Digest::Sha512 => oid::SHA512,
        }
    }

    /// The name for `micalg` (RFC 8551 §3.5.3.2).
    pub(crate) fn micalg(self) -> &'static str {
        match self {
            Digest::Sha256 => "sha-256",
            Digest::Sha384 => "sha-384",
            Digest::Sha512 => "sha-512",
        }
    }

    pub(crate) fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Digest::Sha256 => &digest::SHA256,
            Digest::Sha384 => &digest::SHA384,
            Digest::Sha512 => &digest::SHA512,
        }
    }

    pub(crate) fn hash(self, octets: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), octets).as_ref().to_vec()
    }
}

/// The hash of the OAEP or PSS parameters; their default is SHA-1 (RFC 8017 appendix A.2).
pub(crate) fn of_parameter(field: Option<&AlgorithmIdentifierOwned>) -> ObjectIdentifier {
    field.map_or(oid::SHA1, |algorithm| algorithm.oid)
}

/// The hash within a mask generation function, which must be MGF1.
pub(crate) fn of_mask(field: Option<&AlgorithmIdentifierOwned>) -> Result<ObjectIdentifier, Error> {
    let Some(mask) = field else { return Ok(oid::SHA1) };
    let parameters = mask.parameters.as_ref().filter(|_| mask.oid == oid::MGF1).ok_or(Error::Malformed)?;
    Ok(AlgorithmIdentifierOwned::from_der(&der::Encode::to_der(parameters)?)?.oid)
}
