//! E-mails that are put away until a time (`docs/jmap.md`). Owns the JSON; what happens to the e-mail is the office's.

use super::context::{Answer, Arguments, Context};
use super::error::{MethodError, SetError};
use super::generic::get::only;
use super::generic::{Changes, Get, Outcome, Set};
use super::ids;
use super::kept::{Kept, Kind};
use message::Time;
use office::snooze::{NotSnoozed, Snooze};
use serde_json::{Map, Value, json};
use std::time::Duration;
use store::types::{AccountId, EmailId, ObjectKind};

const SNOOZE: Kind = Kind { kind: ObjectKind::Snooze, letter: 'Z' };
/// How long the worker looks away at most: the clock of the house may be set.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// How long it waits when the store fails.
const AFTER_TROUBLE: Duration = Duration::from_secs(10);
const PROPERTIES: [&str; 4] = ["id", "emailId", "until", "mailboxIds"];

pub(super) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let wanted = get.properties(|name| PROPERTIES.contains(&name))?;
    forget_gone(context, get.account).await?;
    let (state, all) = SNOOZE.all(context, get.account).await?;
    let object = |kept: &Kept| Some(only(object(kept, get.account)?, wanted.as_deref()));
    let Some(asked) = &get.ids else {
        return get.answer("Snooze/get", state, all.iter().filter_map(object).collect(), Vec::new());
    };
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for id in asked {
        let kept = SNOOZE.number(id).and_then(|number| all.iter().find(|kept| kept.number == number));
        match kept.and_then(object) {
            Some(object) => list.push(object),
            None => not_found.push(id.clone()),
        }
    }
    get.answer("Snooze/get", state, list, not_found)
}

fn object(kept: &Kept, account: AccountId) -> Option<Value> {
    let snooze = Snooze::of(&kept.object)?;
    let places: Map<String, Value> =
        snooze.from.iter().map(|mailbox| (ids::of_mailbox(account, *mailbox), Value::Bool(true))).collect();
    Some(json!({
        "id": SNOOZE.id(kept.number),
        "emailId": ids::of_email(account, snooze.email),
        "until": super::date::write_utc(snooze.until),
        "mailboxIds": places,
    }))
}

/// A snooze does not outlive its e-mail.
async fn forget_gone(context: &Context<'_>, account: AccountId) -> Result<(), MethodError> {
    Ok(context.web.office().forget_gone_snoozes(context.now, account).await?)
}

pub(super) async fn changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let changes = Changes::read(context, &mut arguments)?;
    arguments.end()?;
    forget_gone(context, changes.account).await?;
    changes.answer("Snooze/changes", &SNOOZE.changed(context, &changes).await?, &[])
}

pub(super) async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut set = Set::read(context, &mut arguments)?;
    arguments.end()?;
    let account = set.account;
    forget_gone(context, account).await?;
    let state = SNOOZE.state(context, account).await?;
    set.check(state)?;
    let mut outcome = Outcome::default();
    for (creation, new) in std::mem::take(&mut set.create) {
        match create(context, account, &new).await {
            Ok(object) => outcome.created(context, &creation, object),
            Err(error) => outcome.not_created(&creation, &error),
        }
    }
    for (id, changed) in set.take_updates(context, &mut outcome) {
        match update(context, account, &id, &changed).await {
            Ok(()) => outcome.updated(&id, Value::Null),
            Err(error) => outcome.not_updated(&id, &error),
        }
    }
    for id in &set.destroy {
        let number = context.resolve(id).and_then(|id| SNOOZE.number(id));
        let done = match number {
            Some(number) => {
                context.web.office().unsnooze(context.now, account, number).await.map_err(|why| refused(&why))
            }
            None => Err(SetError::not_found()),
        };
        match done {
            Ok(()) => outcome.destroyed(id),
            Err(error) => outcome.not_destroyed(id, &error),
        }
    }
    let after = SNOOZE.state(context, account).await?;
    set.answer("Snooze/set", (state, after), outcome)
}

async fn create(context: &Context<'_>, account: AccountId, new: &Map<String, Value>) -> Result<Value, SetError> {
    if let Some(name) = new.keys().find(|name| !["emailId", "until"].contains(&name.as_str())) {
        return Err(SetError::invalid_properties(&[name.as_str()], "It cannot be set."));
    }
    let email = email(context, account, new).ok_or_else(|| wrong("emailId", "There is no such e-mail."))?;
    let until = until(new)?;
    let made = context.web.office().snooze(context.now, account, email, until).await;
    let (number, snooze) = made.map_err(|why| match why {
        NotSnoozed::Gone => wrong("emailId", "There is no such e-mail."),
        other => refused(&other),
    })?;
    let places: Map<String, Value> =
        snooze.from.iter().map(|mailbox| (ids::of_mailbox(account, *mailbox), Value::Bool(true))).collect();
    Ok(json!({"id": SNOOZE.id(number), "mailboxIds": places}))
}

fn email(context: &Context<'_>, account: AccountId, new: &Map<String, Value>) -> Option<EmailId> {
    ids::email(account, context.resolve(new.get("emailId")?.as_str()?)?)
}

fn until(new: &Map<String, Value>) -> Result<Time, SetError> {
    let text = new.get("until").and_then(Value::as_str);
    text.and_then(super::date::read_utc).ok_or_else(|| wrong("until", "It is a UTCDate."))
}

async fn update(
    context: &Context<'_>,
    account: AccountId,
    id: &str,
    changed: &Map<String, Value>,
) -> Result<(), SetError> {
    let number = context.resolve(id).and_then(|id| SNOOZE.number(id)).ok_or_else(SetError::not_found)?;
    if let Some(name) = changed.keys().find(|name| name.as_str() != "until") {
        return Err(wrong(name, "Only the time can be changed."));
    }
    let until = until(changed)?;
    context.web.office().resnooze(context.now, account, number, until).await.map_err(|why| refused(&why))
}

/// Brings e-mails back as their times come, as long as the house is open.
pub(crate) async fn wake(web: crate::Web) {
    let mut changed = web.office().store().watch_due();
    loop {
        changed.mark_unchanged();
        let next = web.office().wake_snoozed(web.now()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "e-mails that were put away do not come back");
            Some(web.now().after(AFTER_TROUBLE))
        });
        let wait = next.map_or(LOOK_EVERY, |next| next.since(web.now()).min(LOOK_EVERY));
        // A time that was changed, or a new one, ends the wait.
        if let Ok(Err(_)) = tokio::time::timeout(wait, changed.changed()).await {
            return;
        }
    }
}

fn wrong(name: &str, why: &str) -> SetError {
    SetError::invalid_properties(&[name], why)
}

fn refused(why: &NotSnoozed) -> SetError {
    match why {
        NotSnoozed::Gone => SetError::not_found(),
        NotSnoozed::BadTime => wrong("until", "The time has passed, or is more than ten years away."),
        NotSnoozed::Exists(number) => SetError::of("alreadyExists")
            .because("The e-mail is away already; its time can be changed.")
            .with("existingId", json!(SNOOZE.id(*number))),
        NotSnoozed::Limit => SetError::over_quota(),
        NotSnoozed::Conflict => SetError::of("rateLimit").because("The e-mail changed at the same time; try again."),
        NotSnoozed::Store(error) => {
            let error = MethodError::from(error.clone());
            SetError::of(error.kind()).because("The store could not be asked.")
        }
    }
}
