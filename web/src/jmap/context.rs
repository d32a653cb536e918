//! What a method is given and what it gives: the context of its request, its arguments, and the invocations it answers
//! with. Owns reading arguments one by one, so that what is left over is noticed.

use super::capability::Using;
use super::error::MethodError;
use super::reach::{self, Reach, Reached};
use crate::Web;
use crate::caller::Caller;
use message::Time;
use office::jmap::Catalogue;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::types::AccountId;

/// The largest integer that JSON carries everywhere (RFC 8620 §1.3).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// What the calls of one request share.
pub struct Context<'a> {
    /// The web side, and the office below it.
    pub web: &'a Web,
    /// Who asks.
    pub caller: &'a Caller,
    /// When the request came.
    pub now: Time,
    /// What was created so far, by the creation ids of the client (RFC 8620 §3.3).
    pub created_ids: BTreeMap<String, String>,
    /// The capabilities of `using`.
    pub using: Using,
    /// The accounts that the call under way may reach: the caller's own, and those of others that share something with
    /// them, where the method is one for such.
    pub(super) open: Vec<AccountId>,
}

impl Context<'_> {
    /// An id as a client wrote it: `#` and a creation id stand for what was created under it (RFC 8620 §5.3). `None`:
    /// nothing was.
    #[must_use]
    pub fn resolve<'i>(&'i self, id: &'i str) -> Option<&'i str> {
        match id.strip_prefix('#') {
            Some(creation) => self.created_ids.get(creation).map(String::as_str),
            None => Some(id),
        }
    }

    /// Notes what was created; others may refer to it from now on.
    pub fn note_created(&mut self, creation: &str, id: &str) {
        self.created_ids.insert(creation.to_owned(), id.to_owned());
    }

    /// An account as it is now.
    ///
    /// # Errors
    /// `accountNotFound` where it was removed meanwhile, `serverFail`, `serverUnavailable`.
    pub async fn catalogue(&self, account: AccountId) -> Result<Arc<Catalogue>, MethodError> {
        if let Some(shared) = self.reach(account).await?.shared() {
            return Ok(shared.catalogue().clone());
        }
        let catalogue = self.web.office().catalogue(account, self.now).await?;
        catalogue.ok_or_else(MethodError::account_not_found)
    }

    /// What the caller reaches of an account now.
    ///
    /// # Errors
    /// As above; `accountNotFound` also where nothing is shared with the caller any more.
    pub async fn reach(&self, account: AccountId) -> Result<Reach, MethodError> {
        if !self.open.contains(&account) {
            return Err(MethodError::account_not_found());
        }
        Reach::of(self.web, self.caller, account).await?.ok_or_else(MethodError::account_not_found)
    }

    /// The blob of an id as a client wrote it, in an account; `None` where there is none that the caller may see.
    ///
    /// # Errors
    /// As [`Context::reach`].
    pub async fn blob(&self, account: AccountId, text: &str) -> Result<Option<Reached>, MethodError> {
        let Some(text) = self.resolve(text) else { return Ok(None) };
        Ok(self.reach(account).await?.blob(self.web, text).await?)
    }

    /// The account of an id, where the call may reach it.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<AccountId> {
        reach::among(id, &self.open)
    }
}

/// One answer in the list of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The method's name, or `error`.
    pub name: Cow<'static, str>,
    /// What it says.
    pub arguments: Value,
}

/// What a method comes to. Most answer with one invocation; RFC 8620 §5.4 has some of two.
pub type Answer = Result<Vec<Invocation>, MethodError>;

/// The one answer of a method.
///
/// # Errors
/// None; it has the type that methods return.
pub fn answer(name: &'static str, arguments: Value) -> Answer {
    Ok(vec![Invocation { name: Cow::Borrowed(name), arguments }])
}

/// The arguments of a call. Each is taken once; `end` finds those that nobody took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    left: Map<String, Value>,
}

impl Arguments {
    /// These.
    #[must_use]
    pub fn new(arguments: Map<String, Value>) -> Arguments {
        Arguments { left: arguments }
    }

    /// All of them.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        self.left
    }

    /// One as it is; `None` where it is missing or `null`.
    pub fn take_value(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// One; `None` where it is missing or `null`.
    ///
    /// # Errors
    /// `invalidArguments` for one of another type.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, MethodError> {
        let Some(value) = self.take_value(name) else { return Ok(None) };
        serde_json::from_value(value).map(Some).map_err(|error| wrong(name, &error.to_string()))
    }

    /// One that has to be there.
    ///
    /// # Errors
    /// `invalidArguments`.
    pub fn need<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, MethodError> {
        self.take(name)?.ok_or_else(|| wrong(name, "it is missing"))
    }

    /// `Boolean` with a default.
    ///
    /// # Errors
    /// `invalidArguments`.
    pub fn flag(&mut self, name: &str, default: bool) -> Result<bool, MethodError> {
        Ok(self.take(name)?.unwrap_or(default))
    }

    /// `UnsignedInt` (RFC 8620 §1.3).
    ///
    /// # Errors
    /// `invalidArguments`.
    pub fn unsigned(&mut self, name: &str) -> Result<Option<u64>, MethodError> {
        let number: Option<u64> = self.take(name)?;
        let fits = number.is_none_or(|number| number <= INTEGER_MAX);
        if fits { Ok(number) } else { Err(wrong(name, "it is past 2^53-1")) }
    }

    /// `Int` (RFC 8620 §1.3).
    ///
    /// # Errors
    /// `invalidArguments`.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, MethodError> {
        let number: Option<i64> = self.take(name)?;
        let fits = number.is_none_or(|number| number.unsigned_abs() <= INTEGER_MAX);
        if fits { Ok(number) } else { Err(wrong(name, "it is past 2^53-1")) }
    }

    /// `accountId`: of an account that the caller may see.
    ///
    /// # Errors
    /// `invalidArguments`, `accountNotFound`.
    pub fn account(&mut self, context: &Context<'_>) -> Result<AccountId, MethodError> {
        let id: String = self.need("accountId")?;
        context.account(&id).ok_or_else(MethodError::account_not_found)
    }

    /// Nothing is left.
    ///
    /// # Errors
    /// `invalidArguments`: an argument that the method does not have.
    pub fn end(self) -> Result<(), MethodError> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(MethodError::invalid_arguments(format!("There is no argument {name:?}."))
                .with("arguments", serde_json::json!([name]))),
        }
    }
}

fn wrong(name: &str, why: &str) -> MethodError {
    MethodError::invalid_arguments(format!("{name}: {why}.")).with("arguments", serde_json::json!([name]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> Arguments {
        Arguments::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn integers_end_where_json_does() {
        let mut arguments = of(json!({"a": INTEGER_MAX, "b": INTEGER_MAX + 1, "c": -1, "d": 1.5, "e": null}));
        assert_eq!(arguments.unsigned("a"), Ok(Some(INTEGER_MAX)));
        assert!(arguments.unsigned("b").is_err(), "one past it");
        assert_eq!(arguments.clone().integer("c"), Ok(Some(-1)));
        assert!(arguments.unsigned("c").is_err());
        assert!(arguments.integer("d").is_err());
        assert_eq!(arguments.integer("e"), Ok(None));
        assert!(arguments.end().is_ok());
    }

    #[test]
    fn what_nobody_took_is_an_error() {
        let mut arguments = of(json!({"ids": ["a"], "idz": 1}));
        assert_eq!(arguments.need::<Vec<String>>("ids"), Ok(vec!["a".to_owned()]));
        assert_eq!(arguments.end().unwrap_err().json()["arguments"], json!(["idz"]));
    }
}
