//! NOTIFY (RFC 5465), and ESEARCH over several mailboxes (RFC 7377), which names mailboxes the same way.

use super::{FetchItem, Returns};
use crate::imap::mailbox::MailboxName;
use message::search::Key;

/// NOTIFY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notify {
    /// `NONE`.
    None,
    /// `SET`.
    Set {
        /// `STATUS`: tell how all these mailboxes stand now.
        status: bool,
        /// In the order of the command; several may name the same mailbox (RFC 5465 §6).
        groups: Vec<EventGroup>,
    },
}

/// What is told of some mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventGroup {
    /// Which mailboxes.
    pub scope: Scope,
    /// Which events; none for `NONE`.
    pub events: Vec<NotifyEvent>,
}

/// Which mailboxes (RFC 5465 §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `SELECTED`.
    Selected,
    /// `SELECTED-DELAYED`.
    SelectedDelayed,
    /// `INBOXES`.
    Inboxes,
    /// `PERSONAL`.
    Personal,
    /// `SUBSCRIBED`.
    Subscribed,
    /// `SUBTREE`: these and all below.
    Subtree(Vec<MailboxName>),
    /// `SUBTREE-ONE`: these and those right below (RFC 7377 §2.2; in ESEARCH only).
    SubtreeOne(Vec<MailboxName>),
    /// `MAILBOXES`: these.
    Mailboxes(Vec<MailboxName>),
}

/// An event (RFC 5465 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotifyEvent {
    /// `MessageNew`, with what is fetched of each in the selected mailbox.
    MessageNew(Vec<FetchItem>),
    /// `MessageExpunge`.
    MessageExpunge,
    /// `FlagChange`.
    FlagChange,
    /// `AnnotationChange`.
    AnnotationChange,
    /// `MailboxName`.
    MailboxName,
    /// `SubscriptionChange`.
    SubscriptionChange,
    /// `MailboxMetadataChange`.
    MailboxMetadataChange,
    /// `ServerMetadataChange`.
    ServerMetadataChange,
    /// One nobody here knows, as typed: answered with BADEVENT.
    Unknown(String),
}

/// ESEARCH, the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiSearch {
    /// `IN`; empty: the selected mailbox.
    pub scopes: Vec<Scope>,
    /// `RETURN`.
    pub returns: Returns,
    /// What is looked for.
    pub key: Key,
}
