//! A new e-mail from its properties (RFC 8621 §4.6). Owns which properties may be set, and that no two of them are one header
//! field.

use super::body::{self, Body, Wrong};
use super::{flags, forms};
use crate::jmap::Context;
use crate::jmap::error::SetError;
use message::Time;
use message::build::compose::Field;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::types::{AccountId, Flags, MailboxId};

/// Fields of one header: far more than any real one has.
const FIELDS_MAX: usize = 1000;

/// A new e-mail as it was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub mailboxes: Vec<MailboxId>,
    pub flags: Flags,
    /// `None`: now.
    pub received: Option<Time>,
    pub fields: Vec<Field>,
    pub body: Body,
}

impl Asked {
    /// Whether there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        let of_body = self.body.entity.fields.iter();
        self.fields.iter().chain(of_body).any(|field| field.name.eq_ignore_ascii_case(name))
    }
}

/// Reads the properties.
///
/// # Errors
/// `invalidProperties` with all that are wrong, `tooManyKeywords`, `tooManyMailboxes`.
pub(super) fn read(context: &Context<'_>, account: AccountId, email: &Map<String, Value>) -> Result<Asked, SetError> {
    let mut wrong = Wrong::default();
    let mailboxes =
        keep(&mut wrong, flags::mailboxes(context, account, email.get("mailboxIds").unwrap_or(&Value::Null)))?;
    let keywords = email.get("keywords").filter(|value| !value.is_null());
    let keywords = keep(&mut wrong, keywords.map_or_else(|| Ok(Flags::default()), flags::keywords))?;
    let received = email.get("receivedAt").filter(|value| !value.is_null());
    let received = received.and_then(|value| {
        let time = value.as_str().and_then(super::address::utc_date);
        if time.is_none() {
            wrong.note("receivedAt", "It is a date in UTC.");
        }
        time
    });
    let (fields, names) = headers(email, &mut wrong);
    let body = body::read(email, &names, &mut wrong);
    if wrong.properties.is_empty() {
        return Ok(Asked {
            mailboxes: mailboxes.unwrap_or_default(),
            flags: keywords.unwrap_or_default(),
            received,
            fields,
            body,
        });
    }
    let names: Vec<&String> = wrong.properties.iter().collect();
    Err(SetError::of("invalidProperties").because(wrong.why.unwrap_or_default()).with("properties", json!(names)))
}

/// `invalidProperties` is gathered with others of its kind; another error ends the reading.
fn keep<T>(wrong: &mut Wrong, read: Result<T, SetError>) -> Result<Option<T>, SetError> {
    let error = match read {
        Ok(read) => return Ok(Some(read)),
        Err(error) if error.kind() == "invalidProperties" => error.json(),
        Err(error) => return Err(error),
    };
    let why = error.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    for name in error.get("properties").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        wrong.note(name, &why);
    }
    Ok(None)
}

/// The fields of the header, and their names in lower case.
fn headers(email: &Map<String, Value>, wrong: &mut Wrong) -> (Vec<Field>, BTreeSet<String>) {
    const OTHERS: [&str; 8] =
        ["mailboxIds", "keywords", "receivedAt", "bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"];
    let mut fields = Vec::new();
    let mut by_name: BTreeMap<String, &str> = BTreeMap::new();
    for (property, value) in email.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str())) {
        let Some(Some(header)) = forms::header(property) else {
            wrong.note(property, "There is no such property, or it cannot be set.");
            continue;
        };
        let lower = header.name.to_ascii_lowercase();
        // RFC 8621 §4.6: MIME's own fields are those of a part.
        if lower.starts_with("content-") || lower == "mime-version" {
            wrong.note(property, "It is a field of a part, not of an e-mail.");
            continue;
        }
        match header.fields(value) {
            Some(new) if fields.len() + new.len() <= FIELDS_MAX => {
                if let Some(other) = by_name.insert(lower, property).filter(|_| !value.is_null()) {
                    wrong.note(property, "Two properties are one header field.");
                    wrong.note(other, "Two properties are one header field.");
                }
                fields.extend(new);
            }
            _ => wrong.note(property, "Its value is not of the form it should have."),
        }
    }
    (fields, by_name.into_keys().collect())
}
