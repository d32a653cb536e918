//! What a server tells of folders and messages becomes the truth. Owns matching what comes to what is known: messages moved or
//! appended by us come back under UIDs that we may not have been told.

use super::action::Action;
use super::folders;
use super::replay;
use super::thread;
use super::types::{Arrival, Flags, FolderId, Held, MessageId, Place, Role};
use super::words;
use super::{Mirror, Outcome, Result};
use message::header::Entry;
use message::summary::Envelope;
use message::{Summary, Time};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::collections::BTreeSet;

/// A folder as a server tells of it.
#[derive(Clone, Debug, Default)]
pub struct FolderFound {
    /// What the server calls it.
    pub remote: String,
    /// Its path, levels parted by `/`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether it can hold messages.
    pub selectable: bool,
    /// Whether the user wants to see it.
    pub subscribed: bool,
}

/// A run of things a server told, one transaction.
pub struct Pull<'a> {
    tx: &'a Transaction<'a>,
    touched: BTreeSet<MessageId>,
    /// What the journal has about folders, once somebody asked: it may be long, and it is asked for each folder.
    of_folders: Option<Vec<Action>>,
}

impl Mirror {
    /// Takes in what a server told, all or nothing. A few hundred messages at a time keep others from waiting.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn pull<T>(&self, take: impl FnOnce(&mut Pull<'_>) -> rusqlite::Result<T>) -> Result<T> {
        self.write(|tx| {
            let mut pull = Pull { tx, touched: BTreeSet::new(), of_folders: None };
            let done = take(&mut pull)?;
            let touched = std::mem::take(&mut pull.touched);
            replay::each(tx, touched)?;
            Ok(done)
        })
    }

    /// Where a message is over there, as far as we were told.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn places(&self, message: MessageId) -> Result<Vec<Place>> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT folder, uid FROM there WHERE message = ?1 ORDER BY folder")?;
            let place = |row: &rusqlite::Row<'_>| Ok(Place { folder: FolderId(row.get(0)?), uid: row.get(1)? });
            ask.query_map([message.0], place)?.collect()
        })
    }

    /// The UIDs a folder has over there as far as we were told, sorted, with the message of each. Without UID: 0.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn uids(&self, folder: FolderId) -> Result<Vec<(u32, MessageId)>> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT uid, message FROM there WHERE folder = ?1 ORDER BY uid")?;
            ask.query_map([folder.0], |row| Ok((row.get(0)?, MessageId(row.get(1)?))))?.collect()
        })
    }

    /// Whether messages are expected in a folder whose UIDs nobody told.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn expects(&self, folder: FolderId) -> Result<bool> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM there WHERE folder = ?1 AND uid = 0)")?;
            ask.query_row([folder.0], |row| row.get(0))
        })
    }

    /// The message a server calls so, and what it is called.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn by_remote(&self, remote: &str) -> Result<Option<MessageId>> {
        self.read(|db| message_of_remote(db, remote))
    }

    /// What the server calls a message.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn remote_of(&self, message: MessageId) -> Result<Option<String>> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT remote FROM message WHERE id = ?1")?;
            Ok(ask.query_row([message.0], |row| row.get(0)).optional()?.flatten())
        })
    }

    /// The flags the server has of a message, without what the user did since.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn server_flags(&self, message: MessageId) -> Result<Flags> {
        self.read(|db| replay::true_flags(db, message))
    }

    /// What a remote keeps about a folder.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn folder_state(&self, folder: FolderId) -> Result<String> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT state FROM folder WHERE id = ?1")?;
            Ok(ask.query_row([folder.0], |row| row.get(0)).optional()?.unwrap_or_default())
        })
    }
}

impl Pull<'_> {
    /// The transaction all of it is in.
    pub(super) fn transaction(&self) -> &Connection {
        self.tx
    }

    /// All folders there are. Those the server does not name any more go with their messages, but for folders it has not
    /// been told of.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn folders(&mut self, found: &[FolderFound]) -> rusqlite::Result<Vec<FolderId>> {
        let ids = found.iter().map(|folder| self.folder(folder)).collect::<rusqlite::Result<Vec<_>>>()?;
        let mut ask = self.tx.prepare("SELECT id FROM folder WHERE remote IS NOT NULL")?;
        let known: Vec<i64> = ask.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for gone in known.into_iter().map(FolderId).filter(|known| !ids.contains(known)) {
            self.forget_folder(gone)?;
        }
        Ok(ids)
    }

    /// One folder.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn folder(&mut self, found: &FolderFound) -> rusqlite::Result<FolderId> {
        let known: Option<i64> = self
            .tx
            .query_row("SELECT id FROM folder WHERE remote = ?1", [&found.remote], |row| row.get(0))
            .optional()?;
        let id = match known.map(FolderId) {
            Some(id) => {
                self.rename(id, &found.name)?;
                id
            }
            None => self.adopt(found)?,
        };
        self.tx.execute(
            "UPDATE folder SET role = CASE WHEN ?2 = 'none' THEN role ELSE ?2 END, selectable = ?3 WHERE id = ?1",
            params![id.0, found.role.word(), found.selectable],
        )?;
        if !self.is_awaiting(id, |action| matches!(action, Action::Subscribe { .. }))? {
            self.tx.execute("UPDATE folder SET subscribed = ?2 WHERE id = ?1", params![id.0, found.subscribed])?;
        }
        Ok(id)
    }

    /// A folder the server has and we do not know by what the server calls it: one made here under this name, or a new one.
    fn adopt(&mut self, found: &FolderFound) -> rusqlite::Result<FolderId> {
        if let Some(id) = folders::id_of(self.tx, &found.name)? {
            self.tx.execute("UPDATE folder SET remote = ?2 WHERE id = ?1", params![id.0, found.remote])?;
            return Ok(id);
        }
        self.tx.execute("INSERT INTO folder (name, remote) VALUES (?1, ?2)", params![found.name, found.remote])?;
        Ok(FolderId(self.tx.last_insert_rowid()))
    }

    /// The server has another name for a folder, unless the user has given it one since.
    fn rename(&mut self, id: FolderId, name: &str) -> rusqlite::Result<()> {
        let ours = |action: &Action| matches!(action, Action::RenameFolder { .. } | Action::DeleteFolder { .. });
        if self.is_awaiting(id, ours)? {
            return Ok(());
        }
        // Where another folder has the name for the moment, the next look finds it free.
        self.tx.execute("UPDATE OR IGNORE folder SET name = ?2 WHERE id = ?1 AND name <> ?2", params![id.0, name])?;
        Ok(())
    }

    /// Whether the journal has such an action on a folder.
    fn is_awaiting(&mut self, folder: FolderId, which: impl Fn(&Action) -> bool) -> rusqlite::Result<bool> {
        let awaited = match self.of_folders.take() {
            Some(known) => known,
            None => actions_on_folders(self.tx)?,
        };
        let is_awaited = awaited.iter().any(|action| action.folders().contains(&folder) && which(action));
        self.of_folders = Some(awaited);
        Ok(is_awaited)
    }

    /// A folder is there no more, and nothing in it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_folder(&mut self, folder: FolderId) -> rusqlite::Result<()> {
        let gone = forget_there(self.tx, folder)?;
        self.touched.extend(gone);
        self.tx.execute("DELETE FROM folder WHERE id = ?1", [folder.0])?;
        Ok(())
    }

    /// Everything in a folder is to be learned again: UIDVALIDITY has changed (RFC 9051 §2.3.1.1). Messages stay as such
    /// that may come again, so that their content need not.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn unlearn(&mut self, folder: FolderId) -> rusqlite::Result<()> {
        self.tx.execute("UPDATE there SET uid = 0 WHERE folder = ?1", [folder.0])?;
        Ok(())
    }

    /// What a remote wants to keep about a folder.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_folder_state(&mut self, folder: FolderId, state: &str) -> rusqlite::Result<()> {
        self.tx.execute("UPDATE folder SET state = ?2 WHERE id = ?1", params![folder.0, state])?;
        Ok(())
    }

    /// What a remote wants to keep about the account.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_fact(&mut self, name: &str, value: &str) -> rusqlite::Result<()> {
        self.tx.execute("INSERT OR REPLACE INTO fact (name, value) VALUES (?1, ?2)", params![name, value])?;
        Ok(())
    }

    /// A message is in a folder. Told again, it changes nothing but its flags.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn arrive(&mut self, folder: FolderId, arrival: &Arrival) -> rusqlite::Result<MessageId> {
        let known = match (&arrival.remote, arrival.uid) {
            (Some(remote), _) => message_of_remote(self.tx, remote)?,
            (None, 0) => None,
            (None, uid) => self.message_at(folder, uid)?,
        };
        let id = match known {
            Some(id) => id,
            None => match self.expected(folder, arrival)? {
                Some(id) => id,
                None => insert(self.tx, arrival)?,
            },
        };
        if let Some(remote) = &arrival.remote {
            self.tx.execute(
                "UPDATE OR IGNORE message SET remote = ?2 WHERE id = ?1 AND remote IS NOT ?2",
                params![id.0, remote],
            )?;
        }
        self.tx
            .prepare_cached("INSERT OR REPLACE INTO there (folder, message, uid) VALUES (?1, ?2, ?3)")?
            .execute(params![folder.0, id.0, arrival.uid])?;
        replay::set_true_flags(self.tx, id, &arrival.flags)?;
        self.touched.insert(id);
        Ok(id)
    }

    /// The message a server calls so.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn message_of(&self, remote: &str) -> rusqlite::Result<Option<MessageId>> {
        message_of_remote(self.tx, remote)
    }

    /// The message of a UID.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn message_at(&self, folder: FolderId, uid: u32) -> rusqlite::Result<Option<MessageId>> {
        let mut ask = self.tx.prepare_cached("SELECT message FROM there WHERE folder = ?1 AND uid = ?2")?;
        ask.query_row(params![folder.0, uid], |row| row.get(0).map(MessageId)).optional()
    }

    /// A message of ours that is expected in a folder: it was moved or appended there without our being told its UID, or it
    /// may have been appended before the connection broke. Then the server was told.
    fn expected(&mut self, folder: FolderId, arrival: &Arrival) -> rusqlite::Result<Option<MessageId>> {
        let name = words::first_message_id(&arrival.header);
        if name.is_empty() {
            return Ok(None);
        }
        let mut ask = self.tx.prepare_cached(
            "SELECT message.id FROM there JOIN message ON message.id = there.message
             WHERE there.folder = ?1 AND there.uid = 0 AND message.message_id = ?2 AND (?4 = 0 OR message.remote IS NULL)
             ORDER BY abs(message.size - ?3), message.id",
        )?;
        let size = i64::try_from(arrival.size).unwrap_or(i64::MAX);
        // Where messages have ids, one that has another id is another message, though it is a copy.
        let named = arrival.remote.is_some();
        if let Some(id) = ask.query_row(params![folder.0, name, size, named], |row| row.get(0)).optional()? {
            return Ok(Some(MessageId(id)));
        }
        let mut ask = self.tx.prepare_cached(
            "SELECT message.id, action.id, action.action FROM message JOIN concerns ON concerns.message = message.id
             JOIN action ON action.id = concerns.action
             WHERE message.message_id = ?1 AND action.begun = 1 AND action.action LIKE '{\"Append\"%'",
        )?;
        let rows = ask.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for row in rows.collect::<rusqlite::Result<Vec<(i64, i64, String)>>>()? {
            let (id, action, text) = row;
            if matches!(serde_json::from_str(&text), Ok(Action::Append { to, .. }) if to == folder) {
                self.tx.execute("DELETE FROM action WHERE id = ?1", [action])?;
                self.tx.execute("DELETE FROM concerns WHERE action = ?1", [action])?;
                return Ok(Some(MessageId(id)));
            }
        }
        Ok(None)
    }

    /// The flags of a message at a UID.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flags(&mut self, folder: FolderId, uid: u32, flags: &Flags) -> rusqlite::Result<()> {
        match self.message_at(folder, uid)? {
            Some(message) => self.flags_of(message, flags),
            None => Ok(()),
        }
    }

    /// The flags of a message.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flags_of(&mut self, message: MessageId, flags: &Flags) -> rusqlite::Result<()> {
        replay::set_true_flags(self.tx, message, flags)?;
        self.touched.insert(message);
        Ok(())
    }

    /// A message is not at this UID any more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn vanish(&mut self, folder: FolderId, uid: u32) -> rusqlite::Result<()> {
        match self.message_at(folder, uid)? {
            Some(message) => self.leave(folder, message),
            None => Ok(()),
        }
    }

    /// A message is not in this folder any more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn leave(&mut self, folder: FolderId, message: MessageId) -> rusqlite::Result<()> {
        self.tx.execute("DELETE FROM there WHERE folder = ?1 AND message = ?2", params![folder.0, message.0])?;
        self.touched.insert(message);
        Ok(())
    }

    /// A message is in these folders and no others, where it has one id for all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn lies_in(&mut self, message: MessageId, folders: &[FolderId]) -> rusqlite::Result<()> {
        self.tx.execute("DELETE FROM there WHERE message = ?1", [message.0])?;
        for folder in folders {
            self.tx.execute(
                "INSERT OR REPLACE INTO there (folder, message, uid) VALUES (?1, ?2, 0)",
                params![folder.0, message.0],
            )?;
        }
        self.touched.insert(message);
        Ok(())
    }

    /// A folder was listed whole, after which nothing of ours was under way to it: what was expected there and did not come
    /// is there no more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn expect_no_more(&mut self, folder: FolderId) -> rusqlite::Result<()> {
        let mut ask = self.tx.prepare("SELECT message FROM there WHERE folder = ?1 AND uid = 0")?;
        let left: Vec<i64> = ask.query_map([folder.0], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for message in left {
            self.leave(folder, MessageId(message))?;
        }
        Ok(())
    }
}

/// What the journal has about folders themselves.
fn actions_on_folders(tx: &Connection) -> rusqlite::Result<Vec<Action>> {
    let mut ask =
        tx.prepare_cached("SELECT action FROM action WHERE action LIKE '%Folder\"%' OR action LIKE '%Subscribe\"%'")?;
    let rows = ask.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let actions = rows.iter().filter_map(|text| serde_json::from_str::<Action>(text).ok());
    let is_on_folders = |action: &Action| action.messages().is_empty() && !matches!(action, Action::Flag { .. });
    Ok(actions.filter(is_on_folders).collect())
}

fn message_of_remote(db: &Connection, remote: &str) -> rusqlite::Result<Option<MessageId>> {
    let mut ask = db.prepare_cached("SELECT id FROM message WHERE remote = ?1")?;
    ask.query_row([remote], |row| row.get(0).map(MessageId)).optional()
}

/// Nothing is in a folder over there: what was.
fn forget_there(tx: &Connection, folder: FolderId) -> rusqlite::Result<Vec<MessageId>> {
    let mut ask =
        tx.prepare("SELECT message FROM there WHERE folder = ?1 UNION SELECT message FROM placed WHERE folder = ?1")?;
    let was = ask.query_map([folder.0], |row| row.get(0).map(MessageId))?.collect::<rusqlite::Result<Vec<_>>>()?;
    tx.execute("DELETE FROM there WHERE folder = ?1", [folder.0])?;
    Ok(was)
}

/// A folder goes, with all that was only in it.
pub(super) fn forget_folder(tx: &Connection, folder: FolderId) -> Outcome<()> {
    let was = forget_there(tx, folder)?;
    tx.execute("DELETE FROM folder WHERE id = ?1", [folder.0])?;
    replay::each(tx, was)
}

/// A row for a message that was not known.
pub(super) fn insert(tx: &Connection, arrival: &Arrival) -> rusqlite::Result<MessageId> {
    let summary = Summary::of(&message::parse(&arrival.header));
    let empty = Envelope::default();
    let envelope = summary.parts.first().and_then(|part| part.envelope.as_deref()).unwrap_or(&empty);
    let subject = summary.subject_text();
    let (from, address) = first(&envelope.from);
    let to = list(&envelope.to);
    let sent = summary.sent().map_or(arrival.received, message::date::Date::time);
    let thread = thread::of(tx, &summary)?;
    tx.prepare_cached(
        "INSERT INTO message (remote, thread, message_id, received, sent, size, sender, address, recipients, subject,
             base_subject, attachments, held)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        arrival.remote,
        thread.0,
        summary.message_id.clone().unwrap_or_default(),
        milliseconds(arrival.received),
        milliseconds(sent),
        i64::try_from(arrival.size).unwrap_or(i64::MAX),
        from,
        address,
        to,
        subject,
        message::thread::base_subject(&subject).text,
        arrival.attachments.unwrap_or(false),
        Held::Header as i64,
    ])?;
    let id = MessageId(tx.last_insert_rowid());
    tx.prepare_cached("INSERT OR REPLACE INTO header (message, octets) VALUES (?1, ?2)")?
        .execute(params![id.0, super::content::pack(&arrival.header)])?;
    words::index_head(tx, id, &words::Texts::of_header(&summary, &subject))?;
    Ok(id)
}

/// The first mailbox of a list: its display name, else its address; and its address.
fn first(entries: &[Entry]) -> (String, String) {
    let Some(mailbox) = message::summary::Envelope::mailboxes(entries).next() else { return Default::default() };
    let address = words::address_text(mailbox);
    let name = mailbox.name.as_ref().map(|name| name.text()).filter(|name| !name.trim().is_empty());
    (name.unwrap_or_else(|| address.clone()), address)
}

/// Display names, else addresses.
fn list(entries: &[Entry]) -> String {
    let one = |mailbox: &message::header::Mailbox| {
        let name = mailbox.name.as_ref().map(|name| name.text()).filter(|name| !name.trim().is_empty());
        name.unwrap_or_else(|| words::address_text(mailbox))
    };
    let names: Vec<String> = message::summary::Envelope::mailboxes(entries).take(words::NAMES_SHOWN).map(one).collect();
    names.join(", ")
}

fn milliseconds(time: Time) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}
