//! Who is it? Checks passwords, SCRAM proofs and APOP digests against what the store keeps, and slows down guessing.
//! The exchanges themselves are `wire::sasl`'s. Tells nobody whether a user exists: unknown users get the same words
//! after the same work (RFC 4954 §9, RFC 3206 §5).

mod guesses;
mod known;
mod password;
mod remembered;
mod scram;

use crate::Random;
use aws_lc_rs::{constant_time, digest};
use guesses::{Client, Guess, Guesses};
use known::Known;
use message::{Address, Domain, Time};
use parking_lot::Mutex;
use password::Passwords;
use remembered::Remembered;
use std::net::IpAddr;
use std::sync::Arc;
use store::query::AccountByAddress;
use store::types::{Account, AccountId, Credentials};
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
    scram: scram::Keys,
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
            scram: scram::Keys::new(secret()),
            random,
        }
    }

    /// What is to be stored for a password: an argon2id hash and a SCRAM verifier. Takes some tens of milliseconds.
    pub async fn credentials(&self, password: &str) -> Result<Credentials, LoginError> {
        let (salt, scram_salt) = (self.fill::<16>(), self.fill::<16>());
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
    account: Option<Account>,
    /// Whom a SCRAM exchange is about: `None` inside for a user that does not exist. Boxed: a session that waits has none.
    scram: Option<Box<Claim>>,
}

/// A name somebody claims.
struct Claim {
    name: String,
    account: Option<Account>,
    guess: Guess,
    /// They want to act as themselves.
    as_themselves: bool,
}

impl Visitor {
    /// A connection from this address.
    #[must_use]
    pub fn new(login: Arc<Login>, store: Store, client: IpAddr) -> Visitor {
        Visitor { login, store, client, account: None, scram: None }
    }

    /// Who logged in.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// Takes somebody for who they are without asking: hashes take long in tests that are not about them.
    #[cfg(test)]
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
                Ok(claim) => self.scram_start(now, claim),
                Err(refusal) => Err(refusal),
            },
            Ask::ScramProof { auth_message, proof } => self.scram_proof(now, &auth_message, &proof),
        };
        result.unwrap_or_else(Answer::Refused)
    }

    /// APOP (RFC 1939 §7), for accounts with a secret stored for it.
    pub async fn apop(&mut self, now: Time, rules: &LoginRules, name: &str, proof: (&str, &[u8; 16])) -> Answer {
        let result = match self.claim(rules, None, name).await {
            Ok(claim) => self.apop_digest(now, claim, proof),
            Err(refusal) => Err(refusal),
        };
        result.unwrap_or_else(Answer::Refused)
    }

    async fn password(&mut self, now: Time, claim: Claim, password: Zeroizing<Vec<u8>>) -> Result<Answer, Refusal> {
        let login = self.login.clone();
        login.guesses.lock().may_try(now, &claim.guess).map_err(too_many)?;
        let stored =
            claim.account.as_ref().and_then(|account| Some((account.id, account.credentials.password.clone()?)));
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
        self.accept(now, claim, None)
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

    fn scram_start(&mut self, now: Time, claim: Claim) -> Result<Answer, Refusal> {
        self.login.guesses.lock().may_try(now, &claim.guess).map_err(too_many)?;
        let verifier = claim.account.as_ref().and_then(|account| account.credentials.scram.clone());
        let verifier = verifier.unwrap_or_else(|| self.login.scram.decoy(&claim.name));
        self.scram = Some(Box::new(claim));
        let nonce = scram::nonce(&self.login.fill());
        Ok(Answer::Scram { nonce, salt: verifier.salt, iterations: verifier.iterations })
    }

    fn scram_proof(&mut self, now: Time, message: &[u8], proof: &[u8; 32]) -> Result<Answer, Refusal> {
        let claim = self.scram.take().ok_or(Refusal::Credentials)?;
        self.login.guesses.lock().begin(now, &claim.guess).map_err(too_many)?;
        let verifier = claim.account.as_ref().and_then(|account| account.credentials.scram.clone());
        let exists = verifier.is_some();
        let verifier = verifier.unwrap_or_else(|| self.login.scram.decoy(&claim.name));
        let Some(signature) = scram::check(&verifier, message, proof).filter(|_| exists) else {
            return Err(self.wrong(&claim));
        };
        self.login.guesses.lock().take_back(now, &claim.guess);
        self.accept(now, *claim, Some(signature))
    }

    fn apop_digest(&mut self, now: Time, claim: Claim, proof: (&str, &[u8; 16])) -> Result<Answer, Refusal> {
        self.login.guesses.lock().begin(now, &claim.guess).map_err(too_many)?;
        let (timestamp, digest) = proof;
        let secret = claim.account.as_ref().and_then(|account| account.credentials.apop_secret.as_deref());
        let wanted = password::apop_digest(timestamp, secret.unwrap_or_default());
        let right = constant_time::verify_slices_are_equal(&wanted, digest).is_ok();
        if !right || secret.is_none_or(str::is_empty) {
            return Err(self.wrong(&claim));
        }
        self.login.guesses.lock().take_back(now, &claim.guess);
        self.accept(now, claim, None)
    }

    /// Whom a name means, and as whom they want to act.
    async fn claim(&self, rules: &LoginRules, acting_as: Option<String>, name: &str) -> Result<Claim, Refusal> {
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
        let known = account.as_ref().is_some_and(|account| self.login.known.lock().holds(account.id, client));
        let guess = Guess { client, name: key_of(&name), known, limit: rules.guesses_per_minute };
        Ok(Claim { name, account, guess, as_themselves })
    }

    async fn find(&self, address: Address) -> Result<Option<Account>, Refusal> {
        self.store.read(AccountByAddress { address }).await.map_err(|error: StoreError| {
            tracing::error!(%error, "logins cannot be checked");
            Refusal::Temporary
        })
    }

    /// A guess was wrong; it was counted before.
    fn wrong(&self, claim: &Claim) -> Refusal {
        tracing::info!(client = %self.client, name = %claim.name.escape_debug(), "login refused");
        Refusal::Credentials
    }

    /// They are who they say. Acting for somebody else is not for passwords (RFC 4616 §2); whether it was asked for
    /// matters only now, so that it does not tell a right password from a wrong one for free.
    fn accept(&mut self, now: Time, claim: Claim, server_signature: Option<[u8; 32]>) -> Result<Answer, Refusal> {
        let account = claim.account.ok_or(Refusal::Credentials)?;
        self.login.known.lock().add(now, account.id, claim.guess.client);
        if !claim.as_themselves {
            return Err(Refusal::Authorization);
        }
        // A session may last for weeks; it needs no secrets.
        self.account = Some(Account { credentials: Credentials::default(), ..account });
        Ok(Answer::Accepted { server_signature })
    }
}

fn too_many(wait_s: u32) -> Refusal {
    Refusal::TooMany { wait_s }
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
