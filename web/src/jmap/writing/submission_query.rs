//! `EmailSubmission/query` and `/queryChanges` (RFC 8621 §7.3, §7.4).

use super::address::utc_date;
use super::objects;
use super::span;
use super::submission::{KIND, LETTER};
use crate::jmap::error::MethodError;
use crate::jmap::generic::{Comparator, Difference, Filter, Found, Query, QueryChanges};
use crate::jmap::{Answer, Arguments, Context, State, ids};
use message::Time;
use office::submission::{Submission, Undo};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use store::query::{ObjectsSince, States};
use store::types::{AccountId, EmailId};

/// Changes that are followed; past it a client asks anew.
const CHANGES_MAX: u32 = 10_000;

/// What a submission has to be.
#[derive(Clone, Debug, Default, PartialEq)]
struct Condition {
    identities: Option<BTreeSet<i64>>,
    emails: Option<BTreeSet<EmailId>>,
    threads: Option<BTreeSet<EmailId>>,
    undo: Option<String>,
    before: Option<Time>,
    after: Option<Time>,
}

impl Condition {
    fn read(context: &Context<'_>, account: AccountId, members: Map<String, Value>) -> Result<Condition, MethodError> {
        let mut arguments = Arguments::new(members);
        let resolved = |ids: Vec<String>| -> Vec<String> {
            ids.iter().filter_map(|id| context.resolve(id)).map(str::to_owned).collect()
        };
        let identities: Option<Vec<String>> = arguments.take("identityIds")?;
        let emails: Option<Vec<String>> = arguments.take("emailIds")?;
        let threads: Option<Vec<String>> = arguments.take("threadIds")?;
        let undo: Option<String> = arguments.take("undoStatus")?;
        if undo
            .as_ref()
            .is_some_and(|undo| ![Undo::Pending, Undo::Final, Undo::Canceled].iter().any(|known| known.name() == undo))
        {
            return Err(MethodError::invalid_arguments("undoStatus is pending, final or canceled."));
        }
        let before = date(&mut arguments, "before")?;
        let after = date(&mut arguments, "after")?;
        arguments.end().map_err(|_| MethodError::unsupported_filter())?;
        let of = |ids: Vec<String>, read: fn(AccountId, &str) -> Option<EmailId>| {
            resolved(ids).iter().filter_map(|id| read(account, id)).collect()
        };
        Ok(Condition {
            identities: identities.map(|ids| resolved(ids).iter().filter_map(|id| objects::read('I', id)).collect()),
            emails: emails.map(|list| of(list, ids::email)),
            threads: threads.map(|list| of(list, ids::thread)),
            undo,
            before,
            after,
        })
    }

    fn holds(&self, submission: &Submission) -> bool {
        self.identities.as_ref().is_none_or(|ids| ids.contains(&submission.identity))
            && self.emails.as_ref().is_none_or(|ids| ids.contains(&submission.email))
            && self.threads.as_ref().is_none_or(|ids| ids.contains(&submission.thread))
            && self.undo.as_ref().is_none_or(|undo| undo == submission.undo.name())
            && self.before.is_none_or(|before| submission.send_at < before)
            && self.after.is_none_or(|after| submission.send_at >= after)
    }
}

fn date(arguments: &mut Arguments, name: &str) -> Result<Option<Time>, MethodError> {
    let text: Option<String> = arguments.take(name)?;
    let wrong = || MethodError::invalid_arguments(format!("{name} is a date in UTC."));
    text.map(|text| utc_date(&text).ok_or_else(wrong)).transpose()
}

fn holds(filter: &Filter<Condition>, submission: &Submission) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| holds(filter, submission)),
        Filter::Or(any) => any.iter().any(|filter| holds(filter, submission)),
        Filter::Not(none) => !none.iter().any(|filter| holds(filter, submission)),
        Filter::Is(condition) => condition.holds(submission),
    }
}

/// `emailId`, `threadId`, `sentAt`; and `sendAt`, as the property is called.
fn compare(lines: &[Comparator], left: &(i64, Submission), right: &(i64, Submission)) -> Ordering {
    let by = |line: &Comparator| {
        let (a, b) = (&left.1, &right.1);
        let order = match line.property.as_str() {
            "emailId" => a.email.cmp(&b.email),
            "threadId" => a.thread.cmp(&b.thread),
            _ => a.send_at.cmp(&b.send_at),
        };
        if line.is_ascending { order } else { order.reverse() }
    };
    lines.iter().map(by).find(|order| order.is_ne()).unwrap_or_else(|| left.0.cmp(&right.0))
}

fn check_sort(lines: &[Comparator]) -> Result<(), MethodError> {
    let is_known = |line: &Comparator| {
        ["emailId", "threadId", "sentAt", "sendAt"].contains(&line.property.as_str()) && line.more.is_empty()
    };
    if lines.iter().all(is_known) { Ok(()) } else { Err(MethodError::unsupported_sort()) }
}

/// All that match, in order.
async fn find(
    context: &Context<'_>,
    account: AccountId,
    (filter, lines): (Option<Value>, &[Comparator]),
) -> Result<Vec<String>, MethodError> {
    check_sort(lines)?;
    let mut read = |members| Condition::read(context, account, members);
    let filter = filter.map(|filter| Filter::read(filter, &mut read)).transpose()?;
    let all = context.web.office().submissions(account).await?;
    let mut found: Vec<(i64, Submission)> = all
        .into_iter()
        .map(|(object, submission)| (object.id, submission))
        .filter(|(_, submission)| filter.as_ref().is_none_or(|filter| holds(filter, submission)))
        .collect();
    found.sort_by(|left, right| compare(lines, left, right));
    Ok(found.into_iter().map(|(id, _)| objects::of(LETTER, id)).collect())
}

/// `EmailSubmission/query`.
///
/// # Errors
/// The method's.
pub async fn query(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let asked = Query::read(context, &mut arguments)?;
    arguments.end()?;
    let state = State::from(span::objects(context.web.office(), asked.account, KIND).await?);
    let all = find(context, asked.account, (asked.filter.clone(), &asked.sort)).await?;
    let range = asked.window.range(all.len(), |anchor| all.iter().position(|id| id == anchor))?;
    let (position, total) = (range.start, all.len());
    let ids = all.get(range).unwrap_or_default().to_vec();
    asked.answer("EmailSubmission/query", Found { state, can_calculate_changes: true, position, total, ids }, &[])
}

/// `EmailSubmission/queryChanges`: what changed is taken out, and put in where it is now.
///
/// # Errors
/// The method's.
pub async fn query_changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let asked = QueryChanges::read(context, &mut arguments)?;
    arguments.end()?;
    let account = asked.account;
    let office = context.web.office();
    let states = office.store().read(States { account }).await?.ok_or_else(MethodError::account_not_found)?;
    let since = asked.since(State::from(states.account))?.mark();
    let query = ObjectsSince { account, kind: KIND, since, limit: CHANGES_MAX };
    let changes = office.store().read(query).await?.filter(|changes| !changes.more);
    let changes = changes.ok_or_else(MethodError::cannot_calculate_changes)?;
    let state = State::from(span::objects(office, account, KIND).await?).max(State::from(since));
    let all = find(context, account, (asked.filter.clone(), &asked.sort)).await?;
    let of = |id: &i64| objects::of(LETTER, *id);
    let removed: Vec<String> = changes.destroyed.iter().chain(&changes.updated).map(of).collect();
    let fresh: BTreeSet<String> = changes.created.iter().chain(&changes.updated).map(of).collect();
    let added = all.iter().cloned().enumerate().filter(|(_, id)| fresh.contains(id)).collect();
    let difference = Difference { removed, added, total: all.len() };
    asked.answer("EmailSubmission/queryChanges", state, difference)
}
