//! `pillarbox mail account add`: from an address and a password to an account that works.

use super::{House, json_of, show};
use crate::password;
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::view::View;
use agent::account::settings::Local;
use agent::account::{Account, FolderNames, Incoming, Keep, Outgoing, SecretSource, Security, Server};
use agent::discovery::{self, Consent, Place, Setup};
use agent::newcomer;
use agent::secret::Secret;
use agent::trial::Who;
use clap::{ArgGroup, Args, ValueEnum};
use message::Address;
use office::admin::FailureKind;
use std::path::PathBuf;
use wire::smtp::client::Credential;

/// How connections to named servers are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protection {
    /// TLS from the start
    Tls,
    /// TLS after a command
    Starttls,
    /// None: for this machine, and for cables that you know
    Plain,
}

/// `pillarbox mail account add`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("reads").multiple(false)), group(ArgGroup::new("login").multiple(false)))]
pub struct Add {
    /// The address
    pub address: Address,
    /// What the account is called here; the address if missing
    #[arg(long)]
    pub name: Option<String>,
    /// The name that goes with the address
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,
    /// Read mail by IMAP there
    #[arg(long, value_name = "HOST[:PORT]", group = "reads")]
    pub imap: Option<String>,
    /// Read mail by POP3 there; it stays at the server
    #[arg(long, value_name = "HOST[:PORT]", group = "reads")]
    pub pop3: Option<String>,
    /// Read and send mail by JMAP there
    #[arg(long, value_name = "URL", group = "reads")]
    pub jmap: Option<String>,
    /// Read mail from this Maildir
    #[arg(long, value_name = "DIR", group = "reads")]
    pub maildir: Option<PathBuf>,
    /// Read mail from this mbox file, or folder of such
    #[arg(long, value_name = "PATH", group = "reads")]
    pub mbox: Option<PathBuf>,
    /// Read and send mail by the Pillarbox server on this machine
    #[arg(long, group = "reads")]
    pub local: bool,
    /// Send mail there
    #[arg(long, value_name = "HOST[:PORT]")]
    pub smtp: Option<String>,
    /// How connections to the servers named here are protected
    #[arg(long, value_enum, default_value = "tls")]
    pub security: Protection,
    /// The name to log in with, where it is not the address
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// PEM file with the servers' own certificate, or that of their authority
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Read the password from stdin, one line
    #[arg(long, group = "login")]
    pub password_stdin: bool,
    /// Have this command give the password, each time it is needed
    #[arg(long, value_name = "COMMAND", group = "login")]
    pub password_command: Option<String>,
    /// Log in at this provider (a `[[provider]]` of accounts.toml), through a browser
    #[arg(long, value_name = "NAME", group = "login")]
    pub provider: Option<String>,
    /// At the provider, log in with a code typed on another machine
    #[arg(long, requires = "provider")]
    pub device: bool,
    /// Ask Thunderbird's database of providers, too; it learns the domain
    #[arg(long)]
    pub database: bool,
    /// Agree to servers outside the address's domain
    #[arg(short, long)]
    pub yes: bool,
    /// Do not log in to see whether it works
    #[arg(long)]
    pub no_check: bool,
    /// Use this account where none is named
    #[arg(long)]
    pub default: bool,
}

impl Add {
    pub(super) async fn run(self, house: &mut House, screen: &mut Screen) -> Result<(), Trouble> {
        let name = newcomer::account_name(&house.settings, self.name.as_deref(), &self.address)?;
        let named = self.named_incoming()?;
        let logs_in = !matches!(named, Some(Incoming::Maildir(_) | Incoming::Mbox(_) | Incoming::Local(_)));
        let logs_in = logs_in || self.smtp.is_some();
        let (source, secret) = if logs_in { self.secret(house, screen).await? } else { (None, None) };
        let credential = secret.as_ref().map(|secret| newcomer::credential(source.as_ref(), secret)).transpose()?;
        let setup = match named {
            Some(incoming) => self.set_up(house, incoming, credential).await?,
            None => self.find(house, credential, screen).await?,
        };
        let account = self.account(name, setup, source);
        let desk = house.desk();
        let account = newcomer::settle(&desk, &mut house.settings, account, secret.as_ref()).await?;
        let path = house.folders.accounts();
        let view = show::one(&account, screen.look());
        let view = View { json: json_of(&account), ..view };
        screen.show(&view.with_notes(vec![format!("{} is set up, in {}", account.name, path.display())]))
    }

    fn protection(&self) -> Security {
        match self.security {
            Protection::Tls => Security::Tls,
            Protection::Starttls => Security::StartTls,
            Protection::Plain => Security::Plain,
        }
    }

    /// A path of the settings is whole, whatever folder the command is typed in.
    fn whole(path: &std::path::Path) -> Result<PathBuf, Trouble> {
        std::path::absolute(path).map_err(|error| Trouble::of_path("find", path, &error))
    }

    fn server(&self, text: &str, ports: [u16; 2]) -> Result<Server, Trouble> {
        let security = self.protection();
        let trust = self.trust.as_deref().map(Add::whole).transpose()?;
        Ok(Server { trust, ..newcomer::server(text, security, self.user.clone(), ports)? })
    }

    fn named_incoming(&self) -> Result<Option<Incoming>, Trouble> {
        if let Some(imap) = &self.imap {
            return self.server(imap, [993, 143]).map(Incoming::Imap).map(Some);
        }
        if let Some(pop3) = &self.pop3 {
            let server = self.server(pop3, [995, 110])?;
            return Ok(Some(Incoming::Pop3 { server, keep: true }));
        }
        if let Some(url) = &self.jmap {
            let trust = self.trust.as_deref().map(Add::whole).transpose()?;
            return Ok(Some(Incoming::Jmap { url: url.clone(), user: self.user.clone(), trust }));
        }
        if let Some(path) = &self.maildir {
            return Add::whole(path).map(Incoming::Maildir).map(Some);
        }
        if let Some(path) = &self.mbox {
            return Add::whole(path).map(Incoming::Mbox).map(Some);
        }
        Ok(self.local.then(|| Incoming::Local(Local { user: self.user.clone(), path: None })))
    }

    /// The secret, and where it is if that is decided already.
    async fn secret(
        &self,
        house: &House,
        screen: &mut Screen,
    ) -> Result<(Option<SecretSource>, Option<Secret>), Trouble> {
        if let Some(command) = &self.password_command {
            let source = SecretSource::Command(command.clone());
            let told = agent::trouble::Trouble::from;
            let secret = house.secrets.fetch(&self.address.to_string(), &source).await.map_err(told)?;
            return Ok((Some(source), Some(secret)));
        }
        if let Some(name) = &self.provider {
            let provider = house.provider(name)?;
            let tokens = house.tokens(provider, &self.address.to_string(), self.device, screen).await?;
            let source = SecretSource::OAuth { provider: name.clone(), keep: Keep::File };
            let secret = tokens.to_secret().map_err(agent::trouble::Trouble::from)?;
            return Ok((Some(source), Some(secret)));
        }
        let typed = password::existing(&self.address.to_string(), self.password_stdin, screen)?;
        Ok((None, Some(Secret::new(typed.into_bytes()))))
    }

    /// Servers that were named.
    async fn set_up(
        &self,
        house: &House,
        incoming: Incoming,
        credential: Option<Credential>,
    ) -> Result<Setup, Trouble> {
        let outgoing = match (&self.smtp, &incoming) {
            (Some(smtp), _) => Some(Outgoing::Smtp(self.server(smtp, [465, 587])?)),
            (None, Incoming::Jmap { .. }) => Some(Outgoing::Jmap),
            (None, Incoming::Local(local)) => Some(Outgoing::Local(local.clone())),
            (None, _) => None,
        };
        if !self.no_check {
            let user = self.user.clone().unwrap_or_else(|| self.address.to_string());
            let who = credential.map(|credential| -> Who { (user, credential) });
            newcomer::try_named(house.trial(), &self.address, (&incoming, outgoing.as_ref()), who).await?;
        }
        Ok(Setup { incoming, outgoing, tried: Vec::new() })
    }

    /// Servers that are found.
    async fn find(&self, house: &House, credential: Option<Credential>, screen: &mut Screen) -> Result<Setup, Trouble> {
        let none = || Trouble::new(FailureKind::Usage, "there is no password to look for servers with");
        let credential = credential.ok_or_else(none)?;
        screen.note(&format!("looking for the servers of {}", self.address));
        let consent = Consent { database: self.database, open_here: false };
        let found = discovery::look(&house.internet, &self.address, consent).await?;
        let mut agree = |place: &Place| {
            let question = format!("{} lies outside {}. Log in there?", place.host(), domain_of(&self.address));
            self.yes || (screen.has_person() && screen.confirm(&question).is_ok())
        };
        let mut setup = discovery::try_out(house.trial(), &self.address, &credential, found, &mut agree).await?;
        setup.tried.iter().for_each(|line| screen.remark(line));
        if let Some(smtp) = &self.smtp {
            setup.outgoing = Some(Outgoing::Smtp(self.server(smtp, [465, 587])?));
        }
        if setup.outgoing.is_none() {
            screen.note("no server was found that mail can be sent by: --smtp HOST names one");
        }
        Ok(setup)
    }

    fn account(&self, name: String, setup: Setup, source: Option<SecretSource>) -> Account {
        Account {
            name,
            address: self.address.clone(),
            display_name: self.display_name.clone(),
            aliases: Vec::new(),
            incoming: setup.incoming,
            outgoing: setup.outgoing,
            secret: source,
            signature: None,
            sealing: agent::account::SealHabits::default(),
            folders: FolderNames::default(),
            default: self.default,
        }
    }
}

fn domain_of(address: &Address) -> String {
    address.domain().map_or_else(|| address.to_string(), message::Domain::to_unicode)
}
