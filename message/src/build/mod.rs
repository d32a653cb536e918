//! Writing header fields: folding, encoded words, address lists, dates, ids. Owns the exact form of every field this
//! house adds (RFC 5322 §2.2.3 and §3.6, RFC 2047), and of reports (`report`). Does not own reading (`header`) or transfer
//! encodings (`encoding`).
//! Every field is returned whole, name and final CRLF included; no line is longer than 78 octets unless one word is.

pub mod answer;
pub mod compose;
pub mod flowed;
mod fold;
pub mod report;
mod trace;

pub use fold::{LINE_HARD_MAX, LINE_MAX};
pub use trace::{Received, delivered_to, received_here, return_path};

use crate::{Address, Domain, Time, date};
use fold::Folder;
use std::fmt::Write;

/// One entry of an address list to be written: a display name, empty for none, and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name as people read it; encoded or quoted when written.
    pub name: String,
    /// The address.
    pub address: Address,
}

/// An unstructured field such as `Subject` (RFC 5322 §2.2.1). Text beyond ASCII becomes encoded words (RFC 2047),
/// line breaks become spaces, other controls too: no value can begin a field of its own.
#[must_use]
pub fn text(name: &str, value: &str) -> Vec<u8> {
    let mut folder = Folder::new(name);
    folder.text(value);
    folder.finish()
}

/// An address field such as `To` (RFC 5322 §3.4). Names are written plain, quoted or encoded, as they need.
#[must_use]
pub fn addresses(name: &str, list: &[Mailbox]) -> Vec<u8> {
    let mut folder = Folder::new(name);
    for (index, mailbox) in list.iter().enumerate() {
        let comma = if index + 1 < list.len() { "," } else { "" };
        if mailbox.name.is_empty() {
            folder.word(&format!("{}{comma}", mailbox.address));
        } else {
            folder.phrase(&mailbox.name);
            folder.word(&format!("<{}>{comma}", mailbox.address));
        }
    }
    folder.finish()
}

/// `Date: Sat, 21 Nov 2026 05:17:44 +0000`; the offset counts minutes east of UTC.
#[must_use]
pub fn date(time: Time, offset_minutes: i16) -> Vec<u8> {
    format!("Date: {}\r\n", date::write(time, offset_minutes)).into_bytes()
}

/// A new id (RFC 5322 §3.6.4) with its angle brackets, from 16 octets of randomness and the name of this host.
#[must_use]
pub fn new_message_id(random: &[u8; 16], host: &Domain) -> String {
    let mut id = String::with_capacity(40);
    id.push('<');
    for octet in random {
        let _ = write!(id, "{octet:02x}");
    }
    id.push('@');
    id.push_str(host.as_str());
    id.push('>');
    id
}

/// `Message-ID: <...>`, of an id with its brackets as [`new_message_id`] makes it.
#[must_use]
pub fn message_id(id: &str) -> Vec<u8> {
    let mut folder = Folder::new("Message-ID");
    folder.word(id);
    folder.finish()
}

/// `References` and `In-Reply-To`: ids with their brackets, folded between them.
#[must_use]
pub fn message_ids(name: &str, ids: &[&str]) -> Vec<u8> {
    let mut folder = Folder::new(name);
    ids.iter().for_each(|id| folder.word(id));
    folder.finish()
}

#[cfg(test)]
mod tests;
