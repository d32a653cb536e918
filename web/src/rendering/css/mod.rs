//! CSS of a message, filtered: `<style>` and `style=`. Owns what of it is let through and the limits; reads with
//! cssparser as browsers do (CSS Syntax Level 3), and writes every token anew, so that no escape, comment or odd
//! spelling of the sender's reaches the page. What is not on a list is left out: a declaration, a selector, a rule.
//!
//! `properties` says which properties there are, `values` writes what they say, `selectors` keeps rules within the
//! message, `sheet` does whole style sheets.

pub mod properties;
pub mod selectors;
pub mod sheet;
pub mod values;

use super::sources::Sources;
use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState, QualifiedRuleParser,
    RuleBodyItemParser, RuleBodyParser,
};

/// Octets of style sheets that are read of one message: ten times what newsletters have.
pub const SHEET_MAX: usize = 256 * 1024;
/// Octets of one `style=`: hundreds of declarations, or one with a small picture in it.
pub const STYLE_MAX: usize = 64 * 1024;
/// Declarations of one rule or one `style=`.
pub const DECLARATIONS_MAX: usize = 200;

/// One declaration that may stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The property.
    pub property: &'static str,
    /// Its value, written by us.
    pub value: String,
    /// `!important`.
    pub important: bool,
}

/// The declarations of a `style=`, as text that may stand in one. `None` where nothing remains.
#[must_use]
pub fn style(text: &str, sources: &mut Sources<'_>) -> Option<(String, Vec<Declaration>)> {
    if text.len() > STYLE_MAX {
        return None;
    }
    let mut input = Parser::new(text);
    let list = declarations(&mut input, sources, true);
    if list.is_empty() { None } else { Some((write(&list), list)) }
}

/// Writes declarations in a row.
#[must_use]
pub fn write(list: &[Declaration]) -> String {
    let one = |own: &Declaration| {
        format!("{}: {}{}", own.property, own.value, if own.important { " !important" } else { "" })
    };
    list.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Reads declarations up to the end of a block. Where `pictures` is false, `url()` is refused.
fn declarations(input: &mut Parser<'_>, sources: &mut Sources<'_>, pictures: bool) -> Vec<Declaration> {
    let mut body = Body { sources, pictures };
    RuleBodyParser::new(input, &mut body).take(DECLARATIONS_MAX).filter_map(Result::ok).collect()
}

/// The declarations of one block.
struct Body<'s, 'c> {
    sources: &'s mut Sources<'c>,
    pictures: bool,
}

impl<'i> DeclarationParser<'i> for Body<'_, '_> {
    type Declaration = Declaration;
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _: &ParserState,
    ) -> Result<Declaration, ParseError<()>> {
        let property = properties::known(&name).ok_or_else(|| ParseError::custom(()))?;
        let sources = if self.pictures && property.takes_pictures { Some(&mut *self.sources) } else { None };
        let (value, important) = values::write(property, input, sources).ok_or_else(|| ParseError::custom(()))?;
        Ok(Declaration { property: property.name, value, important })
    }
}

impl AtRuleParser<'_> for Body<'_, '_> {
    type Prelude = ();
    type AtRule = Declaration;
    type Error = ();
}

impl QualifiedRuleParser<'_> for Body<'_, '_> {
    type Prelude = ();
    type QualifiedRule = Declaration;
    type Error = ();
}

impl RuleBodyItemParser<'_, Declaration, ()> for Body<'_, '_> {
    fn parse_declarations(&self) -> bool {
        true
    }

    fn parse_qualified(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
