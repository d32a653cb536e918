//! NOTIFY (RFC 5465) and ESEARCH over several mailboxes (RFC 7377).

use super::super::command::{EventGroup, MultiSearch, Notify, NotifyEvent, Returns, Scope};
use super::super::limits::{ITEMS, NAMES};
use super::super::mailbox::MailboxName;
use super::cursor::Cursor;
use super::{Parsed, SyntaxError, fetch, returns, search};

pub(super) fn notify(c: &mut Cursor<'_>) -> Parsed<Notify> {
    if c.eat_word("NONE") {
        return Ok(Notify::None);
    }
    if !c.eat_word("SET") {
        return c.expected("SET or NONE");
    }
    c.sp()?;
    let status = c.eat_word("STATUS");
    if status {
        c.sp()?;
    }
    let at = c.at();
    let mut groups = vec![group(c)?];
    while c.eat(b' ') {
        c.within(groups.len(), NAMES)?;
        groups.push(group(c)?);
    }
    // RFC 5465 §8: only one of them, once.
    let selected = |group: &&EventGroup| matches!(group.scope, Scope::Selected | Scope::SelectedDelayed);
    if groups.iter().filter(selected).count() > 1 {
        return Err(SyntaxError::expected(at, "SELECTED or SELECTED-DELAYED once"));
    }
    Ok(Notify::Set { status, groups })
}

fn group(c: &mut Cursor<'_>) -> Parsed<EventGroup> {
    c.need(b'(', "an event group in parentheses")?;
    let scope = scope(c)?;
    if matches!(scope, Scope::SubtreeOne(_)) {
        return c.expected("another filter than subtree-one");
    }
    c.sp()?;
    let at = c.at();
    let events = if c.eat_word("NONE") { Vec::new() } else { c.list(ITEMS, event)? };
    fits(&scope, &events, at)?;
    c.need(b')', "the end of the event group")?;
    Ok(EventGroup { scope, events })
}

/// RFC 5465 §5 and §8: which events stand together, and where.
fn fits(scope: &Scope, events: &[NotifyEvent], at: usize) -> Parsed<()> {
    use NotifyEvent::{AnnotationChange, FlagChange, MessageExpunge, MessageNew, Unknown};
    let has = |test: fn(&NotifyEvent) -> bool| events.iter().any(test);
    let new = has(|event| matches!(event, MessageNew(_)));
    let expunge = has(|event| matches!(event, MessageExpunge));
    let changes = has(|event| matches!(event, FlagChange | AnnotationChange));
    if new != expunge || (changes && !new) {
        return Err(SyntaxError::expected(at, "MessageNew and MessageExpunge together"));
    }
    let selected = matches!(scope, Scope::Selected | Scope::SelectedDelayed);
    let of_messages = |event: &NotifyEvent| {
        matches!(event, MessageNew(_) | MessageExpunge | FlagChange | AnnotationChange | Unknown(_))
    };
    if selected && !events.iter().all(of_messages) {
        return Err(SyntaxError::expected(at, "events of messages only"));
    }
    if !selected && has(|event| matches!(event, MessageNew(items) if !items.is_empty())) {
        return Err(SyntaxError::expected(at, "MessageNew with data items for the selected mailbox only"));
    }
    Ok(())
}

fn scope(c: &mut Cursor<'_>) -> Parsed<Scope> {
    let at = c.at();
    Ok(match c.keyword("which mailboxes")?.as_str() {
        "SELECTED" => Scope::Selected,
        "SELECTED-DELAYED" => Scope::SelectedDelayed,
        "INBOXES" => Scope::Inboxes,
        "PERSONAL" => Scope::Personal,
        "SUBSCRIBED" => Scope::Subscribed,
        "SUBTREE" => Scope::Subtree(c.argument(names)?),
        "SUBTREE-ONE" => Scope::SubtreeOne(c.argument(names)?),
        "MAILBOXES" => Scope::Mailboxes(c.argument(names)?),
        _ => return Err(SyntaxError::expected(at, "which mailboxes")),
    })
}

fn names(c: &mut Cursor<'_>) -> Parsed<Vec<MailboxName>> {
    c.one_or_list(NAMES, Cursor::mailbox)
}

fn event(c: &mut Cursor<'_>) -> Parsed<NotifyEvent> {
    let name = c.atom("an event")?;
    Ok(match name.to_ascii_uppercase().as_str() {
        "MESSAGENEW" => {
            let mut items = Vec::new();
            if c.rest().starts_with(b" (") {
                items = c.argument(|c| c.list(ITEMS, fetch::item))?;
            }
            NotifyEvent::MessageNew(items)
        }
        "MESSAGEEXPUNGE" => NotifyEvent::MessageExpunge,
        "FLAGCHANGE" => NotifyEvent::FlagChange,
        "ANNOTATIONCHANGE" => NotifyEvent::AnnotationChange,
        "MAILBOXNAME" => NotifyEvent::MailboxName,
        "SUBSCRIPTIONCHANGE" => NotifyEvent::SubscriptionChange,
        "MAILBOXMETADATACHANGE" => NotifyEvent::MailboxMetadataChange,
        "SERVERMETADATACHANGE" => NotifyEvent::ServerMetadataChange,
        _ => NotifyEvent::Unknown(name.to_owned()),
    })
}

/// RFC 7377 §4.
pub(super) fn multi_search(c: &mut Cursor<'_>) -> Parsed<MultiSearch> {
    let mut scopes = Vec::new();
    if c.eat_word("IN") {
        c.sp()?;
        let at = c.at();
        scopes = c.list(NAMES, scope)?;
        if scopes.contains(&Scope::SelectedDelayed) {
            return Err(SyntaxError::expected(at, "another filter than selected-delayed"));
        }
        c.sp()?;
    }
    let returns = returns::returns(c)?.unwrap_or(Returns { all: true, ..Returns::default() });
    Ok(MultiSearch { scopes, returns, key: search::program(c)? })
}
