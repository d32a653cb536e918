//! Passwords for programs: drawn by us, each with a scope and, where wanted, an end. They open the mail ports and HTTP
//! with every request. Owns making and finding them; the exchange is the visitor's.

use super::entrance::{Entrance, EntryError};
use super::ledger::{self, Change, Hashed, Kept, Record, checked_name};
use super::service::{Scope, Service};
use super::{scram, token};
use message::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::types::{Account, AccountId, ObjectKind, ScramVerifier};
use store::{Store, StoreError};

/// App passwords of an account at a time: more programs than anybody has.
pub const APP_PASSWORDS_MAX: usize = 50;
/// How exactly it is kept when one was last used.
const USED_STEP: Duration = Duration::from_secs(60 * 60);
/// How long one may be made to last at most; without an end it lasts until it is removed.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// An app password as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AppPassword {
    name: String,
    scope: Scope,
    created: Time,
    ends: Option<Time>,
    used: Option<Time>,
    /// For SCRAM (RFC 5802), with the salt of the account: a client learns the salt before it is known which password it has.
    salt: Hashed,
    iterations: u32,
    stored_key: Hashed,
    server_key: Hashed,
}

impl Record for AppPassword {
    const KIND: ObjectKind = ObjectKind::AppPassword;

    fn due(&self) -> Option<Time> {
        self.ends
    }
}

/// What a new app password is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAppPassword {
    /// What its owner calls it.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// When it ends.
    pub expires: Option<Time>,
}

/// An app password as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct AppPasswordView {
    pub id: i64,
    pub name: String,
    pub scope: Scope,
    pub created: Time,
    pub expires: Option<Time>,
    /// To the hour.
    pub last_used: Option<Time>,
}

impl AppPassword {
    fn is_good(&self, now: Time, service: Service) -> bool {
        self.scope.opens(service) && self.ends.is_none_or(|ends| now < ends)
    }

    fn verifier(&self) -> Option<ScramVerifier> {
        Some(ScramVerifier {
            salt: self.salt.0.clone(),
            iterations: self.iterations,
            stored_key: self.stored_key.0.clone().try_into().ok()?,
            server_key: self.server_key.0.clone().try_into().ok()?,
        })
    }
}

/// What let somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub id: i64,
    pub account: AccountId,
    pub scope: Scope,
    pub ends: Option<Time>,
}

/// The app password that was typed, when it opens this service now. Notes that it was used.
pub(super) async fn find(
    store: &Store,
    now: Time,
    service: Service,
    typed: &[u8],
) -> Result<Option<Opened>, StoreError> {
    let Some(digest) = token::app_digest(typed) else { return Ok(None) };
    let found = ledger::by_key::<AppPassword>(store, &digest).await?;
    let Some(kept) = found.filter(|kept| kept.record.is_good(now, service)) else { return Ok(None) };
    let opened = opened(&kept);
    note_use(store, now, kept).await;
    Ok(Some(opened))
}

fn opened(kept: &Kept<AppPassword>) -> Opened {
    Opened { id: kept.id, account: kept.account, scope: kept.record.scope, ends: kept.record.ends }
}

async fn note_use(store: &Store, now: Time, mut kept: Kept<AppPassword>) {
    if kept.record.used.is_some_and(|used| now.since(used) < USED_STEP) {
        return;
    }
    kept.record.used = Some(now);
    match ledger::write(store, kept.account, &[Change::Replace(&kept)], now).await {
        Ok(_) | Err(EntryError::Conflict | EntryError::NotThere) => {}
        Err(error) => tracing::warn!(%error, "it is not noted that an app password is used"),
    }
}

/// The app passwords of an account that SCRAM may be tried with, for this service.
pub(super) struct Verifiers(Vec<Kept<AppPassword>>);

impl Verifiers {
    /// Reads them.
    pub async fn of(store: &Store, account: AccountId, now: Time, service: Service) -> Result<Verifiers, StoreError> {
        let mut all = ledger::all::<AppPassword>(store, account).await?;
        all.retain(|kept| kept.record.is_good(now, service));
        Ok(Verifiers(all))
    }

    /// The salt and rounds they share.
    pub fn first(&self) -> Option<ScramVerifier> {
        self.0.first().and_then(|kept| kept.record.verifier())
    }

    /// Which of those with the salt that the client was told a proof fits, and the server's signature. Each costs two
    /// keyed hashes.
    pub fn check(&self, salt: &[u8], message: &[u8], proof: &[u8; 32]) -> Option<(Opened, [u8; 32])> {
        self.0.iter().filter(|kept| kept.record.salt.0 == salt).find_map(|kept| {
            let signature = scram::check(&kept.record.verifier()?, message, proof)?;
            Some((opened(kept), signature))
        })
    }

    /// Notes that one of them was used.
    pub async fn note_use(self, store: &Store, now: Time, opened: Opened) {
        if let Some(kept) = self.0.into_iter().find(|kept| kept.id == opened.id) {
            note_use(store, now, kept).await;
        }
    }
}

/// The salt that all passwords of an account share for SCRAM, where it has one.
pub(super) async fn salt_of(store: &Store, account: &Account) -> Option<Vec<u8>> {
    if let Some(own) = &account.credentials.scram {
        return Some(own.salt.clone());
    }
    let there = ledger::all::<AppPassword>(store, account.id).await.ok()?;
    there.into_iter().next().map(|kept| kept.record.salt.0)
}

impl Entrance {
    /// Makes an app password: its number and its text, which is told only now.
    ///
    /// # Errors
    /// `Name`, `Expiry` (it lies behind, or too far ahead), `TooMany`.
    pub async fn add_app_password(
        &self,
        now: Time,
        account: &Account,
        new: NewAppPassword,
    ) -> Result<(i64, String), EntryError> {
        let name = checked_name(&new.name)?;
        if new.expires.is_some_and(|ends| ends <= now || ends > now.after(LONGEST)) {
            return Err(EntryError::Expiry);
        }
        let there = ledger::all::<AppPassword>(&self.store, account.id).await?;
        let ended = there.iter().filter(|kept| kept.record.ends.is_some_and(|ends| ends <= now));
        let mut changes: Vec<Change<'_, AppPassword>> = ended.map(|kept| Change::Remove(kept.id)).collect();
        if there.len() - changes.len() >= APP_PASSWORDS_MAX {
            return Err(EntryError::TooMany);
        }
        let text = token::app_text(&self.login.fill());
        let verifier = self.verifier(account, &there, &text).await?;
        let record = AppPassword {
            name,
            scope: new.scope,
            created: now,
            ends: new.expires,
            used: None,
            salt: Hashed(verifier.salt),
            iterations: verifier.iterations,
            stored_key: Hashed(verifier.stored_key.to_vec()),
            server_key: Hashed(verifier.server_key.to_vec()),
        };
        changes.push(Change::Add(&record, token::app_digest(text.as_bytes())));
        let ids = ledger::write(&self.store, account.id, &changes, now).await?;
        Ok((ids.last().copied().ok_or(EntryError::Temporary)?, text))
    }

    /// What SCRAM needs for the password, with the salt and rounds that the account's others have.
    async fn verifier(
        &self,
        account: &Account,
        there: &[Kept<AppPassword>],
        text: &str,
    ) -> Result<ScramVerifier, EntryError> {
        let own = account.credentials.scram.as_ref().map(|own| (own.salt.clone(), own.iterations));
        let shared = own.or_else(|| there.first().map(|kept| (kept.record.salt.0.clone(), kept.record.iterations)));
        let (salt, iterations) = shared.unwrap_or_else(|| (self.login.fill::<16>().to_vec(), scram::ITERATIONS.get()));
        let iterations = iterations.try_into().unwrap_or(scram::ITERATIONS);
        let text = text.as_bytes().to_vec();
        let turn = self.login.passwords.turn().await.map_err(|_| EntryError::Temporary)?;
        let made = turn.run(move || scram::verifier_with(&text, &salt, iterations)).await;
        made.map_err(|_| EntryError::Temporary)
    }

    /// The app passwords of an account, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn app_passwords(&self, now: Time, account: AccountId) -> Result<Vec<AppPasswordView>, EntryError> {
        let mut there = ledger::all::<AppPassword>(&self.store, account).await?;
        there.retain(|kept| kept.record.ends.is_none_or(|ends| now < ends));
        there.sort_by_key(|kept| std::cmp::Reverse((kept.record.created, kept.id)));
        Ok(there.into_iter().map(view).collect())
    }

    /// Removes one: it opens nothing any more, and connections that it opened end.
    ///
    /// # Errors
    /// `NotThere` when the account has no such app password.
    pub async fn remove_app_password(&self, now: Time, account: AccountId, id: i64) -> Result<(), EntryError> {
        let there = ledger::all::<AppPassword>(&self.store, account).await?;
        if !there.iter().any(|kept| kept.id == id) {
            return Err(EntryError::NotThere);
        }
        let _doubt = self.login.doubt(account);
        ledger::write::<AppPassword>(&self.store, account, &[Change::Remove(id)], now).await.map(drop)
    }
}

fn view(kept: Kept<AppPassword>) -> AppPasswordView {
    let AppPassword { name, scope, created, ends, used, .. } = kept.record;
    AppPasswordView { id: kept.id, name, scope, created, expires: ends, last_used: used }
}
