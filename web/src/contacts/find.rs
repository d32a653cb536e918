//! `ContactCard/query` and `/queryChanges` (RFC 9610 §3.3, §3.4): the filters and sorts, over the cards in memory. Texts match
//! anywhere, without regard to case and accents; words all have to be there, what stands in quotes as it is.

use super::CARD;
use super::card::{self, name_components, objects};
use super::shelf::{Cards, Held};
use crate::jmap::generic::{Comparator, Difference, Filter, Found, Query, QueryChanges};
use crate::jmap::{Answer, Arguments, Context, MethodError};
use message::search::fold;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::HashSet;
use store::query::ObjectsSince;
use store::types::ObjectKind;

/// One question to a card.
enum Asked {
    /// One of its texts of this name holds these.
    Texts(Where, Vec<String>),
    InBook(String),
    Uid(String),
    Member(String),
    Kind(String),
    /// The moment of this name is before that, or not.
    Moment(&'static str, String, bool),
}

/// Where texts are looked for.
#[derive(Clone, Copy)]
enum Where {
    Anywhere,
    Name,
    Component(&'static str),
    /// The members of the objects of a property.
    Objects(&'static str, &'static [&'static str]),
    Address,
}

/// The filters that look for texts (RFC 9610 §3.3.1).
const TEXTS: &[(&str, Where)] = &[
    ("text", Where::Anywhere),
    ("name", Where::Name),
    ("name/given", Where::Component("given")),
    ("name/surname", Where::Component("surname")),
    ("name/surname2", Where::Component("surname2")),
    ("nickname", Where::Objects("nicknames", &["name"])),
    ("organization", Where::Objects("organizations", &["name"])),
    ("email", Where::Objects("emails", &["address", "label"])),
    ("phone", Where::Objects("phones", &["number", "label"])),
    ("onlineService", Where::Objects("onlineServices", &["service", "uri", "user", "label"])),
    ("address", Where::Address),
    ("note", Where::Objects("notes", &["note"])),
];

/// Words and quoted phrases, folded (RFC 9610 §3.3.1).
fn words(text: &str) -> Vec<String> {
    let (mut all, mut word, mut quote, mut escaped) = (Vec::new(), String::new(), None, false);
    for c in text.chars() {
        match (quote, c) {
            _ if escaped => {
                word.push(c);
                escaped = false;
            }
            (Some(_), '\\') => escaped = true,
            (None, '"' | '\'') if word.is_empty() => quote = Some(c),
            (Some(open), c) if c == open => {
                all.push(std::mem::take(&mut word));
                quote = None;
            }
            (None, c) if c.is_whitespace() => all.push(std::mem::take(&mut word)),
            (_, c) => word.push(c),
        }
    }
    all.push(word);
    all.iter().map(|word| fold(word)).filter(|word| !word.is_empty()).collect()
}

fn condition(members: Map<String, Value>) -> Result<Vec<Asked>, MethodError> {
    let mut all = Vec::new();
    for (name, value) in members {
        if value.is_null() {
            continue;
        }
        let Value::String(value) = value else {
            return Err(MethodError::invalid_arguments(format!("{name} of a filter is a text.")));
        };
        if let Some((_, place)) = TEXTS.iter().find(|(known, _)| *known == name) {
            all.push(Asked::Texts(*place, words(&value)));
            continue;
        }
        all.push(match name.as_str() {
            "inAddressBook" => Asked::InBook(value),
            "uid" => Asked::Uid(value),
            "hasMember" => Asked::Member(value),
            "kind" => Asked::Kind(value),
            "createdBefore" => Asked::Moment("created", value, true),
            "createdAfter" => Asked::Moment("created", value, false),
            "updatedBefore" => Asked::Moment("updated", value, true),
            "updatedAfter" => Asked::Moment("updated", value, false),
            _ => return Err(MethodError::unsupported_filter().because(format!("There is no filter {name:?}."))),
        });
    }
    Ok(all)
}

impl Asked {
    fn holds(&self, held: &Held) -> bool {
        let value = &held.kept.value;
        let has = |property: &str, name: &str| value.get(property).and_then(|set| set.get(name)).is_some();
        match self {
            Asked::Texts(place, words) => {
                let texts = place.texts(held);
                words.iter().all(|word| texts.contains(word.as_str()))
            }
            Asked::InBook(book) => has("addressBookIds", book),
            Asked::Uid(uid) => card::text(value, "uid") == uid,
            Asked::Member(uid) => has("members", uid),
            Asked::Kind(kind) => value.get("kind").and_then(Value::as_str).unwrap_or("individual") == kind,
            // Moments of one form stand in the order of time.
            Asked::Moment(name, moment, before) => {
                let own = card::text(value, name);
                !own.is_empty() && (own < moment.as_str()) == *before
            }
        }
    }
}

impl Where {
    /// The texts there, folded.
    fn texts(self, held: &Held) -> std::borrow::Cow<'_, str> {
        let value = &held.kept.value;
        let mut all = String::new();
        let mut say = |text: &str| {
            all.push_str(text);
            all.push('\n');
        };
        match self {
            Where::Anywhere => return held.text.as_str().into(),
            Where::Name => return held.name.as_str().into(),
            Where::Component(kind) => name_components(value, kind).for_each(say),
            Where::Objects(property, members) => {
                for object in objects(value, property) {
                    members.iter().for_each(|member| say(card::text(object, member)));
                }
            }
            Where::Address => {
                for address in objects(value, "addresses") {
                    say(card::text(address, "full"));
                    let components = address.get("components").and_then(Value::as_array).into_iter().flatten();
                    components.filter_map(|it| it.get("value")).filter_map(Value::as_str).for_each(&mut say);
                }
            }
        }
        fold(&all).into()
    }
}

fn holds(filter: &Filter<Vec<Asked>>, held: &Held) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| holds(filter, held)),
        Filter::Or(all) => all.iter().any(|filter| holds(filter, held)),
        Filter::Not(all) => !all.iter().any(|filter| holds(filter, held)),
        Filter::Is(asked) => asked.iter().all(|asked| asked.holds(held)),
    }
}

/// What cards are sorted by (RFC 9610 §3.3.2).
fn sort_key(property: &str, held: &Held) -> Option<String> {
    let value = &held.kept.value;
    Some(match property {
        "created" | "updated" => card::text(value, property).to_owned(),
        "name" => held.name.clone(),
        "name/given" | "name/surname" | "name/surname2" => {
            let kind = property.strip_prefix("name/").unwrap_or("");
            fold(&name_components(value, kind).collect::<Vec<_>>().join(" "))
        }
        _ => return None,
    })
}

fn compare(a: &[String], b: &[String], sort: &[Comparator]) -> Ordering {
    let lines = a.iter().zip(b).zip(sort);
    lines.fold(Ordering::Equal, |so_far, ((a, b), line)| {
        so_far.then_with(|| if line.is_ascending { a.cmp(b) } else { b.cmp(a) })
    })
}

/// The ids of the cards that are looked for, in order.
fn find(cards: &Cards, filter: Option<Value>, sort: &[Comparator]) -> Result<Vec<String>, MethodError> {
    let known = |property: &str| {
        matches!(property, "created" | "updated" | "name" | "name/given" | "name/surname" | "name/surname2")
    };
    if let Some(line) = sort.iter().find(|line| !known(&line.property)) {
        return Err(MethodError::unsupported_sort().because(format!("Cards are not sorted by {:?}.", line.property)));
    }
    let filter = filter.map(|filter| Filter::read(filter, &mut condition)).transpose()?;
    let found = cards.all.iter().filter(|held| filter.as_ref().is_none_or(|filter| holds(filter, held)));
    let keys = |held: &Held| sort.iter().filter_map(|line| sort_key(&line.property, held)).collect::<Vec<String>>();
    let mut found: Vec<(Vec<String>, &Held)> = found.map(|held| (keys(held), held)).collect();
    // By number where nothing else decides: the order is the same every time (RFC 8620 §5.5).
    found.sort_by(|a, b| compare(&a.0, &b.0, sort).then(a.1.kept.number.cmp(&b.1.kept.number)));
    Ok(found.into_iter().map(|(_, held)| held.id()).collect())
}

/// A creation id stands for what was created (RFC 8620 §5.5).
fn resolved(context: &Context<'_>, filter: Option<Value>) -> Option<Value> {
    fn walk(context: &Context<'_>, value: &mut Value) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(|value| walk(context, value)),
            Value::Object(all) => {
                let book = all.get("inAddressBook").and_then(Value::as_str).map(str::to_owned);
                let book = book.and_then(|id| context.resolve(&id).map(str::to_owned));
                book.into_iter().for_each(|id| drop(all.insert("inAddressBook".to_owned(), Value::String(id))));
                all.get_mut("conditions").into_iter().for_each(|conditions| walk(context, conditions));
            }
            _ => {}
        }
    }
    let mut filter = filter?;
    walk(context, &mut filter);
    Some(filter)
}

pub(crate) async fn query(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut query = Query::read(context, &mut arguments)?;
    arguments.end()?;
    let cards = context.web.shelf().cards(context, query.account).await?;
    let all = find(&cards, resolved(context, query.filter.take()), &query.sort)?;
    let range = query.window.range(all.len(), |id| all.iter().position(|known| known == id))?;
    let ids = all.get(range.clone()).unwrap_or(&[]).to_vec();
    let found = Found { state: cards.state, can_calculate_changes: true, position: range.start, total: all.len(), ids };
    query.answer("ContactCard/query", found, &[])
}

/// RFC 8620 §5.6: a card that changed may have been found or not, and elsewhere: it is taken out, and put where it is now.
pub(crate) async fn query_changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let mut query = QueryChanges::read(context, &mut arguments)?;
    arguments.end()?;
    let cards = context.web.shelf().cards(context, query.account).await?;
    let since = query.since(cards.state)?.mark();
    let ask = ObjectsSince { account: query.account, kind: ObjectKind::Contact, since, limit: u32::MAX };
    let news = context.web.office().store().read(ask).await?.ok_or_else(MethodError::cannot_calculate_changes)?;
    let all = find(&cards, resolved(context, query.filter.take()), &query.sort)?;
    let here: HashSet<String> = news.created.iter().chain(&news.updated).map(|number| CARD.id(*number)).collect();
    let removed = news.updated.iter().chain(&news.destroyed).map(|number| CARD.id(*number)).collect();
    let total = all.len();
    let added = all.into_iter().enumerate().filter(|(_, id)| here.contains(id)).collect();
    query.answer("ContactCard/queryChanges", cards.state, Difference { removed, added, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_to_be_there_and_phrases_as_they_are() {
        assert_eq!(words("Bob  Builder"), ["BOB", "BUILDER"]);
        assert_eq!(words("\"Bob Builder\" x"), ["BOB BUILDER", "X"]);
        assert_eq!(words("'a \\' b' O'Neil"), ["A ' B", "O'NEIL"]);
        assert_eq!(words("\"open end"), ["OPEN END"]);
        assert_eq!(words("  "), [""; 0]);
    }
}
