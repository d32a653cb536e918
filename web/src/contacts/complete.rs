//! Completing what somebody types as a recipient (`ContactCard/complete` of `docs/jmap.md`): cards whose name, one of its words
//! or address begins so. Owns the order of what is offered.

use super::card;
use super::shelf::{Cards, Held};
use crate::jmap::{Answer, Arguments, Context, answer, ids};
use message::search::fold;
use serde_json::{Value, json};

/// What is offered at most.
const OFFERED_MAX: u64 = 100;
/// What is offered where nobody says how much: as much as one reads at a glance.
const OFFERED: u64 = 10;
/// Members of a group that are told; of more, how many there are.
const MEMBERS_MAX: usize = 1_000;

pub(crate) async fn complete(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let text: String = arguments.need("text")?;
    let limit = arguments.unsigned("limit")?.unwrap_or(OFFERED).min(OFFERED_MAX);
    arguments.end()?;
    let cards = context.web.shelf().cards(context, account).await?;
    let list = offers(&cards, &text, usize::try_from(limit).unwrap_or(usize::MAX));
    answer("ContactCard/complete", json!({"accountId": ids::of_account(account), "list": list}))
}

/// How well a card fits; less is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Address,
    Name,
    Word,
    Domain,
}

fn fit(held: &Held, address: &str, wanted: &str) -> Option<Fit> {
    let address = fold(address);
    if address.starts_with(wanted) {
        return Some(Fit::Address);
    }
    if held.name.starts_with(wanted) {
        return Some(Fit::Name);
    }
    let mut words = held.name.split(|c: char| !c.is_alphanumeric());
    if words.any(|word| !word.is_empty() && word.starts_with(wanted)) {
        return Some(Fit::Word);
    }
    let domain = address.rsplit('@').next().unwrap_or("");
    let host = wanted.strip_prefix('@').unwrap_or(wanted);
    (!host.is_empty() && domain.starts_with(host)).then_some(Fit::Domain)
}

fn offers(cards: &Cards, text: &str, limit: usize) -> Vec<Value> {
    let wanted = fold(text.trim());
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<(Fit, u64, &Held, &str)> = Vec::new();
    for held in &cards.all {
        if card::text(&held.kept.value, "kind") == "group" {
            let found = fit(held, "", &wanted).filter(|fit| *fit != Fit::Address);
            all.extend(found.map(|fit| (fit, held.written_to, held, "")));
            continue;
        }
        for address in card::addresses(&held.kept.value) {
            all.extend(fit(held, address, &wanted).map(|fit| (fit, held.written_to, held, address)));
        }
    }
    // Who is written to most comes first among those that fit alike; then by name.
    all.sort_by(|a, b| {
        (a.0, std::cmp::Reverse(a.1), &a.2.name, a.3).cmp(&(b.0, std::cmp::Reverse(b.1), &b.2.name, b.3))
    });
    all.into_iter().take(limit).map(|(.., held, address)| offer(cards, held, address)).collect()
}

fn offer(cards: &Cards, held: &Held, address: &str) -> Value {
    let name = card::display_name(&held.kept.value);
    if address.is_empty() {
        let uids = held.kept.value.get("members").and_then(Value::as_object).into_iter().flatten().map(|(uid, _)| uid);
        let members: Vec<Value> = uids
            .filter_map(|uid| cards.by_uid(uid))
            .filter_map(|member| {
                let address = card::addresses(&member.kept.value).first().map(|address| (*address).to_owned())?;
                Some(json!({"name": card::display_name(&member.kept.value), "email": address}))
            })
            .take(MEMBERS_MAX)
            .collect();
        return json!({"cardId": held.id(), "name": name, "email": Value::Null, "members": members});
    }
    json!({"cardId": held.id(), "name": name, "email": address, "members": Value::Null})
}
