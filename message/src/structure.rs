//! The shape of a message: its MIME parts as byte ranges (RFC 2045, RFC 2046). Plain data, made by `scanner`, read by
//! `summary`, `recode` and `text`. The parts lie flat in the order they stand in the message, so nothing recurses.

use std::ops::Range;

/// A whole message. `parts[0]` is the message itself; it is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Every part, a parent before its children, in the order of the content.
    pub parts: Vec<Part>,
    /// Octets of the content in all.
    pub octets: u64,
}

/// What a part is to the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Holds content.
    Leaf,
    /// `multipart/*` with a boundary: its children are its parts.
    Multipart,
    /// `message/rfc822` or `message/global`: its one child is the message within.
    Message,
}

/// The `Content-Transfer-Encoding` of a part (RFC 2045 §6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransferEncoding {
    /// `7bit`, or no field.
    #[default]
    SevenBit,
    /// `8bit`.
    EightBit,
    /// `binary`.
    Binary,
    /// `base64`.
    Base64,
    /// `quoted-printable`.
    QuotedPrintable,
    /// A name we do not know.
    Other,
}

impl TransferEncoding {
    /// Reads the name in any case.
    #[must_use]
    pub fn from_name(name: &[u8]) -> TransferEncoding {
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"7bit" => TransferEncoding::SevenBit,
            b"8bit" => TransferEncoding::EightBit,
            b"binary" => TransferEncoding::Binary,
            b"base64" => TransferEncoding::Base64,
            b"quoted-printable" => TransferEncoding::QuotedPrintable,
            _ => TransferEncoding::Other,
        }
    }

    /// Whether the body stands as it is, not encoded.
    #[must_use]
    pub fn is_identity(self) -> bool {
        matches!(self, TransferEncoding::SevenBit | TransferEncoding::EightBit | TransferEncoding::Binary)
    }
}

/// What a range of bytes holds beside text in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// CR octets with no LF after them.
    pub bare_cr: u64,
    /// LF octets with no CR before them.
    pub bare_lf: u64,
    /// NUL octets.
    pub nul: u64,
    /// Octets of 128 and above.
    pub eight_bit: u64,
    /// Lines of more than 998 octets, their end not counted (RFC 5322 §2.1.1).
    pub long_lines: u64,
}

impl Facts {
    /// Whether SMTP without BINARYMIME can carry it (RFC 5321 §4.5.2, §4.5.3.1.6; RFC 6152).
    #[must_use]
    pub fn are_lines_of_text(&self) -> bool {
        self.bare_cr == 0 && self.bare_lf == 0 && self.nul == 0 && self.long_lines == 0
    }
}

/// One part: the message itself, a body part, or a message within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Index of the part it lies in; `None` for the message itself.
    pub parent: Option<u32>,
    /// What it is.
    pub kind: Kind,
    /// The header section, empty line included. Offsets count from the start of the content.
    pub header: Range<u64>,
    /// The body, without the line end that belongs to a boundary (RFC 2046 §5.1.1).
    pub body: Range<u64>,
    /// Lines of the body; a last one without line end counts.
    pub lines: u64,
    /// What the body holds, children included.
    pub body_facts: Facts,
    /// What the header section holds.
    pub header_facts: Facts,
    /// The fields that ENVELOPE and BODYSTRUCTURE are made of, as they stand, up to
    /// [`HEADER_KEPT_MAX`](crate::scanner::HEADER_KEPT_MAX) octets.
    pub fields: Vec<u8>,
    /// The transfer encoding.
    pub encoding: TransferEncoding,
    /// Where the first `Content-Transfer-Encoding` field stands, line end included.
    pub encoding_field: Option<Range<u64>>,
    /// In `multipart/digest`, where the default type is `message/rfc822` (RFC 2046 §5.1.5).
    pub in_digest: bool,
}

impl Part {
    /// Octets of the body as it stands, encoded.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.body.end.saturating_sub(self.body.start)
    }

    /// Whether this is a message with an envelope: the message itself, or the child of a [`Kind::Message`].
    #[must_use]
    pub fn is_message_in(&self, structure: &Structure) -> bool {
        let parent = self.parent.and_then(|parent| structure.parts.get(usize::try_from(parent).ok()?));
        parent.is_none_or(|parent| parent.kind == Kind::Message)
    }
}
