//! What it takes to reach the servers of an account, and connections to them. Owns the choice of remote by the kind of account;
//! what is said is each remote's.

use crate::account::settings::{self, resolve};
use crate::account::{Account, FolderNames, Incoming, Server};
use crate::credentials::Credentials;
use crate::dialing::{Internet, in_the_clear, tls_of};
use crate::house::Folders;
use crate::mirror::{MessageId, Mirror, Role};
use crate::progress::Watcher;
use crate::remote::files::{self, Files};
use crate::remote::imap::{ImapRemote, Opening};
use crate::remote::jmap::{self, Jmap};
use crate::remote::keyed::KeyedRemote;
use crate::remote::local::Local;
use crate::remote::pop3::Pop3Remote;
use crate::remote::{Brought, Remote, Scope};
use crate::trouble::{Kind, Trouble};
use message::Time;
use wire::imap::client::{Profile, Timeouts};
use wire::sasl::client::Credential;
use wire::smtp::client::Login;

/// What it takes to reach servers. Cheap to clone.
#[derive(Clone)]
pub struct Reach {
    /// The network.
    pub internet: Internet,
    /// The folders of the person.
    pub folders: Folders,
    /// The secrets of the accounts.
    pub credentials: Credentials,
}

/// A connection to an account of whatever kind.
pub enum AnyRemote {
    /// POP3.
    Pop3(Box<Pop3Remote>),
    /// IMAP.
    Imap(Box<ImapRemote>),
    /// JMAP.
    Jmap(Box<KeyedRemote<Jmap>>),
    /// The post office of this host.
    Local(Box<KeyedRemote<Local>>),
    /// A Maildir or mboxes of this machine.
    Files(Box<KeyedRemote<Files>>),
}

impl Reach {
    /// Connects to where the mail of an account is read. A token that is refused is made anew once.
    ///
    /// # Errors
    /// There is no such server, it does not let us in, or the secret cannot be had.
    pub async fn connect(&self, account: &Account) -> Result<AnyRemote, Trouble> {
        if matches!(account.incoming, Incoming::Maildir(_) | Incoming::Mbox(_)) {
            // Whatever secret there is belongs to the server that letters go to.
            return self.connect_with(account, None).await;
        }
        let credential = self.credentials.of(account).await?;
        let is_token = matches!(credential, Some(Credential::Token(_)));
        match self.connect_with(account, credential).await {
            Err(trouble) if is_token && trouble.kind == Kind::NotAllowed => {
                let credential = self.credentials.anew(account).await?;
                self.connect_with(account, credential).await
            }
            connected => connected,
        }
    }

    async fn connect_with(&self, account: &Account, credential: Option<Credential>) -> Result<AnyRemote, Trouble> {
        match &account.incoming {
            Incoming::Pop3 { server, keep } => {
                let remote = Pop3Remote::new(self.clone(), account.clone(), server.clone(), *keep);
                Ok(AnyRemote::Pop3(Box::new(remote)))
            }
            Incoming::Imap(server) => {
                self.imap(account, server, credential).await.map(|remote| AnyRemote::Imap(Box::new(remote)))
            }
            Incoming::Jmap { .. } => {
                let jmap = self.jmap_with(account, credential).await?;
                Ok(AnyRemote::Jmap(Box::new(KeyedRemote::new(jmap, self.internet.clock().clone()))))
            }
            Incoming::Local(at) => {
                let local = self.local(account, at).await?;
                Ok(AnyRemote::Local(Box::new(KeyedRemote::new(local, self.internet.clock().clone()))))
            }
            incoming @ (Incoming::Maildir(_) | Incoming::Mbox(_)) => {
                let way = files::Way {
                    incoming: at_home(incoming, &self.folders),
                    mirror: self.folders.mirror(&account.name),
                    beside: self.folders.boxes(&account.name),
                    roles: names(&account.folders),
                };
                let clock = self.internet.clock().clone();
                let files = Files::open(way, clock.clone()).await?;
                Ok(AnyRemote::Files(Box::new(KeyedRemote::new(files, clock))))
            }
        }
    }

    /// The JMAP server of an account, for what is sent through it.
    ///
    /// # Errors
    /// Its mail is not read by JMAP, or those of [`Reach::connect`].
    pub async fn jmap(&self, account: &Account) -> Result<Jmap, Trouble> {
        let credential = self.credentials.of(account).await?;
        let is_token = matches!(credential, Some(Credential::Token(_)));
        match self.jmap_with(account, credential).await {
            Err(trouble) if is_token && trouble.kind == Kind::NotAllowed => {
                self.jmap_with(account, self.credentials.anew(account).await?).await
            }
            opened => opened,
        }
    }

    async fn jmap_with(&self, account: &Account, credential: Option<Credential>) -> Result<Jmap, Trouble> {
        let settings = |words: &str| Trouble::new(Kind::Settings, format!("the account {}: {words}", account.name));
        let Incoming::Jmap { url, trust, .. } = &account.incoming else {
            return Err(settings("letters go by JMAP only where mail is read by it, too"));
        };
        let credential = credential.ok_or_else(|| settings("JMAP lets nobody in without a secret"))?;
        let trust = trust.as_deref().map(|path| resolve(path, &self.folders));
        let tls = Some(self.internet.trust(trust.as_deref())?);
        Jmap::open(&self.internet, &jmap::Way { url: url.clone(), user: account.incoming_user(), credential, tls })
            .await
    }

    /// The post office of this host, opened for an account.
    ///
    /// # Errors
    /// There is none, or it does not let this user in.
    pub async fn local(&self, account: &Account, at: &settings::Local) -> Result<Local, Trouble> {
        Local::open(self.internet.door()?, at, &account.address, self.internet.clock().clone()).await
    }

    async fn imap(
        &self,
        account: &Account,
        server: &Server,
        credential: Option<Credential>,
    ) -> Result<ImapRemote, Trouble> {
        let line = self.internet.dial(server, &self.folders).await?;
        let in_the_clear = in_the_clear(server.security);
        let login = credential.map(|credential| Login { user: account.incoming_user(), credential, in_the_clear });
        let profile = Profile { tls: tls_of(server.security), login, timeouts: Timeouts::default() };
        let names = names(&account.folders);
        let opening = Opening { profile, around: line.around, host: server.host.clone(), names };
        ImapRemote::open(line.connection, opening).await
    }
}

/// Files whose path does not begin at the root begin in the folder of the settings.
fn at_home(incoming: &Incoming, folders: &Folders) -> Incoming {
    match incoming {
        Incoming::Maildir(path) => Incoming::Maildir(resolve(path, folders)),
        Incoming::Mbox(path) => Incoming::Mbox(resolve(path, folders)),
        other => other.clone(),
    }
}

/// Folders that the settings say to be for something.
fn names(folders: &FolderNames) -> Vec<(Role, String)> {
    let named = [
        (Role::Sent, &folders.sent),
        (Role::Drafts, &folders.drafts),
        (Role::Trash, &folders.trash),
        (Role::Archive, &folders.archive),
        (Role::Junk, &folders.junk),
    ];
    named.into_iter().filter_map(|(role, name)| Some((role, name.clone()?))).collect()
}

impl Remote for AnyRemote {
    async fn push(&mut self, mirror: &Mirror, watcher: &Watcher) -> Result<(), Trouble> {
        match self {
            AnyRemote::Pop3(remote) => remote.push(mirror, watcher).await,
            AnyRemote::Imap(remote) => remote.push(mirror, watcher).await,
            AnyRemote::Jmap(remote) => remote.push(mirror, watcher).await,
            AnyRemote::Local(remote) => remote.push(mirror, watcher).await,
            AnyRemote::Files(remote) => remote.push(mirror, watcher).await,
        }
    }

    async fn pull(&mut self, mirror: &Mirror, scope: &Scope, watcher: &Watcher) -> Result<Brought, Trouble> {
        match self {
            AnyRemote::Pop3(remote) => remote.pull(mirror, scope, watcher).await,
            AnyRemote::Imap(remote) => remote.pull(mirror, scope, watcher).await,
            AnyRemote::Jmap(remote) => remote.pull(mirror, scope, watcher).await,
            AnyRemote::Local(remote) => remote.pull(mirror, scope, watcher).await,
            AnyRemote::Files(remote) => remote.pull(mirror, scope, watcher).await,
        }
    }

    async fn fetch(&mut self, mirror: &Mirror, messages: &[MessageId], watcher: &Watcher) -> Result<(), Trouble> {
        match self {
            AnyRemote::Pop3(remote) => remote.fetch(mirror, messages, watcher).await,
            AnyRemote::Imap(remote) => remote.fetch(mirror, messages, watcher).await,
            AnyRemote::Jmap(remote) => remote.fetch(mirror, messages, watcher).await,
            AnyRemote::Local(remote) => remote.fetch(mirror, messages, watcher).await,
            AnyRemote::Files(remote) => remote.fetch(mirror, messages, watcher).await,
        }
    }

    async fn watch(&mut self, mirror: &Mirror, until: Time) -> Result<(), Trouble> {
        match self {
            AnyRemote::Pop3(remote) => remote.watch(mirror, until).await,
            AnyRemote::Imap(remote) => remote.watch(mirror, until).await,
            AnyRemote::Jmap(remote) => remote.watch(mirror, until).await,
            AnyRemote::Local(remote) => remote.watch(mirror, until).await,
            AnyRemote::Files(remote) => remote.watch(mirror, until).await,
        }
    }

    async fn close(self) {
        match self {
            AnyRemote::Pop3(remote) => remote.close().await,
            AnyRemote::Imap(remote) => remote.close().await,
            AnyRemote::Jmap(remote) => remote.close().await,
            AnyRemote::Local(remote) => remote.close().await,
            AnyRemote::Files(remote) => remote.close().await,
        }
    }
}
