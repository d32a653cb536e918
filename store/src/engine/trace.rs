//! The journeys of messages.

use super::Work;
use crate::columns::{Sql, key, num, queue_key};
use crate::op::Deliver;
use crate::types::{QueueId, TraceEntry};
use message::Time;
use rusqlite::params;

impl Work<'_> {
    /// The beginning of a journey, findable by sender and recipients.
    pub(super) fn trace_message(&mut self, deliver: &Deliver) -> Sql<()> {
        self.trace(&deliver.trace)?;
        self.trace_address(&deliver.reverse_path, deliver.queue_id)?;
        for local in &deliver.local {
            self.trace_address(&local.recipient, deliver.queue_id)?;
        }
        for recipient in deliver.remote.iter().flat_map(|remote| &remote.recipients) {
            self.trace_address(&recipient.address.to_string(), deliver.queue_id)?;
        }
        Ok(())
    }

    pub(super) fn trace(&mut self, entries: &[TraceEntry]) -> Sql<()> {
        for entry in entries {
            self.run(
                "INSERT INTO trace (queue_id, n, at, event, address, detail) VALUES (?1, \
                 (SELECT coalesce(max(n) + 1, 0) FROM trace WHERE queue_id = ?1), ?2, ?3, ?4, ?5)",
                params![
                    queue_key(entry.queue_id),
                    num(entry.at.0),
                    entry.event.as_bytes(),
                    entry.address.as_deref().map(str::as_bytes),
                    entry.detail.as_bytes()
                ],
            )?;
            if let Some(address) = &entry.address {
                self.trace_address(address, entry.queue_id)?;
            }
        }
        Ok(())
    }

    fn trace_address(&mut self, address: &str, id: QueueId) -> Sql<()> {
        if !address.is_empty() {
            self.run(
                "INSERT OR IGNORE INTO trace_address (address, queue_id) VALUES (?1, ?2)",
                params![key(address).as_bytes(), queue_key(id)],
            )?;
        }
        Ok(())
    }

    /// One line of a journey.
    pub(super) fn trace_line(&mut self, id: QueueId, at: Time, line: (&str, &str, &str)) -> Sql<()> {
        let (event, address, detail) = line;
        self.trace(&[TraceEntry {
            queue_id: id,
            at,
            event: event.to_owned(),
            address: Some(address.to_owned()),
            detail: detail.to_owned(),
        }])
    }
}
