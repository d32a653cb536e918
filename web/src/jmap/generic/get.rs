//! `/get` (RFC 8620 §5.1).

use crate::jmap::context::{Answer, Arguments, Context, answer};
use crate::jmap::error::MethodError;
use crate::jmap::limits::{GET_MAX, PROPERTIES_MAX};
use crate::jmap::state::State;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::types::AccountId;

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Get {
    /// Whose.
    pub account: AccountId,
    /// Which, each once and in the order asked for; `None`: all there are.
    pub ids: Option<Vec<String>>,
    properties: Option<Vec<String>>,
}

impl Get {
    /// Takes the arguments that every `/get` has; others stay.
    ///
    /// # Errors
    /// `accountNotFound`, `invalidArguments`, `requestTooLarge`.
    pub fn read(context: &Context<'_>, arguments: &mut Arguments) -> Result<Get, MethodError> {
        let account = arguments.account(context)?;
        let ids: Option<Vec<String>> = arguments.take("ids")?;
        if ids.as_ref().is_some_and(|ids| ids.len() > GET_MAX) {
            return Err(MethodError::request_too_large());
        }
        let properties: Option<Vec<String>> = arguments.take("properties")?;
        if properties.as_ref().is_some_and(|all| all.len() > PROPERTIES_MAX) {
            return Err(MethodError::request_too_large());
        }
        Ok(Get { account, ids: ids.map(|ids| once(context, ids)), properties })
    }

    /// The properties asked for, `id` always among them; `None`: the type's default.
    ///
    /// # Errors
    /// `invalidArguments` for one that `is_known` does not know.
    pub fn properties(&self, is_known: impl Fn(&str) -> bool) -> Result<Option<Vec<String>>, MethodError> {
        let Some(wanted) = &self.properties else { return Ok(None) };
        if let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
            return Err(MethodError::invalid_arguments(format!("There is no property {unknown:?}."))
                .with("arguments", json!(["properties"])));
        }
        let mut seen = BTreeSet::new();
        let all = std::iter::once("id").chain(wanted.iter().map(String::as_str));
        Ok(Some(all.filter(|name| seen.insert(*name)).map(str::to_owned).collect()))
    }

    /// The answer.
    ///
    /// # Errors
    /// None.
    pub fn answer(&self, name: &'static str, state: State, list: Vec<Value>, not_found: Vec<String>) -> Answer {
        let account = crate::jmap::ids::of_account(self.account);
        answer(name, json!({"accountId": account, "state": state.json(), "list": list, "notFound": not_found}))
    }
}

/// RFC 8620 §5.1: an id that is there twice is answered once. A creation id stands for what was created (§5.3); one that
/// was not stays as it is, and will not be found.
fn once(context: &Context<'_>, ids: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let resolved = ids.into_iter().map(|id| context.resolve(&id).map(str::to_owned).unwrap_or(id));
    resolved.filter(|id| seen.insert(id.clone())).collect()
}

/// An object with only the wanted properties; all of them where `None` says so.
#[must_use]
pub fn only(mut object: Value, wanted: Option<&[String]>) -> Value {
    if let (Value::Object(members), Some(wanted)) = (&mut object, wanted) {
        members.retain(|name, _| wanted.contains(name));
    }
    object
}
