//! The journal: what the user did and the server has not been told of. Owns its rows, undoing, and what the truth becomes
//! once the server was told.

use super::action::{Acted, Action, ActionId, Pending};
use super::folders;
use super::replay;
use super::types::{Flags, FolderId, MessageId};
use super::{Error, Mirror, Outcome, Result};
use message::Time;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// Messages of one action: what a user can mark at once, and one row of the journal can hold.
pub const MESSAGES_MAX: usize = 500_000;

/// What the server said of an action that it carried out.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The new UIDs of messages that were moved or appended, where it told them.
    pub uids: Vec<(MessageId, u32)>,
    /// The ids it gave to messages it did not have before.
    pub remotes: Vec<(MessageId, String)>,
    /// Messages that were not there any more.
    pub missing: Vec<MessageId>,
    /// What it calls a folder that was made or renamed.
    pub folder: Option<String>,
    /// What it calls folders that were renamed along with one above them.
    pub below: Vec<(FolderId, String)>,
    /// Flags it keeps none of, though they were to be set.
    pub refused: Flags,
}

impl Mirror {
    /// Does something: here at once, over there when the server is reached.
    ///
    /// # Errors
    /// When a folder is gone or cannot be changed so, or the file cannot be written.
    pub fn act(&self, action: Action) -> Result<Acted> {
        self.write(|tx| act(tx, &action))
    }

    /// Does several things, all or none: what takes back a change, for example.
    ///
    /// # Errors
    /// Those of [`Mirror::act`].
    pub fn act_all(&self, actions: &[Action]) -> Result<Vec<Acted>> {
        self.write(|tx| actions.iter().map(|action| act(tx, action)).collect())
    }

    /// What the server has not been told of, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pending(&self) -> Result<Vec<Pending>> {
        self.read(|db| {
            let mut ask =
                db.prepare_cached("SELECT id, action, begun, tries, error, not_before FROM action ORDER BY id")?;
            let rows = ask.query_map([], pending)?.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
    }

    /// The next action to tell the server of, if it is due.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_action(&self, now: Time) -> Result<Option<Pending>> {
        let first = self.read(|db| {
            let sql = "SELECT id, action, begun, tries, error, not_before FROM action ORDER BY id LIMIT 1";
            db.prepare_cached(sql)?.query_row([], pending).optional()
        })?;
        Ok(first.flatten().filter(|pending| pending.not_before <= now))
    }

    /// The messages that go into folders next, if they are due: as far as they stand in the journal one after another, each
    /// message once, and at most so many.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_appends(&self, now: Time, most: usize) -> Result<Vec<Pending>> {
        let first = self.read(|db| {
            let sql = "SELECT id, action, begun, tries, error, not_before FROM action ORDER BY id LIMIT ?1";
            let mut ask = db.prepare_cached(sql)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            ask.query_map([most], pending)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let mut met = BTreeSet::new();
        let mut is_one = |pending: &Pending| match pending.action {
            Action::Append { message, .. } => pending.not_before <= now && met.insert(message),
            _ => false,
        };
        Ok(first.into_iter().map_while(|pending| pending.filter(&mut is_one)).collect())
    }

    /// Notes that the server is about to be told: should nothing more be heard, the action is `unsure`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(&self, id: ActionId) -> Result<()> {
        self.begin_all(&[id])
    }

    /// The same of many, in one transaction.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin_all(&self, ids: &[ActionId]) -> Result<()> {
        self.write(|tx| {
            let mut begin = tx.prepare_cached("UPDATE action SET begun = 1 WHERE id = ?1")?;
            ids.iter().try_for_each(|id| begin.execute([id.0]).map(drop))?;
            Ok(())
        })
    }

    /// The server carried it out: the truth is now so.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn told(&self, id: ActionId, told: &Told) -> Result<()> {
        self.write(|tx| tell(tx, id, told))
    }

    /// The same for many, in one transaction.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn told_all(&self, ids: &[ActionId]) -> Result<()> {
        self.write(|tx| ids.iter().try_for_each(|id| tell(tx, *id, &Told::default())))
    }

    /// The same with what was told of each.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn told_each(&self, each: &[(ActionId, Told)]) -> Result<()> {
        self.write(|tx| each.iter().try_for_each(|(id, told)| tell(tx, *id, told)))
    }

    /// The server could not be told now, or would not: it is tried again then.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_off(&self, id: ActionId, error: &str, not_before: Time) -> Result<()> {
        self.write(|tx| {
            tx.execute(
                "UPDATE action SET tries = tries + 1, error = ?2, not_before = ?3 WHERE id = ?1",
                params![id.0, error, i64::try_from(not_before.0).unwrap_or(i64::MAX)],
            )?;
            Ok(())
        })
    }

    /// The server will not do it, now or ever: the user sees again what the server has. Folders that were made here and
    /// are refused go, and what was to go into them is where it was.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn give_up(&self, id: ActionId) -> Result<()> {
        self.write(|tx| {
            let mut touched = concerned(tx, id)?;
            let folder = refused_folder(tx, id)?;
            strike(tx, id)?;
            if let Some(folder) = folder {
                touched.extend(forget_refused(tx, folder)?);
            }
            replay::each(tx, touched)
        })
    }
}

/// The folder that an action was to make, where the server has none of it.
fn refused_folder(tx: &Connection, id: ActionId) -> Outcome<Option<FolderId>> {
    let row: Option<String> =
        tx.query_row("SELECT action FROM action WHERE id = ?1", [id.0], |row| row.get(0)).optional()?;
    match row.and_then(|text| serde_json::from_str(&text).ok()) {
        Some(Action::CreateFolder { folder }) => {
            Ok(folders::by_id(tx, folder)?.filter(|folder| folder.remote.is_none()).map(|folder| folder.id))
        }
        _ => Ok(None),
    }
}

/// A folder that will never be goes with what was to be done to it; messages that were made for it stay to be stored, wherever
/// a remote finds a place for them. The messages that it touches.
fn forget_refused(tx: &Connection, folder: FolderId) -> Outcome<Vec<MessageId>> {
    let mut ask = tx.prepare("SELECT id, action FROM action ORDER BY id")?;
    let rows = ask.query_map([], |row| Ok((ActionId(row.get(0)?), row.get::<_, String>(1)?)))?;
    let rows = rows.collect::<rusqlite::Result<Vec<(ActionId, String)>>>()?;
    let mut touched = Vec::new();
    for (id, text) in rows {
        let Ok(action) = serde_json::from_str::<Action>(&text) else { continue };
        if action.folders().contains(&folder) && !matches!(action, Action::Append { .. }) {
            touched.extend(concerned(tx, id)?);
            strike(tx, id)?;
        }
    }
    super::pull::forget_folder(tx, folder)?;
    Ok(touched)
}

/// Does an action within a transaction.
pub(super) fn act(tx: &Connection, action: &Action) -> Outcome<Acted> {
    let inverse = inverse(tx, action)?;
    let messages = action.messages();
    if messages.len() > MESSAGES_MAX {
        return Err(Error::NotAllowed(format!("more than {MESSAGES_MAX} messages at once")).into());
    }
    for folder in action.folders() {
        if !folders::is_there(tx, folder)? {
            return Err(Error::Gone("folder").into());
        }
    }
    folders::change(tx, action)?;
    let id = note(tx, action)?;
    replay::each(tx, messages.iter().copied())?;
    Ok(Acted { id, inverse, for_good: action.is_for_good() })
}

/// Writes an action into the journal.
pub(super) fn note(tx: &Connection, action: &Action) -> rusqlite::Result<ActionId> {
    let text = serde_json::to_string(action).unwrap_or_default();
    tx.prepare_cached("INSERT INTO action (action) VALUES (?1)")?.execute([text])?;
    let id = ActionId(tx.last_insert_rowid());
    let mut concern = tx.prepare_cached("INSERT OR IGNORE INTO concerns (message, action) VALUES (?1, ?2)")?;
    for message in action.messages() {
        concern.execute(params![message.0, id.0])?;
    }
    Ok(id)
}

/// An action was carried out.
fn tell(tx: &Connection, id: ActionId, told: &Told) -> Outcome<()> {
    let row: Option<String> =
        tx.query_row("SELECT action FROM action WHERE id = ?1", [id.0], |row| row.get(0)).optional()?;
    let Some(action) = row.and_then(|text| serde_json::from_str::<Action>(&text).ok()) else { return Ok(()) };
    let concerned = concerned(tx, id)?;
    become_true(tx, &action, told)?;
    strike(tx, id)?;
    replay::each(tx, concerned)?;
    Ok(())
}

/// Takes an action out of the journal.
fn strike(tx: &Connection, id: ActionId) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM action WHERE id = ?1", [id.0])?;
    tx.execute("DELETE FROM concerns WHERE action = ?1", [id.0])?;
    Ok(())
}

fn concerned(tx: &Connection, id: ActionId) -> rusqlite::Result<Vec<MessageId>> {
    let mut ask = tx.prepare_cached("SELECT message FROM concerns WHERE action = ?1")?;
    ask.query_map([id.0], |row| row.get(0).map(MessageId))?.collect()
}

/// What undoes an action, as things are before it.
fn inverse(tx: &Connection, action: &Action) -> Outcome<Vec<Action>> {
    Ok(match action {
        Action::Flag { messages, add, remove } => unflag(tx, messages, add, remove)?,
        Action::Move { messages, from, to } => {
            vec![Action::Move { messages: messages.clone(), from: *to, to: *from }]
        }
        Action::Copy { messages, to } => {
            let mut lay_elsewhere =
                tx.prepare_cached("SELECT count(*) FROM placed WHERE folder = ?1 AND message = ?2")?;
            let mut new = Vec::new();
            for message in messages {
                if lay_elsewhere.query_row(params![to.0, message.0], |row| row.get::<_, i64>(0))? == 0 {
                    new.push(*message);
                }
            }
            vec![Action::Destroy { messages: new, from: *to }]
        }
        Action::Append { message, to } => vec![Action::Destroy { messages: vec![*message], from: *to }],
        Action::CreateFolder { folder } => vec![Action::DeleteFolder { folder: *folder }],
        Action::RenameFolder { folder, .. } => {
            let old = folders::by_id(tx, *folder)?.ok_or(Error::Gone("folder"))?;
            vec![Action::RenameFolder { folder: *folder, name: old.name }]
        }
        Action::Subscribe { folder, on } => vec![Action::Subscribe { folder: *folder, on: !on }],
        Action::Destroy { .. } | Action::DeleteFolder { .. } => Vec::new(),
    })
}

/// What gives messages back the flags they have: for each flag that changes, those messages it changes for.
fn unflag(tx: &Connection, messages: &[MessageId], add: &Flags, remove: &Flags) -> Outcome<Vec<Action>> {
    let before: Vec<(MessageId, Flags)> =
        messages.iter().map(|id| Ok((*id, replay::seen_flags(tx, *id)?))).collect::<rusqlite::Result<_>>()?;
    let mut undo = Vec::new();
    let mut each = |flag: Flags, set: bool| {
        let differ = |had: &Flags| {
            let mut with = had.clone();
            with.add(&flag);
            (with == *had) != set
        };
        let changed: Vec<MessageId> = before.iter().filter(|(_, had)| differ(had)).map(|(id, _)| *id).collect();
        if !changed.is_empty() {
            let (add, remove) = if set { (Flags::default(), flag) } else { (flag, Flags::default()) };
            undo.push(Action::Flag { messages: changed, add, remove });
        }
    };
    singly(add).into_iter().for_each(|flag| each(flag, true));
    singly(remove).into_iter().for_each(|flag| each(flag, false));
    Ok(undo)
}

/// Each flag of a set alone.
fn singly(flags: &Flags) -> Vec<Flags> {
    let bits = (0..64).map(|place| 1u64 << place).filter(|bit| flags.bits & bit != 0).map(Flags::of);
    bits.chain(flags.keywords.iter().map(|keyword| Flags::keyword(keyword))).collect()
}

/// The truth after the server carried out an action.
fn become_true(tx: &Connection, action: &Action, told: &Told) -> Outcome<()> {
    for (message, remote) in &told.remotes {
        tx.execute("UPDATE OR IGNORE message SET remote = ?2 WHERE id = ?1", params![message.0, remote])?;
    }
    let missing: BTreeSet<MessageId> = told.missing.iter().copied().collect();
    let uid = |message: MessageId| told.uids.iter().find(|(id, _)| *id == message).map_or(0, |(_, uid)| *uid);
    match action {
        Action::Flag { messages, add, remove } => {
            let mut kept = add.clone();
            kept.remove(&told.refused);
            flag_truly(tx, messages, &kept, remove)?;
        }
        Action::Move { messages, from, to } => {
            for message in messages {
                let was = leave(tx, *from, *message)?;
                if was && !missing.contains(message) {
                    arrive(tx, *to, *message, uid(*message))?;
                }
            }
        }
        // In IMAP a copy is another message, which comes with the next look; where a message has one id for all folders it
        // is the same.
        Action::Copy { messages, to } => {
            for message in messages.iter().filter(|message| !missing.contains(message)) {
                if has_remote(tx, *message)? {
                    arrive(tx, *to, *message, 0)?;
                }
            }
        }
        Action::Destroy { messages, from } => {
            for message in messages {
                leave(tx, *from, *message)?;
            }
        }
        Action::Append { message, to } => arrive(tx, *to, *message, uid(*message))?,
        Action::CreateFolder { folder } | Action::RenameFolder { folder, .. } => {
            if let Some(name) = &told.folder {
                tx.execute("UPDATE OR IGNORE folder SET remote = ?2 WHERE id = ?1", params![folder.0, name])?;
            }
            for (folder, name) in &told.below {
                tx.execute("UPDATE OR IGNORE folder SET remote = ?2 WHERE id = ?1", params![folder.0, name])?;
            }
        }
        Action::DeleteFolder { folder } => super::pull::forget_folder(tx, *folder)?,
        Action::Subscribe { .. } => {}
    }
    Ok(())
}

fn flag_truly(tx: &Connection, messages: &[MessageId], add: &Flags, remove: &Flags) -> rusqlite::Result<()> {
    for message in messages {
        let mut flags = replay::true_flags(tx, *message)?;
        flags.remove(remove);
        flags.add(add);
        replay::set_true_flags(tx, *message, &flags)?;
    }
    Ok(())
}

fn leave(tx: &Connection, folder: FolderId, message: MessageId) -> rusqlite::Result<bool> {
    let mut out = tx.prepare_cached("DELETE FROM there WHERE folder = ?1 AND message = ?2")?;
    Ok(out.execute(params![folder.0, message.0])? > 0)
}

/// A message is in a folder over there. Where its UID came already as that of a message that was not known, the two are one.
pub(super) fn arrive(tx: &Connection, folder: FolderId, message: MessageId, uid: u32) -> rusqlite::Result<()> {
    if uid != 0 {
        let twin: Option<i64> = tx
            .prepare_cached("SELECT message FROM there WHERE folder = ?1 AND uid = ?2 AND message <> ?3")?
            .query_row(params![folder.0, uid, message.0], |row| row.get(0))
            .optional()?;
        if let Some(twin) = twin {
            tx.execute("DELETE FROM there WHERE folder = ?1 AND message = ?2", params![folder.0, twin])?;
            replay::each(tx, [MessageId(twin)]).map_err(|refused| match refused {
                super::Refused::Sqlite(error) => error,
                super::Refused::Ours(_) => rusqlite::Error::InvalidQuery,
            })?;
        }
    }
    tx.prepare_cached("INSERT OR REPLACE INTO there (folder, message, uid) VALUES (?1, ?2, ?3)")?
        .execute(params![folder.0, message.0, uid])?;
    Ok(())
}

fn has_remote(tx: &Connection, message: MessageId) -> rusqlite::Result<bool> {
    let mut ask = tx.prepare_cached("SELECT remote IS NOT NULL FROM message WHERE id = ?1")?;
    Ok(ask.query_row([message.0], |row| row.get(0)).optional()?.unwrap_or(false))
}

/// A row of the journal; `None` for one that cannot be read, which no release before this one wrote.
fn pending(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Pending>> {
    let Ok(action) = serde_json::from_str(&row.get::<_, String>(1)?) else { return Ok(None) };
    Ok(Some(Pending {
        id: ActionId(row.get(0)?),
        action,
        unsure: row.get(2)?,
        tries: row.get(3)?,
        error: row.get(4)?,
        not_before: Time(row.get::<_, i64>(5)?.try_into().unwrap_or_default()),
    }))
}
