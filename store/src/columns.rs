//! How the store's words stand in columns of integers and octets, both ways. Owns no statement.

use crate::StoreError;
use crate::op::{Frame, Place};
use crate::types::{Flags, PopDelete, QueueId, Role};
use message::{Address, Domain, Host, Time};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use std::fmt::Display;

pub(crate) type Sql<T> = Result<T, StoreError>;

/// A text kept as UTF-8 octets.
pub(crate) struct Text(pub String);

impl FromSql for Text {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Text> {
        let bytes = value.as_bytes()?;
        String::from_utf8(bytes.to_vec()).map(Text).map_err(FromSqlError::other)
    }
}

impl ToSql for Text {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

/// A count, size or time as a column holds it; what no column can hold stays at the largest.
pub(crate) fn num(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Back again; counters are never negative.
pub(crate) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A number that fits 32 bits.
pub(crate) fn small(value: i64) -> Sql<u32> {
    u32::try_from(value).map_err(|_| StoreError::damaged(format!("{value} is no 32-bit number")))
}

pub(crate) fn time(value: i64) -> Time {
    Time(count(value))
}

pub(crate) fn queue_id(value: i64) -> QueueId {
    QueueId(value.cast_unsigned())
}

pub(crate) fn queue_key(id: QueueId) -> i64 {
    id.0.cast_signed()
}

/// Texts as SQLite's JSON functions read them.
pub(crate) fn json_list(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

pub(crate) fn optional_text(text: Option<&str>) -> Option<&[u8]> {
    text.map(str::as_bytes)
}

/// The checksum of what lies in a row without one of its own: the first octets of BLAKE3.
pub(crate) fn sum(octets: &[u8]) -> i64 {
    blake3::hash(octets).as_bytes().first_chunk().map_or(0, |first| i64::from_le_bytes(*first))
}

/// Checks octets of a row against their checksum, where they have one: rows of earlier releases do not.
pub(crate) fn check_sum(what: &str, octets: &[u8], kept: Option<i64>) -> Sql<()> {
    match kept {
        Some(kept) if kept != sum(octets) => Err(StoreError::damaged(format!("{what} does not match its checksum"))),
        _ => Ok(()),
    }
}

/// The form in which local parts and whole addresses compare.
pub(crate) fn key(local: &str) -> String {
    local.to_lowercase()
}

/// The host half of an address as kept.
pub(crate) fn host(address: &Address) -> String {
    address.host().to_string()
}

/// An address from its two halves.
pub(crate) fn address(local: &str, host: &str) -> Sql<Address> {
    let failed = |what: &dyn Display| StoreError::damaged(format!("address {local:?} at {host:?}: {what}"));
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match literal {
        Some(literal) => {
            let ip = literal.strip_prefix("IPv6:").unwrap_or(literal);
            Host::Literal(ip.parse().map_err(|error| failed(&error))?)
        }
        None => Host::Domain(domain(host)?),
    };
    Ok(Address::new(local, host))
}

pub(crate) fn domain(text: &str) -> Sql<Domain> {
    Domain::parse(text).map_err(|error| StoreError::damaged(format!("domain {text:?}: {error}")))
}

pub(crate) fn role_number(role: Option<Role>) -> i64 {
    match role {
        None => 0,
        Some(Role::Inbox) => 1,
        Some(Role::Archive) => 2,
        Some(Role::Drafts) => 3,
        Some(Role::Sent) => 4,
        Some(Role::Junk) => 5,
        Some(Role::Trash) => 6,
    }
}

pub(crate) fn role(number: i64) -> Sql<Option<Role>> {
    Ok(match number {
        0 => None,
        1 => Some(Role::Inbox),
        2 => Some(Role::Archive),
        3 => Some(Role::Drafts),
        4 => Some(Role::Sent),
        5 => Some(Role::Junk),
        6 => Some(Role::Trash),
        other => return Err(StoreError::damaged(format!("role {other}"))),
    })
}

pub(crate) fn pop_delete_number(value: PopDelete) -> i64 {
    match value {
        PopDelete::Remove => 0,
        PopDelete::Archive => 1,
    }
}

pub(crate) fn pop_delete(number: i64) -> PopDelete {
    if number == 1 { PopDelete::Archive } else { PopDelete::Remove }
}

/// Frames of a blob, 20 octets each: segment (4), offset (8), stored (4), octets (4).
pub(crate) fn frames_out(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frames.len() * FRAME_ROW);
    for frame in frames {
        bytes.extend_from_slice(&frame.segment.to_le_bytes());
        bytes.extend_from_slice(&frame.offset.to_le_bytes());
        bytes.extend_from_slice(&frame.stored.to_le_bytes());
        bytes.extend_from_slice(&frame.octets.to_le_bytes());
    }
    bytes
}

const FRAME_ROW: usize = 20;

pub(crate) fn frames_in(bytes: &[u8]) -> Sql<Vec<Frame>> {
    let (rows, rest) = bytes.as_chunks::<FRAME_ROW>();
    if !rest.is_empty() {
        return Err(StoreError::damaged("the frames of a blob are cut short"));
    }
    Ok(rows.iter().map(frame_in).collect())
}

fn frame_in(row: &[u8; FRAME_ROW]) -> Frame {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = *row;
    Frame {
        segment: u32::from_le_bytes([a, b, c, d]),
        offset: u64::from_le_bytes([e, f, g, h, i, j, k, l]),
        stored: u32::from_le_bytes([m, n, o, p]),
        octets: u32::from_le_bytes([q, r, s, t]),
    }
}

/// The place of a blob from its columns.
pub(crate) fn place(codec: i64, frames: Option<Vec<u8>>, inline: Option<Vec<u8>>) -> Sql<Place> {
    match (frames, inline) {
        (Some(frames), _) => Ok(Place::Frames(frames_in(&frames)?)),
        (None, Some(bytes)) => Ok(Place::Inline { codec: u8::try_from(codec).unwrap_or(u8::MAX), bytes }),
        (None, None) => Err(StoreError::damaged("a blob has neither frames nor octets")),
    }
}

pub(crate) fn hash(bytes: &[u8]) -> Sql<[u8; 32]> {
    bytes.try_into().map_err(|_| StoreError::damaged("a hash has not 32 octets"))
}

/// [`message::flag_bits`] as the integers of a row.
pub(crate) mod bits {
    use message::flag_bits;

    pub(crate) const SEEN: i64 = flag_bits::SEEN.cast_signed();
    pub(crate) const ANSWERED: i64 = flag_bits::ANSWERED.cast_signed();
    pub(crate) const FLAGGED: i64 = flag_bits::FLAGGED.cast_signed();
    pub(crate) const DELETED: i64 = flag_bits::DELETED.cast_signed();
    pub(crate) const DRAFT: i64 = flag_bits::DRAFT.cast_signed();
    pub(crate) const UTF8_HEADER: i64 = flag_bits::UTF8_HEADER.cast_signed();
    pub(crate) use flag_bits::FIRST_KEYWORD;
}

/// Different keywords in use in one account: what is left of 63 bits. Past it a new keyword is refused (`Conflict`).
pub const KEYWORDS_MAX: u32 = 63 - bits::FIRST_KEYWORD;

/// The system flags as bits.
pub(crate) fn system_bits(flags: &Flags) -> i64 {
    [
        (flags.seen, bits::SEEN),
        (flags.answered, bits::ANSWERED),
        (flags.flagged, bits::FLAGGED),
        (flags.deleted, bits::DELETED),
        (flags.draft, bits::DRAFT),
    ]
    .into_iter()
    .fold(0, |all, (set, bit)| if set { all | bit } else { all })
}

/// Flags from bits; `keywords`: slot and name of each keyword of the account.
pub(crate) fn flags(value: i64, keywords: &[(u32, String)]) -> Flags {
    let mut names: Vec<String> = Vec::new();
    if value >> bits::FIRST_KEYWORD != 0 {
        names = keywords.iter().filter(|(slot, _)| value & keyword_bit(*slot) != 0).map(|(_, n)| n.clone()).collect();
        names.sort();
    }
    Flags {
        seen: value & bits::SEEN != 0,
        answered: value & bits::ANSWERED != 0,
        flagged: value & bits::FLAGGED != 0,
        deleted: value & bits::DELETED != 0,
        draft: value & bits::DRAFT != 0,
        keywords: names,
    }
}

pub(crate) fn keyword_bit(slot: u32) -> i64 {
    1_i64.checked_shl(slot + bits::FIRST_KEYWORD).unwrap_or(0)
}
