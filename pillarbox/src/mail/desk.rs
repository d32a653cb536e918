//! What commands on mail work with: the settings, one account of them, its mirror, and the memory of what was done last.

use super::network;
use crate::trouble::Trouble;
use agent::account::{Account, Settings};
use agent::house::Folders;
use agent::key_folder::KeyFolder;
use agent::mirror::{Acted, Action, Error, Mirror};
use agent::reach::Reach;
use message::Time;
use office::admin::FailureKind;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the mirror keeps under this name: what would take back the last commands.
const DONE: &str = "done";
/// Commands that can be taken back.
const DONE_MAX: usize = 20;

/// An account and its mail.
pub struct Desk {
    /// The account.
    pub account: Account,
    /// Its mail.
    pub mirror: Mirror,
    /// When the command was typed.
    pub now: Time,
    /// The network; `None`: it is not to be used.
    pub reach: Option<Reach>,
    /// Keys and certificates, for letters that are sealed.
    pub keys: KeyFolder,
}

/// Something that was done, as it is remembered.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {
    /// In words.
    pub said: String,
    /// What takes it back, in order.
    pub inverse: Vec<Action>,
    /// Something went for good with it, which nothing brings back.
    #[serde(default)]
    pub for_good: bool,
}

/// What `--home` said.
static HOME: OnceLock<PathBuf> = OnceLock::new();

/// Whoever runs this lives here, said once, before anybody asks.
pub fn live_in(home: PathBuf) {
    let _ = HOME.set(home);
}

/// The folders of the person who runs this: below `--home`, else `$PILLARBOX_HOME`, else where XDG has them.
pub fn folders() -> Result<Folders, Trouble> {
    let chosen = HOME.get().cloned().or_else(|| variable("PILLARBOX_HOME").map(PathBuf::from));
    if let Some(home) = chosen.filter(|home| !home.as_os_str().is_empty()) {
        let home = std::path::absolute(&home).map_err(|error| Trouble::of_path("find", &home, &error))?;
        return Ok(Folders::under(&home));
    }
    Folders::of(variable)
        .ok_or_else(|| Trouble::new(FailureKind::Config, "there is no home: set HOME, or XDG_CONFIG_HOME and its like"))
}

#[allow(clippy::disallowed_methods, reason = "where a person's things are stands in the environment")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// The account of this name or address; the default one where none is named.
pub fn account<'a>(settings: &'a Settings, name: Option<&str>) -> Result<&'a Account, Trouble> {
    match name {
        Some(name) => settings.find(name).map_err(|error| Trouble::new(FailureKind::NoUser, error.to_string())),
        None => settings.default_account().ok_or_else(|| {
            let advice = "no account yet: `pillarbox mail account add you@example.org` sets one up";
            Trouble::new(FailureKind::Config, advice)
        }),
    }
}

/// The settings of the accounts.
pub fn settings(folders: &Folders) -> Result<Settings, Trouble> {
    Settings::load(folders).map_err(|error| Trouble::new(FailureKind::Config, error.to_string()))
}

/// The same; who has set up none has the mailbox of the server on this machine, where there is one.
pub fn settings_or_host(folders: &Folders) -> Result<Settings, Trouble> {
    let mut settings = settings(folders)?;
    if settings.accounts.is_empty() {
        settings.accounts.extend(network::host_account());
    }
    Ok(settings)
}

impl Desk {
    /// Opens the mirror of an account: the one of this name, else the default one.
    pub fn open(name: Option<&str>, now: Time) -> Result<Desk, Trouble> {
        let settings = settings_or_host(&folders()?)?;
        Desk::of(account(&settings, name)?.clone(), now)
    }

    /// Opens the mirror of this account, with the way to its mail.
    pub fn of(account: Account, now: Time) -> Result<Desk, Trouble> {
        let folders = folders()?;
        let settings = settings(&folders)?;
        let reach = Some(network::reach(&settings, &folders));
        let keys = KeyFolder::of(&folders);
        Ok(Desk { reach, keys, ..Desk::at(&folders.mirror(&account.name), account, now)? })
    }

    /// The same off the network, where that is wished.
    #[must_use]
    pub fn offline(self, offline: bool) -> Desk {
        if offline { Desk { reach: None, ..self } } else { self }
    }

    /// With the mirror in this file, and keys beside it, without a network.
    pub fn at(file: &Path, account: Account, now: Time) -> Result<Desk, Trouble> {
        if let Some(folder) = file.parent() {
            agent::disk::make_folder(folder).map_err(|error| Trouble::of_path("make", folder, &error))?;
        }
        let keys = KeyFolder::of(&Folders::under(file.parent().unwrap_or(Path::new("."))));
        Ok(Desk { account, mirror: Mirror::open_in(file, crate::zone::here().clone())?, now, reach: None, keys })
    }

    /// Does these things, all or none, and remembers how they are taken back.
    pub fn act(&mut self, actions: &[Action], said: &str) -> Result<(), Trouble> {
        let acted = self.mirror.act_all(actions)?;
        self.remember(&acted, said)
    }

    /// Remembers what was done.
    pub fn remember(&mut self, acted: &[Acted], said: &str) -> Result<(), Trouble> {
        let inverse: Vec<Action> = acted.iter().rev().flat_map(|acted| acted.inverse.clone()).collect();
        let for_good = acted.iter().any(|acted| acted.for_good);
        let mut done = self.done()?;
        done.push(Done { said: said.to_owned(), inverse, for_good });
        let from = done.len().saturating_sub(DONE_MAX);
        self.keep(done.get(from..).unwrap_or_default())
    }

    /// Takes back the last thing that was done; what that was. `None`: nothing was. What cannot be taken back is forgotten,
    /// so that the next time what was done before it is.
    pub fn take_back(&mut self) -> Result<Option<String>, Trouble> {
        let mut done = self.done()?;
        let Some(last) = done.pop() else { return Ok(None) };
        let lasting = |why: &str| Trouble::new(FailureKind::Unavailable, format!("{}: {why}", last.said));
        let acted = match self.why_not(&last)? {
            Some(why) => Err(lasting(&format!("that cannot be taken back{why}"))),
            None => match self.mirror.act_all(&last.inverse) {
                Ok(_) if last.for_good => Err(lasting("taken back, but for what went for good")),
                Ok(_) => Ok(()),
                Err(error @ (Error::Gone(_) | Error::FolderExists(_) | Error::NotAllowed(_))) => {
                    Err(lasting(&format!("that cannot be taken back any more: {error}")))
                }
                // The disk: a later try may go better.
                Err(error) => return Err(error.into()),
            },
        };
        self.keep(&done)?;
        acted.map(|()| Some(last.said))
    }

    /// Why something cannot be taken back, where that is clear before it is tried.
    fn why_not(&self, done: &Done) -> Result<Option<&'static str>, Trouble> {
        if done.for_good && done.inverse.is_empty() {
            return Ok(Some(": it was for good"));
        }
        let mut messages = done.inverse.iter().flat_map(Action::messages).peekable();
        if messages.peek().is_none() {
            return Ok(None);
        }
        for message in messages {
            if !self.mirror.folders_of(*message)?.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(" any more: no message of it is left"))
    }

    fn done(&self) -> Result<Vec<Done>, Trouble> {
        let kept = self.mirror.fact(DONE)?.unwrap_or_default();
        // What another version wrote is forgotten: no mail is lost by that.
        Ok(serde_json::from_str(&kept).unwrap_or_default())
    }

    fn keep(&self, done: &[Done]) -> Result<(), Trouble> {
        let text = serde_json::to_string(done).unwrap_or_default();
        Ok(self.mirror.set_fact(DONE, &text)?)
    }
}
