//! `Email/parse` (RFC 8621 §4.9): blobs told as e-mails, though they are none of the account.

use crate::jmap::email::{Octets, Source, Wanted, describe};
use crate::jmap::error::MethodError;
use crate::jmap::limits::{GET_MAX, RESPONSE_OCTETS_MAX};
use crate::jmap::pointer::weight;
use crate::jmap::reach::Reached;
use crate::jmap::{Answer, Arguments, Context, answer, ids};
use bytes::Bytes;
use message::Summary;
use serde_json::{Map, Value, json};
use store::types::AccountId;

/// Octets of a blob that is parsed: it is held in memory.
const OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// What only an e-mail of the account has.
const UNKNOWN: [&str; 5] = ["id", "mailboxIds", "keywords", "receivedAt", "threadId"];

/// `Email/parse`.
///
/// # Errors
/// The method's.
pub async fn parse(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let blobs: Vec<String> = arguments.need("blobIds")?;
    let properties: Option<Vec<String>> = arguments.take("properties")?;
    let wanted = Wanted::read(&mut arguments, properties.clone(), &[])?;
    arguments.end()?;
    if blobs.len() > GET_MAX {
        return Err(MethodError::request_too_large());
    }
    let (mut parsed, mut not_parsable, mut not_found) = (Map::new(), Vec::new(), Vec::new());
    let mut octets = 0_usize;
    for text in blobs {
        let Some(found) = context.blob(account, &text).await? else {
            not_found.push(text);
            continue;
        };
        match parse_one(&found, (&wanted, properties.as_deref())).await? {
            Some(email) => {
                let email = Value::Object(email);
                octets = octets.saturating_add(weight(&email));
                if octets > RESPONSE_OCTETS_MAX {
                    return Err(MethodError::request_too_large().because("Ask for fewer of these at once."));
                }
                parsed.insert(text, email);
            }
            None => not_parsable.push(text),
        }
    }
    told("Email/parse", account, parsed, (not_parsable, not_found))
}

/// The answer of a `/parse`: what there is nothing of is null.
pub(super) fn told(
    method: &'static str,
    account: AccountId,
    parsed: Map<String, Value>,
    (not_parsable, not_found): (Vec<String>, Vec<String>),
) -> Answer {
    let list = |list: Vec<String>| if list.is_empty() { Value::Null } else { json!(list) };
    let parsed = if parsed.is_empty() { Value::Null } else { Value::Object(parsed) };
    let said = json!({
        "accountId": ids::of_account(account),
        "parsed": parsed,
        "notParsable": list(not_parsable),
        "notFound": list(not_found),
    });
    answer(method, said)
}

/// `None` where it is no message: it does not begin with a header field.
async fn parse_one(
    Reached { holder, id, blob }: &Reached,
    (wanted, properties): (&Wanted, Option<&[String]>),
) -> Result<Option<Map<String, Value>>, MethodError> {
    if blob.octets().await? > OCTETS_MAX {
        return Ok(None);
    }
    let octets = Bytes::from(blob.read_all().await?);
    if !message::header::begins_with_field(&octets) {
        return Ok(None);
    }
    let size = octets.len();
    let summary = Summary::of(&message::parse(&octets));
    let source = Source { account: *holder, blob: id.clone(), summary, octets: Octets::Here(octets) };
    let mut email = describe(&source, wanted).await?;
    for name in properties.into_iter().flatten() {
        match name.as_str() {
            "size" => drop(email.insert(name.clone(), json!(size))),
            "blobId" => drop(email.insert(name.clone(), json!(id.write(*holder)))),
            known if UNKNOWN.contains(&known) => drop(email.insert(name.clone(), Value::Null)),
            _ => {}
        }
    }
    Ok(Some(email))
}
