//! What leaves the house: one row a message, one a recipient, leases with fencing tokens.

use super::{Work, first};
use crate::columns::{self, Sql, Text, num, optional_text, queue_id, queue_key, small};
use crate::op::{Claimed, Deliver, Outcome, Outgoing, Settled};
use crate::types::QueueId;
use message::Time;
use rusqlite::{Row, params};

/// Recipients given out by one claim at most, whatever was asked for.
pub const CLAIM_MAX: u32 = 1000;

impl Work<'_> {
    pub(super) fn enqueue(&mut self, deliver: &Deliver, remote: &Outgoing, blob: i64) -> Sql<()> {
        let size = remote.prefix.len() as u64 + deliver.content.octets;
        self.run(
            "INSERT INTO outbox (queue_id, blob, prefix, reverse_path, body, smtputf8, ret, envid, size, created) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                queue_key(deliver.queue_id),
                blob,
                remote.prefix,
                remote.reverse_path.as_bytes(),
                remote.body.as_bytes(),
                remote.smtputf8,
                optional_text(remote.ret.as_deref()),
                optional_text(remote.envid.as_deref()),
                num(size),
                num(deliver.now.0)
            ],
        )?;
        let outbox = self.sql.last_insert_rowid();
        for (n, recipient) in (0_i64..).zip(&remote.recipients) {
            self.run(
                "INSERT INTO outbox_rcpt (outbox, n, local, host, notify, orcpt, held, due) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    outbox,
                    n,
                    recipient.address.local_part().as_bytes(),
                    columns::host(&recipient.address).as_bytes(),
                    recipient.notify,
                    optional_text(recipient.orcpt.as_deref()),
                    remote.held,
                    num(deliver.now.0)
                ],
            )?;
        }
        Ok(())
    }

    pub(super) fn claim(&mut self, now: Time, limit: u32, lease_ms: u64, token: u64) -> Sql<Outcome> {
        let rows: Vec<(i64, i64, Text, Text, i64)> = {
            let mut statement = self.sql.prepare_cached(
                "SELECT outbox, n, local, host, attempts FROM outbox_rcpt \
                 WHERE held = 0 AND due <= ?1 AND lease_until <= ?1 ORDER BY due, outbox, n LIMIT ?2",
            )?;
            let rows = statement.query_map([num(now.0), i64::from(limit.min(CLAIM_MAX))], claimed)?;
            rows.collect::<Result<_, _>>()?
        };
        let until = num(now.0.saturating_add(lease_ms));
        let mut all = Vec::with_capacity(rows.len());
        for (outbox, n, local, host, attempts) in rows {
            self.run(
                "UPDATE outbox_rcpt SET lease_until = ?3, lease_token = ?4 WHERE outbox = ?1 AND n = ?2",
                params![outbox, n, until, token.cast_signed()],
            )?;
            let address = columns::address(&local.0, &host.0)?;
            all.push(Claimed { outbox, recipient: small(n)?, address, attempts: small(attempts)? });
        }
        Ok(Outcome::Claimed(all))
    }

    pub(super) fn settle(&mut self, row: (i64, u32), token: u64, state: &Settled, now: Time) -> Sql<Outcome> {
        let (outbox, n) = row;
        let found = {
            let mut statement = self.sql.prepare_cached(
                "SELECT queue_id, local, host FROM outbox_rcpt JOIN outbox ON outbox.id = outbox \
                 WHERE outbox = ?1 AND n = ?2 AND lease_token = ?3 AND lease_until > ?4",
            )?;
            first(statement.query_row(params![outbox, n, token.cast_signed(), num(now.0)], recipient))?
        };
        let Some((id, address)) = found else { return Ok(Outcome::Conflict) };
        match state {
            Settled::Sent | Settled::Failed { .. } => self.leave(outbox, n)?,
            Settled::Retry { due, said } => self.free(row, *due, false, Some(said))?,
            Settled::Held => self.free(row, now, true, None)?,
            Settled::Released { due } => self.free(row, *due, false, None)?,
        }
        self.trace_settled(id, &address, state, now)?;
        Ok(Outcome::Done)
    }

    /// Ends a lease. A try was made where something was said.
    fn free(&self, row: (i64, u32), due: Time, held: bool, said: Option<&str>) -> Sql<()> {
        self.run(
            "UPDATE outbox_rcpt SET lease_until = 0, lease_token = 0, due = ?3, held = ?4, said = ifnull(?5, said), \
             attempts = attempts + (?5 IS NOT NULL) WHERE outbox = ?1 AND n = ?2",
            params![row.0, row.1, num(due.0), held, optional_text(said)],
        )?;
        Ok(())
    }

    /// A recipient is done with; the message leaves the outbox with its last one.
    fn leave(&mut self, outbox: i64, n: u32) -> Sql<()> {
        self.run("DELETE FROM outbox_rcpt WHERE outbox = ?1 AND n = ?2", params![outbox, n])?;
        if self.finds("SELECT 1 FROM outbox_rcpt WHERE outbox = ?1", [outbox])? {
            return Ok(());
        }
        if let Some(blob) = self.number("DELETE FROM outbox WHERE id = ?1 RETURNING blob", [outbox])? {
            self.release_blob(blob)?;
        }
        Ok(())
    }

    fn trace_settled(&mut self, id: QueueId, address: &str, state: &Settled, now: Time) -> Sql<()> {
        let (event, detail) = match state {
            Settled::Sent => ("sent", ""),
            Settled::Retry { said, .. } => ("retry", said.as_str()),
            Settled::Failed { said } => ("failed", said.as_str()),
            Settled::Held => ("held", ""),
            Settled::Released { .. } => return Ok(()),
        };
        self.trace_line(id, now, (event, address, detail))
    }
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<(i64, i64, Text, Text, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn recipient(row: &Row<'_>) -> rusqlite::Result<(QueueId, String)> {
    let (local, host): (Text, Text) = (row.get(1)?, row.get(2)?);
    Ok((queue_id(row.get(0)?), format!("{}@{}", local.0, host.0)))
}
