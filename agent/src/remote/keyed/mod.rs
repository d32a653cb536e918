//! Accounts where every message has one id for all folders, and the server tells what became of them since a state: JMAP, and
//! the post office of this host. Owns what is done with such an account, once for all kinds of them ([`Keyed`]): the first
//! look in pages, what changed since, what the user did. A kind says how each thing is asked for.
//!
//! What is kept: the fact `keyed-state`, up to which the mirror is true, and while everything is looked at, `keyed-look`: the
//! state before it and how far it is. What changed meanwhile comes afterwards by that state, so that nothing is missed.

mod pull;
mod push;
#[cfg(test)]
mod tests;

use super::{Brought, Remote, Scope};
use crate::mirror::{Flags, FolderFound, MessageId, Mirror, Role, Upload};
use crate::progress::Watcher;
use crate::trouble::{Kind, Trouble};
use message::Time;
use net::clock::Clock;
use std::future::Future;

/// A message as such a server tells of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// The folders it is in, as the server calls them.
    pub folders: Vec<String>,
    /// Its flags.
    pub flags: Flags,
    /// When it came.
    pub received: Time,
    /// Octets.
    pub size: u64,
    /// Its header section, where it was asked for.
    pub header: Option<Vec<u8>>,
    /// Whether it has files, where the server says.
    pub attachments: Option<bool>,
}

/// What became of messages, a page of it.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// New ones, and those that changed.
    pub changed: Vec<String>,
    /// Those that are no more.
    pub gone: Vec<String>,
    /// The state one has with this.
    pub state: String,
    /// There is more.
    pub more: bool,
}

/// A page of ids, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Ids; some may be gone by now, some may have been told before.
    pub ids: Vec<String>,
    /// Where the next page begins, in the server's words; `None`: this was the last.
    pub next: Option<String>,
}

/// A message of ours that goes into a folder over there.
#[derive(Clone, Copy)]
pub struct Append<'a> {
    /// Where its content is.
    pub mirror: &'a Mirror,
    /// Which.
    pub message: MessageId,
    /// Octets of it.
    pub size: u64,
    /// Its Message-ID without brackets; empty: none.
    pub message_id: &'a str,
    /// Its flags.
    pub flags: &'a Flags,
    /// When it came.
    pub received: Time,
}

/// How things are asked for. What is told of ids is of any number of them: a kind cuts it up as its server can take it.
pub trait Keyed: Send {
    /// Messages that are appended before they are made to last all together; of a server that answers for each, one.
    const APPENDS_AT_ONCE: usize = 1;
    /// Whether a message of ours is found there without a Message-ID, too.
    const FINDS_BY_CONTENT: bool = false;

    /// All folders.
    fn folders(&mut self) -> impl Future<Output = Result<Vec<FolderFound>, Trouble>> + Send;

    /// The state of all messages now.
    fn state(&mut self) -> impl Future<Output = Result<String, Trouble>> + Send;

    /// What became of messages since a state; `None`: the server does not know any more.
    fn since(&mut self, state: &str) -> impl Future<Output = Result<Option<News>, Trouble>> + Send;

    /// Ids, from where the last page ended. A page may repeat what another had, but no message that is there all the time
    /// is left out; where the server cannot go on from there it begins again.
    fn list(&mut self, after: Option<&str>) -> impl Future<Output = Result<Page, Trouble>> + Send;

    /// What is known of these; those that are gone are not told of.
    fn look(&mut self, ids: &[String], headers: bool) -> impl Future<Output = Result<Vec<Found>, Trouble>> + Send;

    /// The content of one, from its beginning to its end; `false`: it is gone.
    fn content(&mut self, id: &str, into: &mut Upload<'_>) -> impl Future<Output = Result<bool, Trouble>> + Send;

    /// Sets and takes away flags. Answers those that are gone, as the next three do.
    fn flag(
        &mut self,
        ids: &[String],
        add: &Flags,
        remove: &Flags,
    ) -> impl Future<Output = Result<Vec<String>, Trouble>> + Send;

    /// Out of one folder into another; those that are not in the first stay, and are answered, too.
    fn relocate(
        &mut self,
        ids: &[String],
        from: &str,
        to: &str,
    ) -> impl Future<Output = Result<Vec<String>, Trouble>> + Send;

    /// Into a folder besides.
    fn copy(&mut self, ids: &[String], to: &str) -> impl Future<Output = Result<Vec<String>, Trouble>> + Send;

    /// Out of a folder for good.
    fn destroy(&mut self, ids: &[String], from: &str) -> impl Future<Output = Result<Vec<String>, Trouble>> + Send;

    /// A message that may have been appended before: its id.
    fn find(&mut self, folder: &str, it: Append<'_>) -> impl Future<Output = Result<Option<String>, Trouble>> + Send;

    /// A message goes into a folder: its id.
    fn append(&mut self, folder: &str, it: Append<'_>) -> impl Future<Output = Result<String, Trouble>> + Send;

    /// A folder is made, those above it on the way; one that is there is as good. What it is called.
    fn create_folder(&mut self, path: &str, role: Role) -> impl Future<Output = Result<String, Trouble>> + Send;

    /// A folder has another path. What it is called then, where that is another: those below it begin with that, too.
    fn rename_folder(
        &mut self,
        folder: &str,
        path: &str,
    ) -> impl Future<Output = Result<Option<String>, Trouble>> + Send;

    /// A folder goes, with what is only in it; also where it is gone already.
    fn delete_folder(&mut self, folder: &str) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// A folder is shown or not.
    fn subscribe(&mut self, folder: &str, on: bool) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Waits until the state is another one, also where it is already, or until a time.
    fn wait(&mut self, state: &str, until: Time) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// What was appended is there for good when this returns.
    fn settle(&mut self) -> impl Future<Output = Result<(), Trouble>> + Send {
        async { Ok(()) }
    }

    /// Says goodbye.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The fact that says up to which state the mirror is true.
const STATE: &str = "keyed-state";
/// The fact that says how far a look at everything is.
const LOOK: &str = "keyed-look";

/// A connection to such an account.
pub struct KeyedRemote<K> {
    keyed: K,
    clock: Clock,
    /// The state before the last pull.
    seen: Option<String>,
}

impl<K: Keyed> KeyedRemote<K> {
    /// Over an account that was opened.
    pub fn new(keyed: K, clock: Clock) -> KeyedRemote<K> {
        KeyedRemote { keyed, clock, seen: None }
    }

    /// The account itself, for what is sent through it.
    pub fn keyed(&mut self) -> &mut K {
        &mut self.keyed
    }
}

impl<K: Keyed> Remote for KeyedRemote<K> {
    async fn push(&mut self, mirror: &Mirror, watcher: &Watcher) -> Result<(), Trouble> {
        push::push(&mut self.keyed, mirror, &self.clock, watcher).await
    }

    async fn pull(&mut self, mirror: &Mirror, scope: &Scope, watcher: &Watcher) -> Result<Brought, Trouble> {
        self.seen = Some(self.keyed.state().await?);
        let mut brought = pull::pull(&mut self.keyed, mirror, watcher).await?;
        if *scope == Scope::Everything {
            brought.whole = pull::contents(&mut self.keyed, mirror, watcher).await?;
        }
        Ok(brought)
    }

    async fn fetch(&mut self, mirror: &Mirror, messages: &[MessageId], watcher: &Watcher) -> Result<(), Trouble> {
        for message in messages {
            watcher.go_on()?;
            pull::content(&mut self.keyed, mirror, *message).await?;
        }
        Ok(())
    }

    async fn watch(&mut self, _mirror: &Mirror, until: Time) -> Result<(), Trouble> {
        let seen = match self.seen.clone() {
            Some(seen) => seen,
            None => self.keyed.state().await?,
        };
        self.keyed.wait(&seen, until).await
    }

    async fn close(self) {
        self.keyed.close().await;
    }
}

/// What a server says that cannot be.
pub(super) fn nonsense(what: &str) -> Trouble {
    Trouble::new(Kind::Protocol, format!("the server's answer makes no sense: {what}"))
}
