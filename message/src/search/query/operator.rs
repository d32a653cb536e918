//! The words before a colon, and which term each makes of its value. Owns the table of operators; does not read a search.

use super::{Age, Place, Query, State, Term, When};

/// What stands before the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// A text in one place.
    In(Place),
    /// `has:`.
    Has,
    /// `type:`.
    Type,
    /// `is:`.
    Is,
    /// `in:`.
    Mailbox,
    /// `label:`, `tag:`.
    Label,
    /// `before:`, `older:`.
    Before,
    /// `after:`, `newer:`, `since:`.
    After,
    /// `on:`.
    On,
    /// `older_than:`.
    OlderThan,
    /// `newer_than:`.
    NewerThan,
    /// `larger:`, `size:`.
    Larger,
    /// `smaller:`.
    Smaller,
}

/// Every spelling; of those that mean the same, the first is the one that is written.
const OPERATORS: &[(&str, Operator)] = &[
    ("from", Operator::In(Place::From)),
    ("to", Operator::In(Place::To)),
    ("cc", Operator::In(Place::Cc)),
    ("bcc", Operator::In(Place::Bcc)),
    ("subject", Operator::In(Place::Subject)),
    ("body", Operator::In(Place::Body)),
    ("filename", Operator::In(Place::Filename)),
    ("list", Operator::In(Place::List)),
    ("msgid", Operator::In(Place::MessageId)),
    ("rfc822msgid", Operator::In(Place::MessageId)),
    ("deliveredto", Operator::In(Place::DeliveredTo)),
    ("has", Operator::Has),
    ("type", Operator::Type),
    ("is", Operator::Is),
    ("in", Operator::Mailbox),
    ("label", Operator::Label),
    ("tag", Operator::Label),
    ("before", Operator::Before),
    ("older", Operator::Before),
    ("after", Operator::After),
    ("newer", Operator::After),
    ("since", Operator::After),
    ("on", Operator::On),
    ("older_than", Operator::OlderThan),
    ("newer_than", Operator::NewerThan),
    ("larger", Operator::Larger),
    ("size", Operator::Larger),
    ("smaller", Operator::Smaller),
];

/// The values of `is:`, the one that is written first.
const STATES: &[(&str, State)] = &[
    ("unread", State::Unread),
    ("unseen", State::Unread),
    ("read", State::Read),
    ("seen", State::Read),
    ("starred", State::Starred),
    ("flagged", State::Starred),
    ("snoozed", State::Snoozed),
    ("muted", State::Muted),
    ("answered", State::Answered),
    ("replied", State::Answered),
    ("forwarded", State::Forwarded),
    ("draft", State::Draft),
];

impl Operator {
    /// Of a name in any case of letters.
    #[must_use]
    pub fn of(name: &str) -> Option<Operator> {
        OPERATORS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, operator)| *operator)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }

    /// The names that can be typed, for completion.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OPERATORS.iter().map(|(name, _)| *name)
    }

    /// The known values of one that has few, for completion.
    #[must_use]
    pub fn values(self) -> Vec<&'static str> {
        match self {
            Operator::Has => vec!["attachment"],
            Operator::Is => STATES.iter().map(|(name, _)| *name).collect(),
            Operator::Mailbox => vec!["anywhere", "inbox", "sent", "drafts", "archive", "spam", "trash", "snoozed"],
            Operator::Before | Operator::After | Operator::On => vec!["today", "yesterday"],
            _ => Vec::new(),
        }
    }

    /// What it asks with a value, which is not empty; `None` where the value cannot be its.
    pub(super) fn term(self, value: &str) -> Option<Query> {
        let text = || value.to_owned();
        Some(Query::Term(match self {
            Operator::In(place) => Term::In(place, text()),
            Operator::Has if value.eq_ignore_ascii_case("attachment") => Term::HasAttachment,
            Operator::Has => return None,
            Operator::Type => Term::Type(text()),
            Operator::Is => Term::Is(State::of(value)?),
            Operator::Mailbox => Term::Mailbox(text()),
            Operator::Label => Term::Label(text()),
            Operator::Before => Term::Before(When::of(value)?),
            Operator::After => Term::After(When::of(value)?),
            Operator::On => Term::On(When::of(value)?),
            Operator::OlderThan => Term::OlderThan(Age::of(value)?),
            Operator::NewerThan => Term::NewerThan(Age::of(value)?),
            Operator::Larger => Term::Larger(super::value::octets(value)?),
            Operator::Smaller => Term::Smaller(super::value::octets(value)?),
        }))
    }
}

impl State {
    fn of(value: &str) -> Option<State> {
        STATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(value)).map(|(_, state)| *state)
    }

    /// As it is written behind `is:`.
    #[must_use]
    pub fn name(self) -> &'static str {
        STATES.iter().find(|(_, state)| *state == self).map_or("", |(name, _)| name)
    }
}
