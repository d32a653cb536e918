//! The journal goes to the server: which entries may go now, and what becomes of each. What the actions are in IMAP is told in
//! `act`, `transfer` and `refold`.

use super::ImapRemote;
use super::windows::Want;
use crate::mirror::{Action, FolderId, MessageId, Mirror, Pending, Told};
use crate::progress::Watcher;
use crate::trouble::Trouble;
use message::Time;
use std::collections::HashSet;
use std::time::Duration;
use wire::imap::response::StatusText;

/// When what was refused for now is tried again first; twice as late each time after.
const RETRY_FIRST: Duration = Duration::from_secs(60);
/// How often that is doubled: to some nine hours.
const DOUBLINGS: u32 = 9;

/// What comes of an action.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The server carried it out.
    Done(Told),
    /// The server will not, now or ever, for this reason.
    Never(String),
    /// Not now, for this reason.
    Later(String),
    /// It is settled already.
    Settled,
}

/// What a run of the journal needs at hand.
pub(super) struct Telling<'a> {
    pub mirror: &'a Mirror,
    pub watcher: &'a Watcher,
    /// Folders that were looked into for messages whose UID is not known.
    pub looked: HashSet<FolderId>,
}

impl ImapRemote {
    pub(super) async fn push_all(&mut self, mirror: &Mirror, watcher: &Watcher) -> Result<(), Trouble> {
        let mut telling = Telling { mirror, watcher, looked: HashSet::new() };
        loop {
            cancel_out(mirror, &mirror.pending()?)?;
            let due = due(mirror.pending()?, self.now());
            if due.is_empty() {
                return Ok(());
            }
            let count = due.len() as u64;
            for (done, pending) in due.iter().enumerate() {
                watcher.go_on()?;
                watcher.tell("telling the server", done as u64, Some(count));
                self.push_one(&mut telling, pending).await?;
            }
        }
    }

    async fn push_one(&mut self, telling: &mut Telling<'_>, pending: &Pending) -> Result<(), Trouble> {
        let mirror = telling.mirror;
        let outcome = match &pending.action {
            Action::Flag { messages, add, remove } => self.flag(telling, messages, (add, remove)).await?,
            Action::Move { messages, from, to } => {
                mirror.begin(pending.id)?;
                self.transfer_out(telling, messages, (*from, *to), pending.unsure).await?
            }
            Action::Copy { messages, to } => {
                mirror.begin(pending.id)?;
                self.copy(telling, messages, *to, pending.unsure).await?
            }
            Action::Destroy { messages, from } => self.destroy(telling, messages, *from).await?,
            Action::Append { message, to } => self.append(telling, pending, (*message, *to)).await?,
            Action::CreateFolder { folder } => self.create_folder(mirror, *folder).await?,
            Action::RenameFolder { folder, name } => self.rename_folder(mirror, *folder, name).await?,
            Action::DeleteFolder { folder } => self.delete_folder(mirror, *folder).await?,
            Action::Subscribe { folder, on } => self.subscribe(mirror, *folder, *on).await?,
        };
        match outcome {
            Outcome::Done(told) => mirror.told(pending.id, &told)?,
            Outcome::Never(why) => {
                telling.watcher.tell(&why, 0, None);
                mirror.give_up(pending.id)?;
            }
            Outcome::Later(why) => {
                telling.watcher.tell(&why, 0, None);
                let later = RETRY_FIRST * 2_u32.pow(pending.tries.min(DOUBLINGS));
                mirror.put_off(pending.id, &why, self.now().after(later))?;
            }
            Outcome::Settled => {}
        }
        Ok(())
    }

    /// What a refusal means for an action that may be tried again without harm.
    pub(super) fn verdict(&self, what: &str, status: &StatusText) -> Outcome {
        let trouble = self.line.refused(what, status);
        if trouble.may_pass() { Outcome::Later(trouble.text) } else { Outcome::Never(trouble.text) }
    }

    /// The UIDs of messages by folder, in one folder or in all they are in. Where one is not known the folder is looked into,
    /// once; messages that are not there then are passed over.
    pub(super) async fn uids_of(
        &mut self,
        telling: &mut Telling<'_>,
        messages: &[MessageId],
        only: Option<FolderId>,
    ) -> Result<Vec<(FolderId, Vec<(u32, MessageId)>)>, Trouble> {
        let mut unknown: HashSet<FolderId> = HashSet::new();
        for message in messages {
            for place in telling.mirror.places(*message)? {
                if place.uid == 0 && only.is_none_or(|only| only == place.folder) {
                    unknown.insert(place.folder);
                }
            }
        }
        for folder in unknown {
            if telling.looked.insert(folder) {
                self.pull_folder(telling.mirror, folder, Want::Headers, None, telling.watcher).await?;
            }
        }
        let mut found: Vec<(FolderId, Vec<(u32, MessageId)>)> = Vec::new();
        for message in messages {
            for place in telling.mirror.places(*message)? {
                if place.uid == 0 || only.is_some_and(|only| only != place.folder) {
                    continue;
                }
                match found.iter_mut().find(|(folder, _)| *folder == place.folder) {
                    Some((_, uids)) => uids.push((place.uid, *message)),
                    None => found.push((place.folder, vec![(place.uid, *message)])),
                }
            }
        }
        found.iter_mut().for_each(|(_, uids)| uids.sort_unstable());
        Ok(found)
    }
}

/// The entries that may go now, in order: not those that wait, nor what was done after them to the same messages or folders.
fn due(pending: Vec<Pending>, now: Time) -> Vec<Pending> {
    let (mut messages, mut folders) = (HashSet::new(), HashSet::new());
    let mut due = Vec::new();
    for pending in pending {
        let action = &pending.action;
        let waits = pending.not_before > now
            || action.messages().iter().any(|message| messages.contains(message))
            || action.folders().iter().any(|folder| folders.contains(folder));
        if waits {
            messages.extend(action.messages().iter().copied());
            if action.messages().is_empty() {
                folders.extend(action.folders());
            }
        } else {
            due.push(pending);
        }
    }
    due
}

/// What was made here and thrown away again before the server heard of it, such as an older version of a draft, never was.
fn cancel_out(mirror: &Mirror, pending: &[Pending]) -> Result<(), Trouble> {
    for (at, made) in pending.iter().enumerate() {
        let Action::Append { message, to } = &made.action else { continue };
        if made.unsure {
            continue;
        }
        let next = pending
            .iter()
            .skip(at + 1)
            .map(|later| &later.action)
            .find(|action| !matches!(action, Action::Flag { .. }) && action.messages().contains(message));
        if matches!(next, Some(Action::Destroy { from, .. }) if from == to) {
            mirror.give_up(made.id)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::{ActionId, Flags};

    fn pending(id: i64, action: Action, not_before: u64) -> Pending {
        Pending {
            id: ActionId(id),
            action,
            unsure: false,
            tries: 0,
            error: String::new(),
            not_before: Time(not_before),
        }
    }

    fn flag(message: i64) -> Action {
        Action::Flag { messages: vec![MessageId(message)], add: Flags::of(1), remove: Flags::default() }
    }

    #[test]
    fn what_waits_holds_up_only_what_follows_from_it() {
        let into = |message, to| Action::Copy { messages: vec![MessageId(message)], to: FolderId(to) };
        let journal = vec![
            pending(1, Action::Append { message: MessageId(1), to: FolderId(1) }, 50),
            pending(2, flag(1), 0),
            pending(3, flag(2), 0),
            pending(4, into(3, 1), 0),
            pending(5, Action::CreateFolder { folder: FolderId(9) }, 50),
            pending(6, into(4, 9), 0),
            pending(7, flag(4), 0),
        ];
        let ids = |now| due(journal.clone(), Time(now)).iter().map(|pending| pending.id.0).collect::<Vec<_>>();
        assert_eq!(ids(49), [3, 4]);
        assert_eq!(ids(50), [1, 2, 3, 4, 5, 6, 7]);
    }
}
