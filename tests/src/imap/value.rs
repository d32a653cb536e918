//! What responses are made of: atoms, strings, lists. A reader of its own, so that the server's words are not judged by the
//! server's parser.

use anyhow::{Context, Result, bail};
use std::fmt;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word without quotes, with its section where it has one, as in `BODY[1.2 (A B)]<0>`.
    Atom(String),
    /// A quoted string or a literal.
    Octets(Vec<u8>),
    /// In parentheses.
    List(Vec<Value>),
}

impl Value {
    /// A word.
    #[must_use]
    pub fn atom(text: &str) -> Value {
        Value::Atom(text.to_owned())
    }

    /// Its words, quoted or not; `None` for a list.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Value::Atom(text) => Some(text.clone()),
            Value::Octets(octets) => Some(String::from_utf8_lossy(octets).into_owned()),
            Value::List(_) => None,
        }
    }

    /// The number it is.
    #[must_use]
    pub fn number<N: std::str::FromStr>(&self) -> Option<N> {
        match self {
            Value::Atom(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The list it is.
    #[must_use]
    pub fn list(&self) -> Option<&[Value]> {
        match self {
            Value::List(values) => Some(values),
            _ => None,
        }
    }

    /// The words of the list it is.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.list().unwrap_or_default().iter().filter_map(Value::text).collect()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Atom(text) => f.write_str(text),
            Value::Octets(octets) => write!(f, "\"{}\"", String::from_utf8_lossy(octets)),
            Value::List(values) => {
                let words: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "({})", words.join(" "))
            }
        }
    }
}

/// Reads one response, with its CRLFs.
///
/// # Errors
/// When it is none.
pub fn parse(octets: &[u8]) -> Result<Vec<Value>> {
    let mut reader = Reader { octets, at: 0 };
    let mut values = Vec::new();
    loop {
        match reader.peek() {
            Some(b' ') => reader.at += 1,
            Some(b'\r') => return Ok(values),
            Some(_) => values.push(reader.value().with_context(|| wire::dialogue::show(octets))?),
            None => bail!("no end: {}", wire::dialogue::show(octets)),
        }
    }
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn value(&mut self) -> Result<Value> {
        match self.peek() {
            Some(b'(') => self.list(),
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            _ => self.atom(),
        }
    }

    fn list(&mut self) -> Result<Value> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return Ok(Value::List(values));
                }
                Some(b' ') => self.at += 1,
                Some(b'\r') | None => bail!("a list without an end"),
                Some(_) => values.push(self.value()?),
            }
        }
    }

    fn quoted(&mut self) -> Result<Value> {
        let mut text = Vec::new();
        loop {
            self.at += 1;
            match self.peek().context("a string without an end")? {
                b'"' => {
                    self.at += 1;
                    return Ok(Value::Octets(text));
                }
                b'\\' => {
                    self.at += 1;
                    text.push(self.peek().context("a string without an end")?);
                }
                octet => text.push(octet),
            }
        }
    }

    fn literal(&mut self) -> Result<Value> {
        let rest = self.octets.get(self.at + 1..).unwrap_or_default();
        let digits = rest.iter().position(|octet| *octet == b'}').context("a literal without a length")?;
        let length: usize = std::str::from_utf8(&rest[..digits])?.parse()?;
        let start = self.at + 1 + digits + b"}\r\n".len();
        let octets = self.octets.get(start..start + length).context("a literal without its octets")?;
        self.at = start + length;
        Ok(Value::Octets(octets.to_vec()))
    }

    /// A word; brackets in it may hold anything, and in the text of a reply they stand where they like.
    fn atom(&mut self) -> Result<Value> {
        let start = self.at;
        let mut depth = 0_u32;
        while let Some(octet) = self.peek() {
            match octet {
                b'\r' => break,
                b'[' => depth += 1,
                b']' => depth = depth.saturating_sub(1),
                b' ' | b')' if depth == 0 => break,
                b'(' if depth == 0 && self.at > start => break,
                _ => {}
            }
            self.at += 1;
        }
        // A parenthesis that closes nothing, in the text of a reply.
        if self.at == start {
            self.at += 1;
        }
        Ok(Value::Atom(String::from_utf8_lossy(&self.octets[start..self.at]).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn responses_are_taken_apart() {
        let response = parse(
            b"* 1 FETCH (FLAGS (\\Seen $k) UID 7 BODY[HEADER.FIELDS (Subject)]<0> {5}\r\na\r\n)\" ENVELOPE (NIL \"q\\\"\\\\\"))\r\n",
        );
        let response = response.unwrap();
        let expected =
            "(FLAGS (\\Seen $k) UID 7 BODY[HEADER.FIELDS (Subject)]<0> \"a\r\n)\"\" ENVELOPE (NIL \"q\"\\\"))";
        assert_eq!(response[3].to_string(), expected);
        let (uid, items) = super::super::fetched(&response[1..]).unwrap();
        assert_eq!((uid, items["FLAGS"].words()), (7, vec!["\\Seen".to_owned(), "$k".to_owned()]));
    }

    #[test]
    fn codes_are_found() {
        let response = parse(b"t1 OK [COPYUID 5 1:3 7:9] moved (all) :-)\r\n").unwrap();
        let text: Vec<String> = response[2..].iter().map(ToString::to_string).collect();
        let answer = super::super::Answer { untagged: vec![], status: "OK".to_owned(), text: text.join(" ") };
        assert_eq!(answer.code("COPYUID").unwrap(), ["5", "1:3", "7:9"]);
        assert_eq!(answer.code("COPY"), None);
    }

    #[test]
    fn what_is_none_is_refused() {
        for wrong in [&b"* 1 FETCH (\r\n"[..], b"* \"a", b"* {3}\r\na\r\n"] {
            assert!(parse(wrong).is_err(), "{}", wire::dialogue::show(wrong));
        }
    }
}
