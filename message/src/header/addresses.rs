//! Address lists (RFC 5322 §3.4, obsolete forms of §4.4): groups, routes, comments, names without an address.

use super::lexer::Lexer;
use super::words;
use crate::Address;

/// Entries of one list that are looked at; no human writes to more in a header, and they take half a megabyte.
pub const ADDRESSES_MAX: usize = 5_000;

/// A display name, as typed and as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase {
    /// The words with one space between them, quotes and backslashes taken off, encoded words not decoded.
    pub raw: Vec<u8>,
}

impl Phrase {
    /// As people read it. Nobody may write encoded words in a quoted string (RFC 2047 §5), but some do, and every reader
    /// takes them for what they are meant to be.
    #[must_use]
    pub fn text(&self) -> String {
        words::text(&self.raw)
    }
}

/// One address of a list. A name without address, as in `From: Forouzan`, has empty local part and domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name; for `alice@crepes.fr (Alice)` the comment.
    pub name: Option<Phrase>,
    /// What stands before the `@`, without quotes.
    pub local_part: Vec<u8>,
    /// What stands after it, as typed.
    pub domain: Vec<u8>,
    /// An obsolete route before it, as `@crepes.fr,@hamburger.edu` (RFC 5322 §4.4): of no use, but ENVELOPE shows it.
    pub route: Option<Box<[u8]>>,
}

impl Mailbox {
    /// The address in canonical form, where it is a valid one.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        let local_part = std::str::from_utf8(&self.local_part).ok()?;
        let host = crate::Host::parse(std::str::from_utf8(&self.domain).ok()?).ok()?;
        // Written and read again, so that the local part meets the rules for local parts.
        Address::parse(&Address::new(local_part, host).to_string()).ok()
    }
}

/// What a list holds, in order. Groups do not nest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An address.
    Mailbox(Mailbox),
    /// `name:`; what follows up to the end belongs to it.
    GroupStart(Phrase),
    /// `;`, typed or meant.
    GroupEnd,
}

/// Reads an address list; at most [`ADDRESSES_MAX`] entries. Never fails: what makes no sense is left out.
#[must_use]
pub fn addresses(value: &[u8]) -> Vec<Entry> {
    addresses_up_to(value, ADDRESSES_MAX)
}

/// The same where less room is left.
pub(crate) fn addresses_up_to(value: &[u8], room: usize) -> Vec<Entry> {
    let most = room.min(ADDRESSES_MAX);
    let mut list = List { lexer: Lexer::new(value), entries: Vec::new(), draft: Draft::default(), in_group: false };
    while list.entries.len() < most && list.step() {}
    list.entries.truncate(most);
    list.entries
}

#[derive(Default)]
struct Draft {
    /// Words with spaces between them: a display name.
    phrase: Vec<u8>,
    /// Words without spaces: an address.
    compact: Vec<u8>,
    /// Where the first `@` outside quotes stands in `compact`; a second makes the domain invalid, and so it should.
    at: Option<usize>,
    comment: Option<Vec<u8>>,
    angle: Option<(Vec<u8>, Vec<u8>)>,
    route: Option<Box<[u8]>>,
}

struct List<'a> {
    lexer: Lexer<'a>,
    entries: Vec<Entry>,
    draft: Draft,
    in_group: bool,
}

impl List<'_> {
    /// Takes one token; false at the end of the value.
    fn step(&mut self) -> bool {
        if let Some(comment) = self.lexer.skip_cfws() {
            self.draft.comment = Some(comment);
        }
        match self.lexer.peek() {
            None => {
                self.end_group();
                return false;
            }
            Some(b',') => self.end_mailbox(),
            Some(b';') => self.end_group(),
            Some(b':') if !self.in_group && self.draft.at.is_none() && self.draft.angle.is_none() => self.start_group(),
            Some(b'<') => return self.angle(),
            Some(b'"') => {
                let word = self.lexer.quoted();
                self.draft.word(&word);
                return true;
            }
            Some(b'@') => {
                self.draft.at.get_or_insert(self.draft.compact.len());
                self.draft.compact.push(b'@');
                self.draft.phrase.push(b'@');
            }
            Some(b'[') => return self.literal(),
            Some(byte) if ends_atom(byte) => {}
            Some(_) => {
                let word = self.lexer.run(ends_atom);
                self.draft.word(word);
                return true;
            }
        }
        self.lexer.bump();
        true
    }

    /// A domain literal keeps its colons (RFC 5322 §3.4.1).
    fn literal(&mut self) -> bool {
        let word = self.lexer.run(|byte| matches!(byte, b']' | b',' | b'>' | b'\r' | b'\n'));
        self.draft.word(word);
        if self.lexer.eat(b']') {
            self.draft.compact.push(b']');
            self.draft.phrase.push(b']');
        }
        true
    }

    /// `<local-part@domain>`, and an obsolete route before it (RFC 5322 §4.4).
    fn angle(&mut self) -> bool {
        self.lexer.bump();
        let mut inner = Draft::default();
        loop {
            self.lexer.skip_cfws();
            match self.lexer.peek() {
                None | Some(b'>') => break,
                Some(b'"') => {
                    let word = self.lexer.quoted();
                    inner.word(&word);
                }
                Some(b'[') => {
                    inner.word(self.lexer.run(|byte| matches!(byte, b']' | b'>')));
                }
                // What begins otherwise is no route: `<Undisclosed-Recipient:;>` is all one word.
                Some(b':') if inner.at == Some(0) => {
                    self.draft.route = inner.route();
                    inner = Draft::default();
                    self.lexer.bump();
                }
                Some(b'@') => {
                    inner.at.get_or_insert(inner.compact.len());
                    inner.compact.push(b'@');
                    self.lexer.bump();
                }
                Some(b'<') => {
                    self.lexer.bump();
                }
                Some(b',') => {
                    inner.comma();
                    self.lexer.bump();
                }
                Some(byte) => {
                    inner.compact.push(byte);
                    self.lexer.bump();
                }
            }
        }
        self.lexer.bump();
        self.draft.angle = Some(inner.split());
        true
    }

    fn end_mailbox(&mut self) {
        if let Some(mailbox) = std::mem::take(&mut self.draft).into_mailbox() {
            self.entries.push(Entry::Mailbox(mailbox));
        }
    }

    fn start_group(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        self.entries.push(Entry::GroupStart(draft.name().unwrap_or_default()));
        self.in_group = true;
    }

    fn end_group(&mut self) {
        self.end_mailbox();
        if std::mem::take(&mut self.in_group) {
            self.entries.push(Entry::GroupEnd);
        }
    }
}

impl Draft {
    fn word(&mut self, word: &[u8]) {
        if !self.phrase.is_empty() {
            self.phrase.push(b' ');
        }
        self.phrase.extend_from_slice(word);
        self.compact.extend_from_slice(word);
    }

    fn name(&self) -> Option<Phrase> {
        let raw = self.phrase.trim_ascii().to_vec();
        (!raw.is_empty()).then_some(Phrase { raw })
    }

    /// Local part and domain of what was typed without spaces.
    fn split(&self) -> (Vec<u8>, Vec<u8>) {
        let at = self.at.unwrap_or(self.compact.len());
        let (local_part, domain) = self.compact.split_at_checked(at).unwrap_or((&self.compact, &[]));
        (local_part.to_vec(), domain.get(1..).unwrap_or(&[]).to_vec())
    }

    /// A comma in angle brackets; only in a route it says something.
    fn comma(&mut self) {
        if self.at == Some(0) {
            self.compact.push(b',');
        }
    }

    /// A route is domains, each behind an `@`, with commas between them.
    fn route(self) -> Option<Box<[u8]>> {
        (self.at == Some(0)).then(|| self.compact.into_boxed_slice())
    }

    fn into_mailbox(self) -> Option<Mailbox> {
        let comment = || self.comment.clone().filter(|text| !text.is_empty()).map(|raw| Phrase { raw });
        if let Some((local_part, domain)) = &self.angle {
            let name = self.name().or_else(comment);
            let empty = name.is_none() && local_part.is_empty() && domain.is_empty();
            let (local_part, domain) = (local_part.clone(), domain.clone());
            return (!empty).then_some(Mailbox { name, local_part, domain, route: self.route });
        }
        if self.at.is_some() {
            let (local_part, domain) = self.split();
            return Some(Mailbox { name: comment(), local_part, domain, route: None });
        }
        self.name().map(|name| Mailbox { name: Some(name), ..Mailbox::default() })
    }
}

/// RFC 5322 §3.2.3 `specials` but the dot, and white space.
fn ends_atom(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"()<>[]:;@,\"".contains(&byte)
}
