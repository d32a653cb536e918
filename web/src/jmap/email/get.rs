//! `Email/get` (RFC 8621 §4.2).

use super::object::describe;
use super::source::{Octets, Source};
use super::wanted::{OF_ACCOUNT, Property, Wanted, is_known};
use crate::jmap::blob::BlobId;
use crate::jmap::context::{Answer, Arguments, Context};
use crate::jmap::error::MethodError;
use crate::jmap::generic::Get;
use crate::jmap::limits::{GET_MAX, RESPONSE_OCTETS_MAX};
use crate::jmap::pointer::weight;
use crate::jmap::{date, ids};
use message::Summary;
use office::jmap::{Catalogue, Row};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use store::query::EmailsById;
use store::types::{AccountId, EmailId, EmailRow};

/// E-mails looked up together.
const PAGE: usize = 128;

/// RFC 8621 §4.2.
pub async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    let properties = get.properties(is_known)?;
    let wanted = Wanted::read(&mut arguments, properties, &OF_ACCOUNT)?;
    arguments.end()?;
    let catalogue = context.catalogue(get.account).await?;
    let asked: Vec<String> = match &get.ids {
        Some(ids) => ids.clone(),
        // RFC 8620 §5.1: all of them, where they are not too many.
        None if catalogue.len() > GET_MAX => return Err(MethodError::request_too_large()),
        None => catalogue.rows().map(|row| ids::of_email(get.account, row.email)).collect(),
    };
    let (mut list, mut not_found, mut octets) = (Vec::new(), Vec::new(), 0_usize);
    for page in asked.chunks(PAGE) {
        let found: Vec<(&String, Option<&Row>)> =
            page.iter().map(|id| (id, ids::email(get.account, id).and_then(|email| catalogue.email(email)))).collect();
        let emails = found.iter().filter_map(|(_, row)| Some((*row)?.email)).collect();
        let mut known = rows(context, get.account, emails, &wanted).await?;
        for (id, row) in found {
            match row {
                Some(row) => match object(context, &catalogue, (row, known.remove(&row.email)), &wanted).await? {
                    Some(object) => {
                        let object = Value::Object(object);
                        octets = octets.saturating_add(weight(&object));
                        if octets > RESPONSE_OCTETS_MAX {
                            return Err(MethodError::request_too_large().because("Ask for fewer of these at once."));
                        }
                        list.push(object);
                    }
                    None => not_found.push(id.clone()),
                },
                None => not_found.push(id.clone()),
            }
        }
    }
    get.answer("Email/get", super::state(&catalogue), list, not_found)
}

async fn rows(
    context: &Context<'_>,
    account: AccountId,
    emails: Vec<EmailId>,
    wanted: &Wanted,
) -> Result<HashMap<EmailId, EmailRow>, MethodError> {
    if wanted.is_metadata() || emails.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = context.web.office().store().read(EmailsById { account, ids: emails }).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// `None` where it went meanwhile.
async fn object(
    context: &Context<'_>,
    catalogue: &Catalogue,
    (row, known): (&Row, Option<EmailRow>),
    wanted: &Wanted,
) -> Result<Option<Map<String, Value>>, MethodError> {
    let mut object = Map::new();
    if !wanted.is_metadata() {
        let Some(known) = known else { return Ok(None) };
        let Some(source) = source(context, catalogue.account(), known).await? else { return Ok(None) };
        object = describe(&source, wanted).await?;
    }
    for property in &wanted.properties {
        if let Property::Metadata(name) = property {
            object.insert((*name).to_owned(), metadata(name, row, catalogue));
        }
    }
    Ok(Some(object))
}

/// A message of the store; one whose summary is damaged has no parts.
async fn source(context: &Context<'_>, account: AccountId, known: EmailRow) -> Result<Option<Source>, MethodError> {
    let Some(content) = context.web.office().email_content(account, known.id).await? else { return Ok(None) };
    let summary = known.summary.ok().and_then(|octets| Summary::decode(&octets).ok()).unwrap_or_default();
    let blob = BlobId::email(known.id);
    Ok(Some(Source { account, blob, summary, octets: Octets::Stored(content) }))
}

fn metadata(name: &str, row: &Row, catalogue: &Catalogue) -> Value {
    let account = catalogue.account();
    let set = |names: Vec<String>| names.into_iter().map(|name| (name, json!(true))).collect::<Map<_, _>>();
    match name {
        "id" => json!(ids::of_email(account, row.email)),
        "blobId" => json!(BlobId::email(row.email).write(account)),
        "threadId" => json!(ids::of_thread(account, row.thread)),
        "mailboxIds" => {
            let mailboxes = row.places.as_slice().iter().map(|mailbox| ids::of_mailbox(account, *mailbox));
            Value::Object(set(mailboxes.collect()))
        }
        "keywords" => Value::Object(set(catalogue.keywords(row.flags))),
        "size" => json!(row.size),
        "receivedAt" => json!(date::write_utc(row.received)),
        _ => Value::Null,
    }
}
