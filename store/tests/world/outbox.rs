//! The model's outbox: a map, looked through from end to end.

use message::{Address, Time};
use std::collections::BTreeMap;
use store::Outcome;
use store::op::{Claimed, Deliver, OutboxChange, OutboxFilter, Settled, Settlement};
use store::types::QueueId;

type Key = (i64, u32);

#[derive(Clone, Default)]
pub struct Waitings {
    last: i64,
    rows: BTreeMap<Key, Waiting>,
}

#[derive(Clone)]
struct Waiting {
    queue_id: QueueId,
    reverse_path: String,
    address: Address,
    size: u64,
    created: Time,
    held: bool,
    due: Time,
    attempts: u32,
    history: Vec<u8>,
    route: Option<String>,
    lease: Option<(u64, Time)>,
}

impl Waiting {
    fn is_free(&self, now: Time) -> bool {
        !self.held && self.due <= now && self.lease.is_none_or(|(_, until)| until <= now)
    }

    fn fits(&self, filter: &OutboxFilter) -> bool {
        let host = self.address.host().to_string();
        filter.host.as_ref().is_none_or(|wanted| *wanted == host)
            && filter.held.is_none_or(|held| held == self.held)
            && filter.before.is_none_or(|before| self.created < before)
            && filter.address.as_ref().is_none_or(|address| {
                address.local_part() == self.address.local_part() && address.host().to_string() == host
            })
    }
}

impl Waitings {
    pub fn take_in(&mut self, deliver: &Deliver) {
        for remote in deliver.remote.iter().filter(|remote| !remote.recipients.is_empty()) {
            self.last += 1;
            for (n, to) in (0..).zip(&remote.recipients) {
                let row = Waiting {
                    queue_id: deliver.queue_id,
                    reverse_path: remote.reverse_path.clone(),
                    address: to.address.clone(),
                    size: remote.prefix.len() as u64 + deliver.content.octets,
                    created: deliver.now,
                    held: remote.held,
                    due: deliver.now,
                    attempts: 0,
                    history: Vec::new(),
                    route: None,
                    lease: None,
                };
                self.rows.insert((self.last, n), row);
            }
        }
    }

    pub fn claim(&mut self, (now, lease_ms): (Time, u64), limit: u32, token: u64, except: &[String]) -> Outcome {
        let closed = |row: &Waiting| row.route.is_none() && except.contains(&row.address.host().to_string());
        let keys = self.due(limit, |row| row.is_free(now) && !closed(row));
        self.lease(keys, (now, lease_ms), token)
    }

    pub fn claim_at(
        &mut self,
        (host, after): (&str, Key),
        (now, lease_ms): (Time, u64),
        limit: u32,
        token: u64,
    ) -> Outcome {
        let fits = |row: &Waiting| {
            let free = row.lease.is_none_or(|(_, until)| until <= now);
            free && !row.held && row.route.is_none() && row.address.host().to_string() == host
        };
        let keys = self.rows.iter().filter(|(key, row)| **key > after && fits(row)).map(|(key, _)| *key);
        let keys = keys.take(limit as usize).collect();
        self.lease(keys, (now, lease_ms), token)
    }

    fn lease(&mut self, keys: Vec<Key>, (now, lease_ms): (Time, u64), token: u64) -> Outcome {
        let mut claimed = Vec::new();
        for key in keys {
            let row = self.rows.get_mut(&key).unwrap();
            row.lease = Some((token, Time(now.0 + lease_ms)));
            let row = row.clone();
            claimed.push(Claimed {
                outbox: key.0,
                recipient: key.1,
                queue_id: row.queue_id,
                reverse_path: row.reverse_path,
                address: row.address,
                notify: None,
                orcpt: None,
                route: row.route,
                size: row.size,
                created: row.created,
                attempts: row.attempts,
                history: row.history,
            });
        }
        Outcome::Claimed(claimed)
    }

    /// Those that fit, in the order in which they are due.
    fn due(&self, limit: u32, fits: impl Fn(&Waiting) -> bool) -> Vec<Key> {
        let mut due: Vec<_> = self.rows.iter().filter(|(_, row)| fits(row)).map(|(key, row)| (row.due, *key)).collect();
        due.sort();
        due.into_iter().take(limit as usize).map(|(_, key)| key).collect()
    }

    fn holds(&self, key: Key, token: u64, now: Time) -> bool {
        self.rows.get(&key).and_then(|row| row.lease).is_some_and(|(held, until)| held == token && until > now)
    }

    pub fn renew(&mut self, now: Time, lease_ms: u64, token: u64, rows: &[Key]) -> Outcome {
        for key in rows {
            if self.holds(*key, token, now) {
                self.rows.get_mut(key).unwrap().lease = Some((token, Time(now.0 + lease_ms)));
            }
        }
        Outcome::Done
    }

    pub fn release_all(&mut self) -> Outcome {
        self.rows.values_mut().for_each(|row| row.lease = None);
        Outcome::Done
    }

    pub fn settle(&mut self, settlement: &Settlement) -> Outcome {
        let keys: Vec<Key> = settlement.recipients.iter().map(|row| (row.outbox, row.recipient)).collect();
        if !keys.iter().all(|key| self.holds(*key, settlement.token, settlement.now)) {
            return Outcome::Conflict;
        }
        for (key, settled) in keys.iter().zip(&settlement.recipients) {
            // Named twice, it is not there any more the second time.
            let Some(row) = self.rows.get_mut(key) else { continue };
            row.lease = None;
            match &settled.state {
                Settled::Done => drop(self.rows.remove(key)),
                Settled::Retry { due, history, .. } => {
                    (row.due, row.attempts, row.history) = (*due, row.attempts + 1, history.clone());
                }
                Settled::Held => (row.held, row.due) = (true, settlement.now),
                Settled::Released { due } => row.due = *due,
            }
        }
        Outcome::Done
    }

    pub fn defer(&mut self, host: &str, (now, until): (Time, Time), limit: u32) -> Outcome {
        let found = self.due(limit, |row| row.is_free(now) && row.address.host().to_string() == host);
        for key in &found {
            self.rows.get_mut(key).unwrap().due = until;
        }
        Outcome::Changed(u32::try_from(found.len()).unwrap())
    }

    pub fn change(
        &mut self,
        filter: &OutboxFilter,
        (after, limit): (Key, u32),
        change: &OutboxChange,
        now: Time,
    ) -> Outcome {
        let fitting = self.rows.iter().filter(|(key, row)| **key > after && row.fits(filter)).map(|(key, _)| *key);
        let found: Vec<Key> = fitting.take(limit as usize).collect();
        for key in &found {
            let row = self.rows.get_mut(key).unwrap();
            match change {
                OutboxChange::Hold => row.held = true,
                OutboxChange::Release => (row.held, row.due) = (false, now),
                OutboxChange::Retry if row.lease.is_none() => row.due = now,
                OutboxChange::Retry => {}
                OutboxChange::Reroute(route) => (row.route, row.due) = (route.clone(), now),
                OutboxChange::Remove => drop(self.rows.remove(key)),
            }
        }
        Outcome::Changed(u32::try_from(found.len()).unwrap())
    }

    /// Each recipient: entry, number, address, state, tries.
    pub fn list(&self) -> Vec<(i64, u32, String, u32)> {
        let state = |row: &Waiting| match row {
            Waiting { held: true, .. } => "held",
            Waiting { lease: Some(_), .. } => "active",
            Waiting { .. } => "waiting",
        };
        self.rows.iter().map(|(key, row)| (key.0, key.1, state(row).to_owned(), row.attempts)).collect()
    }
}
