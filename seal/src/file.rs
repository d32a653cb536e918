//! Files of keys and certificates in whatever form they come: PEM, PKCS#12, and single structures in DER (`.cer`, `.der`, `.key`,
//! `.p7b`). Owns telling them apart, by what is in them and never by their names.

use crate::certificate::Certificate;
use crate::identity::Identity;
use crate::key::PrivateKey;
use crate::pkcs12::{self, Contents, FILE_OCTETS_MAX};
use crate::{Error, ber, oid, pem, signed};
use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};

/// How every structure of DER here begins, and no PEM does: a SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// What a structure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// RFC 5280 §4.1.
    Certificate,
    /// Certificates in a SignedData that nobody signed (RFC 5652 §5.1): `.p7b`, `.p7c`.
    Bundle,
    /// RFC 7292 §4.
    Pkcs12,
    /// RFC 5958 §2.
    Pkcs8,
    /// RFC 5958 §3.
    EncryptedPkcs8,
    /// RFC 8017 appendix A.1.2.
    Pkcs1,
    /// RFC 5915 §3.
    Sec1,
}

/// All certificates of a file, in order: of PEM, of DER (one certificate), of PKCS#7 in either.
///
/// # Errors
/// [`Error::Certificate`] where one cannot be read or the file is another, [`Error::Limit`] for a file that is too large.
pub fn certificates(octets: &[u8]) -> Result<Vec<Certificate>, Error> {
    if octets.first() != Some(&SEQUENCE) {
        return pem::certificates(octets);
    }
    match form(octets)? {
        Some(Form::Certificate) => Ok(vec![Certificate::from_der(octets)?]),
        Some(Form::Bundle) => bundle(octets),
        _ => Err(Error::Certificate),
    }
}

/// The certificates of a SignedData.
pub(crate) fn bundle(octets: &[u8]) -> Result<Vec<Certificate>, Error> {
    let (kind, data) = signed::content_info(octets).map_err(|_| Error::Certificate)?;
    if kind != oid::SIGNED_DATA {
        return Err(Error::Certificate);
    }
    let held = signed::parse(&data)?.certificates;
    held.iter().map(|der| Certificate::from_der(der)).collect()
}

impl Identity {
    /// From files of any form, put together: one that holds all, or a key here and its certificate there.
    ///
    /// # Errors
    /// [`Error::Incomplete`] where the key or its certificate is missing, [`Error::PasswordNeeded`], [`Error::Password`] and
    /// [`Error::OldProtection`] for a key that is protected, and what reading may bring.
    pub fn from_files(files: &[&[u8]], password: Option<&str>) -> Result<Identity, Error> {
        let mut all = Contents::default();
        for octets in files {
            let one = read(octets, password)?;
            all.keys.extend(one.keys);
            all.certificates.extend(one.certificates);
        }
        all.identity()
    }
}

fn read(octets: &[u8], password: Option<&str>) -> Result<Contents, Error> {
    let mut contents = Contents::default();
    if octets.first() != Some(&SEQUENCE) {
        contents.keys.extend(pem::private_key(octets, password)?);
        contents.certificates = pem::certificates(octets)?;
        return Ok(contents);
    }
    let key = match form(octets)?.ok_or(Error::Incomplete)? {
        Form::Pkcs12 => return opened(octets, password),
        Form::Certificate | Form::Bundle => {
            contents.certificates = certificates(octets)?;
            return Ok(contents);
        }
        Form::Pkcs8 => PrivateKey::from_pkcs8(octets)?,
        Form::EncryptedPkcs8 => pkcs12::encrypted_key(octets, password.ok_or(Error::PasswordNeeded)?)?,
        Form::Pkcs1 => PrivateKey::from_pkcs1(octets)?,
        Form::Sec1 => PrivateKey::from_sec1(octets)?,
    };
    contents.keys.push(key);
    Ok(contents)
}

/// Some key files have the empty password.
fn opened(octets: &[u8], password: Option<&str>) -> Result<Contents, Error> {
    let opened = pkcs12::open(octets, password.unwrap_or_default());
    opened.map_err(|error| if password.is_none() && error == Error::Password { Error::PasswordNeeded } else { error })
}

/// What a structure is, by its first two elements. Of a certificate, they are what was signed and how.
fn form(octets: &[u8]) -> Result<Option<Form>, Error> {
    if octets.len() > FILE_OCTETS_MAX {
        return Err(Error::Limit { what: "octets in a key file", limit: FILE_OCTETS_MAX });
    }
    let Ok(der) = ber::to_der(octets) else { return Ok(None) };
    Ok(shape(&der).unwrap_or_default())
}

fn shape(der: &[u8]) -> der::Result<Option<Form>> {
    let whole = AnyRef::from_der(der)?;
    let mut reader = SliceReader::new(whole.value())?;
    let (first, second): (AnyRef<'_>, AnyRef<'_>) = (reader.decode()?, reader.decode()?);
    Ok(match (first.tag(), second.tag()) {
        (Tag::Sequence, Tag::Sequence) => Some(Form::Certificate),
        (Tag::Sequence, Tag::OctetString) => Some(Form::EncryptedPkcs8),
        (Tag::ObjectIdentifier, Tag::ContextSpecific { .. }) => Some(Form::Bundle),
        // RFC 7292 §4: version 3; keys have 0 or 1.
        (Tag::Integer, Tag::Sequence) if first.value() == [3] => Some(Form::Pkcs12),
        (Tag::Integer, Tag::Sequence) => Some(Form::Pkcs8),
        (Tag::Integer, Tag::Integer) => Some(Form::Pkcs1),
        (Tag::Integer, Tag::OctetString) => Some(Form::Sec1),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_der_have_a_limit() {
        let file = |octets: usize| [&[SEQUENCE][..], &vec![0; octets - 1]].concat();
        assert_eq!(certificates(&file(FILE_OCTETS_MAX)), Err(Error::Certificate));
        assert!(matches!(certificates(&file(FILE_OCTETS_MAX + 1)), Err(Error::Limit { .. })));
        assert!(matches!(Identity::from_files(&[&file(FILE_OCTETS_MAX + 1)], None), Err(Error::Limit { .. })));
    }
}
