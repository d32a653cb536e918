//! Questions about the outbox, journeys and figures.

use super::{Answer, Snapshot};
use crate::columns::{self, Sql, Text, count, num, queue_id, queue_key, small, time};
use crate::op::OutboxFilter;
use crate::query::{
    Claims, FigureRow, Figures, NextDue, Outbox, OutboxRow, OutgoingMessage, QueueAges, TraceByAddress, TraceById,
};
use crate::types::{OutgoingStored, TraceEntry};
use message::Time;
use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

impl Answer for Outbox {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<OutboxRow>> {
        let (condition, values) = outbox_condition(&self.filter, self.after);
        let find = format!(
            "SELECT outbox.id, n, queue_id, reverse_path, local, host, held, lease_token <> 0, created, due, attempts, \
             said, size, route FROM outbox_rcpt AS r JOIN outbox ON outbox.id = r.outbox \
             WHERE {condition} ORDER BY r.outbox, n LIMIT {}",
            self.limit
        );
        snapshot.all(&find, params_from_iter(values), outbox)
    }
}

/// What a filter asks of `outbox_rcpt AS r` and `outbox`, with its values.
pub(crate) fn outbox_condition(filter: &OutboxFilter, after: (i64, u32)) -> (String, Vec<Value>) {
    let mut condition = "(r.outbox, n) > (?, ?)".to_owned();
    let mut values = vec![Value::Integer(after.0), Value::Integer(i64::from(after.1))];
    let text = |text: &str| Value::Blob(text.as_bytes().to_vec());
    let mut narrow = |by: &str, value: Option<Value>| {
        if let Some(value) = value {
            condition.push_str(by);
            values.push(value);
        }
    };
    narrow(" AND queue_id = ?", filter.queue_id.map(|id| Value::Integer(queue_key(id))));
    narrow(" AND host = ?", filter.host.as_deref().map(text));
    narrow(" AND reverse_path = ?", filter.sender.as_deref().map(text));
    narrow(" AND local = ?", filter.address.as_ref().map(|address| text(address.local_part())));
    narrow(" AND host = ?", filter.address.as_ref().map(|address| text(&columns::host(address))));
    narrow(" AND created < ?", filter.before.map(|before| Value::Integer(num(before.0))));
    narrow(
        " AND instr(lower(CAST(said AS TEXT)), ?) > 0",
        filter.said.as_ref().map(|said| Value::Text(said.to_ascii_lowercase())),
    );
    narrow(" AND held = ?", filter.held.map(|held| Value::Integer(i64::from(held))));
    (condition, values)
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
        route: row.get::<_, Option<Text>>(13)?.map(|text| text.0),
    })
}

impl Answer for NextDue {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Time>> {
        let find = "SELECT due FROM outbox_rcpt WHERE held = 0 AND lease_token = 0 \
                    AND (route IS NOT NULL OR CAST(host AS TEXT) NOT IN (SELECT value FROM json_each(?1))) \
                    ORDER BY due LIMIT 1";
        snapshot.one(find, [columns::json_list(&self.except)], |row| Ok(time(row.get(0)?)))
    }
}

impl Answer for QueueAges {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<u64>> {
        let mut counts = vec![0; self.bands.len() + 1];
        let find =
            "SELECT created, count(*) FROM outbox JOIN outbox_rcpt ON outbox.id = outbox GROUP BY created / 1000";
        for (created, recipients) in snapshot.all(find, [], |row| Ok((time(row.get(0)?), count(row.get(1)?))))? {
            let age = self.now.since(created);
            let band = self.bands.iter().position(|band| age < *band).unwrap_or(self.bands.len());
            if let Some(count) = counts.get_mut(band) {
                *count += recipients;
            }
        }
        Ok(counts)
    }
}

impl Answer for OutgoingMessage {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<OutgoingStored>> {
        snapshot.one(
            "SELECT prefix, size, blob.id, blob.hash, blob.codec, blob.frames, bytes, NULL, \
             queue_id, reverse_path, body, smtputf8, ret, envid, created FROM outbox \
             JOIN blob ON blob.id = outbox.blob LEFT JOIN blob_inline ON blob_inline.blob = blob.id \
             WHERE outbox.id = ?1",
            [self.outbox],
            |row| {
                Ok(OutgoingStored {
                    stored: super::mail::stored(row)?,
                    queue_id: queue_id(row.get(8)?),
                    reverse_path: row.get::<_, Text>(9)?.0,
                    body: row.get::<_, Text>(10)?.0,
                    smtputf8: row.get(11)?,
                    ret: row.get::<_, Option<Text>>(12)?.map(|text| text.0),
                    envid: row.get::<_, Option<Text>>(13)?.map(|text| text.0),
                    created: time(row.get(14)?),
                })
            },
        )
    }
}

impl Answer for Claims {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(u32, Option<String>)>> {
        snapshot.all(
            "SELECT n, route FROM outbox_rcpt WHERE outbox = ?1 AND lease_token = ?2 AND held = 0",
            [self.outbox, self.token.cast_signed()],
            |row| Ok((small(row.get(0)?)?, row.get::<_, Option<Text>>(1)?.map(|text| text.0))),
        )
    }
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
