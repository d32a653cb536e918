//! ContactCard (RFC 9610 §3): get, changes, set and copy. Owns when a card was made and changed, and that its `uid` is there
//! once. What a card may say is `card`'s.

use super::{BOOK, CARD, books, card};
use crate::jmap::date::write_utc;
use crate::jmap::generic::get::only;
use crate::jmap::generic::{Copy, Get, Outcome, Set, patch};
use crate::jmap::kept::{Kept, change, octets};
use crate::jmap::{Answer, Arguments, Context, MethodError, SetError};
use aws_lc_rs::rand;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use store::types::{AccountId, ObjectChange, ObjectKind};

pub(crate) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    arguments.end()?;
    // Cards may have properties that only their makers know (RFC 9553 §1.8).
    let wanted = get.properties(|name| !name.is_empty())?;
    let cards = context.web.shelf().cards(context, get.account).await?;
    let object = |kept: &Kept| only(object(kept), wanted.as_deref());
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    match &get.ids {
        None if cards.all.len() > crate::jmap::limits::GET_MAX => return Err(MethodError::request_too_large()),
        None => list.extend(cards.all.iter().map(|held| object(&held.kept))),
        Some(ids) => {
            for id in ids {
                match CARD.number(id).and_then(|number| cards.get(number)) {
                    Some(held) => list.push(object(&held.kept)),
                    None => not_found.push(id.clone()),
                }
            }
        }
    }
    get.answer("ContactCard/get", cards.state, list, not_found)
}

fn object(kept: &Kept) -> Value {
    let mut value = kept.value.clone();
    value.insert("id".to_owned(), json!(CARD.id(kept.number)));
    Value::Object(value)
}

pub(crate) async fn changes(context: &mut Context<'_>, arguments: Arguments) -> Answer {
    CARD.changes(context, arguments, "ContactCard/changes").await
}

/// RFC 9562 §5.4, as a URN.
#[must_use]
pub(super) fn new_uid() -> String {
    let mut octets = [0_u8; 16];
    // Where there is no randomness nothing in the house works; a `uid` that is there already is refused.
    let _ = rand::fill(&mut octets);
    octets[6] = octets[6] & 0x0f | 0x40;
    octets[8] = octets[8] & 0x3f | 0x80;
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let piece = |from: usize, to: usize| hex.get(from..to).unwrap_or("");
    format!("urn:uuid:{}-{}-{}-{}-{}", piece(0, 8), piece(8, 12), piece(12, 16), piece(16, 20), piece(20, 32))
}

/// What is there while cards are made and changed.
pub(super) struct There {
    books: HashSet<String>,
    uids: BTreeMap<String, String>,
}

impl There {
    pub(super) async fn look(context: &Context<'_>, account: AccountId) -> Result<There, MethodError> {
        let (_, books) = books::all(context, account).await?;
        let cards = context.web.shelf().cards(context, account).await?;
        let uid = |held: &super::shelf::Held| card::text(&held.kept.value, "uid").to_owned();
        Ok(There {
            books: books.iter().map(|book| BOOK.id(book.number)).collect(),
            uids: cards.all.iter().map(|held| (uid(held), held.id())).collect(),
        })
    }

    /// A new card ready to be kept.
    pub(super) fn new_card(
        &self,
        context: &Context<'_>,
        card: &Map<String, Value>,
    ) -> Result<Map<String, Value>, SetError> {
        let mut card = card.clone();
        if card.contains_key("id") {
            return Err(SetError::invalid_properties(&["id"], "The server gives it."));
        }
        card.retain(|_, value| !value.is_null());
        self.resolve_books(context, &mut card)?;
        card::complete(&mut card, new_uid, &write_utc(context.now));
        card::check(&card)?;
        match self.uids.get(card::text(&card, "uid")) {
            Some(id) => Err(SetError::of("alreadyExists").with("existingId", json!(id))),
            None => Ok(card),
        }
    }

    /// RFC 9610 §3: a card is in at least one address book, and each is there.
    fn resolve_books(&self, context: &Context<'_>, card: &mut Map<String, Value>) -> Result<(), SetError> {
        let wrong = || SetError::invalid_properties(&["addressBookIds"], "A card is in at least one address book.");
        let ids = card.get("addressBookIds").and_then(Value::as_object).ok_or_else(wrong)?;
        let mut resolved = Map::new();
        for (id, value) in ids {
            let known = context.resolve(id).filter(|id| self.books.contains(*id) && *value == Value::Bool(true));
            resolved.insert(known.ok_or_else(wrong)?.to_owned(), Value::Bool(true));
        }
        if resolved.is_empty() {
            return Err(wrong());
        }
        card.insert("addressBookIds".to_owned(), Value::Object(resolved));
        Ok(())
    }

    /// A card as a patch makes it.
    fn patched(
        &self,
        context: &Context<'_>,
        kept: &Kept,
        changed: &Map<String, Value>,
    ) -> Result<Map<String, Value>, SetError> {
        let mut card = kept.value.clone();
        let mut changed = changed.clone();
        if changed.remove("id").is_some_and(|id| id != CARD.id(kept.number)) {
            return Err(SetError::invalid_properties(&["id"], "The id is what it is."));
        }
        let is_said = changed.contains_key("updated");
        patch::apply(&mut card, &changed)?;
        self.resolve_books(context, &mut card)?;
        if !is_said {
            card.insert("updated".to_owned(), json!(write_utc(context.now)));
        }
        card::check(&card)?;
        let uid = card::text(&card, "uid");
        if uid != card::text(&kept.value, "uid") {
            // RFC 9553 §2.1.9: it is what others know the card by.
            return Err(SetError::invalid_properties(&["uid"], "The uid of a card stays."));
        }
        Ok(card)
    }
}

pub(crate) async fn set(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut set = Set::read(context, &mut arguments)?;
    arguments.end()?;
    let account = set.account;
    let mut there = There::look(context, account).await?;
    let cards = context.web.shelf().cards(context, account).await?;
    set.check(cards.state)?;
    let mut outcome = Outcome::default();
    for (creation, new) in std::mem::take(&mut set.create) {
        create(context, account, &mut there, (&creation, &new), &mut outcome).await?;
    }
    for (id, changed) in set.take_updates(context, &mut outcome) {
        let kept = context.resolve(&id).and_then(|id| CARD.number(id)).and_then(|number| cards.get(number));
        let made = kept.ok_or_else(SetError::not_found);
        let made = made.and_then(|held| Ok((held, there.patched(context, &held.kept, &changed)?)));
        let done = match made {
            Ok((held, card)) => change(context, account, vec![held.kept.replaced(&card)]).await?.map(|_| card),
            Err(error) => Err(error),
        };
        match done {
            Ok(card) if changed.contains_key("updated") => drop((card, outcome.updated(&id, Value::Null))),
            Ok(card) => outcome.updated(&id, json!({"updated": card.get("updated")})),
            Err(error) => outcome.not_updated(&id, &error),
        }
    }
    for id in &set.destroy {
        let kept = context.resolve(id).and_then(|id| CARD.number(id)).and_then(|number| cards.get(number));
        let done = match kept {
            Some(held) => change(context, account, vec![held.kept.removed()]).await?.map(|_| ()),
            None => Err(SetError::not_found()),
        };
        match done {
            Ok(()) => outcome.destroyed(id),
            Err(error) => outcome.not_destroyed(id, &error),
        }
    }
    let after = CARD.state(context, account).await?;
    set.answer("ContactCard/set", (cards.state, after), outcome)
}

async fn create(
    context: &mut Context<'_>,
    account: AccountId,
    there: &mut There,
    (creation, new): (&str, &Map<String, Value>),
    outcome: &mut Outcome,
) -> Result<(), MethodError> {
    let made = match there.new_card(context, new) {
        Ok(card) => {
            let add = ObjectChange::add(ObjectKind::Contact, octets(&card));
            change(context, account, vec![add]).await?.map(|(ids, _)| (ids.first().copied().unwrap_or(0), card))
        }
        Err(error) => Err(error),
    };
    match made {
        Ok((number, card)) => {
            let id = CARD.id(number);
            there.uids.insert(card::text(&card, "uid").to_owned(), id.clone());
            // RFC 8620 §5.3: what the client did not say itself.
            let mut told: Map<String, Value> =
                card.into_iter().filter(|(name, value)| new.get(name) != Some(value)).collect();
            told.remove("addressBookIds");
            told.insert("id".to_owned(), json!(id));
            outcome.created(context, creation, Value::Object(told));
        }
        Err(error) => outcome.not_created(creation, &error),
    }
    Ok(())
}

/// RFC 8620 §5.4. A caller has one account, so `from` is never another: reading the arguments says so.
pub(crate) async fn copy(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let copy = Copy::read(context, &mut arguments)?;
    arguments.end()?;
    // Nobody may see two accounts yet: there is none to copy from.
    let _ = copy;
    Err(MethodError::from_account_not_found())
}
