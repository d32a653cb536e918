//! A whole message from a tree of parts (RFC 5322, RFC 2045, RFC 2046). Owns the order of fields, boundaries, the transfer
//! encoding of every part and its labels. Does not own what stands in the tree: `Email/set` and other writers decide that.
//! Large contents are not held here: the result is a row of pieces, and where one is a [`Piece::Source`] the caller streams
//! what the number stands for.

mod field;
mod layout;
mod parameters;
mod text;

pub use field::{Correspondent, Field, Group, Value};
pub use layout::arrange;

/// A field with parameters, such as `Content-Type`, written whole (RFC 2045 §5.1, RFC 2231).
#[must_use]
pub fn typed_field(name: &str, value: &str, parameters: &[(String, String)]) -> Vec<u8> {
    parameters::field(name, value, parameters)
}

use super::fold::Folder;
use crate::recode::{Encoder, Encoding};
use std::fmt::Write;

/// Levels of parts within parts that are written; the scanner reads no deeper.
pub const DEPTH_MAX: usize = 50;

/// A message to be written: the fields of its header that are not MIME's, and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// In any order; they are written in the usual one.
    pub fields: Vec<Field>,
    /// The body. Its own fields join the header.
    pub body: Entity,
    /// Makes the boundaries. Drawn after the content was there, so that no content can hold them.
    pub random: [u64; 2],
}

/// One MIME part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// `text/plain`; of a multipart `multipart/mixed` and the like.
    pub media_type: String,
    /// Parameters of the `Content-Type`, without boundary.
    pub parameters: Vec<(String, String)>,
    /// `attachment`, `inline`; no field where there is none.
    pub disposition: Option<String>,
    /// The name of the file, in Unicode: a parameter of the disposition, or of the type where there is no disposition.
    pub file_name: Option<String>,
    /// `Content-ID` without its brackets.
    pub content_id: Option<String>,
    /// `Content-Language`, one tag each.
    pub languages: Vec<String>,
    /// `Content-Location`.
    pub location: Option<String>,
    /// Further fields, `Content-Type` excepted.
    pub fields: Vec<Field>,
    /// What it holds.
    pub content: Content,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, its lines ended by LF, CRLF or CR. It is written as UTF-8.
    Text(String),
    /// Octets that the caller streams.
    Source {
        /// The caller's name for them.
        number: usize,
        /// What they are as lines. Asked of `message` types only: all others become base64.
        lines: Lines,
    },
    /// Parts: this one is a multipart.
    Parts(Vec<Entity>),
}

impl Default for Content {
    fn default() -> Content {
        Content::Text(String::new())
    }
}

/// What octets are as lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    /// No lines that SMTP could carry.
    #[default]
    Binary,
    /// Lines of ASCII.
    SevenBit,
    /// Lines with octets beyond ASCII.
    EightBit,
}

/// A stretch of the written message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These octets.
    Octets(Vec<u8>),
    /// A source, encoded, or as it is.
    Source {
        /// The number its part named.
        number: usize,
        /// `None`: octet for octet.
        encoding: Option<Encoding>,
    },
}

impl Draft {
    /// Writes the message. What lies deeper than [`DEPTH_MAX`] is left out.
    #[must_use]
    pub fn compose(&self) -> Vec<Piece> {
        self.write(false)
    }

    /// The same for a server that takes 8BITMIME: text beyond ASCII stays as it is where its lines can travel so.
    #[must_use]
    pub fn compose_eight_bit(&self) -> Vec<Piece> {
        self.write(true)
    }

    fn write(&self, eight_bit: bool) -> Vec<Piece> {
        let [high, low] = self.random;
        let mut writer = Writer { pieces: Vec::new(), out: Vec::new(), random: (high, low), boundaries: 0, eight_bit };
        let mut fields: Vec<&Field> = self.fields.iter().collect();
        fields.sort_by_key(|field| field.rank());
        fields.iter().for_each(|field| field.write(&mut writer.out));
        writer.out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        writer.entity(&self.body, DEPTH_MAX);
        writer.finish()
    }
}

/// The whole message, where the sources are at hand.
#[must_use]
pub fn join<'a>(pieces: &'a [Piece], source: impl Fn(usize) -> &'a [u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Octets(octets) => out.extend_from_slice(octets),
            Piece::Source { number, encoding: None } => out.extend_from_slice(source(*number)),
            Piece::Source { number, encoding: Some(encoding) } => {
                let mut encoder: Encoder = encoding.encoder();
                encoder.push(source(*number), &mut out);
                encoder.finish(&mut out);
            }
        }
    }
    out
}

struct Writer {
    pieces: Vec<Piece>,
    out: Vec<u8>,
    random: (u64, u64),
    boundaries: u32,
    eight_bit: bool,
}

impl Writer {
    fn entity(&mut self, entity: &Entity, depth: usize) {
        match &entity.content {
            Content::Parts(parts) => self.multipart(entity, parts, depth),
            Content::Text(text) => self.text(entity, text),
            Content::Source { number, lines } => self.source(entity, *number, *lines),
        }
    }

    fn multipart(&mut self, entity: &Entity, parts: &[Entity], depth: usize) {
        self.boundaries += 1;
        // `=_` never stands in quoted-printable or base64 (RFC 2045 §6.7). All are of one length, so none begins another.
        let boundary = format!("=_{:04x}_{:016x}{:016x}", self.boundaries, self.random.0, self.random.1);
        let mut labels = parameters::of(entity);
        labels.push(("boundary".to_owned(), boundary.clone()));
        self.labels(entity, &entity.media_type, &labels);
        // RFC 2045 §6.4: a multipart may be called 8bit, and must where a part of it is.
        self.encoding(if self.holds_eight_bit(entity, depth) { "8bit" } else { "7bit" });
        for part in parts {
            self.out.extend_from_slice(b"\r\n--");
            self.out.extend_from_slice(boundary.as_bytes());
            self.out.extend_from_slice(b"\r\n");
            if depth > 0 {
                self.entity(part, depth - 1);
            }
        }
        if parts.is_empty() {
            // RFC 2046 §5.1.1: at least one part, so an empty one.
            let _ = write!(Octets(&mut self.out), "\r\n--{boundary}\r\n\r\n");
        }
        let _ = write!(Octets(&mut self.out), "\r\n--{boundary}--\r\n");
    }

    fn text(&mut self, entity: &Entity, text: &str) {
        let lines = text::lines(text);
        let mut labels = parameters::of(entity);
        labels.retain(|(name, _)| !name.eq_ignore_ascii_case("charset"));
        labels.insert(0, ("charset".to_owned(), "utf-8".to_owned()));
        self.labels(entity, &entity.media_type, &labels);
        let encoding = text::encoding_for(&lines, self.eight_bit);
        self.encoding(encoding.name());
        self.out.extend_from_slice(b"\r\n");
        encoding.write(&lines, &mut self.out);
    }

    fn source(&mut self, entity: &Entity, number: usize, lines: Lines) {
        let is_message = entity.media_type.to_ascii_lowercase().starts_with("message/");
        // RFC 2046 §5.2.1: message/rfc822 is never encoded, but RFC 6532 §3.7 lets message/global be.
        let media_type = match lines {
            Lines::Binary if is_message => "message/global",
            _ => &entity.media_type,
        };
        self.labels(entity, media_type, &parameters::of(entity));
        let encoding = match lines {
            Lines::SevenBit if is_message => "7bit",
            Lines::EightBit if is_message => "8bit",
            _ => "base64",
        };
        self.encoding(encoding);
        self.out.extend_from_slice(b"\r\n");
        self.pieces.push(Piece::Octets(std::mem::take(&mut self.out)));
        let encoding = (encoding == "base64").then_some(Encoding::Base64 { final_line_end: false });
        self.pieces.push(Piece::Source { number, encoding });
    }

    /// `Content-Type` and everything else but the transfer encoding.
    fn labels(&mut self, entity: &Entity, media_type: &str, labels: &[(String, String)]) {
        self.out.extend(parameters::field("Content-Type", media_type, labels));
        if let Some(disposition) = &entity.disposition {
            let name = entity.file_name.iter().map(|name| ("filename".to_owned(), name.clone()));
            self.out.extend(parameters::field("Content-Disposition", disposition, &name.collect::<Vec<_>>()));
        }
        if let Some(id) = &entity.content_id {
            self.word("Content-ID", &format!("<{}>", field::bare_id(id)));
        }
        if !entity.languages.is_empty() {
            self.word("Content-Language", &entity.languages.join(", "));
        }
        if let Some(location) = &entity.location {
            self.word("Content-Location", &field::bare_id(location));
        }
        entity.fields.iter().for_each(|field| field.write(&mut self.out));
    }

    fn word(&mut self, name: &str, value: &str) {
        let mut folder = Folder::new(name);
        folder.word(value);
        self.out.extend(folder.finish());
    }

    fn encoding(&mut self, name: &str) {
        if name != "7bit" {
            let _ = write!(Octets(&mut self.out), "Content-Transfer-Encoding: {name}\r\n");
        }
    }

    fn holds_eight_bit(&self, entity: &Entity, depth: usize) -> bool {
        match &entity.content {
            Content::Parts(parts) => depth > 0 && parts.iter().any(|part| self.holds_eight_bit(part, depth - 1)),
            Content::Source { lines: Lines::EightBit, .. } => {
                entity.media_type.to_ascii_lowercase().starts_with("message/")
            }
            Content::Text(text) => {
                self.eight_bit && text::encoding_for(&text::lines(text), true) == text::TextEncoding::EightBit
            }
            Content::Source { .. } => false,
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        // The last line needs no end (RFC 5322 §3.5), so a text stays exactly what it is; an encoded file gets one.
        if let Some(Piece::Source { encoding: Some(_), .. }) = self.pieces.last()
            && self.out.is_empty()
        {
            self.out.extend_from_slice(b"\r\n");
        }
        if !self.out.is_empty() {
            self.pieces.push(Piece::Octets(self.out));
        }
        self.pieces
    }
}

/// Formatted text into octets.
struct Octets<'a>(&'a mut Vec<u8>);

impl Write for Octets<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
