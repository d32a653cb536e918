//! How the key of a content reaches its readers: RSA key transport (RFC 3370 §4.2.1, RFC 3560) and elliptic curve key
//! agreement (RFC 5753 §3.1). Both directions. Owns the recipients of an envelope as they are written and read.

use crate::certificate::{Certificate, Curve, PublicKey, algorithm, parameters};
use crate::digest::{self, Digest};
use crate::identity::Identity;
use crate::key::{KeyKind, PrivateKey};
use crate::signed::{context, elements};
use crate::{Error, oid, triple_des};
use aws_lc_rs::agreement::{self, UnparsedPublicKey};
use aws_lc_rs::digest as library;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::CmsVersion;
use cms::enveloped_data::{
    KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, KeyTransRecipientInfo, OriginatorIdentifierOrKey,
    OriginatorPublicKey, RecipientEncryptedKey, RecipientIdentifier, RecipientInfo,
};
use der::asn1::{AnyRef, BitString, BitStringRef, ObjectIdentifier, OctetString, OctetStringRef};
use der::{Any, Decode, Encode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// Recipients of one letter, written and read: each costs an operation with a key.
pub const RECIPIENTS_MAX: usize = 1000;
/// Octets that AES key wrap adds (RFC 3394 §2.2.1).
const WRAP_ADDS: usize = 8;
/// The longest key that is wrapped for a content.
const CONTENT_KEY_MAX: usize = 32;

/// RSAES-OAEP-params (RFC 4055 §4.1).
#[derive(Clone, Debug, Sequence)]
pub(crate) struct OaepParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    source: Option<AlgorithmIdentifierOwned>,
}

/// ECC-CMS-SharedInfo (RFC 5753 §7.2).
#[derive(Sequence)]
struct SharedInfo {
    key_info: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    entity_u_info: Option<OctetString>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    supp_pub_info: OctetString,
}

/// Who a wrapped key is for.
#[derive(Debug)]
enum Target {
    Issued(Box<IssuerAndSerialNumber>),
    KeyId(Vec<u8>),
}

#[derive(Debug)]
enum Way {
    Transport,
    /// The sender's point for this letter, and what he adds to the derivation.
    Agreement {
        point: Vec<u8>,
        ukm: Option<OctetString>,
    },
}

/// A content key as it travels.
#[derive(Debug)]
pub(crate) struct Wrapped {
    target: Target,
    way: Way,
    algorithm: AlgorithmIdentifierOwned,
    key: Vec<u8>,
}

/// How a content key is encrypted to an RSA key. Elliptic curve keys know one way only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// RSAES-OAEP with SHA-256.
    #[default]
    Oaep,
    /// RSAES-PKCS1-v1_5, for programs that know no other.
    Pkcs1,
}

/// The parameters written with OAEP.
pub(crate) fn oaep_parameters() -> Result<OaepParameters, Error> {
    let sha256 = algorithm(oid::SHA256, None);
    let mask = algorithm(oid::MGF1, parameters(&sha256)?);
    Ok(OaepParameters { hash: Some(sha256), mask: Some(mask), source: None })
}

/// The key of a content, for one recipient.
pub(crate) fn wrap(key: &[u8], certificate: &Certificate, transport: Transport) -> Result<RecipientInfo, Error> {
    match certificate.public_key() {
        PublicKey::Rsa { is_pss: false, .. } => {
            let public = PublicEncryptingKey::from_der(&certificate.public_key_info()?).map_err(|_| Error::Crypto)?;
            let (key_enc_alg, enc_key) = match transport {
                Transport::Oaep => wrap_oaep(key, public)?,
                Transport::Pkcs1 => wrap_pkcs1(key, public)?,
            };
            Ok(RecipientInfo::Ktri(KeyTransRecipientInfo {
                version: CmsVersion::V0,
                rid: RecipientIdentifier::IssuerAndSerialNumber(certificate.issuer_and_serial()),
                key_enc_alg,
                enc_key: OctetString::new(enc_key)?,
            }))
        }
        PublicKey::Ec { curve, point } => wrap_agreed(key, certificate, curve, &point),
        _ => Err(Error::Unsupported("encrypting to this kind of key".to_owned())),
    }
}

fn wrap_oaep(key: &[u8], public: PublicEncryptingKey) -> Result<(AlgorithmIdentifierOwned, Vec<u8>), Error> {
    let public = OaepPublicEncryptingKey::new(public)?;
    let mut out = vec![0; public.ciphertext_size()];
    let out = public.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut out, None)?.to_vec();
    Ok((algorithm(oid::OAEP, parameters(&oaep_parameters()?)?), out))
}

fn wrap_pkcs1(key: &[u8], public: PublicEncryptingKey) -> Result<(AlgorithmIdentifierOwned, Vec<u8>), Error> {
    let public = Pkcs1PublicEncryptingKey::new(public)?;
    let mut out = vec![0; public.ciphertext_size()];
    let out = public.encrypt(key, &mut out)?.to_vec();
    Ok((algorithm(oid::RSA, Some(Any::null())), out))
}

/// RFC 5753 §3.1.1: a key pair for this recipient and letter alone.
fn wrap_agreed(key: &[u8], certificate: &Certificate, curve: Curve, point: &[u8]) -> Result<RecipientInfo, Error> {
    let digest = if curve == Curve::P256 { Digest::Sha256 } else { Digest::Sha384 };
    let scheme = if curve == Curve::P256 { oid::ECDH_SHA256 } else { oid::ECDH_SHA384 };
    let wrap_algorithm = algorithm(oid::AES256_WRAP, None);
    let ephemeral = agreement::PrivateKey::generate(ecdh(curve))?;
    let shared = shared_info(&wrap_algorithm, None, CONTENT_KEY_MAX)?;
    let peer = UnparsedPublicKey::new(ecdh(curve), point);
    let kek = agreement::agree(&ephemeral, peer, Error::Crypto, |secret| {
        Ok(derive(digest.algorithm(), secret, &shared, CONTENT_KEY_MAX))
    })?;
    let mut out = vec![0; key.len() + WRAP_ADDS];
    let wrapped = AesKek::new(&AES_256, &kek)?.wrap(key, &mut out)?.to_vec();
    let own_point = ephemeral.compute_public_key()?;
    let originator = OriginatorPublicKey {
        algorithm: algorithm(oid::EC, None),
        public_key: BitString::from_bytes(own_point.as_ref())?,
    };
    Ok(RecipientInfo::Kari(KeyAgreeRecipientInfo {
        version: CmsVersion::V3,
        originator: OriginatorIdentifierOrKey::OriginatorKey(originator),
        ukm: None,
        key_enc_alg: algorithm(scheme, parameters(&wrap_algorithm)?),
        recipient_enc_keys: vec![RecipientEncryptedKey {
            rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(certificate.issuer_and_serial()),
            enc_key: OctetString::new(wrapped)?,
        }],
    }))
}

fn ecdh(curve: Curve) -> &'static agreement::Algorithm {
    match curve {
        Curve::P256 => &agreement::ECDH_P256,
        Curve::P384 => &agreement::ECDH_P384,
        Curve::P521 => &agreement::ECDH_P521,
    }
}

fn shared_info(wrap: &AlgorithmIdentifierOwned, ukm: Option<OctetString>, key_length: usize) -> Result<Vec<u8>, Error> {
    let bits = u32::try_from(key_length * 8).map_err(|_| Error::Crypto)?;
    let supp_pub_info = OctetString::new(bits.to_be_bytes())?;
    Ok(SharedInfo { key_info: wrap.clone(), entity_u_info: ukm, supp_pub_info }.to_der()?)
}

/// The derivation of ANSI X9.63 (SEC 1 §3.6.1).
fn derive(digest: &'static library::Algorithm, secret: &[u8], shared: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + digest.output_len()));
    for counter in 1_u32.. {
        if key.len() >= length {
            break;
        }
        let mut context = library::Context::new(digest);
        [secret, &counter.to_be_bytes(), shared].iter().for_each(|octets| context.update(octets));
        key.extend_from_slice(context.finish().as_ref());
    }
    key.truncate(length);
    key
}

/// The recipients of an envelope, in order; kinds that are not supported (passwords, shared keys) are passed over.
pub(crate) fn recipients(set: &[u8]) -> Result<Vec<Wrapped>, Error> {
    let mut list = Vec::new();
    for element in elements(set, RECIPIENTS_MAX, "recipients of an encrypted letter")? {
        let info = AnyRef::from_der(&element)?;
        // One that cannot be read is nobody's concern but his whom it is for.
        let _ = match info.tag() {
            Tag::Sequence => transported(info.value()).map(|wrapped| list.push(wrapped)),
            Tag::ContextSpecific { number: TagNumber::N1, constructed: true } => agreed(info.value(), &mut list),
            _ => Ok(()),
        };
        if list.len() > RECIPIENTS_MAX {
            return Err(Error::Limit { what: "recipients of an encrypted letter", limit: RECIPIENTS_MAX });
        }
    }
    Ok(list)
}

/// KeyTransRecipientInfo (RFC 5652 §6.2.1).
fn transported(content: &[u8]) -> Result<Wrapped, Error> {
    let mut reader = SliceReader::new(content)?;
    let _version: u8 = reader.decode()?;
    let target: AnyRef<'_> = reader.decode()?;
    let target = match target.tag() {
        Tag::ContextSpecific { number: TagNumber::N0, .. } => Target::KeyId(target.value().to_vec()),
        _ => Target::Issued(Box::new(target.decode_as()?)),
    };
    let algorithm = reader.decode()?;
    let key: OctetStringRef<'_> = reader.decode()?;
    Ok(Wrapped { target, way: Way::Transport, algorithm, key: key.as_bytes().to_vec() })
}

/// KeyAgreeRecipientInfo (RFC 5652 §6.2.2) with a point made for the letter.
fn agreed(content: &[u8], list: &mut Vec<Wrapped>) -> Result<(), Error> {
    let mut reader = SliceReader::new(content)?;
    let _version: u8 = reader.decode()?;
    let originator = context(&mut reader, TagNumber::N0)?.ok_or(Error::Malformed)?;
    let mut originator = SliceReader::new(originator.value())?;
    let originator = context(&mut originator, TagNumber::N1)?.ok_or(Error::Malformed)?;
    let mut originator = SliceReader::new(originator.value())?;
    let _algorithm: AnyRef<'_> = originator.decode()?;
    let point: BitStringRef<'_> = originator.decode()?;
    let ukm = context(&mut reader, TagNumber::N1)?.map(|ukm| OctetString::from_der(ukm.value())).transpose()?;
    let algorithm: AlgorithmIdentifierOwned = reader.decode()?;
    let keys: AnyRef<'_> = reader.decode()?;
    for key in elements(keys.value(), RECIPIENTS_MAX, "recipients of an encrypted letter")? {
        let key = AnyRef::from_der(&key)?;
        let mut reader = SliceReader::new(key.value())?;
        let target = match context(&mut reader, TagNumber::N0)? {
            Some(id) => {
                Target::KeyId(SliceReader::new(id.value())?.decode::<OctetStringRef<'_>>()?.as_bytes().to_vec())
            }
            None => Target::Issued(Box::new(reader.decode()?)),
        };
        let key: OctetStringRef<'_> = reader.decode()?;
        let way = Way::Agreement { point: point.raw_bytes().to_vec(), ukm: ukm.clone() };
        list.push(Wrapped { target, way, algorithm: algorithm.clone(), key: key.as_bytes().to_vec() });
    }
    Ok(())
}

impl Wrapped {
    /// Whether it is for this identity.
    pub(crate) fn is_for(&self, identity: &Identity) -> bool {
        match &self.target {
            Target::Issued(id) => identity.certificate.is_issued_as(id),
            Target::KeyId(id) => identity.certificate.subject_key_id() == Some(id),
        }
    }

    /// The content key, which must have so many octets.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an algorithm that is not known, else [`Error::Undecryptable`].
    pub(crate) fn unwrap(&self, key: &PrivateKey, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        match (&self.way, self.algorithm.oid, key.kind) {
            (Way::Transport, oid::RSA, KeyKind::Rsa) => self.unwrap_pkcs1(key, length),
            (Way::Transport, oid::OAEP, KeyKind::Rsa) => self.unwrap_oaep(key),
            (Way::Agreement { point, ukm }, scheme, KeyKind::Ec(curve)) => {
                self.unwrap_agreed(key, curve, scheme, point, ukm.clone())
            }
            (_, oid, _) => Err(Error::Unsupported(format!("the key encryption algorithm {oid}"))),
        }
    }

    /// What cannot be taken off becomes a key of chance, and fails later like any wrong key: nobody can ask us whether the
    /// padding was right (RFC 3218 §2.3.2).
    fn unwrap_pkcs1(&self, key: &PrivateKey, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut found = Zeroizing::new(vec![0; length]);
        aws_lc_rs::rand::fill(&mut found)?;
        let private = PrivateDecryptingKey::from_pkcs8(&key.pkcs8).map_err(|_| Error::Key)?;
        let private = Pkcs1PrivateDecryptingKey::new(private)?;
        let mut out = Zeroizing::new(vec![0; private.min_output_size()]);
        if let Ok(plain) = private.decrypt(&self.key, &mut out)
            && plain.len() == length
        {
            found.copy_from_slice(plain);
        }
        Ok(found)
    }

    fn unwrap_oaep(&self, key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (algorithm, label) = self.oaep()?;
        let private = PrivateDecryptingKey::from_pkcs8(&key.pkcs8).map_err(|_| Error::Key)?;
        let private = OaepPrivateDecryptingKey::new(private)?;
        let mut out = Zeroizing::new(vec![0; private.min_output_size()]);
        let plain = private.decrypt(algorithm, &self.key, &mut out, label.as_deref());
        Ok(Zeroizing::new(plain.map_err(|_| Error::Undecryptable)?.to_vec()))
    }

    fn oaep(&self) -> Result<(&'static OaepAlgorithm, Option<Vec<u8>>), Error> {
        let unsupported = || Error::Unsupported("this form of RSA-OAEP".to_owned());
        let parameters: OaepParameters = match &self.algorithm.parameters {
            Some(parameters) => parameters.decode_as()?,
            None => OaepParameters { hash: None, mask: None, source: None },
        };
        let hash = digest::of_parameter(parameters.hash.as_ref());
        if hash != digest::of_mask(parameters.mask.as_ref())? {
            return Err(unsupported());
        }
        let label = parameters.source.and_then(|source| source.parameters).map(|label| label.value().to_vec());
        let algorithm = match hash {
            oid::SHA1 => &OAEP_SHA1_MGF1SHA1,
            oid::SHA256 => &OAEP_SHA256_MGF1SHA256,
            oid::SHA384 => &OAEP_SHA384_MGF1SHA384,
            oid::SHA512 => &OAEP_SHA512_MGF1SHA512,
            _ => return Err(unsupported()),
        };
        Ok((algorithm, label.filter(|label| !label.is_empty())))
    }

    fn unwrap_agreed(
        &self,
        key: &PrivateKey,
        curve: Curve,
        scheme: ObjectIdentifier,
        point: &[u8],
        ukm: Option<OctetString>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let digest: &'static library::Algorithm = match scheme {
            oid::ECDH_SHA1 => &library::SHA1_FOR_LEGACY_USE_ONLY,
            oid::ECDH_SHA256 => &library::SHA256,
            oid::ECDH_SHA384 => &library::SHA384,
            oid::ECDH_SHA512 => &library::SHA512,
            other => return Err(Error::Unsupported(format!("the key agreement {other}"))),
        };
        let wrap: AlgorithmIdentifierOwned = self.algorithm.parameters.as_ref().ok_or(Error::Malformed)?.decode_as()?;
        let (cipher, length) = match wrap.oid {
            oid::AES128_WRAP => (Some(&AES_128), 16),
            oid::AES256_WRAP => (Some(&AES_256), 32),
            oid::DES3_WRAP => (None, triple_des::KEY),
            oid::AES192_WRAP => return Err(Error::Unsupported("AES-192 key wrap".to_owned())),
            other => return Err(Error::Unsupported(format!("the key wrap {other}"))),
        };
        let shared = shared_info(&wrap, ukm, length)?;
        let own = agreement::PrivateKey::from_private_key_der(ecdh(curve), &key.pkcs8).map_err(|_| Error::Key)?;
        let peer = UnparsedPublicKey::new(ecdh(curve), point);
        let kek =
            agreement::agree(&own, peer, Error::Undecryptable, |secret| Ok(derive(digest, secret, &shared, length)))?;
        let Some(cipher) = cipher else { return triple_des::unwrap(&self.key, &kek).ok_or(Error::Undecryptable) };
        let mut out = Zeroizing::new(vec![0; self.key.len()]);
        let plain = AesKek::new(cipher, &kek)?.unwrap(&self.key, &mut out).map_err(|_| Error::Undecryptable)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }
}
