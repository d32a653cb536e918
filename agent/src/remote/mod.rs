//! Where mail comes from: one connection to one account, of whatever kind. A remote carries the journal over to the server,
//! and what the server has into the mirror; it keeps what it needs to go on from there in facts and folder states, of its
//! own form. It may be cut at any point: what it was about to tell is marked as begun before (`Mirror::begin`), and looked
//! for before it is told again.

pub mod files;
pub mod imap;
pub mod jmap;
pub mod keyed;
pub mod local;
pub mod pop3;

use crate::mirror::{FolderId, MessageId, Mirror};
use crate::progress::Watcher;
use crate::trouble::Trouble;
use message::Time;
use std::future::Future;

/// What is brought into the mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Folders and headers of all of them, then content, the newest first.
    Everything,
    /// Folders and headers only: enough to list.
    Headers,
    /// One folder, headers only.
    Folder(FolderId),
}

/// What a pull brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Messages that were not known.
    pub new: u64,
    /// Messages whose content came.
    pub whole: u64,
}

/// One connection to one account.
pub trait Remote: Send {
    /// Tells the server what the user did, in order, until the journal is empty. What the server refuses for good is given
    /// up with words (but for an APPEND, which is put off: no draft is lost); what may pass is put off.
    fn push(&mut self, mirror: &Mirror, watcher: &Watcher) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Learns what the server has. After an interruption it goes on where it was.
    fn pull(
        &mut self,
        mirror: &Mirror,
        scope: &Scope,
        watcher: &Watcher,
    ) -> impl Future<Output = Result<Brought, Trouble>> + Send;

    /// Brings the content of these messages, in this order.
    fn fetch(
        &mut self,
        mirror: &Mirror,
        messages: &[MessageId],
        watcher: &Watcher,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Waits until the server says that something changed, or until a time.
    fn watch(&mut self, mirror: &Mirror, until: Time) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Says goodbye.
    fn close(self) -> impl Future<Output = ()> + Send;
}
