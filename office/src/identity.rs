//! Whom an account writes as (RFC 8621 §6): one identity for each address that leads to it, made when they are first asked
//! for, and what users make of them. Owns which addresses may be one. Knows no JSON but that of the store's objects.

use crate::Office;
use message::{Address, Time};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::op::{Op, Outcome};
use store::query::{AccountById, Aliases, Objects};
use store::types::{Account, AccountId, AliasTarget, ObjectChange, ObjectKind};

/// Identities that are made of aliases: who has more addresses adds those they write under.
const MADE_MAX: usize = 50;

/// Somebody to write to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailAddress {
    /// As people read it.
    pub name: Option<String>,
    /// The address.
    pub email: String,
}

/// Whom somebody writes as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    /// The name beside the address.
    pub name: String,
    /// The address.
    pub email: String,
    /// Where answers go.
    pub reply_to: Option<Vec<EmailAddress>>,
    /// Who gets a copy.
    pub bcc: Option<Vec<EmailAddress>>,
    /// Below a text.
    pub text_signature: String,
    /// Below HTML.
    pub html_signature: String,
    /// It is the account's own address, which stays.
    pub is_own: bool,
}

/// Why an identity is not made.
#[derive(Debug)]
pub enum IdentityFault {
    /// Mail for that address does not reach the account.
    ForbiddenFrom,
    /// It is no address.
    NoAddress,
    /// The store's.
    Store(StoreError),
}

impl From<StoreError> for IdentityFault {
    fn from(error: StoreError) -> IdentityFault {
        IdentityFault::Store(error)
    }
}

impl Office {
    /// All identities of an account, by number. The first time they are made.
    ///
    /// # Errors
    /// The store's.
    pub async fn identities(&self, now: Time, account: AccountId) -> Result<Vec<(i64, Identity)>, StoreError> {
        let kept = self.kept_identities(account).await?;
        if kept.iter().any(|(_, identity)| identity.is_own) {
            return Ok(kept);
        }
        let Some(account) = self.store().read(AccountById { account }).await? else { return Ok(kept) };
        let mut changes = Vec::new();
        for (index, email) in self.addresses_of(&account).await?.into_iter().enumerate() {
            let identity = Identity { email: email.to_string(), is_own: index == 0, ..Identity::default() };
            let value = serde_json::to_vec(&identity).unwrap_or_default();
            // By its key an address is made once, even where two ask at the same time.
            let key = Some(format!("{}:{email}", account.id.0).into_bytes());
            changes.push(ObjectChange { key, ..ObjectChange::add(ObjectKind::Identity, value) });
        }
        match self.store().apply(Op::ObjectsChange { account: account.id, changes, now }).await? {
            Outcome::Objects { .. } | Outcome::Exists => self.kept_identities(account.id).await,
            _ => Ok(kept),
        }
    }

    async fn kept_identities(&self, account: AccountId) -> Result<Vec<(i64, Identity)>, StoreError> {
        let objects = self.store().read(Objects { account, kind: ObjectKind::Identity }).await?;
        let read = objects.iter().filter_map(|object| Some((object.id, serde_json::from_slice(&object.value).ok()?)));
        Ok(read.collect())
    }

    /// The account's own address, then the aliases that lead to it alone or among others, in order.
    async fn addresses_of(&self, account: &Account) -> Result<Vec<Address>, StoreError> {
        let aliases = self.store().read(Aliases { domain: None }).await?;
        let leads_here = |target: &AliasTarget| match target {
            // A list is no name to write under; a second name of one person is.
            AliasTarget::Members(members) => members.as_slice() == [account.address.clone()],
            AliasTarget::Moved(_) => false,
        };
        let named = aliases.into_iter().filter(|alias| leads_here(&alias.target) && alias.address.local_part() != "*");
        let mut addresses = vec![account.address.clone()];
        addresses.extend(named.map(|alias| alias.address).take(MADE_MAX));
        Ok(addresses)
    }

    /// Whether an account may have an identity with this address; gives it in its one form.
    ///
    /// # Errors
    /// [`IdentityFault`].
    pub async fn check_identity(&self, account: AccountId, email: &str) -> Result<String, IdentityFault> {
        let address = Address::parse(email.trim()).map_err(|_| IdentityFault::NoAddress)?;
        let account = self.store().read(AccountById { account }).await?.ok_or(IdentityFault::ForbiddenFrom)?;
        match self.may_write_as(&account, &address).await? {
            true => Ok(address.to_string()),
            false => Err(IdentityFault::ForbiddenFrom),
        }
    }
}
