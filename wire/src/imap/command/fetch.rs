//! FETCH (RFC 9051 §6.4.5, RFC 3501 §6.4.5): which messages, and what of them.

use super::{By, Messages, PartialRange};

/// FETCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// How the messages are named.
    pub by: By,
    /// Which.
    pub messages: Messages,
    /// What of them, in the order of the command, `ALL` and its kin written out.
    pub items: Vec<FetchItem>,
    /// `CHANGEDSINCE` (RFC 7162 §3.1.4); not zero.
    pub changed_since: Option<u64>,
    /// `VANISHED` (RFC 7162 §3.2.6), which stands beside `CHANGEDSINCE` only.
    pub vanished: bool,
    /// `PARTIAL` (RFC 9394 §3.3).
    pub partial: Option<PartialRange>,
}

/// What of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetchItem {
    /// `ENVELOPE`.
    Envelope,
    /// `FLAGS`.
    Flags,
    /// `INTERNALDATE`.
    InternalDate,
    /// `RFC822.SIZE`.
    Size,
    /// `BODY`: the structure without extension data.
    Body,
    /// `BODYSTRUCTURE`.
    BodyStructure,
    /// `UID`.
    Uid,
    /// `MODSEQ` (RFC 7162).
    ModSeq,
    /// `EMAILID` (RFC 8474).
    EmailId,
    /// `THREADID` (RFC 8474).
    ThreadId,
    /// `SAVEDATE` (RFC 8514).
    SaveDate,
    /// `PREVIEW` (RFC 8970).
    Preview(Preview),
    /// `BODY[...]` and `BODY.PEEK[...]`.
    Section {
        /// Which section.
        section: Section,
        /// `\Seen` stays as it is.
        peek: bool,
        /// Some octets of it only.
        partial: Option<Partial>,
    },
    /// `BINARY[...]` and `BINARY.PEEK[...]` (RFC 3516).
    Binary {
        /// Which part; the whole message where empty.
        part: Part,
        /// `\Seen` stays as it is.
        peek: bool,
        /// Some octets of it only.
        partial: Option<Partial>,
    },
    /// `BINARY.SIZE[...]`.
    BinarySize(Part),
    /// `RFC822` (RFC 3501): as `BODY[]`, answered by its own name.
    Rfc822,
    /// `RFC822.HEADER` (RFC 3501): as `BODY.PEEK[HEADER]`, answered by its own name.
    Rfc822Header,
    /// `RFC822.TEXT` (RFC 3501): as `BODY[TEXT]`, answered by its own name.
    Rfc822Text,
}

/// Whether a preview may be made for the asking (RFC 8970 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preview {
    /// It is wanted.
    Wanted,
    /// `LAZY`: only if it is there already.
    Lazy,
}

/// The way to a body part: numbers from 1, at most [`PART_DEPTH`](crate::imap::limits::PART_DEPTH). Empty: the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part(pub Vec<u32>);

/// A section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Section {
    /// Of which part.
    pub part: Part,
    /// What of it.
    pub text: SectionText,
}

/// What of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum SectionText {
    /// The message with its header; of a part, its body.
    #[default]
    Whole,
    /// `HEADER`, of a message.
    Header,
    /// `HEADER.FIELDS`: these fields of the header, as typed, in the order of the command.
    HeaderFields(Vec<String>),
    /// `HEADER.FIELDS.NOT`: the header without these fields.
    HeaderFieldsNot(Vec<String>),
    /// `TEXT`, of a message: its body.
    Text,
    /// `MIME`: the header of a part, which is never the message itself.
    Mime,
}

/// `<start.count>`: octets of a section. Both fit 63 bits; `count` is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partial {
    /// The first octet, from 0.
    pub start: u64,
    /// How many at most.
    pub count: u64,
}
