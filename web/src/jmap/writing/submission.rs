//! Submissions (RFC 8621 §7): `/get`, `/changes` and `/set`. What is sent and when is `office::submission`'s.

use super::address::written;
use super::objects;
use super::set as email_set;
use super::span::{self, Track};
use super::store_email::store_fault;
use crate::jmap::blob::BlobId;
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::get::only;
use crate::jmap::generic::set::{Outcome, Set};
use crate::jmap::generic::{Get, patch};
use crate::jmap::{Answer, Arguments, Context, Invocation, State, ids};
use office::submission::{CancelFault, Envelope, Reports, Sending, Submission, SubmitFault};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::types::{AccountId, EmailId, ObjectKind};

pub(super) const LETTER: char = 'S';
pub(super) const KIND: ObjectKind = ObjectKind::Submission;
const PROPERTIES: [&str; 10] = [
    "id",
    "identityId",
    "emailId",
    "threadId",
    "envelope",
    "sendAt",
    "undoStatus",
    "deliveryStatus",
    "dsnBlobIds",
    "mdnBlobIds",
];

/// `EmailSubmission/get`.
///
/// # Errors
/// The method's.
pub async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let asked = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let properties = asked.properties(|name| PROPERTIES.contains(&name))?;
    let office = context.web.office();
    let state = State::from(span::objects(office, asked.account, KIND).await?);
    let all = office.submissions(asked.account).await?;
    let mut by_id: BTreeMap<String, Submission> =
        all.into_iter().map(|(object, submission)| (objects::of(LETTER, object.id), submission)).collect();
    let wanted = match &asked.ids {
        Some(ids) => ids.clone(),
        None if by_id.len() > crate::jmap::limits::GET_MAX => return Err(MethodError::request_too_large()),
        None => by_id.keys().cloned().collect(),
    };
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    let wants = |name: &str| properties.as_ref().is_none_or(|wanted| wanted.iter().any(|wanted| wanted == name));
    let with = Sought { fates: wants("deliveryStatus"), reports: wants("dsnBlobIds") || wants("mdnBlobIds") };
    for id in wanted {
        match by_id.remove(&id) {
            Some(submission) => {
                let told = json(context, asked.account, (&id, &submission), with).await?;
                list.push(only(told, properties.as_deref()));
            }
            None => missing.push(id),
        }
    }
    asked.answer("EmailSubmission/get", state, list, missing)
}

/// `EmailSubmission/changes`.
///
/// # Errors
/// The method's.
pub async fn changes(context: &mut Context<'_>, arguments: Arguments) -> Answer {
    objects::changes(context, arguments, ("EmailSubmission/changes", KIND, LETTER)).await
}

/// What of a submission takes looking for.
#[derive(Clone, Copy)]
struct Sought {
    fates: bool,
    reports: bool,
}

async fn json(
    context: &Context<'_>,
    account: AccountId,
    (id, submission): (&str, &Submission),
    with: Sought,
) -> Result<Value, MethodError> {
    let mut status = Map::new();
    let reports = match with.reports {
        true => context.web.office().reports(account, submission).await?,
        false => Reports::default(),
    };
    let blobs = |emails: &[EmailId]| -> Vec<String> {
        emails.iter().map(|email| BlobId::email(*email).write(account)).collect()
    };
    if with.fates {
        for (address, fate) in context.web.office().fates(submission).await? {
            let fate = json!({
                "smtpReply": fate.smtp_reply,
                "delivered": fate.delivered.name(),
                "displayed": "unknown",
            });
            status.insert(address, fate);
        }
    }
    Ok(json!({
        "id": id,
        "identityId": objects::of('I', submission.identity),
        "emailId": ids::of_email(account, submission.email),
        "threadId": ids::of_thread(account, submission.thread),
        "envelope": submission.envelope,
        "sendAt": written(submission.send_at),
        "undoStatus": submission.undo.name(),
        "deliveryStatus": status,
        "dsnBlobIds": blobs(&reports.delivery),
        "mdnBlobIds": blobs(&reports.disposition),
    }))
}

/// `EmailSubmission/set`, and the `Email/set` that follows where it is wanted (RFC 8621 §7.5).
///
/// # Errors
/// The method's.
pub async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut asked = Set::read(context, &mut arguments)?;
    let on_success = OnSuccess {
        update: arguments.take::<BTreeMap<String, Map<String, Value>>>("onSuccessUpdateEmail")?.unwrap_or_default(),
        destroy: arguments.take::<Vec<String>>("onSuccessDestroyEmail")?.unwrap_or_default(),
    };
    arguments.end()?;
    let account = asked.account;
    let mut track = span::begin_objects(context.web.office(), account, KIND).await?;
    asked.check(track.old())?;
    let mut outcome = Outcome::default();
    // The e-mail of each submission that something was done to, by its id.
    let mut emails: BTreeMap<String, String> = BTreeMap::new();
    for (creation, object) in std::mem::take(&mut asked.create) {
        match create(context, account, &object, &mut track).await {
            Ok((told, email)) => {
                emails.insert(told["id"].as_str().unwrap_or_default().to_owned(), email);
                outcome.created(context, &creation, told);
            }
            Err(error) => outcome.not_created(&creation, &error),
        }
    }
    for (name, changes) in asked.take_updates(context, &mut outcome) {
        match update(context, account, (&name, &changes), &mut track).await {
            Ok((id, email)) => {
                outcome.updated(&id, Value::Null);
                emails.insert(id, email);
            }
            Err(error) => outcome.not_updated(&name, &error),
        }
    }
    for name in asked.destroy.clone() {
        match destroy(context, account, &name, &mut track).await {
            Ok((id, email)) => {
                outcome.destroyed(&id);
                emails.insert(id, email);
            }
            Err(error) => outcome.not_destroyed(&name, &error),
        }
    }
    let mut answers = asked.answer("EmailSubmission/set", track.states(), outcome)?;
    answers.extend(on_success.carry_out(context, account, &emails).await);
    Ok(answers)
}

/// What is done to e-mails whose submission was.
struct OnSuccess {
    update: BTreeMap<String, Map<String, Value>>,
    destroy: Vec<String>,
}

impl OnSuccess {
    /// A single implicit `Email/set`, where any of its changes is to be made.
    async fn carry_out(
        self,
        context: &mut Context<'_>,
        account: AccountId,
        emails: &BTreeMap<String, String>,
    ) -> Vec<Invocation> {
        let of = |name: &str| emails.get(context.resolve(name)?).cloned();
        let update: Map<String, Value> =
            self.update.iter().filter_map(|(name, patch)| Some((of(name)?, Value::Object(patch.clone())))).collect();
        let destroy: BTreeSet<String> = self.destroy.iter().filter_map(|name| of(name)).collect();
        if update.is_empty() && destroy.is_empty() {
            return Vec::new();
        }
        let mut arguments = Map::new();
        arguments.insert("accountId".to_owned(), json!(ids::of_account(account)));
        arguments.insert("update".to_owned(), Value::Object(update));
        arguments.insert("destroy".to_owned(), json!(destroy));
        let mut arguments = Arguments::new(arguments);
        let done = match Set::read(context, &mut arguments) {
            Ok(asked) => email_set::carry_out(context, asked).await,
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| vec![Invocation { name: "error".into(), arguments: error.json() }])
    }
}

/// The new submission as the client has to know it, and its e-mail.
async fn create(
    context: &Context<'_>,
    account: AccountId,
    object: &Map<String, Value>,
    track: &mut Track,
) -> Result<(Value, String), SetError> {
    const KNOWN: [&str; 3] = ["identityId", "emailId", "envelope"];
    let is_default = |name: &str, value: &Value| name == "undoStatus" && (value == "pending" || value.is_null());
    let unknown = object.iter().filter(|(name, value)| !KNOWN.contains(&name.as_str()) && !is_default(name, value));
    let unknown: Vec<&str> = unknown.map(|(name, _)| name.as_str()).collect();
    if !unknown.is_empty() {
        return Err(SetError::invalid_properties(&unknown, "They cannot be set."));
    }
    let named = |name: &str| object.get(name).and_then(Value::as_str).and_then(|id| context.resolve(id));
    let no_identity = || SetError::invalid_properties(&["identityId"], "There is no such identity.");
    let no_email = || SetError::invalid_properties(&["emailId"], "There is no such e-mail.");
    let identity = named("identityId").and_then(|id| objects::read('I', id)).ok_or_else(no_identity)?;
    let email = named("emailId").and_then(|id| ids::email(account, id)).ok_or_else(no_email)?;
    let envelope = match object.get("envelope").filter(|value| !value.is_null()) {
        Some(value) => Some(read_envelope(value)?),
        None => None,
    };
    let sending = Sending { account, client: None, identity, email, envelope };
    let office = context.web.office();
    let (id, submission, span) = office.submit(context.now, &sending).await.map_err(|fault| refused(&fault))?;
    track.add(span);
    crate::contacts::written::keep_recipients_of(context, account, email).await;
    let told = json!({
        "id": objects::of(LETTER, id),
        "threadId": ids::of_thread(account, submission.thread),
        "envelope": submission.envelope,
        "sendAt": written(submission.send_at),
        "undoStatus": submission.undo.name(),
    });
    Ok((told, ids::of_email(account, email)))
}

/// What names and values have to be is told apart from what they mean.
fn read_envelope(value: &Value) -> Result<Envelope, SetError> {
    let wrong = |why: &str| SetError::invalid_properties(&["envelope"], why);
    let only = |value: &Value, known: &[&str]| {
        value.as_object().is_some_and(|map| map.keys().all(|key| known.contains(&key.as_str())))
    };
    let parties =
        value.get("mailFrom").into_iter().chain(value.get("rcptTo").and_then(Value::as_array).into_iter().flatten());
    let fits =
        only(value, &["mailFrom", "rcptTo"]) && parties.into_iter().all(|party| only(party, &["email", "parameters"]));
    if !fits {
        return Err(wrong("It has mailFrom and rcptTo, each with email and parameters."));
    }
    serde_json::from_value(value.clone()).map_err(|error| wrong(&error.to_string()))
}

/// RFC 8621 §7.5.
fn refused(fault: &SubmitFault) -> SetError {
    match fault {
        SubmitFault::NoIdentity => SetError::invalid_properties(&["identityId"], "There is no such identity."),
        SubmitFault::NoEmail => SetError::invalid_properties(&["emailId"], "There is no such e-mail."),
        SubmitFault::Envelope(why) => SetError::invalid_properties(&["envelope"], why.as_str()),
        SubmitFault::Email(properties, why) => {
            SetError::of("invalidEmail").because(why.as_str()).with("properties", json!(properties))
        }
        SubmitFault::TooLarge(octets) => SetError::too_large().with("maxSize", json!(octets)),
        SubmitFault::TooManyRecipients(most) => SetError::of("tooManyRecipients").with("maxRecipients", json!(most)),
        SubmitFault::NoRecipients => SetError::of("noRecipients"),
        SubmitFault::Recipients(list, why) => {
            SetError::of("invalidRecipients").because(why.as_str()).with("invalidRecipients", json!(list))
        }
        SubmitFault::MailFrom(why) => SetError::of("forbiddenMailFrom").because(why.as_str()),
        SubmitFault::From(why) => SetError::of("forbiddenFrom").because(why.as_str()),
        SubmitFault::Forbidden(why) => SetError::of("forbiddenToSend").because(why.as_str()),
        SubmitFault::OverQuota => SetError::over_quota(),
        SubmitFault::Store(error) => store_fault(error),
    }
}

async fn find(context: &Context<'_>, account: AccountId, name: &str) -> Result<(i64, String, Submission), SetError> {
    let id = context.resolve(name).ok_or_else(SetError::not_found)?.to_owned();
    let number = objects::read(LETTER, &id).ok_or_else(SetError::not_found)?;
    let found = context.web.office().submission(account, number).await.map_err(|error| store_fault(&error))?;
    let found = found.ok_or_else(SetError::not_found)?;
    Ok((number, id, found.1))
}

/// Only that it is held back can be changed (RFC 8621 §7.5).
async fn update(
    context: &Context<'_>,
    account: AccountId,
    (name, changes): (&str, &Map<String, Value>),
    track: &mut Track,
) -> Result<(String, String), SetError> {
    let (number, id, submission) = find(context, account, name).await?;
    // RFC 8620 §5.3: what only the server sets may be named as it is.
    let all = Sought { fates: true, reports: true };
    let Ok(Value::Object(before)) = json(context, account, (&id, &submission), all).await else {
        return Err(SetError::of("serverFail"));
    };
    let mut after = before.clone();
    patch::apply(&mut after, changes)?;
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&str> =
        names.into_iter().filter(|name| before.get(*name) != after.get(*name)).map(String::as_str).collect();
    let email = ids::of_email(account, submission.email);
    match changed.as_slice() {
        [] => return Ok((id, email)),
        ["undoStatus"] if after.get("undoStatus").is_some_and(|value| value == "canceled") => {}
        other => return Err(SetError::invalid_properties(other, "Only undoStatus can be changed, to canceled.")),
    }
    match context.web.office().cancel(context.now, account, number).await {
        Ok(span) => {
            span.into_iter().for_each(|span| track.add(span));
            Ok((id, email))
        }
        Err(CancelFault::NotFound) => Err(SetError::not_found()),
        Err(CancelFault::TooLate) => Err(SetError::of("cannotUnsend").because("The message has left.")),
        Err(CancelFault::Store(error)) => Err(store_fault(&error)),
    }
}

async fn destroy(
    context: &Context<'_>,
    account: AccountId,
    name: &str,
    track: &mut Track,
) -> Result<(String, String), SetError> {
    let (number, id, submission) = find(context, account, name).await?;
    match context.web.office().forget_submission(context.now, account, number).await {
        Ok(span) => {
            track.add(span);
            Ok((id, ids::of_email(account, submission.email)))
        }
        Err(CancelFault::NotFound) => Err(SetError::not_found()),
        Err(CancelFault::TooLate) => Err(SetError::forbidden("It waits to be sent: hold it back first.")),
        Err(CancelFault::Store(error)) => Err(store_fault(&error)),
    }
}
