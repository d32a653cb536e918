//! SEARCH, SORT and THREAD: what is looked for is [`message::search`]'s, what is told of it stands here (RFC 4731, RFC
//! 5182, RFC 5267, RFC 6203, RFC 9394).

use super::{By, FetchItem};
use message::search::{Algorithm, Criterion, Key};

/// SEARCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// How the messages found are named.
    pub by: By,
    /// `None`: without RETURN; IMAP4rev1 answers that with SEARCH instead of ESEARCH.
    pub returns: Option<Returns>,
    /// What is looked for.
    pub key: Key,
}

/// SORT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// How the messages found are named.
    pub by: By,
    /// `None`: without RETURN, answered with SORT instead of ESEARCH.
    pub returns: Option<Returns>,
    /// What messages are ordered by, the first first; never empty.
    pub criteria: Vec<Criterion>,
    /// What is looked for.
    pub key: Key,
}

/// THREAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// How the messages found are named.
    pub by: By,
    /// How they are put into threads.
    pub algorithm: Algorithm,
    /// What is looked for.
    pub key: Key,
}

/// RETURN. `RETURN ()` is `RETURN (ALL)` (RFC 4731 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// `MIN`.
    pub min: bool,
    /// `MAX`.
    pub max: bool,
    /// `ALL`.
    pub all: bool,
    /// `COUNT`.
    pub count: bool,
    /// `SAVE` (RFC 5182).
    pub save: bool,
    /// `RELEVANCY` (RFC 6203).
    pub relevancy: bool,
    /// `CONTEXT` (RFC 5267).
    pub context: bool,
    /// `UPDATE` (RFC 5267), with what NOTIFY lets one add to be fetched (RFC 5465 §8).
    pub update: Option<Vec<FetchItem>>,
    /// `PARTIAL` (RFC 5267, RFC 9394).
    pub partial: Option<PartialRange>,
}

/// Places in a list of results, from 1: `first` at most `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialRange {
    /// The lower place.
    pub first: u32,
    /// The higher place.
    pub last: u32,
    /// Counted from the end: `-1:-100` (RFC 9394 §3.1).
    pub from_end: bool,
}
