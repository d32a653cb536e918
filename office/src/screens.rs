//! Screens: where users are logged in and want to see what comes (`pillarbox biff`). Owns who watches, and that a message
//! counts as shown only once its screen says so. Does not know what a screen looks like; the socket is `server`'s.

use crate::Office;
use crate::admin::{Failure, FailureKind};
use message::{Address, Host};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::query::{Resolve, Resolved};
use store::types::AccountId;
use tokio::sync::{mpsc, oneshot};

/// Screens of one account at a time; nobody sits at more.
pub const SCREENS_PER_ACCOUNT: usize = 16;

/// Messages that wait for one screen. A screen that is so far behind is shown no more until it catches up.
const WAITING_MAX: usize = 16;

/// How long a screen may take to say that it has shown a message.
const PATIENCE: Duration = Duration::from_secs(5);

/// What appears on a screen. All of it is from strangers: whoever shows it takes out control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Reverse path; empty: a report.
    pub from: String,
    /// Whose screen it is.
    pub to: String,
    /// What was sent to the screen (SEND, SOML, SAML); `None`: new mail lies in the mailbox.
    pub text: Option<String>,
}

/// A notice on its way to one screen.
#[derive(Debug)]
pub struct Shown {
    /// What.
    pub notice: Notice,
    /// Told once it is there.
    pub done: oneshot::Sender<()>,
}

/// A screen that is watched, until this is dropped.
#[derive(Debug)]
pub struct Screen {
    /// Whose.
    pub address: Address,
    /// What comes.
    pub notices: mpsc::Receiver<Shown>,
    place: (AccountId, u64),
    registry: Arc<Mutex<Registry>>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut registry = self.registry.lock();
        let (account, number) = self.place;
        if let Some(screens) = registry.open.get_mut(&account) {
            screens.retain(|(other, _)| *other != number);
            if screens.is_empty() {
                registry.open.remove(&account);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    open: HashMap<AccountId, Vec<(u64, mpsc::Sender<Shown>)>>,
}

/// Who watches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screens {
    registry: Arc<Mutex<Registry>>,
}

impl Screens {
    /// One more; `None`: the account has as many as it may.
    fn open(&self, account: AccountId, address: Address) -> Option<Screen> {
        let mut registry = self.registry.lock();
        registry.next += 1;
        let number = registry.next;
        let screens = registry.open.entry(account).or_default();
        if screens.len() >= SCREENS_PER_ACCOUNT {
            return None;
        }
        let (sender, notices) = mpsc::channel(WAITING_MAX);
        screens.push((number, sender));
        Some(Screen { address, notices, place: (account, number), registry: self.registry.clone() })
    }

    /// Whether the account is logged in somewhere.
    pub fn has(&self, account: AccountId) -> bool {
        self.registry.lock().open.contains_key(&account)
    }

    /// Sends it to every screen of the account; each says later whether it is there.
    pub fn tell(&self, account: AccountId, notice: &Notice) -> Vec<oneshot::Receiver<()>> {
        let registry = self.registry.lock();
        let screens = registry.open.get(&account).into_iter().flatten();
        let sent = screens.filter_map(|(_, sender)| {
            let (done, shown) = oneshot::channel();
            sender.try_send(Shown { notice: notice.clone(), done }).is_ok().then_some(shown)
        });
        sent.collect()
    }

    /// The same; on how many screens it is.
    pub async fn show(&self, account: AccountId, notice: &Notice) -> usize {
        self.show_within(PATIENCE, account, notice).await
    }

    async fn show_within(&self, patience: Duration, account: AccountId, notice: &Notice) -> usize {
        let mut over = std::pin::pin!(tokio::time::sleep(patience));
        let mut count = 0;
        for shown in self.tell(account, notice) {
            tokio::select! {
                biased;
                shown = shown => count += usize::from(shown.is_ok()),
                () = &mut over => {}
            }
        }
        count
    }
}

impl Office {
    /// Opens a screen for a user, by address or by name in the first domain.
    ///
    /// # Errors
    /// There is no such account, or it has as many screens as it may.
    pub async fn screen(&self, name: &str) -> Result<Screen, Failure> {
        let policy = self.policy();
        let here = policy.first_domain().unwrap_or(&policy.hostname).clone();
        let address = match Address::parse(name) {
            Ok(address) => address,
            Err(_) => Address::new(name, Host::Domain(here)),
        };
        let failed = |kind, message: String| Failure { kind, message };
        let resolved = self.store().read(Resolve { address: address.clone() }).await;
        match resolved.map_err(|error| failed(FailureKind::Io, error.to_string()))? {
            Resolved::Account { account, .. } => {
                self.screens().open(account.id, account.address.clone()).ok_or_else(|| {
                    let most = SCREENS_PER_ACCOUNT;
                    failed(FailureKind::Temporary, format!("{} watches {most} screens already", account.address))
                })
            }
            _ => Err(failed(FailureKind::NoUser, format!("there is no account {address}"))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice { from: "a@b.example".to_owned(), to: "c@d.example".to_owned(), text: None }
    }

    #[test]
    fn an_account_has_so_many_screens_and_no_more() {
        let screens = Screens::default();
        let bob = || Address::parse("bob@hamburger.edu").unwrap();
        let mut open: Vec<_> = (0..SCREENS_PER_ACCOUNT).map(|_| screens.open(AccountId(1), bob()).unwrap()).collect();
        assert!(screens.open(AccountId(1), bob()).is_none());
        assert!(screens.open(AccountId(2), bob()).is_some(), "another account's are its own");
        open.pop();
        assert!(screens.open(AccountId(1), bob()).is_some(), "a place became free");
        drop(open);
        assert!(!screens.has(AccountId(1)) && !screens.has(AccountId(2)));
    }

    #[tokio::test]
    async fn shown_is_what_a_screen_says_it_has_shown() {
        let screens = Screens::default();
        let address = Address::parse("bob@hamburger.edu").unwrap();
        assert_eq!(screens.show(AccountId(1), &notice()).await, 0, "nobody watches");
        let silent = screens.open(AccountId(1), address.clone()).unwrap();
        let mut good = screens.open(AccountId(1), address.clone()).unwrap();
        let watching = tokio::spawn(async move {
            let shown = good.notices.recv().await.unwrap();
            shown.done.send(()).unwrap();
            shown.notice
        });
        let patience = Duration::from_millis(100);
        let shown = screens.show_within(patience, AccountId(1), &notice()).await;
        assert_eq!(shown, 1, "the first never answers, the second does");
        assert_eq!(watching.await.unwrap(), notice());
        drop(silent);
    }

    #[test]
    fn a_screen_that_is_behind_is_told_no_more() {
        let screens = Screens::default();
        let _screen = screens.open(AccountId(1), Address::parse("bob@hamburger.edu").unwrap()).unwrap();
        for _ in 0..WAITING_MAX {
            assert_eq!(screens.tell(AccountId(1), &notice()).len(), 1);
        }
        assert!(screens.tell(AccountId(1), &notice()).is_empty());
    }
}
