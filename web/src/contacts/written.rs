//! Addresses that mail is sent to are kept as cards, so that they can be completed the next time. Owns the mark on such cards
//! (`card::WRITTEN_TO`): how often, and when last. A card that its owner made is left as it is.

use super::cards::new_uid;
use super::{BOOK, CARD, books, card};
use crate::jmap::date::write_utc;
use crate::jmap::kept::{change, octets};
use crate::jmap::{Context, MethodError, settings};
use message::Summary;
use message::header::{Entry, Mailbox, Phrase};
use message::search::fold;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use store::query::EmailsById;
use store::types::{AccountId, EmailId, ObjectChange, ObjectKind};

/// Recipients of one message that are kept: a letter to more is a circular.
pub const RECIPIENTS_MAX: usize = 50;
/// Cards up to which new ones are made by themselves; beyond, the room is left to those that people make.
const CARDS_MADE_MAX: usize = 8_000;

/// Keeps whom a message was sent to: the name as it was written, where there was one, and the address.
///
/// # Errors
/// The store's. That a card could not be kept is none: the message is what matters.
pub async fn keep_written_to(
    context: &Context<'_>,
    account: AccountId,
    recipients: &[(String, String)],
) -> Result<(), MethodError> {
    let is_wanted = settings::of_account(context, account, "keepRecipients").await? == Value::Bool(true);
    if !is_wanted || recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
        return Ok(());
    }
    let (_, books) = books::all(context, account).await?;
    let Some(book) = books::default_of(&books) else { return Ok(()) };
    let cards = context.web.shelf().cards(context, account).await?;
    let mut known: HashMap<String, &super::shelf::Held> = HashMap::new();
    for held in &cards.all {
        known.extend(card::addresses(&held.kept.value).into_iter().map(|address| (fold(address), held)));
    }
    let mut seen: HashSet<String> = HashSet::from([fold(&context.caller.address.to_string())]);
    let now = write_utc(context.now);
    let mut changes = Vec::new();
    for (name, address) in recipients.iter().filter(|(_, address)| address.contains('@')) {
        let folded = fold(address);
        if !seen.insert(folded.clone()) {
            continue;
        }
        match known.get(&folded) {
            Some(held) if held.written_to > 0 => {
                let mut value = held.kept.value.clone();
                value.insert(card::WRITTEN_TO.to_owned(), json!({"count": held.written_to + 1, "last": now}));
                changes.push(held.kept.replaced(&value));
            }
            Some(_) => {}
            None if cards.all.len() < CARDS_MADE_MAX => {
                let card = new_card(name, address, &BOOK.id(book), &now);
                changes.push(ObjectChange::add(ObjectKind::Contact, octets(&card)));
            }
            None => {}
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    if let Err(refused) = change(context, account, changes).await? {
        tracing::debug!(kind = refused.kind(), letter = %CARD.letter, "recipients are not kept");
    }
    Ok(())
}

/// Keeps whom an e-mail that was just sent is addressed to. It is sent whatever comes of this, so trouble is only logged.
pub(crate) async fn keep_recipients_of(context: &Context<'_>, account: AccountId, email: EmailId) {
    let kept = async {
        let rows = context.web.office().store().read(EmailsById { account, ids: vec![email] }).await?;
        let summary = rows.into_iter().next().and_then(|row| row.summary.ok());
        let summary = summary.and_then(|octets| Summary::decode(&octets).ok()).unwrap_or_default();
        keep_written_to(context, account, &recipients(&summary)).await
    };
    if let Err(error) = kept.await {
        tracing::warn!(kind = error.kind(), "recipients are not kept");
    }
}

fn recipients(summary: &Summary) -> Vec<(String, String)> {
    let Some(envelope) = summary.envelope() else { return Vec::new() };
    let entries = envelope.to.iter().chain(&envelope.cc).chain(&envelope.bcc);
    let mailboxes = entries.filter_map(|entry| match entry {
        Entry::Mailbox(mailbox) => Some(mailbox),
        _ => None,
    });
    let of = |mailbox: &Mailbox| {
        let name = mailbox.name.as_ref().map(Phrase::text).unwrap_or_default();
        mailbox.address().map(|address| (name, address.to_string()))
    };
    mailboxes.filter_map(of).collect()
}

fn new_card(name: &str, address: &str, book: &str, now: &str) -> Map<String, Value> {
    let mut new = json!({
        "addressBookIds": {book: true},
        "emails": {"1": {"address": address}},
        card::WRITTEN_TO: {"count": 1, "last": now},
    });
    if !name.trim().is_empty() {
        new["name"] = json!({"full": name.trim()});
    }
    let mut new = match new {
        Value::Object(new) => new,
        _ => Map::new(),
    };
    card::complete(&mut new, new_uid, now);
    new
}
