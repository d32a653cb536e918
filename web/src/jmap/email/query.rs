//! `Email/query` and `Email/queryChanges` (RFC 8621 §4.4, §4.5).

use super::changes::News;
use super::filter::{filter, order};
use super::state;
use crate::jmap::context::{Answer, Arguments, Context};
use crate::jmap::error::MethodError;
use crate::jmap::generic::{Comparator, Difference, Found, Query, QueryChanges};
use crate::jmap::ids;
use crate::jmap::state::State;
use office::jmap::Catalogue;
use office::search::account::Question;
use office::search::sorting::SortLine;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use store::query::{EmailsById, ThreadsSince};
use store::types::{AccountId, EmailId, Mark};

/// E-mails whose change is told as a change of a query: beyond it asking again is cheaper.
const QUERY_CHANGES_MAX: usize = 5_000;

/// How often changes are read anew because others came meanwhile; then the client asks again for everything.
const STATE_TRIES: usize = 20;

/// A query, made ready.
struct Prepared {
    question: Question,
    lines: Vec<SortLine>,
    collapse: bool,
    /// Whether the results hang on what can change of an e-mail.
    mutable: bool,
    /// Whether they hang on the other e-mails of its conversation.
    of_threads: bool,
}

impl Prepared {
    fn new(
        context: &Context<'_>,
        catalogue: &Catalogue,
        (value, sort): (Option<&Value>, &[Comparator]),
        collapse: bool,
    ) -> Result<Prepared, MethodError> {
        let asked = filter(value, catalogue, context)?;
        let (lines, mutable, of_threads) = order(sort, catalogue)?;
        Ok(Prepared {
            question: asked.question,
            lines,
            collapse,
            mutable: asked.mutable || mutable,
            of_threads: asked.of_threads || of_threads || collapse,
        })
    }

    async fn find(&self, context: &Context<'_>, catalogue: &Arc<Catalogue>) -> Result<Vec<u32>, MethodError> {
        let how = (self.lines.as_slice(), self.collapse);
        Ok(context.web.office().find_emails(catalogue, &self.question, how, context.now).await?)
    }
}

/// RFC 8621 §4.4.
pub async fn query(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let query = Query::read(context, &mut arguments)?;
    let collapse = arguments.flag("collapseThreads", false)?;
    arguments.end()?;
    let catalogue = context.catalogue(query.account).await?;
    let prepared = Prepared::new(context, &catalogue, (query.filter.as_ref(), &query.sort), collapse)?;
    let slots = prepared.find(context, &catalogue).await?;
    let place = |anchor: &str| {
        let email = ids::email(query.account, anchor)?;
        slots.iter().position(|slot| catalogue.row(*slot).is_some_and(|row| row.email == email))
    };
    let range = query.window.range(slots.len(), place)?;
    let position = range.start;
    let emails = slots.get(range).unwrap_or(&[]).iter().filter_map(|slot| catalogue.row(*slot));
    let found = Found {
        state: state(&catalogue),
        can_calculate_changes: true,
        position,
        total: slots.len(),
        ids: emails.map(|row| ids::of_email(query.account, row.email)).collect(),
    };
    query.answer("Email/query", found, &[])
}

/// RFC 8621 §4.5.
pub async fn query_changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let changes = QueryChanges::read(context, &mut arguments)?;
    let collapse = arguments.flag("collapseThreads", false)?;
    arguments.end()?;
    let current = State::from(context.catalogue(changes.account).await?.modseq());
    let since = changes.since(current)?.mark();
    let news = news_of_one_state(context, changes.account, since).await?;
    let catalogue = news.catalogue.clone();
    let prepared = Prepared::new(context, &catalogue, (changes.filter.as_ref(), &changes.sort), collapse)?;
    let touched = touched(context, &news, &prepared, since).await?;
    let slots = prepared.find(context, &catalogue).await?;
    let up_to = changes.up_to_id.as_deref().filter(|_| !prepared.mutable && !prepared.of_threads);
    let difference = difference(&catalogue, &slots, (&touched, &news), up_to);
    changes.answer("Email/queryChanges", news.state, difference)
}

/// What became of e-mails, and the account in the very state after it: places are counted in that one.
async fn news_of_one_state(context: &Context<'_>, account: AccountId, since: Mark) -> Result<News, MethodError> {
    for _ in 0..STATE_TRIES {
        let news = News::since(context, account, since, QUERY_CHANGES_MAX).await?;
        if news.more {
            break;
        }
        // Somebody changes e-mails at this moment: what was read first is old already.
        if state(&news.catalogue) <= news.state {
            return Ok(news);
        }
    }
    Err(MethodError::cannot_calculate_changes())
}

/// The e-mails whose place among the results may be another than it was.
async fn touched(
    context: &Context<'_>,
    news: &News,
    prepared: &Prepared,
    since: Mark,
) -> Result<HashSet<EmailId>, MethodError> {
    let mut touched: HashSet<EmailId> =
        [&news.created, &news.appeared, &news.destroyed, &news.hidden].into_iter().flatten().copied().collect();
    // RFC 8620 §5.6: what is filtered or sorted by what can change may be anywhere now. So may what came to be seen at a
    // time nobody remembers.
    if prepared.mutable || prepared.of_threads || news.catalogue.shown_since(since.whole()).is_none() {
        touched.extend(&news.updated);
    }
    if prepared.of_threads && !(touched.is_empty()) {
        let threads = threads(context, news, since).await?;
        let members = threads.iter().flat_map(|thread| news.catalogue.thread(*thread));
        touched.extend(members.map(|row| row.email));
    }
    Ok(touched)
}

/// Conversations of which an e-mail came, changed or went.
async fn threads(context: &Context<'_>, news: &News, since: Mark) -> Result<HashSet<EmailId>, MethodError> {
    let account: AccountId = news.catalogue.account();
    let limit = u32::try_from(QUERY_CHANGES_MAX).unwrap_or(u32::MAX);
    let query = (ThreadsSince { account, since, limit }, EmailsById { account, ids: news.hidden.clone() });
    let (threads, hidden) = context.web.office().store().read(query).await?;
    let threads = threads.filter(|threads| !threads.more).ok_or_else(MethodError::cannot_calculate_changes)?;
    let changed =
        news.created.iter().chain(&news.appeared).chain(&news.updated).filter_map(|email| news.catalogue.email(*email));
    let changed = changed.map(|row| row.thread).chain(hidden.iter().map(|row| row.thread));
    Ok(changed.chain(threads.created).chain(threads.updated).collect())
}

/// RFC 8620 §5.6: everything that may have moved is taken out, and put in again where it is.
fn difference(
    catalogue: &Catalogue,
    slots: &[u32],
    (touched, news): (&HashSet<EmailId>, &News),
    up_to: Option<&str>,
) -> Difference {
    let account = catalogue.account();
    let created: HashSet<EmailId> = news.created.iter().copied().collect();
    let mut removed: Vec<EmailId> = touched.iter().filter(|email| !created.contains(email)).copied().collect();
    removed.sort_unstable();
    let up_to = up_to.and_then(|id| ids::email(account, id));
    let is_last = |email: EmailId| up_to == Some(email);
    let mut added = Vec::new();
    for (index, slot) in slots.iter().enumerate() {
        let Some(row) = catalogue.row(*slot) else { continue };
        if touched.contains(&row.email) {
            added.push((index, ids::of_email(account, row.email)));
        }
        // The client holds no more than this.
        if is_last(row.email) {
            break;
        }
    }
    Difference {
        removed: removed.into_iter().map(|email| ids::of_email(account, email)).collect(),
        added,
        total: slots.len(),
    }
}
