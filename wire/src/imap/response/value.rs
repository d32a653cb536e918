//! A value of no fixed shape: what ENVELOPE, BODYSTRUCTURE and data of extensions are made of (RFC 9051 §9, RFC 4466 §3).

use crate::imap::parse::SyntaxError;
use crate::imap::parse::cursor::{Cursor, is_atom_char};

/// How deep lists may lie in each other. A structure of a message nested as deep as any is (100) has some two for each
/// level.
pub const DEPTH_MAX: usize = 400;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `NIL`.
    Nil,
    /// Digits, of at most 63 bits.
    Number(u64),
    /// Any other word.
    Atom(String),
    /// A string.
    String(Vec<u8>),
    /// A list.
    List(Vec<Value>),
}

impl Value {
    /// Reads one. Lists are kept on a stack of their own: input decides how deep it is.
    pub(in crate::imap) fn read(c: &mut Cursor<'_>) -> Result<Value, SyntaxError> {
        let mut open: Vec<Vec<Value>> = Vec::new();
        loop {
            let mut value = if c.eat(b'(') {
                c.within(open.len(), DEPTH_MAX)?;
                if !c.eat(b')') {
                    open.push(Vec::new());
                    continue;
                }
                Value::List(Vec::new())
            } else {
                Value::single(c)?
            };
            loop {
                let Some(list) = open.last_mut() else { return Ok(value) };
                list.push(value);
                if !c.eat(b')') {
                    break;
                }
                value = Value::List(open.pop().unwrap_or_default());
            }
            // RFC 9051 §9: addresses and bodies stand in their lists without a space.
            if !c.eat(b' ') && c.peek() != Some(b'(') {
                return c.expected("a space or the end of the list");
            }
        }
    }

    fn single(c: &mut Cursor<'_>) -> Result<Value, SyntaxError> {
        match c.peek() {
            Some(b'"' | b'{') => return Ok(Value::String(c.lenient_string()?)),
            Some(b'~') => {
                c.eat(b'~');
                return c.octets().map(|octets| Value::String(octets.to_vec()));
            }
            _ => {}
        }
        let at = c.at();
        let word = c.run(|octet| is_atom_char(octet) || matches!(octet, b'\\' | b'*' | b'%' | b']'));
        let word = std::str::from_utf8(word).ok().filter(|word| !word.is_empty());
        let word = word.ok_or(SyntaxError::expected(at, "a value"))?;
        let digits = word.bytes().all(|octet| octet.is_ascii_digit());
        Ok(match word.parse() {
            _ if word.eq_ignore_ascii_case("NIL") => Value::Nil,
            Ok(number) if digits => Value::Number(number),
            _ => Value::Atom(word.to_owned()),
        })
    }

    /// The values of a list; none of anything else.
    #[must_use]
    pub fn list(&self) -> &[Value] {
        match self {
            Value::List(values) => values,
            _ => &[],
        }
    }

    /// The octets of a string or an atom.
    #[must_use]
    pub fn octets(&self) -> Option<&[u8]> {
        match self {
            Value::String(octets) => Some(octets),
            Value::Atom(word) => Some(word.as_bytes()),
            Value::Nil | Value::Number(_) | Value::List(_) => None,
        }
    }

    /// A number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }
}
