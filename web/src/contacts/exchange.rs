//! Cards from other programs and for them (`ContactCard/import` and `ContactCard/export` of `docs/jmap.md`): vCards as one text.
//! Owns what becomes of cards that are there already.

use super::cards::There;
use super::vcard::{self, Unreadable, Version};
use super::{CARD, card};
use crate::jmap::generic::Outcome;
use crate::jmap::kept::{change, octets};
use crate::jmap::limits::{GET_MAX, RESPONSE_OCTETS_MAX};
use crate::jmap::{Answer, Arguments, Context, MethodError, SetError, answer, ids};
use serde_json::{Map, Value, json};
use store::types::{ObjectChange, ObjectKind};

/// Cards that are kept with one change: others are not to wait long.
const KEPT_AT_ONCE: usize = 200;

/// A card that is new: its creation id, which is its place in the file, and itself.
type New = (String, Map<String, Value>);

pub(crate) async fn import(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let data: String = arguments.need("data")?;
    let books: Map<String, Value> = arguments.need("addressBookIds")?;
    arguments.end()?;
    let read = vcard::read(&data).map_err(|why| {
        MethodError::invalid_arguments(match why {
            Unreadable::TooLong => "The file is too long.",
            Unreadable::TooMany => "There are too many cards, or properties of one.",
            Unreadable::NoCards => "There is no vCard in it.",
        })
    })?;
    let there = There::look(context, account).await?;
    let cards = context.web.shelf().cards(context, account).await?;
    let (mut outcome, mut new, mut uids) = (Outcome::default(), Vec::<New>::new(), std::collections::HashSet::new());
    for (index, mut card) in read.into_iter().enumerate() {
        let place = index.to_string();
        card.insert("addressBookIds".to_owned(), Value::Object(books.clone()));
        match there.new_card(context, &card) {
            Ok(card) if uids.insert(card::text(&card, "uid").to_owned()) => new.push((place, card)),
            Ok(_) => outcome.not_created(&place, &SetError::of("alreadyExists")),
            Err(error) => outcome.not_created(&place, &error),
        }
    }
    for some in new.chunks(KEPT_AT_ONCE) {
        let add = |(_, card): &New| ObjectChange::add(ObjectKind::Contact, octets(card));
        match change(context, account, some.iter().map(add).collect()).await? {
            Ok((numbers, _)) => {
                for ((place, card), number) in some.iter().zip(numbers) {
                    let object = json!({"id": CARD.id(number), "uid": card.get("uid")});
                    outcome.created(context, place, object);
                }
            }
            Err(error) => some.iter().for_each(|(place, _)| outcome.not_created(place, &error)),
        }
    }
    let after = CARD.state(context, account).await?;
    let told = outcome.json();
    let arguments = json!({"accountId": ids::of_account(account), "oldState": cards.state.json(),
        "newState": after.json(), "created": told["created"], "notCreated": told["notCreated"]});
    answer("ContactCard/import", arguments)
}

pub(crate) async fn export(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let wanted: Option<Vec<String>> = arguments.take("ids")?;
    let version: Option<String> = arguments.take("version")?;
    arguments.end()?;
    let version = match version.as_deref() {
        None | Some("4.0") => Version::V4,
        Some("3.0") => Version::V3,
        Some(_) => return Err(MethodError::invalid_arguments("version is \"3.0\" or \"4.0\".")),
    };
    if wanted.as_ref().is_some_and(|ids| ids.len() > GET_MAX) {
        return Err(MethodError::request_too_large());
    }
    let cards = context.web.shelf().cards(context, account).await?;
    let (mut data, mut not_found) = (String::new(), Vec::new());
    match wanted {
        None => cards.all.iter().for_each(|held| data.push_str(&vcard::write(&held.kept.value, version))),
        Some(wanted) => {
            for id in wanted {
                match context.resolve(&id).and_then(|id| CARD.number(id)).and_then(|number| cards.get(number)) {
                    Some(held) => data.push_str(&vcard::write(&held.kept.value, version)),
                    None => not_found.push(id),
                }
                if data.len() > RESPONSE_OCTETS_MAX {
                    return Err(MethodError::request_too_large());
                }
            }
        }
    }
    let arguments =
        json!({"accountId": ids::of_account(account), "data": data, "type": "text/vcard", "notFound": not_found});
    answer("ContactCard/export", arguments)
}
