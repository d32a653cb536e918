//! Figures of mailboxes (RFC 9051 §6.3.11): from the row that the store keeps up to date, and from the shared view where
//! the row does not tell.

use super::names::{Found, Trees};
use super::{ImapDesk, ids, refusal};
use message::Time;
use store::types::{AccountId, Mailbox};
use wire::imap::ask::Status;
use wire::imap::listing::bits;
use wire::imap::{Answer, MailboxName, Refusal};

impl ImapDesk {
    pub(super) async fn status(&self, now: Time, names: &[MailboxName]) -> Result<Answer, Refusal> {
        let mut trees = Trees::default();
        let mut statuses = Vec::with_capacity(names.len());
        for name in names {
            statuses.push(self.status_of(now, &mut trees, name).await);
        }
        Ok(Answer::Statuses(statuses))
    }

    async fn status_of(&self, now: Time, trees: &mut Trees, name: &MailboxName) -> Result<Status, Refusal> {
        match self.find_among(trees, name).await? {
            Found::Mailbox(place) => {
                place.is_selectable()?;
                place.allows("r")?;
                self.figures(now, place.account, &place.mailbox).await
            }
            Found::Level => Err(Refusal::NoSelect),
            Found::Nothing(_) => Err(Refusal::NonExistent),
        }
    }

    pub(super) async fn figures(&self, now: Time, account: AccountId, mailbox: &Mailbox) -> Result<Status, Refusal> {
        let views = self.office.views();
        let recent = match views.find(account, mailbox.id).filter(|_| mailbox.recent > 0) {
            // Sessions may have been told of recent messages that the store does not know to be told of yet.
            Some(view) => view.count_recent().await.map_err(|error| refusal(&error))?,
            None => mailbox.recent,
        };
        let deleted_octets = match mailbox.deleted {
            0 => 0,
            _ => {
                let view = views.open(self.office.store(), account, mailbox.id, now).await;
                let listing = view.current().await.map_err(|error| refusal(&error))?.unwrap_or_default();
                let deleted = listing.rows(0..listing.len()).filter(|row| row.flags & bits::DELETED != 0);
                deleted.map(|row| row.size).sum()
            }
        };
        Ok(Status {
            messages: mailbox.total,
            uid_next: mailbox.uid_next.0,
            uid_validity: mailbox.uid_validity,
            unseen: mailbox.unseen,
            recent,
            deleted: mailbox.deleted,
            deleted_octets,
            octets: mailbox.octets,
            highest_modseq: mailbox.modseq.0,
            mailbox_id: ids::object(account, mailbox.id.0),
            append_limit: None,
        })
    }
}
