//! The queue, as an administrator sees and moves it.

use super::{Clerk, Result, failure, trouble};
use crate::admin::{FailureKind, QueueWhich, Response};
use crate::outbound::Destination;
use message::Time;
use store::Outcome;
use store::engine::CHANGE_MAX;
use store::op::{Op, OutboxChange, OutboxFilter};
use store::query::{Outbox, TraceById};
use store::types::QueueId;

impl Clerk<'_> {
    pub(super) async fn queue(&self, now: Time, which: QueueWhich, limit: u32) -> Result {
        let rows = self.waiting(filter(which, now), limit).await?;
        let mut notes = Vec::new();
        if u32::try_from(rows.len()).is_ok_and(|count| count == limit) {
            notes.push(format!("these are the first {limit}: there may be more"));
        }
        Ok(Response::Queue { rows, notes })
    }

    /// One message: nobody asks for thousands of its recipients at once.
    pub(super) async fn queued(&self, queue_id: QueueId) -> Result {
        let filter = OutboxFilter { queue_id: Some(queue_id), ..OutboxFilter::default() };
        let rows = self.waiting(filter, CHANGE_MAX).await?;
        let trace = self.store.read(TraceById { queue_id }).await.map_err(trouble)?;
        if rows.is_empty() {
            return Err(match trace.is_empty() {
                true => failure(FailureKind::NoUser, format!("nothing is known of {queue_id}")),
                false => failure(
                    FailureKind::NoUser,
                    format!("{queue_id} waits no longer: `pillarbox trace {queue_id}` tells what became of it"),
                ),
            });
        }
        Ok(Response::Queued { rows, trace })
    }

    pub(super) async fn change_queue(&self, now: Time, which: QueueWhich, change: OutboxChange) -> Result {
        let filter = filter(which, now);
        let (mut after, mut recipients) = ((0, 0), 0);
        loop {
            // A page at a time, so that no transaction gets long; the last row of a page is where the next begins.
            let page = self.waiting_after(filter.clone(), after, CHANGE_MAX).await?;
            let Some(last) = page.last() else { break };
            self.revive(now, &page, &change);
            let op = Op::OutboxChange { filter: filter.clone(), after, limit: CHANGE_MAX, change: change.clone(), now };
            match self.store.apply(op).await.map_err(trouble)? {
                Outcome::Changed(count) => recipients += u64::from(count),
                _ => break,
            }
            after = (last.outbox, last.recipient);
            if page.len() < CHANGE_MAX as usize {
                break;
            }
        }
        match recipients {
            0 => Err(failure(FailureKind::NoUser, "nothing that waits fits that: see `pillarbox queue list`")),
            _ => Ok(Response::Changed { recipients }),
        }
    }

    /// Now is now: also where the last tries found nobody (RFC 5321 §4.5.4.1). Said before the rows are due, or they would
    /// be put off once more.
    fn revive(&self, now: Time, rows: &[store::query::OutboxRow], change: &OutboxChange) {
        let Some(sending) = &self.sending else { return };
        for row in rows {
            let route = match change {
                OutboxChange::Hold | OutboxChange::Remove => return,
                OutboxChange::Retry | OutboxChange::Release => row.route.clone(),
                OutboxChange::Reroute(route) => route.clone(),
            };
            sending.revive(&Destination { host: row.address.host().to_string(), route }, now);
        }
    }

    async fn waiting(&self, filter: OutboxFilter, limit: u32) -> Result<Vec<store::query::OutboxRow>> {
        self.waiting_after(filter, (0, 0), limit).await
    }

    async fn waiting_after(
        &self,
        filter: OutboxFilter,
        after: (i64, u32),
        limit: u32,
    ) -> Result<Vec<store::query::OutboxRow>> {
        self.store.read(Outbox { filter, after, limit }).await.map_err(trouble)
    }
}

fn filter(which: QueueWhich, now: Time) -> OutboxFilter {
    let before =
        which.older_than.map(|age| Time(now.0.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(now.0))));
    OutboxFilter { before: before.or(which.filter.before), ..which.filter }
}
