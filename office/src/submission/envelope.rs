//! The envelope of a submission: read from what a client gave, or made from the header of the e-mail (RFC 8621 §7). Owns its
//! parameters: FUTURERELEASE (RFC 4865) and DSN (RFC 3461); the others that we announce say what is known anyway.

use super::record::{Envelope, Party};
use crate::inbound::{Claimed, senders as header_senders};
use message::header::{self, Entry};
use message::summary::Envelope as HeaderEnvelope;
use message::{Address, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::smtp::{Notify, Return};

/// How long a message may be held: a month (`maxDelayedSend`).
pub const HOLD_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Digits of `SIZE` (RFC 1870 §6.1): as many as 64 bits take.
const SIZE_DIGITS_MAX: usize = 20;
/// Values of `BODY` (RFC 6152 §3, RFC 3030 §3).
const BODIES: [&str; 3] = ["7BIT", "8BITMIME", "BINARYMIME"];

/// What is wrong with an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeFault {
    /// In words.
    Malformed(String),
    /// These recipients are no addresses.
    Recipients(Vec<String>),
    /// There are none.
    Nobody,
    /// The e-mail names no author, or several and no sender.
    Author(String),
}

/// An envelope as the desk takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub reverse_path: Option<Address>,
    pub ret: Option<Return>,
    pub envid: Option<String>,
    pub recipients: Vec<(Address, Option<Notify>, Option<String>)>,
    /// When it shall leave; `None`: now.
    pub hold_until: Option<Time>,
}

/// Whom a header names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// From fields.
    pub from_fields: usize,
    /// Addresses in the last From.
    pub from: Vec<Address>,
    /// Addresses in the last Sender.
    pub sender: Vec<Address>,
    /// Everybody else whom the message claims to be from.
    pub senders: Vec<Claimed>,
    /// Everybody in To, Cc and Bcc, as typed.
    pub recipients: Vec<String>,
}

impl Named {
    /// Reads a header section.
    pub fn of(section: &[u8]) -> Named {
        let mut named = Named { senders: header_senders(section), ..Named::default() };
        for field in header::fields(section) {
            if field.is("From") {
                named.from_fields += 1;
                named.from = addresses(field.value);
            } else if field.is("Sender") {
                named.sender = addresses(field.value);
            } else if field.is("To") || field.is("Cc") || field.is("Bcc") {
                named.recipients.extend(typed(field.value));
            }
        }
        named
    }

    /// The envelope of RFC 8621 §7 for who may write as `is_own` says, and otherwise as `identity`.
    ///
    /// # Errors
    /// [`EnvelopeFault::Author`].
    pub fn envelope(&self, identity: &str, is_own: impl Fn(&Address) -> bool) -> Result<Envelope, EnvelopeFault> {
        let authors = if self.sender.is_empty() { &self.from } else { &self.sender };
        let author = match authors.as_slice() {
            [one] => one,
            [] => return Err(EnvelopeFault::Author("There is no author with an address.".to_owned())),
            _ => return Err(EnvelopeFault::Author("There are several authors and no one Sender.".to_owned())),
        };
        let email = if is_own(author) { author.to_string() } else { identity.to_owned() };
        let mut seen = BTreeSet::new();
        let once = |email: &&String| seen.insert(email.to_lowercase());
        let party = |email: &String| Party { email: email.clone(), parameters: None };
        let rcpt_to = self.recipients.iter().filter(once).map(party).collect();
        Ok(Envelope { mail_from: Party { email, parameters: None }, rcpt_to })
    }
}

fn addresses(value: &[u8]) -> Vec<Address> {
    let entries = header::addresses(value);
    HeaderEnvelope::mailboxes(&entries).filter_map(header::Mailbox::address).collect()
}

/// Every mailbox: the address in its one form, or what stands there.
fn typed(value: &[u8]) -> Vec<String> {
    let written = |entry: &Entry| match entry {
        Entry::Mailbox(mailbox) => Some(match mailbox.address() {
            Some(address) => address.to_string(),
            None => {
                let part = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
                let name = mailbox.name.as_ref().map(header::Phrase::text).unwrap_or_default();
                let at = if mailbox.domain.is_empty() { "" } else { "@" };
                let email = format!("{}{at}{}", part(&mailbox.local_part), part(&mailbox.domain));
                if email.is_empty() { name } else { email }
            }
        }),
        Entry::GroupStart(_) | Entry::GroupEnd => None,
    };
    header::addresses(value).iter().filter_map(written).collect()
}

impl Checked {
    /// Reads what a client gave.
    ///
    /// # Errors
    /// [`EnvelopeFault`].
    pub fn of(envelope: &Envelope, now: Time) -> Result<Checked, EnvelopeFault> {
        if envelope.rcpt_to.is_empty() {
            return Err(EnvelopeFault::Nobody);
        }
        // RFC 8621 §7: what stands between `<` and `>` in MAIL and RCPT, so nothing around it (RFC 5321 §4.1.2).
        let sender = envelope.mail_from.email.as_str();
        let no_address = |_| EnvelopeFault::Malformed("mailFrom is no address.".to_owned());
        let reverse_path = if sender.is_empty() { None } else { Some(Address::parse(sender).map_err(no_address)?) };
        let mut checked = Checked { reverse_path, ret: None, envid: None, recipients: Vec::new(), hold_until: None };
        checked.read_sender(&by_name(&envelope.mail_from)?, now)?;
        let mut wrong = Vec::new();
        for party in &envelope.rcpt_to {
            match Address::parse(&party.email) {
                Ok(address) => checked.read_recipient(address, &by_name(party)?)?,
                Err(_) => wrong.push(party.email.clone()),
            }
        }
        if wrong.is_empty() { Ok(checked) } else { Err(EnvelopeFault::Recipients(wrong)) }
    }

    fn read_sender(&mut self, parameters: &Parameters<'_>, now: Time) -> Result<(), EnvelopeFault> {
        let wrong = |name: &str| EnvelopeFault::Malformed(format!("The parameter {name} of mailFrom is no good."));
        for (name, given) in parameters {
            let value = given.unwrap_or_default();
            match name.as_str() {
                // RFC 4865 §4
                "HOLDFOR" | "HOLDUNTIL" if self.hold_until.is_some() => return Err(wrong(name)),
                "HOLDFOR" => {
                    let seconds = read_interval(value).ok_or_else(|| wrong(name))?;
                    self.hold_until = Some(now.after(Duration::from_secs(seconds)));
                }
                // In UTC.
                "HOLDUNTIL" if value.ends_with(['Z', 'z']) => {
                    self.hold_until = Some(read_date(value).ok_or_else(|| wrong(name))?.max(now));
                }
                "RET" if value.eq_ignore_ascii_case("FULL") => self.ret = Some(Return::Full),
                "RET" if value.eq_ignore_ascii_case("HDRS") => self.ret = Some(Return::Headers),
                "ENVID" if (1..=100).contains(&value.len()) && is_printable(value) => {
                    self.envid = Some(value.to_owned());
                }
                // What the content is, we see ourselves; so they only have to be right.
                "SIZE" if (1..=SIZE_DIGITS_MAX).contains(&value.len()) && is_digits(value) => {}
                "BODY" if BODIES.iter().any(|body| value.eq_ignore_ascii_case(body)) => {}
                "SMTPUTF8" if given.is_none() => {}
                _ => return Err(wrong(name)),
            }
        }
        let latest = now.after(HOLD_MAX);
        match self.hold_until {
            Some(until) if until > latest => {
                Err(EnvelopeFault::Malformed("The message would be held for longer than a month.".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn read_recipient(&mut self, address: Address, parameters: &Parameters<'_>) -> Result<(), EnvelopeFault> {
        let wrong = |name: &str| EnvelopeFault::Malformed(format!("The parameter {name} of <{address}> is no good."));
        let (mut notify, mut orcpt) = (None, None);
        for (name, given) in parameters {
            let value = given.unwrap_or_default();
            match name.as_str() {
                "NOTIFY" => notify = Some(read_notify(value).ok_or_else(|| wrong(name))?),
                "ORCPT" if is_original(value) => orcpt = Some(value.to_owned()),
                _ => return Err(wrong(name)),
            }
        }
        if self.recipients.iter().all(|(other, ..)| *other != address) {
            self.recipients.push((address, notify, orcpt));
        }
        Ok(())
    }
}

/// Parameters by their names in capitals; `None` for one without a value.
type Parameters<'a> = BTreeMap<String, Option<&'a str>>;

/// Names of parameters are the same in any case, and each is given once (RFC 5321 §4.1.1.11).
fn by_name(party: &Party) -> Result<Parameters<'_>, EnvelopeFault> {
    let mut all = Parameters::new();
    for (name, value) in party.parameters.iter().flatten() {
        if all.insert(name.to_ascii_uppercase(), value.as_deref()).is_some() {
            return Err(EnvelopeFault::Malformed(format!("The parameter {name} is there twice.")));
        }
    }
    Ok(all)
}

fn is_digits(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit())
}

/// `future-release-integer` of RFC 4865 §4: 1 to 999999999, without a sign or a leading zero.
fn read_interval(value: &str) -> Option<u64> {
    let fits = is_digits(value) && value.len() <= 9 && !value.starts_with('0');
    fits.then(|| value.parse().ok()).flatten()
}

/// RFC 3461 §4.2: the type of an address, `;`, and the address.
fn is_original(value: &str) -> bool {
    let is_type =
        |name: &str| !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let parts = value.split_once(';').is_some_and(|(name, address)| is_type(name) && !address.is_empty());
    parts && value.len() <= 500 && is_printable(value)
}

fn is_printable(value: &str) -> bool {
    value.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ')
}

/// RFC 3461 §4.1: `NEVER` alone, or some of the others.
fn read_notify(value: &str) -> Option<Notify> {
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(notify);
    }
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return None,
        }
    }
    Some(notify)
}

/// `2026-11-21T05:17:44Z`, or with an offset (RFC 3339 §5.6).
#[must_use]
pub fn read_date(text: &str) -> Option<Time> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse::<i64>().ok()).flatten()
    };
    let at = |index: usize| text.as_bytes().get(index).copied();
    let separated = at(4) == Some(b'-') && at(7) == Some(b'-') && at(13) == Some(b':') && at(16) == Some(b':');
    if !separated || !matches!(at(10), Some(b'T' | b't')) {
        return None;
    }
    let (month, day) = (u32::try_from(number(5, 7)?).ok()?, u32::try_from(number(8, 10)?).ok()?);
    let days = message::date::day(number(0, 4)?, month, day)?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (milli, zone) = fraction(text.get(19..)?)?;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - read_offset(zone)?;
    Some(Time(u64::try_from(seconds).ok()?.checked_mul(1000)? + milli))
}

fn fraction(rest: &str) -> Option<(u64, &str)> {
    let Some(after) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let (digits, zone) = after.split_at(end);
    let milli = format!("{digits:0<3}").get(..3)?.parse().ok()?;
    (end > 0).then_some((milli, zone))
}

/// Seconds east of UTC.
fn read_offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let two = |text: &str| if text.len() == 2 && is_digits(text) { text.parse::<i64>().ok() } else { None };
    let seconds = two(hours).filter(|hours| *hours < 24)? * 3600 + two(minutes).filter(|minutes| *minutes < 60)? * 60;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
