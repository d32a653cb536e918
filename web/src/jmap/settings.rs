//! What somebody wishes of the webmail: one object an account, `settings`, that every page of the account shares (`docs/jmap.md`).
//! Owns which wishes there are, what each may be, and what holds where nobody wished. Does not act on them.

use super::context::{Answer, Arguments, Context};
use super::error::{MethodError, SetError};
use super::generic::get::only;
use super::generic::{Get, Outcome, Set, patch};
use super::kept::{Kept, Kind, change, octets};
use super::state::State;
use serde_json::{Map, Value, json};
use store::types::{AccountId, ObjectChange, ObjectKind};

const SETTINGS: Kind = Kind { kind: ObjectKind::Settings, letter: 's' };
/// The id of the one object.
pub const ID: &str = "settings";
/// Members of a map, and values of a list: labels, saved searches, senders.
pub const ENTRIES_MAX: usize = 2_000;
/// Octets of one text: a signature with a small picture in it.
pub const TEXT_OCTETS_MAX: usize = 64 * 1024;

/// What a wish may be.
#[derive(Clone, Copy)]
enum Form {
    Flag(bool),
    /// One of these; the first holds where nobody wished.
    Choice(&'static [&'static str]),
    /// Within these; the third holds.
    Number(i64, i64, i64),
    /// Any text.
    Text,
    /// A list of texts.
    Texts,
    /// A list of objects whose members are texts.
    Objects(&'static [&'static str]),
    /// A map to texts.
    TextMap,
    /// A map to lists of texts.
    TextsMap,
    /// A map to objects whose members are texts.
    ObjectMap(&'static [&'static str]),
    /// A map to anything, for clients.
    Anything,
}

/// Every wish.
const WISHES: &[(&str, Form)] = &[
    ("language", Form::Text),
    ("theme", Form::Choice(&["auto", "light", "dark"])),
    ("density", Form::Choice(&["cosy", "compact"])),
    ("singleKeys", Form::Flag(true)),
    ("keys", Form::TextsMap),
    ("labelColours", Form::TextMap),
    ("labelNames", Form::TextMap),
    ("savedSearches", Form::Objects(&["name", "query"])),
    ("imagesFrom", Form::Texts),
    ("readAfterS", Form::Number(-1, 3600, 1)),
    ("undoSendS", Form::Number(0, 300, 10)),
    ("notify", Form::Flag(false)),
    ("conversations", Form::Flag(true)),
    ("afterAction", Form::Choice(&["next", "list", "archive"])),
    ("signatures", Form::ObjectMap(&["html", "text"])),
    ("keepRecipients", Form::Flag(true)),
    ("timeZone", Form::Text),
    ("more", Form::Anything),
];

pub(super) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let wanted = get.properties(|name| name == "id" || WISHES.iter().any(|(known, _)| *known == name))?;
    let (state, kept) = read(context, get.account).await?;
    let not_found = get.ids.iter().flatten().filter(|id| *id != ID).cloned().collect();
    let is_asked = get.ids.as_ref().is_none_or(|ids| ids.iter().any(|id| id == ID));
    let object = is_asked.then(|| only(whole(kept.as_ref().map(|kept| &kept.value)), wanted.as_deref()));
    get.answer("Settings/get", state, object.into_iter().collect(), not_found)
}

pub(super) async fn changes(context: &mut Context<'_>, arguments: Arguments) -> Answer {
    let mut answer = SETTINGS.changes(context, arguments, "Settings/changes").await?;
    // There is one object, whatever the store calls it, and it was always there.
    for invocation in &mut answer {
        let named = |name: &str| invocation.arguments[name].as_array().is_some_and(|ids| !ids.is_empty());
        let changed = named("created") || named("updated") || named("destroyed");
        invocation.arguments["created"] = json!([]);
        invocation.arguments["destroyed"] = json!([]);
        invocation.arguments["updated"] = if changed { json!([ID]) } else { json!([]) };
    }
    Ok(answer)
}

pub(super) async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut set = Set::read(context, &mut arguments)?;
    arguments.end()?;
    let (state, kept) = read(context, set.account).await?;
    set.check(state)?;
    let mut outcome = Outcome::default();
    for (creation, _) in &set.create {
        outcome.not_created(creation, &SetError::singleton());
    }
    for id in &set.destroy {
        outcome.not_destroyed(id, &SetError::singleton());
    }
    let mut after = state;
    for (id, wishes) in std::mem::take(&mut set.update) {
        if id != ID {
            outcome.not_updated(&id, &SetError::not_found());
            continue;
        }
        match update(context, set.account, kept.as_ref(), &wishes).await? {
            Ok(state) => {
                after = state;
                outcome.updated(&id, Value::Null);
            }
            Err(error) => outcome.not_updated(&id, &error),
        }
    }
    set.answer("Settings/set", (state, after), outcome)
}

async fn read(context: &Context<'_>, account: AccountId) -> Result<(State, Option<Kept>), MethodError> {
    let (state, all) = SETTINGS.all(context, account).await?;
    Ok((state, all.into_iter().next()))
}

async fn update(
    context: &Context<'_>,
    account: AccountId,
    kept: Option<&Kept>,
    wishes: &Map<String, Value>,
) -> Result<Result<State, SetError>, MethodError> {
    let value = match patched(kept.map(|kept| &kept.value), wishes) {
        Ok(value) => value,
        Err(error) => return Ok(Err(error)),
    };
    // By its key there is one an account, even where two pages make it at the same time.
    let key = Some(format!("{}", account.0).into_bytes());
    let change_of = match kept {
        Some(kept) => kept.replaced(&value),
        None => ObjectChange { key, ..ObjectChange::add(ObjectKind::Settings, octets(&value)) },
    };
    Ok(change(context, account, vec![change_of]).await?.map(|(_, span)| State::from(span.after)))
}

/// The wishes after a patch: only what differs from what holds anyway is kept.
fn patched(kept: Option<&Map<String, Value>>, wishes: &Map<String, Value>) -> Result<Map<String, Value>, SetError> {
    let Value::Object(mut all) = whole(kept) else { return Err(SetError::not_found()) };
    all.remove("id");
    if wishes.get("id").is_some_and(|id| id != ID) {
        return Err(SetError::invalid_properties(&["id"], "The id is what it is."));
    }
    let wishes: Map<String, Value> =
        wishes.iter().filter(|(name, _)| *name != "id").map(|(n, v)| (n.clone(), v.clone())).collect();
    patch::apply(&mut all, &wishes)?;
    for (name, value) in &all {
        let known = WISHES.iter().find(|(known, _)| known == name);
        let fits = known.is_some_and(|(_, form)| form.fits(value));
        if !fits {
            let why = if known.is_some() {
                "It cannot be that."
            } else {
                "There is no such setting; \"more\" takes anything."
            };
            return Err(SetError::invalid_properties(&[name.as_str()], why));
        }
    }
    all.retain(|name, value| WISHES.iter().any(|(known, form)| known == name && form.default() != *value));
    Ok(all)
}

/// With what holds where nobody wished.
fn whole(kept: Option<&Map<String, Value>>) -> Value {
    let of = |name: &str, form: &Form| kept.and_then(|kept| kept.get(name)).cloned().unwrap_or_else(|| form.default());
    let mut all: Map<String, Value> = WISHES.iter().map(|(name, form)| ((*name).to_owned(), of(name, form))).collect();
    all.insert("id".to_owned(), json!(ID));
    Value::Object(all)
}

/// What one setting of an account is, for those who act on it.
///
/// # Errors
/// The store's.
pub async fn of_account(context: &Context<'_>, account: AccountId, name: &str) -> Result<Value, MethodError> {
    let (_, kept) = read(context, account).await?;
    Ok(whole(kept.as_ref().map(|kept| &kept.value)).get(name).cloned().unwrap_or(Value::Null))
}

impl Form {
    fn default(self) -> Value {
        match self {
            Form::Flag(default) => json!(default),
            Form::Choice(choices) => json!(choices.first()),
            Form::Number(.., default) => json!(default),
            Form::Text => json!(""),
            Form::Texts | Form::Objects(_) => json!([]),
            Form::TextMap | Form::TextsMap | Form::ObjectMap(_) | Form::Anything => json!({}),
        }
    }

    fn fits(self, value: &Value) -> bool {
        let list = |each: &dyn Fn(&Value) -> bool| {
            value.as_array().is_some_and(|all| all.len() <= ENTRIES_MAX && all.iter().all(each))
        };
        let map = |each: &dyn Fn(&Value) -> bool| {
            value.as_object().is_some_and(|all| all.len() <= ENTRIES_MAX && all.values().all(each))
        };
        match self {
            Form::Flag(_) => value.is_boolean(),
            Form::Choice(choices) => value.as_str().is_some_and(|value| choices.contains(&value)),
            Form::Number(least, most, _) => value.as_i64().is_some_and(|value| (least..=most).contains(&value)),
            Form::Text => is_text(value),
            Form::Texts => list(&is_text),
            Form::Objects(members) => list(&|value| is_object_of(value, members)),
            Form::TextMap => map(&is_text),
            Form::TextsMap => map(&|value| Form::Texts.fits(value)),
            Form::ObjectMap(members) => map(&|value| is_object_of(value, members)),
            Form::Anything => value.is_object(),
        }
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() <= TEXT_OCTETS_MAX)
}

fn is_object_of(value: &Value, members: &[&str]) -> bool {
    let fits = |(name, value): (&String, &Value)| members.contains(&name.as_str()) && is_text(value);
    value.as_object().is_some_and(|object| object.iter().all(fits))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn after(wishes: Value) -> Result<Value, &'static str> {
        let kept = json!({"theme": "dark", "labelColours": {"work": "red"}});
        patched(kept.as_object(), wishes.as_object().unwrap()).map(Value::Object).map_err(|error| error.kind())
    }

    #[test]
    fn wishes_are_patched_and_what_holds_anyway_is_not_kept() {
        assert_eq!(after(json!({"theme": "auto"})), Ok(json!({"labelColours": {"work": "red"}})));
        assert_eq!(
            after(json!({"theme": null, "labelColours/home": "blue", "labelColours/work": null})),
            Ok(json!({"labelColours": {"home": "blue"}}))
        );
        let all = json!({"savedSearches": [{"name": "x", "query": "from:bob"}], "keys": {"archive": ["e"]}, "readAfterS": -1,
            "signatures": {"I1": {"html": "<b>", "text": "b"}}, "more": {"own": [1]}});
        let kept = after(all.clone()).unwrap();
        assert_eq!(kept["savedSearches"], all["savedSearches"]);
        assert_eq!(whole(kept.as_object())["undoSendS"], json!(10));
        assert_eq!(whole(None)["id"], json!(ID));
    }

    #[test]
    fn what_is_no_wish_is_refused() {
        for wrong in [
            json!({"theme": "pink"}),
            json!({"readAfterS": 3601}),
            json!({"readAfterS": -2}),
            json!({"singleKeys": 1}),
            json!({"imagesFrom": [1]}),
            json!({"savedSearches": [{"nome": "x"}]}),
            json!({"keys": {"a": "e"}}),
            json!({"nothing": 1}),
            json!({"id": "other"}),
            json!({"language": "x".repeat(TEXT_OCTETS_MAX + 1)}),
        ] {
            assert_eq!(after(wrong.clone()), Err("invalidProperties"), "{wrong}");
        }
        assert_eq!(after(json!({"theme/a": 1})), Err("invalidPatch"));
        assert!(after(json!({"language": "x".repeat(TEXT_OCTETS_MAX)})).is_ok(), "at the limit");
        assert!(after(json!({"imagesFrom": vec!["a"; ENTRIES_MAX]})).is_ok(), "at the limit");
        assert!(after(json!({"imagesFrom": vec!["a"; ENTRIES_MAX + 1]})).is_err(), "one past it");
    }
}
