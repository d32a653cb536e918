//! `/set` (RFC 8620 §5.3): its arguments, and what came of each object. Types do the creating, updating and destroying.

use crate::jmap::context::{Answer, Arguments, Context, answer};
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::ids;
use crate::jmap::limits::SET_MAX;
use crate::jmap::state::State;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::types::AccountId;

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Whose.
    pub account: AccountId,
    if_in_state: Option<String>,
    /// New objects by creation id.
    pub create: Vec<(String, Map<String, Value>)>,
    /// Patches by id, as the client wrote it: `#` and a creation id too (see [`Context::resolve`]).
    pub update: Vec<(String, Map<String, Value>)>,
    /// Ids as the client wrote them, each once.
    pub destroy: Vec<String>,
}

impl Set {
    /// Takes the arguments that every `/set` has; others stay.
    ///
    /// # Errors
    /// `accountNotFound`, `invalidArguments`, `requestTooLarge`.
    pub fn read(context: &Context<'_>, arguments: &mut Arguments) -> Result<Set, MethodError> {
        let account = arguments.account(context)?;
        let if_in_state = arguments.take("ifInState")?;
        let objects = |objects: Option<BTreeMap<String, Map<String, Value>>>| objects.into_iter().flatten().collect();
        let create: Vec<(String, Map<String, Value>)> = objects(arguments.take("create")?);
        let update: Vec<(String, Map<String, Value>)> = objects(arguments.take("update")?);
        let destroy: Vec<String> = arguments.take("destroy")?.unwrap_or_default();
        if create.len() + update.len() + destroy.len() > SET_MAX {
            return Err(MethodError::request_too_large());
        }
        let mut seen = BTreeSet::new();
        let destroy = destroy.into_iter().filter(|id| seen.insert(id.clone())).collect();
        Ok(Set { account, if_in_state, create, update, destroy })
    }

    /// Whether `ifInState` holds.
    ///
    /// # Errors
    /// `stateMismatch`.
    pub fn check(&self, current: State) -> Result<(), MethodError> {
        let holds = self.if_in_state.as_ref().is_none_or(|wanted| *wanted == current.to_string());
        if holds { Ok(()) } else { Err(MethodError::state_mismatch()) }
    }

    /// Whether the client wants this to be done in one state only: then the type does it under that condition.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.if_in_state.is_some()
    }

    /// The updates, without those of objects that are destroyed too: they are `willDestroy` (RFC 8620 §5.3).
    pub fn take_updates(&mut self, context: &Context<'_>, outcome: &mut Outcome) -> Vec<(String, Map<String, Value>)> {
        let doomed: BTreeSet<&str> = self.destroy.iter().filter_map(|id| context.resolve(id)).collect();
        let (doomed, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.update)
            .into_iter()
            .partition(|(id, _)| context.resolve(id).is_some_and(|id| doomed.contains(id)));
        for (id, _) in doomed {
            outcome.not_updated(&id, &SetError::will_destroy());
        }
        kept
    }

    /// The answer.
    ///
    /// # Errors
    /// None.
    pub fn answer(&self, name: &'static str, states: (State, State), outcome: Outcome) -> Answer {
        let mut arguments = outcome.json();
        arguments["accountId"] = json!(ids::of_account(self.account));
        arguments["oldState"] = states.0.json();
        arguments["newState"] = states.1.json();
        answer(name, arguments)
    }
}

/// What came of the objects of a `/set`, a `/copy` or an `/import`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    created: Map<String, Value>,
    updated: Map<String, Value>,
    destroyed: Vec<Value>,
    not_created: Map<String, Value>,
    not_updated: Map<String, Value>,
    not_destroyed: Map<String, Value>,
}

impl Outcome {
    /// One was created: its id and what else the client could not know, `id` among it. Notes the creation id.
    pub fn created(&mut self, context: &mut Context<'_>, creation: &str, object: Value) {
        if let Some(id) = object.get("id").and_then(Value::as_str) {
            context.note_created(creation, id);
        }
        self.created.insert(creation.to_owned(), object);
    }

    /// One was not.
    pub fn not_created(&mut self, creation: &str, error: &SetError) {
        self.not_created.insert(creation.to_owned(), error.json());
    }

    /// One was updated; with what changed that the client did not ask for, else `Value::Null`.
    pub fn updated(&mut self, id: &str, more: Value) {
        self.updated.insert(id.to_owned(), more);
    }

    /// One was not.
    pub fn not_updated(&mut self, id: &str, error: &SetError) {
        self.not_updated.insert(id.to_owned(), error.json());
    }

    /// One was destroyed.
    pub fn destroyed(&mut self, id: &str) {
        self.destroyed.push(json!(id));
    }

    /// One was not.
    pub fn not_destroyed(&mut self, id: &str, error: &SetError) {
        self.not_destroyed.insert(id.to_owned(), error.json());
    }

    /// Whether something was created, updated or destroyed.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !(self.created.is_empty() && self.updated.is_empty() && self.destroyed.is_empty())
    }

    /// As an answer has it: `null` where there is none of a kind (RFC 8620 §5.3).
    #[must_use]
    pub fn json(self) -> Value {
        let or_null = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
        let destroyed = if self.destroyed.is_empty() { Value::Null } else { Value::Array(self.destroyed) };
        json!({
            "created": or_null(self.created),
            "updated": or_null(self.updated),
            "destroyed": destroyed,
            "notCreated": or_null(self.not_created),
            "notUpdated": or_null(self.not_updated),
            "notDestroyed": or_null(self.not_destroyed),
        })
    }
}
