//! The model of objects, and random operations on them.

use super::emails::NO_SPAN;
use super::{World, plan};
use message::Time;
use proptest::prelude::*;
use std::collections::BTreeMap;
use store::types::{AccountId, ObjectChange, ObjectKind};
use store::{Op, Outcome};

/// What is kept of one: key, value, due.
type Kept = (Option<Vec<u8>>, Vec<u8>, Option<Time>);
pub type Things = BTreeMap<(AccountId, ObjectKind, i64), Kept>;

/// Few, so that keys meet.
pub const KINDS: [ObjectKind; 3] = [ObjectKind::Submission, ObjectKind::Contact, ObjectKind::WebSession];

impl World {
    pub fn objects(&self, account: AccountId, kind: ObjectKind) -> Vec<(i64, Kept)> {
        let of = self.things.iter().filter(|((a, k, _), _)| (*a, *k) == (account, kind));
        of.map(|((.., id), kept)| (*id, kept.clone())).collect()
    }

    /// The ids, or why not; then nothing was changed.
    pub(super) fn objects_change(&mut self, account: AccountId, changes: &[ObjectChange]) -> Result<Vec<i64>, Outcome> {
        let (mut things, mut ids) = (self.things.clone(), Vec::new());
        let mut last = self.accounts.get(&account).ok_or(Outcome::Gone)?.last_object;
        for change in changes {
            let ObjectChange { kind, key, value, due, .. } = change.clone();
            let is_other =
                |(a, k, id): &(AccountId, ObjectKind, i64)| *k == kind && (*a != account || Some(*id) != change.id);
            if value.is_some() && key.is_some() && things.iter().any(|(of, kept)| is_other(of) && kept.0 == key) {
                return Err(Outcome::Exists);
            }
            let id = match change.id {
                Some(id) if things.remove(&(account, kind, id)).is_none() => return Err(Outcome::Gone),
                Some(id) => id,
                None if value.is_none() => return Err(Outcome::Conflict),
                None => {
                    last += 1;
                    last
                }
            };
            if let Some(value) = value {
                things.insert((account, kind, id), (key, value, due));
            }
            ids.push(id);
        }
        self.things = things;
        self.accounts.get_mut(&account).unwrap().last_object = last;
        Ok(ids)
    }

    pub(super) fn on_objects(&mut self, op: &Op) -> Outcome {
        match op {
            Op::ObjectsChange { account, changes, .. } => match self.objects_change(*account, changes) {
                Ok(ids) => Outcome::Objects { ids, span: NO_SPAN },
                Err(refused) => refused,
            },
            Op::WithObjects { account, changes, then, .. } => {
                let mut after = self.clone();
                let ids = match after.objects_change(*account, changes) {
                    Ok(ids) => ids,
                    Err(refused) => return refused,
                };
                let then = after.apply(then);
                let refused = [Outcome::OverQuota, Outcome::Exists, Outcome::Gone, Outcome::Conflict, Outcome::Limit];
                if refused.contains(&then) {
                    return then;
                }
                *self = after;
                Outcome::WithObjects { ids, span: NO_SPAN, then: Box::new(then) }
            }
            other => panic!("{other:?}"),
        }
    }
}

pub fn some_changes() -> impl Strategy<Value = Vec<ObjectChange>> {
    let id = prop::option::weighted(0.6, 1..6_i64);
    let key = prop::option::weighted(0.4, prop::sample::select(vec![b"k".to_vec(), b"l".to_vec()]));
    let value = prop::option::weighted(0.8, prop::collection::vec(any::<u8>(), 0..9));
    let due = prop::option::weighted(0.4, (0..60_u64).prop_map(plan::time));
    let kind = prop::sample::select(KINDS.to_vec());
    let change = (kind, id, key, value, due).prop_map(|(kind, id, key, value, due)| ObjectChange {
        kind,
        id,
        key,
        value,
        due,
        unchanged_since: None,
    });
    prop::collection::vec(change, 0..3)
}

pub fn on_objects() -> impl Strategy<Value = Op> {
    (plan::an_account(), some_changes()).prop_map(|(account, changes)| Op::ObjectsChange {
        account,
        changes,
        now: plan::time(30),
    })
}
