//! An account that is read by POP3, as the mirror's other accounts are: each pull is a visit. Folders and flags are the
//! mirror's own, for the server has none; what the user did is the truth at once.

use super::{Leave, MirrorBasket, visit};
use crate::account::{Account, Server};
use crate::dialing::{in_the_clear, tls_of};
use crate::mailfile::MESSAGE_MAX;
use crate::mirror::{MessageId, Mirror, Role};
use crate::progress::Watcher;
use crate::reach::Reach;
use crate::remote::{Brought, Remote, Scope};
use crate::trouble::{Kind, Trouble};
use message::Time;
use wire::pop3::client::Profile;
use wire::sasl::client::Credential;
use wire::smtp::client::Login;

/// Folders that an account has where no server keeps any.
const FOLDERS: [Role; 6] = [Role::Inbox, Role::Drafts, Role::Sent, Role::Archive, Role::Junk, Role::Trash];

/// A maildrop that is visited whenever it is asked for.
pub struct Pop3Remote {
    reach: Reach,
    account: Account,
    server: Server,
    leave: Leave,
}

impl Pop3Remote {
    /// The maildrop of an account. Nobody is called yet.
    #[must_use]
    pub fn new(reach: Reach, account: Account, server: Server, keep: bool) -> Pop3Remote {
        let leave = if keep { Leave::Keep } else { Leave::Delete };
        Pop3Remote { reach, account, server, leave }
    }

    async fn visit(&self, mirror: &Mirror, credential: Credential, watcher: &Watcher) -> Result<Brought, Trouble> {
        let line = self.reach.internet.dial(&self.server, &self.reach.folders).await?;
        let security = self.server.security;
        let user = self.account.incoming_user();
        let login = Login { user, credential, in_the_clear: in_the_clear(security) };
        let mut profile = Profile::new(tls_of(security), login);
        profile.message_max = MESSAGE_MAX as u64;
        let folder = mirror.folder_for(Role::Inbox)?;
        let mut basket = MirrorBasket { mirror: mirror.clone(), folder };
        let host = self.server.host.as_str();
        let visited = visit(line.connection, &line.around, profile, (&mut basket, self.leave), (host, watcher)).await;
        match visited.trouble {
            Some(trouble) => Err(trouble),
            None => Ok(Brought { new: visited.fetched, whole: visited.fetched }),
        }
    }
}

impl Remote for Pop3Remote {
    async fn push(&mut self, mirror: &Mirror, _: &Watcher) -> Result<(), Trouble> {
        Ok(mirror.settle_here()?)
    }

    async fn pull(&mut self, mirror: &Mirror, _: &Scope, watcher: &Watcher) -> Result<Brought, Trouble> {
        for role in FOLDERS {
            mirror.folder_for(role)?;
        }
        mirror.settle_here()?;
        let missing =
            || Trouble::new(Kind::Settings, format!("{}: POP3 lets nobody in without a secret", self.account.name));
        let credential = self.reach.credentials.of(&self.account).await?.ok_or_else(missing)?;
        let is_token = matches!(credential, Credential::Token(_));
        match self.visit(mirror, credential, watcher).await {
            Err(trouble) if is_token && trouble.kind == Kind::NotAllowed => {
                let credential = self.reach.credentials.anew(&self.account).await?.ok_or_else(missing)?;
                self.visit(mirror, credential, watcher).await
            }
            visited => visited,
        }
    }

    async fn fetch(&mut self, _: &Mirror, _: &[MessageId], _: &Watcher) -> Result<(), Trouble> {
        // Messages come whole.
        Ok(())
    }

    async fn watch(&mut self, _: &Mirror, until: Time) -> Result<(), Trouble> {
        // Nobody tells of new mail in POP3; a visit finds it.
        self.reach.internet.clock().sleep_until(until).await;
        Ok(())
    }

    async fn close(self) {}
}
