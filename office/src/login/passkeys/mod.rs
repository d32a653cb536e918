//! Passkeys (WebAuthn Level 2): keys that a browser or phone keeps and whose holder it verifies, so that one is two factors
//! at once. Owns whose they are and when one is taken; what an authenticator says is read in `authenticator` and judged in
//! `ceremony`.

mod authenticator;
mod cbor;
mod ceremony;
pub(super) mod challenge;
mod key;

pub use ceremony::Party;

use super::entrance::{Entrance, EntryError};
use super::ledger::{self, Change, Hashed, Kept, Record, checked_name};
use super::sessions::{Begun, Place};
use super::token::{self, Kind};
use super::{Login, login_address, written};
use authenticator::ID_MAX;
use aws_lc_rs::hmac;
use ceremony::Proof;
use challenge::Purpose;
use message::Time;
use serde::{Deserialize, Serialize};
use store::query::AccountByAddress;
use store::types::{AccountId, ObjectKind};

/// Passkeys of an account at a time.
pub const PASSKEYS_MAX: usize = 20;
/// Octets of a signature at most: RSA of 4096 bits.
const SIGNATURE_MAX: usize = 512;
/// Octets of a decoy's id, as most authenticators have them.
const DECOY_OCTETS: usize = 32;

/// Why a passkey was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// It is no answer of an authenticator, or of a kind that we do not take.
    #[error("this is no passkey that can be used here")]
    Malformed,
    /// It was made for, or shown at, another site.
    #[error("the passkey is for another site")]
    Origin,
    /// The challenge is not ours, too old, or was answered.
    #[error("this took too long: try again")]
    Challenge,
    /// The authenticator did not verify who holds it.
    #[error("the device did not check who you are: set up its PIN, fingerprint or face first")]
    Unverified,
    /// Nobody has this passkey, or it does not fit its key. Which of them is not told.
    #[error("the passkey is not known here")]
    Signature,
    /// The counter went back: there may be a copy.
    #[error("the passkey may have been copied: log in another way, and remove it")]
    Counter,
}

/// A passkey as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Passkey {
    name: String,
    /// The site it is for.
    party: String,
    credential: Hashed,
    key: Hashed,
    counter: u32,
    created: Time,
    used: Option<Time>,
}

impl Record for Passkey {
    const KIND: ObjectKind = ObjectKind::Passkey;

    fn due(&self) -> Option<Time> {
        None
    }
}

/// A new passkey, as a browser brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewPasskey {
    pub name: String,
    pub client_data: Vec<u8>,
    pub attestation: Vec<u8>,
}

/// A passkey that is shown, as a browser brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ShownPasskey {
    pub credential: Vec<u8>,
    pub client_data: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub signature: Vec<u8>,
    /// Whose the authenticator says it is.
    pub user: Option<Vec<u8>>,
}

/// What a browser is told to make a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Making {
    pub challenge: Vec<u8>,
    /// Names the user to the authenticator, and says nothing else.
    pub user: Vec<u8>,
    /// Algorithms we take, the best first.
    pub algorithms: Vec<i64>,
    /// Those there are already.
    pub exclude: Vec<Vec<u8>>,
}

/// What a browser is told to show a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Showing {
    pub challenge: Vec<u8>,
    /// Which of them; empty: any.
    pub allow: Vec<Vec<u8>>,
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PasskeyView {
    pub id: i64,
    pub name: String,
    pub created: Time,
    pub last_used: Option<Time>,
}

/// How an authenticator knows an account. Numbers are never reused, and tell nothing.
fn user_handle(account: AccountId) -> Vec<u8> {
    account.0.to_be_bytes().to_vec()
}

fn digest_of(credential: &[u8]) -> [u8; 32] {
    token::digest_of(Kind::Credential, credential)
}

impl Entrance {
    /// Begins to make a passkey.
    ///
    /// # Errors
    /// `TooMany`, `Temporary`.
    pub async fn begin_passkey(&self, now: Time, account: AccountId) -> Result<Making, EntryError> {
        let there = ledger::all::<Passkey>(&self.store, account).await?;
        if there.len() >= PASSKEYS_MAX {
            return Err(EntryError::TooMany);
        }
        Ok(Making {
            challenge: self.login.challenges.make(now, Purpose::Register(account.0), self.login.fill()),
            user: user_handle(account),
            algorithms: key::ALGORITHMS.to_vec(),
            exclude: there.into_iter().map(|kept| kept.record.credential.0).collect(),
        })
    }

    /// Keeps a new passkey (WebAuthn §7.1); its number.
    ///
    /// # Errors
    /// `Passkey`, `Name`, `TooMany`, `Exists` when somebody has it already.
    pub async fn add_passkey(
        &self,
        now: Time,
        account: AccountId,
        new: &NewPasskey,
        party: &Party,
    ) -> Result<i64, EntryError> {
        let name = checked_name(&new.name)?;
        let purpose = Purpose::Register(account.0);
        let challenge = ceremony::challenge_of(&new.client_data, "webauthn.create", party)?;
        if !self.login.challenges.holds(now, purpose, &challenge) {
            return Err(PasskeyError::Challenge.into());
        }
        let made = ceremony::made(&new.attestation, party)?;
        if ledger::all::<Passkey>(&self.store, account).await?.len() >= PASSKEYS_MAX {
            return Err(EntryError::TooMany);
        }
        if !self.login.challenges.answer(now, purpose, &challenge) {
            return Err(PasskeyError::Challenge.into());
        }
        let key = digest_of(&made.id);
        let record = Passkey {
            name,
            party: party.id.clone(),
            credential: Hashed(made.id),
            key: Hashed(made.key),
            counter: made.counter,
            created: now,
            used: None,
        };
        let ids = ledger::write(&self.store, account, &[Change::Add(&record, Some(key))], now).await?;
        ids.last().copied().ok_or(EntryError::Temporary)
    }

    /// Begins a login by passkey. With a name, the browser is told which are its; a name that nobody has, or that has no
    /// passkeys, gets one that does not exist and is always the same.
    ///
    /// # Errors
    /// `Temporary`.
    pub async fn begin_login(&self, now: Time, username: Option<&str>) -> Result<Showing, EntryError> {
        let allow = match username.map(str::trim).filter(|name| !name.is_empty()) {
            None => Vec::new(),
            Some(name) => self.credentials_of(name).await?,
        };
        Ok(Showing { challenge: self.login.challenges.make(now, Purpose::Login, self.login.fill()), allow })
    }

    async fn credentials_of(&self, name: &str) -> Result<Vec<Vec<u8>>, EntryError> {
        let address = login_address(name, self.rules.first_domain.as_ref());
        let account = match address.clone() {
            Some(address) => self.store.read(AccountByAddress { address }).await?,
            None => None,
        };
        // Asked for nobody too: the time taken is the same.
        let there = ledger::all::<Passkey>(&self.store, account.map_or(AccountId(0), |account| account.id)).await?;
        if there.is_empty() {
            return Ok(vec![self.login.decoy_credential(&written(address.as_ref(), name))]);
        }
        Ok(there.into_iter().map(|kept| kept.record.credential.0).collect())
    }

    pub(super) async fn log_in_by_passkey(
        &self,
        now: Time,
        shown: &ShownPasskey,
        party: &Party,
        place: &Place,
    ) -> Result<Begun, EntryError> {
        let challenge = ceremony::challenge_of(&shown.client_data, "webauthn.get", party)?;
        if !self.login.challenges.holds(now, Purpose::Login, &challenge) {
            return Err(PasskeyError::Challenge.into());
        }
        let mut kept = self.shown_passkey(shown, party).await?;
        let proof = Proof {
            client_data: &shown.client_data,
            authenticator_data: &shown.authenticator_data,
            signature: &shown.signature,
        };
        kept.record.counter = ceremony::proven(&proof, &kept.record.key.0, party, kept.record.counter)?;
        if !self.login.challenges.answer(now, Purpose::Login, &challenge) {
            return Err(PasskeyError::Challenge.into());
        }
        kept.record.used = Some(now);
        ledger::write(&self.store, kept.account, &[Change::Replace(&kept)], now).await?;
        let account = self.account(kept.account).await?;
        self.begin(now, (account.id, account.address), place).await
    }

    /// The passkey that is shown, where it is known and for this site (WebAuthn §7.2 steps 5 to 7).
    async fn shown_passkey(&self, shown: &ShownPasskey, party: &Party) -> Result<Kept<Passkey>, EntryError> {
        if shown.credential.len() > ID_MAX || shown.signature.len() > SIGNATURE_MAX {
            return Err(PasskeyError::Malformed.into());
        }
        let found = ledger::by_key::<Passkey>(&self.store, &digest_of(&shown.credential)).await?;
        let kept = found.ok_or(PasskeyError::Signature)?;
        if kept.record.party != party.id {
            return Err(PasskeyError::Origin.into());
        }
        match &shown.user {
            Some(user) if *user != user_handle(kept.account) => Err(PasskeyError::Signature.into()),
            _ => Ok(kept),
        }
    }

    /// The passkeys of an account, the oldest first.
    ///
    /// # Errors
    /// `Temporary`.
    pub async fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeyView>, EntryError> {
        let there = ledger::all::<Passkey>(&self.store, account).await?;
        let view = |kept: Kept<Passkey>| {
            let Passkey { name, created, used, .. } = kept.record;
            PasskeyView { id: kept.id, name, created, last_used: used }
        };
        Ok(there.into_iter().map(view).collect())
    }

    /// Gives one another name.
    ///
    /// # Errors
    /// `Name`, `NotThere`, `Conflict`.
    pub async fn rename_passkey(&self, now: Time, account: AccountId, id: i64, name: &str) -> Result<(), EntryError> {
        let name = checked_name(name)?;
        let mut kept = self.passkey(account, id).await?;
        kept.record.name = name;
        ledger::write(&self.store, account, &[Change::Replace(&kept)], now).await.map(drop)
    }

    /// Removes one.
    ///
    /// # Errors
    /// `NotThere`.
    pub async fn remove_passkey(&self, now: Time, account: AccountId, id: i64) -> Result<(), EntryError> {
        let kept = self.passkey(account, id).await?;
        ledger::write::<Passkey>(&self.store, account, &[Change::Remove(kept.id)], now).await.map(drop)
    }

    async fn passkey(&self, account: AccountId, id: i64) -> Result<Kept<Passkey>, EntryError> {
        let there = ledger::all::<Passkey>(&self.store, account).await?;
        there.into_iter().find(|kept| kept.id == id).ok_or(EntryError::NotThere)
    }
}

impl Login {
    /// What stands for a passkey of a user who has none.
    fn decoy_credential(&self, name: &str) -> Vec<u8> {
        let tag = hmac::sign(&self.decoys, name.as_bytes());
        tag.as_ref().iter().copied().take(DECOY_OCTETS).collect()
    }
}
