//! Who is in by the mail ports, and what let them in: a connection outlives the question who it is, and a password may be
//! removed, changed or run out meanwhile. Owns the list of guests, and whose login has to be looked at again; a guest that
//! waits costs nothing. How a connection ends is `net`'s business.

use super::Login;
use super::entrance::{Entrance, EntryError, Held};
use crate::Office;
use message::{Address, Time};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;
use store::types::AccountId;
use tokio::sync::Notify;

/// A connection as its server sees it.
pub trait Line: Debug + Send + Sync {
    /// Somebody logged in on it; `None`: nobody is logged in any more.
    fn entered(&self, who: Option<&Address>);

    /// What let them in lets them in no more: it has to end. It only notes that, and returns at once.
    fn end(&self);
}

/// Everybody who is in.
#[derive(Default)]
pub(super) struct Guests {
    book: Mutex<Book>,
    told: Notify,
}

#[derive(Default)]
struct Book {
    next: u64,
    /// How often logins changed.
    epoch: u64,
    of: HashMap<AccountId, BTreeMap<u64, Guest>>,
    /// When what let somebody in runs out.
    ends: BTreeSet<(Time, u64, AccountId)>,
    /// Accounts whose logins changed.
    doubted: HashSet<AccountId>,
    /// Accounts to be looked at once more the next time: a change that nobody waited for to its end comes late.
    again: HashSet<AccountId>,
}

/// Somebody who is in.
pub(super) struct Guest {
    pub held: Held,
    pub ends: Option<Time>,
    pub line: Arc<dyn Line>,
}

/// A guest's place in the list; dropping it leaves.
pub(super) struct Stay {
    login: Arc<Login>,
    account: AccountId,
    id: u64,
}

/// Logins of an account are about to change: when this is dropped, its guests are looked at. A request that nobody waits for
/// any more drops it too.
pub(crate) struct Doubt<'a> {
    guests: &'a Guests,
    account: AccountId,
}

impl Guests {
    /// How often logins changed until now.
    pub fn epoch(&self) -> u64 {
        self.book.lock().epoch
    }

    /// Accounts whose guests are to be looked at now.
    pub(super) fn due(&self, now: Time) -> HashSet<AccountId> {
        let mut book = self.book.lock();
        let mut due = std::mem::take(&mut book.again);
        let doubted = std::mem::take(&mut book.doubted);
        due.extend(&doubted);
        book.again = doubted;
        while let Some((ends, id, account)) = book.ends.pop_first() {
            if ends > now {
                book.ends.insert((ends, id, account));
                break;
            }
            due.insert(account);
        }
        due
    }

    /// Who is in, and with what.
    pub(super) fn of(&self, account: AccountId) -> Vec<(u64, Held)> {
        let book = self.book.lock();
        let guests = book.of.get(&account).into_iter().flatten();
        guests.map(|(id, guest)| (*id, guest.held)).collect()
    }

    /// Ends the connection of a guest who is still in: who left meanwhile may have come back on the same connection, with
    /// what still holds. The book stays closed until it is told, so that they cannot do so at this moment.
    pub(super) fn end(&self, account: AccountId, id: u64) {
        let book = self.book.lock();
        if let Some(guest) = book.of.get(&account).and_then(|guests| guests.get(&id)) {
            guest.line.end();
        }
    }

    /// The account is looked at the next time.
    fn put_off(&self, account: AccountId) {
        self.book.lock().again.insert(account);
    }
}

impl Stay {
    /// Somebody is in.
    pub fn begin(login: &Arc<Login>, account: AccountId, guest: Guest) -> Stay {
        let mut book = login.guests.book.lock();
        let id = book.next;
        book.next += 1;
        if let Some(ends) = guest.ends {
            book.ends.insert((ends, id, account));
        }
        book.of.entry(account).or_default().insert(id, guest);
        Stay { login: login.clone(), account, id }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let mut book = self.login.guests.book.lock();
        let Some(guests) = book.of.get_mut(&self.account) else { return };
        let guest = guests.remove(&self.id);
        if guests.is_empty() {
            book.of.remove(&self.account);
        }
        let Some(guest) = guest else { return };
        if let Some(ends) = guest.ends {
            book.ends.remove(&(ends, self.id, self.account));
        }
        drop(book);
        guest.line.entered(None);
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        let mut book = self.guests.book.lock();
        book.epoch += 1;
        book.doubted.insert(self.account);
        drop(book);
        self.guests.told.notify_one();
    }
}

impl Login {
    /// To be held while logins of an account change.
    pub(crate) fn doubt(&self, account: AccountId) -> Doubt<'_> {
        Doubt { guests: &self.guests, account }
    }
}

impl Office {
    /// Returns when logins changed, so that [`Office::part_with_outsiders`] has something to do.
    pub async fn logins_changed(&self) {
        self.inner.login.guests.told.notified().await;
    }

    /// Ends the connections of those whom nothing lets in any more. To be called when logins changed, and every few seconds:
    /// passwords run out.
    pub async fn part_with_outsiders(&self, now: Time) {
        let entrance = self.entrance();
        for account in self.inner.login.guests.due(now) {
            if let Err(error) = entrance.part_with_outsiders(now, account).await {
                tracing::warn!(%error, "whether logins still hold is looked at later");
                self.inner.login.guests.put_off(account);
            }
        }
    }
}

impl Entrance {
    pub(super) async fn part_with_outsiders(&self, now: Time, account: AccountId) -> Result<(), EntryError> {
        let mut known = HashMap::new();
        for (id, held) in self.login.guests.of(account) {
            let holds = match known.get(&held) {
                Some(holds) => *holds,
                None => self.still_holds(now, account, held).await?,
            };
            known.insert(held, holds);
            if !holds {
                self.login.guests.end(account, id);
            }
        }
        Ok(())
    }
}
