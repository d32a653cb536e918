//! The language people search mail in: words, and operators as `from:bob has:attachment older_than:2y`, with `OR`, `-`,
//! brackets and quotes. Owns what may be typed, what it means as data, and writing that down again. Which mailbox `in:`
//! names and which keyword `label:` names is the caller's to say.
//!
//! Words stand side by side for "and"; `OR` joins the two terms beside it and binds closer than that, so `a b OR c` is
//! `a (b OR c)`. `{a b}` is `(a OR b)`. An operator before brackets holds for the words in them: `from:(bob OR carol)`.
//! Texts are looked for anywhere in a word, which makes a `*` at its end welcome and needless.

mod meaning;
mod operator;
mod parse;
mod print;
#[cfg(test)]
mod tests;
mod value;

pub use meaning::{Attached, attached};
pub use operator::Operator;
pub use parse::{Problem, ProblemKind, Typed, parse};
pub use value::{Age, AgeUnit, When};

/// Octets of a search that are read: far beyond what is typed, and what a filter made by a program needs.
pub const QUERY_OCTETS_MAX: usize = 4096;
/// Terms of a search: each is a question to every message.
pub const TERMS_MAX: usize = 256;
/// How deep brackets may lie in each other. Each level makes at most three of the key, and two more lie in a term, so
/// that [`super::NESTING_MAX`] is kept.
pub const BRACKETS_MAX: usize = 16;

/// What messages must be like, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Every one of these holds; of none, all messages.
    All(Vec<Query>),
    /// One of these holds.
    Any(Vec<Query>),
    /// It does not hold.
    Not(Box<Query>),
    /// One question.
    Term(Term),
}

/// One question to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// Anywhere in it.
    Text(String),
    /// In one place of it.
    In(Place, String),
    /// `has:attachment`.
    HasAttachment,
    /// `type:`: an attachment is of this kind, as `pdf`, `image` or `image/png`.
    Type(String),
    /// `is:`.
    Is(State),
    /// `in:`: it lies in the mailbox of this name or role; `anywhere` is every one.
    Mailbox(String),
    /// `label:`, `tag:`.
    Label(String),
    /// `before:`: it came before that began.
    Before(When),
    /// `after:`: it came once that had begun.
    After(When),
    /// `on:`: it came within.
    On(When),
    /// `older_than:`.
    OlderThan(Age),
    /// `newer_than:`.
    NewerThan(Age),
    /// `larger:`: more octets.
    Larger(u64),
    /// `smaller:`: fewer octets.
    Smaller(u64),
}

/// Where a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `from:`.
    From,
    /// `to:`.
    To,
    /// `cc:`.
    Cc,
    /// `bcc:`.
    Bcc,
    /// `subject:`.
    Subject,
    /// `body:`.
    Body,
    /// `filename:`, the name of an attachment.
    Filename,
    /// `list:`, the List-Id field.
    List,
    /// `msgid:`, the Message-ID field.
    MessageId,
    /// `deliveredto:`, the Delivered-To field.
    DeliveredTo,
}

/// What a message is, or was done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Not read.
    Unread,
    /// Read.
    Read,
    /// `\Flagged`.
    Starred,
    /// Put aside until a time.
    Snoozed,
    /// Its conversation is muted.
    Muted,
    /// It was answered.
    Answered,
    /// It was sent on.
    Forwarded,
    /// It is a draft.
    Draft,
}

impl Query {
    /// Every message.
    #[must_use]
    pub fn everything() -> Query {
        Query::All(Vec::new())
    }

    /// Of these, all; one alone is itself, and what lies in it as the same is taken out of it.
    #[must_use]
    pub(crate) fn all(queries: Vec<Query>) -> Query {
        let mut flat = Vec::with_capacity(queries.len());
        for query in queries {
            match query {
                Query::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Query::All(flat) }
    }

    /// Of these, any; one alone is itself. Where one is everything, so is the whole.
    #[must_use]
    pub(crate) fn any(queries: Vec<Query>) -> Query {
        let mut flat = Vec::with_capacity(queries.len());
        for query in queries {
            match query {
                Query::Any(inner) => flat.extend(inner),
                Query::All(inner) if inner.is_empty() => return Query::everything(),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Query::everything(),
            1 => flat.remove(0),
            _ => Query::Any(flat),
        }
    }

    /// The opposite.
    #[must_use]
    pub(crate) fn not(self) -> Query {
        match self {
            Query::Not(inner) => *inner,
            other => Query::Not(Box::new(other)),
        }
    }

    /// Its terms, from left to right.
    pub fn each_term(&self, see: &mut impl FnMut(&Term)) {
        match self {
            Query::All(queries) | Query::Any(queries) => queries.iter().for_each(|query| query.each_term(see)),
            Query::Not(query) => query.each_term(see),
            Query::Term(term) => see(term),
        }
    }
}
