//! The mirror: what an account has, kept on this machine in one SQLite file, so that reading, searching and writing need no
//! network. Owns folders, messages, their content, what the user did (`action`) and what waits to be sent (`outgoing`).
//!
//! Two layers. What the server had when it was last asked, the truth, is changed by a [`Pull`] and by [`Mirror::told`]
//! alone. What the user sees is the truth with the journal of actions replayed on it (`replay`), made anew for every message
//! that either touches. So nothing a server says undoes what a user did, and nothing is asked of the user.
//!
//! Every function is one transaction, on disk when it returns. Two programs may have the same mirror open.

pub mod action;
mod content;
mod folders;
mod imported;
mod journal;
mod list;
mod outgoing;
mod people;
mod popped;
mod pull;
mod replay;
mod search;
#[cfg(test)]
mod tests;
mod thread;
mod types;
mod words;

pub use action::{Acted, Action, ActionId, Pending};
pub use content::{CONTENT_MAX, Upload};
pub use imported::{ImportKey, Imported};
pub use journal::Told;
pub use outgoing::{Envelope, Outgoing, OutgoingId, OutgoingState, Posting, without_bcc};
pub use pull::{FolderFound, Pull};
pub use types::{
    Arrival, Conversation, Flags, Folder, FolderId, Held, MessageId, Order, Place, Role, Row, ThreadId, View,
};

use message::zone::Zone;
use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The version of the tables, kept in `PRAGMA user_version`.
const VERSION: i32 = 1;
/// How long another program may hold the file before we give up.
const BUSY: Duration = Duration::from_secs(10);
/// Pages SQLite keeps in memory for each of the two connections, in KiB.
const CACHE_KIB: i64 = 8 * 1024;

/// Why the mirror cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file, or what is in it.
    #[error("the local mail of this account ({path}): {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file is of a later release.
    #[error("{0} was written by a later version of this program")]
    TooNew(PathBuf),
    /// What is asked for is not there any more.
    #[error("there is no such {0}")]
    Gone(&'static str),
    /// A folder of this name exists already.
    #[error("there is a folder of the name {0} already")]
    FolderExists(String),
    /// It cannot be done to this folder.
    #[error("{0}")]
    NotAllowed(String),
    /// Content beyond [`CONTENT_MAX`].
    #[error("the message is larger than {CONTENT_MAX} octets")]
    TooLarge,
    /// Content is damaged on disk.
    #[error("the content of message {0} is damaged")]
    Damaged(i64),
}

/// What comes of it.
pub type Result<T> = std::result::Result<T, Error>;

/// The mirror of one account. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub struct Mirror(Arc<Inside>);

struct Inside {
    path: PathBuf,
    /// Where days begin, for searches.
    zone: Zone,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    /// Counts what was changed here.
    changed: watch::Sender<u64>,
}

impl Mirror {
    /// Opens the mirror, which is made where there is none. Its folder must be there. Days in searches are those of UTC.
    ///
    /// # Errors
    /// When the file cannot be opened, is none of ours or of a later release.
    pub fn open(path: &Path) -> Result<Mirror> {
        Mirror::open_in(path, Zone::utc())
    }

    /// The same where clocks stand as in a zone: days in searches are those of its clocks.
    ///
    /// # Errors
    /// Those of [`Mirror::open`].
    pub fn open_in(path: &Path, zone: Zone) -> Result<Mirror> {
        let wrong = |source| Error::Sqlite { path: path.to_owned(), source };
        let mut writer = connect(path).map_err(wrong)?;
        prepare(&mut writer, path)?;
        let reader = connect(path).map_err(wrong)?;
        let inside = Inside {
            path: path.to_owned(),
            zone,
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            changed: watch::Sender::new(0),
        };
        Ok(Mirror(Arc::new(inside)))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Says when something was changed through this mirror or a clone of it.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// A number that is another one once any program has changed the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn version(&self) -> Result<i64> {
        self.read(|db| db.query_row("PRAGMA data_version", [], |row| row.get(0)))
            .map(|other: i64| other.wrapping_add(i64::try_from(*self.0.changed.borrow()).unwrap_or_default()))
    }

    /// What a remote keeps about the account, by name: states, cursors.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn fact(&self, name: &str) -> Result<Option<String>> {
        self.read(|db| db.query_row("SELECT value FROM fact WHERE name = ?1", [name], |row| row.get(0)).optional())
    }

    /// Keeps a fact.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        self.write(|tx| {
            tx.execute("INSERT OR REPLACE INTO fact (name, value) VALUES (?1, ?2)", params![name, value])?;
            Ok(())
        })
    }

    /// A question, on the connection for reading.
    fn read<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        ask(&self.reader()).map_err(|source| self.wrong(source))
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.0.reader.lock()
    }

    fn wrong(&self, source: rusqlite::Error) -> Error {
        Error::Sqlite { path: self.0.path.clone(), source }
    }

    /// A change: all of it or nothing. Refusals that are ours come as `Err` inside.
    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Outcome<T>) -> Result<T> {
        let mut writer = self.0.writer.lock();
        let done = (|| {
            let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = change(&tx)?;
            tx.commit()?;
            Ok(done)
        })();
        drop(writer);
        match done {
            Ok(done) => {
                self.0.changed.send_modify(|count| *count = count.wrapping_add(1));
                Ok(done)
            }
            Err(Refused::Sqlite(source)) => Err(self.wrong(source)),
            Err(Refused::Ours(error)) => Err(error),
        }
    }
}

/// What comes of a change within its transaction.
type Outcome<T> = std::result::Result<T, Refused>;

/// Why a change is taken back.
enum Refused {
    Sqlite(rusqlite::Error),
    Ours(Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Sqlite(error)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Ours(error)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

fn prepare(db: &mut Connection, path: &Path) -> Result<()> {
    let wrong = |source| Error::Sqlite { path: path.to_owned(), source };
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
    let version: i32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(wrong)?;
    match version {
        0 => {
            tx.execute_batch(include_str!("schema.sql")).map_err(wrong)?;
            tx.pragma_update(None, "user_version", VERSION).map_err(wrong)?;
        }
        VERSION => {}
        _ => return Err(Error::TooNew(path.to_owned())),
    }
    tx.commit().map_err(wrong)
}
