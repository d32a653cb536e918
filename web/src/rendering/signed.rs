//! Addresses that need no login: of the document a message is shown in and of the pictures within it. A frame of opaque
//! origin sends no cookie, so the address itself says what it leads to and until when, under a signature. Owns their form
//! and their key, which lives as long as the process: after a restart the page asks for new ones.

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use message::Time;
use store::types::{AccountId, EmailId};

/// How long an address leads anywhere: an afternoon in front of one message needs a new one, a copy in a log is soon
/// worth nothing.
pub const VALID_S: u64 = 3_600;
/// Octets of the signature: 128 bits of HMAC-SHA-256.
pub const SIGNATURE_OCTETS: usize = 16;
/// Octets of what is signed.
const CLAIM_OCTETS: usize = 30;

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub account: AccountId,
    /// Which message.
    pub email: EmailId,
    /// Which of its parts; `None`: the document it is shown in.
    pub part: Option<u32>,
    /// Whether pictures of other hosts are shown.
    pub allow_remote: bool,
    /// Whether the page is dark.
    pub dark: bool,
}

/// Makes and reads such addresses.
pub struct Signer {
    key: hmac::Key,
}

impl Default for Signer {
    /// With a new key.
    fn default() -> Signer {
        let mut octets = [0; 32];
        // Without randomness there is no key that a stranger does not know; then the house does not open.
        #[allow(clippy::expect_used, reason = "the operating system gives no randomness: nothing here may go on")]
        rand::fill(&mut octets).expect("randomness");
        Signer { key: hmac::Key::new(hmac::HMAC_SHA256, &octets) }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// The last piece of an address.
    #[must_use]
    pub fn token(&self, claim: &Claim, now: Time) -> String {
        let until = now.unix_seconds().saturating_add(VALID_S);
        let mut octets = write(claim, until);
        let signature = hmac::sign(&self.key, &octets);
        octets.extend_from_slice(signature.as_ref().get(..SIGNATURE_OCTETS).unwrap_or_default());
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// What it leads to; `None` for one that is not ours, or too old.
    #[must_use]
    pub fn claim(&self, token: &str, now: Time) -> Option<Claim> {
        let octets = URL_SAFE_NO_PAD.decode(token).ok()?;
        if octets.len() != CLAIM_OCTETS + SIGNATURE_OCTETS {
            return None;
        }
        let (said, signature) = octets.split_at_checked(CLAIM_OCTETS)?;
        let own = hmac::sign(&self.key, said);
        aws_lc_rs::constant_time::verify_slices_are_equal(own.as_ref().get(..SIGNATURE_OCTETS)?, signature).ok()?;
        let (claim, until) = read(said)?;
        (now.unix_seconds() <= until).then_some(claim)
    }
}

fn write(claim: &Claim, until: u64) -> Vec<u8> {
    let mut octets = Vec::with_capacity(CLAIM_OCTETS + SIGNATURE_OCTETS);
    octets.extend_from_slice(&claim.account.0.to_be_bytes());
    octets.extend_from_slice(&claim.email.0.to_be_bytes());
    octets.extend_from_slice(&until.to_be_bytes());
    octets.extend_from_slice(&claim.part.unwrap_or_default().to_be_bytes());
    octets.push(u8::from(claim.part.is_some()));
    octets.push(u8::from(claim.allow_remote) | u8::from(claim.dark) << 1);
    octets
}

fn read(octets: &[u8]) -> Option<(Claim, u64)> {
    let number = |at: usize| Some(i64::from_be_bytes(octets.get(at..at + 8)?.try_into().ok()?));
    let part = u32::from_be_bytes(octets.get(24..28)?.try_into().ok()?);
    let has_part = *octets.get(28)? == 1;
    let flags = *octets.get(29)?;
    let claim = Claim {
        account: AccountId(number(0)?),
        email: EmailId(number(8)?),
        part: has_part.then_some(part),
        allow_remote: flags & 1 != 0,
        dark: flags & 2 != 0,
    };
    let until = u64::from_be_bytes(octets.get(16..24)?.try_into().ok()?);
    Some((claim, until))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const CLAIM: Claim =
        Claim { account: AccountId(3), email: EmailId(1 << 40), part: Some(7), allow_remote: true, dark: false };

    fn at(second: u64) -> Time {
        Time(second * 1_000)
    }

    #[test]
    fn what_is_signed_comes_back_for_an_hour() {
        let signer = Signer::default();
        for claim in
            [CLAIM, Claim { part: None, dark: true, allow_remote: false, ..CLAIM }, Claim { part: Some(0), ..CLAIM }]
        {
            let token = signer.token(&claim, at(1_000));
            assert_eq!(signer.claim(&token, at(1_000 + VALID_S)), Some(claim));
            assert_eq!(signer.claim(&token, at(1_001 + VALID_S)), None, "a second too late");
        }
    }

    #[test]
    fn nothing_else_leads_anywhere() {
        let signer = Signer::default();
        let token = signer.token(&CLAIM, at(0));
        assert_eq!(Signer::default().claim(&token, at(0)), None, "another house");
        let octets = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at_octet in 0..octets.len() {
            let mut changed = octets.clone();
            changed[at_octet] ^= 1;
            assert_eq!(signer.claim(&URL_SAFE_NO_PAD.encode(changed), at(0)), None, "octet {at_octet}");
        }
        for bad in ["", "x", &token[1..], &format!("{token}AA"), "../../etc/passwd"] {
            assert_eq!(signer.claim(bad, at(0)), None, "{bad}");
        }
    }
}
