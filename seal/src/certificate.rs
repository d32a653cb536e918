//! A certificate (RFC 5280): whose it is, until when, what its key may do. Owns reading these facts and making them fit to be
//! shown; whether the certificate is to be believed is asked in `chain`.

use crate::{Error, ber, oid};
use aws_lc_rs::digest;
use cms::cert::IssuerAndSerialNumber;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber};
use message::{Address, Time};
use std::fmt::Write;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;

/// Octets of one certificate: real ones have some two thousand.
pub const CERTIFICATE_OCTETS_MAX: usize = 64 * 1024;
/// Addresses of one certificate that are read: companies give one a dozen at most.
pub const ADDRESSES_MAX: usize = 100;
/// Characters of a name that are shown.
const SHOWN_MAX: usize = 100;

/// A certificate, readable, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    parsed: Box<x509_cert::Certificate>,
}

/// What a key in a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// RSA: the `RSAPublicKey`, and the bits of the modulus. Bound to PSS where the certificate says so (RFC 4055 §1.2).
    Rsa { der: Vec<u8>, bits: usize, is_pss: bool },
    /// A point on a curve, uncompressed.
    Ec { curve: Curve, point: Vec<u8> },
    /// RFC 8410.
    Ed25519(Vec<u8>),
    /// Anything else.
    Other(ObjectIdentifier),
}

/// The curves that are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) fn of(oid: ObjectIdentifier) -> Option<Curve> {
        match oid {
            oid::P256 => Some(Curve::P256),
            oid::P384 => Some(Curve::P384),
            oid::P521 => Some(Curve::P521),
            _ => None,
        }
    }
}

/// An address a certificate names, and where: constraints of issuers reach some places only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) address: Address,
    /// In `rfc822Name`; else in the subject or in `SmtpUTF8Mailbox`.
    pub(crate) in_rfc822_name: bool,
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`Error::Certificate`] for anything else, or more than [`CERTIFICATE_OCTETS_MAX`] octets.
    pub fn from_der(der: &[u8]) -> Result<Certificate, Error> {
        if der.len() > CERTIFICATE_OCTETS_MAX {
            return Err(Error::Certificate);
        }
        // The reader of DER makes room for as much as an element says to have, before it looks whether it is there.
        ber::to_der(der).map_err(|_| Error::Certificate)?;
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| Error::Certificate)?;
        Ok(Certificate { der: der.to_vec(), parsed: Box::new(parsed) })
    }

    /// As it came.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Who holds the key, in a form fit to be shown: the common name, else the organisation, else the first address.
    #[must_use]
    pub fn subject(&self) -> String {
        let tbs = &self.parsed.tbs_certificate;
        shown_name(&tbs.subject)
            .or_else(|| self.addresses().first().map(ToString::to_string))
            .unwrap_or_else(|| "somebody without a name".to_owned())
    }

    /// Who vouches for it, in a form fit to be shown.
    #[must_use]
    pub fn issuer(&self) -> String {
        shown_name(&self.parsed.tbs_certificate.issuer).unwrap_or_else(|| "an issuer without a name".to_owned())
    }

    /// The serial number in hexadecimal digits.
    #[must_use]
    pub fn serial(&self) -> String {
        hex(self.parsed.tbs_certificate.serial_number.as_bytes(), "")
    }

    /// The SHA-256 of the certificate, as people compare it: pairs of digits with colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(digest::digest(&digest::SHA256, &self.der).as_ref(), ":")
    }

    /// When it begins to hold.
    #[must_use]
    pub fn not_before(&self) -> Time {
        time(self.parsed.tbs_certificate.validity.not_before)
    }

    /// When it ends.
    #[must_use]
    pub fn not_after(&self) -> Time {
        time(self.parsed.tbs_certificate.validity.not_after)
    }

    /// The addresses it names (RFC 8550 §3), at most [`ADDRESSES_MAX`].
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        self.named().into_iter().map(|named| named.address).collect()
    }

    /// Whether it names this address.
    #[must_use]
    pub fn names(&self, address: &Address) -> bool {
        self.named().iter().any(|named| same_address(&named.address, address))
    }

    pub(crate) fn named(&self) -> Vec<Named> {
        let mut list = Vec::new();
        if let Some(names) = self.extension(oid::SUBJECT_ALT_NAME) {
            // What is not readable ends the list: nothing is guessed.
            let _ = alternative_names(names, &mut list);
        }
        // RFC 8550 §3: the legacy place is read, too.
        let attributes = self.parsed.tbs_certificate.subject.0.iter().flat_map(|part| part.0.iter());
        for attribute in attributes.filter(|attribute| attribute.oid == oid::EMAIL_ADDRESS) {
            if let Some(address) = text_of(&attribute.value).and_then(|text| Address::parse(&text).ok()) {
                list.push(Named { address, in_rfc822_name: false });
            }
        }
        list.truncate(ADDRESSES_MAX);
        list
    }

    pub(crate) fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        let extensions = self.parsed.tbs_certificate.extensions.as_deref().unwrap_or(&[]);
        extensions.iter().find(|extension| extension.extn_id == oid).map(|extension| extension.extn_value.as_bytes())
    }

    /// What the key may be used for; `None` where the certificate says nothing, or nothing readable as `Some(Err)`.
    pub(crate) fn key_usage(&self) -> Option<Result<KeyUsage, Error>> {
        self.extension(oid::KEY_USAGE).map(|der| KeyUsage::from_der(der).map_err(|_| Error::Certificate))
    }

    /// RFC 8550 §4.4.2: a key that signs mail says digitalSignature or nonRepudiation, where it says anything.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        match self.key_usage() {
            None => true,
            Some(usage) => usage.is_ok_and(|usage| usage.digital_signature() || usage.non_repudiation()),
        }
    }

    /// The same for a key that content keys are encrypted to, by transport or by agreement.
    pub(crate) fn may_be_encrypted_to(&self) -> bool {
        let agrees = matches!(self.public_key(), PublicKey::Ec { .. });
        match self.key_usage() {
            None => true,
            Some(usage) => {
                usage.is_ok_and(|usage| if agrees { usage.key_agreement() } else { usage.key_encipherment() })
            }
        }
    }

    /// RFC 8550 §4.4.4: for mail, for anything, or nothing said.
    pub(crate) fn is_for_mail(&self) -> bool {
        let Some(der) = self.extension(oid::EXTENDED_KEY_USAGE) else { return true };
        ExtendedKeyUsage::from_der(der)
            .is_ok_and(|usage| usage.0.iter().any(|oid| matches!(*oid, oid::EMAIL_PROTECTION | oid::ANY_KEY_USAGE)))
    }

    pub(crate) fn subject_key_id(&self) -> Option<&[u8]> {
        OctetStringRef::from_der(self.extension(oid::SUBJECT_KEY_ID)?).ok().map(|id| id.as_bytes())
    }

    pub(crate) fn issuer_and_serial(&self) -> IssuerAndSerialNumber {
        let tbs = &self.parsed.tbs_certificate;
        IssuerAndSerialNumber { issuer: tbs.issuer.clone(), serial_number: tbs.serial_number.clone() }
    }

    pub(crate) fn is_issued_as(&self, id: &IssuerAndSerialNumber) -> bool {
        let tbs = &self.parsed.tbs_certificate;
        tbs.serial_number == id.serial_number && tbs.issuer == id.issuer
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        let tbs = &self.parsed.tbs_certificate;
        tbs.issuer == tbs.subject
    }

    pub(crate) fn is_issuer_of(&self, other: &Certificate) -> bool {
        self.parsed.tbs_certificate.subject == other.parsed.tbs_certificate.issuer
    }

    /// The SubjectPublicKeyInfo in DER.
    pub(crate) fn public_key_info(&self) -> Result<Vec<u8>, Error> {
        Ok(self.parsed.tbs_certificate.subject_public_key_info.to_der()?)
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        let info = &self.parsed.tbs_certificate.subject_public_key_info;
        let key = info.subject_public_key.raw_bytes();
        match info.algorithm.oid {
            oid @ (oid::RSA | oid::RSA_PSS) => match modulus_bits(key) {
                Ok(bits) => PublicKey::Rsa { der: key.to_vec(), bits, is_pss: oid == oid::RSA_PSS },
                Err(_) => PublicKey::Other(oid),
            },
            oid::EC => {
                let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok()).and_then(Curve::of);
                curve.map_or(PublicKey::Other(oid::EC), |curve| PublicKey::Ec { curve, point: key.to_vec() })
            }
            oid::ED25519 => PublicKey::Ed25519(key.to_vec()),
            other => PublicKey::Other(other),
        }
    }
}

/// Domains in any case; the local part too: a comparison some hosts would not make, but RFC 8550 §3 does.
pub(crate) fn same_address(one: &Address, other: &Address) -> bool {
    one == other || one.to_string().to_lowercase() == other.to_string().to_lowercase()
}

fn alternative_names(der: &[u8], list: &mut Vec<Named>) -> der::Result<()> {
    let names = AnyRef::from_der(der)?;
    let mut reader = SliceReader::new(names.value())?;
    while !reader.is_finished() && list.len() < ADDRESSES_MAX {
        let name: AnyRef<'_> = reader.decode()?;
        let text = match der::Tagged::tag(&name) {
            Tag::ContextSpecific { number: TagNumber::N1, constructed: false } => {
                std::str::from_utf8(name.value()).ok().filter(|text| text.is_ascii()).map(str::to_owned)
            }
            Tag::ContextSpecific { number: TagNumber::N0, constructed: true } => mailbox_in_utf8(name.value()),
            _ => None,
        };
        let in_rfc822_name = !der::Tagged::tag(&name).is_constructed();
        if let Some(address) = text.and_then(|text| Address::parse(&text).ok()) {
            list.push(Named { address, in_rfc822_name });
        }
    }
    Ok(())
}

/// RFC 9598 §3: an otherName that holds an address beyond ASCII.
fn mailbox_in_utf8(other_name: &[u8]) -> Option<String> {
    let mut reader = SliceReader::new(other_name).ok()?;
    let kind: ObjectIdentifier = reader.decode().ok()?;
    let value: AnyRef<'_> = reader.decode().ok()?;
    (kind == oid::SMTP_UTF8_MAILBOX).then_some(())?;
    let text = AnyRef::from_der(value.value()).ok()?;
    std::str::from_utf8(text.value()).ok().map(str::to_owned)
}

fn modulus_bits(key: &[u8]) -> der::Result<usize> {
    AnyRef::from_der(key)?.sequence(|reader| {
        let modulus: der::asn1::UintRef<'_> = reader.decode()?;
        let _exponent: der::asn1::UintRef<'_> = reader.decode()?;
        let octets = modulus.as_bytes();
        let first_bits = octets.first().map_or(0, |octet| 8 - octet.leading_zeros());
        Ok(octets.len().saturating_sub(1) * 8 + usize::try_from(first_bits).unwrap_or(0))
    })
}

fn time(time: x509_cert::time::Time) -> Time {
    Time(u64::try_from(time.to_unix_duration().as_millis()).unwrap_or(u64::MAX))
}

fn shown_name(name: &Name) -> Option<String> {
    let value = |oid| {
        let mut attributes = name.0.iter().flat_map(|part| part.0.iter());
        let attribute = attributes.find(|attribute| attribute.oid == oid)?;
        text_of(&attribute.value).map(|text| fit_to_show(&text)).filter(|text| !text.is_empty())
    };
    let common_name = value(oid::COMMON_NAME).or_else(|| value(oid::EMAIL_ADDRESS));
    common_name.or_else(|| value(oid::ORGANIZATION))
}

/// The text of a directory string; the two old kinds of it as well.
fn text_of(value: &der::Any) -> Option<String> {
    let octets = value.value();
    match der::Tagged::tag(value) {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => std::str::from_utf8(octets).ok().map(str::to_owned),
        Tag::TeletexString => Some(octets.iter().map(|octet| char::from(*octet)).collect()),
        Tag::BmpString => {
            let units = octets.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        _ => None,
    }
}

/// Names come from strangers: no controls, nothing that turns the direction of text, not without end.
pub(crate) fn fit_to_show(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let kept = text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c });
    kept.take(SHOWN_MAX).collect::<String>().trim().to_owned()
}

pub(crate) fn hex(octets: &[u8], between: &str) -> String {
    let mut text = String::with_capacity(octets.len() * 3);
    for (index, octet) in octets.iter().enumerate() {
        let _ = write!(text, "{}{octet:02x}", if index == 0 { "" } else { between });
    }
    text
}

/// Certificates of one message, each as it came; those that cannot be read are passed over.
pub(crate) fn readable(list: &[Vec<u8>]) -> Vec<Certificate> {
    list.iter().filter_map(|der| Certificate::from_der(der).ok()).collect()
}

/// An algorithm without parameters, or with.
pub(crate) fn algorithm(
    oid: ObjectIdentifier,
    parameters: Option<der::Any>,
) -> x509_cert::spki::AlgorithmIdentifierOwned {
    x509_cert::spki::AlgorithmIdentifierOwned { oid, parameters }
}

/// DER of a value as the parameters of an algorithm.
pub(crate) fn parameters(value: &impl Encode) -> Result<Option<der::Any>, Error> {
    Ok(Some(der::Any::from_der(&value.to_der()?)?))
}
