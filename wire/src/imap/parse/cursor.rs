//! The words a command is made of (RFC 9051 §9): atoms, strings, numbers, lists. A cursor goes over the octets of a
//! command once, from left to right.

use super::super::command::Messages;
use super::super::limits::{NUMBER_63, OBJECT_ID};
use super::super::mailbox::{Charset, MailboxName, text_from_wire};
use super::super::sequence;
use super::{Cause, Parsed, SyntaxError};
use memchr::memchr2;
use std::borrow::Cow;

/// RFC 9051 §9, ATOM-CHAR.
pub(in super::super) fn is_atom_char(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// RFC 9051 §9, ASTRING-CHAR.
pub(in super::super) fn is_astring_char(octet: u8) -> bool {
    is_atom_char(octet) || octet == b']'
}

/// RFC 9051 §9, list-char.
pub(in super::super) fn is_list_char(octet: u8) -> bool {
    is_astring_char(octet) || matches!(octet, b'%' | b'*')
}

/// RFC 8474 §7, objectid.
pub(in super::super) fn is_object_id_char(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-')
}

/// A place in a command.
pub(in super::super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    charset: Charset,
    /// Levels of nesting that may still be opened.
    pub room: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a [u8], charset: Charset) -> Cursor<'a> {
        Cursor { text, at: 0, charset, room: message::search::NESTING_MAX }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub fn expected<T>(&self, what: &'static str) -> Parsed<T> {
        Err(SyntaxError::expected(self.at, what))
    }

    pub fn unknown(&self) -> SyntaxError {
        SyntaxError { at: self.at, expected: "a command", cause: Cause::Unknown }
    }

    /// Fails where `count` things are there already, and no more than `limit` may be.
    pub fn within(&self, count: usize, limit: usize) -> Parsed<()> {
        let cause = Cause::Limit;
        if count < limit { Ok(()) } else { Err(SyntaxError { at: self.at, expected: "the server takes", cause }) }
    }

    pub fn eat(&mut self, octet: u8) -> bool {
        let here = self.peek() == Some(octet);
        self.at += usize::from(here);
        here
    }

    pub fn need(&mut self, octet: u8, what: &'static str) -> Parsed<()> {
        if self.eat(octet) { Ok(()) } else { self.expected(what) }
    }

    pub fn sp(&mut self) -> Parsed<()> {
        self.need(b' ', "a space")
    }

    pub fn end(&self) -> Parsed<()> {
        if self.at == self.text.len() { Ok(()) } else { self.expected("the end of the command") }
    }

    /// A space and what follows it.
    pub fn argument<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.sp()?;
        read(self)
    }

    /// Passes over `word`, in any case, where it stands here with no atom character after it.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let same = rest.get(..word.len()).is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes()));
        let here = same && !rest.get(word.len()).is_some_and(|octet| is_atom_char(*octet));
        self.at += if here { word.len() } else { 0 };
        here
    }

    pub fn nil(&mut self) -> bool {
        self.eat_word("NIL")
    }

    /// The octets from here for which `test` holds.
    pub fn run(&mut self, test: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let end = rest.iter().position(|octet| !test(*octet)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub fn atom(&mut self, what: &'static str) -> Parsed<&'a str> {
        let at = self.at;
        let atom = self.run(is_atom_char);
        let atom = std::str::from_utf8(atom).ok().filter(|atom| !atom.is_empty());
        atom.ok_or(SyntaxError::expected(at, what))
    }

    /// An atom in capitals.
    pub fn keyword(&mut self, what: &'static str) -> Parsed<String> {
        self.atom(what).map(str::to_ascii_uppercase)
    }

    pub fn astring(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => self.word(is_astring_char, "an atom or a string"),
        }
    }

    pub fn list_mailbox(&mut self) -> Parsed<String> {
        let at = self.at;
        let wire = match self.peek() {
            Some(b'"' | b'{') => self.string()?,
            _ => self.word(is_list_char, "a pattern")?,
        };
        self.decoded_pattern(at, &wire)
    }

    fn word(&mut self, test: impl Fn(u8) -> bool, what: &'static str) -> Parsed<Cow<'a, [u8]>> {
        let word = self.run(test);
        if word.is_empty() { self.expected(what) } else { Ok(Cow::Borrowed(word)) }
    }

    pub fn string(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => self.expected("a quoted string or a literal"),
        }
    }

    pub fn nstring(&mut self) -> Parsed<Option<Cow<'a, [u8]>>> {
        if self.nil() { Ok(None) } else { self.string().map(Some) }
    }

    /// RFC 9051 §9, quoted. RFC 3501 has ASCII only in it; that both kinds of clients mean UTF-8 by the rest is certain
    /// enough to read it so.
    pub fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.need(b'"', "a quoted string")?;
        let start = self.at;
        let mut unescaped: Option<Vec<u8>> = None;
        loop {
            let rest = self.rest();
            let Some(end) = memchr2(b'"', b'\\', rest) else { return self.expected("the end of the quoted string") };
            let run = rest.get(..end).unwrap_or_default();
            if let Some(bad) = run.iter().position(|octet| matches!(octet, 0 | b'\r' | b'\n')) {
                self.at += bad;
                return self.expected("text without CR, LF and NUL");
            }
            self.at += end + 1;
            if let Some(unescaped) = &mut unescaped {
                unescaped.extend_from_slice(run);
            }
            if rest.get(end) == Some(&b'"') {
                let whole = self.text.get(start..self.at - 1).unwrap_or_default();
                let whole = unescaped.map_or(Cow::Borrowed(whole), Cow::Owned);
                let utf8 = std::str::from_utf8(&whole).is_ok();
                return if utf8 { Ok(whole) } else { Err(SyntaxError::expected(start, "UTF-8 in the quoted string")) };
            }
            let escaped = self.peek().filter(|octet| matches!(octet, b'"' | b'\\'));
            let Some(escaped) = escaped else { return self.expected("a quote or a backslash after the backslash") };
            let before = start..self.at - 1;
            unescaped.get_or_insert_with(|| self.text.get(before).unwrap_or_default().to_vec()).push(escaped);
            self.at += 1;
        }
    }

    /// A string as servers write it: 8-bit octets of any charset in quotes, and quotes and backslashes that should have a
    /// backslash before them and have none. A quote ends a string where something follows that may follow one.
    pub fn lenient_string(&mut self) -> Parsed<Vec<u8>> {
        if self.peek() == Some(b'{') {
            return self.octets().map(<[u8]>::to_vec);
        }
        let start = self.at;
        self.need(b'"', "a quoted string or a literal")?;
        let mut out = Vec::new();
        let mut rest = self.rest().iter().copied().enumerate().peekable();
        while let Some((index, octet)) = rest.next() {
            let next = rest.peek().map(|(_, next)| *next);
            match (octet, next) {
                (b'\r' | b'\n', _) => break,
                (b'\\', Some(b'"' | b'\\')) => out.extend(rest.next().map(|(_, escaped)| escaped)),
                (b'"', None | Some(b' ' | b')' | b']')) => {
                    self.at += index + 1;
                    return Ok(out);
                }
                _ => out.push(octet),
            }
        }
        Err(SyntaxError::expected(start, "the end of the quoted string"))
    }

    /// Goes so many octets on, at most to the end.
    pub fn skip(&mut self, octets: usize) {
        self.at = self.text.len().min(self.at + octets);
    }

    /// Goes back to a place it was at.
    pub fn go_to(&mut self, at: usize) {
        self.at = self.text.len().min(at);
    }

    /// A literal in its place, without NUL.
    pub fn literal(&mut self) -> Parsed<&'a [u8]> {
        let at = self.at;
        let octets = self.octets()?;
        if octets.contains(&0) { Err(SyntaxError::expected(at, "a literal without NUL")) } else { Ok(octets) }
    }

    /// A literal or a literal8 in its place.
    pub fn octets(&mut self) -> Parsed<&'a [u8]> {
        self.need(b'{', "a literal")?;
        let count = self.number()?;
        self.eat(b'+');
        self.need(b'}', "the end of the literal's length")?;
        self.need(b'\r', "the octets of the literal")?;
        self.need(b'\n', "the octets of the literal")?;
        let found = usize::try_from(count).ok().and_then(|count| self.rest().get(..count));
        let Some(found) = found else { return self.expected("the octets of the literal") };
        self.at += found.len();
        Ok(found)
    }

    /// An astring that is text.
    pub fn text(&mut self) -> Parsed<String> {
        let at = self.at;
        let octets = self.astring()?;
        to_text(at, octets)
    }

    /// A string, not an atom, that is text.
    pub fn string_text(&mut self) -> Parsed<String> {
        let at = self.at;
        let octets = self.string()?;
        to_text(at, octets)
    }

    pub fn mailbox(&mut self) -> Parsed<MailboxName> {
        let at = self.at;
        let wire = self.astring()?;
        self.decoded(at, &wire).map(|name| MailboxName::new(&name))
    }

    /// The reference of LIST: a name or the beginning of one.
    pub fn reference(&mut self) -> Parsed<String> {
        let at = self.at;
        let wire = self.astring()?;
        self.decoded(at, &wire)
    }

    /// A pattern of LIST. What is not modified UTF-7 is the name of no mailbox, and finds none.
    fn decoded_pattern(&self, at: usize, wire: &[u8]) -> Parsed<String> {
        match self.decoded(at, wire) {
            Err(_) if wire.is_ascii() && !wire.contains(&0) => Ok(String::from_utf8_lossy(wire).into_owned()),
            decoded => decoded,
        }
    }

    fn decoded(&self, at: usize, wire: &[u8]) -> Parsed<String> {
        let error = SyntaxError { at, expected: "the name of a mailbox", cause: Cause::Name };
        text_from_wire(wire, self.charset).map_err(|_| error)
    }

    /// Digits, as a number of 63 bits.
    pub fn number(&mut self) -> Parsed<u64> {
        let at = self.at;
        let digits = self.run(|octet| octet.is_ascii_digit());
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let number = digits.parse().ok().filter(|number| *number <= NUMBER_63);
        number.ok_or(SyntaxError::expected(at, "a number"))
    }

    /// A number of 32 bits that is not zero.
    pub fn nz_number(&mut self) -> Parsed<u32> {
        let at = self.at;
        let digits = self.run(|octet| octet.is_ascii_digit());
        sequence::read_number(digits).ok_or(SyntaxError::expected(at, "a number that is not zero"))
    }

    /// A number of 63 bits that is not zero.
    pub fn nz_number_63(&mut self) -> Parsed<u64> {
        let at = self.at;
        let number = self.number()?;
        if number > 0 { Ok(number) } else { Err(SyntaxError::expected(at, "a number that is not zero")) }
    }

    pub fn messages(&mut self) -> Parsed<Messages> {
        let at = self.at;
        let set = self.run(is_sequence_char);
        sequence::read(set).ok_or(SyntaxError::expected(at, "a sequence set"))
    }

    /// A set where neither `$` nor, as RFC 7162 §7 has it, `*` may stand.
    pub fn known_set(&mut self) -> Parsed<message::search::Set> {
        let at = self.at;
        let set = sequence::read_set(self.run(is_sequence_char)).filter(|set| !sequence::has_last(set));
        set.ok_or(SyntaxError::expected(at, "a sequence set without *"))
    }

    pub fn object_id(&mut self) -> Parsed<String> {
        let at = self.at;
        let id = self.run(is_object_id_char);
        let id = std::str::from_utf8(id).ok().filter(|id| !id.is_empty() && id.len() <= OBJECT_ID);
        id.map(str::to_owned).ok_or(SyntaxError::expected(at, "an object id"))
    }

    /// `(`, things with spaces between them, `)`.
    pub fn list<T>(&mut self, limit: usize, read: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        if self.rest().starts_with(b"()") {
            return Err(SyntaxError::expected(self.at + 1, "something in the list"));
        }
        self.perhaps_empty_list(limit, read)
    }

    /// The same, or `()`.
    pub fn perhaps_empty_list<T>(
        &mut self,
        limit: usize,
        mut read: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.need(b'(', "a list in parentheses")?;
        let mut list = Vec::new();
        if self.eat(b')') {
            return Ok(list);
        }
        loop {
            self.within(list.len(), limit)?;
            list.push(read(self)?);
            if self.eat(b')') {
                return Ok(list);
            }
            self.need(b' ', "a space or the end of the list")?;
        }
    }

    /// One thing, or a list of them in parentheses.
    pub fn one_or_list<T>(&mut self, limit: usize, mut read: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        if self.peek() == Some(b'(') { self.list(limit, read) } else { Ok(vec![read(self)?]) }
    }
}

fn is_sequence_char(octet: u8) -> bool {
    octet.is_ascii_digit() || matches!(octet, b':' | b',' | b'*' | b'$')
}

fn to_text(at: usize, octets: Cow<'_, [u8]>) -> Parsed<String> {
    String::from_utf8(octets.into_owned()).map_err(|_| SyntaxError::expected(at, "text in UTF-8"))
}
