//! 3DES in CBC, of old letters and key files. Owns taking it off, and its key wrap (RFC 3217 §3.2); nothing is written with it.
#![allow(deprecated, reason = "the library calls it so, and what was written long ago is read by nothing else")]

use aws_lc_rs::cipher::{
    DES_EDE_FOR_LEGACY_USE_ONLY, DES_EDE3_FOR_LEGACY_USE_ONLY, DecryptingKey, DecryptionContext,
    PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

/// Octets of a key: three of DES, parity counted.
pub(crate) const KEY: usize = 24;
/// Octets of a block, and so of what chaining begins with.
pub(crate) const BLOCK: usize = 8;
/// What chaining begins with around a wrapped key (RFC 3217 §3.2).
const WRAP_IV: [u8; BLOCK] = [0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05];
/// Octets of a wrapped key: what chaining begins with, the key, and a block to know it by (RFC 3217 §3.2).
const WRAPPED: usize = BLOCK + KEY + BLOCK;

/// What was encrypted, its padding (RFC 5652 §6.3) taken off.
pub(crate) fn decrypt(encrypted: &[u8], key: &[u8], iv: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut octets = Zeroizing::new(encrypted.to_vec());
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(unbound(key)?).ok()?;
    let length = key.decrypt(&mut octets, context(iv)?).ok()?.len();
    octets.truncate(length);
    Some(octets)
}

/// A content key out of its wrapping (RFC 3217 §3.2).
pub(crate) fn unwrap(wrapped: &[u8], key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if wrapped.len() != WRAPPED {
        return None;
    }
    let mut octets = without_padding(wrapped, key, &WRAP_IV)?;
    octets.reverse();
    let (iv, inner) = octets.split_at_checked(BLOCK)?;
    let mut plain = without_padding(inner, key, iv)?;
    let (content_key, check) = plain.split_at_checked(KEY)?;
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, content_key);
    verify_slices_are_equal(hash.as_ref().get(..BLOCK)?, check).ok()?;
    plain.truncate(KEY);
    Some(plain)
}

fn without_padding(encrypted: &[u8], key: &[u8], iv: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut octets = Zeroizing::new(encrypted.to_vec());
    DecryptingKey::cbc(unbound(key)?).ok()?.decrypt(&mut octets, context(iv)?).ok()?;
    Some(octets)
}

fn context(iv: &[u8]) -> Option<DecryptionContext> {
    let iv: [u8; BLOCK] = iv.try_into().ok()?;
    Some(DecryptionContext::Iv64(FixedLength::from(iv)))
}

/// The library keeps keys of two parts, whose third is the first again, apart from those of three (RFC 3370 §5.1 has both).
fn unbound(key: &[u8]) -> Option<UnboundCipherKey> {
    let (first_two, third) = key.split_at_checked(2 * BLOCK).filter(|_| key.len() == KEY)?;
    match first_two.starts_with(third) {
        true => UnboundCipherKey::new(&DES_EDE_FOR_LEGACY_USE_ONLY, first_two).ok(),
        false => UnboundCipherKey::new(&DES_EDE3_FOR_LEGACY_USE_ONLY, key).ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};

    fn encrypted(octets: &[u8], key: &[u8], iv: [u8; BLOCK]) -> Vec<u8> {
        let mut octets = octets.to_vec();
        let key = EncryptingKey::cbc(unbound(key).unwrap()).unwrap();
        key.less_safe_encrypt(&mut octets, EncryptionContext::Iv64(FixedLength::from(iv))).unwrap();
        octets
    }

    /// Keys of three parts, and of two.
    fn keys() -> [Vec<u8>; 2] {
        let three: Vec<u8> = (1..=24).map(|octet| octet * 7).collect();
        let two = [&three[..16], &three[..8]].concat();
        [three, two]
    }

    #[test]
    fn what_was_padded_and_encrypted_is_read() {
        for key in keys() {
            let octets = encrypted(b"ketchup!pickles\x01", &key, [3; BLOCK]);
            assert_eq!(decrypt(&octets, &key, &[3; BLOCK]).unwrap().as_slice(), b"ketchup!pickles");
            for (key, iv) in [(&key[..23], &[3; 8][..]), (&key, &[3; 7]), (&key, &[3; 16])] {
                assert!(decrypt(&octets, key, iv).is_none());
            }
            assert!(decrypt(&octets[..15], &key, &[3; BLOCK]).is_none(), "no whole block");
            assert!(decrypt(b"", &key, &[3; BLOCK]).is_none());
        }
    }

    #[test]
    fn a_wrapped_key_is_known_by_its_check() {
        let content_key = [9; KEY];
        for key in keys() {
            let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &content_key);
            let inner = encrypted(&[&content_key[..], &hash.as_ref()[..BLOCK]].concat(), &key, [5; BLOCK]);
            let mut outer = [&[5; BLOCK][..], &inner].concat();
            outer.reverse();
            let wrapped = encrypted(&outer, &key, WRAP_IV);
            assert_eq!(unwrap(&wrapped, &key).unwrap().as_slice(), content_key);
            for at in 0..wrapped.len() {
                let mut changed = wrapped.clone();
                changed[at] ^= 1;
                assert!(unwrap(&changed, &key).is_none(), "{at}");
            }
            assert!(unwrap(&wrapped[..32], &key).is_none());
        }
    }
}
