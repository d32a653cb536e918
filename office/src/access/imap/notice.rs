//! What a session wants to hear of beside its selected mailbox (NOTIFY, RFC 5465), and waiting until there is something:
//! the store wakes who watches an account, and what is new is found by comparing with what was told.

use super::ImapDesk;
use super::mailboxes::Listed;
use super::names::Trees;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use store::query::{AnnotationMarks, Annotations, MailboxesSince};
use store::types::{AccountId, Annotated, Mailbox, MailboxId, ModSeq, Role};
use tokio::sync::watch;
use wire::imap::ask::{Folder, News, Watch, WatchOf};
use wire::imap::{Answer, MailboxName, Refusal};

/// News of one answer at most; with more, RFC 5465 §5.8 lets the server stop telling.
pub(super) const NEWS_MAX: usize = 1000;

/// What is watched, and what was told of it.
pub(super) struct Watched {
    watches: Vec<Watch>,
    told: BTreeMap<String, Listed>,
    /// What the mailboxes told of are called.
    names: HashMap<Key, String>,
    /// STATUS of all is owed since NOTIFY SET.
    owed: bool,
    /// Every account that has something watched.
    accounts: Vec<Account>,
    /// Annotations, where they are watched, each with a mark of its value.
    notes: Notes,
    /// Those of the server.
    server_notes: Vec<(String, Vec<u8>)>,
}

/// An account that has something watched.
struct Account {
    id: AccountId,
    news: watch::Receiver<ModSeq>,
    /// Up to here its changes were told.
    told: ModSeq,
}

/// Where a mailbox was and is.
type Key = (AccountId, MailboxId);

/// Annotations of mailboxes.
type Notes = BTreeMap<(Key, String), i64>;

impl ImapDesk {
    pub(super) async fn watch(&mut self, watches: Vec<Watch>) -> Result<Answer, Refusal> {
        self.watched = None;
        if watches.is_empty() {
            return Ok(Answer::Done);
        }
        // Before they are listed: what changes in between is looked at once more.
        let accounts = self.watch_accounts().await?;
        let told = self.listed(&mut Trees::default()).await?;
        let owed = watches.iter().any(|watch| watch.status);
        let names = names_of(&told);
        let (notes, server_notes) = (Notes::new(), Vec::new());
        let mut watched = Watched { watches, told, names, owed, accounts, notes, server_notes };
        self.note(&mut watched).await?;
        watched.server_notes = self.notes_of_server(&watched).await?;
        self.watched = Some(Box::new(watched));
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
        let Some(watched) = &mut self.watched else { return Ok(Vec::new()) };
        let changed = watched.catch_up();
        let owed = std::mem::take(&mut watched.owed);
        if changed.is_empty() && !owed {
            return Ok(Vec::new());
        }
        let Some(mut watched) = self.watched.take() else { return Ok(Vec::new()) };
        let news = match self.news_since(&mut watched, &changed, owed).await {
            Ok(news) => news,
            Err(error) => {
                watched.put_off(&changed, owed);
                self.watched = Some(watched);
                return Err(error);
            }
        };
        if news.len() > NEWS_MAX {
            return Ok(vec![News::Overflow]);
        }
        self.watched = Some(watched);
        Ok(news)
    }

    /// Most changes are of messages: then only the mailboxes in which they are are looked at. With any other, all.
    async fn news_since(
        &self,
        watched: &mut Watched,
        changed: &[(AccountId, ModSeq)],
        owed: bool,
    ) -> Result<Vec<News>, Refusal> {
        let mut news = Vec::from_iter(self.news_of_server(watched).await?);
        let mut mailboxes = Vec::new();
        for (account, since) in changed.iter().copied() {
            match self.read(MailboxesSince { account, since }).await? {
                Some(some) if !owed => mailboxes.extend(some.into_iter().map(|mailbox| (account, mailbox))),
                _ => return self.news_of_all(watched, owed, news).await,
            }
        }
        if owed {
            return self.news_of_all(watched, owed, news).await;
        }
        for (account, mailbox) in mailboxes {
            let Some(name) = watched.names.get(&(account, mailbox.id)) else { continue };
            let Some(listed) = watched.told.get_mut(name) else { continue };
            let old = listed.mailbox.replace((account, mailbox)).map(|(_, old)| old);
            let Some(listed) = watched.told.get(name) else { continue };
            news.extend(self.news_of_figures(watched, listed, Before::Known(old.as_ref())).await?);
        }
        Ok(news)
    }

    async fn news_of_all(&self, watched: &mut Watched, owed: bool, mut news: Vec<News>) -> Result<Vec<News>, Refusal> {
        let listed = self.listed(&mut Trees::default()).await?;
        watched.names = names_of(&listed);
        let told = std::mem::replace(&mut watched.told, listed);
        let before = by_key(&told);
        news.extend(self.news_of_names(watched, &before));
        for (key, listed) in by_key(&watched.told) {
            let old = before.get(&key).and_then(|old| old.mailbox.as_ref()).map(|(_, mailbox)| mailbox);
            let before = if owed { Before::Owed } else { Before::Known(old) };
            if news.len() <= NEWS_MAX {
                news.extend(self.news_of_figures(watched, listed, before).await?);
            }
        }
        let before = self.note(watched).await?;
        news.extend(self.news_of_notes(watched, &before));
        Ok(news)
    }

    /// Mailboxes that came, went, or have another name or subscription.
    fn news_of_names(&self, watched: &Watched, before: &HashMap<Key, &Listed>) -> Vec<News> {
        let after = by_key(&watched.told);
        let renamed: HashMap<&str, &str> = after
            .iter()
            .filter_map(|(key, listed)| Some((before.get(key)?.folder.name.as_str(), listed.folder.name.as_str())))
            .filter(|(old, new)| old != new)
            .collect();
        let mut news = Vec::new();
        for (key, listed) in &after {
            let old = before.get(key);
            let renamed = old
                .map(|old| &old.folder.name)
                .filter(|old| **old != listed.folder.name && !is_below_renamed(&renamed, old, &listed.folder.name));
            let wanted = self.wanted(watched, listed);
            let is_news = wanted.is_some_and(|watch| {
                watch.names && (old.is_none() || renamed.is_some())
                    || watch.subscriptions && old.is_some_and(|old| old.folder.subscribed != listed.folder.subscribed)
            });
            if is_news {
                news.push(News::Folder { folder: listed.folder.clone(), old_name: renamed.cloned() });
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

    /// Figures of a mailbox in which something changed.
    async fn news_of_figures(
        &self,
        watched: &Watched,
        listed: &Listed,
        before: Before<'_>,
    ) -> Result<Option<News>, Refusal> {
        let Some((account, mailbox)) = &listed.mailbox else { return Ok(None) };
        let Some(watch) = self.wanted(watched, listed) else { return Ok(None) };
        let is_news = match before {
            Before::Owed => watch.status,
            Before::Known(None) => false,
            Before::Known(Some(old)) => {
                let came_or_went = (old.uid_next, old.total) != (mailbox.uid_next, mailbox.total);
                watch.messages && came_or_went || watch.flags && old.modseq != mailbox.modseq
            }
        };
        let selected = self.selected.as_ref().map(|selected| (selected.view.account(), selected.view.mailbox()));
        if !is_news || !listed.folder.selectable || selected == Some((*account, mailbox.id)) {
            return Ok(None);
        }
        Ok(Some(News::Status(listed.folder.name.clone(), self.figures(*account, mailbox).await?)))
    }

    /// Notes the annotations of what is watched; gives those noted before.
    async fn note(&self, watched: &mut Watched) -> Result<Notes, Refusal> {
        let reader = self.user_id()?;
        let mut notes = Notes::new();
        if watched.watches.iter().any(|watch| watch.metadata && watch.of != WatchOf::Server) {
            for account in &watched.accounts {
                let marks = self.read(AnnotationMarks { account: account.id, reader }).await?;
                notes.extend(marks.into_iter().map(|(mailbox, entry, mark)| (((account.id, mailbox), entry), mark)));
            }
        }
        Ok(std::mem::replace(&mut watched.notes, notes))
    }

    /// RFC 5465 §5.6: the names of annotations that changed, came or went.
    fn news_of_notes(&self, watched: &Watched, before: &Notes) -> Vec<News> {
        let mut changed: BTreeMap<&Key, BTreeSet<&String>> = BTreeMap::new();
        for (some, others) in [(before, &watched.notes), (&watched.notes, before)] {
            for ((key, entry), mark) in some {
                if others.get(&(*key, entry.clone())) != Some(mark) {
                    changed.entry(key).or_default().insert(entry);
                }
            }
        }
        let news = changed.into_iter().filter_map(|(key, entries)| {
            let listed = watched.told.get(watched.names.get(key)?)?;
            let is_wanted = self.wanted(watched, listed)?.metadata && listed.folder.selectable;
            let entries = entries.into_iter().cloned().collect();
            is_wanted.then(|| News::Metadata(Some(listed.folder.name.clone()), entries))
        });
        news.collect()
    }

    /// RFC 5465 §5.7: the same, of the server.
    async fn news_of_server(&self, watched: &mut Watched) -> Result<Option<News>, Refusal> {
        let notes = self.notes_of_server(watched).await?;
        let before = std::mem::replace(&mut watched.server_notes, notes);
        let differ = |some: &[(String, Vec<u8>)], others: &[(String, Vec<u8>)]| -> BTreeSet<String> {
            let others: BTreeMap<&String, &Vec<u8>> = others.iter().map(|(entry, value)| (entry, value)).collect();
            let differ = some.iter().filter(|(entry, value)| others.get(entry) != Some(&value));
            differ.map(|(entry, _)| entry.clone()).collect()
        };
        let mut changed = differ(&before, &watched.server_notes);
        changed.append(&mut differ(&watched.server_notes, &before));
        Ok((!changed.is_empty()).then(|| News::Metadata(None, changed.into_iter().collect())))
    }

    /// Annotations of the server that the user sees, where they are watched: only the user's own can be set.
    async fn notes_of_server(&self, watched: &Watched) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
        if !watched.watches.iter().any(|watch| watch.metadata && watch.of == WatchOf::Server) {
            return Ok(Vec::new());
        }
        self.read(Annotations { of: Annotated { mailbox: None, reader: Some(self.user_id()?) } }).await
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
    /// Accounts in which something changed, and since when. From now on it was told.
    fn catch_up(&mut self) -> Vec<(AccountId, ModSeq)> {
        let mut changed = Vec::new();
        for account in &mut self.accounts {
            let newest = *account.news.borrow_and_update();
            if newest > account.told {
                changed.push((account.id, account.told));
                account.told = newest;
            }
        }
        changed
    }

    /// It was not told after all.
    fn put_off(&mut self, changed: &[(AccountId, ModSeq)], owed: bool) {
        self.owed |= owed;
        for account in &mut self.accounts {
            let since = changed.iter().find(|(id, _)| *id == account.id);
            account.told = since.map_or(account.told, |(_, since)| *since);
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
    let key = |listed: &Listed| listed.mailbox.as_ref().map(|(account, mailbox)| (*account, mailbox.id));
    listed.values().filter_map(|listed| Some((key(listed)?, listed))).collect()
}

/// What mailboxes are called.
fn names_of(listed: &BTreeMap<String, Listed>) -> HashMap<Key, String> {
    let key = |listed: &Listed| listed.mailbox.as_ref().map(|(account, mailbox)| (*account, mailbox.id));
    listed.iter().filter_map(|(name, listed)| Some((key(listed)?, name.clone()))).collect()
}

/// RFC 5465 §5.4: whether it has its new name only because a mailbox above it has one.
fn is_below_renamed(renamed: &HashMap<&str, &str>, old: &MailboxName, new: &MailboxName) -> bool {
    old.as_str().rmatch_indices('/').any(|(at, _)| {
        let (above, rest) = old.as_str().split_at(at);
        renamed.get(above).is_some_and(|above| new.as_str().strip_prefix(above) == Some(rest))
    })
}

fn is_within(name: &MailboxName, root: &MailboxName) -> bool {
    let below = name.as_str().strip_prefix(root.as_str());
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}
