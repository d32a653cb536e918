//! `/copy` (RFC 8620 §5.4).

use crate::jmap::context::{Arguments, Context};
use crate::jmap::error::MethodError;
use crate::jmap::limits::SET_MAX;
use crate::jmap::state::State;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::types::AccountId;

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Where the objects are.
    pub from_account: AccountId,
    if_from_in_state: Option<String>,
    /// Where they are copied to; never the same.
    pub account: AccountId,
    if_in_state: Option<String>,
    /// What the copies shall be, `id` that of the original, by creation id.
    pub create: Vec<(String, Map<String, Value>)>,
    /// The originals are destroyed by a `/set` that follows.
    pub on_success_destroy_original: bool,
    /// `ifInState` of that `/set`.
    pub destroy_from_if_in_state: Option<String>,
}

impl Copy {
    /// Takes the arguments that every `/copy` has; others stay.
    ///
    /// # Errors
    /// `fromAccountNotFound`, `accountNotFound`, `invalidArguments`, `requestTooLarge`.
    pub fn read(context: &Context<'_>, arguments: &mut Arguments) -> Result<Copy, MethodError> {
        let from: String = arguments.need("fromAccountId")?;
        let from_account = context.account(&from).ok_or_else(MethodError::from_account_not_found)?;
        let account = arguments.account(context)?;
        if account == from_account {
            return Err(MethodError::invalid_arguments("fromAccountId and accountId are the same."));
        }
        let create: BTreeMap<String, Map<String, Value>> = arguments.need("create")?;
        if create.len() > SET_MAX {
            return Err(MethodError::request_too_large());
        }
        Ok(Copy {
            from_account,
            if_from_in_state: arguments.take("ifFromInState")?,
            account,
            if_in_state: arguments.take("ifInState")?,
            create: create.into_iter().collect(),
            on_success_destroy_original: arguments.flag("onSuccessDestroyOriginal", false)?,
            destroy_from_if_in_state: arguments.take("destroyFromIfInState")?,
        })
    }

    /// Whether `ifFromInState` and `ifInState` hold.
    ///
    /// # Errors
    /// `stateMismatch`.
    pub fn check(&self, from: State, to: State) -> Result<(), MethodError> {
        let holds = |wanted: &Option<String>, state: State| wanted.as_ref().is_none_or(|w| *w == state.to_string());
        let both = holds(&self.if_from_in_state, from) && holds(&self.if_in_state, to);
        if both { Ok(()) } else { Err(MethodError::state_mismatch()) }
    }
}
