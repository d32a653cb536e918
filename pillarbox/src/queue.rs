//! `pillarbox queue`: mail that waits to leave for other hosts.

use crate::Plan;
use crate::table::{Cell, Table, figures, words};
use crate::trouble::Trouble;
use crate::units::{age, count, exact, octets, relative};
use crate::view::{Look, View};
use clap::{Args, Subcommand};
use message::{Address, Domain};
use office::admin::{FailureKind, QueueWhich, Request};
use serde_json::{Value, json};
use std::time::Duration;
use store::op::{OutboxChange, OutboxFilter};
use store::query::OutboxRow;
use store::types::{QueueId, TraceEntry};

/// Rows that are listed unless somebody wants more.
const LIMIT: u32 = 1000;

/// `pillarbox queue ...`
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// List it, the oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// At most this many
        #[arg(long, default_value_t = LIMIT, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show one message: who it is for, and what happened so far
    Show {
        /// As in "250 2.0.0 queued as 06G2V0J9QTXXA"
        id: QueueId,
    },
    /// Try again now
    Retry(Chosen),
    /// Keep until it is released
    Hold(Chosen),
    /// Let go what was held
    Release(Chosen),
    /// Throw away; nobody is told
    Remove(Chosen),
    /// Send to another host than DNS or the configuration say
    Reroute {
        #[command(flatten)]
        which: Chosen,
        /// The host, as in mx2.crepes.fr or 192.0.2.7:2525; "-": the usual way again
        #[arg(long, value_name = "HOST")]
        to: String,
    },
}

/// What narrows a list.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// To this domain
    #[arg(long)]
    domain: Option<Domain>,
    /// To this address
    #[arg(long)]
    to_address: Option<Address>,
    /// From this address; "<>" for reports
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    /// Accepted longer ago than this, as in 4h or 2d
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<Duration>,
    /// Told this the last time, or a part of it
    #[arg(long, value_name = "TEXT")]
    said: Option<String>,
    /// Held ones only
    #[arg(long)]
    held: bool,
}

/// Which of them something is done to.
#[derive(Args, Clone, Debug)]
pub struct Chosen {
    /// The message, as in "250 2.0.0 queued as 06G2V0J9QTXXA"
    #[arg(required_unless_present_any = ["domain", "to_address", "sender", "older_than", "said", "held", "all"])]
    id: Option<QueueId>,
    #[command(flatten)]
    which: Which,
    /// All that waits
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

impl Which {
    fn asked(self, queue_id: Option<QueueId>) -> QueueWhich {
        let filter = OutboxFilter {
            queue_id,
            host: self.domain.map(|domain| domain.to_string()),
            sender: self.sender.map(|sender| if sender == "<>" { String::new() } else { sender }),
            address: self.to_address,
            before: None,
            said: self.said,
            held: self.held.then_some(true),
        };
        QueueWhich { filter, older_than: self.older_than }
    }
}

impl Queue {
    /// What is asked of the post office.
    ///
    /// # Errors
    /// A host that is none.
    pub fn plan(self) -> Result<Plan, Trouble> {
        let change = |chosen: Chosen, change| {
            let which = chosen.which.asked(chosen.id);
            Ok(Plan::ask(Request::QueueChange { which, change }))
        };
        match self {
            Queue::List { which, limit } => Ok(Plan::ask(Request::QueueList { which: which.asked(None), limit })),
            Queue::Show { id } => Ok(Plan::ask(Request::QueueShow { queue_id: id })),
            Queue::Retry(chosen) => change(chosen, OutboxChange::Retry),
            Queue::Hold(chosen) => change(chosen, OutboxChange::Hold),
            Queue::Release(chosen) => change(chosen, OutboxChange::Release),
            Queue::Remove(chosen) => change(chosen, OutboxChange::Remove),
            Queue::Reroute { which, to } => change(which, OutboxChange::Reroute(host(&to)?)),
        }
    }
}

/// `host` or `host:port`; `None` for `-`.
fn host(text: &str) -> Result<Option<String>, Trouble> {
    match text {
        "-" => Ok(None),
        _ => match text.parse::<server::HostPort>() {
            Ok(host) => Ok(Some(host.to_string())),
            Err(error) => Err(Trouble::new(FailureKind::Usage, format!("--to {text}: {error}"))),
        },
    }
}

/// One message: each recipient, then the journey.
#[must_use]
pub fn one(rows: &[OutboxRow], trace: &[TraceEntry], look: Look) -> View {
    let list = view(rows, Vec::new(), look);
    let (journey, _) = crate::trace::view(trace, look);
    View {
        human: format!("{}\n{}", list.human, journey.human),
        plain: format!("{}{}", list.plain, journey.plain),
        json: json!({ "queue": list.json["queue"], "trace": journey.json["trace"] }),
        notes: Vec::new(),
    }
}

/// How many recipients a change reached.
#[must_use]
pub fn changed(recipients: u64) -> View {
    let text = count(recipients, "recipient");
    View { notes: vec![text], ..View::text(String::new(), json!({ "recipients": recipients })) }
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
        words("NEXT"),
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
            next(row, look),
            row.said.as_deref().unwrap_or("-").into(),
        ]);
    }
    let json: Vec<Value> = rows.iter().map(json_of).collect();
    let view = View::table(&table, json!({ "queue": json, "notes": notes }), look).with_notes(notes);
    if rows.is_empty() { view.with_notes(vec!["nothing waits".to_owned()]) } else { view }
}

/// When it is tried next.
fn next(row: &OutboxRow, look: Look) -> Cell {
    let human = match row.state.as_str() {
        "held" => "-".to_owned(),
        "active" => "now".to_owned(),
        _ if row.due <= look.now => "now".to_owned(),
        _ => relative(row.due, look.now),
    };
    Cell::new(human, exact(row.due))
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
        "route": row.route,
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
        let note = "there may be more".to_owned();
        let look = Look { now: Time(created.0 + 60_000), colour: false };
        let view = view(&[row], vec![note.clone()], look);
        let id = QueueId::new(created, 1);
        let human = format!(
            "\
ID             STATE     SIZE  ACCEPTED   FROM  TO             TRIES  NEXT  SAID LAST
{id}  held   2.0 KiB  1 min ago  <>    bob@crepes.fr      0  -     -
"
        );
        assert_eq!(view.human, human);
        assert_eq!(
            view.plain,
            format!("{id}\theld\t2048\t2004-04-07T00:37:54.000Z\t<>\tbob@crepes.fr\t0\t2004-04-07T00:37:54.000Z\t-\n")
        );
        assert_eq!(view.notes, [note]);
        let json = format!(
            r#"{{"address":"bob@crepes.fr","attempts":0,"created":"2004-04-07T00:37:54.000Z","due":"2004-04-07T00:37:54.000Z","queue_id":"{id}","recipient":0,"reverse_path":"","route":null,"said":null,"size":2048,"state":"held"}}"#
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
