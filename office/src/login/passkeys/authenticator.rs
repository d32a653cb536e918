//! What an authenticator says (WebAuthn Level 2 §6.1, §6.5): the relying party it means, whether a person was there and
//! who they are, the counter, and with a new credential its id and key. Owns reading it; judging it is `ceremony`'s.

use super::cbor::{self, Value};
use super::key;

/// WebAuthn §6.1: flags.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// Octets of a credential's id at most (WebAuthn §6.5.1, Level 2 §7.1 step 18).
pub(super) const ID_MAX: usize = 1023;

/// Authenticator data, read.
#[derive(Debug)]
pub(super) struct Said<'a> {
    /// SHA-256 of the relying party's id.
    pub party: &'a [u8],
    pub present: bool,
    pub verified: bool,
    pub counter: u32,
    pub credential: Option<Credential<'a>>,
}

/// A new credential.
#[derive(Debug)]
pub(super) struct Credential<'a> {
    pub id: &'a [u8],
    /// The key as COSE, as it will be stored.
    pub key: &'a [u8],
}

/// Reads authenticator data; all of it must be used up. `None` also for what contradicts itself.
pub(super) fn read(octets: &[u8]) -> Option<Said<'_>> {
    let (party, rest) = octets.split_at_checked(32)?;
    let (flags, rest) = rest.split_first()?;
    let (counter, rest) = rest.split_at_checked(4)?;
    let has = |flag: u8| flags & flag != 0;
    let (credential, rest) = if has(HAS_CREDENTIAL) {
        let (credential, rest) = credential(rest)?;
        (Some(credential), rest)
    } else {
        (None, rest)
    };
    let rest = if has(HAS_EXTENSIONS) { extensions(rest)? } else { rest };
    // What cannot be backed up is not (WebAuthn Level 3 §6.1.3).
    if !rest.is_empty() || has(BACKED_UP) && !has(BACKUP_ELIGIBLE) {
        return None;
    }
    let counter = counter.iter().fold(0, |number, octet| number << 8 | u32::from(*octet));
    Some(Said { party, present: has(USER_PRESENT), verified: has(USER_VERIFIED), counter, credential })
}

/// WebAuthn §6.5.1: the model's id, the length of the credential's, the credential's, the key.
fn credential(octets: &[u8]) -> Option<(Credential<'_>, &[u8])> {
    let (_model, rest) = octets.split_at_checked(16)?;
    let (length, rest) = rest.split_at_checked(2)?;
    let length = length.iter().fold(0, |number, octet| number << 8 | usize::from(*octet));
    if length == 0 || length > ID_MAX {
        return None;
    }
    let (id, rest) = rest.split_at_checked(length)?;
    let (_, used) = key::read(rest)?;
    let (key, rest) = rest.split_at_checked(used)?;
    Some((Credential { id, key }, rest))
}

/// No extension is asked for; what is sent all the same is passed over.
fn extensions(octets: &[u8]) -> Option<&[u8]> {
    match cbor::read(octets)? {
        (Value::Map(_), rest) => Some(rest),
        _ => None,
    }
}

/// The authenticator data of an attestation object (WebAuthn §6.5.4). Who made the authenticator is not asked: the
/// statement is passed over, whatever its format (§7.1 allows it: attestation `none` was asked for).
pub(super) fn attested(octets: &[u8]) -> Option<&[u8]> {
    let (object, rest) = cbor::read(octets)?;
    object.named("fmt")?.text()?;
    matches!(object.named("attStmt")?, Value::Map(_)).then_some(())?;
    rest.is_empty().then_some(())?;
    object.named("authData")?.octets()
}
