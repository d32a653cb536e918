//! `/queryChanges` (RFC 8620 §5.6): from the results as they were to the results as they are.

use super::changes::max_changes;
use super::query::{Comparator, sort};
use crate::jmap::context::{Answer, Arguments, Context, answer};
use crate::jmap::error::MethodError;
use crate::jmap::ids;
use crate::jmap::state::State;
use serde_json::{Value, json};
use store::types::AccountId;

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryChanges {
    /// Whose.
    pub account: AccountId,
    /// As it was given.
    pub filter: Option<Value>,
    /// Empty: the type's default.
    pub sort: Vec<Comparator>,
    since: String,
    /// Changes at most; more are `tooManyChanges`.
    pub max_changes: Option<usize>,
    /// The last id that the client holds.
    pub up_to_id: Option<String>,
    /// `total` is wanted.
    pub calculate_total: bool,
}

/// What became of the results.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Difference {
    pub removed: Vec<String>,
    /// Ids with their place among the results as they are, ascending.
    pub added: Vec<(usize, String)>,
    pub total: usize,
}

impl QueryChanges {
    /// Takes the arguments that every `/queryChanges` has; others stay.
    ///
    /// # Errors
    /// `accountNotFound`, `invalidArguments`, `unsupportedSort`.
    pub fn read(context: &Context<'_>, arguments: &mut Arguments) -> Result<QueryChanges, MethodError> {
        Ok(QueryChanges {
            account: arguments.account(context)?,
            filter: arguments.take_value("filter"),
            sort: sort(arguments)?,
            since: arguments.need("sinceQueryState")?,
            max_changes: max_changes(arguments)?,
            up_to_id: arguments.take("upToId")?,
            calculate_total: arguments.flag("calculateTotal", false)?,
        })
    }

    /// The state to tell changes from.
    ///
    /// # Errors
    /// `cannotCalculateChanges` where it is none, or one to come.
    pub fn since(&self, current: State) -> Result<State, MethodError> {
        State::since(&self.since, current)
    }

    /// The answer.
    ///
    /// # Errors
    /// `tooManyChanges`.
    pub fn answer(&self, name: &'static str, state: State, difference: Difference) -> Answer {
        let count = difference.removed.len() + difference.added.len();
        if self.max_changes.is_some_and(|most| count > most) {
            return Err(MethodError::too_many_changes());
        }
        let added = difference.added.iter().map(|(index, id)| json!({"id": id, "index": index})).collect();
        let mut arguments = json!({
            "accountId": ids::of_account(self.account),
            "oldQueryState": self.since,
            "newQueryState": state.json(),
            "removed": difference.removed,
            "added": Value::Array(added),
        });
        if self.calculate_total {
            arguments["total"] = json!(difference.total);
        }
        answer(name, arguments)
    }
}
