//! What JMAP asks of the office: an account as it is now, which of its e-mails are looked for, and their octets.

use super::catalogue::Catalogue;
use super::content::Content;
use crate::Office;
use crate::search::account::{Question, find};
use crate::search::sorting::{SortLine, collapse, sort};
use message::Time;
use std::sync::Arc;
use store::StoreError;
use store::query::StoredEmail;
use store::types::{AccountId, EmailId};

impl Office {
    /// An account with everything that was committed before this was called; `None` when it is not there.
    ///
    /// # Errors
    /// The store's.
    pub async fn catalogue(&self, account: AccountId, now: Time) -> Result<Option<Arc<Catalogue>>, StoreError> {
        self.accounts().current(self.store(), account, now).await
    }

    /// The e-mails of a catalogue that are looked for, in order, as slots; of each conversation only the first where it is
    /// `collapsed`.
    ///
    /// # Errors
    /// The store's.
    pub async fn find_emails(
        &self,
        catalogue: &Arc<Catalogue>,
        question: &Question,
        (lines, collapsed): (&[SortLine], bool),
        now: Time,
    ) -> Result<Vec<u32>, StoreError> {
        let wanted = find(self.store(), catalogue, question, now).await?;
        let mut slots = sort(self.store(), catalogue, &wanted, lines).await?;
        if collapsed {
            collapse(catalogue, &mut slots);
        }
        Ok(slots)
    }

    /// The octets of an e-mail; `None` when it is not there.
    ///
    /// # Errors
    /// The store's.
    pub async fn email_content(&self, account: AccountId, email: EmailId) -> Result<Option<Content>, StoreError> {
        let stored = self.store().read(StoredEmail { account, email }).await?;
        Ok(stored.map(|stored| Content::new(self.store().clone(), stored)))
    }
}
