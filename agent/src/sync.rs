//! One round for an account: letters go out, the journal goes over, what is new comes. Owns the hold on an account, so that two
//! programs never do that for the same mirror at the same time.

use crate::account::Account;
use crate::disk;
use crate::mirror::Mirror;
use crate::outbox::{self, Went};
use crate::progress::Watcher;
use crate::reach::{AnyRemote, Reach};
use crate::remote::{Brought, Remote, Scope};
use crate::trouble::{Kind, Trouble};

/// An account held: no other program speaks to its servers for this mirror. Let go when dropped.
pub struct Hold {
    _lock: disk::Lock,
}

impl Hold {
    /// Takes hold of the account of a mirror.
    ///
    /// # Errors
    /// Another program has it ([`Kind::TryAgain`]), or the disk.
    pub fn take(mirror: &Mirror) -> Result<Hold, Trouble> {
        let path = mirror.path().with_extension("lock");
        match disk::Lock::take(&path) {
            Ok(Some(lock)) => Ok(Hold { _lock: lock }),
            Ok(None) => {
                Err(Trouble::new(Kind::TryAgain, "another program is bringing this account up to date just now"))
            }
            Err(error) => Err(Trouble::new(Kind::Io, format!("{}: {error}", path.display()))),
        }
    }
}

/// What came of a round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Letters.
    pub went: Went,
    /// Messages.
    pub brought: Brought,
}

/// Brings an account up to date.
///
/// # Errors
/// The account is held by another program; its servers cannot be reached or refuse. What was done until then stays done, and the
/// next round goes on from there.
pub async fn round(
    reach: &Reach,
    account: &Account,
    mirror: &Mirror,
    scope: &Scope,
    watcher: &Watcher,
) -> Result<Round, Trouble> {
    let hold = Hold::take(mirror)?;
    // Letters first: what they leave to be filed goes along with the journal.
    let went = outbox::send_due(reach, account, mirror, watcher).await?;
    watcher.tell("connecting", 0, None);
    let mut remote = reach.connect(account).await?;
    let brought = exchange(&mut remote, mirror, scope, watcher).await?;
    remote.close().await;
    drop(hold);
    Ok(Round { went, brought })
}

/// The journal goes over, and nothing else.
///
/// # Errors
/// As [`round`].
pub async fn push(reach: &Reach, account: &Account, mirror: &Mirror, watcher: &Watcher) -> Result<(), Trouble> {
    let hold = Hold::take(mirror)?;
    let mut remote = reach.connect(account).await?;
    let pushed = remote.push(mirror, watcher).await;
    remote.close().await;
    drop(hold);
    pushed
}

/// The journal goes over, what is new comes, on a connection that is there.
///
/// # Errors
/// Those of the remote.
pub async fn exchange(
    remote: &mut AnyRemote,
    mirror: &Mirror,
    scope: &Scope,
    watcher: &Watcher,
) -> Result<Brought, Trouble> {
    remote.push(mirror, watcher).await?;
    remote.pull(mirror, scope, watcher).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_account_is_held_once() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("alice.sqlite")).unwrap();
        let hold = Hold::take(&mirror).unwrap();
        let other = Mirror::open(&folder.path().join("alice.sqlite")).unwrap();
        assert_eq!(Hold::take(&other).err().unwrap().kind, Kind::TryAgain);
        drop(hold);
        assert!(Hold::take(&other).is_ok());
    }
}
