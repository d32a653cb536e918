//! `Content-Type` and `Content-Disposition` with their parameters (RFC 2045 §5.1, RFC 2183), continuations and
//! charsets of parameters (RFC 2231 §3, §4).

use super::lexer::Lexer;
use super::words::{charset_text, hex_octet, raw_text, text};

/// Parameters of one field that are looked at.
pub const PARAMETERS_MAX: usize = 1000;
/// Sections of one continued parameter that are joined (RFC 2231 §3).
pub const CONTINUATIONS_MAX: usize = 1000;

/// A parameter as typed: the name with its asterisks, the value without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// In lower case.
    pub name: String,
    /// Not decoded.
    pub value: Vec<u8>,
}

/// The value of a `Content-Type` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// `text` in `text/plain`, lower case.
    pub main: String,
    /// `plain` in `text/plain`, lower case.
    pub sub: String,
    /// As typed, in order.
    pub parameters: Vec<Parameter>,
}

/// The value of a `Content-Disposition` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// `attachment`, `inline`, ... in lower case.
    pub kind: String,
    /// As typed, in order.
    pub parameters: Vec<Parameter>,
}

/// Reads a `Content-Type`; `None` where there is no `type/subtype` (then the default type holds, RFC 2045 §5.2).
#[must_use]
pub fn content_type(value: &[u8]) -> Option<ContentType> {
    let mut lexer = Lexer::new(value);
    let main = lower_token(&mut lexer);
    lexer.skip_cfws();
    if main.is_empty() || !lexer.eat(b'/') {
        return None;
    }
    let sub = lower_token(&mut lexer);
    (!sub.is_empty()).then(|| ContentType { main, sub, parameters: parameters(&mut lexer) })
}

/// Reads a `Content-Disposition`; `None` where the kind is missing.
#[must_use]
pub fn disposition(value: &[u8]) -> Option<Disposition> {
    let mut lexer = Lexer::new(value);
    let kind = lower_token(&mut lexer);
    (!kind.is_empty()).then(|| Disposition { kind, parameters: parameters(&mut lexer) })
}

/// The first token of a value in lower case, comments passed over: `Content-Transfer-Encoding`.
#[must_use]
pub fn token(value: &[u8]) -> String {
    lower_token(&mut Lexer::new(value))
}

/// The first token or quoted string of a value, comments passed over: the authserv-id of RFC 8601 §2.2.
#[must_use]
pub fn value_text(value: &[u8]) -> String {
    let mut lexer = Lexer::new(value);
    raw_text(&parameter_value(&mut lexer))
}

/// The tokens of a list with commas, at most [`PARAMETERS_MAX`]: `Content-Language` (RFC 3282).
#[must_use]
pub fn tokens(value: &[u8]) -> Vec<String> {
    let mut lexer = Lexer::new(value);
    let mut list = Vec::new();
    while list.len() < PARAMETERS_MAX {
        lexer.skip_cfws();
        let token = raw_text(lexer.run(ends_token));
        if !token.is_empty() {
            list.push(token);
        } else if lexer.bump().is_none() {
            break;
        }
    }
    list
}

fn lower_token(lexer: &mut Lexer<'_>) -> String {
    lexer.skip_cfws();
    raw_text(lexer.run(ends_token)).to_ascii_lowercase()
}

/// RFC 2045 §5.1 `tspecials`, and white space.
fn ends_token(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"()<>@,;:\\\"/[]?=".contains(&byte)
}

fn parameters(lexer: &mut Lexer<'_>) -> Vec<Parameter> {
    let mut list = Vec::new();
    while list.len() < PARAMETERS_MAX {
        lexer.run(|byte| byte == b';');
        if !lexer.eat(b';') {
            break;
        }
        let name = lower_token(lexer);
        lexer.skip_cfws();
        if lexer.eat(b'=') && !name.is_empty() {
            list.push(Parameter { name, value: parameter_value(lexer) });
        }
    }
    list
}

/// A quoted string, or what stands up to the semicolon: some senders leave quotes out around spaces and brackets.
fn parameter_value(lexer: &mut Lexer<'_>) -> Vec<u8> {
    lexer.skip_cfws();
    if lexer.peek() == Some(b'"') {
        return lexer.quoted();
    }
    let mut value = Vec::new();
    loop {
        let word = lexer.run(|byte| byte == b';' || byte.is_ascii_whitespace());
        value.extend_from_slice(word);
        let space = lexer.peek().is_some_and(|byte| byte != b';');
        lexer.skip_cfws();
        if !space || matches!(lexer.peek(), None | Some(b';')) {
            return value;
        }
        value.push(b' ');
    }
}

/// The value of a parameter as people read it: continuations joined, charset and percent signs decoded (RFC 2231);
/// encoded words too, which no RFC allows here but many senders write.
#[must_use]
pub fn parameter_text(list: &[Parameter], name: &str) -> Option<String> {
    let (charset, octets) = parameter_bytes(list, name)?;
    Some(match charset {
        Some(charset) => charset_text(&charset, &octets).unwrap_or_else(|| raw_text(&octets)),
        None => text(&octets),
    })
}

/// As [`parameter_text`], before the charset is applied; with the charset named, if one was.
#[must_use]
pub fn parameter_bytes(list: &[Parameter], name: &str) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
    let mut sections: Vec<Section<'_>> = list.iter().filter_map(|parameter| section(parameter, name)).collect();
    // Stable, so that of two equal numbers the first counts.
    sections.sort_by_key(|section| section.number);
    sections.dedup_by_key(|section| section.number);
    let continued = sections.iter().filter_map(|section| section.number.map(|number| (number, section)));
    let whole =
        continued.enumerate().take_while(|(index, (number, _))| index == number).map(|(_, (_, section))| section);
    let mut joined: Vec<&Section<'_>> = whole.take(CONTINUATIONS_MAX).collect();
    if joined.is_empty() {
        joined.extend(sections.first());
    }
    let (charset, first) = joined.first()?.split_charset();
    let mut octets = first;
    for section in joined.iter().skip(1) {
        octets.extend(section.octets());
    }
    Some((charset, octets))
}

struct Section<'a> {
    /// `None` for a parameter without continuation, which sorts first.
    number: Option<usize>,
    extended: bool,
    value: &'a [u8],
}

/// `name`, `name*`, `name*3` or `name*3*`. A plain value gives way to the extended one of the same name.
fn section<'a>(parameter: &'a Parameter, name: &str) -> Option<Section<'a>> {
    let rest = parameter.name.strip_prefix(name)?;
    let value = parameter.value.as_slice();
    let Some(rest) = rest.strip_prefix('*') else {
        return rest.is_empty().then_some(Section { number: None, extended: false, value });
    };
    if rest.is_empty() {
        return Some(Section { number: Some(0), extended: true, value });
    }
    let digits = rest.strip_suffix('*').unwrap_or(rest);
    let number = digits.parse().ok().filter(|number| *number < CONTINUATIONS_MAX)?;
    Some(Section { number: Some(number), extended: rest.len() > digits.len(), value })
}

impl Section<'_> {
    fn octets(&self) -> Vec<u8> {
        if self.extended { percent_decode(self.value) } else { self.value.to_vec() }
    }

    /// `charset'language'text` (RFC 2231 §4).
    fn split_charset(&self) -> (Option<Vec<u8>>, Vec<u8>) {
        let mut halves = self.value.splitn(3, |byte| *byte == b'\'');
        match (self.extended, halves.next(), halves.next(), halves.next()) {
            (true, Some(charset), Some(_), Some(text)) => {
                ((!charset.is_empty()).then(|| charset.to_vec()), percent_decode(text))
            }
            _ => (None, self.octets()),
        }
    }
}

/// What stands there with `%40` as `@`. A percent sign without two digits after it stands for itself.
#[must_use]
pub fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let decoded = match (byte, after) {
            (b'%', [high, low, ..]) => hex_octet(*high, *low),
            _ => None,
        };
        octets.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { after.get(2..).unwrap_or(&[]) } else { after };
    }
    octets
}
