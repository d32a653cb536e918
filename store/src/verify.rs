//! Looking at everything: the database's own check, counters against rows, every content against its hash. Owns what
//! is looked at and how damage is named; changes nothing.

use crate::StoreError;
use crate::columns::{Sql, Text, check_sum, count, hash, place, queue_id};
use crate::content::read_piece;
use crate::engine::connect_reader;
use crate::op::Place;
use crate::rows::Snapshot;
use crate::segment::Segments;
use crate::shell::Store;
use crate::types::QueueId;
use message::Summary;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fmt;

/// How much of a subject is shown: more does not help anybody to know the message again.
const SUBJECT_CHARS: usize = 78;

/// What was looked at and what is wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerifyReport {
    /// Messages in mailboxes.
    pub messages: u64,
    /// Contents read.
    pub blobs: u64,
    /// Octets of content read.
    pub octets: u64,
    /// Everything that is wrong; empty when all is well.
    pub damage: Vec<Damage>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Damage {
    /// The database file itself.
    Database(String),
    /// A number that does not agree with the rows it counts.
    Counter { what: &'static str, rows: u64 },
    /// A message whose octets cannot be had any more.
    Message {
        account: String,
        mailbox: String,
        uid: u32,
        queue_id: Option<QueueId>,
        /// As people read it; what is left of it, where it is long.
        subject: Option<String>,
        reason: String,
    },
    /// One that waits in the outbox.
    Outgoing { outbox: i64, queue_id: QueueId, reason: String },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Database(reason) => write!(f, "database: {reason}"),
            Damage::Counter { what, rows } => write!(f, "{what}: {rows} rows do not agree"),
            Damage::Message { account, mailbox, uid, queue_id, subject, reason } => {
                write!(f, "message {uid} in {mailbox} of {account}")?;
                if let Some(id) = queue_id {
                    write!(f, " ({id})")?;
                }
                if let Some(subject) = subject {
                    write!(f, ", subject \"{subject}\"")?;
                }
                write!(f, ": {reason}")
            }
            Damage::Outgoing { outbox, queue_id, reason } => write!(f, "outbox {outbox} ({queue_id}): {reason}"),
        }
    }
}

impl Store {
    /// Looks at everything, while the store is in use.
    pub async fn verify(&self) -> Result<VerifyReport, StoreError> {
        let _alone = self.upkeep().await;
        if let Some(engine) = self.here() {
            return engine.as_ref().ok_or(StoreError::Closed)?.verify();
        }
        let (path, segments) = (self.paths().database.clone(), self.segments().clone());
        self.hands().run(move || verify(&connect_reader(&path)?, &segments)).await
    }
}

/// Looks at everything a connection sees. Counters are compared in one state; contents are read one by one, so that
/// the log can be brought into the database meanwhile and does not grow.
pub(crate) fn verify(connection: &Connection, segments: &Segments) -> Result<VerifyReport, StoreError> {
    let snapshot = Snapshot::new(connection, segments);
    let mut report = VerifyReport::default();
    let one_state = connection.unchecked_transaction()?;
    for look in [check_database, check_counters, check_objects] {
        let looked = look(&snapshot, &mut report);
        note(looked, &mut report)?;
    }
    drop(one_state);
    let looked = check_contents(&snapshot, &mut report);
    note(looked, &mut report)?;
    Ok(report)
}

/// The database is so broken that it cannot be read through: that too is a finding, and no reason not to look on.
fn note(looked: Sql<()>, report: &mut VerifyReport) -> Sql<()> {
    match looked {
        Err(StoreError::Damaged { what }) => report.damage.push(Damage::Database(what)),
        other => other?,
    }
    Ok(())
}

fn check_database(snapshot: &Snapshot<'_>, report: &mut VerifyReport) -> Sql<()> {
    let lines = snapshot.all("PRAGMA integrity_check", [], |row| Ok(row.get::<_, String>(0)?))?;
    report.damage.extend(lines.into_iter().filter(|line| line != "ok").map(Damage::Database));
    Ok(())
}

/// What each counts, and how to find the rows where it is wrong.
const COUNTERS: [(&str, &str); 12] = [
    (
        "mailbox totals",
        "SELECT count(*) FROM mailbox LEFT JOIN (SELECT account AS a, mailbox AS m, count(*) AS n, \
         sum(flags & 1 = 0) AS u, sum(flags & 8 <> 0) AS d, sum(size) AS s, max(uid) AS top FROM msg \
         GROUP BY account, mailbox) ON a = account AND m = id WHERE total <> ifnull(n, 0) OR unseen <> ifnull(u, 0) \
         OR deleted <> ifnull(d, 0) OR octets <> ifnull(s, 0) OR uid_next <= ifnull(top, 0) \
         OR recent <> (SELECT count(*) FROM msg WHERE msg.account = mailbox.account AND msg.mailbox = mailbox.id \
         AND uid >= recent_from)",
    ),
    (
        "account use",
        "SELECT count(*) FROM account LEFT JOIN (SELECT account AS a, count(*) AS n, sum(size) AS s FROM email \
         GROUP BY account) ON a = id WHERE messages <> ifnull(n, 0) OR used <> ifnull(s, 0)",
    ),
    (
        "e-mails without a mailbox or counted wrongly",
        "SELECT count(*) FROM email LEFT JOIN (SELECT account AS a, email AS e, count(*) AS n FROM msg \
         GROUP BY account, email) ON a = email.account AND e = email.id \
         LEFT JOIN shown ON shown.account = email.account AND shown.email = email.id \
         WHERE ifnull(shown.copies, 1) <> ifnull(n, 0) OR shown.copies < 2",
    ),
    (
        "counts of e-mails that are not there",
        "SELECT count(*) FROM shown WHERE NOT EXISTS \
         (SELECT 1 FROM email WHERE email.account = shown.account AND email.id = shown.email)",
    ),
    (
        "messages without an e-mail",
        "SELECT count(*) FROM msg WHERE NOT EXISTS \
         (SELECT 1 FROM email WHERE email.account = msg.account AND email.id = msg.email)",
    ),
    (
        "contents counted wrongly",
        "SELECT count(*) FROM blob LEFT JOIN (SELECT blob AS b, count(*) AS n FROM \
         (SELECT blob FROM email UNION ALL SELECT blob FROM outbox UNION ALL SELECT blob FROM upload) GROUP BY blob) ON b = id \
         WHERE refs <> ifnull(n, 0)",
    ),
    (
        "messages without content",
        "SELECT count(*) FROM (SELECT blob FROM email UNION ALL SELECT blob FROM outbox UNION ALL SELECT blob FROM upload) \
         WHERE blob NOT IN (SELECT id FROM blob)",
    ),
    (
        "messages that their e-mail is said to be first shown as, and is not",
        "SELECT count(*) FROM msg WHERE elsewhere IS NULL AND NOT EXISTS (SELECT 1 FROM email \
         WHERE email.account = msg.account AND email.id = msg.email AND first_mailbox = mailbox AND first_uid = uid)",
    ),
    (
        "objects counted wrongly",
        "SELECT count(*) FROM object_count LEFT JOIN (SELECT account AS a, kind AS k, count(*) AS n, \
         sum(length(value)) AS s, max(modseq) AS m FROM object GROUP BY account, kind) \
         ON a = account AND k = kind WHERE objects <> ifnull(n, 0) OR octets <> ifnull(s, 0) OR modseq < ifnull(m, 0)",
    ),
    (
        "objects that are not counted, or of no account",
        "SELECT count(*) FROM object WHERE NOT EXISTS (SELECT 1 FROM object_count AS c JOIN account ON account.id = c.account \
         WHERE c.account = object.account AND c.kind = object.kind AND object.id <= last_object \
         AND object.modseq <= account.modseq AND object.added <= object.modseq)",
    ),
    (
        "uploads of no account",
        "SELECT count(*) FROM upload WHERE NOT EXISTS (SELECT 1 FROM account WHERE account.id = upload.account \
         AND upload.id <= last_object)",
    ),
    (
        "messages in mailboxes that are not there",
        "SELECT count(*) FROM msg WHERE NOT EXISTS \
         (SELECT 1 FROM mailbox WHERE mailbox.account = msg.account AND mailbox.id = msg.mailbox)",
    ),
];

fn check_counters(snapshot: &Snapshot<'_>, report: &mut VerifyReport) -> Sql<()> {
    for (what, statement) in COUNTERS {
        let rows = snapshot.one(statement, [], |row| Ok(count(row.get(0)?)))?.unwrap_or(0);
        if rows > 0 {
            report.damage.push(Damage::Counter { what, rows });
        }
    }
    let messages = snapshot.one("SELECT count(*) FROM msg", [], |row| Ok(count(row.get(0)?)))?;
    report.messages = messages.unwrap_or(0);
    check_live(snapshot, report)
}

/// Objects against their checksums.
fn check_objects(snapshot: &Snapshot<'_>, report: &mut VerifyReport) -> Sql<()> {
    let find = "SELECT account, kind, id, value, sum FROM object ORDER BY account, kind, id";
    let bad = snapshot.all(find, [], |row| {
        let (account, kind, id): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let what = format!("object {id} of kind {kind} in account {account}");
        Ok(check_sum(&what, &row.get::<_, Vec<u8>>(3)?, row.get(4)?).err())
    })?;
    report.damage.extend(bad.into_iter().flatten().map(|error| Damage::Database(error.to_string())));
    Ok(())
}

/// How much of each segment is alive, counted again.
fn check_live(snapshot: &Snapshot<'_>, report: &mut VerifyReport) -> Sql<()> {
    let mut live: BTreeMap<u32, u64> = BTreeMap::new();
    let frames = snapshot.all("SELECT frames FROM blob WHERE frames IS NOT NULL", [], |row| {
        crate::columns::frames_in(&row.get::<_, Vec<u8>>(0)?)
    })?;
    for frame in frames.iter().flatten() {
        *live.entry(frame.segment).or_default() += crate::segment::footprint(frame);
    }
    let kept = snapshot.all("SELECT number, live FROM segment WHERE live <> 0", [], |row| {
        Ok((row.get::<_, u32>(0)?, count(row.get(1)?)))
    })?;
    let wrong = kept.iter().filter(|(number, octets)| live.get(number) != Some(octets)).count();
    let rows = wrong as u64 + live.len().saturating_sub(kept.len()) as u64;
    if rows > 0 {
        report.damage.push(Damage::Counter { what: "live octets of segments", rows });
    }
    Ok(())
}

/// What is damaged, and why.
#[derive(Default)]
struct Bad {
    /// Contents, by id: all e-mails that share one are damaged with it.
    blobs: BTreeMap<i64, String>,
    /// E-mails, by row: what lies beside the content is each one's own.
    emails: BTreeMap<i64, String>,
}

fn check_contents(snapshot: &Snapshot<'_>, report: &mut VerifyReport) -> Sql<()> {
    let mut bad = Bad::default();
    // One by one: where the database itself is broken in one row, the others are still to be looked at.
    for blob in snapshot.all("SELECT id FROM blob ORDER BY id", [], |row| Ok(row.get::<_, i64>(0)?))? {
        report.blobs += 1;
        match check_blob(snapshot, blob) {
            Ok(octets) => report.octets += octets,
            // Says nothing about the content.
            Err(error @ (StoreError::Busy | StoreError::Closed)) => return Err(error),
            Err(error) => {
                bad.blobs.insert(blob, error.to_string());
            }
        }
    }
    for email in snapshot.all("SELECT row FROM email ORDER BY row", [], |row| Ok(row.get::<_, i64>(0)?))? {
        match check_email(snapshot, email) {
            Ok(()) => {}
            Err(error @ (StoreError::Busy | StoreError::Closed)) => return Err(error),
            Err(error) => {
                bad.emails.insert(email, error.to_string());
            }
        }
    }
    if !bad.blobs.is_empty() || !bad.emails.is_empty() {
        name_messages(snapshot, &bad, report)?;
        name_outgoing(snapshot, &bad.blobs, report)?;
        name_uploads(snapshot, &bad.blobs, report)?;
    }
    Ok(())
}

/// Looks at what lies beside the content: what was added to it, its summary, the size of all.
fn check_email(snapshot: &Snapshot<'_>, email: i64) -> Sql<()> {
    let find = "SELECT prefix, prefix_sum, summary, summary_sum, size, octets FROM email \
                LEFT JOIN blob ON blob.id = email.blob WHERE row = ?1";
    let looked = snapshot.one(find, [email], |row| {
        let prefix: Vec<u8> = row.get(0)?;
        check_sum("what was added to it", &prefix, row.get(1)?)?;
        check_sum("its summary", &row.get::<_, Vec<u8>>(2)?, row.get(3)?)?;
        let (size, octets) = (count(row.get(4)?), row.get::<_, Option<i64>>(5)?.map(count));
        match octets.map(|octets| octets + prefix.len() as u64) {
            // A reader would wait for octets that never come.
            Some(whole) if whole != size => {
                Err(StoreError::damaged(format!("its size is kept as {size}, it has {whole} octets")))
            }
            _ => Ok(()),
        }
    });
    looked.map(|_| ())
}

/// Looks at one content; how many octets it has, none where it went meanwhile.
fn check_blob(snapshot: &Snapshot<'_>, blob: i64) -> Sql<u64> {
    let find = "SELECT octets, hash, codec, frames, bytes FROM blob LEFT JOIN blob_inline ON blob = id WHERE id = ?1";
    let octets = snapshot.one(find, [blob], |row| {
        let octets = count(row.get(0)?);
        let hash = hash(&row.get::<_, Vec<u8>>(1)?)?;
        let place = place(row.get(2)?, row.get(3)?, row.get(4)?)?;
        check_content(snapshot.segments, &place, &hash, octets).map(|()| octets)
    })?;
    Ok(octets.unwrap_or(0))
}

fn check_content(segments: &Segments, place: &Place, kept: &[u8; 32], octets: u64) -> Sql<()> {
    let mut hasher = blake3::Hasher::new();
    let mut offset = 0;
    while offset < octets {
        let piece = read_piece(segments, place, kept, octets, offset)?;
        if piece.is_empty() {
            return Err(StoreError::damaged("the content ends early"));
        }
        hasher.update(&piece);
        offset += piece.len() as u64;
    }
    if hasher.finalize().as_bytes() != kept {
        return Err(StoreError::damaged("the content does not match its hash"));
    }
    Ok(())
}

fn name_messages(snapshot: &Snapshot<'_>, bad: &Bad, report: &mut VerifyReport) -> Sql<()> {
    let all = snapshot.all(
        "SELECT email.blob, local, host, mailbox.name, uid, queue_id, summary, email.row FROM msg \
         JOIN email ON email.account = msg.account AND email.id = msg.email \
         JOIN mailbox ON mailbox.account = msg.account AND mailbox.id = msg.mailbox \
         JOIN account ON account.id = msg.account ORDER BY msg.account, msg.mailbox, uid",
        [],
        |row| {
            let reason = bad.emails.get(&row.get(7)?).or(bad.blobs.get(&row.get(0)?));
            let Some(reason) = reason else { return Ok(None) };
            Ok(Some(Damage::Message {
                account: format!("{}@{}", row.get::<_, Text>(1)?.0, row.get::<_, Text>(2)?.0),
                mailbox: row.get::<_, Text>(3)?.0,
                uid: row.get(4)?,
                queue_id: row.get::<_, Option<i64>>(5)?.map(queue_id),
                subject: subject(&row.get::<_, Vec<u8>>(6)?),
                reason: reason.clone(),
            }))
        },
    )?;
    report.damage.extend(all.into_iter().flatten());
    Ok(())
}

/// The subject, for people to know the message again.
fn subject(summary: &[u8]) -> Option<String> {
    let summary = Summary::decode(summary).ok()?;
    let subject = summary.parts.first()?.envelope.as_ref()?.subject.as_ref()?;
    Some(message::header::text(subject).chars().take(SUBJECT_CHARS).collect())
}

fn name_outgoing(snapshot: &Snapshot<'_>, bad: &BTreeMap<i64, String>, report: &mut VerifyReport) -> Sql<()> {
    let all = snapshot.all("SELECT blob, id, queue_id FROM outbox ORDER BY id", [], |row| {
        let Some(reason) = bad.get(&row.get(0)?) else { return Ok(None) };
        let queue_id = queue_id(row.get(2)?);
        Ok(Some(Damage::Outgoing { outbox: row.get(1)?, queue_id, reason: reason.clone() }))
    })?;
    report.damage.extend(all.into_iter().flatten());
    Ok(())
}

fn name_uploads(snapshot: &Snapshot<'_>, bad: &BTreeMap<i64, String>, report: &mut VerifyReport) -> Sql<()> {
    let all = snapshot.all("SELECT blob, account, id FROM upload ORDER BY account, id", [], |row| {
        let Some(reason) = bad.get(&row.get(0)?) else { return Ok(None) };
        let (account, id): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Some(Damage::Database(format!("upload {id} of account {account}: {reason}"))))
    })?;
    report.damage.extend(all.into_iter().flatten());
    Ok(())
}
