//! The structure of SignedData (RFC 5652 §5), taken apart and put together. Reading is by hand where the ready types are
//! stricter than senders: a certificate that cannot be read must not make the letter unreadable. Does not judge.

use crate::{Error, ber, oid};
use cms::content_info::ContentInfo;
use cms::signed_data::SignerInfo;
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Any, Decode, Encode, Reader, SliceReader, Tag, TagNumber};

/// Certificates of one message that are read.
pub const CERTIFICATES_MAX: usize = 50;
/// Signers of one message that are looked at: each costs a signature and a chain.
pub const SIGNERS_MAX: usize = 10;

/// What lies in a SignedData.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) content_type: ObjectIdentifier,
    /// `None`: the content travels beside it.
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
    /// `None` for one that cannot be read.
    pub(crate) signers: Vec<Option<SignerInfo>>,
}

/// The outermost structure, in BER or DER: its type and its content in DER.
pub(crate) fn content_info(octets: &[u8]) -> Result<(ObjectIdentifier, Any), Error> {
    let der = ber::to_der(octets)?;
    let info = ContentInfo::from_der(&der)?;
    Ok((info.content_type, info.content))
}

/// Takes a SignedData apart.
pub(crate) fn parse(data: &Any) -> Result<Signed, Error> {
    let mut reader = SliceReader::new(data.value())?;
    let _version: u8 = reader.decode()?;
    let _digests: AnyRef<'_> = reader.decode()?;
    let encapsulated: AnyRef<'_> = reader.decode()?;
    let mut inner = SliceReader::new(encapsulated.value())?;
    let content_type = inner.decode()?;
    let content = if inner.is_finished() { None } else { Some(encapsulated_content(&mut inner)?) };
    let mut certificates = Vec::new();
    if let Some(set) = context(&mut reader, TagNumber::N0)? {
        certificates = elements(set.value(), CERTIFICATES_MAX, "certificates in a letter")?;
    }
    let _revocations = context(&mut reader, TagNumber::N1)?;
    let signers: AnyRef<'_> = reader.decode()?;
    let signers = elements(signers.value(), SIGNERS_MAX, "signers of a letter")?;
    let signers = signers.iter().map(|der| SignerInfo::from_der(der).ok()).collect();
    Ok(Signed { content_type, content, certificates, signers })
}

/// An explicit tag around an OCTET STRING (RFC 5652 §5.2), or, from PKCS#7 times, around anything.
fn encapsulated_content(reader: &mut SliceReader<'_>) -> Result<Vec<u8>, Error> {
    let explicit = context(reader, TagNumber::N0)?.ok_or(Error::Malformed)?;
    Ok(AnyRef::from_der(explicit.value())?.value().to_vec())
}

/// The next element, where it has this tag.
pub(crate) fn context<'a>(reader: &mut SliceReader<'a>, number: TagNumber) -> Result<Option<AnyRef<'a>>, Error> {
    if reader.is_finished() || reader.peek_tag()? != (Tag::ContextSpecific { constructed: true, number }) {
        return Ok(None);
    }
    Ok(Some(reader.decode()?))
}

/// The elements of a set, each whole.
pub(crate) fn elements(content: &[u8], limit: usize, what: &'static str) -> Result<Vec<Vec<u8>>, Error> {
    let mut reader = SliceReader::new(content)?;
    let mut list = Vec::new();
    while !reader.is_finished() {
        if list.len() >= limit {
            return Err(Error::Limit { what, limit });
        }
        let element: AnyRef<'_> = reader.decode()?;
        list.push(element.to_der()?);
    }
    Ok(list)
}

/// A structure in its outermost one, ready to travel.
pub(crate) fn wrapped(content_type: ObjectIdentifier, content: &impl Encode) -> Result<Vec<u8>, Error> {
    let content = Any::from_der(&content.to_der()?)?;
    Ok(ContentInfo { content_type, content }.to_der()?)
}

/// Whether the octets are what [`oid::DATA`] may hold for a signature without attributes: not something that reads as
/// attributes itself, or a signature over attributes could be shown as one over them (RFC 5652 §5.4 leaves that open).
pub(crate) fn could_be_attributes(content: &[u8]) -> bool {
    let message_digest = oid::MESSAGE_DIGEST.as_bytes();
    content.first() == Some(&0x31) && content.windows(message_digest.len()).any(|window| window == message_digest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A SignedData of so many certificates and signers, none of them readable.
    fn crowded(certificates: usize, signers: usize) -> Any {
        let set = |tag: Tag, inner: Vec<u8>| Any::new(tag, inner).unwrap().to_der().unwrap();
        let certificate_set = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };
        let one = [0x30, 0x02, 0x05, 0x00];
        let mut inner = vec![0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0b];
        inner.extend(oid::DATA.to_der().unwrap());
        inner.extend(set(certificate_set, one.repeat(certificates)));
        inner.extend(set(Tag::Set, one.repeat(signers)));
        Any::new(Tag::Sequence, inner).unwrap()
    }

    #[test]
    fn certificates_and_signers_have_limits() {
        let most = parse(&crowded(CERTIFICATES_MAX, SIGNERS_MAX)).unwrap();
        assert_eq!((most.certificates.len(), most.signers.len()), (CERTIFICATES_MAX, SIGNERS_MAX));
        for (certificates, signers) in [(CERTIFICATES_MAX + 1, 1), (1, SIGNERS_MAX + 1)] {
            assert!(matches!(parse(&crowded(certificates, signers)), Err(Error::Limit { .. })));
        }
    }

    #[test]
    fn attributes_are_told_from_letters() {
        let attributes = [&[0x31, 0x0d, 0x30, 0x0b, 0x06, 0x09][..], oid::MESSAGE_DIGEST.as_bytes()].concat();
        assert!(could_be_attributes(&attributes));
        assert!(!could_be_attributes(b"1 hamburger, please"));
    }
}
