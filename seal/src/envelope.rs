//! Encrypting to several and opening (RFC 8551 §3.3 and §3.4; EnvelopedData, RFC 5652 §6; AuthEnvelopedData, RFC 5083). Owns
//! the envelope's structure, who may be encrypted to, and that every failure of opening says the same.

use crate::certificate::{Certificate, PublicKey};
use crate::chain::RSA_BITS_MIN;
use crate::cipher::{self, Cipher, Encrypted, Found};
use crate::identity::Identity;
use crate::signed::{context, wrapped};
use crate::transport::{self, RECIPIENTS_MAX, Transport};
use crate::{Error, oid};
use cms::content_info::CmsVersion;
use cms::enveloped_data::{EncryptedContentInfo, RecipientInfo};
use der::asn1::{AnyRef, ObjectIdentifier, OctetString, OctetStringRef};
use der::{Any, Encode, Reader, Sequence, SliceReader, Tag, TagNumber};
use message::Time;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Wrapped keys of one letter that are tried: one for each key of the reader that it was encrypted to. A letter that names
/// him more often keeps his machine busy and nothing else.
pub const TRIES_MAX: usize = 8;

/// Somebody a letter is encrypted to.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// Whose key it is encrypted to.
    pub certificate: &'a Certificate,
    /// How, where it is an RSA key.
    pub transport: Transport,
}

/// EnvelopedData (RFC 5652 §6.1) without originator and attributes.
#[derive(Sequence)]
struct EnvelopedData {
    version: CmsVersion,
    recipients: Any,
    content: EncryptedContentInfo,
}

/// AuthEnvelopedData (RFC 5083 §2.1) without attributes.
#[derive(Sequence)]
struct AuthEnvelopedData {
    version: CmsVersion,
    recipients: Any,
    content: EncryptedContentInfo,
    mac: OctetString,
}

/// An opened content.
#[derive(Clone, Debug)]
pub struct Decrypted {
    /// Whether a change on the way would have shown. Who wrote it, this does not tell.
    pub is_authenticated: bool,
    /// Whether the cipher is one of long ago (3DES), which need not have kept it secret.
    pub is_weak: bool,
    /// How many could read it.
    pub recipients: usize,
    /// Which of the identities given opened it, counted from 0.
    pub opened_by: usize,
}

/// Encrypts for all recipients and `own`, so that the sender can read his copy.
///
/// # Errors
/// [`Error::Recipient`] for a certificate that cannot be encrypted to at this time, [`Error::Limit`] for more than
/// [`RECIPIENTS_MAX`] of them.
pub(crate) fn encrypt(
    content: &[u8],
    recipients: &[Recipient<'_>],
    own: &Certificate,
    cipher: Cipher,
    at: Time,
) -> Result<Vec<u8>, Error> {
    let mut all: Vec<Recipient<'_>> = vec![Recipient { certificate: own, transport: Transport::default() }];
    for recipient in recipients {
        if !all.iter().any(|known| known.certificate.der() == recipient.certificate.der()) {
            all.push(*recipient);
        }
    }
    if all.len() > RECIPIENTS_MAX {
        return Err(Error::Limit { what: "recipients of an encrypted letter", limit: RECIPIENTS_MAX });
    }
    all.iter().try_for_each(|recipient| fit(recipient.certificate, at))?;
    let (key, encrypted) = cipher::encrypt(content, cipher)?;
    let infos: Result<Vec<RecipientInfo>, Error> =
        all.iter().map(|recipient| transport::wrap(&key, recipient.certificate, recipient.transport)).collect();
    envelope(infos?, encrypted, cipher)
}

fn envelope(infos: Vec<RecipientInfo>, encrypted: Encrypted, cipher: Cipher) -> Result<Vec<u8>, Error> {
    let agrees = infos.iter().any(|info| matches!(info, RecipientInfo::Kari(_)));
    let recipients = set_of(&infos)?;
    let content = EncryptedContentInfo {
        content_type: oid::DATA,
        content_enc_alg: encrypted.algorithm,
        encrypted_content: Some(OctetString::new(encrypted.octets)?),
    };
    match cipher {
        Cipher::Aes256Gcm => {
            let mac = OctetString::new(encrypted.tag)?;
            let data = AuthEnvelopedData { version: CmsVersion::V0, recipients, content, mac };
            wrapped(oid::AUTH_ENVELOPED_DATA, &data)
        }
        Cipher::Aes256Cbc => {
            // RFC 5652 §6.1: 0 where all recipients are of version 0.
            let version = if agrees { CmsVersion::V2 } else { CmsVersion::V0 };
            let data = EnvelopedData { version, recipients, content };
            wrapped(oid::ENVELOPED_DATA, &data)
        }
    }
}

/// A SET in the order of DER. The ready type sorts a thousand for a minute.
fn set_of(infos: &[RecipientInfo]) -> Result<Any, Error> {
    let mut elements = infos.iter().map(Encode::to_der).collect::<Result<Vec<_>, _>>()?;
    elements.sort();
    Ok(Any::new(Tag::Set, elements.concat())?)
}

/// Whether a certificate can be encrypted to at this time.
///
/// # Errors
/// [`Error::Recipient`] with the reason.
pub fn fit(certificate: &Certificate, at: Time) -> Result<(), Error> {
    let refuse = |reason| Err(Error::Recipient { address: certificate.subject(), reason });
    if at > certificate.not_after() {
        return refuse("the certificate has expired");
    }
    if at < certificate.not_before() {
        return refuse("the certificate does not hold yet");
    }
    match certificate.public_key() {
        PublicKey::Rsa { is_pss: true, .. } | PublicKey::Ed25519(_) => return refuse("the key is for signing only"),
        PublicKey::Rsa { bits, .. } if bits < RSA_BITS_MIN => return refuse("the key is too short to be safe"),
        PublicKey::Rsa { .. } | PublicKey::Ec { .. } => {}
        PublicKey::Other(_) => return refuse("the kind of key is not supported"),
    }
    if !certificate.is_for_mail() || !certificate.may_be_encrypted_to() {
        return refuse("the certificate does not allow it");
    }
    Ok(())
}

/// An envelope taken apart.
struct Envelope {
    recipients: Vec<transport::Wrapped>,
    encrypted: Encrypted,
    /// What was authenticated beside the content.
    about: Vec<u8>,
}

/// Opens an EnvelopedData or AuthEnvelopedData.
///
/// # Errors
/// [`Error::NotForYou`] where no identity is among the recipients, [`Error::Unsupported`] for what stands in the clear and
/// is not known, [`Error::Undecryptable`] for everything else.
pub(crate) fn decrypt(
    kind: ObjectIdentifier,
    data: &Any,
    identities: &[Identity],
) -> Result<(Decrypted, Vec<u8>), Error> {
    let envelope = parse(kind, data)?;
    let found = Found::of(&envelope.encrypted.algorithm)?;
    // A cipher that authenticates, in an envelope that does not hold its tag, would be taken for less than it is.
    if found.is_gcm != (kind == oid::AUTH_ENVELOPED_DATA) {
        return Err(Error::Malformed);
    }
    let mut failure = Error::NotForYou;
    let pairs = envelope.recipients.iter().flat_map(|wrapped| {
        let own = identities.iter().enumerate().filter(|(_, identity)| wrapped.is_for(identity));
        own.map(move |(opened_by, identity)| (wrapped, opened_by, identity))
    });
    for (wrapped, opened_by, identity) in pairs.take(TRIES_MAX) {
        let key = wrapped.unwrap(identity.key(), found.key_length);
        match key.and_then(|key| cipher::decrypt(&envelope.encrypted, &key, &envelope.about)) {
            Ok(content) => {
                let recipients = envelope.recipients.len();
                let is_authenticated = found.is_gcm;
                let decrypted = Decrypted { is_authenticated, is_weak: found.is_old, recipients, opened_by };
                return Ok((decrypted, content));
            }
            Err(error @ Error::Unsupported(_)) => failure = error,
            Err(_) => failure = Error::Undecryptable,
        }
    }
    Err(failure)
}

fn parse(kind: ObjectIdentifier, data: &Any) -> Result<Envelope, Error> {
    let mut reader = SliceReader::new(data.value())?;
    let _version: u8 = reader.decode()?;
    let _originator = context(&mut reader, TagNumber::N0)?;
    let recipients: AnyRef<'_> = reader.decode()?;
    let recipients = transport::recipients(recipients.value())?;
    let content: AnyRef<'_> = reader.decode()?;
    let mut inner = SliceReader::new(content.value())?;
    let _content_type: ObjectIdentifier = inner.decode()?;
    let algorithm: AlgorithmIdentifierOwned = inner.decode()?;
    let octets: AnyRef<'_> = inner.decode()?;
    if der::Tagged::tag(&octets) != (Tag::ContextSpecific { constructed: false, number: TagNumber::N0 }) {
        return Err(Error::Malformed);
    }
    let octets = octets.value().to_vec();
    let (mut about, mut tag) = (Vec::new(), Vec::new());
    if kind == oid::AUTH_ENVELOPED_DATA {
        if let Some(attributes) = context(&mut reader, TagNumber::N1)? {
            // RFC 5083 §2.2: authenticated as the SET they are, not with the tag they travel under.
            about = Any::new(Tag::Set, attributes.value())?.to_der()?;
        }
        tag = reader.decode::<OctetStringRef<'_>>()?.as_bytes().to_vec();
    }
    Ok(Envelope { recipients, encrypted: Encrypted { algorithm, octets, tag }, about })
}
