//! Passwords: argon2id (RFC 9106) on a bounded pool, and the digest of APOP. 19 MiB and two passes for each check, so
//! two at a time, and a queue that is not endless.

use super::LoginError;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as STANDARD_NO_PAD;
use md5::{Digest, Md5};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

/// Checks at a time: each takes a core and 19 MiB.
pub(super) const AT_A_TIME: usize = 2;

/// Checks that may wait; more are told to come back. At 20 ms each this is a wait of some seconds.
pub(super) const WAITING_MAX: usize = 200;

pub(super) struct Passwords {
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// The hash that passwords of unknown users are checked against.
    decoy: Arc<str>,
    #[cfg(test)]
    pub checks: std::sync::atomic::AtomicUsize,
}

/// The right to hash one password now.
pub(super) struct Turn<'a> {
    #[cfg(test)]
    passwords: &'a Passwords,
    running: OwnedSemaphorePermit,
    _waiting: SemaphorePermit<'a>,
}

impl Passwords {
    pub fn new(secret: [u8; 32]) -> Passwords {
        let decoy = decoy(&secret);
        Passwords {
            running: Arc::new(Semaphore::new(AT_A_TIME)),
            waiting: Semaphore::new(WAITING_MAX),
            decoy: decoy.into(),
            #[cfg(test)]
            checks: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// Waits for a turn, behind a bounded number of others.
    pub async fn turn(&self) -> Result<Turn<'_>, LoginError> {
        let waiting = self.waiting.try_acquire().map_err(|_| LoginError::Busy)?;
        let running = self.running.clone().acquire_owned().await.map_err(|_| LoginError::Busy)?;
        Ok(Turn {
            #[cfg(test)]
            passwords: self,
            running,
            _waiting: waiting,
        })
    }

    /// What passwords of unknown users are checked against: it costs the same and none is right.
    pub fn decoy(&self) -> String {
        self.decoy.to_string()
    }
}

impl Turn<'_> {
    /// Checks a password against a PHC string.
    pub async fn verify(self, password: Zeroizing<Vec<u8>>, stored: String) -> Result<bool, LoginError> {
        #[cfg(test)]
        self.passwords.checks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.run(move || verify(&password, &stored)).await
    }

    /// What else has to be computed from a password. The turn lasts until that is done, even when nobody waits for it
    /// any more: connections that come and go must not make more of it than cores and memory allow.
    pub async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, LoginError> {
        let Turn { running, _waiting, .. } = self;
        let work = move || {
            let _running = running;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| LoginError::Hash)
    }
}

/// A PHC string for a password.
pub(super) fn hash(password: &[u8], salt: &[u8]) -> Option<String> {
    Argon2::default().hash_password_with_salt(password, salt).ok().map(|hash| hash.to_string())
}

/// A PHC string that no password fits, of the same cost as a true one. What stands for the hash is drawn, not computed:
/// that would take the server 19 MiB and a moment at every start.
fn decoy(secret: &[u8; 32]) -> String {
    let (salt, hash) = (STANDARD_NO_PAD.encode(&secret[..16]), STANDARD_NO_PAD.encode(secret));
    let (m, t, p) = (Params::DEFAULT_M_COST, Params::DEFAULT_T_COST, Params::DEFAULT_P_COST);
    format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${hash}")
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
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// The example of RFC 1939 §7.
    #[test]
    fn the_digest_of_the_rfc() {
        let digest = apop_digest("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf");
        assert_eq!(format!("{:032x}", u128::from_be_bytes(digest)), "c4c9334bac560ecc979e58001b3e22fb");
    }

    /// Looks at a future once.
    fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    async fn check(passwords: &Passwords, password: &str, stored: &str) -> bool {
        let password = Zeroizing::new(password.as_bytes().to_vec());
        passwords.turn().await.unwrap().verify(password, stored.to_owned()).await.unwrap()
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_only() {
        let passwords = Passwords::new([7; 32]);
        let stored = hash(b"hungry", &[1; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let shape = |hash: &str| hash.split('$').map(str::len).collect::<Vec<_>>();
        assert_eq!(shape(&passwords.decoy()), shape(&stored), "a decoy costs what a true hash costs");
        assert!(PasswordHash::new(&passwords.decoy()).is_ok());
        assert!(check(&passwords, "hungry", &stored).await);
        assert!(!check(&passwords, "thirsty", &stored).await);
        assert!(!check(&passwords, "hungry", "no hash").await);
        assert_eq!(passwords.decoy().split('$').nth(3), stored.split('$').nth(3), "as dear as a real one");
        assert!(!check(&passwords, "hungry", &passwords.decoy()).await);
    }

    #[tokio::test]
    async fn so_many_are_checked_at_a_time_and_no_more() {
        let passwords = Passwords::new([7; 32]);
        let mut turns = Vec::new();
        for _ in 0..AT_A_TIME {
            turns.push(poll_once(pin!(passwords.turn())).unwrap().unwrap());
        }
        let mut next = pin!(passwords.turn());
        assert!(poll_once(next.as_mut()).is_none());
        turns.pop();
        assert!(poll_once(next.as_mut()).unwrap().is_ok());
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let passwords = Passwords::new([7; 32]);
        let mut turns: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(passwords.turn())).collect();
        let held: Vec<_> = turns.iter_mut().filter_map(|turn| poll_once(turn.as_mut())).collect();
        assert_eq!(held.len(), AT_A_TIME);
        assert!(matches!(passwords.turn().await, Err(LoginError::Busy)));
        turns.pop();
        assert!(poll_once(pin!(passwords.turn())).is_none(), "there is room to wait again");
        drop(held);
        assert!(turns.swap_remove(AT_A_TIME).await.is_ok());
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work() {
        let passwords = Passwords::new([7; 32]);
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        for finished in [Some(finished), None] {
            let turn = passwords.turn().await.unwrap();
            let work = move || finished.map(|finished| finished.recv());
            let mut run = Box::pin(turn.run(work));
            // Begun and then given up, as when a connection is gone.
            let _ = poll_once(run.as_mut());
        }
        // The second is over at once; the first goes on.
        let second = passwords.turn().await.unwrap();
        assert!(poll_once(pin!(passwords.turn())).is_none());
        finish.send(()).unwrap();
        assert!(passwords.turn().await.is_ok());
        drop(second);
    }
}
