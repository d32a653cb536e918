//! `pillarbox trace`: the journey of a message, by the id that stands in the 250, or of an address's latest mail.

use crate::Plan;
use crate::table::{Table, words};
use crate::trouble::exit_code;
use crate::units::{clock, day, exact, harmless, relative};
use crate::view::{Look, View};
use clap::Args;
use office::admin::{FailureKind, Request};
use serde_json::{Value, json};
use store::types::TraceEntry;

/// Messages that are told of an address unless somebody wants more.
const LIMIT: u32 = 20;

/// `pillarbox trace`
#[derive(Args, Debug)]
pub struct Trace {
    /// A queue id, as in "250 2.0.0 queued as 06G2V0J9QTXXA", or an address
    #[arg(value_name = "ID|ADDRESS")]
    what: String,
    /// At most this many messages, the latest first
    #[arg(long, default_value_t = LIMIT, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

impl Trace {
    /// What is asked of the post office.
    pub fn plan(self) -> Plan {
        Plan::ask(Request::Trace { what: self.what, limit: self.limit })
    }
}

/// The journeys, and the code to end with: knowing nothing is no success.
#[must_use]
pub fn view(entries: &[TraceEntry], look: Look) -> (View, u8) {
    let mut plain = Table::new(&[words("TIME"), words("ID"), words("EVENT"), words("ADDRESS"), words("DETAIL")]);
    let mut rows = Vec::new();
    for TraceEntry { queue_id, at, event, address, detail } in entries {
        let whom = address.as_deref().unwrap_or("-");
        plain.row([exact(*at).into(), queue_id.into(), event.into(), whom.into(), detail.into()]);
        rows.push(
            json!({ "queue_id": queue_id, "at": exact(*at), "event": event, "address": address, "detail": detail }),
        );
    }
    let view = View {
        human: entries.chunk_by(|a, b| a.queue_id == b.queue_id).map(|journey| told(journey, look)).collect(),
        plain: plain.plain(),
        json: json!({ "trace": Value::from(rows) }),
        notes: Vec::new(),
    };
    if entries.is_empty() {
        let note = "nothing is known of it: look at the id again, or give an address; journeys are forgotten in time";
        return (view.or_note(note), exit_code(FailureKind::NoUser));
    }
    (view, 0)
}

/// One message's journey, in words. Times are UTC.
fn told(journey: &[TraceEntry], look: Look) -> String {
    let Some(first) = journey.first() else { return String::new() };
    let mut table = Table::new(&[words(""), words(""), words("")]);
    for entry in journey {
        table.row([clock(entry.at).into(), (&entry.event).into(), sentence(entry).into()]);
    }
    let headline = format!(
        "{}  {} UTC, {}",
        first.queue_id,
        day(first.at, &message::zone::Zone::utc()),
        relative(first.at, look.now)
    );
    let headline = if look.colour { format!("\x1b[1m{headline}\x1b[0m") } else { headline };
    let lines: String = table.human(false).lines().map(|line| format!("  {line}\n")).collect();
    format!("{headline}\n{lines}")
}

/// Whom it concerns and what happened.
#[must_use]
pub fn sentence(entry: &TraceEntry) -> String {
    let detail = harmless(&entry.detail);
    match entry.address.as_deref().map(harmless) {
        Some(address) if detail.is_empty() => address.into_owned(),
        Some(address) => format!("{address}: {detail}"),
        None => detail.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;
    use store::types::QueueId;

    const LOOK: Look = Look { now: Time(1_081_298_274_000 + 180_000), colour: false };

    fn journey() -> Vec<TraceEntry> {
        let queue_id = QueueId::new(Time(1_081_298_274_000), 7);
        let entry = |later: u64, event: &str, address: Option<&str>, detail: &str| TraceEntry {
            queue_id,
            at: Time(1_081_298_274_000 + later),
            event: event.to_owned(),
            address: address.map(str::to_owned),
            detail: detail.to_owned(),
        };
        vec![
            entry(0, "accepted", None, "from crepes.fr [127.0.0.1]"),
            entry(12, "delivered", Some("bob@hamburger.edu"), ""),
            entry(5000, "refused", Some("x@y.z"), "evil\u{1b}[2J"),
        ]
    }

    #[test]
    fn a_journey_is_told_in_order() {
        let (view, code) = view(&journey(), LOOK);
        let id = QueueId::new(Time(1_081_298_274_000), 7);
        let human = format!(
            "\
{id}  2004-04-07 UTC, 3 min ago
  00:37:54.000  accepted   from crepes.fr [127.0.0.1]
  00:37:54.012  delivered  bob@hamburger.edu
  00:37:59.000  refused    x@y.z: evil\\u{{1b}}[2J
"
        );
        assert_eq!((view.human, code), (human, 0));
        assert!(view.plain.starts_with(&format!("2004-04-07T00:37:54.000Z\t{id}\taccepted\t-\tfrom crepes.fr")));
        let json = format!(
            r#"{{"address":"bob@hamburger.edu","at":"2004-04-07T00:37:54.012Z","detail":"","event":"delivered","queue_id":"{id}"}}"#
        );
        assert_eq!(view.json["trace"][1].to_string(), json);
    }

    #[test]
    fn knowing_nothing_is_no_success() {
        let (view, code) = view(&[], LOOK);
        assert_eq!((view.human.as_str(), code), ("", 67));
        assert_eq!(view.notes.len(), 1);
    }
}
