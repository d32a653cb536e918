//! Learning what such an account has.

use super::super::Brought;
use super::{Found, Keyed, LOOK, News, STATE, nonsense};
use crate::mirror::{Arrival, FolderId, Held, MessageId, Mirror, Pull};
use crate::progress::Watcher;
use crate::trouble::Trouble;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// Messages of one transaction: some hundred keep others from waiting.
const AT_ONCE: usize = 200;
/// Contents that are looked for at a time.
const CONTENTS_AT_ONCE: u64 = 200;
/// Pages that one look may have: a server that never ends is not followed for ever. Ten million messages, a hundred each.
const PAGES_MAX: usize = 100_000;

/// How far a look at everything is.
#[derive(Debug, Serialize, Deserialize)]
struct Look {
    /// The state before it.
    state: String,
    /// Where the next page begins.
    next: Option<String>,
    /// The mirror had messages before: those that do not come are gone. Then it cannot go on from the middle.
    again: bool,
}

/// What a server calls a folder, and the mirror's name of it.
type Folders = HashMap<String, FolderId>;

pub(super) async fn pull<K: Keyed>(keyed: &mut K, mirror: &Mirror, watcher: &Watcher) -> Result<Brought, Trouble> {
    watcher.tell("looking at the folders", 0, None);
    let mut taking = Taking { mirror, watcher, folders: folders(keyed, mirror).await?, brought: Brought::default() };
    if let Some(state) = mirror.fact(STATE)?.filter(|state| !state.is_empty())
        && taking.follow(keyed, state).await?
    {
        return Ok(taking.brought);
    }
    // A look that ends finds its own state forgotten only where it took longer than the server remembers: once more then.
    for _ in 0..2 {
        let state = taking.look(keyed).await?;
        if taking.follow(keyed, state).await? {
            return Ok(taking.brought);
        }
    }
    Err(Trouble::new(crate::trouble::Kind::TryAgain, "the server forgets changes faster than they can be followed"))
}

async fn folders<K: Keyed>(keyed: &mut K, mirror: &Mirror) -> Result<Folders, Trouble> {
    let found = keyed.folders().await?;
    let ids = mirror.pull(|pull| pull.folders(&found))?;
    Ok(found.into_iter().map(|folder| folder.remote).zip(ids).collect())
}

struct Taking<'a> {
    mirror: &'a Mirror,
    watcher: &'a Watcher,
    folders: Folders,
    brought: Brought,
}

impl Taking<'_> {
    /// Takes what became of messages since a state; whether the server knows.
    async fn follow<K: Keyed>(&mut self, keyed: &mut K, mut state: String) -> Result<bool, Trouble> {
        for _ in 0..PAGES_MAX {
            self.watcher.go_on()?;
            let Some(news) = keyed.since(&state).await? else {
                self.mirror.set_fact(STATE, "")?;
                return Ok(false);
            };
            if news.more && news.state == state {
                return Err(nonsense("there is more, but it does not go on"));
            }
            self.take_news(keyed, &news).await?;
            if !news.more {
                return Ok(true);
            }
            state = news.state;
        }
        Err(nonsense("changes without end"))
    }

    async fn take_news<K: Keyed>(&mut self, keyed: &mut K, news: &News) -> Result<(), Trouble> {
        for ids in news.changed.chunks(AT_ONCE) {
            self.bring(keyed, ids, None).await?;
        }
        let gone = self.known(&news.gone)?;
        self.mirror.pull(|pull| {
            gone.iter().try_for_each(|message| pull.lies_in(*message, &[]))?;
            pull.set_fact(STATE, &news.state)
        })?;
        Ok(())
    }

    fn known(&self, ids: &[String]) -> Result<Vec<MessageId>, Trouble> {
        let found = ids.iter().map(|id| self.mirror.by_remote(id)).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Asks for messages and takes them in one transaction; a fact is set in it. Those that are gone, go.
    async fn bring<K: Keyed>(
        &mut self,
        keyed: &mut K,
        ids: &[String],
        fact: Option<(&str, &str)>,
    ) -> Result<(), Trouble> {
        let mut new = Vec::new();
        let mut old = Vec::new();
        for id in ids {
            if self.mirror.by_remote(id)?.is_some() { old.push(id.clone()) } else { new.push(id.clone()) }
        }
        let mut found = Vec::new();
        if !new.is_empty() {
            found.extend(keyed.look(&new, true).await?);
        }
        if !old.is_empty() {
            found.extend(keyed.look(&old, false).await?);
        }
        let is_asked = |found: &Found| ids.contains(&found.id);
        found.retain(is_asked);
        // A folder that was made since they were looked at.
        if found.iter().flat_map(|found| &found.folders).any(|folder| !self.folders.contains_key(folder)) {
            self.folders = folders(keyed, self.mirror).await?;
        }
        let told: BTreeSet<&str> = found.iter().map(|found| found.id.as_str()).collect();
        let gone: Vec<String> = old.into_iter().filter(|id| !told.contains(id.as_str())).collect();
        let gone = self.known(&gone)?;
        let folders = &self.folders;
        let count = self.mirror.pull(|pull| {
            let mut count = 0;
            for found in &found {
                count += u64::from(take(pull, folders, found)?);
            }
            gone.iter().try_for_each(|message| pull.lies_in(*message, &[]))?;
            if let Some((name, value)) = fact {
                pull.set_fact(name, value)?;
            }
            Ok(count)
        })?;
        self.brought.new += count;
        Ok(())
    }

    /// Looks at everything, the newest first; answers the state before it.
    async fn look<K: Keyed>(&mut self, keyed: &mut K) -> Result<String, Trouble> {
        let mut look = self.begin_look(keyed).await?;
        let mut listed: BTreeSet<String> = BTreeSet::new();
        let (mut done, mut ended) = (0, false);
        for _ in 0..PAGES_MAX {
            self.watcher.go_on()?;
            let page = keyed.list(look.next.as_deref()).await?;
            if page.next.is_some() && (page.next == look.next || page.ids.is_empty()) {
                return Err(nonsense("a list that does not go on"));
            }
            if look.again {
                listed.extend(page.ids.iter().cloned());
            }
            for ids in page.ids.chunks(AT_ONCE) {
                self.watcher.go_on()?;
                self.bring(keyed, ids, None).await?;
                done += ids.len() as u64;
                self.watcher.tell("reading the headers", done, None);
            }
            look.next = page.next;
            if look.next.is_none() {
                ended = true;
                break;
            }
            if !look.again {
                self.mirror.set_fact(LOOK, &serde_json::to_string(&look).unwrap_or_default())?;
            }
        }
        if !ended {
            return Err(nonsense("a list without end"));
        }
        if look.again {
            self.miss(keyed, &listed).await?;
        }
        let state = look.state;
        self.mirror.pull(|pull| {
            pull.set_fact(STATE, &state)?;
            pull.set_fact(LOOK, "")
        })?;
        Ok(state)
    }

    /// Where a look that was interrupted goes on, or a new one.
    async fn begin_look<K: Keyed>(&mut self, keyed: &mut K) -> Result<Look, Trouble> {
        let kept = self.mirror.fact(LOOK)?.and_then(|text| serde_json::from_str::<Look>(&text).ok());
        if let Some(kept) = kept.filter(|kept| !kept.again) {
            return Ok(kept);
        }
        let again = !self.remotes()?.is_empty();
        Ok(Look { state: keyed.state().await?, next: None, again })
    }

    /// What the server calls the messages we know of.
    fn remotes(&self) -> Result<BTreeSet<String>, Trouble> {
        let mut remotes = BTreeSet::new();
        for folder in self.folders.values() {
            for (_, message) in self.mirror.uids(*folder)? {
                remotes.extend(self.mirror.remote_of(message)?);
            }
        }
        Ok(remotes)
    }

    /// Messages we know of that did not come: whether they are gone is asked, since some may have come meanwhile.
    async fn miss<K: Keyed>(&mut self, keyed: &mut K, listed: &BTreeSet<String>) -> Result<(), Trouble> {
        let missed: Vec<String> = self.remotes()?.into_iter().filter(|id| !listed.contains(id)).collect();
        for ids in missed.chunks(AT_ONCE) {
            self.bring(keyed, ids, None).await?;
        }
        Ok(())
    }
}

/// Takes one message; whether it is new.
fn take(pull: &mut Pull<'_>, folders: &Folders, found: &Found) -> rusqlite::Result<bool> {
    let places: Vec<FolderId> = found.folders.iter().filter_map(|folder| folders.get(folder).copied()).collect();
    let Some(first) = places.first() else { return Ok(false) };
    let known = pull.message_of(&found.id)?;
    let id = match (known, &found.header) {
        (Some(id), _) => {
            pull.flags_of(id, &found.flags)?;
            id
        }
        (None, Some(header)) => {
            let arrival = Arrival {
                remote: Some(found.id.clone()),
                uid: 0,
                flags: found.flags.clone(),
                received: found.received,
                size: found.size,
                header: header.clone(),
                attachments: found.attachments,
            };
            pull.arrive(*first, &arrival)?
        }
        // It went while it was looked at, and its header was not asked for: the next look brings it.
        (None, None) => return Ok(false),
    };
    pull.lies_in(id, &places)?;
    Ok(known.is_none())
}

/// Brings content until all is here, the newest first. What cannot be had is passed over.
pub(super) async fn contents<K: Keyed>(keyed: &mut K, mirror: &Mirror, watcher: &Watcher) -> Result<u64, Trouble> {
    let mut whole = 0;
    let mut passed: BTreeSet<MessageId> = BTreeSet::new();
    loop {
        let wanted = mirror.to_fetch(CONTENTS_AT_ONCE + passed.len() as u64)?;
        let wanted: Vec<MessageId> = wanted.into_iter().filter(|message| !passed.contains(message)).collect();
        if wanted.is_empty() {
            return Ok(whole);
        }
        for message in wanted {
            watcher.go_on()?;
            if content(keyed, mirror, message).await? {
                whole += 1;
            } else {
                passed.insert(message);
            }
            watcher.tell("reading the letters", whole, None);
        }
    }
}

/// Brings the content of one message; whether it is here now.
pub(super) async fn content<K: Keyed>(keyed: &mut K, mirror: &Mirror, message: MessageId) -> Result<bool, Trouble> {
    match mirror.held(message) {
        Ok(Held::Whole) => return Ok(true),
        Err(crate::mirror::Error::Gone(_)) => return Ok(false),
        other => other?,
    };
    let Some(remote) = mirror.remote_of(message)? else { return Ok(false) };
    let mut upload = mirror.upload(message)?;
    if !keyed.content(&remote, &mut upload).await? {
        return Ok(false);
    }
    upload.finish()?;
    Ok(true)
}
