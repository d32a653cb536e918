//! A search written down so that it reads as the same. Owns when quotes and brackets are needed.

use super::value::write_octets;
use super::{Operator, Place, Query, Term};
use std::fmt;

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::All(queries) if queries.is_empty() => f.write_str("*"),
            Query::All(queries) => joined(f, queries, " ", <Query as fmt::Display>::fmt),
            // `OR` binds closer than what stands side by side, so only what is "and" needs brackets in it.
            Query::Any(queries) => joined(f, queries, " OR ", Query::fmt_alone),
            Query::Not(query) => {
                f.write_str("-")?;
                if matches!(**query, Query::Any(_)) { write!(f, "({query})") } else { query.fmt_alone(f) }
            }
            Query::Term(term) => fmt::Display::fmt(term, f),
        }
    }
}

impl Query {
    fn fmt_alone(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::All(queries) if !queries.is_empty() => write!(f, "({self})"),
            other => fmt::Display::fmt(other, f),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    queries: &[Query],
    between: &str,
    write: fn(&Query, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (index, query) in queries.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        write(query, f)?;
    }
    Ok(())
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, operator: Operator, text: &str| {
            write!(f, "{}:", operator.name())?;
            write_text(f, text)
        };
        match self {
            Term::Text(text) => write_text(f, text),
            Term::In(place, text) => named(f, Operator::In(*place), text),
            Term::HasAttachment => named(f, Operator::Has, "attachment"),
            Term::Type(text) => named(f, Operator::Type, text),
            Term::Is(state) => named(f, Operator::Is, state.name()),
            Term::Mailbox(text) => named(f, Operator::Mailbox, text),
            Term::Label(text) => named(f, Operator::Label, text),
            Term::Before(when) => write!(f, "before:{when}"),
            Term::After(when) => write!(f, "after:{when}"),
            Term::On(when) => write!(f, "on:{when}"),
            Term::OlderThan(age) => write!(f, "older_than:{age}"),
            Term::NewerThan(age) => write!(f, "newer_than:{age}"),
            Term::Larger(octets) => f.write_str("larger:").and_then(|()| write_octets(f, *octets)),
            Term::Smaller(octets) => f.write_str("smaller:").and_then(|()| write_octets(f, *octets)),
        }
    }
}

impl Place {
    /// Its operator's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Operator::In(self).name()
    }
}

/// A text, in quotes unless it can only be read as itself.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '@' | '_' | '-' | '+' | '/' | '=');
    let reserved = matches!(text, "OR" | "AND" | "NOT") || text.starts_with('-');
    if !reserved && !text.is_empty() && text.chars().all(plain) {
        return f.write_str(text);
    }
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
