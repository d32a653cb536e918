//! What is kept of a folder between visits, so that only what is new is asked for. Its form is ours alone: JSON in the
//! mirror's row of the folder.

use super::folders::Figures;
use serde::{Deserialize, Serialize};

/// How far a folder is known: every message between two UIDs, as it was at a modseq.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// UIDVALIDITY; 0: nothing is known.
    pub uid_validity: u32,
    /// Up to this modseq every change to what is known was heard of; 0: the server keeps none.
    pub mod_seq: u64,
    /// The lowest UID that is known. Listing begins with the newest: below it may be more.
    pub low: u32,
    /// The highest UID that is known; what is above is new.
    pub high: u32,
    /// What STATUS told when everything was known: as long as it tells the same, nothing has changed.
    pub settled: Option<Figures>,
}

impl State {
    /// As it was kept; nothing where that cannot be read.
    pub fn read(text: &str) -> State {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// To be kept.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything down to the first message is known.
    pub fn is_whole(&self) -> bool {
        self.uid_validity != 0 && self.low <= 1
    }

    /// Whether the figures say that nothing has changed. Without modseqs flags may have.
    pub fn is_settled(&self, figures: Option<&Figures>) -> bool {
        self.is_whole() && figures.is_some_and(|now| now.mod_seq != 0 && self.settled.as_ref() == Some(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_nothing() {
        assert_eq!(State::read(""), State::default());
        assert_eq!(State::read("{\"uid_validity\":\"x\"}"), State::default());
        let state = State { uid_validity: 7, mod_seq: 9, low: 1, high: 20, settled: None };
        assert_eq!(State::read(&state.write()), state);
    }

    #[test]
    fn without_modseqs_nothing_is_settled() {
        let figures = |mod_seq| Figures { uid_validity: 7, uid_next: 21, messages: 3, mod_seq };
        let state = |figures| State { uid_validity: 7, low: 1, settled: Some(figures), ..State::default() };
        assert!(state(figures(5)).is_settled(Some(&figures(5))));
        assert!(!state(figures(5)).is_settled(Some(&figures(6))));
        assert!(!state(figures(0)).is_settled(Some(&figures(0))));
        assert!(!state(figures(5)).is_settled(None));
    }
}
