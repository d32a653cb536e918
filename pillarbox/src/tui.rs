//! `pillarbox tui`: mail on the whole screen. Opens settings, mirrors and the worker, and gives them to `tui`.

pub mod asked;
mod ending;
mod leaving;
mod newcomer;
mod opened;

use crate::mail::{desk, network};
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::viewer::Viewer;
use agent::account::Settings;
use agent::book;
use agent::house::Folders;
use agent::key_folder::KeyFolder;
use agent::mirror::Mirror;
use agent::worker::{News, Worker};
use clap::Args;
use ending::Ending;
use net::clock::Clock;
use office::admin::FailureKind;
use opened::Opened;
use std::path::{Path, PathBuf};
use std::time::Duration;
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
pub fn run(wanted: &Tui, screen: &mut Screen) -> Result<(), Trouble> {
    let folders = desk::folders()?;
    let mut settings = desk::settings_or_host(&folders)?;
    let options = options(&folders.config.join("tui.toml"), wanted)?;
    if settings.accounts.is_empty() && options.plain {
        ask_for_account(screen)?;
        settings = desk::settings(&folders)?;
    }
    let ending = Ending::listen()?;
    let mut kept = None;
    if settings.accounts.is_empty() {
        match newcomer::run(&folders, &settings, &options, &ending)? {
            Some((_, terminal)) => kept = Some(terminal),
            None => return ending.code().map_or(Ok(()), |code| Err(Trouble::Told(code))),
        }
        settings = desk::settings(&folders)?;
    }
    let mut mirrors = Vec::new();
    for account in &settings.accounts {
        mirrors.push(open(&folders.mirror(&account.name))?);
    }
    let clock = Clock::system();
    let is_modern = options.is_modern;
    let hands = hands(&settings, &mirrors, &options, &folders);
    let hands =
        Hands::new(hands, Box::new(|random| (server::Seams::system().random)(random))).at_home(variable("HOME"));
    let mut model = Model::new(accounts(&settings), options, (80, 24), clock.now());
    let first = desk::account(&settings, wanted.account.as_deref()).map(|account| account.name.clone());
    model.current = match first {
        Ok(name) => settings.accounts.iter().position(|account| account.name == name).unwrap_or_default(),
        Err(trouble) if wanted.account.is_some() => return Err(trouble),
        Err(_) => 0,
    };
    model.offline = wanted.offline;
    let is_told = ending.clone();
    let opened = Opened { viewer: Viewer::new(folders.cache.join("opened"), clock.now()) };
    let names = settings.accounts.iter().map(|account| account.name.clone());
    let held: Vec<(String, Mirror)> = names.zip(mirrors.iter().cloned()).collect();
    let (worker, news) = worker(&settings, mirrors, &folders, wanted.offline)?;
    let mut world = World {
        order: Box::new(move |order| worker.order(order)),
        news,
        now: Box::new(move || clock.now()),
        suspend: Box::new(suspend),
        outside: Box::new(move |screen| opened.run(screen)),
        ask: Box::new(asked::ask),
        is_modern,
        is_over: Box::new(move |patience| is_told.is_over(patience)),
    };
    let mut program = Program::new(model, hands);
    if let Some(kept) = kept {
        kept.hand_on();
    }
    let came = terminal::run(&mut program, &mut world);
    if let Some(code) = ending.code() {
        return Err(Trouble::Told(code));
    }
    came.map_err(|error| Trouble::new(FailureKind::Io, format!("the terminal: {error}")))?;
    let undo_send = Duration::from_secs(program.model.options.undo_send_s);
    let left = if program.model.offline {
        leaving::leave_offline(&held)
    } else {
        leaving::leave(&held, &mut world, undo_send, |words| screen.insist(words))
    };
    left.iter().for_each(|words| screen.insist(words));
    Ok(())
}

/// Asks for an account line by line, where there is none, until there is one or nothing is typed.
fn ask_for_account(screen: &mut Screen) -> Result<(), Trouble> {
    if !screen.has_person() {
        let advice = "no account yet: `pillarbox mail account add you@example.org` sets one up";
        return Err(Trouble::new(FailureKind::Config, advice));
    }
    screen.insist("There is no account yet. Whose mail is to be read here? Enter alone leaves.");
    loop {
        let address = screen.ask("Address: ")?;
        if address.is_empty() {
            return Err(Trouble::Declined("no account was set up".to_owned()));
        }
        match crate::mail::add_account(&address, screen) {
            Ok(()) => return Ok(()),
            Err(trouble) => {
                let _ = screen.fail(&trouble);
            }
        }
    }
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

fn hands(settings: &Settings, mirrors: &[Mirror], options: &Options, folders: &Folders) -> Vec<(Mirror, Writing)> {
    let writing = |account: &agent::account::Account| Writing {
        address: account.address.to_string(),
        name: account.display_name.clone().unwrap_or_default(),
        own: std::iter::once(&account.address).chain(&account.aliases).cloned().collect(),
        signature: account.signature.clone().unwrap_or_default(),
        zone: options.zone.clone(),
        aliases: options.aliases.clone(),
        sealing: account.sealing,
        keys: Some(KeyFolder::of(folders)),
    };
    settings.accounts.iter().zip(mirrors).map(|(account, mirror)| (mirror.clone(), writing(account))).collect()
}

fn open(path: &Path) -> Result<Mirror, Trouble> {
    if let Some(folder) = path.parent() {
        agent::disk::make_folder(folder).map_err(|error| Trouble::of_path("make", folder, &error))?;
    }
    Ok(Mirror::open_in(path, crate::zone::here().clone())?)
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
    options.zone = crate::zone::here().clone();
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

/// Stops as every program does whose terminal says stop.
fn suspend() {
    let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGTSTP);
}
