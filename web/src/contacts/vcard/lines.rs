//! Content lines of RFC 6350 §3.3: folding, groups, parameters, escapes. Owns the text's form; knows no property.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use message::TransferEncoding;
use message::encoding::Decoder;
use std::fmt::Write;

/// Octets of a line before it is folded (RFC 6350 §3.2).
const LINE_OCTETS: usize = 75;

/// One property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// `item1` in `item1.EMAIL`, in lower case.
    pub group: String,
    /// In lower case.
    pub name: String,
    /// Names in lower case, each value by itself.
    pub parameters: Vec<(String, String)>,
    /// As it stands, escapes and all.
    pub value: String,
}

impl Line {
    /// The first value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What `TYPE` says, in lower case; a list may stand in quotes, as in the example of RFC 6350 §6.4.1.
    pub fn types(&self) -> impl Iterator<Item = String> {
        let values = self.parameters.iter().filter(|(name, _)| name == "type").flat_map(|(_, value)| value.split(','));
        values.map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
    }

    /// The value as one text.
    pub fn text(&self) -> String {
        unescape(&self.value)
    }

    /// The value as fields, each a list of texts (RFC 6350 §3.4).
    pub fn fields(&self) -> Vec<Vec<String>> {
        split(&self.value, ';').map(|field| split(field, ',').map(unescape).collect()).collect()
    }

    /// The value as a list of texts.
    pub fn list(&self) -> Vec<String> {
        split(&self.value, ',').map(unescape).filter(|text| !text.is_empty()).collect()
    }

    /// Whether the value is base64 (RFC 2426 §3.1.4).
    pub fn is_base64(&self) -> bool {
        let encoding = self.parameter("encoding").unwrap_or("");
        encoding.eq_ignore_ascii_case("b") || encoding.eq_ignore_ascii_case("base64")
    }
}

/// The lines of a text, folded ones made whole.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut whole: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            // vCard 2.1: quoted-printable goes on where a line ends with `=`.
            (_, Some(last)) if last.ends_with('=') && is_quoted_printable(last) => {
                last.pop();
                last.push_str(line);
            }
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => whole.push(line.to_owned()),
        }
    }
    whole.iter().filter_map(|line| of(line)).collect()
}

fn is_quoted_printable(line: &str) -> bool {
    line.split(':').next().is_some_and(|head| head.to_ascii_uppercase().contains("QUOTED-PRINTABLE"))
}

/// One line, unless it is none.
fn of(text: &str) -> Option<Line> {
    let (head, value) = split_head(text)?;
    let mut pieces = split_quoted(head, ';');
    let name = pieces.next()?.trim().to_ascii_lowercase();
    let (group, name) = name.rsplit_once('.').map_or(("", name.as_str()), |(group, name)| (group, name));
    if name.is_empty() {
        return None;
    }
    let mut line =
        Line { group: group.to_owned(), name: name.to_owned(), parameters: Vec::new(), value: value.to_owned() };
    for piece in pieces {
        // vCard 2.1 leaves out the name of TYPE and of ENCODING.
        let (name, values) = match piece.split_once('=') {
            Some((name, values)) => (name.trim().to_ascii_lowercase(), values),
            None if matches!(piece.to_ascii_lowercase().as_str(), "quoted-printable" | "base64") => {
                ("encoding".to_owned(), piece)
            }
            None => ("type".to_owned(), piece),
        };
        for value in split_quoted(values, ',') {
            line.parameters.push((name.clone(), parameter_value(value)));
        }
    }
    if line.parameter("encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("quoted-printable")) {
        line.value = escape(&quoted_printable(&line.value));
        line.parameters.retain(|(name, _)| name != "encoding" && name != "charset");
    }
    Some(line)
}

/// Name and parameters, and the value: cut at the first colon outside of quotes.
fn split_head(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = text.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn split_quoted(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == at && !quoted
    })
}

/// Without quotes, and with the escapes of RFC 6868 undone.
fn parameter_value(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = if c == '^' { chars.next_if(|c| matches!(c, 'n' | '^' | '\'')) } else { None };
        out.push(match escaped {
            Some('n') => '\n',
            Some('\'') => '"',
            _ => c,
        });
    }
    out
}

fn quoted_printable(value: &str) -> String {
    let mut decoder = Decoder::of(TransferEncoding::from_name(b"quoted-printable"));
    let mut octets = Vec::with_capacity(value.len());
    decoder.push(value.as_bytes(), &mut octets);
    decoder.finish(&mut octets);
    String::from_utf8_lossy(&octets).into_owned()
}

/// Cuts at a character that no backslash stands before.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |c| {
        let cut = c == at && !escaped;
        escaped = c == '\\' && !escaped;
        cut
    })
}

/// RFC 6350 §3.4.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match if c == '\\' { chars.next() } else { Some(c) } {
            Some('n' | 'N') if c == '\\' => out.push('\n'),
            Some(c) => out.push(c),
            None => out.push('\\'),
        }
    }
    out
}

/// The inverse of reading a text.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            c => out.push(c),
        }
    }
    out
}

/// Fields, each of texts that are to be escaped.
pub(super) fn joined(fields: &[Vec<String>]) -> String {
    let lists: Vec<String> =
        fields.iter().map(|list| list.iter().map(|text| escape(text)).collect::<Vec<_>>().join(",")).collect();
    lists.join(";")
}

/// Writes a line, folded.
pub(super) fn push(out: &mut String, line: &Line) {
    let mut text = String::new();
    if !line.group.is_empty() {
        let _ = write!(text, "{}.", line.group);
    }
    text.push_str(&line.name.to_ascii_uppercase());
    for (name, value) in &line.parameters {
        let _ = write!(text, ";{}={}", name.to_ascii_uppercase(), quoted(value));
    }
    text.push(':');
    text.push_str(&line.value);
    let mut rest = text.as_str();
    let mut room = LINE_OCTETS;
    while rest.len() > room {
        let (line, after) = rest.split_at(rest.floor_char_boundary(room));
        out.push_str(line);
        out.push_str("\r\n ");
        rest = after;
        room = LINE_OCTETS - 1;
    }
    out.push_str(rest);
    out.push_str("\r\n");
}

/// A parameter's value, in quotes where it must be; RFC 6868 for what quotes cannot hold.
fn quoted(value: &str) -> String {
    let escaped = value.replace('^', "^^").replace('\n', "^n").replace('\r', "").replace('"', "^'");
    if escaped.contains([':', ';', ',', ' ']) { format!("\"{escaped}\"") } else { escaped }
}

/// Octets in base64 as a `data:` URI (RFC 2397); `None` where they are none.
pub(super) fn data_uri(media_type: &str, base64: &str) -> Option<String> {
    let plain: String = base64.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(&plain).ok()?;
    Some(format!("data:{media_type};base64,{plain}"))
}
