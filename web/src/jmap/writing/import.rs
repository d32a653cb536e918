//! `Email/import` (RFC 8621 §4.8).

use super::flags;
use super::span::{self, Track};
use super::store_email::{self, Place, add_fault};
use crate::blobs::Blob;
use crate::jmap::blob::{BlobId, Whole};
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::set::Outcome;
use crate::jmap::limits::SET_MAX;
use crate::jmap::{Answer, Arguments, Context, answer, ids};
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
    let mut track = Track::from(span::emails(context.web.office(), account).await?);
    if if_in_state.as_ref().is_some_and(|wanted| *wanted != track.old().to_string()) {
        return Err(MethodError::state_mismatch());
    }
    let mut outcome = Outcome::default();
    for (creation, email) in emails {
        let since = if_in_state.as_ref().map(|_| track.states().1.mark().modseq());
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
    let wrong_date = || SetError::invalid_properties(&["receivedAt"], "It is a date in UTC.");
    let received = match given("receivedAt") {
        Some(value) => Some(value.as_str().and_then(super::address::utc_date).ok_or_else(wrong_date)?),
        None => None,
    };
    let no_blob = || SetError::invalid_properties(&["blobId"], "There is no such blob.");
    let blob = given("blobId").and_then(Value::as_str).and_then(|text| context.resolve(text)).ok_or_else(no_blob)?;
    let id = BlobId::read(account, blob).ok_or_else(no_blob)?;
    let content = content(context, account, &id).await.map_err(|fault| add_fault(&fault))?.ok_or_else(no_blob)?;
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
async fn content(context: &Context<'_>, account: AccountId, id: &BlobId) -> Result<Option<NewContent>, AddFault> {
    let office = context.web.office();
    match (id.whole, id.path.as_slice()) {
        (Whole::Upload(upload), []) => office.content_of_upload(account, upload).await,
        (Whole::Email(email), []) => office.content_of_email(account, email).await,
        _ => {
            let Some(blob) = Blob::find(office, account, id).await? else { return Ok(None) };
            let mut inlet = office.inlet();
            let mut reader = blob.reader();
            while let Some(octets) = reader.next().await? {
                inlet.write(&octets).await?;
            }
            inlet.finish().await.map(Some)
        }
    }
}
