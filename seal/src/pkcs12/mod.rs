//! Key files (PKCS#12, RFC 7292): `.p12` and `.pfx`. Owns the structure, the check of its MAC and what is taken out of it; the
//! protections by password are `protection`'s.

mod protection;

use crate::certificate::Certificate;
use crate::identity::Identity;
use crate::key::PrivateKey;
use crate::{Error, ber, oid};
use ::pkcs12::cert_type::CertBag;
use ::pkcs12::pfx::Pfx;
use ::pkcs12::{
    PKCS_12_CERT_BAG_OID, PKCS_12_KEY_BAG_OID, PKCS_12_PKCS8_KEY_BAG_OID, PKCS_12_SAFE_CONTENTS_BAG_OID,
    PKCS_12_X509_CERT_OID,
};
use cms::content_info::ContentInfo;
use der::asn1::{AnyRef, ObjectIdentifier, OctetString, OctetStringRef};
use der::{Any, Decode, Reader, SliceReader};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

pub use protection::ITERATIONS_MAX;

/// Octets of a key file.
pub const FILE_OCTETS_MAX: usize = 1024 * 1024;
/// Bags of one file that are looked at, nested ones counted.
const BAGS_MAX: usize = 200;
/// Bags within bags.
const BAG_DEPTH_MAX: usize = 4;

/// What a key file holds.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) keys: Vec<PrivateKey>,
    pub(crate) certificates: Vec<Certificate>,
    bags: usize,
}

/// Opens a key file.
pub(crate) fn open(octets: &[u8], password: &str) -> Result<Contents, Error> {
    if octets.len() > FILE_OCTETS_MAX {
        return Err(Error::Limit { what: "octets in a key file", limit: FILE_OCTETS_MAX });
    }
    let der = ber::to_der(octets)?;
    let file = Pfx::from_der(&der)?;
    if file.auth_safe.content_type != oid::DATA {
        return Err(Error::Unsupported("a key file that is signed instead of protected by a password".to_owned()));
    }
    let safe: OctetString = file.auth_safe.content.decode_as()?;
    let password = match &file.mac_data {
        Some(mac) => protection::authenticated(mac, safe.as_bytes(), password)?,
        None => protection::Password::new(password),
    };
    let contents = contents(safe.as_bytes(), &password);
    // Without a MAC a wrong password may come out as octets that mean nothing.
    let unsure = file.mac_data.is_none();
    contents.map_err(|error| if unsure && is_senseless(&error) { Error::Password } else { error })
}

fn is_senseless(error: &Error) -> bool {
    matches!(error, Error::Malformed | Error::Key | Error::Certificate)
}

/// The AuthenticatedSafe (RFC 7292 §4.1).
fn contents(safe: &[u8], password: &protection::Password) -> Result<Contents, Error> {
    let safe = ber::to_der(safe)?;
    let parts = Vec::<ContentInfo>::from_der(&safe)?;
    let mut contents = Contents::default();
    for part in parts {
        let bags = match part.content_type {
            oid::DATA => Zeroizing::new(part.content.decode_as::<OctetString>()?.into_bytes()),
            oid::ENCRYPTED_DATA => encrypted_part(&part.content, password)?,
            _ => return Err(Error::Unsupported("a key file protected by a public key".to_owned())),
        };
        contents.take(&ber::to_der(&bags)?, password, BAG_DEPTH_MAX)?;
    }
    Ok(contents)
}

/// An EncryptedPrivateKeyInfo (RFC 5958 §3), as `ENCRYPTED PRIVATE KEY` in PEM.
pub(crate) fn encrypted_key(octets: &[u8], password: &str) -> Result<PrivateKey, Error> {
    let plain = unprotected(octets, &protection::Password::new(password))?;
    PrivateKey::from_pkcs8(&plain).map_err(|error| if is_senseless(&error) { Error::Password } else { error })
}

fn unprotected(octets: &[u8], password: &protection::Password) -> Result<Zeroizing<Vec<u8>>, Error> {
    let whole = AnyRef::from_der(octets)?;
    let mut reader = SliceReader::new(whole.value())?;
    let algorithm: AlgorithmIdentifierOwned = reader.decode()?;
    let encrypted: OctetStringRef<'_> = reader.decode()?;
    protection::decrypt(&algorithm, encrypted.as_bytes(), password)
}

/// EncryptedData (RFC 5652 §8).
fn encrypted_part(content: &Any, password: &protection::Password) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut reader = SliceReader::new(content.value())?;
    let _version: u8 = reader.decode()?;
    let inner: AnyRef<'_> = reader.decode()?;
    let mut reader = SliceReader::new(inner.value())?;
    let _kind: ObjectIdentifier = reader.decode()?;
    let algorithm: AlgorithmIdentifierOwned = reader.decode()?;
    let encrypted: AnyRef<'_> = reader.decode()?;
    protection::decrypt(&algorithm, encrypted.value(), password)
}

impl Contents {
    /// The first key whose certificate is there, too.
    pub(crate) fn identity(self) -> Result<Identity, Error> {
        let mut found = self.keys.into_iter().filter_map(|key| Identity::of_key(key, &self.certificates).ok());
        found.next().ok_or(Error::Incomplete)
    }

    /// Takes keys and certificates out of a row of bags (RFC 7292 §4.2).
    fn take(&mut self, bags: &[u8], password: &protection::Password, depth: usize) -> Result<(), Error> {
        let depth = depth.checked_sub(1).ok_or(Error::Limit { what: "bags within bags", limit: BAG_DEPTH_MAX })?;
        let row = AnyRef::from_der(bags)?;
        let mut reader = SliceReader::new(row.value())?;
        while !reader.is_finished() {
            self.bags += 1;
            if self.bags > BAGS_MAX {
                return Err(Error::Limit { what: "bags in a key file", limit: BAGS_MAX });
            }
            let bag: AnyRef<'_> = reader.decode()?;
            let mut bag = SliceReader::new(bag.value())?;
            let kind: ObjectIdentifier = bag.decode()?;
            let value: AnyRef<'_> = bag.decode()?;
            match kind {
                PKCS_12_KEY_BAG_OID => self.keys.push(PrivateKey::from_pkcs8(value.value())?),
                PKCS_12_PKCS8_KEY_BAG_OID => {
                    self.keys.push(PrivateKey::from_pkcs8(&unprotected(value.value(), password)?)?);
                }
                PKCS_12_CERT_BAG_OID => self.certificate(value.value())?,
                PKCS_12_SAFE_CONTENTS_BAG_OID => self.take(value.value(), password, depth)?,
                // Revocation lists and secrets of other programs.
                _ => {}
            }
        }
        Ok(())
    }

    fn certificate(&mut self, octets: &[u8]) -> Result<(), Error> {
        let bag = CertBag::from_der(octets)?;
        if bag.cert_id == PKCS_12_X509_CERT_OID {
            self.certificates.push(Certificate::from_der(bag.cert_value.as_bytes())?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::{Encode, Tag};

    fn row(bags: &[u8]) -> Vec<u8> {
        Any::new(Tag::Sequence, bags).and_then(|any| any.to_der()).unwrap_or_default()
    }

    /// A bag of a kind (the last arc) that holds some octets.
    fn bag(kind: u8, inner: &[u8]) -> Vec<u8> {
        let name = [&PKCS_12_KEY_BAG_OID.as_bytes()[..10], &[kind]].concat();
        let tag = Tag::ContextSpecific { constructed: true, number: der::TagNumber::N0 };
        let value = Any::new(tag, inner).and_then(|any| any.to_der()).unwrap_or_default();
        row(&[&[6, 11][..], &name, &value].concat())
    }

    #[test]
    fn bags_have_limits_of_number_and_depth() {
        let password = protection::Password::new("x");
        let taken = |bags: &[u8]| Contents::default().take(bags, &password, BAG_DEPTH_MAX);
        let list = bag(4, &row(&[]));
        assert_eq!(taken(&row(&list.repeat(BAGS_MAX))), Ok(()));
        assert!(matches!(taken(&row(&list.repeat(BAGS_MAX + 1))), Err(Error::Limit { .. })));
        let nested = |depth: usize| (1..depth).fold(row(&[]), |inner, _| row(&bag(6, &inner)));
        assert_eq!(taken(&nested(BAG_DEPTH_MAX)), Ok(()));
        assert!(matches!(taken(&nested(BAG_DEPTH_MAX + 1)), Err(Error::Limit { .. })));
    }
}
