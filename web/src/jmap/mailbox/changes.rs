//! `Mailbox/changes` (RFC 8621 §2.2).

use crate::jmap::context::{Answer, Arguments, Context};
use crate::jmap::error::MethodError;
use crate::jmap::generic::{Changed, Changes};
use crate::jmap::ids;
use crate::jmap::state::State;
use office::jmap::Catalogue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::query::{EmailsSince, MailboxListSince, States, ThreadsSince};
use store::types::{AccountId, EmailId, MailboxChanges, MailboxId, Mark, StateRow};

/// Changes looked through for mailboxes whose counts changed; where there are more, all mailboxes may have changed.
const LOOKED_MAX: u32 = 2_000;
/// Mailboxes in one answer where the client names no limit: all that an account can have.
const CHANGES_MAX: usize = store::MAILBOXES_MAX as usize;

/// What the store tells of a time.
pub(super) struct Told {
    pub mailboxes: MailboxChanges,
    pub states: StateRow,
    /// E-mails that came or changed, and conversations of which one came or went; `None`: too many.
    touched: Option<(Vec<EmailId>, Vec<EmailId>)>,
}

pub(super) async fn told(
    context: &Context<'_>,
    account: AccountId,
    since: Mark,
    most: usize,
) -> Result<Told, MethodError> {
    let limit = u32::try_from(most).unwrap_or(u32::MAX);
    let whole = Mark::after(since.whole());
    let emails = EmailsSince { account, since: whole, limit: LOOKED_MAX };
    let threads = ThreadsSince { account, since: whole, limit: LOOKED_MAX };
    let query = ((MailboxListSince { account, since, limit }, States { account }), (emails, threads));
    let ((mailboxes, states), (emails, threads)) = context.web.office().store().read(query).await?;
    let unknown = MethodError::cannot_calculate_changes;
    let (emails, threads) = (emails.ok_or_else(unknown)?, threads.ok_or_else(unknown)?);
    let few = !emails.more && !threads.more;
    let touched = few.then(|| ([emails.created, emails.updated].concat(), [threads.created, threads.updated].concat()));
    Ok(Told { mailboxes: mailboxes.ok_or_else(unknown)?, states: states.ok_or_else(unknown)?, touched })
}

/// RFC 8621 §2.2.
pub async fn changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let changes = Changes::read(context, &mut arguments)?;
    arguments.end()?;
    let account = changes.account;
    let current = State::from(context.catalogue(account).await?.modseq());
    let since = changes.since(current)?.mark();
    let most = changes.max_changes.unwrap_or(CHANGES_MAX);
    if let Some(shared) = context.reach(account).await?.shared() {
        let became = shared.mailboxes_since(since.whole());
        let changed = Changed::shared(became, (shared, since, most), |mailbox| ids::of_mailbox(account, mailbox))?;
        return changes.answer("Mailbox/changes", &changed, &[("updatedProperties", Value::Null)]);
    }
    let told = told(context, account, since, most).await?;
    // Asked after the changes, so that it is no older than they are.
    let catalogue = context.catalogue(account).await?;
    let MailboxChanges { changes: mailboxes, only_counts } = &told.mailboxes;
    let created: BTreeSet<MailboxId> = mailboxes.created.iter().copied().collect();
    let mut updated: BTreeSet<MailboxId> = mailboxes.updated.iter().copied().collect();
    updated.extend(counted(&catalogue, &told, since).into_iter().filter(|mailbox| !created.contains(mailbox)));
    if changes.max_changes.is_some_and(|most| created.len() + updated.len() + mailboxes.destroyed.len() > most) {
        return Err(MethodError::cannot_calculate_changes());
    }
    let newest = Mark::from(told.states.mailboxes.max(told.states.emails)).max(since);
    let ids = |all: &[MailboxId]| all.iter().map(|mailbox| ids::of_mailbox(account, *mailbox)).collect::<Vec<_>>();
    let properties = match *only_counts && !updated.is_empty() {
        true => json!(["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]),
        false => Value::Null,
    };
    let changed = Changed {
        new_state: if mailboxes.more { mailboxes.until } else { newest }.into(),
        has_more: mailboxes.more,
        created: ids(&mailboxes.created),
        updated: ids(&updated.into_iter().collect::<Vec<_>>()),
        destroyed: ids(&mailboxes.destroyed),
    };
    changes.answer("Mailbox/changes", &changed, &[("updatedProperties", properties)])
}

/// Mailboxes in which conversations lie that changed: how many of them are unread may be another number now.
fn counted(catalogue: &Catalogue, told: &Told, since: Mark) -> BTreeSet<MailboxId> {
    let shown = catalogue.shown_since(since.whole());
    if told.touched.as_ref().is_some_and(|(emails, threads)| emails.is_empty() && threads.is_empty()) {
        return BTreeSet::new();
    }
    let (Some((emails, threads)), Some(shown)) = (&told.touched, shown) else {
        return catalogue.mailboxes().iter().map(|mailbox| mailbox.id).collect();
    };
    let of_emails = emails.iter().filter_map(|email| catalogue.email(*email)).map(|row| row.thread);
    let all: BTreeSet<EmailId> =
        of_emails.chain(threads.iter().copied()).chain(shown.into_iter().map(|(_, thread)| thread)).collect();
    let rows = all.into_iter().flat_map(|thread| catalogue.thread(thread));
    rows.flat_map(|row| row.places.as_slice().iter().copied()).collect()
}
