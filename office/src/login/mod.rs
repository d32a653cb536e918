//! Who is it? Checks passwords, SCRAM proofs and APOP digests against what the store keeps, and slows down guessing.
//! The exchanges themselves are `wire::sasl`'s. Tells nobody whether a user exists: unknown users get the same words
//! after the same work (RFC 4954 §9, RFC 3206 §5).

mod app_passwords;
mod entrance;
mod guesses;
mod guests;
mod known;
mod ledger;
mod passkeys;
mod password;
mod remembered;
mod scram;
mod second_factor;
mod service;
mod sessions;
mod token;
mod totp;

pub use app_passwords::{APP_PASSWORDS_MAX, AppPasswordView, NewAppPassword};
pub use entrance::{Entrance, EntryError, Held, Mark, Shown, Typed};
pub use guests::Line;
pub use passkeys::{Making, NewPasskey, PASSKEYS_MAX, Party, PasskeyError, PasskeyView, Showing, ShownPasskey};
pub use second_factor::{Enrolment, RECOVERY_CODES, SecondFactorState};
pub use service::{NotAScope, Scope, Service};
pub(crate) use sessions::end_all as end_all_sessions;
pub use sessions::{Begun, LONGEST as SESSION_LONGEST, Place, SESSIONS_MAX, Session, SessionView};

use crate::Random;
use app_passwords::{Opened, Verifiers};
use aws_lc_rs::{constant_time, digest, hmac};
use guesses::{Client, Guess, Guesses};
use guests::{Guest, Guests, Stay};
use known::Known;
use message::{Address, Domain, Time};
use parking_lot::Mutex;
use passkeys::challenge::Challenges;
use password::Passwords;
use remembered::Remembered;
use std::net::IpAddr;
use std::sync::Arc;
use store::query::{AccountByAddress, AccountById};
use store::types::{Account, AccountId, Credentials, ScramVerifier};
use store::{Store, StoreError};
use wire::sasl::{Answer, Ask, Refusal};
use zeroize::Zeroizing;

/// Why credentials could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Too many passwords are being hashed.
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// The hash function failed: a defect.
    #[error("the password could not be hashed")]
    Hash,
}

/// What an office knows of logins. One per office, shared by all connections.
pub struct Login {
    passwords: Passwords,
    remembered: Mutex<Remembered>,
    guesses: Mutex<Guesses>,
    known: Mutex<Known>,
    guests: Guests,
    scram: scram::Keys,
    challenges: Challenges,
    /// Makes passkeys of users that have none.
    decoys: hmac::Key,
    random: Random,
}

/// The rules of the moment.
pub struct LoginRules {
    /// What bare names get.
    pub first_domain: Option<Domain>,
    /// Wrong guesses a minute from one address (or for one account) before more are not heard.
    pub guesses_per_minute: u32,
}

impl Login {
    /// Makes the per-process secrets.
    #[must_use]
    pub fn new(random: Random) -> Login {
        let secret = || {
            let mut octets = [0; 32];
            random(&mut octets);
            octets
        };
        Login {
            passwords: Passwords::new(secret()),
            remembered: Mutex::new(Remembered::new(secret())),
            guesses: Mutex::default(),
            known: Mutex::default(),
            guests: Guests::default(),
            scram: scram::Keys::new(secret()),
            challenges: Challenges::new(secret()),
            decoys: hmac::Key::new(hmac::HMAC_SHA256, &secret()),
            random,
        }
    }

    /// What is to be stored for a password: an argon2id hash and a SCRAM verifier. Takes some tens of milliseconds.
    pub async fn credentials(&self, password: &str) -> Result<Credentials, LoginError> {
        self.credentials_with(password, self.fill::<16>().to_vec()).await
    }

    /// The same for an account that exists: its app passwords share the salt of SCRAM, which therefore stays.
    pub(crate) async fn next_credentials(
        &self,
        store: &Store,
        account: &Account,
        password: &str,
    ) -> Result<Credentials, LoginError> {
        let salt = app_passwords::salt_of(store, account).await.unwrap_or_else(|| self.fill::<16>().to_vec());
        self.credentials_with(password, salt).await
    }

    async fn credentials_with(&self, password: &str, scram_salt: Vec<u8>) -> Result<Credentials, LoginError> {
        let salt = self.fill::<16>();
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let made = self.passwords.turn().await?.run(move || {
            let hash = password::hash(&password, &salt)?;
            Some((hash, scram::verifier(&password, &scram_salt)))
        });
        let (hash, verifier) = made.await?.ok_or(LoginError::Hash)?;
        Ok(Credentials { password: Some(hash), scram: Some(verifier), apop_secret: None })
    }

    /// Passwords of the account that were remembered are forgotten.
    pub fn forget(&self, account: AccountId) {
        self.remembered.lock().forget(account);
    }

    fn fill<const N: usize>(&self) -> [u8; N] {
        let mut octets = [0; N];
        (self.random)(&mut octets);
        octets
    }
}

/// One connection's way to log in.
pub struct Visitor {
    login: Arc<Login>,
    store: Store,
    client: IpAddr,
    service: Service,
    account: Option<Account>,
    /// The app password that let them in; `None`: the account's own.
    opened: Option<Opened>,
    /// The connection, where it stays open after the login.
    line: Option<Arc<dyn Line>>,
    /// Their place among those who are in.
    stay: Option<Stay>,
    /// What let them in.
    held: Option<Held>,
    /// Whom a SCRAM exchange is about: `None` inside for a user that does not exist. Boxed: a session that waits has none.
    scram: Option<Box<Claim>>,
}

/// A name somebody claims.
struct Claim {
    name: String,
    account: Option<Account>,
    guess: Guess,
    /// How often logins had changed when they came.
    epoch: u64,
    /// They want to act as themselves.
    as_themselves: bool,
    /// What a SCRAM client was told to compute with.
    verifier: Option<ScramVerifier>,
    /// They showed the secret for APOP.
    by_apop: bool,
}

impl Visitor {
    /// A connection from this address.
    #[must_use]
    pub fn new(login: Arc<Login>, store: Store, client: IpAddr, service: Service) -> Visitor {
        Visitor {
            login,
            store,
            client,
            service,
            account: None,
            opened: None,
            line: None,
            stay: None,
            held: None,
            scram: None,
        }
    }

    /// On a connection that stays open, and ends when what let them in does.
    #[must_use]
    pub fn on(self, line: Option<Arc<dyn Line>>) -> Visitor {
        Visitor { line, ..self }
    }

    /// The same connection, as before the login.
    #[must_use]
    pub(crate) fn anew(&self) -> Visitor {
        Visitor::new(self.login.clone(), self.store.clone(), self.client, self.service).on(self.line.clone())
    }

    /// What let them in, and may be taken from them.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        self.held
    }

    /// Who logged in.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// What they may do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.opened.map_or(Scope::All, |opened| opened.scope)
    }

    /// The number of the app password that let them in; `None`: the account's own did.
    #[must_use]
    pub fn app_password(&self) -> Option<i64> {
        self.opened.map(|opened| opened.id)
    }

    /// Takes somebody for who they are without asking: they showed it elsewhere, as in a session of the web.
    pub(crate) fn assume(&mut self, account: Account) {
        self.account = Some(account);
    }

    /// Answers one question of an exchange.
    pub async fn ask(&mut self, now: Time, rules: &LoginRules, ask: Ask) -> Answer {
        let result = match ask {
            Ask::Password { authorization, username, password } => {
                let password = Zeroizing::new(password.0);
                match self.claim(rules, authorization, &username).await {
                    Ok(claim) => self.password(now, claim, password).await,
                    Err(refusal) => Err(refusal),
                }
            }
            Ask::ScramStart { authorization, username } => match self.claim(rules, authorization, &username).await {
                Ok(claim) => self.scram_start(now, claim).await,
                Err(refusal) => Err(refusal),
            },
            Ask::ScramProof { auth_message, proof } => self.scram_proof(now, &auth_message, &proof).await,
        };
        result.unwrap_or_else(Answer::Refused)
    }

    /// APOP (RFC 1939 §7), for accounts with a secret stored for it.
    pub async fn apop(&mut self, now: Time, rules: &LoginRules, name: &str, proof: (&str, &[u8; 16])) -> Answer {
        let result = match self.claim(rules, None, name).await {
            Ok(claim) => self.apop_digest(now, claim, proof).await,
            Err(refusal) => Err(refusal),
        };
        result.unwrap_or_else(Answer::Refused)
    }

    async fn password(&mut self, now: Time, claim: Claim, password: Zeroizing<Vec<u8>>) -> Result<Answer, Refusal> {
        let login = self.login.clone();
        // Nobody guesses one of 128 bits: it opens whatever others try.
        if let Some(opened) = self.find_app_password(now, &claim, &password).await? {
            return self.accept(now, claim, (Some(opened), None)).await;
        }
        login.guesses.lock().may_try(now, &claim.guess).map_err(too_many)?;
        let owner = if self.own_password_opens(&claim).await? { claim.account.as_ref() } else { None };
        let stored = owner.and_then(|account| Some((account.id, account.credentials.password.clone()?)));
        let Some((account, hash)) = stored else {
            // An unknown user costs the same work.
            self.check(now, &claim, password, login.passwords.decoy()).await?;
            return Err(self.wrong(&claim));
        };
        let tag = login.remembered.lock().tag(account, &password, &hash);
        if !login.remembered.lock().holds(now, account, &tag) {
            if !self.check(now, &claim, password, hash).await? {
                return Err(self.wrong(&claim));
            }
            login.guesses.lock().take_back(now, &claim.guess);
            login.remembered.lock().keep(now, account, tag);
        }
        self.accept(now, claim, (None, None)).await
    }

    /// The app password that this is, when it is this account's.
    async fn find_app_password(&self, now: Time, claim: &Claim, typed: &[u8]) -> Result<Option<Opened>, Refusal> {
        let found = app_passwords::find(&self.store, now, self.service, typed).await.map_err(unanswered)?;
        Ok(found.filter(|opened| claim.account.as_ref().is_some_and(|account| account.id == opened.account)))
    }

    /// The account's own password opens the login page, and everything else only while there is no second factor: there,
    /// nobody could be asked for a code.
    async fn own_password_opens(&self, claim: &Claim) -> Result<bool, Refusal> {
        if matches!(self.service, Service::Page | Service::Again) {
            return Ok(true);
        }
        // Asked for users that do not exist, too: the time taken is the same.
        let account = claim.account.as_ref().map_or(AccountId(0), |account| account.id);
        second_factor::is_on(&self.store, account).await.map(|on| !on).map_err(unanswered)
    }

    /// Answers an app password that comes without a name.
    pub async fn token(&mut self, now: Time, rules: &LoginRules, token: &str) -> Answer {
        self.bearer(now, rules, token).await.unwrap_or_else(Answer::Refused)
    }

    async fn bearer(&mut self, now: Time, rules: &LoginRules, token: &str) -> Result<Answer, Refusal> {
        let client = Client::of(self.client);
        let epoch = self.login.guests.epoch();
        // There is no name to count for; what was typed stands for it.
        let guess = Guess { client, name: key_of(token), known: false, limit: rules.guesses_per_minute };
        self.login.guesses.lock().begin(now, &guess).map_err(too_many)?;
        let found = app_passwords::find(&self.store, now, self.service, token.as_bytes()).await.map_err(unanswered)?;
        let account = match found {
            Some(opened) => self.store.read(AccountById { account: opened.account }).await.map_err(unanswered)?,
            None => None,
        };
        let name = account.as_ref().map_or_else(|| "(token)".to_owned(), |account| account.address.to_string());
        let claim = Claim { name, account, guess, epoch, as_themselves: true, verifier: None, by_apop: false };
        if claim.account.is_none() {
            return Err(self.wrong(&claim));
        }
        self.login.guesses.lock().take_back(now, &guess);
        self.accept(now, claim, (found, None)).await
    }

    /// Counts a guess and checks it. It is counted before, so that many at once gain nothing; but not before its turn
    /// has come, so that those who wait, and may be right, keep nobody out.
    async fn check(
        &self,
        now: Time,
        claim: &Claim,
        password: Zeroizing<Vec<u8>>,
        hash: String,
    ) -> Result<bool, Refusal> {
        let turn = self.login.passwords.turn().await.map_err(temporary)?;
        self.login.guesses.lock().begin(now, &claim.guess).map_err(too_many)?;
        turn.verify(password, hash).await.map_err(temporary)
    }

    /// All passwords of an account share salt and rounds, so the client need not say which it has.
    async fn scram_start(&mut self, now: Time, mut claim: Claim) -> Result<Answer, Refusal> {
        self.login.guesses.lock().may_try(now, &claim.guess).map_err(too_many)?;
        let own = claim.account.as_ref().and_then(|account| account.credentials.scram.clone());
        let verifier = match own {
            Some(own) => Some(own),
            None => self.app_verifiers(now, &claim).await?.first(),
        };
        let verifier = verifier.unwrap_or_else(|| self.login.scram.decoy(&claim.name));
        claim.verifier = Some(verifier.clone());
        self.scram = Some(Box::new(claim));
        let nonce = scram::nonce(&self.login.fill());
        Ok(Answer::Scram { nonce, salt: verifier.salt, iterations: verifier.iterations })
    }

    async fn app_verifiers(&self, now: Time, claim: &Claim) -> Result<Verifiers, Refusal> {
        let account = claim.account.as_ref().map_or(AccountId(0), |account| account.id);
        Verifiers::of(&self.store, account, now, self.service).await.map_err(unanswered)
    }

    async fn scram_proof(&mut self, now: Time, message: &[u8], proof: &[u8; 32]) -> Result<Answer, Refusal> {
        let mut claim = self.scram.take().ok_or(Refusal::Credentials)?;
        self.login.guesses.lock().begin(now, &claim.guess).map_err(too_many)?;
        let told = claim.verifier.take().ok_or(Refusal::Credentials)?;
        let own = self.own_password_opens(&claim).await?;
        let exists = claim.account.as_ref().is_some_and(|account| account.credentials.scram.is_some());
        let signature = scram::check(&told, message, proof).filter(|_| own && exists);
        let apps = self.app_verifiers(now, &claim).await?;
        let by_app = apps.check(&told.salt, message, proof);
        let (opened, signature) = match (signature, by_app) {
            (Some(signature), _) => (None, signature),
            (None, Some((opened, signature))) => (Some(opened), signature),
            (None, None) => return Err(self.wrong(&claim)),
        };
        if let Some(opened) = opened {
            apps.note_use(&self.store, now, opened).await;
        }
        self.login.guesses.lock().take_back(now, &claim.guess);
        self.accept(now, *claim, (opened, Some(signature))).await
    }

    async fn apop_digest(&mut self, now: Time, claim: Claim, proof: (&str, &[u8; 16])) -> Result<Answer, Refusal> {
        self.login.guesses.lock().begin(now, &claim.guess).map_err(too_many)?;
        let (timestamp, digest) = proof;
        let secret = claim.account.as_ref().and_then(|account| account.credentials.apop_secret.as_deref());
        let wanted = password::apop_digest(timestamp, secret.unwrap_or_default());
        let right = constant_time::verify_slices_are_equal(&wanted, digest).is_ok();
        let own = self.own_password_opens(&claim).await?;
        if !right || !own || secret.is_none_or(str::is_empty) {
            return Err(self.wrong(&claim));
        }
        self.login.guesses.lock().take_back(now, &claim.guess);
        self.accept(now, Claim { by_apop: true, ..claim }, (None, None)).await
    }

    /// Whom a name means, and as whom they want to act.
    async fn claim(&self, rules: &LoginRules, acting_as: Option<String>, name: &str) -> Result<Claim, Refusal> {
        let epoch = self.login.guests.epoch();
        let address = login_address(name, rules.first_domain.as_ref());
        let account = match address.clone() {
            Some(address) => self.find(address).await?,
            None => None,
        };
        let name = written(address.as_ref(), name);
        let as_themselves = acting_as
            .filter(|other| !other.is_empty())
            .is_none_or(|other| written(login_address(&other, rules.first_domain.as_ref()).as_ref(), &other) == name);
        let client = Client::of(self.client);
        let known = self.service != Service::Again
            && account.as_ref().is_some_and(|account| self.login.known.lock().holds(account.id, client));
        let guess = Guess { client, name: key_of(&name), known, limit: rules.guesses_per_minute };
        Ok(Claim { name, account, guess, epoch, as_themselves, verifier: None, by_apop: false })
    }

    async fn find(&self, address: Address) -> Result<Option<Account>, Refusal> {
        self.store.read(AccountByAddress { address }).await.map_err(unanswered)
    }

    /// A guess was wrong; it was counted before.
    fn wrong(&self, claim: &Claim) -> Refusal {
        tracing::info!(client = %self.client, name = %claim.name.escape_debug(), "login refused");
        Refusal::Credentials
    }

    /// They are who they say. Acting for somebody else is not for passwords (RFC 4616 §2); whether it was asked for
    /// matters only now, so that it does not tell a right password from a wrong one for free.
    async fn accept(
        &mut self,
        now: Time,
        claim: Claim,
        (opened, server_signature): (Option<Opened>, Option<[u8; 32]>),
    ) -> Result<Answer, Refusal> {
        let account = claim.account.ok_or(Refusal::Credentials)?;
        // Who has a program's password may not guess the account's own without end.
        if opened.is_none() {
            self.login.known.lock().add(now, account.id, claim.guess.client);
        }
        if !claim.as_themselves {
            return Err(Refusal::Authorization);
        }
        let own = if claim.by_apop { Mark::of_apop(&account) } else { Mark::of(&account) };
        let held = opened.map_or(Held::Password(own), |opened| Held::AppPassword(opened.id));
        let ends = opened.and_then(|opened| opened.ends);
        self.stay(now, &account, (held, ends), claim.epoch).await?;
        self.opened = opened;
        self.held = Some(held);
        // A session may last for weeks; it needs no secrets.
        self.account = Some(Account { credentials: Credentials::default(), ..account });
        Ok(Answer::Accepted { server_signature })
    }

    /// From now on the connection ends when what let them in does. It may have done so since they came: then it was taken
    /// from them before they were in the list.
    async fn stay(
        &mut self,
        now: Time,
        account: &Account,
        (held, ends): (Held, Option<Time>),
        epoch: u64,
    ) -> Result<(), Refusal> {
        let Some(line) = self.line.clone() else { return Ok(()) };
        self.stay = Some(Stay::begin(&self.login, account.id, Guest { held, ends, line: line.clone() }));
        if self.login.guests.epoch() != epoch {
            let entrance = Entrance::of_clerk(&self.login, &self.store);
            let holds = entrance.still_holds(now, account.id, held).await.map_err(|_| Refusal::Temporary)?;
            if !holds {
                self.stay = None;
                return Err(Refusal::Credentials);
            }
        }
        line.entered(Some(&account.address));
        Ok(())
    }
}

fn too_many(wait_s: u32) -> Refusal {
    Refusal::TooMany { wait_s }
}

fn unanswered(error: StoreError) -> Refusal {
    tracing::error!(%error, "logins cannot be checked");
    Refusal::Temporary
}

fn temporary(error: LoginError) -> Refusal {
    tracing::warn!(%error, "a login was not checked");
    Refusal::Temporary
}

/// A name in the one form in which names compare.
fn written(address: Option<&Address>, name: &str) -> String {
    address.map_or_else(|| name.to_owned(), Address::to_string).to_lowercase()
}

/// A name as it is counted: of one length, however long it is.
fn key_of(name: &str) -> [u8; 32] {
    let mut key = [0; 32];
    let hash = digest::digest(&digest::SHA256, name.as_bytes());
    key.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    key
}

/// A login name as an address; bare names get our first domain.
fn login_address(name: &str, first_domain: Option<&Domain>) -> Option<Address> {
    match name.contains('@') {
        true => Address::parse(name).ok(),
        false => first_domain.and_then(|domain| Address::parse(&format!("{name}@{domain}")).ok()),
    }
}

#[cfg(test)]
mod tests;
