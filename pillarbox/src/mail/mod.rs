//! `pillarbox mail`: a person's mail from the command line. Works on the mirror of an account (`agent::mirror`), so that all
//! of it works without a network, too. Owns what may be typed and how answers look; each file is a group of commands.

mod account;
mod answer;
mod change;
pub mod desk;
mod external;
pub mod files;
mod flags;
mod folder;
mod key;
pub mod list;
pub mod network;
mod open;
mod outbox;
mod pictures;
pub mod post;
mod read;
mod save;
mod seals;
pub mod send;
mod which;

use crate::carry::{self, Export};
use crate::screen::Screen;
use crate::trouble::Trouble;
use agent::remote::Scope;
use clap::{Args, Subcommand};
use desk::Desk;

/// `pillarbox mail`
#[derive(Args, Debug)]
pub struct Mail {
    /// Which account: its name or address; the default one if missing
    #[arg(short = 'A', long, global = true, value_name = "NAME")]
    pub account: Option<String>,
    /// Stay off the network: what is done is told to the server later
    #[arg(long, global = true)]
    pub offline: bool,
    #[command(subcommand)]
    pub command: MailCommand,
}

/// What is done to mail.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Bring the account up to date: send, tell, fetch
    Sync(network::Sync),
    /// List messages: the inbox, a folder, or what a search finds
    List(list::List),
    /// Search all folders but trash and junk, or those named with `in:`
    Search(list::Search),
    /// Read messages
    Read(read::Read),
    /// Answer a message
    Reply(answer::Reply),
    /// Send messages on
    Forward(answer::Forward),
    /// Save attachments, or whole messages, as files
    Save(save::Save),
    /// Write mail out to files; the same as `pillarbox export`
    Export(Export),
    /// Fetch what a message points to instead of holding it
    FetchBody(external::FetchBody),
    /// Show an attachment with its program, or print it
    ///
    /// The program is that of ~/.mailcap, /etc/mailcap or $MAILCAPS, else the desktop's. What may run is not opened;
    /// where no program is found, that is said, and the code is 69.
    Open(open::Open),
    #[command(flatten)]
    Change(change::Change),
    /// Take back what the last command did
    Undo,
    /// Folders: what there is, making, naming, removing
    #[command(subcommand)]
    Folder(folder::Folder),
    /// Letters that wait to be sent
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Keys and certificates for signed and encrypted letters (S/MIME)
    #[command(subcommand)]
    Key(key::Key),
    /// Accounts: setting up, testing, removing
    #[command(subcommand, name = "account")]
    Accounts(account::AccountCommand),
}

/// Does what was typed.
pub fn run(mail: Mail, screen: &mut Screen) -> Result<(), Trouble> {
    if let MailCommand::Accounts(command) = mail.command {
        return account::run(command, screen);
    }
    if let MailCommand::Key(key) = mail.command {
        return key::run(key, (mail.account.as_deref(), mail.offline), screen);
    }
    if let MailCommand::Export(export) = mail.command {
        return carry::export(&export, network::host_configuration(), screen);
    }
    let mut desk = Desk::open(mail.account.as_deref(), screen.look().now)?.offline(mail.offline);
    perform(mail.command, &mut desk, screen)
}

/// Sets up an account by its address, as `pillarbox mail account add` does.
pub fn add_account(address: &str, screen: &mut Screen) -> Result<(), Trouble> {
    account::add_by_address(address, screen)
}

fn perform(command: MailCommand, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    // What was put aside until now is there for whatever comes; the server is told with the rest.
    agent::snoozed::wake(&desk.mirror, desk.now)?;
    match command {
        MailCommand::Sync(sync) => network::run(&sync, desk, screen),
        MailCommand::List(list) => {
            network::freshen(desk, screen, &Scope::Headers)?;
            list::list(&list, desk, screen)
        }
        MailCommand::Search(search) => {
            network::freshen(desk, screen, &Scope::Headers)?;
            list::search(&search, desk, screen)
        }
        MailCommand::Reply(reply) => answer::reply(&reply, desk, screen),
        MailCommand::Forward(forward) => answer::forward(&forward, desk, screen),
        MailCommand::Save(save) => save::run(&save, desk, screen),
        MailCommand::FetchBody(fetch) => external::run(&fetch, desk, screen),
        MailCommand::Outbox(outbox) => {
            let is_retry = matches!(outbox, outbox::Outbox::Retry { .. });
            outbox::run(outbox, desk, screen)?;
            let went = network::tell(desk, screen)?;
            // Who sends again wants to know whether it went; why not is noted.
            let kept = went.troubles().find(|trouble| is_retry && !trouble.may_pass());
            kept.map_or(Ok(()), |trouble| Err(Trouble::Told(trouble.kind.code())))
        }
        MailCommand::Open(open) => open::run(&open, desk, screen),
        other => {
            change(other, desk, screen)?;
            network::tell(desk, screen).map(drop)
        }
    }
}

/// What the server is told of.
fn change(command: MailCommand, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    match command {
        MailCommand::Read(read) => read::run(&read, desk, screen),
        MailCommand::Change(change) => change::run(&change, desk, screen),
        MailCommand::Undo => change::undo(desk, screen),
        MailCommand::Folder(folder) => folder::run(folder, desk, screen),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
