//! Questions about the outbox, journeys and figures.

use super::{Answer, Snapshot};
use crate::columns::{self, Sql, Text, count, queue_id, queue_key, small, time};
use crate::query::{FigureRow, Figures, Outbox, OutboxRow, TraceByAddress, TraceById};
use crate::types::TraceEntry;
use rusqlite::{Row, params};

impl Answer for Outbox {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<OutboxRow>> {
        snapshot.all(
            "SELECT outbox.id, n, queue_id, reverse_path, local, host, held, lease_token <> 0, created, due, attempts, \
             said, size FROM outbox JOIN outbox_rcpt ON outbox_rcpt.outbox = outbox.id \
             WHERE outbox.id > ?1 ORDER BY outbox.id, n LIMIT ?2",
            params![self.after, self.limit],
            outbox,
        )
    }
}

fn outbox(row: &Row<'_>) -> Sql<OutboxRow> {
    let state = match (row.get(6)?, row.get(7)?) {
        (true, _) => "held",
        (false, true) => "active",
        (false, false) => "waiting",
    };
    Ok(OutboxRow {
        outbox: row.get(0)?,
        recipient: small(row.get(1)?)?,
        queue_id: queue_id(row.get(2)?),
        reverse_path: row.get::<_, Text>(3)?.0,
        address: columns::address(&row.get::<_, Text>(4)?.0, &row.get::<_, Text>(5)?.0)?,
        state: state.to_owned(),
        created: time(row.get(8)?),
        due: time(row.get(9)?),
        attempts: small(row.get(10)?)?,
        said: row.get::<_, Option<Text>>(11)?.map(|text| text.0),
        size: count(row.get(12)?),
    })
}

const TRACE: &str = "SELECT queue_id, at, event, address, detail FROM trace";

impl Answer for TraceById {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<TraceEntry>> {
        let statement = format!("{TRACE} WHERE queue_id = ?1 ORDER BY n");
        snapshot.all(&statement, [queue_key(self.queue_id)], trace)
    }
}

impl Answer for TraceByAddress {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<TraceEntry>> {
        let statement = format!(
            "{TRACE} WHERE queue_id IN \
             (SELECT queue_id FROM trace_address WHERE address = ?1 ORDER BY queue_id DESC LIMIT ?2) \
             ORDER BY queue_id DESC, n"
        );
        let address = columns::key(&self.address);
        snapshot.all(&statement, params![address.as_bytes(), self.limit], trace)
    }
}

fn trace(row: &Row<'_>) -> Sql<TraceEntry> {
    Ok(TraceEntry {
        queue_id: queue_id(row.get(0)?),
        at: time(row.get(1)?),
        event: row.get::<_, Text>(2)?.0,
        address: row.get::<_, Option<Text>>(3)?.map(|text| text.0),
        detail: row.get::<_, Text>(4)?.0,
    })
}

impl Answer for Figures {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<FigureRow> {
        let number = |statement: &str| -> Sql<u64> {
            Ok(snapshot.one(statement, [], |row| Ok(count(row.get(0)?)))?.unwrap_or(0))
        };
        let (octets, messages) = super::people::totals(snapshot)?;
        let segments = snapshot.segments.list();
        Ok(FigureRow {
            domains: number("SELECT count(*) FROM domain")?,
            accounts: number("SELECT count(*) FROM account")?,
            aliases: number("SELECT count(*) FROM alias")?,
            messages,
            octets,
            outbox: number("SELECT count(*) FROM outbox_rcpt")?,
            segments: segments.len() as u64,
            segment_octets: segments.iter().map(|(_, octets, _)| octets).sum(),
        })
    }
}
