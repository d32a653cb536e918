//! The text of a dialogue line: literal octets, `*`, `$name`, and the escapes `\xHH`, `\b{text}` (base64 of the text)
//! and `\*N{text}` (the text N times). Owns matching a server's line and filling in a client's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;

/// What captures have recorded so far, by name.
pub type Captures = HashMap<String, Vec<u8>>;

/// The most octets one `\*N{text}` may make: a dialogue is no load test.
const REPEAT_MAX: usize = 1 << 24;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Any,
    Capture(String),
}

/// What a line of the server must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    source: String,
    pieces: Vec<Piece>,
}

/// What the client sends, captures to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// Reads a pattern; `*` stands for any octets, `$name` for one or more octets other than space.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        Ok(Pattern { source: text.to_owned(), pieces: pieces(text, true)? })
    }

    /// As it stands in the file.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the line fits; if so, captures used for the first time are recorded.
    pub fn matches(&self, line: &[u8], captures: &mut Captures) -> bool {
        let mut found = captures.clone();
        let fits = fits(&self.pieces, line, &mut found);
        if fits {
            *captures = found;
        }
        fits
    }
}

impl Template {
    /// Reads what a client sends; a `*` is a `*`.
    pub fn parse(text: &str) -> Result<Template, String> {
        Ok(Template { pieces: pieces(text, false)? })
    }

    /// Just these octets.
    #[must_use]
    pub fn literal(octets: Vec<u8>) -> Template {
        Template { pieces: vec![Piece::Text(octets)] }
    }

    /// The same with these octets after it.
    #[must_use]
    pub fn followed_by(mut self, octets: &[u8]) -> Template {
        self.pieces.push(Piece::Text(octets.to_vec()));
        self
    }

    /// The octets, every capture replaced by what it recorded; the error names one that recorded nothing yet.
    pub fn fill(&self, captures: &Captures) -> Result<Vec<u8>, String> {
        let mut octets = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => octets.extend_from_slice(text),
                Piece::Any => octets.push(b'*'),
                Piece::Capture(name) => {
                    let value = captures.get(name).ok_or_else(|| format!("${name} has recorded nothing yet"))?;
                    octets.extend_from_slice(value);
                }
            }
        }
        Ok(octets)
    }
}

fn fits(pieces: &[Piece], line: &[u8], captures: &mut Captures) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return line.is_empty();
    };
    match first {
        Piece::Text(text) => line.strip_prefix(text.as_slice()).is_some_and(|after| fits(rest, after, captures)),
        Piece::Any if rest.is_empty() => true,
        Piece::Any => (0..=line.len()).any(|taken| fits(rest, line.get(taken..).unwrap_or_default(), captures)),
        Piece::Capture(name) => match captures.get(name).cloned() {
            Some(value) => line.strip_prefix(value.as_slice()).is_some_and(|after| fits(rest, after, captures)),
            None => capture(name, rest, line, captures),
        },
    }
}

fn capture(name: &str, rest: &[Piece], line: &[u8], captures: &mut Captures) -> bool {
    let longest = line.iter().position(|octet| *octet == b' ').unwrap_or(line.len());
    for taken in (1..=longest).rev() {
        let (value, after) = line.split_at(taken);
        captures.insert(name.to_owned(), value.to_vec());
        if fits(rest, after, captures) {
            return true;
        }
    }
    captures.remove(name);
    false
}

fn pieces(text: &str, wild: bool) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(name) = capture_name(rest) {
            flush(&mut literal, &mut pieces);
            rest = rest.get(1 + name.len()..).unwrap_or_default();
            pieces.push(Piece::Capture(name));
        } else if c == '*' && wild {
            flush(&mut literal, &mut pieces);
            rest = rest.get(1..).unwrap_or_default();
            pieces.push(Piece::Any);
        } else if c == '\\' {
            rest = escape(rest, &mut literal)?;
        } else {
            let (one, after) = rest.split_at(c.len_utf8());
            literal.extend_from_slice(one.as_bytes());
            rest = after;
        }
    }
    flush(&mut literal, &mut pieces);
    Ok(pieces)
}

fn flush(literal: &mut Vec<u8>, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Text(std::mem::take(literal)));
    }
}

/// The name after a `$`: a letter, then letters and digits. Anything else makes the `$` a mere dollar.
fn capture_name(rest: &str) -> Option<String> {
    let after = rest.strip_prefix('$')?;
    let name: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
    name.starts_with(|c: char| c.is_ascii_lowercase()).then_some(name)
}

/// Reads one escape at the start of `rest`, appends what it stands for, returns what follows it. A backslash that
/// begins no escape is a backslash.
fn escape<'a>(rest: &'a str, octets: &mut Vec<u8>) -> Result<&'a str, String> {
    let after = rest.get(1..).unwrap_or_default();
    if let Some(hex) = after.strip_prefix('x')
        && let Some(octet) = hex.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok())
    {
        octets.push(octet);
        return Ok(hex.get(2..).unwrap_or_default());
    }
    if after.starts_with("b{") {
        let (text, after) = braces(after.get(1..).unwrap_or_default())?;
        octets.extend_from_slice(STANDARD.encode(plain(text)?).as_bytes());
        return Ok(after);
    }
    if let Some(counted) = after.strip_prefix('*') {
        return repeat(counted, octets);
    }
    octets.push(b'\\');
    Ok(after)
}

fn repeat<'a>(counted: &'a str, octets: &mut Vec<u8>) -> Result<&'a str, String> {
    let digits = counted.find('{').ok_or("\\*N{text} needs its braces")?;
    let (count, rest) = counted.split_at(digits);
    let count: usize = count.parse().map_err(|_| format!("`{count}` is no count"))?;
    let (text, after) = braces(rest)?;
    let text = plain(text)?;
    if count.saturating_mul(text.len()) > REPEAT_MAX {
        return Err(format!("\\*{count}{{...}} makes more than {REPEAT_MAX} octets"));
    }
    octets.extend_from_slice(&text.repeat(count));
    Ok(after)
}

/// Splits `{text}rest`; braces within are allowed in pairs.
fn braces(rest: &str) -> Result<(&str, &str), String> {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => {
                return Ok((rest.get(1..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default()));
            }
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Err("a brace is not closed".to_owned())
}

/// The octets of a text with escapes but without captures and globs.
fn plain(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        octets.extend_from_slice(before.as_bytes());
        rest = escape(escaped, &mut octets)?;
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hit(pattern: &str, line: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(line.as_bytes(), &mut Captures::new())
    }

    #[test]
    fn a_star_is_anything_and_the_rest_is_literal() {
        assert!(hit("250 *", "250 ok"));
        assert!(hit("250 *", "250 "));
        assert!(!hit("250 *", "250"));
        assert!(hit("*[127.0.0.1]*", "250 hello [127.0.0.1], well met"));
        assert!(!hit("250 ok", "250 ok."));
        assert!(hit("a\\x2ab", "a*b"));
        assert!(!hit("a\\x2ab", "axb"));
        assert!(hit("/$7!TA3", "/$7!TA3"));
    }

    #[test]
    fn a_capture_records_once_and_must_then_equal() {
        let mut captures = Captures::new();
        let list = Pattern::parse("1 $uid1").unwrap();
        assert!(!list.matches(b"1 ", &mut captures));
        assert!(list.matches(b"1 abc", &mut captures));
        assert!(!list.matches(b"1 abd", &mut captures));
        assert!(list.matches(b"1 abc", &mut captures));
        assert_eq!(Template::parse("TRACE $uid1 *").unwrap().fill(&captures).unwrap(), b"TRACE abc *");
        assert!(Template::parse("$uid2").unwrap().fill(&captures).is_err());
    }

    #[test]
    fn a_failed_match_records_nothing() {
        let mut captures = Captures::new();
        assert!(!Pattern::parse("$a ok").unwrap().matches(b"x no", &mut captures));
        assert!(captures.is_empty());
    }

    #[test]
    fn escapes() {
        let fill = |text: &str| Template::parse(text).unwrap().fill(&Captures::new()).unwrap();
        assert_eq!(fill("a\\x0d\\x00"), b"a\r\0");
        assert_eq!(fill("\\b{\\x00bob\\x00hungry}."), b"AGJvYgBodW5ncnk=.");
        assert_eq!(fill("\\*3{ab}c"), b"abababc");
        assert_eq!(fill("C:\\dir"), b"C:\\dir");
        assert_eq!(fill("\\b{{}}"), b"e30=");
        assert!(Template::parse("\\*3ab").is_err());
        assert!(Template::parse("\\b{ab").is_err());
        assert!(Template::parse("\\*16777217{a}").is_err());
        assert!(Template::parse("\\*16777216{a}").is_ok());
    }
}
