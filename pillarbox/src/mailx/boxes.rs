//! Mailboxes that `mail` opens: an mbox of this machine, or a folder of an account's mirror. Owns how what was done in a
//! session becomes flags and moves there.

use crate::mail::desk::Desk;
use agent::mailx::{Mailbox, Message, State, spool};
use agent::mirror::{Action, Flags, FolderId, MessageId, Order, Role, View};
use message::flags::flag_bits;
use std::path::{Path, PathBuf};

/// What the inbox of an account is called.
pub const INBOX: &str = "inbox";
/// Messages of an account's folder that a session has, the newest: all of them are in memory.
const MESSAGES_MAX: u64 = 1000;

/// Where an open mailbox comes from.
pub enum Source {
    /// A file, and what stood in it.
    Spool(PathBuf, Vec<u8>),
    /// A folder of an account.
    Folder(FolderId),
}

/// Opens a mailbox: of an account a folder of the name, else a file.
pub fn open(name: &str, desk: Option<&Desk>) -> Result<(Mailbox, Source), String> {
    let told = |error: agent::mirror::Error| error.to_string();
    let folder = match desk {
        Some(desk) => desk.mirror.folder_named(name).map_err(told)?.map(|folder| (desk, folder)),
        None => None,
    };
    match folder {
        Some((desk, folder)) => {
            let mut mailbox = of_folder(desk, folder.id).map_err(told)?;
            mailbox.name = folder.name;
            Ok((mailbox, Source::Folder(folder.id)))
        }
        None if name == INBOX && desk.is_some() => Err("no mail yet: `pillarbox mail sync` brings it".to_owned()),
        None => {
            let path = Path::new(name);
            let (mailbox, before) = spool::open(path)?;
            Ok((mailbox, Source::Spool(path.to_owned(), before)))
        }
    }
}

fn of_folder(desk: &Desk, folder: FolderId) -> agent::mirror::Result<Mailbox> {
    let view = View { folder: Some(folder), order: Order::Received, ..View::default() };
    let mut rows = desk.mirror.rows(&view, desk.now, 0, MESSAGES_MAX)?;
    rows.reverse();
    let mut mailbox = Mailbox::default();
    for row in rows {
        let octets = match desk.mirror.content(row.id)? {
            Some(content) => content,
            None => desk.mirror.header(row.id)?,
        };
        let state = State {
            new: !row.flags.has(flag_bits::SEEN),
            read: row.flags.has(flag_bits::SEEN),
            answered: row.flags.has(flag_bits::ANSWERED),
            flagged: row.flags.has(flag_bits::FLAGGED),
            ..State::default()
        };
        let sender = if row.address.is_empty() { "MAILER-DAEMON" } else { &row.address };
        mailbox.messages.push(Message {
            key: u64::try_from(row.id.0).unwrap_or_default(),
            envelope: format!("{sender} {}", spool::asctime(row.received)),
            received: row.received,
            raw: without_cr(&octets),
            state,
        });
    }
    Ok(mailbox)
}

fn without_cr(octets: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(rest) => {
                text.extend_from_slice(rest);
                text.push(b'\n');
            }
            None => text.extend_from_slice(line),
        }
    }
    text
}

/// Makes what was done last; what is to be said of it.
pub fn close(mailbox: &Mailbox, source: &Source, desk: Option<&mut Desk>) -> Result<Option<String>, String> {
    match (source, desk) {
        (Source::Spool(path, before), _) => {
            if spool::messages(before) == mailbox.messages {
                return Ok(None);
            }
            spool::close(path, mailbox, before)?;
            let word = if mailbox.left() == 0 { "truncated" } else { "updated." };
            Ok(Some(format!("{} {word}", mailbox.name)))
        }
        (Source::Folder(folder), Some(desk)) => {
            let actions = actions(mailbox, *folder, desk)?;
            if actions.is_empty() {
                return Ok(None);
            }
            desk.act(&actions, "what was done in mail").map_err(|trouble| trouble.message().unwrap_or_default())?;
            Ok(Some(format!("{} updated.", mailbox.name)))
        }
        (Source::Folder(_), None) => Ok(None),
    }
}

/// Copies messages of the account to one of its folders.
pub fn copy(messages: &[u64], folder: &str, desk: &mut Desk) -> Result<(), String> {
    let told = |error: agent::mirror::Error| error.to_string();
    let found = desk.mirror.folder_named(folder).map_err(told)?;
    let to = found.ok_or_else(|| format!("{folder}: there is no such folder"))?.id;
    let messages = messages.iter().map(|key| MessageId(i64::try_from(*key).unwrap_or_default())).collect();
    let copied = desk.act(&[Action::Copy { messages, to }], "what was copied in mail");
    copied.map_err(|trouble| trouble.message().unwrap_or_default())
}

/// What was done, as changes: flags that are other now, then what was deleted to the trash.
fn actions(mailbox: &Mailbox, folder: FolderId, desk: &Desk) -> Result<Vec<Action>, String> {
    let told = |error: agent::mirror::Error| error.to_string();
    let trash = desk.mirror.folder_for(Role::Trash).map_err(told)?;
    let mut actions = Vec::new();
    let mut gone = Vec::new();
    for message in &mailbox.messages {
        let id = MessageId(i64::try_from(message.key).unwrap_or_default());
        let Some(row) = desk.mirror.row(id).map_err(told)? else { continue };
        let state = &message.state;
        let (mut add, mut remove) = (Flags::default(), Flags::default());
        let wanted =
            [(state.read, flag_bits::SEEN), (state.answered, flag_bits::ANSWERED), (state.flagged, flag_bits::FLAGGED)];
        for (is_set, bit) in wanted {
            match (is_set, row.flags.has(bit)) {
                (true, false) => add.bits |= bit,
                (false, true) => remove.bits |= bit,
                _ => {}
            }
        }
        if !add.is_empty() || !remove.is_empty() {
            actions.push(Action::Flag { messages: vec![id], add, remove });
        }
        if state.deleted {
            gone.push(id);
        }
    }
    if !gone.is_empty() {
        let away = if folder == trash {
            Action::Destroy { messages: gone, from: folder }
        } else {
            Action::Move { messages: gone, from: folder, to: trash }
        };
        actions.push(away);
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_on_an_account_becomes_flags_and_moves() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = crate::mail::tests::desk(folder.path());
        let (mut mailbox, source) = open(INBOX, Some(&desk)).unwrap();
        assert_eq!((mailbox.name.as_str(), mailbox.messages.len()), ("INBOX", 4));
        assert!(mailbox.messages[0].raw.starts_with(b"From: Alice") && !mailbox.messages[0].raw.contains(&b'\r'));
        assert_eq!(close(&mailbox, &source, Some(&mut desk)), Ok(None), "nothing was done");
        mailbox.messages[0].state.read = true;
        mailbox.messages[1].state.deleted = true;
        assert_eq!(close(&mailbox, &source, Some(&mut desk)), Ok(Some("INBOX updated.".to_owned())));
        assert!(desk.mirror.row(MessageId(1)).unwrap().unwrap().flags.has(flag_bits::SEEN));
        let trash = desk.mirror.folder_for(Role::Trash).unwrap();
        assert_eq!(desk.mirror.messages_in(trash).unwrap(), [MessageId(2)]);
        assert!(open("/nowhere/box", Some(&desk)).is_err());
        assert_eq!(copy(&[1, 3], "archive", &mut desk), Ok(()));
        let archive = desk.mirror.folder_for(Role::Archive).unwrap();
        assert_eq!(desk.mirror.messages_in(archive).unwrap().len(), 2);
        assert!(copy(&[1], "Nowhere", &mut desk).is_err());
    }
}
