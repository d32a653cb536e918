//! Public keys as authenticators tell them: COSE (RFC 9052 §7, RFC 9053 §2 and §7; RS256 by RFC 8812 §2). Owns reading
//! them and checking signatures; whose key it is, is not asked here.

use super::cbor::{self, Value};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// The algorithms we take, the best first, by their COSE numbers.
pub(super) const ALGORITHMS: [i64; 3] = [EDDSA, ES256, RS256];

const EDDSA: i64 = -8;
const ES256: i64 = -7;
const RS256: i64 = -257;

/// Octets of a coordinate of P-256, and of a key of Ed25519.
const COORDINATE: usize = 32;
/// Octets of an RSA modulus at most: 4096 bits. Larger ones only cost time.
const MODULUS_MAX: usize = 512;
/// Octets of a public exponent at most: 65537 has three.
const EXPONENT_MAX: usize = 4;

/// A key that was read and can check signatures.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// An uncompressed point of P-256.
    Es256(Vec<u8>),
    Ed25519(Vec<u8>),
    Rs256 {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// The key at the beginning of the octets, and how many of them it takes. `None` for a key of another kind, or none.
pub(super) fn read(octets: &[u8]) -> Option<(PublicKey, usize)> {
    let (value, rest) = cbor::read(octets)?;
    Some((key(&value)?, octets.len() - rest.len()))
}

/// RFC 9052 §7.1: label 1 is the type, 3 the algorithm; -1, -2, -3 are the type's own.
fn key(value: &Value<'_>) -> Option<PublicKey> {
    let number = |label| value.at(label).and_then(Value::integer);
    let octets = |label| value.at(label).and_then(Value::octets);
    match (number(1)?, number(3)?) {
        // RFC 9053 §7.1.1: curve 1 is P-256.
        (2, ES256) if number(-1)? == 1 => {
            let (x, y) = (coordinate(octets(-2)?)?, coordinate(octets(-3)?)?);
            Some(PublicKey::Es256([&[4], x, y].concat()))
        }
        // RFC 9053 §7.2: curve 6 is Ed25519.
        (1, EDDSA) if number(-1)? == 6 => Some(PublicKey::Ed25519(coordinate(octets(-2)?)?.to_vec())),
        (3, RS256) => {
            let (n, e) = (octets(-1)?, octets(-2)?);
            let fits = n.len() <= MODULUS_MAX && !e.is_empty() && e.len() <= EXPONENT_MAX;
            fits.then(|| PublicKey::Rs256 { n: n.to_vec(), e: e.to_vec() })
        }
        _ => None,
    }
}

fn coordinate(octets: &[u8]) -> Option<&[u8]> {
    (octets.len() == COORDINATE).then_some(octets)
}

impl PublicKey {
    /// Whether the signature was made over the message with this key's other half.
    pub fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        let checked = match self {
            PublicKey::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            PublicKey::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            PublicKey::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        checked.is_ok()
    }
}
