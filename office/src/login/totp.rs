//! Codes of an authenticator app (RFC 6238 over RFC 4226): SHA-1, six digits, 30 seconds, as every app understands them.
//! Owns the arithmetic and the text forms of the secret; who has which secret, and which codes were used, is
//! `second_factor`'s.

use aws_lc_rs::hmac;
use message::Time;

/// Octets of a secret: RFC 4226 §4 recommends 160 bits.
pub(super) const SECRET_OCTETS: usize = 20;
/// RFC 6238 §4: X, the time step.
const STEP_S: u64 = 30;
/// Digits of a code; more is not shown by some apps.
pub(super) const DIGITS: usize = 6;
/// RFC 6238 §5.2: steps that the clock of a phone may be off, and its owner slow.
const WINDOW: u64 = 1;

/// RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step that a code belongs to, when it is right now and later than `used`. RFC 6238 §5.2: a code is good once.
pub(super) fn step_of(secret: &[u8], code: &str, now: Time, used: Option<u64>) -> Option<u64> {
    let now = now.unix_seconds() / STEP_S;
    let mut found = None;
    // All are compared, so that the time taken does not tell which fits.
    for step in now.saturating_sub(WINDOW)..=now.saturating_add(WINDOW) {
        let right =
            aws_lc_rs::constant_time::verify_slices_are_equal(self::code(secret, step).as_bytes(), code.as_bytes());
        if right.is_ok() && used.is_none_or(|used| step > used) {
            found = found.or(Some(step));
        }
    }
    found
}

/// The code of a step (RFC 4226 §5.3).
fn code(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or(0) & 0x0f);
    let four = tag.get(offset..offset + 4).unwrap_or_default();
    let number = four.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet)) & 0x7fff_ffff;
    format!("{:0DIGITS$}", number % 10_u32.pow(6))
}

/// What is typed as a code: digits, with or without the space that apps show in the middle.
pub(super) fn typed(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

/// RFC 4648 §6, without padding.
#[must_use]
pub(super) fn base32(octets: &[u8]) -> String {
    let digits = octets.len() * 8;
    let bit = |at: usize| octets.get(at / 8).map_or(0, |octet| octet >> (7 - at % 8) & 1);
    let letter = |at: usize| (at..at + 5).fold(0, |letter, at| letter << 1 | usize::from(bit(at)));
    (0..digits).step_by(5).filter_map(|at| BASE32.get(letter(at))).map(|letter| char::from(*letter)).collect()
}

/// What an app reads from the picture: the form that all of them know.
pub(super) fn uri(secret: &[u8], issuer: &str, name: &str) -> String {
    let (issuer, name) = (escaped(issuer), escaped(name));
    let secret = base32(secret);
    format!(
        "otpauth://totp/{issuer}:{name}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
    )
}

fn escaped(text: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    let one = |octet: u8| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") };
    text.bytes().map(one).collect()
}

/// The code of this moment, for tests elsewhere.
#[cfg(test)]
pub(super) fn code_at(secret: &[u8], now: Time) -> String {
    code(secret, now.unix_seconds() / STEP_S)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238 appendix B, the last six of its eight digits; RFC 4226 appendix D.
    #[test]
    fn the_codes_of_the_rfcs() {
        for (seconds, wanted) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, Time(seconds * 1000)), wanted);
        }
        assert_eq!(code(SECRET, 0), "755224");
        assert_eq!(code(SECRET, 9), "520489");
    }

    #[test]
    fn a_code_is_good_for_one_step_to_either_side() {
        let now = Time(1_111_111_111_000);
        let step = now.unix_seconds() / 30;
        for (at, good) in [(step - 2, false), (step - 1, true), (step, true), (step + 1, true), (step + 2, false)] {
            let found = step_of(SECRET, &code(SECRET, at), now, None);
            assert_eq!(found, good.then_some(at));
        }
    }

    #[test]
    fn a_code_is_good_once_and_none_before_it_after() {
        let now = Time(1_111_111_111_000);
        let step = now.unix_seconds() / 30;
        assert_eq!(step_of(SECRET, &code(SECRET, step), now, Some(step)), None);
        assert_eq!(step_of(SECRET, &code(SECRET, step - 1), now, Some(step)), None);
        assert_eq!(step_of(SECRET, &code(SECRET, step + 1), now, Some(step)), Some(step + 1));
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in ["", "0", "05047", "0504711", "05047a", "\u{0660}50471"] {
            assert_eq!(step_of(SECRET, text, Time(1_111_111_111_000), None), None, "{text}");
        }
        assert_eq!(step_of(SECRET, &typed(" 050 471\n"), Time(1_111_111_111_000), None), Some(37_037_037));
        assert_eq!(step_of(SECRET, "000000", Time(0), None), None, "at the beginning of time there is no step before");
    }

    /// RFC 4648 §10.
    #[test]
    fn base32_of_the_rfc() {
        for (octets, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(octets.as_bytes()), text);
        }
    }

    #[test]
    fn an_app_is_told_whose_it_is() {
        assert_eq!(
            uri(SECRET, "mx.hamburger.edu", "bob+1@hamburger.edu"),
            "otpauth://totp/mx.hamburger.edu:bob%2B1%40hamburger.edu?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=mx.hamburger.edu&algorithm=SHA1&digits=6&period=30"
        );
    }
}
