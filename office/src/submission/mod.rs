//! Sending an e-mail that is in the store (RFC 8621 §7): at once, or later. What waits is an object of the store with a due
//! time; whatever sends it changes the object in the transaction that takes the message, so it leaves once, or was held
//! back, and never both. Owns these decisions; the way through the desk is `inbound::letter`'s.

mod dispatch;
mod envelope;
mod fate;
mod record;
mod reports;
mod send;

pub use envelope::{EnvelopeFault, HOLD_MAX, read_date};
pub use fate::{Delivered, Fate};
pub use record::{Envelope, Party, Submission, Undo};
pub use reports::Reports;
pub use send::{Sending, SubmitFault};

use crate::Office;
use message::Time;
use std::time::Duration;
use store::StoreError;
use store::op::{Op, Outcome};
use store::query::{Objects, ObjectsById};
use store::types::{AccountId, Object, ObjectChange, ObjectKind, Span};

/// How long is told of a message that left: as long as one can be held, and longer than it is tried.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Why a message is not held back.
#[derive(Debug)]
pub enum CancelFault {
    /// There is none.
    NotFound,
    /// It has left.
    TooLate,
    /// The store's.
    Store(StoreError),
}

impl From<StoreError> for CancelFault {
    fn from(error: StoreError) -> CancelFault {
        CancelFault::Store(error)
    }
}

impl Office {
    /// Every submission of an account, by number, with its last change.
    ///
    /// # Errors
    /// The store's.
    pub async fn submissions(&self, account: AccountId) -> Result<Vec<(Object, Submission)>, StoreError> {
        let objects = self.store().read(Objects { account, kind: ObjectKind::Submission }).await?;
        Ok(objects.into_iter().filter_map(|object| Submission::of(&object).map(|read| (object, read))).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// The store's.
    pub async fn submission(&self, account: AccountId, id: i64) -> Result<Option<(Object, Submission)>, StoreError> {
        let query = ObjectsById { account, kind: ObjectKind::Submission, ids: vec![id] };
        let object = self.store().read(query).await?.pop();
        Ok(object.and_then(|object| Submission::of(&object).map(|read| (object, read))))
    }

    /// Holds a message back that waits. One that was held back before stays so.
    ///
    /// # Errors
    /// [`CancelFault`].
    pub async fn cancel(&self, now: Time, account: AccountId, id: i64) -> Result<Option<Span>, CancelFault> {
        loop {
            let (object, submission) = self.submission(account, id).await?.ok_or(CancelFault::NotFound)?;
            match submission.undo {
                Undo::Final => return Err(CancelFault::TooLate),
                Undo::Canceled => return Ok(None),
                Undo::Pending => {}
            }
            let canceled = Submission { undo: Undo::Canceled, ..submission };
            let change = ended(&object, &canceled, now);
            match self.store().apply(Op::ObjectsChange { account, changes: vec![change], now }).await? {
                Outcome::Objects { span, .. } => return Ok(Some(span)),
                Outcome::Gone => return Err(CancelFault::NotFound),
                // It changed between the look and the change: it may have left.
                Outcome::Conflict => {}
                other => return Err(StoreError::Damaged { what: format!("a submission: {other:?}") }.into()),
            }
        }
    }

    /// Forgets a submission: its record, and nothing that it did (RFC 8621 §7.5). One that waits is not forgotten.
    ///
    /// # Errors
    /// [`CancelFault`]; `TooLate` for one that waits.
    pub async fn forget_submission(&self, now: Time, account: AccountId, id: i64) -> Result<Span, CancelFault> {
        let (object, submission) = self.submission(account, id).await?.ok_or(CancelFault::NotFound)?;
        if submission.undo == Undo::Pending {
            return Err(CancelFault::TooLate);
        }
        let change =
            ObjectChange { unchanged_since: Some(object.modseq), ..ObjectChange::remove(ObjectKind::Submission, id) };
        match self.store().apply(Op::ObjectsChange { account, changes: vec![change], now }).await? {
            Outcome::Objects { span, .. } => Ok(span),
            _ => Err(CancelFault::NotFound),
        }
    }
}

/// A submission that waits no longer: it is forgotten in time.
fn ended(object: &Object, submission: &Submission, now: Time) -> ObjectChange {
    ObjectChange {
        due: Some(now.after(REMEMBERED)),
        unchanged_since: Some(object.modseq),
        ..ObjectChange::set(ObjectKind::Submission, object.id, submission.value())
    }
}

#[cfg(test)]
mod tests;
