//! `/changes` (RFC 8620 §5.2).

use crate::jmap::context::{Answer, Arguments, Context, answer};
use crate::jmap::error::MethodError;
use crate::jmap::ids;
use crate::jmap::state::State;
use office::jmap::{Became, SharedAccount};
use serde_json::{Value, json};
use store::types::{AccountId, Mark};

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Whose.
    pub account: AccountId,
    since: String,
    /// Ids in the answer at most.
    pub max_changes: Option<usize>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Changed {
    pub new_state: State,
    pub has_more: bool,
    pub created: Vec<String>,
    pub updated: Vec<String>,
    pub destroyed: Vec<String>,
}

impl Changes {
    /// Takes the arguments that every `/changes` has; others stay.
    ///
    /// # Errors
    /// `accountNotFound`, `invalidArguments`.
    pub fn read(context: &Context<'_>, arguments: &mut Arguments) -> Result<Changes, MethodError> {
        let account = arguments.account(context)?;
        let since = arguments.need("sinceState")?;
        let max_changes = max_changes(arguments)?;
        Ok(Changes { account, since, max_changes })
    }

    /// The state to tell changes from.
    ///
    /// # Errors
    /// `cannotCalculateChanges` where it is none, or one to come.
    pub fn since(&self, current: State) -> Result<State, MethodError> {
        State::since(&self.since, current)
    }

    /// The answer; `more` are properties of the type's own.
    ///
    /// # Errors
    /// None.
    pub fn answer(&self, name: &'static str, changed: &Changed, more: &[(&str, Value)]) -> Answer {
        let mut arguments = json!({
            "accountId": ids::of_account(self.account),
            "oldState": self.since,
            "newState": changed.new_state.json(),
            "hasMoreChanges": changed.has_more,
            "created": changed.created,
            "updated": changed.updated,
            "destroyed": changed.destroyed,
        });
        for (name, value) in more {
            arguments[*name] = value.clone();
        }
        answer(name, arguments)
    }
}

impl Changed {
    /// What became of what is seen of another's account after a mark: all of it, or nothing where it is more than so much.
    ///
    /// # Errors
    /// `cannotCalculateChanges`.
    pub fn shared<T: Copy>(
        became: Option<Became<T>>,
        (shared, since, most): (&SharedAccount, Mark, usize),
        id: impl Fn(T) -> String,
    ) -> Result<Changed, MethodError> {
        let became = became.ok_or_else(MethodError::cannot_calculate_changes)?;
        if became.created.len() + became.updated.len() + became.destroyed.len() > most {
            return Err(MethodError::cannot_calculate_changes());
        }
        let ids = |all: Vec<T>| all.into_iter().map(&id).collect();
        Ok(Changed {
            new_state: State::from(shared.catalogue().states().emails).max(State::from(since)),
            has_more: false,
            created: ids(became.created),
            updated: ids(became.updated),
            destroyed: ids(became.destroyed),
        })
    }
}

/// `maxChanges`: a positive number (RFC 8620 §5.2).
pub(super) fn max_changes(arguments: &mut Arguments) -> Result<Option<usize>, MethodError> {
    match arguments.unsigned("maxChanges")? {
        Some(0) => Err(MethodError::invalid_arguments("maxChanges has to be above 0.")),
        most => Ok(most.map(|most| usize::try_from(most).unwrap_or(usize::MAX))),
    }
}
