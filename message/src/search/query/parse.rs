//! A search read as it was typed. Total: whatever is typed means something, and what looks like a mistake is told with its
//! place. Owns the grammar; the meaning of terms is elsewhere.

use super::{BRACKETS_MAX, Operator, QUERY_OCTETS_MAX, Query, TERMS_MAX, Term};
use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

/// Problems that are told; whoever has more gets the first ones.
const PROBLEMS_MAX: usize = 16;

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What it means.
    pub query: Query,
    /// What may not be meant, from left to right.
    pub problems: Vec<Problem>,
}

/// What may not be meant, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Octets of the text it is about.
    pub place: Range<usize>,
    /// What it is.
    pub kind: ProblemKind,
}

/// What may not be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A quote that is not closed goes to the end.
    OpenQuote,
    /// A bracket that is not closed goes to the end.
    OpenBracket,
    /// A bracket that closes nothing is passed over.
    StrayBracket,
    /// `OR` with nothing on one side is passed over.
    StrayOr,
    /// An operator without a value is passed over.
    NoValue(Operator),
    /// Not an operator: the word is looked for as it stands.
    UnknownOperator,
    /// The operator does not take this value.
    BadValue(Operator),
    /// Octets after [`QUERY_OCTETS_MAX`] are not read.
    TooLong,
    /// Terms after [`TERMS_MAX`] are not read.
    TooMany,
    /// Brackets deeper than [`BRACKETS_MAX`] are passed over.
    TooDeep,
}

impl ProblemKind {
    /// Whether what was read may be less or other than what was typed, so that nobody should act on it.
    #[must_use]
    pub fn is_grave(self) -> bool {
        use ProblemKind::{BadValue, TooDeep, TooLong, TooMany};
        matches!(self, BadValue(_) | TooLong | TooMany | TooDeep)
    }

    /// In plain words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            ProblemKind::OpenQuote => "the quotation mark is never closed".to_owned(),
            ProblemKind::OpenBracket => "the bracket is never closed".to_owned(),
            ProblemKind::StrayBracket => "this bracket closes nothing".to_owned(),
            ProblemKind::StrayOr => "OR needs something on both sides".to_owned(),
            ProblemKind::NoValue(operator) => format!("{}: needs a value", operator.name()),
            ProblemKind::UnknownOperator => "no operator of this name; the word itself is looked for".to_owned(),
            ProblemKind::BadValue(operator) => format!("{}: does not take this value", operator.name()),
            ProblemKind::TooLong => "the search is too long".to_owned(),
            ProblemKind::TooMany => "the search has too many words".to_owned(),
            ProblemKind::TooDeep => "brackets lie too deep in each other".to_owned(),
        }
    }
}

/// Reads a search.
#[must_use]
pub fn parse(text: &str) -> Typed {
    let end = text.floor_char_boundary(QUERY_OCTETS_MAX);
    let read = text.get(..end).unwrap_or(text);
    let mut reader = Reader { text: read, chars: read.char_indices().peekable(), problems: Vec::new(), terms: 0 };
    let query = Query::all(reader.items(None, None, 0));
    if end < text.len() {
        reader.problem(end..text.len(), ProblemKind::TooLong);
    }
    Typed { query, problems: reader.problems }
}

struct Reader<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    problems: Vec<Problem>,
    terms: usize,
}

/// An open bracket.
#[derive(Clone, Copy)]
struct Bracket {
    closing: char,
    start: usize,
}

impl<'a> Reader<'a> {
    fn problem(&mut self, place: Range<usize>, kind: ProblemKind) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { place, kind });
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn place(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(place, _)| *place)
    }

    fn skip_space(&mut self) {
        while self.chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    /// What stands between brackets, or in all of the text. `scope` is the operator before the bracket.
    fn items(&mut self, bracket: Option<Bracket>, scope: Option<Operator>, depth: usize) -> Vec<Query> {
        let mut items: Vec<Query> = Vec::new();
        let mut or: Option<Range<usize>> = None;
        loop {
            self.skip_space();
            let place = self.place();
            let Some(next) = self.peek() else {
                if let Some(bracket) = bracket {
                    self.problem(bracket.start..bracket.start + 1, ProblemKind::OpenBracket);
                }
                break;
            };
            if matches!(next, ')' | '}') {
                self.chars.next();
                if bracket.is_some_and(|bracket| bracket.closing == next) {
                    break;
                }
                self.problem(place..place + 1, ProblemKind::StrayBracket);
            } else if self.takes_word("AND") {
            } else if self.takes_word("OR") {
                match (&or, items.is_empty()) {
                    (None, false) => or = Some(place..place + 2),
                    _ => self.problem(place..place + 2, ProblemKind::StrayOr),
                }
            } else if let Some(item) = self.item(scope, depth) {
                let item = if or.take().is_some() {
                    Query::any(items.pop().into_iter().chain([item]).collect())
                } else {
                    item
                };
                items.push(item);
            }
        }
        or.into_iter().for_each(|place| self.problem(place, ProblemKind::StrayOr));
        items
    }

    /// Whether this word stands here by itself, which is then passed.
    fn takes_word(&mut self, word: &str) -> bool {
        let place = self.place();
        let rest = self.text.get(place..).and_then(|rest| rest.strip_prefix(word));
        let alone = rest.is_some_and(|rest| rest.chars().next().is_none_or(|c| c.is_whitespace() || is_special(c)));
        if alone {
            for _ in word.chars() {
                self.chars.next();
            }
        }
        alone
    }

    /// One term or bracket, with what turns it into its opposite before it.
    fn item(&mut self, scope: Option<Operator>, depth: usize) -> Option<Query> {
        let mut negated = false;
        loop {
            if self.takes_word("NOT") || self.chars.next_if(|(_, c)| *c == '-').is_some() {
                negated = !negated;
                self.skip_space();
            } else {
                break;
            }
        }
        let query = match self.peek()? {
            '(' | '{' => self.bracket(scope, depth)?,
            c if is_quote(c) => {
                let start = self.place();
                let text = self.quoted();
                self.term(scope, &text, start)?
            }
            ')' | '}' => return None,
            _ => self.word(scope, depth)?,
        };
        Some(if negated { query.not() } else { query })
    }

    fn bracket(&mut self, scope: Option<Operator>, depth: usize) -> Option<Query> {
        let (start, opening) = self.chars.next()?;
        if depth >= BRACKETS_MAX {
            self.problem(start..start + 1, ProblemKind::TooDeep);
            return None;
        }
        let closing = if opening == '(' { ')' } else { '}' };
        let items = self.items(Some(Bracket { closing, start }), scope, depth + 1);
        match (items.is_empty(), closing) {
            (true, _) => None,
            (false, ')') => Some(Query::all(items)),
            (false, _) => Some(Query::any(items)),
        }
    }

    /// What stands between quotation marks, the first of which is next.
    fn quoted(&mut self) -> String {
        let mut text = String::new();
        let Some((start, opening)) = self.chars.next() else { return text };
        while let Some((_, c)) = self.chars.next() {
            match c {
                '\\' => {
                    let escaped = self.chars.next_if(|(_, c)| matches!(c, '"' | '\\'));
                    text.push(escaped.map_or('\\', |(_, c)| c));
                }
                '"' => return text,
                '\u{201c}' | '\u{201d}' if opening != '"' => return text,
                c => text.push(c),
            }
        }
        self.problem(start..start + opening.len_utf8(), ProblemKind::OpenQuote);
        text
    }

    /// A word that is not quoted, an operator with its value perhaps.
    fn word(&mut self, scope: Option<Operator>, depth: usize) -> Option<Query> {
        let start = self.place();
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        let operator = Operator::of(name);
        match (self.peek(), operator) {
            (Some(':'), Some(operator)) => {
                self.chars.next();
                self.value(operator, start, depth)
            }
            (Some(':'), None) => {
                let rest = self.bare();
                if name.len() > 1 && rest.chars().nth(1).is_some_and(char::is_alphabetic) {
                    self.problem(start..start + name.len(), ProblemKind::UnknownOperator);
                }
                self.term(scope, trimmed(self.text.get(start..start + name.len() + rest.len())?), start)
            }
            _ => {
                let rest = self.bare();
                let word = self.text.get(start..start + name.len() + rest.len())?;
                self.term(scope, trimmed(word), start)
            }
        }
    }

    fn value(&mut self, operator: Operator, start: usize, depth: usize) -> Option<Query> {
        match self.peek() {
            Some('(' | '{') => self.bracket(Some(operator), depth),
            Some(c) if is_quote(c) => {
                let text = self.quoted();
                self.term(Some(operator), &text, start)
            }
            _ => {
                let value = self.bare();
                self.term(Some(operator), trimmed(value), start)
            }
        }
    }

    /// The rest of a word.
    fn bare(&mut self) -> &'a str {
        self.take_while(|c| !c.is_whitespace() && !is_special(c))
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let start = self.place();
        while self.chars.next_if(|(_, c)| fits(*c)).is_some() {}
        let end = self.place();
        self.text.get(start..end).unwrap_or("")
    }

    /// One question. Ends where the reader is.
    fn term(&mut self, operator: Option<Operator>, value: &str, start: usize) -> Option<Query> {
        let place = start..self.place();
        if value.trim().is_empty() {
            // A star alone is everything; an empty quotation is nothing typed yet.
            let raw = self.text.get(place.clone()).unwrap_or("");
            match operator {
                None => return raw.starts_with('*').then(Query::everything),
                Some(operator) => self.problem(place, ProblemKind::NoValue(operator)),
            }
            return None;
        }
        self.terms += 1;
        if self.terms > TERMS_MAX {
            if self.terms == TERMS_MAX + 1 {
                self.problem(place, ProblemKind::TooMany);
            }
            return None;
        }
        let Some(operator) = operator else { return Some(Query::Term(Term::Text(value.to_owned()))) };
        operator.term(value).or_else(|| {
            self.problem(place, ProblemKind::BadValue(operator));
            Some(Query::Term(Term::Text(value.to_owned())))
        })
    }
}

/// Without the stars around it: every text is looked for with anything before and after it.
fn trimmed(word: &str) -> &str {
    word.trim_matches('*')
}

/// What ends a word.
fn is_special(c: char) -> bool {
    matches!(c, '(' | ')' | '{' | '}') || is_quote(c)
}

/// The quotation marks of a keyboard, and those that telephones put in their place.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}
