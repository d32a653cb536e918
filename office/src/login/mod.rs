//! Who is it? Checks passwords, SCRAM proofs and APOP digests against what the store keeps, and slows down guessing.
//! The exchanges themselves are `wire::sasl`'s. Tells nobody whether a user exists: unknown users get the same words
//! after the same work (RFC 4954 §9, RFC 3206 §4).

mod guesses;
mod password;
mod remembered;
mod scram;

use crate::Random;
use guesses::Guesses;
use message::{Address, Domain, Host, Time};
use parking_lot::Mutex;
use password::Passwords;
use remembered::Remembered;
use std::net::IpAddr;
use std::sync::Arc;
use store::query::AccountByAddress;
use store::types::{Account, AccountId, Credentials};
use store::{Store, StoreError};
use wire::sasl::{Answer, Ask, Refusal};

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
            guesses: Mutex::new(Guesses::default()),
            scram: scram::Keys::new(secret()),
            random,
        }
    }

    /// What is to be stored for a password: an argon2id hash and a SCRAM verifier. Takes some tens of milliseconds.
    pub async fn credentials(&self, password: &str) -> Result<Credentials, LoginError> {
        let (salt, scram_salt) = (self.fill::<16>(), self.fill::<16>());
        let hash = self.passwords.hash(password.as_bytes().to_vec(), salt).await?;
        let secret = password.as_bytes().to_vec();
        let verifier = tokio::task::spawn_blocking(move || scram::verifier(&secret, &scram_salt)).await;
        Ok(Credentials {
            password: Some(hash),
            scram: Some(verifier.map_err(|_| LoginError::Hash)?),
            apop_secret: None,
        })
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
    /// Whom a SCRAM exchange is about: `None` inside for a user that does not exist.
    scram: Option<Claim>,
}

/// A name somebody claims.
struct Claim {
    name: String,
    account: Option<Account>,
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

    /// Answers one question of an exchange.
    pub async fn ask(&mut self, now: Time, rules: &LoginRules, ask: Ask) -> Answer {
        let result = match ask {
            Ask::Password { authorization, username, password } => {
                self.password(now, rules, authorization, &username, &password.0).await
            }
            Ask::ScramStart { authorization, username } => self.scram_start(rules, authorization, &username).await,
            Ask::ScramProof { auth_message, proof } => self.scram_proof(now, rules, &auth_message, &proof),
        };
        result.unwrap_or_else(Answer::Refused)
    }

    /// APOP (RFC 1939 §7), for accounts with a secret stored for it.
    pub async fn apop(&mut self, now: Time, rules: &LoginRules, name: &str, proof: (&str, &[u8; 16])) -> Answer {
        let (timestamp, digest) = proof;
        let claim = match self.claim(rules, None, name).await {
            Ok(claim) => claim,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let secret = claim.account.as_ref().and_then(|account| account.credentials.apop_secret.as_deref());
        let right = secret.is_some_and(|secret| password::apop_digest(timestamp, secret) == *digest);
        match self.hear(now, rules, &claim).and_then(|()| self.conclude(now, claim, right)) {
            Ok(()) => Answer::Accepted { server_signature: None },
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    async fn password(
        &mut self,
        now: Time,
        rules: &LoginRules,
        authorization: Option<String>,
        username: &str,
        password: &[u8],
    ) -> Result<Answer, Refusal> {
        let claim = self.claim(rules, authorization, username).await?;
        self.hear(now, rules, &claim)?;
        let right = self.is_right(now, &claim, password).await?;
        self.conclude(now, claim, right)?;
        Ok(Answer::Accepted { server_signature: None })
    }

    /// Whether it is the password: from memory, or by argon2. An unknown user costs the same work.
    async fn is_right(&self, now: Time, claim: &Claim, password: &[u8]) -> Result<bool, Refusal> {
        let known = claim.account.as_ref().and_then(|account| Some((account, account.credentials.password.clone()?)));
        let Some((account, hash)) = known else {
            self.login.passwords.waste(password.to_vec()).await.map_err(|_| Refusal::Temporary)?;
            return Ok(false);
        };
        if self.login.remembered.lock().holds(now, account.id, password, &hash) {
            return Ok(true);
        }
        let right = self.login.passwords.verify(password.to_vec(), hash.clone()).await;
        let right = right.map_err(|_| Refusal::Temporary)?;
        if right {
            self.login.remembered.lock().keep(now, account.id, password, &hash);
        }
        Ok(right)
    }

    async fn scram_start(
        &mut self,
        rules: &LoginRules,
        authorization: Option<String>,
        username: &str,
    ) -> Result<Answer, Refusal> {
        let claim = self.claim(rules, authorization, username).await?;
        let verifier = claim.account.as_ref().and_then(|account| account.credentials.scram.clone());
        let verifier = verifier.unwrap_or_else(|| self.login.scram.decoy(&claim.name));
        self.scram = Some(claim);
        let nonce = scram::nonce(&self.login.fill());
        Ok(Answer::Scram { nonce, salt: verifier.salt, iterations: verifier.iterations })
    }

    fn scram_proof(
        &mut self,
        now: Time,
        rules: &LoginRules,
        message: &[u8],
        proof: &[u8; 32],
    ) -> Result<Answer, Refusal> {
        let claim = self.scram.take().ok_or(Refusal::Credentials)?;
        self.hear(now, rules, &claim)?;
        let verifier = claim.account.as_ref().and_then(|account| account.credentials.scram.clone());
        let exists = verifier.is_some();
        let verifier = verifier.unwrap_or_else(|| self.login.scram.decoy(&claim.name));
        let signature = scram::check(&verifier, message, proof).filter(|_| exists);
        self.conclude(now, claim, signature.is_some())?;
        Ok(Answer::Accepted { server_signature: signature })
    }

    /// Whom a name means. Acting for somebody else is not for passwords (RFC 4616 §2).
    async fn claim(&self, rules: &LoginRules, acting_as: Option<String>, name: &str) -> Result<Claim, Refusal> {
        let address = login_address(name, rules.first_domain.as_ref());
        let account = match address.clone() {
            Some(address) => self.find(address).await?,
            None => None,
        };
        match acting_as {
            Some(other) if login_address(&other, rules.first_domain.as_ref()) != address => Err(Refusal::Authorization),
            _ => Ok(Claim {
                name: address.map_or_else(|| name.to_lowercase(), |a| a.to_string().to_lowercase()),
                account,
            }),
        }
    }

    async fn find(&self, address: Address) -> Result<Option<Account>, Refusal> {
        self.store.read(AccountByAddress { address }).await.map_err(|error: StoreError| {
            tracing::error!(%error, "logins cannot be checked");
            Refusal::Temporary
        })
    }

    /// Whether a guess is heard at all.
    fn hear(&self, now: Time, rules: &LoginRules, claim: &Claim) -> Result<(), Refusal> {
        let guesses = self.login.guesses.lock();
        match guesses.wait(now, rules.guesses_per_minute, self.client, &claim.name) {
            None => Ok(()),
            Some(wait_s) => Err(Refusal::TooMany { wait_s }),
        }
    }

    /// A guess was right or wrong.
    fn conclude(&mut self, now: Time, claim: Claim, right: bool) -> Result<(), Refusal> {
        let mut guesses = self.login.guesses.lock();
        match claim.account {
            Some(account) if right => {
                guesses.right(self.client, &claim.name);
                drop(guesses);
                self.account = Some(account);
                Ok(())
            }
            _ => {
                guesses.wrong(now, self.client, &claim.name);
                tracing::info!(client = %self.client, name = claim.name.escape_debug().to_string(), "login refused");
                Err(Refusal::Credentials)
            }
        }
    }
}

/// A login name as an address; bare names get our first domain.
fn login_address(name: &str, first_domain: Option<&Domain>) -> Option<Address> {
    match name.contains('@') {
        true => Address::parse(name).ok(),
        false => first_domain.map(|domain| Address::new(name, Host::Domain(domain.clone()))),
    }
}

#[cfg(test)]
mod tests;
