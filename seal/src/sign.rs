//! Signing (RFC 8551 §3.5, RFC 5652 §5): a SignedData whose content travels beside it. Owns what is signed and the attributes;
//! the multipart around it is `mime`'s.

use crate::certificate::{algorithm, parameters};
use crate::digest::Digest;
use crate::identity::Identity;
use crate::key::KeyKind;
use crate::{Error, oid, signed};
use cms::cert::CertificateChoices;
use cms::content_info::CmsVersion;
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Any, Decode, Encode, Sequence};
use message::Time;
use std::time::Duration;
use x509_cert::attr::{Attribute, Attributes};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// RSASSA-PSS-params (RFC 4055 §3.1).
#[derive(Clone, Debug, Sequence)]
pub(crate) struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) salt_length: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) trailer: Option<u8>,
}

/// What a signature and its name for `micalg` are.
pub(crate) struct Detached {
    pub(crate) der: Vec<u8>,
    pub(crate) micalg: &'static str,
}

/// Signs octets that travel beside the signature. They are signed as they are.
pub(crate) fn detached(content: &[u8], identity: &Identity, at: Time) -> Result<Detached, Error> {
    let digest = identity.key().digest();
    let attributes = attributes(&digest.hash(content), at)?;
    let signature = identity.key().sign(&attributes.to_der()?)?;
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(identity.certificate.issuer_and_serial()),
        digest_alg: algorithm(digest.oid(), None),
        signed_attrs: Some(attributes),
        signature_algorithm: signature_algorithm(identity.key().kind, digest)?,
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![algorithm(digest.oid(), None)])?,
        encap_content_info: EncapsulatedContentInfo { econtent_type: oid::DATA, econtent: None },
        certificates: Some(certificates(identity)?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer])?,
    };
    Ok(Detached { der: signed::wrapped(oid::SIGNED_DATA, &data)?, micalg: digest.micalg() })
}

/// RFC 8550 §2.3: the chain travels along, so that others can follow it.
fn certificates(identity: &Identity) -> Result<CertificateSet, Error> {
    let all = std::iter::once(&identity.certificate).chain(&identity.chain);
    let choices = all.map(|certificate| {
        let parsed = x509_cert::Certificate::from_der(certificate.der())?;
        Ok(CertificateChoices::Certificate(parsed))
    });
    Ok(CertificateSet::try_from(choices.collect::<Result<Vec<_>, der::Error>>()?)?)
}

fn attributes(digest: &[u8], at: Time) -> Result<Attributes, Error> {
    let list = vec![
        attribute(oid::CONTENT_TYPE, Any::encode_from(&oid::DATA)?)?,
        attribute(oid::MESSAGE_DIGEST, Any::encode_from(&OctetString::new(digest)?)?)?,
        attribute(oid::SIGNING_TIME, signing_time(at)?)?,
        attribute(oid::SMIME_CAPABILITIES, capabilities()?)?,
    ];
    Ok(SetOfVec::try_from(list)?)
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, Error> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}

/// RFC 8551 §2.5.1: UTCTime through 2049, GeneralizedTime after.
fn signing_time(at: Time) -> Result<Any, Error> {
    let since_1970 = Duration::from_secs(at.unix_seconds());
    match UtcTime::from_unix_duration(since_1970) {
        Ok(time) => Ok(Any::encode_from(&time)?),
        Err(_) => Ok(Any::encode_from(&GeneralizedTime::from_unix_duration(since_1970)?)?),
    }
}

/// RFC 8551 §2.5.2: what this house can read, the best first.
fn capabilities() -> Result<Any, Error> {
    let mut list: Vec<AlgorithmIdentifierOwned> =
        [oid::AES256_GCM, oid::AES128_GCM, oid::AES256_CBC, oid::AES128_CBC].map(|oid| algorithm(oid, None)).into();
    list.push(algorithm(oid::OAEP, parameters(&crate::transport::oaep_parameters()?)?));
    Ok(Any::encode_from(&list)?)
}

fn signature_algorithm(kind: KeyKind, digest: Digest) -> Result<AlgorithmIdentifierOwned, Error> {
    Ok(match (kind, digest) {
        // RFC 3370 §3.2: its parameters are NULL.
        (KeyKind::Rsa, _) => algorithm(oid::SHA256_RSA, Some(Any::null())),
        (KeyKind::RsaPss, _) => {
            let pss = PssParameters {
                hash: Some(algorithm(digest.oid(), None)),
                mask: Some(algorithm(oid::MGF1, parameters(&algorithm(digest.oid(), None))?)),
                salt_length: Some(u16::try_from(digest.algorithm().output_len()).map_err(|_| Error::Crypto)?),
                trailer: None,
            };
            algorithm(oid::RSA_PSS, parameters(&pss)?)
        }
        (KeyKind::Ec(_), Digest::Sha256) => algorithm(oid::SHA256_ECDSA, None),
        (KeyKind::Ec(_), Digest::Sha384) => algorithm(oid::SHA384_ECDSA, None),
        (KeyKind::Ec(_), Digest::Sha512) => algorithm(oid::SHA512_ECDSA, None),
        // RFC 8419 §3.1
        (KeyKind::Ed25519, _) => algorithm(oid::ED25519, None),
    })
}
