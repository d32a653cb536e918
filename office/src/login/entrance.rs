//! The way in by the web, and what only the owner of an account may do: passwords, keys, sessions. Typed answers; cookies
//! and JSON are `web`'s. Sessions, app passwords, second factors and passkeys have a file each beside it.

use super::sessions::{Begun, Place};
use super::{Login, LoginRules, PasskeyError, Scope, Service, Visitor, second_factor};
use crate::Office;
use aws_lc_rs::digest;
use message::{Address, Domain, Time};
use std::net::IpAddr;
use std::sync::Arc;
use store::query::{AccountByAddress, AccountById, Domains, Resolve, Resolved};
use store::types::{Account, AccountId, Alias, AliasTarget, Credentials};
use store::{Store, StoreError};
use wire::sasl::{Answer, Ask, Refusal, Secret};

/// The door of one office. Cheap to make.
pub struct Entrance {
    pub(super) login: Arc<Login>,
    pub(super) store: Store,
    pub(super) rules: LoginRules,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The same for users that do not exist.
    #[error("name or password is wrong")]
    Credentials,
    /// The password is right; now a code is asked for.
    #[error("a code of your authenticator app, or a recovery code, is needed")]
    CodeNeeded,
    /// The code is wrong, too old, or was used.
    #[error("the code is wrong, or was used already")]
    Code,
    /// After too many wrong guesses.
    #[error("too many wrong guesses: try again in {wait_s} s")]
    Wait {
        /// Seconds to wait.
        wait_s: u32,
    },
    /// A passkey was not taken.
    #[error("{0}")]
    Passkey(#[from] PasskeyError),
    /// It is not there, or somebody else's.
    #[error("there is no such thing")]
    NotThere,
    /// It is there already.
    #[error("that is there already")]
    Exists,
    /// There may be no more of them.
    #[error("there are as many as there may be: remove one first")]
    TooMany,
    /// Somebody else changed it at the same time.
    #[error("it was changed meanwhile: look again")]
    Conflict,
    /// A name is empty, too long, or holds control characters.
    #[error("a name has 1 to 100 characters, none of them control characters")]
    Name,
    /// An end in the past, or beyond ten years.
    #[error("the end must lie ahead, within ten years")]
    Expiry,
    /// Store or hash do not answer.
    #[error("this cannot be done at the moment: try again")]
    Temporary,
}

impl From<StoreError> for EntryError {
    fn from(error: StoreError) -> EntryError {
        tracing::error!(%error, "a login failed for the store");
        EntryError::Temporary
    }
}

impl From<Refusal> for EntryError {
    fn from(refusal: Refusal) -> EntryError {
        match refusal {
            Refusal::Credentials | Refusal::Authorization => EntryError::Credentials,
            Refusal::TooMany { wait_s } => EntryError::Wait { wait_s },
            Refusal::Temporary => EntryError::Temporary,
        }
    }
}

/// What was typed at the login page.
pub struct Typed {
    /// The name, bare or whole.
    pub username: String,
    /// The account's own password.
    pub password: String,
    /// A code, once it is asked for.
    pub code: Option<String>,
}

/// Who showed a password with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whose it is.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
    /// What it may do.
    pub scope: Scope,
    /// What it was; the account's own: its owner is there.
    pub held: Held,
}

/// What somebody holds who was let in, and may lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Held {
    /// A session of this number.
    Session(i64),
    /// An app password of this number.
    AppPassword(i64),
    /// The account's own password, or its secret for APOP, as it was then.
    Password(Mark),
}

/// What tells the own password of an account, or its secret for APOP, from the one before: a piece of a hash of what is
/// stored of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(u64);

impl Mark {
    /// The password as it is now.
    #[must_use]
    pub fn of(account: &Account) -> Mark {
        let Credentials { password, scram, apop_secret: _ } = &account.credentials;
        let key = scram.as_ref().map(|scram| scram.stored_key.as_slice());
        Mark::digest(b"password", [password.as_deref().map(str::as_bytes), key])
    }

    /// The secret for APOP as it is now: a login by the one ends with the one alone (RFC 1939 §7).
    pub(super) fn of_apop(account: &Account) -> Mark {
        Mark::digest(b"apop", [account.credentials.apop_secret.as_deref().map(str::as_bytes), None])
    }

    fn digest(what: &[u8], parts: [Option<&[u8]>; 2]) -> Mark {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [Some(what)].into_iter().chain(parts) {
            context.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            context.update(part.unwrap_or_default());
        }
        let hash = context.finish();
        Mark(hash.as_ref().iter().take(8).fold(0, |mark, octet| mark << 8 | u64::from(*octet)))
    }
}

impl Office {
    /// The way in by the web.
    #[must_use]
    pub fn entrance(&self) -> Entrance {
        Entrance {
            login: self.inner.login.clone(),
            store: self.inner.store.clone(),
            rules: self.policy().login_rules(),
        }
    }

    /// Logs somebody in at the login page.
    ///
    /// # Errors
    /// `Credentials`, `CodeNeeded`, `Code`, `Wait`, `Temporary`.
    pub async fn log_in(&self, now: Time, typed: Typed, place: &Place) -> Result<Begun, EntryError> {
        let entrance = self.entrance();
        let begun = entrance.log_in(now, typed, place).await;
        if !matches!(begun, Err(EntryError::CodeNeeded)) {
            self.count_entry(begun.is_ok());
        }
        begun
    }

    /// Logs in whoever shows a passkey.
    ///
    /// # Errors
    /// `Passkey`, `Wait`, `Temporary`.
    pub async fn log_in_by_passkey(
        &self,
        now: Time,
        shown: &super::ShownPasskey,
        party: &super::Party,
        place: &Place,
    ) -> Result<Begun, EntryError> {
        let begun = self.entrance().log_in_by_passkey(now, shown, party, place).await;
        self.count_entry(begun.is_ok());
        begun
    }

    /// The server's name.
    #[must_use]
    pub fn hostname(&self) -> String {
        self.policy().hostname.to_string()
    }

    /// Whether an account looks after the house: the configuration names it, or an alias that leads to it.
    pub async fn is_admin(&self, address: &Address) -> bool {
        let Some(admin) = self.policy().admin.clone() else { return false };
        match self.inner.store.read(Resolve { address: admin }).await {
            Ok(Resolved::Account { account, .. }) => account.address == *address,
            Ok(Resolved::Alias(Alias { address: name, target: AliasTarget::Members(members) })) => {
                // A catch-all answers for every name: it makes nobody administrator.
                name.local_part() != "*" && members.iter().any(|member| is_same(member, address))
            }
            Ok(_) => false,
            Err(error) => {
                tracing::error!(%error, "who looks after the house cannot be looked up");
                false
            }
        }
    }

    /// Whether a domain is one of ours.
    pub async fn keeps_mail_for(&self, domain: &Domain) -> bool {
        let domains = self.inner.store.read(Domains {}).await.unwrap_or_default();
        domains.iter().any(|row| row.domain == *domain)
    }

    /// Whether a host is ours by its name: the server's own, one of our domains, or a name below one.
    pub async fn is_own_name(&self, host: &str) -> bool {
        let below =
            |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|prefix| prefix.ends_with('.'));
        if below(self.policy().hostname.as_str()) {
            return true;
        }
        let domains = self.inner.store.read(Domains {}).await.unwrap_or_default();
        domains.iter().any(|row| below(row.domain.as_str()))
    }

    fn count_entry(&self, is_in: bool) {
        let counters = &self.inner.counters;
        let counter = if is_in { &counters.logins_ok } else { &counters.logins_failed };
        crate::counters::count(counter, 1);
    }
}

impl Entrance {
    /// For what is asked by hand: nobody logs in here.
    pub(crate) fn of_clerk(login: &Arc<Login>, store: &Store) -> Entrance {
        let rules = LoginRules { first_domain: None, guesses_per_minute: 1 };
        Entrance { login: login.clone(), store: store.clone(), rules }
    }

    async fn log_in(&self, now: Time, typed: Typed, place: &Place) -> Result<Begun, EntryError> {
        let Typed { username, password, code } = typed;
        let account = self.visit(now, Service::Page, place.client, (username, password)).await?.0;
        self.check_code(now, account.id, code.as_deref()).await?;
        self.begin(now, (account.id, account.address), place).await
    }

    /// Whose password came with a request: of the account itself, while it has no second factor, or of a program.
    ///
    /// # Errors
    /// `Credentials`, `Wait`, `Temporary`.
    pub async fn shown(
        &self,
        now: Time,
        client: IpAddr,
        username: String,
        password: String,
    ) -> Result<Shown, EntryError> {
        let (account, visitor) = self.visit(now, Service::Http, client, (username, password)).await?;
        let (scope, held) = (visitor.scope(), visitor.held().ok_or(EntryError::Credentials)?);
        Ok(Shown { account: account.id, address: account.address, scope, held })
    }

    /// Whose app password this is, shown without a name (RFC 6750).
    ///
    /// # Errors
    /// `Credentials`, `Wait`, `Temporary`.
    pub async fn shown_alone(&self, now: Time, client: IpAddr, token: &str) -> Result<Shown, EntryError> {
        let mut visitor = Visitor::new(self.login.clone(), self.store.clone(), client, Service::Http);
        match visitor.token(now, &self.rules, token).await {
            Answer::Refused(refusal) => Err(refusal.into()),
            _ => {
                let account = visitor.account().ok_or(EntryError::Credentials)?;
                let (scope, held) = (visitor.scope(), visitor.held().ok_or(EntryError::Credentials)?);
                Ok(Shown { account: account.id, address: account.address.clone(), scope, held })
            }
        }
    }

    /// Whether what somebody was let in by still lets them in: for connections that stay open.
    ///
    /// # Errors
    /// `Temporary`.
    pub async fn still_holds(&self, now: Time, account: AccountId, held: Held) -> Result<bool, EntryError> {
        let Some(owner) = self.store.read(AccountById { account }).await? else { return Ok(false) };
        Ok(match held {
            // With a second factor it opens the login page only.
            Held::Password(mark) => {
                let is_same = mark == Mark::of(&owner) || mark == Mark::of_apop(&owner);
                is_same && !second_factor::is_on(&self.store, account).await?
            }
            Held::Session(id) => self.sessions(now, account).await?.iter().any(|session| session.id == id),
            Held::AppPassword(id) => self.app_passwords(now, account).await?.iter().any(|password| password.id == id),
        })
    }

    /// Somebody who is logged in shows the account's own password once more.
    ///
    /// # Errors
    /// `Credentials`, `Wait`, `Temporary`; `NotThere` when the account is gone.
    pub async fn confirm(
        &self,
        now: Time,
        client: IpAddr,
        account: AccountId,
        password: String,
    ) -> Result<Account, EntryError> {
        let account = self.account(account).await?;
        self.visit(now, Service::Again, client, (account.address.to_string(), password)).await?;
        Ok(account)
    }

    /// An account by its number.
    ///
    /// # Errors
    /// `NotThere`, `Temporary`.
    pub async fn account(&self, account: AccountId) -> Result<Account, EntryError> {
        self.store.read(AccountById { account }).await?.ok_or(EntryError::NotThere)
    }

    /// An account by its address.
    ///
    /// # Errors
    /// `NotThere`, `Temporary`.
    pub async fn account_at(&self, address: &Address) -> Result<Account, EntryError> {
        self.store.read(AccountByAddress { address: address.clone() }).await?.ok_or(EntryError::NotThere)
    }

    async fn visit(
        &self,
        now: Time,
        service: Service,
        client: IpAddr,
        (username, password): (String, String),
    ) -> Result<(Account, Visitor), EntryError> {
        let mut visitor = Visitor::new(self.login.clone(), self.store.clone(), client, service);
        let ask = Ask::Password { authorization: None, username, password: Secret(password.into_bytes()) };
        match visitor.ask(now, &self.rules, ask).await {
            Answer::Refused(refusal) => Err(refusal.into()),
            _ => Ok((visitor.account().cloned().ok_or(EntryError::Credentials)?, visitor)),
        }
    }
}

/// Names compare without case, as the store compares them.
fn is_same(a: &Address, b: &Address) -> bool {
    a.host() == b.host() && a.local_part().to_lowercase() == b.local_part().to_lowercase()
}
