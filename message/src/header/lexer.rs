//! The words of structured values: comments, quoted strings, atoms (RFC 5322 §3.2). Owns a cursor; one pass, no
//! recursion: nested comments are counted.

/// Comments within comments that are counted; deeper brackets are text of the comment.
pub const COMMENT_DEPTH_MAX: u32 = 100;

/// A cursor over the value of a structured field.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer { bytes, at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }

    /// Passes white space and comments (RFC 5322 §3.2.2); returns the text of the last comment, if there was one.
    pub(crate) fn skip_cfws(&mut self) -> Option<Vec<u8>> {
        let mut comment = None;
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                Some(b'(') => comment = Some(self.comment()),
                _ => return comment,
            }
        }
    }

    /// The text of a comment without its outer brackets and backslashes; one that is never closed ends the value.
    fn comment(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 0;
        while let Some(byte) = self.bump() {
            match byte {
                b'\\' => text.extend(self.bump()),
                b'\r' | b'\n' => {}
                b'(' if depth < COMMENT_DEPTH_MAX => {
                    depth += 1;
                    if depth > 1 {
                        text.push(byte);
                    }
                }
                b')' if depth == 1 => return text,
                b')' => {
                    depth -= 1;
                    text.push(byte);
                }
                _ => text.push(byte),
            }
        }
        text
    }

    /// The text of a quoted string that begins here, without quotes, backslashes and folds (RFC 5322 §3.2.4).
    pub(crate) fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        self.eat(b'"');
        while let Some(byte) = self.bump() {
            match byte {
                b'"' => break,
                b'\\' => text.extend(self.bump()),
                b'\r' | b'\n' => {}
                _ => text.push(byte),
            }
        }
        text
    }

    /// The bytes up to the first that `ends` says, or to the end.
    pub(crate) fn run(&mut self, ends: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let length = rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or(&[])
    }
}
