//! Lists: lines of a view in pages, conversations, single messages. Owns the order of lines.

use super::content::held_of;
use super::replay;
use super::search::{self, Asked, Condition};
use super::types::{Conversation, FolderId, MessageId, Order, Row, ThreadId, View};
use super::{Mirror, Result};
use message::Time;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params_from_iter};

/// Columns of a row, in the order that `row` reads them.
const COLUMNS: &str =
    "m.id, m.thread, m.bits, m.keywords, m.received, m.sent, m.size, m.sender, m.address, m.recipients,
    m.subject, m.preview, m.attachments, m.held, m.message_id";

impl Mirror {
    /// Lines of a view, from the `offset`-th on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows(&self, view: &View, now: Time, offset: u64, count: u64) -> Result<Vec<Row>> {
        self.read(|db| {
            let from = Source::of(db, view, self.asked(now))?;
            let sql = format!(
                "SELECT {COLUMNS} FROM {} WHERE {} ORDER BY {} LIMIT {count} OFFSET {offset}",
                from.tables, from.condition.sql, from.order
            );
            let mut ask = db.prepare_cached(&sql)?;
            ask.query_map(params_from_iter(from.condition.values), row)?.collect()
        })
    }

    /// How many lines a view has.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self, view: &View, now: Time) -> Result<u64> {
        if let (Some(folder), None) = (view.folder, &view.query) {
            return self.folder(folder).map(|folder| folder.total);
        }
        self.read(|db| {
            let from = Source::of(db, view, self.asked(now))?;
            let sql = format!("SELECT count(*) FROM {} WHERE {}", from.tables, from.condition.sql);
            let count: i64 = db.query_row(&sql, params_from_iter(from.condition.values), |row| row.get(0))?;
            Ok(count.try_into().unwrap_or_default())
        })
    }

    /// The messages of a view, in its order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn ids(&self, view: &View, now: Time) -> Result<Vec<MessageId>> {
        self.read(|db| {
            let from = Source::of(db, view, self.asked(now))?;
            let sql = format!("SELECT m.id FROM {} WHERE {} ORDER BY {}", from.tables, from.condition.sql, from.order);
            let mut ask = db.prepare_cached(&sql)?;
            ask.query_map(params_from_iter(from.condition.values), |row| row.get(0).map(MessageId))?.collect()
        })
    }

    /// Conversations of a view, the one with the newest message first (with `reversed`, last), from the `offset`-th on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn conversations(&self, view: &View, now: Time, offset: u64, count: u64) -> Result<Vec<Conversation>> {
        if let (Some(folder), None) = (view.folder, &view.query) {
            return self.read(|db| conversations_in(db, folder, view.reversed, (offset, count)));
        }
        self.read(|db| {
            let from = Source::of(db, view, self.asked(now))?;
            let way = way(view.reversed);
            // SQLite takes the other columns from the row with the greatest value: the newest message.
            let sql = format!(
                "SELECT {COLUMNS}, max(m.received), count(*), sum(m.bits & 1 = 0) FROM {} WHERE {} GROUP BY m.thread
                 ORDER BY max(m.received) {way}, m.id {way} LIMIT {count} OFFSET {offset}",
                from.tables, from.condition.sql
            );
            let conversation = |found: &SqlRow<'_>| {
                Ok(Conversation {
                    newest: row(found)?,
                    messages: found.get::<_, i64>(16)?.try_into().unwrap_or_default(),
                    unread: found.get::<_, i64>(17)?.try_into().unwrap_or_default(),
                })
            };
            db.prepare_cached(&sql)?.query_map(params_from_iter(from.condition.values), conversation)?.collect()
        })
    }

    /// How many conversations a view has.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count_conversations(&self, view: &View, now: Time) -> Result<u64> {
        self.read(|db| {
            if let (Some(folder), None) = (view.folder, &view.query) {
                // In one index: the messages need not be read.
                let sql = "SELECT count(DISTINCT thread) FROM placed WHERE folder = ?1";
                let count: i64 = db.prepare_cached(sql)?.query_row([folder.0], |row| row.get(0))?;
                return Ok(count.try_into().unwrap_or_default());
            }
            let from = Source::of(db, view, self.asked(now))?;
            let sql = format!("SELECT count(DISTINCT m.thread) FROM {} WHERE {}", from.tables, from.condition.sql);
            let count: i64 = db.query_row(&sql, params_from_iter(from.condition.values), |row| row.get(0))?;
            Ok(count.try_into().unwrap_or_default())
        })
    }

    /// One message; `None` when it is gone.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn row(&self, message: MessageId) -> Result<Option<Row>> {
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM message m WHERE m.id = ?1");
            db.prepare_cached(&sql)?.query_row([message.0], row).optional()
        })
    }

    /// The messages of a conversation in whatever folder, the oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn thread(&self, thread: ThreadId) -> Result<Vec<Row>> {
        self.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM message m WHERE m.thread = ?1
                 AND EXISTS (SELECT 1 FROM placed WHERE placed.message = m.id) ORDER BY m.received, m.id"
            );
            db.prepare_cached(&sql)?.query_map([thread.0], row)?.collect()
        })
    }

    /// How many messages [`Mirror::thread`] tells.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn thread_length(&self, thread: ThreadId) -> Result<u64> {
        self.read(|db| {
            let sql = "SELECT count(*) FROM message m WHERE m.thread = ?1
                 AND EXISTS (SELECT 1 FROM placed WHERE placed.message = m.id)";
            let count: i64 = db.prepare_cached(sql)?.query_row([thread.0], |row| row.get(0))?;
            Ok(count.try_into().unwrap_or_default())
        })
    }

    /// The messages with this Message-ID (without brackets), as the answers to it name it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn named(&self, message_id: &str) -> Result<Vec<MessageId>> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT id FROM message WHERE message_id = ?1 ORDER BY id")?;
            ask.query_map([message_id], |row| row.get(0).map(MessageId))?.collect()
        })
    }

    /// The folders a message is in, as the user sees it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn folders_of(&self, message: MessageId) -> Result<Vec<FolderId>> {
        self.read(|db| {
            let mut ask = db.prepare_cached("SELECT folder FROM placed WHERE message = ?1 ORDER BY folder")?;
            ask.query_map([message.0], |row| row.get(0).map(FolderId))?.collect()
        })
    }

    fn asked(&self, now: Time) -> Asked<'_> {
        Asked { now, zone: &self.0.zone }
    }
}

fn way(reversed: bool) -> &'static str {
    if reversed { "ASC" } else { "DESC" }
}

/// Conversations of a whole folder, in the order of their newest messages: of those before this page only the index is
/// read, and the counts of those of this page alone.
fn conversations_in(
    db: &Connection,
    folder: FolderId,
    reversed: bool,
    (offset, count): (u64, u64),
) -> rusqlite::Result<Vec<Conversation>> {
    let way = way(reversed);
    let sql = format!(
        "SELECT {COLUMNS}, (SELECT count(*) FROM placed WHERE folder = ?1 AND thread = c.thread),
             (SELECT sum(unread) FROM placed WHERE folder = ?1 AND thread = c.thread)
         FROM (SELECT message, thread, received FROM placed p WHERE folder = ?1 AND NOT EXISTS
                  (SELECT 1 FROM placed later WHERE later.folder = ?1 AND later.thread = p.thread
                   AND (later.received, later.message) > (p.received, p.message))
               ORDER BY received {way}, message {way} LIMIT {count} OFFSET {offset}) c
         JOIN message m ON m.id = c.message ORDER BY c.received {way}, c.message {way}"
    );
    let conversation = |found: &SqlRow<'_>| {
        Ok(Conversation {
            newest: row(found)?,
            messages: found.get::<_, i64>(15)?.try_into().unwrap_or_default(),
            unread: found.get::<_, i64>(16)?.try_into().unwrap_or_default(),
        })
    };
    db.prepare_cached(&sql)?.query_map([folder.0], conversation)?.collect()
}

/// Where lines come from.
struct Source {
    tables: &'static str,
    condition: Condition,
    order: String,
}

impl Source {
    fn of(db: &Connection, view: &View, asked: Asked<'_>) -> rusqlite::Result<Source> {
        let mut condition = match &view.query {
            Some(query) => search::condition(db, query, asked)?,
            None => Condition::always(),
        };
        let tables = match view.folder {
            Some(folder) => {
                condition = condition.and("p.folder = ?", vec![Value::Integer(folder.0)]);
                "placed p JOIN message m ON m.id = p.message"
            }
            None => {
                let named = view.query.as_ref().is_some_and(search::names_a_folder);
                condition = condition.and(if named { SOMEWHERE } else { NOT_THROWN_AWAY }, Vec::new());
                "message m"
            }
        };
        let received =
            if view.folder.is_some() { "p.received {way}, p.message {way}" } else { "m.received {way}, m.id {way}" };
        Ok(Source { tables, condition, order: order(view, received) })
    }
}

/// What is in a folder: what was deleted for good, or waits to be sent, is in none.
const SOMEWHERE: &str = "EXISTS (SELECT 1 FROM placed x WHERE x.message = m.id)";

/// What is in some folder other than trash and junk.
const NOT_THROWN_AWAY: &str = "EXISTS (SELECT 1 FROM placed x JOIN folder f ON f.id = x.folder
    WHERE x.message = m.id AND f.role NOT IN ('trash', 'junk'))";

fn order(view: &View, received: &str) -> String {
    let way = |usual: &str| if (usual == "DESC") == view.reversed { "ASC" } else { "DESC" };
    let newest = received.replace("{way}", if view.order == Order::Received { way("DESC") } else { "DESC" });
    match view.order {
        Order::Received => newest,
        Order::Sent => format!("m.sent {}, {newest}", way("DESC")),
        Order::From => format!("m.sender COLLATE NOCASE {}, {newest}", way("ASC")),
        Order::Subject => format!("m.base_subject COLLATE NOCASE {}, {newest}", way("ASC")),
        Order::Size => format!("m.size {}, {newest}", way("DESC")),
        Order::Unread => format!("m.bits & 1 {}, {newest}", way("ASC")),
        Order::Flagged => format!("m.bits & 4 {}, {newest}", way("DESC")),
    }
}

fn row(found: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let time =
        |index: usize| Ok::<_, rusqlite::Error>(Time(found.get::<_, i64>(index)?.try_into().unwrap_or_default()));
    Ok(Row {
        id: MessageId(found.get(0)?),
        thread: ThreadId(found.get(1)?),
        flags: replay::flags(found.get(2)?, &found.get::<_, String>(3)?),
        received: time(4)?,
        sent: time(5)?,
        size: found.get::<_, i64>(6)?.try_into().unwrap_or_default(),
        from: found.get(7)?,
        address: found.get(8)?,
        to: found.get(9)?,
        subject: found.get(10)?,
        preview: found.get(11)?,
        attachments: found.get(12)?,
        held: held_of(found.get(13)?),
        message_id: found.get(14)?,
    })
}
