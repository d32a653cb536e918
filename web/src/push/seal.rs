//! Messages for push services, sealed so that only the client can read them: RFC 8291 over the `aes128gcm` coding of RFC
//! 8188. Owns the keys' derivation and the one record; knows no HTTP.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

/// Octets of a public key: an uncompressed point of P-256.
pub const PUBLIC_KEY_OCTETS: usize = 65;
/// Octets of the secret that both sides know (RFC 8291 §3.2).
pub const AUTH_OCTETS: usize = 16;
const SALT_OCTETS: usize = 16;
/// The record size that is told; a push message is one record of less (RFC 8291 §4).
const RECORD_OCTETS: u32 = 4096;
/// What stands before the record: salt, record size, length of the key, the key (RFC 8188 §2.1).
const HEADER_OCTETS: usize = SALT_OCTETS + 4 + 1 + PUBLIC_KEY_OCTETS;
/// The delimiter and the tag of AES-128-GCM.
const RECORD_OVERHEAD: usize = 1 + 16;
/// Octets of text that fit: the whole is to have at most 4096, which is what every push service takes (RFC 8291 §4).
pub const SEALED_TEXT_MAX: usize = 4096 - HEADER_OCTETS - RECORD_OVERHEAD;

/// What a client told of itself to be written to (RFC 8620 §7.2, `keys`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    public: Vec<u8>,
    auth: Vec<u8>,
}

impl Keys {
    /// From `p256dh` and `auth` in base64 of RFC 4648 §5; `None` where one is no key.
    #[must_use]
    pub fn of(p256dh: &str, auth: &str) -> Option<Keys> {
        let keys = Keys { public: decode(p256dh)?, auth: decode(auth)? };
        // That it is a point of the curve is seen when it is first agreed with.
        let is_key = keys.public.len() == PUBLIC_KEY_OCTETS && keys.auth.len() == AUTH_OCTETS;
        (is_key && seal(b"", &keys).is_some()).then_some(keys)
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// Seals a text of at most [`SEALED_TEXT_MAX`] octets under a key made for it alone; `None` where it is longer or the keys
/// are none.
#[must_use]
pub fn seal(text: &[u8], keys: &Keys) -> Option<Vec<u8>> {
    if text.len() > SEALED_TEXT_MAX {
        return None;
    }
    let mut salt = [0; SALT_OCTETS];
    rand::fill(&mut salt).ok()?;
    let own = PrivateKey::generate(&ECDH_P256).ok()?;
    seal_with(text, keys, &own, &salt).ok()
}

fn seal_with(text: &[u8], keys: &Keys, own: &PrivateKey, salt: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let own_public = own.compute_public_key()?;
    let own_public = own_public.as_ref();
    let peer = UnparsedPublicKey::new(&ECDH_P256, &keys.public);
    // RFC 8291 §3.3, §3.4.
    let input: [u8; 32] = agreement::agree(own, peer, Unspecified, |shared| {
        let prk = Salt::new(HKDF_SHA256, &keys.auth).extract(shared);
        expand(&prk, &[b"WebPush: info\0", &keys.public, own_public])
    })?;
    let prk = Salt::new(HKDF_SHA256, salt).extract(&input);
    let key: [u8; 16] = expand(&prk, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = expand(&prk, &[b"Content-Encoding: nonce\0"])?;

    // RFC 8188 §2.1; the nonce of the first record is the base itself (§2.3).
    let mut sealed = Vec::with_capacity(HEADER_OCTETS + text.len() + RECORD_OVERHEAD);
    sealed.extend_from_slice(salt);
    sealed.extend_from_slice(&RECORD_OCTETS.to_be_bytes());
    sealed.push(u8::try_from(own_public.len()).map_err(|_| Unspecified)?);
    sealed.extend_from_slice(own_public);
    // RFC 8188 §2: the delimiter of the last record is 2.
    let mut record = [text, &[2]].concat();
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    sealed.extend_from_slice(&record);
    Ok(sealed)
}

struct Octets(usize);

impl KeyType for Octets {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(prk: &aws_lc_rs::hkdf::Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut out = [0; N];
    prk.expand(info, Octets(N))?.fill(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn the_example_of_the_rfc_comes_out() {
        // RFC 8291 §5 and Appendix A.
        let own =
            PrivateKey::from_private_key(&ECDH_P256, &decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap());
        let salt = decode("DGv6ra1nlYgDCS1FRnbzlw").unwrap();
        let keys = Keys::of(PUBLIC, AUTH).unwrap();
        let sealed = seal_with(b"When I grow up, I want to be a watermelon", &keys, &own.unwrap(), &salt).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tl\
            zAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(sealed), expected);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(Keys::of(PUBLIC, AUTH).is_some());
        assert!(Keys::of(&format!("{PUBLIC}="), &format!("{AUTH}==")).is_some(), "padded");
        let off_the_curve = PUBLIC.replacen("BCV", "BCW", 1);
        for (public, auth) in [(PUBLIC, "AAAA"), ("BAAA", AUTH), ("", ""), ("!", AUTH), (off_the_curve.as_str(), AUTH)]
        {
            assert_eq!(Keys::of(public, auth), None, "{public} {auth}");
        }
    }

    #[test]
    fn a_sealed_message_has_at_most_4096_octets() {
        let keys = Keys::of(PUBLIC, AUTH).unwrap();
        assert_eq!(seal(&[b'a'; SEALED_TEXT_MAX], &keys).unwrap().len(), 4096);
        assert_eq!(seal(&[b'a'; SEALED_TEXT_MAX + 1], &keys), None, "one past it");
        assert_ne!(seal(b"a", &keys), seal(b"a", &keys), "each has a key and a salt of its own");
    }
}
