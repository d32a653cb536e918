//! What leaves the house: one row a message and envelope, one a recipient, leases with fencing tokens. Owns what a
//! lease protects; what a try came to is decided elsewhere, and so is when the next one is due.

use super::Work;
use crate::columns::{self, Sql, Text, count, num, optional_text, queue_id, queue_key, small, time};
use crate::op::{
    Claimed, Deliver, OutboxChange, OutboxFilter, Outcome, Outgoing, Settled, SettledRecipient, Settlement,
};
use crate::rows::outbox_condition;
use message::Time;
use rusqlite::{Row, params, params_from_iter};

/// Recipients given out by one claim at most, whatever was asked for.
pub const CLAIM_MAX: u32 = 1000;
/// Recipients changed by one operation at most, so that no transaction gets long.
pub const CHANGE_MAX: u32 = 10_000;

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
        self.outbox_changed = true;
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

    pub(super) fn claim(
        &mut self,
        (now, lease_ms): (Time, u64),
        limit: u32,
        token: u64,
        except: &[String],
    ) -> Sql<Outcome> {
        let except = columns::json_list(except);
        let rows: Vec<Claimed> = {
            let mut statement = self.sql.prepare_cached(
                "SELECT r.outbox, n, queue_id, reverse_path, local, host, notify, orcpt, route, size, created, \
                 attempts, history FROM \
                 (SELECT * FROM outbox_rcpt WHERE held = 0 AND due <= ?1 AND lease_until <= ?1 \
                  AND (route IS NOT NULL OR CAST(host AS TEXT) NOT IN (SELECT value FROM json_each(?3))) \
                  ORDER BY due, outbox, n LIMIT ?2) AS r \
                 JOIN outbox ON outbox.id = r.outbox ORDER BY due, r.outbox, n",
            )?;
            let mut rows = statement.query(params![num(now.0), i64::from(limit.min(CLAIM_MAX)), except])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(claimed(row)?);
            }
            all
        };
        self.lease((now, lease_ms), token, &rows)?;
        Ok(Outcome::Claimed(rows))
    }

    pub(super) fn claim_at(
        &mut self,
        host: &str,
        after: (i64, u32),
        (now, lease_ms): (Time, u64),
        limit: u32,
        token: u64,
    ) -> Sql<Outcome> {
        let rows: Vec<Claimed> = {
            let mut statement = self.sql.prepare_cached(
                "SELECT r.outbox, n, queue_id, reverse_path, local, host, notify, orcpt, route, size, created, \
                 attempts, history FROM outbox_rcpt AS r JOIN outbox ON outbox.id = r.outbox \
                 WHERE held = 0 AND lease_until <= ?1 AND host = ?2 AND route IS NULL AND (r.outbox, n) > (?3, ?4) \
                 ORDER BY r.outbox, n LIMIT ?5",
            )?;
            let limit = i64::from(limit.min(CLAIM_MAX));
            let mut rows = statement.query(params![num(now.0), host.as_bytes(), after.0, i64::from(after.1), limit])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(claimed(row)?);
            }
            all
        };
        self.lease((now, lease_ms), token, &rows)?;
        Ok(Outcome::Claimed(rows))
    }

    fn lease(&mut self, (now, lease_ms): (Time, u64), token: u64, rows: &[Claimed]) -> Sql<()> {
        let until = num(now.0.saturating_add(lease_ms));
        for row in rows {
            self.run(
                "UPDATE outbox_rcpt SET lease_until = ?3, lease_token = ?4 WHERE outbox = ?1 AND n = ?2",
                params![row.outbox, row.recipient, until, token.cast_signed()],
            )?;
        }
        Ok(())
    }

    pub(super) fn renew(&mut self, now: Time, lease_ms: u64, token: u64, rows: &[(i64, u32)]) -> Sql<Outcome> {
        let until = num(now.0.saturating_add(lease_ms));
        for (outbox, n) in rows {
            self.run(
                "UPDATE outbox_rcpt SET lease_until = ?3 \
                 WHERE outbox = ?1 AND n = ?2 AND lease_token = ?4 AND lease_until > ?5",
                params![outbox, n, until, token.cast_signed(), num(now.0)],
            )?;
        }
        Ok(Outcome::Done)
    }

    pub(super) fn release_all(&mut self) -> Sql<Outcome> {
        self.run("UPDATE outbox_rcpt SET lease_until = 0, lease_token = 0 WHERE lease_token <> 0", [])?;
        self.outbox_changed = true;
        Ok(Outcome::Done)
    }

    pub(super) fn defer(&mut self, host: &str, now: Time, until: Time, limit: u32) -> Sql<Outcome> {
        let changed = self.run(
            "UPDATE outbox_rcpt SET due = ?3 WHERE (outbox, n) IN (SELECT outbox, n FROM outbox_rcpt \
             WHERE held = 0 AND due <= ?2 AND lease_until <= ?2 AND host = ?1 ORDER BY due LIMIT ?4)",
            params![host.as_bytes(), num(now.0), num(until.0), i64::from(limit.min(CHANGE_MAX))],
        )?;
        Ok(Outcome::Changed(u32::try_from(changed).unwrap_or(u32::MAX)))
    }

    pub(super) fn settle(&mut self, settlement: &Settlement) -> Sql<Outcome> {
        for row in &settlement.recipients {
            let held = self.finds(
                "SELECT 1 FROM outbox_rcpt WHERE outbox = ?1 AND n = ?2 AND lease_token = ?3 AND lease_until > ?4",
                params![row.outbox, row.recipient, settlement.token.cast_signed(), num(settlement.now.0)],
            )?;
            if !held {
                return Ok(Outcome::Conflict);
            }
        }
        for row in &settlement.recipients {
            self.settle_one(row, settlement.now)?;
        }
        for report in &settlement.reports {
            self.deliver(report)?;
        }
        self.trace(&settlement.trace)?;
        Ok(Outcome::Done)
    }

    fn settle_one(&mut self, row: &SettledRecipient, now: Time) -> Sql<()> {
        let key = (row.outbox, row.recipient);
        match &row.state {
            Settled::Done => self.leave(key),
            Settled::Retry { due, said, history } => self.free(key, *due, Some((said, history))),
            Settled::Released { due } => self.free(key, *due, None),
            Settled::Held => {
                self.free(key, now, None)?;
                self.run("UPDATE outbox_rcpt SET held = 1 WHERE outbox = ?1 AND n = ?2", [key.0, i64::from(key.1)])?;
                Ok(())
            }
        }
    }

    /// Ends a lease. A try was made where something was said.
    fn free(&mut self, row: (i64, u32), due: Time, said: Option<(&str, &[u8])>) -> Sql<()> {
        self.run(
            "UPDATE outbox_rcpt SET lease_until = 0, lease_token = 0, due = ?3, said = ifnull(?4, said), \
             history = ifnull(?5, history), attempts = attempts + (?4 IS NOT NULL) WHERE outbox = ?1 AND n = ?2",
            params![row.0, row.1, num(due.0), said.map(|said| said.0.as_bytes()), said.map(|said| said.1)],
        )?;
        self.outbox_changed = true;
        Ok(())
    }

    /// A recipient is done with; the message leaves the outbox with its last one.
    fn leave(&mut self, (outbox, n): (i64, u32)) -> Sql<()> {
        self.run("DELETE FROM outbox_rcpt WHERE outbox = ?1 AND n = ?2", params![outbox, n])?;
        if self.finds("SELECT 1 FROM outbox_rcpt WHERE outbox = ?1", [outbox])? {
            return Ok(());
        }
        if let Some(blob) = self.number("DELETE FROM outbox WHERE id = ?1 RETURNING blob", [outbox])? {
            self.release_blob(blob)?;
        }
        Ok(())
    }

    pub(super) fn outbox_change(
        &mut self,
        filter: &OutboxFilter,
        (after, limit): ((i64, u32), u32),
        change: &OutboxChange,
        now: Time,
    ) -> Sql<Outcome> {
        let rows = self.matching(filter, after, limit.min(CHANGE_MAX))?;
        for row in &rows {
            self.change_one(*row, change, now)?;
        }
        self.outbox_changed = true;
        Ok(Outcome::Changed(u32::try_from(rows.len()).unwrap_or(u32::MAX)))
    }

    fn matching(&self, filter: &OutboxFilter, after: (i64, u32), limit: u32) -> Sql<Vec<(i64, u32)>> {
        let (condition, values) = outbox_condition(filter, after);
        let find = format!(
            "SELECT r.outbox, n FROM outbox_rcpt AS r JOIN outbox ON outbox.id = r.outbox \
             WHERE {condition} ORDER BY r.outbox, n LIMIT {limit}"
        );
        let mut statement = self.sql.prepare_cached(&find)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push((row.get(0)?, small(row.get(1)?)?));
        }
        Ok(all)
    }

    fn change_one(&mut self, row: (i64, u32), change: &OutboxChange, now: Time) -> Sql<()> {
        let (outbox, n, now) = (row.0, row.1, num(now.0));
        match change {
            OutboxChange::Remove => return self.leave(row),
            OutboxChange::Hold => {
                self.run("UPDATE outbox_rcpt SET held = 1 WHERE outbox = ?1 AND n = ?2", params![outbox, n])?
            }
            OutboxChange::Release => self.run(
                "UPDATE outbox_rcpt SET held = 0, due = ?3 WHERE outbox = ?1 AND n = ?2",
                params![outbox, n, now],
            )?,
            OutboxChange::Retry => self.run(
                "UPDATE outbox_rcpt SET due = ?3 WHERE outbox = ?1 AND n = ?2 AND lease_token = 0",
                params![outbox, n, now],
            )?,
            OutboxChange::Reroute(route) => self.run(
                "UPDATE outbox_rcpt SET route = ?4, due = ?3 WHERE outbox = ?1 AND n = ?2",
                params![outbox, n, now, optional_text(route.as_deref())],
            )?,
        };
        Ok(())
    }
}

fn claimed(row: &Row<'_>) -> Sql<Claimed> {
    Ok(Claimed {
        outbox: row.get(0)?,
        recipient: small(row.get(1)?)?,
        queue_id: queue_id(row.get(2)?),
        reverse_path: row.get::<_, Text>(3)?.0,
        address: columns::address(&row.get::<_, Text>(4)?.0, &row.get::<_, Text>(5)?.0)?,
        notify: row.get(6)?,
        orcpt: row.get::<_, Option<Text>>(7)?.map(|text| text.0),
        route: row.get::<_, Option<Text>>(8)?.map(|text| text.0),
        size: count(row.get(9)?),
        created: time(row.get(10)?),
        attempts: small(row.get(11)?)?,
        history: row.get::<_, Option<Vec<u8>>>(12)?.unwrap_or_default(),
    })
}
