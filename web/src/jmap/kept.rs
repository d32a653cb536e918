//! Data types that are objects of the store (`store::types::Object`): their ids, states, changes and reading. Owns what such
//! types share; what an object says is each type's own.

use super::context::{Answer, Arguments, Context};
use super::error::{MethodError, SetError};
use super::generic::{Changed, Changes};
use super::state::State;
use serde_json::{Map, Value};
use std::collections::HashMap;
use store::op::{Op, Outcome};
use store::query::{Objects, ObjectsSince, States};
use store::types::{AccountId, Object, ObjectChange, ObjectKind, Span};

/// A data type that is an object: its kind, and the letter that its ids begin with.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What the store calls it.
    pub kind: ObjectKind,
    /// `C` in `C7`.
    pub letter: char,
}

/// An object that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its number in the account.
    pub number: i64,
    /// What it says.
    pub value: Map<String, Value>,
    /// The rest of it.
    pub object: Object,
}

impl Kind {
    /// As clients see it.
    #[must_use]
    pub fn id(self, number: i64) -> String {
        format!("{}{number}", self.letter)
    }

    /// The object's number; `None` for what is no id of this kind.
    #[must_use]
    pub fn number(self, id: &str) -> Option<i64> {
        let number: i64 = id.strip_prefix(self.letter)?.parse().ok()?;
        (number >= 0 && self.id(number) == id).then_some(number)
    }

    /// The state of the type.
    ///
    /// # Errors
    /// `accountNotFound`, and the store's.
    pub async fn state(self, context: &Context<'_>, account: AccountId) -> Result<State, MethodError> {
        let row = context.web.office().store().read(States { account }).await?;
        let row = row.ok_or_else(MethodError::account_not_found)?;
        Ok(State::from(row.object(self.kind)))
    }

    /// All objects, by number, and their state.
    ///
    /// # Errors
    /// `accountNotFound`, and the store's.
    pub async fn all(self, context: &Context<'_>, account: AccountId) -> Result<(State, Vec<Kept>), MethodError> {
        let ask = (States { account }, Objects { account, kind: self.kind });
        let (row, objects) = context.web.office().store().read(ask).await?;
        let row = row.ok_or_else(MethodError::account_not_found)?;
        let kept = objects.into_iter().filter_map(Kept::of).collect();
        Ok((State::from(row.object(self.kind)), kept))
    }

    /// `/changes` (RFC 8620 §5.2).
    ///
    /// # Errors
    /// Those of the method.
    pub async fn changes(self, context: &Context<'_>, mut arguments: Arguments, name: &'static str) -> Answer {
        let changes = Changes::read(context, &mut arguments)?;
        arguments.end()?;
        let changed = self.changed(context, &changes).await?;
        changes.answer(name, &changed, &[])
    }

    /// What changed.
    ///
    /// # Errors
    /// `cannotCalculateChanges`, and the store's.
    pub async fn changed(self, context: &Context<'_>, changes: &Changes) -> Result<Changed, MethodError> {
        let account = changes.account;
        let current = self.state(context, account).await?;
        let since = changes.since(current)?;
        let limit = changes.max_changes.and_then(|most| u32::try_from(most).ok()).unwrap_or(u32::MAX);
        let ask = ObjectsSince { account, kind: self.kind, since: since.mark(), limit };
        let news = context.web.office().store().read(ask).await?;
        let news = news.ok_or_else(MethodError::cannot_calculate_changes)?;
        let ids = |numbers: &[i64]| numbers.iter().map(|number| self.id(*number)).collect();
        // Where nothing is left the state is the type's own, as every other answer says it; what came in after that was
        // read is told again.
        let new_state = if news.more { State::from(news.until) } else { current };
        let (created, updated, destroyed) = (ids(&news.created), ids(&news.updated), ids(&news.destroyed));
        Ok(Changed { new_state, has_more: news.more, created, updated, destroyed })
    }
}

impl Kept {
    /// From the store; `None` where it says nothing we understand.
    #[must_use]
    pub fn of(object: Object) -> Option<Kept> {
        let value = serde_json::from_slice(&object.value).ok()?;
        Some(Kept { number: object.id, value, object })
    }

    /// As a change: another value, everything else as it was, and only where nobody changed it meanwhile.
    #[must_use]
    pub fn replaced(&self, value: &Map<String, Value>) -> ObjectChange {
        ObjectChange {
            key: self.object.key.clone(),
            due: self.object.due,
            unchanged_since: Some(self.object.modseq),
            ..ObjectChange::set(self.object.kind, self.number, octets(value))
        }
    }

    /// As a change: it goes, where nobody changed it meanwhile.
    #[must_use]
    pub fn removed(&self) -> ObjectChange {
        let unchanged_since = Some(self.object.modseq);
        ObjectChange { unchanged_since, ..ObjectChange::remove(self.object.kind, self.number) }
    }
}

/// By number.
#[must_use]
pub fn by_number(all: Vec<Kept>) -> HashMap<i64, Kept> {
    all.into_iter().map(|kept| (kept.number, kept)).collect()
}

/// An object's value as the store keeps it.
#[must_use]
pub fn octets(value: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Changes objects, all or none: the ids and the states, or why not, as an error of one object.
///
/// # Errors
/// The store's.
pub async fn change(
    context: &Context<'_>,
    account: AccountId,
    changes: Vec<ObjectChange>,
) -> Result<Result<(Vec<i64>, Span), SetError>, MethodError> {
    let op = Op::ObjectsChange { account, changes, now: context.now };
    Ok(match context.web.office().store().apply(op).await? {
        Outcome::Objects { ids, span } => Ok((ids, span)),
        other => Err(refusal(&other)),
    })
}

/// Why the store refused, as an error of one object.
#[must_use]
pub fn refusal(outcome: &Outcome) -> SetError {
    match outcome {
        Outcome::Gone => SetError::not_found(),
        Outcome::Limit | Outcome::OverQuota => SetError::over_quota(),
        Outcome::Exists => SetError::of("alreadyExists"),
        _ => SetError::of("rateLimit").because("Somebody else changed it at the same time; try again."),
    }
}
