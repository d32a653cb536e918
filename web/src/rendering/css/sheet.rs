//! Style sheets of a message: rules, and `@media` around them. Owns which rules there are. `@import`, `@font-face`,
//! `@keyframes`, `@supports`, `@layer`, `@namespace`, `@page`, `@property` and nested rules are not among them.

use super::selectors::{self, Selectors};
use super::{SHEET_MAX, declarations, write};
use crate::rendering::bounds::floor;
use crate::rendering::sources::Sources;
use cssparser::{
    AtRuleParser, CowRcStr, ParseError, Parser, ParserState, QualifiedRuleParser, StyleSheetParser, Token,
};

/// Rules of all sheets of a message.
pub const RULES_MAX: usize = 3_000;
/// `@media` within `@media`.
pub const MEDIA_DEPTH_MAX: usize = 3;
/// Tokens of one media query.
pub const QUERY_TOKENS_MAX: usize = 60;

/// Words of media queries.
const MEDIA_WORDS: &[&str] = &[
    "all",
    "and",
    "dark",
    "device-width",
    "landscape",
    "light",
    "max-device-width",
    "max-height",
    "max-width",
    "min-device-width",
    "min-height",
    "min-width",
    "no-preference",
    "not",
    "only",
    "or",
    "orientation",
    "portrait",
    "prefers-color-scheme",
    "prefers-reduced-motion",
    "print",
    "reduce",
    "screen",
    "width",
];

/// The style sheets of a message as one, written by us, that may stand in a `<style>`.
#[must_use]
pub fn sheet(text: &str, sources: &mut Sources<'_>) -> String {
    let text = text.get(..floor(text, SHEET_MAX)).unwrap_or_default();
    let mut rules = Rules { sources, left: RULES_MAX, depth: 0 };
    let mut input = Parser::new(text);
    let all: Vec<String> = StyleSheetParser::new(&mut input, &mut rules).filter_map(Result::ok).collect();
    all.concat()
}

struct Rules<'s, 'c> {
    sources: &'s mut Sources<'c>,
    left: usize,
    depth: usize,
}

impl<'i> QualifiedRuleParser<'i> for Rules<'_, '_> {
    type Prelude = Selectors;
    type QualifiedRule = String;
    type Error = ();

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<Selectors, ParseError<()>> {
        selectors::read(input).ok_or_else(|| ParseError::custom(()))
    }

    fn parse_block(
        &mut self,
        selectors: Selectors,
        _: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<String, ParseError<()>> {
        if self.left == 0 {
            return Err(ParseError::custom(()));
        }
        self.left -= 1;
        let list = declarations(input, self.sources, !selectors.watches);
        if list.is_empty() {
            Err(ParseError::custom(()))
        } else {
            Ok(format!("{} {{ {} }}\n", selectors.text, write(&list)))
        }
    }
}

impl<'i> AtRuleParser<'i> for Rules<'_, '_> {
    type Prelude = String;
    type AtRule = String;
    type Error = ();

    fn parse_prelude(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>) -> Result<String, ParseError<()>> {
        if !name.eq_ignore_ascii_case("media") || self.depth >= MEDIA_DEPTH_MAX {
            return Err(ParseError::custom(()));
        }
        let mut query = String::new();
        media_query(input, &mut query, 0).ok_or_else(|| ParseError::custom(()))?;
        let query = query.trim().to_owned();
        if query.is_empty() { Err(ParseError::custom(())) } else { Ok(query) }
    }

    fn parse_block(
        &mut self,
        query: String,
        _: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<String, ParseError<()>> {
        self.depth += 1;
        let all: Vec<String> = StyleSheetParser::new(input, self).filter_map(Result::ok).collect();
        self.depth -= 1;
        if all.is_empty() {
            Err(ParseError::custom(()))
        } else {
            Ok(format!("@media {query} {{\n{}}}\n", all.concat()))
        }
    }
}

/// Writes a media query of known words, numbers, colons and brackets.
fn media_query(input: &mut Parser<'_>, out: &mut String, depth: usize) -> Option<()> {
    let mut tokens = 0;
    while let Ok(token) = input.next_including_whitespace() {
        // Blanks do not count: what is written has some more.
        tokens += usize::from(!matches!(token, Token::WhiteSpace(_)));
        if tokens > QUERY_TOKENS_MAX || depth > 2 {
            return None;
        }
        match token.clone() {
            Token::WhiteSpace(_) if out.ends_with([' ', '(']) || out.is_empty() => {}
            Token::WhiteSpace(_) => out.push(' '),
            Token::Comma => out.push_str(", "),
            Token::Colon if depth > 0 => out.push_str(": "),
            Token::Ident(word) => {
                let word = word.to_ascii_lowercase();
                MEDIA_WORDS.contains(&word.as_str()).then_some(())?;
                out.push_str(&word);
            }
            Token::Dimension { value, unit, .. } if depth > 0 => {
                let unit = unit.to_ascii_lowercase();
                let sound = matches!(unit.as_str(), "px" | "em" | "rem") && (0.0..100_000.0).contains(&value);
                sound.then(|| out.push_str(&format!("{value}{unit}")))?;
            }
            Token::ParenthesisBlock => {
                out.push('(');
                let inner = input.parse_nested_block(|inner| {
                    media_query(inner, out, depth + 1).ok_or_else(|| ParseError::<()>::custom(()))
                });
                inner.ok()?;
                out.push(')');
            }
            _ => return None,
        }
    }
    Some(())
}
