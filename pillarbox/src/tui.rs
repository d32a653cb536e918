//! `pillarbox tui`: mail on the whole screen. Opens settings, mirrors and the worker, and gives them to `tui`.

pub mod asked;
mod opened;

use crate::mail::{desk, network};
use crate::trouble::Trouble;
use agent::account::Settings;
use agent::book;
use agent::house::Folders;
use agent::mirror::Mirror;
use agent::worker::{News, Worker};
use clap::Args;
use net::clock::Clock;
use office::admin::FailureKind;
use opened::Opened;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc::Receiver;
use tui::hands::{Hands, Writing};
use tui::model::{Account, Model};
use tui::program::Program;
use tui::settings::Options;
use tui::terminal::{self, World};

/// The largest `tui.toml`, in octets: a page of keys is a hundredth of it.
const FILE_MAX: u64 = 256 * 1024;

/// `pillarbox tui`
#[derive(Args, Clone, Debug)]
pub struct Tui {
    /// The keys of this program: pine, mutt, vim, gmail or elm
    #[arg(short, long, value_name = "PROGRAM", value_parser = tui::keys::PRESETS)]
    pub keys: Option<String>,
    /// Which account is shown first: its name or address
    #[arg(short = 'A', long, value_name = "NAME")]
    pub account: Option<String>,
    /// Stay off the network; the command `offline` comes back to it
    #[arg(long)]
    pub offline: bool,
    /// Write line after line, for screen readers and terminals that can do little
    #[arg(long)]
    pub plain: bool,
}

/// Runs it until the user leaves.
pub fn run(wanted: &Tui) -> Result<(), Trouble> {
    let folders = desk::folders()?;
    let settings = desk::settings_or_host(&folders)?;
    let options = options(&folders.config.join("tui.toml"), wanted)?;
    let mut mirrors = Vec::new();
    for account in &settings.accounts {
        mirrors.push(open(&folders.mirror(&account.name))?);
    }
    let clock = Clock::system();
    let is_modern = options.is_modern;
    let hands =
        Hands::new(hands(&settings, &mirrors, &options), Box::new(|random| (server::Seams::system().random)(random)));
    let mut model = Model::new(accounts(&settings), options, (80, 24), clock.now());
    let first = desk::account(&settings, wanted.account.as_deref()).map(|account| account.name.clone());
    model.current = match first {
        Ok(name) => settings.accounts.iter().position(|account| account.name == name).unwrap_or_default(),
        Err(trouble) if wanted.account.is_some() => return Err(trouble),
        Err(_) => 0,
    };
    model.offline = wanted.offline;
    let opened = Opened { folder: folders.cache.join("opened") };
    let (worker, news) = worker(&settings, mirrors, &folders, wanted.offline)?;
    let world = World {
        order: Box::new(move |order| worker.order(order)),
        news,
        now: Box::new(move || clock.now()),
        suspend: Box::new(suspend),
        outside: Box::new(move |screen| opened.run(screen)),
        ask: Box::new(asked::ask),
        is_modern,
    };
    let program = Program::new(model, hands);
    terminal::run(program, world).map_err(|error| Trouble::new(FailureKind::Io, format!("the terminal: {error}")))
}

/// The network in the background.
fn worker(
    settings: &Settings,
    mirrors: Vec<Mirror>,
    folders: &Folders,
    is_offline: bool,
) -> Result<(Worker, Receiver<News>), Trouble> {
    let reach = network::reach(settings, folders);
    let accounts = settings.accounts.iter().cloned().zip(mirrors).collect();
    Ok(Worker::start(accounts, &reach, is_offline)?)
}

fn hands(settings: &Settings, mirrors: &[Mirror], options: &Options) -> Vec<(Mirror, Writing)> {
    let writing = |account: &agent::account::Account| Writing {
        address: account.address.to_string(),
        name: account.display_name.clone().unwrap_or_default(),
        own: std::iter::once(&account.address).chain(&account.aliases).cloned().collect(),
        signature: account.signature.clone().unwrap_or_default(),
        offset_minutes: options.offset_minutes,
        aliases: options.aliases.clone(),
    };
    settings.accounts.iter().zip(mirrors).map(|(account, mirror)| (mirror.clone(), writing(account))).collect()
}

fn open(path: &Path) -> Result<Mirror, Trouble> {
    if let Some(folder) = path.parent() {
        agent::disk::make_folder(folder).map_err(|error| Trouble::of_path("make", folder, &error))?;
    }
    Ok(Mirror::open(path)?)
}

fn accounts(settings: &Settings) -> Vec<Account> {
    let account = |account: &agent::account::Account| Account {
        name: account.name.clone(),
        address: account.address.to_string(),
        display_name: account.display_name.clone().unwrap_or_default(),
        signature: account.signature.clone().unwrap_or_default(),
        folders: Vec::new(),
        busy: None,
    };
    settings.accounts.iter().map(account).collect()
}

/// What is set, in the file and by the terminal.
fn options(path: &Path, wanted: &Tui) -> Result<Options, Trouble> {
    let mut options = Options::default();
    options.learn_terminal(variable);
    options.offset_minutes = offset_minutes();
    match agent::disk::read(path, FILE_MAX) {
        Ok(octets) => options
            .read(&String::from_utf8_lossy(&octets))
            .map_err(|problem| Trouble::new(FailureKind::Config, format!("{}: {problem}", path.display())))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Trouble::of_path("read", path, &error)),
    }
    if let Some(keys) = &wanted.keys {
        options.preset.clone_from(keys);
    }
    options.plain = wanted.plain || variable("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    options.aliases = aliases(path)?;
    Ok(options)
}

/// Short names, of `.mailrc` and of `book.toml` beside the settings; the latter win.
fn aliases(settings: &Path) -> Result<agent::letter::Aliases, Trouble> {
    let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
    let mailrc = variable("MAILRC").map_or_else(|| home.join(".mailrc"), PathBuf::from);
    let mut aliases = match agent::disk::read(&mailrc, FILE_MAX) {
        Ok(octets) => book::of_mailrc(&String::from_utf8_lossy(&octets)),
        // Of another program: what cannot be read there does not keep anybody from their mail.
        Err(_) => agent::letter::Aliases::default(),
    };
    let own = settings.with_file_name("book.toml");
    if let Ok(octets) = agent::disk::read(&own, FILE_MAX) {
        let wrong = |problem| Trouble::new(FailureKind::Config, format!("{}: {problem}", own.display()));
        aliases.0.extend(book::of_toml(&String::from_utf8_lossy(&octets)).map_err(wrong)?.0);
    }
    Ok(aliases)
}

#[allow(clippy::disallowed_methods, reason = "what the terminal is stands in the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Minutes that clocks here are ahead of UTC: `date` knows the zones of the system.
fn offset_minutes() -> i16 {
    let told = std::process::Command::new("date").arg("+%z").output();
    told.ok().and_then(|told| offset(std::str::from_utf8(&told.stdout).ok()?.trim())).unwrap_or_default()
}

/// `+0130` is 90.
fn offset(text: &str) -> Option<i16> {
    let (sign, digits) = text.split_at_checked(1)?;
    let number: i16 = digits.parse().ok()?;
    let minutes = number / 100 * 60 + number % 100;
    Some(if sign == "-" { -minutes } else { minutes })
}

/// Stops as every program does whose terminal says stop.
fn suspend() {
    let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGTSTP);
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn offsets_of_zones_are_minutes() {
        assert_eq!([offset("+0000"), offset("+0130"), offset("-0800")], [Some(0), Some(90), Some(-480)]);
        assert_eq!([offset(""), offset("CET"), offset("é")], [None; 3]);
    }
}
