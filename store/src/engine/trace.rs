//! The journeys of messages.

use super::Work;
use crate::columns::{Sql, key, num, queue_key};
use crate::op::Deliver;
use crate::types::{QueueId, TraceEntry};
use rusqlite::params;
use std::collections::BTreeSet;

impl Work<'_> {
    /// The beginning of a journey, findable by sender and recipients.
    pub(super) fn trace_message(&mut self, deliver: &Deliver) -> Sql<()> {
        let local = deliver.local.iter().map(|local| key(&local.recipient));
        let remote = deliver.remote.iter().flat_map(|remote| &remote.recipients);
        let remote = remote.map(|recipient| key(&recipient.address.to_string()));
        let named = deliver.trace.iter().filter_map(|entry| entry.address.as_deref()).map(key);
        let all: BTreeSet<_> = local.chain(remote).chain(named).chain([key(&deliver.reverse_path)]).collect();
        self.trace_lines(&deliver.trace)?;
        all.iter().try_for_each(|address| self.trace_address(address, deliver.queue_id))
    }

    /// Lines of journeys; each makes its address lead to the message.
    pub(super) fn trace(&mut self, entries: &[TraceEntry]) -> Sql<()> {
        self.trace_lines(entries)?;
        let addressed = entries.iter().filter_map(|entry| Some((key(entry.address.as_deref()?), entry.queue_id)));
        addressed.into_iter().try_for_each(|(address, id)| self.trace_address(&address, id))
    }

    fn trace_lines(&mut self, entries: &[TraceEntry]) -> Sql<()> {
        let mut last: Option<(QueueId, i64)> = None;
        for entry in entries {
            let n = match last {
                Some((id, n)) if id == entry.queue_id => n + 1,
                _ => self.lines_of(entry.queue_id)?,
            };
            last = Some((entry.queue_id, n));
            self.run(
                "INSERT INTO trace (queue_id, n, at, event, address, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    queue_key(entry.queue_id),
                    n,
                    num(entry.at.0),
                    entry.event.as_bytes(),
                    entry.address.as_deref().map(str::as_bytes),
                    entry.detail.as_bytes()
                ],
            )?;
        }
        Ok(())
    }

    /// How many lines a journey has: the number of its next.
    fn lines_of(&self, id: QueueId) -> Sql<i64> {
        let last = "SELECT n FROM trace WHERE queue_id = ?1 ORDER BY n DESC LIMIT 1";
        Ok(self.number(last, [queue_key(id)])?.map_or(0, |n| n + 1))
    }

    /// `address`: in the form in which addresses compare.
    fn trace_address(&mut self, address: &str, id: QueueId) -> Sql<()> {
        if !address.is_empty() {
            self.run(
                "INSERT OR IGNORE INTO trace_address (address, queue_id) VALUES (?1, ?2)",
                params![address.as_bytes(), queue_key(id)],
            )?;
        }
        Ok(())
    }
}
