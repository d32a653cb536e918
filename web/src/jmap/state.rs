//! States: what tells a client whether it is up to date. They are marks of the store: the account's modseq, and where changes
//! are told in pages, how far within one. Owns how they are written, and what one that cannot be is answered.

use super::error::MethodError;
use serde_json::Value;
use std::fmt;
use store::types::{Mark, ModSeq};

/// A state of an account's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State(pub Mark);

impl State {
    /// Reads one that was written here; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<State> {
        text.parse().ok().map(State)
    }

    /// The state that changes are asked from: one that the account can have had.
    ///
    /// # Errors
    /// `cannotCalculateChanges` (RFC 8620 §5.2).
    pub fn since(text: &str, current: State) -> Result<State, MethodError> {
        let unknown = || MethodError::cannot_calculate_changes().with("newState", current.json());
        State::parse(text).filter(|state| *state <= current).ok_or_else(unknown)
    }

    /// The mark it is.
    #[must_use]
    pub fn mark(self) -> Mark {
        self.0
    }

    /// As JSON.
    #[must_use]
    pub fn json(self) -> Value {
        Value::String(self.to_string())
    }
}

impl From<ModSeq> for State {
    fn from(modseq: ModSeq) -> State {
        State(modseq.into())
    }
}

impl From<Mark> for State {
    fn from(mark: Mark) -> State {
        State(mark)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_future_has_no_changes() {
        let current = State::from(ModSeq(5));
        assert_eq!(State::since("5", current), Ok(current));
        assert!(State::since("5.17", current).is_ok());
        assert_eq!(State::since("6", current).map_err(|error| error.kind()), Err("cannotCalculateChanges"));
        assert_eq!(State::since("x", current).map_err(|error| error.kind()), Err("cannotCalculateChanges"));
    }
}
