//! Blobs within requests (RFC 9404; read second-hand): small ones made of text, base64 and pieces of others, read without a
//! download, and what refers to them. Owns the three methods; what an id leads to is `blobs`'s.

use super::blob::{BlobId, Whole};
use super::context::{Answer, Arguments, Context, answer};
use super::error::{MethodError, SetError};
use super::generic::Outcome;
use super::ids;
use super::limits::{GET_MAX, SET_MAX};
use super::reach::Reached;
use crate::blobs::Blob;
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use store::op;
use store::op::Op;
use store::query::EmailsById;
use store::types::AccountId;

/// Octets of a blob that is made so: it is held in memory, and comes in a request that has no more.
pub const BLOB_OCTETS_MAX: usize = 8 * 1024 * 1024;
/// Pieces that one is made of (RFC 9404 §3.1 wants at least 64).
pub const SOURCES_MAX: usize = 64;
/// Octets that one `Blob/get` tells in all; a download has no such limit.
pub const GET_OCTETS_MAX: u64 = 8 * 1024 * 1024;
/// Octets of a media type.
const TYPE_OCTETS_MAX: usize = 255;

/// The digests of RFC 9404 §4.2, by their names in the registry of RFC 3230.
const DIGESTS: [(&str, &digest::Algorithm); 3] =
    [("sha", &SHA1_FOR_LEGACY_USE_ONLY), ("sha-256", &SHA256), ("sha-512", &SHA512)];
/// The types that `Blob/lookup` knows.
const LOOKED_UP: [&str; 3] = ["Email", "Mailbox", "Thread"];

/// What the session object says (RFC 9404 §3.1).
pub(super) fn advertised() -> Value {
    json!({
        "maxSizeBlobSet": BLOB_OCTETS_MAX,
        "maxDataSources": SOURCES_MAX,
        "supportedTypeNames": LOOKED_UP,
        "supportedDigestAlgorithms": DIGESTS.map(|(name, _)| name),
    })
}

/// RFC 9404 §4.1.
pub(super) async fn upload(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let create: Map<String, Value> = arguments.need("create")?;
    arguments.end()?;
    context.reach(account).await?.check_change()?;
    if create.len() > SET_MAX {
        return Err(MethodError::request_too_large());
    }
    let mut outcome = Outcome::default();
    for (creation, new) in create {
        match make(context, account, &new).await? {
            Ok(object) => outcome.created(context, &creation, object),
            Err(error) => outcome.not_created(&creation, &error),
        }
    }
    let told = outcome.json();
    let account = ids::of_account(account);
    answer("Blob/upload", json!({"accountId": account, "created": told["created"], "notCreated": told["notCreated"]}))
}

async fn make(context: &Context<'_>, account: AccountId, new: &Value) -> Result<Result<Value, SetError>, MethodError> {
    let wrong = |name: &str, why: &str| Ok(Err(SetError::invalid_properties(&[name], why)));
    let Some(sources) = new.get("data").and_then(Value::as_array) else { return wrong("data", "It is a list.") };
    let kind = new.get("type").filter(|kind| !kind.is_null());
    let is_type = |kind: &&str| {
        kind.len() <= TYPE_OCTETS_MAX && kind.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ')
    };
    let given = kind.map(|kind| kind.as_str().filter(is_type));
    let Some(given) = given.map_or(Some("application/octet-stream"), |given| given) else {
        return wrong("type", "It is a media type.");
    };
    if sources.len() > SOURCES_MAX {
        return Ok(Err(SetError::too_large()));
    }
    let mut octets = Vec::new();
    for source in sources {
        match piece(context, account, source, BLOB_OCTETS_MAX - octets.len()).await? {
            Ok(piece) => octets.extend_from_slice(&piece),
            Err(error) => return Ok(Err(error)),
        }
    }
    let mut upload = context.web.office().store().upload();
    upload.write(&octets).await?;
    let content = upload.finish().await?;
    let uploader = context.reach(account).await?.uploader();
    let add = Op::UploadAdd { account: uploader, content, kind: given.to_owned(), now: context.now };
    Ok(match context.web.office().store().apply(add).await? {
        op::Outcome::Upload(number) => {
            Ok(json!({"id": BlobId::upload(number).write(uploader), "type": given, "size": octets.len()}))
        }
        _ => Err(SetError::over_quota()),
    })
}

/// One DataSourceObject (RFC 9404 §4.1.1): exactly one of text, base64 and a blob, of which a range may be named.
async fn piece(
    context: &Context<'_>,
    account: AccountId,
    source: &Value,
    room: usize,
) -> Result<Result<Vec<u8>, SetError>, MethodError> {
    let wrong = |why: &str| Ok(Err(SetError::invalid_properties(&["data"], why)));
    let text = |name: &str| source.get(name).and_then(Value::as_str);
    let octets = match (text("data:asText"), text("data:asBase64"), text("blobId")) {
        (Some(text), None, None) => text.as_bytes().to_vec(),
        (None, Some(base64), None) => match STANDARD.decode(base64) {
            Ok(octets) => octets,
            Err(_) => return wrong("It is no base64."),
        },
        (None, None, Some(id)) => {
            let number = |name: &str| source.get(name).filter(|value| !value.is_null()).map(|value| value.as_u64());
            let (offset, length) = match (number("offset").unwrap_or(Some(0)), number("length")) {
                (Some(offset), None) => (offset, None),
                (Some(offset), Some(Some(length))) => (offset, Some(length)),
                _ => return wrong("Offset and length are numbers."),
            };
            let Some(Reached { blob, .. }) = context.blob(account, id).await? else {
                return Ok(Err(SetError::of("blobNotFound").with("notFound", json!([id]))));
            };
            let most = room as u64 + 1;
            let range = read(&blob, offset, length.map_or(most, |length| length.min(most))).await?;
            if length.is_some_and(|length| range.octets.len() as u64 != length && length <= room as u64) {
                // RFC 9404 §4.1.1: a range that is not there whole.
                return wrong("The range goes past the end of the blob.");
            }
            range.octets
        }
        _ => return wrong("Each piece is one of data:asText, data:asBase64 and blobId."),
    };
    Ok(if octets.len() > room { Err(SetError::too_large()) } else { Ok(octets) })
}

struct Range {
    octets: Vec<u8>,
    /// Of the whole blob; `None` where it was not read to its end.
    total: Option<u64>,
}

/// So many octets from an offset on, or as many as there are.
async fn read(blob: &Blob, offset: u64, most: u64) -> Result<Range, MethodError> {
    let (mut at, mut octets, mut reader) = (0_u64, Vec::new(), blob.reader());
    while (octets.len() as u64) < most {
        let Some(some) = reader.next().await? else { return Ok(Range { octets, total: Some(at) }) };
        let skip = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX).min(some.len());
        let room = usize::try_from(most - octets.len() as u64).unwrap_or(usize::MAX);
        octets.extend(some.get(skip..).unwrap_or(&[]).iter().take(room));
        at += some.len() as u64;
    }
    Ok(Range { octets, total: blob.known_octets() })
}

/// RFC 9404 §4.2.
pub(super) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let asked: Vec<String> = arguments.need("ids")?;
    let properties: Option<Vec<String>> = arguments.take("properties")?;
    let offset = arguments.unsigned("offset")?.unwrap_or(0);
    let length = arguments.unsigned("length")?;
    arguments.end()?;
    if asked.len() > GET_MAX {
        return Err(MethodError::request_too_large());
    }
    let properties = properties.unwrap_or_else(|| vec!["data".to_owned(), "size".to_owned()]);
    if let Some(unknown) = properties.iter().find(|name| !is_property(name)) {
        return Err(MethodError::invalid_arguments(format!("There is no property {unknown:?}.")));
    }
    let (mut list, mut not_found, mut room) = (Vec::new(), Vec::new(), GET_OCTETS_MAX);
    for id in asked {
        let Some(found) = context.blob(account, &id).await? else {
            not_found.push(id);
            continue;
        };
        let object = tell(&found.blob, &properties, (offset, length), &mut room).await?;
        let mut told = Map::from_iter([("id".to_owned(), json!(found.write()))]);
        told.extend(object);
        list.push(Value::Object(told));
    }
    answer("Blob/get", json!({"accountId": ids::of_account(account), "list": list, "notFound": not_found}))
}

fn is_property(name: &str) -> bool {
    let is_digest = |name: &str| DIGESTS.iter().any(|(known, _)| *known == name);
    matches!(name, "id" | "size" | "data" | "data:asText" | "data:asBase64")
        || name.strip_prefix("digest:").is_some_and(is_digest)
}

async fn tell(
    blob: &Blob,
    properties: &[String],
    (offset, length): (u64, Option<u64>),
    room: &mut u64,
) -> Result<Map<String, Value>, MethodError> {
    let wants = |name: &str| properties.iter().any(|property| property.starts_with(name));
    let mut told = Map::new();
    if wants("data") || wants("digest:") {
        let most = length.unwrap_or(u64::MAX).min(*room + 1);
        let range = read(blob, offset, most).await?;
        *room = room.checked_sub(range.octets.len() as u64).ok_or_else(MethodError::request_too_large)?;
        if length.is_some_and(|length| (range.octets.len() as u64) < length)
            || range.total.is_some_and(|total| offset > total)
        {
            told.insert("isTruncated".to_owned(), json!(true));
        }
        data(&range.octets, properties, &mut told);
    }
    if wants("size") {
        told.insert("size".to_owned(), json!(blob.octets().await?));
    }
    Ok(told)
}

/// RFC 9404 §4.2: as text where it is text, as base64 where it is not or that is asked for.
fn data(octets: &[u8], properties: &[String], told: &mut Map<String, Value>) {
    let text = std::str::from_utf8(octets).ok();
    for property in properties {
        match property.as_str() {
            "data" if text.is_some() => drop(told.insert("data:asText".to_owned(), json!(text))),
            "data" | "data:asBase64" => drop(told.insert("data:asBase64".to_owned(), json!(STANDARD.encode(octets)))),
            "data:asText" => drop(told.insert(property.clone(), json!(text))),
            name => {
                let algorithm =
                    name.strip_prefix("digest:").and_then(|name| DIGESTS.iter().find(|(known, _)| *known == name));
                if let Some((_, algorithm)) = algorithm {
                    told.insert(property.clone(), json!(STANDARD.encode(digest::digest(algorithm, octets))));
                }
            }
        }
    }
    let asked_for_text = properties.iter().any(|property| property == "data:asText" || property == "data");
    if asked_for_text && text.is_none() {
        told.insert("isEncodingProblem".to_owned(), json!(true));
    }
}

/// RFC 9404 §4.3: an e-mail refers to its octets and to those of its parts. An upload is referred to by nothing.
pub(super) async fn lookup(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let types: Vec<String> = arguments.need("typeNames")?;
    let asked: Vec<String> = arguments.need("ids")?;
    arguments.end()?;
    if asked.len() > GET_MAX {
        return Err(MethodError::request_too_large());
    }
    if let Some(unknown) = types.iter().find(|name| !LOOKED_UP.contains(&name.as_str())) {
        return Err(MethodError::of("unknownDataType").because(format!("{unknown:?} is not looked up.")));
    }
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for id in asked {
        match context.blob(account, &id).await? {
            Some(found) => {
                let mut matched = references(context, account, &found.id).await?;
                matched.retain(|name, _| types.contains(name));
                list.push(json!({"id": found.write(), "matchedIds": matched}));
            }
            None => not_found.push(id),
        }
    }
    answer("Blob/lookup", json!({"accountId": ids::of_account(account), "list": list, "notFound": not_found}))
}

async fn references(
    context: &Context<'_>,
    account: AccountId,
    blob: &BlobId,
) -> Result<Map<String, Value>, MethodError> {
    let mut all = Map::from_iter(LOOKED_UP.map(|name| (name.to_owned(), json!([]))));
    if let Whole::Email(email) = blob.whole {
        let reach = context.reach(account).await?;
        let rows = context.web.office().store().read(EmailsById { account, ids: vec![email] }).await?;
        for row in rows {
            let seen = row.places.iter().filter(|(mailbox, ..)| reach.may(*mailbox, "lr"));
            let mut mailboxes: Vec<String> = seen.map(|(id, ..)| ids::of_mailbox(account, *id)).collect();
            mailboxes.dedup();
            all.insert("Email".to_owned(), json!([ids::of_email(account, row.id)]));
            all.insert("Thread".to_owned(), json!([ids::of_thread(account, row.thread)]));
            all.insert("Mailbox".to_owned(), json!(mailboxes));
        }
    }
    Ok(all)
}
