//! A light tokenizer for our own Rust: enough to find functions, their parameters, comments and names.
//!
//! It knows comments (nested too), strings of every kind, characters, lifetimes and numbers, and nothing of grammar.
//! Source that the compiler refuses may come out wrong; the compiler says so itself.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Name,
    /// `'a`, with the quote.
    Lifetime,
    /// A string, byte string, character or number.
    Literal,
    /// A comment that is no documentation of the file it stands in.
    Comment,
    /// `//!` or `/*!`: documentation of the file or module it stands in.
    InnerDoc,
    /// One character of punctuation.
    Mark,
}

/// One token: its text as written and the line it begins on, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As written.
    pub text: &'a str,
    /// Where it begins.
    pub line: usize,
}

impl Token<'_> {
    /// True for the punctuation character `mark`.
    pub fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(mark)
    }

    /// True for the name or keyword `name`.
    pub fn is_name(&self, name: &str) -> bool {
        self.kind == Kind::Name && self.text == name
    }

    /// True for comments of every kind.
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Comment | Kind::InnerDoc)
    }
}

/// Takes a source text apart, white space left out.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = next(rest);
        let Some(text) = rest.get(..length) else { break };
        if let Some(kind) = kind {
            found.push(Token { kind, text, line });
        }
        line += text.bytes().filter(|byte| *byte == b'\n').count();
        at += length;
    }
    found
}

/// The kind and length of what `rest` begins with; no kind for white space.
fn next(rest: &str) -> (Option<Kind>, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") {
        let kind = if rest.starts_with("//!") { Kind::InnerDoc } else { Kind::Comment };
        return (Some(kind), rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        let kind = if rest.starts_with("/*!") { Kind::InnerDoc } else { Kind::Comment };
        return (Some(kind), block_comment(rest));
    }
    if let Some(length) = string(rest) {
        return (Some(Kind::Literal), length);
    }
    if first == '\'' {
        return quote(rest);
    }
    if first.is_ascii_digit() {
        return (Some(Kind::Literal), number(rest));
    }
    if first == '_' || first.is_alphabetic() {
        let raw = if rest.starts_with("r#") { 2 } else { 0 };
        return (Some(Kind::Name), raw + name(rest.get(raw..).unwrap_or_default()));
    }
    (Some(Kind::Mark), first.len_utf8())
}

/// The length of the name at the start; at least one character.
fn name(rest: &str) -> usize {
    let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
    end.max(rest.chars().next().map_or(0, char::len_utf8))
}

/// The length of a number; `1..2` is a number and two dots, `1.5` one number.
fn number(rest: &str) -> usize {
    let whole = name(rest);
    let Some(after) = rest.get(whole..).and_then(|tail| tail.strip_prefix('.')) else { return whole };
    if after.starts_with(|c: char| c.is_ascii_digit()) { whole + 1 + name(after) } else { whole }
}

/// The length of a block comment; they nest.
fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        let pair = bytes.get(at..at + 2).unwrap_or_default();
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a string with or without prefix (`"`, `b"`, `c"`, `r"`, `br#"`, ...), or none if there is none.
fn string(rest: &str) -> Option<usize> {
    let prefix = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    if prefix > 2 {
        return None;
    }
    let (letters, tail) = rest.split_at_checked(prefix)?;
    if letters.ends_with('r') {
        let hashes = tail.len() - tail.trim_start_matches('#').len();
        let body = tail.get(hashes..)?.strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&close).map_or(body.len(), |found| found + close.len());
        return Some(prefix + hashes + 1 + end);
    }
    if letters == "b" && tail.starts_with('\'') {
        return Some(1 + escaped(tail, '\''));
    }
    tail.starts_with('"').then(|| prefix + escaped(tail, '"'))
}

/// The length of a literal that opens and closes with `quote` and escapes with `\`.
fn escaped(rest: &str, quote: char) -> usize {
    let mut skip = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if skip => skip = false,
            '\\' => skip = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// A character or a lifetime: `'a'` is the one, `'a` the other.
fn quote(rest: &str) -> (Option<Kind>, usize) {
    let mut chars = rest.chars().skip(1);
    let (first, second) = (chars.next(), chars.next());
    let is_name = first.is_some_and(|c| c == '_' || c.is_alphabetic());
    if is_name && second != Some('\'') {
        return (Some(Kind::Lifetime), 1 + name(rest.get(1..).unwrap_or_default()));
    }
    (Some(Kind::Literal), escaped(rest, '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    fn kinds(source: &str) -> Vec<Kind> {
        tokens(source).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn strings_hide_what_is_in_them() {
        assert_eq!(texts(r#"a("fn } \" // x", 'b')"#), ["a", "(", r#""fn } \" // x""#, ",", "'b'", ")"]);
        assert_eq!(texts("r#\"one \" two\"# x"), ["r#\"one \" two\"#", "x"]);
        assert_eq!(texts("br##\"a\"# b\"## x"), ["br##\"a\"# b\"##", "x"]);
        assert_eq!(texts(r#"b"\"" c"x" b'\'' ;"#), [r#"b"\"""#, r#"c"x""#, r"b'\''", ";"]);
        assert_eq!(texts("\"unclosed { "), ["\"unclosed { "]);
    }

    #[test]
    fn characters_and_lifetimes_differ() {
        assert_eq!(
            texts("'a' 'ab '\\'' '{' &'static str 'é'"),
            ["'a'", "'ab", "'\\''", "'{'", "&", "'static", "str", "'é'"]
        );
        assert_eq!(kinds("'a' 'ab '{'"), [Kind::Literal, Kind::Lifetime, Kind::Literal]);
    }

    #[test]
    fn comments_nest_and_documentation_is_known() {
        assert_eq!(texts("a /* x /* y */ } */ b // } \nc"), ["a", "/* x /* y */ } */", "b", "// } ", "c"]);
        assert_eq!(
            kinds("//! a\n/// b\n// c\n/*! d */"),
            [Kind::InnerDoc, Kind::Comment, Kind::Comment, Kind::InnerDoc]
        );
        assert_eq!(texts("/* never closed"), ["/* never closed"]);
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(
            texts("r#type brick cr b_x 1..2 1.5f32 0xff_u8"),
            ["r#type", "brick", "cr", "b_x", "1", ".", ".", "2", "1.5f32", "0xff_u8"]
        );
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let lines: Vec<usize> = tokens("a\n\"x\ny\" b\n/*\n\n*/ c").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 6]);
    }
}
