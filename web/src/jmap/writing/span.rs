//! States around several operations (RFC 8620 §5.3). Owns the rule that nothing others did in between is skipped: the new
//! state is the last that follows from the old one by what was done here alone.

use crate::jmap::error::MethodError;
use crate::jmap::{Context, State};
use store::query::States;
use store::types::{AccountId, ModSeq, ObjectKind, Span, StateRow};

/// From the state before to the state after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track {
    old: ModSeq,
    new: ModSeq,
    /// Changes of other things, and those that this caller does not see, are in the store's states too: up to this nothing
    /// that counts did.
    seen: ModSeq,
    broken: bool,
}

impl Track {
    fn from(old: ModSeq, seen: ModSeq) -> Track {
        Track { old, new: old, seen, broken: false }
    }

    /// What an operation is to see unchanged: everything that was not done here.
    pub fn unchanged_since(self) -> ModSeq {
        if self.new == self.old { self.seen } else { self.new }
    }

    /// An operation happened. Where something of others came before it, the new state stays where it was: from there
    /// `/changes` tells both.
    pub fn add(&mut self, span: Span) {
        // RFC 8620 §5.3: who takes the new state asks for nothing between the old one and it.
        let follows = span.before <= self.unchanged_since();
        self.broken |= !follows;
        if !self.broken {
            self.new = span.after;
        }
    }

    pub fn states(self) -> (State, State) {
        (State::from(self.old), State::from(self.new))
    }

    pub fn old(self) -> State {
        State::from(self.old)
    }
}

/// From the state of the e-mails that a caller sees in an account.
pub(super) async fn begin(context: &Context<'_>, account: AccountId) -> Result<Track, MethodError> {
    match context.reach(account).await?.shared() {
        Some(shared) => Ok(Track::from(shared.catalogue().states().emails, shared.catalogue().modseq())),
        None => {
            let states = states(context.web.office(), account).await?;
            Ok(Track::from(states.emails, states.account))
        }
    }
}

/// From the state of a kind of object.
pub(super) async fn begin_objects(
    office: &office::Office,
    account: AccountId,
    kind: ObjectKind,
) -> Result<Track, MethodError> {
    let states = states(office, account).await?;
    Ok(Track::from(of_kind(&states, kind), states.account))
}

/// The state of a kind of object.
pub(super) async fn objects(
    office: &office::Office,
    account: AccountId,
    kind: ObjectKind,
) -> Result<ModSeq, MethodError> {
    Ok(of_kind(&states(office, account).await?, kind))
}

async fn states(office: &office::Office, account: AccountId) -> Result<StateRow, MethodError> {
    office.store().read(States { account }).await?.ok_or_else(MethodError::account_not_found)
}

fn of_kind(states: &StateRow, kind: ObjectKind) -> ModSeq {
    states.objects.iter().find(|(found, _)| *found == kind).map_or(ModSeq(0), |(_, modseq)| *modseq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_state_skips_nothing_of_others() {
        let mut track = Track::from(ModSeq(5), ModSeq(7));
        assert_eq!(track.states(), (State::from(ModSeq(5)), State::from(ModSeq(5))));
        track.add(Span { before: ModSeq(7), after: ModSeq(8) });
        track.add(Span { before: ModSeq(8), after: ModSeq(9) });
        assert_eq!(track.states().1, State::from(ModSeq(9)));
        track.add(Span { before: ModSeq(10), after: ModSeq(11) });
        track.add(Span { before: ModSeq(11), after: ModSeq(12) });
        assert_eq!(track.states().1, State::from(ModSeq(9)), "what happened between is told by the next changes");
    }

    #[test]
    fn nor_what_others_did_before_the_first_operation() {
        for (before, new) in [(7, 10), (8, 5)] {
            let mut track = Track::from(ModSeq(5), ModSeq(7));
            track.add(Span { before: ModSeq(before), after: ModSeq(9) });
            track.add(Span { before: ModSeq(9), after: ModSeq(10) });
            assert_eq!(track.states(), (State::from(ModSeq(5)), State::from(ModSeq(new))), "{before}");
        }
    }
}
