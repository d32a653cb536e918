//! Questions about objects: all of a kind, some by id or key, those that are due.

use super::{Answer, Snapshot};
use crate::StoreError;
use crate::columns::{Sql, check_sum, count, num, time};
use crate::object::{Object, ObjectKind};
use crate::query::{NextObjectDue, ObjectByKey, Objects, ObjectsById, ObjectsDue};
use crate::types::{AccountId, ModSeq};
use message::Time;
use rusqlite::{Row, params};

const OBJECT: &str = "SELECT account, kind, id, key, value, sum, due, modseq, added FROM object";

fn object(row: &Row<'_>) -> Sql<Object> {
    let number: i64 = row.get(1)?;
    let kind = ObjectKind::of(number).ok_or_else(|| StoreError::damaged(format!("object kind {number}")))?;
    let value: Vec<u8> = row.get(4)?;
    check_sum("an object", &value, row.get(5)?)?;
    Ok(Object {
        account: AccountId(row.get(0)?),
        kind,
        id: row.get(2)?,
        key: row.get(3)?,
        value,
        due: row.get::<_, Option<i64>>(6)?.map(time),
        modseq: ModSeq(count(row.get(7)?)),
        added: ModSeq(count(row.get(8)?)),
    })
}

impl Answer for Objects {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Object>> {
        let find = format!("{OBJECT} WHERE account = ?1 AND kind = ?2 ORDER BY id");
        snapshot.all(&find, [self.account.0, self.kind.number()], object)
    }
}

impl Answer for ObjectsById {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Object>> {
        let find = format!("{OBJECT} WHERE account = ?1 AND kind = ?2 AND id = ?3");
        let one = |id: &i64| snapshot.one(&find, [self.account.0, self.kind.number(), *id], object).transpose();
        self.ids.iter().filter_map(one).collect()
    }
}

impl Answer for ObjectByKey {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Object>> {
        let find = format!("{OBJECT} WHERE kind = ?1 AND key = ?2 AND key IS NOT NULL");
        snapshot.one(&find, params![self.kind.number(), self.key], object)
    }
}

impl Answer for ObjectsDue {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Object>> {
        let find = format!("{OBJECT} WHERE kind = ?1 AND due <= ?2 AND due IS NOT NULL ORDER BY due LIMIT ?3");
        let mut all = Vec::new();
        for kind in &self.kinds {
            let values = params![kind.number(), num(self.now.0), i64::from(self.limit)];
            all.extend(snapshot.all(&find, values, object)?);
        }
        all.sort_by_key(|object| (object.due, object.account, object.kind, object.id));
        all.truncate(self.limit as usize);
        Ok(all)
    }
}

impl Answer for NextObjectDue {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Time>> {
        let find = "SELECT due FROM object WHERE kind = ?1 AND due IS NOT NULL ORDER BY due LIMIT 1";
        let mut next: Option<Time> = None;
        for kind in &self.kinds {
            let due = snapshot.one(find, [kind.number()], |row| Ok(time(row.get(0)?)))?;
            next = next.into_iter().chain(due).min();
        }
        Ok(next)
    }
}
