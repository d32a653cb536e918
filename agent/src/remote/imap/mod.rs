//! IMAP: the folders and messages of a server come into the mirror, and what the user did goes there. Owns what of IMAP a
//! mirror needs (RFC 9051, RFC 3501; RFC 7162, RFC 6851, RFC 4315, RFC 5819, RFC 6154, RFC 2177 where a server has them); the
//! session is `wire::imap::client`'s. What a server does that no server may ends in a [`Trouble`], and costs no more memory than
//! the limits here say.

mod act;
mod content;
mod desk;
mod folders;
mod line;
mod open;
mod pull;
mod push;
mod refold;
mod state;
mod structure;
#[cfg(test)]
mod tests;
mod transfer;
mod watch;
mod windows;

use super::{Brought, Remote, Scope};
use crate::mirror::{FolderId, MessageId, Mirror, Role};
use crate::progress::Watcher;
use crate::trouble::Trouble;
use folders::{Listing, Space};
use line::Line;
use message::Time;
use net::{Clock, Surroundings};
use open::Tracking;
use tokio::io::{AsyncRead, AsyncWrite};
use windows::Want;
use wire::imap::client::Profile;
use wire::imap::command::{Command, Flag};

/// What a connection needs besides its transport.
#[derive(Clone, Debug)]
pub struct Opening {
    /// TLS and who logs in.
    pub profile: Profile,
    /// Clock and TLS.
    pub around: Surroundings,
    /// What the server is called where trouble is told.
    pub host: String,
    /// Folders that the user has said to be for something, by path.
    pub names: Vec<(Role, String)>,
}

/// One connection to an IMAP server.
pub struct ImapRemote {
    line: Line,
    clock: Clock,
    names: Vec<(Role, String)>,
    space: Space,
    tracking: Tracking,
    /// Without UIDPLUS nothing can be expunged but all that anybody has marked; so what is marked counts as gone.
    hides_deleted: bool,
    /// The folder that is open, and which flags it keeps.
    selected: Option<(FolderId, Option<Vec<Flag>>)>,
    /// NOTIFY is on.
    notified: bool,
}

impl ImapRemote {
    /// Logs in on a connection that was just made.
    ///
    /// # Errors
    /// When the server does not let us in, or the connection breaks.
    pub async fn open<S>(transport: S, opening: Opening) -> Result<ImapRemote, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Opening { profile, around, host, names } = opening;
        let clock = around.clock.clone();
        let mut line = Line::open(transport, profile, around, &host).await?;
        let tracking = tracking(&mut line).await?;
        let space = Space::ask(&mut line).await?;
        let hides_deleted = !(line.facts.can("UIDPLUS") || line.facts.can("IMAP4REV2"));
        Ok(ImapRemote { line, clock, names, space, tracking, hides_deleted, selected: None, notified: false })
    }

    /// What the server has for folders; the mirror knows of them when this returns.
    async fn list(&mut self, mirror: &Mirror) -> Result<(Listing, Vec<FolderId>), Trouble> {
        let listing = folders::list(&mut self.line, &self.space, &self.names).await?;
        let ids = mirror.pull(|pull| pull.folders(&listing.found))?;
        Ok((listing, ids))
    }

    async fn pull_all(&mut self, mirror: &Mirror, want: Want, watcher: &Watcher) -> Result<Brought, Trouble> {
        let (listing, ids) = self.list(mirror).await?;
        let mut brought = Brought::default();
        let mut order: Vec<_> = listing.found.iter().zip(ids).collect();
        // What people look at first comes first; `Role` has that order.
        order.sort_by_key(|(found, _)| (found.role == Role::All, found.role));
        for (found, folder) in order {
            watcher.go_on()?;
            let figures = listing.figures.get(&found.remote);
            let some = self.pull_folder(mirror, folder, want, figures, watcher).await?;
            brought.new += some.new;
            brought.whole += some.whole;
        }
        Ok(brought)
    }

    fn now(&self) -> Time {
        self.clock.now()
    }
}

/// How the server keeps track of changes; it is asked to (RFC 5161, RFC 7162 §3.2.3).
async fn tracking(line: &mut Line) -> Result<Tracking, Trouble> {
    let enabled = match (line.facts.can("QRESYNC"), line.facts.can("CONDSTORE")) {
        (true, _) if line.facts.can("ENABLE") || line.facts.can("IMAP4REV2") => "QRESYNC",
        (_, true) => return Ok(Tracking::Condstore),
        _ => return Ok(Tracking::None),
    };
    let (_, status) = line.run(Command::Enable(vec![enabled.to_owned()])).await?;
    let is_on = status.status == wire::imap::response::Status::Ok;
    Ok(if is_on { Tracking::Qresync } else { Tracking::Condstore })
}

impl Remote for ImapRemote {
    async fn push(&mut self, mirror: &Mirror, watcher: &Watcher) -> Result<(), Trouble> {
        self.push_all(mirror, watcher).await
    }

    async fn pull(&mut self, mirror: &Mirror, scope: &Scope, watcher: &Watcher) -> Result<Brought, Trouble> {
        match scope {
            Scope::Folder(folder) => self.pull_folder(mirror, *folder, Want::Headers, None, watcher).await,
            Scope::Headers => self.pull_all(mirror, Want::Headers, watcher).await,
            Scope::Everything => {
                let mut brought = self.pull_all(mirror, Want::Whole, watcher).await?;
                brought.whole += self.fetch_rest(mirror, watcher).await?;
                Ok(brought)
            }
        }
    }

    async fn fetch(&mut self, mirror: &Mirror, messages: &[MessageId], watcher: &Watcher) -> Result<(), Trouble> {
        self.fetch_some(mirror, messages, watcher).await.map(|_| ())
    }

    async fn watch(&mut self, mirror: &Mirror, until: Time) -> Result<(), Trouble> {
        self.watch_inbox(mirror, until).await
    }

    async fn close(self) {
        self.line.close().await;
    }
}
