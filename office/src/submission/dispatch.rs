//! Sending what is due. Every turn does what is due by now and says when the next is; nothing is kept in memory, so a crash
//! between any two steps costs nothing: the message has left with its record, or both wait.

use super::ended;
use super::envelope::Checked;
use super::record::{Submission, Undo};
use super::send::{account_of, letter_envelope, words};
use crate::Office;
use crate::inbound::{Letter, LocalEnvelope, LocalRefusal, LocalUser, NotTaken, Writer};
use message::Time;
use std::time::Duration;
use store::StoreError;
use store::op::{Op, Outcome};
use store::query::{NextObjectDue, ObjectsDue, StoredEmail, UploadById};
use store::types::{Account, AccountId, Object, ObjectChange, ObjectKind, Stored};
use wire::smtp::{Enhanced, Reply};

/// What this looks after: messages that are to be sent, and answers of who is away.
const KINDS: [ObjectKind; 2] = [ObjectKind::Submission, ObjectKind::Answered];

/// Taken at a time, so that one turn holds little in memory.
const AT_ONCE: u32 = 16;

/// How long a message that could not leave waits, and twice as long each time after.
const WAIT: Duration = Duration::from_secs(60);
/// At most this long.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);
/// Tries after which its sender is told: most of a day, within which its content is kept.
const TRIES_MAX: u32 = 24;

/// Octets of a message that go back with a notice.
const QUOTED_MAX: usize = 16 * 1024;

impl Office {
    /// Does what is due by now; gives the time of the next that is.
    ///
    /// # Errors
    /// The store's. What was not done is due as before.
    pub async fn dispatch(&self, now: Time) -> Result<Option<Time>, StoreError> {
        let mut before = Vec::new();
        loop {
            let query = ObjectsDue { kinds: KINDS.to_vec(), now, limit: AT_ONCE };
            let due = self.store().read(query).await?;
            if due.is_empty() {
                return self.store().read(NextObjectDue { kinds: KINDS.to_vec() }).await;
            }
            let these: Vec<_> = due.iter().map(|object| (object.account, object.id, object.modseq)).collect();
            if these == before {
                tracing::error!(waiting = these.len(), "what is due stays so, whatever is done about it");
                return Ok(Some(now.after(WAIT)));
            }
            before = these;
            for object in due {
                match object.kind {
                    ObjectKind::Submission => match self.dispatch_submission(now, &object).await {
                        Err(error @ StoreError::Damaged { .. }) => self.end_damaged(now, &object, &error).await?,
                        done => done?,
                    },
                    _ => self.dispatch_answer(now, &object).await?,
                }
            }
        }
    }

    async fn dispatch_submission(&self, now: Time, object: &Object) -> Result<(), StoreError> {
        match Submission::of(object) {
            Some(submission) if submission.undo == Undo::Pending => self.send_later(now, object, submission).await,
            // It ended long ago, or says nothing that could be done.
            _ => self.forget(now, object).await,
        }
    }

    /// A message that cannot be read any more keeps nobody else's waiting.
    async fn end_damaged(&self, now: Time, object: &Object, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(%error, "a message that is due cannot be read");
        let account = account_of(self, object.account).await?;
        let (Some(submission), Some(account)) = (Submission::of(object), account) else {
            return self.forget(now, object).await;
        };
        let reply = Reply::new(554, Enhanced(5, 6, 0), "the e-mail cannot be read any more");
        self.give_up(now, (object, &account), submission, (&reply, &[])).await
    }

    pub(crate) async fn forget(&self, now: Time, object: &Object) -> Result<(), StoreError> {
        let change =
            ObjectChange { unchanged_since: Some(object.modseq), ..ObjectChange::remove(object.kind, object.id) };
        self.change(now, object.account, change).await
    }

    async fn change(&self, now: Time, account: AccountId, change: ObjectChange) -> Result<(), StoreError> {
        self.store().apply(Op::ObjectsChange { account, changes: vec![change], now }).await.map(drop)
    }

    async fn send_later(&self, now: Time, object: &Object, submission: Submission) -> Result<(), StoreError> {
        let Some(account) = account_of(self, object.account).await? else { return self.forget(now, object).await };
        let content = self.content_of(object.account, &submission).await?;
        let (Some(stored), Ok(checked)) = (content, Checked::of(&submission.envelope, now)) else {
            let reply = Reply::new(554, Enhanced(5, 6, 0), "the e-mail is not there any more");
            return self.give_up(now, (object, &account), submission, (&reply, &[])).await;
        };
        let envelope = letter_envelope(&checked, submission.queue_id, stored.size);
        let letter = match self.open_letter(now, Writer::Account(account.clone(), None), envelope).await {
            Ok(letter) => letter,
            Err(reply) => return self.not_now(now, (object, &account), submission, (&reply, &stored)).await,
        };
        self.hand_over(now, (object, &account), submission, (letter, checked, &stored)).await
    }

    /// Where the content is: as it was when it was to be sent, else as the e-mail is now.
    async fn content_of(&self, account: AccountId, submission: &Submission) -> Result<Option<Stored>, StoreError> {
        if let Some(upload) = submission.upload
            && let Some((_, stored)) = self.store().read(UploadById { account, upload }).await?
        {
            return Ok(Some(stored));
        }
        self.store().read(StoredEmail { account, email: submission.email }).await
    }

    async fn hand_over(
        &self,
        now: Time,
        (object, account): (&Object, &Account),
        mut submission: Submission,
        (mut letter, checked, stored): (Letter, Checked, &Stored),
    ) -> Result<(), StoreError> {
        let mut refused = Vec::new();
        for (address, notify, orcpt) in &checked.recipients {
            match letter.recipient(address, *notify, orcpt.clone()).await {
                Ok(()) => {}
                Err(reply) if reply.code < 500 && submission.tries < TRIES_MAX => {
                    return self.not_now(now, (object, account), submission, (&reply, stored)).await;
                }
                Err(reply) => refused.push(LocalRefusal { recipient: address.to_string(), reply }),
            }
        }
        submission.refused = refused.iter().map(|refusal| (refusal.recipient.clone(), words(&refusal.reply))).collect();
        if letter.taken() == 0 {
            let reply =
                refused.first().map_or_else(|| Reply::plain(550, "there is nobody to send it to"), |r| r.reply.clone());
            return self.give_up(now, (object, account), submission, (&reply, &self.beginning(stored).await?)).await;
        }
        if let Err(reply) = letter.begin().await {
            return self.not_now(now, (object, account), submission, (&reply, stored)).await;
        }
        self.pour(stored, &mut letter).await?;
        let sent = Submission { undo: Undo::Final, upload: None, ..submission.clone() };
        match letter.commit(object.account, vec![ended(object, &sent, now)]).await {
            Ok(_) => self.notify(now, account, &sent, (&refused, &self.beginning(stored).await?)).await,
            Err(NotTaken::Store(error)) => return Err(error),
            // Where it was held back in the last moment, this finds it changed and does nothing.
            Err(other) => return self.not_now(now, (object, account), submission, (&other.reply(), stored)).await,
        }
        Ok(())
    }

    /// A message that could not leave: again later, unless it never will.
    async fn not_now(
        &self,
        now: Time,
        (object, account): (&Object, &Account),
        mut submission: Submission,
        (reply, stored): (&Reply, &Stored),
    ) -> Result<(), StoreError> {
        if reply.code >= 500 || submission.tries >= TRIES_MAX {
            let beginning = self.beginning(stored).await?;
            return self.give_up(now, (object, account), submission, (reply, &beginning)).await;
        }
        let wait = WAIT.saturating_mul(1 << submission.tries.min(10)).min(WAIT_MAX);
        tracing::warn!(queue_id = %submission.queue_id, reason = %words(reply), "a message that is due waits");
        submission.tries += 1;
        let change = ObjectChange {
            due: Some(now.after(wait)),
            unchanged_since: Some(object.modseq),
            ..ObjectChange::set(ObjectKind::Submission, object.id, submission.value())
        };
        let op = Op::ObjectsChange { account: object.account, changes: vec![change], now };
        if let Outcome::Limit = self.store().apply(op).await? {
            // It cannot even be written down that it waits.
            let beginning = self.beginning(stored).await?;
            return self.give_up(now, (object, account), submission, (reply, &beginning)).await;
        }
        Ok(())
    }

    /// It never leaves: the record says so, and the sender is told.
    async fn give_up(
        &self,
        now: Time,
        (object, account): (&Object, &Account),
        mut submission: Submission,
        (reply, beginning): (&Reply, &[u8]),
    ) -> Result<(), StoreError> {
        submission.undo = Undo::Final;
        for party in &submission.envelope.rcpt_to {
            submission.refused.entry(party.email.clone()).or_insert_with(|| words(reply));
        }
        let write = |kept: &Submission| Op::ObjectsChange {
            account: object.account,
            changes: vec![ended(object, kept, now)],
            now,
        };
        let mut done = self.store().apply(write(&submission)).await?;
        if matches!(done, Outcome::Limit) {
            // Shorter than what waited: that fits.
            submission.refused.clear();
            done = self.store().apply(write(&submission)).await?;
        }
        if let Outcome::Objects { .. } = done {
            let to = |party: &super::Party| LocalRefusal { recipient: party.email.clone(), reply: reply.clone() };
            let refused: Vec<LocalRefusal> = submission.envelope.rcpt_to.iter().map(to).collect();
            self.notify(now, account, &submission, (&refused, beginning)).await;
        }
        Ok(())
    }

    /// Tells the sender who was not reached.
    async fn notify(
        &self,
        now: Time,
        account: &Account,
        submission: &Submission,
        (refused, beginning): (&[LocalRefusal], &[u8]),
    ) {
        if refused.is_empty() || submission.envelope.mail_from.email.is_empty() {
            return;
        }
        let user = LocalUser { name: account.address.local_part().to_owned(), uid: 0, trusted: true };
        let envelope = LocalEnvelope {
            ticket: format!("submission-{}", submission.queue_id),
            queue_id: submission.queue_id,
            sender: Some(account.address.to_string()),
            recipients: Vec::new(),
            notify: None,
            ret: None,
            envid: None,
            eight_bit: true,
            smtputf8: false,
        };
        if let Err(reply) = self.tell_refused(now, (&user, &envelope), refused, beginning).await {
            tracing::warn!(queue_id = %submission.queue_id, reason = %words(&reply), "the sender could not be told");
        }
    }

    async fn beginning(&self, stored: &Stored) -> Result<Vec<u8>, StoreError> {
        let mut held = Vec::new();
        let mut at = stored.prefix.len() as u64;
        while at < stored.size && held.len() < QUOTED_MAX {
            let chunk = self.store().chunk(stored, at).await?;
            if chunk.is_empty() {
                break;
            }
            at += chunk.len() as u64;
            held.extend_from_slice(&chunk);
        }
        held.truncate(QUOTED_MAX);
        Ok(held)
    }
}
