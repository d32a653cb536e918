//! What a session wants to hear of beside its selected mailbox (NOTIFY, RFC 5465), and waiting until there is something:
//! the store wakes who watches an account, and what is new is found by comparing with what was told.

use super::ImapDesk;
use super::mailboxes::Listed;
use super::names::Trees;
use message::Time;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use store::types::{AccountId, MailboxId, ModSeq, Role};
use tokio::sync::watch;
use wire::imap::ask::{Folder, News, Watch, WatchOf};
use wire::imap::{Answer, MailboxName, Refusal};

/// News of one answer at most; with more, RFC 5465 §5.8 lets the server stop telling.
pub(super) const NEWS_MAX: usize = 1000;

/// What is watched, and what was told of it.
pub(super) struct Watched {
    watches: Vec<Watch>,
    told: BTreeMap<String, Listed>,
    /// STATUS of all is owed since NOTIFY SET.
    owed: bool,
    /// Every account that has something watched, and up to where it was told.
    accounts: Vec<(watch::Receiver<ModSeq>, ModSeq)>,
}

/// Where a mailbox was and is.
type Key = (AccountId, MailboxId);

impl ImapDesk {
    pub(super) async fn watch(&mut self, watches: Vec<Watch>) -> Result<Answer, Refusal> {
        self.watched = None;
        if watches.is_empty() {
            return Ok(Answer::Done);
        }
        let accounts = self.watch_accounts().await?;
        let told = self.listed(&mut Trees::default()).await?;
        let owed = watches.iter().any(|watch| watch.status);
        self.watched = Some(Box::new(Watched { watches, told, owed, accounts }));
        Ok(Answer::Done)
    }

    /// The changes of every account that shows something to the user, from now on.
    async fn watch_accounts(&self) -> Result<Vec<(watch::Receiver<ModSeq>, ModSeq)>, Refusal> {
        let listed = self.listed(&mut Trees::default()).await?;
        let owners: BTreeSet<AccountId> =
            listed.values().filter_map(|listed| listed.mailbox.as_ref()).map(|(account, _)| *account).collect();
        let watched = owners.into_iter().map(|account| {
            let news = self.office.store().watch(account);
            let now = *news.borrow();
            (news, now)
        });
        Ok(watched.collect())
    }

    /// What is new of what is watched.
    pub(super) async fn news_of_others(&mut self, now: Time) -> Result<Vec<News>, Refusal> {
        let Some(watched) = &mut self.watched else { return Ok(Vec::new()) };
        if !watched.catch_up() {
            return Ok(Vec::new());
        }
        let owed = std::mem::take(&mut watched.owed);
        let listed = self.listed(&mut Trees::default()).await?;
        let Some(mut watched) = self.watched.take() else { return Ok(Vec::new()) };
        let told = std::mem::replace(&mut watched.told, listed);
        let mut news = self.news_of_names(&watched, &told);
        news.extend(self.news_of_figures(now, &watched, if owed { None } else { Some(&told) }).await?);
        if news.len() > NEWS_MAX {
            return Ok(vec![News::Overflow]);
        }
        self.watched = Some(watched);
        Ok(news)
    }

    /// Mailboxes that came, went, or have another name or subscription.
    fn news_of_names(&self, watched: &Watched, told: &BTreeMap<String, Listed>) -> Vec<News> {
        let (before, after) = (by_key(told), by_key(&watched.told));
        let mut news = Vec::new();
        for (key, listed) in &after {
            let old = before.get(key);
            let renamed = old.filter(|old| old.folder.name != listed.folder.name);
            let wanted = self.wanted(watched, listed);
            let old_name = renamed.map(|old| old.folder.name.clone());
            let is_news = wanted.is_some_and(|watch| {
                watch.names && (old.is_none() || renamed.is_some())
                    || watch.subscriptions && old.is_some_and(|old| old.folder.subscribed != listed.folder.subscribed)
            });
            if is_news {
                news.push(News::Folder { folder: listed.folder.clone(), old_name });
            }
        }
        for (_, old) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
            if self.wanted(watched, old).is_some_and(|watch| watch.names) {
                let folder = Folder { exists: false, selectable: false, ..old.folder.clone() };
                news.push(News::Folder { folder, old_name: None });
            }
        }
        news
    }

    /// Figures of mailboxes in which something changed; of all where nothing was `told`.
    async fn news_of_figures(
        &self,
        now: Time,
        watched: &Watched,
        told: Option<&BTreeMap<String, Listed>>,
    ) -> Result<Vec<News>, Refusal> {
        let before = told.map(by_key);
        let selected = self.selected.as_ref().map(|selected| (selected.view.account(), selected.view.mailbox()));
        let mut news = Vec::new();
        for (key, listed) in by_key(&watched.told) {
            let Some((account, mailbox)) = &listed.mailbox else { continue };
            let Some(watch) = self.wanted(watched, listed) else { continue };
            let old = before.as_ref().map(|before| before.get(&key).and_then(|old| old.mailbox.as_ref()));
            let is_news = match old {
                None => watch.status,
                Some(None) => false,
                Some(Some((_, old))) => {
                    let came_or_went = (old.uid_next, old.total) != (mailbox.uid_next, mailbox.total);
                    watch.messages && came_or_went || watch.flags && old.modseq != mailbox.modseq
                }
            };
            if is_news && listed.folder.selectable && selected != Some(key) && news.len() <= NEWS_MAX {
                news.push(News::Status(listed.folder.name.clone(), self.figures(now, *account, mailbox).await?));
            }
        }
        Ok(news)
    }

    /// What is wanted of a mailbox: the first that fits says.
    fn wanted<'a>(&self, watched: &'a Watched, listed: &Listed) -> Option<&'a Watch> {
        let user = self.user_id().ok()?;
        let is_own = listed.mailbox.as_ref().is_some_and(|(account, _)| *account == user);
        let is_inbox = listed.mailbox.as_ref().is_some_and(|(_, mailbox)| mailbox.role == Some(Role::Inbox));
        let name = &listed.folder.name;
        watched.watches.iter().find(|watch| match &watch.of {
            WatchOf::Inboxes => is_own && is_inbox,
            WatchOf::Personal => is_own,
            WatchOf::Subscribed => listed.folder.subscribed,
            WatchOf::Subtree(roots) => roots.iter().any(|root| is_within(name, root)),
            WatchOf::Mailboxes(names) => names.contains(name),
            WatchOf::Server => false,
        })
    }

    /// Returns when something changed that the session may want to hear of.
    pub(super) async fn wait_for_news(&self) {
        let mut waits: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = Vec::new();
        if let Some(selected) = &self.selected {
            waits.push(Box::pin(selected.changed()));
        }
        for (news, told) in self.watched.iter().flat_map(|watched| &watched.accounts) {
            waits.push(Box::pin(newer(news.clone(), *told)));
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
    /// Whether anything changed since it was told. From now on it was.
    fn catch_up(&mut self) -> bool {
        let mut changed = self.owed;
        for (news, told) in &mut self.accounts {
            let newest = *news.borrow_and_update();
            changed |= newest > *told;
            *told = newest;
        }
        changed
    }
}

/// Returns when an account has changed since.
pub(super) async fn newer(mut news: watch::Receiver<ModSeq>, told: ModSeq) {
    if news.wait_for(|newest| *newest > told).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Mailboxes by what they are rather than what they are called.
fn by_key(listed: &BTreeMap<String, Listed>) -> HashMap<Key, &Listed> {
    let key = |listed: &Listed| listed.mailbox.as_ref().map(|(account, mailbox)| (*account, mailbox.id));
    listed.values().filter_map(|listed| Some((key(listed)?, listed))).collect()
}

fn is_within(name: &MailboxName, root: &MailboxName) -> bool {
    let below = name.as_str().strip_prefix(root.as_str());
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}
