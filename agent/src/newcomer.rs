//! Setting up an account, from an address and a password to one that works: what a page and a command line have in common.
//! Owns the order (servers, login, secret, file) and what is written last of all, so that nothing half done stays. How servers
//! are found is `discovery`, how they are tried `trial`.

use crate::account::settings::is_name;
use crate::account::{
    Account, Change, FolderNames, Incoming, Keep, Outgoing, Provider, SecretSource, Security, Server, Settings,
};
use crate::credentials::Credentials;
use crate::dialing::{Internet, is_this_machine, pem, server_name};
use crate::discovery::{self, Consent, Found, Setup};
use crate::disk;
use crate::house::Folders;
use crate::http::Client;
use crate::oauth::{self, Tokens, browser, device};
use crate::secret::{Secret, Secrets};
use crate::trial::{Protocol, Trial, Who};
use crate::trouble::{Kind, Trouble};
use message::Address;
pub use net::tls::CertificateFacts;
use std::path::{Path, PathBuf};
use wire::smtp::client::Credential;

/// What setting up works with.
#[derive(Clone)]
pub struct Desk {
    /// Where settings and secrets are.
    pub folders: Folders,
    /// Who keeps secrets.
    pub secrets: Secrets,
    /// The network.
    pub internet: Internet,
}

/// How somebody logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// With a password.
    Password(Secret),
    /// At this provider (OAuth 2).
    Provider(String),
}

/// Which servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// Those that were found; all of them may be logged in to.
    Found(Found),
    /// Those that were named.
    Named(Incoming, Option<Outgoing>),
}

/// An account that is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Whose mail it is.
    pub address: Address,
    /// The name that goes with it.
    pub display_name: Option<String>,
    /// How they log in.
    pub with: With,
    /// Where.
    pub servers: Servers,
    /// Certificates, as PEM, that the person knows: of the named servers these are believed, and no others.
    pub trusted: Option<String>,
}

/// A certificate that a server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whose it is.
    pub host: String,
    /// What stands in it.
    pub facts: CertificateFacts,
    /// It, as PEM.
    pub pem: String,
}

/// What somebody who waits is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// This is being done.
    Doing(String),
    /// Servers were looked for.
    Found(Result<Found, Trouble>),
    /// This page is to be opened in a browser on this machine.
    Page(String),
    /// This code is to be typed at that page, in any browser.
    Code {
        /// Where.
        url: String,
        /// What.
        code: String,
    },
    /// The named servers show these certificates.
    Certificates(Result<Vec<Shown>, Trouble>),
    /// The account of this name is there.
    Made(String),
    /// It is not.
    Refused(Trouble),
}

/// Looks for the servers of an address; Thunderbird's database is not asked.
pub async fn look(desk: &Desk, address: &Address) -> Told {
    Told::Found(discovery::look(&desk.internet, address, Consent::default()).await)
}

/// The certificates of servers, each once.
///
/// # Errors
/// A server cannot be reached, or shows none.
pub async fn certificates(
    trial: Trial<'_>,
    incoming: &Incoming,
    outgoing: Option<&Outgoing>,
) -> Result<Vec<Shown>, Trouble> {
    let mut shown: Vec<Shown> = Vec::new();
    for (server, protocol) in servers_with_tls(incoming, outgoing) {
        let chain = trial.certificates(&server, protocol).await?;
        let own = chain.first().map(AsRef::as_ref).unwrap_or_default();
        let wrong = |error| Trouble::new(Kind::Data, format!("{} shows what is no certificate: {error}", server.host));
        let facts = CertificateFacts::read(own).map_err(wrong)?;
        let certificate = Shown { host: server.host.clone(), facts, pem: pem(own) };
        if !shown.contains(&certificate) {
            shown.push(certificate);
        }
    }
    Ok(shown)
}

/// The servers that speak TLS. Of JMAP it is the host, which speaks TLS before all else.
fn servers_with_tls(incoming: &Incoming, outgoing: Option<&Outgoing>) -> Vec<(Server, Protocol)> {
    let mut servers = Vec::new();
    match incoming {
        Incoming::Imap(server) => servers.push((server.clone(), Protocol::Imap)),
        Incoming::Pop3 { server, .. } => servers.push((server.clone(), Protocol::Pop3)),
        Incoming::Jmap { url, .. } => {
            if let Some((host, port)) = crate::http::host_and_port(url) {
                let server = Server { host, port, security: Security::Tls, user: None, trust: None };
                servers.push((server, Protocol::Smtp));
            }
        }
        Incoming::Maildir(_) | Incoming::Mbox(_) | Incoming::Local(_) => {}
    }
    if let Some(Outgoing::Smtp(server)) = outgoing {
        servers.push((server.clone(), Protocol::Smtp));
    }
    servers.retain(|(server, _)| server.security != Security::Plain);
    servers
}

/// The same in words for somebody who waits.
pub async fn inspect(desk: &Desk, servers: &Servers) -> Told {
    let trial = Trial { internet: &desk.internet, folders: &desk.folders };
    Told::Certificates(match servers {
        Servers::Named(incoming, outgoing) => certificates(trial, incoming, outgoing.as_ref()).await,
        Servers::Found(_) => Ok(Vec::new()),
    })
}

/// Whether it did not work because nobody vouches for a certificate.
#[must_use]
pub fn is_distrust(trouble: &Trouble) -> bool {
    trouble.text.contains("mail account trust")
}

/// The file of the certificates that are believed of an account's servers, below the folder of the settings.
#[must_use]
pub fn pins(name: &str) -> PathBuf {
    PathBuf::from("trusted").join(format!("{name}.pem"))
}

/// Has the servers believed by the certificates in this file only.
pub fn pin(incoming: &mut Incoming, outgoing: Option<&mut Outgoing>, file: &Path) {
    let trusted = Some(file.to_owned());
    match incoming {
        Incoming::Imap(server) | Incoming::Pop3 { server, .. } => server.trust.clone_from(&trusted),
        Incoming::Jmap { trust, .. } => trust.clone_from(&trusted),
        Incoming::Maildir(_) | Incoming::Mbox(_) | Incoming::Local(_) => {}
    }
    if let Some(Outgoing::Smtp(server)) = outgoing {
        server.trust = trusted;
    }
}

/// Makes the account: logs in at the provider where one is named, tries the servers, keeps the secret, writes the file.
///
/// # Errors
/// What did not work; nothing was written then.
pub async fn make(desk: &Desk, mut attempt: Attempt, tell: impl Fn(Told)) -> Result<Account, Trouble> {
    let settings = Settings::load(&desk.folders).map_err(|error| Trouble::new(Kind::Settings, error))?;
    let name = account_name(&settings, None, &attempt.address)?;
    let Some(known) = attempt.trusted.take() else { return make_as(desk, (settings, name), attempt, tell).await };
    let file = pins(&name);
    let whole = desk.folders.config.join(&file);
    let wrong = |error| Trouble::new(Kind::Io, format!("write {}: {error}", whole.display()));
    disk::write(&whole, known.as_bytes()).map_err(wrong)?;
    if let Servers::Named(incoming, outgoing) = &mut attempt.servers {
        pin(incoming, outgoing.as_mut(), &file);
    }
    let made = make_as(desk, (settings, name), attempt, tell).await;
    if made.is_err() {
        // What is said is what did not work before.
        let _ = disk::remove(&whole);
    }
    made
}

async fn make_as(
    desk: &Desk,
    (mut settings, name): (Settings, String),
    attempt: Attempt,
    tell: impl Fn(Told),
) -> Result<Account, Trouble> {
    let (source, secret) = match &attempt.with {
        With::Password(secret) => (None, secret.clone()),
        With::Provider(name) => {
            let provider = provider(&settings, name, &desk.folders)?;
            let tokens = log_in(&desk.internet, provider, &attempt.address.to_string(), false, &tell).await?;
            let source = SecretSource::OAuth { provider: name.clone(), keep: Keep::File };
            (Some(source), tokens.to_secret()?)
        }
    };
    let credential = credential(source.as_ref(), &secret)?;
    let trial = Trial { internet: &desk.internet, folders: &desk.folders };
    let setup = match attempt.servers {
        Servers::Found(found) => {
            tell(Told::Doing("Logging in".to_owned()));
            discovery::try_out(trial, &attempt.address, &credential, found, |_| true).await?
        }
        Servers::Named(incoming, outgoing) => {
            tell(Told::Doing("Logging in to read".to_owned()));
            let user = |user: &Option<String>| user.clone().unwrap_or_else(|| attempt.address.to_string());
            let user = match &incoming {
                Incoming::Imap(server) | Incoming::Pop3 { server, .. } => user(&server.user),
                Incoming::Jmap { user: named, .. } => user(named),
                _ => attempt.address.to_string(),
            };
            try_named(trial, &attempt.address, (&incoming, outgoing.as_ref()), Some((user, credential))).await?;
            Setup { incoming, outgoing, tried: Vec::new() }
        }
    };
    tell(Told::Doing("Keeping the settings".to_owned()));
    let account = Account {
        name,
        address: attempt.address,
        display_name: attempt.display_name,
        aliases: Vec::new(),
        incoming: setup.incoming,
        outgoing: setup.outgoing,
        secret: source,
        signature: None,
        sealing: crate::account::SealHabits::default(),
        folders: FolderNames::default(),
        default: false,
    };
    settle(desk, &mut settings, account, Some(&secret)).await
}

/// Logs in to servers that were named for an address, once to each.
///
/// # Errors
/// The first that does not work.
pub async fn try_named(
    trial: Trial<'_>,
    address: &Address,
    (incoming, outgoing): (&Incoming, Option<&Outgoing>),
    who: Option<Who>,
) -> Result<(), Trouble> {
    trial.incoming(incoming, address, who.clone()).await.map_err(advised)?;
    match outgoing {
        Some(outgoing) => trial.outgoing(outgoing, address, who).await.map_err(advised),
        None => Ok(()),
    }
}

/// An account that is not there yet has no certificates to trust.
fn advised(mut trouble: Trouble) -> Trouble {
    if is_distrust(&trouble) {
        trouble.text.push_str("\nFor that, add the account with --no-check first.");
    }
    trouble
}

/// Keeps the secret where it was decided, else where it is best kept, and writes the account into the file.
///
/// # Errors
/// Neither could be written; a secret that was kept for nothing is forgotten.
pub async fn settle(
    desk: &Desk,
    settings: &mut Settings,
    mut account: Account,
    secret: Option<&Secret>,
) -> Result<Account, Trouble> {
    if let Some(secret) = secret {
        account.secret = Some(keep(&desk.secrets, &account, secret).await?);
    }
    let written = settings.append(account.clone(), &desk.folders);
    if let Err(error) = written {
        if let Some(source) = account.secret.as_ref().filter(|_| secret.is_some()) {
            // The disk is in trouble already: what is said is that.
            let _ = desk.secrets.forget(&account.name, source).await;
        }
        let path = desk.folders.accounts();
        return Err(Trouble::new(Kind::Io, format!("write {}: {error}", path.display())));
    }
    Ok(settings.find(&account.name).cloned().unwrap_or(account))
}

async fn keep(secrets: &Secrets, account: &Account, secret: &Secret) -> Result<SecretSource, Trouble> {
    match &account.secret {
        Some(source @ SecretSource::Command(_)) => Ok(source.clone()),
        Some(source) => {
            secrets.keep(&account.name, source, secret).await.map(|()| source.clone()).map_err(Trouble::from)
        }
        None => secrets.keep_best(&account.name, secret).await.map_err(Trouble::from),
    }
}

/// What is said in a login: a password as it is, of tokens the one that lets in.
///
/// # Errors
/// The tokens are none.
pub fn credential(source: Option<&SecretSource>, secret: &Secret) -> Result<Credential, Trouble> {
    match source {
        Some(SecretSource::OAuth { .. }) => Credentials::of_tokens(secret),
        _ => Ok(Credential::Password(secret.for_login())),
    }
}

/// What the account is called: as was wished, else by its address.
///
/// # Errors
/// It cannot be called so, or another is.
pub fn account_name(settings: &Settings, wished: Option<&str>, address: &Address) -> Result<String, Trouble> {
    let name = wished.map_or_else(|| address.to_string(), str::to_owned);
    if !is_name(&name) {
        return Err(Trouble::new(Kind::Usage, format!("{}; --name gives another", Change::Name(name))));
    }
    if settings.accounts.iter().any(|account| account.name == name) {
        return Err(Change::Taken(name).into());
    }
    Ok(name)
}

/// The provider of a name.
///
/// # Errors
/// There is none.
pub fn provider<'a>(settings: &'a Settings, name: &str, folders: &Folders) -> Result<&'a Provider, Trouble> {
    settings.provider(name).ok_or_else(|| {
        let path = folders.accounts();
        let text = format!("{} has no [[provider]] named {name} (docs/accounts.md tells how)", path.display());
        Trouble::new(Kind::Settings, text)
    })
}

/// Has a person log in at a provider: through a browser here, or with a code where that is wished or all there is.
///
/// # Errors
/// What the provider or the network says, or nobody came.
pub async fn log_in(
    internet: &Internet,
    provider: &Provider,
    hint: &str,
    by_code: bool,
    tell: &impl Fn(Told),
) -> Result<Tokens, Trouble> {
    let client = Client::new(internet, None);
    let endpoints = oauth::find(&client, provider).await?;
    if by_code || endpoints.authorize.is_none() {
        let login = device::Login::begin(&client, endpoints).await?;
        tell(Told::Code { url: login.url.clone(), code: login.code.clone() });
        return Ok(login.finish(&client, internet.clock()).await?);
    }
    let login = browser::Login::begin(endpoints, hint).await?;
    tell(Told::Page(login.url().to_owned()));
    Ok(login.finish(&client, || internet.clock().now()).await?)
}

/// A server as somebody names it: `HOST` or `HOST:PORT`, with the usual ports for TLS from the start and for the rest.
///
/// # Errors
/// It is none, or one that nothing may be said to without TLS.
pub fn server(text: &str, security: Security, user: Option<String>, ports: [u16; 2]) -> Result<Server, Trouble> {
    let [of_tls, other] = ports;
    let usual = if security == Security::Tls { of_tls } else { other };
    let wrong = || Trouble::new(Kind::Usage, format!("{text:?} is no HOST or HOST:PORT"));
    let (host, port) = host_and_port(text.trim(), usual).ok_or_else(wrong)?;
    Ok(Server { host, port, security, user, trust: None })
}

/// Whether a server without TLS may be used by somebody who did not insist: on this machine only.
///
/// # Errors
/// It may not.
pub fn is_protected(server: &Server) -> Result<(), Trouble> {
    if server.security == Security::Plain && !is_this_machine(&server.host) {
        let text = format!("without TLS everybody on the way to {} reads the password and the mail", server.host);
        return Err(Trouble::new(Kind::NotAllowed, text));
    }
    Ok(())
}

/// `host`, `host:port`, `[::1]:port` or `::1`.
#[must_use]
pub fn host_and_port(text: &str, usual: u16) -> Option<(String, u16)> {
    let sound = |host: &str| server_name(host).is_ok().then(|| host.to_owned());
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let port = if rest.is_empty() { usual } else { rest.strip_prefix(':')?.parse().ok()? };
        return sound(host).filter(|_| port > 0).map(|host| (host, port));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => {
            let port = port.parse().ok().filter(|port| *port > 0)?;
            sound(host).map(|host| (host, port))
        }
        _ => sound(text).map(|host| (host, usual)),
    }
}

#[cfg(test)]
mod tests;
