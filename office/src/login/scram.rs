//! The arithmetic of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677). What is stored cannot be used to log in elsewhere, nor here
//! without breaking SHA-256.

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::num::NonZeroU32;
use store::types::ScramVerifier;

/// Rounds of PBKDF2 for new verifiers. RFC 7677 §4 asks for at least 4096; the client pays, once a login.
pub(super) const ITERATIONS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

/// Makes salts for users that do not exist, always the same for a name.
pub(super) struct Keys {
    decoys: hmac::Key,
}

impl Keys {
    pub fn new(secret: [u8; 32]) -> Keys {
        Keys { decoys: hmac::Key::new(hmac::HMAC_SHA256, &secret) }
    }

    /// What an unknown user's verifier looks like from outside.
    pub fn decoy(&self, name: &str) -> ScramVerifier {
        let tag = hmac::sign(&self.decoys, name.as_bytes());
        let salt = tag.as_ref().get(..16).unwrap_or_default().to_vec();
        ScramVerifier { salt, iterations: ITERATIONS.get(), stored_key: [0; 32], server_key: [0; 32] }
    }
}

/// The server's part of the nonce: base64, so free of commas.
pub(super) fn nonce(random: &[u8; 18]) -> String {
    STANDARD.encode(random)
}

/// What is stored for a password.
pub(super) fn verifier(password: &[u8], salt: &[u8]) -> ScramVerifier {
    verifier_with(password, salt, ITERATIONS)
}

/// The same with a salt and rounds that are given.
pub(super) fn verifier_with(password: &[u8], salt: &[u8], iterations: NonZeroU32) -> ScramVerifier {
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password, &mut salted);
    let client_key = sign(&salted, b"Client Key");
    ScramVerifier {
        salt: salt.to_vec(),
        iterations: iterations.get(),
        stored_key: sha256(&client_key),
        server_key: sign(&salted, b"Server Key"),
    }
}

/// The server's signature if the proof is right.
pub(super) fn check(verifier: &ScramVerifier, auth_message: &[u8], proof: &[u8; 32]) -> Option<[u8; 32]> {
    let mut client_key = sign(&verifier.stored_key, auth_message);
    client_key.iter_mut().zip(proof).for_each(|(octet, proof)| *octet ^= proof);
    let right = aws_lc_rs::constant_time::verify_slices_are_equal(&sha256(&client_key), &verifier.stored_key);
    right.ok().map(|()| sign(&verifier.server_key, auth_message))
}

fn sign(key: &[u8], message: &[u8]) -> [u8; 32] {
    octets(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

fn sha256(message: &[u8]) -> [u8; 32] {
    octets(digest::digest(&digest::SHA256, message).as_ref())
}

fn octets(hash: &[u8]) -> [u8; 32] {
    hash.try_into().unwrap_or([0; 32])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The example of RFC 7677 §3: user "user", password "pencil".
    #[test]
    fn the_example_of_the_rfc() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = verifier_with(b"pencil", &salt, NonZeroU32::new(4096).unwrap());
        let message = b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof: [u8; 32] =
            STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap().try_into().unwrap();
        let signature = check(&verifier, message, &proof).unwrap();
        assert_eq!(STANDARD.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let mut wrong = proof;
        wrong[0] ^= 1;
        assert_eq!(check(&verifier, message, &wrong), None);
    }

    #[test]
    fn a_decoy_stays_the_same_and_lets_nobody_in() {
        let keys = Keys::new([3; 32]);
        assert_eq!(keys.decoy("nobody").salt, keys.decoy("nobody").salt);
        assert_ne!(keys.decoy("nobody").salt, keys.decoy("somebody").salt);
        assert_eq!(check(&keys.decoy("nobody"), b"m", &[0; 32]), None);
    }
}
