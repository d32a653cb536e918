//! `Email/import` (RFC 8621 §4.8).

use super::span;
use super::store_email::{self, Place, add_fault, method_fault};
use super::{flags, permit};
use crate::blobs::Blob;
use crate::jmap::blob::Whole;
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::set::Outcome;
use crate::jmap::limits::SET_MAX;
use crate::jmap::reach::Reached;
use crate::jmap::{Answer, Arguments, Context, answer, ids};
use office::Office;
use office::jmap::{AddFault, Added, NewContent};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::types::{AccountId, Flags, ModSeq};

/// `Email/import`.
///
/// # Errors
/// The method's.
pub async fn import(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let if_in_state: Option<String> = arguments.take("ifInState")?;
    let emails: BTreeMap<String, Map<String, Value>> = arguments.need("emails")?;
    arguments.end()?;
    if emails.len() > SET_MAX {
        return Err(MethodError::request_too_large());
    }
    context.reach(account).await?.check_change()?;
    let mut track = span::begin(context, account).await?;
    if if_in_state.as_ref().is_some_and(|wanted| *wanted != track.old().to_string()) {
        return Err(MethodError::state_mismatch());
    }
    let mut outcome = Outcome::default();
    for (creation, email) in emails {
        let since = if_in_state.as_ref().map(|_| track.unchanged_since());
        match import_one(context, account, &email, since).await {
            Ok(added) => {
                let told = store_email::told(account, added, &mut track);
                outcome.created(context, &creation, told);
            }
            Err(error) if error.kind() == "stateMismatch" => {
                let nothing_yet = !outcome.is_change();
                return Err(if nothing_yet {
                    MethodError::state_mismatch()
                } else {
                    MethodError::server_partial_fail()
                });
            }
            Err(error) => outcome.not_created(&creation, &error),
        }
    }
    let done = outcome.json();
    let states = track.states();
    answer(
        "Email/import",
        json!({
            "accountId": ids::of_account(account),
            "oldState": states.0.json(),
            "newState": states.1.json(),
            "created": done["created"],
            "notCreated": done["notCreated"],
        }),
    )
}

async fn import_one(
    context: &Context<'_>,
    account: AccountId,
    email: &Map<String, Value>,
    unchanged_since: Option<ModSeq>,
) -> Result<Added, SetError> {
    const KNOWN: [&str; 4] = ["blobId", "mailboxIds", "keywords", "receivedAt"];
    let unknown: Vec<&str> = email.keys().map(String::as_str).filter(|name| !KNOWN.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(SetError::invalid_properties(&unknown, "There are no such properties."));
    }
    let given = |name: &str| email.get(name).filter(|value| !value.is_null());
    let mailboxes = flags::mailboxes(context, account, given("mailboxIds").unwrap_or(&Value::Null))?;
    let flags = given("keywords").map_or_else(|| Ok(Flags::default()), flags::keywords)?;
    let reach = context.reach(account).await.map_err(|error| method_fault(&error))?;
    permit::add(&reach, &mailboxes, &flags)?;
    let wrong_date = || SetError::invalid_properties(&["receivedAt"], "It is a date in UTC.");
    let received = match given("receivedAt") {
        Some(value) => Some(value.as_str().and_then(super::address::utc_date).ok_or_else(wrong_date)?),
        None => None,
    };
    let no_blob = || SetError::invalid_properties(&["blobId"], "There is no such blob.");
    let blob = given("blobId").and_then(Value::as_str).ok_or_else(no_blob)?;
    let found = context.blob(account, blob).await.map_err(|error| method_fault(&error))?.ok_or_else(no_blob)?;
    let content = content(context, account, &found).await.map_err(|fault| add_fault(&fault))?.ok_or_else(no_blob)?;
    if !content.has_header {
        return Err(SetError::of("invalidEmail").because("It does not begin with a header."));
    }
    let size_max = context.web.office().message_size();
    if content.octets() > size_max {
        return Err(SetError::too_large().with("maxSize", json!(size_max)));
    }
    let received = received.or(content.received).unwrap_or(context.now);
    store_email::add(context, Place { account, mailboxes, flags, received, unchanged_since }, content).await
}

/// The octets of a blob as the content of an e-mail; those of an upload are not copied.
async fn content(
    context: &Context<'_>,
    account: AccountId,
    Reached { holder, id, blob }: &Reached,
) -> Result<Option<NewContent>, AddFault> {
    let office = context.web.office();
    match (id.whole, id.path.as_slice()) {
        // What another account holds is copied.
        _ if *holder != account => poured(office, blob).await.map(Some),
        (Whole::Upload(upload), []) => office.content_of_upload(account, upload).await,
        (Whole::Email(email), []) => office.content_of_email(account, email).await,
        _ => poured(office, blob).await.map(Some),
    }
}

async fn poured(office: &Office, blob: &Blob) -> Result<NewContent, AddFault> {
    let mut inlet = office.inlet();
    let mut reader = blob.reader();
    while let Some(octets) = reader.next().await? {
        inlet.write(&octets).await?;
    }
    inlet.finish().await
}
