//! Identities (RFC 8621 §6).

use super::objects::{self, text};
use super::span::{self, Track};
use super::store_email::store_fault;
use crate::jmap::error::SetError;
use crate::jmap::generic::get::only;
use crate::jmap::generic::set::{Outcome, Set};
use crate::jmap::generic::{Get, patch};
use crate::jmap::{Answer, Arguments, Context, State};
use office::identity::{EmailAddress, Identity, IdentityFault};
use serde_json::{Map, Value, json};
use store::op::{Op, Outcome as Done};
use store::types::{AccountId, ObjectChange, ObjectKind};

const LETTER: char = 'I';
const KIND: ObjectKind = ObjectKind::Identity;
const PROPERTIES: [&str; 8] = ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"];

/// Octets of a name.
const NAME_OCTETS_MAX: usize = 1000;
/// Octets of a signature: a picture in it, and no more.
const SIGNATURE_OCTETS_MAX: usize = 96 * 1024;
/// Addresses in `replyTo` and `bcc`.
const ADDRESSES_MAX: usize = 100;

/// `Identity/get`.
///
/// # Errors
/// The method's.
pub async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let asked = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let properties = asked.properties(|name| PROPERTIES.contains(&name))?;
    let office = context.web.office();
    let all = office.identities(context.now, asked.account).await?;
    let state = State::from(span::objects(office, asked.account, KIND).await?);
    let told = |(id, identity): &(i64, Identity)| only(json(*id, identity), properties.as_deref());
    let Some(ids) = &asked.ids else {
        return asked.answer("Identity/get", state, all.iter().map(told).collect(), Vec::new());
    };
    let find = |id: &String| all.iter().find(|(found, _)| objects::read(LETTER, id) == Some(*found));
    let missing = ids.iter().filter(|id| find(id).is_none()).cloned().collect();
    let list = ids.iter().filter_map(find).map(told).collect();
    asked.answer("Identity/get", state, list, missing)
}

/// `Identity/changes`.
///
/// # Errors
/// The method's.
pub async fn changes(context: &mut Context<'_>, arguments: Arguments) -> Answer {
    objects::changes(context, arguments, ("Identity/changes", KIND, LETTER)).await
}

fn json(id: i64, identity: &Identity) -> Value {
    json!({
        "id": objects::of(LETTER, id),
        "name": identity.name,
        "email": identity.email,
        "replyTo": identity.reply_to,
        "bcc": identity.bcc,
        "textSignature": identity.text_signature,
        "htmlSignature": identity.html_signature,
        "mayDelete": !identity.is_own,
    })
}

/// `Identity/set`.
///
/// # Errors
/// The method's.
pub async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut asked = Set::read(context, &mut arguments)?;
    arguments.end()?;
    let account = asked.account;
    let office = context.web.office();
    // Made before anything is changed, so that what is there can be told from what is new.
    office.identities(context.now, account).await?;
    let mut track = span::begin_objects(office, account, KIND).await?;
    asked.check(track.old())?;
    let mut outcome = Outcome::default();
    for (creation, object) in std::mem::take(&mut asked.create) {
        match create(context, account, &object, &mut track).await {
            Ok(told) => outcome.created(context, &creation, told),
            Err(error) => outcome.not_created(&creation, &error),
        }
    }
    for (name, patch) in asked.take_updates(context, &mut outcome) {
        match update(context, account, (&name, &patch), &mut track).await {
            Ok(()) => outcome.updated(context.resolve(&name).unwrap_or(&name), Value::Null),
            Err(error) => outcome.not_updated(&name, &error),
        }
    }
    for name in asked.destroy.clone() {
        match destroy(context, account, &name, &mut track).await {
            Ok(()) => outcome.destroyed(context.resolve(&name).unwrap_or(&name)),
            Err(error) => outcome.not_destroyed(&name, &error),
        }
    }
    asked.answer("Identity/set", track.states(), outcome)
}

async fn create(
    context: &Context<'_>,
    account: AccountId,
    object: &Map<String, Value>,
    track: &mut Track,
) -> Result<Value, SetError> {
    let mut identity = read(object)?;
    let checked = context.web.office().check_identity(account, &identity.email).await;
    identity.email = checked.map_err(|fault| match fault {
        IdentityFault::ForbiddenFrom => SetError::of("forbiddenFrom").because("Mail for that address is not yours."),
        IdentityFault::NoAddress => SetError::invalid_properties(&["email"], "It is no address."),
        IdentityFault::Store(error) => store_fault(&error),
    })?;
    let value = serde_json::to_vec(&identity).unwrap_or_default();
    let ids = apply(context, account, ObjectChange::add(KIND, value), track).await?;
    let id = ids.first().copied().unwrap_or(0);
    let mut told = json(id, &identity);
    // What the client gave is known to it.
    if let Value::Object(members) = &mut told {
        members.retain(|name, value| name == "email" || object.get(name) != Some(value));
    }
    Ok(told)
}

/// The properties of an identity, as a client sets them.
fn read(object: &Map<String, Value>) -> Result<Identity, SetError> {
    let mut wrong: Vec<&str> = object
        .keys()
        .map(String::as_str)
        .filter(|name| !PROPERTIES.contains(name) || *name == "id" || *name == "mayDelete")
        .collect();
    let mut of = |name: &'static str, octets_max: usize| {
        text(object, name, octets_max).unwrap_or_else(|name| {
            wrong.push(name);
            None
        })
    };
    let name = of("name", NAME_OCTETS_MAX).unwrap_or_default();
    let text_signature = of("textSignature", SIGNATURE_OCTETS_MAX).unwrap_or_default();
    let html_signature = of("htmlSignature", SIGNATURE_OCTETS_MAX).unwrap_or_default();
    let email = of("email", NAME_OCTETS_MAX).unwrap_or_default();
    if email.is_empty() {
        wrong.push("email");
    }
    let mut lists = [None, None];
    for (list, name) in lists.iter_mut().zip(["replyTo", "bcc"]) {
        match addresses(object.get(name)) {
            Some(read) => *list = read,
            None => wrong.push(name),
        }
    }
    let [reply_to, bcc] = lists;
    if !wrong.is_empty() {
        return Err(SetError::invalid_properties(&wrong, "They are not there, cannot be set, or have another form."));
    }
    Ok(Identity { name, email, reply_to, bcc, text_signature, html_signature, is_own: false })
}

/// `EmailAddress[]|null`; `None` for anything else.
fn addresses(value: Option<&Value>) -> Option<Option<Vec<EmailAddress>>> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Some(None) };
    let people = super::address::people(value).filter(|list| list.len() <= ADDRESSES_MAX)?;
    Some(Some(people.into_iter().map(|person| EmailAddress { name: person.name, email: person.email }).collect()))
}

async fn find(context: &Context<'_>, account: AccountId, name: &str) -> Result<(i64, Identity), SetError> {
    let id = context.resolve(name).and_then(|name| objects::read(LETTER, name)).ok_or_else(SetError::not_found)?;
    let all = context.web.office().identities(context.now, account).await.map_err(|error| store_fault(&error))?;
    all.into_iter().find(|(found, _)| *found == id).ok_or_else(SetError::not_found)
}

async fn update(
    context: &Context<'_>,
    account: AccountId,
    (name, changes): (&str, &Map<String, Value>),
    track: &mut Track,
) -> Result<(), SetError> {
    let (id, before) = find(context, account, name).await?;
    let Value::Object(mut object) = json(id, &before) else { return Err(SetError::not_found()) };
    let old = object.clone();
    patch::apply(&mut object, changes)?;
    // RFC 8620 §5.3: what cannot be changed may be given as it is.
    for fixed in ["id", "email", "mayDelete"] {
        if object.remove(fixed) != old.get(fixed).cloned() {
            return Err(SetError::invalid_properties(&[fixed], "It cannot be changed."));
        }
    }
    object.insert("email".to_owned(), json!(before.email));
    let identity = Identity { is_own: before.is_own, ..read(&object)? };
    let value = serde_json::to_vec(&identity).unwrap_or_default();
    // The key by which an address is made once.
    let key = Some(format!("{}:{}", account.0, identity.email).into_bytes()).filter(|_| identity.is_own);
    apply(context, account, ObjectChange { key, ..ObjectChange::set(KIND, id, value) }, track).await.map(drop)
}

async fn destroy(context: &Context<'_>, account: AccountId, name: &str, track: &mut Track) -> Result<(), SetError> {
    let (id, identity) = find(context, account, name).await?;
    if identity.is_own {
        return Err(SetError::forbidden("It is the account's own address."));
    }
    apply(context, account, ObjectChange::remove(KIND, id), track).await.map(drop)
}

async fn apply(
    context: &Context<'_>,
    account: AccountId,
    change: ObjectChange,
    track: &mut Track,
) -> Result<Vec<i64>, SetError> {
    let op = Op::ObjectsChange { account, changes: vec![change], now: context.now };
    match context.web.office().store().apply(op).await.map_err(|error| store_fault(&error))? {
        Done::Objects { ids, span } => {
            track.add(span);
            Ok(ids)
        }
        Done::Limit => Err(SetError::over_quota()),
        _ => Err(SetError::not_found()),
    }
}
