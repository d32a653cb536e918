//! `/changes` of data that the store keeps as objects.

use super::span;
use crate::jmap::error::MethodError;
use crate::jmap::generic::{Changed, Changes};
use crate::jmap::{Answer, Arguments, Context, State};
use serde_json::{Map, Value};
use store::query::ObjectsSince;
use store::types::ObjectKind;

/// Ids in one answer, unless the client wants fewer.
const CHANGES_MAX: usize = 5_000;

/// What became of objects of a kind, whose ids are numbers behind a letter.
pub(super) async fn changes(
    context: &mut Context<'_>,
    mut arguments: Arguments,
    (name, kind, letter): (&'static str, ObjectKind, char),
) -> Answer {
    let asked = Changes::read(context, &mut arguments)?;
    arguments.end()?;
    let office = context.web.office();
    let account = asked.account;
    // A client may hold the state of the account that an operation ended with.
    let states =
        office.store().read(store::query::States { account }).await?.ok_or_else(MethodError::account_not_found)?;
    let since = asked.since(State::from(states.account))?.mark();
    let limit = u32::try_from(asked.max_changes.unwrap_or(CHANGES_MAX).min(CHANGES_MAX)).unwrap_or(u32::MAX);
    let found = office.store().read(ObjectsSince { account, kind, since, limit }).await?;
    let found = found.ok_or_else(MethodError::cannot_calculate_changes)?;
    let now = State::from(span::objects(office, account, kind).await?);
    let ids = |list: &[i64]| list.iter().map(|id| of(letter, *id)).collect();
    let changed = Changed {
        new_state: if found.more { State::from(found.until) } else { State::from(found.until).max(now) },
        has_more: found.more,
        created: ids(&found.created),
        updated: ids(&found.updated),
        destroyed: ids(&found.destroyed),
    };
    asked.answer(name, &changed, &[])
}

/// The id of an object.
pub(super) fn of(letter: char, id: i64) -> String {
    format!("{letter}{id}")
}

/// The object of an id.
pub(super) fn read(letter: char, text: &str) -> Option<i64> {
    let id = text.strip_prefix(letter)?.parse().ok()?;
    (of(letter, id) == text).then_some(id)
}

/// A property of text, within a limit of octets; `null` where it may be missing.
///
/// # Errors
/// The property, where it is something else.
pub(super) fn text(
    map: &Map<String, Value>,
    name: &'static str,
    octets_max: usize,
) -> Result<Option<String>, &'static str> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= octets_max => Ok(Some(text.clone())),
        Some(_) => Err(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_form() {
        assert_eq!(read('I', &of('I', 12)), Some(12));
        for wrong in ["", "I", "I01", "I+1", "S12", "12", "\u{e9}1"] {
            assert_eq!(read('I', wrong), None, "{wrong}");
        }
    }
}
