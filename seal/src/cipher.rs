//! Ciphers of contents: AES in CBC (RFC 3565) and GCM (RFC 5084), and 3DES (RFC 3370 §5.1), which is read only. Owns which are
//! known and how they are called.

use crate::certificate::{algorithm, parameters};
use crate::{Error, oid, triple_des};
use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptingKey, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::iv::FixedLength;
use der::asn1::OctetString;
use der::{Any, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// Octets of the nonce of GCM (RFC 5084 §3.2 recommends 12, and nobody writes others).
const NONCE: usize = 12;
/// Octets of the tag of GCM that are written.
const TAG: usize = 16;
/// The shortest tag RFC 5084 §3.2 allows, and its default.
const TAG_MIN: usize = 12;
const BLOCK: usize = 16;

/// GCMParameters (RFC 5084 §3.2).
#[derive(Sequence)]
struct GcmParameters {
    nonce: OctetString,
    #[asn1(default = "tag_default")]
    tag: u8,
}

fn tag_default() -> u8 {
    12
}

/// The cipher a letter is encrypted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cipher {
    /// AES-256 in GCM, as AuthEnvelopedData: changes show.
    #[default]
    Aes256Gcm,
    /// AES-256 in CBC, as EnvelopedData, for programs that know no other: changes do not show.
    Aes256Cbc,
}

/// A content that is encrypted: the cipher with its parameters, the octets, and in GCM the tag.
#[derive(Debug)]
pub(crate) struct Encrypted {
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) octets: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

/// A cipher found in a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) key_length: usize,
    pub(crate) is_gcm: bool,
    /// It is one that nobody should write with any more.
    pub(crate) is_old: bool,
}

impl Found {
    pub(crate) fn of(algorithm: &AlgorithmIdentifierOwned) -> Result<Found, Error> {
        let (key_length, is_gcm) = match algorithm.oid {
            oid::AES128_CBC => (16, false),
            oid::AES192_CBC => (24, false),
            oid::AES256_CBC => (32, false),
            oid::AES128_GCM => (16, true),
            oid::AES192_GCM => (24, true),
            oid::AES256_GCM => (32, true),
            oid::DES3_CBC => (triple_des::KEY, false),
            oid::RC2_CBC => return Err(Error::Unsupported("the old cipher RC2".to_owned())),
            other => return Err(Error::Unsupported(format!("the cipher {other}"))),
        };
        Ok(Found { key_length, is_gcm, is_old: algorithm.oid == oid::DES3_CBC })
    }
}

/// A new key, and the content encrypted with it.
pub(crate) fn encrypt(content: &[u8], cipher: Cipher) -> Result<(Zeroizing<Vec<u8>>, Encrypted), Error> {
    let mut key = Zeroizing::new(vec![0; 32]);
    aws_lc_rs::rand::fill(&mut key)?;
    let encrypted = match cipher {
        Cipher::Aes256Gcm => encrypt_gcm(content, &key)?,
        Cipher::Aes256Cbc => encrypt_cbc(content, &key)?,
    };
    Ok((key, encrypted))
}

fn encrypt_gcm(content: &[u8], key: &[u8]) -> Result<Encrypted, Error> {
    let mut nonce = [0; NONCE];
    aws_lc_rs::rand::fill(&mut nonce)?;
    let mut octets = content.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&aead::AES_256_GCM, key)?);
    let nonce_used = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce_used, Aad::empty(), &mut octets)?.as_ref().to_vec();
    let named = GcmParameters { nonce: OctetString::new(nonce)?, tag: 16 };
    Ok(Encrypted { algorithm: algorithm(oid::AES256_GCM, parameters(&named)?), octets, tag })
}

fn encrypt_cbc(content: &[u8], key: &[u8]) -> Result<Encrypted, Error> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&cipher::AES_256, key)?)?;
    let mut octets = content.to_vec();
    let context = key.encrypt(&mut octets)?;
    let iv: &[u8] = (&context).try_into()?;
    let parameters = Any::encode_from(&OctetString::new(iv)?)?;
    Ok(Encrypted { algorithm: algorithm(oid::AES256_CBC, Some(parameters)), octets, tag: Vec::new() })
}

/// The content. `about` is what was authenticated beside it.
///
/// # Errors
/// [`Error::Undecryptable`], whatever went wrong, but for what stands in the clear and is not supported.
pub(crate) fn decrypt(encrypted: &Encrypted, key: &[u8], about: &[u8]) -> Result<Vec<u8>, Error> {
    match Found::of(&encrypted.algorithm)? {
        Found { is_gcm: true, .. } => decrypt_gcm(encrypted, key, about),
        Found { is_old: true, .. } => decrypt_old(encrypted, key).ok_or(Error::Undecryptable),
        _ => decrypt_cbc(encrypted, key).ok_or(Error::Undecryptable),
    }
}

/// What chaining begins with stands in the parameters, for 3DES (RFC 3370 §5.1) as for AES (RFC 3565 §4).
fn iv(encrypted: &Encrypted) -> Option<OctetString> {
    encrypted.algorithm.parameters.as_ref()?.decode_as().ok()
}

fn decrypt_old(encrypted: &Encrypted, key: &[u8]) -> Option<Vec<u8>> {
    Some(triple_des::decrypt(&encrypted.octets, key, iv(encrypted)?.as_bytes())?.to_vec())
}

fn decrypt_cbc(encrypted: &Encrypted, key: &[u8]) -> Option<Vec<u8>> {
    let iv: [u8; BLOCK] = iv(encrypted)?.as_bytes().try_into().ok()?;
    let mut octets = encrypted.octets.clone();
    let key = UnboundCipherKey::new(aes(key.len())?, key).ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let length = key.decrypt(&mut octets, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?.len();
    octets.truncate(length);
    Some(octets)
}

fn aes(key_length: usize) -> Option<&'static cipher::Algorithm> {
    match key_length {
        16 => Some(&cipher::AES_128),
        24 => Some(&cipher::AES_192),
        32 => Some(&cipher::AES_256),
        _ => None,
    }
}

fn decrypt_gcm(encrypted: &Encrypted, key: &[u8], about: &[u8]) -> Result<Vec<u8>, Error> {
    let parameters = encrypted.algorithm.parameters.as_ref().ok_or(Error::Malformed)?;
    let parameters: GcmParameters = parameters.decode_as()?;
    let Ok(nonce) = <[u8; NONCE]>::try_from(parameters.nonce.as_bytes()) else {
        return Err(Error::Unsupported("AES-GCM with a nonce of another length than 12 octets".to_owned()));
    };
    let length = usize::from(parameters.tag);
    if !(TAG_MIN..=TAG).contains(&length) || encrypted.tag.len() != length {
        return Err(Error::Undecryptable);
    }
    let opened =
        if length == TAG { open_whole(encrypted, key, nonce, about) } else { open_short(encrypted, key, nonce, about) };
    opened.ok_or(Error::Undecryptable)
}

fn gcm(key: &[u8]) -> Option<LessSafeKey> {
    let algorithm = match key.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        32 => &aead::AES_256_GCM,
        _ => return None,
    };
    Some(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?))
}

fn open_whole(encrypted: &Encrypted, key: &[u8], nonce: [u8; NONCE], about: &[u8]) -> Option<Vec<u8>> {
    let mut octets = [encrypted.octets.as_slice(), &encrypted.tag].concat();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = gcm(key)?.open_in_place(nonce, Aad::from(about), &mut octets).ok()?.len();
    octets.truncate(length);
    Some(octets)
}

/// The library takes whole tags only. A short one is the start of it: so the content is decrypted (GCM counts from 2 behind
/// the nonce), encrypted again for its tag, and given out only when that begins as it should.
fn open_short(encrypted: &Encrypted, key: &[u8], nonce: [u8; NONCE], about: &[u8]) -> Option<Vec<u8>> {
    let mut counter = [0; BLOCK];
    counter.get_mut(..NONCE)?.copy_from_slice(&nonce);
    *counter.last_mut()? = 2;
    let mut octets = encrypted.octets.clone();
    let stream = DecryptingKey::ctr(UnboundCipherKey::new(aes(key.len())?, key).ok()?).ok()?;
    stream.decrypt(&mut octets, DecryptionContext::Iv128(FixedLength::from(counter))).ok()?;
    let mut again = octets.clone();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = gcm(key)?.seal_in_place_separate_tag(nonce, Aad::from(about), &mut again).ok()?;
    verify_slices_are_equal(tag.as_ref().get(..encrypted.tag.len())?, &encrypted.tag).ok()?;
    Some(octets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LETTER: &[u8] = b"Do you like ketchup? It goes with everything.";

    /// The same with a tag of so many octets, as RFC 5084 §3.2 allows.
    fn with_tag(length: u8) -> (Zeroizing<Vec<u8>>, Encrypted) {
        let (key, mut encrypted) = encrypt(LETTER, Cipher::Aes256Gcm).unwrap();
        let parameters: GcmParameters = encrypted.algorithm.parameters.as_ref().unwrap().decode_as().unwrap();
        let shorter = GcmParameters { nonce: parameters.nonce, tag: length };
        encrypted.algorithm.parameters = super::parameters(&shorter).unwrap();
        encrypted.tag.truncate(usize::from(length));
        (key, encrypted)
    }

    #[test]
    fn short_tags_are_checked_as_whole_ones_are() {
        for length in 12..=16 {
            let (key, encrypted) = with_tag(length);
            assert_eq!(decrypt(&encrypted, &key, b"").unwrap(), LETTER, "{length}");
            assert_eq!(decrypt(&encrypted, &key, b"more"), Err(Error::Undecryptable), "{length}");
            for at in [0, LETTER.len() - 1] {
                let mut octets = encrypted.octets.clone();
                octets[at] ^= 1;
                let changed = Encrypted { algorithm: encrypted.algorithm.clone(), octets, tag: encrypted.tag.clone() };
                assert_eq!(decrypt(&changed, &key, b""), Err(Error::Undecryptable), "{length}");
            }
        }
        let (key, encrypted) = with_tag(11);
        assert_eq!(decrypt(&encrypted, &key, b""), Err(Error::Undecryptable), "one below what is allowed");
    }

    #[test]
    fn what_stands_beside_the_content_is_authenticated() {
        let mut octets = LETTER.to_vec();
        let key = [7; 32];
        let sealing = gcm(&key).unwrap();
        let nonce = Nonce::assume_unique_for_key([1; NONCE]);
        let tag =
            sealing.seal_in_place_separate_tag(nonce, Aad::from(b"beside"), &mut octets).unwrap().as_ref().to_vec();
        let named = GcmParameters { nonce: OctetString::new([1; NONCE]).unwrap(), tag: 16 };
        let algorithm = algorithm(oid::AES256_GCM, super::parameters(&named).unwrap());
        let encrypted = Encrypted { algorithm, octets, tag };
        assert_eq!(decrypt(&encrypted, &key, b"beside").unwrap(), LETTER);
        assert_eq!(decrypt(&encrypted, &key, b""), Err(Error::Undecryptable));
    }

    #[test]
    fn keys_of_a_wrong_length_decrypt_nothing() {
        for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
            let (_, encrypted) = encrypt(LETTER, cipher).unwrap();
            for length in [0, 5, 31, 33] {
                assert_eq!(decrypt(&encrypted, &vec![0; length], b""), Err(Error::Undecryptable));
            }
        }
    }
}
