//! PEM (RFC 7468): certificates and keys as text. Owns the outer form; tolerant on reading, as files come from many programs.

use crate::certificate::Certificate;
use crate::key::PrivateKey;
use crate::{Error, file, pkcs12};
use der::pem::LineEnding;
use message::TransferEncoding;
use zeroize::Zeroizing;

/// Blocks of one file that are read: a list of authorities has some hundred.
pub const BLOCKS_MAX: usize = 2000;
/// Octets of a PEM file.
pub const PEM_OCTETS_MAX: usize = 8 * 1024 * 1024;

/// One block of a file.
pub(crate) struct Block {
    pub(crate) label: String,
    /// May be secret.
    pub(crate) octets: Zeroizing<Vec<u8>>,
    /// It says to be encrypted the old way, before PKCS#8.
    pub(crate) is_encrypted: bool,
}

/// The blocks of a file; text around them is passed over.
pub(crate) fn blocks(text: &[u8]) -> Result<Vec<Block>, Error> {
    if text.len() > PEM_OCTETS_MAX {
        return Err(Error::Limit { what: "octets in a PEM file", limit: PEM_OCTETS_MAX });
    }
    let mut list = Vec::new();
    let mut open: Option<(String, Zeroizing<Vec<u8>>, bool)> = None;
    for line in text.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii) {
        if let Some(label) = framed(line, b"-----BEGIN ") {
            open = Some((label, Zeroizing::default(), false));
        } else if framed(line, b"-----END ").is_some() {
            if list.len() >= BLOCKS_MAX {
                return Err(Error::Limit { what: "blocks in a PEM file", limit: BLOCKS_MAX });
            }
            if let Some((label, base64, is_encrypted)) = open.take() {
                let octets = message::encoding::decode(TransferEncoding::Base64, &base64);
                list.push(Block { label, octets: Zeroizing::new(octets), is_encrypted });
            }
        } else if let Some((_, base64, is_encrypted)) = &mut open {
            if line.contains(&b':') {
                *is_encrypted |= line.starts_with(b"DEK-Info");
            } else {
                base64.extend_from_slice(line);
            }
        }
    }
    Ok(list)
}

fn framed(line: &[u8], start: &[u8]) -> Option<String> {
    let label = line.strip_prefix(start)?.strip_suffix(b"-----")?;
    std::str::from_utf8(label).ok().map(str::to_owned)
}

/// All certificates of a PEM file, in order; those of a PKCS#7 (RFC 7468 §8) among them.
pub(crate) fn certificates(text: &[u8]) -> Result<Vec<Certificate>, Error> {
    let mut list = Vec::new();
    for block in blocks(text)? {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                list.push(Certificate::from_der(&block.octets)?);
            }
            "PKCS7" | "CMS" => list.extend(file::bundle(&block.octets)?),
            _ => {}
        }
    }
    Ok(list)
}

/// The first private key of a PEM file.
pub(crate) fn private_key(text: &[u8], password: Option<&str>) -> Result<Option<PrivateKey>, Error> {
    for block in blocks(text)? {
        if block.is_encrypted {
            return Err(Error::OldProtection("the encryption of PEM files before PKCS#8".to_owned()));
        }
        let key = match block.label.as_str() {
            "PRIVATE KEY" => PrivateKey::from_pkcs8(&block.octets),
            "RSA PRIVATE KEY" => PrivateKey::from_pkcs1(&block.octets),
            "EC PRIVATE KEY" => PrivateKey::from_sec1(&block.octets),
            "ENCRYPTED PRIVATE KEY" => pkcs12::encrypted_key(&block.octets, password.ok_or(Error::PasswordNeeded)?),
            _ => continue,
        };
        return key.map(Some);
    }
    Ok(None)
}

/// One block as text.
pub(crate) fn write(label: &'static str, octets: &[u8]) -> Result<String, Error> {
    der::pem::encode_string(label, LineEnding::LF, octets).map_err(|_| Error::Malformed)
}

impl Certificate {
    /// As PEM.
    ///
    /// # Errors
    /// None that a certificate could cause.
    pub fn to_pem(&self) -> Result<String, Error> {
        write("CERTIFICATE", self.der())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = b"Bag Attributes\r\n  name: x\r\n-----BEGIN ONE-----\r\nAAEC\r\nAwQ=\r\n-----END ONE-----\nmore\n\
            -----BEGIN TWO-----\nDEK-Info: x\n\nAA==\n-----END TWO-----\n-----BEGIN OPEN-----\nAA==\n";
        let found = blocks(text).unwrap();
        let found: Vec<_> =
            found.iter().map(|one| (one.label.as_str(), one.octets.as_slice(), one.is_encrypted)).collect();
        assert_eq!(found, [("ONE", &[0, 1, 2, 3, 4][..], false), ("TWO", &[0], true)]);
    }

    #[test]
    fn blocks_and_octets_have_limits() {
        let block = b"-----BEGIN A-----\n-----END A-----\n";
        assert_eq!(blocks(&block.repeat(BLOCKS_MAX)).unwrap().len(), BLOCKS_MAX);
        assert!(matches!(blocks(&block.repeat(BLOCKS_MAX + 1)), Err(Error::Limit { .. })));
        assert!(blocks(&vec![b'\n'; PEM_OCTETS_MAX]).is_ok());
        assert!(matches!(blocks(&vec![b'\n'; PEM_OCTETS_MAX + 1]), Err(Error::Limit { .. })));
    }
}
