//! `pillarbox mail account`: which accounts a person reads and writes with. Owns what may be typed and how accounts are
//! shown; [`add`] sets one up, [`trust`] looks at certificates.

mod add;
mod show;
mod trust;

use super::desk;
use crate::password;
use crate::screen::Screen;
use crate::table::{Table, words};
use crate::trouble::{Trouble, UNAVAILABLE};
use crate::view::{View, done};
use agent::account::{Account, Keep, Provider, SecretSource, Settings};
use agent::credentials::Credentials;
use agent::dialing::Internet;
use agent::house::Folders;
use agent::newcomer::{self, Told};
use agent::oauth::Tokens;
use agent::secret::{Keyring, Secret, Secrets};
use agent::trial::{Trial, Who};
use clap::{Parser, Subcommand};
use net::clock::Clock;
use office::admin::FailureKind;
use serde_json::{Value, json};
use std::cell::RefCell;

/// `pillarbox mail account ...`
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Set up an account: its servers are found by the address, or named
    ///
    /// Asks for the password, looks for the servers, and logs in once to see whether they work. The password goes to the
    /// desktop's keyring, or to a file that only you may read.
    Add(Box<add::Add>),
    /// List the accounts
    List,
    /// Show one account
    Show {
        /// Its name or address; the default one if missing
        name: Option<String>,
    },
    /// Remove an account here; its mail at the server stays
    Remove {
        /// Its name or address
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Use this account where none is named
    Default {
        /// Its name or address
        name: String,
    },
    /// Give an account its password anew, or log in again at its provider
    Login {
        /// Its name or address; the default one if missing
        name: Option<String>,
        /// Read the password from stdin, one line
        #[arg(long)]
        password_stdin: bool,
        /// Log in with a code typed on another machine, not through a browser here
        #[arg(long, conflicts_with = "password_stdin")]
        device: bool,
    },
    /// Look at the certificates of an account's servers, and trust them from now on
    ///
    /// For servers whose certificate nobody vouches for. Compare the fingerprint with what the server's administrator tells
    /// you, by another way than this one.
    Trust(trust::Trust),
    /// Log in to the servers of an account, and tell what works
    ///
    /// Ends with 69 when something does not.
    Test {
        /// Its name or address; all accounts if missing
        name: Option<String>,
    },
}

/// What commands on accounts work with.
struct House {
    folders: Folders,
    settings: Settings,
    secrets: Secrets,
    internet: Internet,
}

/// `pillarbox mail account add ADDRESS`
pub fn add_by_address(address: &str, screen: &mut Screen) -> Result<(), Trouble> {
    let wrong = || Trouble::new(FailureKind::Usage, format!("{address:?} is no address, as you@example.org is one"));
    let words = ["pillarbox", "mail", "account", "add", "--", address];
    let arguments = crate::command::Arguments::try_parse_from(words).map_err(|_| wrong())?;
    match arguments.command {
        crate::command::Command::Mail(mail) => super::run(mail, screen),
        _ => Err(wrong()),
    }
}

/// Does what was typed.
pub fn run(command: AccountCommand, screen: &mut Screen) -> Result<(), Trouble> {
    let folders = desk::folders()?;
    let house = House {
        settings: desk::settings(&folders)?,
        secrets: Secrets::new(&folders, Keyring::system()),
        internet: super::network::internet(Clock::system()),
        folders,
    };
    let failed = |error: std::io::Error| Trouble::new(FailureKind::Software, format!("cannot begin: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let came = runtime.block_on(house.perform(command, screen));
    // A name that is being looked up is not waited for.
    runtime.shutdown_background();
    came
}

impl House {
    async fn perform(mut self, command: AccountCommand, screen: &mut Screen) -> Result<(), Trouble> {
        match command {
            AccountCommand::Add(add) => add.run(&mut self, screen).await,
            AccountCommand::List => screen.show(&show::list(&self.settings, screen.look())),
            AccountCommand::Show { name } => {
                let account = desk::account(&self.settings, name.as_deref())?;
                screen.show(&show::one(account, screen.look()))
            }
            AccountCommand::Remove { name, yes } => self.remove(&name, yes, screen).await,
            AccountCommand::Default { name } => {
                self.settings.set_default(&name).map_err(agent::trouble::Trouble::from)?;
                self.save()?;
                screen.show(&done(&format!("{name} is used where no account is named"), Vec::new()))
            }
            AccountCommand::Login { name, password_stdin, device } => {
                self.login(name.as_deref(), (password_stdin, device), screen).await
            }
            AccountCommand::Trust(trust) => trust.run(&mut self, screen).await,
            AccountCommand::Test { name } => self.test(name.as_deref(), screen).await,
        }
    }

    fn save(&self) -> Result<(), Trouble> {
        let path = self.folders.accounts();
        self.settings.save(&self.folders).map_err(|error| Trouble::of_path("write", &path, &error))
    }

    fn trial(&self) -> Trial<'_> {
        Trial { internet: &self.internet, folders: &self.folders }
    }

    async fn remove(&mut self, name: &str, yes: bool, screen: &mut Screen) -> Result<(), Trouble> {
        let account = self.settings.find(name).map_err(agent::trouble::Trouble::from)?.clone();
        let mirror = self.folders.mirror(&account.name);
        if !yes && screen.has_person() {
            let question = format!("Remove {} here, with what waits to be sent from it?", account.name);
            screen.confirm(&question)?;
        }
        let mut notes = Vec::new();
        if let Some(source) = &account.secret
            && let Err(error) = self.secrets.forget(&account.name, source).await
        {
            notes.push(format!("its secret is kept still: {error}"));
        }
        self.settings.remove(&account.name).map_err(agent::trouble::Trouble::from)?;
        self.save()?;
        let pins = self.folders.trusted().join(format!("{}.pem", account.name));
        for file in mirror_files(&mirror).chain([pins]) {
            agent::disk::remove(&file).map_err(|error| Trouble::of_path("remove", &file, &error))?;
        }
        screen.show(&done(&format!("{} is gone from here; its mail at the server stays", account.name), notes))
    }

    async fn login(
        &mut self,
        name: Option<&str>,
        (password_stdin, device): (bool, bool),
        screen: &mut Screen,
    ) -> Result<(), Trouble> {
        let account = desk::account(&self.settings, name)?.clone();
        let said = format!("{} logs in with it from now on", account.name);
        let source = account.secret.clone().unwrap_or(SecretSource::File(None));
        let secret = match &source {
            SecretSource::OAuth { provider, .. } => {
                let provider = self.provider(provider)?;
                let tokens = self.tokens(provider, &account.address.to_string(), device, screen).await?;
                tokens.to_secret().map_err(agent::trouble::Trouble::from)?
            }
            SecretSource::Command(_) => {
                let error = agent::secret::SecretError::NotOurs(account.name.clone());
                return Err(agent::trouble::Trouble::from(error).into());
            }
            SecretSource::Keyring | SecretSource::File(_) => {
                let typed = password::existing(&account.address.to_string(), password_stdin, screen)?;
                Secret::new(typed.into_bytes())
            }
        };
        self.secrets.keep(&account.name, &source, &secret).await.map_err(agent::trouble::Trouble::from)?;
        if account.secret.is_none() {
            let known = self.settings.accounts.iter_mut().filter(|known| known.name == account.name);
            known.for_each(|known| known.secret = Some(source.clone()));
            self.save()?;
        }
        screen.show(&done(&said, Vec::new()))
    }

    fn provider(&self, name: &str) -> Result<&Provider, Trouble> {
        Ok(newcomer::provider(&self.settings, name, &self.folders)?)
    }

    fn desk(&self) -> newcomer::Desk {
        newcomer::Desk { folders: self.folders.clone(), secrets: self.secrets.clone(), internet: self.internet.clone() }
    }

    /// Has the person log in at a provider.
    async fn tokens(
        &self,
        provider: &Provider,
        hint: &str,
        device: bool,
        screen: &mut Screen,
    ) -> Result<Tokens, Trouble> {
        let screen = RefCell::new(screen);
        let tell = |told: Told| match told {
            Told::Code { url, code } => {
                screen.borrow_mut().insist(&format!("Open {url} in any browser, and type {code}"));
            }
            Told::Page(url) => {
                screen.borrow_mut().insist("Open this page in a browser on this machine, and log in:");
                screen.borrow_mut().insist(&url);
            }
            _ => {}
        };
        Ok(newcomer::log_in(&self.internet, provider, hint, device, &tell).await?)
    }

    async fn test(&self, name: Option<&str>, screen: &mut Screen) -> Result<(), Trouble> {
        let accounts: Vec<&Account> = match name {
            Some(name) => vec![desk::account(&self.settings, Some(name))?],
            None => self.settings.accounts.iter().collect(),
        };
        let mut table = Table::new(&[words("ACCOUNT"), words("FOR"), words("RESULT")]);
        let mut rows = Vec::new();
        let mut works = true;
        for account in accounts {
            for (what, came) in self.try_account(account).await {
                works &= came.is_ok();
                let (said, fine) = came.map_or_else(|trouble| (trouble.text, false), |()| ("works".to_owned(), true));
                table.row([(&account.name).into(), what.into(), (&said).into()]);
                rows.push(json!({ "account": account.name, "for": what, "works": fine, "said": said }));
            }
        }
        let note = "no account yet: `pillarbox mail account add you@example.org` sets one up";
        screen.show(&View::table(&table, json!({ "tests": rows }), screen.look()).or_note(note))?;
        if works { Ok(()) } else { Err(Trouble::Told(UNAVAILABLE)) }
    }

    /// What comes of reading and of sending.
    async fn try_account(&self, account: &Account) -> Vec<(&'static str, Result<(), agent::trouble::Trouble>)> {
        let credentials = Credentials::new(self.settings.clone(), self.secrets.clone(), self.internet.clone());
        let credential = match credentials.of(account).await {
            Ok(credential) => credential,
            Err(trouble) => return vec![("login", Err(trouble))],
        };
        let who = |user: String| -> Option<Who> { credential.clone().map(|credential| (user, credential)) };
        let reading = self.trial().incoming(&account.incoming, &account.address, who(account.incoming_user())).await;
        let mut came = vec![("reading", reading)];
        if let Some(outgoing) = &account.outgoing {
            let sending = self.trial().outgoing(outgoing, &account.address, who(account.outgoing_user())).await;
            came.push(("sending", sending));
        }
        came
    }
}

/// The mirror, what SQLite keeps beside it, and what was seen of an account in files.
fn mirror_files(mirror: &std::path::Path) -> impl Iterator<Item = std::path::PathBuf> {
    let beside = ["", "-wal", "-shm"].into_iter().map(|ending| {
        let mut file = mirror.as_os_str().to_owned();
        file.push(ending);
        file.into()
    });
    beside.chain([mirror.with_extension("seen")])
}

/// As in `keyring`.
fn kind_of_secret(source: Option<&SecretSource>) -> String {
    match source {
        None => "none".to_owned(),
        Some(SecretSource::Keyring) => "keyring".to_owned(),
        Some(SecretSource::File(_)) => "file".to_owned(),
        Some(SecretSource::Command(_)) => "command".to_owned(),
        Some(SecretSource::OAuth { provider, keep }) => {
            let keep = if *keep == Keep::Keyring { "keyring" } else { "file" };
            format!("tokens of {provider}, in a {keep}")
        }
    }
}

fn json_of(account: &Account) -> Value {
    show::json_of(account)
}

#[cfg(test)]
mod tests;
