//! An e-mail as an object (RFC 8621 §4.1), as far as its content tells it. Where it is and what its keywords are is put
//! in by who asks.

use super::forms::raw;
use super::parts::{Parts, values};
use super::source::Source;
use super::wanted::{Property, Wanted};
use crate::jmap::error::MethodError;
use message::bodies::Bodies;
use message::header;
use office::jmap::preview;
use serde_json::{Map, Value, json};

/// Tells what is wanted of a message, but for what only the store knows.
///
/// # Errors
/// `serverFail`, `serverUnavailable`.
pub async fn describe(source: &Source, wanted: &Wanted) -> Result<Map<String, Value>, MethodError> {
    let header = if wanted.needs_header() { source.header(0).await? } else { Vec::new() };
    let bodies = Bodies::of(&source.summary);
    let parts = Parts::new(source, &wanted.parts);
    let mut object = Map::new();
    for property in &wanted.properties {
        let (name, value) = match property {
            Property::Metadata(_) => continue,
            Property::Header(name, property) => (name.as_str(), property.value(&header)),
            Property::Headers => ("headers", headers(&header)),
            Property::BodyStructure => ("bodyStructure", parts.structure().await?),
            Property::BodyValues => ("bodyValues", values(source, &bodies, wanted).await?),
            Property::TextBody => ("textBody", parts.list(&bodies.text).await?),
            Property::HtmlBody => ("htmlBody", parts.list(&bodies.html).await?),
            Property::Attachments => ("attachments", parts.list(&bodies.attachments).await?),
            Property::HasAttachment => ("hasAttachment", json!(bodies.has_attachment(&source.summary))),
            Property::Preview => ("preview", json!(preview_of(source).await?)),
        };
        object.insert(name.to_owned(), value);
    }
    Ok(object)
}

/// Every field, in order, in Raw form (RFC 8621 §4.1.3).
pub(super) fn headers(section: &[u8]) -> Value {
    header::fields(section).map(|field| json!({"name": raw(field.name), "value": raw(field.value)})).collect()
}

async fn preview_of(source: &Source) -> Result<String, MethodError> {
    let Some(index) = preview::part(&source.summary) else { return Ok(String::new()) };
    let body = source.body(index, preview::OCTETS_READ).await?;
    Ok(source.summary.parts.get(index).map(|part| preview::of(part, &body)).unwrap_or_default())
}
