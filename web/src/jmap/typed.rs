//! The condition `query` of `Email/query` (`docs/jmap.md`): what people type, as `message::search::query` reads it. Owns what
//! the words that only an account knows mean: mailboxes, labels, snoozed, and `me`.

use super::error::MethodError;
use crate::caller::Caller;
use message::Time;
use message::search::Key;
use message::search::query::{Place, State, Term, parse};
use office::jmap::Catalogue;
use office::search::account::Condition;
use std::sync::Arc;
use store::types::{Mailbox, MailboxId, Role};

/// The mailbox in which e-mails wait for their time.
pub const SNOOZED: &str = "Snoozed";

/// A search as a key; what it leaves to the account is asked by `ask`.
///
/// # Errors
/// `unsupportedFilter`, where what was understood may not be what was typed; it says what and where.
pub fn key(
    typed: &str,
    catalogue: &Catalogue,
    (caller, now): (&Caller, Time),
    ask: &mut impl FnMut(Condition) -> Key,
) -> Result<Key, MethodError> {
    let typed = parse(typed);
    if let Some(problem) = typed.problems.iter().find(|problem| problem.kind.is_grave()) {
        let place = serde_json::json!([problem.place.start, problem.place.end]);
        return Err(MethodError::unsupported_filter().because(problem.kind.words()).with("place", place));
    }
    Ok(typed.query.key(now, &mut |term| own(term, catalogue, caller, ask)))
}

fn own(term: &Term, catalogue: &Catalogue, caller: &Caller, ask: &mut impl FnMut(Condition) -> Key) -> Option<Key> {
    match term {
        Term::HasAttachment => Some(ask(Condition::HasAttachment)),
        Term::Type(_) | Term::In(Place::Filename, _) => {
            let term = term.clone();
            Some(ask(Condition::Summary(Arc::new(move |summary| term.holds(summary).unwrap_or(false)))))
        }
        Term::Mailbox(name) => {
            let ids = mailboxes(name, catalogue.mailboxes());
            (!ids.is_empty()).then(|| Key::Or(ids.into_iter().map(|id| ask(Condition::In(id))).collect()))
        }
        Term::Is(State::Snoozed) => {
            let ids = mailboxes(SNOOZED, catalogue.mailboxes());
            Some(Key::Or(ids.into_iter().map(|id| ask(Condition::In(id))).collect()))
        }
        Term::Label(name) => Some(label(name, catalogue, ask)),
        // `from:me` and its kin.
        Term::In(place @ (Place::From | Place::To | Place::Cc | Place::Bcc), text)
            if text.eq_ignore_ascii_case("me") =>
        {
            Term::In(*place, caller.address.to_string()).key(Time(0))
        }
        _ => None,
    }
}

/// A keyword, or a mailbox of this name: both are labels to people.
fn label(name: &str, catalogue: &Catalogue, ask: &mut impl FnMut(Condition) -> Key) -> Key {
    let mut any: Vec<Key> = Vec::new();
    // People write spaces; keywords have none.
    for keyword in [name.to_owned(), name.replace(' ', "_"), name.replace(' ', "-")] {
        let bit = catalogue.keyword_bit(&keyword);
        if bit != 0 {
            any.push(ask(Condition::Flags(bit)));
        }
    }
    let ids = mailboxes(name, catalogue.mailboxes());
    any.extend(ids.into_iter().map(|id| ask(Condition::In(id))));
    Key::Or(any)
}

/// The mailboxes of a name: by role, by their own name, or by their path with slashes.
fn mailboxes(name: &str, all: &[Mailbox]) -> Vec<MailboxId> {
    let role = match name.to_lowercase().as_str() {
        "inbox" => Some(Role::Inbox),
        "sent" => Some(Role::Sent),
        "drafts" | "draft" => Some(Role::Drafts),
        "trash" | "bin" => Some(Role::Trash),
        "spam" | "junk" => Some(Role::Junk),
        "archive" => Some(Role::Archive),
        _ => None,
    };
    let of_role: Vec<MailboxId> = all.iter().filter(|it| role.is_some() && it.role == role).map(|it| it.id).collect();
    if !of_role.is_empty() {
        return of_role;
    }
    let wanted = name.to_lowercase();
    let is_named = |mailbox: &&Mailbox| {
        mailbox.name.to_lowercase() == wanted || path(mailbox, all).is_some_and(|path| path.to_lowercase() == wanted)
    };
    all.iter().filter(is_named).map(|mailbox| mailbox.id).collect()
}

fn path(mailbox: &Mailbox, all: &[Mailbox]) -> Option<String> {
    let mut names = vec![mailbox.name.as_str()];
    let mut above = mailbox.parent;
    while let Some(parent) = above {
        let parent = all.iter().find(|other| other.id == parent)?;
        names.push(parent.name.as_str());
        // A cycle cannot be in the store; a damaged one must not stop us here.
        if names.len() > store::DEPTH_MAX + 1 {
            return None;
        }
        above = parent.parent;
    }
    names.reverse();
    Some(names.join("/"))
}
