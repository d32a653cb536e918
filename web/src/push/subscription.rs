//! PushSubscription (RFC 8620 §7.2): where states are to be sent, once the client has shown that it hears there. Owns what is
//! kept of one and its methods, which are of no account: a user's subscriptions tell of all that user may see. URL and keys
//! are never told again.

use super::courier::may_post;
use super::seal::Keys;
use super::states::Types;
use crate::jmap::generic::get::only;
use crate::jmap::kept::{Kept, Kind, octets};
use crate::jmap::{Answer, Arguments, Context, MethodError, SetError, answer, date};
use aws_lc_rs::{constant_time, rand};
use message::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use store::op::{Op, Outcome};
use store::types::{Object, ObjectChange, ObjectKind};

pub(super) const SUBSCRIPTION: Kind = Kind { kind: ObjectKind::PushSubscription, letter: 'P' };
/// Subscriptions of an account: one a device and browser.
pub const SUBSCRIPTIONS_MAX: usize = 32;
/// Of them, those nobody has verified: each made us write to a URL that somebody named (RFC 8620 §8.6).
pub const UNVERIFIED_MAX: usize = 4;
/// How long one lasts at most; RFC 8620 §7.2 wants at least two days.
pub const EXPIRES_MAX: Duration = Duration::from_secs(30 * 86_400);
/// How long one lasts that nobody verifies.
pub const UNVERIFIED_LASTS: Duration = Duration::from_secs(3600);
/// Octets of the name of a device, and of one type's name.
const NAME_OCTETS_MAX: usize = 255;
/// Names of types: there are not as many.
pub(super) const TYPES_MAX: usize = 64;

const PROPERTIES: [&str; 5] = ["id", "deviceClientId", "verificationCode", "expires", "types"];

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    device_client_id: String,
    /// Where to.
    pub url: String,
    keys: Option<(String, String)>,
    /// What the client has to say.
    pub code: String,
    /// It said so.
    pub is_verified: bool,
    expires: Time,
    types: Option<Vec<String>>,
}

impl Subscription {
    /// Reads an object; `None` where it says nothing we understand.
    #[must_use]
    pub fn of(object: &Object) -> Option<Subscription> {
        serde_json::from_slice(&object.value).ok()
    }

    /// The keys it is sealed with.
    #[must_use]
    pub fn keys(&self) -> Option<Keys> {
        self.keys.as_ref().and_then(|(public, auth)| Keys::of(public, auth))
    }

    /// Whether what is sent has to be sealed.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// What it wants to hear of.
    #[must_use]
    pub fn types(&self) -> Types {
        Types::of(self.types.clone())
    }

    fn value(&self) -> Vec<u8> {
        match serde_json::to_value(self) {
            Ok(Value::Object(value)) => octets(&value),
            _ => Vec::new(),
        }
    }

    fn change(&self, id: Option<i64>) -> ObjectChange {
        ObjectChange { id, due: Some(self.expires), ..ObjectChange::add(ObjectKind::PushSubscription, self.value()) }
    }

    fn json(&self, number: i64) -> Value {
        json!({
            "id": SUBSCRIPTION.id(number),
            "deviceClientId": self.device_client_id,
            // RFC 8620 §7.2.1: only what the client itself has said.
            "verificationCode": self.is_verified.then_some(&self.code),
            "expires": date::write_utc(self.expires),
            "types": self.types,
        })
    }
}

pub(crate) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let ids: Option<Vec<String>> = arguments.take("ids")?;
    let properties: Option<Vec<String>> = arguments.take("properties")?;
    arguments.end()?;
    for name in properties.iter().flatten() {
        if matches!(name.as_str(), "url" | "keys") {
            return Err(MethodError::forbidden().because("URL and keys are not told."));
        }
        if !PROPERTIES.contains(&name.as_str()) {
            return Err(MethodError::invalid_arguments(format!("There is no property {name:?}.")));
        }
    }
    let wanted = properties.map(|names| names.into_iter().chain(["id".to_owned()]).collect::<Vec<_>>());
    let all = read(context).await?;
    let object = |(kept, subscription): &(Kept, Subscription)| only(subscription.json(kept.number), wanted.as_deref());
    let Some(ids) = ids else {
        let list: Vec<Value> = all.iter().map(object).collect();
        return answer("PushSubscription/get", json!({"list": list, "notFound": []}));
    };
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for id in ids {
        let number = context.resolve(&id).and_then(|id| SUBSCRIPTION.number(id));
        match all.iter().find(|(kept, _)| Some(kept.number) == number) {
            Some(found) => list.push(object(found)),
            None => not_found.push(id),
        }
    }
    answer("PushSubscription/get", json!({"list": list, "notFound": not_found}))
}

/// Those that have not expired.
async fn read(context: &Context<'_>) -> Result<Vec<(Kept, Subscription)>, MethodError> {
    let (_, all) = SUBSCRIPTION.all(context, context.caller.account).await?;
    let known =
        all.into_iter().filter_map(|kept| Subscription::of(&kept.object).map(|subscription| (kept, subscription)));
    Ok(known.filter(|(_, subscription)| subscription.expires > context.now).collect())
}

pub(crate) async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let create: Map<String, Value> = arguments.take("create")?.unwrap_or_default();
    let update: Map<String, Value> = arguments.take("update")?.unwrap_or_default();
    let destroy: Vec<String> = arguments.take("destroy")?.unwrap_or_default();
    arguments.end()?;
    if create.len() + update.len() + destroy.len() > crate::jmap::limits::SET_MAX {
        return Err(MethodError::request_too_large());
    }
    let mut outcome = crate::jmap::generic::Outcome::default();
    for (creation, new) in create {
        match make(context, &new).await {
            Ok((id, more)) => {
                let mut told = json!({"id": id});
                more.into_iter().for_each(|(name, value)| told[name] = value);
                outcome.created(context, &creation, told);
            }
            Err(error) => outcome.not_created(&creation, &error),
        }
    }
    for (id, patch) in update {
        match change(context, &id, &patch).await {
            Ok(more) => outcome.updated(&id, more),
            Err(error) => outcome.not_updated(&id, &error),
        }
    }
    for id in destroy {
        match remove(context, &id).await {
            Ok(()) => outcome.destroyed(&id),
            Err(error) => outcome.not_destroyed(&id, &error),
        }
    }
    if outcome.is_change() {
        context.web.push().subscribed(context.caller.account);
    }
    answer("PushSubscription/set", outcome.json())
}

fn wrong(name: &str, why: &str) -> SetError {
    SetError::invalid_properties(&[name], why)
}

fn unavailable(error: MethodError) -> SetError {
    SetError::of(error.kind())
}

/// A new one: its id, and what the client does not know.
async fn make(context: &Context<'_>, new: &Value) -> Result<(String, Map<String, Value>), SetError> {
    let new = new.as_object().ok_or_else(|| wrong("url", "A subscription is an object."))?;
    let subscription = check(context, new)?;
    let all = read(context).await.map_err(unavailable)?;
    let unverified = all.iter().filter(|(_, known)| !known.is_verified).count();
    if all.len() >= SUBSCRIPTIONS_MAX {
        return Err(SetError::over_quota());
    }
    if unverified >= UNVERIFIED_MAX {
        return Err(SetError::of("rateLimit").because("Verify the subscriptions that are there first."));
    }
    // RFC 8620 §8.6: each makes us write to a URL that somebody named, also when it is removed right after.
    if context.web.push().verifications.may_send(context.caller.account, context.now).is_err() {
        return Err(SetError::of("rateLimit").because("Too many subscriptions were made within an hour."));
    }
    let ids = apply(context, subscription.change(None)).await?;
    let mut told = Map::new();
    if new.get("expires").and_then(Value::as_str) != Some(&date::write_utc(subscription.expires)) {
        told.insert("expires".to_owned(), json!(date::write_utc(subscription.expires)));
    }
    Ok((SUBSCRIPTION.id(ids.first().copied().unwrap_or(0)), told))
}

fn check(context: &Context<'_>, new: &Map<String, Value>) -> Result<Subscription, SetError> {
    let known = ["deviceClientId", "url", "keys", "verificationCode", "expires", "types"];
    if let Some(name) = new.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(wrong(name, "There is no such property, or it is the server's."));
    }
    if new.get("verificationCode").is_some_and(|code| !code.is_null()) {
        return Err(wrong("verificationCode", "It is sent to the URL first."));
    }
    let text = |name: &str| new.get(name).and_then(Value::as_str);
    let device = text("deviceClientId").filter(|name| !name.is_empty() && name.len() <= NAME_OCTETS_MAX);
    let device = device.ok_or_else(|| wrong("deviceClientId", "It is a text."))?;
    let url = text("url").filter(|url| may_post(url, context.web.push().allows_private()));
    let url = url.ok_or_else(|| wrong("url", "It is no URL of https that may be written to."))?;
    let code = code().ok_or_else(|| SetError::of("serverFail"))?;
    // RFC 8620 §7.2: not told to be anything, it lasts as long as it may; an hour until somebody verifies it.
    let expires = expires(context.now, new.get("expires"))?.min(context.now.after(UNVERIFIED_LASTS));
    Ok(Subscription {
        device_client_id: device.to_owned(),
        url: url.to_owned(),
        keys: keys(new.get("keys"))?,
        code,
        is_verified: false,
        expires,
        types: types(new.get("types"))?,
    })
}

fn expires(now: Time, wanted: Option<&Value>) -> Result<Time, SetError> {
    let most = now.after(EXPIRES_MAX);
    match wanted {
        None | Some(Value::Null) => Ok(most),
        Some(text) => {
            let time = text.as_str().and_then(date::read_utc).filter(|time| *time > now);
            time.map(|time| time.min(most)).ok_or_else(|| wrong("expires", "It is a UTCDate that lies ahead."))
        }
    }
}

fn keys(wanted: Option<&Value>) -> Result<Option<(String, String)>, SetError> {
    let Some(keys) = wanted.filter(|keys| !keys.is_null()) else { return Ok(None) };
    let text = |name: &str| keys.get(name).and_then(Value::as_str).map(str::to_owned);
    let both = text("p256dh").zip(text("auth")).filter(|(public, auth)| Keys::of(public, auth).is_some());
    both.map(Some).ok_or_else(|| wrong("keys", "They are a point of P-256 and 16 octets, in base64url."))
}

fn types(wanted: Option<&Value>) -> Result<Option<Vec<String>>, SetError> {
    let Some(names) = wanted.filter(|names| !names.is_null()) else { return Ok(None) };
    let names: Option<Vec<String>> = serde_json::from_value(names.clone()).ok();
    let fit = |names: &Vec<String>| names.len() <= TYPES_MAX && names.iter().all(|name| name.len() <= NAME_OCTETS_MAX);
    names.filter(fit).map(Some).ok_or_else(|| wrong("types", "It is a list of names, or null."))
}

/// 128 bits nobody can guess (RFC 8620 §7.2.2).
fn code() -> Option<String> {
    let mut octets = [0_u8; 16];
    rand::fill(&mut octets).ok()?;
    Some(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

async fn find(context: &Context<'_>, id: &str) -> Result<(Kept, Subscription), SetError> {
    let number = context.resolve(id).and_then(|id| SUBSCRIPTION.number(id));
    let all = read(context).await.map_err(unavailable)?;
    all.into_iter().find(|(kept, _)| Some(kept.number) == number).ok_or_else(SetError::not_found)
}

async fn change(context: &Context<'_>, id: &str, patch: &Value) -> Result<Value, SetError> {
    let (kept, mut subscription) = find(context, id).await?;
    let patch = patch.as_object().ok_or_else(|| SetError::invalid_patch("A patch is an object."))?;
    let mut wanted_expiry = None;
    for (name, value) in patch {
        match name.as_str() {
            "verificationCode" => {
                let said = value.as_str().unwrap_or("");
                let fits =
                    constant_time::verify_slices_are_equal(said.as_bytes(), subscription.code.as_bytes()).is_ok();
                if !fits {
                    return Err(wrong("verificationCode", "It is not the one that was sent."));
                }
                if !subscription.is_verified {
                    subscription.is_verified = true;
                    wanted_expiry.get_or_insert(Value::Null);
                }
            }
            "expires" => wanted_expiry = Some(value.clone()),
            "types" => subscription.types = types(Some(value))?,
            name => return Err(wrong(name, "It cannot be changed; make another subscription.")),
        }
    }
    let mut told = Value::Null;
    if let Some(wanted) = wanted_expiry {
        let until = expires(context.now, Some(&wanted))?;
        let most = if subscription.is_verified { EXPIRES_MAX } else { UNVERIFIED_LASTS };
        subscription.expires = until.min(context.now.after(most));
        let written = date::write_utc(subscription.expires);
        if wanted.as_str() != Some(&written) {
            told = json!({"expires": written});
        }
    }
    let unchanged_since = Some(kept.object.modseq);
    apply(context, ObjectChange { unchanged_since, ..subscription.change(Some(kept.number)) }).await?;
    Ok(told)
}

async fn remove(context: &Context<'_>, id: &str) -> Result<(), SetError> {
    let (kept, _) = find(context, id).await?;
    apply(context, ObjectChange::remove(ObjectKind::PushSubscription, kept.number)).await.map(drop)
}

async fn apply(context: &Context<'_>, change: ObjectChange) -> Result<Vec<i64>, SetError> {
    let op = Op::ObjectsChange { account: context.caller.account, changes: vec![change], now: context.now };
    match context.web.office().store().apply(op).await {
        Ok(Outcome::Objects { ids, .. }) => Ok(ids),
        Ok(other) => Err(crate::jmap::kept::refusal(&other)),
        Err(error) => Err(unavailable(error.into())),
    }
}
