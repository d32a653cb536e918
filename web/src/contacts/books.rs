//! AddressBook (RFC 9610 §2): named collections of cards. Every account has one that is the default, made when it is first
//! asked for. Nothing is shared with others. Owns their methods.

use super::{BOOK, CARD};
use crate::jmap::generic::get::only;
use crate::jmap::generic::{Get, Outcome, Set, patch};
use crate::jmap::kept::{Kept, by_number, change, octets};
use crate::jmap::{Answer, Arguments, Context, MethodError, SetError, State};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use store::types::{AccountId, ObjectChange, ObjectKind};

/// Octets of a name (RFC 9610 §2).
pub const NAME_OCTETS_MAX: usize = 255;
/// Octets of a description: some sentences.
pub const DESCRIPTION_OCTETS_MAX: usize = 4096;
/// Address books of an account: each is a line in a list.
pub const BOOKS_MAX: usize = 256;
/// RFC 9610 §2: below 2^31.
const SORT_ORDER_MAX: u64 = (1 << 31) - 1;
/// What the first one is called.
const FIRST_NAME: &str = "Contacts";

const PROPERTIES: [&str; 8] =
    ["id", "name", "description", "sortOrder", "isDefault", "isSubscribed", "shareWith", "myRights"];

/// The address books of an account and their state; the default one is made where there is none.
///
/// # Errors
/// `accountNotFound`, and the store's.
pub(super) async fn all(context: &Context<'_>, account: AccountId) -> Result<(State, Vec<Kept>), MethodError> {
    let (state, all) = BOOK.all(context, account).await?;
    if !all.is_empty() {
        return Ok((state, all));
    }
    let value = json!({"name": FIRST_NAME, "isDefault": true});
    let value = value.as_object().map(octets).unwrap_or_default();
    // By its key it is made once, even where two ask at the same time.
    let key = Some(format!("{}:first", account.0).into_bytes());
    let _ = change(context, account, vec![ObjectChange { key, ..ObjectChange::add(ObjectKind::AddressBook, value) }])
        .await?;
    BOOK.all(context, account).await
}

/// The number of the default one among them.
pub(super) fn default_of(all: &[Kept]) -> Option<i64> {
    let marked = all.iter().find(|book| book.value.get("isDefault") == Some(&Value::Bool(true)));
    marked.or_else(|| all.first()).map(|book| book.number)
}

fn object(book: &Kept, default: Option<i64>) -> Value {
    let of = |name: &str, otherwise: Value| book.value.get(name).cloned().unwrap_or(otherwise);
    json!({
        "id": BOOK.id(book.number),
        "name": of("name", json!("")),
        "description": of("description", Value::Null),
        "sortOrder": of("sortOrder", json!(0)),
        "isDefault": Some(book.number) == default,
        "isSubscribed": of("isSubscribed", json!(true)),
        "shareWith": Value::Null,
        "myRights": rights(),
    })
}

fn rights() -> Value {
    json!({"mayRead": true, "mayWrite": true, "mayShare": false, "mayDelete": true})
}

pub(crate) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    arguments.end()?;
    let wanted = get.properties(|name| PROPERTIES.contains(&name))?;
    let (state, all) = all(context, get.account).await?;
    let default = default_of(&all);
    let mut objects: Vec<(String, Value)> =
        all.iter().map(|book| (BOOK.id(book.number), only(object(book, default), wanted.as_deref()))).collect();
    let Some(ids) = &get.ids else {
        return get.answer("AddressBook/get", state, objects.into_iter().map(|(_, book)| book).collect(), Vec::new());
    };
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for id in ids {
        match objects.iter_mut().find(|(known, _)| known == id) {
            Some((_, book)) => list.push(book.take()),
            None => not_found.push(id.clone()),
        }
    }
    get.answer("AddressBook/get", state, list, not_found)
}

pub(crate) async fn changes(context: &mut Context<'_>, arguments: Arguments) -> Answer {
    BOOK.changes(context, arguments, "AddressBook/changes").await
}

/// Whether the properties of a book are what they have to be; those that are the server's stay as they are.
fn check(book: &Map<String, Value>, is_default: bool) -> Result<(), SetError> {
    let fits = |name: &str, value: &Value| match name {
        "name" => value.as_str().is_some_and(|name| !name.is_empty() && name.len() <= NAME_OCTETS_MAX),
        "description" => value.is_null() || value.as_str().is_some_and(|text| text.len() <= DESCRIPTION_OCTETS_MAX),
        "sortOrder" => value.as_u64().is_some_and(|order| order <= SORT_ORDER_MAX),
        "isSubscribed" => value.is_boolean(),
        "isDefault" => *value == Value::Bool(is_default),
        "shareWith" => value.is_null() || value.as_object().is_some_and(Map::is_empty),
        "myRights" => *value == rights(),
        _ => false,
    };
    let mut wrong: Vec<&str> =
        book.iter().filter(|(name, value)| !fits(name, value)).map(|(name, _)| name.as_str()).collect();
    if !book.contains_key("name") {
        wrong.push("name");
    }
    if wrong.is_empty() { Ok(()) } else { Err(SetError::invalid_properties(&wrong, "They cannot be that.")) }
}

/// What is kept of a book: what its owner may set.
fn kept(book: &Map<String, Value>, is_default: bool) -> Map<String, Value> {
    let own = ["name", "description", "sortOrder", "isSubscribed"];
    let mut value: Map<String, Value> = book
        .iter()
        .filter(|(name, value)| own.contains(&name.as_str()) && !value.is_null())
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    if is_default {
        value.insert("isDefault".to_owned(), Value::Bool(true));
    }
    value
}

pub(crate) async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut set = Set::read(context, &mut arguments)?;
    let remove_contents = arguments.flag("onDestroyRemoveContents", false)?;
    let set_default: Option<String> = arguments.take("onSuccessSetIsDefault")?;
    arguments.end()?;
    let (state, books) = all(context, set.account).await?;
    set.check(state)?;
    let mut work =
        Work { outcome: Outcome::default(), default: default_of(&books), books: by_number(books), failed: false };
    for (creation, book) in std::mem::take(&mut set.create) {
        work.create(context, set.account, &creation, &book).await?;
    }
    for (id, changed) in set.take_updates(context, &mut work.outcome) {
        work.update(context, set.account, &id, &changed).await?;
    }
    for id in set.destroy.clone() {
        work.destroy(context, set.account, &id, remove_contents).await?;
    }
    if let Some(id) = set_default.filter(|_| !work.failed) {
        work.set_default(context, set.account, &id).await?;
    }
    let after = BOOK.state(context, set.account).await?;
    set.answer("AddressBook/set", (state, after), work.outcome)
}

struct Work {
    outcome: Outcome,
    default: Option<i64>,
    books: HashMap<i64, Kept>,
    /// Something was refused: then the default stays (RFC 9610 §2.3).
    failed: bool,
}

impl Work {
    async fn create(
        &mut self,
        context: &mut Context<'_>,
        account: AccountId,
        creation: &str,
        book: &Map<String, Value>,
    ) -> Result<(), MethodError> {
        let checked = check(book, false);
        let made = match checked {
            Err(error) => Err(error),
            Ok(()) if self.books.len() >= BOOKS_MAX => Err(SetError::over_quota()),
            Ok(()) => {
                let add = ObjectChange::add(ObjectKind::AddressBook, octets(&kept(book, false)));
                change(context, account, vec![add]).await?.map(|(ids, _)| ids.first().copied().unwrap_or(0))
            }
        };
        match made {
            Ok(number) => {
                self.reread(context, account).await?;
                let made = self.books.get(&number).map(|book| object(book, self.default)).unwrap_or(Value::Null);
                // RFC 8620 §5.3: what the client did not say itself.
                let mut told = made.as_object().cloned().unwrap_or_default();
                told.retain(|name, value| book.get(name) != Some(value));
                self.outcome.created(context, creation, Value::Object(told));
            }
            Err(error) => {
                self.failed = true;
                self.outcome.not_created(creation, &error);
            }
        }
        Ok(())
    }

    async fn reread(&mut self, context: &Context<'_>, account: AccountId) -> Result<(), MethodError> {
        let (_, all) = all(context, account).await?;
        self.default = default_of(&all);
        self.books = by_number(all);
        Ok(())
    }

    fn find(&self, context: &Context<'_>, id: &str) -> Option<&Kept> {
        self.books.get(&context.resolve(id).and_then(|id| BOOK.number(id))?)
    }

    async fn update(
        &mut self,
        context: &mut Context<'_>,
        account: AccountId,
        id: &str,
        changed: &Map<String, Value>,
    ) -> Result<(), MethodError> {
        let prepared = self.find(context, id).ok_or_else(SetError::not_found).and_then(|book| {
            let is_default = Some(book.number) == self.default;
            let Value::Object(mut whole) = object(book, self.default) else { return Err(SetError::not_found()) };
            let own_id = whole.remove("id");
            let mut changed = changed.clone();
            if changed.remove("id").is_some_and(|id| Some(id) != own_id) {
                return Err(SetError::invalid_properties(&["id"], "The id is what it is."));
            }
            patch::apply(&mut whole, &changed)?;
            check(&whole, is_default)?;
            Ok(book.replaced(&kept(&whole, is_default)))
        });
        let done = match prepared {
            Ok(prepared) => change(context, account, vec![prepared]).await?.map(|_| ()),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => {
                self.outcome.updated(id, Value::Null);
                self.reread(context, account).await?;
            }
            Err(error) => {
                self.failed = true;
                self.outcome.not_updated(id, &error);
            }
        }
        Ok(())
    }

    async fn destroy(
        &mut self,
        context: &mut Context<'_>,
        account: AccountId,
        id: &str,
        remove_contents: bool,
    ) -> Result<(), MethodError> {
        let Some(book) = self.find(context, id).cloned() else {
            self.failed = true;
            self.outcome.not_destroyed(id, &SetError::not_found());
            return Ok(());
        };
        let (_, cards) = CARD.all(context, account).await?;
        let own = BOOK.id(book.number);
        let mut changes: Vec<ObjectChange> = cards.iter().filter_map(|card| without(card, &own)).collect();
        let done = if changes.is_empty() || remove_contents {
            changes.push(book.removed());
            change(context, account, changes).await?.map(|_| ())
        } else {
            Err(SetError::of("addressBookHasContents"))
        };
        match done {
            Ok(()) => {
                self.outcome.destroyed(id);
                self.books.remove(&book.number);
            }
            Err(error) => {
                self.failed = true;
                self.outcome.not_destroyed(id, &error);
            }
        }
        Ok(())
    }

    /// RFC 9610 §2.3: an id that is not there is passed over.
    async fn set_default(&mut self, context: &Context<'_>, account: AccountId, id: &str) -> Result<(), MethodError> {
        let Some(number) = self.find(context, id).map(|book| book.number) else { return Ok(()) };
        if Some(number) == self.default {
            return Ok(());
        }
        let both: BTreeSet<i64> = self.default.into_iter().chain([number]).collect();
        let changes: Vec<ObjectChange> = both
            .iter()
            .filter_map(|of| self.books.get(of))
            .map(|book| book.replaced(&kept(&book.value, book.number == number)))
            .collect();
        if change(context, account, changes).await?.is_ok() {
            for of in both {
                self.outcome.updated(&BOOK.id(of), json!({"isDefault": of == number}));
            }
        }
        Ok(())
    }
}

/// A card that is in a book, without it: gone where it is in no other. `None`: it is not in it.
fn without(card: &Kept, book: &str) -> Option<ObjectChange> {
    let mut value = card.value.clone();
    let books = value.get_mut("addressBookIds").and_then(Value::as_object_mut)?;
    books.remove(book)?;
    if books.is_empty() {
        return Some(card.removed());
    }
    Some(card.replaced(&value))
}
