//! The IMAP desk of the world in memory.

use super::connection::TestDesk;
use super::imap_mail::{bits_named, changed, is_below, keywords, name_of, summary};
use super::imap_pieces::piece;
use super::{Content, Folder, Shared, Stored, imap_search};
use std::collections::{BTreeMap, BTreeSet};
use wire::dialogue::question;
use wire::imap::ask::*;
use wire::imap::listing::bits;
use wire::imap::numbers::{self, contains};
use wire::imap::{self, MailboxName};

/// As many pieces come at once, so that sessions have to ask again.
const PIECES_MAX: usize = 3;

pub struct ImapDesk {
    house: Shared,
    user: Option<String>,
    /// The selected mailbox by its id, and whether it is read-only.
    selected: Option<(u64, bool)>,
    /// What the session was told of it: modseq and keywords.
    told: (u64, usize),
    sources: Vec<Vec<u8>>,
    append: Option<Appending>,
    watched: Vec<Watch>,
    /// Every mailbox as the session was last told of.
    snapshot: Vec<(Shown, Status)>,
    queue: Vec<FoundRows>,
}

#[derive(Clone, PartialEq)]
pub struct Shown {
    id: u64,
    name: String,
    subscribed: bool,
    annotations: Notes,
}

type Notes = BTreeMap<String, Vec<u8>>;

/// The annotations that changed.
fn noted(name: Option<MailboxName>, was: &Notes, is: &Notes) -> Option<News> {
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let changed = names.into_iter().filter(|name| was.get(*name) != is.get(*name));
    let changed: Vec<String> = changed.cloned().collect();
    (!changed.is_empty()).then_some(News::Metadata(name, changed))
}

struct Appending {
    mailbox: String,
    replaces: Option<u32>,
    messages: Vec<(FlagNames, Option<message::Time>, Vec<u8>)>,
}

impl ImapDesk {
    pub fn new(house: Shared) -> ImapDesk {
        ImapDesk {
            house,
            user: None,
            selected: None,
            told: (0, 0),
            sources: Vec::new(),
            append: None,
            watched: Vec::new(),
            snapshot: Vec::new(),
            queue: Vec::new(),
        }
    }

    fn account(&self) -> String {
        self.user.clone().unwrap_or_default().to_ascii_lowercase()
    }

    fn with<T>(&self, name: &MailboxName, act: impl FnOnce(&mut Folder) -> T) -> Result<T, Refusal> {
        let mut house = self.house.borrow_mut();
        let folder = house.folder(&self.account(), name.as_str()).ok_or(Refusal::NonExistent)?;
        if folder.no_select { Err(Refusal::NoSelect) } else { Ok(act(folder)) }
    }

    /// Does something with the selected mailbox.
    fn here<T>(&self, act: impl FnOnce(&mut Folder) -> T) -> Result<T, Refusal> {
        let (id, _) = self.selected.ok_or(Refusal::Permanent)?;
        let mut house = self.house.borrow_mut();
        let folders = house.mailboxes.get_mut(&self.account()).ok_or(Refusal::Permanent)?;
        folders.iter_mut().find(|folder| folder.id == id).map(act).ok_or(Refusal::Permanent)
    }

    fn next_modseq(&self) -> u64 {
        self.house.borrow_mut().modseq += 1;
        self.house.borrow().modseq
    }

    fn listing(&mut self) -> Result<std::sync::Arc<imap::listing::Listing>, Refusal> {
        let keywords = keywords(&self.house.borrow());
        let listing = self.here(|folder| folder.listing(keywords))?;
        self.told = (listing.head().highest_modseq, self.house.borrow().keywords.len());
        Ok(listing)
    }

    fn folders(&self) -> Answer {
        let house = self.house.borrow();
        let mut folders: Vec<&Folder> = house.mailboxes.get(&self.account()).into_iter().flatten().collect();
        folders.sort_by_key(|folder| (folder.name != "INBOX", folder.name.clone()));
        Answer::Folders(folders.into_iter().map(listed).collect())
    }

    fn create(&self, name: &MailboxName, special_use: &[SpecialUse]) -> Result<Answer, Refusal> {
        if !special_use.is_empty() {
            return Err(Refusal::UseAttribute);
        }
        let account = self.account();
        let mut house = self.house.borrow_mut();
        if house.folder(&account, name.as_str()).is_some_and(|folder| !folder.no_select) {
            return Err(Refusal::AlreadyExists);
        }
        let mut path = String::new();
        for part in name.parts() {
            path = if path.is_empty() { part.to_owned() } else { format!("{path}/{part}") };
            if house.folder(&account, &path).is_none() {
                house.add_folder(&account, &path);
            }
        }
        house.modseq += 1;
        let folder = house.folder(&account, name.as_str()).ok_or(Refusal::Permanent)?;
        folder.no_select = false;
        Ok(Answer::Created(folder.id))
    }

    fn delete(&self, name: &MailboxName) -> Result<Answer, Refusal> {
        let account = self.account();
        let mut house = self.house.borrow_mut();
        house.modseq += 1;
        let folders = house.mailboxes.get_mut(&account).ok_or(Refusal::NonExistent)?;
        let below = folders.iter().any(|folder| is_below(&folder.name, name.as_str()));
        let at = folders.iter().position(|folder| folder.name == name.as_str()).ok_or(Refusal::NonExistent)?;
        match (below, folders[at].no_select) {
            (true, true) => return Err(Refusal::HasChildren),
            (true, false) => {
                folders[at].no_select = true;
                folders[at].messages.clear();
            }
            (false, _) => {
                folders.remove(at);
            }
        }
        Ok(Answer::Done)
    }

    fn rename(&self, from: &MailboxName, to: &MailboxName) -> Result<Answer, Refusal> {
        let account = self.account();
        let mut house = self.house.borrow_mut();
        house.modseq += 1;
        if house.folder(&account, to.as_str()).is_some() {
            return Err(Refusal::AlreadyExists);
        }
        if house.folder(&account, from.as_str()).is_none() {
            return Err(Refusal::NonExistent);
        }
        if from.is_inbox() {
            house.add_folder(&account, to.as_str());
            let modseq = house.modseq;
            let moved = house.folder(&account, "INBOX").map(|inbox| inbox.expunge(modseq, |_| true));
            for message in moved.unwrap_or_default() {
                house.put(&account, to.as_str(), message.content);
            }
            return Ok(Answer::Done);
        }
        for folder in house.mailboxes.get_mut(&account).into_iter().flatten() {
            if folder.name == from.as_str() || is_below(&folder.name, from.as_str()) {
                folder.name = format!("{to}{}", &folder.name[from.as_str().len()..]);
            }
        }
        Ok(Answer::Done)
    }

    fn select(&mut self, name: &MailboxName, read_only: bool) -> Result<Answer, Refusal> {
        self.selected = None;
        let id = self.with(name, |folder| folder.id)?;
        self.selected = Some((id, read_only));
        let recent = self.recent()?;
        let listing = self.listing()?;
        let rights = Rights::of("lrswipkxtea");
        Ok(Answer::Selected(Selected { listing, read_only, rights, new_keywords: true, recent }))
    }

    /// What this session is the first to be told of.
    fn recent(&self) -> Result<Uids, Refusal> {
        let read_only = self.selected.is_some_and(|(_, read_only)| read_only);
        self.here(|folder| {
            let mut recent = Uids::new();
            let new = folder.messages.iter().filter(|message| message.uid >= folder.recent_from);
            new.for_each(|message| numbers::push(&mut recent, message.uid..=message.uid));
            if !read_only {
                folder.recent_from = folder.uid_next;
            }
            recent
        })
    }

    fn sync(&mut self) -> Answer {
        let recent = self.recent().unwrap_or_default();
        let listing = self.listing().ok();
        let news = self.news();
        Answer::Synced(Synced { listing, recent, news })
    }

    fn now(&self) -> Vec<(Shown, Status)> {
        let house = self.house.borrow();
        let folders = house.mailboxes.get(&self.account()).into_iter().flatten();
        let of = |folder: &Folder| {
            let name = folder.name.clone();
            (
                Shown { id: folder.id, name, subscribed: folder.subscribed, annotations: folder.annotations.clone() },
                folder.status(),
            )
        };
        folders.map(of).collect()
    }

    fn news(&mut self) -> Vec<News> {
        let now = self.now();
        let before = std::mem::replace(&mut self.snapshot, now.clone());
        if self.watched.is_empty() {
            return Vec::new();
        }
        let mut news = Vec::new();
        for (folder, status) in &now {
            let watched = self.events_of(folder);
            let old = before.iter().find(|(old, _)| old.id == folder.id);
            let name = name_of(&folder.name);
            match old {
                Some((old, _))
                    if (watched.names && old.name != folder.name)
                        || (watched.subscriptions && old.subscribed != folder.subscribed) =>
                {
                    let old_name = (old.name != folder.name).then(|| name_of(&old.name));
                    news.push(News::Folder { folder: shown(folder), old_name });
                }
                None if watched.names => news.push(News::Folder { folder: shown(folder), old_name: None }),
                _ => {}
            }
            if watched.messages && old.is_some_and(|(_, old)| old != status) {
                news.push(News::Status(name.clone(), status.clone()));
            }
            let (none, here) = (Notes::new(), &folder.annotations);
            let was = old.map_or(&none, |(old, _)| &old.annotations);
            if watched.metadata {
                news.extend(noted(Some(name), was, here));
            }
            let of_server = self.watched.iter().any(|watch| watch.of == WatchOf::Server);
            if of_server && folder.name == "INBOX" {
                news.extend(noted(None, was, here));
            }
        }
        news
    }

    fn events_of(&self, folder: &Shown) -> Events {
        let fits = |watch: &&Watch| match &watch.of {
            WatchOf::Inboxes => folder.name == "INBOX",
            WatchOf::Personal => true,
            WatchOf::Subscribed => folder.subscribed,
            WatchOf::Subtree(names) => {
                names.iter().any(|name| folder.name == name.as_str() || is_below(&folder.name, name.as_str()))
            }
            WatchOf::Mailboxes(names) => names.iter().any(|name| folder.name == name.as_str()),
            WatchOf::Server => false,
        };
        Events::of_all(self.watched.iter().filter(fits))
    }

    fn watch(&mut self, watches: Vec<Watch>) -> Answer {
        self.snapshot = self.now();
        if watches.iter().any(|watch| watch.status) {
            // Told with the next sync, as if all were new.
            for (_, status) in &mut self.snapshot {
                status.uid_next = 0;
            }
        }
        self.watched = watches;
        Answer::Done
    }

    fn store(&mut self, uids: &Uids, change: &FlagChange, unchanged_since: Option<u64>) -> Result<Answer, Refusal> {
        let modseq = self.next_modseq();
        let flags: Vec<(u32, u64, u64)> =
            self.here(|folder| folder.messages.iter().map(|m| (m.uid, m.flags, m.modseq)).collect())?;
        let mut modified = Uids::new();
        for (uid, was, at) in flags.into_iter().filter(|(uid, ..)| contains(uids, *uid)) {
            if unchanged_since.is_some_and(|since| at > since) {
                numbers::push(&mut modified, uid..=uid);
                continue;
            }
            let now = changed(&mut self.house.borrow_mut(), was, change);
            self.here(|folder| {
                let message = folder.messages.iter_mut().find(|message| message.uid == uid);
                message
                    .filter(|_| now != was)
                    .into_iter()
                    .for_each(|message| (message.flags, message.modseq) = (now, modseq));
            })?;
        }
        Ok(Answer::Stored { modified, listing: self.listing()? })
    }

    fn expunge(&mut self, among: Option<&Uids>, close: bool) -> Result<Answer, Refusal> {
        let modseq = self.next_modseq();
        let goes = |message: &Stored| {
            message.flags & bits::DELETED != 0 && among.is_none_or(|among| contains(among, message.uid))
        };
        self.here(|folder| folder.expunge(modseq, goes))?;
        let listing = self.listing()?;
        if close {
            self.selected = None;
        }
        Ok(Answer::Expunged { listing })
    }

    fn copy(&mut self, uids: &Uids, to: &MailboxName, moving: bool) -> Result<Answer, Refusal> {
        let uid_validity = self.with(to, |folder| folder.uid_validity)?;
        let chosen: Vec<Stored> =
            self.here(|folder| folder.messages.iter().filter(|m| contains(uids, m.uid)).cloned().collect())?;
        let (mut from, mut into) = (Uids::new(), Uids::new());
        let account = self.account();
        for message in chosen {
            let mut house = self.house.borrow_mut();
            let uid = house.put(&account, to.as_str(), message.content);
            let folder = house.folder(&account, to.as_str()).ok_or(Refusal::Permanent)?;
            let copy = folder.messages.last_mut().ok_or(Refusal::Permanent)?;
            (copy.flags, copy.source, copy.received) = (message.flags, message.source, message.received);
            numbers::push(&mut from, message.uid..=message.uid);
            numbers::push(&mut into, uid..=uid);
        }
        if moving {
            let modseq = self.next_modseq();
            self.here(|folder| folder.expunge(modseq, |message| contains(&from, message.uid)))?;
        }
        Ok(Answer::Copied { uid_validity, from, to: into, listing: self.listing()?, failed: None })
    }

    fn append(&mut self, step: AppendStep) -> Result<Answer, Refusal> {
        match step {
            AppendStep::Begin { mailbox, replaces } => {
                self.with(&mailbox, |_| ())?;
                self.append = Some(Appending { mailbox: mailbox.to_string(), replaces, messages: Vec::new() });
            }
            AppendStep::Message { flags, date, .. } => {
                let append = self.append.as_mut().ok_or(Refusal::Permanent)?;
                append.messages.push((flags, date, Vec::new()));
            }
            AppendStep::Url(url) => return self.catenate(&url),
            AppendStep::End => {}
            AppendStep::Abort => self.append = None,
            AppendStep::Commit => return self.commit(),
        }
        Ok(Answer::Done)
    }

    /// Only `/MAILBOX/;UID=n`.
    fn catenate(&mut self, url: &str) -> Result<Answer, Refusal> {
        let bad = || Refusal::BadUrl(url.to_owned());
        let (name, uid) = url.strip_prefix('/').and_then(|rest| rest.split_once("/;UID=")).ok_or_else(bad)?;
        let uid: u32 = uid.parse().map_err(|_| bad())?;
        let of = |folder: &mut Folder| folder.messages.iter().find(|m| m.uid == uid).map(|m| m.content.bytes());
        let octets = self.with(&name_of(name), of).map_err(|_| bad())?.ok_or_else(bad)?;
        self.content(&octets);
        Ok(Answer::Done)
    }

    fn commit(&mut self) -> Result<Answer, Refusal> {
        let append = self.append.take().ok_or(Refusal::Permanent)?;
        let octets: usize = append.messages.iter().map(|(_, _, octets)| octets.len()).sum();
        let account = self.account();
        if self.house.borrow().room(&account).is_some_and(|room| room < octets as u64) {
            return Err(Refusal::OverQuota);
        }
        let mut uids = Uids::new();
        for (flags, date, octets) in append.messages {
            let mut house = self.house.borrow_mut();
            let flags = bits_named(&mut house, &flags);
            let uid = house.put(&account, &append.mailbox, Content::Given(octets.into()));
            numbers::push(&mut uids, uid..=uid);
            let stored = house.folder(&account, &append.mailbox).and_then(|folder| folder.messages.last_mut());
            let stored = stored.ok_or(Refusal::Permanent)?;
            stored.flags = flags;
            stored.received = date.unwrap_or(stored.received);
        }
        if let Some(uid) = append.replaces {
            let modseq = self.next_modseq();
            self.here(|folder| folder.expunge(modseq, |message| message.uid == uid))?;
        }
        let uid_validity = self.with(&name_of(&append.mailbox), |folder| folder.uid_validity)?;
        Ok(Answer::Appended { uid_validity, uids })
    }

    fn summaries(&self, uids: &[u32], items: SummaryItems) -> Result<Answer, Refusal> {
        let one = |folder: &Folder, uid: &u32| {
            folder.messages.iter().find(|message| message.uid == *uid).map(|message| summary(message, items))
        };
        Ok(Answer::Summaries(self.here(|folder| uids.iter().map(|uid| one(folder, uid)).collect())?))
    }

    fn pieces(&mut self, uids: &[u32], wants: &[Want], from: usize) -> Result<Answer, Refusal> {
        let mut sources = Vec::new();
        let pieces = self.here(|folder| {
            let all = uids.iter().flat_map(|uid| wants.iter().map(move |want| (uid, want)));
            let of = |(uid, want): (&u32, &Want)| {
                let message = folder.messages.iter().find(|message| message.uid == *uid);
                message.map_or(Piece::Gone, |message| piece(&message.content.bytes(), want, &mut sources))
            };
            all.skip(from).take(PIECES_MAX).map(of).collect()
        })?;
        self.sources = sources;
        Ok(Answer::Pieces(pieces))
    }

    fn search(&mut self, program: &message::search::Program, mailbox: Option<&MailboxName>) -> Result<Answer, Refusal> {
        let keywords = self.house.borrow().keywords.clone();
        let run = |folder: &mut Folder| {
            (imap_search::found(folder, &program.key, &program.order, &keywords), folder.uid_validity)
        };
        let (rows, uid_validity) = match mailbox {
            None => self.here(run)?,
            Some(name) => self.with(name, run)?,
        };
        // An empty page first, so that sessions have to ask for more.
        self.queue = vec![rows];
        let rows = FoundRows::Ranges(Uids::new());
        Ok(Answer::Found(Found { rows, more: true, progress: None, uid_validity }))
    }

    fn search_more(&mut self) -> Answer {
        let rows = self.queue.pop().unwrap_or(FoundRows::Ranges(Uids::new()));
        Answer::Found(Found { rows, more: false, progress: None, uid_validity: 1_081_298_274 })
    }

    fn quota(&self, of: &QuotaOf) -> Result<Answer, Refusal> {
        match of {
            QuotaOf::Mailbox(name) => self.with(name, |_| ())?,
            QuotaOf::Root(name) if name.is_empty() => {}
            QuotaOf::Root(_) => return Err(Refusal::NonExistent),
        }
        let account = self.account();
        let house = self.house.borrow();
        let limit = house.world.account(&account).and_then(|account| account.quota);
        let used = limit.and_then(|limit| Some(limit - house.room(&account)?));
        let storage =
            limit.map(|limit| (QuotaResource::Storage, used.unwrap_or(0).div_ceil(1024), limit.div_ceil(1024)));
        Ok(Answer::Quotas(vec![QuotaRoot { name: String::new(), resources: storage.into_iter().collect() }]))
    }

    fn acl(&self, mailbox: &MailboxName) -> Result<Answer, Refusal> {
        let owner = (self.account(), Rights::of("lrswipkxtea"));
        let others = self.with(mailbox, |folder| folder.acl.clone())?;
        Ok(Answer::Acl(
            std::iter::once(owner).chain(others.into_iter().map(|(who, rights)| (who, Rights(rights)))).collect(),
        ))
    }

    fn set_acl(&self, mailbox: &MailboxName, identifier: &str, change: AclChange) -> Result<Answer, Refusal> {
        self.with(mailbox, |folder| {
            let was = folder.acl.iter().find(|(who, _)| who == identifier).map_or(0, |(_, rights)| *rights);
            folder.acl.retain(|(who, _)| who != identifier);
            let now = match change {
                AclChange::Replace(rights) => rights.0,
                AclChange::Add(rights) => was | rights.0,
                AclChange::Remove(rights) => was & !rights.0,
                AclChange::Delete => 0,
            };
            if now != 0 {
                folder.acl.push((identifier.to_owned(), now));
            }
            Answer::Done
        })
    }

    /// Those of the server lie with INBOX here.
    fn metadata(
        &self,
        mailbox: Option<&MailboxName>,
        entries: &[String],
        depth: Option<u32>,
    ) -> Result<Answer, Refusal> {
        let inbox = MailboxName::inbox();
        self.with(mailbox.unwrap_or(&inbox), |folder| {
            let mut found = Vec::new();
            for entry in entries {
                if depth == Some(0) || folder.annotations.contains_key(entry) {
                    found.push((entry.clone(), folder.annotations.get(entry).map(|value| value.clone().into())));
                }
                let below = folder.annotations.iter().filter(|(name, _)| is_below(name, entry));
                let levels = |name: &str| u32::try_from(name[entry.len()..].matches('/').count()).unwrap();
                let wanted = below.filter(|(name, _)| depth.is_none_or(|depth| levels(name) <= depth));
                found.extend(wanted.map(|(name, value)| (name.clone(), Some(value.clone().into()))));
            }
            Answer::Metadata(found)
        })
    }

    fn set_metadata(
        &self,
        mailbox: Option<&MailboxName>,
        entries: Vec<(String, Option<bytes::Bytes>)>,
    ) -> Result<Answer, Refusal> {
        let inbox = MailboxName::inbox();
        self.with(mailbox.unwrap_or(&inbox), |folder| {
            for (name, value) in entries {
                match value {
                    Some(value) => drop(folder.annotations.insert(name, value.to_vec())),
                    None => drop(folder.annotations.remove(&name)),
                }
            }
            Answer::Done
        })
    }

    fn answered(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        Ok(match ask {
            Ask::Login(ask) => {
                let (answer, user) = self.house.borrow().login(&ask);
                self.user = user;
                Answer::Sasl(answer)
            }
            Ask::Forget => {
                (self.user, self.selected, self.watched) = (None, None, Vec::new());
                Answer::Done
            }
            Ask::Folders => self.folders(),
            Ask::Status { names, .. } => {
                Answer::Statuses(names.iter().map(|name| self.with(name, |folder| folder.status())).collect())
            }
            Ask::Create { name, special_use } => self.create(&name, &special_use)?,
            Ask::Delete(name) => self.delete(&name)?,
            Ask::Rename { from, to } => self.rename(&from, &to)?,
            Ask::Subscribe { name, subscribed } => self.with(&name, |folder| {
                folder.subscribed = subscribed;
                Answer::Done
            })?,
            Ask::Select { name, read_only } => self.select(&name, read_only)?,
            Ask::Unselect => {
                self.selected = None;
                Answer::Done
            }
            Ask::Vanished { since, among } => self.here(|folder| {
                let mut gone: Vec<u32> =
                    folder.gone.iter().filter(|(_, at)| *at > since).map(|(uid, _)| *uid).collect();
                gone.sort_unstable();
                let mut uids = Uids::new();
                gone.into_iter()
                    .filter(|uid| contains(&among, *uid))
                    .for_each(|uid| numbers::push(&mut uids, uid..=uid));
                Answer::Vanished(uids)
            })?,
            Ask::Sync => self.sync(),
            Ask::Summaries { uids, items } => self.summaries(&uids, items)?,
            Ask::Pieces { uids, wants, from } => self.pieces(&uids, &wants, from)?,
            Ask::Store { uids, change, unchanged_since } => self.store(&uids, &change, unchanged_since)?,
            Ask::Expunge { among, close } => self.expunge(among.as_ref(), close)?,
            Ask::Copy { uids, to, moving } => self.copy(&uids, &to, moving)?,
            Ask::Append(step) => self.append(step)?,
            other => self.answered_more(other)?,
        })
    }

    fn answered_more(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        match ask {
            Ask::Search { program, mailbox } => self.search(&program, mailbox.as_ref()),
            Ask::SearchMore => Ok(self.search_more()),
            Ask::Quota(of) => self.quota(&of),
            Ask::Acl(mailbox) => self.acl(&mailbox),
            Ask::SetAcl { mailbox, identifier, change } => self.set_acl(&mailbox, &identifier, change),
            Ask::ListRights { mailbox, .. } => self.with(&mailbox, |_| Answer::RightsOf {
                required: Rights::default(),
                optional: "lrswipkxtea".chars().map(|letter| Rights::of(&letter.to_string())).collect(),
            }),
            Ask::MyRights(names) => {
                let own = |name: &MailboxName| self.with(name, |_| Rights::of("lrswipkxtea"));
                Ok(Answer::MyRights(names.iter().map(own).collect()))
            }
            Ask::Metadata { mailbox, entries, depth } => self.metadata(mailbox.as_ref(), &entries, depth),
            Ask::SetMetadata { mailbox, entries } => self.set_metadata(mailbox.as_ref(), entries),
            Ask::Watch(watches) => Ok(self.watch(watches)),
            _ => Err(Refusal::NoPermission),
        }
    }
}

fn listed(folder: &Folder) -> wire::imap::ask::Folder {
    let role = |(_, attribute): &&(SpecialUse, &str)| attribute[1..] == folder.name;
    wire::imap::ask::Folder {
        name: name_of(&folder.name),
        selectable: !folder.no_select,
        exists: true,
        subscribed: folder.subscribed,
        inferiors: true,
        special_use: SpecialUse::ALL.iter().filter(role).map(|(one, _)| *one).collect(),
    }
}

fn shown(folder: &Shown) -> wire::imap::ask::Folder {
    wire::imap::ask::Folder {
        name: name_of(&folder.name),
        selectable: true,
        exists: true,
        subscribed: folder.subscribed,
        inferiors: true,
        special_use: Vec::new(),
    }
}

impl TestDesk<imap::Server> for ImapDesk {
    fn answer(&mut self, ask: Ask) -> Answer {
        self.answered(ask).unwrap_or_else(Answer::Refused)
    }

    fn content(&mut self, octets: &[u8]) {
        if let Some((_, _, message)) = self.append.as_mut().and_then(|append| append.messages.last_mut()) {
            message.extend_from_slice(octets);
        }
    }

    fn read(&mut self, source: u64) -> Option<Vec<u8>> {
        self.sources.get(usize::try_from(source).ok()?).cloned()
    }

    fn ask_text(ask: &Ask) -> String {
        question::imap_ask(ask)
    }

    fn read_answer(text: &str) -> Result<Answer, String> {
        question::imap_answer(text)
    }

    fn has_news(&self) -> bool {
        let keywords = self.house.borrow().keywords.len();
        let open = self.here(|folder| folder.highest_modseq()).map(|modseq| (modseq, keywords));
        let selected = match (self.selected, open) {
            (None, _) => false,
            (Some(_), Ok(now)) => now != self.told,
            (Some(_), Err(_)) => true,
        };
        selected || (!self.watched.is_empty() && self.snapshot != self.now())
    }

    fn accepted(&mut self, ask: &Ask, answer: &Answer) {
        if let (Ask::Login(_), Answer::Sasl(wire::sasl::Answer::Accepted { .. })) = (ask, answer) {
            let house = self.house.borrow();
            self.user = house.world.accounts.first().map(|account| account.address.clone());
        }
    }
}
