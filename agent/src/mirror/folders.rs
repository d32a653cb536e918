//! Folders as the user sees and changes them. What the server says of folders comes by `pull`.

use super::journal;
use super::types::{Folder, FolderId, MessageId, Role};
use super::{Acted, Action, Error, Mirror, Outcome, Result};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

/// Octets of a folder's path: longer ones no server takes.
pub const NAME_OCTETS_MAX: usize = 1000;

const COLUMNS: &str = "id, name, role, remote, selectable, subscribed, total, unread";

impl Role {
    /// Its word, as in `in:trash`; `none` for none.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Inbox => "inbox",
            Role::Drafts => "drafts",
            Role::Sent => "sent",
            Role::Archive => "archive",
            Role::Junk => "junk",
            Role::Trash => "trash",
            Role::All => "all",
            Role::Flagged => "flagged",
            Role::None => "none",
        }
    }

    /// From its word, as in `in:trash`.
    #[must_use]
    pub fn of(word: &str) -> Role {
        let roles =
            [Role::Inbox, Role::Drafts, Role::Sent, Role::Archive, Role::Junk, Role::Trash, Role::All, Role::Flagged];
        let word = if word.eq_ignore_ascii_case("spam") { "junk" } else { word };
        roles.into_iter().find(|role| role.word().eq_ignore_ascii_case(word)).unwrap_or(Role::None)
    }
}

impl Mirror {
    /// All folders: the ones with a role first, inbox before all, then by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn folders(&self) -> Result<Vec<Folder>> {
        let mut folders = self.read(|db| {
            let mut ask =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM folder WHERE substr(name, 1, 2) <> '//'"))?;
            ask.query_map([], folder)?.collect::<rusqlite::Result<Vec<Folder>>>()
        })?;
        folders.sort_by_cached_key(|folder| {
            let place = if folder.role == Role::None { u8::MAX } else { folder.role as u8 };
            (place, folder.name.to_lowercase())
        });
        Ok(folders)
    }

    /// One folder.
    ///
    /// # Errors
    /// When it is gone, or the file cannot be read.
    pub fn folder(&self, id: FolderId) -> Result<Folder> {
        self.read(|db| by_id(db, id))?.ok_or(Error::Gone("folder"))
    }

    /// The folder of a role. Of several, the one made first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn folder_of_role(&self, role: Role) -> Result<Option<Folder>> {
        self.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM folder WHERE role = ?1 AND substr(name, 1, 2) <> '//' ORDER BY id LIMIT 1"
            );
            db.query_row(&sql, [role.word()], folder).optional()
        })
    }

    /// The folder somebody means: its path, else its path in another case, else the word of its role.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn folder_named(&self, name: &str) -> Result<Option<Folder>> {
        let folders = self.folders()?;
        let role = Role::of(name);
        let exact = folders.iter().find(|folder| folder.name == name);
        let found = exact
            .or_else(|| folders.iter().find(|folder| folder.name.to_lowercase() == name.to_lowercase()))
            .or_else(|| folders.iter().find(|folder| role != Role::None && folder.role == role));
        Ok(found.cloned())
    }

    /// The folder of a role, which is made where there is none.
    ///
    /// # Errors
    /// Those of [`Mirror::create_folder`].
    pub fn folder_for(&self, role: Role) -> Result<FolderId> {
        if let Some(folder) = self.folder_of_role(role)? {
            return Ok(folder.id);
        }
        let name = match role {
            Role::Inbox => "INBOX",
            Role::Drafts => "Drafts",
            Role::Sent => "Sent",
            Role::Archive => "Archive",
            Role::Junk => "Junk",
            Role::Trash => "Trash",
            Role::All | Role::Flagged | Role::None => {
                return Err(Error::NotAllowed(format!("a folder for {} cannot be made", role.word())));
            }
        };
        if let Some(folder) = self.folder_named(name)? {
            self.write(|tx| {
                tx.execute("UPDATE folder SET role = ?2 WHERE id = ?1", params![folder.id.0, role.word()])?;
                Ok(())
            })?;
            return Ok(folder.id);
        }
        let id = self.create_folder(name)?.0;
        self.write(|tx| {
            tx.execute("UPDATE folder SET role = ?2 WHERE id = ?1", params![id.0, role.word()])?;
            Ok(())
        })?;
        Ok(id)
    }

    /// Makes a folder, here at once, over there when the server is reached.
    ///
    /// # Errors
    /// When there is one of the name, the name is no name, or the file cannot be written.
    pub fn create_folder(&self, name: &str) -> Result<(FolderId, Acted)> {
        check_name(name)?;
        self.write(|tx| {
            if id_of(tx, name)?.is_some() {
                return Err(Error::FolderExists(name.to_owned()).into());
            }
            tx.execute("INSERT INTO folder (name) VALUES (?1)", [name])?;
            let folder = FolderId(tx.last_insert_rowid());
            let action = Action::CreateFolder { folder };
            let id = journal::note(tx, &action)?;
            Ok((folder, Acted { id, inverse: vec![Action::DeleteFolder { folder }], for_good: false }))
        })
    }

    /// What messages a folder holds as the user sees it, the oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn messages_in(&self, folder: FolderId) -> Result<Vec<MessageId>> {
        self.read(|db| {
            let mut ask =
                db.prepare_cached("SELECT message FROM placed WHERE folder = ?1 ORDER BY received, message")?;
            ask.query_map([folder.0], |row| row.get(0).map(MessageId))?.collect()
        })
    }
}

/// Whether a path can be one.
pub(super) fn check_name(name: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::NotAllowed(format!("{name:?} is no name for a folder: {why}")));
    if name.len() > NAME_OCTETS_MAX {
        return refuse("it is too long");
    }
    if name.split('/').any(str::is_empty) {
        return refuse("a level of it is empty");
    }
    if name.chars().any(char::is_control) {
        return refuse("it has control characters");
    }
    Ok(())
}

/// Applies the part of an action that changes folders; whether it was one.
pub(super) fn change(db: &Connection, action: &Action) -> Outcome<bool> {
    match action {
        Action::RenameFolder { folder, name } => rename(db, *folder, name)?,
        Action::DeleteFolder { folder } => {
            let has_role = by_id(db, *folder)?.is_some_and(|folder| folder.role == Role::Inbox);
            if has_role {
                return Err(Error::NotAllowed("the inbox cannot be deleted".to_owned()).into());
            }
            // Its row stays until the server was told, out of sight: no folder's path begins with an empty level.
            db.execute("UPDATE folder SET name = '//' || id WHERE id = ?1", [folder.0])?;
        }
        Action::Subscribe { folder, on } => {
            db.execute("UPDATE folder SET subscribed = ?2 WHERE id = ?1", params![folder.0, on])?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn rename(db: &Connection, folder: FolderId, name: &str) -> Outcome<()> {
    check_name(name)?;
    let old = by_id(db, folder)?.ok_or(Error::Gone("folder"))?;
    if old.role == Role::Inbox {
        return Err(Error::NotAllowed("the inbox cannot be renamed".to_owned()).into());
    }
    if id_of(db, name)?.is_some_and(|other| other != folder) {
        return Err(Error::FolderExists(name.to_owned()).into());
    }
    // What lies below goes along (RFC 9051 §6.3.6).
    let below = format!("{}/", old.name);
    db.execute("UPDATE folder SET name = ?2 WHERE id = ?1", params![folder.0, name])?;
    db.execute(
        "UPDATE folder SET name = ?3 || substr(name, length(?2)) WHERE substr(name, 1, length(?2)) = ?2 AND id <> ?1",
        params![folder.0, below, name],
    )?;
    Ok(())
}

pub(super) fn id_of(db: &Connection, name: &str) -> rusqlite::Result<Option<FolderId>> {
    db.query_row("SELECT id FROM folder WHERE name = ?1", [name], |row| row.get(0).map(FolderId)).optional()
}

pub(super) fn by_id(db: &Connection, id: FolderId) -> rusqlite::Result<Option<Folder>> {
    let sql = format!("SELECT {COLUMNS} FROM folder WHERE id = ?1");
    db.prepare_cached(&sql)?.query_row([id.0], folder).optional()
}

/// Whether there is a folder: one that was deleted is none, though the server may not know yet.
pub(super) fn is_there(db: &Connection, id: FolderId) -> rusqlite::Result<bool> {
    Ok(by_id(db, id)?.is_some_and(|folder| !folder.name.starts_with("//")))
}

fn folder(row: &SqlRow<'_>) -> rusqlite::Result<Folder> {
    Ok(Folder {
        id: FolderId(row.get(0)?),
        name: row.get(1)?,
        role: Role::of(&row.get::<_, String>(2)?),
        remote: row.get(3)?,
        selectable: row.get(4)?,
        subscribed: row.get(5)?,
        total: row.get::<_, i64>(6)?.try_into().unwrap_or_default(),
        unread: row.get::<_, i64>(7)?.try_into().unwrap_or_default(),
    })
}
