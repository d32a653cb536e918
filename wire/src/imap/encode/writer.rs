//! The pieces a command is sent in.

use super::super::command::Literal;
use super::super::limits::LITERAL_MINUS;
use super::super::mailbox::{Charset, MailboxName, text_to_wire};
use super::super::parse::is_list_char;
use super::super::write;
use bytes::Bytes;

/// Which literals may be sent without waiting (RFC 7888).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Literals {
    /// None.
    #[default]
    Synchronizing,
    /// The server offers LITERAL- or IMAP4rev2: those of at most 4096 octets.
    Minus,
    /// The server offers LITERAL+: all.
    Plus,
}

/// How a client writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// How names are written, and whether quoted strings hold UTF-8.
    pub charset: Charset,
    /// Which literals wait.
    pub literals: Literals,
}

impl Style {
    /// A literal of this length.
    #[must_use]
    pub fn literal(self, octets: u64, binary: bool) -> Literal {
        let synchronizing = match self.literals {
            Literals::Synchronizing => true,
            Literals::Minus => octets > LITERAL_MINUS,
            Literals::Plus => false,
        };
        Literal { octets, synchronizing, binary }
    }
}

/// Gathers a command.
pub(super) struct Writer {
    style: Style,
    whole: Vec<Bytes>,
    piece: Vec<u8>,
}

impl Writer {
    pub fn new(style: Style) -> Writer {
        Writer { style, whole: Vec::new(), piece: Vec::new() }
    }

    pub fn pieces(mut self) -> Vec<Bytes> {
        self.whole.push(self.piece.into());
        self.whole
    }

    pub fn text(&mut self, text: &str) {
        self.piece.extend_from_slice(text.as_bytes());
    }

    pub fn octets(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.piece);
    }

    pub fn list<T>(&mut self, things: &[T], mut write: impl FnMut(&mut Writer, &T)) {
        self.text("(");
        for (index, thing) in things.iter().enumerate() {
            self.text(if index > 0 { " " } else { "" });
            write(self, thing);
        }
        self.text(")");
    }

    pub fn astring(&mut self, text: &[u8]) {
        if write::is_atom(text) { self.piece.extend_from_slice(text) } else { self.string(text) }
    }

    pub fn string(&mut self, text: &[u8]) {
        if write::is_quotable(text, self.style.charset) {
            write::quoted(&mut self.piece, text);
        } else {
            self.literal(self.style.literal(text.len() as u64, false), text);
        }
    }

    pub fn nstring(&mut self, text: Option<&[u8]>) {
        match text {
            Some(text) => self.string(text),
            None => self.text("NIL"),
        }
    }

    pub fn literal8(&mut self, octets: &[u8]) {
        self.literal(self.style.literal(octets.len() as u64, true), octets);
    }

    fn literal(&mut self, literal: Literal, octets: &[u8]) {
        self.announce(literal);
        if literal.synchronizing {
            self.whole.push(std::mem::take(&mut self.piece).into());
        }
        self.piece.extend_from_slice(octets);
    }

    /// What stands before the octets of a literal.
    pub fn announce(&mut self, literal: Literal) {
        let tilde = if literal.binary { "~" } else { "" };
        let plus = if literal.synchronizing { "" } else { "+" };
        self.text(&format!("{tilde}{{{}{plus}}}\r\n", literal.octets));
    }

    pub fn mailbox(&mut self, name: &MailboxName) {
        self.name(name.as_str());
    }

    /// A name, or the beginning of one.
    pub fn name(&mut self, name: &str) {
        let wire = text_to_wire(name, self.style.charset);
        self.astring(wire.as_bytes());
    }

    pub fn pattern(&mut self, pattern: &str) {
        let wire = text_to_wire(pattern, self.style.charset);
        let bare = !wire.is_empty() && wire.bytes().all(is_list_char);
        if bare { self.text(&wire) } else { self.string(wire.as_bytes()) }
    }
}
