//! Conversations (RFC 8621 §3).

use super::context::{Answer, Arguments, Context};
use super::email::state;
use super::error::MethodError;
use super::generic::get::only;
use super::generic::{Changed, Changes, Get};
use super::ids;
use super::limits::GET_MAX;
use super::state::State;
use office::jmap::Catalogue;
use serde_json::json;
use std::collections::BTreeSet;
use store::query::{EmailsSince, States, ThreadsSince};
use store::types::{EmailId, Mark};

/// Ids in one answer where the client names no limit; it asks on.
const CHANGES_MAX: usize = 10_000;

/// RFC 8621 §3.1.
pub(super) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    let wanted = get.properties(|name| matches!(name, "id" | "emailIds"))?;
    arguments.end()?;
    let catalogue = context.catalogue(get.account).await?;
    let ids = match &get.ids {
        Some(ids) => ids.clone(),
        None => all(&catalogue)?,
    };
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for id in ids {
        let members = ids::thread(get.account, &id).map(|thread| catalogue.thread(thread)).unwrap_or_default();
        if members.is_empty() {
            not_found.push(id);
            continue;
        }
        let emails: Vec<String> = members.iter().map(|row| ids::of_email(get.account, row.email)).collect();
        list.push(only(json!({"id": id, "emailIds": emails}), wanted.as_deref()));
    }
    get.answer("Thread/get", state(&catalogue), list, not_found)
}

/// RFC 8620 §5.1: all there are, where they are not too many.
fn all(catalogue: &Catalogue) -> Result<Vec<String>, MethodError> {
    let threads: BTreeSet<EmailId> = catalogue.rows().map(|row| row.thread).collect();
    if threads.len() > GET_MAX {
        return Err(MethodError::request_too_large());
    }
    Ok(threads.into_iter().map(|thread| ids::of_thread(catalogue.account(), thread)).collect())
}

/// RFC 8621 §3.2.
pub(super) async fn changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let changes = Changes::read(context, &mut arguments)?;
    arguments.end()?;
    let account = changes.account;
    let current = State::from(context.catalogue(account).await?.modseq());
    let since = changes.since(current)?.mark();
    let most = changes.max_changes.unwrap_or(CHANGES_MAX);
    if let Some(shared) = context.reach(account).await?.shared() {
        let became = shared.threads_since(since.whole());
        let changed = Changed::shared(became, (shared, since, most), |thread| ids::of_thread(account, thread))?;
        return changes.answer("Thread/changes", &changed, &[]);
    }
    let limit = u32::try_from(most).unwrap_or(u32::MAX);
    let emails = EmailsSince { account, since: Mark::after(since.whole()), limit };
    let query = (ThreadsSince { account, since, limit }, (emails, States { account }));
    let (threads, (emails, states)) = context.web.office().store().read(query).await?;
    let (Some(threads), Some(emails), Some(states)) = (threads, emails, states) else {
        return Err(MethodError::cannot_calculate_changes());
    };
    let catalogue = context.catalogue(account).await?;
    let touched = touched(&catalogue, since, &emails.updated);
    let is_there = |thread: &EmailId| !catalogue.thread(*thread).is_empty();
    let created: BTreeSet<EmailId> = threads.created.into_iter().filter(is_there).collect();
    let (mut updated, gone): (BTreeSet<EmailId>, BTreeSet<EmailId>) = threads.updated.into_iter().partition(is_there);
    let mut destroyed: BTreeSet<EmailId> = threads.destroyed.into_iter().chain(gone).collect();
    for thread in touched.into_iter().filter(|thread| !created.contains(thread)) {
        if is_there(&thread) {
            updated.insert(thread)
        } else {
            destroyed.insert(thread)
        };
    }
    // RFC 8620 §5.2: no more than the client can take, and what came and went by `\Deleted` has no states between.
    if changes.max_changes.is_some_and(|most| created.len() + updated.len() + destroyed.len() > most) {
        return Err(MethodError::cannot_calculate_changes());
    }
    let ids = |set: BTreeSet<EmailId>| set.into_iter().map(|thread| ids::of_thread(account, thread)).collect();
    let until = if threads.more { threads.until } else { Mark::from(states.emails).max(since) };
    let changed = Changed {
        new_state: until.into(),
        has_more: threads.more,
        created: ids(created),
        updated: ids(updated),
        destroyed: ids(destroyed),
    };
    changes.answer("Thread/changes", &changed, &[])
}

/// Conversations of e-mails that came to be seen or ceased to be, which the store does not tell of. Where that was too long
/// ago, those of all e-mails that changed.
fn touched(catalogue: &Catalogue, since: Mark, updated: &[EmailId]) -> BTreeSet<EmailId> {
    match catalogue.shown_since(since.whole()) {
        Some(shown) => shown.into_iter().map(|(_, thread)| thread).collect(),
        None => updated.iter().filter_map(|email| catalogue.email(*email)).map(|row| row.thread).collect(),
    }
}
