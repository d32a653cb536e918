//! SRS, the sender rewriting scheme: mail that an alias sends on to another host leaves with a reverse-path of ours, in
//! which the sender's own is wrapped, signed and dated, so that reports find their way back and nobody else can make
//! such an address. Pure: the secret and the day are arguments. Does not own when it is used (`inbound`).
//!
//! `SRS0=SIGNATURE=DAY=domain=local-part` wraps an address. What another forwarder wrapped before is not wrapped again
//! but led around: `SRS1=SIGNATURE=domain==...` goes back to that forwarder in one step, however long the chain.

use aws_lc_rs::hmac;
use message::address::LOCAL_PART_MAX;
use message::{Address, Domain, Host, Time};

/// Days a wrapped address is good for: longer than any server tries to deliver (RFC 5321 §4.5.4.1: four to five days),
/// with room for slow reports.
pub const VALID_DAYS: u64 = 21;

/// The secret that addresses are signed with.
pub const SECRET_OCTETS: usize = 32;

/// Characters of a signature: 40 bits. A guess costs a RCPT, and wins a way to one address for 21 days.
const SIGNATURE_LENGTH: usize = 8;

/// Days are counted modulo this: two characters of base 32.
const DAYS: u64 = 1024;

/// Digits in which case does not matter: some hosts change it.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// What signs and checks.
pub struct Srs(hmac::Key);

/// Why an address is not taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrsError {
    /// It only looks like one.
    #[error("it is not complete")]
    Form,
    /// It was not signed here, or was changed since.
    #[error("its signature is not ours")]
    Signature,
    /// It was made too long ago.
    #[error("it is more than {VALID_DAYS} days old")]
    Expired,
}

impl Srs {
    /// By the secret of this house.
    #[must_use]
    pub fn new(secret: &[u8; SECRET_OCTETS]) -> Srs {
        Srs(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The reverse-path in `here` under which mail from `sender` is sent on. `None` where none fits into 64 octets (RFC
    /// 5321 §4.5.3.1.1), or the sender has no domain: the mail keeps its own then.
    #[must_use]
    pub fn wrap(&self, sender: &Address, here: &Domain, now: Time) -> Option<Address> {
        let domain = sender.domain()?;
        let local_part = match kind(sender.local_part()) {
            Some((Kind::Around, rest)) => {
                // SRS1 keeps the first forwarder: `SIGNATURE=domain=rest`.
                let (_, way) = rest.split_once('=')?;
                format!("SRS1={}={way}", self.sign(&["1", way]))
            }
            Some((Kind::Wrapped, _)) => {
                let wrapped = sender.local_part().get(4..)?;
                let way = format!("{domain}={wrapped}");
                format!("SRS1={}={way}", self.sign(&["1", &way]))
            }
            None => {
                let day = day_text(day(now));
                let local = sender.local_part();
                format!("SRS0={}={day}={domain}={local}", self.sign(&["0", &day, domain.as_str(), local]))
            }
        };
        (local_part.len() <= LOCAL_PART_MAX).then(|| Address::new(&local_part, Host::Domain(here.clone())))
    }

    /// Whose address is wrapped in this one. `None`: it is not such an address at all.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn unwrap(&self, wrapped: &Address, now: Time) -> Option<Result<Address, SrsError>> {
        let (kind, rest) = kind(wrapped.local_part())?;
        Some(match kind {
            Kind::Wrapped => self.unwrap_own(rest, now),
            Kind::Around => self.unwrap_around(rest),
        })
    }

    fn unwrap_own(&self, rest: &str, now: Time) -> Result<Address, SrsError> {
        let mut fields = rest.splitn(4, '=');
        let mut field = || fields.next().ok_or(SrsError::Form);
        let (signature, stamp, domain, local) = (field()?, field()?, field()?, field()?);
        self.check(signature, &["0", stamp, domain, local])?;
        let made = day_number(stamp).ok_or(SrsError::Form)?;
        if (day(now) + DAYS - made) % DAYS > VALID_DAYS {
            return Err(SrsError::Expired);
        }
        address(local, domain)
    }

    /// The way back to the first forwarder, who checks the day itself.
    fn unwrap_around(&self, rest: &str) -> Result<Address, SrsError> {
        let (signature, way) = rest.split_once('=').ok_or(SrsError::Form)?;
        self.check(signature, &["1", way])?;
        let (domain, wrapped) = way.split_once('=').ok_or(SrsError::Form)?;
        address(&format!("SRS0{wrapped}"), domain)
    }

    /// Signed without regard to case, for there are hosts that change it.
    fn sign(&self, fields: &[&str]) -> String {
        let text = fields.join("=").to_lowercase();
        let tag = hmac::sign(&self.0, text.as_bytes());
        let bits = tag.as_ref().iter().take(5).fold(0_u64, |bits, octet| bits << 8 | u64::from(*octet));
        (0..SIGNATURE_LENGTH).rev().map(|place| digit(bits >> (place * 5))).collect()
    }

    fn check(&self, signature: &str, fields: &[&str]) -> Result<(), SrsError> {
        let (ours, theirs) = (self.sign(fields), signature.to_ascii_lowercase());
        match aws_lc_rs::constant_time::verify_slices_are_equal(ours.as_bytes(), theirs.as_bytes()) {
            Ok(()) => Ok(()),
            Err(_) => Err(SrsError::Signature),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// SRS0.
    Wrapped,
    /// SRS1.
    Around,
}

/// Which kind of wrapped address a local part is, and what follows its first separator (`=`, `+` or `-`).
fn kind(local_part: &str) -> Option<(Kind, &str)> {
    let (tag, rest) = local_part.split_at_checked(4)?;
    let kind = match tag.to_ascii_uppercase().as_str() {
        "SRS0" => Kind::Wrapped,
        "SRS1" => Kind::Around,
        _ => return None,
    };
    rest.strip_prefix(['=', '+', '-']).map(|rest| (kind, rest))
}

/// What came over the wire once has to be an address again.
fn address(local_part: &str, domain: &str) -> Result<Address, SrsError> {
    let domain = Domain::parse(domain).map_err(|_| SrsError::Form)?;
    if local_part.is_empty() || local_part.len() > LOCAL_PART_MAX {
        return Err(SrsError::Form);
    }
    Ok(Address::new(local_part, Host::Domain(domain)))
}

fn day(now: Time) -> u64 {
    now.since(Time(0)).as_secs() / SECONDS_A_DAY % DAYS
}

fn day_text(day: u64) -> String {
    [digit(day >> 5), digit(day)].iter().collect()
}

fn day_number(text: &str) -> Option<u64> {
    let [high, low] = text.as_bytes() else { return None };
    let value = |digit: &u8| ALPHABET.iter().position(|other| *other == digit.to_ascii_lowercase());
    Some((value(high)? as u64) << 5 | value(low)? as u64)
}

fn digit(value: u64) -> char {
    let place = usize::try_from(value & 31).unwrap_or(0);
    ALPHABET.get(place).map_or('a', |digit| char::from(*digit))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const NOW: Time = Time(1_800_000_000_000);
    const DAY: Duration = Duration::from_secs(SECONDS_A_DAY);

    fn srs() -> Srs {
        Srs::new(&[7; SECRET_OCTETS])
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    fn with_local_part(address: &Address, local_part: &str) -> Address {
        Address::new(local_part, address.host().clone())
    }

    #[test]
    fn a_sender_is_wrapped_and_found_again() {
        let alice = address("alice@crepes.fr");
        let wrapped = srs().wrap(&alice, &domain("hamburger.edu"), NOW).unwrap();
        let text = wrapped.to_string();
        assert!(text.starts_with("SRS0=") && text.ends_with("=crepes.fr=alice@hamburger.edu"), "{text}");
        assert_eq!(srs().unwrap(&wrapped, NOW), Some(Ok(alice)));
        assert_eq!(srs().unwrap(&address("bob@hamburger.edu"), NOW), None);
        assert_eq!(srs().unwrap(&address("SRS0@hamburger.edu"), NOW), None);
    }

    #[test]
    fn it_is_good_for_three_weeks_and_no_longer() {
        let wrapped = srs().wrap(&address("alice@crepes.fr"), &domain("hamburger.edu"), NOW).unwrap();
        let days = |days: u64| srs().unwrap(&wrapped, NOW.after(DAY * u32::try_from(days).unwrap())).unwrap();
        assert!(days(VALID_DAYS).is_ok());
        assert_eq!(days(VALID_DAYS + 1), Err(SrsError::Expired));
        assert_eq!(days(DAYS - 1), Err(SrsError::Expired), "a day ahead is a day long past");
    }

    #[test]
    fn another_house_cannot_make_one() {
        let wrapped =
            Srs::new(&[8; SECRET_OCTETS]).wrap(&address("alice@crepes.fr"), &domain("hamburger.edu"), NOW).unwrap();
        assert_eq!(srs().unwrap(&wrapped, NOW), Some(Err(SrsError::Signature)));
        for broken in ["SRS0=", "SRS0=abcd", "SRS0=a=b=c", "SRS1=", "SRS1=x", "srs1-=="] {
            let answer = srs().unwrap(&with_local_part(&wrapped, broken), NOW);
            assert!(matches!(answer, Some(Err(SrsError::Form | SrsError::Signature))), "{broken}: {answer:?}");
        }
    }

    #[test]
    fn what_was_wrapped_is_led_around_in_one_step_however_long_the_chain() {
        let (one, two, three) = (Srs::new(&[1; 32]), Srs::new(&[2; 32]), Srs::new(&[3; 32]));
        let alice = address("a@b.example");
        let first = one.wrap(&alice, &domain("one.example"), NOW).unwrap();
        let second = two.wrap(&first, &domain("two.example"), NOW).unwrap();
        let third = three.wrap(&second, &domain("three.example"), NOW).unwrap();
        assert!(third.to_string().starts_with("SRS1=") && third.to_string().contains("=one.example=="), "{third}");
        assert_eq!(three.unwrap(&third, NOW), Some(Ok(first.clone())), "two.example is left out");
        assert_eq!(two.unwrap(&second, NOW), Some(Ok(first.clone())));
        assert_eq!(one.unwrap(&first, NOW), Some(Ok(alice)));
        assert_eq!(one.unwrap(&third, NOW), Some(Err(SrsError::Signature)));
    }

    #[test]
    fn what_does_not_fit_is_left_alone() {
        let here = domain("hamburger.edu");
        let room = LOCAL_PART_MAX - "SRS0=12345678=12=crepes.fr=".len();
        let sender = |length: usize| address(&format!("{}@crepes.fr", "a".repeat(length)));
        let fits = srs().wrap(&sender(room), &here, NOW).unwrap();
        assert_eq!(fits.local_part().len(), LOCAL_PART_MAX);
        assert_eq!(srs().unwrap(&fits, NOW), Some(Ok(sender(room))));
        assert_eq!(srs().wrap(&sender(room + 1), &here, NOW), None);
        assert_eq!(srs().wrap(&address("alice@[192.0.2.1]"), &here, NOW), None, "no domain");
    }

    proptest! {
        #[test]
        fn round_trip(local in "[!-~]{1,30}", name in "[a-z]{1,8}", day in 0..100_000_u64) {
            prop_assume!(kind(&local).is_none());
            let sender = Address::new(&local, Host::Domain(domain(&format!("{name}.example"))));
            let now = Time(day * SECONDS_A_DAY * 1000);
            if let Some(wrapped) = srs().wrap(&sender, &domain("hamburger.edu"), now) {
                prop_assert!(wrapped.local_part().len() <= LOCAL_PART_MAX);
                // Over the wire and back, and through a host that shouts or whispers.
                let parsed = Address::parse(&wrapped.to_string()).unwrap();
                prop_assert_eq!(srs().unwrap(&parsed, now), Some(Ok(sender.clone())));
                let lower = with_local_part(&wrapped, &wrapped.local_part().to_lowercase());
                let back = srs().unwrap(&lower, now).unwrap().unwrap();
                prop_assert_eq!(back.local_part(), local.to_lowercase());
            }
        }

        #[test]
        fn no_changed_octet_is_taken(at in 5..40_usize, to in "[a-z0-9]") {
            let wrapped = srs().wrap(&address("alice.of.paris@crepes.fr"), &domain("hamburger.edu"), NOW).unwrap();
            let mut local = wrapped.local_part().to_owned();
            prop_assume!(at < local.len() && !local[at..=at].eq_ignore_ascii_case(&to));
            local.replace_range(at..=at, &to);
            let answer = srs().unwrap(&with_local_part(&wrapped, &local), NOW);
            prop_assert!(matches!(answer, Some(Err(_))), "{answer:?}");
        }
    }
}
