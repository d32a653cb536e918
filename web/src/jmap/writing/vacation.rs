//! The answer while away (RFC 8621 §8): one object, always there.

use super::address::{utc_date, written};
use super::objects::text;
use super::span::{self, Track};
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::get::only;
use crate::jmap::generic::set::{Outcome, Set};
use crate::jmap::generic::{Get, patch};
use crate::jmap::{Answer, Arguments, Context, State};
use message::Time;
use office::vacation::{BODY_OCTETS_MAX, SUBJECT_OCTETS_MAX, Vacation};
use serde_json::{Map, Value, json};
use store::types::{AccountId, ObjectKind};

const ID: &str = "singleton";
const PROPERTIES: [&str; 7] = ["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"];

/// `VacationResponse/get`.
///
/// # Errors
/// The method's.
pub async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let asked = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let properties = asked.properties(|name| PROPERTIES.contains(&name))?;
    let office = context.web.office();
    let state = State::from(span::objects(office, asked.account, ObjectKind::Vacation).await?);
    let (_, vacation) = office.vacation(asked.account).await?;
    let told = only(json(&vacation), properties.as_deref());
    let Some(ids) = &asked.ids else {
        return asked.answer("VacationResponse/get", state, vec![told], Vec::new());
    };
    let list = ids.iter().filter(|id| *id == ID).map(|_| told.clone()).collect();
    let missing = ids.iter().filter(|id| *id != ID).cloned().collect();
    asked.answer("VacationResponse/get", state, list, missing)
}

fn json(vacation: &Vacation) -> Value {
    json!({
        "id": ID,
        "isEnabled": vacation.is_enabled,
        "fromDate": vacation.from_date.map(written),
        "toDate": vacation.to_date.map(written),
        "subject": vacation.subject,
        "textBody": vacation.text_body,
        "htmlBody": vacation.html_body,
    })
}

/// `VacationResponse/set`.
///
/// # Errors
/// The method's.
pub async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut asked = Set::read(context, &mut arguments)?;
    arguments.end()?;
    let account = asked.account;
    let mut track = span::begin_objects(context.web.office(), account, ObjectKind::Vacation).await?;
    asked.check(track.old())?;
    let mut outcome = Outcome::default();
    for (creation, _) in std::mem::take(&mut asked.create) {
        outcome.not_created(&creation, &SetError::singleton());
    }
    for (name, changes) in std::mem::take(&mut asked.update) {
        if name != ID {
            outcome.not_updated(&name, &SetError::not_found());
            continue;
        }
        match update(context, account, &changes, &mut track).await? {
            Ok(()) => outcome.updated(ID, Value::Null),
            Err(error) => outcome.not_updated(ID, &error),
        }
    }
    for name in &asked.destroy {
        let error = if name == ID { SetError::singleton() } else { SetError::not_found() };
        outcome.not_destroyed(name, &error);
    }
    asked.answer("VacationResponse/set", track.states(), outcome)
}

async fn update(
    context: &Context<'_>,
    account: AccountId,
    changes: &Map<String, Value>,
    track: &mut Track,
) -> Result<Result<(), SetError>, MethodError> {
    let office = context.web.office();
    let (object, before) = office.vacation(account).await?;
    let Value::Object(mut properties) = json(&before) else { return Ok(Err(SetError::not_found())) };
    if let Err(error) = patch::apply(&mut properties, changes) {
        return Ok(Err(error));
    }
    let vacation = match read(&properties) {
        Ok(vacation) => vacation,
        Err(error) => return Ok(Err(error)),
    };
    match office.set_vacation(context.now, account, (object.as_ref(), &vacation)).await? {
        Some(span) => {
            track.add(span);
            Ok(Ok(()))
        }
        // Two changed it at the same time.
        None => Err(MethodError::state_mismatch()),
    }
}

fn read(properties: &Map<String, Value>) -> Result<Vacation, SetError> {
    let mut wrong: Vec<&str> =
        properties.keys().map(String::as_str).filter(|name| !PROPERTIES.contains(name)).collect();
    if properties.get("id").is_some_and(|id| id != ID) {
        wrong.push("id");
    }
    let is_enabled = properties.get("isEnabled").and_then(Value::as_bool);
    if is_enabled.is_none() && properties.get("isEnabled").is_some_and(|value| !value.is_null()) {
        wrong.push("isEnabled");
    }
    let mut dates: [Option<Time>; 2] = [None, None];
    for (date, name) in dates.iter_mut().zip(["fromDate", "toDate"]) {
        let given = properties.get(name).filter(|value| !value.is_null());
        *date = given.and_then(Value::as_str).and_then(utc_date);
        if given.is_some() && date.is_none() {
            wrong.push(name);
        }
    }
    let limits = [("subject", SUBJECT_OCTETS_MAX), ("textBody", BODY_OCTETS_MAX), ("htmlBody", BODY_OCTETS_MAX)];
    let mut texts: [Option<String>; 3] = [None, None, None];
    for (place, (name, octets_max)) in texts.iter_mut().zip(limits) {
        match text(properties, name, octets_max) {
            Ok(read) => *place = read,
            Err(name) => wrong.push(name),
        }
    }
    if !wrong.is_empty() {
        return Err(SetError::invalid_properties(&wrong, "They are not there, or have another form."));
    }
    let ([from_date, to_date], [subject, text_body, html_body]) = (dates, texts);
    Ok(Vacation { is_enabled: is_enabled.unwrap_or(false), from_date, to_date, subject, text_body, html_body })
}
