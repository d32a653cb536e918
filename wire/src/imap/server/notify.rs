//! NOTIFY (RFC 5465): what the client wants to hear unasked, of the selected mailbox and of others. The desk watches the
//! others; what it tells is written here.

use super::reply::{Reply, misfit};
use super::sync::{Expunges, NEWS_LINE};
use super::{Server, State, text};
use crate::imap::ask::{Events, News, Status, Watch, WatchOf};
use crate::imap::command::{EventGroup, FetchItem, Notify, NotifyEvent, Scope, StatusItem};
use crate::imap::mailbox::{Charset, MailboxName};
use crate::imap::{Answer, Ask, Refusal};

/// What NOTIFY asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Notified {
    on: bool,
    /// It was used: of the selected mailbox only what it asked for is told (RFC 5465 §3.1).
    used: bool,
    /// The selected mailbox: what is fetched of new messages; `None`: its messages are not told of.
    selected: Option<Vec<FetchItem>>,
    /// Changed flags of the selected mailbox.
    flags: bool,
    /// SELECTED-DELAYED: expunges wait for a command.
    delayed: bool,
    /// Changed flags of other mailboxes, which only a modseq can show.
    flags_of_others: bool,
}

impl Notified {
    /// Whether news may be told at any time.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Whether the selected mailbox's messages are told of: without NOTIFY, or as it asked.
    pub fn tells_messages(&self) -> bool {
        !self.used || self.selected.is_some()
    }

    /// Whether changed flags are.
    pub fn tells_flags(&self) -> bool {
        !self.used || self.flags
    }

    /// As after `NOTIFY NONE`.
    fn none() -> Notified {
        Notified { used: true, ..Notified::default() }
    }

    /// What is fetched of new messages in the selected mailbox.
    pub fn new_items(&self) -> Vec<FetchItem> {
        self.selected.clone().unwrap_or_default()
    }

    /// RFC 5465 §6.1.1, §6.1.2: what of expunges may be told between commands. Only a client that asked for the events of the
    /// selected mailbox, and not delayed, counts with them.
    pub fn expunges(&self) -> Expunges {
        if self.selected.is_some() && !self.delayed { Expunges::Told } else { Expunges::Held }
    }
}

impl Server {
    pub(super) fn notify(&mut self, tag: String, notify: Notify) {
        let (status, groups) = match notify {
            Notify::None => (false, Vec::new()),
            Notify::Set { status, groups } => (status, groups),
        };
        let on = !groups.is_empty();
        let (notified, watches) = match understood(status, groups) {
            Ok(understood) => understood,
            Err(reply) => return self.finish(tag, reply, Expunges::Told),
        };
        self.ask(Ask::Watch(watches), move |server, answer| {
            let reply = match answer {
                Answer::Done if on => return server.notify_set(tag, notified),
                Answer::Done => {
                    server.enabled.notified = Notified::none();
                    Reply::ok("you will hear nothing")
                }
                // RFC 5465 §3.1.
                Answer::Refused(Refusal::Limit) => {
                    Reply::no("that is more than can be watched").code("NOTIFICATIONOVERFLOW")
                }
                Answer::Refused(refusal) => refusal.into(),
                _ => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    /// RFC 5465 §3.1: what waited of the selected mailbox is told at once, all of it as by NOOP, though the client may want
    /// to hear of nothing from then on.
    fn notify_set(&mut self, tag: String, notified: Notified) {
        self.enabled.notified = Notified { on: true, used: false, ..notified };
        self.sync_then(Expunges::Told, move |server| {
            server.enabled.notified.used = true;
            server.tell_held();
            server.reply(&tag, &Reply::ok("so you will hear"));
        });
    }

    /// Tells news of other mailboxes.
    pub(super) fn tell_news(&mut self, news: Vec<News>) {
        for one in news {
            match one {
                News::Status(name, status) => self.tell_figures(&name, &status),
                News::Folder { folder, old_name } => self.send_folder(&folder, old_name.as_ref()),
                News::Metadata(name, entries) => self.tell_annotated(name.as_ref(), &entries),
                News::Overflow => {
                    // RFC 5465 §5.8: as if it had been NOTIFY NONE.
                    self.enabled.notified = Notified::none();
                    self.reply("*", &Reply::ok("more happened than can be told").code("NOTIFICATIONOVERFLOW"));
                }
            }
        }
    }

    /// Of the selected mailbox the client hears otherwise.
    fn tell_figures(&mut self, name: &MailboxName, status: &Status) {
        if matches!(&self.state, State::Open(open) if open.name == *name) {
            return;
        }
        let mut items = vec![StatusItem::Messages, StatusItem::UidNext, StatusItem::UidValidity, StatusItem::Unseen];
        // RFC 5465 §3.1 and §5.1: where flags are watched, whether or not the client asked for modseqs before.
        if self.enabled.condstore || self.enabled.notified.flags_of_others {
            items.push(StatusItem::HighestModSeq);
        }
        self.send_status(name, status, &items);
    }

    /// RFC 5464 §4.4.2: which annotations changed, in as many lines as they need. Other users chose their names, which may
    /// hold whatever a client would take for something else.
    fn tell_annotated(&mut self, mailbox: Option<&MailboxName>, entries: &[String]) {
        let mut start = b"* METADATA ".to_vec();
        match mailbox {
            Some(mailbox) => text::mailbox(&mut start, mailbox, self.charset()),
            None => start.extend_from_slice(b"\"\""),
        }
        let mut line = start.clone();
        for (at, entry) in entries.iter().enumerate() {
            line.push(b' ');
            text::astring(&mut line, entry, Charset::Ascii);
            if line.len() >= NEWS_LINE || at + 1 == entries.len() {
                line.extend_from_slice(b"\r\n");
                self.send(std::mem::replace(&mut line, start.clone()));
            }
        }
    }
}

/// What the groups come to, for us and for the desk.
fn understood(status: bool, groups: Vec<EventGroup>) -> Result<(Notified, Vec<Watch>), Reply> {
    let mut notified = Notified::default();
    let mut watches = Vec::new();
    let of_server = |group: &EventGroup| group.events.contains(&NotifyEvent::ServerMetadataChange);
    if groups.iter().any(of_server) {
        let events = Events { metadata: true, ..Events::default() };
        watches.push(Watch { of: WatchOf::Server, events, status: false });
    }
    for group in groups {
        let of = match group.scope {
            Scope::Selected | Scope::SelectedDelayed => {
                notified.delayed = group.scope == Scope::SelectedDelayed;
                (notified.selected, notified.flags) = selected_items(&group.events)?;
                continue;
            }
            Scope::Inboxes => WatchOf::Inboxes,
            Scope::Personal => WatchOf::Personal,
            Scope::Subscribed => WatchOf::Subscribed,
            Scope::Subtree(names) => WatchOf::Subtree(names),
            Scope::SubtreeOne(_) => return Err(Reply::bad("SUBTREE-ONE is for ESEARCH")),
            Scope::Mailboxes(names) => WatchOf::Mailboxes(names),
        };
        let events = events_of(&group.events)?;
        notified.flags_of_others |= events.flags;
        // One that is of the server alone says nothing of the mailboxes, neither NONE.
        if group.events.is_empty() || events != Events::default() {
            watches.push(Watch { of, events, status });
        }
    }
    Ok((notified, watches))
}

/// RFC 5465 §5: an event nobody knows is named with those that are known.
fn bad_event() -> Reply {
    let known = "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange \
                 ServerMetadataChange";
    Reply::no("no such event").code(format!("BADEVENT ({known})"))
}

/// What is fetched of new messages, where any are told of; and whether changed flags are.
fn selected_items(events: &[NotifyEvent]) -> Result<(Option<Vec<FetchItem>>, bool), Reply> {
    let mut items = Vec::new();
    let (mut new, mut expunge, mut flags) = (false, false, false);
    for event in events {
        match event {
            NotifyEvent::MessageNew(fetch) => {
                new = true;
                items.clone_from(fetch);
            }
            NotifyEvent::MessageExpunge => expunge = true,
            NotifyEvent::FlagChange => flags = true,
            // RFC 5465 §5: of the selected mailbox, only messages.
            _ => return Err(bad_event()),
        }
    }
    // RFC 5465 §5: MessageNew and MessageExpunge come together, and FlagChange not without them.
    if new != expunge || (flags && !new) {
        return Err(Reply::bad("MessageNew and MessageExpunge come together, FlagChange with them"));
    }
    Ok((new.then_some(items), flags))
}

/// What is told of mailboxes that are not selected.
fn events_of(events: &[NotifyEvent]) -> Result<Events, Reply> {
    let mut told = Events::default();
    let (mut new, mut expunge) = (false, false);
    for event in events {
        match event {
            NotifyEvent::MessageNew(items) if items.is_empty() => new = true,
            NotifyEvent::MessageNew(_) => return Err(Reply::bad("only of the selected mailbox messages are fetched")),
            NotifyEvent::MessageExpunge => expunge = true,
            NotifyEvent::FlagChange => told.flags = true,
            NotifyEvent::MailboxName => told.names = true,
            NotifyEvent::SubscriptionChange => told.subscriptions = true,
            NotifyEvent::MailboxMetadataChange => told.metadata = true,
            NotifyEvent::ServerMetadataChange => {}
            NotifyEvent::AnnotationChange | NotifyEvent::Unknown(_) => return Err(bad_event()),
        }
    }
    if new != expunge || (told.flags && !new) {
        return Err(Reply::bad("MessageNew and MessageExpunge come together, FlagChange with them"));
    }
    told.messages = new;
    Ok(told)
}
