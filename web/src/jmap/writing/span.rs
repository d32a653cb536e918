//! States around several operations (RFC 8620 §5.3). Owns the rule that nothing others did in between is skipped: the new
//! state is the last that follows from the old one by what was done here alone.

use crate::jmap::error::MethodError;
use crate::jmap::{Context, State};
use store::query::States;
use store::types::{AccountId, ModSeq, ObjectKind, Span};

/// From the state before to the state after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track {
    old: ModSeq,
    new: ModSeq,
    /// What others do not see changes is in the store's states too: up to this nothing that counts did.
    seen: ModSeq,
    broken: bool,
}

impl Track {
    pub fn from(old: ModSeq) -> Track {
        Track { old, new: old, seen: old, broken: false }
    }

    /// What an operation is to see unchanged: everything that was not done here.
    pub fn unchanged_since(self) -> ModSeq {
        if self.new == self.old { self.seen } else { self.new }
    }

    /// An operation happened.
    pub fn add(&mut self, span: Span) {
        let follows = self.new == self.old || span.before == self.new;
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

/// The state of e-mails.
pub(super) async fn emails(office: &office::Office, account: AccountId) -> Result<ModSeq, MethodError> {
    let states = office.store().read(States { account }).await?;
    states.map(|states| states.emails).ok_or_else(MethodError::account_not_found)
}

/// From the state of the e-mails that a caller sees in an account.
pub(super) async fn begin(context: &Context<'_>, account: AccountId) -> Result<Track, MethodError> {
    match context.reach(account).await?.shared() {
        Some(shared) => {
            let (old, seen) = (shared.catalogue().states().emails, shared.catalogue().modseq());
            Ok(Track { seen, ..Track::from(old) })
        }
        None => Ok(Track::from(emails(context.web.office(), account).await?)),
    }
}

/// The state of a kind of object.
pub(super) async fn objects(
    office: &office::Office,
    account: AccountId,
    kind: ObjectKind,
) -> Result<ModSeq, MethodError> {
    let states = office.store().read(States { account }).await?.ok_or_else(MethodError::account_not_found)?;
    Ok(states.objects.iter().find(|(found, _)| *found == kind).map_or(ModSeq(0), |(_, modseq)| *modseq))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_state_skips_nothing_of_others() {
        let mut track = Track::from(ModSeq(5));
        assert_eq!(track.states(), (State::from(ModSeq(5)), State::from(ModSeq(5))));
        track.add(Span { before: ModSeq(7), after: ModSeq(8) });
        track.add(Span { before: ModSeq(8), after: ModSeq(9) });
        assert_eq!(track.states().1, State::from(ModSeq(9)));
        track.add(Span { before: ModSeq(10), after: ModSeq(11) });
        track.add(Span { before: ModSeq(11), after: ModSeq(12) });
        assert_eq!(track.states().1, State::from(ModSeq(9)), "what happened between is told by the next changes");
    }
}
