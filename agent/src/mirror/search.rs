//! Searching: the query language of `message::search::query` as conditions on rows and questions to the index of words.

use super::words;
use message::Time;
use message::flags::flag_bits;
use message::search::query::{Attached, Place, Query, State, Term, When, attached};
use message::zone::Zone;
use rusqlite::Connection;
use rusqlite::types::Value;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// The keyword of messages that were put aside until a time.
const SNOOZED: &str = "$snoozed";

/// A condition of SQL on the message `m`, its values in the order of their question marks.
pub(super) struct Condition {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Condition {
    fn new(sql: impl Into<String>, values: Vec<Value>) -> Condition {
        Condition { sql: sql.into(), values }
    }

    /// True of all.
    pub fn always() -> Condition {
        Condition::new("1", Vec::new())
    }

    fn never() -> Condition {
        Condition::new("0", Vec::new())
    }

    /// This, and another besides.
    pub fn and(mut self, sql: &str, values: Vec<Value>) -> Condition {
        self.values.extend(values);
        Condition::new(format!("({}) AND {sql}", self.sql), self.values)
    }

    fn joined(conditions: Vec<Condition>, with: &str, none: &str) -> Condition {
        if conditions.is_empty() {
            return Condition::new(none, Vec::new());
        }
        let mut values = Vec::new();
        let mut pieces = Vec::new();
        for condition in conditions {
            pieces.push(format!("({})", condition.sql));
            values.extend(condition.values);
        }
        Condition::new(pieces.join(with), values)
    }
}

/// Whether a query says itself which folders it is about.
pub(super) fn names_a_folder(query: &Query) -> bool {
    let mut names = false;
    query.each_term(&mut |term| names |= matches!(term, Term::Mailbox(_)));
    names
}

/// When a query is asked, and where: days begin when clocks there show midnight.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub now: Time,
    pub zone: &'a Zone,
}

impl Asked<'_> {
    /// The moments with which these days begin and are over, in milliseconds.
    fn days(&self, when: When) -> (i64, i64) {
        let (today, second) = self.zone.local(self.now);
        // `days` knows today by UTC: a moment that has there the date that clocks show here.
        let shown = today.saturating_mul(DAY / 1000).saturating_add(second);
        let (first, after) = when.days(Time(u64::try_from(shown).unwrap_or_default().saturating_mul(1000)));
        (self.midnight(first.0), self.midnight(after.0))
    }

    fn midnight(&self, day: i64) -> i64 {
        let moment = self.zone.moment(day, 0).and_then(|moment| i64::try_from(moment.0).ok());
        moment.unwrap_or(day.saturating_mul(DAY))
    }
}

/// A query as a condition.
pub(super) fn condition(db: &Connection, query: &Query, asked: Asked<'_>) -> rusqlite::Result<Condition> {
    let each = |queries: &[Query]| {
        queries.iter().map(|query| condition(db, query, asked)).collect::<rusqlite::Result<Vec<_>>>()
    };
    Ok(match query {
        Query::All(queries) => Condition::joined(each(queries)?, " AND ", "1"),
        Query::Any(queries) => Condition::joined(each(queries)?, " OR ", "0"),
        Query::Not(inner) => {
            let inner = condition(db, inner, asked)?;
            Condition::new(format!("NOT ({})", inner.sql), inner.values)
        }
        Query::Term(term) => of_term(db, term, asked)?,
    })
}

fn of_term(db: &Connection, term: &Term, asked: Asked<'_>) -> rusqlite::Result<Condition> {
    let milliseconds = i64::try_from(asked.now.0).unwrap_or(i64::MAX);
    let seconds = |age: u32| milliseconds - i64::from(age) * 1000;
    let octets = |octets: u64| Value::Integer(i64::try_from(octets).unwrap_or(i64::MAX));
    Ok(match term {
        Term::Text(text) => in_words(text),
        Term::In(Place::MessageId, id) => {
            let bare = id.trim_start_matches('<').trim_end_matches('>').to_owned();
            Condition::new("m.message_id = ?", vec![Value::Text(bare)])
        }
        Term::In(place, text) => in_column(text, *place),
        Term::HasAttachment => Condition::new("m.attachments", Vec::new()),
        Term::Type(value) => Condition::joined(attached(value).iter().map(of_kind).collect(), " OR ", "0"),
        Term::Is(state) => of_state(*state),
        Term::Mailbox(name) => in_folder(db, name)?,
        Term::Label(name) => {
            let folder = in_folder(db, name)?;
            // A label of more than ASCII is kept as a keyword that is written otherwise.
            let kept = keyword(&crate::mailfile::labels::keyword(name));
            Condition::joined(vec![folder, keyword(name), kept], " OR ", "0")
        }
        Term::Before(when) => time("<", asked.days(*when).0),
        Term::After(when) => time(">=", asked.days(*when).0),
        Term::On(when) => {
            let (first, after) = asked.days(*when);
            Condition::joined(vec![time(">=", first), time("<", after)], " AND ", "1")
        }
        Term::OlderThan(age) => Condition::new("m.received < ?", vec![Value::Integer(seconds(age.seconds()))]),
        Term::NewerThan(age) => Condition::new("m.received >= ?", vec![Value::Integer(seconds(age.seconds()))]),
        Term::Larger(size) => Condition::new("m.size > ?", vec![octets(*size)]),
        Term::Smaller(size) => Condition::new("m.size < ?", vec![octets(*size)]),
    })
}

fn time(relation: &str, moment: i64) -> Condition {
    Condition::new(format!("m.received {relation} ?"), vec![Value::Integer(moment)])
}

/// In the column that a place is in.
fn in_column(text: &str, place: Place) -> Condition {
    match place {
        Place::From => in_table("head_words", text, "sender"),
        Place::To => in_table("head_words", text, "recipients"),
        Place::Cc | Place::Bcc => in_table("head_words", text, "copies"),
        Place::Subject => in_table("head_words", text, "subject"),
        Place::Body => in_table("body_words", text, "body"),
        Place::Filename => in_table("body_words", text, "files"),
        Place::List => in_table("body_words", text, "list"),
        Place::DeliveredTo => in_table("body_words", text, "delivered"),
        Place::MessageId => in_words(text),
    }
}

/// Text without a word in it, as `?!`, is in every message as far as an index can tell.
fn in_table(table: &str, text: &str, column: &str) -> Condition {
    let of = |question| {
        let sql = format!("m.id IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)");
        Condition::new(sql, vec![Value::Text(question)])
    };
    words::question(text, column).map_or_else(Condition::always, of)
}

/// Anywhere.
fn in_words(text: &str) -> Condition {
    let of = |question: String| {
        let sql = "m.id IN (SELECT rowid FROM head_words WHERE head_words MATCH ?
            UNION ALL SELECT rowid FROM body_words WHERE body_words MATCH ?)";
        Condition::new(sql, vec![Value::Text(question.clone()), Value::Text(question)])
    };
    words::question(text, "").map_or_else(Condition::always, of)
}

fn of_kind(kind: &Attached) -> Condition {
    match kind {
        Attached::Type(media, subtype) => of_type(media, subtype),
        Attached::Exactly(media, subtype) => of_type(media, subtype),
        Attached::Media(media) => in_table("body_words", media, "kinds"),
        Attached::Subtype(subtype) => in_table("body_words", subtype, "kinds"),
        Attached::Ending(ending) => in_table("body_words", ending, "files"),
    }
}

fn of_type(media: &str, subtype: &str) -> Condition {
    in_table("body_words", &format!("{media} {subtype}"), "kinds")
}

fn of_state(state: State) -> Condition {
    let bit = |bit: u64| Condition::new(format!("m.bits & {bit} <> 0"), Vec::new());
    match state {
        State::Unread => Condition::new(format!("m.bits & {} = 0", flag_bits::SEEN), Vec::new()),
        State::Read => bit(flag_bits::SEEN),
        State::Starred => bit(flag_bits::FLAGGED),
        State::Answered => bit(flag_bits::ANSWERED),
        State::Draft => bit(flag_bits::DRAFT),
        State::Forwarded => keyword("$Forwarded"),
        State::Muted => keyword("$muted"),
        State::Snoozed => Condition::joined(vec![keyword(SNOOZED), put_aside()], " OR ", "0"),
    }
}

/// In the folder in which a server or an agent keeps what is put aside.
fn put_aside() -> Condition {
    let folder = crate::snoozed::FOLDER.to_lowercase();
    Condition::new(
        "EXISTS (SELECT 1 FROM placed y JOIN folder f ON f.id = y.folder WHERE y.message = m.id AND lower(f.name) = ?)",
        vec![Value::Text(folder)],
    )
}

/// A keyword stands in its column between spaces.
fn keyword(name: &str) -> Condition {
    Condition::new("instr(lower(m.keywords), ?) > 0", vec![Value::Text(format!(" {} ", name.to_lowercase()))])
}

/// In a folder or one below it, named by its path, its last level or its role.
fn in_folder(db: &Connection, name: &str) -> rusqlite::Result<Condition> {
    if ["anywhere", "all"].iter().any(|every| every.eq_ignore_ascii_case(name)) {
        return Ok(Condition::always());
    }
    let role = super::Role::of(name).word();
    let wanted = name.to_lowercase();
    let mut ask = db.prepare_cached("SELECT id, name, role FROM folder")?;
    let rows = ask.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let folders = rows.collect::<rusqlite::Result<Vec<(i64, String, String)>>>()?;
    let fits = |path: &str, its_role: &str| {
        let path = path.to_lowercase();
        path == wanted || path.ends_with(&format!("/{wanted}")) || (role != "none" && its_role == role)
    };
    let ids: Vec<String> =
        folders.iter().filter(|(_, path, role)| fits(path, role)).map(|(id, ..)| id.to_string()).collect();
    if ids.is_empty() {
        return Ok(Condition::never());
    }
    let list = ids.join(", ");
    Ok(Condition::new(
        format!("EXISTS (SELECT 1 FROM placed y WHERE y.message = m.id AND y.folder IN ({list}))"),
        Vec::new(),
    ))
}
