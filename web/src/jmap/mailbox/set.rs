//! `Mailbox/set` (RFC 8621 §2.5): mailboxes are made, changed and removed one after the other, each change as a whole.

use super::names::checked;
use super::{SORT_ORDER, object, role, sort_orders, state};
use crate::jmap::context::{Answer, Arguments, Context};
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::{Outcome, Set};
use crate::jmap::ids;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use store::op::{self, Op};
use store::query::Mailboxes;
use store::types::{AccountId, Annotated, Mailbox, MailboxId, Role};

/// `sortOrder` stays below this (RFC 8621 §2).
const SORT_ORDER_END: u64 = 1 << 31;

/// What a client may set of a mailbox; `None`: it says nothing.
#[derive(Default)]
struct Wish {
    name: Option<String>,
    /// An id, or a creation id behind `#`; `Some(None)`: the top.
    parent: Option<Option<String>>,
    role: Option<Option<Role>>,
    sort_order: Option<u32>,
    subscribed: Option<bool>,
}

/// RFC 8621 §2.5.
pub async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut set = Set::read(context, &mut arguments)?;
    let with_emails = arguments.flag("onDestroyRemoveEmails", false)?;
    arguments.end()?;
    let old = state(&*context.catalogue(set.account).await?);
    set.check(old)?;
    let mut outcome = Outcome::default();
    create(context, &mut set, &mut outcome).await?;
    for (id, patch) in set.take_updates(context, &mut outcome) {
        match update(context, set.account, &id, &patch).await? {
            Ok(()) => outcome.updated(&id, Value::Null),
            Err(error) => outcome.not_updated(&id, &error),
        }
    }
    destroy(context, &set, with_emails, &mut outcome).await?;
    let new = state(&*context.catalogue(set.account).await?);
    set.answer("Mailbox/set", (old, new), outcome)
}

/// Creates what can be; one may name as its parent another that is created by the same call, so they go round until none
/// is left whose parent may yet come.
async fn create(context: &mut Context<'_>, set: &mut Set, outcome: &mut Outcome) -> Result<(), MethodError> {
    let mut left = std::mem::take(&mut set.create);
    while !left.is_empty() {
        let before = left.len();
        let mut waiting = Vec::new();
        let awaited: Vec<String> = left.iter().map(|(creation, _)| format!("#{creation}")).collect();
        for (creation, properties) in left {
            let parent = properties.get("parentId").and_then(Value::as_str).unwrap_or("");
            if awaited.iter().any(|id| id == parent) && context.resolve(parent).is_none() {
                waiting.push((creation, properties));
                continue;
            }
            match create_one(context, set.account, &properties).await? {
                Ok(object) => outcome.created(context, &creation, object),
                Err(error) => outcome.not_created(&creation, &error),
            }
        }
        if waiting.len() == before {
            for (creation, _) in &waiting {
                outcome
                    .not_created(creation, &SetError::invalid_properties(&["parentId"], "There is no such mailbox."));
            }
            break;
        }
        left = waiting;
    }
    Ok(())
}

async fn create_one(
    context: &Context<'_>,
    account: AccountId,
    properties: &Map<String, Value>,
) -> Result<Result<Value, SetError>, MethodError> {
    let wish = match wish(properties, None) {
        Ok(wish) => wish,
        Err(error) => return Ok(Err(error)),
    };
    let Some(name) = wish.name.clone() else {
        return Ok(Err(SetError::invalid_properties(&["name"], "A mailbox has a name.")));
    };
    let parent = match wish.parent.clone().flatten() {
        None => None,
        Some(id) => match mailbox(context, account, &id) {
            Some(parent) => Some(parent),
            None => return Ok(Err(no_parent())),
        },
    };
    let op =
        Op::MailboxCreate { account, parent, path: vec![name.clone()], role: wish.role.flatten(), now: context.now };
    let made = match apply(context, op).await? {
        op::Outcome::Mailbox(made) => made,
        op::Outcome::Gone => return Ok(Err(no_parent())),
        op::Outcome::Exists => return Ok(Err(exists(context, account, parent, &name).await?)),
        op::Outcome::Conflict if wish.role.flatten().is_some() => return Ok(Err(role_taken())),
        other => return Ok(Err(refused(&other))),
    };
    // RFC 8621 §2: a user sees what they make, unless they say otherwise.
    let rest =
        Wish { sort_order: wish.sort_order, subscribed: Some(wish.subscribed.unwrap_or(true)), ..Wish::default() };
    if let Err(error) = adjust(context, (account, made), &rest).await? {
        return Ok(Err(error));
    }
    told(context, (account, made), properties).await
}

/// What the client could not know of a mailbox that it made (RFC 8620 §5.3).
async fn told(
    context: &Context<'_>,
    (account, made): (AccountId, MailboxId),
    given: &Map<String, Value>,
) -> Result<Result<Value, SetError>, MethodError> {
    let catalogue = context.catalogue(account).await?;
    let orders = sort_orders(context, account).await?;
    let mut all = match catalogue.mailbox(made) {
        Some(mailbox) => object(&catalogue, mailbox, &orders),
        None => json!({"id": ids::of_mailbox(account, made)}),
    };
    if let Value::Object(members) = &mut all {
        members.retain(|name, value| given.get(name) != Some(value));
    }
    Ok(Ok(all))
}

async fn update(
    context: &Context<'_>,
    account: AccountId,
    id: &str,
    patch: &Map<String, Value>,
) -> Result<Result<(), SetError>, MethodError> {
    let mailboxes: HashMap<MailboxId, Mailbox> = mailboxes(context, account).await?;
    let found = mailbox(context, account, id).and_then(|mailbox| mailboxes.get(&mailbox));
    let Some(known) = found else { return Ok(Err(SetError::not_found())) };
    let catalogue = context.catalogue(account).await?;
    let orders = sort_orders(context, account).await?;
    let mut wish = match wish(patch, Some(&object(&catalogue, known, &orders))) {
        Ok(wish) => wish,
        Err(error) => return Ok(Err(error)),
    };
    let parent = match wish.parent.take() {
        None => known.parent,
        Some(None) => None,
        Some(Some(id)) => match mailbox(context, account, &id).filter(|parent| mailboxes.contains_key(parent)) {
            Some(parent) => Some(parent),
            None => return Ok(Err(no_parent())),
        },
    };
    // Looked at first, so that nothing is done by half.
    let is_taken = |role: Role| mailboxes.values().any(|other| other.role == Some(role) && other.id != known.id);
    let changes_role = wish.role.is_some_and(|role| role != known.role);
    if changes_role && (known.role == Some(Role::Inbox) || wish.role.flatten().is_some_and(is_taken)) {
        return Ok(Err(role_taken()));
    }
    let name = wish.name.take().unwrap_or_else(|| known.name.clone());
    if (parent, &name) != (known.parent, &known.name)
        && let Err(error) = rename(context, (account, known), parent, name).await?
    {
        return Ok(Err(error));
    }
    adjust(context, (account, known.id), &wish).await
}

async fn rename(
    context: &Context<'_>,
    (account, known): (AccountId, &Mailbox),
    parent: Option<MailboxId>,
    name: String,
) -> Result<Result<(), SetError>, MethodError> {
    // To IMAP it would mean that its messages go elsewhere (RFC 9051 §6.3.6).
    if known.role == Some(Role::Inbox) {
        return Ok(Err(SetError::forbidden("The inbox keeps its name and its place.")));
    }
    let op = Op::MailboxRename { account, mailbox: known.id, parent, path: vec![name.clone()], now: context.now };
    Ok(match apply(context, op).await? {
        op::Outcome::Done | op::Outcome::Mailbox(_) | op::Outcome::Uids { .. } => Ok(()),
        op::Outcome::Gone => Err(SetError::not_found()),
        op::Outcome::Conflict => Err(SetError::invalid_properties(
            &["parentId"],
            "A mailbox cannot lie in itself, nor in one that lies in it.",
        )),
        other => Err(refused(&other)),
    })
}

/// Role, order and subscription.
async fn adjust(
    context: &Context<'_>,
    (account, mailbox): (AccountId, MailboxId),
    wish: &Wish,
) -> Result<Result<(), SetError>, MethodError> {
    if let Some(role) = wish.role {
        match apply(context, Op::MailboxRole { account, mailbox, role }).await? {
            op::Outcome::Done => {}
            op::Outcome::Conflict => return Ok(Err(role_taken())),
            other => return Ok(Err(refused(&other))),
        }
    }
    if let Some(order) = wish.sort_order {
        let note = (SORT_ORDER.to_owned(), (order > 0).then(|| order.to_string().into_bytes()));
        let of = Annotated { mailbox: Some((account, mailbox)), reader: None };
        match apply(context, Op::Annotate { notes: vec![(of, vec![note])] }).await? {
            op::Outcome::Done => {}
            other => return Ok(Err(refused(&other))),
        }
    }
    if let Some(subscribed) = wish.subscribed {
        match apply(context, Op::MailboxSubscribe { account, mailbox, subscribed }).await? {
            op::Outcome::Done => {}
            other => return Ok(Err(refused(&other))),
        }
    }
    Ok(Ok(()))
}

/// Those that lie deepest first, so that a mailbox and those in it may go together.
async fn destroy(
    context: &Context<'_>,
    set: &Set,
    with_emails: bool,
    outcome: &mut Outcome,
) -> Result<(), MethodError> {
    if set.destroy.is_empty() {
        return Ok(());
    }
    let known = mailboxes(context, set.account).await?;
    let depth = |mut at: Option<MailboxId>| {
        let mut depth = 0_usize;
        while let Some(mailbox) = at.and_then(|id| known.get(&id)).filter(|_| depth <= store::DEPTH_MAX) {
            (at, depth) = (mailbox.parent, depth + 1);
        }
        depth
    };
    let mut doomed: Vec<(&String, Option<MailboxId>)> =
        set.destroy.iter().map(|id| (id, mailbox(context, set.account, id))).collect();
    doomed.sort_by_key(|(_, mailbox)| std::cmp::Reverse(depth(*mailbox)));
    for (id, mailbox) in doomed {
        let Some(mailbox) = mailbox.and_then(|mailbox| known.get(&mailbox)) else {
            outcome.not_destroyed(id, &SetError::not_found());
            continue;
        };
        if mailbox.role == Some(Role::Inbox) {
            outcome.not_destroyed(id, &SetError::forbidden("The inbox stays."));
            continue;
        }
        let op = Op::MailboxDestroy { account: set.account, mailbox: mailbox.id, with_emails, now: context.now };
        match apply(context, op).await? {
            op::Outcome::Done => outcome.destroyed(id),
            op::Outcome::Gone => outcome.not_destroyed(id, &SetError::not_found()),
            op::Outcome::Exists => outcome.not_destroyed(id, &SetError::of("mailboxHasEmail")),
            op::Outcome::Conflict => outcome.not_destroyed(id, &SetError::of("mailboxHasChild")),
            other => outcome.not_destroyed(id, &refused(&other)),
        }
    }
    Ok(())
}

/// Reads what is to be set. Of a mailbox that is there, what the server sets may be named as it is (RFC 8620 §5.3).
fn wish(properties: &Map<String, Value>, known: Option<&Value>) -> Result<Wish, SetError> {
    let mut wish = Wish::default();
    for (name, value) in properties {
        let wrong = |why: &str| SetError::invalid_properties(&[name.as_str()], why);
        match (name.as_str(), value) {
            ("name", Value::String(text)) => wish.name = Some(checked(text).map_err(wrong)?),
            ("parentId", Value::Null) => wish.parent = Some(None),
            ("parentId", Value::String(id)) => wish.parent = Some(Some(id.clone())),
            ("role", Value::Null) => wish.role = Some(None),
            ("role", Value::String(text)) => {
                wish.role = Some(Some(role(text).ok_or_else(|| wrong("No mailbox can have this role here."))?));
            }
            // RFC 8620 §5.3: what is set to null gets its default.
            ("sortOrder", Value::Null) if known.is_some() => wish.sort_order = Some(0),
            ("sortOrder", value) => {
                let order = value.as_u64().filter(|order| *order < SORT_ORDER_END).and_then(|o| u32::try_from(o).ok());
                wish.sort_order = Some(order.ok_or_else(|| wrong("It is an integer from 0 up to 2^31-1."))?);
            }
            ("isSubscribed", Value::Bool(subscribed)) => wish.subscribed = Some(*subscribed),
            ("name" | "parentId" | "role" | "isSubscribed", _) => return Err(wrong("It is of another type.")),
            (other, value) if known.is_some_and(|known| known.get(other) == Some(value)) => {}
            (other, _) if super::PROPERTIES.contains(&other) => return Err(wrong("Only the server sets it.")),
            (other, _) if other.contains('/') => {
                return Err(SetError::invalid_patch("No property of a mailbox is changed in part."));
            }
            _ => return Err(wrong("There is no such property.")),
        }
    }
    Ok(wish)
}

fn mailbox(context: &Context<'_>, account: AccountId, id: &str) -> Option<MailboxId> {
    ids::mailbox(account, context.resolve(id)?)
}

async fn mailboxes(context: &Context<'_>, account: AccountId) -> Result<HashMap<MailboxId, Mailbox>, MethodError> {
    let all = context.web.office().store().read(Mailboxes { account }).await?;
    Ok(all.into_iter().map(|mailbox| (mailbox.id, mailbox)).collect())
}

async fn apply(context: &Context<'_>, op: Op) -> Result<op::Outcome, MethodError> {
    Ok(context.web.office().store().apply(op).await?)
}

/// RFC 8620 §5.4: there is one already, and which. INBOX has one name in any case of letters.
async fn exists(
    context: &Context<'_>,
    account: AccountId,
    parent: Option<MailboxId>,
    name: &str,
) -> Result<SetError, MethodError> {
    let error = SetError::of("alreadyExists").because("There is a mailbox of this name already.");
    let all = mailboxes(context, account).await?;
    let same = |other: &&Mailbox| other.parent == parent && other.name.eq_ignore_ascii_case(name);
    let found = all.values().filter(same).min_by_key(|other| other.name != name);
    Ok(match found {
        Some(found) => error.with("existingId", json!(ids::of_mailbox(account, found.id))),
        None => error,
    })
}

fn no_parent() -> SetError {
    SetError::invalid_properties(&["parentId"], "There is no such mailbox.")
}

fn role_taken() -> SetError {
    SetError::invalid_properties(&["role"], "Another mailbox has this role, or this one keeps its own.")
}

/// What the store would not do.
fn refused(outcome: &op::Outcome) -> SetError {
    match outcome {
        op::Outcome::Gone => SetError::not_found(),
        op::Outcome::Limit => SetError::over_quota().because("There is no room for more mailboxes, or not so deep."),
        op::Outcome::OverQuota => SetError::over_quota(),
        _ => SetError::forbidden("The mailbox cannot be changed so."),
    }
}
