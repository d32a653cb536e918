//! `pillarbox queue`: mail that waits to leave for other hosts.

use crate::Plan;
use crate::table::{Cell, Table, figures, words};
use crate::units::{exact, octets, relative};
use crate::view::{Look, View};
use clap::Subcommand;
use office::admin::Request;
use serde_json::{Value, json};
use store::query::OutboxRow;

/// Rows that are listed unless somebody wants more.
const LIMIT: u32 = 1000;

/// `pillarbox queue ...`
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// List it, the oldest first
    List {
        /// At most this many
        #[arg(long, default_value_t = LIMIT, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
}

impl Queue {
    /// What is asked of the post office.
    pub fn plan(self) -> Plan {
        let Queue::List { limit } = self;
        Plan::ask(Request::QueueList { limit })
    }
}

/// The list of what waits.
#[must_use]
pub fn view(rows: &[OutboxRow], notes: Vec<String>, look: Look) -> View {
    let mut table = Table::new(&[
        words("ID"),
        words("STATE"),
        figures("SIZE"),
        words("ACCEPTED"),
        words("FROM"),
        words("TO"),
        figures("TRIES"),
        words("SAID LAST"),
    ]);
    for row in rows {
        let from = if row.reverse_path.is_empty() { "<>" } else { &row.reverse_path };
        table.row([
            row.queue_id.into(),
            (&row.state).into(),
            Cell::new(octets(row.size), row.size),
            Cell::new(relative(row.created, look.now), exact(row.created)),
            from.into(),
            (&row.address).into(),
            row.attempts.into(),
            row.said.as_deref().unwrap_or("-").into(),
        ]);
    }
    let json: Vec<Value> = rows.iter().map(json_of).collect();
    let view = View::table(&table, json!({ "queue": json, "notes": notes }), look).with_notes(notes);
    if rows.is_empty() { view.with_notes(vec!["nothing waits".to_owned()]) } else { view }
}

fn json_of(row: &OutboxRow) -> Value {
    json!({
        "queue_id": row.queue_id,
        "recipient": row.recipient,
        "state": row.state,
        "size": row.size,
        "created": exact(row.created),
        "due": exact(row.due),
        "reverse_path": row.reverse_path,
        "address": row.address,
        "attempts": row.attempts,
        "said": row.said,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;
    use store::types::QueueId;

    #[test]
    fn what_waits_is_listed() {
        let created = Time(1_081_298_274_000);
        let row = OutboxRow {
            outbox: 1,
            recipient: 0,
            queue_id: QueueId::new(created, 1),
            reverse_path: String::new(),
            address: "bob@crepes.fr".parse().unwrap(),
            state: "held".to_owned(),
            created,
            due: created,
            attempts: 0,
            said: None,
            size: 2048,
            route: None,
        };
        let note = "held: this version does not send to other hosts yet".to_owned();
        let look = Look { now: Time(created.0 + 60_000), colour: false };
        let view = view(&[row], vec![note.clone()], look);
        let id = QueueId::new(created, 1);
        let human = format!(
            "\
ID             STATE     SIZE  ACCEPTED   FROM  TO             TRIES  SAID LAST
{id}  held   2.0 KiB  1 min ago  <>    bob@crepes.fr      0  -
"
        );
        assert_eq!(view.human, human);
        assert_eq!(view.plain, format!("{id}\theld\t2048\t2004-04-07T00:37:54.000Z\t<>\tbob@crepes.fr\t0\t-\n"));
        assert_eq!(view.notes, [note]);
        let json = format!(
            r#"{{"address":"bob@crepes.fr","attempts":0,"created":"2004-04-07T00:37:54.000Z","due":"2004-04-07T00:37:54.000Z","queue_id":"{id}","recipient":0,"reverse_path":"","said":null,"size":2048,"state":"held"}}"#
        );
        assert_eq!(view.json["queue"][0].to_string(), json);
    }

    #[test]
    fn an_empty_queue_says_so() {
        let view = view(&[], Vec::new(), Look { now: Time(0), colour: false });
        assert_eq!((view.human.as_str(), view.notes), ("", vec!["nothing waits".to_owned()]));
        assert_eq!(view.json.to_string(), r#"{"notes":[],"queue":[]}"#);
    }
}
