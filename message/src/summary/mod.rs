//! What is kept of a message besides its content, computed once at delivery: the data of IMAP's ENVELOPE and
//! BODYSTRUCTURE (RFC 9051 §7.5.2), ids for threads, byte ranges of parts. Owns the data and its compact encoding
//! (`codec`); does not know how IMAP writes it. Made from a [`Structure`] alone: the content is not read again.

mod codec;

use crate::header::{self, Entry, Field, Mailbox, Parameter};
use crate::structure::{Kind, Part, Structure};
use std::ops::Range;

pub use codec::{DecodeError, VERSION};

/// Everything about one message. `parts[0]` is the message itself; a parent stands before its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The parts, flat.
    pub parts: Vec<SummaryPart>,
    /// Octets of the content.
    pub octets: u64,
    /// Some header section holds octets beyond ASCII: only SMTPUTF8 can carry it (RFC 6531, RFC 6532).
    pub utf8_header: bool,
    /// Of the message itself, without brackets.
    pub message_id: Option<String>,
    /// The ids of References, else of In-Reply-To, without brackets.
    pub references: Vec<String>,
}

/// ENVELOPE of a message. Texts are unfolded and otherwise as typed: encoded words are decoded by
/// [`header::text`](crate::header::text) where people read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `Date`, to be read by [`date::read`](crate::date::read).
    pub date: Option<Vec<u8>>,
    /// `Subject`.
    pub subject: Option<Vec<u8>>,
    /// `From`.
    pub from: Vec<Entry>,
    /// `Sender`; empty where missing (IMAP then shows `from`).
    pub sender: Vec<Entry>,
    /// `Reply-To`; empty where missing (IMAP then shows `from`).
    pub reply_to: Vec<Entry>,
    /// `To`.
    pub to: Vec<Entry>,
    /// `Cc`.
    pub cc: Vec<Entry>,
    /// `Bcc`.
    pub bcc: Vec<Entry>,
    /// `In-Reply-To`.
    pub in_reply_to: Option<Vec<u8>>,
    /// `Message-ID`, with its brackets.
    pub message_id: Option<Vec<u8>>,
}

/// BODYSTRUCTURE of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryPart {
    /// Index of the part it lies in.
    pub parent: Option<u32>,
    /// What it is.
    pub kind: Kind,
    /// The header section in the content, empty line included.
    pub header: Range<u64>,
    /// The body in the content.
    pub body: Range<u64>,
    /// Lines of the body.
    pub lines: u64,
    /// `text` in `text/plain`, lower case; the default where the field is missing or broken.
    pub media_type: String,
    /// `plain` in `text/plain`, lower case.
    pub subtype: String,
    /// Of Content-Type, as typed.
    pub parameters: Vec<Parameter>,
    /// `Content-ID`, with its brackets.
    pub id: Option<Vec<u8>>,
    /// `Content-Description`, unfolded.
    pub description: Option<Vec<u8>>,
    /// `Content-Transfer-Encoding` in lower case, `7bit` where missing.
    pub encoding: String,
    /// `Content-MD5`.
    pub md5: Option<Vec<u8>>,
    /// `Content-Disposition`.
    pub disposition: Option<header::Disposition>,
    /// The tags of `Content-Language`.
    pub language: Vec<String>,
    /// `Content-Location`.
    pub location: Option<Vec<u8>>,
    /// Of a message: `parts[0]`, and the child of every [`Kind::Message`].
    pub envelope: Option<Box<Envelope>>,
}

impl Summary {
    /// Of a message whose parts are known.
    #[must_use]
    pub fn of(structure: &Structure) -> Summary {
        let mut room = Room::in_proportion_to(structure);
        let parts: Vec<SummaryPart> =
            structure.parts.iter().map(|part| SummaryPart::of(part, structure, &mut room)).collect();
        let (message_id, references) = thread_ids(structure);
        Summary {
            parts,
            octets: structure.octets,
            utf8_header: structure.parts.iter().any(|part| is_utf8(&part.fields)),
            message_id,
            references,
        }
    }
}

/// Whether fields hold UTF-8 beyond ASCII. Octets of an older charset do not make a message one of RFC 6532: those come
/// from programs that never heard of it, and are read as they always were.
fn is_utf8(fields: &[u8]) -> bool {
    !fields.is_ascii() && std::str::from_utf8(fields).is_ok()
}

/// Entries of lists (addresses, parameters, languages) that a message may have however short they are.
pub const ENTRIES_FREE: usize = 2_000;
/// Octets of kept fields that each entry beyond those must come with, on average: an address without a name has about as
/// many. An entry of one letter takes fifty times its own size, and a message of such entries would take that of memory.
pub const ENTRY_OCTETS: usize = 24;

/// How many entries of lists may still be kept of a message.
struct Room(usize);

impl Room {
    fn in_proportion_to(structure: &Structure) -> Room {
        let kept: usize = structure.parts.iter().map(|part| part.fields.len()).sum();
        Room(ENTRIES_FREE + kept / ENTRY_OCTETS)
    }

    fn addresses(&mut self, value: &[u8]) -> Vec<Entry> {
        let list = header::addresses_up_to(value, self.0);
        self.keep(list)
    }

    /// As many entries of a list as there is room for.
    fn keep<T>(&mut self, mut list: Vec<T>) -> Vec<T> {
        list.truncate(self.0);
        list.shrink_to_fit();
        self.0 -= list.len();
        list
    }
}

fn thread_ids(structure: &Structure) -> (Option<String>, Vec<String>) {
    let (mut message_id, mut references, mut in_reply_to) = (None, Vec::new(), Vec::new());
    let fields = structure.parts.first().map_or(&[][..], |part| &part.fields);
    for field in header::fields(fields) {
        if field.is("Message-ID") && message_id.is_none() {
            message_id = header::message_ids(field.value).into_iter().next();
        } else if field.is("References") && references.is_empty() {
            references = header::message_ids(field.value);
        } else if field.is("In-Reply-To") && in_reply_to.is_empty() {
            in_reply_to = header::message_ids(field.value);
        }
    }
    (message_id, if references.is_empty() { in_reply_to } else { references })
}

impl SummaryPart {
    /// Whether it says it is a multipart: one whose boundary is missing too, and that holds no part for that reason.
    #[must_use]
    pub fn is_multipart(&self) -> bool {
        self.kind == Kind::Multipart || self.kind == Kind::Leaf && self.media_type == "multipart"
    }

    fn of(part: &Part, structure: &Structure, room: &mut Room) -> SummaryPart {
        let (media_type, subtype) = default_type(part);
        let mut summary = SummaryPart {
            parent: part.parent,
            kind: part.kind,
            header: part.header.clone(),
            body: part.body.clone(),
            lines: part.lines,
            media_type: media_type.to_owned(),
            subtype: subtype.to_owned(),
            parameters: Vec::new(),
            id: None,
            description: None,
            encoding: String::new(),
            md5: None,
            disposition: None,
            language: Vec::new(),
            location: None,
            envelope: None,
        };
        let mut envelope = part.is_message_in(structure).then(Box::<Envelope>::default);
        let mut typed = false;
        for field in header::fields(&part.fields) {
            if field.is("Content-Type") {
                if !std::mem::replace(&mut typed, true) {
                    summary.set_type(field.value, room);
                }
            } else if field.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"Content-")) {
                summary.set_content_field(&field, room);
            } else if let Some(envelope) = &mut envelope {
                envelope.set(&field, room);
            }
        }
        if summary.encoding.is_empty() {
            "7bit".clone_into(&mut summary.encoding);
        }
        summary.envelope = envelope;
        summary
    }

    fn set_type(&mut self, value: &[u8], room: &mut Room) {
        if let Some(content_type) = header::content_type(value) {
            (self.media_type, self.subtype) = (content_type.main, content_type.sub);
            self.parameters = room.keep(content_type.parameters);
        }
    }

    /// The first field of a name counts.
    fn set_content_field(&mut self, field: &Field<'_>, room: &mut Room) {
        let text = || Some(header::unfold(field.value));
        if field.is("Content-Transfer-Encoding") && self.encoding.is_empty() {
            self.encoding = header::token(field.value);
        } else if field.is("Content-Disposition") && self.disposition.is_none() {
            self.disposition = header::disposition(field.value)
                .map(|found| header::Disposition { parameters: room.keep(found.parameters), ..found });
        } else if field.is("Content-ID") {
            self.id = self.id.take().or_else(text);
        } else if field.is("Content-Description") {
            self.description = self.description.take().or_else(text);
        } else if field.is("Content-MD5") {
            self.md5 = self.md5.take().or_else(text);
        } else if field.is("Content-Location") {
            self.location = self.location.take().or_else(text);
        } else if field.is("Content-Language") && self.language.is_empty() {
            self.language = room.keep(header::tokens(field.value));
        }
    }
}

/// RFC 2045 §5.2 and RFC 2046 §5.1.5. A `multipart` without boundary is named as typed.
fn default_type(part: &Part) -> (&'static str, &'static str) {
    if part.in_digest { ("message", "rfc822") } else { ("text", "plain") }
}

impl Envelope {
    /// The first field of a name counts (RFC 5322 §3.6 allows one of each), but every field that names recipients.
    fn set(&mut self, field: &Field<'_>, room: &mut Room) {
        let texts = [
            ("Date", &mut self.date),
            ("Subject", &mut self.subject),
            ("In-Reply-To", &mut self.in_reply_to),
            ("Message-ID", &mut self.message_id),
        ];
        for (name, text) in texts {
            if field.is(name) {
                text.get_or_insert_with(|| header::unfold(field.value));
                return;
            }
        }
        let lists = [
            ("From", &mut self.from),
            ("Sender", &mut self.sender),
            ("Reply-To", &mut self.reply_to),
            ("To", &mut self.to),
            ("Cc", &mut self.cc),
            ("Bcc", &mut self.bcc),
        ];
        for (name, list) in lists {
            if !field.is(name) {
                continue;
            }
            // RFC 5322 §4.5.3: several lists of recipients are one.
            if list.is_empty() {
                *list = room.addresses(field.value);
            } else if ["To", "Cc", "Bcc"].contains(&name) {
                list.extend(room.addresses(field.value));
            }
        }
    }

    /// The addresses of a list, without the marks of groups.
    pub fn mailboxes(list: &[Entry]) -> impl Iterator<Item = &Mailbox> {
        list.iter().filter_map(|entry| match entry {
            Entry::Mailbox(mailbox) => Some(mailbox),
            Entry::GroupStart(_) | Entry::GroupEnd => None,
        })
    }
}

#[cfg(test)]
mod tests;
