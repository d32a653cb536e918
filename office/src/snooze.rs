//! E-mails that go away until a time: they lie in the mailbox Snoozed, as any client may see, and come back to where they
//! were, unread. Owns where they go and come from, and waking them. An e-mail goes away in one commit with its record; it comes
//! back before the record goes, and one that is back already is left alone, so that no crash loses an e-mail or moves it twice.

use crate::Office;
use message::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use store::StoreError;
use store::op::{Op, Outcome};
use store::query::{EmailsById, Mailboxes, NextObjectDue, Objects, ObjectsDue};
use store::types::{
    AccountId, EmailChange, EmailId, EmailOutcome, Flags, KeywordsChange, Mailbox, MailboxId, MailboxesChange, Object,
    ObjectChange, ObjectKind, Role,
};

/// The mailbox in which they lie.
pub const SNOOZED: &str = "Snoozed";
/// How far away a time may be: what is further is a mistake.
pub const AWAY_MAX: Duration = Duration::from_secs(10 * 365 * 86_400);
/// How long what somebody else changes at the same moment is left to them.
const AFTER_CONFLICT: Duration = Duration::from_secs(1);
/// Woken at a time, so that one turn holds little.
const AT_ONCE: u32 = 64;

/// An e-mail that is away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// Which.
    pub email: EmailId,
    /// Until when.
    pub until: Time,
    /// Where it was, and comes back to.
    pub from: Vec<MailboxId>,
    /// Where it lies.
    pub within: MailboxId,
}

/// Why an e-mail does not go away, or not come back.
#[derive(Debug, PartialEq, Eq)]
pub enum NotSnoozed {
    /// There is no such e-mail, or no such snooze.
    Gone,
    /// It is away already, under this number.
    Exists(i64),
    /// The time has passed, or is too far away.
    BadTime,
    /// The account has too many, or no room for the mailbox.
    Limit,
    /// Somebody else changed the e-mail or the snooze at the same time.
    Conflict,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for NotSnoozed {
    fn from(error: StoreError) -> NotSnoozed {
        NotSnoozed::Store(error)
    }
}

impl Snooze {
    /// Reads an object; `None` where it says nothing we understand.
    #[must_use]
    pub fn of(object: &Object) -> Option<Snooze> {
        serde_json::from_slice(&object.value).ok()
    }

    fn change(&self, id: Option<i64>) -> ObjectChange {
        let value = serde_json::to_vec(self).unwrap_or_default();
        let kind = ObjectKind::Snooze;
        ObjectChange { id, due: Some(self.until), ..ObjectChange::add(kind, value) }
    }
}

impl Office {
    /// Puts an e-mail away until a time; gives the number of the snooze. What is left of an earlier one, from where its
    /// owner took the e-mail out, goes.
    ///
    /// # Errors
    /// [`NotSnoozed`]; nothing was changed.
    pub async fn snooze(
        &self,
        now: Time,
        account: AccountId,
        email: EmailId,
        until: Time,
    ) -> Result<(i64, Snooze), NotSnoozed> {
        check_time(now, until)?;
        let row = self.store().read(EmailsById { account, ids: vec![email] }).await?.into_iter().next();
        let row = row.ok_or(NotSnoozed::Gone)?;
        let before = self.snooze_of(account, email).await?;
        let lies_in = |mailbox: MailboxId| row.places.iter().any(|(place, ..)| *place == mailbox);
        if let Some((object, _)) = before.as_ref().filter(|(_, snooze)| lies_in(snooze.within)) {
            return Err(NotSnoozed::Exists(object.id));
        }
        let within = self.snoozed_mailbox(now, account).await?;
        let mut from: Vec<MailboxId> = row.places.iter().map(|(mailbox, ..)| *mailbox).collect();
        from.dedup();
        from.retain(|mailbox| *mailbox != within);
        let snooze = Snooze { email, until, from, within };
        let mut changes = vec![snooze.change(None)];
        if let Some((object, _)) = before {
            let unchanged_since = Some(object.modseq);
            changes.push(ObjectChange { unchanged_since, ..ObjectChange::remove(ObjectKind::Snooze, object.id) });
        }
        let mailboxes = Some(MailboxesChange::Replace(vec![within]));
        let moves = vec![EmailChange { email, keywords: None, mailboxes }];
        let set = Op::EmailsSet { account, changes: moves, unchanged_since: None, now };
        let op = Op::WithObjects { account, changes, now, then: Box::new(set) };
        let ids = match self.store().apply(op).await? {
            Outcome::WithObjects { ids, then, .. } => match moved(&then) {
                Ok(()) => ids,
                Err(why) => {
                    self.forget_snoozes(now, account, &ids).await?;
                    return Err(why);
                }
            },
            other => return Err(accepted(&other).err().unwrap_or(NotSnoozed::Conflict)),
        };
        Ok((ids.first().copied().unwrap_or(0), snooze))
    }

    /// Brings an e-mail back before its time, as it is.
    ///
    /// # Errors
    /// [`NotSnoozed`].
    pub async fn unsnooze(&self, now: Time, account: AccountId, number: i64) -> Result<(), NotSnoozed> {
        let all = self.store().read(Objects { account, kind: ObjectKind::Snooze }).await?;
        let object = all.into_iter().find(|object| object.id == number).ok_or(NotSnoozed::Gone)?;
        self.bring_back(now, &object, false).await
    }

    /// Another time for an e-mail that is away.
    ///
    /// # Errors
    /// [`NotSnoozed`].
    pub async fn resnooze(&self, now: Time, account: AccountId, number: i64, until: Time) -> Result<(), NotSnoozed> {
        check_time(now, until)?;
        let all = self.store().read(Objects { account, kind: ObjectKind::Snooze }).await?;
        let object = all.into_iter().find(|object| object.id == number).ok_or(NotSnoozed::Gone)?;
        let mut snooze = Snooze::of(&object).ok_or(NotSnoozed::Gone)?;
        snooze.until = until;
        let change = ObjectChange { unchanged_since: Some(object.modseq), ..snooze.change(Some(number)) };
        accepted(&self.store().apply(Op::ObjectsChange { account, changes: vec![change], now }).await?)
    }

    /// Brings back, unread, every e-mail whose time has come; gives the time of the next.
    ///
    /// # Errors
    /// The store's. What was not done is due as before.
    pub async fn wake_snoozed(&self, now: Time) -> Result<Option<Time>, StoreError> {
        let kinds = || vec![ObjectKind::Snooze];
        loop {
            let due = self.store().read(ObjectsDue { kinds: kinds(), now, limit: AT_ONCE }).await?;
            if due.is_empty() {
                return self.store().read(NextObjectDue { kinds: kinds() }).await;
            }
            let (all, mut conflicts) = (due.len(), 0);
            for object in due {
                match self.bring_back(now, &object, true).await {
                    Ok(()) => {}
                    // Somebody was quicker: it is looked at again the next time, if it is still there.
                    Err(NotSnoozed::Conflict) => conflicts += 1,
                    Err(NotSnoozed::Store(error)) => return Err(error),
                    // It is gone, or cannot be brought back: then it stays where anybody sees it.
                    Err(NotSnoozed::Gone | NotSnoozed::Limit | NotSnoozed::BadTime | NotSnoozed::Exists(_)) => {
                        self.forget_snoozes(now, object.account, &[object.id]).await?
                    }
                }
            }
            if conflicts == all {
                return Ok(Some(now.after(AFTER_CONFLICT)));
            }
        }
    }

    /// Forgets the snoozes of e-mails that were destroyed, by whatever way: there is nothing that could come back.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_gone_snoozes(&self, now: Time, account: AccountId) -> Result<(), StoreError> {
        let all = self.store().read(Objects { account, kind: ObjectKind::Snooze }).await?;
        let known: Vec<(EmailId, Object)> =
            all.into_iter().filter_map(|object| Some((Snooze::of(&object)?.email, object))).collect();
        if known.is_empty() {
            return Ok(());
        }
        let ids = known.iter().map(|(email, _)| *email).collect();
        let there = self.store().read(EmailsById { account, ids }).await?;
        let there: BTreeSet<EmailId> = there.into_iter().map(|row| row.id).collect();
        let gone = known.into_iter().filter(|(email, _)| !there.contains(email));
        let ids: Vec<i64> = gone.map(|(_, object)| object.id).collect();
        self.forget_snoozes(now, account, &ids).await
    }

    /// Whether or not it is still there.
    async fn forget_snoozes(&self, now: Time, account: AccountId, ids: &[i64]) -> Result<(), StoreError> {
        for id in ids {
            let changes = vec![ObjectChange::remove(ObjectKind::Snooze, *id)];
            self.store().apply(Op::ObjectsChange { account, changes, now }).await?;
        }
        Ok(())
    }

    /// An e-mail that its owner moved elsewhere meanwhile stays there.
    async fn bring_back(&self, now: Time, object: &Object, unread: bool) -> Result<(), NotSnoozed> {
        let account = object.account;
        if let Some(snooze) = Snooze::of(object) {
            let row = self.store().read(EmailsById { account, ids: vec![snooze.email] }).await?.into_iter().next();
            let places = row.map(|row| row.places).unwrap_or_default();
            if places.iter().any(|(mailbox, ..)| *mailbox == snooze.within) {
                let change = self.way_back(&snooze, account, unread).await?;
                let set = Op::EmailsSet { account, changes: vec![change], unchanged_since: None, now };
                moved(&self.store().apply(set).await?)?;
            }
        }
        let unchanged_since = Some(object.modseq);
        let gone = ObjectChange { unchanged_since, ..ObjectChange::remove(ObjectKind::Snooze, object.id) };
        accepted(&self.store().apply(Op::ObjectsChange { account, changes: vec![gone], now }).await?)
    }

    /// To where it was, as far as that is still there; else to the inbox.
    async fn way_back(&self, snooze: &Snooze, account: AccountId, unread: bool) -> Result<EmailChange, StoreError> {
        let mailboxes = self.store().read(Mailboxes { account }).await?;
        let is_there = |id: &MailboxId| mailboxes.iter().any(|mailbox| mailbox.id == *id && mailbox.selectable);
        let mut add: Vec<MailboxId> = snooze.from.iter().copied().filter(is_there).collect();
        if add.is_empty() {
            add.extend(mailboxes.iter().find(|mailbox| mailbox.role == Some(Role::Inbox)).map(|mailbox| mailbox.id));
        }
        let unseen = Flags { seen: true, ..Flags::default() };
        let keywords = unread.then(|| KeywordsChange::Patch { add: Flags::default(), remove: unseen });
        let mailboxes = Some(MailboxesChange::Patch { add, remove: vec![snooze.within] });
        Ok(EmailChange { email: snooze.email, keywords, mailboxes })
    }

    async fn snooze_of(&self, account: AccountId, email: EmailId) -> Result<Option<(Object, Snooze)>, StoreError> {
        let all = self.store().read(Objects { account, kind: ObjectKind::Snooze }).await?;
        let mut known = all.into_iter().filter_map(|object| Snooze::of(&object).map(|snooze| (object, snooze)));
        Ok(known.find(|(_, snooze)| snooze.email == email))
    }

    /// Where e-mails lie that are away; made where it is not there.
    async fn snoozed_mailbox(&self, now: Time, account: AccountId) -> Result<MailboxId, NotSnoozed> {
        let is_it = |mailbox: &Mailbox| mailbox.parent.is_none() && mailbox.selectable && mailbox.name == SNOOZED;
        let find = |all: Vec<Mailbox>| all.into_iter().find(is_it).map(|mailbox| mailbox.id);
        if let Some(known) = find(self.store().read(Mailboxes { account }).await?) {
            return Ok(known);
        }
        let path = vec![SNOOZED.to_owned()];
        match self.store().apply(Op::MailboxCreate { account, parent: None, path, role: None, now }).await? {
            Outcome::Mailbox(made) => Ok(made),
            Outcome::Exists => find(self.store().read(Mailboxes { account }).await?).ok_or(NotSnoozed::Limit),
            Outcome::Gone => Err(NotSnoozed::Gone),
            _ => Err(NotSnoozed::Limit),
        }
    }
}

fn check_time(now: Time, until: Time) -> Result<(), NotSnoozed> {
    if until > now && until <= now.after(AWAY_MAX) { Ok(()) } else { Err(NotSnoozed::BadTime) }
}

/// What came of the one e-mail that was to be moved.
fn moved(outcome: &Outcome) -> Result<(), NotSnoozed> {
    match outcome {
        Outcome::Emails { results, .. } => match results.first() {
            Some(EmailOutcome::Done) => Ok(()),
            Some(EmailOutcome::Gone) => Err(NotSnoozed::Gone),
            Some(EmailOutcome::Limit) => Err(NotSnoozed::Limit),
            _ => Err(NotSnoozed::Conflict),
        },
        other => accepted(other),
    }
}

fn accepted(outcome: &Outcome) -> Result<(), NotSnoozed> {
    match outcome {
        Outcome::Gone => Err(NotSnoozed::Gone),
        Outcome::Conflict | Outcome::Exists => Err(NotSnoozed::Conflict),
        Outcome::Limit | Outcome::OverQuota => Err(NotSnoozed::Limit),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
