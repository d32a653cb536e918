//! Messages from one folder to another: MOVE (RFC 6851) where the server has it, else COPY, then the originals go. Owns finding
//! out how far it was when the connection broke in between.

use super::ImapRemote;
use super::act::copy_uids;
use super::push::{Outcome, Telling};
use super::windows::WINDOW;
use crate::mirror::{FolderId, MessageId, Mirror, Told};
use crate::trouble::Trouble;
use message::search::{Key, Set};
use std::collections::{HashMap, HashSet};
use wire::imap::MailboxName;
use wire::imap::command::{By, Command, Messages};
use wire::imap::response::{Status, StatusText};
use wire::imap::sequence;

/// Messages of a folder that a search may find at most: for the measure of what a server may tell.
const ANY: u32 = 1_000_000;

/// New UIDs of messages, where they were told.
type Uids = Vec<(MessageId, u32)>;

impl ImapRemote {
    /// Messages leave one folder for another.
    pub(super) async fn transfer_out(
        &mut self,
        telling: &mut Telling<'_>,
        messages: &[MessageId],
        (from, to): (FolderId, FolderId),
        unsure: bool,
    ) -> Result<Outcome, Trouble> {
        let mirror = telling.mirror;
        let Some(target) = mirror.folder(to).ok().and_then(|folder| folder.remote) else {
            return Ok(Outcome::Never("the folder messages were moved to is not on the server".to_owned()));
        };
        let uids = self.uids_of(telling, messages, Some(from)).await?;
        let Some((_, mut uids)) = uids.into_iter().next() else { return Ok(Outcome::Done(Told::default())) };
        let moves = self.line.facts.can("MOVE") || self.line.facts.can("IMAP4REV2");
        let copied = if unsure && !moves { self.copied(mirror, &uids, to).await? } else { HashSet::new() };
        if self.select(mirror, from).await?.is_none() {
            let gone = || Outcome::Never("the folder messages were moved from is not on the server".to_owned());
            return Ok(self.closed(mirror, from).await?.unwrap_or_else(gone));
        }
        if unsure {
            let left: HashSet<u32> = self.left(&uids).await?.into_iter().collect();
            uids.retain(|(uid, _)| left.contains(uid));
        }
        let moved = if moves {
            self.move_over(mirror, &uids, (&target, to)).await?
        } else {
            self.copy_and_expunge(mirror, &uids, &copied, (&target, to)).await?
        };
        Ok(match moved {
            Ok(told) => Outcome::Done(Told { uids: told, ..Told::default() }),
            Err(outcome) => outcome,
        })
    }

    /// Messages go into another folder besides.
    pub(super) async fn copy(
        &mut self,
        telling: &mut Telling<'_>,
        messages: &[MessageId],
        to: FolderId,
        unsure: bool,
    ) -> Result<Outcome, Trouble> {
        let mirror = telling.mirror;
        let Some(target) = mirror.folder(to).ok().and_then(|folder| folder.remote) else {
            return Ok(Outcome::Never("the folder messages were copied to is not on the server".to_owned()));
        };
        let mut done: HashSet<MessageId> = HashSet::new();
        for (folder, mut uids) in self.uids_of(telling, messages, None).await? {
            // A message that lies in several folders is copied from one of them.
            uids.retain(|(_, message)| done.insert(*message));
            if unsure {
                let copied = self.copied(mirror, &uids, to).await?;
                uids.retain(|(_, message)| !copied.contains(message));
            }
            if self.select(mirror, folder).await?.is_none() {
                match self.closed(mirror, folder).await? {
                    Some(later) => return Ok(later),
                    None => continue,
                }
            }
            if let Err(outcome) = self.copy_over(mirror, &uids, (&target, to)).await? {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Done(Told::default()))
    }

    async fn move_over(
        &mut self,
        mirror: &Mirror,
        uids: &[(u32, MessageId)],
        (target, to): (&str, FolderId),
    ) -> Result<Result<Uids, Outcome>, Trouble> {
        let mut told = Vec::new();
        for some in uids.chunks(WINDOW) {
            let messages = Messages::Set(sequence::compact(some.iter().map(|(uid, _)| *uid)));
            let command = Command::Move { by: By::Uid, messages, mailbox: MailboxName::new(target) };
            let (data, status) = self.line.run(command).await?;
            if super::windows::expect_ok(&self.line, &status).is_err() {
                return Ok(Err(self.verdict("to move messages", &status)));
            }
            told.extend(self.told_uids(mirror, some, to, copy_uids(&data, &status))?);
        }
        // Who was not told of may be gone, or may have stayed: then what the server has is learned anew.
        let unheard: Vec<(u32, MessageId)> =
            uids.iter().copied().filter(|(_, message)| told.iter().all(|(known, _)| known != message)).collect();
        if !unheard.is_empty() && !self.left(&unheard).await?.is_empty() {
            return Ok(Err(Outcome::Never("the server did not move all messages".to_owned())));
        }
        Ok(Ok(told))
    }

    async fn copy_and_expunge(
        &mut self,
        mirror: &Mirror,
        uids: &[(u32, MessageId)],
        copied: &HashSet<MessageId>,
        target: (&str, FolderId),
    ) -> Result<Result<Uids, Outcome>, Trouble> {
        let to_copy: Vec<(u32, MessageId)> =
            uids.iter().copied().filter(|(_, message)| !copied.contains(message)).collect();
        let told = match self.copy_over(mirror, &to_copy, target).await? {
            Ok(told) => told,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let all: Vec<u32> = uids.iter().map(|(uid, _)| *uid).collect();
        Ok(match self.expunge(&all).await? {
            Ok(()) => Ok(told),
            Err(status) => Err(self.verdict("to delete what was moved", &status)),
        })
    }

    async fn copy_over(
        &mut self,
        mirror: &Mirror,
        uids: &[(u32, MessageId)],
        (target, to): (&str, FolderId),
    ) -> Result<Result<Uids, Outcome>, Trouble> {
        let mut told = Vec::new();
        for some in uids.chunks(WINDOW) {
            let messages = Messages::Set(sequence::compact(some.iter().map(|(uid, _)| *uid)));
            let command = Command::Copy { by: By::Uid, messages, mailbox: MailboxName::new(target) };
            let (data, status) = self.line.run(command).await?;
            if status.status != Status::Ok {
                return Ok(Err(self.copy_refused(&status)));
            }
            told.extend(self.told_uids(mirror, some, to, copy_uids(&data, &status))?);
        }
        Ok(Ok(told))
    }

    /// RFC 9051 §6.4.7: a COPY that is refused has copied nothing.
    fn copy_refused(&self, status: &StatusText) -> Outcome {
        self.verdict("to copy messages", status)
    }

    /// The new UIDs, where they are of the numbers that the mirror knows of the folder.
    fn told_uids(
        &self,
        mirror: &Mirror,
        some: &[(u32, MessageId)],
        to: FolderId,
        told: Option<(u32, Vec<(u32, u32)>)>,
    ) -> Result<Uids, Trouble> {
        let Some((validity, pairs)) = told else { return Ok(Vec::new()) };
        if !self.is_of(mirror, to, validity)? {
            return Ok(Vec::new());
        }
        let messages: HashMap<u32, MessageId> = some.iter().copied().collect();
        Ok(pairs.into_iter().filter_map(|(from, to)| Some((*messages.get(&from)?, to))).collect())
    }

    /// Which of some messages are still in the open folder.
    async fn left(&mut self, uids: &[(u32, MessageId)]) -> Result<Vec<u32>, Trouble> {
        let mut left = Vec::new();
        for some in uids.chunks(WINDOW) {
            let Set(ranges) = sequence::compact(some.iter().map(|(uid, _)| *uid));
            left.extend(self.search(Key::Uids(Set(ranges)), ANY).await?);
        }
        let asked: HashSet<u32> = uids.iter().map(|(uid, _)| *uid).collect();
        left.retain(|uid| asked.contains(uid));
        Ok(left)
    }

    /// Which of some messages have come into a folder without our having been told: there is one of their Message-ID there that
    /// the mirror does not know. Of messages without one nobody can say; they are copied again rather than lost.
    async fn copied(
        &mut self,
        mirror: &Mirror,
        uids: &[(u32, MessageId)],
        to: FolderId,
    ) -> Result<HashSet<MessageId>, Trouble> {
        let mut copied = HashSet::new();
        if self.select(mirror, to).await?.is_none() {
            return Ok(copied);
        }
        let known: HashSet<u32> = mirror.uids(to)?.into_iter().map(|(uid, _)| uid).collect();
        let mut taken: HashSet<u32> = HashSet::new();
        for (_, message) in uids {
            let Some(row) = mirror.row(*message)? else { continue };
            if row.message_id.is_empty() || !row.message_id.is_ascii() {
                continue;
            }
            let key = Key::Header { name: "Message-ID".to_owned(), text: row.message_id };
            let found = self.search(key, ANY).await?;
            if let Some(uid) = found.into_iter().find(|uid| !known.contains(uid) && !taken.contains(uid)) {
                taken.insert(uid);
                copied.insert(*message);
            }
        }
        Ok(copied)
    }
}
