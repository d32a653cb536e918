//! A maildrop as the mail of an account: each pull is a visit. There are no folders and flags over there, so what a user does
//! is the truth at once (RFC 1939 knows none).

use super::{Leave, MirrorBasket, visit};
use crate::account::Server;
use crate::dialing::tls_of;
use crate::mirror::{MessageId, Mirror, Role};
use crate::progress::Watcher;
use crate::reach::Reach;
use crate::remote::{Brought, Remote, Scope};
use crate::trouble::Trouble;
use message::Time;
use wire::pop3::client::Profile;
use wire::smtp::client::Login;

/// A maildrop and the way to it.
pub struct Maildrop {
    /// What it takes to get there.
    pub reach: Reach,
    /// Where it is.
    pub server: Server,
    /// Who logs in.
    pub login: Login,
    /// What becomes of messages over there.
    pub leave: Leave,
}

impl Remote for Maildrop {
    async fn push(&mut self, mirror: &Mirror, _: &Watcher) -> Result<(), Trouble> {
        Ok(mirror.settle_here()?)
    }

    async fn pull(&mut self, mirror: &Mirror, scope: &Scope, watcher: &Watcher) -> Result<Brought, Trouble> {
        // A visit brings everything; one folder of ours is no reason for another.
        if matches!(scope, Scope::Folder(_)) {
            return Ok(Brought::default());
        }
        let folder = mirror.folder_for(Role::Inbox)?;
        mirror.settle_here()?;
        let line = self.reach.internet.dial(&self.server, &self.reach.folders).await?;
        let profile = Profile::new(tls_of(self.server.security), self.login.clone());
        let mut basket = MirrorBasket { mirror: mirror.clone(), folder };
        let host = self.server.host.as_str();
        let visited = visit(line.connection, &line.around, profile, (&mut basket, self.leave), (host, watcher)).await;
        for left in &visited.left {
            watcher.tell(left, visited.fetched, None);
        }
        match visited.trouble {
            Some(trouble) => Err(trouble),
            None => Ok(Brought { new: visited.fetched, whole: visited.fetched }),
        }
    }

    async fn fetch(&mut self, _: &Mirror, _: &[MessageId], _: &Watcher) -> Result<(), Trouble> {
        // Messages come whole.
        Ok(())
    }

    async fn watch(&mut self, _: &Mirror, until: Time) -> Result<(), Trouble> {
        self.reach.internet.clock().sleep_until(until).await;
        Ok(())
    }

    async fn close(self) {}
}
