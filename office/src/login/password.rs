//! Passwords: argon2id (RFC 9106) on a bounded pool, and the digest of APOP. 19 MiB and two passes for each check, so
//! two at a time, and a queue that is not endless.

use super::LoginError;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use md5::{Digest, Md5};
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Checks at a time: each takes a core and 19 MiB.
const AT_A_TIME: usize = 2;

/// Checks that may wait; more are told to come back. At 20 ms each this is a wait of some seconds.
pub(super) const WAITING_MAX: usize = 200;

pub(super) struct Passwords {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// The hash that passwords of unknown users are checked against.
    decoy: Arc<str>,
    #[cfg(test)]
    pub checks: std::sync::atomic::AtomicUsize,
}

impl Passwords {
    pub fn new(secret: [u8; 32]) -> Passwords {
        let decoy = hash(&secret, &secret[..16]).unwrap_or_default();
        Passwords {
            running: Arc::new(Semaphore::new(AT_A_TIME)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            decoy: decoy.into(),
            #[cfg(test)]
            checks: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    pub async fn hash(&self, password: Vec<u8>, salt: [u8; 16]) -> Result<String, LoginError> {
        let password = Zeroizing::new(password);
        self.run(move || hash(&password, &salt)).await?.ok_or(LoginError::Hash)
    }

    pub async fn verify(&self, password: Vec<u8>, stored: String) -> Result<bool, LoginError> {
        #[cfg(test)]
        self.checks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let password = Zeroizing::new(password);
        self.run(move || verify(&password, &stored)).await
    }

    /// The work of a check for nobody.
    pub async fn waste(&self, password: Vec<u8>) -> Result<(), LoginError> {
        self.verify(password, self.decoy.to_string()).await.map(drop)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, LoginError> {
        let _place = self.waiting.clone().try_acquire_owned().map_err(|_| LoginError::Busy)?;
        let _turn = self.running.clone().acquire_owned().await.map_err(|_| LoginError::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| LoginError::Hash)
    }
}

fn hash(password: &[u8], salt: &[u8]) -> Option<String> {
    Argon2::default().hash_password_with_salt(password, salt).ok().map(|hash| hash.to_string())
}

fn verify(password: &[u8], stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

/// RFC 1939 §7: MD5 of the greeting's timestamp and the shared secret.
pub(super) fn apop_digest(timestamp: &str, secret: &str) -> [u8; 16] {
    Md5::new().chain_update(timestamp).chain_update(secret).finalize().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The example of RFC 1939 §7.
    #[test]
    fn the_digest_of_the_rfc() {
        let digest = apop_digest("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf");
        assert_eq!(format!("{:032x}", u128::from_be_bytes(digest)), "c4c9334bac560ecc979e58001b3e22fb");
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_only() {
        let passwords = Passwords::new([7; 32]);
        let stored = passwords.hash(b"hungry".to_vec(), [1; 16]).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(b"hungry".to_vec(), stored.clone()).await.unwrap());
        assert!(!passwords.verify(b"thirsty".to_vec(), stored).await.unwrap());
        assert!(!passwords.verify(b"hungry".to_vec(), "no hash".to_owned()).await.unwrap());
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let passwords = Passwords::new([7; 32]);
        let places = passwords.waiting.clone().acquire_many_owned(u32::try_from(WAITING_MAX).unwrap()).await.unwrap();
        assert_eq!(passwords.waste(b"x".to_vec()).await, Err(LoginError::Busy));
        drop(places);
        assert_eq!(passwords.waste(b"x".to_vec()).await, Ok(()));
    }
}
