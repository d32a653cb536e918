//! Selectors, kept within the message. Owns which there are: names of elements, classes, ids, combinators, the pseudo-classes
//! of place, `:link` and `:hover`. Classes and ids get the message's prefix; everything is looked for below the box the
//! message stands in, and `html`, `body` and `:root` are that box.
//!
//! Attribute selectors are not among them: with a picture in the rule, `[value^=a]` tells the sender what stands in the
//! page, a letter a rule. Only `[class=name]`, which old mail for telephones has, is read, as the class.

use super::super::names;
use cssparser::{ParseError, Parser, Token, parse_nth};

/// Selectors of one rule.
pub const SELECTORS_MAX: usize = 100;
/// Simple selectors of one selector: each may be tried on each element.
pub const SIMPLE_MAX: usize = 16;

/// The selectors of a rule that may stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectors {
    /// As they are written; never empty.
    pub text: String,
    /// Whether the reader's hand decides if they match: then a picture would tell the sender of it.
    pub watches: bool,
}

/// Reads the selectors before a block. `None` where none may stay.
pub fn read(input: &mut Parser<'_>) -> Option<Selectors> {
    let one = |input: &mut Parser<'_>| selector(input).ok_or_else(|| ParseError::<()>::custom(()));
    let list = input.parse_comma_separated_ignoring_errors(one);
    let list: Vec<(String, bool)> = list.into_iter().take(SELECTORS_MAX).collect();
    let texts: Vec<&str> = list.iter().map(|(text, _)| text.as_str()).collect();
    (!list.is_empty()).then(|| Selectors { text: texts.join(", "), watches: list.iter().any(|(_, watches)| *watches) })
}

/// One selector while it is read.
#[derive(Default)]
struct Reading {
    out: String,
    /// What stands between the compound before and the next.
    combinator: Option<char>,
    /// Whether a compound has begun that more may be added to.
    in_compound: bool,
    /// Whether only the box itself was named so far.
    at_scope: bool,
    simple: usize,
    watches: bool,
}

fn selector(input: &mut Parser<'_>) -> Option<(String, bool)> {
    let mut reading = Reading { out: format!(".{}", names::SCOPE), at_scope: true, ..Reading::default() };
    input.skip_whitespace();
    while let Ok(token) = input.next_including_whitespace() {
        let token = token.clone();
        reading.token(&token, input)?;
        if reading.simple > SIMPLE_MAX {
            return None;
        }
    }
    let open = matches!(reading.combinator, Some('>' | '+' | '~'));
    (reading.simple > 0 && !open).then_some((reading.out, reading.watches))
}

impl Reading {
    fn token(&mut self, token: &Token<'_>, input: &mut Parser<'_>) -> Option<()> {
        match token {
            Token::WhiteSpace(_) => {
                self.in_compound = false;
                self.combinator = self.combinator.or(Some(' '));
                Some(())
            }
            Token::Delim(sign @ ('>' | '+' | '~')) => {
                let doubled = matches!(self.combinator, Some('>' | '+' | '~'));
                self.combinator = Some(*sign);
                self.in_compound = false;
                (!doubled && self.simple > 0).then_some(())
            }
            Token::Ident(name) => self.element(&name.to_ascii_lowercase()),
            Token::Delim('*') => {
                (!self.in_compound).then_some(())?;
                self.add("*");
                Some(())
            }
            Token::Delim('.') => match input.next_including_whitespace() {
                Ok(Token::Ident(name)) => self.class(&name.clone()),
                _ => None,
            },
            Token::IDHash(name) => self.name('#', name),
            Token::Colon => self.pseudo_class(input),
            Token::SquareBracketBlock => {
                let class = input
                    .parse_nested_block(|inner| class_attribute(inner).ok_or_else(|| ParseError::<()>::custom(())));
                self.class(&class.ok()?)
            }
            _ => None,
        }
    }

    fn element(&mut self, name: &str) -> Option<()> {
        (!self.in_compound).then_some(())?;
        if matches!(name, "html" | "body") {
            return self.scope();
        }
        let plain = name.len() <= names::NAME_MAX && name.bytes().all(|b| b.is_ascii_alphanumeric());
        plain.then(|| self.add(name))
    }

    fn class(&mut self, name: &str) -> Option<()> {
        if name == names::SCOPE {
            return self.scope();
        }
        self.name('.', name)
    }

    fn name(&mut self, sign: char, name: &str) -> Option<()> {
        let name = names::prefixed(name)?;
        self.add(&format!("{sign}{name}"));
        Some(())
    }

    /// The box itself, which may only stand first.
    fn scope(&mut self) -> Option<()> {
        (self.at_scope && matches!(self.combinator, None | Some(' ' | '>'))).then_some(())?;
        self.simple += 1;
        self.combinator = None;
        self.in_compound = true;
        Some(())
    }

    fn pseudo_class(&mut self, input: &mut Parser<'_>) -> Option<()> {
        let token = input.next_including_whitespace().ok()?.clone();
        match token {
            Token::Ident(name) => match name.to_ascii_lowercase().as_str() {
                "root" => self.scope(),
                "hover" => {
                    self.watches = true;
                    self.add(":hover");
                    Some(())
                }
                own @ ("link" | "first-child" | "last-child" | "only-child" | "first-of-type" | "last-of-type"
                | "empty") => {
                    self.add(&format!(":{own}"));
                    Some(())
                }
                _ => None,
            },
            Token::Function(name) => {
                let name = name.to_ascii_lowercase();
                matches!(name.as_str(), "nth-child" | "nth-last-child" | "nth-of-type" | "nth-last-of-type")
                    .then_some(())?;
                let place = input.parse_nested_block(|inner| {
                    let place = parse_nth(inner)?;
                    inner.expect_exhausted()?;
                    Ok::<_, ParseError<()>>(place)
                });
                let (step, first) = place.ok()?;
                self.add(&format!(":{name}({step}n{first:+})"));
                Some(())
            }
            _ => None,
        }
    }

    /// Adds a simple selector, with what must stand before it.
    fn add(&mut self, text: &str) {
        if !self.in_compound {
            match self.combinator.take() {
                Some(sign @ ('>' | '+' | '~')) => self.out.push_str(&format!(" {sign} ")),
                _ => self.out.push(' '),
            }
        }
        self.combinator = None;
        self.at_scope = self.at_scope && self.in_compound;
        self.in_compound = true;
        self.simple += 1;
        self.out.push_str(text);
    }
}

/// `[class=name]`, `[class~=name]` and nothing else.
fn class_attribute(input: &mut Parser<'_>) -> Option<String> {
    input.expect_ident_matching("class").ok()?;
    match input.next().ok()? {
        Token::Delim('=') | Token::IncludeMatch => {}
        _ => return None,
    }
    let name = input.expect_ident_or_string().ok()?.to_string();
    input.is_exhausted().then_some(name)
}
