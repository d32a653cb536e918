//! Flags set, messages thrown away, messages appended.

use super::ImapRemote;
use super::push::{Outcome, Telling};
use super::state::State;
use super::windows::{WINDOW, Want};
use crate::mirror::{Action, Flags, FolderId, Held, MessageId, Mirror, Pending, Role, Told};
use crate::trouble::Trouble;
use message::date::Date;
use message::flags::{SystemFlag, flag_bits};
use wire::imap::MailboxName;
use wire::imap::client::Append;
use wire::imap::command::{By, Command, Flag, HowFlags, Messages, Store};
use wire::imap::response::{Code, Data, Status, StatusText};
use wire::imap::sequence;

/// The bits of the mirror and the flags of IMAP.
const SYSTEM: [SystemFlag; 5] =
    [SystemFlag::Seen, SystemFlag::Answered, SystemFlag::Flagged, SystemFlag::Deleted, SystemFlag::Draft];

impl ImapRemote {
    /// Opens a folder for changes; which flags it keeps. `None`: it cannot be opened.
    pub(super) async fn select(
        &mut self,
        mirror: &Mirror,
        folder: FolderId,
    ) -> Result<Option<Option<Vec<Flag>>>, Trouble> {
        if let Some((open, permanent)) = &self.selected
            && *open == folder
        {
            return Ok(Some(permanent.clone()));
        }
        self.selected = None;
        let Ok(known) = mirror.folder(folder) else { return Ok(None) };
        let Some(name) = known.remote.filter(|_| known.selectable) else { return Ok(None) };
        let state = State::read(&mirror.folder_state(folder)?);
        let Some(opened) = super::open::open(&mut self.line, &name, self.tracking, None).await? else {
            return Ok(None);
        };
        // What the numbers meant they mean no more: nothing may be done by them.
        if state.uid_validity != 0 && opened.uid_validity != state.uid_validity {
            return Ok(None);
        }
        self.selected = Some((folder, opened.permanent.clone()));
        Ok(Some(opened.permanent))
    }

    /// What it means for an action that a folder cannot be opened: where the server has it, it is tried again, for it may be in
    /// use, or its messages have other numbers now; where it has it no more, there is nothing to act on.
    pub(super) async fn closed(&mut self, mirror: &Mirror, folder: FolderId) -> Result<Option<Outcome>, Trouble> {
        let Ok(known) = mirror.folder(folder) else { return Ok(None) };
        let Some(name) = known.remote else { return Ok(None) };
        let is_there = self.exists(&name).await?;
        Ok(is_there.then(|| Outcome::Later(format!("{} cannot be opened now", known.name))))
    }

    /// Flags are set and taken away wherever the messages are.
    pub(super) async fn flag(
        &mut self,
        telling: &mut Telling<'_>,
        messages: &[MessageId],
        (add, remove): (&Flags, &Flags),
    ) -> Result<Outcome, Trouble> {
        let mut refused: Vec<MessageId> = Vec::new();
        let mut dropped = Flags::default();
        for (folder, uids) in self.uids_of(telling, messages, None).await? {
            let Some(permanent) = self.select(telling.mirror, folder).await? else {
                match self.closed(telling.mirror, folder).await? {
                    Some(later) => return Ok(later),
                    None => continue,
                }
            };
            let keeps = super::open::Opened { permanent, ..Default::default() };
            for (how, flags) in [(HowFlags::Remove, remove), (HowFlags::Add, add)] {
                let (kept, lost) = split(flags, &keeps);
                if !lost.is_empty() && how == HowFlags::Add {
                    refused.extend(uids.iter().map(|(_, message)| *message));
                    dropped.add(&lost);
                }
                if kept.is_empty() {
                    continue;
                }
                let all: Vec<u32> = uids.iter().map(|(uid, _)| *uid).collect();
                if let Err(status) = self.store(&all, how, &kept).await? {
                    return Ok(self.verdict("to change flags", &status));
                }
            }
        }
        if !refused.is_empty() {
            let words: Vec<&str> = dropped.keywords.iter().map(String::as_str).collect();
            telling.watcher.tell(&format!("the server keeps no {}", words.join(", ")), 0, None);
        }
        Ok(Outcome::Done(Told { refused: dropped, ..Told::default() }))
    }

    /// STORE; the refusal, if there is one.
    pub(super) async fn store(
        &mut self,
        uids: &[u32],
        how: HowFlags,
        flags: &Flags,
    ) -> Result<Result<(), StatusText>, Trouble> {
        for some in uids.chunks(WINDOW) {
            let messages = Messages::Set(sequence::compact(some.iter().copied()));
            let flags = flags_to_say(flags);
            let store = Store { by: By::Uid, messages, unchanged_since: None, how, silent: true, flags };
            let (_, status) = self.line.run(Command::Store(store)).await?;
            if super::windows::expect_ok(&self.line, &status).is_err() {
                return Ok(Err(status));
            }
        }
        Ok(Ok(()))
    }

    /// Messages go for good: these and no others.
    pub(super) async fn destroy(
        &mut self,
        telling: &mut Telling<'_>,
        messages: &[MessageId],
        from: FolderId,
    ) -> Result<Outcome, Trouble> {
        for (folder, uids) in self.uids_of(telling, messages, Some(from)).await? {
            if self.select(telling.mirror, folder).await?.is_none() {
                match self.closed(telling.mirror, folder).await? {
                    Some(later) => return Ok(later),
                    None => continue,
                }
            }
            let uids: Vec<u32> = uids.into_iter().map(|(uid, _)| uid).collect();
            if let Err(status) = self.expunge(&uids).await? {
                return Ok(self.verdict("to delete messages", &status));
            }
            if self.hides_deleted {
                let text = "this server cannot delete single messages: they are marked as deleted, and hidden here";
                telling.watcher.tell(text, 0, None);
            }
        }
        Ok(Outcome::Done(Told::default()))
    }

    /// Marks messages as deleted and, where it is possible without touching others (RFC 4315 §2.1), expunges them.
    pub(super) async fn expunge(&mut self, uids: &[u32]) -> Result<Result<(), StatusText>, Trouble> {
        if let Err(status) = self.store(uids, HowFlags::Add, &Flags::of(flag_bits::DELETED)).await? {
            return Ok(Err(status));
        }
        if self.hides_deleted {
            return Ok(Ok(()));
        }
        for some in uids.chunks(WINDOW) {
            let messages = Messages::Set(sequence::compact(some.iter().copied()));
            let (_, status) = self.line.run(Command::Expunge(Some(messages))).await?;
            if status.status != Status::Ok {
                return Ok(Err(status));
            }
        }
        Ok(Ok(()))
    }

    /// A message made here goes into a folder there, once: where it may have gone already it is looked for.
    pub(super) async fn append(
        &mut self,
        telling: &mut Telling<'_>,
        pending: &Pending,
        (message, to): (MessageId, FolderId),
    ) -> Result<Outcome, Trouble> {
        let mirror = telling.mirror;
        let Some(name) = mirror.folder(to).ok().and_then(|folder| folder.remote) else {
            return self.append_elsewhere(mirror, pending, message);
        };
        if pending.unsure {
            self.pull_folder(mirror, to, Want::Headers, None, telling.watcher).await?;
            if mirror.pending()?.iter().all(|other| other.id != pending.id) {
                return Ok(Outcome::Settled);
            }
        }
        let Some(row) = mirror.row(message)?.filter(|row| row.held == Held::Whole) else {
            return Ok(Outcome::Never("a message to be stored is not here any more".to_owned()));
        };
        mirror.begin(pending.id)?;
        let internal_date = i64::try_from(row.received.unix_seconds()).unwrap_or_default();
        let append = Append {
            mailbox: MailboxName::new(&name),
            flags: flags_to_say(&mirror.server_flags(message)?),
            internal_date: Some(Date { unix_seconds: internal_date, offset_minutes: Some(0) }),
            source: 0,
            octets: row.size,
        };
        let mut status = self.say_append(&append, mirror, message).await?;
        if matches!(status.code, Some(Code::TryCreate)) {
            // RFC 9051 §6.3.12: the folder is gone, or was only the way to others.
            let mailbox = append.mailbox.clone();
            self.line.run(Command::Create { mailbox, parent: false, uses: Vec::new() }).await?;
            status = self.say_append(&append, mirror, message).await?;
        }
        if status.status != Status::Ok {
            // No draft is lost: it stays here, and is tried again.
            return Ok(Outcome::Later(self.line.refused("to store a message (APPEND)", &status).text));
        }
        let uid = match &status.code {
            Some(Code::AppendUid(validity, uids)) if self.is_of(mirror, to, *validity)? => {
                uids.ranges(0).first().map(|range| *range.start())
            }
            _ => None,
        };
        Ok(Outcome::Done(Told { uids: uid.map(|uid| (message, uid)).into_iter().collect(), ..Told::default() }))
    }

    async fn say_append(
        &mut self,
        append: &Append,
        mirror: &Mirror,
        message: MessageId,
    ) -> Result<StatusText, Trouble> {
        let number = self.line.append(append.clone(), mirror, message).await?;
        Ok(self.line.gather(number).await?.1)
    }

    /// Its folder is gone: it goes among the drafts, or into the inbox, rather than nowhere.
    fn append_elsewhere(&self, mirror: &Mirror, pending: &Pending, message: MessageId) -> Result<Outcome, Trouble> {
        let there = |role| mirror.folder_of_role(role).ok().flatten().filter(|folder| folder.remote.is_some());
        match there(Role::Drafts).or_else(|| there(Role::Inbox)) {
            Some(folder) => {
                mirror.act(Action::Append { message, to: folder.id })?;
                mirror.give_up(pending.id)?;
                Ok(Outcome::Settled)
            }
            None => Ok(Outcome::Later("the folder of a message is not on the server".to_owned())),
        }
    }

    /// Whether UIDs of this validity are those the mirror knows of a folder.
    pub(super) fn is_of(&self, mirror: &Mirror, folder: FolderId, uid_validity: u32) -> Result<bool, Trouble> {
        Ok(State::read(&mirror.folder_state(folder)?).uid_validity == uid_validity)
    }
}

/// What of some flags a folder keeps, and what it does not.
fn split(flags: &Flags, opened: &super::open::Opened) -> (Flags, Flags) {
    let (mut kept, mut lost) = (Flags::of(flags.bits), Flags::default());
    for keyword in &flags.keywords {
        let side = if opened.keeps(keyword) { &mut kept } else { &mut lost };
        side.add(&Flags::keyword(keyword));
    }
    (kept, lost)
}

/// Flags as a command names them. A keyword that is no atom cannot be said.
fn flags_to_say(flags: &Flags) -> Vec<Flag> {
    let system = SYSTEM.into_iter().filter(|flag| flags.has(flag.bit())).map(Flag::System);
    let is_atom = |word: &&String| {
        !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet))
    };
    system.chain(flags.keywords.iter().filter(is_atom).map(|word| Flag::Keyword(word.clone()))).collect()
}

/// The COPYUID of a command, wherever it stands (RFC 4315 §3; RFC 6851 §4.3: before the messages vanish): UIDVALIDITY there,
/// and for each UID here the one there.
pub(super) fn copy_uids(told: &[Data], status: &StatusText) -> Option<(u32, Vec<(u32, u32)>)> {
    let codes = told.iter().filter_map(|data| match data {
        Data::Status(status) => status.code.as_ref(),
        _ => None,
    });
    codes.chain(status.code.as_ref()).find_map(|code| match code {
        Code::CopyUid(validity, from, to) => {
            let count = |set: &message::search::Set| {
                set.ranges(0).iter().map(|range| u64::from(range.end() - range.start()) + 1).sum::<u64>()
            };
            let fits = count(from) == count(to) && count(from) <= WINDOW as u64;
            fits.then(|| (*validity, in_order(from).zip(in_order(to)).collect()))
        }
        _ => None,
    })
}

/// The numbers of a set in the order they stand.
fn in_order(set: &message::search::Set) -> impl Iterator<Item = u32> {
    let bound = |bound: message::search::Bound| match bound {
        message::search::Bound::Number(number) => number,
        message::search::Bound::Last => 0,
    };
    let ranges: Vec<(u32, u32)> = set.0.iter().map(|(first, last)| (bound(*first), bound(*last))).collect();
    // RFC 4315 §3: a range counts upwards, whichever end stands first.
    ranges.into_iter().flat_map(|(first, last)| first.min(last)..=first.max(last)).take(WINDOW)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn copied(from: &str, to: &str) -> Option<(u32, Vec<(u32, u32)>)> {
        let set = |text: &str| sequence::read_set(text.as_bytes()).unwrap();
        let code = Some(Code::CopyUid(7, set(from), set(to)));
        copy_uids(&[], &StatusText { status: Status::Ok, code, text: String::new() })
    }

    #[test]
    fn copies_are_told_in_order() {
        assert_eq!(copied("4,2:3", "10:12"), Some((7, vec![(4, 10), (2, 11), (3, 12)])));
        assert_eq!(copied("1:3", "1:2"), None);
        assert_eq!(copied("1:4294967295", "1:4294967295"), None, "more than were asked for");
        let all = format!("1:{WINDOW}");
        assert_eq!(copied(&all, &all).unwrap().1.len(), WINDOW);
        let more = format!("1:{}", WINDOW + 1);
        assert_eq!(copied(&more, &more), None);
    }

    #[test]
    fn keywords_that_are_no_atoms_are_not_said() {
        let mut flags = Flags::of(flag_bits::SEEN | flag_bits::DRAFT);
        ["$Forwarded", "a\r\nb", "a)b", "", "\u{e4}"].iter().for_each(|word| flags.add(&Flags::keyword(word)));
        let said: Vec<String> = flags_to_say(&flags).iter().map(Flag::to_string).collect();
        assert_eq!(said, ["\\Seen", "\\Draft", "$Forwarded"]);
    }
}
