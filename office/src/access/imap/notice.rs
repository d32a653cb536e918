//! What a session wants to hear of beside its selected mailbox (NOTIFY, RFC 5465), and waiting until there is something:
//! the store wakes who watches an account, and what is new is found by comparing with what was told.

use super::ImapDesk;
use super::mailboxes::Listed;
use super::names::Trees;
use super::notes::{Notes, ServerNotes, are_too_many, news_of_server};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use store::query::MailboxesSince;
use store::types::{AccountId, Mailbox, MailboxId, ModSeq, Role};
use tokio::sync::watch;
use wire::imap::ask::{Events, Folder, News, Watch, WatchOf};
use wire::imap::mailbox::DELIMITER;
use wire::imap::{Answer, MailboxName, Refusal};

/// News of one answer at most; with more, RFC 5465 §5.8 lets the server stop telling.
const TOLD_MAX: usize = 1000;

/// What is watched, and what was told of it.
pub(super) struct Watched {
    pub watches: Vec<Watch>,
    pub told: Told,
    /// STATUS of all is owed since NOTIFY SET.
    owed: bool,
    /// Every account that has something watched.
    accounts: Vec<Account>,
}

/// How things stood when the client was last told.
pub(super) struct Told {
    pub mailboxes: BTreeMap<String, Listed>,
    /// What they are called.
    pub names: HashMap<Key, String>,
    /// Annotations, where they are watched.
    pub notes: Notes,
    /// Those of the server.
    pub server_notes: ServerNotes,
}

/// An account that has something watched.
struct Account {
    id: AccountId,
    news: watch::Receiver<ModSeq>,
    /// Up to here its changes were told.
    told: ModSeq,
}

/// What is new in an account.
#[derive(Clone, Copy)]
pub(super) struct Changed {
    pub account: AccountId,
    pub since: ModSeq,
    newest: ModSeq,
}

/// Where a mailbox was and is.
pub(super) type Key = (AccountId, MailboxId);

/// A mailbox and whose it is.
type Placed = (AccountId, Mailbox);

/// How things stand now. It takes the place of what was told when all that is new is at hand, so that an error on the way
/// loses nothing.
enum Now {
    /// Every mailbox; of annotations, those of mailboxes that changed.
    All(Told),
    /// Mailboxes in which messages changed, by name, and the server.
    Some(Vec<(String, Placed)>, ServerNotes),
}

impl ImapDesk {
    pub(super) async fn watch(&mut self, watches: Vec<Watch>) -> Result<Answer, Refusal> {
        if watches.is_empty() {
            self.watched = None;
            return Ok(Answer::Done);
        }
        // Before they are listed: what changes in between is looked at once more.
        let accounts = self.watch_accounts().await?;
        let everything = |account: &Account| Changed { account: account.id, since: ModSeq(0), newest: account.told };
        let notes = self.notes_since(&watches, accounts.iter().map(everything)).await?.ok_or(Refusal::Limit)?;
        let mailboxes = self.listed(&mut Trees::default()).await?;
        let server_notes = self.notes_of_server(&watches).await?;
        let told = Told { names: names_of(&mailboxes), mailboxes, notes, server_notes };
        let owed = watches.iter().any(|watch| watch.status);
        self.watched = Some(Box::new(Watched { watches, told, owed, accounts }));
        Ok(Answer::Done)
    }

    /// The changes of every account that shows something to the user, from now on.
    async fn watch_accounts(&self) -> Result<Vec<Account>, Refusal> {
        let listed = self.listed(&mut Trees::default()).await?;
        let owners: BTreeSet<AccountId> =
            listed.values().filter_map(|listed| listed.mailbox.as_ref()).map(|(account, _)| *account).collect();
        let watched = owners.into_iter().map(|id| {
            let news = self.office.store().watch(id);
            let told = *news.borrow();
            Account { id, news, told }
        });
        Ok(watched.collect())
    }

    /// What is new of what is watched.
    pub(super) async fn news_of_others(&mut self) -> Result<Vec<News>, Refusal> {
        let Some(watched) = &self.watched else { return Ok(Vec::new()) };
        let changed = watched.changed();
        if changed.is_empty() && !watched.owed {
            return Ok(Vec::new());
        }
        match self.news_since(watched, &changed).await? {
            Some((news, now)) if news.len() <= TOLD_MAX => {
                if let Some(watched) = &mut self.watched {
                    watched.told(&changed, now);
                }
                Ok(news)
            }
            _ => {
                self.watched = None;
                Ok(vec![News::Overflow])
            }
        }
    }

    /// Most changes are of messages: then only the mailboxes in which they are are looked at. With any other, all. `None`:
    /// more than can be told.
    async fn news_since(&self, watched: &Watched, changed: &[Changed]) -> Result<Option<(Vec<News>, Now)>, Refusal> {
        let server_notes = self.notes_of_server(&watched.watches).await?;
        let mut news = Vec::from_iter(news_of_server(&watched.told.server_notes, &server_notes));
        let Some(mailboxes) = self.with_other_messages(watched, changed).await? else {
            let Some((more, told)) = self.news_of_all(watched, changed, server_notes).await? else { return Ok(None) };
            news.extend(more);
            return Ok(Some((news, Now::All(told))));
        };
        for (name, now) in &mailboxes {
            let Some(listed) = watched.told.mailboxes.get(name) else { continue };
            let old = listed.mailbox.as_ref().map(|(_, old)| old);
            news.extend(self.news_of_figures(watched, listed, now, Before::Known(old)).await?);
        }
        Ok(Some((news, Now::Some(mailboxes, server_notes))))
    }

    /// The mailboxes in which messages changed, by name; `None`: all are to be looked at.
    async fn with_other_messages(
        &self,
        watched: &Watched,
        changed: &[Changed],
    ) -> Result<Option<Vec<(String, Placed)>>, Refusal> {
        if watched.owed {
            return Ok(None);
        }
        let mut all = Vec::new();
        for Changed { account, since, .. } in changed.iter().copied() {
            let Some(some) = self.read(MailboxesSince { account, since }).await? else { return Ok(None) };
            let name = |mailbox: &Mailbox| watched.told.names.get(&(account, mailbox.id)).cloned();
            all.extend(some.into_iter().filter_map(|mailbox| Some((name(&mailbox)?, (account, mailbox)))));
        }
        Ok(Some(all))
    }

    async fn news_of_all(
        &self,
        watched: &Watched,
        changed: &[Changed],
        server_notes: ServerNotes,
    ) -> Result<Option<(Vec<News>, Told)>, Refusal> {
        let Some(notes) = self.notes_since(&watched.watches, changed.iter().copied()).await? else { return Ok(None) };
        if are_too_many(&watched.told.notes, &notes) {
            return Ok(None);
        }
        let mailboxes = self.listed(&mut Trees::default()).await?;
        let told = Told { names: names_of(&mailboxes), mailboxes, notes, server_notes };
        let mut news = self.news_of_names(watched, &told.mailboxes);
        let before = by_key(&watched.told.mailboxes);
        for listed in told.mailboxes.values() {
            let Some(now) = &listed.mailbox else { continue };
            let old = key_of(listed).and_then(|key| before.get(&key)?.mailbox.as_ref()).map(|(_, mailbox)| mailbox);
            let before = if watched.owed { Before::Owed } else { Before::Known(old) };
            if news.len() <= TOLD_MAX {
                news.extend(self.news_of_figures(watched, listed, now, before).await?);
            }
        }
        news.extend(self.news_of_notes(watched, &told));
        Ok(Some((news, told)))
    }

    /// Mailboxes that came, went, or have another name or subscription.
    fn news_of_names(&self, watched: &Watched, listed: &BTreeMap<String, Listed>) -> Vec<News> {
        let (before, after) = (by_key(&watched.told.mailboxes), by_key(listed));
        let renamed = self.renamed(watched, &before, &after);
        let came = listed.values().filter_map(|new| {
            let old = before.get(&key_of(new)?).copied();
            self.news_of_name(watched, (old, new), &renamed)
        });
        let mut news: Vec<News> = came.collect();
        for old in
            watched.told.mailboxes.values().filter(|old| key_of(old).is_some_and(|key| !after.contains_key(&key)))
        {
            if self.wanted(watched, old).names {
                let folder = Folder { exists: false, selectable: false, ..old.folder.clone() };
                news.push(News::Folder { folder, old_name: None });
            }
        }
        news
    }

    /// Names that became others, where one of the two is watched: both are affected (RFC 5465 §5.4).
    fn renamed<'a>(
        &self,
        watched: &Watched,
        before: &HashMap<Key, &'a Listed>,
        after: &HashMap<Key, &'a Listed>,
    ) -> HashMap<&'a str, &'a str> {
        let both = after.iter().filter_map(|(key, new)| Some((*before.get(key)?, *new)));
        let renamed = both.filter(|(old, new)| old.folder.name != new.folder.name);
        let told = renamed.filter(|(old, new)| self.wanted(watched, old).names || self.wanted(watched, new).names);
        told.map(|(old, new)| (old.folder.name.as_str(), new.folder.name.as_str())).collect()
    }

    fn news_of_name(
        &self,
        watched: &Watched,
        (old, new): (Option<&Listed>, &Listed),
        renamed: &HashMap<&str, &str>,
    ) -> Option<News> {
        let wanted = self.wanted(watched, new);
        let folder = || new.folder.clone();
        let Some(old) = old else {
            return wanted.names.then(|| News::Folder { folder: folder(), old_name: None });
        };
        let (from, to) = (&old.folder.name, &new.folder.name);
        let is_renamed = renamed.contains_key(from.as_str()) && !is_below_renamed(renamed, from, to);
        let subscriptions = wanted.subscriptions || self.wanted(watched, old).subscriptions;
        if is_renamed || subscriptions && old.folder.subscribed != new.folder.subscribed {
            return Some(News::Folder { folder: folder(), old_name: is_renamed.then(|| from.clone()) });
        }
        None
    }

    /// Figures of a mailbox in which something changed.
    async fn news_of_figures(
        &self,
        watched: &Watched,
        listed: &Listed,
        (account, mailbox): &Placed,
        before: Before<'_>,
    ) -> Result<Option<News>, Refusal> {
        let wanted = self.wanted(watched, listed);
        let is_news = match before {
            // RFC 5465 §3.1: where messages are watched.
            Before::Owed => wanted.messages,
            Before::Known(None) => false,
            Before::Known(Some(old)) => {
                let came_or_went = (old.uid_next, old.total) != (mailbox.uid_next, mailbox.total);
                wanted.messages && came_or_went || wanted.flags && old.modseq != mailbox.modseq
            }
        };
        let selected = self.selected.as_ref().map(|selected| (selected.view.account(), selected.view.mailbox()));
        if !is_news || !listed.folder.selectable || selected == Some((*account, mailbox.id)) {
            return Ok(None);
        }
        Ok(Some(News::Status(listed.folder.name.clone(), self.figures(*account, mailbox).await?)))
    }

    /// What is wanted of a mailbox.
    pub(super) fn wanted(&self, watched: &Watched, listed: &Listed) -> Events {
        let user = self.user_id().ok();
        let is_own = listed.mailbox.as_ref().is_some_and(|(account, _)| Some(*account) == user);
        let is_inbox = listed.mailbox.as_ref().is_some_and(|(_, mailbox)| mailbox.role == Some(Role::Inbox));
        let name = &listed.folder.name;
        let fits = |watch: &&Watch| match &watch.of {
            WatchOf::Inboxes => is_own && is_inbox,
            WatchOf::Personal => is_own,
            WatchOf::Subscribed => listed.folder.subscribed,
            WatchOf::Subtree(roots) => roots.iter().any(|root| is_within(name, root)),
            WatchOf::Mailboxes(names) => names.contains(name),
            WatchOf::Server => false,
        };
        Events::of_all(watched.watches.iter().filter(fits))
    }

    /// Returns when something changed that the session may want to hear of.
    pub(super) async fn wait_for_news(&self) {
        let mut waits: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = Vec::new();
        if let Some(selected) = &self.selected {
            waits.push(Box::pin(selected.changed()));
        }
        for account in self.watched.iter().flat_map(|watched| &watched.accounts) {
            waits.push(Box::pin(newer(account.news.clone(), account.told)));
        }
        let any = |context: &mut std::task::Context<'_>| {
            if waits.iter_mut().any(|wait| wait.as_mut().poll(context).is_ready()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        };
        std::future::poll_fn(any).await;
    }
}

impl Watched {
    /// Accounts in which something changed, and since when.
    fn changed(&self) -> Vec<Changed> {
        let newest = |account: &Account| *account.news.borrow();
        let changed = self.accounts.iter().map(|of| Changed { account: of.id, since: of.told, newest: newest(of) });
        changed.filter(|changed| changed.newest > changed.since).collect()
    }

    /// What is new was told.
    fn told(&mut self, changed: &[Changed], now: Now) {
        self.owed = false;
        for account in &mut self.accounts {
            let newest = changed.iter().find(|changed| changed.account == account.id).map(|changed| changed.newest);
            account.told = newest.unwrap_or(account.told);
        }
        match now {
            Now::All(mut now) => {
                let mut notes = std::mem::take(&mut self.told.notes);
                notes.append(&mut now.notes);
                notes.retain(|key, notes| !notes.is_empty() && now.names.contains_key(key));
                self.told = Told { notes, ..now };
            }
            Now::Some(mailboxes, server_notes) => {
                self.told.server_notes = server_notes;
                for (name, mailbox) in mailboxes {
                    if let Some(listed) = self.told.mailboxes.get_mut(&name) {
                        listed.mailbox = Some(mailbox);
                    }
                }
            }
        }
    }
}

/// What was told of a mailbox.
enum Before<'a> {
    /// It stood so, or there was none.
    Known(Option<&'a Mailbox>),
    /// Nothing yet, and it is owed.
    Owed,
}

/// Returns when an account has changed since.
pub(super) async fn newer(mut news: watch::Receiver<ModSeq>, told: ModSeq) {
    if news.wait_for(|newest| *newest > told).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Mailboxes by what they are rather than what they are called.
fn by_key(listed: &BTreeMap<String, Listed>) -> HashMap<Key, &Listed> {
    listed.values().filter_map(|listed| Some((key_of(listed)?, listed))).collect()
}

fn key_of(listed: &Listed) -> Option<Key> {
    listed.mailbox.as_ref().map(|(account, mailbox)| (*account, mailbox.id))
}

/// What mailboxes are called.
fn names_of(listed: &BTreeMap<String, Listed>) -> HashMap<Key, String> {
    listed.iter().filter_map(|(name, listed)| Some((key_of(listed)?, name.clone()))).collect()
}

/// RFC 5465 §5.4: whether it has its new name only because a mailbox above it has one.
fn is_below_renamed(renamed: &HashMap<&str, &str>, old: &MailboxName, new: &MailboxName) -> bool {
    old.as_str().rmatch_indices(DELIMITER).any(|(at, _)| {
        let (above, rest) = old.as_str().split_at(at);
        renamed.get(above).is_some_and(|above| new.as_str().strip_prefix(above) == Some(rest))
    })
}

fn is_within(name: &MailboxName, root: &MailboxName) -> bool {
    let below = name.as_str().strip_prefix(root.as_str());
    below.is_some_and(|below| below.is_empty() || below.starts_with(DELIMITER))
}
