//! Checking signatures (RFC 8551 §3.5, RFC 5652 §5.4, RFC 8550 §3 and §4). Owns every step from the digest to the address;
//! what it comes to in words stands in `words`. Nothing is believed that was not checked: each fact is its own field.

use crate::certificate::{self, Certificate, PublicKey, same_address};
use crate::chain::{Roots, Trust};
use crate::signature::{Hash, Scheme, Weakness, holds};
use crate::signed::{self, Signed};
use crate::{Error, oid};
use cms::cert::IssuerAndSerialNumber;
use cms::signed_data::{SignerIdentifier, SignerInfo};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Any, Decode, Encode, Reader, SliceReader, Tag, TagNumber};
use message::{Address, Time};
use x509_cert::attr::Attributes;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Certificates that are tried for one signer: more than one only where two carry one name and number.
pub const CANDIDATES_MAX: usize = 4;

/// What a signature is held up to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    /// Whom the user trusts.
    pub(crate) roots: &'a Roots,
    /// Certificates known from elsewhere, for senders that send none along.
    pub(crate) known: &'a [Certificate],
    /// Now.
    pub(crate) at: Time,
    /// The addresses of `From`.
    pub(crate) from: &'a [Address],
    /// The address of `Sender`.
    pub(crate) sender: Option<&'a Address>,
}

/// Whether the content is what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// It is, to the octet.
    Intact,
    /// It is not, or the signature was made with another key.
    Altered,
    /// It may be, but others could have made the signature: the reason.
    Weak(String),
    /// The kind of signature is not known here: its name or number.
    Unknown(String),
    /// The certificate of the signer is not at hand, so nothing can be checked.
    NoCertificate,
    /// What should be the signature cannot be read.
    Unreadable,
}

/// Whether the certificate is that of the address the letter says to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// It names this address of `From`.
    From(Address),
    /// It names the address of `Sender`: who sent it for others.
    Sender(Address),
    /// It names others.
    Other(Vec<Address>),
    /// It names no address at all.
    Nobody,
}

/// What the signer's program can read (RFC 8551 §2.5.2), as far as the letter says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// It said anything at all.
    pub told: bool,
    /// AES-GCM.
    pub gcm: bool,
    /// RSA-OAEP.
    pub oaep: bool,
}

/// One signature and what is known of it.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Whether the content is what was signed.
    pub integrity: Integrity,
    /// The certificate that was used.
    pub certificate: Option<Certificate>,
    /// Whether it is to be believed.
    pub trust: Trust,
    /// Whose it is.
    pub signer: Signer,
    /// When it was signed, as the signer says. Nobody else does.
    pub signed_at: Option<Time>,
    /// What the signer can read.
    pub capabilities: Capabilities,
    /// The certificate to encrypt to when answering (RFC 8551 §2.5.3), where the letter brings it.
    pub encryption_certificate: Option<Certificate>,
}

/// What a signature comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything holds, and the signer is who the letter says to come from.
    Valid,
    /// Everything holds, but the signer is the `Sender`, not the author named in `From`.
    SentForOthers,
    /// The content was changed after it was signed, or never signed by this key.
    Tampered,
    /// The certificate has expired.
    Expired,
    /// The certificate does not hold yet.
    NotYetValid,
    /// Nobody the user trusts vouches for the certificate.
    Untrusted,
    /// The certificate is somebody else's.
    WrongAddress,
    /// Others could have forged it.
    Weak,
    /// It cannot be checked: unknown kind, no certificate, unreadable.
    Unchecked,
    /// The certificate is not for signing mail, or an authority oversteps its bounds.
    Misused,
}

/// All signatures of one content.
#[derive(Clone, Debug)]
pub struct Verified {
    /// In the order of the letter. Empty where only certificates were sent.
    pub signatures: Vec<Signature>,
    /// All readable certificates of the letter.
    pub certificates: Vec<Certificate>,
}

impl Verified {
    /// The signature to go by: the first that is valid, else the first.
    #[must_use]
    pub fn main(&self) -> Option<&Signature> {
        let valid = self.signatures.iter().find(|signature| signature.standing() == Standing::Valid);
        valid.or_else(|| self.signatures.first())
    }

    /// What it comes to: that of [`Verified::main`].
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.main().map_or(Standing::Unchecked, Signature::standing)
    }

    /// Whether the content is what some signer signed, whoever that is.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.signatures.iter().any(|signature| signature.integrity == Integrity::Intact)
    }

    /// The certificate to encrypt to when answering: of a valid signature only, and only where it names the sender.
    #[must_use]
    pub fn certificate_to_keep(&self) -> Option<&Certificate> {
        let signature = self.main().filter(|signature| signature.standing() == Standing::Valid)?;
        let Signer::From(address) = &signature.signer else { return None };
        let preferred = signature.encryption_certificate.as_ref().filter(|certificate| certificate.names(address));
        let own = signature.certificate.as_ref();
        preferred.or(own).filter(|certificate| certificate.may_be_encrypted_to())
    }
}

impl Signature {
    /// What it comes to. The worst is told first.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.integrity {
            Integrity::Intact => {}
            Integrity::Altered => return Standing::Tampered,
            Integrity::Weak(_) => return Standing::Weak,
            Integrity::Unknown(_) | Integrity::NoCertificate | Integrity::Unreadable => return Standing::Unchecked,
        }
        match &self.trust {
            Trust::Trusted { .. } | Trust::Chosen => {}
            Trust::Expired { .. } => return Standing::Expired,
            Trust::NotYetValid => return Standing::NotYetValid,
            Trust::UnknownIssuer | Trust::Broken => return Standing::Untrusted,
            Trust::WrongPurpose | Trust::Constrained => return Standing::Misused,
            Trust::Weak => return Standing::Weak,
        }
        match self.signer {
            Signer::From(_) => Standing::Valid,
            Signer::Sender(_) => Standing::SentForOthers,
            Signer::Other(_) | Signer::Nobody => Standing::WrongAddress,
        }
    }

    fn unchecked(integrity: Integrity) -> Signature {
        Signature {
            integrity,
            certificate: None,
            trust: Trust::UnknownIssuer,
            signer: Signer::Nobody,
            signed_at: None,
            capabilities: Capabilities::default(),
            encryption_certificate: None,
        }
    }
}

/// Reads a signature whose content travels beside it.
///
/// # Errors
/// Where the structure cannot be read, or holds more than is looked at.
pub(crate) fn detached(signature: &[u8]) -> Result<Signed, Error> {
    let (kind, data) = signed::content_info(signature)?;
    if kind != oid::SIGNED_DATA {
        return Err(Error::Malformed);
    }
    let signed = signed::parse(&data)?;
    // A content inside would be another one than the one that is shown (RFC 8551 §3.5.3.1: it is absent).
    if signed.content.is_some() {
        return Err(Error::Malformed);
    }
    Ok(signed)
}

/// Checks all signatures over a content.
pub(crate) fn verified(content: &[u8], signed: &Signed, check: &Check<'_>) -> Verified {
    let mut content = Content { octets: content, kind: signed.content_type, digests: Vec::new() };
    let certificates = certificate::readable(&signed.certificates);
    let mut signatures = Vec::new();
    for signer in &signed.signers {
        signatures.push(match signer {
            Some(signer) => one(signer, &mut content, &certificates, check),
            None => Signature::unchecked(Integrity::Unreadable),
        });
    }
    Verified { signatures, certificates }
}

/// A content, digested once for each kind of digest, however many signers and certificates there are.
struct Content<'a> {
    octets: &'a [u8],
    kind: ObjectIdentifier,
    digests: Vec<(Hash, Vec<u8>)>,
}

impl Content<'_> {
    fn digest(&mut self, hash: Hash) -> Vec<u8> {
        if let Some((_, digest)) = self.digests.iter().find(|(known, _)| *known == hash) {
            return digest.clone();
        }
        let digest = hash.of(self.octets);
        self.digests.push((hash, digest.clone()));
        digest
    }
}

fn one(signer: &SignerInfo, content: &mut Content<'_>, sent: &[Certificate], check: &Check<'_>) -> Signature {
    // Two certificates may carry one name and number; only the key can tell which is meant.
    let candidates = sent.iter().chain(check.known).filter(|certificate| is_of(certificate, &signer.sid));
    let mut found: Option<(Integrity, &Certificate)> = None;
    for candidate in candidates.take(CANDIDATES_MAX) {
        let integrity = integrity(signer, content, &candidate.public_key());
        if found.is_none() || integrity == Integrity::Intact {
            let done = integrity == Integrity::Intact;
            found = Some((integrity, candidate));
            if done {
                break;
            }
        }
    }
    let Some((integrity, certificate)) = found else { return Signature::unchecked(Integrity::NoCertificate) };
    let signed_at = attribute(signer, oid::SIGNING_TIME).and_then(signing_time);
    let judged = check.roots.judge(certificate, sent, check.at, signed_at);
    Signature {
        integrity,
        signer: whose(certificate, judged.is_constrained, check),
        trust: judged.trust,
        signed_at,
        capabilities: capabilities(signer),
        encryption_certificate: preferred(signer, sent).cloned(),
        certificate: Some(certificate.clone()),
    }
}

fn is_of(certificate: &Certificate, id: &SignerIdentifier) -> bool {
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => certificate.is_issued_as(id),
        SignerIdentifier::SubjectKeyIdentifier(id) => certificate.subject_key_id() == Some(id.0.as_bytes()),
    }
}

/// RFC 5652 §5.4, §5.6.
fn integrity(signer: &SignerInfo, content: &mut Content<'_>, key: &PublicKey) -> Integrity {
    let scheme = match Scheme::of(signer, key) {
        Ok(scheme) => scheme,
        Err(Weakness::Weak(reason)) => return Integrity::Weak(reason),
        Err(Weakness::Unknown(name)) => return Integrity::Unknown(name),
    };
    let held = match &signer.signed_attrs {
        Some(attributes) => {
            digest_fits(signer, content, scheme.hash)
                && attributes.to_der().is_ok_and(|der| holds(&scheme, key, &der, signer.signature.as_bytes()))
        }
        None => {
            content.kind == oid::DATA
                && !signed::could_be_attributes(content.octets)
                && holds(&scheme, key, content.octets, signer.signature.as_bytes())
        }
    };
    match scheme.weakness(key) {
        _ if !held => Integrity::Altered,
        Some(reason) => Integrity::Weak(reason),
        None => Integrity::Intact,
    }
}

/// The attributes that must be there, each once and with one value (RFC 5652 §11.1, §11.2).
fn digest_fits(signer: &SignerInfo, content: &mut Content<'_>, hash: Hash) -> bool {
    let kind = attribute(signer, oid::CONTENT_TYPE).and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
    let digest = attribute(signer, oid::MESSAGE_DIGEST);
    let digest = digest.and_then(|value| value.decode_as::<OctetStringRef<'_>>().ok()).map(|octets| octets.as_bytes());
    kind == Some(content.kind) && digest == Some(content.digest(hash).as_slice())
}

/// The value of a signed attribute that stands there once, with one value.
fn attribute(signer: &SignerInfo, oid: ObjectIdentifier) -> Option<&Any> {
    let attributes: &Attributes = signer.signed_attrs.as_ref()?;
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let attribute = found.next()?;
    match (found.next(), attribute.values.as_slice()) {
        (None, [value]) => Some(value),
        _ => None,
    }
}

fn signing_time(value: &Any) -> Option<Time> {
    let time = x509_cert::time::Time::from_der(&value.to_der().ok()?).ok()?;
    u64::try_from(time.to_unix_duration().as_millis()).ok().map(Time)
}

/// RFC 8550 §3. Where an authority constrains names, only those count that the path builder held up to its constraints.
fn whose(certificate: &Certificate, is_constrained: bool, check: &Check<'_>) -> Signer {
    let named = certificate.named();
    let names = |address: &Address| {
        let mut usable = named.iter().filter(|named| named.in_rfc822_name || !is_constrained);
        usable.any(|named| same_address(&named.address, address))
    };
    if let Some(address) = check.from.iter().find(|address| names(address)) {
        return Signer::From(address.clone());
    }
    match check.sender.filter(|address| names(address)) {
        Some(address) => Signer::Sender(address.clone()),
        None if named.is_empty() => Signer::Nobody,
        None => Signer::Other(named.into_iter().map(|named| named.address).collect()),
    }
}

fn capabilities(signer: &SignerInfo) -> Capabilities {
    let Some(value) = attribute(signer, oid::SMIME_CAPABILITIES) else { return Capabilities::default() };
    let list: Vec<AlgorithmIdentifierOwned> = value.decode_as().unwrap_or_default();
    let has = |oids: &[ObjectIdentifier]| list.iter().any(|one| oids.contains(&one.oid));
    Capabilities { told: !list.is_empty(), gcm: has(&[oid::AES128_GCM, oid::AES256_GCM]), oaep: has(&[oid::OAEP]) }
}

/// RFC 8551 §2.5.3: a key for encryption apart from the one for signing.
fn preferred<'a>(signer: &SignerInfo, sent: &'a [Certificate]) -> Option<&'a Certificate> {
    let value = attribute(signer, oid::ENCRYPTION_KEY_PREFERENCE)?;
    match der::Tagged::tag(value) {
        Tag::ContextSpecific { number: TagNumber::N0, constructed: true } => {
            let mut reader = SliceReader::new(value.value()).ok()?;
            let issuer = reader.decode().ok()?;
            let serial_number = reader.decode().ok()?;
            let id = IssuerAndSerialNumber { issuer, serial_number };
            sent.iter().find(|certificate| certificate.is_issued_as(&id))
        }
        Tag::ContextSpecific { number: TagNumber::N2, .. } => {
            sent.iter().find(|certificate| certificate.subject_key_id() == Some(value.value()))
        }
        Tag::ContextSpecific { number: TagNumber::N1, .. } => {
            let id: AnyRef<'_> = SliceReader::new(value.value()).ok()?.decode().ok()?;
            sent.iter().find(|certificate| certificate.subject_key_id() == Some(id.value()))
        }
        _ => None,
    }
}
