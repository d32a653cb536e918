//! Judges what a browser brings back: a new credential (WebAuthn Level 2 §7.1) or a proof of an old one (§7.2). Pure: the
//! challenge's own signature and whose credential it is are checked beside it.

use super::authenticator::{self, Said};
use super::{PasskeyError, key};
use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Where this happens, as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The relying party's id: the host's name.
    pub id: String,
    /// As browsers write it: `https://mail.hamburger.edu`, with the port where it is not the usual.
    pub origin: String,
}

/// Octets of client data at most: a challenge, an origin, and what browsers add.
pub(super) const CLIENT_DATA_MAX: usize = 4096;
/// Octets of an attestation object at most: chains of certificates come with some, and are passed over.
pub(super) const ATTESTATION_MAX: usize = 16 * 1024;

/// WebAuthn §5.8.1. What else is in it is passed over, as the standard asks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// A credential that was made, checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub id: Vec<u8>,
    pub key: Vec<u8>,
    pub counter: u32,
}

/// A proof, as the browser brings it.
pub(super) struct Proof<'a> {
    pub client_data: &'a [u8],
    pub authenticator_data: &'a [u8],
    pub signature: &'a [u8],
}

/// The challenge that client data answer, when they are of this kind and from this place.
pub(super) fn challenge_of(client_data: &[u8], kind: &str, party: &Party) -> Result<Vec<u8>, PasskeyError> {
    if client_data.len() > CLIENT_DATA_MAX {
        return Err(PasskeyError::Malformed);
    }
    let data: ClientData = serde_json::from_slice(client_data).map_err(|_| PasskeyError::Malformed)?;
    if data.r#type != kind {
        return Err(PasskeyError::Malformed);
    }
    // §7.1 step 9, §7.2 step 13; a frame of another site says so itself.
    if data.origin != party.origin || data.cross_origin {
        return Err(PasskeyError::Origin);
    }
    BASE64_URL_SAFE_NO_PAD.decode(data.challenge).map_err(|_| PasskeyError::Malformed)
}

/// A new credential from an attestation object.
pub(super) fn made(attestation: &[u8], party: &Party) -> Result<Made, PasskeyError> {
    if attestation.len() > ATTESTATION_MAX {
        return Err(PasskeyError::Malformed);
    }
    let data = authenticator::attested(attestation).ok_or(PasskeyError::Malformed)?;
    let said = authenticator::read(data).ok_or(PasskeyError::Malformed)?;
    check(&said, party)?;
    let credential = said.credential.ok_or(PasskeyError::Malformed)?;
    Ok(Made { id: credential.id.to_vec(), key: credential.key.to_vec(), counter: said.counter })
}

/// The counter after a proof that fits the key.
pub(super) fn proven(proof: &Proof<'_>, stored_key: &[u8], party: &Party, counter: u32) -> Result<u32, PasskeyError> {
    let said = authenticator::read(proof.authenticator_data).ok_or(PasskeyError::Malformed)?;
    check(&said, party)?;
    let (key, _) = key::read(stored_key).ok_or(PasskeyError::Malformed)?;
    let hash = digest::digest(&digest::SHA256, proof.client_data);
    let signed = [proof.authenticator_data, hash.as_ref()].concat();
    if !key.fits(&signed, proof.signature) {
        return Err(PasskeyError::Signature);
    }
    // §7.2 step 21: a counter that stands still or goes back tells of a copy. Zero always: there is none.
    if (counter > 0 || said.counter > 0) && said.counter <= counter {
        return Err(PasskeyError::Counter);
    }
    Ok(said.counter)
}

/// §7.1 steps 13 to 15, §7.2 steps 15 to 17: our own name, a person, and the right one.
fn check(said: &Said<'_>, party: &Party) -> Result<(), PasskeyError> {
    let ours = digest::digest(&digest::SHA256, party.id.as_bytes());
    if constant_time::verify_slices_are_equal(ours.as_ref(), said.party).is_err() {
        return Err(PasskeyError::Origin);
    }
    if !said.present || !said.verified {
        return Err(PasskeyError::Unverified);
    }
    Ok(())
}
