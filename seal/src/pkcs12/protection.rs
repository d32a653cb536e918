//! Protections by password: PBES2 (RFC 8018 §6.2) with PBKDF2 and AES or 3DES, and the derivation of PKCS#12 itself (RFC 7292
//! appendix B) for its MAC and its own 3DES. Owns which are supported. RC2 is not: no library here has it.

use crate::{Error, oid, triple_des};
use ::pkcs12::mac_data::MacData;
use ::pkcs12::pbe_params::Pkcs12PbeParams;
use ::pkcs12::{
    PKCS_12_PBE_WITH_SHAAND2_KEY_TRIPLE_DES_CBC, PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC,
    PKCS_12_PBE_WITH_SHAAND128_BIT_RC2_CBC, PKCS_12_PBEWITH_SHAAND40_BIT_RC2_CBC,
};
use aws_lc_rs::cipher::{AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};
use std::cell::Cell;
use std::num::NonZeroU32;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// Rounds of all derivations of a file: careful programs write a million for each of three; more would only keep the machine
/// busy.
pub const ITERATIONS_MAX: u32 = 10_000_000;
const TOO_MANY: Error = Error::Limit { what: "rounds of a derivation", limit: ITERATIONS_MAX as usize };
/// What marks the derivation of a key, of what chaining begins with, and of a key for a MAC (RFC 7292 appendix B.3).
const FOR_KEY: u8 = 1;
const FOR_IV: u8 = 2;
const FOR_MAC: u8 = 3;
/// Octets of a block of SHA-1, of SHA-224 and of SHA-256; the longer ones have twice as many (RFC 7292 appendix B.2).
const DIGEST_BLOCK: usize = 64;

/// A password in the forms the derivations take. Wiped when it goes.
pub(super) struct Password {
    /// As UTF-8, for PBES2.
    text: Zeroizing<Vec<u8>>,
    /// As UTF-16 with two zero octets, for PKCS#12 (RFC 7292 appendix B.1); none at all for some empty ones.
    wide: Zeroizing<Vec<u8>>,
    /// Rounds that may still be asked for.
    left: Cell<u32>,
}

impl Password {
    pub(super) fn new(text: &str) -> Password {
        let mut wide = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        text.encode_utf16().for_each(|unit| wide.extend_from_slice(&unit.to_be_bytes()));
        wide.extend_from_slice(&[0, 0]);
        Password { text: Zeroizing::new(text.as_bytes().to_vec()), wide, left: Cell::new(ITERATIONS_MAX) }
    }

    /// So many rounds, where the file may still ask for them.
    fn rounds(&self, count: u32) -> Result<NonZeroU32, Error> {
        let rounds = NonZeroU32::new(count).ok_or(Error::Malformed)?;
        self.left.set(self.left.get().checked_sub(count).ok_or(TOO_MANY)?);
        Ok(rounds)
    }
}

/// Checks the MAC of a file; then the password is the right one.
///
/// # Errors
/// [`Error::Password`] where it is not.
pub(super) fn authenticated(mac: &MacData, content: &[u8], password: &str) -> Result<Password, Error> {
    let (algorithm, digest, block): (_, &'static digest::Algorithm, _) = match mac.mac.algorithm.oid {
        oid::SHA1 => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &digest::SHA1_FOR_LEGACY_USE_ONLY, DIGEST_BLOCK),
        oid::SHA256 => (hmac::HMAC_SHA256, &digest::SHA256, DIGEST_BLOCK),
        oid::SHA384 => (hmac::HMAC_SHA384, &digest::SHA384, 2 * DIGEST_BLOCK),
        oid::SHA512 => (hmac::HMAC_SHA512, &digest::SHA512, 2 * DIGEST_BLOCK),
        other => return Err(Error::Unsupported(format!("the MAC {other} of the key file"))),
    };
    let mut password = Password::new(password);
    let rounds = password.rounds(u32::try_from(mac.iterations).map_err(|_| Error::Malformed)?)?;
    // An empty password is two zero octets to some programs and nothing to others.
    let empty = password.text.is_empty();
    for wide in [password.wide.clone(), Zeroizing::default()].into_iter().take(if empty { 2 } else { 1 }) {
        let derivation = Derivation { digest, block, salt: mac.mac_salt.as_bytes(), password: &wide, rounds };
        let key = hmac::Key::new(algorithm, &derivation.derive(FOR_MAC, digest.output_len()));
        let tag = hmac::sign(&key, content);
        if constant_time::verify_slices_are_equal(tag.as_ref(), mac.mac.digest.as_bytes()).is_ok() {
            password.wide = wide;
            return Ok(password);
        }
    }
    Err(Error::Password)
}

/// The derivation of RFC 7292 appendix B.2.
struct Derivation<'a> {
    digest: &'static digest::Algorithm,
    /// Octets of a block of the digest.
    block: usize,
    salt: &'a [u8],
    password: &'a [u8],
    rounds: NonZeroU32,
}

impl Derivation<'_> {
    fn derive(&self, purpose: u8, length: usize) -> Zeroizing<Vec<u8>> {
        let mut input = Zeroizing::new(Vec::new());
        for octets in [self.salt, self.password] {
            let filled = octets.len().div_ceil(self.block) * self.block;
            input.extend(octets.iter().cycle().take(if octets.is_empty() { 0 } else { filled }));
        }
        let mut key = Zeroizing::new(Vec::new());
        while key.len() < length {
            let mut context = digest::Context::new(self.digest);
            context.update(&vec![purpose; self.block]);
            context.update(&input);
            let mut hash = context.finish();
            for _ in 1..self.rounds.get() {
                hash = digest::digest(self.digest, hash.as_ref());
            }
            key.extend_from_slice(hash.as_ref());
            input.chunks_mut(self.block).for_each(|chunk| add(chunk, hash.as_ref()));
        }
        key.truncate(length);
        key
    }
}

/// Adds the hash, repeated to the length of the block, and one, as numbers; what overflows is lost.
fn add(block: &mut [u8], hash: &[u8]) {
    let repeated: Vec<u8> = hash.iter().copied().cycle().take(block.len()).collect();
    let mut carry = 1_u16;
    for (octet, other) in block.iter_mut().zip(&repeated).rev() {
        carry += u16::from(*octet) + u16::from(*other);
        *octet = (carry & 0xff) as u8;
        carry >>= 8;
    }
}

/// Takes a protection off.
///
/// # Errors
/// [`Error::Password`] where it does not come off, [`Error::OldProtection`] for one that is not supported.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifierOwned,
    encrypted: &[u8],
    password: &Password,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let old = |name: &str| Err(Error::OldProtection(name.to_owned()));
    match algorithm.oid {
        oid::PBES2 => pbes2(algorithm, encrypted, password),
        PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC => pbe(algorithm, encrypted, password, triple_des::KEY),
        PKCS_12_PBE_WITH_SHAAND2_KEY_TRIPLE_DES_CBC => {
            pbe(algorithm, encrypted, password, triple_des::KEY - triple_des::BLOCK)
        }
        PKCS_12_PBE_WITH_SHAAND128_BIT_RC2_CBC | PKCS_12_PBEWITH_SHAAND40_BIT_RC2_CBC => old("RC2"),
        other => old(&format!("the method {other}")),
    }
}

/// RFC 7292 appendix C: 3DES under a key of SHA-1. Of `derived` octets, where they are two parts, the first is the third, too.
fn pbe(
    algorithm: &AlgorithmIdentifierOwned,
    encrypted: &[u8],
    password: &Password,
    derived: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let parameters: Pkcs12PbeParams = algorithm.parameters.as_ref().ok_or(Error::Malformed)?.decode_as()?;
    let rounds = password.rounds(u32::try_from(parameters.iterations).map_err(|_| Error::Malformed)?)?;
    let digest = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    let salt = parameters.salt.as_bytes();
    let derivation = Derivation { digest, block: DIGEST_BLOCK, salt, password: &password.wide, rounds };
    let mut key = derivation.derive(FOR_KEY, derived);
    key.extend_from_within(..triple_des::KEY - derived);
    let iv = derivation.derive(FOR_IV, triple_des::BLOCK);
    triple_des::decrypt(encrypted, &key, &iv).ok_or(Error::Password)
}

fn pbes2(
    algorithm: &AlgorithmIdentifierOwned,
    encrypted: &[u8],
    password: &Password,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let parameters = algorithm.parameters.as_ref().ok_or(Error::Malformed)?.to_der()?;
    let parameters: ::pkcs12::pbe_params::Pbes2Params = Decode::from_der(&parameters)?;
    if parameters.kdf.oid != oid::PBKDF2 {
        return Err(Error::OldProtection(format!("the derivation {}", parameters.kdf.oid)));
    }
    let (cipher, key_length) = match parameters.encryption.oid {
        oid::AES128_CBC => (Some(&AES_128), 16),
        oid::AES192_CBC => (Some(&AES_192), 24),
        oid::AES256_CBC => (Some(&AES_256), 32),
        oid::DES3_CBC => (None, triple_des::KEY),
        other => return Err(Error::OldProtection(format!("the cipher {other}"))),
    };
    let iv = parameters.encryption.parameters.as_ref().ok_or(Error::Malformed)?;
    let key = pbkdf2(&parameters.kdf, key_length, password)?;
    let Some(cipher) = cipher else { return triple_des::decrypt(encrypted, &key, iv.value()).ok_or(Error::Password) };
    let iv: [u8; 16] = iv.value().try_into().map_err(|_| Error::Malformed)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(cipher, &key)?)?;
    let mut octets = Zeroizing::new(encrypted.to_vec());
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let length = key.decrypt(&mut octets, context).map_err(|_| Error::Password)?.len();
    octets.truncate(length);
    Ok(octets)
}

/// RFC 8018 §5.2, appendix A.2; the function is HMAC-SHA-1 where none is named.
fn pbkdf2(kdf: &AlgorithmIdentifierOwned, length: usize, password: &Password) -> Result<Zeroizing<Vec<u8>>, Error> {
    let parameters = kdf.parameters.as_ref().ok_or(Error::Malformed)?;
    let mut reader = SliceReader::new(parameters.value())?;
    let salt: OctetStringRef<'_> = reader.decode()?;
    let count: u32 = reader.decode()?;
    let count = password.rounds(count)?;
    let mut function = oid::HMAC_SHA1;
    while !reader.is_finished() {
        let next: AnyRef<'_> = reader.decode()?;
        if next.tag() == Tag::Sequence {
            function = next.sequence(|reader| {
                let name: ObjectIdentifier = reader.decode()?;
                let _parameters: Option<AnyRef<'_>> = reader.decode()?;
                Ok(name)
            })?;
        }
    }
    let function = match function {
        oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
        oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
        oid::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
        oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
        other => return Err(Error::OldProtection(format!("the function {other}"))),
    };
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(function, count, salt.as_bytes(), &password.text, &mut key);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_have_a_limit_for_the_whole_file() {
        let asked = |counts: &[u32]| {
            let password = Password::new("x");
            counts.iter().try_for_each(|count| password.rounds(*count).map(drop))
        };
        assert_eq!(asked(&[0]), Err(Error::Malformed));
        assert_eq!(asked(&[ITERATIONS_MAX]), Ok(()));
        assert_eq!(asked(&[ITERATIONS_MAX + 1]), Err(TOO_MANY));
        assert_eq!(asked(&[1, ITERATIONS_MAX - 1]), Ok(()));
        assert_eq!(asked(&[2, ITERATIONS_MAX - 1]), Err(TOO_MANY));
    }

    #[test]
    fn adding_carries_and_loses_what_overflows() {
        let mut block = [0x00, 0xff, 0xff];
        add(&mut block, &[0x00]);
        assert_eq!(block, [0x01, 0x00, 0x00]);
        let mut block = [0xff, 0xff];
        add(&mut block, &[0x00, 0x01]);
        assert_eq!(block, [0x00, 0x01]);
    }
}
