//! `Email/copy` (RFC 8621 §4.7), between accounts that the caller may see.

use super::store_email::{self, Place, add_fault, method_fault};
use super::{flags, permit, set, span};
use crate::jmap::error::SetError;
use crate::jmap::generic::copy::Copy;
use crate::jmap::generic::set::{Outcome, Set};
use crate::jmap::{Answer, Arguments, Context, answer, ids};
use office::jmap::{Added, Row};
use serde_json::{Map, Value, json};

/// `Email/copy`, and the `Email/set` that destroys the originals where that is wanted.
///
/// # Errors
/// The method's.
pub async fn copy(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let asked = Copy::read(context, &mut arguments)?;
    arguments.end()?;
    context.reach(asked.account).await?.check_change()?;
    let from = span::begin(context, asked.from_account).await?;
    let mut track = span::begin(context, asked.account).await?;
    asked.check(from.old(), track.old())?;
    let mut outcome = Outcome::default();
    let mut copied = Vec::new();
    for (creation, email) in &asked.create {
        match copy_one(context, &asked, email).await {
            Ok((original, added)) => {
                let told = store_email::told(asked.account, added, &mut track);
                outcome.created(context, creation, told);
                copied.push(original);
            }
            Err(error) => outcome.not_created(creation, &error),
        }
    }
    let done = outcome.json();
    let states = track.states();
    let mut answers = answer(
        "Email/copy",
        json!({
            "fromAccountId": ids::of_account(asked.from_account),
            "accountId": ids::of_account(asked.account),
            "oldState": states.0.json(),
            "newState": states.1.json(),
            "created": done["created"],
            "notCreated": done["notCreated"],
        }),
    )?;
    if asked.on_success_destroy_original && !copied.is_empty() {
        answers.extend(destroy(context, &asked, copied).await);
    }
    Ok(answers)
}

async fn copy_one(
    context: &Context<'_>,
    asked: &Copy,
    email: &Map<String, Value>,
) -> Result<(String, Added), SetError> {
    const KNOWN: [&str; 4] = ["id", "mailboxIds", "keywords", "receivedAt"];
    let unknown: Vec<&str> = email.keys().map(String::as_str).filter(|name| !KNOWN.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(SetError::invalid_properties(&unknown, "They cannot be set in a copy."));
    }
    let original = email.get("id").and_then(Value::as_str).and_then(|id| context.resolve(id)).map(str::to_owned);
    let original = original.ok_or_else(|| SetError::invalid_properties(&["id"], "The original has no id."))?;
    let id = ids::email(asked.from_account, &original).ok_or_else(SetError::not_found)?;
    let office = context.web.office();
    let catalogue = context.catalogue(asked.from_account).await.map_err(|error| method_fault(&error))?;
    let row = catalogue.email(id).ok_or_else(SetError::not_found)?;
    let given = |name: &str| email.get(name).filter(|value| !value.is_null());
    let mailboxes = flags::mailboxes(context, asked.account, given("mailboxIds").unwrap_or(&Value::Null))?;
    let reach = context.reach(asked.account).await.map_err(|error| method_fault(&error))?;
    let flags = match given("keywords") {
        Some(value) => flags::keywords(value)?,
        None => permit::kept(&reach, &mailboxes, flags_of(&catalogue, row)?),
    };
    permit::add(&reach, &mailboxes, &flags)?;
    let wrong_date = || SetError::invalid_properties(&["receivedAt"], "It is a date in UTC.");
    let received = match given("receivedAt") {
        Some(value) => value.as_str().and_then(super::address::utc_date).ok_or_else(wrong_date)?,
        None => row.received,
    };
    let content = office.content_of_email(asked.from_account, id).await.map_err(|fault| add_fault(&fault))?;
    let content = content.ok_or_else(SetError::not_found)?;
    let place = Place { account: asked.account, mailboxes, flags, received, unchanged_since: None };
    Ok((original, store_email::add(context, place, content).await?))
}

/// Those of the original.
fn flags_of(catalogue: &office::jmap::Catalogue, row: &Row) -> Result<store::types::Flags, SetError> {
    let names = catalogue.keywords(row.flags);
    flags::keywords(&Value::Object(names.into_iter().map(|name| (name, Value::Bool(true))).collect()))
}

/// RFC 8620 §5.4: an implicit `Email/set` in the account of the originals; what it comes to is told after the copy.
async fn destroy(context: &mut Context<'_>, asked: &Copy, originals: Vec<String>) -> Vec<crate::jmap::Invocation> {
    let mut arguments = Map::new();
    arguments.insert("accountId".to_owned(), json!(ids::of_account(asked.from_account)));
    arguments.insert("destroy".to_owned(), json!(originals));
    if let Some(state) = &asked.destroy_from_if_in_state {
        arguments.insert("ifInState".to_owned(), json!(state));
    }
    let mut arguments = Arguments::new(arguments);
    let done = match Set::read(context, &mut arguments) {
        Ok(asked) => set::carry_out(context, asked).await,
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error| vec![crate::jmap::Invocation { name: "error".into(), arguments: error.json() }])
}
