//! Values of CSS properties, token by token. Owns which tokens and functions there are, and how they are written. Numbers
//! are held within what a page can show, words to letters of ASCII, colours to digits; everything else that stands in a
//! value makes the whole declaration go.

use super::properties::{self, Property};
use crate::rendering::sources::Sources;
use cssparser::{ParseError, Parser, Token};

/// Tokens of one value: a gradient of twenty colours has a hundred.
pub const TOKENS_MAX: usize = 400;
/// Functions within functions: `linear-gradient(calc(min(...)))` has three.
pub const NESTING_MAX: usize = 6;
/// The largest number: more pixels than any screen has, and few enough that no layout takes long.
pub const NUMBER_MAX: f32 = 20_000.0;
/// The largest percentage.
pub const PERCENT_MAX: f32 = 1_000.0;
/// Letters of one word or of the name of a font.
pub const WORD_MAX: usize = 64;

/// Functions that only compute or colour.
const FUNCTIONS: &[&str] = &[
    "calc",
    "clamp",
    "hsl",
    "hsla",
    "hwb",
    "lab",
    "lch",
    "linear-gradient",
    "max",
    "min",
    "oklab",
    "oklch",
    "radial-gradient",
    "repeating-linear-gradient",
    "repeating-radial-gradient",
    "rgb",
    "rgba",
];
/// Units of length, angle and share.
const UNITS: &[&str] = &[
    "ch", "cm", "deg", "em", "ex", "fr", "grad", "in", "mm", "pc", "pt", "px", "q", "rad", "rem", "turn", "vh", "vmax",
    "vmin", "vw",
];

/// Writes the value that stands in the input up to the end of the declaration, and whether it is `!important`. `None`
/// where anything in it is not allowed. Pictures are only for whom `sources` are given.
pub fn write(property: Property, input: &mut Parser<'_>, sources: Option<&mut Sources<'_>>) -> Option<(String, bool)> {
    let mut writer = Writer { property, sources, out: String::new(), tokens: 0, important: false };
    writer.all(input, 0)?;
    let value = writer.out.trim().to_owned();
    (!value.is_empty()).then_some((value, writer.important))
}

struct Writer<'s, 'c> {
    property: Property,
    sources: Option<&'s mut Sources<'c>>,
    out: String,
    tokens: usize,
    important: bool,
}

impl Writer<'_, '_> {
    /// All tokens of this level.
    fn all(&mut self, input: &mut Parser<'_>, depth: usize) -> Option<()> {
        loop {
            let token = match input.next_including_whitespace() {
                Ok(token) => token.clone(),
                Err(_) => return Some(()),
            };
            // Blanks do not count: what is written has some more.
            self.tokens += usize::from(!matches!(token, Token::WhiteSpace(_)));
            if self.tokens > TOKENS_MAX || self.important {
                return None;
            }
            match token {
                Token::WhiteSpace(_) => self.gap(),
                Token::Delim('!') if depth == 0 => {
                    self.important = input.expect_ident_matching("important").is_ok();
                    self.important.then_some(())?;
                    return input.is_exhausted().then_some(());
                }
                Token::Function(name) => self.function(&name, input, depth)?,
                Token::ParenthesisBlock if depth > 0 => self.nested("(", input, depth)?,
                token => self.single(&token)?,
            }
        }
    }

    /// One blank, whatever stood there.
    fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with([' ', '(']) {
            self.out.push(' ');
        }
    }

    fn single(&mut self, token: &Token<'_>) -> Option<()> {
        match token {
            Token::Ident(word) => self.word(word),
            Token::Hash(digits) | Token::IDHash(digits) => {
                let is_colour = matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit());
                is_colour.then(|| self.push(&format!("#{}", digits.to_ascii_lowercase()))).flatten()
            }
            Token::QuotedString(name) if self.property.takes_strings => {
                is_font(name).then(|| self.push(&format!("'{name}'"))).flatten()
            }
            Token::Number { value, .. } => self.push(&number(*value)?),
            Token::Percentage { unit_value, .. } => self.push(&percentage(*unit_value)?),
            Token::Dimension { value, unit, .. } => {
                let unit = unit.to_ascii_lowercase();
                UNITS.contains(&unit.as_str()).then_some(())?;
                self.push(&format!("{}{unit}", number(*value)?))
            }
            Token::Comma => self.push(","),
            Token::Delim(sign @ ('/' | '+' | '-' | '*')) => self.push(&sign.to_string()),
            Token::UnquotedUrl(address) => self.picture(address),
            _ => None,
        }
    }

    /// Two tokens that would read as one have a blank between them.
    fn push(&mut self, text: &str) -> Option<()> {
        let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '%' | '-' | '_' | '.' | '\'' | '#' | ')' | '+');
        let begins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '\'' | '#' | '+' | '(');
        // Comments of the sender's are gone: what stood on their two sides must become neither a function nor a comment.
        let comment = self.out.ends_with('/') && text.starts_with(['*', '/']);
        if comment || self.out.ends_with(joins) && text.starts_with(begins) {
            self.out.push(' ');
        }
        self.out.push_str(text);
        Some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let word = if self.property.takes_strings { word.to_owned() } else { word.to_ascii_lowercase() };
        let plain = word.len() <= WORD_MAX
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-')
            && !word.starts_with("--")
            && word.bytes().any(|b| b.is_ascii_alphabetic());
        // Words that once ran; in a known function they would say nothing.
        let loud = matches!(word.to_ascii_lowercase().as_str(), "expression" | "javascript" | "url");
        if !plain || loud || !properties::allows(self.property, &word) {
            return None;
        }
        self.push(&word);
        Some(())
    }

    fn function(&mut self, name: &str, input: &mut Parser<'_>, depth: usize) -> Option<()> {
        let name = name.to_ascii_lowercase();
        if name == "url" {
            let address = nested(input, |inner| {
                let address = inner.expect_string().ok()?.to_string();
                inner.is_exhausted().then_some(address)
            })?;
            return self.picture(&address);
        }
        FUNCTIONS.contains(&name.as_str()).then_some(())?;
        self.nested(&format!("{name}("), input, depth)
    }

    fn nested(&mut self, opening: &str, input: &mut Parser<'_>, depth: usize) -> Option<()> {
        if depth >= NESTING_MAX {
            return None;
        }
        self.push(opening);
        nested(input, |inner| self.all(inner, depth + 1))?;
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push(')');
        Some(())
    }

    fn picture(&mut self, address: &str) -> Option<()> {
        let shown = self.sources.as_mut()?.background(address)?;
        // What sources give is an address of ours, of a known form; what is not has no place between quotes.
        // Single quotes: double ones would have to be escaped in a `style=`, and cost there.
        let shown = shown.replace('\'', "%27");
        let plain = shown.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'<' | b'>'));
        plain.then(|| self.push(&format!("url('{shown}')"))).flatten()
    }
}

/// Reads a block to its end.
fn nested<T>(input: &mut Parser<'_>, read: impl FnOnce(&mut Parser<'_>) -> Option<T>) -> Option<T> {
    input.parse_nested_block(|inner| read(inner).ok_or_else(|| ParseError::<()>::custom(()))).ok()
}

/// A number as it is written: no exponent, four places, within bounds.
fn number(value: f32) -> Option<String> {
    if value.is_nan() {
        return None;
    }
    let held = value.clamp(-NUMBER_MAX, NUMBER_MAX);
    let text = format!("{held:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(if text == "-0" { "0".to_owned() } else { text.to_owned() })
}

/// A share in percent, three places: as many as come back when it is read again.
fn percentage(share: f32) -> Option<String> {
    if share.is_nan() {
        return None;
    }
    let text = format!("{:.3}", (share * 100.0).clamp(-PERCENT_MAX, PERCENT_MAX));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{}%", if text == "-0" { "0" } else { text }))
}

fn is_font(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '+');
    name.chars().count() <= WORD_MAX && name.chars().all(plain)
}
