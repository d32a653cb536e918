//! `Blob/copy` (RFC 8620 §6.3): octets from an account that the caller may see into another, as an upload there.

use super::store_email::{method_fault, store_fault};
use crate::blobs::Blob;
use crate::jmap::blob::BlobId;
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::limits::{GET_MAX, UPLOAD_OCTETS_MAX};
use crate::jmap::{Answer, Arguments, Context, answer, ids};
use serde_json::{Map, Value, json};
use store::StoreError;
use store::op::{Op, Outcome};
use store::types::AccountId;

/// `Blob/copy`.
///
/// # Errors
/// The method's.
pub async fn blob_copy(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let from: String = arguments.need("fromAccountId")?;
    let from = context.account(&from).ok_or_else(MethodError::from_account_not_found)?;
    let to = arguments.account(context)?;
    let blobs: Vec<String> = arguments.need("blobIds")?;
    arguments.end()?;
    // RFC 8620 §6.3: between two different accounts.
    if from == to {
        return Err(MethodError::invalid_arguments("fromAccountId and accountId are the same."));
    }
    if blobs.len() > GET_MAX {
        return Err(MethodError::request_too_large());
    }
    let into = context.reach(to).await?;
    into.check_change()?;
    // What comes to be there is an upload, and so the caller's (see `Reach::uploader`).
    let uploader = into.uploader();
    let (mut copied, mut not_copied) = (Map::new(), Map::new());
    for blob in blobs {
        match copy_one(context, (from, uploader), &blob).await {
            Ok(id) => copied.insert(blob, json!(id)),
            Err(error) => not_copied.insert(blob, error.json()),
        };
    }
    let or_null = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
    let said = json!({
        "fromAccountId": ids::of_account(from),
        "accountId": ids::of_account(to),
        "copied": or_null(copied),
        "notCopied": or_null(not_copied),
    });
    answer("Blob/copy", said)
}

async fn copy_one(context: &Context<'_>, (from, to): (AccountId, AccountId), text: &str) -> Result<String, SetError> {
    let office = context.web.office();
    let found = context.blob(from, text).await.map_err(|error| method_fault(&error))?;
    let blob = found.ok_or_else(SetError::not_found)?.blob;
    let octets = blob.octets().await.map_err(|error| store_fault(&error))?;
    if octets > UPLOAD_OCTETS_MAX {
        return Err(SetError::too_large().with("maxSize", json!(UPLOAD_OCTETS_MAX)));
    }
    if !office.has_room(octets) {
        return Err(SetError::over_quota());
    }
    match take_over(context, to, &blob).await.map_err(|error| store_fault(&error))? {
        Outcome::Upload(number) => Ok(BlobId::upload(number).write(to)),
        _ => Err(SetError::over_quota()),
    }
}

async fn take_over(context: &Context<'_>, to: AccountId, blob: &Blob) -> Result<Outcome, StoreError> {
    let store = context.web.office().store();
    let mut upload = store.upload();
    let mut reader = blob.reader();
    while let Some(octets) = reader.next().await? {
        upload.write(&octets).await?;
    }
    let content = upload.finish().await?;
    store.apply(Op::UploadAdd { account: to, content, kind: blob.media_type.clone(), now: context.now }).await
}
