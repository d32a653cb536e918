//! Figures of mailboxes (RFC 9051 §6.3.11): from the row that the store keeps up to date, and from the shared view where
//! the row does not tell.

use super::names::{Found, Place, Trees};
use super::{ImapDesk, ids, refusal};
use message::Time;
use store::types::{AccountId, Mailbox};
use wire::imap::ask::Status;
use wire::imap::listing::bits;
use wire::imap::{Answer, MailboxName, Refusal};

impl ImapDesk {
    pub(super) async fn status(&self, now: Time, names: &[MailboxName], costly: bool) -> Result<Answer, Refusal> {
        let mut trees = Trees::default();
        let mut statuses = Vec::with_capacity(names.len());
        for name in names {
            statuses.push(match self.status_of(&mut trees, name).await {
                Ok((place, status)) if costly => self.with_deleted(now, &place, status).await,
                other => other.map(|(_, status)| status),
            });
        }
        Ok(Answer::Statuses(statuses))
    }

    async fn status_of(&self, trees: &mut Trees, name: &MailboxName) -> Result<(Place, Status), Refusal> {
        match self.find_among(trees, name).await? {
            Found::Mailbox(place) => {
                place.is_selectable()?;
                place.allows("r")?;
                let status = self.figures(place.account, &place.mailbox).await?;
                Ok((place, status))
            }
            Found::Level => Err(Refusal::NoSelect),
            Found::Nothing(_) => Err(Refusal::NonExistent),
        }
    }

    /// With the octets of what is marked to go (RFC 9208 §5.3), for which every message is looked at.
    async fn with_deleted(&self, now: Time, place: &Place, status: Status) -> Result<Status, Refusal> {
        if status.deleted == 0 {
            return Ok(status);
        }
        let view = self.office.views().open(self.office.store(), place.account, place.mailbox.id, now).await;
        let listing = view.current().await.map_err(|error| refusal(&error))?.unwrap_or_default();
        let deleted = listing.rows(0..listing.len()).filter(|row| row.flags & bits::DELETED != 0);
        Ok(Status { deleted_octets: deleted.map(|row| row.size).sum(), ..status })
    }

    /// What is kept beside a mailbox.
    pub(super) async fn figures(&self, account: AccountId, mailbox: &Mailbox) -> Result<Status, Refusal> {
        let recent = match self.office.views().find(account, mailbox.id).filter(|_| mailbox.recent > 0) {
            // Sessions may have been told of recent messages that the store does not know to be told of yet.
            Some(view) => view.count_recent().await.map_err(|error| refusal(&error))?,
            None => mailbox.recent,
        };
        Ok(Status {
            messages: mailbox.total,
            uid_next: mailbox.uid_next.0,
            uid_validity: mailbox.uid_validity,
            unseen: mailbox.unseen,
            recent,
            deleted: mailbox.deleted,
            deleted_octets: 0,
            octets: mailbox.octets,
            highest_modseq: mailbox.modseq.0,
            mailbox_id: ids::object(account, mailbox.id.0),
            append_limit: None,
        })
    }
}
