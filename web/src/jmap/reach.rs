//! What of an account a caller reaches: of their own everything, of another's what was shared with them (RFC 4314), of all
//! others nothing. Made here and nowhere else; whoever asks the store for something of an account asks this first.

use super::blob::{BlobId, Whole};
use super::error::MethodError;
use super::ids;
use crate::Web;
use crate::blobs::Blob;
use crate::caller::Caller;
use office::jmap::SharedAccount;
use store::StoreError;
use store::types::{AccountId, EmailId, MailboxId};

/// What a caller reaches of an account.
#[derive(Clone, Debug)]
pub struct Reach {
    account: AccountId,
    caller: AccountId,
    /// `None`: it is the caller's own.
    shared: Option<SharedAccount>,
}

impl Reach {
    /// Now; `None` where it is nothing.
    ///
    /// # Errors
    /// The store's.
    pub async fn of(web: &Web, caller: &Caller, account: AccountId) -> Result<Option<Reach>, StoreError> {
        let of = |shared| Reach { account, caller: caller.account, shared };
        if account == caller.account {
            return Ok(Some(of(None)));
        }
        let who = (caller.account, &caller.address);
        let shared = web.office().shared_account(who, account, web.now()).await?;
        Ok(shared.map(|shared| of(Some(shared))))
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// As another's account; `None`: it is the caller's own.
    #[must_use]
    pub fn shared(&self) -> Option<&SharedAccount> {
        self.shared.as_ref()
    }

    /// Whose uploads are meant: what a caller sends ahead is their own, wherever they mean to use it, so that nobody
    /// reads the uploads of another.
    #[must_use]
    pub fn uploader(&self) -> AccountId {
        self.caller
    }

    /// Whether an e-mail is to be seen, as far as that is not the store's to say.
    #[must_use]
    pub fn sees(&self, email: EmailId) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.catalogue().email(email).is_some())
    }

    /// Whether the caller may do all of this (letters of RFC 4314 §2.1) with a mailbox. A mailbox of their own need not be
    /// there.
    #[must_use]
    pub fn may(&self, mailbox: MailboxId, letters: &str) -> bool {
        let Some(shared) = &self.shared else { return true };
        letters.chars().all(|letter| shared.rights(mailbox).has(letter))
    }

    /// The blob of an id, with the id and the account that holds it; `None` where there is none, or it is not to be seen.
    ///
    /// # Errors
    /// The store's.
    pub async fn blob(&self, web: &Web, text: &str) -> Result<Option<Reached>, StoreError> {
        let Some((holder, id)) = self.blob_id(text) else { return Ok(None) };
        let blob = Blob::find(web.office(), holder, &id).await?;
        Ok(blob.map(|blob| Reached { holder, id, blob }))
    }

    fn blob_id(&self, text: &str) -> Option<(AccountId, BlobId)> {
        let of = |holder: AccountId| BlobId::read(holder, text).map(|id| (holder, id));
        if self.shared.is_none() {
            return of(self.account);
        }
        let upload = of(self.uploader()).filter(|(_, id)| matches!(id.whole, Whole::Upload(_)));
        let email = of(self.account).filter(|(_, id)| match id.whole {
            Whole::Email(email) => self.sees(email),
            Whole::Upload(_) => false,
        });
        upload.or(email)
    }

    /// Where the account cannot be changed at all (RFC 8620 §5.3).
    ///
    /// # Errors
    /// `accountReadOnly`.
    pub fn check_change(&self) -> Result<(), MethodError> {
        let refused = self.shared.as_ref().is_some_and(SharedAccount::is_read_only);
        if refused { Err(MethodError::account_read_only()) } else { Ok(()) }
    }
}

/// A blob that was found where the caller may look.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Whose it is in the store.
    pub holder: AccountId,
    /// What it is there.
    pub id: BlobId,
    /// Its octets.
    pub blob: Blob,
}

impl Reached {
    /// As clients see it.
    #[must_use]
    pub fn write(&self) -> String {
        self.id.write(self.holder)
    }
}

/// The account of an id among these.
pub(super) fn among(text: &str, accounts: &[AccountId]) -> Option<AccountId> {
    ids::account(text).filter(|account| accounts.contains(account))
}
