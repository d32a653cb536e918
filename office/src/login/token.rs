//! Secrets that we draw ourselves: their text, and what is stored of them. They are random and long, so a plain hash
//! keeps them; nobody can try them all, and no slow hash is needed.

use super::totp::base32;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Octets of a session's secret.
pub(super) const SESSION_OCTETS: usize = 32;
/// Octets of a password for programs.
pub(super) const APP_OCTETS: usize = 16;
/// Its letters without the dashes.
const APP_LETTERS: usize = 26;
/// Letters between dashes, as many as one keeps in mind.
const APP_GROUP: usize = 4;
/// Octets of a recovery code: 50 bits, tried a few times an hour at most.
pub(super) const RECOVERY_LETTERS: usize = 10;

/// What is stored of a secret, and found by.
pub(super) type Digest = [u8; 32];

/// Which kind of secret it is: the same text is another one elsewhere.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Session,
    AppPassword,
    Recovery,
    Credential,
}

/// What is stored.
pub(super) fn digest_of(kind: Kind, secret: &[u8]) -> Digest {
    let word: &[u8] = match kind {
        Kind::Session => b"session\0",
        Kind::AppPassword => b"app password\0",
        Kind::Recovery => b"recovery\0",
        Kind::Credential => b"credential\0",
    };
    let hash = digest::digest(&digest::SHA256, &[word, secret].concat());
    hash.as_ref().try_into().unwrap_or([0; 32])
}

/// A session's secret as its cookie has it.
pub(super) fn session_text(secret: &[u8; SESSION_OCTETS]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(secret)
}

/// The other way.
pub(super) fn session_secret(text: &str) -> Option<[u8; SESSION_OCTETS]> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// A password for programs, as it is shown.
pub(super) fn app_text(secret: &[u8; APP_OCTETS]) -> String {
    let letters = base32(secret).to_ascii_lowercase();
    let groups = letters.as_bytes().chunks(APP_GROUP).map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join("-")
}

/// What a password for programs is found by, when this could be one: typed with or without dashes, large or small.
pub(super) fn app_digest(typed: &[u8]) -> Option<Digest> {
    let letters: Vec<u8> = typed
        .iter()
        .filter(|octet| **octet != b'-' && !octet.is_ascii_whitespace())
        .map(u8::to_ascii_lowercase)
        .take(APP_LETTERS + 1)
        .collect();
    let fits = letters.len() == APP_LETTERS && letters.iter().all(|c| matches!(c, b'a'..=b'z' | b'2'..=b'7'));
    fits.then(|| digest_of(Kind::AppPassword, &letters))
}

/// A recovery code, as it is shown.
pub(super) fn recovery_text(random: &[u8; 7]) -> String {
    let letters: String = base32(random).to_ascii_lowercase().chars().take(RECOVERY_LETTERS).collect();
    let (first, second) = letters.split_at(RECOVERY_LETTERS / 2);
    format!("{first}-{second}")
}

/// What a recovery code is found by, when this could be one.
pub(super) fn recovery_digest(typed: &str) -> Option<Digest> {
    let letters: String = typed.chars().filter(|c| *c != '-' && !c.is_whitespace()).collect();
    let letters = letters.to_ascii_lowercase();
    (letters.len() == RECOVERY_LETTERS).then(|| digest_of(Kind::Recovery, letters.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sessions_secret_reads_as_it_was_written() {
        let text = session_text(&[0xfb; 32]);
        assert_eq!((text.len(), session_secret(&text)), (43, Some([0xfb; 32])));
        assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "good in a cookie");
        for wrong in ["", "AAAA", &text[1..], &format!("{text}A"), &format!("{text}=")] {
            assert_eq!(session_secret(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_password_for_programs_is_found_however_it_is_typed() {
        let text = app_text(&[0x5a; 16]);
        assert_eq!((text.len(), text.split('-').count()), (32, 7));
        let digest = app_digest(text.as_bytes());
        assert!(digest.is_some());
        for typed in [text.replace('-', ""), text.to_uppercase(), format!(" {} ", text.replace('-', " "))] {
            assert_eq!(app_digest(typed.as_bytes()), digest, "{typed}");
        }
        for other in ["", "hungry", &text[1..], &format!("{text}a"), &text.replacen(|_: char| true, "0", 1)] {
            assert_eq!(app_digest(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_recovery_code_is_found_however_it_is_typed() {
        let text = recovery_text(&[0x5a; 7]);
        assert_eq!(text.len(), 11);
        assert_eq!(recovery_digest(&text), recovery_digest(&format!(" {} ", text.replace('-', "").to_uppercase())));
        assert!(recovery_digest(&text).is_some());
        assert_eq!(recovery_digest("123456"), None);
        assert_eq!(recovery_digest(&text[1..]), None);
    }

    #[test]
    fn kinds_are_kept_apart() {
        assert_ne!(digest_of(Kind::Session, b"a"), digest_of(Kind::Recovery, b"a"));
    }
}
