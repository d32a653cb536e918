//! `pillarbox mail list` and `search`: lines of messages and of conversations.

use super::desk::Desk;
use super::{flags, which};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, words};
use crate::trouble::Trouble;
use crate::units;
use crate::view::{Look, View};
use crate::zone;
use agent::mirror::{self, Conversation, FolderId, Order, Role, Row};
use agent::snoozed;
use clap::{Args, ValueEnum};
use message::search::query::Operator;
use office::admin::FailureKind;
use serde_json::{Value, json};
use std::ffi::OsString;

/// Characters of a name and of a subject in a table: a line fits a terminal of 100 columns.
const FROM_MAX: usize = 24;
const SUBJECT_MAX: usize = 56;
/// Characters of either for programs: as many as a header of mail may sensibly have, and a line stays one that can be read.
const PLAIN_MAX: usize = 2000;
/// Within this time a date is told as `3 h ago`: a week.
const RECENT_S: u64 = 7 * 24 * 60 * 60;

/// `pillarbox mail list`
#[derive(Args, Debug)]
pub struct List {
    /// Only what this search finds, as in `from:bob is:unread newer_than:7d`
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// In this folder: its path, or inbox, sent, drafts, archive, junk, trash; the inbox if missing
    #[arg(short, long)]
    folder: Option<String>,
    /// What is put aside, and until when
    #[arg(long, conflicts_with_all = ["query", "folder", "threads", "sort", "reverse"])]
    snoozed: bool,
    #[command(flatten)]
    page: Page,
}

/// `pillarbox mail search`
#[derive(Args, Debug)]
pub struct Search {
    /// Words, and operators as from: to: cc: subject: body: has:attachment filename: type: is: in: label: list: before:
    /// after: on: older_than: newer_than: larger: smaller: msgid: with OR, -, ( ) and "..."
    #[arg(value_name = "QUERY", required = true)]
    query: Vec<String>,
    #[command(flatten)]
    page: Page,
}

/// Which lines, and in what order.
#[derive(Args, Debug)]
pub struct Page {
    /// At most so many lines
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    limit: u64,
    /// Pass over so many first
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    offset: u64,
    /// One line for each conversation, the one with the newest message first
    #[arg(short, long, conflicts_with = "sort")]
    threads: bool,
    /// Sorted by
    #[arg(short, long, value_enum, default_value_t = Sort::Date)]
    sort: Sort,
    /// The other way round
    #[arg(short, long)]
    reverse: bool,
}

/// The words of a line that lists or searches mail, with `NOT from:eve` for `-from:eve`: no option has a colon in it, and
/// the search has such a word.
pub fn with_negations(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    let place = |names: &[&str], from: usize| {
        let known = words.iter().skip(from).position(|word| word.to_str().is_some_and(|word| names.contains(&word)));
        known.map(|place| place + from + 1)
    };
    let search = place(&["mail"], 1).and_then(|after| place(&["list", "search"], after));
    let literally = place(&["--"], 0).unwrap_or(usize::MAX);
    for word in words.iter_mut().take(literally).skip(search.unwrap_or(usize::MAX)) {
        let operator = |word: &str| Operator::of(word.strip_prefix('-')?.split_once(':')?.0);
        if let Some(text) = word.to_str().filter(|text| operator(text).is_some()) {
            *word = OsString::from(format!("NOT {}", text.trim_start_matches('-')));
        }
    }
    words
}

/// What lines are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// When it came, the newest first
    Date,
    /// The date it bears, the newest first
    Sent,
    /// From A to Z
    From,
    /// From A to Z, without Re:
    Subject,
    /// The largest first
    Size,
    /// Unread first
    Unread,
    /// Flagged first
    Flagged,
}

impl Sort {
    fn order(self) -> Order {
        match self {
            Sort::Date => Order::Received,
            Sort::Sent => Order::Sent,
            Sort::From => Order::From,
            Sort::Subject => Order::Subject,
            Sort::Size => Order::Size,
            Sort::Unread => Order::Unread,
            Sort::Flagged => Order::Flagged,
        }
    }
}

/// `pillarbox mail list`
pub fn list(list: &List, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    if list.snoozed {
        return put_aside(&list.page, desk, screen);
    }
    let folder = match &list.folder {
        Some(name) => Some(folder_named(desk, name)?),
        None if list.query.is_empty() => desk.mirror.folder_of_role(Role::Inbox)?.map(|folder| folder.id),
        None => None,
    };
    lines(folder, &list.query, &list.page, desk, screen)
}

/// `pillarbox mail search`
pub fn search(search: &Search, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    lines(None, &search.query, &search.page, desk, screen)
}

/// What is put aside, and until when, as far as that is known here: of what the server put aside it alone knows.
fn put_aside(page: &Page, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let view = snoozed::view();
    let rows = desk.mirror.rows(&view, desk.now, page.offset, page.limit)?;
    let all = desk.mirror.count(&view, desk.now)?;
    let times = snoozed::times(&desk.mirror, &rows)?;
    let look = screen.look();
    let mut table = Table::new(&[figures("ID"), words("FLAGS"), words("UNTIL"), words("FROM"), words("SUBJECT")]);
    let mut json = Vec::new();
    for (row, time) in rows.iter().zip(times) {
        let until = time.map_or_else(|| Cell::new("as the server has it", ""), |time| units::exact(time).into());
        table.row([row.id.0.into(), mark(row), until, from(row), subject(row)]);
        let mut told = json_of(row);
        if let Some(told) = told.as_object_mut() {
            told.insert("until".to_owned(), json!(time.map(units::exact)));
        }
        json.push(told);
    }
    let shown = View::table(&table, json!({ "messages": json, "total": all }), look).or_note("nothing is put aside");
    screen.show(&shown.with_notes(rest(rows.len(), all, "message")))
}

/// The folder somebody means.
pub fn folder_named(desk: &Desk, name: &str) -> Result<FolderId, Trouble> {
    let known = desk.mirror.folders()?;
    let found = desk.mirror.folder_named(name)?.map(|folder| folder.id);
    found.ok_or_else(|| {
        let names = known.iter().map(|folder| folder.name.as_str());
        let near = agent::account::nearest(name, names).map(|near| format!("; did you mean {near}?"));
        let near = near.or_else(|| known.is_empty().then(|| ": none is known yet; `pillarbox mail sync`".to_owned()));
        Trouble::new(FailureKind::NoUser, format!("there is no folder {name}{}", near.unwrap_or_default()))
    })
}

fn lines(
    folder: Option<FolderId>,
    typed: &[String],
    page: &Page,
    desk: &Desk,
    screen: &mut Screen,
) -> Result<(), Trouble> {
    let (query, problems) = which::query(&typed.join(" "))?;
    problems.iter().flat_map(|words| words.lines()).for_each(|line| screen.note(line));
    let query = Some(query).filter(|_| !typed.is_empty());
    let view = mirror::View { folder, query, order: page.sort.order(), reversed: page.reverse };
    let look = screen.look();
    if page.threads {
        let found = desk.mirror.conversations(&view, desk.now, page.offset, page.limit)?;
        let all = desk.mirror.count_conversations(&view, desk.now)?;
        return screen.show(&conversations(&found, all, look));
    }
    let rows = desk.mirror.rows(&view, desk.now, page.offset, page.limit)?;
    let all = desk.mirror.count(&view, desk.now)?;
    screen.show(&messages(&rows, all, look))
}

/// A table of messages.
#[must_use]
pub fn messages(rows: &[Row], all: u64, look: Look) -> View {
    let mut table = Table::new(&[figures("ID"), words("FLAGS"), words("DATE"), words("FROM"), words("SUBJECT")]);
    for row in rows {
        table.row([row.id.0.into(), mark(row), date(row, look), from(row), subject(row)]);
    }
    let json: Vec<Value> = rows.iter().map(json_of).collect();
    View::table(&table, json!({ "messages": json, "total": all }), look).or_note("nothing there").with_notes(rest(
        rows.len(),
        all,
        "message",
    ))
}

fn conversations(found: &[Conversation], all: u64, look: Look) -> View {
    let titles = [
        figures("ID"),
        figures("MESSAGES"),
        figures("UNREAD"),
        words("FLAGS"),
        words("DATE"),
        words("FROM"),
        words("SUBJECT"),
    ];
    let mut table = Table::new(&titles);
    let mut json = Vec::new();
    for each in found {
        let row = &each.newest;
        let counts = [each.messages.into(), each.unread.into()];
        let [messages, unread]: [Cell; 2] = counts;
        table.row([row.id.0.into(), messages, unread, mark(row), date(row, look), from(row), subject(row)]);
        json.push(json!({ "newest": json_of(row), "messages": each.messages, "unread": each.unread }));
    }
    View::table(&table, json!({ "conversations": json, "total": all }), look).or_note("nothing there").with_notes(rest(
        found.len(),
        all,
        "conversation",
    ))
}

/// That there is more.
fn rest(shown: usize, all: u64, one: &str) -> Vec<String> {
    if shown == 0 || shown as u64 >= all {
        return Vec::new();
    }
    vec![format!("{shown} of {}; --limit and --offset show more", units::count(all, one))]
}

fn mark(row: &Row) -> Cell {
    Cell::new(flags::letters(row).trim_end(), flags::names(&row.flags).join(","))
}

fn date(row: &Row, look: Look) -> Cell {
    let recent = look.now.since(row.received).as_secs() < RECENT_S;
    let human = if recent { units::relative(row.received, look.now) } else { units::day(row.received, zone::here()) };
    Cell::new(human, units::exact(row.received))
}

fn from(row: &Row) -> Cell {
    Cell::new(cut(&row.from, FROM_MAX), cut(&row.address, PLAIN_MAX))
}

fn subject(row: &Row) -> Cell {
    Cell::new(cut(&row.subject, SUBJECT_MAX), cut(&row.subject, PLAIN_MAX))
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A message for programs.
#[must_use]
pub fn json_of(row: &Row) -> Value {
    json!({
        "id": row.id,
        "thread": row.thread,
        "flags": flags::names(&row.flags),
        "received": units::exact(row.received),
        "sent": units::exact(row.sent),
        "size": row.size,
        "from": { "name": row.from, "address": row.address },
        "to": row.to,
        "subject": row.subject,
        "preview": row.preview,
        "attachments": row.attachments,
        "whole": row.held == mirror::Held::Whole,
        "message_id": row.message_id,
    })
}
