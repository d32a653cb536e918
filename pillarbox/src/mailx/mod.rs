//! `mail` and `mailx`, by the name the program was called with or as `pillarbox mailx`. The dialogue is `agent::mailx`; this
//! is the world it takes place in: the terminal, files, programs, mailboxes and the ways out. Owns what is read from the
//! environment and from the files of settings.

mod boxes;
mod keyboard;
mod out;
mod world;

use crate::mail::{desk, network};
use crate::trouble::Trouble;
use agent::account::Account;
use agent::mailx::{Mode, Options, Session, Settings, read_options};
use nix::unistd::{User, getuid};
use office::admin::FailureKind;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use world::Terminal;

/// The settings of this machine.
const SYSTEM_FILE: &str = "/etc/mail.rc";
/// Octets of a file of settings: thousands of short names.
const SETTINGS_MAX: u64 = 1024 * 1024;

/// A line for `mail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    words: Vec<String>,
    /// `pillarbox -c FILE mailx`.
    config: Option<PathBuf>,
}

/// Whether the words of this process are for `mail`.
pub fn of_the_line(words: impl IntoIterator<Item = OsString>) -> Option<Line> {
    let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
    let called = words.next()?;
    let name = Path::new(&called).file_name()?.to_str()?;
    if matches!(name.strip_suffix(".pillarbox").unwrap_or(name), "mail" | "mailx" | "Mail") {
        return Some(Line { words: words.collect(), config: None });
    }
    let mut config = None;
    loop {
        match words.next()?.as_str() {
            "-c" | "--config" => config = Some(words.next()?.into()),
            "mailx" => {
                let words: Vec<String> = words.collect();
                // `--help` is answered for all commands in one way.
                let asks = words.first().is_some_and(|word| word == "--help");
                return (!asks).then_some(Line { words, config });
            }
            _ => return None,
        }
    }
}

impl Line {
    /// Does what was typed; the code to end with.
    pub fn run(self) -> Result<u8, Trouble> {
        let options = read_options(self.words).map_err(|wrong| {
            Trouble::new(FailureKind::Usage, format!("{wrong}\nmail [-s SUBJECT] [-a FILE] WHO..., or mail [-f FILE]"))
        })?;
        if let Some(config) = &self.config {
            network::host_by(config.clone());
        }
        let mut account = account(options.account.as_deref())?;
        let mut settings = Settings::default();
        // What somebody without an account writes goes through the drop folder; what came for them is the server's to show.
        if account.is_none() && options.mode != Mode::Send && options.file.is_none() {
            account = network::host_account();
        }
        surroundings(&mut settings, &options, account.as_ref());
        let is_interactive = io::stdin().is_terminal() && io::stdout().is_terminal() && !options.batch;
        let mut terminal = Terminal::new(account, self.config, is_interactive);
        terminal.verbose = options.verbose;
        if let Some((name, address)) = terminal.sender() {
            let from = agent::letter::Recipients::one(name.as_deref(), &address.to_string()).to_string();
            settings.put("from", &from);
            if let message::Host::Domain(domain) = address.host() {
                settings.put("domain", &domain.to_string());
            }
        }
        let own = settings.get("MAILRC").map_or_else(|| home(&settings).join(".mailrc"), PathBuf::from);
        let mut session = Session::new(&mut terminal, settings, is_interactive);
        let files = [Some(PathBuf::from(SYSTEM_FILE)).filter(|_| !options.skip_system_file), Some(own)];
        for file in files.into_iter().flatten() {
            // A file that is not there sets nothing.
            if let Ok(octets) = agent::disk::read(&file, SETTINGS_MAX) {
                session.configure(&String::from_utf8_lossy(&octets));
            }
        }
        Ok(session.run(&options))
    }
}

/// The account that was named; where none was, the default one of who has any.
fn account(name: Option<&str>) -> Result<Option<Account>, Trouble> {
    let settings = desk::folders().and_then(|folders| desk::settings(&folders));
    match (name, settings) {
        (Some(name), settings) => desk::account(&settings?, Some(name)).cloned().map(Some),
        (None, Ok(settings)) => Ok(settings.default_account().cloned()),
        // Cron has no home.
        (None, Err(_)) => Ok(None),
    }
}

fn home(settings: &Settings) -> PathBuf {
    PathBuf::from(settings.get("HOME").unwrap_or("/"))
}

/// Variables that come from outside.
fn surroundings(settings: &mut Settings, options: &Options, account: Option<&Account>) {
    let user = User::from_uid(getuid()).ok().flatten();
    if let Some(user) = &user {
        settings.put("HOME", &user.dir.display().to_string());
        settings.put("USER", &user.name);
    }
    for name in ["HOME", "MAILRC", "MAIL", "MBOX", "DEAD", "EDITOR", "VISUAL", "PAGER", "SHELL", "COLUMNS"] {
        if let Some(value) = variable(name) {
            settings.put(name, &value);
        }
    }
    let name = options.user.clone().or_else(|| settings.get("USER").map(str::to_owned)).unwrap_or_default();
    if options.user.is_some() || !settings.is_set("MAIL") {
        settings.put("MAIL", &format!("/var/mail/{name}"));
    }
    let has_spool = settings.get("MAIL").is_some_and(|path| Path::new(path).is_file());
    let is_named = options.account.is_some();
    // A spool of the host is what `mail` is for; without one, the account.
    if account.is_some() && (is_named || !has_spool) && options.user.is_none() {
        settings.put("MAIL", boxes::INBOX);
    }
}

#[allow(clippy::disallowed_methods, reason = "what mail starts from stands in the environment (POSIX mailx)")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Option<Line> {
        of_the_line(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_name_decides() {
        for (line, words) in [
            ("/usr/bin/mail -s x bob", "-s x bob"),
            ("mailx.pillarbox bob", "bob"),
            ("Mail bob", "bob"),
            ("pillarbox mailx -f box", "-f box"),
            ("pillarbox -c p.toml mailx bob", "bob"),
        ] {
            assert_eq!(typed(line).map(|line| line.words.join(" ")).as_deref(), Some(words), "{line}");
        }
        for line in ["pillarbox", "pillarbox mail list", "pillarbox mailx --help", "sendmail bob", "pillarbox -c"] {
            assert_eq!(typed(line), None, "{line}");
        }
    }
}
