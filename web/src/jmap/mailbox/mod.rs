//! Mailboxes (RFC 8621 §2): what they are told as. Which changed is `changes`'s, which are looked for `query`'s, making and
//! removing them `set`'s.

mod changes;
mod names;
mod permit;
mod query;
mod set;
mod wish;

pub(super) use changes::changes;
pub(super) use query::{query, query_changes};
pub(super) use set::set;

use super::context::{Answer, Arguments, Context};
use super::error::MethodError;
use super::generic::Get;
use super::generic::get::only;
use super::ids;
use super::limits::GET_MAX;
use super::reach::Reach;
use super::state::State;
use office::jmap::Catalogue;
use serde_json::{Value, json};
use std::collections::HashMap;
use store::query::MailboxNotes;
use store::types::{AccountId, Mailbox, MailboxId, Role};

/// The annotation that keeps `sortOrder`, so that IMAP clients see it too (RFC 5464).
const SORT_ORDER: &str = "/shared/vendor/pillarbox/sort-order";

const PROPERTIES: [&str; 11] = [
    "id",
    "name",
    "parentId",
    "role",
    "sortOrder",
    "totalEmails",
    "unreadEmails",
    "totalThreads",
    "unreadThreads",
    "myRights",
    "isSubscribed",
];

/// RFC 8621 §2.1.
pub(super) async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let get = Get::read(context, &mut arguments)?;
    let wanted = get.properties(|name| PROPERTIES.contains(&name))?;
    arguments.end()?;
    let catalogue = context.catalogue(get.account).await?;
    let (reach, orders) = (context.reach(get.account).await?, sort_orders(context, get.account).await?);
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    let mut tell =
        |mailbox: &Mailbox| list.push(only(object((&catalogue, &reach), mailbox, &orders), wanted.as_deref()));
    match &get.ids {
        None if catalogue.mailboxes().len() > GET_MAX => return Err(MethodError::request_too_large()),
        None => catalogue.mailboxes().iter().for_each(tell),
        Some(ids) => {
            for id in ids {
                match ids::mailbox(get.account, id).and_then(|mailbox| catalogue.mailbox(mailbox)) {
                    Some(mailbox) => tell(mailbox),
                    None => not_found.push(id.clone()),
                }
            }
        }
    }
    get.answer("Mailbox/get", state(&catalogue), list, not_found)
}

/// Counts of a mailbox change with e-mails elsewhere too: how many conversations are unread hangs on all of theirs.
fn state(catalogue: &Catalogue) -> State {
    catalogue.states().mailboxes.max(catalogue.states().emails).into()
}

/// `sortOrder` of the mailboxes that have one.
async fn sort_orders(context: &Context<'_>, account: AccountId) -> Result<HashMap<MailboxId, u32>, MethodError> {
    let entry = SORT_ORDER.to_owned();
    let notes = context.web.office().store().read(MailboxNotes { account, entry }).await?;
    let order =
        |(mailbox, value): (MailboxId, Vec<u8>)| Some((mailbox, std::str::from_utf8(&value).ok()?.parse().ok()?));
    Ok(notes.into_iter().filter_map(order).collect())
}

fn object((catalogue, reach): (&Catalogue, &Reach), mailbox: &Mailbox, orders: &HashMap<MailboxId, u32>) -> Value {
    let account = catalogue.account();
    let count = catalogue.counts().get(mailbox.id);
    json!({
        "id": ids::of_mailbox(account, mailbox.id),
        "name": mailbox.name,
        "parentId": mailbox.parent.map(|parent| ids::of_mailbox(account, parent)),
        "role": mailbox.role.map(role_name),
        "sortOrder": orders.get(&mailbox.id).copied().unwrap_or(0),
        "totalEmails": count.emails,
        "unreadEmails": count.unread_emails,
        "totalThreads": count.threads,
        "unreadThreads": count.unread_threads,
        "myRights": rights(mailbox, reach),
        "isSubscribed": mailbox.subscribed,
    })
}

/// RFC 8621 §2: what the caller may do by the rights of RFC 4314, of which an owner has all; but for what cannot be done to
/// INBOX and to a name that was left above others.
fn rights(mailbox: &Mailbox, reach: &Reach) -> Value {
    let (open, is_inbox) = (mailbox.selectable, mailbox.role == Some(Role::Inbox));
    let may = |letters: &str| reach.may(mailbox.id, letters);
    json!({
        "mayReadItems": open && may("lr"),
        "mayAddItems": open && may("i"),
        "mayRemoveItems": open && may("te"),
        "maySetSeen": open && may("s"),
        "maySetKeywords": open && may("w"),
        "mayCreateChild": may("k"),
        "mayRename": !is_inbox && may("x"),
        "mayDelete": !is_inbox && may("x"),
        // Nobody sends in the name of another here.
        "maySubmit": open && reach.shared().is_none(),
    })
}

/// RFC 8457's names in lower case.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Inbox => "inbox",
        Role::Archive => "archive",
        Role::Drafts => "drafts",
        Role::Sent => "sent",
        Role::Junk => "junk",
        Role::Trash => "trash",
    }
}

fn role(name: &str) -> Option<Role> {
    let all = [Role::Inbox, Role::Archive, Role::Drafts, Role::Sent, Role::Junk, Role::Trash];
    all.into_iter().find(|role| role_name(*role) == name)
}
