//! The stored form of a [`Summary`]: one version octet, then fields in order; numbers in groups of seven bits, the
//! last below 128; texts and lists after their length. Reading is total: any octets give a summary or an error.

use super::{Envelope, Summary, SummaryPart};
use crate::header::{Disposition, Entry, Mailbox, Parameter, Phrase};
use crate::structure::Kind;
use std::ops::Range;

/// The first octet. A later form gets a higher number and keeps reading this one.
pub const VERSION: u8 = 2;

/// The first form, which had no routes of addresses. All else is the same.
const WITHOUT_ROUTES: u8 = 1;

/// Why octets are no summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first octet is not a version we know.
    #[error("the summary has a version this program does not know")]
    Version,
    /// It ends too early, or holds what no writer writes.
    #[error("the summary is damaged")]
    Damaged,
}

type Read<T> = Result<T, DecodeError>;

impl Summary {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.push(VERSION);
        self.put(&mut out);
        out
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`DecodeError`], for octets that [`Summary::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Summary, DecodeError> {
        let (version, mut rest) = bytes.split_first().ok_or(DecodeError::Damaged)?;
        if !matches!(*version, VERSION | WITHOUT_ROUTES) {
            return Err(DecodeError::Version);
        }
        let summary = Summary::get(&mut rest)?;
        let in_order =
            |(index, part): (usize, &SummaryPart)| part.parent.is_none_or(|parent| (parent as usize) < index);
        let sound = rest.is_empty() && summary.parts.iter().enumerate().all(in_order);
        if sound { Ok(summary) } else { Err(DecodeError::Damaged) }
    }
}

/// What has a stored form; `get` takes it from the front of the octets.
trait Stored: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn get(rest: &mut &[u8]) -> Read<Self>;
}

impl Stored for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut value = *self;
        while value >= 0x80 {
            out.push((value & 0x7F) as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    fn get(rest: &mut &[u8]) -> Read<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let octet = u8::get(rest)?;
            let bits = u64::from(octet & 0x7F);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Damaged);
            }
            value |= bits << shift;
            if octet < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Damaged)
    }
}

impl Stored for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn get(rest: &mut &[u8]) -> Read<u8> {
        let (octet, after) = rest.split_first().ok_or(DecodeError::Damaged)?;
        *rest = after;
        Ok(*octet)
    }
}

impl Stored for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn get(rest: &mut &[u8]) -> Read<bool> {
        match u8::get(rest)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Damaged),
        }
    }
}

impl Stored for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }

    fn get(rest: &mut &[u8]) -> Read<u32> {
        u32::try_from(u64::get(rest)?).map_err(|_| DecodeError::Damaged)
    }
}

/// A list, and octets as a list of them. Every element has an octet at least, so a count cannot promise more than
/// there is.
impl<T: Stored> Stored for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        self.iter().for_each(|element| element.put(out));
    }

    fn get(rest: &mut &[u8]) -> Read<Vec<T>> {
        let count = usize::try_from(u64::get(rest)?).map_err(|_| DecodeError::Damaged)?;
        if count > rest.len() {
            return Err(DecodeError::Damaged);
        }
        (0..count).map(|_| T::get(rest)).collect()
    }
}

impl Stored for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(rest: &mut &[u8]) -> Read<String> {
        String::from_utf8(Vec::get(rest)?).map_err(|_| DecodeError::Damaged)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn get(rest: &mut &[u8]) -> Read<Option<T>> {
        bool::get(rest)?.then(|| T::get(rest)).transpose()
    }
}

impl<T: Stored> Stored for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }

    fn get(rest: &mut &[u8]) -> Read<Box<T>> {
        T::get(rest).map(Box::new)
    }
}

/// Start and length.
impl Stored for Range<u64> {
    fn put(&self, out: &mut Vec<u8>) {
        self.start.put(out);
        self.end.saturating_sub(self.start).put(out);
    }

    fn get(rest: &mut &[u8]) -> Read<Range<u64>> {
        let start = u64::get(rest)?;
        let end = start.checked_add(u64::get(rest)?).ok_or(DecodeError::Damaged)?;
        Ok(start..end)
    }
}

impl Stored for Kind {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Kind::Leaf => 0,
            Kind::Multipart => 1,
            Kind::Message => 2,
        });
    }

    fn get(rest: &mut &[u8]) -> Read<Kind> {
        match u8::get(rest)? {
            0 => Ok(Kind::Leaf),
            1 => Ok(Kind::Multipart),
            2 => Ok(Kind::Message),
            _ => Err(DecodeError::Damaged),
        }
    }
}

impl Stored for Entry {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Entry::Mailbox(mailbox) => {
                match &mailbox.route {
                    None => out.push(0),
                    Some(route) => {
                        out.push(3);
                        route.to_vec().put(out);
                    }
                }
                mailbox.put(out);
            }
            Entry::GroupStart(name) => {
                out.push(1);
                name.put(out);
            }
            Entry::GroupEnd => out.push(2),
        }
    }

    fn get(rest: &mut &[u8]) -> Read<Entry> {
        match u8::get(rest)? {
            0 => Mailbox::get(rest).map(Entry::Mailbox),
            1 => Phrase::get(rest).map(Entry::GroupStart),
            2 => Ok(Entry::GroupEnd),
            3 => {
                let route: Vec<u8> = Vec::get(rest)?;
                Ok(Entry::Mailbox(Mailbox { route: Some(route.into()), ..Mailbox::get(rest)? }))
            }
            _ => Err(DecodeError::Damaged),
        }
    }
}

/// The route, which hardly any has, is the entry's.
impl Stored for Mailbox {
    fn put(&self, out: &mut Vec<u8>) {
        self.name.put(out);
        self.local_part.put(out);
        self.domain.put(out);
    }

    fn get(rest: &mut &[u8]) -> Read<Mailbox> {
        let (name, local_part) = (Option::get(rest)?, Vec::get(rest)?);
        Ok(Mailbox { name, local_part, domain: Vec::get(rest)?, route: None })
    }
}

/// An octet stands behind the words that once told whether they were quoted.
impl Stored for Phrase {
    fn put(&self, out: &mut Vec<u8>) {
        self.raw.put(out);
        false.put(out);
    }

    fn get(rest: &mut &[u8]) -> Read<Phrase> {
        let raw = Vec::get(rest)?;
        bool::get(rest).map(|_| Phrase { raw })
    }
}

/// A struct is its fields in order, so writing and reading cannot fall apart.
macro_rules! stored_struct {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl Stored for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)+
            }

            fn get(rest: &mut &[u8]) -> Read<$name> {
                Ok($name { $($field: Stored::get(rest)?),+ })
            }
        }
    };
}

stored_struct!(Parameter { name, value });
stored_struct!(Disposition { kind, parameters });
stored_struct!(Summary { parts, octets, utf8_header, message_id, references });
stored_struct!(Envelope { date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id });
stored_struct!(SummaryPart {
    parent,
    kind,
    header,
    body,
    lines,
    media_type,
    subtype,
    parameters,
    id,
    description,
    encoding,
    md5,
    disposition,
    language,
    location,
    envelope,
});
