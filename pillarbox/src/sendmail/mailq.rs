//! `mailq`: the queue in the columns that eyes and scripts know from Postfix, and `postqueue -j`, an object a line. Times
//! are UTC, as everywhere in this house.

use crate::house;
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units::harmless;
use message::{Time, date};
use office::admin::{FailureKind, QueueWhich, Request, Response};
use serde_json::{Value, json};
use server::Config;
use store::query::OutboxRow;
use store::types::QueueId;

/// Recipients that are listed at most; the trailer says when there are more.
const ROWS_MAX: u32 = 100_000;

const TITLE: &str = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n";

/// A message with all of its recipients that still wait.
struct Entry<'a> {
    id: QueueId,
    rows: Vec<&'a OutboxRow>,
}

/// Prints the queue.
pub fn list(config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    let rows = rows(config)?;
    match screen.form() {
        Form::Json => screen.line(&json!({ "queue": entries(&rows).iter().map(object).collect::<Vec<_>>() })),
        Form::Human | Form::Plain => screen.text(&columns(&rows)),
    }
}

/// `postqueue -j`
pub fn lines(config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    let rows = rows(config)?;
    entries(&rows).iter().try_for_each(|entry| screen.line(&object(entry)))
}

fn rows(config: &Config) -> Result<Vec<OutboxRow>, Trouble> {
    match house::administer(config, Request::QueueList { which: QueueWhich::default(), limit: ROWS_MAX })? {
        Response::Queue { rows, .. } => Ok(rows),
        other => Err(Trouble::new(FailureKind::Software, format!("not an answer to that: {other:?}"))),
    }
}

/// Rows of one message and one reverse path belong together; they follow one another.
fn entries(rows: &[OutboxRow]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for row in rows {
        match entries.last_mut() {
            Some(last) if last.rows.first().is_some_and(|first| first.outbox == row.outbox) => last.rows.push(row),
            _ => entries.push(Entry { id: row.queue_id, rows: vec![row] }),
        }
    }
    entries
}

fn columns(rows: &[OutboxRow]) -> String {
    let entries = entries(rows);
    let Some(octets) = entries.iter().filter_map(|entry| entry.rows.first()).map(|row| row.size).reduce(|a, b| a + b)
    else {
        return "Mail queue is empty\n".to_owned();
    };
    let mut text = TITLE.to_owned();
    for entry in &entries {
        text.push_str(&block(entry));
        text.push('\n');
    }
    let requests = if entries.len() == 1 { "Request" } else { "Requests" };
    let more = if rows.len() == ROWS_MAX as usize { " (there may be more)" } else { "" };
    text + &format!("-- {} Kbytes in {} {requests}.{more}\n", octets.div_ceil(1024), entries.len())
}

/// `*`: on its way just now; `!`: held.
fn mark(entry: &Entry<'_>) -> char {
    let any = |state: &str| entry.rows.iter().any(|row| row.state == state);
    match (any("active"), entry.rows.iter().all(|row| row.state == "held")) {
        (true, _) => '*',
        (false, true) => '!',
        (false, false) => ' ',
    }
}

fn block(entry: &Entry<'_>) -> String {
    let Some(first) = entry.rows.first() else { return String::new() };
    let sender = if first.reverse_path.is_empty() { "MAILER-DAEMON" } else { &first.reverse_path };
    let id = format!("{}{}", entry.id, mark(entry));
    let mut text = format!("{id:<14} {:>8} {} {}\n", first.size, arrival(first.created), harmless(sender));
    for row in &entry.rows {
        if let Some(said) = row.said.as_deref().filter(|said| !said.is_empty()) {
            text.push_str(&format!("{:>8}\n", format!("({})", harmless(said))));
        }
        text.push_str(&format!("{:45}{}\n", "", harmless(&row.address.to_string())));
    }
    text
}

/// `Sat Nov 21 11:20:24`, from `Sat, 21 Nov 2026 11:20:24 +0000`.
fn arrival(time: Time) -> String {
    let written = date::write(time, 0);
    let words: Vec<&str> = written.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [weekday, day, month, _, clock, ..] => format!("{weekday} {month} {day:>2} {clock}"),
        _ => written,
    }
}

/// As Postfix names things, for scripts.
fn object(entry: &Entry<'_>) -> Value {
    let first = entry.rows.first();
    let name = match mark(entry) {
        '*' => "active",
        '!' => "hold",
        _ => "deferred",
    };
    let recipients: Vec<Value> = entry
        .rows
        .iter()
        .map(|row| match &row.said {
            Some(said) => json!({ "address": row.address, "delay_reason": said }),
            None => json!({ "address": row.address }),
        })
        .collect();
    json!({
        "queue_name": name,
        "queue_id": entry.id,
        "arrival_time": first.map(|row| row.created.unix_seconds()),
        "message_size": first.map(|row| row.size),
        "sender": first.map(|row| row.reverse_path.as_str()),
        "recipients": recipients,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(outbox: i64, to: &str, state: &str, said: Option<&str>) -> OutboxRow {
        OutboxRow {
            outbox,
            recipient: 0,
            queue_id: QueueId::new(Time(1_795_260_024_000), u16::try_from(outbox).unwrap()),
            reverse_path: if outbox == 2 { String::new() } else { "alice@hamburger.edu".to_owned() },
            address: to.parse().unwrap(),
            state: state.to_owned(),
            created: Time(1_795_260_024_000),
            due: Time(0),
            attempts: 1,
            said: said.map(str::to_owned),
            size: 1500,
            route: None,
        }
    }

    #[test]
    fn an_empty_queue_is_said_to_be_so() {
        assert_eq!(columns(&[]), "Mail queue is empty\n");
    }

    #[test]
    fn the_columns_are_those_that_scripts_know() {
        let rows = [
            row(1, "bob@crepes.fr", "waiting", Some("451 come back later")),
            row(1, "carol@crepes.fr", "active", None),
            row(2, "dave@crepes.fr", "held", None),
        ];
        let text = columns(&rows);
        let lines: Vec<&str> = text.lines().collect();
        let ids = [rows[0].queue_id, rows[2].queue_id];
        let expected = [
            TITLE.trim_end().to_owned(),
            format!("{}*     1500 Sat Nov 21 11:20:24 alice@hamburger.edu", ids[0]),
            "(451 come back later)".to_owned(),
            format!("{:45}bob@crepes.fr", ""),
            format!("{:45}carol@crepes.fr", ""),
            String::new(),
            format!("{}!     1500 Sat Nov 21 11:20:24 MAILER-DAEMON", ids[1]),
            format!("{:45}dave@crepes.fr", ""),
            String::new(),
            "-- 3 Kbytes in 2 Requests.".to_owned(),
        ];
        assert_eq!(lines, expected);
        assert!(columns(&rows[2..]).ends_with("-- 2 Kbytes in 1 Request.\n"));
    }

    #[test]
    fn programs_get_what_postqueue_gives() {
        let rows = [row(1, "bob@crepes.fr", "waiting", Some("451 later"))];
        let json = object(&entries(&rows)[0]);
        assert_eq!((&json["queue_name"], &json["arrival_time"]), (&json!("deferred"), &json!(1_795_260_024)));
        assert_eq!(json["recipients"], json!([{ "address": "bob@crepes.fr", "delay_reason": "451 later" }]));
    }
}
