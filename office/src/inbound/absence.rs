//! Mail for who is away: whether its sender is owed an answer (RFC 3834 §2). What the answer says is `vacation`'s.

use super::route::Member;
use super::{SmtpDesk, Transaction};
use crate::vacation::{Question, is_a_machine};
use message::Time;
use store::StoreError;
use store::op::{Content, Delivery};
use store::types::{Account, AccountId};

impl SmtpDesk {
    /// Looks whether any of the mailboxes a message has come into is that of somebody away. What goes wrong is logged: the
    /// mail itself is delivered.
    pub(super) async fn note_absence(
        &self,
        transaction: &Transaction,
        content: &Content,
        done: &[(AccountId, Delivery)],
        now: Time,
    ) {
        let Some(sender) = transaction.reverse_path.as_ref().filter(|sender| !is_a_machine(sender)) else { return };
        for (id, _) in done.iter().filter(|(_, delivery)| matches!(delivery, Delivery::Done { .. })) {
            match self.office.is_away(*id, now).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => return tracing::warn!(%error, "nobody knows who is away"),
            }
            let Ok(section) = self.header_of(content).await else { return };
            let Some(question) = Question::of(&section) else { return };
            let mut members = transaction.recipients.iter().flat_map(|to| &to.members).filter_map(Member::account);
            let Some(account) = members.find(|account| account.id == *id) else { continue };
            match self.is_for(account, &question, sender).await {
                Ok(true) => self.office.owe_answer(now, *id, sender, question).await,
                Ok(false) => {}
                Err(error) => return tracing::warn!(%error, "nobody knows whether an answer is owed"),
            }
        }
    }

    /// RFC 3834 §2: the account is named in the header, and does not write to itself.
    async fn is_for(
        &self,
        account: &Account,
        question: &Question,
        sender: &message::Address,
    ) -> Result<bool, StoreError> {
        if self.owns(account, sender).await? {
            return Ok(false);
        }
        for address in &question.named {
            if self.owns(account, address).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
